package web

import (
	"math"
	"net/url"
	"strings"
	"testing"

	"manyou/federation/identity"
)

// luminance is the relative luminance of WCAG 2.2.
func luminance(c colour) float64 {
	linear := func(v float64) float64 {
		if v <= .04045 {
			return v / 12.92
		}
		return math.Pow((v+.055)/1.055, 2.4)
	}
	return .2126*linear(c.r) + .7152*linear(c.g) + .0722*linear(c.b)
}

func contrast(a, b colour) float64 {
	x, y := luminance(a), luminance(b)
	return (math.Max(x, y) + .05) / (math.Min(x, y) + .05)
}

func TestEveryRegionsColoursCanBeRead(t *testing.T) {
	grey := func(hex int) colour {
		return colour{float64(hex>>16) / 255, float64(hex>>8&255) / 255, float64(hex&255) / 255}
	}
	codes := []string{identity.Nation, "", "nonsense"}
	for _, r := range identity.Regions() {
		codes = append(codes, r.Code)
	}
	for _, code := range codes {
		p := paletteOf(code)
		for theme, s := range map[string]struct {
			shade
			ink, soft, danger, warn colour
		}{
			"light": {p.light, grey(0x1b1f24), grey(0x565d66), grey(0xa3231d), grey(0xfbeeec)},
			"dark":  {p.dark, grey(0xeceef0), grey(0xa9b0b8), grey(0xff9d92), grey(0x3a1e1c)},
		} {
			for what, pair := range map[string][2]colour{
				"accent on paper": {s.accent, s.paper}, "accent on tint": {s.accent, s.tint}, "accent on field": {s.accent, s.field},
				"button": {s.on, s.accent}, "button under the pointer": {s.on, s.strong},
				"text": {s.ink, s.paper}, "typed text": {s.ink, s.field}, "soft text": {s.soft, s.paper}, "text over the figure": {s.soft, s.figure},
				"error": {s.danger, s.paper}, "error on its ground": {s.danger, s.warn},
			} {
				if c := contrast(pair[0], pair[1]); c < 4.5 {
					t.Errorf("region %q, %s: %s has contrast %.2f", code, theme, what, c)
				}
			}
		}
	}
}

func TestNoRegionIsRed(t *testing.T) {
	for _, r := range identity.Regions() {
		if h := hueOf(r.Code); h < 50 || h > 340 {
			t.Errorf("%s has hue %.0f", r.Code, h)
		}
	}
}

func FuzzIsLocal(f *testing.F) {
	for _, s := range []string{"/", "/a?b=c#d", "//evil.example", "/\\evil.example", "/\t/evil.example", "https://evil.example", "/@:", "/%2f/x"} {
		f.Add(s)
	}
	base := &url.URL{Scheme: "https", Host: "id.example", Path: "/signin/x"}
	f.Fuzz(func(t *testing.T, back string) {
		if !isLocal(back) {
			return
		}
		// A browser drops tabs and line breaks and reads "\" as "/" before it resolves (WHATWG URL §4.4).
		read := strings.NewReplacer("\t", "", "\n", "", "\r", "", "\\", "/").Replace(strings.TrimSpace(back))
		u, err := base.Parse(read)
		if err != nil || u.Scheme != base.Scheme || u.Host != base.Host || u.User != nil || strings.HasPrefix(read, "//") {
			t.Errorf("%q leads to %v, %v", back, u, err)
		}
	})
}

func FuzzFormSource(f *testing.F) {
	for _, s := range []string{
		"https://app.example/cb", "http://[::1]:8080/cb", "com.example.app:/cb", "https://a;script-src *", "https://a b", "javascript:x",
		"https://a'self'", "x y:z", "https://a,b", "//a", "https://app.example:99999999", "*:", "https://*.example",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		source, ok := formSource(uri)
		if !ok {
			return
		}
		if strings.ContainsAny(source, " ;,'\"*\\\t\r\n") || source == "javascript:" || source == "data:" || !strings.Contains(source, ":") {
			t.Errorf("%q gives the source %q", uri, source)
		}
	})
}
