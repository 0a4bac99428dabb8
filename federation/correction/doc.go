// Package correction is the queue of disputes about identities: from the complaint to the decision that puts it right.
//
// It owns the case and its state machine, who may take which step, the holds that a case places, what a decision changes, and automatic
// triage. It does not know pages or protocols, and it tells nobody: what was decided is in storage, and federation/signals tells of it.
// Each step is one transaction of storage ([storage.Cases]): the step, the holds, the change of persons with their new epoch, and the
// record of the audit log.
//
//	 File
//	  │                              ┌── join: duplicate of an open case of the same person and topic
//	  ▼                              │
//	filed ── triage, at once ──► triaged ── Take ──► in_review ◄─────────────────────────────┐
//	                               │                  │  ▲   │                               │
//	    a rule proposes what is ───┤          Propose │  │   │ Reject, or Withdraw by the    │
//	    safe; a second decides     │                  ▼  │   │ filer, from any open state    │
//	                               └────────────► proposed   ├──► rejected ──┐               │
//	                                 Return ─────────┘ │     └──► withdrawn  │               │
//	                                                   │ Approve, the last   │               │
//	                                                   ▼ that is needed      │               │
//	                                     approved ► applied   one step       │ Appeal, by the│person or the filer: appealed ──┐
//	                                                   │                     │ Reopen, by a supervisor: reopened ─────────────┤
//	                  all regions have acknowledged    ▼                     │                                                │
//	                                              propagated                 │                                                │
//	                  all applications have            │                     │                            Take ──► in_review ◄┘
//	                                                   ▼                     │
//	                                                 closed ─────────────────┘
//
// A complaint about a name is one about its encoding if the name is the same in other code points, whatever it was taken for
// ([Filing.kindFor]). Its decision gives no new epoch: who the person is was in no doubt.
//
// A case that waits for people longer than its kind may becomes more urgent by one, again with each such period ([Queue.EscalateOverdue]).
//
// What joins a case about a number that nobody has taken yet brings its evidence along, and the rule looks again ([Queue.bring]).
//
// What a person complains of again while the decision is on its way is their appeal against it ([Queue.hear]).
//
// Four eyes: who proposes does not approve, and nobody decides about themselves or about what they filed ([Officer.mayDecide]). A freeze that
// one officer places alone lapses within an hour, unless a second confirms it, and is not placed again by the same one, in any case, until a
// second looked or thirty days have passed ([Queue.Freeze]); a step-up that one places lies until the case ends. A freeze that was decided lies
// until a thaw is, or for a link until it is decided whose that is. A proposal changes whom the case is about, and takes back what was decided in it,
// and no more ([Queue.concerns]). Who was merged since is whom they were found to be, as long as that is so when the last one approves.
package correction
