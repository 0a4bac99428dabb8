package storagetest

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"manyou/storage"
)

// event returns an event that was never stored.
func (f *fixture) event(personID string, at time.Time) storage.Event {
	return storage.Event{
		ID: text(), PersonID: personID, At: at, Kind: "signed_in",
		Detail: map[string]string{"device": "母亲的平板", "application": "client"},
	}
}

var eventCases = map[string]func(*testing.T, *fixture){
	"EventsOf/lists that person's, newest first, before a time": func(t *testing.T, f *fixture) {
		var want []storage.Event
		for _, days := range []int{0, -1, -31, -200, -399} {
			e := f.event("p", f.now.Add(time.Duration(days)*24*time.Hour))
			if days == -31 {
				e.Detail = nil
			}
			want = append(want, e)
		}
		for _, i := range []int{3, 0, 4, 2, 1} {
			check(t, f.AddEvent(t.Context(), want[i]))
			check(t, f.AddEvent(t.Context(), f.event("another", want[i].At)))
		}
		is(t, f.AddEvent(t.Context(), want[0]), storage.ErrConflict)
		list := func(before time.Time, limit int) []storage.Event {
			got, err := f.EventsOf(t.Context(), "p", before, limit)
			check(t, err)
			return got
		}
		equal(t, list(f.now.Add(time.Millisecond), 9), want)
		equal(t, list(f.now, 9), want[1:])
		var paged []storage.Event
		for before := f.now.Add(time.Second); ; {
			page := list(before, 2)
			if len(page) == 0 {
				break
			}
			paged = append(paged, page...)
			before = page[len(page)-1].At
		}
		equal(t, paged, want)
		got, err := f.EventsOf(t.Context(), "nobody", f.now.Add(time.Second), 9)
		check(t, err)
		equal(t, len(got), 0)
	},
	"AddEvent/at once on two nodes loses nothing": func(t *testing.T, f *fixture) {
		nodes := []storage.Store{f.Store, f.db.Node(t)}
		race(t, 100, nil, func(ctx context.Context, i int) error {
			return nodes[i%2].AddEvent(ctx, f.event("p", f.now))
		})
		got, err := f.EventsOf(t.Context(), "p", f.now.Add(time.Millisecond), 1000)
		check(t, err)
		equal(t, len(got), 100)
	},
	"Maintain/keeps events for 400 days, and tickets until they expire": func(t *testing.T, f *fixture) {
		for _, days := range []int{0, 40, 100} {
			check(t, f.Maintain(t.Context(), f.now.Add(time.Duration(days)*24*time.Hour)))
			check(t, f.AddEvent(t.Context(), f.event("p", f.now.Add(time.Duration(days)*24*time.Hour))))
		}
		check(t, f.AddEvent(t.Context(), f.event("p", f.now.Add(-50*24*time.Hour)))) // before there were partitions
		k := f.ticket(t)
		kept := func(after time.Duration) int {
			check(t, f.Maintain(t.Context(), f.now.Add(after)))
			got, err := f.EventsOf(t.Context(), "p", f.now.Add(1000*24*time.Hour), 9)
			check(t, err)
			return len(got)
		}
		equal(t, kept(0), 4)
		_, err := f.Ticket(t.Context(), k.ID, k.ExpiresAt)
		check(t, err)
		equal(t, kept(349*24*time.Hour), 4)
		_, err = f.Ticket(t.Context(), k.ID, k.ExpiresAt)
		is(t, err, storage.ErrNotFound)
		equal(t, kept(399*24*time.Hour), 3)
		// A partition goes once all of it is too old.
		equal(t, kept((400+31+40)*24*time.Hour), 1)
		equal(t, kept((400+31+100)*24*time.Hour), 0)
	},
}

