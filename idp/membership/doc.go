// Package membership decides which provinces are in the federation: invited, asking, let in, suspended.
//
// It owns the invitation, the report of the self-test and what each decision writes. It verifies nothing itself and shows nothing:
// what a province proves is idp's to check, and people decide by the command line (cmd/manyou) or the console.
//
//	Invite ──► invited ── the province proves itself ──► requested ── Approve ──► in ◄── Resume ── Suspend ──► suspended
//	              └── expires                                └── Decline ──► declined
package membership
