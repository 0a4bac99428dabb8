package e2e

import (
	"image"
	"image/color"
	"regexp"
	"strconv"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

var (
	pictureSide = regexp.MustCompile(`viewBox="0 0 (\d+) \d+" shape-rendering`)
	pictureRun  = regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-\d+z`)
)

// readPicture reads the QR code in the text of a page, with a reader that nobody here wrote.
func readPicture(t *testing.T, text string) string {
	t.Helper()
	m := pictureSide.FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no picture on the page: %s", text)
	}
	const scale = 4
	side, err := strconv.Atoi(m[1])
	must(t, err)
	img := image.NewGray(image.Rect(0, 0, side*scale, side*scale))
	for n := range img.Pix {
		img.Pix[n] = 255
	}
	for _, run := range pictureRun.FindAllStringSubmatch(text, -1) {
		x, _ := strconv.Atoi(run[1])
		y, _ := strconv.Atoi(run[2])
		n, _ := strconv.Atoi(run[3])
		for dy := range scale {
			for dx := range n * scale {
				img.SetGray(x*scale+dx, y*scale+dy, color.Gray{})
			}
		}
	}
	bitmap, err := gozxing.NewBinaryBitmapFromImage(img)
	must(t, err)
	got, err := qrcode.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_PURE_BARCODE: true})
	must(t, err)
	return got.GetText()
}
