package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"manyou/federation/identity"
)

//go:embed templates
var templateFiles embed.FS

// view is what a template sees.
type view struct {
	Page        Page
	Title       string
	Name        string // of the issuer
	Host        string // of the issuer
	Region      string // the issuer's code
	Place       string // what the issuer's region is called
	Application string
	Language    string // as a code: "zh"
	Tag         string // as in the lang attribute
	Care        bool
	Larger      bool // the second step of care mode
	Script      string
	Failed      bool
	Nav         []NavItem
	Wide        bool // the page uses the whole screen
	// The switches.
	CareURL     string
	LargerURL   string
	LanguageURL string
	OtherTag    string
	OtherName   string
}

// parseTemplates prepares the pages of one language.
func parseTemplates(messages catalogue, a *assets) (*template.Template, error) {
	t, err := template.New("").Option("missingkey=error").Funcs(template.FuncMap{
		"t":     messages.text,
		"asset": a.path,
		"date": func(at time.Time) (string, error) {
			at = at.In(beijing)
			return messages.text("date", "year", strconv.Itoa(at.Year()), "month", messages["month."+strconv.Itoa(int(at.Month()))],
				"day", strconv.Itoa(at.Day()))
		},
		"moment": func(at time.Time) string { return at.In(beijing).Format("2006-01-02 15:04") },
		"span": func(d time.Duration) (string, error) {
			switch {
			case d < time.Hour:
				return messages.text("span.minutes", "n", strconv.Itoa(int(d/time.Minute)))
			case d < 2*day:
				return messages.text("span.hours", "n", strconv.Itoa(int(d/time.Hour)))
			}
			return messages.text("span.days", "n", strconv.Itoa(int(d/day)))
		},
		"second": func(at time.Time) string { return at.In(beijing).Format("2006-01-02 15:04:05") },
		"named": func(prefix, word string) string { // the word itself, if there is none for it
			if text, err := messages.text(prefix + "." + word); err == nil {
				return text
			}
			return word
		},
		"word":     func(prefix, of string) (string, error) { return messages.text(prefix + "." + of) },
		"pair":     func(p *CasePage, name string) caseForm { return caseForm{p, name} },
		"number":   func(n any) string { return fmt.Sprint(n) },
		"bytes":    func(n int64) string { return strconv.FormatInt((n+1023)/1024, 10) + " KB" },
		"methods":  strings.Fields,
		"key":      func(prefix string, of any) string { return prefix + "." + fmt.Sprint(of) },
		"field":    newField,
		"document": identity.Kinds,
	}).ParseFS(templateFiles, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("web: templates: %w", err)
	}
	return t, nil
}

const day = 24 * time.Hour

// beijing is the calendar that dates are shown in.
var beijing = time.FixedZone("UTC+8", 8*60*60)

// input is a labelled field of a form, for the template "input".
type input struct {
	Name, Label, Hint, Value string
	Kind                     string // how it is typed: "tel", "code", "document" or "text"
	Error                    Error
	Focus                    bool
}

func newField(kind, name, label, hint, value string, problem Error, focus bool) input {
	return input{Kind: kind, Name: name, Label: label, Hint: hint, Value: value, Error: problem, Focus: focus}
}

// Render writes a page. Its language and care mode are the citizen's; see the package comment. A page that cannot be
// rendered is logged and answered with a bare 500.
func (w *Web) Render(rw http.ResponseWriter, r *http.Request, status int, p Page) {
	t := w.tongueFor(r, p.frame().Locales)
	body, err := w.execute(r, t, p)
	if err != nil {
		w.Logger.ErrorContext(r.Context(), "page not rendered", "page", p.template(), "cause", err)
		rw.Header().Set("Cache-Control", "no-store")
		http.Error(rw, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	h := rw.Header()
	w.secureHeaders(h, p, w.care(r) != careOff)
	h.Set("Content-Language", t.tag)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	rw.WriteHeader(status)
	if r.Method != http.MethodHead {
		rw.Write(body)
	}
}

func (w *Web) execute(r *http.Request, t *tongue, p Page) ([]byte, error) {
	title, err := t.messages.text(p.title())
	if err != nil {
		return nil, err
	}
	other := w.languages[0]
	if other == t {
		other = w.languages[1]
	}
	back := backTo(r)
	care := w.care(r)
	careURL := func(to string) string { return pathCare + "?" + url.Values{"on": {to}, "back": {back}}.Encode() }
	next := careOn
	if care != careOff {
		next = careOff
	}
	v := view{
		Page: p, Title: title, Name: pick(w.Name, t.code), Host: w.host, Region: w.Region, Place: w.place(t),
		Application: p.frame().Application, Language: t.code, Tag: t.tag, Care: care != careOff, Larger: care == careLarger, Script: p.script(), Failed: p.failed(),
		Nav: p.frame().Nav, Wide: p.script() == assetConsole,
		CareURL: careURL(next), LargerURL: careURL(careLarger),
		LanguageURL: pathLanguage + "?" + url.Values{"to": {other.code}, "back": {back}}.Encode(),
		OtherTag:    other.tag, OtherName: other.own,
	}
	var b bytes.Buffer
	if err := t.templates.ExecuteTemplate(&b, p.template(), &v); err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	return b.Bytes(), nil
}

// backTo is where a switch returns to: the page itself. What a form posted is not part of it; the pages of a conversation
// show the same step again.
func backTo(r *http.Request) string {
	if back := r.URL.RequestURI(); isLocal(back) {
		return back
	}
	return "/"
}

// place is what the region is called, "" for the nation.
func (w *Web) place(t *tongue) string {
	r, ok := identity.LookupRegion(w.Region)
	if !ok {
		return ""
	}
	if t.code == "zh" {
		return r.Name
	}
	return r.English
}
