package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"
)

// committer commits one row durably.
type committer func(ctx context.Context) error

// serveLimit serves what a roaming hop cannot do without, each part alone and all of it together.
func serveLimit(ctx context.Context, t task, say func(any) error) error {
	commit, err := openCommitter(ctx, t.Database)
	if err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	digest := sha256.Sum256([]byte("two tokens of a roaming hop"))
	sign := func(context.Context) error {
		_, _, err := ecdsa.Sign(rand.Reader, key, digest[:]) // as idp/keys signs
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/empty", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("/together", func(w http.ResponseWriter, r *http.Request) {
		for _, do := range []func(context.Context) error{commit, sign, sign} {
			if err := do(r.Context()); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
		}
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("/sign", repeat(sign))
	mux.HandleFunc("/commit", repeat(commit))
	listener, err := loopback(ctx)
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	serve(ctx, g, listener, mux)
	if err := say(ready{URL: "http://" + listener.Addr().String()}); err != nil {
		return err
	}
	return g.Wait()
}

// repeat does something for so many milliseconds with so many workers, as the request says, and answers how often.
func repeat(do func(context.Context) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ms, err := strconv.Atoi(r.FormValue("ms"))
		if err != nil {
			http.Error(w, "ms is missing", http.StatusBadRequest)
			return
		}
		workers, err := strconv.Atoi(r.FormValue("workers"))
		if err != nil {
			http.Error(w, "workers is missing", http.StatusBadRequest)
			return
		}
		var n atomic.Int64
		end := time.Now().Add(time.Duration(ms) * time.Millisecond)
		g, ctx := errgroup.WithContext(r.Context())
		for range workers {
			g.Go(func() error {
				for time.Now().Before(end) {
					if err := do(ctx); err != nil {
						return err
					}
					n.Add(1)
				}
				return nil
			})
		}
		if err := g.Wait(); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_ = json.NewEncoder(w).Encode(n.Load())
	}
}

// openCommitter opens the database beside the issuer's connections, with the driver and the settings that the issuer's
// storage uses, and makes a table of its own.
func openCommitter(ctx context.Context, database string) (committer, error) {
	const create, insert = `CREATE TABLE IF NOT EXISTS bench_limit (at BIGINT NOT NULL)`, `INSERT INTO bench_limit (at) VALUES ($1)`
	if path, ok := strings.CutPrefix(database, "sqlite:"); ok {
		q := url.Values{"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "cache_size(-8000)"}}
		file := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}
		db, err := sql.Open("sqlite", file.String()) // the driver that storage/sqlite registers
		if err != nil {
			return nil, err
		}
		db.SetMaxOpenConns(1)
		if _, err := db.ExecContext(ctx, create); err != nil {
			return nil, fmt.Errorf("limit: %w", err)
		}
		s, err := db.PrepareContext(ctx, insert)
		if err != nil {
			return nil, fmt.Errorf("limit: %w", err)
		}
		return func(ctx context.Context) error {
			_, err := s.ExecContext(ctx, time.Now().UnixMilli())
			return err
		}, nil
	}
	config, err := pgxpool.ParseConfig(database)
	if err != nil {
		return nil, err
	}
	config.MaxConns = int32(max(12, 4*runtime.GOMAXPROCS(0))) // few
	config.ConnConfig.RuntimeParams["plan_cache_mode"] = "force_generic_plan"
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	if _, err := pool.Exec(ctx, create); err != nil {
		return nil, fmt.Errorf("limit: %w", err)
	}
	return func(ctx context.Context) error {
		_, err := pool.Exec(ctx, insert, time.Now().UnixMilli())
		return err
	}, nil
}
