// Package register asks the authoritative source whether a name, a document and a phone belong to one living person.
//
// It owns the contract of a [Source] and its two kinds: [Table], the register imported into this issuer's storage, and
// [HTTP], a service described by openapi.yaml beside this file. It owns the import of that table from CSV ([Importer]).
// It may use federation/identity and storage; it decides nothing about sessions, attempts or what a citizen is shown.
//
// # An import
//
//	            hash the file
//	Import ──► never seen ──────────────► read from line 1
//	   │                                        │ every batch: entries and progress in one transaction
//	   ├─────► interrupted at line n ──► read and check again up to n, write from n+1
//	   │                                        │
//	   │                                        ▼
//	   └─────► done: nothing to do ◄──────── done
//
// A batch that was committed is never written again, one that was not leaves no trace: every good row is imported once,
// wherever the process died. A bad row is reported and left out; the rows around it are imported.
package register
