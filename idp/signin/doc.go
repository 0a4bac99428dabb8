// Package signin is the conversation with a citizen, from an authorization request that no session answers to a session
// that does.
//
// It owns the state machine below, the limits on attempts, the linking of subjects of other issuers to persons, and the
// one transaction that ends a conversation ([storage.SignIns]). It does not know OAuth: what a sign-in is for is an
// opaque body that it hands back to its [Host]. It may use authenticators, federation/identity, federation/register and
// federation/upstream.
//
//	            Begin
//	              │
//	   silent ────┤ another issuer may know this browser ──► upstream (no page) ──┐
//	              │                                                               │ nobody there: the next one, or
//	              ▼                                                               │ the page (or login_required)
//	┌────────► phone ◄────────────────────────────────────────────────────────────┘
//	│             │ number            │ "my province"
//	│ back        ▼                   ▼
//	├───────── code ──► totp       province ──► upstream (with pages) ──► link ──┐
//	│             │        │                                              │      │ no document came along
//	│             ▼        ▼                                              │      ▼
//	│    0 persons: identify   1 person: done    2 or more: choose        │    phone, and on to identify
//	│             │                                   │                   │
//	│             ▼                                   ▼                   ▼
//	└─────────── register agrees ──────────────────► done ◄───────────── done
//
// Besides, from the page of the phone, and where no subject of another issuer waits to be linked:
//
//	phone ── passkey: the browser's answer names its credential ──► done; one of another region: ──► upstream, there
//	phone ── qr: wait for another device (idp/ticket) ── approved ──► done
//	phone ── lost ──► prove, with the number and a recovery code ──► done
//	code ── other ──► prove: a code that is typed, of whichever method ──► done
//	done, and a relative is registered, and rung 2 is wanted ──► relative: a code that the relative reads out ──► done, or skip
//	done, and the application wants more than was proven, and the person can ──► passkey or prove ──► done, or skip
//
//	phone ── the number is shared, or was another's ──► code ──► choose, also of 1 person ──► done, or identify: the register is asked about the
//	         others behind it, and whose number it says it is not any more becomes a case
//
// Every arrow between pages is one compare-and-swap of the conversation's record: of two answers to one page, one wins.
// The record is sealed, lives half an hour, and is bound to the browser by a cookie.
//
// # Why the phone comes first
//
// The number is proven before anything about a person is said or asked. Every number gets a code, known or not, so
// neither the answer nor its timing tells who is registered; and name and document are compared with the register only
// together with a number that the citizen was shown to hold.
package signin
