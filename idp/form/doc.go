// Package form owns what the pages of those who are signed in have in common: how a form is read, whose it is, what becomes of what was typed when
// the session ended meanwhile, what a page answers that fails, and the lines of a person's history.
//
// A form says, sealed by nobody and readable by nobody else, who it was made for ([Forms.By]). It is no defence against another site, which is
// kept away before; it is one against the next person in the same browser:
//
//	POST ── session? ──no──► the same form again, with what was typed ── new window: sign-in
//	          │ yes                                                        │
//	          ▼                                                            ▼
//	     made for who is signed in? ──no──► the same, and nothing is done  POST again
//	          │ yes, or it does not say
//	          ▼
//	        the page
//
// What was typed goes back in the answer to the request that brought it, and nowhere else: it is not stored, and in no address.
package form
