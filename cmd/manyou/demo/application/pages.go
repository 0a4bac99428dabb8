package application

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

//go:embed page.html
var pageHTML string

//go:embed style.css
var styleCSS []byte

var page = template.Must(template.New("page").Funcs(template.FuncMap{"say": say}).Parse(pageHTML))

// citizen is what userinfo says.
type citizen struct {
	Name   string `json:"name"`
	Region string `json:"region"`
}

// view is what the page shows. Kind is "citizen", "desk", "welcome" or "error".
type view struct {
	Kind   string
	Lang   string
	Region string // of the application
	Name   string // of the application
	Seal   string // one character in front of the name
	Other  string // link to the same page in the other language

	Citizen             string
	Lead                string
	Facts               []fact
	Header, Payload     string
	SignOut             string
	Report, Token       string // where a report goes, and what proves that it is of this page; "" if nothing can be reported
	Complaints, Events  []line
	Desk                string
	ErrorKey, Reference string
}

// fact is a line of the page of a citizen.
type fact struct{ Term, Value, Note string }

// claims are those of the ID token that the page explains.
type claims struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	AuthTime int64    `json:"auth_time"`
	ACR      string   `json:"acr"`
	AMR      []string `json:"amr"`
}

func (a *Application) showSignedIn(w http.ResponseWriter, r *http.Request, s session) {
	lang := a.language(w, r)
	v := a.view(r, "citizen", lang)
	// The token was verified when the session began, and the cookie is sealed.
	header, payload := decode(s.IDToken)
	var c claims
	if err := json.Unmarshal(payload, &c); err != nil {
		a.fail(w, r, http.StatusInternalServerError, "internal", err)
		return
	}
	v.Header, v.Payload = indent(header), indent(payload)
	v.Citizen = s.Claims.Name
	if v.Citizen == "" {
		v.Citizen = say(lang, "no_name")
	}
	v.Lead = say(lang, "lead")
	if strings.HasPrefix(a.config.Region, s.Claims.Region) && s.Claims.Region != "" { // a city lies in its province
		v.Lead = say(lang, "lead_home")
	}
	v.SignOut = "/sign-out?token=" + s.SignOutToken
	if a.config.Membership == nil {
		v.Report, v.Token, v.Desk = reportPath, s.SignOutToken, deskPath
	}
	v.Facts = a.facts(lang, s.Claims, c)
	a.render(w, http.StatusOK, v)
}

func (a *Application) facts(lang string, who citizen, c claims) []fact {
	var facts []fact
	add := func(key, value, note string) {
		if value != "" {
			facts = append(facts, fact{say(lang, key), value, note})
		}
	}
	if name, ok := regions[who.Region]; ok {
		add("home_region", pick(name, lang), who.Region)
	}
	at := time.Unix(c.AuthTime, 0).In(beijing)
	layout := "2006年1月2日 15:04:05"
	if lang == "en" {
		layout = "2 January 2006, 15:04:05"
	}
	add("signed_in_at", at.Format(layout), "UTC+8")
	var how []string
	for _, m := range c.AMR {
		if text, ok := messages["amr_"+m]; ok {
			how = append(how, pick(text, lang))
		} else {
			how = append(how, m)
		}
	}
	separator := "、"
	if lang == "en" {
		separator = ", "
	}
	add("how", strings.Join(how, separator), "amr "+strings.Join(c.AMR, " "))
	if rung := c.ACR[strings.LastIndexByte(c.ACR, ':')+1:]; len(rung) == 1 {
		add("level", fmt.Sprintf(say(lang, "level_of"), rung), c.ACR)
	}
	add("via", c.Issuer, "")
	add("subject", c.Subject, say(lang, "subject_note"))
	return facts
}

// beijing is the time of the whole country.
var beijing = time.FixedZone("UTC+8", 8*60*60)

func (a *Application) welcome(w http.ResponseWriter, r *http.Request) {
	a.render(w, http.StatusOK, a.view(r, "welcome", a.language(w, r)))
}

// fail shows a page that says what happened and what to do, with a reference that is found in the log.
func (a *Application) fail(w http.ResponseWriter, r *http.Request, status int, key string, err error) {
	v := a.view(r, "error", a.language(w, r))
	v.ErrorKey = key
	if reference, tokenErr := a.token(); tokenErr == nil {
		v.Reference = reference[:8]
	}
	v.Other = ""
	a.config.Logger.Warn("application: request failed", "region", a.config.Region, "problem", key, "reference", v.Reference, "error", err)
	a.render(w, status, v)
}

func (a *Application) view(r *http.Request, kind, lang string) view {
	other := "en"
	if lang == "en" {
		other = "zh"
	}
	return view{
		Kind: kind, Lang: lang, Region: a.config.Region, Name: a.config.Name[lang],
		Seal: a.character(), Other: r.URL.Path + "?lang=" + other,
	}
}

func (a *Application) render(w http.ResponseWriter, status int, v view) {
	var buf bytes.Buffer
	if err := page.Execute(&buf, v); err != nil {
		a.config.Logger.Error("application: page", "error", err)
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	w.Write(buf.Bytes())
}

func style(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "max-age=300")
	w.Write(styleCSS)
}

// headers keeps pages from being framed, sniffed, cached or scripted.
func headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self' data:; "+
			"base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// decode returns the header and the claims of a JWT.
func decode(token string) (header, payload []byte) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, nil
	}
	header, _ = base64.RawURLEncoding.DecodeString(parts[0])
	payload, _ = base64.RawURLEncoding.DecodeString(parts[1])
	return header, payload
}

func indent(raw []byte) string {
	var buf bytes.Buffer
	if err := json.Indent(&buf, raw, "", "  "); err != nil {
		return ""
	}
	return buf.String()
}

// character is the one that stands for the application: of its province's name, or, in a city, of its own.
func (a *Application) character() string {
	name := regions[a.config.Region][0]
	if name == "" {
		name = a.config.Name["zh"]
	}
	first, _ := utf8.DecodeRuneInString(name)
	return string(first)
}
