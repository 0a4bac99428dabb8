package demo

import (
	"bytes"
	"context"
	"crypto/subtle"
	_ "embed"
	"encoding/json"
	"errors"
	"html/template"
	"net/http"
	"strings"
	"time"

	"manyou/authenticators/otp"
)

// inboxPath is the JSON list of messages.
const inboxPath = "/messages"

//go:embed phone.html
var phoneHTML string

//go:embed phone.css
var phoneCSS []byte

//go:embed phone.js
var phoneJS []byte

var phonePage = template.Must(template.New("phone").Funcs(template.FuncMap{"latin": func(name string) string { return latin[name] }}).Parse(phoneHTML))

// phone shows the inbox: a page for people, a list for programs.
type phone struct {
	inbox    *inbox
	citizens []Citizen
	token    string // of an issuer that runs as a process of its own
	mistake  func(context.Context) error
	home     string // her application at home
	away     string // the one where the mistake shows
}

// mistakePath makes the mistake that the correction queue puts right.
const mistakePath = "/mistake"

func (p phone) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.page)
	mux.HandleFunc("GET "+inboxPath, p.list)
	mux.HandleFunc("POST "+inboxPath, p.deliver)
	mux.Handle("POST "+mistakePath, http.NewCrossOriginProtection().Handler(http.HandlerFunc(p.confuse)))
	mux.HandleFunc("GET /phone.css", asset("text/css; charset=utf-8", phoneCSS))
	mux.HandleFunc("GET /phone.js", asset("text/javascript; charset=utf-8", phoneJS))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "+
			"img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		mux.ServeHTTP(w, r)
	})
}

func (p phone) list(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(p.inbox.newestFirst()) //nolint:errcheck,errchkjson // the reader went away
}

// maxMessage bounds a message that is delivered, in bytes.
const maxMessage = 16 << 10

// deliver is the gateway of an issuer that runs as a process of its own; see authenticators/otp/openapi.yaml.
func (p phone) deliver(w http.ResponseWriter, r *http.Request) {
	if subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte("Bearer "+p.token)) != 1 {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var m struct{ ID, Phone, Text, Code string }
	if json.NewDecoder(http.MaxBytesReader(w, r.Body, maxMessage)).Decode(&m) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if err := p.inbox.Send(r.Context(), otp.Message{Phone: m.Phone, Text: m.Text, Code: m.Code}); err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]string{"message_id": m.ID}) //nolint:errcheck,errchkjson // the issuer went away
}

// confuse makes one citizen be taken for another.
func (p phone) confuse(w http.ResponseWriter, r *http.Request) {
	switch err := p.mistake(r.Context()); {
	case errors.Is(err, ErrTooEarly):
		http.Redirect(w, r, "/?mistake=early#mistake", http.StatusSeeOther)
	case err != nil:
		http.Error(w, "internal error", http.StatusInternalServerError)
	default:
		http.Redirect(w, r, "/?mistake=done#mistake", http.StatusSeeOther)
	}
}

// phoneView is what the page shows.
type phoneView struct {
	Bubbles    []bubble
	Mistake    string // "done", "early", or "" if none was made just now
	He, She    Citizen
	Home, Away string
}

// bubble is a message on the page.
type bubble struct {
	To, Name, Text, Code, At string
}

func (p phone) page(w http.ResponseWriter, r *http.Request) {
	names := map[string]string{}
	for _, c := range p.citizens {
		names[c.Phone] = c.Name
	}
	var bubbles []bubble
	for _, m := range p.inbox.newestFirst() {
		bubbles = append(bubbles, bubble{
			To: spaced(m.Phone), Name: names[m.Phone], Text: m.Text, Code: m.Code, At: m.SentAt.In(beijing).Format("15:04:05"),
		})
	}
	var buf bytes.Buffer
	view := phoneView{
		Bubbles: bubbles, Mistake: r.URL.Query().Get("mistake"), She: p.citizens[0], He: p.citizens[1], Home: p.home, Away: p.away,
	}
	if err := phonePage.Execute(&buf, view); err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write(buf.Bytes())
}

func asset(contentType string, body []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Write(body)
	}
}

// beijing is the time of the whole country.
var beijing = time.FixedZone("UTC+8", 8*60*60)

// spaced writes a mainland number the way it is read aloud: +86 138 0000 0033.
func spaced(phone string) string {
	rest, ok := strings.CutPrefix(phone, "+86")
	if !ok || len(rest) != 11 {
		return phone
	}
	return "+86 " + rest[:3] + " " + rest[3:7] + " " + rest[7:]
}
