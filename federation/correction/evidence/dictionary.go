package evidence

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// The characters of PDF (ISO 32000-2 §7.2.3).
const (
	blanks     = "\x00\t\n\f\r "
	delimiters = "()<>[]{}/%"
)

func regular(b byte) bool {
	return strings.IndexByte(blanks, b) < 0 && strings.IndexByte(delimiters, b) < 0
}

// maxName bounds a name, in characters (ISO 32000-1 Annex C), and the more so what is read of one.
const maxName = 128

// readName reads a name behind its slash, and returns how long it is as it is written.
func readName(raw []byte) (string, int) {
	var b strings.Builder
	n := 0
	for n < len(raw) && regular(raw[n]) && b.Len() < maxName {
		if raw[n] == '#' && n+2 < len(raw) {
			if hi, lo := hex(raw[n+1]), hex(raw[n+2]); hi >= 0 && lo >= 0 {
				b.WriteByte(byte(hi<<4 | lo))
				n += 3
				continue
			}
		}
		b.WriteByte(raw[n])
		n++
	}
	return b.String(), n
}

func hex(b byte) int {
	switch {
	case b >= '0' && b <= '9':
		return int(b - '0')
	case b >= 'a' && b <= 'f':
		return int(b-'a') + 10
	case b >= 'A' && b <= 'F':
		return int(b-'A') + 10
	}
	return -1
}

// dictionary is the dictionary of a stream: the tokens of each value.
type dictionary map[string][]string

// maxDictionary bounds the dictionary of a stream, in bytes.
const maxDictionary = 16 << 10

// dictionaryBefore reads the dictionary that stands before the keyword of a stream, back to where its object begins. It reads strictly: what
// is there besides is refused, so that no reader can see another dictionary than this.
func dictionaryBefore(raw []byte) (dictionary, error) {
	raw = raw[max(0, len(raw)-maxDictionary):]
	end := len(raw)
	for {
		n := bytes.LastIndex(raw[:end], []byte("obj"))
		if n < 0 {
			return nil, fmt.Errorf("%w: a stream without an object", ErrDamaged)
		}
		end = n
		begins := bytes.LastIndexAny(raw[:n], "\r\n") + 1
		comment := bytes.IndexByte(raw[begins:n], '%')
		if comment < 0 {
			break
		}
		end = begins + comment // the word stands in a comment
	}
	t := tokens{rest: raw[end+len("obj"):]}
	if word, err := t.next(); err != nil || word != "<<" {
		return nil, fmt.Errorf("%w: a stream without a dictionary", ErrDamaged)
	}
	d := dictionary{}
	for {
		key, err := t.next()
		switch {
		case err != nil:
			return nil, err
		case key == ">>":
			if word, err := t.next(); err != nil || word != "" {
				return nil, fmt.Errorf("%w: something between a dictionary and its stream", ErrDamaged)
			}
			return d, nil
		case !strings.HasPrefix(key, "/"):
			return nil, fmt.Errorf("%w: no key", ErrDamaged)
		}
		value, err := t.value()
		if err != nil {
			return nil, err
		}
		if _, twice := d[key]; twice {
			return nil, fmt.Errorf("%w: a key is there twice", ErrDamaged)
		}
		d[key] = value
	}
}

// packed is the filter of the stream, "" if there is none.
func (d dictionary) packed() (string, error) {
	if d["/F"] != nil || d["/FFilter"] != nil {
		return "", fmt.Errorf("%w: a stream outside", ErrActive)
	}
	value := slices.DeleteFunc(slices.Clone(d["/Filter"]), func(t string) bool { return t == "[" || t == "]" })
	switch {
	case len(value) == 0 || len(value) == 1 && value[0] == "null":
		return "", nil
	case len(value) > 1 || !slices.Contains(filters, strings.TrimPrefix(value[0], "/")):
		return "", fmt.Errorf("%w: filters %v", ErrActive, value[:min(len(value), 4)])
	}
	// A predictor changes what was unpacked. Tables of references and pictures have one; objects would be hidden by it.
	if parms := d["/DecodeParms"]; len(parms) > 0 && slices.Contains(parms, "/Predictor") || d["/DP"] != nil || slices.Contains(parms, "R") {
		if !d.picture() && !slices.Equal(d["/Type"], []string{"/XRef"}) || d["/First"] != nil {
			return "", fmt.Errorf("%w: a predictor", ErrActive)
		}
	}
	return strings.TrimPrefix(value[0], "/"), nil
}

