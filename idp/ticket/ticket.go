package ticket

import (
	"context"
	"crypto/subtle"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"manyou/storage"
)

// Status is a place in the state machine.
type Status string

// The places. A ticket whose deadline has passed is over, whatever its place.
const (
	Waiting  Status = "waiting"
	Claimed  Status = "claimed"
	Approved Status = "approved"
	Refused  Status = "refused"
)

// Reasons why a ticket was refused.
const (
	ReasonPerson = "person" // the citizen said no
	ReasonNumber = "number" // the number was another
)

// Kind is what a ticket is for.
type Kind string

// The kinds.
const (
	KindSignIn  Kind = "sign_in" // a browser that shows a QR code
	KindDevice  Kind = "device"  // RFC 8628
	KindCounter Kind = "counter" // the citizen shows a code, an application reads it
)

// Question is what the second device is told of who asks.
type Question struct {
	Kind        Kind              `json:"kind"`
	Application map[string]string `json:"application,omitempty"` // its name by language
	ClientID    string            `json:"client_id,omitempty"`
	Device      string            `json:"device,omitempty"` // the User-Agent that asks
	Address     string            `json:"address,omitempty"`
	Scopes      []string          `json:"scopes,omitempty"`
	Message     string            `json:"message,omitempty"` // shown on both sides
	// NotBefore is the oldest authentication that may answer; zero if any may.
	NotBefore time.Time `json:"not_before,omitzero"`
	// Numbered means that the citizen has to choose the number which the first screen shows.
	Numbered bool `json:"numbered,omitempty"`
}

// Answer is who approved, and on which session that rests.
type Answer struct {
	PersonID         string    `json:"person"`
	SessionID        []byte    `json:"session"`
	SessionExpiresAt time.Time `json:"session_expires_at"`
	Epoch            int64     `json:"epoch"`
	ACR              int       `json:"acr"`
	AMR              []string  `json:"amr"`
	AuthTime         time.Time `json:"auth_time"`
	Origin           string    `json:"origin,omitempty"`
}

// Ticket is a question with what became of it.
type Ticket struct {
	ID        string
	ExpiresAt time.Time // of its record; part of the key
	version   int64
	body
}

// body is what is stored, sealed.
type body struct {
	Status   Status    `json:"status"`
	Deadline time.Time `json:"deadline"`
	Question Question  `json:"question"`
	Holder   string    `json:"holder,omitempty"` // the browser that claimed it
	Number   int       `json:"number,omitempty"`
	Choices  []int     `json:"choices,omitempty"` // what the holder chooses from
	Answer   *Answer   `json:"answer,omitempty"`
	Reason   string    `json:"reason,omitempty"`
}

// Store is what tickets need of storage.
type Store interface {
	CreateTicket(ctx context.Context, t storage.Ticket, at time.Time) error
	Ticket(ctx context.Context, id string, expiresAt time.Time) (storage.Ticket, error)
	AdvanceTicket(ctx context.Context, t storage.Ticket, at time.Time) error
	TicketsChangedSince(ctx context.Context, since time.Time, limit int) ([]storage.TicketChange, error)
}

// Tickets are the tickets of one issuer.
type Tickets struct {
	store  Store
	clock  func() time.Time
	random io.Reader
}

// New returns the tickets in a store.
func New(s Store, clock func() time.Time, random io.Reader) *Tickets {
	return &Tickets{s, clock, random}
}

var (
	// ErrTaken reports a ticket that another device has, or that was answered already.
	ErrTaken = errors.New("the ticket is another device's, or was answered")
	// ErrOver reports a ticket that does not exist or whose time is over.
	ErrOver = errors.New("the ticket is over")
)

// Open makes a ticket that waits for a second device. ErrTaken if there is one with this identifier.
func (s *Tickets) Open(ctx context.Context, id string, expiresAt time.Time, q Question, life time.Duration) (*Ticket, error) {
	t := &Ticket{ID: id, ExpiresAt: expiresAt, body: body{Status: Waiting, Deadline: s.clock().Add(life), Question: q}}
	return t, s.create(ctx, t)
}

// Take makes a ticket that the second device has at once: it was scanned, and nothing was stored before. The same
// browser gets the same ticket again. ErrTaken if another has it.
func (s *Tickets) Take(ctx context.Context, id string, expiresAt time.Time, q Question, holder string, life time.Duration) (*Ticket, error) {
	t := &Ticket{ID: id, ExpiresAt: expiresAt, body: body{Question: q}}
	if err := s.give(t, holder, life); err != nil {
		return nil, err
	}
	err := s.create(ctx, t)
	if !errors.Is(err, ErrTaken) {
		return t, err
	}
	known, err := s.Read(ctx, id, expiresAt)
	if err == nil && known.Holder != holder {
		err = ErrTaken
	}
	return known, err
}

// Claim gives a waiting ticket to a browser. The one that has it gets it again.
func (s *Tickets) Claim(ctx context.Context, t *Ticket, holder string, life time.Duration) error {
	if t.Status == Claimed && t.Holder == holder {
		return nil
	}
	if t.Status != Waiting || t.Holder != "" {
		return ErrTaken
	}
	if err := s.give(t, holder, life); err != nil {
		return err
	}
	return s.advance(ctx, t)
}

