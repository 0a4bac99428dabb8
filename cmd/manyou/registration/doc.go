// Package registration says what an application or an upstream must be before it is stored, and which steps an
// application's life may take. It is what the command line registers by; it stores nothing itself.
//
// The life of an application:
//
//	draft ──► submitted ──► approved ──► published ◄──► suspended
//	  │           │            │             │              │
//	  └───────────┴────────────┴─────────────┴──────────────┴──► retired
package registration
