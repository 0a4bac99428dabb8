package console

import (
	"errors"
	"net/http"
	"slices"

	"manyou/federation/correction"
	"manyou/idp/form"
	"manyou/idp/signin"
	"manyou/idp/web"
	"manyou/storage"
)

// member is somebody of the staff, as they are signed in now.
type member struct {
	storage.LiveSession
	correction.Officer
	fresh bool // they proved a moment ago who they are
}

func (m member) is(roles ...string) bool {
	return slices.ContainsFunc(roles, func(r string) bool { return slices.Contains(m.Officer.Roles, r) })
}

// id names the member. Both that are embedded have it.
func (m member) id() string { return m.Officer.PersonID }

// The parts of the console, and whom they are for.
const (
	partCases     = "cases"
	partLoad      = "load"
	partAudit     = "audit"
	partProvinces = "provinces"
)

type part struct {
	name, path string
	roles      []string
}

func (c *Console) parts() []part {
	list := []part{
		{partCases, pathCases, caseRoles()}, {partLoad, pathLoad, []string{correction.RoleSupervisor, correction.RoleAuditor}},
		{partAudit, pathAudit, []string{correction.RoleAuditor}},
	}
	if c.Resolve != nil {
		list = append(list, part{partProvinces, pathProvinces, []string{RoleOperator}})
	}
	return list
}

// caseRoles are those who may look at cases: an operator is none of them.
func caseRoles() []string { return correction.Roles() }

// frame is what the pages of a member have, on one of the parts.
func (c *Console) frame(m member, here string) web.Frame {
	f := web.Frame{By: c.forms.By(m.id())}
	for _, p := range c.parts() {
		if m.is(p.roles...) {
			f.Nav = append(f.Nav, web.NavItem{Name: p.name, URL: p.path, Here: p.name == here})
		}
	}
	return f
}

// home leads to the first page that one's roles open.
func (c *Console) home(w http.ResponseWriter, r *http.Request) {
	m, ok := c.staff(w, r, false, Roles()...)
	if !ok {
		return
	}
	for _, p := range c.parts() {
		if m.is(p.roles...) {
			http.Redirect(w, r, p.path, http.StatusSeeOther)
			return
		}
	}
	c.absent(w, r)
}

// absent is what everybody sees for whom a page does not exist.
func (c *Console) absent(w http.ResponseWriter, r *http.Request) {
	c.problem(w, r, http.StatusNotFound, web.ProblemNotFound, errors.New("the page is not for who is signed in"))
}

// known finds who is there, if they have one of the roles and a passkey. It answers everybody else, and a form that was made for somebody else.
func (c *Console) known(w http.ResponseWriter, r *http.Request, roles ...string) (m member, ok bool) {
	w.Header().Set("Cache-Control", "no-store")
	if r.Method == http.MethodPost && !c.forms.Read(w, r) {
		return m, false
	}
	s, err := c.Cookies.Current(r)
	if errors.Is(err, storage.ErrNotFound) {
		if !c.keep(w, r, web.KeptEnded) {
			c.SignIn(w, r, r.URL.Path, signin.Request{})
		}
		return m, false
	} else if err != nil {
		c.fault(w, r, err)
		return m, false
	}
	staff, err := c.Store.StaffMember(r.Context(), s.PersonID)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		c.fault(w, r, err)
		return m, false
	}
	m = member{LiveSession: s, Officer: correction.Officer{PersonID: s.PersonID, Roles: staff.Roles, Regions: staff.Regions}}
	m.fresh = s.ACR >= rung && c.Clock().Before(s.AuthTime.Add(freshness))
	if !c.forms.Theirs(r.PostForm, s.PersonID) {
		c.keep(w, r, web.KeptOther)
		return m, false
	}
	if err != nil || !m.is(roles...) {
		c.absent(w, r)
		return m, false
	}
	if s.ACR >= rung {
		return m, true
	}
	c.prove(w, r, m)
	return m, false
}

// staff finds who is there as known does, and lets them prove anew who they are if that is to be fresh.
func (c *Console) staff(w http.ResponseWriter, r *http.Request, fresh bool, roles ...string) (m member, ok bool) {
	if m, ok = c.known(w, r, roles...); ok && fresh && !m.fresh {
		c.prove(w, r, m)
		return m, false
	}
	return m, ok
}

// keep answers a form with what was typed, to be sent again. false: nothing was, and nothing was answered.
func (c *Console) keep(w http.ResponseWriter, r *http.Request, why string) bool {
	if !form.Typed(r.PostForm) && why != web.KeptOther {
		return false
	}
	page := &web.KeptPage{Why: why, SignInURL: pathConfirm, BackURL: pathConsole}
	if why == web.KeptOther {
		page.SignInURL = pathSignOut
	}
	c.forms.Keep(w, r, r.PostForm, page)
	return true
}

// prove asks for the passkey, or says where to add one.
func (c *Console) prove(w http.ResponseWriter, r *http.Request, m member) {
	if c.keep(w, r, web.KeptProof) {
		return
	}
	credentials, err := c.Store.CredentialsOf(r.Context(), m.id())
	if err != nil {
		c.fault(w, r, err)
		return
	}
	if !slices.ContainsFunc(credentials, func(one storage.Credential) bool { return one.Method == methodPasskey }) {
		c.Web.Render(w, r, http.StatusForbidden, &web.ConsoleKeyPage{AddURL: pathPasskey})
		return
	}
	age := int64(freshness.Seconds())
	c.SignIn(w, r, r.URL.Path, signin.Request{Rung: rung, Essential: true, Fresh: m.ACR >= rung, MaxAge: &age})
}

// confirm is where somebody proves anew who they are, in a window of its own: what they were writing stays in the other.
func (c *Console) confirm(w http.ResponseWriter, r *http.Request) {
	if m, ok := c.staff(w, r, true, Roles()...); ok {
		c.Web.Render(w, r, http.StatusOK, &web.ConfirmedPage{Frame: c.frame(m, ""), BackURL: pathConsole})
	}
}
