package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"manyou/cmd/manyou/demo"
	"manyou/idp/web"
	"manyou/idp/web/gallery"
	"manyou/storage"
)

// screenshots is the environment variable that names the folder for pictures of what the test looks at. Without it the
// test looks all the same.
const screenshots = "MANYOU_SCREENSHOTS"

// camera looks at a page in all its looks.
type camera struct {
	t      *testing.T
	folder string // "" if no pictures are kept
	taken  int
}

func newCamera(t *testing.T) *camera {
	t.Helper()
	c := &camera{t: t, folder: os.Getenv(screenshots)}
	if c.folder != "" {
		must(t, os.MkdirAll(c.folder, 0o755))
	}
	return c
}

// look is one way in which a citizen may see a page.
type look struct {
	language string
	care     bool
	width    int64
	scheme   string
}

func (l look) String() string {
	s := fmt.Sprintf("%d-%s-%s", l.width, l.language, l.scheme)
	if l.care {
		s += "-care"
	}
	return s
}

// wardrobe says which cookies dress a page of a site. A page without a care mode has no cookie for it.
type wardrobe struct{ site, language, care string }

func (w *world) issuerPage(region string) wardrobe {
	return wardrobe{w.issuer(region), w.prefixed("manyou_language_" + region), w.prefixed("manyou_care_" + region)}
}

func (w *world) applicationPage(region string) wardrobe {
	return wardrobe{site: w.application(region), language: w.prefixed("application" + region + "_language")}
}

// take looks at the page that the tab shows, in both languages, with and without care mode, on a phone and on a desk, in
// daylight and at night. The page must be one that can be loaded again.
func (c *camera) take(b *tab, name string, from wardrobe) {
	b.t.Helper()
	hidden := true
	dress := func(cookie, value string) {
		call(b, network.SetCookie, network.SetCookieParams{Name: cookie, Value: value, URL: from.site, HTTPOnly: &hidden})
	}
	for _, language := range []string{"zh", "en"} {
		for _, care := range []bool{false, true} {
			if care && from.care == "" {
				continue
			}
			if from.language != "" {
				dress(from.language, language)
			} else if language == "en" {
				continue
			}
			if from.care != "" {
				dress(from.care, map[bool]string{true: "1", false: "0"}[care])
			}
			b.leave("load the page again", chromedp.Reload())
			b.until(settled)
			b.fitsEverybody()
			for _, width := range []int64{390, 1280} {
				for _, scheme := range []string{"light", "dark"} {
					c.shoot(b, name, look{language, care, width, scheme})
				}
			}
		}
	}
	if from.care != "" {
		dress(from.care, "0")
	}
	if from.language != "" {
		dress(from.language, "zh")
	}
	b.leave("load the page again", chromedp.Reload())
}

// settled is true when nothing is about to move into sight; a countdown may go on.
const settled = `document.getAnimations().every(a => a.playState === "finished" || a.effect.getComputedTiming().endTime > 2000)`

func (c *camera) shoot(b *tab, name string, l look) {
	b.t.Helper()
	b.do(chromedp.EmulateViewport(l.width, map[int64]int64{390: 844, 1280: 900}[l.width]))
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: l.scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}},
	})
	c.taken++
	for _, flaw := range ask[[]string](b, fmt.Sprintf(flaws, l.care)) {
		b.t.Errorf("%s-%s: %s", name, l, flaw)
	}
	if c.folder == "" {
		return
	}
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	must(b.t, err)
	must(b.t, os.WriteFile(filepath.Join(c.folder, name+"-"+l.String()+".png"), picture, 0o644))
}

