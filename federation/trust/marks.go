package trust

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	// maxChecked bounds the marks of one entity that are looked at.
	maxChecked = 8
	// maxActive bounds what is remembered of marks.
	maxActive = 100_000
)

// marks verifies the trust marks that a leaf shows, keeps those that hold, and fails if one is required and missing
// [OpenID Federation 1.0 §7.3].
func (c *climb) marks(ctx context.Context, resolved *Resolved, leaf, anchor *Statement) error {
	var unknown error
	for _, entry := range leaf.Marks[:min(len(leaf.Marks), maxChecked)] {
		m, until, err := c.mark(ctx, entry, resolved, anchor)
		switch {
		case err == nil:
			resolved.Marks = append(resolved.Marks, m)
			if !until.IsZero() && until.Before(resolved.ExpiresAt) && c.r.requires(m.Type) {
				resolved.ExpiresAt = until
			}
		case errors.Is(err, ErrUnreachable):
			unknown = err
		}
	}
	for kind, required := range c.r.config.Required {
		if _, is := resolved.Metadata[kind]; !is || resolved.Marked(required) {
			continue
		}
		if unknown != nil {
			return unknown
		}
		return untrusted("%s lacks the trust mark %s", resolved.Subject, required)
	}
	return nil
}

func (r *Resolver) requires(mark string) bool {
	for _, required := range r.config.Required {
		if required == mark {
			return true
		}
	}
	return false
}

// Marked reports whether the leaf has a trust mark that holds.
func (r *Resolved) Marked(kind string) bool {
	for _, m := range r.Marks {
		if m.Type == kind {
			return true
		}
	}
	return false
}

// mark verifies one mark and says until when it is believed; the zero time: without end. Its issuer is the anchor, or an entity that a
// chain to the same anchor makes known.
func (c *climb) mark(ctx context.Context, entry MarkEntry, resolved *Resolved, anchor *Statement) (m Mark, until time.Time, err error) {
	if m, err = ParseMark(entry.Mark); err != nil {
		return m, until, err
	}
	if m.Type != entry.Type {
		return m, until, untrusted("a trust mark of another type than it is shown as")
	}
	keys, metadata := anchor.Keys, anchor.Metadata[FederationEntity]
	if m.Issuer != anchor.Subject {
		if _, allowed := anchor.MarkIssuers[m.Type]; !allowed { // before anybody is asked on its behalf
			return m, until, untrusted("the anchor knows no trust mark %s", m.Type)
		}
		issuer, err := c.issuer(ctx, m.Issuer, resolved.Anchor)
		if err != nil {
			return m, until, err
		}
		keys = issuer.Keys
		if metadata, err = json.Marshal(issuer.Metadata[FederationEntity]); err != nil {
			return m, until, err
		}
	}
	now := c.r.config.Clock()
	if m, err = VerifyMark(entry.Mark, resolved.Subject, anchor.MarkIssuers, keys, now); err != nil {
		return m, until, err
	}
	if until, err = delegated(m, anchor, now); err != nil {
		return m, until, err
	}
	said, err := c.stillActive(ctx, m, keys, metadata, now)
	if end := time.Unix(m.Expires, 0); m.Expires != 0 && (until.IsZero() || end.Before(until)) {
		until = end
	}
	if silence := said.Add(maxSilence); !said.IsZero() && (until.IsZero() || silence.Before(until)) {
		until = silence
	}
	return m, until, err
}

// issuer resolves who issued a mark. Its own marks are not looked at: that could go on for ever.
func (c *climb) issuer(ctx context.Context, id, anchor string) (*Resolved, error) {
	inner := &climb{r: c.r, lookups: c.lookups, waiting: c.waiting, unmarked: true}
	got, err := inner.from(ctx, id)
	c.lookups = inner.lookups
	if err == nil {
		c.r.remember(inner.used, got)
	}
	if err == nil && got.Anchor != anchor {
		err = untrusted("the issuer of a trust mark belongs to another anchor")
	}
	return got, err
}

