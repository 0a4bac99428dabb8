package signin

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"manyou/idp/session"
	"manyou/idp/ticket"
	"manyou/idp/web"
	"manyou/storage"
)

// errScan reports what was scanned and is no picture of ours, or none any more.
var errScan = errors.New("what was scanned is no ticket")

func (s *SignIn) parseScan(token string) (scanned, error) {
	var q scanned
	body, err := s.Vault.OpenToken(purposeQR, token)
	if err != nil || json.Unmarshal(body, &q) != nil || q.Round < 1 {
		return q, errScan
	}
	return q, nil
}

// scan is the page at the citizen's device: who asks, and is it you?
func (s *SignIn) scan(w http.ResponseWriter, r *http.Request) {
	if t, current, ok := s.scannedTicket(w, r); ok {
		s.renderScan(w, r, t, current, r.URL.Path)
	}
}

// answerScan takes what the citizen decided.
func (s *SignIn) answerScan(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		s.problem(w, r, http.StatusRequestEntityTooLarge, web.ProblemBadRequest, err)
		return
	}
	t, current, ok := s.scannedTicket(w, r)
	if !ok {
		return
	}
	s.Answer(w, r, t, current, r.URL.Path)
}

// Answer takes a citizen's decision about a ticket that their browser holds, and says what became of it. Without a
// decision it shows who asks; the page posts to action.
func (s *SignIn) Answer(w http.ResponseWriter, r *http.Request, t *ticket.Ticket, current storage.LiveSession, action string) {
	holder := s.Cookies.KnownBrowser(r)
	outcome, kind := "approved", EventApproved
	var err error
	switch r.PostForm.Get("action") {
	case "approve":
		number, _ := strconv.Atoi(r.PostForm.Get("number"))
		var right bool
		right, err = s.Tickets.Approve(r.Context(), t, holder, number, answerOf(current))
		if err == nil && !right {
			outcome, kind = "wrong", EventRefused
		}
	case "refuse":
		outcome, kind = "refused", EventRefused
		err = s.Tickets.Refuse(r.Context(), t, holder)
	default:
		s.renderScan(w, r, t, current, action)
		return
	}
	switch {
	case errors.Is(err, ticket.ErrTaken):
		s.endScan(w, r, http.StatusConflict, "taken")
		return
	case errors.Is(err, ticket.ErrOver):
		s.endScan(w, r, http.StatusGone, "late")
		return
	case err != nil:
		s.fault(w, r, err)
		return
	}
	s.remember(r, current.PersonID, kind, map[string]string{
		DetailApplication: s.Web.Pick(r, t.Question.Application), DetailDevice: session.DescribeAgent(t.Question.Device), DetailAddress: t.Question.Address,
	})
	s.endScan(w, r, http.StatusOK, outcome)
}

func answerOf(l storage.LiveSession) ticket.Answer {
	return ticket.Answer{
		PersonID: l.PersonID, SessionID: l.ID, SessionExpiresAt: l.ExpiresAt, Epoch: l.Epoch,
		ACR: l.ACR, AMR: l.AMR, AuthTime: l.AuthTime, Origin: l.Origin,
	}
}

func (s *SignIn) endScan(w http.ResponseWriter, r *http.Request, status int, outcome string) {
	s.Web.Render(w, r, status, &web.ScanEndPage{Outcome: outcome})
}

// scannedTicket finds the ticket that was scanned and the citizen who scanned it. The first browser to look has the
// ticket; who is not signed in there signs in first.
func (s *SignIn) scannedTicket(w http.ResponseWriter, r *http.Request) (*ticket.Ticket, storage.LiveSession, bool) {
	none := storage.LiveSession{}
	w.Header().Set("Cache-Control", "no-store")
	q, err := s.parseScan(r.PathValue("token"))
	if err != nil {
		s.endScan(w, r, http.StatusNotFound, "late")
		return nil, none, false
	}
	holder, err := s.Cookies.Browser(w, r)
	if err != nil {
		s.fault(w, r, err)
		return nil, none, false
	}
	t, err := s.claim(r, q, holder)
	switch {
	case errors.Is(err, ticket.ErrTaken):
		s.endScan(w, r, http.StatusConflict, "taken")
		return nil, none, false
	case errors.Is(err, ticket.ErrOver):
		s.endScan(w, r, http.StatusGone, "late")
		return nil, none, false
	case err != nil:
		s.fault(w, r, err)
		return nil, none, false
	}
	current, ok := s.Here(w, r, pathScan+r.PathValue("token"), t.Question.NotBefore)
	return t, current, ok
}

