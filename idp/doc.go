// Package idp is the issuer's protocol face: OAuth 2.0 and OpenID Connect, one file per endpoint.
//
// It owns the meaning of every request and token. It may use federation and authenticators, and storage through the
// [storage.Store] it is given; it names no backend. The rooms inside it: signin (the conversation with a citizen),
// session (the cookies), keys (signing keys), web (pages).
//
// # The hot path: roaming with a session
//
//	GET /authorize ── application (cached) ── session (one read) ── code, sealed, stored nowhere ──► 302
//	POST /token ───── application (cached) ── code opened ── Redeem (one statement, durable) ── two signatures ──► 200
//
// The authorization endpoint writes nothing. A code is an authenticated-encrypted record of what was decided; that it
// is used once is enforced where it is redeemed, by the uniqueness of the grant that bears its identifier.
//
// # Without a session
//
//	GET /authorize ──► signin.Begin ──► silently at another issuer ──► session ──► code
//	                        └────────► pages of idp/signin ─────────► session ──► code
//
// # Which parts are the library's
//
// The token, introspection, userinfo and revocation endpoints are methods of [op.Server]. The authorization and
// end-session endpoints stand in front of it, because they answer with pages, cookies and self-posting forms where
// op.Server can only redirect; discovery and the key set do, because they are prepared bytes.
package idp
