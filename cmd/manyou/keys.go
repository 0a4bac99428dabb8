package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"manyou/idp/keys"
	"manyou/storage"
	"manyou/storage/vault"
)

type keysCommand struct {
	List   keysList   `cmd:"" help:"List the signing keys."`
	Rotate keysRotate `cmd:"" help:"Create new signing keys; the old ones sign until the new ones are known everywhere."`
	Export keysExport `cmd:"" help:"Print the public keys, for those who are to trust this issuer as their anchor."`
	Root   keysRoot   `cmd:"" help:"Make a root key."`
}

type keysExport struct{ configFlag }

// Run prints the key set (RFC 7517 §5).
func (c *keysExport) Run(ctx context.Context, t *terminal) error {
	return c.use(ctx, t, func(o *opened) error {
		ring, err := keys.Open(ctx, o.store, time.Now, rand.Reader)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(t.out, "%s\n", ring.JWKS())
		return err
	})
}

type keysList struct {
	configFlag
	JSON bool `help:"Print as JSON."`
}

// shownKey is a signing key as the command line shows it.
type shownKey struct {
	KeyID      string     `json:"kid"`
	Algorithm  string     `json:"alg"`
	State      string     `json:"state"` // "next", "signing", "verifying" or "retired"
	CreatedAt  time.Time  `json:"created_at"`
	ActiveFrom time.Time  `json:"active_from"`
	RetireAt   *time.Time `json:"retire_at,omitempty"`
}

// Run lists the keys, oldest first.
func (c *keysList) Run(ctx context.Context, t *terminal) error {
	return c.use(ctx, t, func(o *opened) error {
		stored, err := o.store.SigningKeys(ctx)
		if err != nil {
			return err
		}
		list := showKeys(stored, time.Now())
		if c.JSON {
			return writeJSON(t.out, list)
		}
		out := table{head: []string{"KEY ID", "ALGORITHM", "STATE", "SIGNS FROM", "PUBLISHED UNTIL"}}
		for _, k := range list {
			until := "-"
			if k.RetireAt != nil {
				until = k.RetireAt.Format(time.RFC3339)
			}
			out.add(k.KeyID, k.Algorithm, k.State, k.ActiveFrom.Format(time.RFC3339), until)
		}
		return out.write(t.out)
	})
}

// showKeys says what each key is for at the time now: the newest active one of an algorithm signs.
func showKeys(stored []storage.SigningKey, now time.Time) []shownKey {
	signing := map[string]string{}
	for _, k := range stored { // oldest first
		if !k.ActiveFrom.After(now) {
			signing[k.Algorithm] = k.KeyID
		}
	}
	list := make([]shownKey, len(stored))
	for i, k := range stored {
		s := shownKey{KeyID: k.KeyID, Algorithm: k.Algorithm, State: "verifying", CreatedAt: k.CreatedAt, ActiveFrom: k.ActiveFrom}
		if !k.RetireAt.IsZero() {
			s.RetireAt = &k.RetireAt
		}
		switch {
		case s.RetireAt != nil && now.After(k.RetireAt):
			s.State = "retired"
		case k.ActiveFrom.After(now):
			s.State = "next"
		case signing[k.Algorithm] == k.KeyID:
			s.State = "signing"
		}
		list[i] = s
	}
	return list
}

type keysRotate struct {
	configFlag
	Algorithm []string `default:"ES256,RS256" enum:"ES256,RS256" help:"Which keys: ${enum} (both if not given)."`
	AtOnce    bool     `help:"Sign with the new key at once: for a key that must not be used any more. Applications that have cached the old key set may refuse tokens until they fetch it again."`
}

// Run creates successors of the newest keys.
func (c *keysRotate) Run(ctx context.Context, t *terminal) error {
	return c.use(ctx, t, func(o *opened) error {
		ring, err := keys.Open(ctx, o.store, time.Now, rand.Reader)
		if err != nil {
			return err
		}
		for _, alg := range c.Algorithm {
			id, err := ring.Rotate(ctx, alg, c.AtOnce)
			if errors.Is(err, storage.ErrConflict) {
				return fmt.Errorf("%s: another rotation came first; manyou keys list shows its key", alg)
			}
			if err != nil {
				return err
			}
			from := "at once"
			if !c.AtOnce {
				from = "in " + keys.Overlap.String()
			}
			if err := o.record(ctx, "keys.rotate", map[string]string{"algorithm": alg, "key": id, "signs": from}); err != nil {
				return err
			}
			if _, err := fmt.Fprintf(t.out, "%s: new key %s, signs %s\n", alg, id, from); err != nil {
				return err
			}
		}
		return nil
	})
}

type keysRoot struct {
	Out string `short:"o" placeholder:"FILE" help:"Write it to a new file that only its owner can read, instead of to the terminal."`
}

// Run draws a root key. It never replaces a file: a lost root key is lost data.
func (c *keysRoot) Run(t *terminal) error {
	root, err := vault.NewRoot(rand.Reader)
	if err != nil {
		return err
	}
	if c.Out == "" {
		_, err = fmt.Fprintln(t.out, root.Text())
		return err
	}
	f, err := os.OpenFile(c.Out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s exists; a root key is never replaced, because everything sealed under it would be lost", c.Out)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(f, root.Text())
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		_, err = fmt.Fprintf(t.out, "The root key is in %s. Keep a copy apart from the database's backup.\n", c.Out)
	}
	return err
}
