// Package sqlite stores an issuer in one SQLite file: for a demonstration, a small province, a developer's machine.
//
// It owns the file, its connections and its migrations. The statements are those of storage/relational.
//
// Readers have a pool of their own and never wait for a writer (WAL). SQLite has one writer at a time, so writers
// queue here, in order, instead of polling its lock. There are two writing connections: one makes each commit durable
// (synchronous=FULL), the other leaves that to the next durable commit (synchronous=NORMAL) and serves what may be
// lost in a crash.
package sqlite
