package web_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var (
	tag       = regexp.MustCompile(`<(/?)([a-zA-Z][a-zA-Z0-9]*)((?:\s+[a-zA-Z-]+(?:="[^"<]*")?)*)\s*(/?)>`)
	attribute = regexp.MustCompile(`\s+([a-zA-Z-]+)(?:="[^"<]*")?`)
	entity    = regexp.MustCompile(`&(?:[a-zA-Z]+|#[0-9]+|#x[0-9a-fA-F]+);`)
	void      = []string{"meta", "link", "input", "br", "hr", "img"}
	drawn     = []string{"path", "circle", "rect"}
)

// wellFormed checks what our pages promise, which is stricter than HTML: every element is closed in its place, attributes
// are quoted and not repeated, "<" and "&" in text are escaped, identifiers are unique, and what refers to one finds it.
func wellFormed(page string) error {
	rest, ok := strings.CutPrefix(page, "<!doctype html>")
	if !ok {
		return fmt.Errorf("no doctype")
	}
	var open, ids, refers []string
	text := func(s string) error {
		if strings.ContainsAny(entity.ReplaceAllString(s, ""), "<>&") {
			return fmt.Errorf("unescaped in %q", s)
		}
		return nil
	}
	at := 0
	for _, m := range tag.FindAllStringSubmatchIndex(rest, -1) {
		if err := text(rest[at:m[0]]); err != nil {
			return err
		}
		at = m[1]
		closing, name, attributes, closed := m[2] != m[3], rest[m[4]:m[5]], rest[m[6]:m[7]], m[8] != m[9]
		var names []string
		for _, a := range attribute.FindAllStringSubmatch(attributes, -1) {
			if slices.Contains(names, a[1]) {
				return fmt.Errorf("<%s> repeats %s", name, a[1])
			}
			names = append(names, a[1])
			_, value, _ := strings.Cut(a[0], "=")
			switch value = strings.Trim(value, `"`); a[1] {
			case "id":
				ids = append(ids, value)
			case "for", "aria-describedby", "aria-labelledby", "aria-controls":
				refers = append(refers, strings.Fields(value)...)
			}
		}
		switch {
		case closing:
			if len(open) == 0 || open[len(open)-1] != name {
				return fmt.Errorf("</%s> closes %v", name, open)
			}
			open = open[:len(open)-1]
		case slices.Contains(void, name):
		case closed != slices.Contains(drawn, name):
			return fmt.Errorf("<%s> is closed the wrong way", name)
		case !closed:
			open = append(open, name)
		}
	}
	if err := text(rest[at:]); err != nil || len(open) > 0 {
		return fmt.Errorf("at the end open: %v, %w", open, err)
	}
	for i, id := range ids {
		if slices.Contains(ids[:i], id) {
			return fmt.Errorf("two elements with id %q", id)
		}
	}
	for _, r := range refers {
		if !slices.Contains(ids, r) {
			return fmt.Errorf("nothing has id %q", r)
		}
	}
	return nil
}
