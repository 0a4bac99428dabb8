package signin

import (
	"context"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	"manyou/federation/identity"
	"manyou/federation/register"
	"manyou/idp/web"
	"manyou/storage"
)

// identify takes name and document of a citizen who signs in for the first time and holds the phone already, and
// compares all three with the authoritative register.
func (s *SignIn) identify(w http.ResponseWriter, r *http.Request, c *conversation) {
	document, name, problems := s.parseIdentity(r)
	if len(problems) > 0 {
		s.renderIdentify(w, r, c, problems)
		return
	}
	if !s.within(w, r, s.proofBounds(r, c, document.Number)) {
		return
	}
	verdict, err := s.Register.Verify(r.Context(), register.Claim{Name: name, Document: document, Phone: c.state.Phone})
	if err != nil {
		s.problemPage(w, r, http.StatusServiceUnavailable, web.ProblemPage{Problem: web.ProblemRegister, Retry: c.path()}, err)
		return
	}
	if !verdict.Matches() {
		// Which of the three was wrong is for the log's reader, and even there without saying whose.
		s.Logger.InfoContext(r.Context(), "identity not confirmed", "outcome", string(verdict.Outcome))
		s.renderIdentify(w, r, c, map[string]web.Error{"": web.ErrIdentity})
		return
	}
	s.complete(w, r, c, func() (outcome, error) { return s.personFor(r.Context(), c, document, verdict) })
}

// parseIdentity reads the fields of the page and says what is wrong with each.
func (s *SignIn) parseIdentity(r *http.Request) (identity.Document, identity.Name, map[string]web.Error) {
	problems := map[string]web.Error{}
	name, err := identity.NormalizeName(r.PostForm.Get("name"))
	if err != nil {
		problems["name"] = web.ErrName
	}
	document, err := identity.ParseDocument(r.PostForm.Get("document_kind"), r.PostForm.Get("document_number"), s.Clock())
	var malformed *identity.DocumentError
	switch {
	case errors.As(err, &malformed) && malformed.Reason == identity.ReasonCheckDigit:
		problems["document_number"] = web.ErrDocumentCheck
	case err != nil:
		problems["document_number"] = web.ErrDocument
	}
	return document, name, problems
}

// errMismatch reports that another issuer and the register name different people.
var errMismatch = errors.New("the other issuer's claims are not those of the person")

// personFor finds or makes the person whom the register confirmed, with the credential and link that come with it.
func (s *SignIn) personFor(ctx context.Context, c *conversation, d identity.Document, v register.Verdict) (outcome, error) {
	out, err := s.knownOrNew(ctx, d, v.Name, v.Received, v.Region)
	if err != nil {
		return outcome{}, err
	}
	if out.credential, out.others, err = s.phoneCredential(ctx, out.person, c.state.Phone); err != nil {
		return outcome{}, err
	}
	if p := c.state.Pending; p != nil {
		if p.Name != "" && !sameName(p.Name, v.Name) || p.Person != "" && p.Person != out.person {
			return outcome{}, errMismatch
		}
		out.link = &storage.Link{Issuer: p.Issuer, Subject: p.Subject, PersonID: out.person, CreatedAt: s.Clock()}
		out.origin, out.idToken = p.Issuer, p.IDToken
	}
	return out, nil
}

// knownOrNew finds the person who holds a document, or makes one. A known person of another name is a mismatch: the
// document was taken over, or corrected; neither is decided here.
func (s *SignIn) knownOrNew(
	ctx context.Context, d identity.Document, name string, received *storage.ReceivedName, region string,
) (outcome, error) {
	document := storage.Document{Kind: string(d.Kind), Number: d.Number}
	known, err := s.Store.PersonByDocument(ctx, document)
	switch {
	case err == nil && !sameName(known.Name, name):
		return outcome{}, errMismatch
	case err == nil:
		return outcome{person: known.ID, home: known.Region}, nil
	case !errors.Is(err, storage.ErrNotFound):
		return outcome{}, err
	}
	id, err := s.newID()
	if err != nil {
		return outcome{}, err
	}
	return outcome{person: id, home: region, created: &storage.Person{
		ID: id, Name: name, Received: received, Region: region, Status: storage.PersonActive, Epoch: 1,
		Documents: []storage.Document{document}, CreatedAt: s.Clock(),
	}}, nil
}

// phoneCredential is the credential for a phone that was proven, nil if the person has it already; others are who has it besides.
func (s *SignIn) phoneCredential(ctx context.Context, person, phone string) (_ *storage.Credential, others []string, err error) {
	if phone == "" {
		return nil, nil, nil // there is nothing to enrol, and that is fine
	}
	enrolled, err := s.personsOf(ctx, phone)
	if err != nil {
		return nil, nil, err
	}
	others = slices.DeleteFunc(slices.Clone(enrolled), func(p string) bool { return p == person })
	if len(others) < len(enrolled) {
		return nil, others, nil // enrolled before
	}
	id, err := s.newID()
	if err != nil {
		return nil, nil, err
	}
	return &storage.Credential{ID: id, PersonID: person, Method: sms.Name, Handle: phone, CreatedAt: s.Clock(), LastUsedAt: s.Clock()}, others, nil
}

// sameName compares names for authentication. A name that is no name is nobody's.
func sameName(a, b string) bool {
	one, err := identity.NormalizeName(a)
	if err != nil {
		return false
	}
	other, err := identity.NormalizeName(b)
	return err == nil && identity.SameName(one, other)
}

func (s *SignIn) newID() (string, error) {
	var b [15]byte
	if _, err := io.ReadFull(s.Random, b[:]); err != nil {
		return "", fmt.Errorf("new identifier: %w", err)
	}
	return base32.StdEncoding.EncodeToString(b[:]), nil
}
