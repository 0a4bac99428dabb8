package session

import (
	"net/http"
	"time"
)

// Keep leaves a value in the browser, under a name, for a while. Whoever keeps something that must not be made up seals it first.
func (c *Cookies) Keep(w http.ResponseWriter, of, value string, life time.Duration) {
	http.SetCookie(w, c.cookie(of, value, life))
}

// Kept is a value that was left under a name; "" if there is none.
func (c *Cookies) Kept(r *http.Request, of string) string {
	cookie, err := r.Cookie(c.name(of))
	if err != nil {
		return ""
	}
	return cookie.Value
}
