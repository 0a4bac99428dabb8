// Package application is a provincial government application: a relying party that needs to know its citizen.
//
// It is written as an outside client, on coreos/go-oidc and x/oauth2, and imports nothing of Manyou: whatever it
// can do, any application in the country can do with a certified library. Its sign-ins under way and its
// sessions live in cookies that it seals; what it was told and what it reported is in memory, and bounded.
//
//	GET /          session? ── yes ──> the page of the signed-in citizen
//	                  └────── no ───> sign-in cookie {state, nonce, verifier} ──> the issuer
//	GET /callback  iss, state, code ──> ID token, nonce ──> session cookie ──> /
//	GET /sign-out  token of the session ──> no session ──> the issuer's end_session_endpoint ──> /welcome
//	GET /welcome   the page of nobody, with a button that leads to /
//	POST /report   who signed in is not the person in its records ──> a case, at the issuer
//	POST /signals  security events of the issuer: sessions that they void are over here, too
//	GET /desk      what was reported and what was told, as long as it runs
//
// Opening / is all a citizen ever does: where a session stands anywhere on the way, they see the application
// open and no page in between.
package application
