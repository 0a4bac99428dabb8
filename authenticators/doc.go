// Package authenticators holds the ways to prove oneself. Each way lives in a package of its own below this one
// (otp: a code by SMS, a code from an authenticator app) and describes itself with a [Method].
//
// The room owns the proofs and nothing around them. An authenticator says whether a proof is right; it does not know
// who the person is, what the sign-in is for, or how many people are guessing. Limits per person, address and device,
// pages, sessions and storage belong to idp. Nothing here imports idp or federation.
//
// # Rules
//
//   - A wrong proof is a result, not an error. An error means that the answer is unknown.
//   - Verifying is pure: the clock is an argument, and what has to be remembered (attempts left, the last time step)
//     comes back to the caller, who stores it with one atomic operation before acting on the result.
//   - Secrets, codes and phone numbers appear in no error and in no log line.
package authenticators
