package storagetest

import (
	"testing"
	"time"

	"manyou/storage"
)

var registrationCases = map[string]func(*testing.T, *fixture){
	"PutRegistration/is replaced by a newer one alone, and there is room for so many": func(t *testing.T, f *fixture) {
		r := storage.Registration{
			ClientID: "https://a.example", Below: "https://city.example", Path: []string{"https://a.example", "https://city.example", "https://n.example"},
			Marks: [][2]string{{"mark", "https://n.example"}}, Metadata: []byte(`{"a":1}`), IssuedAt: f.now, ExpiresAt: f.now.Add(time.Hour),
		}
		_, err := f.Registration(t.Context(), r.ClientID)
		is(t, err, storage.ErrNotFound)
		check(t, f.PutRegistration(t.Context(), r, 2, f.now))
		newer := r
		newer.Metadata, newer.IssuedAt = []byte(`{"a":2}`), f.now.Add(time.Second)
		check(t, f.PutRegistration(t.Context(), newer, 2, f.now))
		is(t, f.PutRegistration(t.Context(), r, 2, f.now), storage.ErrConflict)
		got, err := f.Registration(t.Context(), r.ClientID)
		check(t, err)
		equal(t, got, newer)
		put := func(id, below string, now time.Time) error {
			one := r
			one.ClientID, one.Below = id, below
			return f.PutRegistration(t.Context(), one, 2, now)
		}
		check(t, put("https://b.example", r.Below, f.now))
		is(t, put("https://c.example", r.Below, f.now), storage.ErrUsed)
		check(t, put("https://c.example", "https://other.example", f.now))
		check(t, f.PutRegistration(t.Context(), newer, 2, f.now)) // its own place is its own
		check(t, put("https://d.example", r.Below, f.now.Add(2*time.Hour)))
		// What ended long ago is gone; a moment ago it is remembered.
		got, err = f.Registration(t.Context(), r.ClientID)
		check(t, err)
		equal(t, got, newer)
		check(t, put("https://e.example", r.Below, f.now.Add(2*time.Hour+storage.RegistrationsKept)))
		_, err = f.Registration(t.Context(), r.ClientID)
		is(t, err, storage.ErrNotFound)
	},
}
