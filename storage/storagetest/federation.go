package storagetest

import (
	"testing"
	"time"

	"manyou/storage"
)

func (f *fixture) subordinate(id string) storage.Subordinate {
	return storage.Subordinate{
		EntityID: id, Types: []string{"federation_entity", "openid_provider"}, JWKS: []byte(`{"keys":[]}`), Rules: []byte(`{"constraints":{}}`),
		Status: storage.SubordinateActive, CreatedAt: f.now, UpdatedAt: f.now,
	}
}

var federationCases = map[string]func(*testing.T, *fixture){
	"Subordinates/are listed by identifier, as put last": func(t *testing.T, f *fixture) {
		a, b := f.subordinate("https://a.example"), f.subordinate("https://b.example/city")
		check(t, f.PutSubordinate(t.Context(), b))
		check(t, f.PutSubordinate(t.Context(), a))
		a.Rules, a.Types = nil, nil
		check(t, f.PutSubordinate(t.Context(), a))
		got, err := f.ListSubordinates(t.Context(), "", 10)
		check(t, err)
		equal(t, got, []storage.Subordinate{a, b})
		got, err = f.ListSubordinates(t.Context(), a.EntityID, 1)
		check(t, err)
		equal(t, got, []storage.Subordinate{b})
	},
	"SetSubordinateStatus/is seen by whoever asks what changed": func(t *testing.T, f *fixture) {
		a, b := f.subordinate("https://a.example"), f.subordinate("https://b.example")
		check(t, f.PutSubordinate(t.Context(), a))
		check(t, f.PutSubordinate(t.Context(), b))
		b.Status, b.UpdatedAt = storage.SubordinateSuspended, f.now.Add(time.Second)
		check(t, f.SetSubordinateStatus(t.Context(), b.EntityID, b.Status, b.UpdatedAt))
		got, err := f.SubordinatesSince(t.Context(), b.UpdatedAt, 10)
		check(t, err)
		equal(t, got, []storage.Subordinate{b})
		is(t, f.SetSubordinateStatus(t.Context(), "https://c.example", b.Status, f.now), storage.ErrNotFound)
	},
	"ReplaceSubordinateKeys/only of those it knows": func(t *testing.T, f *fixture) {
		a := f.subordinate("https://a.example")
		check(t, f.PutSubordinate(t.Context(), a))
		next := []byte(`{"keys":[1]}`)
		is(t, f.ReplaceSubordinateKeys(t.Context(), a.EntityID, next, next, f.now), storage.ErrConflict)
		is(t, f.ReplaceSubordinateKeys(t.Context(), "https://b.example", a.JWKS, next, f.now), storage.ErrConflict)
		check(t, f.ReplaceSubordinateKeys(t.Context(), a.EntityID, a.JWKS, next, f.now.Add(time.Second)))
		got, err := f.ListSubordinates(t.Context(), "", 10)
		check(t, err)
		a.JWKS, a.UpdatedAt = next, f.now.Add(time.Second)
		equal(t, got, []storage.Subordinate{a})
	},
	"TrustMarks/are revoked once and listed by subject": func(t *testing.T, f *fixture) {
		a := storage.TrustMark{Type: "https://n.example/approved", Subject: "https://a.example", IssuedAt: f.now, ExpiresAt: f.now.Add(time.Hour)}
		b := storage.TrustMark{Type: a.Type, Subject: "https://b.example", IssuedAt: f.now}
		check(t, f.PutTrustMark(t.Context(), b))
		check(t, f.PutTrustMark(t.Context(), a))
		b.RevokedAt = f.now.Add(time.Minute)
		check(t, f.RevokeTrustMark(t.Context(), b.Type, b.Subject, b.RevokedAt))
		check(t, f.RevokeTrustMark(t.Context(), b.Type, b.Subject, f.now.Add(time.Hour)))
		got, err := f.ListTrustMarks(t.Context(), a.Type, "", 10)
		check(t, err)
		equal(t, got, []storage.TrustMark{a, b})
		one, err := f.TrustMark(t.Context(), b.Type, b.Subject)
		check(t, err)
		equal(t, one, b)
		_, err = f.TrustMark(t.Context(), "x", b.Subject)
		is(t, err, storage.ErrNotFound)
		is(t, f.RevokeTrustMark(t.Context(), "x", b.Subject, f.now), storage.ErrNotFound)
	},
}
