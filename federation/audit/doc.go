// Package audit is the log of what was decided, by whom: append-only, so that nobody who can write to the database changes it unseen.
//
// It owns the form of a record, the statement of a checkpoint and the verification. Storage keeps the records and, in the same
// transaction, the Merkle tree over them (RFC 6962 §2.1, by golang.org/x/mod/sumdb/tlog: a few pure functions, kept with Go itself, with
// no server and no format of their own); the issuer signs checkpoints with its keys. A record names things and no person but by the
// identifier that means nothing outside.
//
//	decision ─► record ─► leaf hash ─► tree          one transaction
//	every minute, if it grew: size and root, signed ─► checkpoint ─► storage, and whoever keeps a copy elsewhere
//	verify: records ─► root at each checkpoint's size = what was signed
//
// An edit, a deletion, an insertion or another order changes a root that was signed. Who cuts off the end and the checkpoints of it, too,
// is found by a checkpoint that was kept elsewhere.
package audit
