// Package postgres stores an issuer in Postgres. Any number of nodes share one database and hold no state of their own.
//
// It owns the connections (pgx, natively), the migrations and the partitions. The statements are those of
// storage/relational, but for the few hot ones that Postgres has a better form for.
//
// # Connections
//
// One pool makes each commit durable. A second, small one runs with synchronous_commit off and serves what may be lost
// in a crash, without a further round trip to say so. Plans are generic (plan_cache_mode): every statement reads by
// primary key, and planning one anew costs more than running it, the more so with partitions. Such a plan outlives the
// emptiness of a table, so plans that read a whole table are off (enable_seqscan).
//
// # Partitions
//
// Tables of rows that expire are partitioned by range of expires_at, but for events. A partition is dropped once all of it has expired,
// so nothing is ever deleted row by row:
//
//	sessions, grants                 a week, half a month: rows live for weeks and are joined; a statement pays for
//	                                 every partition there is, so there should be few
//	conversations, tickets,          a day
//	limits, replays
//	events                           30 days, of the time they happened: they are kept for storage.EventsKept
//
// Maintain keeps partitions for the days ahead. A row whose partition is missing goes to the default partition, and
// moves when Maintain creates it. Locks are rows (FOR UPDATE) or tables within a transaction, never of a session, so
// that a distributed Postgres can stand behind this package.
package postgres