// flaws finds what keeps people from reading or touching a page: it is wider than the screen; text has too little
// contrast (4.5:1, large text 3:1: WCAG 2.2 §1.4.3); what is to be touched is small (44 pixels, in care mode 60), or text
// in care mode is (18 pixels).
const flaws = `((care) => {
	const found = new Set();
	const root = document.documentElement;
	if (root.scrollWidth > root.clientWidth) {
		const widest = [...document.body.querySelectorAll("*")].find(e => e.getBoundingClientRect().right > root.clientWidth + 1);
		found.add("is wider than the screen: " + root.scrollWidth + " of " + root.clientWidth + " " + (widest?.outerHTML.slice(0, 80) ?? ""));
	}
	const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
	const rgba = color => {
		canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
		const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
		return [r, g, b, a / 255];
	};
	const over = (top, below) => top.slice(0, 3).map((v, i) => v * top[3] + below[i] * (1 - top[3])).concat(1);
	const dark = matchMedia("(prefers-color-scheme: dark)").matches;
	const behind = e => {
		const layers = [];
		let pictured = false;
		for (; e; e = e.parentElement) {
			const s = getComputedStyle(e);
			if (s.backgroundImage !== "none") pictured = true;
			layers.push(rgba(s.backgroundColor));
			if (layers.at(-1)[3] === 1) break;
		}
		return pictured ? null : layers.reverse().reduce((below, top) => over(top, below), dark ? [18, 18, 18, 1] : [255, 255, 255, 1]);
	};
	const luminance = c => {
		const [r, g, b] = c.slice(0, 3).map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const seen = e => e.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && !e.closest("[aria-hidden=true], .skip, details:not([open]) > :not(summary)");
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	for (let n; n = walker.nextNode();) {
		const e = n.parentElement, text = n.textContent.trim();
		if (!text || !seen(e) || ["SCRIPT", "STYLE", "NOSCRIPT"].includes(e.tagName) || e.disabled || e.closest(":disabled")) continue;
		const box = e.getBoundingClientRect();
		if (box.width < 2 || box.height < 2) continue;
		const s = getComputedStyle(e), size = parseFloat(s.fontSize), below = behind(e);
		if (care && size < 18) found.add("text of " + size + "px in care mode: " + text.slice(0, 20));
		if (!below || e.closest("svg")) continue;
		const a = luminance(over(rgba(s.color), below)), b = luminance(below);
		const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		const enough = size >= 24 || size >= 18.66 && s.fontWeight >= 700 ? 3 : 4.5;
		if (contrast < enough) found.add("contrast " + contrast.toFixed(2) + " < " + enough + ": " + text.slice(0, 20));
	}
	const least = care ? 60 : 44;
	for (const e of document.querySelectorAll("button, input:not([type=hidden]), select, textarea, summary, a.button, header a, nav a")) {
		if (!seen(e)) continue;
		const touched = e.matches("input[type=radio], input[type=checkbox]") ? e.labels[0] ?? e : e;
		const box = touched.getBoundingClientRect();
		if (Math.min(box.width, box.height) < least - 0.5)
			found.add("target of " + Math.round(box.width) + "×" + Math.round(box.height) + ": " + e.outerHTML.slice(0, 80));
	}
	return [...found];
})(%t)`

// twins share a phone, so that a page has to ask which of them it is.
var twins = []demo.Citizen{
	{Name: "沈一", DocumentKind: "resident_id", DocumentNumber: withCheckDigit("33000019880808101"), Phone: "+8613800000339", HomeRegion: zhejiang},
	{Name: "沈二", DocumentKind: "resident_id", DocumentNumber: withCheckDigit("33000019880808103"), Phone: "+8613800000339", HomeRegion: zhejiang},
}

// TestScreens walks past every page there is and looks at each in all its looks.
func TestScreens(t *testing.T) {
	w, browser := newWorld(t), newBrowser(t)
	w.newProvince(t, heMin.Name)
	for _, twin := range twins {
		must(t, w.Issuer(zhejiang).Store.PutRegister(t.Context(), []storage.RegisterEntry{{
			Document: storage.Document{Kind: twin.DocumentKind, Number: twin.DocumentNumber}, Name: twin.Name, Phone: twin.Phone,
			Region: zhejiang, Status: storage.RegisterValid,
		}}, storage.ImportProgress{Source: "test", Done: true}))
	}
	c := newCamera(t)
	w.signInScreens(t, c, browser.newTab(t))
	w.accountScreens(t, c, browser.newTab(t))
	w.otherScreens(t, c, browser.newTab(t))
	t.Logf("looked %d times", c.taken)
	if c.folder != "" {
		pictures, err := filepath.Glob(filepath.Join(c.folder, "*.png"))
		must(t, err)
		if len(pictures) < c.taken {
			t.Errorf("%d pictures of %d looks", len(pictures), c.taken)
		}
	}
}

func (w *world) signInScreens(t *testing.T, c *camera, b *tab) {
	home := w.citizen("李娜")
	b.open(w.application(zhejiang))
	c.take(b, "phone", w.issuerPage(zhejiang))
	before := len(w.texts(home.Phone))
	b.fill("phone", strings.TrimPrefix(home.Phone, "+86"))
	b.act("phone")
	c.take(b, "code", w.issuerPage(zhejiang))
	b.fill("code", w.code(home.Phone, before))
	b.act("code")
	c.take(b, "identify", w.issuerPage(zhejiang))
	b.identify(home)
	c.take(b, "application-zhejiang", w.applicationPage(zhejiang))
	b.open(w.application(sichuan))
	c.take(b, "application-sichuan", w.applicationPage(sichuan))
	w.leaveSichuan(b)
	b.forget(w.issuer(nation), w.cookie("session", nation))
	b.forget(w.issuer(zhejiang), w.cookie("session", zhejiang))
	b.open(w.application(sichuan))
	c.take(b, "phone-sichuan", w.issuerPage(sichuan))
	b.act("province")
	c.take(b, "province", w.issuerPage(nation))
}

