package vault_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"manyou/storage/vault"
)

// table is a table of keysets in memory.
type table struct {
	mu    sync.Mutex
	rows  map[string][]byte
	loads int
}

func (t *table) LoadKeyset(_ context.Context, name string) ([]byte, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.loads++
	return t.rows[name], nil
}

func (t *table) InsertKeyset(_ context.Context, name string, sealed []byte) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rows == nil {
		t.rows = map[string][]byte{}
	}
	if t.rows[name] == nil {
		t.rows[name] = sealed
	}
	return nil
}

func (t *table) ReplaceKeyset(_ context.Context, name string, previous, next []byte) (bool, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !bytes.Equal(t.rows[name], previous) {
		return false, nil
	}
	t.rows[name] = next
	return true, nil
}

func newRoot(t testing.TB) vault.Root {
	t.Helper()
	r, err := vault.NewRoot(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func open(t testing.TB, r vault.Root, k vault.Keysets, opts ...vault.Option) *vault.Vault {
	t.Helper()
	v, err := vault.Open(t.Context(), r, k, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func mustSeal(t testing.TB, v *vault.Vault, plaintext, context string) []byte {
	t.Helper()
	c, err := v.Seal([]byte(plaintext), context)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSealedOpensOnlyInItsContext(t *testing.T) {
	v := open(t, newRoot(t), &table{})
	c := mustSeal(t, v, "阿依努尔·买买提", "persons.name/1")
	if bytes.Contains(c, []byte("阿依")) {
		t.Fatal("the ciphertext shows the plaintext")
	}
	p, err := v.Open(c, "persons.name/1")
	if err != nil || string(p) != "阿依努尔·买买提" {
		t.Fatalf("got %q, %v", p, err)
	}
	if _, err := v.Open(c, "persons.name/2"); !errors.Is(err, vault.ErrInvalid) {
		t.Fatalf("another person's context: %v", err)
	}
	for i := range c {
		bad := bytes.Clone(c)
		bad[i] ^= 1
		if _, err := v.Open(bad, "persons.name/1"); !errors.Is(err, vault.ErrInvalid) {
			t.Fatalf("byte %d altered: %v", i, err)
		}
	}
	for _, short := range [][]byte{nil, {1}, c[:5], c[:len(c)-1]} {
		if _, err := v.Open(short, "persons.name/1"); !errors.Is(err, vault.ErrInvalid) {
			t.Fatalf("truncated to %d bytes: %v", len(short), err)
		}
	}
}

func TestWrongRootIsNamedAndChangesNothing(t *testing.T) {
	k := &table{}
	open(t, newRoot(t), k)
	before := fmt.Sprint(k.rows)
	_, err := vault.Open(t.Context(), newRoot(t), k)
	if !errors.Is(err, vault.ErrWrongRoot) {
		t.Fatalf("got %v", err)
	}
	if fmt.Sprint(k.rows) != before {
		t.Fatal("the keysets changed")
	}
}

func TestKeysetsCannotBeSwapped(t *testing.T) {
	k, r := &table{}, newRoot(t)
	open(t, r, k)
	k.rows["seal"], k.rows["token"] = k.rows["token"], k.rows["seal"]
	if _, err := vault.Open(t.Context(), r, k); !errors.Is(err, vault.ErrWrongRoot) {
		t.Fatalf("got %v", err)
	}
}

func TestNodesThatStartAtOnceAgree(t *testing.T) {
	k, r := &table{}, newRoot(t)
	vaults := make([]*vault.Vault, 16)
	var wg sync.WaitGroup
	for i := range vaults {
		wg.Go(func() {
			v, err := vault.Open(context.Background(), r, k)
			if err != nil {
				t.Error(err)
				return
			}
			vaults[i] = v
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	c := mustSeal(t, vaults[0], "x", "c")
	for i, v := range vaults {
		if _, err := v.Open(c, "c"); err != nil {
			t.Errorf("vault %d: %v", i, err)
		}
		if !bytes.Equal(v.Lookup("f", "x"), vaults[0].Lookup("f", "x")) {
			t.Errorf("vault %d looks up by another key", i)
		}
	}
}

func TestRotationKeepsWhatWasSealed(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	clock := vault.WithClock(func() time.Time { return now })
	k, r := &table{}, newRoot(t)
	a, b := open(t, r, k, clock), open(t, r, k, clock)
	sealed := mustSeal(t, a, "old", "c")
	token, _ := a.SealToken("code", []byte("old"))
	lookup := a.Lookup("f", "x")

	if err := a.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	fresh := mustSeal(t, a, "new", "c")
	if bytes.Equal(fresh[:5], sealed[:5]) {
		t.Fatal("the key did not change")
	}
	for name, v := range map[string]*vault.Vault{"here": a, "another node": b, "a new node": open(t, r, k)} {
		if p, err := v.Open(sealed, "c"); err != nil || string(p) != "old" {
			t.Errorf("%s: old ciphertext: %q, %v", name, p, err)
		}
		if p, err := v.OpenToken("code", token); err != nil || string(p) != "old" {
			t.Errorf("%s: old token: %q, %v", name, p, err)
		}
		if p, err := v.Open(fresh, "c"); err != nil || string(p) != "new" {
			t.Errorf("%s: new ciphertext: %q, %v", name, p, err)
		}
		if !bytes.Equal(v.Lookup("f", "x"), lookup) {
			t.Errorf("%s: lookups changed", name)
		}
	}
}

func TestUnknownKeysCannotMakeItReadTheDatabaseOften(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	k := &table{}
	v := open(t, newRoot(t), k, vault.WithClock(func() time.Time { return now }))
	before := k.loads
	for range 1000 {
		if _, err := v.Open([]byte("\x01none of our keys"), "c"); !errors.Is(err, vault.ErrInvalid) {
			t.Fatal(err)
		}
	}
	if n := k.loads - before; n > 2 {
		t.Fatalf("%d reads", n)
	}
}

func TestHashesAreSeparatedByPurpose(t *testing.T) {
	v := open(t, newRoot(t), &table{})
	seen := map[string]string{}
	for name, h := range map[string][]byte{
		"lookup a,bc": v.Lookup("a", "bc"),
		"lookup ab,c": v.Lookup("ab", "c"),
		"mac a,bc":    v.MAC("a", []byte("bc")),
		"mac ab,c":    v.MAC("ab", []byte("c")),
		"mac a,":      v.MAC("a", nil),
	} {
		if len(h) != 32 {
			t.Fatalf("%s: %d bytes", name, len(h))
		}
		if other, ok := seen[string(h)]; ok {
			t.Fatalf("%s equals %s", name, other)
		}
		seen[string(h)] = name
	}
	if !bytes.Equal(v.MAC("a", []byte("bc")), v.MAC("a", []byte("bc"))) {
		t.Fatal("not deterministic")
	}
	w := open(t, newRoot(t), &table{})
	if bytes.Equal(v.Lookup("a", "bc"), w.Lookup("a", "bc")) {
		t.Fatal("not keyed")
	}
}

func TestTokenOpensOnlyForItsPurposeAndInOneSpelling(t *testing.T) {
	v := open(t, newRoot(t), &table{})
	token, err := v.SealToken("code", []byte("payload"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(token, "+/=") {
		t.Fatalf("not base64url without padding: %q", token)
	}
	if p, err := v.OpenToken("code", token); err != nil || string(p) != "payload" {
		t.Fatalf("%q, %v", p, err)
	}
	for name, bad := range map[string]string{
		"empty": "", "padded": token + "=", "line break": token[:8] + "\n" + token[8:],
		"too long": strings.Repeat("A", vault.MaxToken+1), "cut": token[:len(token)-4],
	} {
		if _, err := v.OpenToken("code", bad); !errors.Is(err, vault.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := v.OpenToken("cookie", token); !errors.Is(err, vault.ErrInvalid) {
		t.Errorf("for another purpose: %v", err)
	}
	if _, err := v.Open([]byte(token), "code"); !errors.Is(err, vault.ErrInvalid) {
		t.Errorf("as a sealed value: %v", err)
	}
}

func TestParseRootRefusesWhatIsNoKey(t *testing.T) {
	r := newRoot(t)
	for _, s := range []string{r.Text(), strings.TrimRight(r.Text(), "=")} {
		got, err := vault.ParseRoot(s)
		if err != nil || got != r {
			t.Fatalf("%v", err)
		}
	}
	for _, s := range []string{"", "secretsecret", r.Text() + "AA", r.Text()[:40], strings.Repeat("A", 43)} {
		if _, err := vault.ParseRoot(s); err == nil || (len(s) > 8 && strings.Contains(err.Error(), s)) {
			t.Errorf("ParseRoot: %v", err)
		}
	}
	if s := fmt.Sprintf("%v %+v %#v %s %x %d", r, r, r, r, r, r); strings.Count(s, "hidden") != 6 {
		t.Errorf("a root key shows in a log: %s", s)
	}
}

func FuzzOpenToken(f *testing.F) {
	v := open(f, newRoot(f), &table{})
	good, _ := v.SealToken("code", []byte("payload"))
	for _, s := range []string{good, "", "AQ", good + "A", strings.Repeat("A", 9000)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if p, err := v.OpenToken("code", s); err == nil && s != good {
			t.Fatalf("forged: %q opens to %q", s, p)
		}
	})
}

func FuzzParseRoot(f *testing.F) {
	for _, s := range []string{"", newRoot(f).Text(), "AAAA", strings.Repeat("_", 44)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := vault.ParseRoot(s)
		if err != nil {
			return
		}
		if again, err := vault.ParseRoot(r.Text()); err != nil || again != r {
			t.Fatal("does not survive its own text")
		}
	})
}

func BenchmarkVault(b *testing.B) {
	v := open(b, newRoot(b), &table{})
	payload := bytes.Repeat([]byte("x"), 200)
	c := mustSeal(b, v, string(payload), "c")
	token, _ := v.SealToken("code", payload)
	for name, f := range map[string]func(){
		"Seal":      func() { _, _ = v.Seal(payload, "c") },
		"Open":      func() { _, _ = v.Open(c, "c") },
		"SealToken": func() { _, _ = v.SealToken("code", payload) },
		"OpenToken": func() { _, _ = v.OpenToken("code", token) },
		"Lookup":    func() { v.Lookup("document.resident_id", "330000199001010012") },
		"MAC":       func() { v.MAC("subject", payload) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f()
			}
		})
	}
}
