package otp

import (
	"bytes"
	"errors"
	"fmt"

	"rsc.io/qr/coding"
)

const (
	// quietZone is the white margin around the modules (ISO/IEC 18004 §6.3.8), in modules.
	quietZone = 4
	// maxQRText bounds what is drawn, in bytes. A phone reads the symbol for it off an ordinary screen.
	maxQRText = 1000
)

// QRSVG draws a URI as a QR code: a standalone SVG that scales to any size, black on white in every theme, with its
// quiet zone. It has no text, style or script, so it fits a strict content security policy and needs a label from the
// page that shows it. The URI has 1 to 1000 bytes of printable ASCII; errors do not repeat it.
func QRSVG(uri string) ([]byte, error) {
	if uri == "" || len(uri) > maxQRText {
		return nil, fmt.Errorf("otp: a QR code takes 1 to %d bytes, not %d", maxQRText, len(uri))
	}
	for _, c := range []byte(uri) {
		if c <= ' ' || c > '~' {
			return nil, errors.New("otp: a QR code takes a URI of printable ASCII")
		}
	}
	code, err := encodeQR(uri)
	if err != nil {
		return nil, fmt.Errorf("otp: QR code: %w", err)
	}
	side := code.Size + 2*quietZone
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges" `+
		`aria-hidden="true" focusable="false"><rect width="%d" height="%d" fill="#fff"/><path fill="#000" d="`,
		side, side, side, side)
	for y := range code.Size {
		drawRow(&b, code, y)
	}
	b.WriteString(`"/></svg>`)
	return b.Bytes(), nil
}

// drawRow writes one closed rectangle for each run of black modules in a row.
func drawRow(b *bytes.Buffer, code *coding.Code, y int) {
	for x := 0; x < code.Size; x++ {
		start := x
		for code.Black(x, y) { // white beyond the edge
			x++
		}
		if n := x - start; n > 0 {
			fmt.Fprintf(b, "M%d %dh%dv1h-%dz", start+quietZone, y+quietZone, n, n)
		}
	}
}
