package complaint

import (
	"encoding/base32"
	"encoding/hex"
	"errors"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"manyou/federation/correction"
	"manyou/federation/identity"
	"manyou/idp/signin"
	"manyou/idp/web"
	"manyou/storage"
)

// choose asks what is wrong.
func (c *Complaints) choose(w http.ResponseWriter, r *http.Request, v visitor) {
	if !v.known() {
		http.Redirect(w, r, v.base+"/new/"+web.ComplaintUnknown, http.StatusSeeOther)
		return
	}
	page := &web.ComplaintChoosePage{BaseURL: v.base + "/new/", Choices: web.ComplaintChoices(), BackURL: v.base}
	phones, err := c.options(r, v, "phone")
	if err != nil {
		c.fault(w, r, err)
		return
	}
	if len(phones) == 0 {
		page.Choices = slices.DeleteFunc(page.Choices, func(what string) bool { return what == "phone" })
	}
	c.Web.Render(w, r, http.StatusOK, page)
}

// option is one of several things that a complaint may be about.
type option struct {
	value, label string
	phone        string
	link         *correction.Link
}

// options are what a visitor may choose from.
func (c *Complaints) options(r *http.Request, v visitor, what string) (list []option, err error) {
	switch what {
	case "phone":
		credentials, err := c.Store.CredentialsOf(r.Context(), v.person)
		if err != nil {
			return nil, err
		}
		for _, one := range credentials {
			if one.Method == "sms" {
				list = append(list, option{value: one.ID, label: identity.MaskPhone(one.Handle), phone: one.Handle})
			}
		}
	case "link":
		links, err := c.Store.LinksOf(r.Context(), v.person)
		if err != nil {
			return nil, err
		}
		for _, l := range links {
			name := c.Web.Pick(r, c.NameOf(r.Context(), l.Issuer))
			if name == "" {
				name = l.Issuer
			}
			list = append(list, option{
				value: hex.EncodeToString(c.Vault.MAC("complaint.link", []byte(l.Issuer+"\x00"+l.Subject))[:9]), label: name,
				link: &correction.Link{Issuer: l.Issuer, Subject: l.Subject},
			})
		}
	case web.ComplaintUnknown:
		for _, region := range identity.Regions() {
			list = append(list, option{value: region.Code, label: c.Web.Pick(r, map[string]string{"zh": region.Name, "en": region.English})})
		}
	}
	return list, nil
}

// offered reports whether a visitor may say that.
func offered(v visitor, what string) bool {
	if v.known() {
		return slices.Contains(web.ComplaintChoices(), what)
	}
	return what == web.ComplaintUnknown
}

// ask shows the form of a choice.
func (c *Complaints) ask(w http.ResponseWriter, r *http.Request, v visitor) {
	what := r.PathValue("what")
	if !offered(v, what) {
		c.notFound(w, r)
		return
	}
	options, err := c.options(r, v, what)
	if err != nil {
		c.fault(w, r, err)
		return
	}
	once, err := c.newID()
	if err != nil {
		c.fault(w, r, err)
		return
	}
	c.render(w, r, v, &web.ComplaintPage{What: what, Once: once}, options, http.StatusOK)
}

func (c *Complaints) render(w http.ResponseWriter, r *http.Request, v visitor, page *web.ComplaintPage, options []option, status int) {
	page.Frame, page.Action, page.BackURL = c.frame(v), v.base+"/new/"+page.What, v.base+"/new"
	if !v.known() {
		page.BackURL = v.base
	}
	for _, o := range options {
		page.Options = append(page.Options, web.Option{Value: o.value, Label: o.label})
	}
	c.Web.Render(w, r, status, page)
}

// maxSaid bounds what a citizen writes, in characters.
const maxSaid = 2000

// said is a text as it is kept: lines of printable characters.
func said(typed string) (string, bool) {
	typed = strings.ReplaceAll(typed, "\r\n", "\n")
	clean := strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == '\n' || unicode.IsPrint(r) || unicode.Is(unicode.Co, r) { // rare characters that one province keeps in the private area
			return r
		}
		return ' '
	}, strings.ToValidUTF8(typed, "")))
	return clean, utf8.RuneCountInString(clean) <= maxSaid
}

