package correction

import (
	"context"
	"slices"
	"strings"

	"manyou/federation/identity"
	"manyou/storage"
)

// form is the form of the name that a complaint about an encoding is about; "" if it names none.
func (f Filing) form() string {
	if f.Expected != "" {
		return f.Expected
	}
	for _, e := range f.Evidence {
		if said := e.Said[AttributeName]; said != "" {
			return said
		}
	}
	return ""
}

// kindFor is what a complaint about a name is about, once it is known whose it is: another name is a wrong attribute, and the same name in other
// code points an encoding, whatever it was taken for.
func (f Filing) kindFor(p storage.Person) Kind {
	if f.Attribute != AttributeName || f.Kind != KindAttribute && f.Kind != KindEncoding {
		return f.Kind
	}
	stored, okStored := name(p.Name)
	form, ok := name(f.Expected)
	if f.Kind == KindEncoding {
		form, ok = name(f.form())
	}
	switch {
	case !ok || !okStored || !identity.SameName(stored, form):
		return KindAttribute
	case f.Kind == KindAttribute && identity.SameButForCase(f.Expected, p.Name):
		return KindAttribute
	}
	return KindEncoding
}

// maxEncodingCases bounds how many cases of one person are looked through.
const maxEncodingCases = 20

// EncodingKnown reports whether a case is, or was, about two forms of a person's name, however it ended.
func (q *Queue) EncodingKnown(ctx context.Context, person, one, other string) (bool, error) {
	c, err := q.encodingOf(ctx, person, one, other, func(storage.Case) bool { return true })
	return c != nil, err
}

// encodingOf finds a case about two forms of a person's name; nil if there is none.
func (q *Queue) encodingOf(ctx context.Context, person, one, other string, of func(storage.Case) bool) (*storage.Case, error) {
	list, err := q.Store.CasesOf(ctx, person, maxCasesOf)
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(c storage.Case) bool { return Kind(c.Kind) != KindEncoding })
	forms := map[string][]identity.Name{} // of a case with those that were joined to it
	for _, stored := range list[:min(len(list), maxEncodingCases)] {
		c, err := q.Find(ctx, stored.ID)
		if err != nil {
			return nil, err
		}
		main := stored.ID
		if stored.DuplicateOf != "" {
			main = stored.DuplicateOf
		}
		forms[main] = append(forms[main], c.forms()...)
	}
	for n, stored := range list {
		if stored.DuplicateOf == "" && of(stored) && among(one, forms[stored.ID]) && among(other, forms[stored.ID]) {
			return &list[n], nil
		}
	}
	return nil, nil
}

// forms are the forms of a name that a case is about.
func (c *Case) forms() (list []identity.Name) {
	add := func(forms ...string) {
		for _, form := range forms {
			if n, ok := name(form); ok {
				list = append(list, n)
			}
		}
	}
	add(c.Body.Expected)
	for _, e := range c.Body.Evidence {
		add(e.Said[AttributeName], e.Said[SaidReceived])
	}
	for _, p := range c.Body.Decided {
		if p.Name != nil {
			add(p.Name[:]...)
		}
	}
	return list
}

// among reports whether a form is one of a list, as it is encoded.
func among(form string, list []identity.Name) bool {
	n, ok := name(form)
	return ok && slices.ContainsFunc(list, func(o identity.Name) bool { return identity.SameName(n, o) && !identity.OtherEncoding(n, o) })
}

// decidedBefore finds the case in which it was decided how a name is encoded, if a program complains of the same two forms again: what it still
// sends is no news. A citizen is heard again.
func (q *Queue) decidedBefore(ctx context.Context, f Filing, p storage.Person) (*storage.Case, error) {
	if f.Kind != KindEncoding || strings.HasPrefix(f.Filer, filerPerson) {
		return nil, nil
	}
	return q.encodingOf(ctx, p.ID, p.Name, f.form(), func(c storage.Case) bool { return State(c.State) == Closed })
}
