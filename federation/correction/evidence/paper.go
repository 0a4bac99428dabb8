package evidence

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// What a paper must not say. An action names what it does (ISO 32000-2 §12.6), so the names are enough, wherever they stand.
var (
	// long names are looked for in all bytes, packed or not: no picture holds one by chance.
	long = []string{
		"JavaScript", "Launch", "EmbeddedFile", "EmbeddedFiles", openAction, "RichMedia", "RichMediaContent", "Encrypt", "SubmitForm",
		"ImportData", "GoToE", "GoToR", "Rendition", "Movie", "Sound", "XFA",
	}
	// short names could be there by chance where bytes are not words: they are looked for wherever objects are. A reader may be led to objects among
	// packed bytes, too: there a script acts by its long name alone, and what happens by itself is looked for with its value ([triggers]).
	short = []string{"JS", additional}
)

// additional names what happens when a page is shown, or left.
const additional = "AA"

// triggers reports whether something happens by itself, wherever it is written: its value is a dictionary, or a reference to one.
func triggers(raw []byte) bool {
	for {
		n := bytes.IndexByte(raw, '/')
		if n < 0 {
			return false
		}
		raw = raw[n+1:]
		if name, n := readName(raw); name == additional && leads(raw[n:]) {
			return true
		}
	}
}

// maxGap bounds how far from its name a value is looked for, in bytes. What lies farther is taken for one.
const maxGap = 1 << 10

// leads reports whether a value is a dictionary, or a reference.
func leads(value []byte) bool {
	far := len(value) > maxGap
	t := tokens{rest: value[:min(len(value), maxGap)]}
	word, err := t.next()
	switch {
	case err != nil:
		return far && bytes.HasPrefix(t.rest, []byte("%")) // a comment without an end
	case word == "":
		return far
	}
	return word == "<<" || word[0] >= '0' && word[0] <= '9'
}

// openAction names what happens when a paper is opened. Most programs that write papers have a place there that is shown first.
const openAction = "OpenAction"

// destination reports whether a value is a place in the paper, which is written as an array (ISO 32000-2 §12.3.2.2); an action is a dictionary.
func destination(value []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(value, blanks), []byte("["))
}

// Filters by which a stream may be packed. The others are rare on paper, and would hide what is in them from this package.
var filters = []string{flate, "DCTDecode", "CCITTFaxDecode"}

const flate = "FlateDecode"

// tail is where the end of a paper must be.
const tail = 1024

// checkPaper refuses a PDF that is more than paper.
func checkPaper(raw []byte) error {
	version, _, _ := bytes.Cut(raw[:min(len(raw), 16)], []byte("\n"))
	if !bytes.HasPrefix(version, []byte("%PDF-1.")) && !bytes.HasPrefix(version, []byte("%PDF-2.")) {
		return fmt.Errorf("%w: no header", ErrDamaged)
	}
	end := raw[max(0, len(raw)-tail):]
	eof := bytes.LastIndex(end, []byte("%%EOF"))
	if eof < 0 || !bytes.Contains(end[:eof], []byte("startxref")) {
		return fmt.Errorf("%w: no end", ErrDamaged)
	}
	if len(bytes.TrimLeft(end[eof+5:], blanks)) > 0 {
		return fmt.Errorf("%w: something follows the end", ErrActive)
	}
	if name := forbidden(raw, long); name != "" {
		return fmt.Errorf("%w: /%s", ErrActive, name)
	}
	if triggers(raw) {
		return fmt.Errorf("%w: /%s", ErrActive, additional)
	}
	return checkStreams(raw)
}

// checkStreams looks at whatever begins like a stream, and at what is between them.
func checkStreams(raw []byte) error {
	left, at := int64(maxInflated), 0 // at: up to where it is known that bytes are packed
	ends := ends{raw: raw}
	for from := 0; ; {
		n := bytes.Index(raw[from:], []byte("stream"))
		if n < 0 {
			break
		}
		start := from + n
		from = start + len("stream")
		body, ok := afterKeyword(raw, start, from)
		if !ok {
			continue
		}
		d, err := dictionaryBefore(raw[:start])
		if err != nil {
			return err
		}
		packed, err := d.packed()
		if err != nil {
			return err
		}
		if packed == "" {
			continue // its bytes are looked at as they are
		}
		var length int
		if packed == flate {
			length, err = unpack(raw[body:], d, &left)
		} else {
			length, err = ends.after(body)
		}
		if err != nil {
			return err
		}
		if at <= start {
			if name := forbidden(raw[at:start], short); name != "" {
				return fmt.Errorf("%w: /%s", ErrActive, name)
			}
			at = body + length
		}
	}
	if name := forbidden(raw[min(at, len(raw)):], short); name != "" {
		return fmt.Errorf("%w: /%s", ErrActive, name)
	}
	return nil
}

