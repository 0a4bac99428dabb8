package evidence

import (
	"bytes"
	"errors"
)

// Bounds.
const (
	// MaxSize is how large a file may be, in bytes: a photograph of a document, or some scanned pages.
	MaxSize = 5 << 20
	// MaxPixels is how large a picture may be: what telephones take, and no more than can be decoded on the side.
	MaxPixels = 24 << 20
	// maxSide bounds one side of a picture.
	maxSide = 16 << 10
	// maxInflated bounds what all streams of a paper unpack to, in bytes: some coloured pages of 300 dots per inch.
	maxInflated = 128 << 20
)

// The kinds of file.
const (
	JPEG = "image/jpeg"
	PNG  = "image/png"
	PDF  = "application/pdf"
)

// Why a file is refused.
var (
	// ErrKind: neither a picture (JPEG, PNG) nor a paper (PDF).
	ErrKind = errors.New("evidence: neither JPEG nor PNG nor PDF")
	// ErrSize: more than [MaxSize].
	ErrSize = errors.New("evidence: too large")
	// ErrPixels: more than [MaxPixels], or one side too long.
	ErrPixels = errors.New("evidence: too many pixels")
	// ErrDamaged: it is not whole, or not built as such a file is.
	ErrDamaged = errors.New("evidence: damaged")
	// ErrActive: a paper that does something when it is opened, carries other files, or is encrypted.
	ErrActive = errors.New("evidence: not plain paper")
)

// File is a file that may be kept.
type File struct {
	Media string
	Body  []byte
}

// Kind is the media type that the content says. [ErrKind].
func Kind(raw []byte) (string, error) {
	switch {
	case bytes.HasPrefix(raw, []byte("\xff\xd8\xff")):
		return JPEG, nil
	case bytes.HasPrefix(raw, []byte("\x89PNG\r\n\x1a\n")):
		return PNG, nil
	case bytes.HasPrefix(raw, []byte("%PDF-")):
		return PDF, nil
	}
	return "", ErrKind
}

// Cost is how much memory [Clean] may take at most for a file, in bytes, as its own header says. The caller bounds what is cleaned at once.
func Cost(raw []byte) (int64, error) {
	kind, err := check(raw)
	if err != nil {
		return 0, err
	}
	if kind == PDF {
		return 2 * MaxSize, nil
	}
	p, err := look(kind, raw)
	return p.cost, err
}

// Clean returns a file as it may be kept.
func Clean(raw []byte) (File, error) {
	kind, err := check(raw)
	if err != nil {
		return File{}, err
	}
	if kind == PDF {
		return File{kind, raw}, checkPaper(raw)
	}
	return redraw(kind, raw)
}

func check(raw []byte) (string, error) {
	if len(raw) > MaxSize {
		return "", ErrSize
	}
	return Kind(raw)
}
