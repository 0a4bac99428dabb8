// Command bench measures what an issuer costs: for each operation how many a second, how many CPU-seconds a thousand,
// how many calls of storage and durable writes one takes, and how far that is from the least that is possible.
//
// It owns the measuring and nothing that is measured. Time and noise belong to the machine, so no figure is a pass or a
// failure; the command fails only if an operation fails or answers wrongly.
//
//	┌ driver and meter ┐  HTTP   ┌ issuer ┐  SQL   ┌ SQLite, in the issuer's process
//	│  this process    ├────────►│ child  ├───────►┤
//	└────────┬─────────┘         └────────┘        └ Postgres, processes of its own
//	         │           HTTP    ┌ limit  ┐  SQL             ▲
//	         └──────────────────►│ child  ├──────────────────┘
//	                             └────────┘
//
// The issuer runs in a process of its own, so that its CPU time can be told from the driver's, which is not counted.
// That of Postgres is that of its server process and all its children. A third process, seed, fills the database before
// the issuer starts and ends then, so that the issuer's memory is an issuer's.
//
// The limit is what a roaming hop cannot do without: two ES256 signatures, one durable commit of one row through the
// same driver into the same database, and two requests of net/http that ask and answer nothing. It is measured by the
// same meter and client in every round, beside the operations, so that a noisy machine is noisy for both.
// "Together" is a program that does these three things and nothing else, under the same load.
//
// Trust chains are measured besides, in a process of their own: a nation of 34 provinces with 3,000 applications each, whose
// statements come from memory, so that what is measured is the resolver and not a network.
//
// How a correction spreads is measured besides: a nation and 34 regions in one process, each with a database of its own, that tell each other
// over HTTP; all up, some down, and those when they are back.
//
// The queue of corrections is measured besides: a million cases in Postgres, every list, filter and round that pages and nodes need of
// storage, and the filing of a case. They are called in this process, as a node calls them.
//
// Run it with "make bench", or through .ci/with-postgres, which names the Postgres to use and its process. The meter
// reads the process clocks of Linux.
package main