// afterKeyword reports where the bytes of a stream begin, if the word at start is the keyword (ISO 32000-2 §7.3.8).
func afterKeyword(raw []byte, start, end int) (int, bool) {
	if start > 0 && regular(raw[start-1]) { // "endstream", and words of a text
		return 0, false
	}
	switch rest := raw[end:]; {
	case bytes.HasPrefix(rest, []byte("\r\n")):
		return end + 2, true
	case len(rest) > 0 && (rest[0] == '\n' || rest[0] == '\r'):
		return end + 1, true
	case len(rest) > 0 && strings.IndexByte(blanks, rest[0]) >= 0: // some readers are content with it
		return end + 1, true
	}
	return 0, false
}

// ends finds where streams end that are not unpacked. Each byte is looked at once, however many streams begin before one end.
type ends struct {
	raw  []byte
	next int // where the keyword stands that was found last
}

// after is how long a stream is that begins there. It is asked from the beginning on.
func (e *ends) after(body int) (int, error) {
	if e.next < body {
		n := bytes.Index(e.raw[body:], []byte("endstream"))
		if n < 0 {
			return 0, fmt.Errorf("%w: a stream has no end", ErrDamaged)
		}
		e.next = body + n
	}
	return e.next - body, nil
}

// unpack reads a stream to its end, and returns how long it is in the file.
func unpack(packed []byte, d dictionary, left *int64) (int, error) {
	in := bytes.NewReader(packed) // read byte by byte, so that what is left is known
	z, err := zlib.NewReader(in)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	s := scanner{words: long}
	if !d.picture() {
		s.words = append(slices.Clone(long), d.also()...)
	}
	n, err := io.Copy(&s, io.LimitReader(z, *left+1))
	*left -= n
	s.close()
	switch {
	case s.found != "":
		return 0, fmt.Errorf("%w: /%s in a stream", ErrActive, s.found)
	case *left < 0:
		return 0, fmt.Errorf("%w: its streams unpack to more than %d bytes", ErrSize, maxInflated)
	case err != nil:
		return 0, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	used := len(packed) - in.Len()
	if !bytes.HasPrefix(bytes.TrimLeft(packed[used:], blanks), []byte("endstream")) {
		return 0, fmt.Errorf("%w: a stream holds more than it unpacks to", ErrActive)
	}
	return used, nil
}

// scanner looks for names in what is written to it, also for those that two writes share.
type scanner struct {
	words []string
	rest  []byte
	found string
}

var errFound = errors.New("found")

// overlap is how much of one write is kept for the next: more than any name is long, with each of its characters escaped.
const overlap = 64

// Write implements io.Writer. It fails once there is nothing more to look for.
func (s *scanner) Write(p []byte) (int, error) {
	all := slices.Concat(s.rest, p)
	keep := max(0, len(all)-overlap)
	if n := bytes.LastIndexByte(all[keep:], '/'); n >= 0 { // a name that may go on
		keep += n
	} else {
		keep = len(all)
	}
	if s.found = forbidden(all[:keep], s.words); s.found != "" {
		return 0, errFound
	}
	s.rest = slices.Clone(all[keep:])
	return len(p), nil
}

// close looks at what was kept.
func (s *scanner) close() {
	if s.found == "" {
		s.found = forbidden(s.rest, s.words)
	}
}

// forbidden finds the first of the names in bytes, however it is written: /JS, /#4aS.
func forbidden(raw []byte, names []string) string {
	for {
		n := bytes.IndexByte(raw, '/')
		if n < 0 {
			return ""
		}
		raw = raw[n+1:]
		name, n := readName(raw)
		if slices.Contains(names, name) && (name != openAction || !destination(raw[n:])) {
			return name
		}
	}
}