// claim makes a ticket of what was scanned, or finds the one that this browser has already.
func (s *SignIn) claim(r *http.Request, q scanned, holder string) (*ticket.Ticket, error) {
	if s.Clock().Unix() < q.Until {
		question, err := s.question(r, q)
		if err != nil {
			return nil, err
		}
		return s.Tickets.Take(r.Context(), q.ticketID(), q.expiresAt(), question, holder, claimLife)
	}
	t, err := s.Tickets.Read(r.Context(), q.ticketID(), q.expiresAt())
	if err == nil && t.Holder != holder {
		err = ticket.ErrOver // too late to be the first
	}
	return t, err
}

// question reads from the desk's conversation who asks.
func (s *SignIn) question(r *http.Request, q scanned) (ticket.Question, error) {
	record, err := s.Store.Conversation(r.Context(), q.Conversation, q.expiresAt())
	if errors.Is(err, storage.ErrNotFound) {
		return ticket.Question{}, ticket.ErrOver
	} else if err != nil {
		return ticket.Question{}, err
	}
	var st state
	if err := json.Unmarshal(record.Body, &st); err != nil {
		return ticket.Question{}, err
	}
	if st.Step != stepQR || st.QR == nil || st.QR.Round != q.Round {
		return ticket.Question{}, ticket.ErrOver // the desk went on without
	}
	question := ticket.Question{
		Kind: ticket.KindSignIn, Application: st.Request.Application, Device: st.QR.Agent, Address: st.QR.Address, Numbered: true,
	}
	age := s.Cookies.Lifetime // else devices that approve one another would never prove anything again
	switch {
	case st.Request.Fresh:
		age = freshSkew
	case st.Request.MaxAge != nil:
		age = min(age, time.Duration(*st.Request.MaxAge)*time.Second)
	}
	question.NotBefore = s.Clock().Add(-age)
	return question, nil
}

// freshSkew is how long before a request an authentication still counts as made for it.
const freshSkew = 10 * time.Second

// Here returns the session of this browser, or sends the citizen to sign in and back to a path of this issuer. An
// authentication before notBefore does not count.
func (s *SignIn) Here(w http.ResponseWriter, r *http.Request, path string, notBefore time.Time) (storage.LiveSession, bool) {
	current, err := s.Cookies.Current(r)
	req := Request{Fresh: err == nil && current.AuthTime.Before(notBefore)}
	switch {
	case err == nil && !req.Fresh:
		return current, true
	case err != nil && !errors.Is(err, storage.ErrNotFound):
		s.fault(w, r, err)
		return storage.LiveSession{}, false
	}
	if req.Body, err = s.Host.Local(path); err != nil {
		s.fault(w, r, err)
		return storage.LiveSession{}, false
	}
	s.Begin(w, r, req, nil)
	return storage.LiveSession{}, false
}

// renderScan shows who asks.
func (s *SignIn) renderScan(w http.ResponseWriter, r *http.Request, t *ticket.Ticket, current storage.LiveSession, action string) {
	person, err := s.Store.Person(r.Context(), current.PersonID)
	if err != nil {
		s.fault(w, r, err)
		return
	}
	q := t.Question
	page := &web.ScanPage{
		Action: action, Asker: s.Web.Pick(r, q.Application), Region: s.regionName(r), Name: person.Name,
		Device: session.DescribeAgent(q.Device), Address: q.Address, SamePlace: q.Address != "" && q.Address == s.address(r), Message: q.Message,
	}
	for _, n := range t.Choices {
		page.Choices = append(page.Choices, strconv.Itoa(n))
	}
	s.Web.Render(w, r, http.StatusOK, page)
}

// regionName is what this issuer's region is called.
func (s *SignIn) regionName(r *http.Request) string { return s.Web.Pick(r, s.Name) }
