// Package relational implements [storage.Store] once, in SQL that both SQLite and Postgres accept.
//
// It owns the statements and the sealing of personal data. It reaches a database through [Backend] only, which
// storage/sqlite and storage/postgres supply together with their migrations; it imports no driver. A backend may
// replace the text of the hot statements ([Statements]) where its database has something worth having; parameters
// and results stay the same.
//
// # Forms
//
// A time is a BIGINT of Unix milliseconds, 0 where there is none. OAuth scopes and AMR values are joined by spaces,
// which they cannot contain (RFC 6749 §3.3); other lists and maps are JSON text. A document number, a phone number
// or another handle is a keyed hash where it is looked up and a ciphertext where it is read. Each ciphertext is bound
// to its row and column ("persons.name/<id>"), so that it cannot be moved.
//
// # Atomicity
//
//	Advance, EndConversation, AdvanceTicket, EndTicket,     one statement
//	UseCredential, Use, Count
//	Redeem, Rotate                                          one statement; a second one only to end the grant of
//	                                                        a code or token that was used before
//	CompleteSignIn, PutRegister, AddSigningKey, Claim,      one transaction
//	AddCredentials, ReplaceCredentials, Acknowledge,
//	RepeatStream, Recover, EndSessionsOf
//
// Isolation is READ COMMITTED or better; nothing relies on more. Serialisation failures, deadlocks and busy locks are
// retried in one place, retry.go.
package relational
