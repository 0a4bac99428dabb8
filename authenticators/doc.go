// Package authenticators holds the ways to prove oneself. Each way lives in a package of its own below this one
// (otp: a code by SMS, of an authenticator app, of a hardware token; passkey: the device's own lock; recovery: a code on
// paper), is an [Authenticator] and describes itself with a [Method]. An issuer registers those that it offers in a
// [Set]. Package authtest holds each of them to the contract.
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
//
// # A proof
//
//	Begin ──► Challenge ──answer──► Verify ──► Accepted ──► the caller writes Use, atomically ──► proven
//	              ▲                   │ │ │                      └ refused: it was a copy
//	              └──── Again ────────┘ │ └──► Malformed: no attempt was spent
//	                   Rejected         └────► Expired, Exhausted, Cloned: begin anew, or elsewhere
package authenticators
