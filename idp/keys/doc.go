// Package keys owns the issuer's signing keys: creation, rotation, publication, and the JWTs signed with them.
//
// It owns the compact serialisation of what the issuer signs (RFC 7515) and nothing of what the tokens mean. It
// reads and writes keys through the small [Store] it declares; it may not touch sessions, grants or requests.
//
// # The life of a key
//
//	created ──published──► active ──successor is active──► verifying only ──RetireAt──► dropped
//	           (overlap)                                    (longest token life)
//
// A new key is published for the overlap before it signs, so that every cache of the key set has it by then; its
// predecessor stays published until the last token it signed has expired. Parsed keys stay in memory: a request
// never reads, decrypts or parses one. Nodes notice a rotation by polling ([Ring.Refresh]).
package keys
