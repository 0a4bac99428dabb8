package signin

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"manyou/idp/web"
)

// window is the length of the fixed windows in which attempts are counted.
const window = time.Hour

// bound is one counter and what it may reach.
type bound struct {
	kind, value string
	max         int64
}

// messageBounds limit one-time codes: per phone, so that nobody is flooded; per device and address, so that nobody
// floods.
func (s *SignIn) messageBounds(r *http.Request, c *conversation, phone string) []bound {
	return []bound{
		{"message.phone", phone, s.Limits.MessagesPerPhone},
		{"message.device", c.state.Browser, s.Limits.MessagesPerDevice},
		{"message.address", s.address(r), s.Limits.MessagesPerAddress},
	}
}

// proofBounds limit wrong proofs. whom is what the citizen claims to be: a phone number, a document number.
func (s *SignIn) proofBounds(r *http.Request, c *conversation, whom string) []bound {
	return []bound{
		{"proof.person", whom, s.Limits.ProofsPerPerson},
		{"proof.device", c.state.Browser, s.Limits.ProofsPerDevice},
		{"proof.address", s.address(r), s.Limits.ProofsPerAddress},
	}
}

// Try counts an attempt at guessing something by a browser, for a person if there is one, and reports whether it may be made.
func (s *SignIn) Try(r *http.Request, browser, personID string) (bool, error) {
	bounds := []bound{
		{"proof.device", browser, s.Limits.ProofsPerDevice}, {"proof.address", s.address(r), s.Limits.ProofsPerAddress},
	}
	if personID != "" {
		bounds = append(bounds, bound{"proof.person", personID, s.Limits.ProofsPerPerson})
	}
	return s.spend(r.Context(), bounds)
}

// spend counts an attempt in every bound and reports whether all of them hold. It counts before the attempt is made, so
// that a thousand attempts at once are a thousand.
func (s *SignIn) spend(ctx context.Context, bounds []bound) (bool, error) {
	end := s.Clock().Truncate(window).Add(window)
	keys := make([]string, len(bounds))
	for n, b := range bounds {
		// Counted by keyed hash: the table of counters says nothing about whom.
		keys[n] = b.kind + ":" + base64.RawURLEncoding.EncodeToString(s.Vault.MAC("limit", []byte(b.kind+"\x00"+b.value))[:18])
	}
	totals, err := s.Store.Count(ctx, keys, 1, end)
	if err != nil {
		return false, err
	}
	for n, b := range bounds {
		if totals[n] > b.max {
			return false, nil
		}
	}
	return true, nil
}

// within spends an attempt, and shows a page if there are none left. It reports whether the attempt may be made.
func (s *SignIn) within(w http.ResponseWriter, r *http.Request, bounds []bound) bool {
	ok, err := s.spend(r.Context(), bounds)
	if err != nil {
		s.fault(w, r, err)
		return false
	}
	if !ok {
		s.problem(w, r, http.StatusTooManyRequests, web.ProblemTooMany, errTooMany)
	}
	return ok
}

var errTooMany = errors.New("too many attempts")

// address is where a request comes from: a whole network for IPv6, where one household has many addresses. It believes
// X-Forwarded-For only of proxies that are trusted, from the last hop inwards.
func (s *SignIn) address(r *http.Request) string {
	remote, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	addr := remote.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for n := len(hops) - 1; n >= 0 && s.trusted(addr); n-- {
		next, err := netip.ParseAddr(strings.TrimSpace(hops[n]))
		if err != nil {
			break
		}
		addr = next.Unmap()
	}
	if addr.Is6() {
		if network, err := addr.Prefix(64); err == nil {
			return network.String()
		}
	}
	return addr.String()
}

// Address is where a request comes from, for those who limit besides.
func (s *SignIn) Address(r *http.Request) string { return s.address(r) }

func (s *SignIn) trusted(a netip.Addr) bool {
	for _, p := range s.TrustedProxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
