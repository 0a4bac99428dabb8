// Package otp proves possession with six digits: a code sent by SMS ([NewSMS]), or computed by an authenticator app or
// a hardware token, by time ([NewTOTP]) or by counter ([NewHOTP]).
//
// It owns the code (making, normalising, checking it), the message that carries it and the [Gateway] that takes the
// message, the [SIMGuard] that asks first whether the number still belongs to the same card, the [Challenge] that
// remembers the code, and the codes of RFC 6238 and RFC 4226 with their enrolment QR. It keeps no state and reads no
// store; it knows phone numbers but not people.
//
// # A challenge
//
//	              right code
//	NewChallenge ──► open ─────────────────► Accepted, and used up
//	                 │ │ │ wrong code
//	                 │ │ └──────────────► Rejected: open with one attempt fewer ──the last──► Exhausted
//	                 │ │ not six digits
//	                 │ └────────────────► Malformed: open, unchanged
//	                 │ lifetime over
//	                 └──────────────────► Expired
//
// A Challenge travels inside a sign-in conversation. The caller copies AttemptsLeft from the [Result] into it and
// stores it by compare-and-swap before acting on the result. So two guesses at once cannot spend one attempt, and a
// code is accepted once.
//
// # A time-based code
//
//	VerifyTOTP(secret, code, now, last) ──► step, true ──► storage.Credentials.UseCredential(id, step)
//
// UseCredential writes the step only if it is greater than the stored one, in one statement. Of two requests that
// carry the same code at the same moment one gets through.
//
// # A counter-based code
//
//	              one code, within 5 of the counter stored
//	in step ◄──────────────────────────────────────────────┐
//	   └─ pressed idly, 6 times or more ──► ahead ─────────┘
//	                                        two consecutive codes, within 50
//
// The stored counter is the first that was not used yet; it only grows.
package otp
