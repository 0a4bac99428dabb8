package console

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"manyou/federation/correction"
	"manyou/federation/identity"
	"manyou/idp/web"
	"manyou/storage"
)

var (
	errNoPerson = errors.New("nobody has that document")
	errUnknown  = errors.New("no such step, or something is missing")
)

// problem is the word for why a step is refused; "" if that is not the member's doing.
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

// status is the status of a page that says so.
func status(problem string) int {
	switch problem {
	case "role", "region", "self", "same_person", "fresh":
		return http.StatusForbidden
	case "conflict", "state":
		return http.StatusConflict
	}
	return http.StatusUnprocessableEntity
}

// step does what a form of a case asks for. What is refused is shown with the case as it stands now, and with what was typed.
func (c *Console) step(w http.ResponseWriter, r *http.Request) {
	m, ok := c.known(w, r, caseRoles()...)
	if !ok {
		return
	}
	of, ok := c.find(w, r, m)
	if !ok {
		return
	}
	if r.PostForm.Get("action") == "look" {
		c.look(w, r, m, of)
		return
	}
	until := c.openUntil(r, m, of.ID)
	if until.IsZero() {
		c.door(w, r, m, of, &web.CaseDoorPage{Fields: keep(r.PostForm)}, http.StatusForbidden)
		return
	}
	page := &web.CasePage{Until: until, Typed: r.PostForm}
	if !m.fresh {
		page.Problem, page.ConfirmURL = "fresh", pathConfirm
		c.renderCase(w, r, m, of, page, status(page.Problem))
		return
	}
	done, err := c.take(r, m, of)
	if err == nil {
		c.Logger.InfoContext(r.Context(), "a step of a case in the console", "case", of.ID, "step", done, "officer", m.id())
		http.Redirect(w, r, caseURL(of.Number)+"?done="+done, http.StatusSeeOther)
		return
	}
	if page.Problem = problem(err); page.Problem == "" {
		c.fault(w, r, err)
		return
	}
	if of, ok = c.find(w, r, m); ok { // as it stands, and not as the step would have it
		c.renderCase(w, r, m, of, page, status(page.Problem))
	}
}

// unseen are the steps that may be taken of a case that has changed since it was looked at: they decide nothing.
var unseen = []string{"note", "escalate", "evidence"}

// take takes the step of a form and returns the word for what was done.
func (c *Console) take(r *http.Request, m member, of *correction.Case) (done string, err error) {
	ctx, f := r.Context(), r.PostForm
	action, text := f.Get("action"), strings.TrimSpace(f.Get("text"))
	if err := m.Works(of); err != nil {
		return "", err
	}
	seen, err := strconv.ParseInt(f.Get("version"), 10, 64)
	if err != nil {
		return "", errUnknown
	}
	if seen != of.Version && !slices.Contains(unseen, action) {
		return "", storage.ErrConflict
	}
	if text == "" && slices.Contains([]string{"note", "escalate", "reject", "return", "reopen", "freeze", "step_up", "lift", "propose"}, action) {
		return "", errUnknown
	}
	switch action {
	case "take":
		err = c.Cases.Take(ctx, m.Officer, of)
	case "assign":
		err = c.assign(ctx, m, of, f.Get("to"))
	case "note":
		err = c.Cases.Note(ctx, m.Officer, of, text)
	case "escalate":
		err = c.Cases.Escalate(ctx, m.Officer, of, text)
	case "evidence":
		err = c.testify(ctx, m, of, f.Get("key"), strings.TrimSpace(f.Get("value")), text)
	case "propose":
		err = c.propose(r, m, of)
	case "approve":
		if p := of.Body.Proposal; p != nil && f.Get("proposal") != "" && p.ID != f.Get("proposal") {
			return "", storage.ErrConflict
		}
		if err = c.Cases.Approve(ctx, m.Officer, of); err == nil && of.State() == correction.Proposed {
			return "endorse", nil
		}
	case "return":
		err = c.Cases.Return(ctx, m.Officer, of, text)
	case "reject":
		err = c.Cases.Reject(ctx, m.Officer, of, text)
	case "reopen":
		err = c.Cases.Reopen(ctx, m.Officer, of, text)
	case "freeze":
		target, errTarget := c.target(ctx, of, f.Get("target"))
		if errTarget != nil {
			return "", errTarget
		}
		err = c.Cases.Freeze(ctx, m.Officer, of, target, text)
	case "step_up":
		err = c.Cases.StepUp(ctx, m.Officer, of, text)
	case "confirm":
		err = c.Cases.Confirm(ctx, m.Officer, of, f.Get("hold"))
	case "lift":
		err = c.Cases.Lift(ctx, m.Officer, of, f.Get("hold"), text)
	default:
		err = errUnknown
	}
	return action, err
}

func (c *Console) assign(ctx context.Context, m member, of *correction.Case, to string) error {
	staff, err := c.Store.StaffMember(ctx, to)
	if errors.Is(err, storage.ErrNotFound) {
		return errUnknown
	} else if err != nil {
		return err
	}
	return c.Cases.Assign(ctx, m.Officer, correction.Officer{PersonID: staff.PersonID, Roles: staff.Roles, Regions: staff.Regions}, of)
}

func (c *Console) testify(ctx context.Context, m member, of *correction.Case, key, value, text string) error {
	said := map[string]string{}
	if value != "" {
		if !slices.Contains(web.SaidKeys(), key) {
			return errUnknown
		}
		said[key] = value
	}
	if text != "" && said["text"] == "" {
		said["text"] = text
	}
	if len(said) == 0 {
		return errUnknown
	}
	return c.Cases.Testify(ctx, m.Officer, of, said)
}

