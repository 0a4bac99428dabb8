package storagetest

import (
	"bytes"
	"context"
	"testing"
	"time"

	"manyou/storage"
)

var maintenanceCases = map[string]func(*testing.T, *fixture){
	"Maintain/drops what expired and keeps the rest": func(t *testing.T, f *fixture) {
		_, s := f.signedIn(t, document)
		g := f.grant(s)
		_, err := f.Redeem(t.Context(), g, f.now)
		check(t, err)
		c := f.conversation(t)
		check(t, f.Use(t.Context(), "jti", "v", c.ExpiresAt))
		_, err = f.Count(t.Context(), []string{"k"}, 1, c.ExpiresAt)
		check(t, err)

		check(t, f.Maintain(t.Context(), f.now))
		_, err = f.Conversation(t.Context(), c.ID, c.ExpiresAt)
		check(t, err)
		used, err := f.Used(t.Context(), "jti", "v", c.ExpiresAt)
		check(t, err)
		equal(t, used, true)

		// Two days later all that lived for an hour is gone, with its partition; the session stands.
		check(t, f.Maintain(t.Context(), f.now.Add(48*time.Hour)))
		_, err = f.Conversation(t.Context(), c.ID, c.ExpiresAt)
		is(t, err, storage.ErrNotFound)
		used, err = f.Used(t.Context(), "jti", "v", c.ExpiresAt)
		check(t, err)
		equal(t, used, false)
		got, err := f.Count(t.Context(), []string{"k"}, 0, c.ExpiresAt)
		check(t, err)
		equal(t, got, []int64{0})
		_, err = f.Session(t.Context(), s.ID, s.ExpiresAt)
		check(t, err)

		check(t, f.Maintain(t.Context(), f.now.Add(60*24*time.Hour)))
		_, err = f.Session(t.Context(), s.ID, s.ExpiresAt)
		is(t, err, storage.ErrNotFound)
		live, err := f.Grant(t.Context(), g.ID, g.ExpiresAt, f.now.Add(60*24*time.Hour))
		check(t, err)
		if live.SessionStands {
			t.Fatal("a session that was dropped stands")
		}
	},
	"Maintain/moves what came before its partition": func(t *testing.T, f *fixture) {
		s := f.session("p")
		s.ExpiresAt = f.now.Add(300 * 24 * time.Hour)
		p := f.person()
		s.PersonID = p.ID
		check(t, f.complete(t, f.signIn(t, p, s)))
		later := f.now.Add(290 * 24 * time.Hour)
		check(t, f.Maintain(t.Context(), later))
		got, err := f.Session(t.Context(), s.ID, s.ExpiresAt)
		check(t, err)
		if !got.Stands(later) {
			t.Fatal("it was lost")
		}
		check(t, f.EndSession(t.Context(), s.ID, s.ExpiresAt, later))
	},
	"Maintain/on many nodes at once, under load, disturbs nobody": func(t *testing.T, f *fixture) {
		_, s := f.signedIn(t, document)
		nodes := []storage.Store{f.Store, f.db.Node(t)}
		race(t, 60, nil, func(ctx context.Context, i int) error {
			if i%6 == 0 {
				return nodes[i%2].Maintain(ctx, f.now.Add(time.Duration(i)*24*time.Hour/3))
			}
			_, err := nodes[i%2].Redeem(ctx, f.grant(s), f.now)
			return err
		})
	},
	"Ping/answers until the store is closed": func(t *testing.T, f *fixture) {
		check(t, f.Ping(t.Context()))
		node := f.db.Node(t)
		check(t, node.Close())
		if node.Ping(t.Context()) == nil {
			t.Fatal("a closed store answers")
		}
	},
}

var secrecyCases = map[string]func(*testing.T, *fixture){
	"A stolen database/reveals no number, phone, name or secret": func(t *testing.T, f *fixture) {
		p := f.person(document)
		p.Received = &storage.ReceivedName{Form: "阿依努尔•买买提", Mapping: "GB 18030-2022", Source: "issuer:https://id.zj.example"}
		in := f.signIn(t, p, f.session(p.ID))
		in.Credential = &storage.Credential{
			ID: "c", PersonID: p.ID, Method: "sms", Label: "母亲的手机", Handle: phone, Secret: []byte("totp-secret"), CreatedAt: f.now,
		}
		check(t, f.complete(t, in))
		_, err := f.Redeem(t.Context(), f.grant(in.Session), f.now)
		check(t, err)
		check(t, f.PutRegister(t.Context(), []storage.RegisterEntry{{
			Document: passport, Name: "王小明", Phone: "+8613800000002", Region: "33", Status: storage.RegisterValid,
			Received: &storage.ReceivedName{Form: "王　小　明", Mapping: "GB 18030-2022"},
		}}, storage.ImportProgress{Source: "source"}))
		check(t, f.CreateConversation(t.Context(), storage.Conversation{
			ID: text(), ExpiresAt: f.now.Add(time.Hour), Body: []byte("conversation-body"),
		}))
		check(t, f.PutUpstream(t.Context(), f.upstream("https://id.zj.example", "33")))
		check(t, f.PutApplication(t.Context(), f.application("visible-client")))
		check(t, f.AddSigningKey(t.Context(), storage.SigningKey{
			KeyID: "k", Algorithm: "ES256", Private: []byte("private-key"), CreatedAt: f.now,
		}, "", f.now))
		_, err = f.Count(t.Context(), []string{"phone:+8613800000003"}, 1, f.now.Add(time.Hour))
		check(t, err)
		check(t, f.Use(t.Context(), "jti", "replayed-value", f.now.Add(time.Hour)))

		dump := f.db.Dump(t)
		for _, visible := range []string{"visible-client", p.ID} {
			if !bytes.Contains(dump, []byte(visible)) {
				t.Fatalf("the dump lacks %q: it proves nothing", visible)
			}
		}
		for _, hidden := range []string{
			document.Number, passport.Number, "13800000001", "13800000002", "13800000003", p.Name, "王小明", "母亲的手机",
			p.Received.Form, "王　小　明",
			"totp-secret", "conversation-body", "hidden-secret", "private-key", "replayed-value", in.Session.UpstreamIDToken,
		} {
			if bytes.Contains(dump, []byte(hidden)) {
				t.Errorf("the dump shows %q", hidden)
			}
		}
	},
}