// stillActive asks a mark's issuer whether it was revoked [OpenID Federation 1.0 §8.4], and returns when it said last that it was not.
// That is believed until it is time to look again, and for an hour where it cannot be heard; an issuer that offers no answer is
// believed by the mark's own time.
func (c *climb) stillActive(ctx context.Context, m Mark, keys jose.JSONWebKeySet, metadata json.RawMessage, now time.Time) (time.Time, error) {
	r := c.r
	if m.Issuer == r.config.Self && r.config.Local != nil {
		stands, err := r.config.Local.MarkStands(ctx, m)
		if err == nil && !stands {
			err = untrusted("the trust mark was revoked")
		}
		return time.Time{}, err
	}
	name := m.name()
	r.mu.RLock()
	said, before := r.active[name]
	r.mu.RUnlock()
	if before && now.Before(said.Add(r.config.RefreshAfter)) {
		return said, nil
	}
	endpoint := statusEndpoint(metadata)
	if endpoint == "" {
		return time.Time{}, nil
	}
	believed := before && now.Before(said.Add(maxSilence))
	resting, quiet := r.statements.quiet(m.Issuer, now)
	if believed && resting {
		return said, nil
	}
	done := r.asking.DoChan(m.raw, func() (any, error) {
		return r.askStatus(context.WithoutCancel(ctx), endpoint, m, keys)
	})
	if believed && quiet {
		return said, nil
	}
	over := ctx.Done()
	if believed {
		over = c.waiting.Done()
	}
	select {
	case got := <-done:
		if got.Err == nil {
			return got.Val.(time.Time), nil
		}
		if !believed || !errors.Is(got.Err, ErrUnreachable) {
			return said, got.Err
		}
	case <-over:
		if !believed {
			return said, errors.Join(ErrUnreachable, ctx.Err())
		}
	}
	return said, nil
}

// statusEndpoint is where an entity says whether its marks stand; "" if it does not.
func statusEndpoint(metadata json.RawMessage) string {
	var m struct {
		Status string `json:"federation_trust_mark_status_endpoint"`
	}
	if json.Unmarshal(metadata, &m) != nil {
		return ""
	}
	return m.Status
}

// askStatus asks about a mark once, and remembers the answer.
func (r *Resolver) askStatus(ctx context.Context, endpoint string, m Mark, keys jose.JSONWebKeySet) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	raw, err := r.config.Fetcher.Post(ctx, endpoint, url.Values{"trust_mark": {m.raw}}, "application/"+TypeMarkStatus)
	now := r.config.Clock()
	switch {
	case err == nil:
		err = readStatus(raw, m, keys, now)
	case !errors.Is(err, ErrNotFound) && !errors.Is(err, errAddress):
		err = fmt.Errorf("%w: %v", ErrUnreachable, err) //nolint:errorlint // what it says of trust does not count
	}
	if errors.Is(err, ErrUnreachable) {
		return now, err
	}
	r.mu.Lock()
	name := m.name()
	_, before := r.active[name]
	delete(r.active, name)
	if err == nil {
		if len(r.active) >= maxActive {
			clear(r.active)
		}
		r.active[name] = now
	}
	r.mu.Unlock()
	if err != nil && before {
		r.Forget(m.Subject)
	}
	return now, err
}

// maxSilence is how long a mark is believed whose issuer said that it stands and cannot be heard since.
const maxSilence = time.Hour

// maxStatusAge is how old an answer about a mark may be.
const maxStatusAge = 5 * time.Minute

func readStatus(raw string, m Mark, keys jose.JSONWebKeySet, now time.Time) error {
	jws, payload, err := open(raw, TypeMarkStatus)
	if err != nil {
		return err
	}
	if _, err := signedBy(jws, keys); err != nil {
		return err
	}
	var answer struct {
		Issuer   string `json:"iss"`
		IssuedAt int64  `json:"iat"`
		Mark     string `json:"trust_mark"`
		Status   string `json:"status"`
	}
	if json.Unmarshal(payload, &answer) != nil || answer.Issuer != m.Issuer || answer.Mark != m.raw {
		return untrusted("an answer of another, or about another trust mark")
	}
	if at := time.Unix(answer.IssuedAt, 0); now.Add(skew).Before(at) || now.After(at.Add(maxStatusAge)) {
		return untrusted("an answer about a trust mark that is not of now")
	}
	if answer.Status != "active" {
		return untrusted("the trust mark is %.20s", answer.Status)
	}
	return nil
}
