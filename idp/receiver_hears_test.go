package idp_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"manyou/federation/signals"
	"manyou/idp"
	"manyou/storage"
)

// receiving is an issuer with an application whose receiver others wrote, two citizens whom it knows, and what happens to them.
func receiving(t *testing.T) (w *world, r *receiver, li, ay string) {
	t.Helper()
	w = newWorld(t, func(c *idp.Config) { c.Clock = time.Now }) // as the receiver's
	r = newReceiver(t)
	r.open(w, "main")
	time.Sleep(1100 * time.Millisecond) // for which a registration is remembered
	sub := func(c citizen) string { return payload(t, w.tokens("main", c)["id_token"])["sub"].(string) }
	return w, r, sub(liNa), sub(aynur)
}

// happens is what a receiver has to hear of, and what it then hears.
func (w *world) happens(li, ay string) (want []string) {
	w.hold(liNa, storage.HoldFreeze)()
	w.hold(aynur, storage.HoldDeactivate)
	return []string{
		li + " correction held", li + " account-disabled", li + " session-revoked", li + " correction lifted", li + " account-enabled",
		ay + " correction held", ay + " account-disabled", ay + " session-revoked",
	}
}

func TestAReceiverWrittenFromTheSpecificationsHearsByPush(t *testing.T) {
	w, r, li, ay := receiving(t)
	run(t, w.issuer)
	r.do("create", map[string]any{"delivery": "push"}, nil)
	r.do("verified", nil, nil)
	// The first never arrives, then it arrives but its answer is lost, and so on.
	r.do("answer", map[string]any{"list": []map[string]int{{"before": 503}, {"after": 500}, {"after": 202}, {"before": 429}, {"after": 404}}}, nil)
	want := w.happens(li, ay)
	var got struct {
		Heard    []set
		Times    map[string]int
		Failures []string
	}
	r.do("heard", map[string]any{"n": len(want)}, &got)
	if short := inShort(got.Heard); !slices.Equal(short, want) {
		t.Errorf("heard %q\nwant %q", short, want)
	}
	inOrder(t, got.Heard)
	if len(got.Failures) > 0 {
		t.Errorf("it refuses %v", got.Failures)
	}
	if times := got.Times[got.Heard[0].ID]; times < 2 { // what was not answered is told again, under the same jti
		t.Errorf("it was told %d times", times)
	}
	r.do("verified", nil, nil)
}

