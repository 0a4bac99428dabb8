package account

import (
	"net/http"

	"manyou/idp/session"
	"manyou/idp/signin"
	"manyou/idp/web"
)

// askSomebodyElse says what somebody can do whom a number alone signed in as another.
func (a *Account) askSomebodyElse(w http.ResponseWriter, r *http.Request) {
	if _, ok := a.current(w, r, pathElse, false); ok {
		a.Web.Render(w, r, http.StatusOK, &web.SomebodyElsePage{Action: pathElse})
	}
}

// somebodyElse signs out, and leads to where they say who they are. Whose account it is reads in their history that a device was signed out.
func (a *Account) somebodyElse(w http.ResponseWriter, r *http.Request) {
	if !a.form(w, r) {
		return
	}
	if s, ok := a.current(w, r, pathElse, false); ok {
		a.note(r, s, "session_ended", map[string]string{signin.DetailDevice: session.DescribeAgent(s.UserAgent)})
		a.SignOut(w, r, s.Session, a.Issuer+pathElseSignIn)
	}
}

// signInElse begins a sign-in in which nobody is taken for whom their number names, nor for whom another issuer would.
func (a *Account) signInElse(w http.ResponseWriter, r *http.Request) {
	a.SignIn(w, r, pathAccount, signin.Request{Fresh: true, Another: true})
}
