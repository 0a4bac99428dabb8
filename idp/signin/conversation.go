package signin

import (
	"context"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"manyou/authenticators/otp"
	"manyou/idp/web"
	"manyou/storage"
)

// lifetime of a conversation. Nobody is hurried: each code inside it has a life of its own.
const lifetime = 30 * time.Minute

// step is a place in the state machine.
type step string

const (
	stepUpstream step = "upstream" // the browser is at another issuer
	stepPhone    step = "phone"
	stepCode     step = "code"
	stepProve    step = "prove"    // a code that is typed, by the method that the state names
	stepRelative step = "relative" // a code that a relative reads out
	stepPasskey  step = "passkey"  // by the browser's own interface
	stepQR       step = "qr"       // at another device
	stepIdentify step = "identify"
	stepChoose   step = "choose"
	stepProvince step = "province"
	stepConsent  step = "consent"
)

// state is all that a conversation knows. It is stored sealed.
type state struct {
	Step    step    `json:"step"`
	Bound   string  `json:"bound"`   // the secret that the browser has for this conversation
	Browser string  `json:"browser"` // by which attempts are limited
	Request Request `json:"request"`

	// Person is set once it is known who is signing in: from the start in a step-up, else by the last proof.
	Person string `json:"person,omitempty"`
	// Session is the session that is being stepped up or consented with; nil in a new sign-in.
	Session *storage.Session `json:"session,omitempty"`

	Phone string `json:"phone,omitempty"` // E.164
	// Shared is set if the citizen said that the number is, or was, another's, too.
	Shared    bool           `json:"shared,omitempty"`
	Challenge *otp.Challenge `json:"challenge,omitempty"`
	Proven    []proof        `json:"proven,omitempty"`
	Method    string         `json:"method,omitempty"` // which is asked for now
	QR        *qrState       `json:"qr,omitempty"`
	// Relatives is set if Person may have the second code sent to somebody, and Relative once it was sent.
	Relatives bool           `json:"relatives,omitempty"`
	Relative  *relativeState `json:"relative,omitempty"`

	Upstream *upstreamAttempt `json:"upstream,omitempty"`
	Tried    []string         `json:"tried,omitempty"` // issuers that were asked silently
	// Detached is set once the nation could not be reached: then a province turns to those beside it.
	Detached bool         `json:"detached,omitempty"`
	Pending  *pendingLink `json:"pending,omitempty"`
	Consent  *Consent     `json:"consent,omitempty"`
}

// proof is an authentication that succeeded.
type proof struct {
	Method string    `json:"method,omitempty"` // "" if another issuer proved
	Second bool      `json:"second,omitempty"` // beside a proof of the person's own
	Rung   int       `json:"rung"`
	AMR    []string  `json:"amr"`
	At     time.Time `json:"at"`
}

// conversation is a stored state with its place in storage.
type conversation struct {
	id        string
	expiresAt time.Time
	version   int64
	state     state
	// answered are the credentials that the browser's answer names, read together with the conversation.
	answered []storage.Credential
}

const idBytes = 16

var encoding = base64.RawURLEncoding

// token names a conversation in a URL: its identifier and its expiry.
func (c *conversation) token() string {
	raw, _ := encoding.DecodeString(c.id)
	return encoding.EncodeToString(binary.BigEndian.AppendUint32(raw, uint32(c.expiresAt.Unix()))) // good until 2106
}

func (c *conversation) path() string { return pathPrefix + c.token() }

func parseToken(token string) (id string, expiresAt time.Time, ok bool) {
	if len(token) != encoding.EncodedLen(idBytes+4) {
		return "", time.Time{}, false
	}
	raw, err := encoding.Strict().DecodeString(token)
	if err != nil {
		return "", time.Time{}, false
	}
	return encoding.EncodeToString(raw[:idBytes]), time.Unix(int64(binary.BigEndian.Uint32(raw[idBytes:])), 0).UTC(), true
}

