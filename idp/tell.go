package idp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"manyou/idp/keys"
	"manyou/storage"
)

// Telling applications that sessions ended (OpenID Connect Back-Channel Logout 1.0).
//
//	session ends, in one transaction with whatever ends it          nothing else is written
//	one node has the lease ──► what ended since the application's position ──► logout token ──► position
//
// The end of the session is the message: a process that is killed anywhere leaves either the position behind, and tells again, or
// nothing to tell. An application hears of each end at least once and in order; one that cannot be reached is asked again later and
// later, for as long as the session would have lasted.
const (
	tellEvery   = 500 * time.Millisecond
	tellLease   = 3 * time.Second
	tellBatch   = 100
	tellTimeout = 5 * time.Second // also for which one application is told in a round: the others wait for it
	tellAtOnce  = 16
	// tellOverlap is how late an end may be committed, or how far clocks of nodes may differ.
	tellOverlap   = 5 * time.Second
	tellLaterMax  = 2 * time.Minute
	logoutLife    = 2 * time.Minute
	logoutEvent   = "http://schemas.openid.net/event/backchannel-logout"
	maxTellAnswer = 4 << 10
)

// logoutToken are the claims of a logout token (§2.4).
type logoutToken struct {
	Issuer    string              `json:"iss"`
	Subject   string              `json:"sub"`
	Audience  string              `json:"aud"`
	IssuedAt  int64               `json:"iat"`
	Expires   int64               `json:"exp"`
	ID        string              `json:"jti"`
	SessionID string              `json:"sid"`
	Events    map[string]struct{} `json:"events"`
}

// noteOnward remembers that an application that wants to hear of ends, or of what happens to people, or may file cases, builds on a
// session.
func (i *Issuer) noteOnward(ctx context.Context, g storage.Grant, app *application) error {
	own := slices.ContainsFunc(ownScopes, func(s string) bool { return slices.Contains(app.Scopes, s) })
	if app.BackchannelLogoutURI == "" && !own {
		return nil
	}
	return i.Store.NoteOnward(ctx, storage.Onward{
		ClientID: app.ClientID, SessionID: g.SessionID, SessionExpiresAt: g.SessionExpiresAt, PersonID: g.PersonID, Known: i.subject(g.PersonID, app),
	}, i.Clock())
}

// tellClient sends what others have to hear.
func tellClient(t http.RoundTripper) *http.Client {
	return &http.Client{Transport: t, Timeout: tellTimeout, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // nobody vouched for where it leads
	}}
}

// teller tells applications what ended. It remembers only what spares repetition.
type teller struct {
	i         *Issuer
	node      string
	leased    time.Time
	mu        sync.Mutex
	receivers map[string]*receiver
}

// receiver is an application that is told.
type receiver struct {
	told     map[string]time.Time // what was told of the overlap, by session
	position time.Time            // all that ended before it was told; stored when something was
	failures int
	next     time.Time
}

func (i *Issuer) newTeller() (*teller, error) {
	var b [12]byte
	if _, err := io.ReadFull(i.Random, b[:]); err != nil {
		return nil, fmt.Errorf("prepare telling: %w", err)
	}
	return &teller{
		i: i, node: encoding.EncodeToString(b[:]), receivers: map[string]*receiver{},
	}, nil
}

// run tells until the context ends.
func (t *teller) run(ctx context.Context) {
	tick := time.NewTicker(tellEvery)
	defer tick.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := t.round(ctx)
		if (err != nil) != failing && ctx.Err() == nil {
			if failing = err != nil; failing {
				t.i.Logger.ErrorContext(ctx, "applications are not told of ended sessions", "cause", err)
			}
		}
	}
}

// round tells everybody who is due, if this node has the lease.
func (t *teller) round(ctx context.Context) error {
	now := t.i.Clock()
	if now.After(t.leased.Add(-tellLease / 2)) {
		has, err := t.i.Store.Lease(ctx, "tell", t.node, now, now.Add(tellLease))
		if err != nil || !has {
			return err
		}
		t.leased = now.Add(tellLease)
	}
	deliveries, err := t.i.Store.Deliveries(ctx)
	if err != nil {
		return err
	}
	var group errgroup.Group
	group.SetLimit(tellAtOnce)
	for _, d := range deliveries {
		r := t.receiver(d.ClientID)
		if now.Before(r.next) {
			continue
		}
		group.Go(func() error { return t.tell(ctx, d, r, now) })
	}
	return group.Wait()
}