func TestAReceiverWrittenFromTheSpecificationsHearsByPoll(t *testing.T) {
	w, r, li, ay := receiving(t)
	r.do("create", map[string]any{"delivery": "poll"}, nil)
	type answer struct {
		Sets []set
		More bool
	}
	poll := func(body map[string]any) (a answer) {
		t.Helper()
		r.do("poll", map[string]any{"body": body}, &a)
		return a
	}
	now := true
	if a := poll(map[string]any{"returnImmediately": now}); len(a.Sets) > 0 || a.More {
		t.Fatalf("%+v", a)
	}
	r.do("verified", nil, nil)
	want := w.happens(li, ay)
	one := poll(map[string]any{"returnImmediately": now, "maxEvents": 1})
	if len(one.Sets) != 1 || !one.More {
		t.Fatalf("%+v", one)
	}
	if again := poll(map[string]any{"returnImmediately": now, "maxEvents": 1}); again.Sets[0].ID != one.Sets[0].ID {
		t.Errorf("what was not acknowledged is told as %s and not as %s", again.Sets[0].ID, one.Sets[0].ID)
	}
	// Acknowledging alone brings nothing; an error is an acknowledgement, too: the token will not be better the second time.
	if a := poll(map[string]any{"maxEvents": 0, "ack": []string{one.Sets[0].ID}}); len(a.Sets) != 0 {
		t.Errorf("%+v", a)
	}
	two := poll(map[string]any{"returnImmediately": now, "maxEvents": 2})
	three := poll(map[string]any{
		"returnImmediately": now, "ack": []string{two.Sets[0].ID},
		"setErrs": map[string]any{two.Sets[1].ID: map[string]string{"err": "authentication_failed", "description": "no"}},
	})
	if three.More || len(three.Sets) != len(want)-3 {
		t.Errorf("%d and more %t", len(three.Sets), three.More)
	}
	all := slices.Concat(one.Sets, two.Sets, three.Sets)
	if short := inShort(all); !slices.Equal(short, want) {
		t.Errorf("heard %q\nwant %q", short, want)
	}
	inOrder(t, all)
	// Of an acknowledgement with a gap the rest is told again, in order.
	gap := poll(map[string]any{"returnImmediately": now, "ack": []string{three.Sets[1].ID, three.Sets[2].ID, "no such token"}})
	if len(gap.Sets) != len(three.Sets) || gap.Sets[0].ID != three.Sets[0].ID {
		t.Errorf("%q", inShort(gap.Sets))
	}
	var ids []string
	for _, s := range gap.Sets {
		ids = append(ids, s.ID)
	}
	if a := poll(map[string]any{"returnImmediately": now, "ack": ids}); len(a.Sets) > 0 {
		t.Errorf("%q", inShort(a.Sets))
	}
	// Who does not want an answer at once waits until something happens (RFC 8936 §2.2).
	done := make(chan answer)
	go func() {
		var a answer
		r.do("poll", map[string]any{"body": map[string]any{}}, &a)
		done <- a
	}()
	w.hold(liNa, storage.HoldStepUp)
	if a := <-done; !slices.Equal(inShort(a.Sets), []string{li + " correction held", li + " session-revoked"}) {
		t.Errorf("%q", inShort(a.Sets))
	}
}

