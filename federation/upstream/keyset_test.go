package upstream_test

import (
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"manyou/federation/upstream"
)

func TestAProvinceMayChangeItsKeys(t *testing.T) {
	province := newProvince(t)
	p := province.provider()
	if _, err := signIn(t, p); err != nil {
		t.Fatal(err)
	}
	province.set(func() {
		province.key = newKey(t, "second", jose.ES256)
		province.keys = []any{province.key.public()}
	})
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := signIn(t, p); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := province.count(keysPath); n != 2 {
		t.Errorf("keys were fetched %d times", n)
	}
}

func TestAProvinceMayChangeAKeyAndKeepItsName(t *testing.T) {
	province := newProvince(t)
	p := province.provider()
	if _, err := signIn(t, p); err != nil {
		t.Fatal(err)
	}
	province.set(func() {
		province.key = newKey(t, province.key.id, jose.ES256)
		province.keys = []any{province.key.public()}
	})
	if _, err := signIn(t, p); err != nil {
		t.Fatal(err)
	}
}

func TestAFloodOfUnknownKeysReachesTheProvinceOnceInACooldown(t *testing.T) {
	province := newProvince(t)
	p := province.provider()
	if _, err := signIn(t, p); err != nil {
		t.Fatal(err)
	}
	stranger := newKey(t, "unknown", jose.ES256)
	province.set(func() {
		province.token = func(c map[string]any) string { return stranger.sign(t, c) }
	})
	attack := func() {
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				if _, err := signIn(t, p); !errors.Is(err, upstream.ErrMisbehaved) {
					t.Errorf("got %v", err)
				}
			})
		}
		all.Wait()
	}
	for want := int64(2); want < 5; want++ {
		attack()
		if n := province.count(keysPath); n != want {
			t.Errorf("keys were fetched %d times, want %d", n, want)
		}
		province.clock.forward(11 * time.Second)
	}
	province.set(func() { province.token = nil })
	if _, err := signIn(t, p); err != nil {
		t.Errorf("the honest key after the flood: %v", err)
	}
}

func TestKeysThatChangeDuringACooldownAreFoundAfterIt(t *testing.T) {
	province := newProvince(t)
	p := province.provider()
	stranger := newKey(t, "unknown", jose.ES256)
	province.set(func() {
		province.token = func(c map[string]any) string { return stranger.sign(t, c) }
	})
	if _, err := signIn(t, p); !errors.Is(err, upstream.ErrMisbehaved) {
		t.Fatalf("got %v", err)
	}
	province.set(func() {
		province.token, province.key = nil, newKey(t, "second", jose.ES256)
		province.keys = []any{province.key.public()}
	})
	if _, err := signIn(t, p); !errors.Is(err, upstream.ErrMisbehaved) {
		t.Errorf("during the cooldown: got %v", err)
	}
	fetched := province.count(keysPath)
	province.clock.forward(11 * time.Second)
	if _, err := signIn(t, p); err != nil {
		t.Errorf("after it: %v", err)
	}
	if n := province.count(keysPath) - fetched; n != 1 {
		t.Errorf("keys were fetched %d times", n)
	}
}

func TestARenewalThatFailsIsNotRepeatedAtOnceAndLosesNoKey(t *testing.T) {
	province := newProvince(t)
	p := province.provider()
	if _, err := signIn(t, p); err != nil {
		t.Fatal(err)
	}
	stranger := newKey(t, "unknown", jose.ES256)
	province.set(func() {
		province.token = func(c map[string]any) string { return stranger.sign(t, c) }
		province.override[keysPath] = page
	})
	for range 20 {
		if _, err := signIn(t, p); !errors.Is(err, upstream.ErrMisbehaved) {
			t.Fatalf("got %v", err)
		}
	}
	if n := province.count(keysPath); n != 2 {
		t.Errorf("asked %d times", n)
	}
	province.set(func() { province.token = nil })
	if _, err := signIn(t, p); err != nil {
		t.Errorf("the key that was known: %v", err)
	}
}

func TestAWithdrawnKeyIsForgotten(t *testing.T) {
	province := newProvince(t)
	p := province.provider()
	if _, err := signIn(t, p); err != nil {
		t.Fatal(err)
	}
	stolen := province.key
	province.set(func() {
		province.key = newKey(t, "second", jose.ES256)
		province.keys = []any{province.key.public()}
		province.token = func(c map[string]any) string { return stolen.sign(t, c) }
	})
	province.clock.forward(3 * time.Hour)
	if _, err := signIn(t, p); !errors.Is(err, upstream.ErrMisbehaved) {
		t.Errorf("got %v", err)
	}
}

func TestAWithdrawnKeyIsForgottenWhileTheIssuerIsInUse(t *testing.T) {
	province := newProvince(t)
	p := province.provider()
	if _, err := signIn(t, p); err != nil {
		t.Fatal(err)
	}
	stolen := province.key
	fetched := make(chan struct{})
	province.set(func() {
		province.key = newKey(t, "second", jose.ES256)
		province.token = func(c map[string]any) string { return stolen.sign(t, c) }
		var once sync.Once
		public := province.key.public()
		province.override[keysPath] = func(w http.ResponseWriter, _ *http.Request) {
			writeJSON(w, map[string]any{"keys": []any{public}})
			once.Do(func() { close(fetched) })
		}
	})
	province.clock.forward(11 * time.Minute)
	if _, err := signIn(t, p); err != nil { // the stale keys serve while fresh ones are fetched behind
		t.Fatal(err)
	}
	<-fetched
	for { // the answer is on its way
		if _, err := signIn(t, p); errors.Is(err, upstream.ErrMisbehaved) {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func TestKeysThatCannotBeHadAreNotTheTokensFault(t *testing.T) {
	for name, c := range map[string]struct {
		override http.HandlerFunc
		want     error
	}{
		"out of order":         {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, upstream.ErrUnreachable},
		"ten megabytes":        {flood, upstream.ErrMisbehaved},
		"a page":               {page, upstream.ErrMisbehaved},
		"redirected elsewhere": {redirect("http://127.0.0.2:1/keys"), upstream.ErrMisbehaved},
		"endless":              {drip, upstream.ErrSlow},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			province := newProvince(t)
			province.override[keysPath] = c.override
			p := province.provider(func(c *upstream.Config) { c.Timeout = time.Second })
			for range 3 {
				if _, err := signIn(t, p); !errors.Is(err, c.want) {
					t.Fatalf("got %v, want %v", err, c.want)
				}
			}
			if n := province.count(keysPath); n != 1 {
				t.Errorf("asked %d times", n)
			}
		})
	}
}
