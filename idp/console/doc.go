// Package console is where those who run the nation's issuer decide, by pages: operators about provinces, officers about cases.
//
// It owns who may (staff with the role and the region, with a passkey, not long ago) and what is shown; what a decision about a province
// does is idp/membership's, and what a step of a case does is federation/correction's. To everybody else the pages do not exist.
//
//	GET case ── not open ──► the door ── POST look, a reason ──► record of the audit log ──► open: half an hour, this officer, this session
//	         ── open ──────► the case ── POST a step ── fresh, as it was seen ──► step, done
//	                                                 └─ refused ──► the case as it stands now, with what was typed
//
// A step says which version of the case was seen, so that nobody decides what they have not looked at.
package console
