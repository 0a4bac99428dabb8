package signin

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"manyou/federation/correction"
	"manyou/federation/identity"
	"manyou/federation/register"
	"manyou/federation/upstream"
	"manyou/idp/web"
	"manyou/storage"
)

// pendingLink is a subject of another issuer that came without a document and waits for one.
type pendingLink struct {
	Issuer  string `json:"issuer"`
	Subject string `json:"subject"`
	Name    string `json:"name,omitempty"`
	IDToken string `json:"id_token"`
	// Person is who it is said to be, if they are known here; "" if the issuer does not say.
	Person string `json:"person,omitempty"`
}

// proveHere reports whom a citizen has to prove here to be before a province's subject is linked to them; "" if nobody. A province may well know
// people of other regions: they move. But somebody whom this issuer knows otherwise, by another province or by what they prove here, is not
// handed over on the word of a province that is not theirs: it could so become anybody.
func (s *SignIn) proveHere(ctx context.Context, target *upstreamIssuer, by *linkable) (person string, err error) {
	if !s.National || by == nil || !by.HasDocument || by.Region == target.Region {
		return "", nil
	}
	known, err := s.Store.PersonByDocument(ctx, storage.Document{Kind: string(by.document.Kind), Number: by.document.Number})
	if errors.Is(err, storage.ErrNotFound) {
		return "", nil
	} else if err != nil {
		return "", err
	}
	links, err := s.Store.LinksOf(ctx, known.ID)
	if err != nil {
		return "", err
	}
	credentials, err := s.Store.CredentialsOf(ctx, known.ID)
	if err != nil || len(links)+len(credentials) == 0 {
		return "", err
	}
	return known.ID, nil
}

// linkable is what a subject that is new here is linked by, verified.
type linkable struct {
	HasDocument  bool
	Name, Region string
	Received     *storage.ReceivedName // the form in which the name came, if that is another
	document     identity.Document
	// of is the region whose people alone the issuer can speak for; "" if it speaks for all.
	of string
}

// claimsOf asks who a subject is that is not linked yet; nil if it is. home is the region that the person belongs to, "" if that is not
// known. It changes nothing.
func (s *SignIn) claimsOf(ctx context.Context, target *upstreamIssuer, auth upstream.Authentication) (by *linkable, home string, err error) {
	switch _, person, err := s.Store.Link(ctx, target.Issuer, auth.Subject); {
	case err == nil:
		return nil, person.Region, nil // linked: there is nothing to ask
	case !errors.Is(err, storage.ErrNotFound):
		return nil, "", err
	}
	if by, err = s.linkableBy(ctx, target, auth); err != nil {
		return nil, "", err
	}
	return by, by.Region, nil
}

// linkableBy asks an issuer who a subject is, and checks what it says.
func (s *SignIn) linkableBy(ctx context.Context, target *upstreamIssuer, auth upstream.Authentication) (*linkable, error) {
	claims, err := target.provider.Identity(ctx, auth)
	if err != nil {
		return nil, err
	}
	if !claims.HasDocument {
		return &linkable{Name: claims.Name}, nil
	}
	document, err := identity.ParseDocument(claims.Document.Kind, claims.Document.Number, s.Clock())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errMismatch, err)
	}
	name, err := identity.NormalizeName(claims.Name)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errMismatch, err)
	}
	if target.Region == NationRegion {
		// A province takes the nation's word.
		return &linkable{HasDocument: true, Name: name.Normal, Received: received(target, name, name.Normal), Region: claims.Region, document: document}, nil
	}
	if target.beside {
		// It speaks for those whom it registered itself. Whether it says more than it may is compared with what is known here.
		if claims.Region != target.Region {
			return nil, fmt.Errorf("%w: %s speaks for a person of %s", errMismatch, target.Region, claims.Region)
		}
		return &linkable{
			HasDocument: true, Name: name.Normal, Received: received(target, name, name.Normal), Region: claims.Region, document: document, of: target.Region,
		}, nil
	}
	// The nation asks the authoritative register.
	verdict, err := s.Register.Verify(ctx, register.Claim{Name: name, Document: document})
	if err != nil {
		return nil, err
	}
	if !verdict.Matches() {
		return nil, errMismatch
	}
	form := received(target, name, verdict.Name)
	if form == nil {
		form = verdict.Received
	}
	return &linkable{HasDocument: true, Name: verdict.Name, Received: form, Region: verdict.Region, document: document}, nil
}

// received is the form in which another issuer gave a name, if it is not the one that is stored.
func received(from *upstreamIssuer, name identity.Name, stored string) *storage.ReceivedName {
	return register.Received(name.Raw, stored, correction.Issuer(from.Issuer))
}

// linked finds the person whom a subject of another issuer is linked to, or links it by a verified document.
func (s *SignIn) linked(ctx context.Context, target *upstreamIssuer, subject string, by *linkable) (outcome, error) {
	link, _, err := s.Store.Link(ctx, target.Issuer, subject)
	if err == nil && link.Frozen {
		return outcome{}, frozenLink{link.PersonID}
	}
	if err == nil {
		return outcome{person: link.PersonID}, nil
	}
	if !errors.Is(err, storage.ErrNotFound) || by == nil {
		return outcome{}, err
	}
	out, err := s.knownOrNew(ctx, by.document, by.Name, by.Received, by.Region)
	if err != nil {
		return outcome{}, err
	}
	if by.of != "" {
		if err := s.mayVouch(by, out); err != nil {
			return outcome{}, err
		}
	}
	out.link = &storage.Link{Issuer: target.Issuer, Subject: subject, PersonID: out.person, CreatedAt: s.Clock()}
	return out, nil
}

// errNeedsNation reports a person whom only the nation can confirm.
var errNeedsNation = errors.New("only the nation can confirm who it is")

// mayVouch holds an issuer beside this one to its own people: those known here to belong to its region and, of those who are new,
// those whose resident ID was issued there. A hostile province cannot so become somebody of another region.
func (s *SignIn) mayVouch(by *linkable, out outcome) error {
	if out.home != by.of {
		return fmt.Errorf("%w: %s speaks for a person of %s", errMismatch, by.of, out.home)
	}
	if out.created == nil {
		return nil
	}
	issued, ok := identity.RegionOfResidentID(by.document.Number, s.Clock())
	if by.document.Kind != identity.ResidentID || !ok || issued.Code != by.of {
		return errNeedsNation
	}
	return nil
}

func (s *SignIn) linkFailed(w http.ResponseWriter, r *http.Request, c *conversation, target *upstreamIssuer, cause error) {
	switch {
	case errors.Is(cause, errNeedsNation):
		s.problemPage(w, r, http.StatusServiceUnavailable, web.ProblemPage{Problem: web.ProblemNation, Retry: c.path()}, cause)
	case errors.Is(cause, errMismatch):
		s.problemPage(w, r, http.StatusForbidden, web.ProblemPage{Problem: web.ProblemMismatch, Subject: s.Web.Pick(r, target.Name)}, cause)
	case errors.Is(cause, register.ErrUnavailable):
		s.problemPage(w, r, http.StatusServiceUnavailable, web.ProblemPage{Problem: web.ProblemRegister}, cause)
	default:
		c.state.Upstream = &upstreamAttempt{Issuer: target.Issuer}
		s.upstreamFailed(w, r, c, target, cause)
	}
}
