package correction

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"manyou/federation/identity"
	"manyou/federation/register"
	"manyou/storage"
)

// What triage makes of a case.
const (
	// ReasonVariant: the register writes the same character under another code point. Proposed by rule.
	ReasonVariant = "variant"
	// ReasonPhoneTwice: two sources say that the number is another person's now; see [Queue.vouchers]. Proposed by rule.
	ReasonPhoneTwice = "phone_twice"
	// ReasonRegisterAgrees: the register says what the filer says, and something else than is stored.
	ReasonRegisterAgrees = "register_agrees"
	// ReasonRegisterDiffers: the register does not say what the filer says.
	ReasonRegisterDiffers = "register_differs"
	// ReasonRegisterDown: the register could not be asked.
	ReasonRegisterDown = "register_down"
	// ReasonDeceased and ReasonCancelled: so says the register.
	ReasonDeceased  = "deceased"
	ReasonCancelled = "cancelled"
	// ReasonPeople: nothing decides it by rule.
	ReasonPeople = "people"
)

// Reasons lists what triage may make of a case.
func Reasons() []string {
	return []string{
		ReasonVariant, ReasonPhoneTwice, ReasonRegisterAgrees, ReasonRegisterDiffers, ReasonRegisterDown, ReasonDeceased, ReasonCancelled, ReasonPeople,
	}
}

// triage sorts a case that is being filed: what is safe is proposed by rule, and the rest goes to people, with a reason.
func (q *Queue) triage(ctx context.Context, s *step) error {
	c := s.c
	c.Body.Reason = ReasonPeople
	defer func() { c.Reason = c.open() }()
	var proposal *Proposal
	if c.PersonID != "" {
		person, err := q.Store.Person(ctx, c.PersonID)
		if err != nil {
			return err
		}
		c.Body.Evidence = append([]Evidence{q.stored(person)}, c.Body.Evidence...)
		switch {
		case Kind(c.Kind) == KindEncoding, Kind(c.Kind) == KindAttribute && c.Body.Attribute == AttributeName:
			proposal, err = q.triageName(ctx, c, person)
		case Kind(c.Kind) == KindAttribute && c.Body.Attribute == AttributePhone:
			proposal, err = q.triagePhone(ctx, c, person)
		case Kind(c.Kind) == KindLifecycle:
			err = q.triageLife(ctx, c, person)
		default:
			err = q.witness(ctx, c, person)
		}
		if err != nil {
			return err
		}
	}
	return q.sorted(ctx, s, proposal)
}

// sorted notes what triage made of a case, and what it proposes, if anything.
func (q *Queue) sorted(ctx context.Context, s *step, proposal *Proposal) error {
	c := s.c
	s.system(EventTriaged, Note{Text: c.Body.Reason})
	if proposal == nil {
		return nil
	}
	proposal.By, proposal.Person = actorSystem, c.PersonID
	if err := q.complete(ctx, proposal); err != nil {
		if errors.Is(err, ErrProposal) {
			return nil // what the rule wants is so already
		}
		return err
	}
	c.Body.Proposal = proposal
	s.state = Proposed
	s.system(EventProposed, Note{Proposal: proposal})
	return nil
}

// witness adds what the register says of the person, if it knows them by what is stored: officers see it beside what the others say.
func (q *Queue) witness(ctx context.Context, c *Case, p storage.Person) error {
	v, err := q.ask(ctx, p, p.Name)
	switch {
	case errors.Is(err, register.ErrUnavailable), err == nil && (v == nil || !v.Matches()):
		return nil // nobody decides by it
	case err != nil:
		return err
	}
	said := map[string]string{AttributeName: v.Name, "document": p.Documents[0].Kind + " " + p.Documents[0].Number}
	c.Body.Evidence = slices.Insert(c.Body.Evidence, 1, Evidence{Source: "register", At: q.Clock(), Said: said}) // beside what is stored
	return nil
}

// stored is what this issuer has of a person, as evidence.
func (q *Queue) stored(p storage.Person) Evidence {
	said := map[string]string{AttributeName: p.Name, "region": p.Region}
	sayReceived(said, p.Received)
	for _, d := range p.Documents[:min(1, len(p.Documents))] {
		said["document"] = d.Kind + " " + d.Number
	}
	return Evidence{Source: "here", At: q.Clock(), Said: said}
}

// ask compares a name with the register. nil: there is no register, no document, or no answer.
func (q *Queue) ask(ctx context.Context, p storage.Person, name string) (*register.Verdict, error) {
	if q.Register == nil || len(p.Documents) == 0 {
		return nil, nil
	}
	n, err := identity.NormalizeName(name)
	if err != nil {
		return nil, nil //nolint:nilerr // no name: there is nothing to ask
	}
	document, err := identity.ParseDocument(p.Documents[0].Kind, p.Documents[0].Number, q.Clock())
	if err != nil {
		return nil, nil //nolint:nilerr // kept from a time when it counted as one
	}
	v, err := q.Register.Verify(ctx, register.Claim{Name: n, Document: document})
	if errors.Is(err, register.ErrUnavailable) {
		return nil, err
	} else if err != nil {
		return nil, fmt.Errorf("correction: ask the register: %w", err)
	}
	return &v, nil
}

// triageLife asks the register whether the person lives.
func (q *Queue) triageLife(ctx context.Context, c *Case, p storage.Person) error {
	v, err := q.ask(ctx, p, p.Name)
	switch {
	case errors.Is(err, register.ErrUnavailable):
		c.Body.Reason = ReasonRegisterDown
		return nil
	case err != nil || v == nil:
		return err
	}
	switch v.Outcome {
	case register.Deceased:
		c.Body.Reason, c.Priority = ReasonDeceased, PriorityHigh
	case register.Cancelled:
		c.Body.Reason, c.Priority = ReasonCancelled, PriorityHigh
	case register.Match:
		c.Body.Reason = ReasonRegisterDiffers
	case register.UnknownDocument, register.NameMismatch, register.PhoneMismatch:
	}
	return nil
}
