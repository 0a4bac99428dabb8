package otp

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"image"
	"image/color"
	"regexp"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

type svg struct {
	XMLName   xml.Name `xml:"http://www.w3.org/2000/svg svg"`
	ViewBox   string   `xml:"viewBox,attr"`
	Rendering string   `xml:"shape-rendering,attr"`
	Rect      struct {
		Width  int    `xml:"width,attr"`
		Height int    `xml:"height,attr"`
		Fill   string `xml:"fill,attr"`
	} `xml:"rect"`
	Path struct {
		Fill string `xml:"fill,attr"`
		D    string `xml:"d,attr"`
	} `xml:"path"`
}

var run = regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-(\d+)z`)

// modules reads the SVG back into its modules, quiet zone included; true is black.
func modules(t testing.TB, b []byte) [][]bool {
	t.Helper()
	var s svg
	if err := xml.Unmarshal(b, &s); err != nil {
		t.Fatalf("not well-formed: %v", err)
	}
	side := s.Rect.Width
	if s.ViewBox != fmt.Sprintf("0 0 %d %d", side, side) || s.Rect.Height != side {
		t.Fatalf("view box %q, background %d×%d", s.ViewBox, side, s.Rect.Height)
	}
	m := make([][]bool, side)
	for y := range m {
		m[y] = make([]bool, side)
	}
	if rest := run.ReplaceAllString(s.Path.D, ""); rest != "" {
		t.Fatalf("the path holds more than runs: %.80q", rest)
	}
	for _, match := range run.FindAllStringSubmatch(s.Path.D, -1) {
		x, y, n := number(t, match[1]), number(t, match[2]), number(t, match[3])
		if match[3] != match[4] || n == 0 || (x > 0 && m[y][x-1]) {
			t.Fatalf("run %q is open, empty or not merged with its neighbour", match[0])
		}
		for i := range n {
			m[y][x+i] = true
		}
	}
	return m
}

// read decodes modules; they are straight and whole, so the reader need not search a picture for them.
func read(t testing.TB, m [][]bool) string {
	t.Helper()
	const scale = 4
	img := image.NewGray(image.Rect(0, 0, len(m)*scale, len(m)*scale))
	for y := range len(m) * scale {
		for x := range len(m) * scale {
			if !m[y/scale][x/scale] {
				img.SetGray(x, y, color.Gray{Y: 255})
			}
		}
	}
	bitmap, err := gozxing.NewBinaryBitmapFromImage(img)
	if err != nil {
		t.Fatal(err)
	}
	result, err := qrcode.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{
		gozxing.DecodeHintType_PURE_BARCODE: true,
	})
	if err != nil {
		t.Fatalf("no reader reads it: %v", err)
	}
	return result.GetText()
}

func TestAReaderReadsExactlyTheURI(t *testing.T) {
	uris := []string{"A", "12345", "https://id.example/a?b=c&d=%E6%B5%99#e"}
	for _, issuer := range []string{"Zhejiang", "浙江统一身份认证", strings.Repeat("省", 20)} {
		for i := range 20 {
			secret, err := NewSecret(seeded(fmt.Sprint(issuer, i)))
			if err != nil {
				t.Fatal(err)
			}
			uri, err := URI(issuer, fmt.Sprintf("张三 %d", i), secret)
			if err != nil {
				t.Fatal(err)
			}
			uris = append(uris, uri)
		}
	}
	for _, uri := range uris {
		b, err := QRSVG(uri)
		if err != nil {
			t.Fatal(err)
		}
		if got := read(t, modules(t, b)); got != uri {
			t.Errorf("drew %q, read %q", uri, got)
		}
	}
}

func TestTheDrawingHasItsQuietZoneAndColoursInEveryTheme(t *testing.T) {
	b, err := QRSVG("otpauth://totp/a:b?secret=GEZDGNBVGY3TQOJQ")
	if err != nil {
		t.Fatal(err)
	}
	m := modules(t, b)
	for i := range m {
		for d := range quietZone {
			far := len(m) - 1 - d
			if m[i][d] || m[i][far] || m[d][i] || m[far][i] {
				t.Fatalf("black in the quiet zone near %d, %d", i, d)
			}
		}
	}
	if !m[quietZone][quietZone] {
		t.Error("the finder pattern does not begin after the quiet zone")
	}
	var s svg
	if err := xml.Unmarshal(b, &s); err != nil {
		t.Fatal(err)
	}
	if s.Rect.Fill != "#fff" || s.Path.Fill != "#000" || s.Rendering != "crispEdges" {
		t.Errorf("background %q, modules %q, rendering %q", s.Rect.Fill, s.Path.Fill, s.Rendering)
	}
	for _, forbidden := range []string{"style", "script", "currentColor", "href", "otpauth"} {
		if bytes.Contains(b, []byte(forbidden)) {
			t.Errorf("the drawing holds %q", forbidden)
		}
	}
}

func TestWhatIsNotAURIIsNotDrawnAndNotRepeated(t *testing.T) {
	for _, uri := range []string{"", "secret text", "secret\n", "密", "secret\x00", "secret" + strings.Repeat("a", maxQRText)} {
		b, err := QRSVG(uri)
		if err == nil || b != nil {
			t.Errorf("%.20q was drawn", uri)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("the error repeats the text: %v", err)
		}
	}
}

func FuzzQRSVG(f *testing.F) {
	for _, s := range []string{"A", "1", "otpauth://totp/a:b?secret=GEZDGNBVGY3TQOJQ", `"/><script>`, "&<>'", "密"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		b, err := QRSVG(uri)
		if err != nil {
			return
		}
		if got := read(t, modules(t, b)); got != uri {
			t.Fatalf("drew %q, read %q", uri, got)
		}
	})
}
