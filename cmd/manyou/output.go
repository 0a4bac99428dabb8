package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/width"
)

// table is a list for people: aligned columns, headed in capitals, no lines.
type table struct {
	head []string
	rows [][]string
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) write(w io.Writer) error {
	widths := make([]int, len(t.head))
	for _, row := range append([][]string{t.head}, t.rows...) {
		for i, c := range row {
			widths[i] = max(widths[i], cells(c))
		}
	}
	var b strings.Builder
	for _, row := range append([][]string{t.head}, t.rows...) {
		for i, c := range row {
			b.WriteString(c)
			if i < len(row)-1 {
				b.WriteString(strings.Repeat(" ", widths[i]-cells(c)+2))
			}
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// facts is one thing for people: terms and values, aligned.
type facts [][2]string

func (f facts) write(w io.Writer) error {
	wide := 0
	for _, line := range f {
		wide = max(wide, cells(line[0]))
	}
	for _, line := range f {
		if line[1] == "" {
			continue
		}
		if _, err := fmt.Fprintf(w, "%s%s  %s\n", line[0], strings.Repeat(" ", wide-cells(line[0])), line[1]); err != nil {
			return err
		}
	}
	return nil
}

// writeJSON writes a value for programs.
func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// cells is the width of a text on a terminal, where a Chinese character takes two.
func cells(text string) (n int) {
	for _, r := range text {
		switch width.LookupRune(r).Kind() {
		case width.EastAsianWide, width.EastAsianFullwidth:
			n += 2
		default:
			n++
		}
	}
	return n
}
