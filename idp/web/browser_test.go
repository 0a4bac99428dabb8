package web_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"manyou/idp/web"
	"manyou/idp/web/gallery"
)

// window is a Chromium that looks at the gallery.
type window struct {
	t    *testing.T
	ctx  context.Context
	site string

	mu         sync.Mutex
	violations []string // what the browser complained of
}

// patience bounds one step in the browser. It is long: a step that takes longer is broken, not slow.
const patience = 60 * time.Second

func open(t *testing.T, h http.Handler) *window {
	t.Helper()
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		t.Fatal("there is no Chromium on the PATH; `make test-tools` installs it (Debian package chromium)")
	}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	options := append(chromedp.DefaultExecAllocatorOptions[:len(chromedp.DefaultExecAllocatorOptions):len(chromedp.DefaultExecAllocatorOptions)],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("no-proxy-server", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	w := &window{t: t, ctx: ctx, site: server.URL}
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("Chromium does not start: %v", err)
	}
	if err := chromedp.Listen(ctx, func(event any) {
		if e, ok := event.(*log.EventEntryAdded); ok && e.Entry.Level == log.EntryLevelError && e.Entry.Source != log.EntrySourceNetwork {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.violations = append(w.violations, e.Entry.Text)
		}
	}); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *window) do(steps ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		w.t.Fatal(err)
	}
}

func (w *window) prefer(language, care string) {
	w.t.Helper()
	for name, value := range map[string]string{"manyou_language_33": language, "manyou_care_33": care} {
		if _, err := chromedp.Call(w.ctx, network.SetCookie, network.SetCookieParams{Name: name, Value: value, URL: w.site}); err != nil {
			w.t.Fatal(err)
		}
	}
}

