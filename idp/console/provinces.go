package console

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"manyou/federation/identity"
	"manyou/federation/trust"
	"manyou/idp/membership"
	"manyou/idp/web"
	"manyou/storage"
)

// list shows the provinces that are in, that ask, and that were invited.
func (c *Console) list(w http.ResponseWriter, r *http.Request) {
	if m, ok := c.staff(w, r, false, RoleOperator); ok {
		c.renderList(w, r, &web.ConsolePage{Frame: c.frame(m, partProvinces), Notice: notice(r)})
	}
}

// notice is what was just done, if the address says so.
func notice(r *http.Request) string {
	if n := r.URL.Query().Get("done"); slices.Contains(web.ConsoleNotices(), n) {
		return n
	}
	return ""
}

func (c *Console) renderList(w http.ResponseWriter, r *http.Request, page *web.ConsolePage) {
	upstreams, err := c.Membership.Store.ListUpstreams(r.Context())
	if err != nil {
		c.fault(w, r, err)
		return
	}
	invitations, err := c.Membership.Store.ListInvitations(r.Context())
	if err != nil {
		c.fault(w, r, err)
		return
	}
	page.Action = pathProvinces
	for _, u := range upstreams {
		page.Provinces = append(page.Provinces, c.province(r, u))
	}
	asking := map[string]bool{}
	for _, v := range invitations {
		open := v.Status == storage.InvitationRequested || v.Status == storage.InvitationInvited && c.Clock().Before(v.ExpiresAt)
		if !open || asking[v.Region+string(v.Status)] {
			continue
		}
		asking[v.Region+string(v.Status)] = true
		page.Provinces = append(page.Provinces, c.invitation(r, v))
	}
	for _, region := range identity.Regions() {
		name := region.Name
		if c.Web.Language(r, nil) != "zh" {
			name = region.English
		}
		page.Regions = append(page.Regions, web.Province{Region: region.Code, Name: name})
	}
	status := http.StatusOK
	if page.Error != "" {
		status = http.StatusUnprocessableEntity
	}
	c.Web.Render(w, r, status, page)
}

func (c *Console) province(r *http.Request, u storage.Upstream) web.ConsoleProvince {
	return web.ConsoleProvince{
		Region: u.Region, Name: c.Web.Pick(r, u.Name), Issuer: u.Issuer, State: string(u.Status), Since: u.CreatedAt, URL: pathProvinces + "/" + u.Region,
	}
}

func (c *Console) invitation(r *http.Request, v storage.Invitation) web.ConsoleProvince {
	p := web.ConsoleProvince{Region: v.Region, Name: c.Web.Pick(r, v.Name), Issuer: v.Issuer, State: string(v.Status), Since: v.UpdatedAt}
	if v.Status == storage.InvitationRequested {
		var report membership.Report
		p.Failed = json.Unmarshal(v.Report, &report) != nil || !report.Passed()
		p.URL = pathProvinces + "/" + v.Region
	}
	return p
}

// invite makes an invitation and shows its URL, once.
func (c *Console) invite(w http.ResponseWriter, r *http.Request) {
	s, ok := c.staff(w, r, true, RoleOperator)
	if !ok {
		return
	}
	f, page := r.PostForm, &web.ConsolePage{Frame: c.frame(s, partProvinces)}
	address, err := c.Membership.Invite(r.Context(), f.Get("region"), map[string]string{
		"zh": strings.TrimSpace(f.Get("name_zh")), "en": strings.TrimSpace(f.Get("name_en")),
	}, inviteLife)
	var key string
	if err == nil {
		if key, err = c.KeyID(); err == nil {
			err = c.record(r, s.LiveSession, "invite", f.Get("region"))
		}
	}
	switch {
	case errors.Is(err, membership.ErrName), errors.Is(err, membership.ErrRegion):
		page.Error, page.Region, page.NameZH, page.NameEN = web.ErrConsoleName, f.Get("region"), f.Get("name_zh"), f.Get("name_en")
	case err != nil:
		c.fault(w, r, err)
		return
	default:
		page.Invited = address + "#" + key
	}
	c.renderList(w, r, page)
}

// show shows one province: what it was tried with, how it is known, what it says of itself.
func (c *Console) show(w http.ResponseWriter, r *http.Request) {
	if m, ok := c.staff(w, r, false, RoleOperator); ok {
		c.renderProvince(w, r, m, http.StatusOK, notice(r))
	}
}

func (c *Console) renderProvince(w http.ResponseWriter, r *http.Request, m member, status int, notice string) {
	page, err := c.about(r)
	switch {
	case errors.Is(err, membership.ErrUnknown):
		c.problem(w, r, http.StatusNotFound, web.ProblemNotFound, err)
	case err != nil:
		c.fault(w, r, err)
	default:
		page.Frame, page.Notice = c.frame(m, partProvinces), notice
		c.Web.Render(w, r, status, page)
	}
}

