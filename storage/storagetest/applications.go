package storagetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"manyou/storage"
)

// application returns an application with every field set.
func (f *fixture) application(clientID string) storage.Application {
	return storage.Application{
		ClientID: clientID, Status: storage.ApplicationDraft, Name: map[string]string{"zh": "公积金", "en": "Housing fund"},
		Region: "51", AuthMethod: "client_secret_basic", SecretHash: id(), JWKS: []byte(`{"keys":[]}`),
		RedirectURIs:         []string{"https://app.example/cb?x=a b", "https://app.example/二"},
		BackchannelLogoutURI: "https://app.example/out", PostLogoutRedirectURIs: []string{"https://app.example/out"}, GrantTypes: []string{"authorization_code"},
		Scopes: []string{"openid"}, Audience: []string{"https://api.example"}, SectorIdentifier: "app.example",
		IDTokenAlg: "RS256", PKCEOptional: true, Issuer: true, Channels: []string{"web", "mini program"}, Methods: []string{"passkey"}, StatusList: true, CreatedAt: f.now, UpdatedAt: f.now,
	}
}

func (f *fixture) upstream(issuer, region string) storage.Upstream {
	return storage.Upstream{
		Issuer: issuer, Region: region, Name: map[string]string{"zh": "浙江"}, ClientID: "nation", ClientSecret: "hidden-secret",
		AuthMethod: "client_secret_post", Scopes: []string{"openid"}, Claims: map[string]string{"name": "xm"},
		ACR: map[string]int{"L2": 3}, Dialect: []byte(`{"kind":"ticket"}`), Status: storage.UpstreamActive, CreatedAt: f.now,
	}
}

var applicationCases = map[string]func(*testing.T, *fixture){
	"IssuerApplication/is the published one of a region": func(t *testing.T, f *fixture) {
		a, b, c := f.application("a"), f.application("b"), f.application("c")
		a.Status, b.Status, c.Status = storage.ApplicationSuspended, storage.ApplicationPublished, storage.ApplicationPublished
		c.Issuer = false
		for _, one := range []storage.Application{a, b, c} {
			check(t, f.PutApplication(t.Context(), one))
		}
		got, err := f.IssuerApplication(t.Context(), a.Region)
		check(t, err)
		equal(t, got, b)
		_, err = f.IssuerApplication(t.Context(), "99")
		is(t, err, storage.ErrNotFound)
	},
	"Application/returns what was put last": func(t *testing.T, f *fixture) {
		a := f.application("a")
		check(t, f.PutApplication(t.Context(), a))
		got, err := f.Application(t.Context(), "a")
		check(t, err)
		equal(t, got, a)
		a = storage.Application{ClientID: "a", Status: storage.ApplicationRetired, CreatedAt: f.now}
		check(t, f.PutApplication(t.Context(), a))
		got, err = f.Application(t.Context(), "a")
		check(t, err)
		equal(t, got, a)
		_, err = f.Application(t.Context(), "b")
		is(t, err, storage.ErrNotFound)
	},
	"ListApplications/pages in order of client ID": func(t *testing.T, f *fixture) {
		for _, clientID := range []string{"b", "B", "a", "a-1", "z"} {
			check(t, f.PutApplication(t.Context(), f.application(clientID)))
		}
		var got []string
		for after := ""; ; {
			page, err := f.ListApplications(t.Context(), after, 2)
			check(t, err)
			if len(page) > 2 {
				t.Fatal("more than asked for")
			}
			if len(page) == 0 {
				break
			}
			for _, a := range page {
				got = append(got, a.ClientID)
			}
			after = got[len(got)-1]
		}
		equal(t, got, []string{"B", "a", "a-1", "b", "z"})
	},
	"ChangeApplication/undoes nothing that somebody else did since it was read": func(t *testing.T, f *fixture) {
		read := f.application("a")
		check(t, f.PutApplication(t.Context(), read))
		changed := read
		changed.Region, changed.UpdatedAt = "65", read.UpdatedAt.Add(time.Minute)
		check(t, f.ChangeApplication(t.Context(), changed, read.UpdatedAt))
		got, err := f.Application(t.Context(), "a")
		check(t, err)
		equal(t, got, changed)
		is(t, f.ChangeApplication(t.Context(), read, read.UpdatedAt), storage.ErrConflict)
		check(t, f.SetApplicationStatus(t.Context(), "a", storage.ApplicationSuspended, changed.UpdatedAt)) // in the same moment
		is(t, f.ChangeApplication(t.Context(), changed, changed.UpdatedAt), storage.ErrConflict)
		got, err = f.Application(t.Context(), "a")
		check(t, err)
		equal(t, got.Status, storage.ApplicationSuspended)
	},
	"SetApplicationStatus/moves it": func(t *testing.T, f *fixture) {
		a := f.application("a")
		check(t, f.PutApplication(t.Context(), a))
		a.Status, a.UpdatedAt = storage.ApplicationPublished, f.now.Add(time.Hour)
		check(t, f.SetApplicationStatus(t.Context(), "a", a.Status, a.UpdatedAt))
		got, err := f.Application(t.Context(), "a")
		check(t, err)
		equal(t, got, a)
		is(t, f.SetApplicationStatus(t.Context(), "b", a.Status, f.now), storage.ErrNotFound)
	},
}