// Offer makes a ticket that the second device shows, for somebody to ask with.
func (s *Tickets) Offer(ctx context.Context, id string, expiresAt time.Time, holder string, life time.Duration) (*Ticket, error) {
	t := &Ticket{ID: id, ExpiresAt: expiresAt, body: body{Status: Waiting, Deadline: s.clock().Add(life), Holder: holder}}
	return t, s.create(ctx, t)
}

// Ask puts a question to the device that offered a ticket. The first who asks has it.
func (s *Tickets) Ask(ctx context.Context, t *Ticket, q Question, life time.Duration) error {
	switch {
	case t.Status != Waiting || t.Holder == "":
		return ErrTaken
	case s.Over(t):
		return ErrOver
	}
	t.Question = q
	if err := s.give(t, t.Holder, life); err != nil {
		return err
	}
	return s.advance(ctx, t)
}

// give makes a ticket a browser's.
func (s *Tickets) give(t *Ticket, holder string, life time.Duration) error {
	t.Status, t.Holder, t.Deadline = Claimed, holder, s.clock().Add(life)
	if !t.Question.Numbered {
		return nil
	}
	for len(t.Choices) < choices {
		n, err := s.number()
		if err != nil {
			return err
		}
		if !slices.Contains(t.Choices, n) {
			t.Choices = append(t.Choices, n)
		}
	}
	t.Number = t.Choices[0]
	slices.Sort(t.Choices) // their order says nothing
	return nil
}

// choices is how many numbers the citizen chooses from.
const choices = 3

// number draws a number of two digits. The remainder makes some a little likelier; with one try that gives nothing away.
func (s *Tickets) number() (int, error) {
	var b [4]byte
	if _, err := io.ReadFull(s.random, b[:]); err != nil {
		return 0, fmt.Errorf("draw a number: %w", err)
	}
	return 10 + int(binary.BigEndian.Uint32(b[:])%90), nil
}

// Approve answers a ticket for its holder. A wrong number refuses it for good: there is one try. ErrTaken if it is not
// the holder's to answer, ErrOver if it is too late.
func (s *Tickets) Approve(ctx context.Context, t *Ticket, holder string, number int, a Answer) (bool, error) {
	if err := s.holds(t, holder); err != nil {
		return false, err
	}
	if t.Question.Numbered && number != t.Number {
		t.Status, t.Reason = Refused, ReasonNumber
		return false, s.advance(ctx, t)
	}
	t.Status, t.Answer = Approved, &a
	err := s.advance(ctx, t)
	return err == nil, err
}

// Refuse says no.
func (s *Tickets) Refuse(ctx context.Context, t *Ticket, holder string) error {
	if err := s.holds(t, holder); err != nil {
		return err
	}
	t.Status, t.Reason = Refused, ReasonPerson
	return s.advance(ctx, t)
}

func (s *Tickets) holds(t *Ticket, holder string) error {
	switch {
	case t.Status != Claimed || subtle.ConstantTimeCompare([]byte(t.Holder), []byte(holder)) != 1:
		return ErrTaken
	case s.Over(t):
		return ErrOver
	}
	return nil
}

// Over reports whether the deadline of a ticket has passed.
func (s *Tickets) Over(t *Ticket) bool { return !s.clock().Before(t.Deadline) }

// Read returns a ticket. ErrOver if there is none.
func (s *Tickets) Read(ctx context.Context, id string, expiresAt time.Time) (*Ticket, error) {
	record, err := s.store.Ticket(ctx, id, expiresAt)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, ErrOver
	} else if err != nil {
		return nil, fmt.Errorf("read ticket: %w", err)
	}
	t := &Ticket{ID: record.ID, ExpiresAt: record.ExpiresAt, version: record.Version}
	if err := json.Unmarshal(record.Body, &t.body); err != nil {
		return nil, fmt.Errorf("decode ticket: %w", err)
	}
	return t, nil
}

func (s *Tickets) create(ctx context.Context, t *Ticket) error {
	t.version = 1
	record, err := t.Record()
	if err != nil {
		return err
	}
	if err := s.store.CreateTicket(ctx, record, s.clock()); errors.Is(err, storage.ErrConflict) {
		return ErrTaken
	} else if err != nil {
		return fmt.Errorf("store ticket: %w", err)
	}
	return nil
}

func (s *Tickets) advance(ctx context.Context, t *Ticket) error {
	record, err := t.Record()
	if err != nil {
		return err
	}
	if err := s.store.AdvanceTicket(ctx, record, s.clock()); errors.Is(err, storage.ErrConflict) {
		return ErrTaken
	} else if err != nil {
		return fmt.Errorf("store ticket: %w", err)
	}
	t.version++
	return nil
}

// Version grows with every change of a ticket.
func (t *Ticket) Version() int64 { return t.version }

// Record is the ticket as it is stored, at the version that was read: what the transaction that uses it up names.
func (t *Ticket) Record() (storage.Ticket, error) {
	b, err := json.Marshal(t.body)
	if err != nil {
		return storage.Ticket{}, fmt.Errorf("encode ticket: %w", err)
	}
	return storage.Ticket{ID: t.ID, ExpiresAt: t.ExpiresAt, Version: t.version, Body: b}, nil
}
