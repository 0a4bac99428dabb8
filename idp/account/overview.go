package account

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"manyou/authenticators/relative"
	"manyou/federation/identity"
	"manyou/idp/session"
	"manyou/idp/web"
	"manyou/storage"
)

// show is the overview.
func (a *Account) show(w http.ResponseWriter, r *http.Request) {
	s, ok := a.current(w, r, pathAccount, false)
	if !ok {
		return
	}
	page, err := a.overview(r, s)
	if err != nil {
		a.fault(w, r, err)
		return
	}
	if notice := r.URL.Query().Get("done"); slices.Contains(web.Notices(), notice) {
		page.Notice = notice
	}
	page.UnknownCredential = a.forgotten(r)
	a.Web.Render(w, r, http.StatusOK, page)
}

// frame is what pages have into which somebody writes.
func (a *Account) frame(s storage.LiveSession) web.Frame {
	return web.Frame{By: a.forms.By(s.PersonID)}
}

func (a *Account) overview(r *http.Request, s storage.LiveSession) (*web.AccountPage, error) {
	ctx := r.Context()
	person, err := a.Store.Person(ctx, s.PersonID)
	if err != nil {
		return nil, err
	}
	page := &web.AccountPage{
		Frame: a.frame(s), Name: person.Name, Action: pathAccount, HistoryURL: pathHistory, ShowURL: pathShow, SignOutURL: pathSignOut, AddURLs: a.addURLs(),
		SomebodyElseURL: pathElse,
	}
	if len(person.Documents) > 0 {
		d := identity.Document{Kind: identity.Kind(person.Documents[0].Kind), Number: person.Documents[0].Number}
		page.Document = d.Mask()
	}
	credentials, err := a.Store.CredentialsOf(ctx, s.PersonID)
	if err != nil {
		return nil, err
	}
	page.Methods = methods(credentials, a.Clock())
	links, err := a.Store.LinksOf(ctx, s.PersonID)
	if err != nil {
		return nil, err
	}
	for _, l := range links {
		page.Links = append(page.Links, a.nameOf(r, l.Issuer))
	}
	if page.Sessions, err = a.devices(r, s); err != nil {
		return nil, err
	}
	if page.ComplaintsURL, page.Complaint, err = a.Complaints(ctx, s.PersonID); err != nil {
		return nil, err
	}
	page.Applications, err = a.given(r, s)
	return page, err
}

// nameOf is what another issuer is called.
func (a *Account) nameOf(r *http.Request, issuer string) string {
	if issuer == "" {
		return ""
	}
	if name := a.Web.Pick(r, a.NameOf(r.Context(), issuer)); name != "" {
		return name
	}
	return issuer
}

// methods are a person's credentials as the page shows them. Recovery codes are one line.
func methods(credentials []storage.Credential, now time.Time) (list []web.Method) {
	codes := -1
	for _, c := range credentials {
		if c.Method == recoveryName {
			if codes < 0 {
				codes = len(list)
				list = append(list, web.Method{ID: c.ID, Kind: c.Method, AddedAt: c.CreatedAt, Removable: true})
			}
			list[codes].Left++
			continue
		}
		m := web.Method{
			ID: c.ID, Kind: c.Method, Label: c.Label, AddedAt: c.CreatedAt, UsedAt: c.LastUsedAt,
			// The phone stays: it is the way back in.
			Removable: c.Method != smsName, Renamable: c.Method != smsName,
		}
		if now.Before(c.CountsFrom) {
			m.CountsFrom = c.CountsFrom
		}
		if c.Method == smsName {
			m.Label = identity.MaskPhone(c.Handle)
		}
		if c.Method == relative.Name && c.Label == "" {
			m.Label = identity.MaskPhone(relative.Phone(c.Secret))
		}
		list = append(list, m)
	}
	return list
}

// devices are the places where a person is signed in, each family of sessions once.
func (a *Account) devices(r *http.Request, here storage.LiveSession) (list []web.Device, err error) {
	sessions, err := a.Store.SessionsOf(r.Context(), here.PersonID, a.Clock())
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, s := range sessions {
		if seen[string(s.Family)] || s.Epoch != here.Epoch {
			continue
		}
		seen[string(s.Family)] = true
		d := web.Device{
			ID: deviceID(s), Name: session.DescribeAgent(s.UserAgent), Here: string(s.Family) == string(here.Family),
			SignedInAt: s.CreatedAt, Region: a.nameOf(r, s.Origin),
		}
		if d.Here {
			list = append([]web.Device{d}, list...)
		} else {
			list = append(list, d)
		}
	}
	return list, nil
}

// deviceID names a session to its own person.
func deviceID(s storage.Session) string { return base64.RawURLEncoding.EncodeToString(s.ID) }

// given are the applications that received what is sensitive.
func (a *Account) given(r *http.Request, s storage.LiveSession) (list []web.Given, err error) {
	consents, err := a.Store.ConsentsOf(r.Context(), s.PersonID)
	if err != nil {
		return nil, err
	}
	for _, c := range consents {
		g := web.Given{ClientID: c.ClientID, Scopes: c.Scopes, Since: c.GivenAt, Name: c.ClientID}
		app, err := a.Store.Application(r.Context(), c.ClientID)
		switch {
		case err == nil:
			g.Name = a.Web.Pick(r, app.Name)
		case !errors.Is(err, storage.ErrNotFound):
			return nil, err
		}
		list = append(list, g)
	}
	return list, nil
}

// addURLs are where methods are added, by name.
func (a *Account) addURLs() map[string]string {
	urls := map[string]string{}
	for m := range a.Methods.All() {
		if m.Method().Enrolled {
			urls[m.Method().Name] = pathAdd + m.Method().Name
		}
	}
	return urls
}

// The browser is told to forget a removed passkey when the overview is shown next; what it is told travels in a cookie
// of a minute.
const cookieForget = "forget"

func (a *Account) forget(w http.ResponseWriter, signal json.RawMessage) {
	if len(signal) == 0 || len(signal) > 2048 {
		return
	}
	a.Cookies.Leave(w, cookieForget, base64.RawURLEncoding.EncodeToString(signal))
}

func (a *Account) forgotten(r *http.Request) []byte {
	value := a.Cookies.Left(r, cookieForget)
	signal, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil || !json.Valid(signal) || strings.TrimSpace(string(signal)) == "" {
		return nil
	}
	return signal
}
