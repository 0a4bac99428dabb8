// Package ticket is a question that one browser or program asks and another device of the citizen answers: signing in by
// QR, a device without a keyboard (RFC 8628), a counter that reads the citizen's code.
//
// It owns the state machine, the number that both screens show, and the waiting. It does not know who is signing in or
// what for beyond what the second device is told ([Question]); pages, sessions and tokens belong to those who use it. It
// may use storage.
//
//	        Open, by the first   Claim: the first device to look
//	        device; or Offer,    Ask, where the second device offered it: the first who asks
//	        by the second
//	──────────────► waiting ─────────────────────────► claimed ──── Approve, right number ───► approved ──► used up, in the
//	                   │       Take (opened by the        │                                                 transaction of a
//	                   │       device that looks)         ├─ wrong number, or Refuse ───► refused           sign-in or grant
//	                   ▼                                  ▼
//	                 over                               over        a ticket is over when its deadline has passed
//
// Every arrow is one compare-and-swap: of two devices that claim, of two that approve, one wins.
//
// # What keeps a stranger out
//
// BCP 247 (RFC 10027) lists the attacks on cross-device flows. Against a ticket that somebody else shows to the citizen
// (§4.1): it lives a minute; the page of the second device names application, region, device and network of who asks;
// and the citizen has to choose the number that the first screen shows, with one try. Against a ticket that is replayed
// or shared: the first device to look has it. What redeems it, the binding of the first browser or the device code,
// never appears in what is scanned.
package ticket
