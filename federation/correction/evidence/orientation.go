package evidence

import (
	"bytes"
	"encoding/binary"
	"image"
)

// orientation is how a telephone was held, as it wrote into the picture's Exif (tag 0x0112): 1 to 8, 1 if it did not. What is wrong there
// is passed over: the picture then lies on its side, and is read all the same.
func orientation(raw []byte) int {
	for at := 2; at+4 <= len(raw) && raw[at] == 0xff; {
		marker, length := raw[at+1], int(binary.BigEndian.Uint16(raw[at+2:]))
		if marker == 0xda || length < 2 || at+2+length > len(raw) { // the picture itself begins
			return 1
		}
		if segment := raw[at+4 : at+2+length]; marker == 0xe1 && bytes.HasPrefix(segment, []byte("Exif\x00\x00")) {
			return exifOrientation(segment[6:])
		}
		at += 2 + length
	}
	return 1
}

func exifOrientation(tiff []byte) int {
	if len(tiff) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.BigEndian
	if tiff[0] == 'I' {
		order = binary.LittleEndian
	}
	at := uint64(order.Uint32(tiff[4:]))
	if at+2 > uint64(len(tiff)) {
		return 1
	}
	entries := uint64(order.Uint16(tiff[at:]))
	for n := range entries {
		entry := at + 2 + 12*n
		if entry+12 > uint64(len(tiff)) {
			return 1
		}
		if order.Uint16(tiff[entry:]) == 0x0112 {
			if o := int(order.Uint16(tiff[entry+8:])); o >= 1 && o <= 8 {
				return o
			}
			return 1
		}
	}
	return 1
}

// turned draws a picture upright.
func turned(p image.Image, orientation int) image.Image {
	if orientation <= 1 || orientation > 8 {
		return p
	}
	from := p.Bounds()
	w, h := from.Dx(), from.Dy()
	size := image.Rect(0, 0, w, h)
	if orientation >= 5 {
		size = image.Rect(0, 0, h, w)
	}
	to := image.NewRGBA(size)
	for y := range h {
		for x := range w {
			var u, v int
			switch orientation {
			case 2:
				u, v = w-1-x, y
			case 3:
				u, v = w-1-x, h-1-y
			case 4:
				u, v = x, h-1-y
			case 5:
				u, v = y, x
			case 6:
				u, v = h-1-y, x
			case 7:
				u, v = h-1-y, w-1-x
			default:
				u, v = y, w-1-x
			}
			to.Set(u, v, p.At(from.Min.X+x, from.Min.Y+y))
		}
	}
	return to
}
