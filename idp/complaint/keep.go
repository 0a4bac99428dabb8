package complaint

import (
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"manyou/idp/form"
	"manyou/idp/web"
)

const (
	// pathConfirm and pathSignOut are served beside these pages.
	pathConfirm = "/account/confirm"
	pathSignOut = "/end_session"
	// passNow stands, in the address of a form, for the pass that the browser was given last.
	passNow = "now"
)

// keepTyped answers a form of somebody who is nobody here any more with what they typed, to be sent again. false: there was nothing to lose, and nothing
// was answered.
func (c *Complaints) keepTyped(w http.ResponseWriter, r *http.Request, why string) bool {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "multipart/form-data" {
		if !c.form(w, r) {
			return true
		}
		return c.kept(w, r, why, r.PostForm, &web.KeptPage{})
	}
	u, err := read(w, r, false) // nobody is known here, and nothing of a file is held in memory for them
	if err != nil {
		c.Web.Render(w, r, http.StatusBadRequest, &web.ProblemPage{Problem: web.ProblemBadRequest})
		return true
	}
	return c.kept(w, r, why, u.values(), &web.KeptPage{Upload: true, Chosen: u.chosen})
}

func (c *Complaints) kept(w http.ResponseWriter, r *http.Request, why string, values url.Values, page *web.KeptPage) bool {
	if !form.Typed(values) && !page.Chosen && why != web.KeptOther {
		return false
	}
	page.Why, page.SignInURL, page.BackURL = why, pathConfirm, Path
	switch why {
	case web.KeptOther:
		page.SignInURL = pathSignOut
	case web.KeptPass:
		page.To = Path + "/as/" + passNow + strings.TrimPrefix(r.URL.Path, Path+"/as/"+r.PathValue("pass"))
	}
	c.forms.Keep(w, r, values, page)
	return true
}

// theirs reports whether a form was made for the visitor. It answers one that was made for somebody else: they may have gone, and left it.
func (c *Complaints) theirs(w http.ResponseWriter, r *http.Request, v visitor, values url.Values, page *web.KeptPage) bool {
	if c.forms.Theirs(values, append(slices.Clone(v.before), v.writer())...) {
		return true
	}
	c.kept(w, r, web.KeptOther, values, page)
	return false
}

// frame is what pages have into which a visitor writes.
func (c *Complaints) frame(v visitor) web.Frame { return web.Frame{By: c.forms.By(v.writer())} }

// writer is whom a form is made for: a person is the same one on all pages, with a session or a pass.
func (v visitor) writer() string {
	if v.known() {
		return v.person
	}
	return v.filer
}
