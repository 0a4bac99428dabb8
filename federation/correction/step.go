package correction

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"manyou/federation/audit"
	"manyou/storage"
)

// Note is what is said of a step.
type Note struct {
	Text     string    `json:"text,omitempty"`
	To       string    `json:"to,omitempty"` // whom it was given to
	Proposal *Proposal `json:"proposal,omitempty"`
	Hold     *HoldNote `json:"hold,omitempty"`
	Evidence *Evidence `json:"evidence,omitempty"`
}

// HoldNote says what was held.
type HoldNote struct {
	ID    string    `json:"id"`
	Kind  string    `json:"kind"`
	Until time.Time `json:"until,omitzero"`
}

// step is a step of a case that is being put together.
type step struct {
	c          *Case
	state      State // afterwards; "" stays
	actor      string
	events     []storage.CaseEvent
	notes      []Note
	place      []storage.Hold
	lift       []storage.HoldLift
	confirm    []string
	seen       *storage.HoldsSeen
	still      []storage.Merge // that the step goes by
	correction *storage.Correction
	files      []storage.CaseFile
	remind     *time.Time
	joins      string // the case that it joins, which has to be open
	alone      bool   // nobody else may have joined it
}

// note says what happens in the step.
func (s *step) note(what string, n Note) {
	s.events = append(s.events, storage.CaseEvent{What: what, Actor: s.actor})
	s.notes = append(s.notes, n)
}

// system says what happens in the step by itself.
func (s *step) system(what string, n Note) {
	s.events = append(s.events, storage.CaseEvent{What: what, Actor: actorSystem})
	s.notes = append(s.notes, n)
}

// begin begins a step that brings an event to a case. [ErrState].
func begin(c *Case, what, actor string, to State) (step, error) {
	for _, from := range before[what] {
		if c.State() == from && c.DuplicateOf == "" {
			return step{c: c, state: to, actor: actor}, nil
		}
	}
	return step{}, fmt.Errorf("%w: %s, %s", ErrState, what, c.State())
}

// take writes a step. [storage.ErrConflict] if the case, or what the step changes, is no longer as it was read.
func (q *Queue) take(ctx context.Context, s step) error {
	now := q.Clock()
	c := s.c
	if s.state != "" {
		c.Case.State, c.Open = string(s.state), s.state.open()
	}
	s.reminder()
	c.UpdatedAt = now
	var err error
	if c.Case.Body, err = c.Body.encode(); err != nil {
		return err
	}
	for n := range s.events {
		s.events[n].At = now
		if s.events[n].Body, err = json.Marshal(s.notes[n]); err != nil {
			return fmt.Errorf("correction: encode: %w", err)
		}
	}
	last := s.events[len(s.events)-1]
	record := audit.Entry{At: now, Kind: "case." + last.What, Actor: last.Actor, Detail: s.detail()}
	if err := q.Store.StepCase(ctx, storage.CaseStep{
		Case: c.Case, Events: s.events, Place: s.place, Lift: s.lift, Confirm: s.confirm, Seen: s.seen, Still: s.still, Files: s.files,
		Joins: s.joins, Alone: s.alone, Correction: s.correction, Remind: s.remind, Audit: record.Encode,
	}); err != nil {
		return err
	}
	c.Version += int64(len(s.events))
	return nil
}

// detail is what the audit log says of a step: nothing personal.
func (s *step) detail() map[string]string {
	d := map[string]string{"case": s.c.ID, "number": s.c.Number, "state": s.c.Case.State, "kind": s.c.Kind}
	if s.correction != nil {
		d["decision"] = s.correction.ID
	}
	for n, h := range s.place {
		d[fmt.Sprintf("placed_%d", n)] = string(h.Kind) + " " + h.ID
	}
	n := 0
	for some := range slices.Chunk(s.lift, liftedEach) {
		if n == maxLifted { // of so many it says how many
			d[fmt.Sprintf("lifted_%d", n)] = fmt.Sprintf("+%d", len(s.lift)-n*liftedEach)
			break
		}
		ids := make([]string, len(some))
		for at, l := range some {
			ids[at] = l.ID
		}
		d[fmt.Sprintf("lifted_%d", n)] = strings.Join(ids, " ")
		n++
	}
	return d
}

// A record of the audit log has few details, and each few bytes: however many holds lie in a case, it is decided.
const (
	liftedEach = 8 // holds that a detail names
	maxLifted  = 8 // details that name holds
)
