package correction

import (
	"context"
	"errors"
	"maps"
	"strings"

	"manyou/federation/identity"
	"manyou/federation/register"
	"manyou/storage"
)

// What is said of how a name is encoded. The name beside it is as it was received, code point by code point.
const (
	// saidMapping is the table by which a name and the stored one were found to be one.
	saidMapping = "mapping"
	// SaidReceived is the form in which a name was received, where it is another than the one that is kept.
	SaidReceived = "name_received"
)

// triageName asks the register what the person is called. It is told the name that the filer expects, and the stored one if there is none.
func (q *Queue) triageName(ctx context.Context, c *Case, p storage.Person) (*Proposal, error) {
	c.noteMapping(p.Name)
	expected := c.Body.Expected
	if expected == "" {
		expected = p.Name
	}
	v, err := q.ask(ctx, p, expected)
	switch {
	case errors.Is(err, register.ErrUnavailable):
		c.Body.Reason = ReasonRegisterDown
		return nil, nil
	case err != nil || v == nil:
		return nil, err
	case !v.Matches():
		c.Body.Reason = ReasonRegisterDiffers
		return nil, nil
	}
	said := map[string]string{AttributeName: v.Name}
	sayReceived(said, v.Received)
	c.Body.Evidence = append(c.Body.Evidence, Evidence{Source: "register", At: q.Clock(), Said: said})
	if v.Name == p.Name {
		c.Body.Reason = ReasonRegisterDiffers // it says what is stored
		other := c.otherForm(p.Name)
		if Kind(c.Kind) == KindEncoding && other != nil && !strings.HasPrefix(c.Filer, filerPerson) { // a citizen wants the other one: people answer
			c.Body.Reason = ReasonVariant // what is stored is the official form, and the other one is kept beside it
			return &Proposal{Decision: Correct, Name: &[2]string{p.Name, v.Name}, Received: other}, nil
		}
		return nil, nil
	}
	c.Body.Reason = ReasonRegisterAgrees
	stored, okStored := name(p.Name)
	official, okOfficial := name(v.Name)
	if !okStored || !okOfficial || !identity.SameName(stored, official) {
		return nil, nil // people look at it
	}
	c.Body.Reason = ReasonVariant
	if identity.OtherEncoding(stored, official) { // another version of the table may find otherwise
		said[saidMapping] = identity.NameMappingVersion
	}
	return &Proposal{Decision: Correct, Name: &[2]string{p.Name, v.Name}}, nil
}

// noteMapping adds the version of the table to each form of the stored name that is encoded otherwise.
func (c *Case) noteMapping(stored string) {
	of, ok := name(stored)
	for n, e := range c.Body.Evidence {
		form, okForm := name(e.Said[AttributeName])
		if !ok || !okForm || e.Said[saidMapping] != "" || !identity.OtherEncoding(of, form) {
			continue
		}
		said := maps.Clone(e.Said)
		said[saidMapping] = identity.NameMappingVersion
		c.Body.Evidence[n].Said = said
	}
}

// otherForm is the first form of a name in a case that is encoded otherwise; nil if there is none.
func (c *Case) otherForm(stored string) *storage.ReceivedName {
	of, ok := name(stored)
	if !ok {
		return nil
	}
	said := append([]Evidence{{Source: c.Filer, Said: map[string]string{AttributeName: c.Body.Expected}}}, c.Body.Evidence...)
	for _, e := range said {
		if form, ok := name(e.Said[AttributeName]); ok && identity.OtherEncoding(of, form) {
			return register.Received(form.Raw, stored, e.Source)
		}
	}
	return nil
}

// sayReceived says in which form a name was received, if that is another.
func sayReceived(said map[string]string, r *storage.ReceivedName) {
	if r != nil {
		said[SaidReceived], said[saidMapping] = r.Form, r.Mapping
	}
}

// kept is the form of a name that a correction keeps beside it: the one that a proposal names; where the name stays the same one, how it came
// here, or was stored before; else what was typed.
func kept(p *Proposal, was storage.Person, to identity.Name) *storage.ReceivedName {
	if p.Received != nil {
		return p.Received
	}
	if before, ok := name(was.Name); ok && identity.SameName(before, to) {
		if was.Received != nil && was.Received.Form != to.Normal {
			return was.Received
		}
		return register.Received(was.Name, to.Normal, "here")
	}
	return register.Received(to.Raw, to.Normal, p.By)
}

// renames is the change of a name that a proposal makes. One that leaves the name what it is, in other code points, recodes it: whose the name
// is was in no doubt, so that nothing that was issued to them has to end.
func (p *Proposal) renames() storage.Rename {
	r := storage.Rename{PersonID: p.Person, From: p.Name[0], To: p.Name[1], Received: p.Received}
	from, okFrom := name(r.From)
	to, okTo := name(r.To)
	r.Recoded = okFrom && okTo && identity.SameName(from, to)
	return r
}

// name reads a name.
func name(raw string) (identity.Name, bool) {
	n, err := identity.NormalizeName(raw)
	return n, err == nil
}
