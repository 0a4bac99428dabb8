// Package upstream signs citizens in at another issuer: any OpenID provider, by discovery alone.
//
// It owns the relying party's side of OpenID Connect: discovery, the authorization request, the callback, the exchange of
// the code, verification of the ID token, userinfo, and the address for signing out. It keeps no conversation and knows
// no person: the caller stores what [AuthRequest] holds and links the [Authentication] that comes back. It may not touch
// storage or idp.
//
// # A sign-in
//
//	AuthorizationURL ──► the browser goes there and comes back ──► ParseCallback ──► Redeem ──► Identity
//	      │                                                             │              │           │
//	  metadata                                                   bounds, nothing   iss, state,   userinfo, if the
//	                                                               given twice     code, keys    ID token says too little
//
// # What another issuer may do to us
//
// Nothing but fail. Every answer is bounded in time and size and redirects to another host are not followed. Metadata and
// keys are fetched at first use, by one request however many wait for them:
//
//	absent ──fetched──► fresh ──minutes──► stale ──hours──► absent
//	  │                   ▲                  │
//	  └─failed: nobody    └──in the background, while
//	    asks for a moment    the stale ones are used
//
// Keys are also fetched anew when a token names one that is not known, at most once in a cooldown, however many such
// tokens arrive. An issuer that fails again and again is left alone for a moment:
//
//	closed ──failures in a row──► open ──a moment later──► one probe ──success──► closed
//	                                ▲─────────failure──────────┘
//
// Everything that can go wrong with an issuer is one of [ErrUnreachable], [ErrSlow], [ErrMisbehaved] or a [RefusedError],
// so that the citizen can be told which. No error carries a token, a code or anything about a person.
//
// # What is the library's and what is ours
//
// Claims, the checks of subject, issuer, audience and authorized party, the choice of a key and the hash of the access
// token are those of zitadel/oidc. Its ID token verifier as a whole is not used: it reads the wall clock, allows skew in
// one direction only, prints nonces into errors and reads claims before it has checked the signature.
package upstream
