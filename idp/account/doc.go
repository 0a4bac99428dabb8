// Package account owns the citizen's own pages: what this issuer knows of them, and the methods they sign in with.
//
// It reads the session by its cookie and asks for a sign-in where there is none, or where a change needs a fresh one. It
// may use authenticators; it does not know OAuth, and does not begin or end sessions.
//
// # Enrolling an authenticator app
//
//	GET  /account/totp ── fresh session? ──no──► sign-in, and back here
//	        │ yes
//	        ▼
//	     a new secret, sealed into the form ── POST code ──wrong──► the same secret again
//	                                               │ right
//	                                               ▼
//	                              credential stored, its first code used up ──► /account
//
// The secret is stored only once the citizen has shown that their app has it.
package account
