package demo

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"manyou/cmd/manyou/demo/application"
	"manyou/federation/trust"
	"manyou/storage"
	"manyou/storage/vault"
)

// closeTimeout is how long requests under way may take when the nation stops.
const closeTimeout = 3 * time.Second

// Nation is a running demo.
type Nation struct {
	// Issuers are the nation, Zhejiang and Sichuan, in this order.
	Issuers []*Issuer
	// PhoneURL is the page of the demo phone.
	PhoneURL string
	// Client reaches every party by the URLs of the description, whatever a resolver says of their hosts.
	Client *http.Client

	options     Options
	city        *Issuer
	apart       *apart // nil: the nation runs here
	description Description
	hosts       Hosts
	places      []*place
	servers     []*http.Server
	dir         string
	temporary   bool
	logger      *slog.Logger
	stop        context.CancelFunc
	running     sync.WaitGroup
	failed      chan error
}

// Issuer is an issuer of the nation, with what it stands on, for tests that look behind it.
type Issuer struct {
	Role   string // "national" or "province"
	Region string
	URL    string
	Store  storage.Store
	Vault  *vault.Vault
	// Neighbours are the other provinces that a province knows; nil of the nation.
	Neighbours func() []trust.Neighbour
}

// Start brings the nation up. When it returns, every party answers. It stops when ctx ends or [Nation.Close] is
// called; Close is needed in either case.
func Start(ctx context.Context, o Options) (_ *Nation, err error) {
	o = o.withDefaults()
	n := &Nation{options: o, hosts: o.Hosts, places: places(o.Hosts), dir: o.DataDir, logger: o.Logger, failed: make(chan error, 1)}
	if err := listen(ctx, n.places, o.Port, o.TLS != nil); err != nil {
		return nil, err
	}
	ctx, n.stop = context.WithCancel(ctx)
	defer func() {
		if err != nil {
			err = errors.Join(err, n.Close())
		}
	}()
	if n.dir == "" {
		n.temporary = true
		if n.dir, err = os.MkdirTemp("", "manyou-demo-*"); err != nil {
			return nil, fmt.Errorf("demo: %w", err)
		}
	} else if err := os.MkdirAll(n.dir, 0o700); err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	urls := map[string]string{}
	for _, p := range n.places {
		urls[p.key] = p.url
	}
	st, err := openState(n.dir, urls, o.Random)
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	st.now = o.Clock
	// The root keys are on disk before a database is sealed under them.
	for _, region := range []string{nation, zhejiang, sichuan, hangzhou} {
		if _, err := st.root(region); err != nil {
			return nil, fmt.Errorf("demo: %w", err)
		}
	}
	if err := st.save(); err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	n.Client = &http.Client{Transport: n.transport(o), Timeout: 30 * time.Second}
	if err := n.build(ctx, o, st, urls); err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	// Secrets drawn on the way; before anybody is told of them.
	if err := st.save(); err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	n.running.Go(func() {
		<-ctx.Done()
		n.shutdown()
	})
	return n, nil
}

// provinceOrigins are the issuers whose pages use the nation's domain for their passkeys, where they are on another.
func (n *Nation) provinceOrigins(region string) (origins []string) {
	for _, p := range n.places {
		u, err := url.Parse(p.url)
		if region == nation && err == nil && strings.HasPrefix(p.key, "issuer/") && u.Hostname() != n.hosts.Nation {
			origins = append(origins, p.url)
		}
	}
	return origins
}

// build opens and serves all parties.
func (n *Nation) build(ctx context.Context, o Options, st *state, urls map[string]string) error {
	box := &inbox{clock: o.Clock, delivered: o.Delivered}
	n.PhoneURL = urls["phone"] + "/"
	n.description = Description{Citizens: Citizens(), Staff: Staff(), Inbox: urls["phone"] + inboxPath}
	token, err := st.secret(nation, "phone")
	if err != nil {
		return err
	}
	n.serve(o, "phone", phone{box, people(), token, n.Mistake, urls["application/"+zhejiang] + "/", urls["application/"+sichuan] + "/"}.handler())
	r := registrar{state: st, urls: urls, citizens: people(), hash: hashSecret}
	for _, region := range []string{nation, zhejiang, sichuan} {
		i, handler, err := n.openIssuer(ctx, o, st, region, urls["issuer/"+region], box, r)
		if err != nil {
			return fmt.Errorf("issuer %s: %w", region, err)
		}
		n.description.Issuers = append(n.description.Issuers, IssuerDescription{i.Role, i.Region, i.URL})
		if handler != nil {
			n.serve(o, "issuer/"+region, o.WrapIssuer(region, handler))
		}
	}
	for _, region := range []string{zhejiang, sichuan} {
		handler, err := n.newApplication(o, st, region, urls)
		if err != nil {
			return fmt.Errorf("application %s: %w", region, err)
		}
		n.description.Applications = append(n.description.Applications,
			ApplicationDescription{region, urls["application/"+region] + "/"})
		n.serve(o, "application/"+region, handler)
	}
	if err := n.buildCity(ctx, o, st, urls); err != nil {
		return fmt.Errorf("city %s: %w", hangzhou, err)
	}
	return nil
}

