package storagetest

import (
	"errors"

	"pgregory.net/rapid"

	"manyou/storage"
)

// What may happen to people, tokens and holds.

func (m *model) signIn(*rapid.T) {
	person, subject := m.person(), ""
	acr := rapid.IntRange(1, 3).Draw(m.t, "acr")
	for s, p := range m.links {
		if p == person && rapid.Bool().Draw(m.t, "by a link") {
			subject = s
		}
	}
	s := m.f.session(person)
	s.ACR, s.Origin = acr, ""
	if subject != "" {
		s.Origin = issuerOfModel
	}
	status, least := m.status(person)
	anyFrozen := false // by which link a session came is not kept: a frozen one of the person's stops all of that issuer
	for sub, p := range m.links {
		anyFrozen = anyFrozen || p == person && m.frozen(sub)
	}
	may := status == storage.PersonActive && acr >= least && (subject == "" || !anyFrozen)
	epoch, err := m.f.CompleteSignIn(m.test.Context(), m.f.signIn(m.test, nil, s))
	if err != nil && !errors.Is(err, storage.ErrEnded) {
		m.t.Fatalf("sign-in: %v", err)
	}
	if !m.must(err == nil, may, "sign-in") {
		return
	}
	s.Epoch = epoch
	g := m.f.grant(s)
	g.Offline = rapid.Bool().Draw(m.t, "offline")
	if _, err := m.f.Redeem(m.test.Context(), g, m.f.now); err != nil {
		m.t.Fatalf("redeem: %v", err)
	}
	k := token{session: s, grant: g, status: m.f.tokenStatus(*m.places, g)}
	*m.places++
	check(m.test, m.f.AddTokenStatus(m.test.Context(), k.status))
	m.tokens = append(m.tokens, k)
}

func (m *model) refresh(t *rapid.T) {
	if len(m.tokens) == 0 {
		return // nothing to act on
	}
	n := rapid.IntRange(0, len(m.tokens)-1).Draw(t, "token")
	k := &m.tokens[n]
	_, err := m.f.Rotate(m.test.Context(), k.grant.ID, k.grant.ExpiresAt, k.grant.Generation, m.f.now)
	if err != nil && !errors.Is(err, storage.ErrEnded) {
		t.Fatalf("rotate: %v", err)
	}
	if m.must(err == nil, m.alive(*k), "refresh") {
		k.grant.Generation++
	}
}

func (m *model) endSession(t *rapid.T) {
	if len(m.tokens) == 0 {
		return // nothing to act on
	}
	k := &m.tokens[rapid.IntRange(0, len(m.tokens)-1).Draw(t, "token")]
	check(m.test, m.f.EndSession(m.test.Context(), k.session.ID, k.session.ExpiresAt, m.f.now))
	k.ended = true
}

func (m *model) hold(t *rapid.T) {
	kind := rapid.SampledFrom([]storage.HoldKind{storage.HoldWatch, storage.HoldStepUp, storage.HoldFreeze, storage.HoldDeactivate}).Draw(t, "kind")
	h := m.f.hold(m.person(), kind)
	before := m.statuses()
	if subject := m.subject(); m.links[subject] != "" && rapid.Bool().Draw(t, "link") {
		h.PersonID, h.Issuer, h.Subject, h.Kind = m.links[subject], issuerOfModel, subject, storage.HoldFreeze
	}
	if !m.must(m.step(func(s *storage.CaseStep) { s.Place = []storage.Hold{h} }), m.merged[h.PersonID] == "", "hold") {
		return
	}
	m.holds = append(m.holds, h)
	if h.Issuer != "" {
		m.after(before, h.PersonID)
		return
	}
	m.after(before)
}

func (m *model) lift(t *rapid.T) {
	lying := []int{}
	for n, h := range m.holds {
		if h.Lies() {
			lying = append(lying, n)
		}
	}
	if len(lying) == 0 {
		return // nothing to act on
	}
	n := rapid.SampledFrom(lying).Draw(t, "hold")
	before := m.statuses()
	m.must(m.step(func(s *storage.CaseStep) { s.Lift = []storage.HoldLift{{ID: m.holds[n].ID, By: "system"}} }), true, "lift")
	m.holds[n].LiftedAt = m.f.now
	m.after(before)
}
