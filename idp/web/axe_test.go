package web_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"manyou/idp/web/gallery"
)

// axe is the script of axe-core, which npm brings.
func axe(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "test", "axe", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatalf("axe-core is not there; `make test-tools` installs it (npm): %v", err)
	}
	return string(b)
}

// judge lists what axe-core finds wrong with a page, and where.
const judge = `axe.run(document, { resultTypes: ["violations"] }).then(r =>
	r.passes.length === 0 ? ["nothing was checked"] : r.violations.flatMap(v => v.nodes.map(n => v.id + ": " + n.html.slice(0, 160) + " — " + (n.any[0]?.message ?? v.help))))`

func TestAxeFindsNoViolationOnAnyPage(t *testing.T) {
	script := axe(t)
	w := open(t, gallery.Handler(newWeb(t, false)))
	for _, look := range []struct{ language, care, scheme string }{
		{"zh", "0", "light"}, {"zh", "0", "dark"}, {"en", "0", "light"}, {"zh", "1", "light"}, {"en", "1", "dark"},
	} {
		w.prefer(look.language, look.care)
		if _, err := chromedp.Call(w.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: look.scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}},
		}); err != nil {
			t.Fatal(err)
		}
		for _, s := range gallery.Samples() {
			if s.Name == "form_post" {
				continue // it leaves at once
			}
			w.do(chromedp.Navigate(w.site + "/" + s.Name))
			// Through the debugger: the pages' own policy lets no script of a stranger in.
			w.do(chromedp.Evaluate[chromedp.Void](script + "\n;undefined"))
			var found []string
			violations, err := chromedp.Run(w.ctx, chromedp.Evaluate[[]string](judge, chromedp.EvalAwaitPromise))
			if err != nil {
				t.Fatalf("%s: %v", s.Name, err)
			}
			for _, v := range violations {
				found = append(found, "  "+v)
			}
			if len(found) > 0 {
				t.Errorf("%s, %s:\n%s", s.Name, fmt.Sprint(look), strings.Join(found, "\n"))
			}
		}
	}
}
