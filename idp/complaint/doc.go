// Package complaint is where a citizen says that something about their identity is wrong, and follows what becomes of it: pages over the queue of
// federation/correction, at the nation.
//
// It owns who may see a case (who filed it, and whom it is about), in which words, and what they may do; it decides nothing about identities.
// Nobody else's case exists here: it answers like a number that was never given out. What officers say to each other, who they are, and what
// others said does not appear.
//
// Two ways lead here:
//
//	with a session   ── /complaints ─────────────┬─► list ── case ── add, withdraw, object
//	                                             │     └──► choose ── ask ── file ──► case
//	without one      ── the sign-in that refused │
//	  gives a pass:    /complaints/as/{pass} ────┘
//
// A pass names whoever proved who they are and is held, or a phone that was proven by somebody whom the register does not know so. It is sealed,
// lives for half an hour, and opens nothing in another browser than the one it was given to. It shows less than a session: who took an account
// over may be able to prove the same, so that what was said before, and the withdrawal of what keeps them out, are not to be had with it.
package complaint
