package correction

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"manyou/federation/identity"
	"manyou/federation/register"
	"manyou/storage"
)

// What is said of a number.
const (
	// SaidPhoneProven is a number that the source knows to be another person's: somebody else proved there that they hold it, or, of the
	// register, it has another number for the person.
	SaidPhoneProven = "phone_proven"
	// SaidWaysLeft is how many other ways in the person has where they enrolled the number, as an issuer says: "0" if it is the only one.
	SaidWaysLeft = "ways_left"
)

// SourceRegister is the register as a source, and of whatever this issuer found there itself.
const SourceRegister = "register"

// triagePhone proposes to take a number from a person if two sources say that it is another's, the register does not say that it is theirs,
// and they keep a way in.
func (q *Queue) triagePhone(ctx context.Context, c *Case, p storage.Person) (*Proposal, error) {
	number := c.Body.Expected
	application := strings.HasPrefix(c.Filer, filerApplication) || c.Body.For != ""
	if number == "" || application && len(vouchers(c)) == 0 { // it may mean the number that they should have
		return nil, nil
	}
	verdict, err := q.askPhone(ctx, p, number)
	switch {
	case errors.Is(err, register.ErrUnavailable):
		c.Body.Reason = ReasonRegisterDown
		return nil, nil
	case err != nil:
		return nil, err
	case verdict != nil && verdict.Matches():
		q.found(c, AttributePhone, number)
		c.Body.Reason = ReasonRegisterDiffers
		return nil, nil
	}
	if verdict != nil && NotTheirs(*verdict) {
		c.Body.Reason = ReasonRegisterAgrees
		if !slices.Contains(vouchers(c), SourceRegister) {
			q.found(c, SaidPhoneProven, number)
		}
	}
	sources := vouchers(c)
	if len(sources) < 2 {
		return nil, nil
	}
	proposal, err := q.takeAway(ctx, c, number)
	if proposal != nil {
		c.Body.Reason = ReasonPhoneTwice
	}
	return proposal, err
}

// found adds what this issuer found in the register, beside what is stored.
func (q *Queue) found(c *Case, said, number string) {
	e := Evidence{Source: SourceRegister, At: q.Clock(), By: actorSystem, Said: map[string]string{said: number}}
	c.Body.Evidence = slices.Insert(slices.Clone(c.Body.Evidence), min(1, len(c.Body.Evidence)), e)
}

// NotTheirs reports whether the register says that a person whom it knows so has another number. That it has none says nothing.
func NotTheirs(v register.Verdict) bool {
	return v.Outcome == register.PhoneMismatch && v.PhoneOnRecord
}

// vouchers are those who say that the number of a case is another person's, each once. Who somebody is follows from who brought it here, and
// not from what is written: of all that another issuer files it alone is the source, whomever it names. What an application, a citizen or an
// officer says is no source, nor what an issuer hands on for an application of its own: none of them saw the number proven.
func vouchers(c *Case) (list []string) {
	for _, e := range c.Body.Evidence {
		if by := e.voucher(); by != "" && e.Said[SaidPhoneProven] == c.Body.Expected && !slices.Contains(list, by) {
			list = append(list, by)
		}
	}
	return list
}

// voucher is the party whose word an item of evidence is; "" if it is no source.
func (e Evidence) voucher() string {
	switch {
	case strings.HasPrefix(e.By, filerIssuer):
		return e.By
	case e.By == actorSystem && (e.Source == SourceRegister || strings.HasPrefix(e.Source, filerIssuer)):
		return e.Source // it was written here
	}
	return ""
}

// brought is the evidence of a filing, with who brought it.
func (f Filing) brought() []Evidence {
	list := slices.Clone(f.Evidence)
	for n := range list {
		list[n].By = ""
		if f.For == "" {
			list[n].By = f.Filer
		}
	}
	return list
}

// bring lets a person be heard, and adds what a case says of a number to the one that it joined, if that is about the same number and nobody has
// taken it yet: whoever complained first, or while the register was down, does not keep the rule from it.
func (q *Queue) bring(ctx context.Context, to string, joined *Case) error {
	if by, ok := strings.CutPrefix(joined.Filer, filerPerson); ok {
		if err := q.hear(ctx, to, by, joined); err != nil {
			return err
		}
	}
	if joined.Kind != string(KindAttribute) || joined.Body.Attribute != AttributePhone {
		return nil
	}
	c, err := q.Find(ctx, to)
	if err != nil || c.Body.Expected != joined.Body.Expected || c.State() != Triaged {
		return err
	}
	s, err := begin(c, EventEvidence, joined.Filer, "")
	if err != nil {
		return nil //nolint:nilerr // it has gone on
	}
	before := vouchers(c)
	for _, e := range joined.Body.Evidence {
		if by := e.voucher(); by == "" || slices.Contains(before, by) || e.Said[SaidPhoneProven] != c.Body.Expected {
			continue
		}
		c.Body.Evidence = append(slices.Clone(c.Body.Evidence), e)
		s.note(EventEvidence, Note{Evidence: &e})
	}
	if len(s.events) == 0 && c.Body.Reason != ReasonRegisterDown {
		return nil
	}
	person, err := q.Store.Person(ctx, c.PersonID)
	if err != nil {
		return err
	}
	c.Body.Reason = ReasonPeople
	proposal, err := q.triagePhone(ctx, c, person)
	if err != nil {
		return err
	}
	if err := q.sorted(ctx, &s, proposal); err != nil {
		return err
	}
	c.Reason = c.open()
	if err := q.take(ctx, s); !errors.Is(err, storage.ErrConflict) {
		return err
	}
	return nil // somebody took it meanwhile, and sees that this one joined it
}