func (t *teller) receiver(clientID string) *receiver {
	t.mu.Lock()
	defer t.mu.Unlock()
	r, ok := t.receivers[clientID]
	if !ok {
		r = &receiver{told: map[string]time.Time{}}
		t.receivers[clientID] = r
	}
	return r
}

// tell tells one application what ended since its position, to the end, unless it takes too long: then the next round goes on. An error is a fault of
// storage; an application that does not answer is none.
func (t *teller) tell(ctx context.Context, d storage.Delivery, r *receiver, now time.Time) error {
	if r.position.Before(d.Position) {
		r.position = d.Position
	}
	turn, done := context.WithTimeout(ctx, tellTimeout)
	defer done()
	since := r.position.Add(-tellOverlap)
	at, after := since, []byte(nil)
	for {
		ended, err := t.i.Store.EndedOnward(ctx, d.ClientID, at, after, tellBatch)
		if err != nil {
			return err
		}
		for _, o := range ended {
			at, after = o.EndedAt, o.SessionID
			key := string(o.SessionID) + o.EndedAt.String()
			if _, before := r.told[key]; before {
				continue
			}
			if turn.Err() != nil {
				break
			}
			if err := t.send(ctx, o, now); err != nil {
				r.failures++
				r.next = now.Add(later(r.failures))
				t.i.Logger.WarnContext(ctx, "an application was not told of an ended session", "client_id", d.ClientID, "failures", r.failures, "cause", err)
				return nil
			}
			r.failures, r.told[key], r.position = 0, o.EndedAt, o.EndedAt
		}
		if len(ended) > 0 && r.position.After(d.Position) { // told, whatever becomes of this process
			d.Position = r.position
			if err := t.i.Store.Delivered(ctx, d); err != nil {
				return err
			}
		}
		if turn.Err() != nil {
			r.forget(since)
			return nil
		}
		if len(ended) < tellBatch {
			break
		}
	}
	// All was told that had ended by now. What is committed late is found within the overlap.
	if now.After(r.position) {
		r.position = now
	}
	r.forget(since)
	return nil
}

// forget drops what was told so long ago that it is not looked at again.
func (r *receiver) forget(since time.Time) {
	for key, ended := range r.told {
		if ended.Before(since) {
			delete(r.told, key)
		}
	}
}

// later is how long an application that failed is left alone: twice as long each time, and never all at once.
func later(failures int) time.Duration {
	wait := time.Second << min(failures-1, 10)
	wait = min(wait, tellLaterMax)
	return wait/2 + rand.N(wait/2+1) //nolint:gosec // spreads load, hides nothing
}

// send tells an application of one session.
func (t *teller) send(ctx context.Context, o storage.Onward, now time.Time) error {
	app, err := t.i.apps.get(ctx, o.ClientID)
	switch {
	case errors.Is(err, errNoApplication):
		return nil // it is none any more: it has nothing that stands
	case err != nil:
		return err
	case app.BackchannelLogoutURI == "":
		return nil
	}
	var jti [16]byte
	if _, err := io.ReadFull(t.i.Random, jti[:]); err != nil {
		return err
	}
	alg := keys.ES256
	if app.IDTokenAlg == keys.RS256 {
		alg = keys.RS256
	}
	token, err := t.i.sign(alg, keys.TypeLogoutToken, logoutToken{
		Issuer: t.i.Issuer, Subject: t.i.subject(o.PersonID, app), Audience: app.ClientID, IssuedAt: now.Unix(),
		Expires: now.Add(logoutLife).Unix(), ID: encoding.EncodeToString(jti[:]), SessionID: t.i.sessionID(o.SessionID, app),
		Events: map[string]struct{}{logoutEvent: {}},
	})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, app.BackchannelLogoutURI, strings.NewReader(url.Values{"logout_token": {token}}.Encode()))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded") // §2.5
	client := t.i.tellRegistered
	if app.chained() {
		client = t.i.tellNamed
	}
	answer, err := client.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	_, _ = io.CopyN(io.Discard, answer.Body, maxTellAnswer)                              // so that the connection serves again
	if answer.StatusCode != http.StatusOK && answer.StatusCode != http.StatusNoContent { // §2.8
		return fmt.Errorf("status %d", answer.StatusCode)
	}
	return nil
}
