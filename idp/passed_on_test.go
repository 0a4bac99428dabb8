package idp_test

import (
	"context"
	"crypto/rand"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"manyou/federation/correction"
	"manyou/federation/register"
	"manyou/idp"
	"manyou/storage"
)

// heir is who has the number of Aynur now, as the register says after [world.passOn]; she has another.
var heir = citizen{"周文静", number("11000019950312004"), aynur.phone}

const aynursNew = "+8613900000033"

// record puts citizens into the register as they are.
func (w *world) record(citizens ...citizen) {
	w.t.Helper()
	var entries []storage.RegisterEntry
	for _, c := range citizens {
		entries = append(entries, storage.RegisterEntry{
			Document: storage.Document{Kind: "resident_id", Number: c.number}, Name: c.name, Phone: c.phone, Region: c.number[:2], Status: storage.RegisterValid,
		})
	}
	must(w.t, w.store.PutRegister(w.t.Context(), entries, storage.ImportProgress{Source: time.Now().String()}))
}

// passOn writes into the register that Aynur's number is her heir's.
func (w *world) passOn() {
	her := aynur
	her.phone = aynursNew
	w.record(her, heir)
}

// byNumber signs in at the account pages with number and code alone, as far as that goes.
func (w *world) byNumber(b *http.Client, phone, action string) *http.Response {
	w.t.Helper()
	return w.enter(b, w.get(b, w.url+"/account"), phone, action)
}

func (w *world) enter(b *http.Client, at *http.Response, phone, action string) *http.Response {
	w.t.Helper()
	before := w.sent()
	at = w.post(b, page(at), "action", action, "phone", phone)
	return w.post(b, page(at), "action", "code", "code", w.code(phone, before))
}

// identifies says who somebody is, where that is asked.
func (w *world) identifies(b *http.Client, at *http.Response, c citizen) *http.Response {
	w.t.Helper()
	return w.post(b, page(at), "action", "identify", "name", c.name, "document_kind", "resident_id", "document_number", c.number)
}

// claims is what somebody does whose number signs in another.
func (w *world) claims(b *http.Client, c citizen) {
	w.t.Helper()
	at := w.byNumber(b, c.phone, "phone_shared")
	if text := body(w.t, at); !strings.Contains(text, `name="document_kind"`) {
		at = w.post(b, page(at), "action", "identify")
	}
	if at = w.identifies(b, at, c); !strings.HasSuffix(page(at), "/account") {
		w.t.Fatalf("%d at %s: %s", at.StatusCode, page(at), body(w.t, at))
	}
}

// casesOf are the cases about a citizen at an issuer.
func (w *world) casesOf(c citizen) (list []*correction.Case) {
	w.t.Helper()
	queue := correction.Queue{Store: w.store}
	stored, err := w.store.CasesOf(w.t.Context(), w.person(c).ID, 10)
	must(w.t, err)
	for _, one := range stored {
		found, err := queue.Find(w.t.Context(), one.ID)
		must(w.t, err)
		list = append(list, found)
	}
	return list
}

// methodsOf are the ways to sign in that a citizen has at an issuer.
func (w *world) methodsOf(c citizen) (list []string) {
	w.t.Helper()
	credentials, err := w.store.CredentialsOf(w.t.Context(), w.person(c).ID)
	must(w.t, err)
	for _, one := range credentials {
		list = append(list, one.Method)
	}
	return list
}

func TestWhoIsTakenForTheOneWhoseNumberTheirsWasFindsTheirWayByPages(t *testing.T) {
	w := newWorld(t, nationally)
	w.withPasskey(aynur)
	w.passOn()
	b := w.browser()
	overview := body(t, w.byNumber(b, heir.phone, "phone"))
	if !strings.Contains(overview, aynur.name) {
		t.Fatal("the number alone does not sign anybody in")
	}
	link := regexp.MustCompile(`<a href="(/account/somebody-else)">这个人不是我</a>`).FindStringSubmatch(overview)
	if link == nil {
		t.Fatal("there is no way out")
	}
	asked := w.get(b, w.url+link[1])
	text := body(t, asked)
	if !strings.Contains(text, "手机号以前可能是别人的") {
		t.Errorf("%s", text)
	}
	told := func(what, text string) {
		if strings.Contains(text, aynur.name) || strings.Contains(text, aynur.number) || strings.Contains(text, aynursNew) || strings.Contains(text, "650") {
			t.Errorf("%s tells who the other one is", what)
		}
	}
	told("the page that explains", text)
	at := w.post(b, page(asked), "action", "confirm")
	text = body(t, at)
	if !strings.Contains(text, "您已退出") || strings.Contains(text, `value="phone_shared"`) {
		t.Errorf("%d at %s: %s", at.StatusCode, page(at), text)
	}
	if got := w.get(b, w.request("main", "prompt", "none")); !strings.Contains(got.Header.Get("Location"), "login_required") {
		t.Errorf("somebody is signed in still: %s", got.Header.Get("Location"))
	}
	at = w.enter(b, at, heir.phone, "phone")
	choose := body(t, at)
	told("the page where a document is asked for", choose)
	if !strings.Contains(choose, "我没有用它登录过") {
		t.Fatalf("%s", choose)
	}
	wrong := body(t, w.post(b, page(at), "action", "choose", "document_number", heir.number))
	told("what is said of a document that nobody has", wrong)
	if !strings.Contains(wrong, "我没有用它登录过") {
		t.Errorf("%s", wrong)
	}
	at = w.post(b, page(at), "action", "identify")
	told("the page where all is asked for", body(t, at))
	at = w.identifies(b, at, heir)
	if text := body(t, at); !strings.HasSuffix(page(at), "/account") || !strings.Contains(text, heir.name) {
		t.Errorf("%d at %s: %s", at.StatusCode, page(at), text)
	}
	events, err := w.store.EventsOf(t.Context(), w.person(aynur).ID, w.clock().Add(time.Hour), 10)
	must(t, err)
	if !slices.ContainsFunc(events, func(e storage.Event) bool { return e.Kind == "session_ended" }) {
		t.Error("whose account it is reads nothing of it")
	}
}