func (w *world) accountScreens(t *testing.T, c *camera, b *tab) {
	w.atHome(t, b)
	b.open(w.issuer(zhejiang) + "/account/add/totp")
	c.take(b, "totp-enrol", w.issuerPage(zhejiang))
	w.enrol(t, b)
	c.take(b, "account", w.issuerPage(zhejiang))
	b.open(w.newClient(t, zhejiang).start("acr_values", "urn:manyou:acr:2"))
	c.take(b, "totp", w.issuerPage(zhejiang))
	document := w.newClient(t, zhejiang)
	document.oauth2.Scopes = append(slices.Clone(document.oauth2.Scopes), "document")
	b.open(document.start())
	c.take(b, "consent", w.issuerPage(zhejiang))
	b.open(w.issuer(zhejiang) + "/end_session")
	c.take(b, "sign-out", w.issuerPage(zhejiang))
	b.click(`button[name="action"][value="sign_out"]`)
	b.open(w.issuer(zhejiang) + "/end_session")
	c.take(b, "signed-out", w.issuerPage(zhejiang))
}

func (w *world) otherScreens(t *testing.T, c *camera, b *tab) {
	for _, region := range []string{nation, zhejiang, sichuan} {
		b.open(w.issuer(region) + "/")
		c.take(b, "home-"+region, w.issuerPage(region))
	}
	b.open(w.issuer(zhejiang) + "/nowhere")
	c.take(b, "problem-not-found", w.issuerPage(zhejiang))
	b.open(w.issuer(zhejiang) + "/signin/nonsense")
	c.take(b, "problem-expired", w.issuerPage(zhejiang))
	b.open(w.issuer(zhejiang) + "/authorize?client_id=nobody")
	c.take(b, "problem-application", w.issuerPage(zhejiang))
	b.open(w.application(zhejiang) + "callback?state=nonsense")
	c.take(b, "application-problem", w.applicationPage(zhejiang))
	b.open(w.application(zhejiang) + "welcome")
	c.take(b, "application-welcome", w.applicationPage(zhejiang))
	b.open(w.PhoneURL)
	c.take(b, "demo-phone", wardrobe{site: w.PhoneURL})
	w.twinScreens(t, c, b)
}

// twinScreens shows the page that asks which of those who share a phone it is.
func (w *world) twinScreens(t *testing.T, c *camera, b *tab) {
	for n, twin := range twins {
		b.open(w.application(zhejiang))
		before := len(w.texts(twin.Phone))
		b.fill("phone", strings.TrimPrefix(twin.Phone, "+86"))
		b.act("phone_shared")
		b.fill("code", w.code(twin.Phone, before))
		b.act("code")
		if n > 0 {
			b.expect("that asks which of those who share the phone", `button[name="action"][value="choose"]`)
			c.take(b, "choose", w.issuerPage(zhejiang))
			b.act("identify")
		}
		b.identify(twin)
		w.isSignedIn(b, zhejiang, twin.Name)
		b.forget(w.application(zhejiang), w.applicationCookie(zhejiang))
		b.forget(w.issuer(zhejiang), w.cookie("session", zhejiang))
	}
}

// TestScreensOfTheGallery looks at the states of pages that the stories do not come past: what was typed wrong, every
// problem, all provinces.
func TestScreensOfTheGallery(t *testing.T) {
	pages, err := web.New(web.Options{
		Issuer: "http://localhost", Name: map[string]string{"zh": "浙江统一身份认证", "en": "Zhejiang Identity"}, Region: zhejiang,
	})
	must(t, err)
	mux := http.NewServeMux()
	pages.Routes(mux)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	b := newBrowser(t).newTab(t)
	c := newCamera(t)
	for _, sample := range gallery.Samples() {
		if sample.Status == http.StatusOK && !slices.Contains([]string{"provinces", "account_new", "form_post"}, sample.Name) {
			continue
		}
		path := "/gallery/" + sample.Name
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			pages.Render(w, r, http.StatusOK, sample.Page)
		})
		// One of the pages leaves at once, by a script.
		call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: sample.Name == "form_post"})
		b.open(server.URL + path)
		c.take(b, "gallery-"+strings.ReplaceAll(sample.Name, "_", "-"), wardrobe{server.URL, "manyou_language", "manyou_care"})
	}
}
