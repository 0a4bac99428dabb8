package idp_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"manyou/federation/correction"
	"manyou/federation/signals"
	"manyou/idp"
	"manyou/storage"
)

// of is a token about another subject of the province's.
func of(o *teller, subject string) func(map[string]any) {
	return func(c map[string]any) { c["sub_id"] = signals.Of(o.issuer, subject) }
}

// linked makes somebody whom a province has a link to, with a session that came from there.
func (o *teller) linked(n int) (person, subject string) {
	o.t.Helper()
	p := storage.Person{ID: fmt.Sprint("person ", n), Name: "张三", Region: "51", Status: storage.PersonActive, Epoch: 1, CreatedAt: o.clock()}
	subject = fmt.Sprint("subject ", n)
	c := storage.Conversation{ID: subject, ExpiresAt: o.clock().Add(time.Hour), Body: []byte("{}")}
	must(o.t, o.store.CreateConversation(o.t.Context(), c))
	_, err := o.store.CompleteSignIn(o.t.Context(), storage.SignIn{
		ConversationID: c.ID, ConversationExpiresAt: c.ExpiresAt, ConversationVersion: 1, Person: &p,
		Link:    &storage.Link{Issuer: o.issuer, Subject: subject, PersonID: p.ID, CreatedAt: o.clock()},
		Session: storage.Session{ID: []byte(subject), ExpiresAt: o.clock().Add(time.Hour), PersonID: p.ID, Origin: o.issuer, ACR: 2, CreatedAt: o.clock()},
	})
	must(o.t, err)
	return p.ID, subject
}

// about is the case about somebody; nil if there is none.
func (o *teller) about(person string) *storage.Case {
	o.t.Helper()
	list, err := o.store.CasesOf(o.t.Context(), person, 10)
	must(o.t, err)
	if len(list) == 0 {
		return nil
	}
	return &list[0]
}

// TestAttackAProvinceFloodsTheQueueWithSignals: in an hour so many of them become cases. What protects people works beyond that, and nothing is
// lost of it: it waits behind the others, and then is to be told again.
func TestAttackAProvinceFloodsTheQueueWithSignals(t *testing.T) {
	o, _ := newTeller(t, "51", func(c *idp.Config) { c.Role, c.Region = idp.National, "00" })
	told := 0
	hour := func() time.Time { return o.clock().Truncate(time.Hour).Add(time.Hour) }
	already := func(n int64) { // so many are cases in this hour
		t.Helper()
		now, err := o.store.Count(t.Context(), []string{"signal.cases:" + o.issuer}, 0, hour())
		must(t, err)
		_, err = o.store.Count(t.Context(), []string{"signal.cases:" + o.issuer}, n-now[0], hour())
		must(t, err)
	}
	signal := func(event string) (answer int, of1 *storage.Case, p storage.Person) {
		t.Helper()
		told++
		id, subject := o.linked(told)
		var payload any = struct{}{}
		if event == signals.EventCorrection {
			payload = signals.Correction{What: "corrected", Decision: "of its own"}
		}
		answer = o.tell(o.token(event, payload, of(o, subject)))
		p, err := o.store.Person(t.Context(), id)
		must(t, err)
		live, err := o.store.SessionsOf(t.Context(), id, o.clock())
		must(t, err)
		if len(live) > 0 {
			t.Errorf("%s: a session from there goes on", event)
		}
		return answer, o.about(id), p
	}
	already(599)
	if status, c, _ := signal(signals.EventCorrection); status != http.StatusAccepted || c == nil {
		t.Fatalf("the last of those that become cases: %d, %v", status, c)
	}
	if status, c, _ := signal(signals.EventCorrection); status != http.StatusAccepted || c != nil {
		t.Errorf("a correction more: %d, %v", status, c)
	}
	if status, c, p := signal(signals.EventAccountDisabled); status != http.StatusAccepted || c == nil || c.Priority != correction.PriorityLow || p.LeastACR != storage.StepUpACR {
		t.Errorf("an account more: %d, %+v, %d", status, c, p.LeastACR)
	}
	already(6000)
	if status, c, _ := signal(signals.EventCorrection); status != http.StatusAccepted || c != nil {
		t.Errorf("a correction beyond all: %d, %v", status, c)
	}
	if status, c, _ := signal(signals.EventAccountDisabled); status != http.StatusServiceUnavailable || c != nil {
		t.Errorf("an account beyond all: %d, %v", status, c)
	}
	refused := told
	o.pass(time.Hour) // and it is told again
	if status := o.tell(o.token(signals.EventAccountDisabled, struct{}{}, of(o, fmt.Sprint("subject ", refused)))); status != http.StatusAccepted {
		t.Errorf("an hour later: %d", status)
	}
	if c := o.about(fmt.Sprint("person ", refused)); c == nil || c.Priority != correction.PriorityUrgent {
		t.Errorf("an hour later: %+v", c)
	}
	// Another province's are counted by themselves: the key is its own.
	if n, err := o.store.Count(t.Context(), []string{"signal.cases:https://id.zj.example"}, 0, hour()); err != nil || n[0] != 0 {
		t.Errorf("%v, %v", n, err)
	}
}

// TestAttackAProvinceLetsACaseGrowWithoutEnd: what it repeats joins the case, up to a bound; a case that is opened anew begins anew.
func TestAttackAProvinceLetsACaseGrowWithoutEnd(t *testing.T) {
	o, q := newProvinceTeller(t)
	for range 70 {
		if status := o.tell(o.token(signals.EventAccountDisabled, struct{}{})); status != http.StatusAccepted {
			t.Fatalf("%d", status)
		}
	}
	if n := o.filed(); n != 51 { // the case, and those that joined it
		t.Errorf("%d", n)
	}
	list, err := o.store.ListCases(t.Context(), storage.CaseFilter{}, 10)
	must(t, err)
	if len(list) != 1 {
		t.Fatalf("%d in the queue", len(list))
	}
	c, err := q.Find(t.Context(), list[0].ID)
	must(t, err)
	if len(c.Body.Evidence) > 3 {
		t.Errorf("%d items of evidence", len(c.Body.Evidence))
	}
	must(t, q.Reject(t.Context(), q.wang, c, "查无此事"))
	o.tell(o.token(signals.EventAccountDisabled, struct{}{}))
	if n := o.filed(); n != 52 || o.person(liNa).LeastACR != storage.StepUpACR {
		t.Errorf("%d; what it says after the case has ended is not heard", n)
	}
}
