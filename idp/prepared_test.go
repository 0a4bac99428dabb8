package idp_test

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"manyou/idp/keys"
	"manyou/storage/sqlite"
	"manyou/storage/storagetest"
	"manyou/storage/vault"
)

// prepared is a database that was brought up to date and given signing keys, with its root key.
type prepared struct {
	root vault.Root
	file []byte
	err  error
}

// all are the prepared databases. To make one takes longer than most tests do, so each is used by many tests, as a copy; no two issuers of one
// test have the same.
var all struct {
	sync.Mutex
	made []func() prepared
	used map[string][]int // by test: those that it has now
}

// prepare gives a test a database for an issuer, which has no keys in common with any other issuer of that test.
func prepare(t testing.TB) (vault.Root, string) {
	t.Helper()
	test, _, _ := strings.Cut(t.Name(), "/")
	all.Lock()
	n := 0
	for slices.Contains(all.used[test], n) {
		n++
	}
	if all.used == nil {
		all.used = map[string][]int{}
	}
	all.used[test] = append(all.used[test], n)
	if n == len(all.made) {
		all.made = append(all.made, sync.OnceValue(makePrepared))
	}
	get := all.made[n]
	all.Unlock()
	t.Cleanup(func() {
		all.Lock()
		defer all.Unlock()
		all.used[test] = slices.DeleteFunc(all.used[test], func(k int) bool { return k == n })
	})
	p := get()
	must(t, p.err)
	path := filepath.Join(t.TempDir(), "issuer.db")
	must(t, os.WriteFile(path, p.file, 0o600))
	return p.root, path
}

func makePrepared() (p prepared) {
	if p.root, p.err = vault.NewRoot(rand.Reader); p.err != nil {
		return p
	}
	p.file, p.err = storagetest.MadeFile(func(ctx context.Context, path string) error {
		if err := sqlite.Migrate(ctx, path); err != nil {
			return err
		}
		store, _, err := sqlite.Open(ctx, path, p.root)
		if err != nil {
			return err
		}
		// The clocks of issuers stand at the beginning of a second.
		_, err = keys.Open(ctx, store, func() time.Time { return time.Now().UTC().Truncate(time.Second) }, rand.Reader)
		return errors.Join(err, store.Close())
	})
	return p
}
