package correction

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"manyou/federation/identity"
	"manyou/federation/register"
	"manyou/storage"
)

// Decision is what officers decide.
type Decision string

// The decisions. A rejection is none of them: it changes nothing, one officer takes it, and it can be appealed against.
const (
	Correct    Decision = "correct"    // an attribute: the name, or a phone number that is another's
	Relink     Decision = "relink"     // a subject of another issuer is another person
	Unlink     Decision = "unlink"     // a subject of another issuer is nobody here
	Merge      Decision = "merge"      // two records are one person
	Split      Decision = "split"      // one record is two persons
	Freeze     Decision = "freeze"     // nobody signs in, until a thaw is decided
	Thaw       Decision = "thaw"       // the freezes of the case end
	Deactivate Decision = "deactivate" // the person died, or the record is cancelled
	Reinstate  Decision = "reinstate"  // that was wrong
	Undo       Decision = "undo"       // an earlier decision is taken back
)

// Decisions lists the decisions.
func Decisions() []Decision {
	return []Decision{Correct, Relink, Unlink, Merge, Split, Freeze, Thaw, Deactivate, Reinstate, Undo}
}

// Proposal is a decision that somebody wants and others have to approve.
type Proposal struct {
	ID       string   `json:"id"`
	Decision Decision `json:"decision"`
	// Person is whose record changes. Other is the record that is merged into it, or the person that a link goes to.
	Person string `json:"person"`
	Other  string `json:"other,omitempty"`
	// Name is what a person is called now, and should be.
	Name *[2]string `json:"name,omitempty"`
	// Received is the form that is kept beside the name; nil if there is none.
	Received *storage.ReceivedName `json:"received,omitempty"`
	Link     *Link                 `json:"link,omitempty"`
	// Split are what the other one of two takes along; their record begins with it.
	Split *Splitting `json:"split,omitempty"`
	// Credential is one that is another's. Phone is the number that is: it goes wherever the person enrolled it, here or at another issuer.
	Credential string `json:"credential,omitempty"`
	Phone      string `json:"phone,omitempty"`
	Undo       string `json:"undo,omitempty"`
	Why        string `json:"why,omitempty"`

	By        string     `json:"by"`
	At        time.Time  `json:"at"`
	Approvals []Approval `json:"approvals,omitempty"`
	AppliedAt time.Time  `json:"applied_at,omitzero"`
}

// Splitting is what belongs to the other one of two who were one.
type Splitting struct {
	ID          string             `json:"id"` // of the person who begins
	Name        string             `json:"name"`
	Region      string             `json:"region"`
	Links       []Link             `json:"links,omitempty"`
	Credentials []string           `json:"credentials,omitempty"`
	Documents   []storage.Document `json:"documents,omitempty"`
	// Received is the form that is kept beside the name; nil if there is none.
	Received *storage.ReceivedName `json:"received,omitempty"`
}

// Approval is an officer's agreement.
type Approval struct {
	By string    `json:"by"`
	At time.Time `json:"at"`
}

// persons are those whom a proposal changes.
func (p *Proposal) persons() []string {
	list := []string{p.Person}
	if p.Other != "" {
		list = append(list, p.Other)
	}
	if p.Split != nil {
		list = append(list, p.Split.ID)
	}
	return list
}

// ErrProposal reports a proposal that says too little, or what cannot be.
var ErrProposal = errors.New("correction: the proposal does not fit what is stored")

// Propose puts a decision before the other officers. What it says is compared with what is stored; [ErrProposal].
func (q *Queue) Propose(ctx context.Context, o Officer, c *Case, p Proposal) error {
	if err := checkText(p.Why); err != nil {
		return err
	}
	if p.Person == "" {
		p.Person = c.PersonID
	}
	if err := q.mayDecide(ctx, o, c, &p); err != nil {
		return err
	}
	if err := q.follow(ctx, c, &p); err != nil {
		return err
	}
	if err := q.concerns(ctx, o, c, &p); err != nil {
		return err
	}
	s, err := begin(c, EventProposed, o.actor(), Proposed)
	if err != nil {
		return err
	}
	p.By = o.actor()
	if err := q.complete(ctx, &p); err != nil {
		return err
	}
	c.Body.Proposal = &p
	s.note(EventProposed, Note{Text: p.Why, Proposal: &p})
	return q.take(ctx, s)
}

