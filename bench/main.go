package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"manyou/storage/vault"
)

// options are the flags.
type options struct {
	duration time.Duration
	workers  int
	rounds   int
	citizens int
	only     []string
	backends []string
	json     string
	profiles string
	trust    bool
	spread   bool
	queue    int

	root string
}

// The backends, as tables name them.
const (
	sqliteBackend   = "SQLite"
	postgresBackend = "Postgres"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 1 && args[0] == trustRole {
		return measureTrust(ctx, trustProvinces, trustApplications, trustWarm, os.Stdout)
	}
	if len(args) == 1 && args[0] == spreadRole {
		return measureSpread(ctx, spreadRegions, spreadChanges, spreadDown, os.Stdout)
	}
	if len(args) == 1 && args[0] == killedRole {
		return measureKilled(ctx, spreadRegions, killRounds, os.Stdout)
	}
	if len(args) > 0 && args[0] == queueRole {
		return inPostgres(ctx, "queue", func(database string, process int) error {
			return measureQueue(ctx, database, process, queueCases, queueSamples, slices.Contains(args[1:], "plans"), os.Stdout)
		})
	}
	if len(args) == 1 {
		if role, ok := roles[args[0]]; ok {
			return beChild(ctx, role)
		}
	}
	o, err := parse(args)
	if err != nil {
		return err
	}
	in := newInbox()
	listener, err := loopback(ctx)
	if err != nil {
		return err
	}
	whole := ctx
	ctx, cancel := context.WithCancel(ctx)
	g, ctx := errgroup.WithContext(ctx)
	serve(ctx, g, listener, in)
	results, err := measure(ctx, o, "http://"+listener.Addr().String()+"/messages", in)
	cancel()
	if err := errors.Join(err, g.Wait()); err != nil {
		return err
	}
	for _, r := range results {
		writeTable(os.Stdout, o, r)
	}
	if o.trust {
		if err := runApart(whole, trustRole); err != nil {
			return err
		}
	}
	if o.spread {
		if err := errors.Join(runApart(whole, spreadRole), runApart(whole, killedRole)); err != nil {
			return err
		}
	}
	if o.queue > 0 && slices.Contains(o.backends, postgresBackend) {
		if err := inPostgres(whole, "queue", func(database string, process int) error {
			return measureQueue(whole, database, process, o.queue, queueSamples, false, os.Stdout)
		}); err != nil {
			return err
		}
	}
	if o.json == "" {
		return nil
	}
	b, err := json.MarshalIndent(document{
		Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH, Processors: runtime.NumCPU(),
		Concurrency: o.workers, Results: results,
	}, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(o.json, append(b, '\n'), 0o644) //nolint:gosec // for everybody to read
}

// document is the file that -json names.
type document struct {
	Go          string    `json:"go"`
	System      string    `json:"system"`
	Processors  int       `json:"processors"`
	Concurrency int       `json:"concurrency"`
	Results     []*result `json:"results"`
}

func parse(args []string) (options, error) {
	var o options
	var only, backends string
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.DurationVar(&o.duration, "duration", 1500*time.Millisecond, "how long each measurement takes")
	f.IntVar(&o.workers, "c", 8, "how many requests are under way at once")
	f.IntVar(&o.rounds, "rounds", 4, "how often everything is measured")
	f.IntVar(&o.citizens, "citizens", 2000, "how many citizens have a session")
	f.StringVar(&only, "only", "", "operations to measure, separated by commas (default all)")
	f.StringVar(&backends, "backend", "sqlite,postgres", "backends to measure, separated by commas")
	f.StringVar(&o.json, "json", "", "file to write all samples to")
	f.StringVar(&o.profiles, "profile", "", "directory to write CPU profiles of the issuer to, one for each operation")
	f.BoolVar(&o.trust, "trust", true, "measure trust chains too")
	f.BoolVar(&o.spread, "spread", true, "measure how a correction spreads, too")
	f.IntVar(&o.queue, "queue", queueCases, "how many cases the queue holds that is measured in Postgres, too; 0: none is")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	if o.duration <= 0 || o.workers <= 0 || o.rounds <= 0 || o.citizens <= 0 {
		return o, errors.New("-duration, -c, -rounds and -citizens must be positive")
	}
	if only != "" {
		o.only = strings.Split(only, ",")
	}
	if _, err := chosen((&load{}).operations(), o.only); err != nil {
		return o, err
	}
	for _, b := range strings.Split(backends, ",") {
		n := slices.IndexFunc([]string{sqliteBackend, postgresBackend}, func(name string) bool { return strings.EqualFold(b, name) })
		if n < 0 {
			return o, fmt.Errorf("-backend: there is no backend %q", b)
		}
		o.backends = append(o.backends, []string{sqliteBackend, postgresBackend}[n])
	}
	root, err := vault.NewRoot(rand.Reader)
	o.root = root.Text()
	return o, err
}

func measure(ctx context.Context, o options, inboxURL string, in *inbox) (results []*result, err error) {
	for _, b := range o.backends {
		var r *result
		if b == sqliteBackend {
			r, err = measureSQLite(ctx, o, inboxURL, in)
		} else {
			r, err = measurePostgres(ctx, o, inboxURL, in)
		}
		if err != nil {
			return nil, err
		}
		results = append(results, r)
	}
	return results, nil
}

func measureSQLite(ctx context.Context, o options, inboxURL string, in *inbox) (_ *result, err error) {
	dir, err := os.MkdirTemp("", "manyou-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	return measureBackend(ctx, o, sqliteBackend, "sqlite:"+filepath.Join(dir, "issuer.db"), 0, inboxURL, in)
}

// measurePostgres measures in a database of its own.
func measurePostgres(ctx context.Context, o options, inboxURL string, in *inbox) (r *result, err error) {
	err = inPostgres(ctx, "bench", func(database string, process int) error {
		r, err = measureBackend(ctx, o, postgresBackend, database, process, inboxURL, in)
		return err
	})
	return r, err
}

// inPostgres gives a database of its own on the cluster that .ci/with-postgres started, and the cluster's process.
func inPostgres(ctx context.Context, what string, measure func(database string, process int) error) (err error) {
	const cluster, process = "MANYOU_TEST_POSTGRES", "MANYOU_TEST_POSTGRES_PID"
	pid, err := strconv.Atoi(os.Getenv(process))
	if err != nil || os.Getenv(cluster) == "" {
		return fmt.Errorf("%s and %s are not set; run \"make bench\", or .ci/with-postgres go run ./bench", cluster, process)
	}
	u, err := url.Parse(os.Getenv(cluster))
	if err != nil {
		return fmt.Errorf("%s is no URL", cluster)
	}
	name := fmt.Sprintf("%s_%d", what, os.Getpid())
	if err := administer(ctx, u.String(), "CREATE DATABASE "+name); err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, administer(context.WithoutCancel(ctx), u.String(), "DROP DATABASE "+name+" WITH (FORCE)"))
	}()
	database := *u
	database.Path = "/" + name
	return measure(database.String(), pid)
}

func administer(ctx context.Context, cluster, statement string) error {
	conn, err := pgx.Connect(ctx, cluster)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(ctx))
}

var _ http.Handler = (*inbox)(nil)
