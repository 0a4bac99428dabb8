package storagetest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"manyou/storage"
)

// model says what of a person's tokens is alive, in words that know nothing of epochs: whatever changes who a person is, or lets them in or
// keeps them out, voids for ever what was issued before; a step-up suspends what was begun with less; the end of a session takes along
// what is not offline.
type model struct {
	t       *rapid.T
	test    *testing.T
	f       *fixture
	persons []string
	merged  map[string]string
	links   map[string]string // subject → person, "" if it is dropped
	holds   []storage.Hold
	tokens  []token
	places  *int // of the status list, that were given
	// applied are decisions that can be taken back.
	applied []modelDecision
}

type token struct {
	session storage.Session
	grant   storage.Grant
	reused  bool // the code or a refresh token was presented again
	void    bool
	ended   bool
	status  storage.TokenStatus
}

// modelDecision is what the model has to do to take a decision back.
type modelDecision struct {
	id   string
	undo func() bool // false: it does not fit any more
}

const issuerOfModel = "https://id.zj.example"

func (m *model) status(person string) (storage.PersonStatus, int) {
	status, least := storage.PersonActive, 0
	for _, h := range m.holds {
		if h.PersonID != person || !h.Lies() || h.Issuer != "" {
			continue
		}
		switch h.Kind {
		case storage.HoldDeactivate:
			status = storage.PersonDeactivated
		case storage.HoldFreeze:
			if status == storage.PersonActive {
				status = storage.PersonFrozen
			}
		case storage.HoldStepUp:
			least = storage.StepUpACR
		case storage.HoldWatch:
		}
	}
	if m.merged[person] != "" {
		status = storage.PersonMerged
	}
	return status, least
}

func (m *model) frozen(subject string) bool {
	return slices.ContainsFunc(m.holds, func(h storage.Hold) bool {
		return h.Subject == subject && h.Lies() && h.Kind == storage.HoldFreeze && h.PersonID == m.links[subject]
	})
}

// statuses are all of them, to see which change.
func (m *model) statuses() map[string]storage.PersonStatus {
	all := map[string]storage.PersonStatus{}
	for _, p := range m.persons {
		all[p], _ = m.status(p)
	}
	return all
}

// after voids the tokens of those whose status is another than before, and of those who are named.
func (m *model) after(before map[string]storage.PersonStatus, named ...string) {
	for p, now := range m.statuses() {
		if was, ok := before[p]; ok && was != now || slices.Contains(named, p) {
			for n := range m.tokens {
				if m.tokens[n].session.PersonID == p {
					m.tokens[n].void = true
				}
			}
		}
	}
}

func (m *model) alive(k token) bool {
	status, least := m.status(k.session.PersonID)
	return !k.void && !k.reused && (k.grant.Offline || !k.ended) && status == storage.PersonActive && k.grant.ACR >= least
}

func (m *model) person() string { return rapid.SampledFrom(m.persons).Draw(m.t, "person") }

func (m *model) subject() string {
	names := make([]string, 0, len(m.links))
	for s := range m.links {
		names = append(names, s)
	}
	slices.Sort(names)
	return rapid.SampledFrom(names).Draw(m.t, "subject")
}

// step files a case with what it does, and says whether it was taken.
func (m *model) step(change func(*storage.CaseStep)) bool {
	s := m.f.filing("")
	change(&s)
	err := m.f.StepCase(m.test.Context(), s)
	if err != nil && !errors.Is(err, storage.ErrConflict) {
		m.t.Fatalf("a step: %v", err)
	}
	return err == nil
}

func (m *model) must(taken, want bool, what string) bool {
	if taken != want {
		m.t.Fatalf("%s: taken %t, and should be %t", what, taken, want)
	}
	return taken
}

// holdsTrue compares every token with the store.
func (m *model) holdsTrue(t *rapid.T) {
	dead, err := m.f.DeadTokens(m.test.Context(), m.f.list(), m.f.now)
	if err != nil {
		t.Fatalf("status list: %v", err)
	}
	for n, k := range m.tokens {
		live, err := m.f.Grant(m.test.Context(), k.grant.ID, k.grant.ExpiresAt, m.f.now)
		if err != nil {
			t.Fatalf("grant: %v", err)
		}
		if got, want := live.Stands(m.f.now), m.alive(k); got != want {
			t.Fatalf("token %d of %s: alive %t, and should be %t", n, k.session.PersonID, got, want)
		}
		if slices.Contains(dead, k.status.Index) == m.alive(k) {
			t.Fatalf("token %d of %s: the status list says dead %t", n, k.session.PersonID, m.alive(k))
		}
	}
}

var modelCases = map[string]func(*testing.T, *fixture){
	"Model/no sequence of events leaves a token alive that is dead, or kills one that is alive": func(t *testing.T, f *fixture) {
		f.published(t)
		places := 0
		rapid.Check(t, func(r *rapid.T) {
			m := &model{t: r, test: t, f: f, merged: map[string]string{}, links: map[string]string{}, places: &places}
			for range 3 {
				p := f.person()
				in := f.signIn(t, p, f.session(p.ID))
				in.Session.ExpiresAt = f.now.Add(time.Hour)
				subject := text()
				in.Link = &storage.Link{Issuer: issuerOfModel, Subject: subject, PersonID: p.ID, CreatedAt: f.now}
				check(t, f.complete(t, in))
				m.persons, m.links[subject] = append(m.persons, p.ID), p.ID
			}
			r.Repeat(map[string]func(*rapid.T){
				"sign in": m.signIn, "refresh": m.refresh, "end session": m.endSession, "hold": m.hold, "lift": m.lift, "relink": m.relink,
				"rename": m.rename, "merge": m.merge, "split": m.split, "undo": m.undo,
				"redeem": m.redeem, "again": m.again, "unlink": m.unlink, "": m.holdsTrue,
			})
		})
	},
}
