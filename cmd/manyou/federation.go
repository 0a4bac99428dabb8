package main

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/url"
	"time"

	"manyou/cmd/manyou/config"
	"manyou/idp/entity"
	"manyou/idp/keys"
)

// newFederation is where the configuration puts an issuer; nil if it is in no federation.
func newFederation(c config.Config) (*entity.Federation, error) {
	if !c.Federation.Enabled {
		return nil, nil
	}
	anchors, err := c.Federation.Anchors()
	if err != nil {
		return nil, err
	}
	f := &entity.Federation{Anchors: anchors, StatementLife: c.Federation.StatementLife, ApplicationMark: c.Federation.ApplicationMark, Loopback: plain(c.Issuer)}
	if mark := c.Federation.ApplicationMark; mark != "" && len(c.Federation.MarkIssuers) > 0 {
		f.MarkIssuers = map[string][]string{mark: append([]string{c.Issuer}, c.Federation.MarkIssuers...)}
	}
	if c.Federation.Superior != "" {
		f.Superiors = []string{c.Federation.Superior}
	}
	return f, nil
}

// plain reports whether an issuer is for a trial on this machine.
func plain(issuer string) bool {
	u, err := url.Parse(issuer)
	return err == nil && u.Scheme == "http"
}

// newEntity wires an intermediate: an entity where nobody signs in.
func newEntity(ctx context.Context, o *opened, logger *slog.Logger) (*entity.Entity, error) {
	f, err := newFederation(o.config)
	if err != nil {
		return nil, usageError{err}
	}
	ring, err := keys.Open(ctx, o.store, time.Now, rand.Reader)
	if err != nil {
		return nil, err
	}
	return entity.Open(ctx, entity.Config{
		Federation: *f, ID: o.config.Issuer, Name: o.config.Name.ZH, Keys: ring, Store: o.store, Clock: time.Now, Logger: logger,
	})
}
