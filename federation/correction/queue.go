package correction

import (
	"context"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"manyou/federation/audit"
	"manyou/federation/register"
	"manyou/storage"
)

// Store is what the queue needs of storage.
type Store interface {
	storage.Cases
	Person(ctx context.Context, id string) (storage.Person, error)
	PersonByDocument(ctx context.Context, d storage.Document) (storage.Person, error)
	LinksOf(ctx context.Context, personID string) ([]storage.Link, error)
	CredentialsOf(ctx context.Context, personID string) ([]storage.Credential, error)
	HoldsOf(ctx context.Context, personID string) ([]storage.Hold, error)
	LapsedHolds(ctx context.Context, now time.Time, limit int) ([]storage.Hold, error)
}

// Register compares what is claimed with the authoritative source.
type Register interface {
	Verify(ctx context.Context, c register.Claim) (register.Verdict, error)
}

// Queue takes the steps of cases. It keeps nothing between them.
type Queue struct {
	Store    Store
	Register Register // nil: there is none to ask
	Policy   Policy
	Clock    func() time.Time
	Random   io.Reader
}

// Who files a case: a prefix and an identifier.
const (
	filerPerson      = "person:"
	filerApplication = "application:"
	filerIssuer      = "issuer:"
	filerOfficer     = "officer:"
	actorSystem      = "system"
)

// Person, Application, Issuer and FiledByOfficer name who files.
func Person(id string) string { return filerPerson + id }

// Application names a client of this issuer.
func Application(clientID string) string { return filerApplication + clientID }

// Issuer names another issuer of the federation.
func Issuer(id string) string { return filerIssuer + id }

// System names this issuer itself.
func System() string { return actorSystem }

// Filing is what somebody complains of.
type Filing struct {
	Filer string
	Kind  Kind
	// Person is whom it is about, Other the second one where there are two; "" if that is not known.
	Person, Other string
	Link          *Link
	// Attribute and Expected say what is wrong with an attribute.
	Attribute, Expected string
	Statement           string
	Evidence            []Evidence
	// Region is whose officers look at it; "" is the person's.
	Region string
}

// ErrFiling reports a complaint that says too little.
var ErrFiling = errors.New("correction: a case needs a kind, a filer, and whom or what it is about")

// topic is what of the person a case is about.
func (f Filing) topic() string {
	words := []string{string(f.Kind)}
	switch {
	case f.Link != nil:
		words = append(words, f.Link.Issuer, f.Link.Subject)
	case f.Attribute != "":
		words = append(words, f.Attribute)
	case f.Other != "":
		words = append(words, f.Other)
	}
	return strings.Join(words, " ")
}

func (f Filing) check() error {
	known := false
	for _, k := range Kinds() {
		known = known || k == f.Kind
	}
	about := f.Person != "" || f.Link != nil || f.Statement != ""
	switch {
	case !known, f.Filer == "", !about:
		return ErrFiling
	case f.Kind == KindAttribute && f.Attribute != AttributeName && f.Attribute != AttributePhone:
		return ErrFiling
	case (f.Kind == KindDuplicate) && f.Person != "" && f.Person == f.Other:
		return ErrFiling
	}
	for _, e := range f.Evidence {
		if err := e.check(); err != nil {
			return err
		}
	}
	return nil
}

// fileAttempts bounds how often a filing is tried: another about the same may come in between.
const fileAttempts = 4

// File takes a complaint: one transaction, in which it is triaged, too. What is about the same as an open case joins it, and keeps a number
// of its own. [ErrFiling], [ErrTooLarge].
func (q *Queue) File(ctx context.Context, f Filing) (*Case, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	var err error
	for range fileAttempts {
		var c *Case
		if c, err = q.file(ctx, f); !errors.Is(err, storage.ErrConflict) {
			return c, err
		}
	}
	return nil, err
}