func TestAReceiverWrittenFromTheSpecificationsManagesItsStream(t *testing.T) {
	w, r, li, ay := receiving(t)
	var stream map[string]any
	r.do("create", map[string]any{"delivery": "push", "events_requested": []string{signals.EventSessionRevoked, "urn:example:unknown"}}, &stream)
	id := stream["stream_id"]
	type answer struct {
		Status int
		Body   any
	}
	call := func(method, endpoint string, query map[string]any, body any) answer {
		t.Helper()
		var a answer
		c := map[string]any{"method": method, "endpoint": endpoint, "query": query}
		if body != nil {
			c["body"] = body
		}
		r.do("call", c, &a)
		return a
	}
	const config, status = "configuration_endpoint", "status_endpoint"
	expect := func(what string, want int, a answer) map[string]any {
		t.Helper()
		if a.Status != want {
			t.Errorf("%s: %d %v", what, a.Status, a.Body)
		}
		m, _ := a.Body.(map[string]any)
		return m
	}
	named := map[string]any{"stream_id": id}
	read := expect("read", http.StatusOK, call("GET", config, named, nil))
	if list, ok := call("GET", config, nil, nil).Body.([]any); !ok || len(list) != 1 {
		t.Error("without a stream_id there is a list")
	}
	expect("a second one", http.StatusConflict, call("POST", config, nil, map[string]any{}))
	expect("read another's", http.StatusNotFound, call("GET", config, map[string]any{"stream_id": "x"}, nil))
	expect("delete what is not named", http.StatusBadRequest, call("DELETE", config, nil, nil))
	expect("the status of what is not named", http.StatusBadRequest, call("GET", status, nil, nil))
	expect("update what is not named", http.StatusBadRequest, call("PATCH", config, nil, map[string]any{"description": "x"}))

	// A patch changes what it names; what it leaves out stays.
	got := expect("describe", http.StatusOK, call("PATCH", config, nil, map[string]any{"stream_id": id, "description": "mine"}))
	if got["description"] != "mine" || fmt.Sprint(got["events_delivered"]) != "["+signals.EventSessionRevoked+"]" || fmt.Sprint(got["delivery"]) != fmt.Sprint(read["delivery"]) {
		t.Errorf("%v", got)
	}
	if got = expect("describe by nothing", http.StatusOK, call("PATCH", config, nil, map[string]any{"stream_id": id, "description": ""})); got["description"] != nil {
		t.Errorf("%v", got)
	}
	for name, value := range map[string]any{
		"iss": "https://evil.example", "aud": "another", "events_supported": []string{"urn:x"}, "events_delivered": []string{signals.EventCorrection},
		"min_verification_interval": 1, "inactivity_timeout": 60,
	} {
		expect(name+" is the transmitter's to say", http.StatusBadRequest, call("PATCH", config, nil, map[string]any{"stream_id": id, name: value}))
	}
	// All of it may be sent back; what a replacement leaves out goes.
	got = expect("replace by itself", http.StatusOK, call("PUT", config, nil, read))
	if fmt.Sprint(got) != fmt.Sprint(read) {
		t.Errorf("%v\n%v", got, read)
	}
	got = expect("replace by nothing", http.StatusOK, call("PUT", config, nil, map[string]any{"stream_id": id}))
	if d, _ := got["delivery"].(map[string]any); d["method"] != signals.DeliveryPoll || d["endpoint_url"] == r.url+"/events" || got["events_requested"] != nil {
		t.Errorf("%v", got)
	}

	// Nothing is told while a stream is paused, a verification neither, and all of it afterwards. What happens while it is disabled is lost.
	sets := func() []any {
		t.Helper()
		var a answer
		r.do("call", map[string]any{"url": w.url + "/ssf/poll", "body": map[string]any{"returnImmediately": true}}, &a)
		list := []any{}
		for jti := range expect("poll", http.StatusOK, a)["sets"].(map[string]any) {
			list = append(list, jti)
		}
		return list
	}
	set := func(to string) {
		t.Helper()
		got := expect(to, http.StatusOK, call("POST", status, nil, map[string]any{"stream_id": id, "status": to, "reason": "because"}))
		if got["status"] != to || got["stream_id"] != id || got["reason"] != "because" {
			t.Errorf("%v", got)
		}
		if got = expect(to, http.StatusOK, call("GET", status, named, nil)); got["status"] != to || got["reason"] != "because" {
			t.Errorf("%v", got)
		}
	}
	set("paused")
	expect("verify", http.StatusNoContent, call("POST", "verification_endpoint", nil, map[string]any{"stream_id": id, "state": "s"}))
	want := w.happens(li, ay)
	if n := len(sets()); n != 0 {
		t.Errorf("%d are told while it is paused", n)
	}
	set("enabled")
	held := sets()
	if len(held) != len(want)+1 {
		t.Errorf("%d are told of %d", len(held), len(want)+1)
	}
	r.do("call", map[string]any{"url": w.url + "/ssf/poll", "body": map[string]any{"returnImmediately": true, "ack": held}}, nil)
	set("disabled")
	w.hold(liNa, storage.HoldStepUp)
	set("enabled")
	if n := len(sets()); n != 0 {
		t.Errorf("%d are told that happened while it was disabled", n)
	}
	expect("no status", http.StatusBadRequest, call("POST", status, nil, map[string]any{"stream_id": id, "status": "on"}))

	// Of a subject that was removed nothing is told until it is added; of one that nobody knows nothing is said.
	subject := func(endpoint, sub string) answer {
		return call("POST", endpoint, nil, map[string]any{"stream_id": id, "subject": map[string]any{"format": "iss_sub", "iss": w.url, "sub": sub}})
	}
	for _, sub := range []string{li, "nobody"} {
		expect("remove", http.StatusNoContent, subject("remove_subject_endpoint", sub))
	}
	other := storage.Hold{ID: "more", PersonID: w.person(liNa).ID, Kind: storage.HoldFreeze, Number: "K7MX-2QF4", PlacedAt: time.Now(), PlacedBy: "system"}
	must(t, w.store.PlaceHold(t.Context(), other))
	if n := len(sets()); n != 0 {
		t.Errorf("%d are told of who was removed", n)
	}
	for _, sub := range []string{li, "nobody"} {
		expect("add", http.StatusOK, subject("add_subject_endpoint", sub))
	}
	if n := len(sets()); n != 3 {
		t.Errorf("%d are told of who was added", n)
	}
	expect("add nobody", http.StatusBadRequest, call("POST", "add_subject_endpoint", nil, map[string]any{"stream_id": id}))
	expect("remove of another", http.StatusNotFound, call("POST", "remove_subject_endpoint", nil, map[string]any{
		"stream_id": "x", "subject": map[string]any{"format": "iss_sub", "iss": w.url, "sub": li},
	}))
	expect("delete", http.StatusNoContent, call("DELETE", config, named, nil))
	expect("delete again", http.StatusNotFound, call("DELETE", config, named, nil))
	expect("read what is gone", http.StatusNotFound, call("GET", config, named, nil))
}

