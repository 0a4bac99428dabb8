package console

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"manyou/federation/correction"
	"manyou/idp/web"
	"manyou/storage"
)

// desk gathers what a page says of a case. What it reads it reads once.
type desk struct {
	*Console
	r         *http.Request
	m         member
	of        *correction.Case
	persons   map[string]*storage.Person // nil: there is none
	upstreams []storage.Upstream
	apps      map[string]string
}

func (c *Console) newDesk(r *http.Request, m member, of *correction.Case) (*desk, error) {
	upstreams, err := c.Store.ListUpstreams(r.Context())
	return &desk{Console: c, r: r, m: m, of: of, persons: map[string]*storage.Person{}, apps: map[string]string{}, upstreams: upstreams}, err
}

const (
	shortList     = 20
	maxDuplicates = 50
)

func (c *Console) renderCase(w http.ResponseWriter, r *http.Request, m member, of *correction.Case, page *web.CasePage, status int) {
	d, err := c.newDesk(r, m, of)
	if err == nil {
		err = d.fill(r.Context(), page)
	}
	if err != nil {
		c.fault(w, r, err)
		return
	}
	c.Web.Render(w, r, status, page)
}

func (d *desk) fill(ctx context.Context, page *web.CasePage) error {
	of := d.of
	page.Frame, page.Action, page.BackURL, page.Head, page.Version = d.frame(d.m, partCases), caseURL(of.Number), pathCases, d.head(d.r, d.m, &of.Case), of.Version
	page.Head.Reason = of.Body.Reason
	for _, step := range []func(context.Context, *web.CasePage) error{
		d.people, d.complaint, d.evidence, d.files, d.holds, d.proposals, d.others, d.deliveries, d.history, d.acts,
	} {
		if err := step(ctx, page); err != nil {
			return err
		}
	}
	return nil
}

// person reads somebody; nil if there is no such person.
func (d *desk) person(ctx context.Context, id string) (*storage.Person, error) {
	if id == "" {
		return nil, nil
	}
	if p, ok := d.persons[id]; ok {
		return p, nil
	}
	p, err := d.Store.Person(ctx, id)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		d.persons[id] = nil
	case err != nil:
		return nil, err
	default:
		d.persons[id] = &p
	}
	return d.persons[id], nil
}

func (d *desk) nameOf(ctx context.Context, id string) (string, error) {
	p, err := d.person(ctx, id)
	if err != nil || p == nil {
		return "", err
	}
	return p.Name, nil
}

// issuer is what another issuer is called.
func (d *desk) issuer(id string) string {
	for _, u := range d.upstreams {
		if u.Issuer == id {
			return d.Web.Pick(d.r, u.Name)
		}
	}
	return id
}

// application is what an application is called, or the issuer that it is.
func (d *desk) application(ctx context.Context, id string) (name string, region bool, err error) {
	for _, u := range d.upstreams {
		if u.Issuer == id {
			return d.Web.Pick(d.r, u.Name), true, nil
		}
	}
	a, err := d.Store.Application(ctx, id)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return id, false, nil // known by its chain
	case err != nil:
		return "", false, err
	}
	if name = d.Web.Pick(d.r, a.Name); name == "" {
		name = id
	}
	return name, a.Issuer, nil
}

// who says who acted.
func (d *desk) who(ctx context.Context, actor string) (w web.Who, err error) {
	kind, id, _ := strings.Cut(actor, ":")
	switch w.Kind = kind; kind {
	case "officer", "person":
		if id == d.m.id() {
			w.Kind = "you"
			return w, nil
		}
		w.Name, err = d.nameOf(ctx, id)
	case "application":
		w.Name, _, err = d.application(ctx, id)
	case "issuer":
		w.Name = d.issuer(id)
	case "system", "register", "here", "visitor":
	default:
		w.Kind, w.Name = "other", actor
	}
	return w, err
}

func (d *desk) people(ctx context.Context, page *web.CasePage) error {
	first, other, err := d.found(ctx, d.of)
	if err != nil {
		return err
	}
	about, err := d.Cases.About(ctx, d.of)
	if err != nil {
		return err
	}
	for _, id := range about {
		p, err := d.person(ctx, id)
		if err != nil {
			return err
		}
		if p == nil {
			continue // the other one of a split that is only proposed
		}
		one, err := d.about(ctx, p)
		if err != nil {
			return err
		}
		one.First, one.Other = id == first, id == other
		page.People = append(page.People, one)
	}
	return nil
}