// open starts a conversation in this browser and stores it.
func (s *SignIn) open(w http.ResponseWriter, r *http.Request, st state) (*conversation, error) {
	var err error
	if st.Browser, err = s.Cookies.Browser(w, r); err != nil {
		return nil, err
	}
	raw := make([]byte, idBytes)
	if _, err := io.ReadFull(s.Random, raw); err != nil {
		return nil, fmt.Errorf("open conversation: %w", err)
	}
	c := &conversation{
		id: encoding.EncodeToString(raw), expiresAt: s.Clock().Add(lifetime).Truncate(time.Second).UTC(), version: 1, state: st,
	}
	if c.state.Bound, err = s.Cookies.Bind(w, r, c.id, lifetime); err != nil {
		return nil, err
	}
	record, err := c.record()
	if err != nil {
		return nil, err
	}
	return c, s.Store.CreateConversation(r.Context(), record)
}

func (c *conversation) record() (storage.Conversation, error) {
	body, err := json.Marshal(c.state)
	if err != nil {
		return storage.Conversation{}, fmt.Errorf("encode conversation: %w", err)
	}
	return storage.Conversation{ID: c.id, ExpiresAt: c.expiresAt, Version: c.version, Body: body}, nil
}

// errAnotherBrowser reports a conversation that was begun elsewhere: somebody was sent a link to it.
var errAnotherBrowser = errors.New("the conversation belongs to another browser")

var errNoConversation = errors.New("no such conversation, or it has expired")

// load reads a conversation and checks that it is this browser's.
func (s *SignIn) load(r *http.Request, token string) (*conversation, error) {
	id, expiresAt, ok := parseToken(token)
	if !ok || !s.Clock().Before(expiresAt) {
		return nil, errNoConversation
	}
	record, answered, err := s.read(r, id, expiresAt)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, errNoConversation
	} else if err != nil {
		return nil, err
	}
	c := &conversation{id: id, expiresAt: expiresAt, version: record.Version, answered: answered}
	if err := json.Unmarshal(record.Body, &c.state); err != nil {
		return nil, fmt.Errorf("decode conversation: %w", err)
	}
	if subtle.ConstantTimeCompare([]byte(s.Cookies.Bound(r, id)), []byte(c.state.Bound)) != 1 {
		return nil, errAnotherBrowser
	}
	return c, nil
}

// read reads a conversation and, in the same round trip, the credentials that a browser's answer names.
func (s *SignIn) read(r *http.Request, id string, expiresAt time.Time) (storage.Conversation, []storage.Credential, error) {
	if d := s.discoverer(&Request{}); d != nil && r.PostForm.Get("action") == "passkey" {
		if handle, ok := d.HandleIn(r.PostForm.Get("answer")); ok {
			return s.Store.ConversationAndCredentials(r.Context(), id, expiresAt, d.Method().Name, handle)
		}
	}
	record, err := s.Store.Conversation(r.Context(), id, expiresAt)
	return record, nil, err
}

// resume loads a conversation or shows why it cannot go on.
func (s *SignIn) resume(w http.ResponseWriter, r *http.Request, token string) (*conversation, bool) {
	c, err := s.load(r, token)
	switch {
	case errors.Is(err, errNoConversation), errors.Is(err, errAnotherBrowser):
		s.problem(w, r, http.StatusBadRequest, web.ProblemExpired, err)
	case err != nil:
		s.fault(w, r, err)
	default:
		return c, true
	}
	return nil, false
}

// advance stores the changed state. Of two that changed the same version one gets storage.ErrConflict.
func (s *SignIn) advance(ctx context.Context, c *conversation) error {
	record, err := c.record()
	if err != nil {
		return err
	}
	if err := s.Store.Advance(ctx, record); err != nil {
		return err
	}
	c.version++
	return nil
}

// move goes to a step and shows its page.
func (s *SignIn) move(w http.ResponseWriter, r *http.Request, c *conversation, to step) {
	c.state.Step = to
	if err := s.advance(r.Context(), c); err != nil {
		s.fault(w, r, err)
		return
	}
	s.back(w, r, c)
}

func (s *SignIn) reference() string {
	var b [5]byte
	if _, err := io.ReadFull(s.Random, b[:]); err != nil {
		return "--------"
	}
	return base32.StdEncoding.EncodeToString(b[:])
}
