package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"manyou/authenticators/otp"
	"manyou/cmd/manyou/backend"
	"manyou/cmd/manyou/methods"
	"manyou/federation/register"
	"manyou/idp"
	"manyou/storage/vault"
)

// region is the issuer's; its cookies are named after it.
const region = "33"

// collectorPercent is how "manyou serve" sets the garbage collector.
const collectorPercent = 800

// serveIssuer is an issuer as "manyou serve" runs it: its gateway of messages is a webhook, its register the table.
func serveIssuer(ctx context.Context, t task, say func(any) error) error {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectorPercent)
	}
	root, err := vault.ParseRoot(t.Root)
	if err != nil {
		return err
	}
	opened, v, err := backend.Open(ctx, t.Database, root)
	if err != nil {
		return err
	}
	store := newCountingStore(opened)
	defer store.Close()
	listener, err := loopback(ctx)
	if err != nil {
		return err
	}
	messages, err := otp.NewWebhook(otp.WebhookConfig{URL: t.Inbox, BearerToken: "bench", Random: rand.Reader, Now: time.Now})
	if err != nil {
		return err
	}
	const unbounded = 1 << 40 // the same citizens sign in all the time, from one address
	url := "http://localhost:" + strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	name := map[string]string{"zh": "浙江省统一身份认证", "en": "Zhejiang Identity"}
	offered, err := methods.New(methods.Config{Issuer: url, Name: name, Random: rand.Reader})
	if err != nil {
		return err
	}
	issuer, err := idp.New(ctx, idp.Config{
		Issuer: url, Role: idp.Province, Region: region,
		Name:  name,
		Store: store, Vault: v, Methods: offered, Messages: messages, Register: register.NewTable(store),
		Logger: slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
		Limits: &idp.Limits{
			MessagesPerPhone: unbounded, MessagesPerDevice: unbounded, MessagesPerAddress: unbounded,
			ProofsPerPerson: unbounded, ProofsPerDevice: unbounded, ProofsPerAddress: unbounded,
		},
	})
	if err != nil {
		return err
	}
	meter, err := loopback(ctx)
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return issuer.Run(ctx) })
	serve(ctx, g, listener, http.MaxBytesHandler(issuer.Handler(), 64<<10))
	serve(ctx, g, meter, meterHandler(store))
	if err := say(ready{URL: url, Meter: "http://" + meter.Addr().String()}); err != nil {
		return err
	}
	return g.Wait()
}

func loopback(ctx context.Context) (net.Listener, error) {
	return (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
}

// serve serves in the group until the context ends.
func serve(ctx context.Context, g *errgroup.Group, l net.Listener, h http.Handler) {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 15 * time.Second, IdleTimeout: 2 * time.Minute}
	g.Go(func() error {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	g.Go(func() error {
		<-ctx.Done()
		return server.Close()
	})
}

// stats is what the issuer knows of itself.
type stats struct {
	Calls map[string]int64 `json:"calls"` // of storage, by method
	Heap  uint64           `json:"heap"`  // bytes of the Go heap in use
}

// meterHandler answers the driver, on a port of its own.
func meterHandler(store *countingStore) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /stats", func(w http.ResponseWriter, r *http.Request) {
		s := stats{Calls: store.counted()}
		if r.FormValue("heap") != "" {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			s.Heap = m.HeapInuse
		}
		_ = json.NewEncoder(w).Encode(s)
	})
	mux.HandleFunc("GET /profile", func(w http.ResponseWriter, r *http.Request) {
		ms, err := strconv.Atoi(r.FormValue("ms"))
		if err != nil {
			http.Error(w, "ms is missing", http.StatusBadRequest)
			return
		}
		if err := pprof.StartCPUProfile(w); err != nil {
			http.Error(w, err.Error(), http.StatusConflict)
			return
		}
		time.Sleep(time.Duration(ms) * time.Millisecond)
		pprof.StopCPUProfile()
	})
	mux.HandleFunc("GET /allocs", func(w http.ResponseWriter, _ *http.Request) {
		_ = pprof.Lookup("allocs").WriteTo(w, 0)
	})
	return mux
}