// follow lets a proposal about a person of the case be about whom they were found to be since: what keeps them out moved there with them.
func (q *Queue) follow(ctx context.Context, c *Case, p *Proposal) error {
	follows := []Decision{Correct, Relink, Unlink, Split, Freeze, Thaw, Deactivate, Reinstate}
	if !slices.Contains(follows, p.Decision) || !slices.Contains(c.persons(), p.Person) {
		return nil
	}
	found, err := q.resolved(ctx, p.Person)
	if err == nil {
		p.Person = found.ID
	}
	return ignoreMissing(err)
}

// complete fills in what a proposal leaves out, and holds it to what is stored.
func (q *Queue) complete(ctx context.Context, p *Proposal) (err error) {
	if p.ID, err = q.newID(); err != nil {
		return err
	}
	p.At, p.Approvals = q.Clock(), nil
	person, err := q.Store.Person(ctx, p.Person)
	if errors.Is(err, storage.ErrNotFound) || err == nil && person.MergedInto != "" && p.Decision != Undo {
		return ErrProposal
	} else if err != nil {
		return err
	}
	switch p.Decision {
	case Correct:
		if p.Credential != "" || p.Phone != "" {
			return q.completePhone(ctx, p)
		}
		if p.Name == nil {
			return ErrProposal
		}
		name, err := identity.NormalizeName(p.Name[1])
		if err != nil || name.Normal == person.Name && p.Received == nil {
			return ErrProposal
		}
		p.Name, p.Received = &[2]string{person.Name, name.Normal}, kept(p, person, name)
	case Relink, Unlink:
		return q.completeLink(ctx, p)
	case Merge:
		other, err := q.Store.Person(ctx, p.Other)
		if errors.Is(err, storage.ErrNotFound) || err == nil && (other.MergedInto != "" || other.ID == p.Person) {
			return ErrProposal
		}
		return err
	case Split:
		return q.completeSplit(p, person)
	case Freeze, Thaw, Deactivate, Reinstate:
	case Undo:
		if p.Undo == "" {
			return ErrProposal
		}
	default:
		return ErrProposal
	}
	return nil
}

func (q *Queue) completeLink(ctx context.Context, p *Proposal) error {
	links, err := q.Store.LinksOf(ctx, p.Person)
	if err != nil {
		return err
	}
	if p.Link == nil || !slices.ContainsFunc(links, func(l storage.Link) bool { return l.Issuer == p.Link.Issuer && l.Subject == p.Link.Subject }) {
		return ErrProposal
	}
	if p.Decision == Unlink {
		return nil
	}
	to, err := q.Store.Person(ctx, p.Other)
	if errors.Is(err, storage.ErrNotFound) || err == nil && (to.MergedInto != "" || to.ID == p.Person) {
		return ErrProposal
	}
	return err
}

func (q *Queue) completeSplit(p *Proposal, person storage.Person) (err error) {
	n := p.Split
	if n == nil || len(n.Links)+len(n.Credentials)+len(n.Documents) == 0 {
		return ErrProposal
	}
	name, err := identity.NormalizeName(n.Name)
	if err != nil {
		return ErrProposal
	}
	n.Name, n.Received = name.Normal, register.Received(name.Raw, name.Normal, p.By)
	if n.Region == "" {
		n.Region = person.Region
	}
	for _, d := range n.Documents {
		if !slices.Contains(person.Documents, d) {
			return ErrProposal
		}
	}
	n.ID, err = q.newID()
	return err
}

// Return sends a proposal back to review.
func (q *Queue) Return(ctx context.Context, o Officer, c *Case, why string) error {
	if err := checkText(why); err != nil {
		return err
	}
	if err := q.mayDecide(ctx, o, c, c.Body.Proposal); err != nil {
		return err
	}
	s, err := begin(c, EventReturned, o.actor(), InReview)
	if err != nil {
		return err
	}
	c.Body.Proposal = nil
	s.note(EventReturned, Note{Text: why})
	return q.take(ctx, s)
}

