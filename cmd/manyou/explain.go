package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"manyou/idp"
	"manyou/idp/keys"
)

type explainCommand struct {
	configFlag
	Token string `arg:"" help:"The token; - reads it from standard input, so that no list of processes shows it."`
}

// maxToken bounds a token on standard input, in bytes.
const maxToken = 64 << 10

// explained is what is printed: with the chain by which another issuer is known.
type explained struct {
	*idp.TokenExplanation
	Chain      []string   `json:"issuer_chain,omitempty"`
	ChainUntil *time.Time `json:"issuer_chain_until,omitempty"`
	Marks      []string   `json:"issuer_marks,omitempty"`
	Distrust   string     `json:"issuer_not_trusted,omitempty"`
}

// Run says what a token is, whether it stands, and by which chain, marks and rule it was exchanged or refused.
func (c *explainCommand) Run(ctx context.Context, t *terminal) error {
	token := c.Token
	if token == "-" {
		text, err := io.ReadAll(io.LimitReader(t.in, maxToken))
		if err != nil {
			return err
		}
		token = strings.TrimSpace(string(text))
	}
	return c.use(ctx, t, func(o *opened) error {
		ring, err := keys.Open(ctx, o.store, time.Now, rand.Reader)
		if err != nil {
			return err
		}
		told, err := idp.Explain(ctx, o.store, ring, o.config.Issuer, token, time.Now())
		if errors.Is(err, idp.ErrNoToken) {
			return usageError{err}
		} else if err != nil {
			return fmt.Errorf("explain: %w", err)
		}
		out := explained{TokenExplanation: told}
		if told.Issuer != "" && told.Issuer != o.config.Issuer && o.config.Federation.Enabled {
			e, err := newEntity(ctx, o, slog.New(slog.DiscardHandler))
			if err != nil {
				return err
			}
			if got, err := e.Resolver.Resolve(ctx, told.Issuer); err != nil {
				out.Distrust = err.Error()
			} else {
				out.Chain, out.ChainUntil = got.Path, &got.ExpiresAt
				for _, m := range got.Marks {
					out.Marks = append(out.Marks, m.Type+" of "+m.Issuer)
				}
			}
		}
		return writeJSON(t.out, out)
	})
}