// about is what is shown of a person.
func (d *desk) about(ctx context.Context, p *storage.Person) (one web.CasePerson, err error) {
	one = web.CasePerson{ID: p.ID, Name: p.Name, Region: d.place(d.r, p.Region), Status: string(p.Status)}
	for _, doc := range p.Documents {
		one.Documents = append(one.Documents, web.CaseDocument{Kind: doc.Kind, Number: doc.Number, Value: doc.Kind + " " + doc.Number})
	}
	if one.Received, err = d.received(ctx, p.Received, p.Name); err != nil {
		return one, err
	}
	links, err := d.Store.LinksOf(ctx, p.ID)
	if err != nil {
		return one, err
	}
	for _, l := range links {
		one.Links = append(one.Links, d.link(l))
	}
	credentials, err := d.Store.CredentialsOf(ctx, p.ID)
	if err != nil {
		return one, err
	}
	for _, cred := range credentials {
		if !slices.Contains(web.MethodKinds(), cred.Method) {
			continue
		}
		label := cred.Label
		if cred.Method == methodSMS {
			label = cred.Handle
		}
		one.Credentials = append(one.Credentials, web.CaseCredential{ID: cred.ID, Method: cred.Method, Label: label, Since: cred.CreatedAt})
	}
	return one, nil
}

const methodSMS = "sms"

func (d *desk) link(l storage.Link) web.CaseLink {
	return web.CaseLink{
		Name: d.issuer(l.Issuer), Issuer: l.Issuer, Subject: l.Subject, Frozen: l.Frozen, Since: l.CreatedAt, Value: l.Issuer + " " + l.Subject,
	}
}

func (d *desk) linkOf(l *correction.Link) *web.CaseLink {
	if l == nil {
		return nil
	}
	one := d.link(storage.Link{Issuer: l.Issuer, Subject: l.Subject})
	return &one
}

func (d *desk) complaint(ctx context.Context, page *web.CasePage) (err error) {
	b := d.of.Body
	page.Complaint = web.CaseComplaint{For: b.For, Statement: b.Statement, Expected: b.Expected, Link: d.linkOf(b.Link)}
	if slices.Contains(web.CaseAttributes(), b.Attribute) {
		page.Complaint.Attribute = b.Attribute
	}
	page.Complaint.Filer, err = d.who(ctx, d.of.Filer)
	return err
}

func (d *desk) holds(ctx context.Context, page *web.CasePage) error {
	about, err := d.Cases.About(ctx, d.of)
	if err != nil {
		return err
	}
	for _, id := range about {
		list, err := d.Store.HoldsOf(ctx, id)
		if err != nil {
			return err
		}
		for _, h := range list {
			one := web.CaseHold{ID: h.ID, Kind: string(h.Kind), Number: h.Number, Here: h.CaseID == d.of.ID, At: h.PlacedAt, Until: h.Until, LiftedAt: h.LiftedAt}
			if h.Issuer != "" {
				one.Link = d.linkOf(&correction.Link{Issuer: h.Issuer, Subject: h.Subject})
			}
			if one.Person, err = d.nameOf(ctx, id); err != nil {
				return err
			}
			if one.By, err = d.who(ctx, h.PlacedBy); err != nil {
				return err
			}
			if one.LiftedBy, err = d.who(ctx, h.LiftedBy); err != nil {
				return err
			}
			page.Holds = append(page.Holds, one)
		}
	}
	return nil
}

func (d *desk) others(ctx context.Context, page *web.CasePage) error {
	about, err := d.Cases.About(ctx, d.of)
	if err != nil {
		return err
	}
	seen := []string{d.of.ID}
	for _, id := range about {
		list, err := d.Store.CasesOf(ctx, id, shortList)
		if err != nil {
			return err
		}
		for n := range list {
			if !slices.Contains(seen, list[n].ID) && list[n].DuplicateOf != d.of.ID {
				seen = append(seen, list[n].ID)
				page.Others = append(page.Others, d.head(d.r, d.m, &list[n]))
			}
		}
	}
	joined, err := d.Store.DuplicatesOf(ctx, d.of.ID, maxDuplicates)
	if err != nil {
		return err
	}
	for n := range joined {
		page.Duplicates = append(page.Duplicates, d.head(d.r, d.m, &joined[n]))
	}
	if d.of.DuplicateOf == "" {
		return nil
	}
	first, err := d.Cases.Find(ctx, d.of.DuplicateOf)
	if err != nil {
		return err
	}
	head := d.head(d.r, d.m, &first.Case)
	page.DuplicateOf = &head
	return nil
}

func (d *desk) deliveries(ctx context.Context, page *web.CasePage) error {
	list, err := d.Store.DeliveriesOf(ctx, d.of.ID)
	if err != nil {
		return err
	}
	for _, one := range list {
		name, region, err := d.application(ctx, one.ClientID)
		if err != nil {
			return err
		}
		page.Deliveries = append(page.Deliveries, web.CaseDelivery{Name: name, ID: one.ClientID, Region: region, What: string(one.What), AckedAt: one.AckedAt, LostAt: one.LostAt})
	}
	slices.SortStableFunc(page.Deliveries, func(a, b web.CaseDelivery) int {
		switch {
		case a.Region == b.Region:
			return 0
		case a.Region:
			return -1
		}
		return 1
	})
	return nil
}
