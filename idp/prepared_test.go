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
var all preparedAll

type preparedAll struct {
	sync.Mutex
	made []func() prepared
	used map[string][]int // by test: those that it has now
}

// prepare gives a test a database for an issuer, which has no keys in common with any other issuer of that test.
func prepare(t testing.TB) (vault.Root, string) {
	t.Helper()
	test := t.Name()
	all.Lock()
	n := 0
	for all.has(test, n) {
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
		if all.used[test] = slices.DeleteFunc(all.used[test], func(k int) bool { return k == n }); len(all.used[test]) == 0 {
			delete(all.used, test)
		}
	})
	p := get()
	must(t, p.err)
	path := filepath.Join(t.TempDir(), "issuer.db")
	must(t, os.WriteFile(path, p.file, 0o600))
	return p.root, path
}

// has reports whether a test has one, or what it is a part of, or a part of it. Parts beside one another have nothing to do with each other.
func (a *preparedAll) has(test string, n int) bool {
	for other, used := range a.used {
		if slices.Contains(used, n) && (other == test || strings.HasPrefix(test, other+"/") || strings.HasPrefix(other, test+"/")) {
			return true
		}
	}
	return false
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
		// Issuers that wait for this have clocks that stood still meanwhile.
		_, err = keys.Open(ctx, store, func() time.Time { return time.Now().UTC().Truncate(time.Second).Add(-time.Hour) }, rand.Reader)
		return errors.Join(err, store.Close())
	})
	return p
}
