package web

import (
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"golang.org/x/text/language"
)

// Options say whose pages they are.
type Options struct {
	// Issuer is the issuer's URL. Citizens are told its host, to compare with the address bar.
	Issuer string
	// Name is what the issuer is called, by language: "zh" and "en".
	Name map[string]string
	// Region is the issuer's province-level code of GB/T 2260, "00" for the nation. It gives the pages their figure and
	// their hue.
	Region string
	// Secure is set over https. Cookies then carry the __Host- prefix.
	Secure bool
	// CookieSuffix tells the cookies of several issuers on one host apart.
	CookieSuffix string
	// Logger receives what could not be rendered. Nothing that a citizen typed reaches it.
	Logger *slog.Logger
}

// Web renders the pages of one issuer. It is safe for concurrent use.
type Web struct {
	Options
	host      string
	languages []*tongue // the first is the default
	matcher   language.Matcher
	assets    *assets
	origins   string // form-action sources that every page allows
}

// tongue is a language that pages are written in.
type tongue struct {
	code      string // as in [Options.Name]: "zh"
	tag       string // as in the lang attribute: "zh-CN"
	own       string // what its speakers call it
	messages  catalogue
	templates *template.Template
}

// New prepares the pages: catalogues read, templates parsed, assets hashed and compressed.
func New(o Options) (*Web, error) {
	issuer, err := url.Parse(o.Issuer)
	if err != nil || issuer.Host == "" {
		return nil, fmt.Errorf("web: issuer %q is not a URL with a host", o.Issuer)
	}
	if o.Name["zh"] == "" || o.Name["en"] == "" {
		return nil, errors.New("web: the issuer needs a name in zh and in en")
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	w := &Web{Options: o, host: issuer.Host, origins: formOrigins(o.Secure)}
	if w.assets, err = newAssets(o.Region); err != nil {
		return nil, err
	}
	w.languages = []*tongue{{code: "zh", tag: "zh-CN", own: "中文"}, {code: "en", tag: "en", own: "English"}}
	tags := make([]language.Tag, 0, len(w.languages))
	for _, t := range w.languages {
		if t.messages, err = readCatalogue(t.code); err != nil {
			return nil, err
		}
		if t.templates, err = parseTemplates(t.messages, w.assets); err != nil {
			return nil, err
		}
		tags = append(tags, language.MustParse(t.tag))
	}
	w.matcher = language.NewMatcher(tags)
	return w, nil
}

// Paths that [Web.Routes] serves.
const (
	pathAssets   = "/assets/"
	pathLanguage = "/language"
	pathCare     = "/care"
)

// Routes adds the assets and the two switches: GET /assets/…, /language?to=en&back=/path and /care?on=1&back=/path.
func (w *Web) Routes(mux *http.ServeMux) {
	mux.HandleFunc("GET "+pathAssets+"{name}", w.assets.serve)
	mux.HandleFunc("GET "+pathLanguage, w.switchLanguage)
	mux.HandleFunc("GET "+pathCare, w.switchCare)
}

// Handler serves what [Web.Routes] adds, alone.
func (w *Web) Handler() http.Handler {
	mux := http.NewServeMux()
	w.Routes(mux)
	return mux
}

// Language is the language that a page for the request is written in, "zh" or "en". locales are those of ui_locales, in
// order of preference.
func (w *Web) Language(r *http.Request, locales []string) string { return w.tongueFor(r, locales).code }

// Text is a message for the request, and whether there is one.
func (w *Web) Text(r *http.Request, key string) (string, bool) {
	text, err := w.tongueFor(r, nil).messages.text(key)
	return text, err == nil
}

// Pick chooses from names by language the one that suits a page for the request. Where there is none in its language, it
// is Chinese, else the first by language code; "" if there are no names.
func (w *Web) Pick(r *http.Request, names map[string]string, locales ...string) string {
	return pick(names, w.tongueFor(r, locales).code)
}

func pick(names map[string]string, code string) string {
	for _, c := range append([]string{code, "zh"}, slices.Sorted(maps.Keys(names))...) {
		if n := names[c]; n != "" {
			return n
		}
	}
	return ""
}
