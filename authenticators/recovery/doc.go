// Package recovery proves with a code that a person wrote down beforehand, for the day on which the phone is lost.
//
// It owns the codes: drawing, showing, reading and recognising them. It keeps no state and reads no store.
//
// # A set of codes
//
//	Begin(enrol) ──► ten codes, shown once ──"kept"──► ten credentials, which replace those of an earlier set
//
//	                       ┌──► Accepted: Use.Once deletes this credential, the other nine stay
//	Begin(prove) ──answer──┼──► Rejected: no credential has this code (any more)
//	                       └──► Malformed, Expired
//
// A code has 60 bits of its own, so that a fast salted hash is enough to keep it: guessing at the hash costs what
// guessing at a key would. Neither the challenge nor a credential holds the code itself.
package recovery
