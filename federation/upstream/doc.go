// Package upstream signs citizens in at another issuer: any OpenID provider, by discovery alone.
//
// It owns the relying party's side of OpenID Connect: discovery, the authorization request, the callback, the exchange of
// the code, verification of the ID token, userinfo, and the address for signing out. It keeps no conversation and knows
// no person: the caller stores what [AuthRequest] holds and links the [Authentication] that comes back. It may not touch
// storage or idp.
//
// # What another issuer may do to us
//
// Nothing but fail. Every answer is bounded in time and size, redirects to another host are not followed, keys are fetched
// anew at most once in a cooldown however many unknown key identifiers arrive, and an issuer that fails again and again
// is left alone for a moment:
//
//	closed ──failures in a row──► open ──a moment later──► one probe ──success──► closed
//	                                ▲─────────failure──────────┘
//
// Everything that can go wrong is one of [ErrUnreachable], [ErrSlow], [ErrMisbehaved] or a [RefusedError], so that the
// citizen can be told which.
package upstream
