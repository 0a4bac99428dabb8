package web_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"manyou/federation/correction"
	"manyou/idp/web"
	"manyou/idp/web/gallery"
)

var zhejiang = map[string]string{"zh": "浙江省统一身份认证", "en": "Zhejiang Identity"}

func newWeb(t testing.TB, secure bool) *web.Web {
	t.Helper()
	issuer := "http://localhost:9033"
	if secure {
		issuer = "https://id.zj.example"
	}
	w, err := web.New(web.Options{Issuer: issuer, Name: zhejiang, Region: "33", Secure: secure, CookieSuffix: "33"})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// request is a GET with the preferences of a citizen of the plain issuer.
func request(language, care string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/signin/sample?a=1&b=2", nil)
	r.AddCookie(&http.Cookie{Name: "manyou_language_33", Value: language})
	r.AddCookie(&http.Cookie{Name: "manyou_care_33", Value: care})
	return r
}

func render(t testing.TB, w *web.Web, r *http.Request, p web.Page) (http.Header, string) {
	t.Helper()
	rec := httptest.NewRecorder()
	w.Render(rec, r, http.StatusOK, p)
	if rec.Code != http.StatusOK {
		t.Fatalf("%T: status %d", p, rec.Code)
	}
	return rec.Header(), rec.Body.String()
}

func TestEveryPageRendersInBothLanguagesAndInCareMode(t *testing.T) {
	w := newWeb(t, false)
	place := regexp.MustCompile(`\{[a-z]+\}`)
	for _, s := range gallery.Samples() {
		for language, tag := range map[string]string{"zh": "zh-CN", "en": "en"} {
			for _, care := range []string{"0", "1"} {
				h, body := render(t, w, request(language, care), s.Page)
				name := s.Name + "/" + language + "/" + care
				if err := wellFormed(body); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				start := `<html lang="` + tag + `"` + map[string]string{"0": "", "1": ` class="care"`}[care] + ">"
				if !strings.Contains(body, start) || h.Get("Content-Language") != tag {
					t.Errorf("%s: not in its language or mode", name)
				}
				if strings.Count(body, "<h1>") != 1 {
					t.Errorf("%s: %d headings of the first level", name, strings.Count(body, "<h1>"))
				}
				if strings.Contains(body, "ZgotmplZ") || place.MatchString(body) {
					t.Errorf("%s: something was not filled in", name)
				}
				for _, link := range []string{`href="/care?back=%2Fsignin%2Fsample%3Fa%3D1%26b%3D2&amp;on=`, `href="/language?back=%2Fsignin%2Fsample%3Fa%3D1%26b%3D2&amp;to=`} {
					if !strings.Contains(body, link) {
						t.Errorf("%s: lacks the switch %s", name, link)
					}
				}
			}
		}
	}
}

func TestPagesHaveNoInlineScriptStyleOrHandler(t *testing.T) {
	w := newWeb(t, false)
	inline := regexp.MustCompile(`(?i)<script>|<script [^>]*>[^<]|<style|\sstyle=|\son[a-z]+=|javascript:`)
	for _, s := range gallery.Samples() {
		_, body := render(t, w, request("zh", "0"), s.Page)
		if found := inline.FindString(body); found != "" {
			t.Errorf("%s: %s", s.Name, found)
		}
	}
}

// TestAttackMarkupInWhatIsShownStaysText puts markup into everything that reaches a page from outside.
func TestAttackMarkupInWhatIsShownStaysText(t *testing.T) {
	const evil = `"><script>alert(1)</script><img src=x onerror=alert(1)>`
	f := web.Frame{Application: evil}
	pages := []web.Page{
		&web.PhonePage{Frame: f, Action: evil, Phone: evil, HasProvinces: true, Error: web.ErrPhone},
		&web.CodePage{Frame: f, Action: evil, Phone: evil},
		&web.IdentifyPage{Frame: f, Action: evil, Name: evil, Kind: evil, Number: evil},
		&web.ChoosePage{Frame: f, Action: evil},
		&web.TypedPage{Frame: f, Action: evil, Method: "totp"},
		&web.PasskeyPage{Frame: f, Action: evil, Options: []byte(evil)},
		&web.ScanPage{Frame: f, Action: evil, Asker: evil, Region: evil, Device: evil, Address: evil, Message: evil, Name: evil, Choices: []string{evil}},
		&web.HistoryPage{Frame: f, MoreURL: evil, Entries: []web.HistoryEntry{{Kind: "signed_in", Detail: map[string]string{"device": evil, "application": evil, "address": evil}}}},
		&web.ProvincePage{Frame: f, Action: evil, Provinces: []web.Province{{Region: evil, Name: evil}}},
		&web.ConsentPage{Frame: f, Action: evil, Scopes: web.Scopes()},
		&web.ProblemPage{Frame: f, Problem: web.ProblemMismatch, Subject: evil, Reference: evil, Retry: "javascript:alert(1)"},
		&web.KeptPage{Frame: web.Frame{By: evil}, Why: web.KeptEnded, SignInURL: evil, Action: evil, BackURL: evil, Fields: []web.KeptField{
			{Name: evil, Value: evil}, {Name: evil, Value: evil, Label: "text", Long: true}, {Name: evil, Value: evil, Label: "value"},
		}},
		&web.SignOutPage{Frame: f, Action: evil, Fields: []web.Field{{Name: evil, Value: evil}}},
		&web.AccountPage{Frame: f, Name: evil, Document: evil, Action: evil, AddURLs: map[string]string{"totp": "javascript:alert(1)"}, SignOutURL: evil,
			Methods: []web.Method{{ID: evil, Kind: "totp", Label: evil, Removable: true}}, Links: []string{evil}},
		&web.TOTPEnrolPage{Frame: f, Method: "totp", Action: evil, Secret: evil, Enrolment: evil},
		&web.FormPostPage{Frame: f, Target: "javascript:alert(1)", Fields: []web.Field{{Name: evil, Value: evil}}},
	}
	pages = append(pages, evilCases(evil)...)
	w := newWeb(t, false)
	for _, p := range pages {
		_, body := render(t, w, request("zh", "0"), p)
		if strings.Contains(body, "<script>") || strings.Contains(body, "<img") || strings.Contains(body, `"javascript:`) {
			t.Errorf("%T lets markup or a script through", p)
		}
		if err := wellFormed(body); err != nil {
			t.Errorf("%T: %v", p, err)
		}
	}
}

// evilCases are the pages of the console with markup in all that others wrote.
func evilCases(evil string) []web.Page {
	nav := web.Frame{Nav: []web.NavItem{{Name: "cases", URL: evil}}}
	head := web.CaseHead{Number: evil, URL: evil, Kind: "conflict", State: "proposed", Region: evil, Place: evil, Assignee: "me", Tick: true}
	who := web.Who{Kind: "application", Name: evil}
	link := web.CaseLink{Name: evil, Issuer: evil, Subject: evil, Value: evil}
	difference := correction.CompareValues(evil, "x", true)
	received := &web.CaseReceived{Form: difference.A, Mapping: evil, Who: who}
	person := web.CasePerson{
		ID: evil, Name: evil, Received: received, Region: evil, Status: "active", First: true, Other: true, Links: []web.CaseLink{link},
		Documents:   []web.CaseDocument{{Kind: "passport", Number: evil, Value: evil}},
		Credentials: []web.CaseCredential{{ID: evil, Method: "sms", Label: evil}},
	}
	proposal := web.CaseProposal{
		ID: evil, Decision: "relink", By: who, Why: evil, Person: evil, Other: &person, Name: &difference, Received: received, Link: &link, Credential: evil, SplitName: evil,
		Split: []string{evil}, Approvals: []web.CaseApproval{{By: who}},
	}
	return []web.Page{
		&web.CasesPage{Frame: nav, Action: evil, BulkURL: evil, Unknown: evil, Rows: []web.CaseHead{head}, Bulk: true, NextURL: evil,
			Outcomes: []web.CaseOutcome{{Number: evil, URL: evil, What: "applied"}}, Regions: []web.Province{{Region: evil, Name: evil}}},
		&web.CaseDoorPage{Frame: nav, Action: evil, Case: head, Text: evil, Fields: []web.Field{{Name: evil, Value: evil}}},
		&web.CasePage{
			Frame: nav, Action: evil, Head: head, People: []web.CasePerson{person}, Proposal: &proposal, Decided: []web.CaseProposal{proposal},
			Typed:     url.Values{"action": {"propose"}, "decision": {"name"}, "name": {evil}, "text": {evil}},
			Complaint: web.CaseComplaint{Filer: who, For: evil, Statement: evil, Expected: evil, Link: &link},
			Sources:   []web.CaseSource{{Who: who, Chain: []string{evil}, Said: []web.CaseSaid{{Key: evil, Value: difference.A}, {Key: "text", Known: true, Text: evil}}}},
			Files:     []web.CaseFile{{Name: evil, Kind: evil, Who: who, URL: "javascript:alert(1)"}},
			Holds:     []web.CaseHold{{ID: "h", Kind: "freeze", Person: evil, Link: &link, Number: evil, By: who, LiftedBy: who, Confirm: true, Lift: true}},
			Others:    []web.CaseHead{head}, Deliveries: []web.CaseDelivery{{Name: evil, ID: evil, What: "merged"}},
			Events: []web.CaseEvent{{What: "noted", Who: who, Text: evil, To: evil, Number: evil, Keys: []string{evil}}},
			Acts: web.CaseActs{
				Take: true, Approve: true, Return: true, Reject: true, Reopen: true, Assign: true, Note: true, Escalate: true, Evidence: true, Freeze: true, StepUp: true,
				Propose: web.ProposalForms(), Officers: []web.CaseOfficer{{ID: evil, Name: evil}},
			},
		},
		&web.LoadPage{Frame: nav, Regions: []web.LoadRow{{Name: evil, Code: evil, URL: evil}}},
		&web.AuditPage{Frame: nav, Records: []web.AuditRow{{Kind: evil, Actor: evil, Detail: []web.AuditDetail{{Name: evil, Value: evil}, {Name: evil, Value: evil, Plain: true}}, Text: evil, Number: evil}}},
	}
}

func TestAPageWithoutItsWordsIsNotShown(t *testing.T) {
	w := newWeb(t, false)
	for _, p := range []web.Page{&web.ProblemPage{Problem: "nonsense"}, &web.ConsentPage{Scopes: []string{"everything"}}} {
		rec := httptest.NewRecorder()
		w.Render(rec, request("zh", "0"), http.StatusOK, p)
		if rec.Code != http.StatusInternalServerError || strings.Contains(rec.Body.String(), "<") {
			t.Errorf("%T: status %d, body %q", p, rec.Code, rec.Body)
		}
	}
}

func TestTheLanguageIsTheChosenOneThenTheAskedOneThenTheBrowsers(t *testing.T) {
	w := newWeb(t, false)
	for _, c := range []struct {
		cookie, accept string
		locales        []string
		want           string
	}{
		{"", "", nil, "zh"},
		{"", "en-GB,en;q=0.9", nil, "en"},
		{"", "fr-FR, en;q=0.5", nil, "en"},
		{"", "zh-HK", nil, "zh"},
		{"", "zh-CN", []string{"en"}, "en"},
		{"", "en", []string{"xx-nonsense", "zh-Hant"}, "zh"},
		{"zh", "en", []string{"en"}, "zh"},
		{"nonsense", "en", nil, "en"},
		{"", strings.Repeat("en,", 1000), nil, "zh"},
		{"", "", []string{strings.Repeat("en-", 1000) + "GB"}, "zh"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Accept-Language", c.accept)
		if c.cookie != "" {
			r.AddCookie(&http.Cookie{Name: "manyou_language_33", Value: c.cookie})
		}
		if got := w.Language(r, c.locales); got != c.want {
			t.Errorf("cookie %q, Accept-Language %.20q, ui_locales %.20q: %s, want %s", c.cookie, c.accept, c.locales, got, c.want)
		}
		if got := w.Pick(r, zhejiang, c.locales...); got != zhejiang[c.want] {
			t.Errorf("picked %q", got)
		}
	}
}

func TestAssetsAreKeptForeverAndCompressedFaithfully(t *testing.T) {
	w := newWeb(t, false)
	_, body := render(t, w, request("zh", "0"), &web.FormPostPage{Target: "https://app.example/cb"})
	links := regexp.MustCompile(`/assets/[^"]+`).FindAllString(body, -1)
	if len(links) != 3 {
		t.Fatalf("assets %q", links)
	}
	for _, link := range links {
		get := func(encoding string) *httptest.ResponseRecorder {
			rec, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, link, nil)
			r.Header.Set("Accept-Encoding", encoding)
			w.Handler().ServeHTTP(rec, r)
			if rec.Code != http.StatusOK || rec.Header().Get("Cache-Control") != "public, max-age=31536000, immutable" || rec.Header().Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s: %d %v", link, rec.Code, rec.Header())
			}
			return rec
		}
		plain, packed := get(""), get("br, gzip")
		unpacked, err := gzip.NewReader(packed.Body)
		if err != nil {
			t.Fatalf("%s: %v", link, err)
		}
		content, err := io.ReadAll(unpacked)
		if err != nil || string(content) != plain.Body.String() || packed.Header().Get("Content-Encoding") != "gzip" {
			t.Errorf("%s: compressed differs from plain (%v)", link, err)
		}
		if len(content) > 20<<10 {
			t.Errorf("%s: %d bytes", link, len(content))
		}
	}
	rec := httptest.NewRecorder()
	w.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/assets/style.css", nil))
	if rec.Code != http.StatusNotFound || rec.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("an asset without its hash: %d %v", rec.Code, rec.Header())
	}
}