func (n *Nation) newApplication(o Options, st *state, region string, urls map[string]string) (http.Handler, error) {
	secret, err := st.secret(region, applicationClientID(region))
	if err != nil {
		return nil, err
	}
	key, err := st.sealing(region)
	if err != nil {
		return nil, err
	}
	app, err := application.New(application.Config{
		URL: urls["application/"+region], Region: region, Name: applicationNames[region],
		Issuer: urls["issuer/"+region], ClientID: applicationClientID(region), ClientSecret: secret,
		Key: key, Client: n.Client, Clock: o.Clock, Random: o.Random, Logger: o.Logger,
	})
	if err != nil {
		return nil, err
	}
	return app.Handler(), nil
}

// serve answers at a place, on its listeners.
func (n *Nation) serve(o Options, key string, handler http.Handler) {
	for _, p := range n.places {
		if p.key != key {
			continue
		}
		server := &http.Server{
			Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second,
			WriteTimeout: 60 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
			ErrorLog: log.New(logWriter{o.Logger}, "", 0),
		}
		secure := o.TLS != nil && !p.plain
		if secure {
			server.TLSConfig = o.TLS.Clone()
		}
		n.servers = append(n.servers, server)
		for _, l := range p.listeners {
			n.running.Go(func() {
				serve := server.Serve
				if secure { // not server.TLSConfig, which Serve itself sets
					serve = func(l net.Listener) error { return server.ServeTLS(l, "", "") }
				}
				if err := serve(l); !errors.Is(err, http.ErrServerClosed) {
					n.fail(fmt.Errorf("demo: %s: %w", p.title, err))
				}
			})
		}
	}
}

// logWriter passes what net/http complains about to the log.
type logWriter struct{ logger *slog.Logger }

func (w logWriter) Write(line []byte) (int, error) {
	w.logger.Debug("demo: http", "message", string(line))
	return len(line), nil
}

func (n *Nation) fail(err error) {
	select {
	case n.failed <- err:
	default:
	}
}

// Failed delivers the first error after which a party no longer works.
func (n *Nation) Failed() <-chan error { return n.failed }

// Description says how to attach to the nation.
func (n *Nation) Description() Description { return n.description }

// Issuer returns the issuer of a region ("00", "33", "51"), nil if there is none.
func (n *Nation) Issuer(region string) *Issuer {
	for _, i := range n.Issuers {
		if i.Region == region {
			return i
		}
	}
	return nil
}

// transport reaches the places of the nation by their names, whatever a resolver says of these.
func (n *Nation) transport(o Options) http.RoundTripper {
	local := map[string]string{}
	for _, p := range n.places {
		if u, err := url.Parse(p.url); err == nil {
			local[u.Host] = p.listeners[0].Addr().String()
		}
	}
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.Proxy = nil
	t.MaxIdleConnsPerHost = 64
	if o.RootCAs != nil {
		t.TLSClientConfig = &tls.Config{RootCAs: o.RootCAs, MinVersion: tls.VersionTLS12}
	}
	dial := t.DialContext
	t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if l, ok := local[address]; ok {
			address = l
		}
		return dial(ctx, network, address)
	}
	return t
}

// Close stops the nation and waits until it has: requests under way first, then background work, then databases.
func (n *Nation) Close() error {
	if n.Client != nil {
		n.Client.CloseIdleConnections() // or the servers would wait for their own side of them
	}
	n.stop()
	if n.apart != nil {
		n.apart.stop()
	}
	n.shutdown()
	n.running.Wait()
	var errs []error
	for _, i := range n.Issuers {
		errs = append(errs, i.Store.Close())
	}
	if n.city != nil {
		errs = append(errs, n.city.Store.Close())
	}
	n.Issuers, n.city = nil, nil
	closeAll(n.places)
	if n.temporary {
		errs = append(errs, os.RemoveAll(n.dir))
	}
	return errors.Join(errs...)
}

func (n *Nation) shutdown() {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	for _, s := range n.servers {
		if s.Shutdown(ctx) != nil {
			s.Close()
		}
	}
}

// host is the host of a URL, with its port, which tells the parties on one machine apart.
func host(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}
