package idp_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"manyou/federation/signals"
	"manyou/federation/trust/trusttest"
	"manyou/idp"
	"manyou/storage"
)

// teller is another issuer that tells this one what happens.
type teller struct {
	*world
	issuer string
	key    trusttest.Key
	n      int
}

// newTeller makes another issuer of a region an upstream of an issuer, and links one of its subjects to a citizen who is signed in there.
func newTeller(t *testing.T, region string, change ...func(*idp.Config)) (*teller, map[string]any) {
	t.Helper()
	o := &teller{world: newWorld(t, change...), key: trusttest.NewKey(t)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/.well-known/openid-configuration":
			_ = json.NewEncoder(w).Encode(map[string]string{
				"issuer": o.issuer, "authorization_endpoint": o.issuer + "/a", "token_endpoint": o.issuer + "/t", "jwks_uri": o.issuer + "/k",
			})
		case "/k":
			_, _ = w.Write(o.key.JWKS())
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	o.issuer = server.URL
	tokens := o.tokens("main", liNa)
	must(t, o.store.PutUpstream(t.Context(), storage.Upstream{
		Issuer: o.issuer, Region: region, Name: map[string]string{"zh": "对方"}, ClientID: "us", ClientSecret: "s", AuthMethod: "client_secret_basic",
		Scopes: []string{"openid"}, Status: storage.UpstreamActive,
	}))
	o.pass(5 * time.Second) // for which the issuers are remembered
	c := storage.Conversation{ID: "c", ExpiresAt: o.clock().Add(time.Hour), Body: []byte("{}")}
	must(t, o.store.CreateConversation(t.Context(), c))
	_, err := o.store.CompleteSignIn(t.Context(), storage.SignIn{
		ConversationID: c.ID, ConversationExpiresAt: c.ExpiresAt, ConversationVersion: 1,
		Link:    &storage.Link{Issuer: o.issuer, Subject: "her", PersonID: o.person(liNa).ID, CreatedAt: o.clock()},
		Session: storage.Session{ID: []byte("s"), ExpiresAt: o.clock().Add(time.Hour), PersonID: o.person(liNa).ID, Origin: o.issuer, ACR: 2, CreatedAt: o.clock()},
	})
	must(t, err)
	return o, tokens
}

// token is a token about her, with changes.
func (o *teller) token(event string, payload any, change ...func(map[string]any)) string {
	o.t.Helper()
	o.n++
	raw, err := signals.Outgoing{
		Issuer: o.issuer, Audience: "us", ID: strings.Repeat("x", o.n), At: o.clock(), Subject: signals.Of(o.issuer, "her"),
		Event: signals.Event{Type: event, Payload: payload},
	}.Encode()
	must(o.t, err)
	var claims map[string]any
	must(o.t, json.Unmarshal(raw, &claims))
	for _, f := range change {
		f(claims)
	}
	raw, err = json.Marshal(claims)
	must(o.t, err)
	signed, err := o.key.Sign(signals.Type, raw)
	must(o.t, err)
	return signed
}

// tell sends a token and returns how it is answered.
func (o *teller) tell(token string) int {
	o.t.Helper()
	response, err := http.Post(o.url+"/ssf/events", "application/secevent+jwt", strings.NewReader(token))
	must(o.t, err)
	_ = response.Body.Close()
	return response.StatusCode
}

func freezing(id string) signals.Correction {
	return signals.Correction{What: string(storage.SignalHeld), Case: "K7MX-2QF4", Hold: &signals.Hold{ID: id, Kind: string(storage.HoldFreeze)}}
}

func (o *teller) status() storage.PersonStatus { return o.person(liNa).Status }

func TestAttackOnWhatIsHeard(t *testing.T) {
	o, tokens := newTeller(t, "00")
	other := trusttest.NewKey(t)
	forge := func(typ string, key trusttest.Key) string {
		parts := strings.Split(o.token(signals.EventCorrection, freezing("h")), ".")
		claims := payload(t, strings.Join(parts, "."))
		raw, err := json.Marshal(claims)
		must(t, err)
		signed, err := key.Sign(typ, raw)
		must(t, err)
		return signed
	}
	for name, token := range map[string]string{
		"nothing":                        "",
		"no token":                       "x.y.z",
		"signed by another key":          forge(signals.Type, other),
		"an ID token":                    forge("JWT", o.key),
		"an access token":                forge("at+jwt", o.key),
		"a logout token":                 forge("logout+jwt", o.key),
		"for somebody else":              o.token(signals.EventCorrection, freezing("h"), func(c map[string]any) { c["aud"] = "another" }),
		"of an issuer that nobody knows": o.token(signals.EventCorrection, freezing("h"), func(c map[string]any) { c["iss"] = "https://evil.example" }),
		"of long ago":                    o.token(signals.EventCorrection, freezing("h"), func(c map[string]any) { c["iat"] = o.clock().Add(-40 * 24 * time.Hour).Unix() }),
	} {
		if status := o.tell(token); status != http.StatusBadRequest {
			t.Errorf("%s: %d", name, status)
		}
	}
	big := o.token(signals.EventCorrection, freezing("h"), func(c map[string]any) { c["txn"] = strings.Repeat("x", 30<<10) })
	if status := o.tell(big); status != http.StatusRequestEntityTooLarge {
		t.Errorf("large: %d", status)
	}
	if o.status() != storage.PersonActive || !works(o.world, tokens) {
		t.Error("something of it was carried out")
	}
	if status := o.tell(forge(signals.Type, o.key)); status != http.StatusAccepted || o.status() != storage.PersonFrozen {
		t.Errorf("what the nation did sign: %d, %s", status, o.status())
	}
}

func TestWhatIsHeardTwiceIsCarriedOutOnce(t *testing.T) {
	o, tokens := newTeller(t, "00")
	freeze := o.token(signals.EventCorrection, freezing("h"))
	for range 3 {
		if status := o.tell(freeze); status != http.StatusAccepted {
			t.Fatalf("%d", status)
		}
	}
	if o.status() != storage.PersonFrozen || works(o.world, tokens) {
		t.Fatalf("%s", o.status())
	}
	epoch := o.person(liNa).Epoch
	lift := freezing("h")
	lift.What = string(storage.SignalLifted)
	o.tell(o.token(signals.EventCorrection, lift))
	// Neither the same token nor another about the same hold brings it back.
	o.tell(freeze)
	o.tell(o.token(signals.EventCorrection, freezing("h")))
	if o.status() != storage.PersonActive || o.person(liNa).Epoch != epoch+1 {
		t.Errorf("%s, epoch %d after %d", o.status(), o.person(liNa).Epoch, epoch)
	}
	corrected := signals.Correction{What: string(storage.SignalCorrected), Decision: "d", Name: "李嫻"}
	for range 2 {
		o.tell(o.token(signals.EventCorrection, corrected))
	}
	if p := o.person(liNa); p.Name != "李嫻" || p.Epoch != epoch+2 {
		t.Errorf("%s, epoch %d", p.Name, p.Epoch)
	}
}

func TestAttackAProvinceDecidesWhatIsTheNations(t *testing.T) {
	o, tokens := newTeller(t, "51", func(c *idp.Config) { c.Role, c.Region = idp.National, "00" })
	sub := o.person(liNa)
	for name, token := range map[string]string{
		"about its own":         o.token(signals.EventCorrection, freezing("h")),
		"about another's":       o.token(signals.EventAccountDisabled, struct{}{}, func(c map[string]any) { c["sub_id"] = signals.Of(o.url, "x") }),
		"about a third's":       o.token(signals.EventAccountDisabled, struct{}{}, func(c map[string]any) { c["sub_id"] = signals.Of("https://id.zj.example", "x") }),
		"about nobody it knows": o.token(signals.EventAccountDisabled, struct{}{}, func(c map[string]any) { c["sub_id"] = signals.Of(o.issuer, "x") }),
	} {
		if status := o.tell(token); status != http.StatusAccepted {
			t.Errorf("%s: %d", name, status)
		}
	}
	if o.status() != storage.PersonActive || !works(o.world, tokens) || o.person(liNa).Epoch != sub.Epoch {
		t.Error("it was carried out")
	}
	// What it says of its own subject opens a case, however often it says so, and ends what came from there.
	for range 3 {
		o.tell(o.token(signals.EventAccountDisabled, struct{}{}))
	}
	list, err := o.store.ListCases(t.Context(), storage.CaseFilter{}, 10)
	must(t, err)
	kinds := map[string]int{}
	for _, c := range list {
		kinds[c.Kind]++
	}
	if len(list) != 2 || kinds["takeover"] != 1 || kinds["conflict"] != 1 {
		t.Errorf("%v", kinds)
	}
	live, err := o.store.Session(t.Context(), []byte("s"), o.clock().Add(time.Hour))
	must(t, err)
	if live.EndedAt.IsZero() {
		t.Error("a session from there goes on")
	}
}

func TestAttackOnStreams(t *testing.T) {
	w := newWorld(t)
	w.application("main", func(a *storage.Application) { a.Scopes = append(a.Scopes, signals.ScopeManage, signals.ScopeRead) })
	w.application("second", func(a *storage.Application) { a.Scopes = append(a.Scopes, signals.ScopeManage, signals.ScopeRead) })
	w.pass(2 * time.Second)
	mine, theirs := &poller{world: w, client: "main"}, &poller{world: w, client: "second"}
	push := func(to string) map[string]any {
		return map[string]any{"delivery": map[string]string{"method": signals.DeliveryPush, "endpoint_url": to}}
	}
	for name, to := range map[string]string{
		"inside":       "http://169.254.169.254/latest/meta-data",
		"another host": "https://evil.example/events",
		"another port": "http://127.0.0.1:1/events",
		"a look-alike": "https://127.0.0.1:8765.evil.example/",
		"no address":   "//",
	} {
		if status, got := mine.ask(http.MethodPost, "/ssf/streams", push(to)); status != http.StatusBadRequest {
			t.Errorf("%s: %d %v", name, status, got)
		}
	}
	status, stream := mine.ask(http.MethodPost, "/ssf/streams", push("http://127.0.0.1:8765/events"))
	if status != http.StatusCreated {
		t.Fatalf("%d %v", status, stream)
	}
	if status, _ := mine.ask(http.MethodPost, "/ssf/streams", push("http://127.0.0.1:8765/events")); status != http.StatusConflict {
		t.Errorf("a second stream: %d", status)
	}
	id := stream["stream_id"].(string)
	for name, c := range map[string][2]string{
		"reads it":   {http.MethodGet, "/ssf/streams?stream_id=" + id},
		"deletes it": {http.MethodDelete, "/ssf/streams?stream_id=" + id},
		"its status": {http.MethodGet, "/ssf/status?stream_id=" + id},
		"polls":      {http.MethodPost, "/ssf/poll"},
	} {
		if status, _ := theirs.ask(c[0], c[1], nil); status != http.StatusNotFound {
			t.Errorf("another application %s: %d", name, status)
		}
	}
	if status, _ := theirs.ask(http.MethodPatch, "/ssf/streams", map[string]any{"stream_id": id, "description": "mine"}); status != http.StatusNotFound {
		t.Errorf("another application changes it: %d", status)
	}
	if status, _ := mine.ask(http.MethodPatch, "/ssf/streams", map[string]any{"stream_id": id, "delivery": push("https://evil.example/")["delivery"]}); status != http.StatusBadRequest {
		t.Errorf("it is turned elsewhere: %d", status)
	}
	// A person's token opens nothing here, nor does one without the scope, nor none.
	_, narrow := w.token("main", "grant_type", "client_credentials", "scope", "api")
	for name, c := range map[string]struct {
		token any
		want  int
	}{
		"of a person": {w.tokens("main", liNa)["access_token"], http.StatusUnauthorized}, "without the scope": {narrow["access_token"], http.StatusForbidden},
		"none": {"", http.StatusUnauthorized},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+"/ssf/streams", nil)
		must(t, err)
		r.Header.Set("Authorization", "Bearer "+c.token.(string))
		if status, _ := w.do(r); status != c.want {
			t.Errorf("a token %s: %d", name, status)
		}
	}
	if status, _ := mine.ask(http.MethodPost, "/ssf/status", map[string]any{"stream_id": id, "status": "paused"}); status != http.StatusOK {
		t.Errorf("pause: %d", status)
	}
	if status, got := mine.ask(http.MethodGet, "/ssf/status?stream_id="+id, nil); status != http.StatusOK || got["status"] != "paused" {
		t.Errorf("%d %v", status, got)
	}
}

