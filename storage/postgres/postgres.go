package postgres

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"manyou/storage/relational"
	"manyou/storage/vault"
)

// settings are what options change.
type settings struct {
	tracer pgx.QueryTracer
}

// Option changes how a store is opened.
type Option func(*settings)

// WithTracer observes every statement. Arguments are sealed or hashed where they are personal.
func WithTracer(t pgx.QueryTracer) Option { return func(s *settings) { s.tracer = t } }

// Open opens the store in a migrated database; [ErrNotMigrated] if it is not. The URL may carry pgx's pool settings
// (pool_max_conns and others).
func Open(ctx context.Context, url string, root vault.Root, opts ...Option) (*relational.Store, *vault.Vault, error) {
	var s settings
	for _, o := range opts {
		o(&s)
	}
	b, err := connect(ctx, url, s)
	if err != nil {
		return nil, nil, err
	}
	if err := checkMigrated(ctx, b.durable.Pool); err != nil {
		return nil, nil, errors.Join(err, b.Close())
	}
	v, err := vault.Open(ctx, root, relational.Keysets{Backend: b})
	if err != nil {
		return nil, nil, errors.Join(err, b.Close())
	}
	return relational.New(b, v), v, nil
}

// backend is a [relational.Backend].
type backend struct{ durable, relaxed pool }

var _ relational.Backend = (*backend)(nil)

func connect(ctx context.Context, url string, s settings) (*backend, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	config.ConnConfig.Tracer = s.tracer
	if !strings.Contains(url, "pool_max_conns") {
		// Commits wait for the disk together: more of them at once cost less each.
		config.MaxConns = int32(max(12, 4*runtime.GOMAXPROCS(0)))
	}
	params := config.ConnConfig.RuntimeParams
	setDefault(params, "application_name", "manyou")
	setDefault(params, "plan_cache_mode", "force_generic_plan")
	setDefault(params, "jit", "off")
	// A generic plan made while a table was empty must not read all of it once it is full.
	setDefault(params, "enable_seqscan", "off")

	relaxed := config.Copy()
	relaxed.MaxConns = max(2, config.MaxConns/3)
	relaxed.MinConns = 0
	relaxed.ConnConfig.RuntimeParams["synchronous_commit"] = "off"

	b := &backend{}
	for dst, c := range map[*pool]*pgxpool.Config{&b.durable: config, &b.relaxed: relaxed} {
		p, err := pgxpool.NewWithConfig(ctx, c)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("postgres: %w", err), b.Close())
		}
		dst.Pool = p
	}
	if err := b.Ping(ctx); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

func setDefault(params map[string]string, name, value string) {
	if _, ok := params[name]; !ok {
		params[name] = value
	}
}

func (b *backend) Reader() relational.Executor        { return b.durable }
func (b *backend) Writer() relational.Executor        { return b.durable }
func (b *backend) RelaxedWriter() relational.Executor { return b.relaxed }
func (b *backend) Retryable(err error) bool           { return retryable(err) }

// Statements joins the person in Rotate, where SQLite needs subqueries.
func (b *backend) Statements() relational.Statements {
	s := relational.Portable
	s.Rotate = `UPDATE grants AS g SET generation = g.generation + 1 FROM persons p
		WHERE g.id = $1 AND g.expires_at = $2 AND g.generation = $3 AND g.ended_at = 0 AND g.expires_at > $4
		AND p.id = g.person_id AND p.status = 'active' AND p.epoch = g.epoch AND g.acr >= p.least_acr
		AND (g.offline OR EXISTS (SELECT 1 FROM sessions s WHERE s.id = g.session_id
			AND s.expires_at = g.session_expires_at AND s.ended_at = 0 AND s.expires_at > $4))
		RETURNING ` + relational.GrantColumns
	s.ForUpdate, s.ForKeyShare = ` FOR UPDATE`, ` FOR KEY SHARE`
	return s
}

func (b *backend) InTx(ctx context.Context, f func(relational.Executor) error) error {
	return b.durable.inTx(ctx, f)
}

func (b *backend) Ping(ctx context.Context) error {
	if err := b.durable.Ping(ctx); err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	return nil
}

func (b *backend) Close() error {
	for _, p := range []pool{b.relaxed, b.durable} {
		if p.Pool != nil {
			p.Close()
		}
	}
	return nil
}