// takeAway is the proposal to take a number from a person, here and wherever else they enrolled it; nil if it is nowhere, or would leave them
// without a way in where it is known to be: then people decide.
func (q *Queue) takeAway(ctx context.Context, c *Case, number string) (*Proposal, error) {
	credentials, err := q.Store.CredentialsOf(ctx, c.PersonID)
	if err != nil {
		return nil, err
	}
	p, known := &Proposal{Decision: Correct, Phone: number}, false
	if at := slices.IndexFunc(credentials, func(one storage.Credential) bool { return one.Method == methodSMS && one.Handle == number }); at >= 0 {
		if WaysLeft(credentials, number) == 0 {
			return nil, nil
		}
		p.Credential, known = credentials[at].ID, true
	}
	for _, e := range c.Body.Evidence {
		left, said := e.Said[SaidWaysLeft]
		if !said || e.voucher() == "" { // nobody else can know
			continue
		}
		if n, err := strconv.Atoi(left); err != nil || n < 1 {
			return nil, nil //nolint:nilerr // who does not say clearly that there are others says that there are none
		}
		known = true
	}
	if !known {
		return nil, nil
	}
	return p, nil
}

// WaysLeft is by how many ways a person signs in besides a number. What is asked for beside a number finds nobody without it.
func WaysLeft(credentials []storage.Credential, number string) (n int) {
	for _, one := range credentials {
		if one.Method == methodSMS && one.Handle != number || one.Method == methodPasskey {
			n++
		}
	}
	return n
}

const methodPasskey = "passkey"

// askPhone asks the register whether a number is a person's. nil: there is no register, no document, or no answer.
func (q *Queue) askPhone(ctx context.Context, p storage.Person, number string) (*register.Verdict, error) {
	if q.Register == nil || len(p.Documents) == 0 {
		return nil, nil
	}
	name, err := identity.NormalizeName(p.Name)
	if err != nil {
		return nil, nil //nolint:nilerr // no name: there is nothing to ask
	}
	document, err := identity.ParseDocument(p.Documents[0].Kind, p.Documents[0].Number, q.Clock())
	if err != nil {
		return nil, nil //nolint:nilerr // kept from a time when it counted as one
	}
	v, err := q.Register.Verify(ctx, register.Claim{Name: name, Document: document, Phone: number})
	if err != nil {
		return nil, fmt.Errorf("correction: ask the register: %w", err)
	}
	return &v, nil
}

// completePhone fills in what number a credential is, or which credential has the number.
func (q *Queue) completePhone(ctx context.Context, p *Proposal) error {
	if p.Name != nil {
		return ErrProposal
	}
	list, err := q.Store.CredentialsOf(ctx, p.Person)
	if err != nil {
		return err
	}
	for _, one := range list {
		if one.Method != methodSMS {
			continue
		}
		switch {
		case one.ID == p.Credential && (p.Phone == "" || p.Phone == one.Handle):
			p.Phone = one.Handle
			return nil
		case one.ID == p.Credential:
			return ErrProposal
		case p.Credential == "" && one.Handle == p.Phone:
			p.Credential = one.ID
			return nil
		}
	}
	return nil
}

// takeFrom takes a credential from a person. A number is told, besides, to the issuers by whom they come here: it may be enrolled there.
func (q *Queue) takeFrom(ctx context.Context, change *storage.Correction, p *Proposal) error {
	if p.Credential != "" {
		change.Moves = []storage.Move{{What: storage.MoveCredential, Key: p.Credential, From: p.Person}}
	}
	if p.Phone == "" {
		return nil
	}
	var err error
	change.Tell, err = q.Store.LinksOf(ctx, p.Person)
	return err
}

// TakenPhone is the number that a decision took from whom a case is about; "" if it took none.
func (c *Case) TakenPhone(decision string) string {
	for _, p := range c.Body.Decided {
		if p.ID == decision && p.Decision == Correct {
			return p.Phone
		}
	}
	return ""
}