var sessionListCases = map[string]func(*testing.T, *fixture){
	"SessionsOf/lists what stands, newest first": func(t *testing.T, f *fixture) {
		p, first := f.signedIn(t)
		_, _ = f.signedIn(t)
		begin := func(change func(*storage.Session)) storage.Session {
			s := f.session(p.ID)
			change(&s)
			check(t, f.complete(t, f.signIn(t, nil, s)))
			return s
		}
		begin(func(s *storage.Session) { s.ExpiresAt = f.now })
		ended := begin(func(*storage.Session) {})
		check(t, f.EndSession(t.Context(), ended.ID, ended.ExpiresAt, f.now))
		third := begin(func(s *storage.Session) { s.CreatedAt = f.now.Add(2 * time.Hour) })
		second := begin(func(s *storage.Session) { s.CreatedAt, s.ExpiresAt = f.now.Add(time.Hour), f.now.Add(48*time.Hour) })
		want := []storage.Session{third, second, first}
		for i := range want {
			want[i].UpstreamIDToken = ""
		}
		got, err := f.SessionsOf(t.Context(), p.ID, f.now)
		check(t, err)
		equal(t, got, want)
		got, err = f.SessionsOf(t.Context(), "nobody", f.now)
		check(t, err)
		equal(t, len(got), 0)

		NewEpoch(t, f, p.ID, f.now)
		got, err = f.SessionsOf(t.Context(), p.ID, f.now)
		check(t, err)
		equal(t, len(got), 0)
	},
	"SessionsOf/is bounded": func(t *testing.T, f *fixture) {
		p, _ := f.signedIn(t)
		for i := range 51 {
			s := f.session(p.ID)
			s.CreatedAt = f.now.Add(time.Duration(i+1) * time.Second)
			check(t, f.complete(t, f.signIn(t, nil, s)))
		}
		got, err := f.SessionsOf(t.Context(), p.ID, f.now)
		check(t, err)
		equal(t, len(got), 50)
		equal(t, got[49].CreatedAt, f.now.Add(2*time.Second))
	},
	"EndSessionsOf/spares a family and other persons": func(t *testing.T, f *fixture) {
		p, spared := f.signedIn(t)
		_, others := f.signedIn(t)
		sessions := []storage.Session{f.session(p.ID), f.session(p.ID), f.session(p.ID)}
		sessions[0].Family = spared.Family
		sessions[1].Family = nil
		sessions[2].ExpiresAt = f.now
		for _, s := range sessions {
			check(t, f.complete(t, f.signIn(t, nil, s)))
		}
		n, err := f.EndSessionsOf(t.Context(), p.ID, spared.Family, f.now)
		check(t, err)
		equal(t, n, int64(1))
		stand := func(want map[*storage.Session]bool) {
			for s, stands := range want {
				got, err := f.Session(t.Context(), s.ID, s.ExpiresAt)
				check(t, err)
				if got.Stands(f.now) != stands {
					t.Fatalf("stands: %t, want %t", !stands, stands)
				}
			}
		}
		stand(map[*storage.Session]bool{&spared: true, &sessions[0]: true, &sessions[1]: false, &others: true})
		voids, err := f.VoidedSince(t.Context(), f.now, 9)
		check(t, err)
		equal(t, voids, []storage.Void{{SessionID: sessions[1].ID}})

		n, err = f.EndSessionsOf(t.Context(), p.ID, nil, f.now.Add(time.Second))
		check(t, err)
		equal(t, n, int64(2))
		stand(map[*storage.Session]bool{&spared: false, &sessions[0]: false, &sessions[1]: false, &others: true})
		n, err = f.EndSessionsOf(t.Context(), p.ID, nil, f.now.Add(time.Minute))
		check(t, err)
		equal(t, n, int64(0))
	},
	"EndSessionsOf/ends what outlives a session, but for the family's": func(t *testing.T, f *fixture) {
		p, spared := f.signedIn(t, document)
		stranger := f.session(p.ID)
		check(t, f.complete(t, f.signIn(t, nil, stranger)))
		_, someone := f.signedIn(t)
		grants := map[string]storage.Grant{}
		for name, s := range map[string]storage.Session{"spared": spared, "stranger's": stranger, "somebody else's": someone} {
			g := f.grant(s)
			g.Offline = true
			_, err := f.Redeem(t.Context(), g, f.now)
			check(t, err)
			grants[name] = g
		}
		stand := func(want map[string]bool) {
			for name, g := range grants {
				got, err := f.Grant(t.Context(), g.ID, g.ExpiresAt, f.now)
				check(t, err)
				if got.Stands(f.now) != want[name] {
					t.Fatalf("%s: stands %t", name, !want[name])
				}
			}
		}
		_, err := f.EndSessionsOf(t.Context(), p.ID, spared.Family, f.now)
		check(t, err)
		stand(map[string]bool{"spared": true, "somebody else's": true})
		_, err = f.EndSessionsOf(t.Context(), p.ID, nil, f.now)
		check(t, err)
		stand(map[string]bool{"somebody else's": true})
	},
	"EndSessionsOf/at once with the ends of single sessions counts each at most once": func(t *testing.T, f *fixture) {
		p, first := f.signedIn(t)
		sessions := []storage.Session{first}
		for range 9 {
			s := f.session(p.ID)
			check(t, f.complete(t, f.signIn(t, nil, s)))
			sessions = append(sessions, s)
		}
		nodes := []storage.Store{f.Store, f.db.Node(t)}
		counts := make([]int64, 40)
		race(t, len(counts), nil, func(ctx context.Context, i int) (err error) {
			if i%4 == 0 {
				s := sessions[i/4]
				return nodes[i%2].EndSession(ctx, s.ID, s.ExpiresAt, f.now)
			}
			counts[i], err = nodes[i%2].EndSessionsOf(ctx, p.ID, nil, f.now)
			return err
		})
		var total int64
		for _, n := range counts {
			total += n
		}
		if total > 10 {
			t.Fatalf("%d sessions ended, there were 10", total)
		}
		got, err := f.SessionsOf(t.Context(), p.ID, f.now)
		check(t, err)
		equal(t, len(got), 0)
	},
}

