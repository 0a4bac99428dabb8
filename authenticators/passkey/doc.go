// Package passkey proves with a key that the person's own device keeps and unlocks: a passkey (Web Authentication
// Level 3).
//
// It owns the two ceremonies, the record of a passkey and the attestation policy, and is the only room that knows
// go-webauthn. It keeps no state, reads no store and asks nobody over the network.
//
// # A ceremony
//
//	Begin(enrol, nonce) ──► Show.Options ──► navigator.credentials.create ──► Enrol ──► record
//	Begin(prove, nonce) ──► Show.Options ──► navigator.credentials.get ─────► Verify
//	                                                                            │
//	     Rejected ◄── another origin, RP ID, challenge, key, person ────────────┤
//	              ◄── without the person's verification, BE changed ────────────┤
//	       Cloned ◄── the signature counter did not grow ───────────────────────┤
//	     Accepted ◄── the counter grew, or is 0 for ever (Use.Still) ───────────┘
//
// The challenge is the request's nonce: a caller who can derive the nonce keeps nothing, and begins again to have the
// options once more. The answer is good for the browser that was asked, at one of the configured origins.
//
// # What a passkey proves
//
//	synced between devices (BE = 1)                  rung 3   user mfa swk
//	bound to its device (BE = 0)                     rung 3   user mfa hwk
//	bound, and its model attested under the policy   rung 4   user mfa hwk
//
// Whether a passkey has been synced (BS) is kept up to date with each use; whether it may be (BE) never changes.
package passkey
