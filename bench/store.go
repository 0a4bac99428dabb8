package main

import (
	"context"
	"maps"
	"sync"
	"time"

	"manyou/storage"
)

// Kinds of a call of storage.
const (
	reads   = "reads"
	durable = "durable" // a transaction that is on disk when the call returns
	relaxed = "relaxed" // a write whose last moments a crash may undo
)

// kinds are the calls that write, as the contract of storage.Store has it; all others read.
var kinds = map[string]string{
	"Redeem": durable, "Rotate": durable, "EndGrant": durable, "CompleteSignIn": durable, "EndSession": durable,
	"AddCredential": durable, "UseCredential": durable, "RemoveCredential": durable, "PutConsent": durable, "Use": durable, "AddEvent": durable,
	"CreateConversation": relaxed, "Advance": relaxed, "EndConversation": relaxed, "Count": relaxed,
	"CreateTicket": relaxed, "AdvanceTicket": relaxed,
}

func kindOf(call string) string {
	if k, ok := kinds[call]; ok {
		return k
	}
	return reads
}

// countingStore counts the calls that requests of the protocol and its pages make.
type countingStore struct {
	storage.Store
	mu    sync.Mutex
	calls map[string]int64
}

var _ storage.Store = (*countingStore)(nil)

func newCountingStore(s storage.Store) *countingStore {
	return &countingStore{Store: s, calls: map[string]int64{}}
}

func (c *countingStore) count(call string) {
	c.mu.Lock()
	c.calls[call]++
	c.mu.Unlock()
}

// counted returns the calls made so far, by method.
func (c *countingStore) counted() map[string]int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.calls)
}

func (c *countingStore) Person(ctx context.Context, id string) (storage.Person, error) {
	c.count("Person")
	return c.Store.Person(ctx, id)
}

func (c *countingStore) PersonByDocument(ctx context.Context, d storage.Document) (storage.Person, error) {
	c.count("PersonByDocument")
	return c.Store.PersonByDocument(ctx, d)
}

func (c *countingStore) RegisterEntry(ctx context.Context, d storage.Document) (storage.RegisterEntry, error) {
	c.count("RegisterEntry")
	return c.Store.RegisterEntry(ctx, d)
}

func (c *countingStore) Link(ctx context.Context, issuer, subject string) (storage.Link, storage.Person, error) {
	c.count("Link")
	return c.Store.Link(ctx, issuer, subject)
}

func (c *countingStore) LinksOf(ctx context.Context, personID string) ([]storage.Link, error) {
	c.count("LinksOf")
	return c.Store.LinksOf(ctx, personID)
}

func (c *countingStore) AddCredential(ctx context.Context, n storage.Credential) error {
	c.count("AddCredential")
	return c.Store.AddCredential(ctx, n)
}

func (c *countingStore) CredentialsOf(ctx context.Context, personID string) ([]storage.Credential, error) {
	c.count("CredentialsOf")
	return c.Store.CredentialsOf(ctx, personID)
}

func (c *countingStore) CredentialsByHandle(ctx context.Context, method, handle string) ([]storage.Credential, error) {
	c.count("CredentialsByHandle")
	return c.Store.CredentialsByHandle(ctx, method, handle)
}

func (c *countingStore) UseCredential(ctx context.Context, u storage.CredentialUse, at time.Time) error {
	c.count("UseCredential")
	return c.Store.UseCredential(ctx, u, at)
}

func (c *countingStore) RemoveCredential(ctx context.Context, personID, id string) error {
	c.count("RemoveCredential")
	return c.Store.RemoveCredential(ctx, personID, id)
}

func (c *countingStore) VoidedSince(ctx context.Context, since time.Time, limit int) ([]storage.Void, error) {
	c.count("VoidedSince")
	return c.Store.VoidedSince(ctx, since, limit)
}

func (c *countingStore) Session(ctx context.Context, id []byte, expiresAt time.Time) (storage.LiveSession, error) {
	c.count("Session")
	return c.Store.Session(ctx, id, expiresAt)
}

func (c *countingStore) EndSession(ctx context.Context, id []byte, expiresAt, at time.Time) error {
	c.count("EndSession")
	return c.Store.EndSession(ctx, id, expiresAt, at)
}

