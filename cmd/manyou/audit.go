package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/user"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"manyou/federation/audit"
	"manyou/idp/keys"
	"manyou/storage"
)

type auditCommand struct {
	Verify     auditVerify     `cmd:"" help:"Find any edit, deletion, insertion or other order in the log of what was decided."`
	Export     auditExport     `cmd:"" help:"Print the log, a JSON object a line, as it was written."`
	Checkpoint auditCheckpoint `cmd:"" help:"Print the latest signed checkpoint, to be kept elsewhere."`
}

// maxKeptKeys bounds the retired keys that a checkpoint may have been signed with.
const maxKeptKeys = 1000

// maxCheckpoint bounds a file with a checkpoint, in bytes.
const maxCheckpoint = 16 << 10

type auditVerify struct {
	configFlag
	Checkpoint []string `placeholder:"FILE" help:"A checkpoint that was kept elsewhere. Repeatable. Without one, who cuts off the end of the log with its checkpoints is not found."`
}

// Run verifies the log.
func (c *auditVerify) Run(ctx context.Context, t *terminal) error {
	return c.use(ctx, t, func(o *opened) error {
		var besides []string
		for _, name := range c.Checkpoint {
			text, err := os.ReadFile(name)
			if err != nil {
				return usageError{err}
			}
			if len(text) > maxCheckpoint {
				return usagef("%s is no checkpoint", name)
			}
			besides = append(besides, strings.TrimSpace(string(text)))
		}
		open, err := checkpointKeys(ctx, o)
		if err != nil {
			return err
		}
		report, err := audit.Verify(ctx, o.store, o.config.Issuer, open, besides...)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(t.out, "%d records are as they were written; %d checkpoints hold, and cover the first %d.\n", report.Size, report.Checkpoints, report.Covered)
		return err
	})
}

// checkpointKeys verifies checkpoints with the keys that sign now and those that once did.
func checkpointKeys(ctx context.Context, o *opened) (func(token string) ([]byte, error), error) {
	var set jose.JSONWebKeySet
	signing, err := o.store.SigningKeys(ctx)
	if err != nil {
		return nil, err
	}
	for _, k := range signing { // those, too, that are published no more
		private, err := x509.ParsePKCS8PrivateKey(k.Private)
		if err != nil {
			return nil, fmt.Errorf("key %s: %w", k.KeyID, err)
		}
		if signer, ok := private.(crypto.Signer); ok {
			set.Keys = append(set.Keys, jose.JSONWebKey{Key: signer.Public(), KeyID: k.KeyID})
		}
	}
	retired, err := o.store.RetiredKeys(ctx, maxKeptKeys)
	if err != nil {
		return nil, err
	}
	for _, r := range retired {
		var k jose.JSONWebKey
		if err := json.Unmarshal(r.JWK, &k); err != nil {
			return nil, fmt.Errorf("retired key %s: %w", r.KeyID, err)
		}
		set.Keys = append(set.Keys, k)
	}
	return func(token string) ([]byte, error) {
		jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.ES256})
		if err != nil {
			return nil, err
		}
		if typ, _ := jws.Signatures[0].Protected.ExtraHeaders[jose.HeaderType].(string); typ != audit.TypeCheckpoint {
			return nil, errors.New("another kind of JWT")
		}
		for _, k := range set.Key(jws.Signatures[0].Protected.KeyID) {
			if payload, err := jws.Verify(k); err == nil {
				return payload, nil
			}
		}
		return nil, errors.New("no key of this issuer signed it")
	}, nil
}

type auditExport struct{ configFlag }

// Run prints the log.
func (c *auditExport) Run(ctx context.Context, t *terminal) error {
	return c.use(ctx, t, func(o *opened) error {
		return audit.Each(ctx, o.store, func(r storage.AuditRecord) error {
			_, err := fmt.Fprintf(t.out, "%s\n", r.Body)
			return err
		})
	})
}

type auditCheckpoint struct{ configFlag }

// Run signs what the log holds now, and prints it.
func (c *auditCheckpoint) Run(ctx context.Context, t *terminal) error {
	return c.use(ctx, t, func(o *opened) error {
		point, err := audit.NewCheckpoint(ctx, o.store, o.config.Issuer, time.Now())
		if err != nil {
			return err
		}
		if point.Size == 0 {
			return errors.New("the log is empty: there is nothing to sign")
		}
		ring, err := keys.Open(ctx, o.store, time.Now, rand.Reader)
		if err != nil {
			return err
		}
		key, err := ring.Signer(keys.ES256)
		if err != nil {
			return err
		}
		payload, err := json.Marshal(point)
		if err != nil {
			return err
		}
		token, err := key.Sign(audit.TypeCheckpoint, payload)
		if err != nil {
			return err
		}
		if err := o.store.PutAuditCheckpoint(ctx, storage.AuditCheckpoint{Size: point.Size, At: time.Now(), Token: token}); err != nil {
			return err
		}
		_, err = fmt.Fprintln(t.out, token)
		return err
	})
}

// record writes what a command decided into the audit log, with the account on the machine that ran it.
func (o *opened) record(ctx context.Context, kind string, detail map[string]string) error {
	account := "unknown"
	if u, err := user.Current(); err == nil {
		account = u.Username
	}
	return audit.Append(ctx, o.store, audit.Entry{At: time.Now(), Kind: kind, Actor: "command:" + account, Detail: detail})
}