func TestAStreamIsVerifiedWithWhatItsReceiverWantsToRead(t *testing.T) {
	w := newWorld(t)
	w.application("main", func(a *storage.Application) { a.Scopes = append(a.Scopes, signals.ScopeManage, signals.ScopeRead) })
	w.pass(2 * time.Second)
	p := newPoller(w, "main")
	list, err := w.store.ListStreams(t.Context())
	must(t, err)
	if status, _ := p.ask(http.MethodPost, "/ssf/verify", map[string]any{"stream_id": list[0].ID, "state": "read me"}); status != http.StatusNoContent {
		t.Fatalf("%d", status)
	}
	_, got := p.ask(http.MethodPost, "/ssf/poll", map[string]any{"returnImmediately": true})
	for jti, token := range got["sets"].(map[string]any) {
		event := payload(t, token)["events"].(map[string]any)[signals.EventVerification].(map[string]any)
		if event["state"] != "read me" {
			t.Errorf("%v", event)
		}
		_, got = p.ask(http.MethodPost, "/ssf/poll", map[string]any{"ack": []string{jti}, "returnImmediately": true})
		if n := len(got["sets"].(map[string]any)); n != 0 {
			t.Errorf("%d are told again", n)
		}
	}
}

// TestAttackAnIssuerThatWantsToHearNothingIsTold: a region that silences its stream would let cases close while it goes on as before.
func TestAttackAnIssuerThatWantsToHearNothingIsTold(t *testing.T) {
	w := newWorld(t, nationally)
	w.application("main", func(a *storage.Application) {
		a.Issuer, a.Region, a.Scopes = true, "33", append(a.Scopes, signals.ScopeManage, signals.ScopeRead)
	})
	w.application("second", func(a *storage.Application) { a.Scopes = append(a.Scopes, signals.ScopeManage, signals.ScopeRead) })
	w.pass(2 * time.Second)
	for client, want := range map[string]int{"main": http.StatusForbidden, "second": http.StatusOK} {
		p := newPoller(w, client)
		s, err := w.store.Stream(t.Context(), client)
		must(t, err)
		if status, got := p.ask(http.MethodPost, "/ssf/status", map[string]any{"stream_id": s.ID, "status": "paused"}); status != http.StatusOK {
			t.Errorf("%s pauses: %d %v", client, status, got)
		}
		if status, got := p.ask(http.MethodPost, "/ssf/status", map[string]any{"stream_id": s.ID, "status": "disabled"}); status != want {
			t.Errorf("%s is silent: %d %v", client, status, got)
		}
		status, _ := p.ask(http.MethodDelete, "/ssf/streams?stream_id="+s.ID, nil)
		if _, err := w.store.Stream(t.Context(), client); (status == http.StatusForbidden) != (want == http.StatusForbidden) || (err == nil) != (want == http.StatusForbidden) {
			t.Errorf("%s ends its stream: %d, %v", client, status, err)
		}
	}
}