var consentListCases = map[string]func(*testing.T, *fixture){
	"ConsentsOf/lists what was agreed, by client": func(t *testing.T, f *fixture) {
		want := []storage.Consent{
			{PersonID: "p", ClientID: "a", Scopes: []string{"openid", "phone"}, GivenAt: f.now},
			{PersonID: "p", ClientID: "b", GivenAt: f.now.Add(time.Minute)},
		}
		check(t, f.PutConsent(t.Context(), want[1]))
		check(t, f.PutConsent(t.Context(), want[0]))
		check(t, f.PutConsent(t.Context(), storage.Consent{PersonID: "another", ClientID: "c", GivenAt: f.now}))
		got, err := f.ConsentsOf(t.Context(), "p")
		check(t, err)
		equal(t, got, want)
		got, err = f.ConsentsOf(t.Context(), "nobody")
		check(t, err)
		equal(t, len(got), 0)
	},
	"WithdrawConsent/takes back all of it, and only that": func(t *testing.T, f *fixture) {
		for _, clientID := range []string{"a", "b"} {
			check(t, f.PutConsent(t.Context(), storage.Consent{
				PersonID: "p", ClientID: clientID, Scopes: []string{"openid", "phone"}, GivenAt: f.now,
			}))
		}
		is(t, f.WithdrawConsent(t.Context(), "another", "a"), storage.ErrNotFound)
		check(t, f.WithdrawConsent(t.Context(), "p", "a"))
		is(t, f.WithdrawConsent(t.Context(), "p", "a"), storage.ErrNotFound)
		_, err := f.Consent(t.Context(), "p", "a")
		is(t, err, storage.ErrNotFound)
		got, err := f.ConsentsOf(t.Context(), "p")
		check(t, err)
		equal(t, len(got), 1)
	},
}

var enrolledCases = map[string]func(*testing.T, *fixture){
	"ConversationAndCredentials/is both reads in one": func(t *testing.T, f *fixture) {
		p, _ := f.signedIn(t)
		relative, _ := f.signedIn(t)
		c := f.conversation(t)
		for i, person := range []string{p.ID, relative.ID} {
			check(t, f.AddCredential(t.Context(), storage.Credential{
				ID: fmt.Sprint(2 - i), PersonID: person, Method: "sms", Label: "手机", Handle: phone, Secret: []byte("s"),
				Counter: 3, CreatedAt: f.now.Add(time.Duration(i) * time.Second), LastUsedAt: f.now,
			}))
		}
		check(t, f.AddCredential(t.Context(), storage.Credential{ID: "totp", PersonID: p.ID, Method: "totp", CreatedAt: f.now}))
		for _, key := range [][2]string{{"sms", phone}, {"totp", phone}, {"sms", "+8613800000002"}, {"totp", ""}} {
			want, err := f.CredentialsByHandle(t.Context(), key[0], key[1])
			check(t, err)
			got, credentials, err := f.ConversationAndCredentials(t.Context(), c.ID, c.ExpiresAt, key[0], key[1])
			check(t, err)
			equal(t, got, c)
			equal(t, credentials, want)
		}
		_, _, err := f.ConversationAndCredentials(t.Context(), "none", c.ExpiresAt, "sms", phone)
		is(t, err, storage.ErrNotFound)
		_, _, err = f.ConversationAndCredentials(t.Context(), c.ID, c.ExpiresAt.Add(time.Second), "sms", phone)
		is(t, err, storage.ErrNotFound)
	},
}

var ownSecrecyCases = map[string]func(*testing.T, *fixture){
	"A stolen database/reveals no ticket, no detail of an event, no label and no replaced secret": func(t *testing.T, f *fixture) {
		p, _ := f.signedIn(t)
		k := f.ticket(t)
		k.Body = []byte("ticket-answer")
		check(t, f.AdvanceTicket(t.Context(), k, f.now))
		e := f.event(p.ID, f.now)
		check(t, f.AddEvent(t.Context(), e))
		in := f.signIn(t, nil, f.session(p.ID))
		in.Event = &storage.Event{
			ID: text(), PersonID: p.ID, At: f.now, Kind: "visible-kind", Detail: map[string]string{"detail-key": "detail-value"},
		}
		c := f.credential(t, p.ID, "passkey")
		in.Use = &storage.CredentialUse{ID: c.ID, Counter: 1, Secret: []byte("replaced-secret")}
		check(t, f.complete(t, in))
		check(t, f.LabelCredential(t.Context(), p.ID, c.ID, "祖父的手表"))
		codes := f.recoveryCodes(p.ID, 1)
		codes[0].Secret, codes[0].Label = []byte("recovery-secret"), "抽屉里的纸"
		check(t, f.ReplaceCredentials(t.Context(), p.ID, "recovery", codes))

		dump := f.db.Dump(t)
		for _, visible := range []string{"visible-kind", k.ID, e.ID, c.ID} {
			if !bytes.Contains(dump, []byte(visible)) {
				t.Fatalf("the dump lacks %q: it proves nothing", visible)
			}
		}
		for _, hidden := range []string{
			"question", "ticket-answer", "母亲的平板", "detail-key", "detail-value", "祖父的手表", "抽屉里的纸", "replaced-secret",
			"recovery-secret",
		} {
			if bytes.Contains(dump, []byte(hidden)) {
				t.Errorf("the dump shows %q", hidden)
			}
		}
	},
}
