package signin

import (
	"context"
	"slices"
	"time"

	"manyou/federation/identity"
	"manyou/federation/upstream"
	"manyou/storage"
)

// Disagreement is what another issuer says of a person whom it signs in here, where it says something else than is known.
type Disagreement struct {
	PersonID, Issuer, Subject string
	// Encoded is the name as it is known here, if the issuer says the same one in other code points and nothing else differs; else "".
	Encoded string
	// Said is what the other issuer says: "name", and "document" if that differs.
	Said map[string]string
	ACR  int
}

// Bounds of comparing.
const (
	// compareEvery is how often what an issuer says of one subject is compared with what is known here.
	compareEvery   = 24 * time.Hour
	compareTimeout = 10 * time.Second
	maxComparing   = 16
)

// compare asks an issuer, behind the sign-in and not too often, who a subject is that is linked here already. A link is believed until
// somebody says that it is wrong: this is how the issuers themselves get to say it.
func (s *SignIn) compare(ctx context.Context, target *upstreamIssuer, auth upstream.Authentication) {
	if s.Disagree == nil || target.beside {
		return
	}
	select {
	case s.comparing <- struct{}{}:
	default:
		return // the next sign-in will do
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), compareTimeout)
	go func() {
		defer func() { cancel(); <-s.comparing }()
		if err := s.compareNow(ctx, target, auth); err != nil {
			s.Logger.WarnContext(ctx, "what another issuer says was not compared", "issuer", target.Issuer, "cause", err)
		}
	}()
}

func (s *SignIn) compareNow(ctx context.Context, target *upstreamIssuer, auth upstream.Authentication) error {
	key := "compare:" + string(s.Vault.MAC("compare", []byte(target.Issuer+"\x00"+auth.Subject)))
	totals, err := s.Store.Count(ctx, []string{key}, 1, s.Clock().Truncate(compareEvery).Add(compareEvery))
	if err != nil || totals[0] > 1 {
		return err
	}
	said, err := target.provider.Identity(ctx, auth)
	if err != nil || !said.HasDocument {
		return err
	}
	link, _, err := s.Store.Link(ctx, target.Issuer, auth.Subject)
	if err != nil {
		return err
	}
	p, err := s.Store.Person(ctx, link.PersonID) // with their documents
	if err != nil {
		return err
	}
	differs := Disagreement{PersonID: p.ID, Issuer: target.Issuer, Subject: auth.Subject, ACR: auth.ACR, Said: map[string]string{"name": said.Name}}
	document, err := identity.ParseDocument(said.Document.Kind, said.Document.Number, s.Clock())
	if err != nil {
		return nil //nolint:nilerr // what is no document says nothing against the one that is known
	}
	same := func(d storage.Document) bool { return d.Kind == string(document.Kind) }
	if of := slices.IndexFunc(p.Documents, same); of >= 0 && !slices.Contains(p.Documents, storage.Document{Kind: string(document.Kind), Number: document.Number}) {
		differs.Said["document"] = string(document.Kind) + " " + document.Number
		return s.Disagree(ctx, differs)
	}
	theirs, errTheirs := identity.NormalizeName(said.Name)
	ours, errOurs := identity.NormalizeName(p.Name)
	switch {
	case errTheirs != nil || errOurs != nil:
		return nil //nolint:nilerr // what is no name says nothing against the one that is known
	case identity.OtherEncoding(theirs, ours):
		differs.Encoded = p.Name
		return s.Disagree(ctx, differs)
	case !identity.SameName(theirs, ours):
		return s.Disagree(ctx, differs)
	}
	return nil
}