func (c *countingStore) CompleteSignIn(ctx context.Context, s storage.SignIn) (int64, error) {
	c.count("CompleteSignIn")
	return c.Store.CompleteSignIn(ctx, s)
}

func (c *countingStore) Redeem(ctx context.Context, g storage.Grant, now time.Time) (storage.Grant, error) {
	c.count("Redeem")
	return c.Store.Redeem(ctx, g, now)
}

func (c *countingStore) Rotate(ctx context.Context, id []byte, expiresAt time.Time, generation int64, now time.Time) (storage.Grant, error) {
	c.count("Rotate")
	return c.Store.Rotate(ctx, id, expiresAt, generation, now)
}

func (c *countingStore) Grant(ctx context.Context, id []byte, expiresAt, now time.Time) (storage.LiveGrant, error) {
	c.count("Grant")
	return c.Store.Grant(ctx, id, expiresAt, now)
}

func (c *countingStore) EndGrant(ctx context.Context, id []byte, expiresAt time.Time, clientID string, at time.Time) error {
	c.count("EndGrant")
	return c.Store.EndGrant(ctx, id, expiresAt, clientID, at)
}

func (c *countingStore) CreateConversation(ctx context.Context, n storage.Conversation) error {
	c.count("CreateConversation")
	return c.Store.CreateConversation(ctx, n)
}

func (c *countingStore) Conversation(ctx context.Context, id string, expiresAt time.Time) (storage.Conversation, error) {
	c.count("Conversation")
	return c.Store.Conversation(ctx, id, expiresAt)
}

func (c *countingStore) Advance(ctx context.Context, n storage.Conversation) error {
	c.count("Advance")
	return c.Store.Advance(ctx, n)
}

func (c *countingStore) EndConversation(ctx context.Context, n storage.Conversation) error {
	c.count("EndConversation")
	return c.Store.EndConversation(ctx, n)
}

func (c *countingStore) Application(ctx context.Context, clientID string) (storage.Application, error) {
	c.count("Application")
	return c.Store.Application(ctx, clientID)
}

func (c *countingStore) ListUpstreams(ctx context.Context) ([]storage.Upstream, error) {
	c.count("ListUpstreams")
	return c.Store.ListUpstreams(ctx)
}

func (c *countingStore) PutConsent(ctx context.Context, n storage.Consent) error {
	c.count("PutConsent")
	return c.Store.PutConsent(ctx, n)
}

func (c *countingStore) Consent(ctx context.Context, personID, clientID string) (storage.Consent, error) {
	c.count("Consent")
	return c.Store.Consent(ctx, personID, clientID)
}

func (c *countingStore) Count(ctx context.Context, keys []string, n int64, expiresAt time.Time) ([]int64, error) {
	c.count("Count")
	return c.Store.Count(ctx, keys, n, expiresAt)
}

func (c *countingStore) Use(ctx context.Context, kind, value string, expiresAt time.Time) error {
	c.count("Use")
	return c.Store.Use(ctx, kind, value, expiresAt)
}

func (c *countingStore) Used(ctx context.Context, kind, value string, expiresAt time.Time) (bool, error) {
	c.count("Used")
	return c.Store.Used(ctx, kind, value, expiresAt)
}

func (c *countingStore) ConversationAndCredentials(ctx context.Context, id string, expiresAt time.Time, method, handle string) (storage.Conversation, []storage.Credential, error) {
	c.count("ConversationAndCredentials")
	return c.Store.ConversationAndCredentials(ctx, id, expiresAt, method, handle)
}

func (c *countingStore) CreateTicket(ctx context.Context, t storage.Ticket, at time.Time) error {
	c.count("CreateTicket")
	return c.Store.CreateTicket(ctx, t, at)
}

func (c *countingStore) Ticket(ctx context.Context, id string, expiresAt time.Time) (storage.Ticket, error) {
	c.count("Ticket")
	return c.Store.Ticket(ctx, id, expiresAt)
}

func (c *countingStore) AdvanceTicket(ctx context.Context, t storage.Ticket, at time.Time) error {
	c.count("AdvanceTicket")
	return c.Store.AdvanceTicket(ctx, t, at)
}

func (c *countingStore) AddEvent(ctx context.Context, e storage.Event) error {
	c.count("AddEvent")
	return c.Store.AddEvent(ctx, e)
}
