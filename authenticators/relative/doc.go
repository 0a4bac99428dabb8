// Package relative lets somebody whom the person registered take part in a proof: a second code goes to the phone of a
// daughter, a neighbour, a carer, who reads it to the person.
//
// It owns the code, and the record of a relative. The relative shares no secret and gets none: the code is good once, in
// the browser where the person is signing in, and only beside a proof of the person's own ([authenticators.Method.Second]).
// So neither of the two signs in without the other.
//
// An enrolment is a code too: a relative who reads it out agrees. The package keeps no state, reads no store and sends
// nothing.
package relative
