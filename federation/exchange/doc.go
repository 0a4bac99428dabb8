// Package exchange decides whether a token of one region may become a token of another.
//
// It owns the rules and the chain of actors, and is pure: it verifies no token, knows no key and writes nothing. Who presents what,
// and what comes of a decision, is idp's; the tokens of other issuers are federation/upstream's.
//
//	RFC 8693 at an issuer                                   RFC 7523 at the issuer that it was exchanged for
//	subject token ─► stands? ─► [Policy.Decide] ─► grant ─► once, for it alone ─► person ─► [Policy.Decide] ─► token
//
// What goes on is never more than what came: scopes and audience narrow, the authentication keeps its time, rung and methods, and
// everybody who acted stays named.
package exchange
