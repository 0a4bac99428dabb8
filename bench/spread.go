package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"manyou/authenticators/otp"
	"manyou/cmd/manyou/backend"
	"manyou/cmd/manyou/methods"
	"manyou/federation/register"
	"manyou/federation/signals"
	"manyou/idp"
	"manyou/storage"
	"manyou/storage/vault"
)

// The federation whose corrections are measured.
const (
	spreadRegions = 34
	spreadChanges = 60
	spreadDown    = 10
)

// spreadRole is the argument of the process that measures how a correction spreads.
const spreadRole = "child:spread"

// spreading is a nation and its regions in one process, each with a database of its own, that tell each other over HTTP.
type spreading struct {
	nation  *spreadIssuer
	regions []*spreadIssuer
	later   atomic.Int64 // by how much their clocks are ahead of the real one
	dir     string
}

// spreadIssuer is one of them.
type spreadIssuer struct {
	storage.Store
	url  string
	gate *gate
	mu   sync.Mutex
	// held are the moments at which holds took effect here, and order is that in which they did.
	held  map[string]time.Time
	order []string
}

// PlaceHold notes when a hold has taken effect.
func (s *spreadIssuer) PlaceHold(ctx context.Context, h storage.Hold) error {
	err := s.Store.PlaceHold(ctx, h)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, before := s.held[h.ID]; !before && err == nil {
		s.held[h.ID] = time.Now()
		s.order = append(s.order, h.ID)
	}
	return err
}

func (s *spreadIssuer) heldAt(id string) (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, ok := s.held[id]
	return at, ok
}

func (s *spreading) clock() time.Time { return time.Now().Add(time.Duration(s.later.Load())) }

// discarding sends no message.
type discarding struct{}

func (discarding) Send(context.Context, otp.Message) error { return nil }

// issuer starts one in this process.
func (s *spreading) issuer(ctx context.Context, g *errgroup.Group, name string, role idp.Role, region string) (*spreadIssuer, error) {
	t, err := s.database(ctx, name)
	if err != nil {
		return nil, err
	}
	opened, v, err := t.open(ctx)
	if err != nil {
		return nil, err
	}
	listener, err := loopback(ctx)
	if err != nil {
		return nil, err
	}
	i := &spreadIssuer{Store: opened, held: map[string]time.Time{}, url: localURL(listener)}
	issuer, err := newSpreadIssuer(ctx, spreadConfig{url: i.url, name: name, role: role, region: region, store: i, vault: v, clock: s.clock})
	if err != nil {
		return nil, err
	}
	g.Go(func() error { return issuer.Run(ctx) })
	gate := &gate{Listener: listener, next: issuer.Handler()}
	i.gate = gate
	serve(ctx, g, gate, gate)
	return i, i.seedHash(ctx, v)
}

// database makes the database of an issuer.
func (s *spreading) database(ctx context.Context, name string) (task, error) {
	root, err := vault.NewRoot(rand.Reader)
	if err != nil {
		return task{}, err
	}
	t := task{Database: "sqlite://" + filepath.Join(s.dir, name+".db"), Root: root.Text()}
	return t, backend.Migrate(ctx, t.Database)
}

// open opens a database that was made.
func (t task) open(ctx context.Context) (storage.Store, *vault.Vault, error) {
	root, err := vault.ParseRoot(t.Root)
	if err != nil {
		return nil, nil, err
	}
	return backend.Open(ctx, t.Database, root)
}

