package web

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/text/language"
)

const (
	cookieLanguage = "language"
	cookieCare     = "care"
	// remembered is how long a preference lasts.
	remembered = 365 * 24 * time.Hour
)

const (
	// maxAcceptLanguage bounds what is parsed of the header, in bytes.
	maxAcceptLanguage = 256
	// maxLocales bounds how many of ui_locales are looked at.
	maxLocales = 8
	// maxLocale bounds each of them, in bytes.
	maxLocale = 64
	// maxBack bounds the path that a switch returns to, in bytes.
	maxBack = 4096
)

// tongueFor finds the language of a page. What the citizen chose comes before what the application asked for: else the
// switch on the page would do nothing.
func (w *Web) tongueFor(r *http.Request, locales []string) *tongue {
	if c, err := r.Cookie(w.cookieName(cookieLanguage)); err == nil {
		if t := w.tongue(c.Value); t != nil {
			return t
		}
	}
	for _, l := range locales[:min(len(locales), maxLocales)] { // OpenID Connect Core §3.1.2.1
		if len(l) > maxLocale {
			continue
		}
		if tag, err := language.Parse(l); err == nil {
			if _, i, confidence := w.matcher.Match(tag); confidence > language.No {
				return w.languages[i]
			}
		}
	}
	if accepted := r.Header.Get("Accept-Language"); accepted != "" && len(accepted) <= maxAcceptLanguage {
		if tags, _, err := language.ParseAcceptLanguage(accepted); err == nil {
			_, i, _ := w.matcher.Match(tags...)
			return w.languages[i]
		}
	}
	return w.languages[0]
}

// tongue finds a language by its code, nil if it is none of ours.
func (w *Web) tongue(code string) *tongue {
	for _, t := range w.languages {
		if t.code == code {
			return t
		}
	}
	return nil
}

// The steps of care mode, as the cookie remembers them.
const (
	careOff    = "0"
	careOn     = "1" // text of 18 px and more
	careLarger = "2" // of 30 px and more
)

// care is the step that the citizen switched to.
func (w *Web) care(r *http.Request) string {
	if c, err := r.Cookie(w.cookieName(cookieCare)); err == nil && (c.Value == careOn || c.Value == careLarger) {
		return c.Value
	}
	return careOff
}

func (w *Web) switchLanguage(rw http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if t := w.tongue(q.Get("to")); t != nil {
		http.SetCookie(rw, w.cookie(cookieLanguage, t.code))
	}
	goBack(rw, q.Get("back"))
}

func (w *Web) switchCare(rw http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	switch on := q.Get("on"); on {
	case careOff, careOn, careLarger:
		http.SetCookie(rw, w.cookie(cookieCare, on))
	}
	goBack(rw, q.Get("back"))
}

// goBack redirects to a path of this issuer, and to its home page instead of anywhere else.
func goBack(rw http.ResponseWriter, back string) {
	if !isLocal(back) {
		back = "/"
	}
	rw.Header().Set("Cache-Control", "no-store")
	rw.Header().Set("Referrer-Policy", "same-origin")
	rw.Header().Set("Location", back)
	rw.WriteHeader(http.StatusSeeOther)
}

// isLocal reports whether a reference is a path on this very origin, whichever way a browser reads it: "//host",
// "/\host", and tabs or line breaks (which browsers drop before they parse) are not.
func isLocal(back string) bool {
	if len(back) > maxBack || !strings.HasPrefix(back, "/") {
		return false
	}
	for _, c := range []byte(back) {
		if c <= ' ' || c > '~' || c == '\\' {
			return false
		}
	}
	u, err := url.Parse(back)
	return err == nil && u.Scheme == "" && u.Host == "" && u.User == nil && !strings.HasPrefix(back, "//")
}

func (w *Web) cookieName(of string) string {
	name := "manyou_" + of
	if w.CookieSuffix != "" {
		name += "_" + w.CookieSuffix
	}
	if w.Secure {
		return "__Host-" + name
	}
	return name
}

func (w *Web) cookie(of, value string) *http.Cookie {
	return &http.Cookie{
		Name: w.cookieName(of), Value: value, Path: "/", MaxAge: int(remembered / time.Second),
		Secure: w.Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}