var upstreamCases = map[string]func(*testing.T, *fixture){
	"Upstreams/are listed by region, as put last": func(t *testing.T, f *fixture) {
		sc, zj := f.upstream("https://id.sc.example", "51"), f.upstream("https://id.zj.example", "33")
		check(t, f.PutUpstream(t.Context(), sc))
		check(t, f.PutUpstream(t.Context(), zj))
		zj.ClientSecret, zj.ACR, zj.Dialect = "", nil, nil
		check(t, f.PutUpstream(t.Context(), zj))
		got, err := f.ListUpstreams(t.Context())
		check(t, err)
		equal(t, got, []storage.Upstream{zj, sc})
	},
	"PutUpstream/refuses a second issuer of a region": func(t *testing.T, f *fixture) {
		check(t, f.PutUpstream(t.Context(), f.upstream("https://id.zj.example", "33")))
		is(t, f.PutUpstream(t.Context(), f.upstream("https://other.example", "33")), storage.ErrConflict)
	},
	"SetUpstreamStatus/opens and closes": func(t *testing.T, f *fixture) {
		u := f.upstream("https://id.zj.example", "33")
		check(t, f.PutUpstream(t.Context(), u))
		check(t, f.SetUpstreamStatus(t.Context(), u.Issuer, storage.UpstreamSuspended))
		got, err := f.ListUpstreams(t.Context())
		check(t, err)
		equal(t, got[0].Status, storage.UpstreamSuspended)
		is(t, f.SetUpstreamStatus(t.Context(), "https://none.example", storage.UpstreamActive), storage.ErrNotFound)
	},
}

