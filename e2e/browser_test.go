package e2e

import (
	"context"
	"encoding/json"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// patience bounds one step in the browser. It is long: a step that takes longer is broken, not slow.
const patience = 60 * time.Second

// chromium finds the browser.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("there is no Chromium on the PATH; `make test-tools` installs it (Debian package chromium)")
	return ""
}

// loopbackOnly lets a browser resolve this machine and nothing else.
const loopbackOnly = "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"

// browser is a Chromium with an empty profile.
type browser struct {
	t   *testing.T
	ctx context.Context
}

// newBrowser starts a browser. Later options win over the usual ones.
func newBrowser(t *testing.T, more ...chromedp.ExecAllocatorOption) *browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:len(chromedp.DefaultExecAllocatorOptions):len(chromedp.DefaultExecAllocatorOptions)],
		chromedp.ExecPath(chromium(t)),
		chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-domain-reliability", true),
		chromedp.Flag("no-proxy-server", true),
		chromedp.Flag("no-pings", true),
		chromedp.Flag("host-resolver-rules", loopbackOnly),
		chromedp.Flag("lang", "zh-CN"),
	)
	allocator, stop := chromedp.NewExecAllocator(context.Background(), append(options, more...)...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("Chromium does not start: %v", err)
	}
	return &browser{t: t, ctx: ctx}
}

// tab is a citizen's window, with cookies of its own.
type tab struct {
	t    *testing.T
	ctx  context.Context
	main cdp.FrameID

	mu   sync.Mutex
	seen journey
}

// journey is what happened in a tab from one step of the citizen to the page it led to.
type journey struct {
	hops  []string // addresses that answered with a redirect
	pages []shown  // documents that were shown
	moves []string // navigations that pages asked for: links, forms, scripts, refreshes
}

type shown struct {
	url    string
	status int64
}

// newTab opens a window that shares no cookies with others.
func (b *browser) newTab(t *testing.T) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	return attach(t, ctx)
}

// attach begins to watch a tab.
func attach(t *testing.T, ctx context.Context) *tab {
	t.Helper()
	b := &tab{t: t, ctx: ctx}
	if err := chromedp.Listen(ctx, b.observe); err != nil {
		t.Fatalf("new tab: %v", err)
	}
	b.main = cdp.FrameID(chromedp.FromContext(ctx).Target.TargetID)
	b.language("zh-CN")
	return b
}

// observe writes the journey. It runs between the browser's messages and must be quick.
func (b *tab) observe(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if e.Type == network.ResourceTypeDocument && e.FrameID == b.main && e.RedirectResponse != nil {
			b.seen.hops = append(b.seen.hops, e.RedirectResponse.URL)
		}
	case *network.EventResponseReceived:
		if e.Type == network.ResourceTypeDocument && e.FrameID == b.main {
			b.seen.pages = append(b.seen.pages, shown{e.Response.URL, e.Response.Status})
		}
	case *page.EventFrameRequestedNavigation:
		b.seen.moves = append(b.seen.moves, string(e.Reason)+" "+e.URL)
	}
}

