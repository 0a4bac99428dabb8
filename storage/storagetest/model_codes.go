package storagetest

import (
	"errors"

	"pgregory.net/rapid"

	"manyou/storage"
)

// What may happen to codes and to refresh tokens that somebody else has, too, and to links that are nobody's.

// redeem redeems a code that an earlier session was given: it is good as long as the session is, whatever became of the session's tokens.
func (m *model) redeem(t *rapid.T) {
	if len(m.tokens) == 0 {
		return // nothing to act on
	}
	k := m.tokens[rapid.IntRange(0, len(m.tokens)-1).Draw(t, "token")]
	status, least := m.status(k.session.PersonID)
	may := !k.void && !k.ended && status == storage.PersonActive && k.session.ACR >= least
	_, err := m.f.Redeem(m.test.Context(), m.f.grant(k.session), m.f.now)
	if err != nil && !errors.Is(err, storage.ErrEnded) {
		t.Fatalf("redeem: %v", err)
	}
	m.must(err == nil, may, "redeem")
}

// again presents a code, or a refresh token, a second time: that ends what came of it.
func (m *model) again(t *rapid.T) {
	if len(m.tokens) == 0 {
		return // nothing to act on
	}
	k := &m.tokens[rapid.IntRange(0, len(m.tokens)-1).Draw(t, "token")]
	var err error
	if k.grant.Generation > 0 && rapid.Bool().Draw(t, "refresh token") {
		_, err = m.f.Rotate(m.test.Context(), k.grant.ID, k.grant.ExpiresAt, k.grant.Generation-1, m.f.now)
	} else {
		_, err = m.f.Redeem(m.test.Context(), k.grant, m.f.now)
	}
	if !errors.Is(err, storage.ErrUsed) {
		t.Fatalf("what was used before: %v", err)
	}
	k.reused = true
}

func (m *model) unlink(*rapid.T) {
	subject := m.subject()
	from := m.links[subject]
	if from == "" {
		return // nothing to act on
	}
	m.correct(true, storage.Correction{Moves: []storage.Move{{What: storage.MoveLink, Issuer: issuerOfModel, Subject: subject, From: from}}},
		[]string{from}, func() { m.links[subject] = "" }, func() bool {
			if m.links[subject] != "" || m.merged[from] != "" {
				return false
			}
			m.links[subject] = from
			return true
		})
}
