package authenticators

import "fmt"

// Outcome is what became of an answer.
type Outcome int

// The outcomes. None of them is the zero value.
const (
	Accepted  Outcome = iota + 1 // the answer is right; it must not be accepted again
	Rejected                     // the answer is wrong
	Malformed                    // not an answer at all; no attempt was spent
	Expired                      // the challenge is over, whatever the answer
	Exhausted                    // no attempts are left, whatever the answer
	Cloned                       // the answer is right, but its counter ran backwards: there may be a copy of the authenticator
)

// String returns the name of the outcome, as message catalogues and metrics use it.
func (o Outcome) String() string {
	switch o {
	case Accepted:
		return "accepted"
	case Rejected:
		return "rejected"
	case Malformed:
		return "malformed"
	case Expired:
		return "expired"
	case Exhausted:
		return "exhausted"
	case Cloned:
		return "cloned"
	default:
		return fmt.Sprintf("Outcome(%d)", int(o))
	}
}
