package idp_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"manyou/federation/correction"
	"manyou/federation/register"
	"manyou/federation/signals"
	"manyou/storage"
)

// office is the queue of the nation, with two officers.
type office struct {
	*correction.Queue
	wang, zhao correction.Officer
}

func (h hub) office() office {
	officer := func(id string) correction.Officer {
		return correction.Officer{PersonID: id, Roles: []string{correction.RoleOfficer}, Regions: []string{"00"}}
	}
	return office{&correction.Queue{
		Store: h.nation.store, Register: register.NewTable(h.nation.store), Policy: correction.DefaultPolicy(), Clock: h.nation.clock, Random: rand.Reader,
	}, officer("wang"), officer("zhao")}
}

// subscribed waits until the provinces are told by the nation.
func (h hub) subscribed(t *testing.T) {
	t.Helper()
	eventually(t, "the provinces have streams at the nation", func() bool {
		h.pass(5 * time.Second)
		list, err := h.nation.store.ListStreams(t.Context())
		return err == nil && len(list) == 2
	})
}

// roamed is Li Na with a session at home, the nation and Sichuan, and tokens of both provinces.
func (h hub) roamed(t *testing.T) (b *http.Client, home, away map[string]any) {
	t.Helper()
	b = h.browser()
	code := h.zhejiang.signIn(b, liNa, h.zhejiang.request("main")).Get("code")
	_, home = h.zhejiang.redeem("main", code)
	_, away = h.sichuan.redeem("main", answer(t, h.sichuan.get(b, h.sichuan.request("main"))).Get("code"))
	return b, home, away
}

// works reports whether a token is good at an issuer.
func works(w *world, tokens map[string]any) bool {
	_, got := w.call("/introspect", "main", "token", tokens["access_token"].(string))
	return got["active"] == true
}

func TestACorrectionReachesEveryRegionAndItsApplications(t *testing.T) {
	h := newHub(t)
	h.subscribed(t)
	for _, w := range h.all() {
		w.application("main", func(a *storage.Application) { a.Scopes = append(a.Scopes, signals.ScopeManage, signals.ScopeRead) })
		w.pass(2 * time.Second) // for which a registration is remembered
	}
	heard := newPoller(h.sichuan, "main")
	_, home, away := h.roamed(t)
	if !works(h.zhejiang, home) || !works(h.sichuan, away) {
		t.Fatal("nothing works to begin with")
	}
	o := h.office()
	wrong := federation{}.person(h.nation, liNa)
	links, err := h.nation.store.LinksOf(t.Context(), wrong)
	must(t, err)
	link := correction.Link{Issuer: links[0].Issuer, Subject: links[0].Subject}

	c, err := o.File(t.Context(), correction.Filing{Filer: correction.Application("application-51"), Kind: correction.KindLink, Person: wrong, Link: &link})
	must(t, err)
	must(t, o.Take(t.Context(), o.wang, c))
	must(t, o.Freeze(t.Context(), o.wang, c, correction.Target{Person: wrong, Link: &link}, "核对"))
	eventually(t, "her tokens stop working in both provinces", func() bool { return !works(h.zhejiang, home) && !works(h.sichuan, away) })
	eventually(t, "the application is told", func() bool { return slices.Contains(heard.poll(), signals.EventSessionRevoked) })
	if at := h.sichuan.get(h.browser(), h.sichuan.request("main")); strings.Contains(at.Header.Get("Location"), "code=") {
		t.Error("somebody is let in")
	}

	must(t, o.Propose(t.Context(), o.wang, c, correction.Proposal{
		Decision: correction.Split, Split: &correction.Splitting{Name: liNa.name, Links: []correction.Link{link}},
	}))
	c = again(t, o, c)
	must(t, o.Approve(t.Context(), o.zhao, c))
	third := correction.Officer{PersonID: "qian", Roles: []string{correction.RoleSupervisor}, Regions: []string{"00"}}
	must(t, o.Approve(t.Context(), third, again(t, o, c)))
	eventually(t, "all regions and applications have acknowledged", func() bool { return again(t, o, c).State() == correction.Closed })
	deliveries, err := h.nation.store.DeliveriesOf(t.Context(), c.ID)
	must(t, err)
	var who []string
	for _, d := range deliveries {
		if d.AckedAt.IsZero() {
			t.Errorf("%s has not heard %d", d.ClientID, d.Seq)
		}
		if !slices.Contains(who, d.ClientID) {
			who = append(who, d.ClientID)
		}
	}
	if !slices.Contains(who, h.sichuan.url) {
		t.Errorf("heard by %v", who)
	}
	// What the provinces carried out they tell in turn, and nobody takes it for a dispute.
	for _, w := range []*world{h.zhejiang, h.sichuan} {
		eventually(t, "the nation has heard what the province did", func() bool {
			head, err := w.store.SignalHead(t.Context())
			must(t, err)
			s, err := w.store.Stream(t.Context(), h.nation.url)
			return err == nil && head > 0 && s.Position == head
		})
	}
	for id := range map[string]bool{wrong: true, again(t, o, c).Body.Decided[0].Split.ID: true} {
		list, err := h.nation.store.CasesOf(t.Context(), id, 10)
		must(t, err)
		for _, one := range list {
			if one.ID != c.ID {
				t.Errorf("a case was opened by what was decided here: %s %s of %s", one.Kind, one.Topic, one.Filer)
			}
		}
	}
	// She signs in again, and is the other one.
	b := h.browser()
	h.zhejiang.signIn(b, liNa, h.zhejiang.request("main"))
	h.pass(time.Second)
	answer(t, h.nation.get(b, h.nation.request("main")))
	_, p, err := h.nation.store.Link(t.Context(), link.Issuer, link.Subject)
	must(t, err)
	if p.ID == wrong || p.ID != again(t, o, c).Body.Decided[0].Split.ID {
		t.Errorf("she is %s", p.ID)
	}
}