func TestANumberThatPassedOnIsTakenFromWhomItWasByTwoSourcesAndOneOfficer(t *testing.T) {
	w := newWorld(t, nationally)
	_, passkey := w.withPasskey(aynur)
	w.passOn()
	w.claims(w.browser(), heir)
	eventually(t, "a case is opened", func() bool { return len(w.casesOf(aynur)) == 1 })
	c := w.casesOf(aynur)[0]
	if c.State() != correction.Proposed || c.Body.Reason != correction.ReasonPhoneTwice || c.Filer != correction.System() ||
		c.Kind != string(correction.KindAttribute) || c.Body.Attribute != "phone" || c.Body.Expected != heir.phone {
		t.Errorf("%+v %+v", c.Case, c.Body)
	}
	rungs := map[string]int{}
	for _, e := range c.Body.Evidence {
		if e.Said["phone_proven"] == heir.phone {
			rungs[e.Source] = e.ACR
		}
	}
	if len(rungs) != 2 || rungs[correction.Issuer(w.url)] != 1 {
		t.Errorf("%v", rungs)
	}
	if _, ok := rungs["register"]; !ok {
		t.Errorf("%v", rungs)
	}
	events, err := w.store.CaseEvents(t.Context(), c.ID)
	must(t, err)
	whole := string(c.Case.Body)
	for _, e := range events {
		whole += string(e.Body)
	}
	if id := w.person(heir).ID; strings.Contains(whole, heir.name) || strings.Contains(whole, heir.number) || strings.Contains(whole, id) {
		t.Error("the case names whose the number is")
	}
	queue := &correction.Queue{Store: w.store, Policy: correction.DefaultPolicy(), Clock: w.clock, Random: rand.Reader}
	must(t, queue.Approve(t.Context(), correction.Officer{PersonID: "wang", Roles: []string{correction.RoleOfficer}, Regions: []string{"00"}}, c))
	if got := w.methodsOf(aynur); !slices.Equal(got, []string{"passkey"}) {
		t.Errorf("she has %v", got)
	}
	if text := body(t, w.byNumber(w.browser(), heir.phone, "phone")); !strings.Contains(text, heir.name) {
		t.Errorf("the number alone does not sign in whose it is: %s", text)
	}
	b := w.browser()
	at := w.get(b, w.request("main"))
	answer(t, w.post(b, page(at), "action", "passkey", "answer", passkey.assert(body(t, at)))) // she has a way in
	her := aynur
	her.phone = aynursNew
	w.signIn(w.browser(), her, w.request("main")) // and by her new number
	if got := w.methodsOf(aynur); !slices.Contains(got, "sms") {
		t.Errorf("she has %v", got)
	}
}

func TestWhoseOnlyWayInANumberIsIsDecidedAboutByPeople(t *testing.T) {
	w := newWorld(t, nationally)
	w.signIn(w.browser(), aynur, w.request("main"))
	w.passOn()
	w.claims(w.browser(), heir)
	eventually(t, "a case is opened", func() bool { return len(w.casesOf(aynur)) == 1 })
	if c := w.casesOf(aynur)[0]; c.State() != correction.Triaged || c.Body.Reason != correction.ReasonRegisterAgrees {
		t.Errorf("%s, %s", c.State(), c.Body.Reason)
	}
	// Until then nobody is taken for another by the number alone.
	at := w.byNumber(w.browser(), heir.phone, "phone")
	if text := body(t, at); !strings.Contains(text, `name="document_number"`) || strings.Contains(text, aynur.name) {
		t.Errorf("%s", text)
	}
}

// asked is the register, and remembers of whom it was asked with a number.
type asked struct {
	register.Source
	mu sync.Mutex
	of map[string]int
}