// travel does a step that leads to another page, waits until that is loaded, and tells what was on the way.
func (b *tab) travel(what string, step chromedp.Action[*network.Response]) journey {
	b.t.Helper()
	b.mu.Lock()
	b.seen = journey{}
	b.mu.Unlock()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if _, err := chromedp.Run(ctx, step); err != nil {
		b.t.Fatalf("%s: %v\n%s", what, err, b.told())
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.seen
}

// open types an address.
func (b *tab) open(address string) journey {
	b.t.Helper()
	return b.travel("open "+address, chromedp.NavigateResponse(address))
}

// follow clicks a link to an address on the page that is shown. The click is the first of the moves.
func (b *tab) follow(address string) journey {
	b.t.Helper()
	target, err := json.Marshal(address)
	must(b.t, err)
	return b.leave("follow a link to "+address, chromedp.Evaluate[chromedp.Void](
		`(() => { const a = document.createElement("a"); a.href = `+string(target)+`; document.body.append(a); a.click(); })()`))
}

// click clicks what leads to another page.
func (b *tab) click(selector string) journey {
	b.t.Helper()
	return b.leave("click "+selector, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// press presses a key that leads to another page.
func (b *tab) press(key string) journey {
	b.t.Helper()
	return b.leave("press a key", chromedp.KeyEvent(key))
}

func (b *tab) leave(what string, step chromedp.Action[chromedp.Void]) journey {
	b.t.Helper()
	return b.travel(what, func(ctx context.Context, _ *chromedp.Target) (*network.Response, error) {
		return chromedp.RunResponse(ctx, step)
	})
}

// do does steps that stay on the page.
func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatalf("%v\n%s", err, b.told())
	}
}

// arrives waits until an element is shown, on this page or on one that comes by itself.
func (b *tab) arrives(selector string) {
	b.t.Helper()
	b.until("document.querySelector(" + quoted(selector) + ")?.checkVisibility({ visibilityProperty: true }) ?? false")
}

// until waits until an expression is true. It is asked from outside: pages whose scripts are switched off cannot tell by
// themselves.
func (b *tab) until(expression string) {
	b.t.Helper()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for late := time.After(patience); ; {
		if yes, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](expression)); err == nil && yes { // an error is a page that is just leaving
			return
		}
		select {
		case <-again.C:
		case <-late:
			b.t.Fatalf("never: %s\n%s", expression, b.told())
		}
	}
}

// told is what the tab shows, for a message about a failure.
func (b *tab) told() string {
	ctx, cancel := context.WithTimeout(b.ctx, 5*time.Second)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + "\n" + document.body.innerText`))
	if err != nil {
		return "(the page cannot be read: " + err.Error() + ")"
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return "hops: " + strings.Join(b.seen.hops, "\n      ") + "\nat " + text
}

// ask evaluates an expression on the page.
func ask[T any](b *tab, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("evaluate %s: %v", expression, err)
	}
	return v
}

// has reports whether the page has an element.
func (b *tab) has(selector string) bool {
	b.t.Helper()
	return ask[bool](b, "document.querySelector("+quoted(selector)+") !== null")
}

// text is the text of an element of the page, "" if there is none.
func (b *tab) text(selector string) string {
	b.t.Helper()
	return ask[string](b, "document.querySelector("+quoted(selector)+")?.textContent.trim() ?? ''")
}

// fill types into a field.
func (b *tab) fill(name, value string) {
	b.t.Helper()
	field := chromedp.CSS(`input[name="` + name + `"]`)
	b.do(chromedp.Clear(field), chromedp.SendKeys(field, value))
}

// language sets what the browser says it prefers.
func (b *tab) language(tag string) {
	b.t.Helper()
	call(b, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Accept-Language": tag}})
}

// forget deletes a cookie of a site.
func (b *tab) forget(site, name string) {
	b.t.Helper()
	if _, ok := b.cookies(site)[name]; !ok {
		b.t.Fatalf("%s has no cookie %q to delete", site, name)
	}
	call(b, network.DeleteCookies, network.DeleteCookiesParams{Name: name, URL: site})
}

// cookies are those that would be sent to a site.
func (b *tab) cookies(site string) map[string]*network.Cookie {
	b.t.Helper()
	list := map[string]*network.Cookie{}
	for _, c := range call(b, network.GetCookies, network.GetCookiesParams{URLs: []string{site}}).Cookies {
		list[c.Name] = c
	}
	return list
}

func call[P, R any](b *tab, command cdp.Command[P, R], params P) R {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	r, err := chromedp.Call(ctx, command, params)
	if err != nil {
		b.t.Fatalf("%s: %v", command.Method, err)
	}
	return r
}

// quoted is a text as a literal of a script.
func quoted(text string) string {
	literal, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string always marshals
	}
	return string(literal)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