// target reads what is to be frozen: a person, or a link of one of those whom the case is about.
func (c *Console) target(ctx context.Context, of *correction.Case, value string) (correction.Target, error) {
	if !strings.Contains(value, " ") {
		return correction.Target{Person: value}, nil
	}
	owner, link, err := c.owner(ctx, of, value)
	return correction.Target{Person: owner, Link: link}, err
}

// found is who the two whom a case is about were found to be since; "" for the second if it is one with the first, or there is none.
func (c *Console) found(ctx context.Context, of *correction.Case) (first, other string, err error) {
	if first, err = c.Cases.Found(ctx, of.PersonID); err != nil {
		return "", "", err
	}
	if other, err = c.Cases.Found(ctx, of.Body.Other); other == first {
		other = ""
	}
	return first, other, err
}

// owner finds whose a link is, of those whom the case is about, and of whom they were found to be since.
func (c *Console) owner(ctx context.Context, of *correction.Case, value string) (string, *correction.Link, error) {
	issuer, subject, _ := strings.Cut(value, " ")
	about, err := c.Cases.About(ctx, of)
	if err != nil {
		return "", nil, err
	}
	for _, person := range about {
		links, err := c.Store.LinksOf(ctx, person)
		if err != nil {
			return "", nil, err
		}
		for _, l := range links {
			if l.Issuer == issuer && l.Subject == subject {
				return person, &correction.Link{Issuer: issuer, Subject: subject}, nil
			}
		}
	}
	return "", nil, correction.ErrProposal
}

// propose makes a proposal of a form.
func (c *Console) propose(r *http.Request, m member, of *correction.Case) error {
	ctx, f := r.Context(), r.PostForm
	first, second, err := c.found(ctx, of)
	if err != nil {
		return err
	}
	p := correction.Proposal{Person: first, Why: strings.TrimSpace(f.Get("text"))}
	switch form := f.Get("decision"); form {
	case "name":
		p.Decision, p.Name = correction.Correct, &[2]string{"", f.Get("name")}
	case "phone":
		p.Decision, p.Credential = correction.Correct, f.Get("credential")
		if p.Credential == web.PhoneElsewhere && of.Body.Attribute == correction.AttributePhone {
			p.Credential, p.Phone = "", of.Body.Expected
		} else {
			err = c.hasCredential(ctx, first, p.Credential)
		}
	case "relink", "unlink":
		p.Decision = correction.Decision(form)
		if p.Person, p.Link, err = c.owner(ctx, of, f.Get("link")); err == nil && form == "relink" {
			p.Other, err = c.other(r, m, of, second)
		}
	case "merge":
		p.Decision = correction.Merge
		p.Other, err = c.other(r, m, of, second)
	case "split":
		p.Decision, p.Split = correction.Split, splitting(f["document"], f["link"], f["credential"], f.Get("name"))
	case "freeze":
		var t correction.Target
		t, err = c.target(ctx, of, f.Get("target"))
		p.Decision, p.Person, p.Link = correction.Freeze, t.Person, t.Link
		if err == nil && !slices.Contains([]string{of.PersonID, of.Body.Other, first, second}, p.Person) {
			err = correction.ErrHold // a case is no way to reach somebody whom it is not about
		}
	case "thaw", "deactivate", "reinstate":
		p.Decision = correction.Decision(form)
	case "undo":
		p.Decision, p.Person, p.Undo = correction.Undo, of.PersonID, f.Get("undo")
		if !slices.ContainsFunc(of.Body.Decided, func(d correction.Proposal) bool { return d.ID == p.Undo }) {
			err = correction.ErrProposal
		}
	default:
		err = errUnknown
	}
	if err != nil {
		return err
	}
	return c.Cases.Propose(ctx, m.Officer, of, p)
}

func (c *Console) hasCredential(ctx context.Context, person, id string) error {
	list, err := c.Store.CredentialsOf(ctx, person)
	if err == nil && !slices.ContainsFunc(list, func(one storage.Credential) bool { return one.ID == id }) {
		err = correction.ErrProposal
	}
	return err
}

// maxAlong bounds what goes along in a split.
const maxAlong = 100

func splitting(documents, links, credentials []string, name string) *correction.Splitting {
	s := &correction.Splitting{Name: name, Credentials: credentials[:min(len(credentials), maxAlong)]}
	for _, v := range documents[:min(len(documents), maxAlong)] {
		kind, number, _ := strings.Cut(v, " ")
		s.Documents = append(s.Documents, storage.Document{Kind: kind, Number: number})
	}
	for _, v := range links[:min(len(links), maxAlong)] {
		issuer, subject, _ := strings.Cut(v, " ")
		s.Links = append(s.Links, correction.Link{Issuer: issuer, Subject: subject})
	}
	return s
}

// other finds the other person by a document, which is a look that is recorded, or takes the one of the case.
func (c *Console) other(r *http.Request, m member, of *correction.Case, second string) (string, error) {
	typed := strings.TrimSpace(r.PostForm.Get("other_number"))
	if typed == "" {
		if second == "" {
			return "", errNoPerson
		}
		return second, nil
	}
	d, err := identity.ParseDocument(r.PostForm.Get("other_kind"), typed, c.Clock())
	if err != nil {
		return "", errNoPerson
	}
	p, err := c.Store.PersonByDocument(r.Context(), storage.Document{Kind: string(d.Kind), Number: d.Number})
	found := p.ID
	if errors.Is(err, storage.ErrNotFound) {
		found, err = "nobody", errNoPerson
	} else if err != nil {
		return "", err
	}
	if recorded := c.recordLook(r, m, of, "other_person", "", "person", found); recorded != nil {
		return "", recorded
	}
	return p.ID, err
}
