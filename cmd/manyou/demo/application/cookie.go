package application

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// maxCookie is the largest cookie value that browsers keep, with room for its name and attributes.
const maxCookie = 3800

// signIn is a sign-in under way.
type signIn struct {
	State     string    `json:"s"`
	Nonce     string    `json:"n"`
	Verifier  string    `json:"v"`
	ExpiresAt time.Time `json:"e"`
}

// session is a signed-in citizen.
type session struct {
	IDToken      string    `json:"t"`
	Claims       citizen   `json:"c"`
	SignOutToken string    `json:"o"`
	BeganAt      time.Time `json:"b"`
	ExpiresAt    time.Time `json:"e"`
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	if len(key) != 32 {
		return nil, errors.New("the key is not 32 bytes")
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// seal encrypts a value for one cookie name, so that one cookie cannot stand in for another.
func (a *Application) seal(name string, value any) (string, error) {
	plain, err := json.Marshal(value)
	if err != nil {
		return "", err
	}
	nonce := make([]byte, a.aead.NonceSize(), a.aead.NonceSize()+len(plain)+a.aead.Overhead())
	if _, err := io.ReadFull(a.config.Random, nonce); err != nil {
		return "", fmt.Errorf("random: %w", err)
	}
	text := base64.RawURLEncoding.EncodeToString(a.aead.Seal(nonce, nonce, plain, []byte(name)))
	if len(text) > maxCookie {
		return "", fmt.Errorf("cookie %s would be %d bytes", name, len(text))
	}
	return text, nil
}

func (a *Application) open(name, text string, value any) bool {
	if len(text) > maxCookie {
		return false
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(sealed) < a.aead.NonceSize() {
		return false
	}
	plain, err := a.aead.Open(nil, sealed[:a.aead.NonceSize()], sealed[a.aead.NonceSize():], []byte(name))
	return err == nil && json.Unmarshal(plain, value) == nil
}

// cookieName is distinct per application, because all ports of a host share their cookies, and bound to the
// host where https allows it.
func (a *Application) cookieName(what string) string {
	name := "application" + a.config.Region + "_" + what
	if a.secure {
		return "__Host-" + name
	}
	return name
}

func (a *Application) sessionCookie() string { return a.cookieName("session") }

// signInCookie is named after the state, so that tabs do not disturb each other.
func (a *Application) signInCookie(state string) string {
	sum := sha256.Sum256([]byte(state))
	return a.cookieName("sign_in_" + base64.RawURLEncoding.EncodeToString(sum[:6]))
}

func (a *Application) setCookie(w http.ResponseWriter, name, value string, lifetime time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(lifetime / time.Second),
		HttpOnly: true, Secure: a.secure, SameSite: http.SameSiteLaxMode,
	})
}

func (a *Application) clearCookie(w http.ResponseWriter, name string) {
	a.setCookie(w, name, "", -time.Second)
}

func (a *Application) setSignIn(w http.ResponseWriter, in signIn) error {
	in.ExpiresAt = a.config.Clock().Add(signInLifetime)
	name := a.signInCookie(in.State)
	text, err := a.seal(name, in)
	if err != nil {
		return err
	}
	a.setCookie(w, name, text, signInLifetime)
	return nil
}

// takeSignIn returns the sign-in of a state, and forgets it.
func (a *Application) takeSignIn(w http.ResponseWriter, r *http.Request, state string) (signIn, bool) {
	name := a.signInCookie(state)
	c, err := r.Cookie(name)
	if err != nil {
		return signIn{}, false
	}
	a.clearCookie(w, name)
	var in signIn
	ok := a.open(name, c.Value, &in) && equal(in.State, state) && a.config.Clock().Before(in.ExpiresAt)
	return in, ok
}

func (a *Application) setSession(w http.ResponseWriter, s session) error {
	text, err := a.seal(a.sessionCookie(), s)
	if err != nil {
		return err
	}
	a.setCookie(w, a.sessionCookie(), text, sessionLifetime)
	return nil
}

func (a *Application) session(r *http.Request) (session, bool) {
	c, err := r.Cookie(a.sessionCookie())
	if err != nil {
		return session{}, false
	}
	var s session
	ok := a.open(a.sessionCookie(), c.Value, &s) && a.config.Clock().Before(s.ExpiresAt) && a.desk.stands(s.claims().Subject, s.BeganAt)
	return s, ok
}

func equal(a, b string) bool {
	return a != "" && subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}
