package demo

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"net/http"
	"time"

	"manyou/storage"
	"manyou/storage/vault"
)

// DefaultPort is the port of the national issuer; the others follow at fixed distances.
const DefaultPort = 9000

// Options say how the nation is set up. The zero value is a nation on free ports of localhost over plain http, with
// a data folder that is removed in the end.
type Options struct {
	// DataDir keeps databases, keys and secrets. "" is a temporary folder, removed by [Nation.Close].
	DataDir string
	// Port of the national issuer; a province's is Port plus its region code, its application's 100 more, its
	// city's 200 more, the city's application's 300 more, and the demo phone's Port+100. 0 takes free ports.
	Port int
	// Hosts are the host names in the URLs. All of them are served on the loopback address.
	Hosts Hosts
	// TLS serves issuers and applications over https. RootCAs are whom they then trust when they call each other.
	TLS     *tls.Config
	RootCAs *x509.CertPool

	// OpenStore opens the database of a region ("00", "33", "51"). nil: SQLite below DataDir.
	OpenStore func(ctx context.Context, region string, root vault.Root) (storage.Store, *vault.Vault, error)
	// WrapIssuer wraps the handler of an issuer, to observe it. nil: as it is.
	WrapIssuer func(region string, h http.Handler) http.Handler

	// Program runs the national issuer as a process of its own: this program with its first arguments, "serve" follows. nil: it
	// runs here. Only over http on localhost, with SQLite. ProgramOutput takes what it writes; nil: nothing.
	Program       []string
	ProgramOutput io.Writer

	// Delivered is told of each message that reaches the demo phone. nil: nobody.
	Delivered func(Message)

	Clock  func() time.Time // nil: time.Now
	Random io.Reader        // nil: crypto/rand
	Logger *slog.Logger     // nil: nothing is logged
}

// Hosts are host names, "localhost" where empty.
type Hosts struct {
	Nation, Zhejiang, Sichuan               string
	ZhejiangApplication, SichuanApplication string
	Hangzhou, HangzhouApplication           string
}

func (o Options) withDefaults() Options {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Delivered == nil {
		o.Delivered = func(Message) {}
	}
	if o.WrapIssuer == nil {
		o.WrapIssuer = func(_ string, h http.Handler) http.Handler { return h }
	}
	for _, h := range []*string{&o.Hosts.Nation, &o.Hosts.Zhejiang, &o.Hosts.Sichuan, &o.Hosts.ZhejiangApplication, &o.Hosts.SichuanApplication, &o.Hosts.Hangzhou, &o.Hosts.HangzhouApplication} {
		if *h == "" {
			*h = "localhost"
		}
	}
	return o
}