func again(t *testing.T, o office, c *correction.Case) *correction.Case {
	t.Helper()
	c, err := o.Find(t.Context(), c.ID)
	must(t, err)
	return c
}

func TestAFreezeAndItsEndReachTheProvinces(t *testing.T) {
	h := newHub(t)
	h.subscribed(t)
	_, home, away := h.roamed(t)
	lift := h.nation.hold(liNa, storage.HoldFreeze)
	eventually(t, "what she has in Sichuan does not work", func() bool { return !works(h.sichuan, away) })
	eventually(t, "nor does what she has at home, though that province was never told who she is", func() bool { return !works(h.zhejiang, home) })
	in := federation{}.person(h.sichuan, liNa)
	status := func() storage.PersonStatus {
		p, err := h.sichuan.store.Person(t.Context(), in)
		must(t, err)
		return p.Status
	}
	// The end of her session at the nation may be heard before the hold is.
	eventually(t, "the hold lies in Sichuan, too", func() bool { return status() == storage.PersonFrozen })
	lift()
	eventually(t, "Sichuan lets her in again", func() bool { return status() == storage.PersonActive })
}

func TestAProvinceThatWasAwayHearsEverythingInOrder(t *testing.T) {
	h := newHub(t)
	h.subscribed(t)
	_, _, away := h.roamed(t)
	in := federation{}.person(h.sichuan, liNa)
	h.sichuan.setDown(true)
	for n, kind := range []storage.HoldKind{storage.HoldFreeze, storage.HoldStepUp} {
		lift := h.nation.hold(liNa, kind)
		if n == 0 {
			lift()
		}
	}
	time.Sleep(500 * time.Millisecond)
	h.sichuan.setDown(false)
	eventually(t, "it has heard all", func() bool {
		h.pass(10 * time.Second)
		holds, err := h.sichuan.store.HoldsOf(t.Context(), in)
		told := slices.DeleteFunc(holds, func(x storage.Hold) bool { return !strings.HasPrefix(x.ID, "hold-") }) // and not what follows of it
		return err == nil && len(told) == 2
	})
	p, err := h.sichuan.store.Person(t.Context(), in)
	must(t, err)
	if p.Status != storage.PersonActive || p.LeastACR != storage.StepUpACR || works(h.sichuan, away) {
		t.Errorf("%+v", p)
	}
}

// poller is an application that polls (RFC 8936).
type poller struct {
	*world
	client string
	ack    []string
	seen   []string
}

func newPoller(w *world, client string) *poller {
	w.t.Helper()
	p := &poller{world: w, client: client}
	status, got := p.ask(http.MethodPost, "/ssf/streams", map[string]any{"delivery": map[string]string{"method": signals.DeliveryPoll}})
	if status != http.StatusCreated || got["stream_id"] == "" {
		w.t.Fatalf("%d %v", status, got)
	}
	return p
}

// ask sends a request of the application's own.
func (p *poller) ask(method, path string, body any) (int, map[string]any) {
	p.t.Helper()
	_, token := p.token(p.client, "grant_type", "client_credentials", "scope", "ssf.manage ssf.read")
	raw, err := json.Marshal(body)
	must(p.t, err)
	r, err := http.NewRequestWithContext(p.t.Context(), method, p.url+path, bytes.NewReader(raw))
	must(p.t, err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token["access_token"].(string))
	return p.do(r)
}

// poll takes what there is, acknowledges what it took before, and returns all events so far.
func (p *poller) poll() []string {
	p.t.Helper()
	status, got := p.ask(http.MethodPost, "/ssf/poll", map[string]any{"ack": p.ack, "returnImmediately": true})
	if status != http.StatusOK {
		p.t.Fatalf("%d %v", status, got)
	}
	p.ack = nil
	for jti, token := range got["sets"].(map[string]any) {
		claims := payload(p.t, token)
		if claims["jti"] != jti || claims["aud"].([]any)[0] != p.client || claims["iss"] != p.url {
			p.t.Errorf("%v", claims)
		}
		for event := range claims["events"].(map[string]any) {
			p.seen = append(p.seen, event)
		}
		p.ack = append(p.ack, jti)
	}
	return p.seen
}
