// Package storage holds the records that Manyou keeps and the [Store] that every backend implements.
//
// It owns the shape of what is stored and the contract of each operation: what is atomic, what is unique,
// which error comes back. It imports nothing of Manyou. The backends live below it (storage/postgres,
// storage/sqlite), share their statements (storage/relational), and pass one suite (storage/storagetest).
// Only cmd and tests name a backend.
//
// # Rules
//
//   - Whatever is used once is used up by one atomic operation: a code by [Grants.Redeem], a step of a
//     conversation by [Conversations.Advance], an answer to a ticket by [Tickets.AdvanceTicket], a proof by
//     [Credentials.UseCredential], an assertion by [Replays.Use].
//   - Personal data (names, document numbers, phone numbers) is sealed before it reaches a database and
//     looked up by a keyed hash; see storage/vault.
//   - Rows that expire are keyed by (id, expiry), so that Postgres can drop them by partition. The caller
//     knows the expiry, because every identifier handed out (cookie, code, token) carries it. Events are kept for
//     a time instead, and keyed by (person, time).
//   - Times are kept with millisecond precision, in UTC.
package storage