func (q *Queue) file(ctx context.Context, f Filing) (*Case, error) {
	now := q.Clock()
	id, err := q.newID()
	if err != nil {
		return nil, err
	}
	number, err := q.newNumber()
	if err != nil {
		return nil, err
	}
	c := &Case{Case: storage.Case{
		ID: id, Number: number, Kind: string(f.Kind), Topic: f.topic(), PersonID: f.Person, Region: f.Region, Filer: f.Filer, FiledAt: now,
		Priority: priority(f.Kind), DueAt: now.Add(q.Policy.Due[f.Kind]),
	}, Body: Body{
		Statement: f.Statement, Attribute: f.Attribute, Expected: f.Expected, Link: f.Link, Other: f.Other, Evidence: f.Evidence,
	}}
	s := step{c: c, state: Triaged, actor: f.Filer}
	var earlier *storage.Case
	if f.Person != "" {
		person, err := q.Store.Person(ctx, f.Person)
		if err != nil {
			return nil, err
		}
		if c.Region == "" {
			c.Region = person.Region
		}
		if earlier, err = q.openAbout(ctx, f.Person, c.Topic); err != nil {
			return nil, err
		}
	}
	s.note(EventFiled, Note{})
	if earlier != nil {
		c.DuplicateOf = earlier.ID
		s.system(EventJoined, Note{Text: earlier.Number})
		return c, q.take(ctx, s)
	}
	if err := q.triage(ctx, &s); err != nil {
		return nil, err
	}
	if kind := atOnce(f); kind != "" && f.Person != "" {
		if err := q.place(&s, Target{Person: f.Person}, kind, time.Time{}, actorSystem); err != nil {
			return nil, err
		}
	}
	return c, q.take(ctx, s)
}

// openAbout finds the open case about the same, nil if there is none.
func (q *Queue) openAbout(ctx context.Context, person, topic string) (*storage.Case, error) {
	list, err := q.Store.CasesOf(ctx, person, maxCasesOf)
	if err != nil {
		return nil, err
	}
	for n := range list {
		if list[n].Open && list[n].Topic == topic && list[n].DuplicateOf == "" {
			return &list[n], nil
		}
	}
	return nil, nil
}

const maxCasesOf = 200

// Find reads a case. [storage.ErrNotFound].
func (q *Queue) Find(ctx context.Context, id string) (*Case, error) {
	stored, err := q.Store.Case(ctx, id)
	if err != nil {
		return nil, err
	}
	return decode(stored)
}

// FindNumber reads a case by the number that people say. [storage.ErrNotFound].
func (q *Queue) FindNumber(ctx context.Context, number string) (*Case, error) {
	stored, err := q.Store.CaseByNumber(ctx, NormalizeNumber(number))
	if err != nil {
		return nil, err
	}
	return decode(stored)
}

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
	correction *storage.Correction
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
		Case: c.Case, Events: s.events, Place: s.place, Lift: s.lift, Confirm: s.confirm, Correction: s.correction, Audit: record.Encode,
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
	for n, l := range s.lift {
		d[fmt.Sprintf("lifted_%d", n)] = l.ID
	}
	return d
}

func (q *Queue) newID() (string, error) {
	var b [15]byte
	if _, err := io.ReadFull(q.Random, b[:]); err != nil {
		return "", fmt.Errorf("correction: %w", err)
	}
	return base32.StdEncoding.EncodeToString(b[:]), nil
}

// digits are those of a number that is read aloud: none looks or sounds like another.
const digits = "23456789ABCDEFGHJKMNPQRSTVWXYZ"

// newNumber draws the number of a case: eight characters, in two groups. Cases have the ID besides, so that a number may be drawn twice
// and is then refused.
func (q *Queue) newNumber() (string, error) {
	number := make([]byte, 0, 9)
	for len(number) < 9 {
		var b [1]byte
		if _, err := io.ReadFull(q.Random, b[:]); err != nil {
			return "", fmt.Errorf("correction: %w", err)
		}
		if int(b[0]) >= 256/len(digits)*len(digits) { // so that all are equally likely
			continue
		}
		if len(number) == 4 {
			number = append(number, '-')
		}
		number = append(number, digits[int(b[0])%len(digits)])
	}
	return string(number), nil
}

// NormalizeNumber reads the number of a case as a person types it.
func NormalizeNumber(typed string) string {
	var b strings.Builder
	for _, r := range strings.ToUpper(typed) {
		if !strings.ContainsRune(digits, r) {
			continue
		}
		if b.Len() == 4 {
			b.WriteByte('-')
		}
		if b.Len() < 9 {
			b.WriteRune(r)
		}
	}
	return b.String()
}