func ask[T any](w *window, expression string) T {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

// flaws finds what keeps people from reading or touching a page on the narrowest phone. In care mode text has 18 pixels
// at least, headings 30, lines 1.3 times their text, targets 60 pixels; otherwise targets have 44.
const flaws = `((care, larger) => {
	const found = new Set(), root = document.documentElement;
	if (root.scrollWidth > root.clientWidth) found.add("is wider than the screen: " + root.scrollWidth);
	for (const e of document.querySelectorAll("body *")) {
		if (e.closest(".place, .sr, .skip, svg, script") || !e.checkVisibility({visibilityProperty: true})) continue;
		const box = e.getBoundingClientRect(), s = getComputedStyle(e), size = parseFloat(s.fontSize);
		if (box.right > root.clientWidth + .5) found.add("sticks out: " + e.outerHTML.slice(0, 60));
		if (e.matches("button, .button, input:not([type=hidden]), select, summary, nav a, .brand")) {
			const least = care ? 60 : 44;
			if (box.height < least - .5 || box.width < least - .5) found.add("target of " + box.width + "×" + box.height + ": " + e.outerHTML.slice(0, 60));
		}
		const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
		if (own && size < (larger ? 30 : care ? 18 : 15)) found.add("text of " + size + "px: " + e.textContent.slice(0, 20));
		if (own && care && parseFloat(s.lineHeight) / size < 1.295) found.add("lines too close: " + e.textContent.slice(0, 20));
		if (care && e.matches("h1") && size < 30) found.add("heading of " + size + "px");
	}
	return [...found];
})(%t, %t)`

func TestPagesFitTheNarrowestPhoneInEveryMode(t *testing.T) {
	w := open(t, gallery.Handler(newWeb(t, false)))
	if _, err := chromedp.Call(w.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: "reduce"}},
	}); err != nil {
		t.Fatal(err)
	}
	w.do(chromedp.EmulateViewport(320, 640, chromedp.EmulateMobile))
	for _, language := range []string{"zh", "en"} {
		for _, care := range []string{"0", "1", "2"} {
			w.prefer(language, care)
			for _, s := range gallery.Samples() {
				if s.Name == "form_post" {
					continue // it leaves at once
				}
				w.do(chromedp.Navigate(w.site + "/" + s.Name))
				for _, flaw := range ask[[]string](w, fmt.Sprintf(flaws, care != "0", care == "2")) {
					t.Errorf("%s, %s, care %s: %s", s.Name, language, care, flaw)
				}
			}
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, v := range w.violations {
		t.Errorf("the browser complains: %s", v)
	}
}

func TestPagesFitAWideScreenInEveryMode(t *testing.T) {
	w := open(t, gallery.Handler(newWeb(t, false)))
	for _, width := range []int64{970, 1280} {
		w.do(chromedp.EmulateViewport(width, 900))
		for _, care := range []string{"0", "1", "2"} {
			w.prefer("en", care) // whose words are longer
			for _, s := range gallery.Samples() {
				if s.Name == "form_post" {
					continue // it leaves at once
				}
				w.do(chromedp.Navigate(w.site + "/" + s.Name))
				for _, flaw := range ask[[]string](w, fmt.Sprintf(flaws, care != "0", care == "2")) {
					t.Errorf("%s, %d px, care %s: %s", s.Name, width, care, flaw)
				}
			}
		}
	}
}

func TestTheListOfProvincesNarrowsWhileTyping(t *testing.T) {
	w := open(t, gallery.Handler(newWeb(t, false)))
	const shown = `[...document.querySelectorAll(".provinces button")].filter(b => b.checkVisibility()).map(b => b.value).join(" ")`
	for typed, want := range map[string]string{"zhe": "33", "sc": "51", "hlj": "23", "neimeng": "15", "四川": "51", "Inner": "15", "82": "82", "atlantis": ""} {
		w.do(chromedp.Navigate(w.site+"/provinces"), chromedp.SendKeys(chromedp.CSS("#search"), typed))
		if got := ask[string](w, shown); got != want {
			t.Errorf("%q finds %q, want %q", typed, got, want)
		}
		if said := ask[string](w, `document.querySelector(".none").textContent`); (said != "") != (want == "") {
			t.Errorf("%q: the page says %q", typed, said)
		}
	}
}

// TestAnotherCodeCanBeAskedForOnceTheWaitIsOver ends the wait by ending the animations that are it.
func TestAnotherCodeCanBeAskedForOnceTheWaitIsOver(t *testing.T) {
	w := open(t, gallery.Handler(newWeb(t, false)))
	w.do(chromedp.Navigate(w.site + "/code"))
	const shown = `["button.after", ".wait"].map(q => document.querySelector(q).checkVisibility({visibilityProperty: true})).join(" ")`
	if got := ask[string](w, shown); got != "false true" {
		t.Errorf("at first: button and wait are shown: %s", got)
	}
	if got := ask[string](w, `document.getAnimations().forEach(a => a.finish()), `+shown); got != "true false" {
		t.Errorf("afterwards: button and wait are shown: %s", got)
	}
}

// TestFormsSayWhereTheyComeFrom holds the referrer policy to what protects the forms: a page's own form is known as such
// by its Origin, and so is an answer to an application, which the script sends on.
func TestFormsSayWhereTheyComeFrom(t *testing.T) {
	pages := newWeb(t, false)
	arrived := make(chan http.Header, 2)
	receive := func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			arrived <- r.Header
		}
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<!doctype html><title>there</title>")
	}
	application := httptest.NewServer(http.HandlerFunc(receive))
	defer application.Close()
	mux := http.NewServeMux()
	pages.Routes(mux)
	mux.HandleFunc("POST /signin/x", receive)
	mux.HandleFunc("GET /signin/x", func(w http.ResponseWriter, r *http.Request) {
		pages.Render(w, r, http.StatusOK, &web.PhonePage{Action: "/signin/x", Phone: "13800000000"})
	})
	mux.HandleFunc("GET /answer", func(w http.ResponseWriter, r *http.Request) {
		// A parameter named "submit" must not get in the way.
		pages.Render(w, r, http.StatusOK, &web.FormPostPage{Target: application.URL + "/cb", Fields: []web.Field{{Name: "submit", Value: "x"}}})
	})
	w := open(t, mux)
	w.do(chromedp.Navigate(w.site+"/signin/x"), chromedp.Click(chromedp.CSS("button.primary")))
	own := wait(t, arrived)
	if own.Get("Origin") != w.site || !strings.HasPrefix(own.Get("Referer"), w.site) || own.Get("Sec-Fetch-Site") != "same-origin" {
		t.Errorf("a form of our own: Origin %q, Referer %q", own.Get("Origin"), own.Get("Referer"))
	}
	// Not waited for: that page leaves at once, and its loading may be broken off.
	w.do(chromedp.Evaluate[chromedp.Void](`setTimeout(() => { location.href = "` + w.site + `/answer"; }); undefined`))
	answer := wait(t, arrived)
	if answer.Get("Origin") != w.site || answer.Get("Referer") != w.site+"/" {
		t.Errorf("an answer to an application: Origin %q, Referer %q", answer.Get("Origin"), answer.Get("Referer"))
	}
}

func wait(t *testing.T, arrived <-chan http.Header) http.Header {
	t.Helper()
	select {
	case h := <-arrived:
		return h
	case <-time.After(patience):
		t.Fatal("the form did not arrive")
		return nil
	}
}
