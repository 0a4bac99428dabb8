package signin

import (
	"net/http"
	"strings"

	"manyou/idp/session"
	"manyou/storage"
)

// Kinds of events in a person's history, as pages have words for them.
const (
	EventSignedIn = "signed_in"
	EventApproved = "qr_approved"
	EventRefused  = "qr_refused"
)

// Details of an event.
const (
	DetailApplication = "application"
	DetailDevice      = "device"
	DetailAddress     = "address"
	DetailRegion      = "region"
	DetailMethod      = "method" // names, joined by spaces
)

// signedIn is what a person's history says of a sign-in.
func (s *SignIn) signedIn(r *http.Request, c *conversation, begun storage.Session) (*storage.Event, error) {
	var methods []string
	for _, p := range c.state.Proven {
		if p.Method != "" {
			methods = append(methods, p.Method)
		}
	}
	return s.event(begun.PersonID, EventSignedIn, map[string]string{
		DetailApplication: s.Web.Pick(r, c.state.Request.Application), DetailDevice: session.DescribeAgent(begun.UserAgent),
		DetailAddress: s.address(r), DetailRegion: s.RegionOf(begun.Origin), DetailMethod: strings.Join(methods, " "),
	})
}

func (s *SignIn) event(person, kind string, detail map[string]string) (*storage.Event, error) {
	id, err := s.newID()
	if err != nil {
		return nil, err
	}
	for name, value := range detail {
		if value == "" {
			delete(detail, name)
		}
	}
	return &storage.Event{ID: id, PersonID: person, At: s.Clock(), Kind: kind, Detail: detail}, nil
}

// remember writes an event of its own. That it could not be written does not undo what happened.
func (s *SignIn) remember(r *http.Request, person, kind string, detail map[string]string) {
	e, err := s.event(person, kind, detail)
	if err == nil {
		err = s.Store.AddEvent(r.Context(), *e)
	}
	if err != nil {
		s.Logger.ErrorContext(r.Context(), "history not written", "kind", kind, "cause", err)
	}
}