func TestNoProvinceIsLostBetweenTheGroups(t *testing.T) {
	var all []web.Province
	for _, s := range gallery.Samples() {
		if p, ok := s.Page.(*web.ProvincePage); ok && s.Name == "provinces" {
			all = append(p.Provinces, web.Province{Name: "nameless"}, web.Province{Region: "99", Name: "elsewhere"}, web.Province{Region: "x"})
		}
	}
	var got []string
	page := &web.ProvincePage{Provinces: all}
	for _, a := range page.Areas() {
		for _, p := range a.Provinces {
			got = append(got, p.Region)
		}
	}
	slices.Sort(got)
	want := make([]string, 0, len(all))
	for _, p := range all {
		want = append(want, p.Region)
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("shown %q of %q", got, want)
	}
}

func TestEveryWaitHasItsStyle(t *testing.T) {
	w := newWeb(t, false)
	_, body := render(t, w, request("zh", "0"), &web.CodePage{})
	rec := httptest.NewRecorder()
	w.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, regexp.MustCompile(`/assets/style[^"]+`).FindString(body), nil))
	for _, after := range []time.Duration{-time.Second, 0, time.Millisecond, 9 * time.Second, 60 * time.Second, time.Hour} {
		_, body := render(t, w, request("zh", "0"), &web.CodePage{ResendAfter: after})
		class := regexp.MustCompile(`class="wait (w[0-9]+)"`).FindStringSubmatch(body)
		if (class != nil) != (after > 0) {
			t.Errorf("after %s: wait %q", after, class)
		} else if class != nil && !strings.Contains(rec.Body.String(), "."+class[1]+" {") {
			t.Errorf("after %s: no style for %q", after, class[1])
		}
	}
}