// file takes a complaint.
func (c *Complaints) file(w http.ResponseWriter, r *http.Request, v visitor) {
	what := r.PathValue("what")
	if !offered(v, what) {
		c.notFound(w, r)
		return
	}
	if !c.form(w, r) || !c.theirs(w, r, v, r.PostForm, &web.KeptPage{}) {
		return
	}
	options, err := c.options(r, v, what)
	if err != nil {
		c.fault(w, r, err)
		return
	}
	page := &web.ComplaintPage{
		What: what, Once: r.PostForm.Get("once"), Value: r.PostForm.Get("value"), Statement: r.PostForm.Get("statement"), Option: r.PostForm.Get("option"),
	}
	f, problem := c.filing(r, v, page, options)
	if problem != "" {
		page.Error = problem
		c.render(w, r, v, page, options, http.StatusUnprocessableEntity)
		return
	}
	ok, err := c.mayFile(r, v)
	if err != nil {
		c.fault(w, r, err)
		return
	}
	if !ok {
		page.Error = web.ErrTooManyCases
		c.render(w, r, v, page, options, http.StatusTooManyRequests)
		return
	}
	filed, err := c.Queue.File(r.Context(), f)
	if errors.Is(err, correction.ErrRepeated) { // they went back and wrote something else
		f.ID = ""
		filed, err = c.Queue.File(r.Context(), f)
	}
	if err != nil {
		c.fault(w, r, err)
		return
	}
	c.note(r, v, "case_filed", filed.Number)
	c.Logger.InfoContext(r.Context(), "case filed", "case", filed.ID, "kind", filed.Kind, "refused", v.pass)
	base := v.base
	if f.Kind == correction.KindTakeover && !v.pass { // their own session has just ended
		if base, err = c.Pass(w, r, signin.Refused{Person: v.person, ACR: v.acr}); err != nil {
			c.fault(w, r, err)
			return
		}
	}
	to := base + "/case/" + filed.Number + "?done=filed"
	http.Redirect(w, r, to, http.StatusSeeOther) //nolint:gosec // a path of ours: a pass that opened or was just made
}

// filing is what a form says, in the words of the queue.
func (c *Complaints) filing(r *http.Request, v visitor, page *web.ComplaintPage, options []option) (correction.Filing, web.Error) {
	f := correction.Filing{Filer: v.filer, Person: v.person}
	if page.Once != "" {
		f.ID = base32.StdEncoding.EncodeToString(c.Vault.MAC("complaint.once", []byte(v.filer+"\x00"+page.Once))[:15])
	}
	var ok bool
	if f.Statement, ok = said(page.Statement); !ok || f.Statement == "" && !page.Optional() {
		return f, web.ErrStatement
	}
	chosen := option{}
	if n := slices.IndexFunc(options, func(o option) bool { return o.value == page.Option }); n >= 0 {
		chosen = options[n]
	}
	about := map[string]string{}
	switch page.What {
	case "name":
		f.Kind, f.Attribute, f.Expected = correction.KindAttribute, correction.AttributeName, strings.TrimSpace(page.Value)
		if _, err := identity.NormalizeName(f.Expected); err != nil {
			return f, web.ErrName
		}
		about["name"] = f.Expected
	case "phone":
		f.Kind, f.Attribute, f.Expected = correction.KindAttribute, correction.AttributePhone, chosen.phone
		if chosen.phone == "" {
			return f, web.ErrOption
		}
		about["phone"] = f.Expected
	case "link":
		f.Kind, f.Link = correction.KindLink, chosen.link
		if chosen.link == nil { // they see what is another's, and it is not known by what it came
			f.Kind = correction.KindCollision
		}
	case "twice":
		f.Kind = correction.KindDuplicate
	case "takeover":
		f.Kind = correction.KindTakeover
		if r.PostForm.Get("sure") != "yes" {
			return f, web.ErrSure
		}
	case "life":
		f.Kind = correction.KindLifecycle
	case web.ComplaintUnknown:
		f.Kind, f.Region = correction.KindConflict, chosen.value
		if chosen.value == "" {
			return f, web.ErrOption
		}
		about["phone_proven"] = v.phone
	default:
		f.Kind = correction.KindConflict
	}
	if f.Statement != "" {
		about["text"] = f.Statement
	}
	f.Evidence = []correction.Evidence{c.evidence(v, about)}
	return f, ""
}

// evidence is what a visitor says, with how it is known that they did.
func (c *Complaints) evidence(v visitor, about map[string]string) correction.Evidence {
	if v.pass {
		about["by"] = "refused_sign_in"
	}
	return correction.Evidence{Source: v.filer, At: c.Clock(), ACR: v.acr, Chain: v.chain, Said: about}
}

var _ Store = storage.Store(nil)