func TestAVerifierWrittenFromTheSpecificationsReadsStatusLists(t *testing.T) {
	w, r, _, _ := receiving(t)
	hers, his := w.tokens("main", liNa)["access_token"], w.tokens("main", aynur)["access_token"]
	status := func(token any) (s int) {
		t.Helper()
		r.do("status", map[string]any{"token": token}, &s)
		return s
	}
	if status(hers) != 0 || status(his) != 0 {
		t.Error("a token that lives is not valid")
	}
	w.hold(liNa, storage.HoldFreeze)
	eventually(t, "her token is invalid", func() bool { return status(hers) == 1 })
	if status(his) != 0 {
		t.Error("his died with hers")
	}
}

// TestWhatEveryIssuerSignsIsVerifiedByOthers: a link is frozen at the nation; the nation and both provinces tell, and each token and each
// status list is checked by keys that are published where it comes from.
func TestWhatEveryIssuerSignsIsVerifiedByOthers(t *testing.T) {
	h := newHub(t)
	h.subscribed(t)
	_, home, _ := h.roamed(t) // as an application that nobody of the three knows yet
	if !works(h.zhejiang, home) {
		t.Fatal("nothing works to begin with")
	}
	receivers := map[*world]*receiver{}
	tokens := map[*world]any{}
	for _, w := range h.all() {
		r := newReceiver(t)
		r.open(w, "second")
		r.do("create", map[string]any{"delivery": "poll"}, nil)
		r.do("verified", nil, nil)
		receivers[w] = r
	}
	b := h.browser()
	code := h.zhejiang.signIn(b, liNa, h.zhejiang.request("second")).Get("code")
	for _, w := range []*world{h.zhejiang, h.nation, h.sichuan} {
		if w != h.zhejiang {
			code = answer(t, w.get(b, w.request("second"))).Get("code")
		}
		_, got := w.redeem("second", code)
		tokens[w] = got["access_token"]
	}
	links, err := h.nation.store.LinksOf(t.Context(), federation{}.person(h.nation, liNa))
	must(t, err)
	h.nation.hold(liNa, storage.HoldFreeze, links[0].Issuer, links[0].Subject)
	for _, w := range h.all() {
		var got struct{ Sets []set }
		eventually(t, "it is told", func() bool {
			receivers[w].do("poll", map[string]any{"body": map[string]any{"returnImmediately": true}}, &got)
			return len(got.Sets) > 0
		})
		for _, s := range got.Sets {
			if s.Issuer != w.url || s.Subject.Issuer != w.url || s.Subject.Subject != payload(t, tokens[w])["sub"] {
				t.Errorf("%+v", s)
			}
		}
		w.pass(4 * time.Second)
		var status int
		if receivers[w].do("status", map[string]any{"token": tokens[w]}, &status); status != 1 {
			t.Errorf("%s: her token is valid", w.url)
		}
	}
}
