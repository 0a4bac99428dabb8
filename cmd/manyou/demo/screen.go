package demo

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/width"
)

// Screen writes to a terminal what a person needs to know.
type Screen struct {
	w     io.Writer
	color bool
}

// NewScreen returns a screen. Colour is for terminals.
func NewScreen(w io.Writer, color bool) Screen { return Screen{w, color} }

// Welcome shows the parties, the people and what to try.
func (s Screen) Welcome(n *Nation) {
	d := n.description
	s.line("")
	s.line("  " + s.bold("漫游 Manyou") + s.dim("   one nation, two provinces, three applications"))
	s.line("")
	titles := map[string]string{nation: "the nation", zhejiang: "Zhejiang", sichuan: "Sichuan"}
	for _, a := range d.Applications {
		s.row("Application of "+titles[a.Region], s.link(a.URL), applicationNames[a.Region]["zh"]+" "+applicationNames[a.Region]["en"])
	}
	for _, e := range d.Entities {
		if e.URL != "" {
			s.row("Application of a city", s.link(e.URL), applicationNames[e.Region]["zh"]+" "+applicationNames[e.Region]["en"])
		}
	}
	s.row("Demo phone", s.link(n.PhoneURL), "every code sent by SMS")
	for _, i := range d.Issuers {
		s.row("Issuer of "+titles[i.Region], s.link(i.Issuer+"/"), issuerNames[i.Region]["zh"])
	}
	s.line("")
	s.line("  " + s.bold("Invented citizens"))
	s.line("")
	for _, c := range d.Citizens {
		s.line("  " + pad(c.Name, 15) + pad(latin[c.Name], 16) + pad(c.DocumentNumber, 20) + pad(spaced(c.Phone), 19) + s.dim(titles[c.HomeRegion]))
	}
	s.line("")
	s.line("  " + s.bold("Staff of the nation") + s.dim("   for all regions; they sign in by phone at ") + s.link(n.Issuers[0].URL+"/console/cases") + s.dim(" and add a passkey on the way"))
	s.line("")
	for _, m := range d.Staff {
		s.line("  " + pad(m.Name, 15) + pad(latin[m.Name], 16) + pad(strings.Join(m.Roles, ", "), 22) + spaced(m.Phone))
	}
	s.line("")
	s.line("  " + s.bold("Try this"))
	s.line("")
	first := d.Citizens[0]
	s.line("  1  Open " + s.link(d.Applications[0].URL) + " and sign in as " + first.Name + ": phone, code, name, document.")
	s.line("  2  Open " + s.link(d.Applications[1].URL) + " in the same browser: signed in, and no page in between.")
	s.line("  3  Open " + s.link(d.Entities[1].URL) + ": the nation signs in for it, though only the city of Hangzhou knows it.")
	s.line("  4  Open " + s.link(n.Issuers[1].URL+"/account") + ": add a passkey, see devices and history.")
	s.line("  5  In a second browser, sign in by scanning: open what the picture says in the first one.")
	s.line("  6  Sign out there, and see who notices.")
	s.line("  7  On the demo phone, have the nation take her for somebody else. Sign in again in Zhejiang, open Sichuan's application: the wrong name.")
	s.line("     Report it there; put it right as two officers, each in a browser of their own; see what the application was told at " +
		s.link(d.Applications[1].URL+"desk") + ".")
	s.line("  8  " + s.link(n.Issuers[0].URL+"/complaints") + ": report something as a citizen, and follow it.")
	if pid, command := n.Apart(); pid != 0 {
		s.line("  9  " + s.bold(fmt.Sprintf("kill -9 %d", pid)) + ": the nation is gone. Sign in in Zhejiang and open Sichuan's application all the same.")
		s.line("     Start it again: " + strings.Join(command, " "))
	}
	s.line("")
	s.line("  " + s.dim("Codes appear below. Ctrl-C stops the demo."))
	s.line("")
}

// Message shows a text that arrived.
func (s Screen) Message(m Message) {
	name := "?"
	for _, c := range people() {
		if c.Phone == m.Phone {
			name = c.Name
		}
	}
	s.line("  " + s.dim(m.SentAt.In(beijing).Format("15:04:05")) + "  " + pad(spaced(m.Phone), 19) + pad(name, 15) + s.bold(cmp.Or(m.Code, m.Text)))
}

// Stopped says goodbye.
func (s Screen) Stopped(dir string) {
	if dir == "" {
		s.line("\n  Stopped. Nothing was kept; --data DIR keeps it.")
		return
	}
	s.line("\n  Stopped. The state is in " + dir + ".")
}

func (s Screen) row(term, value, note string) {
	s.line("  " + pad(term, 26) + value + strings.Repeat(" ", max(2, 26-cells(plain(value)))) + s.dim(note))
}

func (s Screen) line(text string) { fmt.Fprintln(s.w, text) }

func (s Screen) styled(code, text string) string {
	if !s.color {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s Screen) bold(text string) string { return s.styled("1", text) }
func (s Screen) dim(text string) string  { return s.styled("2", text) }
func (s Screen) link(text string) string { return s.styled("36", text) }

// plain is a text without the escapes of [Screen.styled].
func plain(text string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, "\x1b[")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		_, text, _ = strings.Cut(after, "m")
	}
}

// pad fills a text up to a number of terminal cells, and leaves at least one between columns.
func pad(text string, to int) string {
	return text + strings.Repeat(" ", max(1, to-cells(text)))
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
