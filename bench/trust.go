package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"

	"manyou/federation/trust"
)

// The federation that is measured.
const (
	trustProvinces    = 34
	trustApplications = 3000 // of each province
	trustWarm         = 2_000_000
)

// nationwide is a federation whose statements are made ahead, and served from memory: what is measured is the resolver.
type nationwide struct {
	statements map[string]string // by address
	asked      atomic.Int64
	anchor     string
	keys       jose.JSONWebKeySet
	leaves     []string
}

// Fetch implements [trust.Fetcher]. Each answer is a copy, as one from the network is.
func (n *nationwide) Fetch(_ context.Context, target, _ string) (string, error) {
	n.asked.Add(1)
	text, ok := n.statements[target]
	if !ok {
		return "", trust.ErrNotFound
	}
	return strings.Clone(text), nil
}

// Post implements [trust.Fetcher]: nobody has a mark.
func (n *nationwide) Post(context.Context, string, url.Values, string) (string, error) {
	return "", trust.ErrNotFound
}

type signer struct {
	key jose.JSONWebKey
	jws jose.Signer
}

func newSigner(id string) (signer, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return signer{}, err
	}
	key := jose.JSONWebKey{Key: private, KeyID: id, Algorithm: "ES256", Use: "sig"}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, (&jose.SignerOptions{}).WithType(trust.TypeStatement))
	return signer{key.Public(), s}, err
}

func (s signer) keys() jose.JSONWebKeySet { return jose.JSONWebKeySet{Keys: []jose.JSONWebKey{s.key}} }

func (s signer) sign(claims map[string]any) (string, error) {
	body, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	jws, err := s.jws.Sign(body)
	if err != nil {
		return "", err
	}
	return jws.CompactSerialize()
}

func newNationwide(provinces, applications int) (*nationwide, error) {
	n := &nationwide{statements: map[string]string{}, anchor: "https://nation.example"}
	now := time.Now()
	claims := func(iss, sub string, keys jose.JSONWebKeySet) map[string]any {
		return map[string]any{"iss": iss, "sub": sub, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "jwks": keys}
	}
	var failed error
	put := func(address string, s signer, c map[string]any) {
		text, err := s.sign(c)
		if err != nil {
			failed = err
		}
		n.statements[address] = text
	}
	superior := func(id string) map[string]any {
		return map[string]any{trust.FederationEntity: map[string]any{"federation_fetch_endpoint": id + "/fetch", "organization_name": id}}
	}
	nation, err := newSigner("nation")
	if err != nil {
		return nil, err
	}
	n.keys = nation.keys()
	c := claims(n.anchor, n.anchor, nation.keys())
	c["metadata"] = superior(n.anchor)
	put(n.anchor+trust.ConfigurationPath, nation, c)
	for p := range provinces {
		id := fmt.Sprintf("https://p%d.example", p)
		province, err := newSigner("p" + strconv.Itoa(p))
		if err != nil {
			return nil, err
		}
		c := claims(id, id, province.keys())
		c["metadata"], c["authority_hints"] = superior(id), []string{n.anchor}
		put(id+trust.ConfigurationPath, province, c)
		c = claims(n.anchor, id, province.keys())
		c["metadata_policy"] = map[string]any{trust.OpenIDRelyingParty: map[string]any{
			"grant_types":                map[string]any{"subset_of": []string{"authorization_code", "refresh_token"}},
			"token_endpoint_auth_method": map[string]any{"value": "private_key_jwt"},
		}}
		c["constraints"] = map[string]any{"max_path_length": 2}
		put(n.anchor+"/fetch?sub="+url.QueryEscape(id), nation, c)
		for a := range applications {
			leaf := fmt.Sprintf("https://a%d.p%d.example", a, p)
			app, err := newSigner("a")
			if err != nil {
				return nil, err
			}
			c := claims(leaf, leaf, app.keys())
			c["authority_hints"] = []string{id}
			c["metadata"] = map[string]any{trust.OpenIDRelyingParty: map[string]any{
				"client_registration_types": []string{"automatic"}, "redirect_uris": []string{leaf + "/cb"}, "response_types": []string{"code"},
				"grant_types": []string{"authorization_code"}, "jwks": app.keys(), "client_name": "an application", "scope": "openid profile",
			}}
			put(leaf+trust.ConfigurationPath, app, c)
			put(id+"/fetch?sub="+url.QueryEscape(leaf), province, claims(id, leaf, app.keys()))
			n.leaves = append(n.leaves, leaf)
		}
	}
	return n, failed
}

// trustRole is the argument of the process that measures trust chains.
const trustRole = "child:trust"

// measureTrust resolves every application of the nation, once cold and then warm, and prints what that took. It runs in a process
// of its own.
func measureTrust(ctx context.Context, provinces, applications, decisions int, w io.Writer) error {
	n, err := newNationwide(provinces, applications)
	if err != nil {
		return err
	}
	r := trust.NewResolver(trust.Config{
		Anchors: map[string]jose.JSONWebKeySet{n.anchor: n.keys}, Fetcher: n, Clock: time.Now, RefreshAfter: time.Hour,
	})
	before := heap()
	cold := make([]time.Duration, 0, len(n.leaves))
	cpu, err := processTime(os.Getpid())
	if err != nil {
		return err
	}
	for _, leaf := range n.leaves {
		start := time.Now()
		if _, err := r.Resolve(ctx, leaf); err != nil {
			return err
		}
		cold = append(cold, time.Since(start))
	}
	coldCPU, err := since(cpu)
	if err != nil {
		return err
	}
	memory := heap() - before
	asked := n.asked.Load()
	if cpu, err = processTime(os.Getpid()); err != nil {
		return err
	}
	start := time.Now()
	for i := range decisions {
		if _, err := r.Resolve(ctx, n.leaves[i*7919%len(n.leaves)]); err != nil {
			return err
		}
	}
	warm := time.Since(start)
	warmCPU, err := since(cpu)
	if err != nil {
		return err
	}
	if n.asked.Load() != asked {
		return fmt.Errorf("warm decisions asked %d times", n.asked.Load()-asked)
	}
	slices.Sort(cold)
	us := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }
	thousand := func(d time.Duration, n int) float64 { return d.Seconds() / float64(n) * 1000 }
	fmt.Fprintf(w, "\nTrust chains: %d provinces with %d applications each, three levels; statements from memory\n\n", provinces, applications)
	fmt.Fprintf(w, "cold resolve     %8.0f µs median, %.0f µs at the 99th percentile, %.3f CPU-seconds per 1,000, %.2f requests each\n",
		us(cold[len(cold)/2]), us(cold[len(cold)*99/100]), thousand(coldCPU, len(cold)), float64(asked)/float64(len(cold)))
	fmt.Fprintf(w, "warm resolve     %8.2f µs, %.0f a second on one processor, %.5f CPU-seconds per 1,000, no request\n",
		us(warm)/float64(decisions), float64(decisions)/warm.Seconds(), thousand(warmCPU, decisions))
	fmt.Fprintf(w, "cache            %8.1f MB for %d entities, %.1f kB each\n", float64(memory)/1e6, len(n.leaves), float64(memory)/1e3/float64(len(n.leaves)))
	return nil
}

func since(before time.Duration) (time.Duration, error) {
	now, err := processTime(os.Getpid())
	return now - before, err
}

// heap is what is alive of it, in bytes.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc) //nolint:gosec // far below
}