func (a *asked) Verify(ctx context.Context, c register.Claim) (register.Verdict, error) {
	a.mu.Lock()
	a.of[c.Document.Number+" "+c.Phone]++
	a.mu.Unlock()
	return a.Source.Verify(ctx, c)
}

func (a *asked) times(c citizen, phone string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.of[c.number+" "+phone]
}

func TestAFamilyThatSharesANumberOpensNoCaseAndNobodyIsAskedAboutTwiceADay(t *testing.T) {
	book := &asked{of: map[string]int{}}
	w := newWorld(t, nationally, func(c *idp.Config) { book.Source, c.Register = c.Register, book })
	silent, her := citizen{"陈静", number("33000019910307009"), liNa.phone}, aynur
	her.phone = liNa.phone
	w.record(silent, her)
	for _, c := range []citizen{liNa, silent, her} { // whose number the register does not change, does not know any more, and changes
		w.claims(w.browser(), c)
		w.pass(time.Second)
	}
	if n := book.times(liNa, liNa.phone); n == 0 {
		t.Fatal("nobody was identified")
	}
	noNumber, moved := silent, her
	noNumber.phone, moved.phone = "", aynursNew
	w.record(noNumber, moved)
	w.pass(24 * time.Hour)
	before := book.times(liNa, liNa.phone)
	w.claims(w.browser(), liWei)
	eventually(t, "a case is opened about the one whose number it is not any more", func() bool { return len(w.casesOf(her)) == 1 })
	for _, c := range []citizen{liNa, silent, liWei} {
		if list := w.casesOf(c); len(list) > 0 {
			t.Errorf("a case about %s: %s", c.name, list[0].Body.Reason)
		}
	}
	if n := book.times(liNa, liNa.phone) - before; n != 1 {
		t.Errorf("the register is asked %d times", n)
	}
	// Another one comes with the number on the same day, and who signs in as before asks about nobody.
	third := citizen{"李强", number("33000019990307003"), liNa.phone}
	w.record(third)
	w.claims(w.browser(), third)
	w.signIn(w.browser(), liNa, w.request("main"))
	eventually(t, "the register is asked about the one who came last before", func() bool { return book.times(liWei, liNa.phone) == 2 })
	if n := book.times(liNa, liNa.phone) - before; n != 1 {
		t.Errorf("the register is asked %d times on one day", n)
	}
	if list := w.casesOf(her); len(list) != 1 {
		t.Errorf("%d cases", len(list))
	}
}

func TestOfficersTakeANumberByPagesThatIsEnrolledAtAProvinceAlone(t *testing.T) {
	o := newBureau(t)
	const elsewhere, shown = "+8613900000044", "&#43;8613900000044"
	c := o.complain(liNa, "51", func(f *correction.Filing) {
		f.Filer, f.Kind, f.Attribute, f.Expected = correction.Issuer("https://id.zj.example"), correction.KindAttribute, "phone", elsewhere
		f.Evidence = []correction.Evidence{{Source: f.Filer, ACR: 1, Said: map[string]string{"phone_proven": elsewhere, "ways_left": "0"}}}
	})
	one, two := o.staff(wang, []string{"51"}, correction.RoleOfficer), o.staff(zhao, []string{"00"}, correction.RoleOfficer)
	o.open(one, c)
	o.open(two, c)
	o.done(one, c, "take", "action", "take")
	text := body(t, o.get(one, o.cases("/", c.Number)))
	for _, want := range []string{"在该处的其他登录方式", `name="credential" value="elsewhere"`, shown} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not show %s", want)
		}
	}
	o.done(one, c, "propose", "action", "propose", "decision", "phone", "credential", "elsewhere", "text", "已电话核对")
	if text := body(t, o.get(two, o.cases("/", c.Number))); !strings.Contains(text, shown) {
		t.Error("the second officer does not see which number")
	}
	o.done(two, c, "approve", "action", "approve")
	got := o.stored(c)
	if len(got.Body.Decided) != 1 || got.TakenPhone(got.Body.Decided[0].ID) != elsewhere || !slices.Equal(o.methodsOf(liNa), []string{"sms"}) {
		t.Errorf("%+v, %v", got.Body.Decided, o.methodsOf(liNa))
	}
}

// TestAttackAnOfficerTakesANumberThatTheCaseIsNotAbout: what no credential of the person has comes from the case alone.
func TestAttackAnOfficerTakesANumberThatTheCaseIsNotAbout(t *testing.T) {
	o := newBureau(t)
	c := o.complain(liNa, "51", func(f *correction.Filing) {
		f.Kind, f.Attribute, f.Expected = correction.KindAttribute, "name", "李那"
	})
	one := o.staff(wang, []string{"51"}, correction.RoleOfficer)
	o.open(one, c)
	o.done(one, c, "take", "action", "take")
	o.refused(one, c, http.StatusUnprocessableEntity, "", "action", "propose", "decision", "phone", "credential", "elsewhere", "text", "x")
}