func localURL(l net.Listener) string {
	return "http://localhost:" + strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// seedHash stores an application whose secret's hash others get: it differs with each vault.
func (s *spreadIssuer) seedHash(ctx context.Context, v *vault.Vault) error {
	return s.PutApplication(ctx, storage.Application{ClientID: "hash", Status: storage.ApplicationDraft, SecretHash: idp.HashSecret(v, clientSecret)})
}

// spreadConfig is what an issuer that is measured is made of.
type spreadConfig struct {
	url, name string
	role      idp.Role
	region    string
	store     storage.Store
	vault     *vault.Vault
	clock     func() time.Time
}

func newSpreadIssuer(ctx context.Context, c spreadConfig) (*idp.Issuer, error) {
	title := map[string]string{"zh": c.name, "en": c.name}
	offered, err := methods.New(methods.Config{Issuer: c.url, Name: title, Random: rand.Reader})
	if err != nil {
		return nil, err
	}
	return idp.New(ctx, idp.Config{
		Issuer: c.url, Role: c.role, Region: c.region, Name: title, Store: c.store, Vault: c.vault, Methods: offered, Messages: discarding{},
		Register: register.NewTable(c.store), Clock: c.clock, Logger: slog.New(slog.DiscardHandler),
	})
}

// newSpreading starts a nation and regions that are told by it.
func newSpreading(ctx context.Context, g *errgroup.Group, dir string, regions int) (*spreading, error) {
	s := &spreading{dir: dir}
	var err error
	if s.nation, err = s.issuer(ctx, g, "nation", idp.National, "00"); err != nil {
		return nil, err
	}
	return s, s.addRegions(ctx, g, regions)
}

// addRegions starts regions that are told by the nation.
func (s *spreading) addRegions(ctx context.Context, g *errgroup.Group, regions int) error {
	hash, err := s.nation.Application(ctx, "hash")
	if err != nil {
		return err
	}
	for n := range regions {
		region, id := strconv.Itoa(11+n), fmt.Sprintf("issuer-%d", n)
		r, err := s.issuer(ctx, g, "region-"+region, idp.Province, region)
		if err != nil {
			return err
		}
		s.regions = append(s.regions, r)
		if err := s.nation.PutApplication(ctx, storage.Application{
			ClientID: id, Status: storage.ApplicationPublished, Region: region, AuthMethod: "client_secret_basic", SecretHash: hash.SecretHash,
			RedirectURIs: []string{r.url + idp.CallbackPath}, GrantTypes: []string{"authorization_code", "client_credentials"},
			Scopes: []string{"openid", signals.ScopeManage, signals.ScopeRead}, SectorIdentifier: id, IDTokenAlg: "ES256", Issuer: true,
		}); err != nil {
			return err
		}
		if err := r.PutUpstream(ctx, storage.Upstream{
			Issuer: s.nation.url, Region: "00", ClientID: id, ClientSecret: clientSecret, AuthMethod: "client_secret_basic", Scopes: []string{"openid"},
			Status: storage.UpstreamActive,
		}); err != nil {
			return err
		}
	}
	return s.wait(ctx, "streams", func() (bool, error) {
		list, err := s.nation.ListStreams(ctx)
		return len(list) == regions, err
	})
}

var errSpread = errors.New("it never came about")

func (s *spreading) wait(ctx context.Context, what string, holds func() (bool, error)) error {
	for range 6000 {
		ok, err := holds()
		if ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
	return fmt.Errorf("%w: %s", errSpread, what)
}

// person makes the nth person known to the nation and to every region.
func (s *spreading) person(ctx context.Context, n int) error {
	now := s.clock()
	seed := func(at storage.Store, link *storage.Link) error {
		c := storage.Conversation{ID: fmt.Sprintf("spread-%d", n), ExpiresAt: now.Add(time.Hour)}
		if err := at.CreateConversation(ctx, c); err != nil {
			return err
		}
		id := fmt.Sprintf("person-%d", n)
		_, err := at.CompleteSignIn(ctx, storage.SignIn{
			ConversationID: c.ID, ConversationExpiresAt: c.ExpiresAt, ConversationVersion: 1,
			Person: &storage.Person{ID: id, Name: "某人", Region: "11", Status: storage.PersonActive, Epoch: 1, CreatedAt: now}, Link: link,
			Session: storage.Session{ID: fmt.Appendf(nil, "session-%d", n), ExpiresAt: now.Add(12 * time.Hour), PersonID: id, ACR: 2, CreatedAt: now},
		})
		return err
	}
	if err := seed(s.nation, nil); err != nil {
		return err
	}
	for k, r := range s.regions {
		subject := fmt.Sprintf("subject-%d-%d", n, k)
		if err := seed(r, &storage.Link{Issuer: s.nation.url, Subject: subject, PersonID: fmt.Sprintf("person-%d", n), CreatedAt: now}); err != nil {
			return err
		}
		if err := s.nation.NoteOnward(ctx, storage.Onward{
			ClientID: fmt.Sprintf("issuer-%d", k), SessionID: fmt.Appendf(nil, "session-%d", n), SessionExpiresAt: now.Add(12 * time.Hour),
			PersonID: fmt.Sprintf("person-%d", n), Known: subject,
		}, now); err != nil {
			return err
		}
	}
	return nil
}

// freeze commits a hold at the nation, and returns when.
func (s *spreading) freeze(ctx context.Context, n int) (id string, at time.Time, err error) {
	id = fmt.Sprintf("hold-%d", n)
	err = s.nation.PlaceHold(ctx, storage.Hold{
		ID: id, PersonID: fmt.Sprintf("person-%d", n), Kind: storage.HoldFreeze, Number: "TEST-0000", PlacedAt: s.clock(), PlacedBy: "system",
	})
	return id, time.Now(), err
}

// arrived waits until a hold has taken effect in regions, and returns when it did in the last one.
func (s *spreading) arrived(ctx context.Context, id string, regions []*spreadIssuer) (last time.Time, err error) {
	return last, s.wait(ctx, "a hold in every region", func() (bool, error) {
		for _, r := range regions {
			at, ok := r.heldAt(id)
			if !ok {
				return false, nil
			}
			if at.After(last) {
				last = at
			}
		}
		return true, nil
	})
}

// runApart measures in a process of its own.
func runApart(ctx context.Context, role string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	c := exec.CommandContext(ctx, self, role) //nolint:gosec // itself
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	return c.Run()
}
