package console

import (
	"errors"
	"net/http"

	"manyou/federation/correction"
	"manyou/storage"
)

// problem is the word for why a step is refused; "" if it is not the member's.
func problem(err error) string {
	for _, known := range []struct {
		err  error
		word string
	}{
		{correction.ErrRole, "role"}, {correction.ErrRegion, "region"}, {correction.ErrSelf, "self"}, {correction.ErrSamePerson, "same_person"},
		{correction.ErrState, "state"}, {correction.ErrProposal, "proposal"}, {correction.ErrHold, "hold"}, {correction.ErrTooLarge, "too_large"},
		{storage.ErrConflict, "conflict"}, {errNoPerson, "no_person"}, {errUnknown, "unknown"},
	} {
		if errors.Is(err, known.err) {
			return known.word
		}
	}
	return ""
}

var (
	errNoPerson = errors.New("nobody has that document")
	errUnknown  = errors.New("no such step")
)

// step does what a form of a case asks for.
func (c *Console) step(w http.ResponseWriter, r *http.Request) {
	m, ok := c.known(w, r, caseRoles()...)
	if !ok || !c.form(w, r) {
		return
	}
	of, ok := c.find(w, r, m)
	if !ok {
		return
	}
	if r.PostForm.Get("action") == "look" {
		c.look(w, r, m, of)
	}
}

func (c *Console) bulk(w http.ResponseWriter, r *http.Request) { c.queue(w, r) }
