package authtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"manyou/authenticators"
)

func description(f *fixture) {
	m := f.a.Method()
	if err := m.Validate(); err != nil {
		f.Error(err)
	}
	if again := f.a.Method(); !reflect.DeepEqual(m, again) {
		f.Errorf("%+v, then %+v", m, again)
	}
	first := m.AMR[0]
	m.AMR[0], m.Channels[0] = "changed", "changed"
	if again := f.a.Method(); again.AMR[0] != first || again.Channels[0] == "changed" {
		f.Error("a reader changed the description for everybody")
	}
}

func badRequests(f *fixture) {
	w := &wallet{Person: f.subject.Person(f)}
	for name, spoil := range map[string]func(*authenticators.Request){
		"no purpose":      func(r *authenticators.Request) { r.Purpose = "" },
		"another purpose": func(r *authenticators.Request) { r.Purpose = "enrol " },
		"no nonce":        func(r *authenticators.Request) { r.Nonce = nil },
		"a short nonce":   func(r *authenticators.Request) { r.Nonce = r.Nonce[1:] },
		"a long nonce":    func(r *authenticators.Request) { r.Nonce = append(r.Nonce, 0) },
		"no handle":       func(r *authenticators.Request) { r.Handle = nil },
		"a short handle":  func(r *authenticators.Request) { r.Handle = make([]byte, 15) },
		"a long handle":   func(r *authenticators.Request) { r.Handle = make([]byte, 65) },
		"no name":         func(r *authenticators.Request) { r.Name = "" },
		"a long name":     func(r *authenticators.Request) { r.Name = strings.Repeat("名", 65) },
		"a broken name":   func(r *authenticators.Request) { r.Name = "a\xff" },
		"a name in lines": func(r *authenticators.Request) { r.Name = "a\nb" },
		"no time":         func(r *authenticators.Request) { r.Now = time.Time{} },
	} {
		r := f.request(w, authenticators.PurposeEnrol)
		name0, address := r.Name, r.Address
		spoil(&r)
		c, err := f.a.Begin(r)
		if err == nil {
			f.Errorf("%s: no error", name)
			continue
		}
		if !reflect.DeepEqual(c, authenticators.Challenge{}) {
			f.Errorf("%s: an error, and a challenge", name)
		}
		for _, personal := range []string{name0, address} {
			if personal != "" && strings.Contains(err.Error(), personal) {
				f.Errorf("%s: the error repeats the request: %v", name, err)
			}
		}
	}
}

func equalRequests(f *fixture) {
	w := f.newcomer()
	r := f.request(w, authenticators.PurposeProve)
	first, second := f.begin(r), f.begin(r)
	if bytes.Equal(first.State, second.State) && string(first.Show.Options) == string(second.Show.Options) {
		return
	}
	if p := f.verify(second, w.credentials, w.Prove(first, f.now)); p.Outcome == authenticators.Accepted {
		f.Error("two challenges that differ take the same answer")
	}
}

func discoverable(f *fixture) {
	d, ok := f.a.(authenticators.Discoverer)
	w := f.newcomer()
	r := authenticators.Request{Purpose: authenticators.PurposeProve, Nonce: f.nonce(), Now: f.now}
	if !ok {
		if !f.a.Method().Enrolled {
			return // it needs an address to begin with
		}
		if f.begin(r).Discoverable {
			f.Error("a challenge says that answers name the credential, and nobody can read the name")
		}
		return
	}
	c := f.begin(r)
	if !c.Discoverable || !f.kept(c).Discoverable {
		f.Fatal("the challenge to somebody unknown is not discoverable")
	}
	answer := w.Prove(c, f.now)
	handle, ok := d.HandleIn(answer)
	if !ok || handle == "" || handle != w.credentials[0].Handle {
		f.Fatalf("the answer names %q (%v), stored is %q", handle, ok, w.credentials[0].Handle)
	}
	if p := f.verify(c, w.credentials[:1], answer); p.Outcome != authenticators.Accepted {
		f.Errorf("found by its handle: %v", p.Outcome)
	}
	for _, garbage := range garbage {
		if handle, ok := d.HandleIn(garbage); ok || handle != "" {
			f.Errorf("%.30q names %q", garbage, handle)
		}
	}
}

func revoke(f *fixture) {
	w := f.newcomer()
	for _, c := range w.credentials {
		n, err := f.a.Revoke(c)
		f.silent(fmt.Sprintf("%v %+v", err, n), authenticators.Challenge{}, string(c.Secret))
		if err != nil {
			f.Errorf("revoke: %v", err)
		}
		if n.Signal != nil && !json.Valid(n.Signal) {
			f.Errorf("%q is not JSON", n.Signal)
		}
	}
}

func concurrent(f *fixture) {
	const people = 8
	wallets := make([]*wallet, people)
	for i := range wallets {
		wallets[i] = f.newcomer()
	}
	requests := make([]authenticators.Request, people)
	for i, w := range wallets {
		requests[i] = f.request(w, authenticators.PurposeProve)
	}
	var all sync.WaitGroup
	for i, w := range wallets {
		all.Go(func() {
			c, err := f.a.Begin(requests[i])
			if err != nil {
				f.Errorf("begin: %v", err)
				return
			}
			p, err := f.a.Verify(c, w.credentials, w.Prove(c, f.now), f.now)
			if err != nil || p.Outcome != authenticators.Accepted {
				f.Errorf("among others: %v, %v", p.Outcome, err)
			}
			_ = f.a.Method()
		})
	}
	all.Wait()
}

var _ testing.TB = (*fixture)(nil)
