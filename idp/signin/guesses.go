package signin

import (
	"context"
	"net/http"
	"time"

	"manyou/authenticators"
	"manyou/idp/web"
)

// A code of an app has six digits, and who knows a number may try some each hour without its owner hearing of it. However patient they
// are, so many may be wrong in a window for one number (NIST SP 800-63B-4 §3.2.2). Who has proven the phone is not held up by them.
const (
	guessWindow = 30 * 24 * time.Hour
	maxGuesses  = 100
)

// guessable reports whether a code is asked for that strangers might guess. A recovery code is too long for that.
func (c *conversation) guessable(m authenticators.Method) bool {
	return c.state.Person == "" && m.Name != recoveryName
}

// guesses counts wrong codes for the number, whoever's it is, and returns how many there were in this window.
func (s *SignIn) guesses(ctx context.Context, c *conversation, m authenticators.Method, wrong int64) (int64, error) {
	key := "guess:" + encoding.EncodeToString(s.Vault.MAC("limit", []byte("guess\x00"+m.Name+"\x00"+c.state.Phone))[:18])
	totals, err := s.Store.Count(ctx, []string{key}, wrong, s.Clock().Truncate(guessWindow).Add(guessWindow))
	if err != nil {
		return 0, err
	}
	return totals[0], nil
}

// mayGuess shows a page if too many codes were wrong for the number. It reports whether another may be tried.
func (s *SignIn) mayGuess(w http.ResponseWriter, r *http.Request, c *conversation, m authenticators.Method) bool {
	n, err := s.guesses(r.Context(), c, m, 0)
	switch {
	case err != nil:
		s.fault(w, r, err)
	case n >= maxGuesses:
		s.render(w, r, c, http.StatusTooManyRequests, web.ErrGuesses)
	default:
		return true
	}
	return false
}
