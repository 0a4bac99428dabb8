package account

import (
	"net/http"
	"strconv"
	"time"

	"manyou/idp/signin"
	"manyou/storage"
)

// What is changed by less than a person has could be changed by somebody who has no more than their phone. So a way to sign in is removed only by
// as much as it gives, and one that is added by less than the best that they have counts for no more than that at first: its owner hears of it, and
// whoever lost the better one waits so long, and is not locked out.
const (
	waitsFor = 3 * 24 * time.Hour
	// bestRung is the highest rung that is asked for: what an attested passkey gives beyond it depends on the passkey.
	bestRung = 3
)

// gives is the rung that a credential gives its person now.
func (a *Account) gives(c *storage.Credential) int {
	m, ok := a.Methods.ByName(c.Method)
	if !ok || m.Method().Second { // which gives nothing by itself
		return 0
	}
	return c.Reaches(min(m.Method().Rung, bestRung), a.Clock())
}

// outranks reports whether a credential gives more than a session has, and was there before it: what somebody adds they may take away again.
func (a *Account) outranks(c *storage.Credential, s storage.LiveSession) bool {
	return c.CreatedAt.Before(s.CreatedAt) && a.gives(c) > s.ACR
}

// wait bounds a credential that is added in a session, by what its person had before.
func (a *Account) wait(added *storage.Credential, s storage.LiveSession, had []storage.Credential) {
	for _, c := range had {
		if a.outranks(&c, s) {
			added.CountsFrom, added.AtMost = a.Clock().Add(waitsFor), s.ACR
		}
	}
}

// stronger asks a citizen to prove as much as the change needs, and returns to the overview.
func (a *Account) stronger(w http.ResponseWriter, r *http.Request) {
	s, ok := a.current(w, r, pathAccount, false)
	if !ok {
		return
	}
	rung, err := strconv.Atoi(r.URL.Query().Get("rung"))
	if err != nil || rung <= s.ACR || rung > bestRung {
		http.Redirect(w, r, pathAccount, http.StatusSeeOther)
		return
	}
	a.SignIn(w, r, pathAccount, signin.Request{Rung: rung, Essential: true, Methods: a.own()})
}