// picture reports whether the stream is one.
func (d dictionary) picture() bool {
	return slices.Equal(d["/Subtype"], []string{"/Image"}) && d["/First"] == nil && d["/Width"] != nil
}

// also are the names that are looked for in a stream besides the long ones: where it holds objects, the short ones. A reader may take for such
// a stream whatever says how many there are.
func (d dictionary) also() []string {
	if d["/First"] != nil || d["/N"] != nil || slices.Equal(d["/Type"], []string{"/ObjStm"}) {
		return short
	}
	return nil
}

// tokens reads the tokens of a dictionary. Names are unescaped; of strings nothing is kept.
type tokens struct {
	rest  []byte
	depth int
}

// maxDepth bounds how deep dictionaries and arrays lie in each other.
const maxDepth = 16

// next returns a token, "" at the end.
func (t *tokens) next() (string, error) {
	for {
		t.rest = bytes.TrimLeft(t.rest, blanks)
		if len(t.rest) == 0 {
			return "", nil
		}
		if t.rest[0] != '%' {
			break
		}
		n := bytes.IndexAny(t.rest, "\r\n")
		if n < 0 {
			return "", fmt.Errorf("%w: a comment without an end", ErrDamaged)
		}
		t.rest = t.rest[n:]
	}
	for _, double := range []string{"<<", ">>"} {
		if bytes.HasPrefix(t.rest, []byte(double)) {
			t.rest = t.rest[2:]
			return double, nil
		}
	}
	switch b := t.rest[0]; b {
	case '/':
		name, n := readName(t.rest[1:])
		t.rest = t.rest[1+n:]
		return "/" + name, nil
	case '[', ']':
		t.rest = t.rest[1:]
		return string(b), nil
	case '(':
		return "()", t.skipString()
	case '<':
		n := bytes.IndexByte(t.rest, '>')
		if n < 0 || strings.Trim(string(t.rest[1:n]), "0123456789abcdefABCDEF"+blanks) != "" {
			return "", fmt.Errorf("%w: a string of digits", ErrDamaged)
		}
		t.rest = t.rest[n+1:]
		return "()", nil
	case ')', '>', '{', '}':
		return "", fmt.Errorf("%w: %q out of place", ErrDamaged, b)
	}
	n := 0
	for n < len(t.rest) && regular(t.rest[n]) {
		n++
	}
	word := string(t.rest[:n])
	t.rest = t.rest[n:]
	return word, nil
}

// skipString passes over a string in parentheses, which may lie in each other.
func (t *tokens) skipString() error {
	open := 0
	for n := 0; n < len(t.rest); n++ {
		switch t.rest[n] {
		case '\\':
			n++
		case '(':
			open++
		case ')':
			if open--; open == 0 {
				t.rest = t.rest[n+1:]
				return nil
			}
		}
	}
	return fmt.Errorf("%w: a string without an end", ErrDamaged)
}

// value reads the value of a key, as its tokens: an array or a dictionary with all that is in it, a reference as three.
func (t *tokens) value() (list []string, err error) {
	t.depth++
	defer func() { t.depth-- }()
	if t.depth > maxDepth {
		return nil, fmt.Errorf("%w: too deep", ErrDamaged)
	}
	word, err := t.next()
	if err != nil {
		return nil, err
	}
	list = []string{word}
	closing, opens := map[string]string{"[": "]", "<<": ">>"}[word]
	switch {
	case word == "" || word == "]" || word == ">>":
		return nil, fmt.Errorf("%w: no value", ErrDamaged)
	case opens:
		for {
			before := t.rest
			inner, err := t.next()
			if err != nil || inner == "" {
				return nil, fmt.Errorf("%w: something is not closed", ErrDamaged)
			}
			if inner == closing {
				return append(list, inner), nil
			}
			t.rest = before
			more, err := t.value()
			if err != nil {
				return nil, err
			}
			list = append(list, more...)
		}
	case strings.IndexByte("0123456789", word[0]) >= 0:
		return append(list, t.reference()...), nil
	}
	return list, nil
}

// reference reads the rest of "7 0 R", if that follows.
func (t *tokens) reference() []string {
	before := t.rest
	generation, err := t.next()
	if err == nil && strings.Trim(generation, "0123456789") == "" && generation != "" {
		if r, err := t.next(); err == nil && r == "R" {
			return []string{generation, r}
		}
	}
	t.rest = before
	return nil
}
