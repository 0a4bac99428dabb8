// Package vault encrypts what must not be readable in a stolen database, and hashes what must be found in it.
//
// It owns every data key of an issuer. It may touch the table of keysets, through [Keysets], and nothing else.
//
// # Envelope
//
//	Root (outside the database) ── AES-256-GCM ──► keysets(name, sealed)
//	                                                 seal    XAES-256-GCM   Seal, Open            rotates
//	                                                 token   XAES-256-GCM   SealToken, OpenToken  rotates
//	                                                 lookup  HMAC-SHA-256   Lookup                fixed
//	                                                 mac     HMAC-SHA-256   MAC                   fixed
//
// XAES-256-GCM is AES-256-GCM under a key derived for each message from 96 more bits of nonce. Plain AES-256-GCM with
// random nonces must not seal more than 2^32 messages under one key, which a nation does within days.
//
// A ciphertext begins with the identifier of its key, so rotation leaves what was sealed before readable. A node that
// meets a key it does not know reads the keysets again: nodes need no notice of a rotation. The keyed hashes are
// stored as keys of rows and subjects of persons, which must not change; their keys therefore do not rotate.
package vault
