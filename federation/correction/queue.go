package correction

import (
	"context"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"manyou/federation/register"
	"manyou/storage"
)

// Store is what the queue needs of storage.
type Store interface {
	storage.Cases
	Person(ctx context.Context, id string) (storage.Person, error)
	PersonByDocument(ctx context.Context, d storage.Document) (storage.Person, error)
	MergedInto(ctx context.Context, personID string) ([]string, error)
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
	// ID is the case's, if the filer may repeat itself: what is filed again under one ID is the case that was. "": one is drawn.
	ID    string
	Filer string
	// For is on whose behalf it is filed, as the filer calls them; "" if for itself.
	For  string
	Kind Kind
	// Person is whom it is about, Other the second one where there are two; "" if that is not known.
	Person, Other string
	Link          *Link
	// Attribute and Expected say what is wrong with an attribute.
	Attribute, Expected string
	Statement           string
	Evidence            []Evidence
	// Region is whose officers look at it; "" is the person's.
	Region string
	// Last says that it is one of so many that it has to wait behind the others, whatever it is about.
	Last bool
}

// ErrFiling reports a complaint that says too little.
var ErrFiling = errors.New("correction: a case needs a kind, a filer, and whom or what it is about")

// ErrRepeated reports a filing under the ID of another one.
var ErrRepeated = errors.New("correction: something else was filed under that key")

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

// topics are those that a complaint may come to be about: see kindFor.
func (f Filing) topics() (list []string) {
	list = []string{f.topic()}
	if f.Attribute == AttributeName && (f.Kind == KindAttribute || f.Kind == KindEncoding) {
		for _, f.Kind = range []Kind{KindAttribute, KindEncoding} {
			list = append(list, f.topic())
		}
	}
	return list
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
	case f.Kind == KindEncoding && (f.Attribute != AttributeName || f.form() == ""):
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
	if f.Kind == KindEncoding && f.Attribute == "" {
		f.Attribute = AttributeName // nothing else is encoded in several ways
	}
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
	now, id := q.Clock(), f.ID
	var err error
	if id == "" {
		id, err = q.newID()
	} else if earlier, found := q.Find(ctx, id); !errors.Is(found, storage.ErrNotFound) {
		if found == nil && !q.repeats(ctx, f, earlier) {
			return nil, ErrRepeated
		}
		if found == nil && earlier.DuplicateOf != "" { // the first time, it may have failed behind the join
			found = q.bring(ctx, earlier.DuplicateOf, earlier)
		}
		return earlier, found
	}
	if err != nil {
		return nil, err
	}
	number, err := q.newNumber()
	if err != nil {
		return nil, err
	}
	var person storage.Person
	if f.Person != "" {
		if person, err = q.resolved(ctx, f.Person); err != nil {
			return nil, err
		}
		f.Kind = f.kindFor(person)
	}
	c := &Case{Case: storage.Case{
		ID: id, Number: number, Kind: string(f.Kind), Topic: f.topic(), PersonID: f.Person, Region: f.Region, Filer: f.Filer, FiledAt: now,
		Priority: priority(f.Kind), DueAt: now.Add(q.Policy.Due[f.Kind]),
	}, Body: Body{
		For: f.For, Statement: f.Statement, Attribute: f.Attribute, Expected: f.Expected, Link: f.Link, Other: f.Other, Evidence: f.brought(),
	}}
	if f.Last {
		c.Priority = PriorityLow
	}
	s := step{c: c, state: Triaged, actor: f.Filer}
	var earlier *storage.Case
	if f.Person != "" {
		c.PersonID = person.ID
		if c.Region == "" {
			c.Region = person.Region
		}
		if earlier, err = q.openAbout(ctx, c.PersonID, c.Topic); err == nil && earlier == nil {
			earlier, err = q.decidedBefore(ctx, f, person)
		}
		if err != nil {
			return nil, err
		}
	}
	s.note(EventFiled, Note{})
	if earlier != nil {
		c.DuplicateOf = earlier.ID
		if earlier.Open { // else it was decided before
			s.joins = earlier.ID
		}
		s.system(EventJoined, Note{Text: earlier.Number})
		if err := q.holdAtOnce(ctx, &s, f, earlier); err != nil {
			return nil, err
		}
		if err := q.take(ctx, s); err != nil {
			return nil, err
		}
		return c, q.bring(ctx, earlier.ID, c)
	}
	if err := q.triage(ctx, &s); err != nil {
		return nil, err
	}
	if err := q.holdAtOnce(ctx, &s, f, nil); err != nil {
		return nil, err
	}
	return c, q.take(ctx, s)
}

// repeats reports whether a filing is what an earlier one was, about the same person, whoever they were found to be since.
func (q *Queue) repeats(ctx context.Context, f Filing, earlier *Case) bool {
	if earlier.Filer != f.Filer || !slices.Contains(f.topics(), earlier.Topic) || earlier.Body.Statement != f.Statement || earlier.Body.Expected != f.Expected {
		return false
	}
	if earlier.PersonID == f.Person {
		return true
	}
	was, err := q.resolved(ctx, earlier.PersonID)
	if err != nil {
		return false
	}
	is, err := q.resolved(ctx, f.Person)
	return err == nil && was.ID == is.ID
}

// Joins finds the open case that a filing would join, and how many have joined it, at most limit; nil if it would be a case of its own.
func (q *Queue) Joins(ctx context.Context, f Filing, limit int) (*storage.Case, int, error) {
	person, err := q.Found(ctx, f.Person)
	if err != nil {
		return nil, 0, err
	}
	first, err := q.openAbout(ctx, person, f.topic())
	if err != nil || first == nil {
		return nil, 0, err
	}
	joined, err := q.Store.DuplicatesOf(ctx, first.ID, limit)
	return first, len(joined), err
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
