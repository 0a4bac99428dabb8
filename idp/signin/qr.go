package signin

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"manyou/authenticators/otp"
	"manyou/idp/session"
	"manyou/idp/ticket"
	"manyou/idp/web"
	"manyou/storage"
)

const (
	purposeQR = "qr"
	// qrLife is how long a picture may be scanned, qrFresh how long it is shown before there is another.
	qrLife  = time.Minute
	qrFresh = 40 * time.Second
	// claimLife is how long the citizen has at the other device once it was scanned. Nobody is hurried: they may have
	// to sign in there first.
	claimLife = 5 * time.Minute
	// qrRung is the highest rung that signing in by another device reaches: the citizen may have been talked into
	// scanning (BCP 247 §4.1), whatever they proved there.
	qrRung = 2
	// pathScan is where the picture leads.
	pathScan = "/scan/"
)

// qrState is a desk that shows a code.
type qrState struct {
	Round   int    `json:"round"`   // counts the tickets that this conversation asked with
	Agent   string `json:"agent"`   // the desk's browser
	Address string `json:"address"` // and where it is
}

// scanned is what the picture holds, sealed: which desk asks, and until when. It is not what redeems the answer: that is
// the desk's own cookie.
type scanned struct {
	Conversation string `json:"c"`
	ExpiresAt    int64  `json:"x"` // of the conversation, seconds
	Round        int    `json:"r"`
	Until        int64  `json:"u"` // seconds
}

func (q scanned) ticketID() string { return q.Conversation + "." + strconv.Itoa(q.Round) }

func (q scanned) expiresAt() time.Time { return time.Unix(q.ExpiresAt, 0).UTC() }

// toQR shows a code for another device of the citizen.
func (s *SignIn) toQR(w http.ResponseWriter, r *http.Request, c *conversation) {
	if !c.state.Request.allows(methodQR) || c.state.Pending != nil {
		s.back(w, r, c)
		return
	}
	round := 1
	if c.state.QR != nil {
		round = c.state.QR.Round + 1
	}
	c.state.QR = &qrState{Round: round, Agent: session.Agent(r), Address: s.address(r)}
	s.move(w, r, c, stepQR)
}

func (c *conversation) scanned() scanned {
	return scanned{Conversation: c.id, ExpiresAt: c.expiresAt.Unix(), Round: c.state.QR.Round}
}

// showQR is the desk's page, at whatever point the other device is. Once that has approved, the conversation ends.
func (s *SignIn) showQR(w http.ResponseWriter, r *http.Request, c *conversation) {
	q := c.scanned()
	page := &web.QRPage{Frame: s.frame(r, c), Action: c.path(), State: "waiting"}
	t, err := s.Tickets.Read(r.Context(), q.ticketID(), c.expiresAt)
	switch {
	case errors.Is(err, ticket.ErrOver): // nobody scanned it yet
		if page.QR, err = s.qr(q); err != nil {
			s.fault(w, r, err)
			return
		}
		page.RefreshAfter = qrFresh
	case err != nil:
		s.fault(w, r, err)
		return
	case t.Status == ticket.Approved:
		s.arriveFromDevice(w, r, c, t)
		return
	case t.Status == ticket.Refused:
		page.State = "refused"
	case s.Tickets.Over(t):
		page.State = "expired"
	default:
		page.State, page.Number = "scanned", strconv.Itoa(t.Number)
	}
	page.EventsURL = c.path() + "/events"
	if t != nil {
		page.EventsURL += "?known=" + strconv.FormatInt(t.Version(), 10)
	}
	s.Web.Render(w, r, http.StatusOK, page)
}

// qr draws the picture. Each one is new, and nothing is stored for it.
func (s *SignIn) qr(q scanned) ([]byte, error) {
	q.Until = s.Clock().Add(qrLife).Unix()
	body, err := json.Marshal(q)
	if err != nil {
		return nil, fmt.Errorf("encode ticket: %w", err)
	}
	token, err := s.Vault.SealToken(purposeQR, body)
	if err != nil {
		return nil, err
	}
	return otp.QRSVG(s.Issuer + pathScan + token)
}

// events tells the desk that the other device did something.
func (s *SignIn) events(w http.ResponseWriter, r *http.Request) {
	c, err := s.load(r, r.PathValue("conversation"))
	if err != nil || c.state.QR == nil {
		http.Error(w, "nobody is waited for", http.StatusNotFound)
		return
	}
	known, _ := strconv.ParseInt(r.URL.Query().Get("known"), 10, 64) // absent: there was no ticket
	s.Changes.Serve(w, r, c.scanned().ticketID(), known)
}

// arriveFromDevice signs in whoever approved. The ticket is used up in the same transaction, and the session that it was
// approved with has to stand.
func (s *SignIn) arriveFromDevice(w http.ResponseWriter, r *http.Request, c *conversation, t *ticket.Ticket) {
	record, err := t.Record()
	if err != nil {
		s.fault(w, r, err)
		return
	}
	a := t.Answer
	amr := slices.Clone(a.AMR)
	if !slices.Contains(amr, "mca") {
		amr = append(amr, "mca") // RFC 8176 §2: more than one channel
	}
	c.state.Session = nil
	c.state.Proven = []proof{{Method: methodQR, Rung: min(a.ACR, qrRung), AMR: amr, At: a.AuthTime}}
	s.complete(w, r, c, func() (outcome, error) {
		return outcome{person: a.PersonID, origin: a.Origin, ticket: &record, rests: &storage.SessionRef{ID: a.SessionID, ExpiresAt: a.SessionExpiresAt}}, nil
	})
}
