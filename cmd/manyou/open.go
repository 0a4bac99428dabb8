package main

import (
	"context"
	"fmt"
	"log/slog"

	"manyou/cmd/manyou/backend"
	"manyou/cmd/manyou/config"
	"manyou/storage"
	"manyou/storage/vault"
)

// configFlag names the configuration of the issuer that a command works on.
type configFlag struct {
	Config string `required:"" short:"c" placeholder:"FILE" env:"MANYOU_CONFIG" help:"Configuration of the issuer."`
}

// opened is a configuration with its secrets and its open database.
type opened struct {
	config  config.Config
	secrets config.Secrets
	store   storage.Store
	vault   *vault.Vault
}

// load reads and checks the configuration. Warnings go to the terminal.
func (f configFlag) load(t *terminal) (config.Config, error) {
	c, err := config.Load(f.Config, t.getenv)
	if err != nil {
		return c, usageError{err}
	}
	problems := c.Check(t.getenv)
	if config.Fatal(problems) {
		printProblems(t, f.Config, problems)
		return c, usagef("the configuration is wrong; nothing was done")
	}
	return c, nil
}

// open loads the configuration and opens the database.
func (f configFlag) open(ctx context.Context, t *terminal) (*opened, error) {
	c, err := f.load(t)
	if err != nil {
		return nil, err
	}
	o := &opened{config: c}
	if o.secrets, err = c.Secrets(t.getenv); err != nil {
		return nil, usageError{err}
	}
	if o.store, o.vault, err = backend.Open(ctx, c.Database.URL, o.secrets.RootKey); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	return o, nil
}

// use opens the database for f and closes it afterwards.
func (f configFlag) use(ctx context.Context, t *terminal, do func(*opened) error) error {
	o, err := f.open(ctx, t)
	if err != nil {
		return err
	}
	err = do(o)
	if closeErr := o.store.Close(); err == nil {
		err = closeErr
	}
	return err
}

func printProblems(t *terminal, file string, problems []config.Problem) {
	for _, p := range problems {
		kind := "warning"
		if p.Fatal {
			kind = "error"
		}
		fmt.Fprintf(t.err, "%s: %s: %s\n", file, kind, p)
	}
}

func newLogger(t *terminal, l config.Log) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(l.Level)); err != nil {
		return nil, usageError{err}
	}
	options := &slog.HandlerOptions{Level: level}
	if l.Format == "json" {
		return slog.New(slog.NewJSONHandler(t.err, options)), nil
	}
	return slog.New(slog.NewTextHandler(t.err, options)), nil
}
