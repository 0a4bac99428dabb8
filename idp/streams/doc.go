// Package streams tells others what happened to people, and hears it from them: the transmitter and the receiver of the OpenID Shared
// Signals Framework 1.0, by push (RFC 8935) and by poll (RFC 8936).
//
// It owns the endpoints of streams, the delivery, the receiving endpoint, and what becomes of what is heard. What a signal says is
// federation/signals'; that it exists is storage's, which writes it with what makes it so.
//
//	transmitting                                            receiving
//	signal, in the order of the commits                     token ──► chain, signature, aud, age, once
//	one node has the lease ──► each stream behind the head    ├─ of the nation: hold, lift, correct, merge, as it says
//	  ──► tokens in order ──► 202 ──► position moves          └─ of a province, about its own subjects: a case is opened
//
// A token is told at least once and in order; who does not answer is asked again later and later, for thirty days. Its jti follows from the
// stream, the signal, whom it is about and what it says, so that one that is told twice is known to be the same. What was given up is noted as
// lost; a stream that is set back ([storage.Signals.RepeatStream]) tells it again, and what was read of it before is acknowledged no more.
// What a province carried out of the nation's it tells in turn: that opens no case if it was told so, about that person, and said as often as
// it was done ([Streams.decidedHere]). What is heard is carried out before it is noted as heard, and carrying it out twice changes nothing: a
// process that is killed anywhere loses nothing and does nothing twice.
package streams