var keyCases = map[string]func(*testing.T, *fixture){
	"SigningKeys/follow each other by algorithm": func(t *testing.T, f *fixture) {
		key := func(keyID, alg string) storage.SigningKey {
			return storage.SigningKey{KeyID: keyID, Algorithm: alg, Private: []byte("der " + keyID), CreatedAt: f.now, ActiveFrom: f.now.Add(time.Hour)}
		}
		b, a, r := key("b", "ES256"), key("a", "ES256"), key("r", "RS256")
		retire := f.now.Add(24 * time.Hour)
		is(t, f.AddSigningKey(t.Context(), b, "a", retire), storage.ErrConflict)
		check(t, f.AddSigningKey(t.Context(), b, "", retire))
		check(t, f.AddSigningKey(t.Context(), r, "", retire))
		is(t, f.AddSigningKey(t.Context(), a, "", retire), storage.ErrConflict)
		is(t, f.AddSigningKey(t.Context(), a, "r", retire), storage.ErrConflict)
		check(t, f.AddSigningKey(t.Context(), a, "b", retire))
		is(t, f.AddSigningKey(t.Context(), key("c", "ES256"), "b", retire), storage.ErrConflict)
		is(t, f.AddSigningKey(t.Context(), key("b", "ES256"), "a", retire), storage.ErrConflict)

		b.RetireAt = retire
		got, err := f.SigningKeys(t.Context())
		check(t, err)
		equal(t, len(got), 3)
		var es []storage.SigningKey
		for _, k := range got {
			if k.Algorithm == "ES256" {
				es = append(es, k)
			} else {
				equal(t, k, r)
			}
		}
		equal(t, es, []storage.SigningKey{b, a})

		kept := []storage.RetiredKey{{KeyID: "b", JWK: []byte(`{}`), CreatedAt: f.now, RetiredAt: retire}, {KeyID: "0", JWK: []byte(`{"a":1}`), CreatedAt: f.now, RetiredAt: retire.Add(time.Hour)}}
		check(t, f.KeepRetiredKeys(t.Context(), kept))
		check(t, f.KeepRetiredKeys(t.Context(), []storage.RetiredKey{{KeyID: "b", JWK: []byte(`{"another":1}`)}}))
		check(t, f.KeepRetiredKeys(t.Context(), nil))
		retired, err := f.RetiredKeys(t.Context(), 10)
		check(t, err)
		equal(t, retired, []storage.RetiredKey{kept[1], kept[0]})
		check(t, f.DropSigningKeys(t.Context(), retire))
		got, err = f.SigningKeys(t.Context())
		check(t, err)
		equal(t, len(got), 3)
		check(t, f.DropSigningKeys(t.Context(), retire.Add(time.Millisecond)))
		got, err = f.SigningKeys(t.Context())
		check(t, err)
		equal(t, len(got), 2)
		check(t, f.AddSigningKey(t.Context(), key("c", "ES256"), "a", retire))
	},
	"AddSigningKey/at once on two nodes adds one": func(t *testing.T, f *fixture) {
		nodes := []storage.Store{f.Store, f.db.Node(t)}
		newest := ""
		for range 3 {
			oneWinner(t, 20, storage.ErrConflict, func(ctx context.Context, i int) error {
				k := storage.SigningKey{KeyID: text(), Algorithm: "ES256", Private: fmt.Append(nil, i), CreatedAt: f.now, ActiveFrom: f.now}
				return nodes[i%2].AddSigningKey(ctx, k, newest, f.now)
			})
			got, err := f.SigningKeys(t.Context())
			check(t, err)
			newest = got[len(got)-1].KeyID
			unretired := 0
			for _, k := range got {
				if k.RetireAt.IsZero() {
					unretired++
				}
			}
			equal(t, unretired, 1)
		}
	},
}

var consentCases = map[string]func(*testing.T, *fixture){
	"PutConsent/adds to what was agreed": func(t *testing.T, f *fixture) {
		_, err := f.Consent(t.Context(), "p", "c")
		is(t, err, storage.ErrNotFound)
		c := storage.Consent{PersonID: "p", ClientID: "c", GivenAt: f.now}
		check(t, f.PutConsent(t.Context(), c))
		got, err := f.Consent(t.Context(), "p", "c")
		check(t, err)
		equal(t, got, c)
		for _, scopes := range [][]string{{"phone", "openid"}, {"openid", "profile", "openid"}} {
			c.Scopes, c.GivenAt = scopes, c.GivenAt.Add(time.Minute)
			check(t, f.PutConsent(t.Context(), c))
		}
		c.Scopes = []string{"openid", "phone", "profile"}
		got, err = f.Consent(t.Context(), "p", "c")
		check(t, err)
		equal(t, got, c)
		_, err = f.Consent(t.Context(), "p", "another")
		is(t, err, storage.ErrNotFound)
	},
	"PutConsent/at once loses no scope": func(t *testing.T, f *fixture) {
		nodes := []storage.Store{f.Store, f.db.Node(t)}
		race(t, 20, nil, func(ctx context.Context, i int) error {
			return nodes[i%2].PutConsent(ctx, storage.Consent{PersonID: "p", ClientID: "c", Scopes: []string{fmt.Sprint(i)}, GivenAt: f.now})
		})
		got, err := f.Consent(t.Context(), "p", "c")
		check(t, err)
		equal(t, len(got.Scopes), 20)
	},
}
