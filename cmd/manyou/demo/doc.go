// Package demo is a nation on one machine: the national issuer, two provinces with an application each, a city with one, and the
// phone of its invented citizens. It is what "manyou demo" runs and what end-to-end tests attach to.
//
// It owns the invented people, the registrations between the parties, the ports, and the demo phone. The issuers
// are the real ones on embedded SQLite, and the applications are real relying parties; nothing of the protocol is
// done here.
//
//	                nation :9000
//	                ╱          ╲            each province and the nation are
//	    Zhejiang :9033        Sichuan :9051    applications of one another
//	         │                     │
//	application :9133     application :9151    demo phone :9100
//	city :9233 ── application :9333
//
// [Start] takes all ports first, so that a busy one is known before anything is written; then opens the databases
// below the data folder, registers everybody with everybody, and serves. [Nation.Close] does the same backwards.
package demo
