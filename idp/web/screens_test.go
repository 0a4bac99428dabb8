package web_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"manyou/idp/web/gallery"
)

// screenshots is the environment variable that names the folder for pictures of every page. Without it the test looks at
// each page once and keeps nothing.
const screenshots = "MANYOU_SCREENSHOTS"

func TestScreenOfEveryPageAndState(t *testing.T) {
	folder := os.Getenv(screenshots)
	w := open(t, gallery.Handler(newWeb(t, false)))
	type look struct {
		language, care, scheme string
		width                  int64
	}
	var looks []look
	if folder == "" {
		looks = []look{{"zh", "0", "light", 390}}
	} else {
		folder = filepath.Join(folder, "gallery")
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		for _, language := range []string{"zh", "en"} {
			for _, care := range []string{"0", "1", "2"} {
				for _, scheme := range []string{"light", "dark"} {
					looks = append(looks, look{language, care, scheme, 390}, look{language, care, scheme, 1280})
				}
			}
		}
	}
	for _, l := range looks {
		w.prefer(l.language, l.care)
		if _, err := chromedp.Call(w.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: l.scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}},
		}); err != nil {
			t.Fatal(err)
		}
		w.do(chromedp.EmulateViewport(l.width, map[int64]int64{390: 844, 1280: 900}[l.width]))
		for _, s := range gallery.Samples() {
			if s.Name == "form_post" {
				continue // it leaves at once
			}
			w.do(chromedp.Navigate(w.site + "/" + s.Name))
			picture, err := chromedp.Run(w.ctx, chromedp.FullScreenshot(100))
			if err != nil || len(picture) == 0 {
				t.Fatalf("%s: %v", s.Name, err)
			}
			if folder == "" {
				continue
			}
			name := fmt.Sprintf("%s-%d-%s-%s-care%s.png", s.Name, l.width, l.language, l.scheme, l.care)
			if err := os.WriteFile(filepath.Join(folder, name), picture, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}
