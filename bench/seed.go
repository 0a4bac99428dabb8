package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"manyou/cmd/manyou/backend"
	"manyou/federation/identity"
	"manyou/idp"
	"manyou/storage"
	"manyou/storage/vault"
)

// world is what the database was filled with, as far as the driver needs it.
type world struct {
	Cookies   []string  `json:"cookies"` // values of session cookies, one for each citizen known
	Newcomers []citizen `json:"newcomers"`
}

// citizen is an invented person.
type citizen struct {
	Name   string `json:"name"`
	Number string `json:"number"` // resident ID
	Phone  string `json:"phone"`  // E.164
}

// The application that asks.
const (
	clientID     = "bench"
	clientSecret = "bench-secret-of-thirty-two-characters"
	redirectURI  = "https://application.example/callback"
)

// invent makes the nth citizen: a resident ID under a province-level code, which no real person has.
func invent(n int) (citizen, error) {
	const perDay = 999 // sequence numbers of one birth date
	born := time.Date(1950, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, n/perDay)
	body := fmt.Sprintf("330000%s%03d", born.Format("20060102"), n%perDay+1)
	check, ok := identity.ResidentIDCheck(body)
	if !ok {
		return citizen{}, fmt.Errorf("citizen %d: no resident ID begins with %s", n, body)
	}
	return citizen{Name: "王小明", Number: body + string(check), Phone: phoneOf(n)}, nil
}

// phoneOf is the phone of the nth citizen. Those with a session come first.
func phoneOf(n int) string { return fmt.Sprintf("+86139%08d", n) }

// seed fills a new database through the store, as sign-ins and an import would.
func seed(ctx context.Context, t task, say func(any) error) error {
	root, err := vault.ParseRoot(t.Root)
	if err != nil {
		return err
	}
	if err := backend.Migrate(ctx, t.Database); err != nil {
		return err
	}
	store, v, err := backend.Open(ctx, t.Database, root)
	if err != nil {
		return err
	}
	defer store.Close()
	now := time.Now().UTC().Truncate(time.Second)
	if err := store.Maintain(ctx, now); err != nil {
		return err
	}
	if err := store.PutApplication(ctx, storage.Application{
		ClientID: clientID, Status: storage.ApplicationPublished, Name: map[string]string{"zh": "浙里办事", "en": "Services"},
		Region: region, AuthMethod: "client_secret_basic", SecretHash: idp.HashSecret(v, clientSecret),
		RedirectURIs: []string{redirectURI}, GrantTypes: []string{"authorization_code", "refresh_token", "client_credentials"},
		Scopes: []string{"openid", "profile", "api"}, SectorIdentifier: "application.example", IDTokenAlg: "ES256",
		CreatedAt: now, UpdatedAt: now,
	}); err != nil {
		return err
	}
	w := world{Cookies: make([]string, t.Sessions)}
	var entries []storage.RegisterEntry
	for n := t.Sessions; n < t.Sessions+t.Newcomers; n++ {
		c, err := invent(n)
		if err != nil {
			return err
		}
		w.Newcomers = append(w.Newcomers, c)
		entries = append(entries, storage.RegisterEntry{
			Document: storage.Document{Kind: "resident_id", Number: c.Number}, Name: c.Name, Phone: c.Phone, Region: region,
			Status: storage.RegisterValid,
		})
	}
	if err := store.PutRegister(ctx, entries, storage.ImportProgress{Source: "bench", Done: true}); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(16)
	for n := range t.Sessions {
		g.Go(func() (err error) {
			w.Cookies[n], err = signIn(ctx, store, n, now)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return say(w)
}

// signIn writes the nth citizen with a phone and a session and returns the value of the session's cookie: the secret,
// then the expiry in seconds (see idp/session).
func signIn(ctx context.Context, store storage.Store, n int, now time.Time) (string, error) {
	c, err := invent(n)
	if err != nil {
		return "", err
	}
	cookie := make([]byte, 32, 36)
	if _, err := rand.Read(cookie); err != nil {
		return "", err
	}
	id, expires := sha256.Sum256(cookie), now.Add(12*time.Hour)
	cookie = binary.BigEndian.AppendUint32(cookie, uint32(expires.Unix())) // good until 2106
	conversation := storage.Conversation{ID: fmt.Sprintf("seed-%d", n), ExpiresAt: now.Add(time.Hour)}
	if err := store.CreateConversation(ctx, conversation); err != nil {
		return "", err
	}
	person := fmt.Sprintf("person-%d", n)
	_, err = store.CompleteSignIn(ctx, storage.SignIn{
		ConversationID: conversation.ID, ConversationExpiresAt: conversation.ExpiresAt, ConversationVersion: 1,
		Person: &storage.Person{
			ID: person, Name: c.Name, Region: region, Status: storage.PersonActive, Epoch: 1, CreatedAt: now,
			Documents: []storage.Document{{Kind: "resident_id", Number: c.Number}},
		},
		Credential: &storage.Credential{
			ID: fmt.Sprintf("sms-%d", n), PersonID: person, Method: "sms", Handle: c.Phone, CreatedAt: now, LastUsedAt: now,
		},
		Session: storage.Session{
			ID: id[:], ExpiresAt: expires, PersonID: person, AuthTime: now, ACR: 1, AMR: []string{"otp", "sms"},
			UserAgent: userAgent, CreatedAt: now,
		},
	})
	return base64.RawURLEncoding.EncodeToString(cookie), err
}