// apply adds to a step what a decision changes. The holds that the case placed meanwhile end with it; what was decided there before lies on until
// a thaw is.
func (q *Queue) apply(ctx context.Context, s *step, p *Proposal) error {
	s.state = Applied
	p.AppliedAt = q.Clock()
	s.c.Body.Proposal = nil
	s.c.Body.Decided = append(slices.Clone(s.c.Body.Decided), *p)
	s.system(EventApplied, Note{Proposal: p})
	lasting := func(h storage.Hold) bool { return h.Kind == storage.HoldDeactivate || decided(h) && !p.ends(h) }
	change := &storage.Correction{ID: p.ID, Touch: []string{p.Person}}
	switch p.Decision {
	case Correct:
		s.still = append(s.still, storage.Merge{From: p.Person}) // what is left of a record that was merged is nobody's, and has no links to tell
		if p.Name != nil {
			change.Names = []storage.Rename{p.renames()}
			if change.Names[0].Recoded {
				change.Touch = nil // by itself it ends nothing
			}
		} else if err := q.takeFrom(ctx, change, p); err != nil {
			return err
		}
	case Relink, Unlink:
		change.Moves = []storage.Move{{What: storage.MoveLink, Issuer: p.Link.Issuer, Subject: p.Link.Subject, From: p.Person, To: p.Other}}
	case Merge:
		change.Merges = []storage.Merge{{From: p.Other, Into: p.Person}}
	case Split:
		q.split(change, p)
	case Freeze, Deactivate:
		found, err := q.since(ctx, s, p)
		if err != nil {
			return err
		}
		change.Touch = []string{found}
		kind := map[Decision]storage.HoldKind{Freeze: storage.HoldFreeze, Deactivate: storage.HoldDeactivate}[p.Decision]
		if err := q.place(s, Target{Person: found, Link: p.Link}, kind, time.Time{}, actorSystem+":"+p.ID); err != nil {
			return err
		}
	case Thaw:
	case Reinstate:
		return q.reinstate(ctx, s, p, change)
	case Undo:
		change.Undo = p.Undo
	default:
		return fmt.Errorf("%w: %q", ErrProposal, p.Decision)
	}
	s.correction = change
	return q.liftAll(ctx, s, func(h storage.Hold) bool { return !lasting(h) })
}

// ends reports whether a decision says that a freeze which was decided is over: a thaw does, and where a link belongs, for that link.
func (p *Proposal) ends(h storage.Hold) bool {
	if p.Decision == Relink || p.Decision == Unlink {
		return h.Issuer == p.Link.Issuer && h.Subject == p.Link.Subject
	}
	return p.Decision == Thaw
}

func (q *Queue) split(change *storage.Correction, p *Proposal) {
	n := p.Split
	change.Of, change.Create = p.Person, &storage.Person{
		ID: n.ID, Name: n.Name, Received: n.Received, Region: n.Region, Status: storage.PersonActive, Epoch: 1, CreatedAt: q.Clock(),
	}
	for _, l := range n.Links {
		change.Moves = append(change.Moves, storage.Move{What: storage.MoveLink, Issuer: l.Issuer, Subject: l.Subject, From: p.Person, To: n.ID})
	}
	for _, id := range n.Credentials {
		change.Moves = append(change.Moves, storage.Move{What: storage.MoveCredential, Key: id, From: p.Person, To: n.ID})
	}
	for _, d := range n.Documents {
		change.Moves = append(change.Moves, storage.Move{What: storage.MoveDocument, Document: d, From: p.Person, To: n.ID})
	}
}

// since is who the person of a proposal was found to be since it was made.
func (q *Queue) since(ctx context.Context, s *step, p *Proposal) (string, error) {
	found, err := q.Found(ctx, p.Person)
	if err == nil && found != p.Person {
		s.still = append(s.still, storage.Merge{From: p.Person, Into: found})
	}
	return found, err
}

// reinstate lifts what deactivates a person, whichever case it was of, and what the case placed meanwhile.
func (q *Queue) reinstate(ctx context.Context, s *step, p *Proposal, change *storage.Correction) error {
	found, err := q.since(ctx, s, p)
	if err != nil {
		return err
	}
	holds, err := q.Store.HoldsOf(ctx, found)
	if err != nil {
		return err
	}
	change.Touch = []string{found}
	for _, h := range holds {
		if h.Lies() && (h.Kind == storage.HoldDeactivate || h.CaseID == s.c.ID && !decided(h)) {
			s.lift = append(s.lift, storage.HoldLift{ID: h.ID, By: s.actor})
		}
	}
	s.correction = change
	return nil
}
