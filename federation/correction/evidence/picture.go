package evidence

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
)

// codec reads one kind of picture. It is called by kind, never by what is registered with package image.
type codec struct {
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
}

var codecs = map[string]codec{
	JPEG: {jpeg.DecodeConfig, jpeg.Decode},
	PNG:  {png.DecodeConfig, png.Decode},
}

// header is what a picture says of itself before it is decoded.
type header struct{ cost int64 }

// look reads the dimensions and holds them to the bounds.
func look(kind string, raw []byte) (header, error) {
	config, err := codecs[kind].config(bytes.NewReader(raw))
	if err != nil {
		return header{}, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	pixels := int64(config.Width) * int64(config.Height)
	bytesEach := int64(4)
	switch {
	case kind == JPEG && config.ColorModel == color.CMYKModel:
		bytesEach = 28 // coefficients of four colours, the picture, and the picture turned
	case kind == JPEG:
		bytesEach = 20 // a progressive one is kept as coefficients besides
	case deep(config.ColorModel):
		bytesEach = 8
	}
	switch {
	case config.Width <= 0 || config.Height <= 0, kind == JPEG && scans(raw) > maxScans:
		return header{}, ErrDamaged
	case config.Width > maxSide || config.Height > maxSide || pixels > MaxPixels, (bytesEach == 8 || bytesEach == 28) && pixels > MaxPixels/2:
		return header{}, ErrPixels
	}
	return header{cost: pixels*bytesEach + 2*MaxSize}, nil
}

func deep(m color.Model) bool {
	return m == color.Gray16Model || m == color.RGBA64Model || m == color.NRGBA64Model || m == color.Alpha16Model
}

// qualities are tried in turn until a picture is not larger than a file may be.
var qualities = []int{90, 75, 60}

// redraw decodes a picture and encodes it anew, which leaves nothing of the file but what is seen.
func redraw(kind string, raw []byte) (File, error) {
	if _, err := look(kind, raw); err != nil {
		return File{}, err
	}
	turn := 1
	if kind == JPEG {
		turn = orientation(raw)
	}
	picture, err := codecs[kind].decode(bytes.NewReader(raw))
	if err != nil {
		return File{}, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	picture = turned(picture, turn)
	if kind == PNG {
		var b bytes.Buffer
		if err := png.Encode(&b, picture); err != nil {
			return File{}, fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		if b.Len() > MaxSize {
			return File{}, ErrSize
		}
		return File{PNG, b.Bytes()}, nil
	}
	for _, quality := range qualities {
		var b bytes.Buffer
		if err := jpeg.Encode(&b, picture, &jpeg.Options{Quality: quality}); err != nil {
			return File{}, fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		if b.Len() <= MaxSize {
			return File{JPEG, b.Bytes()}, nil
		}
	}
	return File{}, ErrSize
}
