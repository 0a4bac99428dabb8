// Package otptest reads what otp.QRSVG drew, for tests of pages that show it.
package otptest

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"regexp"
	"strconv"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

var (
	side = regexp.MustCompile(`viewBox="0 0 (\d+) \d+" shape-rendering`)
	run  = regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-\d+z`)
)

// ReadQR returns what the QR code in the text of a page says, as a reader sees it that nobody here wrote.
func ReadQR(page string) (string, error) {
	m := side.FindStringSubmatch(page)
	if m == nil {
		return "", errors.New("otptest: no QR code in the text")
	}
	const scale = 4
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return "", fmt.Errorf("otptest: %w", err)
	}
	img := image.NewGray(image.Rect(0, 0, n*scale, n*scale))
	for i := range img.Pix {
		img.Pix[i] = 255
	}
	for _, r := range run.FindAllStringSubmatch(page, -1) {
		var at [3]int // x, y, length
		for i := range at {
			if at[i], err = strconv.Atoi(r[i+1]); err != nil {
				return "", fmt.Errorf("otptest: %w", err)
			}
		}
		for dy := range scale {
			for dx := range at[2] * scale {
				img.SetGray(at[0]*scale+dx, at[1]*scale+dy, color.Gray{})
			}
		}
	}
	bitmap, err := gozxing.NewBinaryBitmapFromImage(img)
	if err != nil {
		return "", fmt.Errorf("otptest: %w", err)
	}
	got, err := qrcode.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_PURE_BARCODE: true})
	if err != nil {
		return "", fmt.Errorf("otptest: %w", err)
	}
	return got.GetText(), nil
}