// shown are the parameters of a provider that an operator looks at.
var shown = []string{
	"authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "scopes_supported", "acr_values_supported", "grant_types_supported",
}

// lookTimeout bounds how long the page waits for a province.
const lookTimeout = 5 * time.Second

// about gathers what is known of a province: of a request before what was decided earlier.
func (c *Console) about(r *http.Request) (*web.ConsoleProvincePage, error) {
	region := r.PathValue("region")
	page := &web.ConsoleProvincePage{Action: pathProvinces + "/" + region, BackURL: pathProvinces}
	v, report, err := c.Membership.Pending(r.Context(), region)
	switch {
	case err == nil:
		page.Province, page.Passed, page.TriedAt, page.Seen = c.invitation(r, v), report.Passed(), report.At, membership.Digest(v)
		asked, err := trust.ParseKeys(v.JWKS)
		if err != nil {
			return nil, err
		}
		for _, k := range asked.Keys { // those that it would be known by
			page.Thumbprints = append(page.Thumbprints, k.KeyID)
		}
		for _, one := range report.Checks {
			page.Checks = append(page.Checks, web.ConsoleCheck{Name: one.Name, Passed: one.Passed, Detail: one.Detail})
		}
	case errors.Is(err, membership.ErrNotPending):
		u, err := c.Membership.Find(r.Context(), region)
		if err != nil {
			return nil, err
		}
		page.Province = c.province(r, u)
	default:
		return nil, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), lookTimeout)
	defer cancel()
	if resolved, err := c.Resolve(ctx, page.Province.Issuer); err != nil {
		page.Unknown = err.Error()
	} else {
		page.Chain, page.ChainUntil = resolved.Path, resolved.ExpiresAt
	}
	said, err := c.Ask(ctx, page.Province.Issuer)
	if err != nil {
		return page, nil //nolint:nilerr // it does not answer, or is no entity: there is nothing to show
	}
	if page.Seen == "" {
		for _, k := range said.Keys.Keys {
			page.Thumbprints = append(page.Thumbprints, k.KeyID)
		}
	}
	page.Metadata = facts(said.Metadata[trust.OpenIDProvider])
	return page, nil
}

// facts are the parameters that are shown, as text.
func facts(raw json.RawMessage) (list [][2]string) {
	var m map[string]any
	if json.Unmarshal(raw, &m) != nil {
		return nil
	}
	for _, name := range shown {
		switch v := m[name].(type) {
		case string:
			list = append(list, [2]string{name, v})
		case []any:
			var words []string
			for _, one := range v {
				if text, ok := one.(string); ok {
					words = append(words, text)
				}
			}
			list = append(list, [2]string{name, strings.Join(words, " ")})
		}
	}
	return list
}

// decide does what a button of a province's page asks for.
func (c *Console) decide(w http.ResponseWriter, r *http.Request) {
	s, ok := c.staff(w, r, true, RoleOperator)
	if !ok {
		return
	}
	region, action := r.PathValue("region"), r.PostForm.Get("action")
	done := map[string]string{"approve": "approved", "approve_anyway": "approved", "decline": "declined", "suspend": "suspended", "resume": "resumed"}[action]
	err := c.carryOut(r, action, region)
	switch {
	case done == "" || errors.Is(err, membership.ErrFailed):
		c.show(w, r) // the page says what is the matter
		return
	case errors.Is(err, membership.ErrNotPending), errors.Is(err, membership.ErrUnknown):
		done = "not_pending"
	case errors.Is(err, membership.ErrTaken):
		done = "taken"
	case errors.Is(err, membership.ErrChanged): // what is decided is what was read
		c.renderProvince(w, r, s, http.StatusConflict, "changed")
		return
	case err == nil:
		err = c.record(r, s.LiveSession, action, region)
		fallthrough
	default:
		if err != nil {
			c.fault(w, r, err)
			return
		}
	}
	http.Redirect(w, r, pathProvinces+"?done="+done, http.StatusSeeOther)
}

func (c *Console) carryOut(r *http.Request, action, region string) error {
	ctx := r.Context()
	switch action {
	case "approve", "approve_anyway":
		_, err := c.Membership.Approve(ctx, region, r.PostForm.Get("seen"), action == "approve_anyway")
		return err
	case "decline":
		_, err := c.Membership.Decline(ctx, region)
		return err
	}
	u, err := c.Membership.Find(ctx, region)
	if err != nil {
		return err
	}
	switch action {
	case "suspend":
		_, err = c.Membership.Suspend(ctx, u)
	case "resume":
		err = c.Membership.Resume(ctx, u)
	}
	return err
}
