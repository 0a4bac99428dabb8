package console

import (
	"context"

	"manyou/federation/correction"
	"manyou/idp/web"
)

// proposals are what is proposed, and what was decided.
func (d *desk) proposals(ctx context.Context, page *web.CasePage) error {
	if p := d.of.Body.Proposal; p != nil {
		one, err := d.proposal(ctx, p)
		if err != nil {
			return err
		}
		page.Proposal = &one
	}
	for n := range d.of.Body.Decided {
		one, err := d.proposal(ctx, &d.of.Body.Decided[n])
		if err != nil {
			return err
		}
		page.Decided = append(page.Decided, one)
	}
	return nil
}

func (d *desk) proposal(ctx context.Context, p *correction.Proposal) (one web.CaseProposal, err error) {
	one = web.CaseProposal{
		ID: p.ID, Decision: string(p.Decision), At: p.At, Why: p.Why, Needed: d.Cases.Needed(p.Decision), AppliedAt: p.AppliedAt, Link: d.linkOf(p.Link),
	}
	if one.By, err = d.who(ctx, p.By); err != nil {
		return one, err
	}
	one.Mine = one.By.Kind == "you"
	for _, a := range p.Approvals {
		by, err := d.who(ctx, a.By)
		if err != nil {
			return one, err
		}
		one.Approvals, one.Mine = append(one.Approvals, web.CaseApproval{By: by, At: a.At}), one.Mine || by.Kind == "you"
	}
	if one.Person, err = d.nameOf(ctx, p.Person); err != nil {
		return one, err
	}
	if p.Name != nil {
		compared := correction.CompareValues(p.Name[0], p.Name[1], true)
		one.Name = &compared
	}
	other, err := d.person(ctx, p.Other)
	if err != nil {
		return one, err
	}
	if other != nil {
		about, err := d.about(ctx, other)
		if err != nil {
			return one, err
		}
		one.Other = &about
	}
	if one.Credential, err = d.credential(ctx, p.Person, p.Credential); err != nil {
		return one, err
	}
	if p.Split != nil {
		one.SplitName = p.Split.Name
		if one.Split, err = d.goesAlong(ctx, p); err != nil {
			return one, err
		}
	}
	for _, earlier := range d.of.Body.Decided {
		if p.Undo != "" && earlier.ID == p.Undo {
			one.Undo = string(earlier.Decision)
		}
	}
	return one, nil
}

// goesAlong says what the other one of two takes along.
func (d *desk) goesAlong(ctx context.Context, p *correction.Proposal) (list []string, err error) {
	for _, l := range p.Split.Links {
		list = append(list, d.issuer(l.Issuer)+" "+l.Subject)
	}
	for _, id := range p.Split.Credentials {
		text, err := d.credential(ctx, p.Person, id)
		if err != nil {
			return nil, err
		}
		list = append(list, text)
	}
	for _, doc := range p.Split.Documents {
		kind, _ := d.Web.Text(d.r, "kind."+doc.Kind)
		list = append(list, kind+" "+doc.Number)
	}
	return list, nil
}

// credential is what a credential is called; its identifier if it is gone.
func (d *desk) credential(ctx context.Context, person, id string) (string, error) {
	if id == "" {
		return "", nil
	}
	list, err := d.Store.CredentialsOf(ctx, person)
	if err != nil {
		return "", err
	}
	for _, one := range list {
		if one.ID != id {
			continue
		}
		method, _ := d.Web.Text(d.r, "method."+one.Method)
		if one.Method == methodSMS {
			return method + " " + one.Handle, nil
		}
		return method + " " + one.Label, nil
	}
	return id, nil
}

// acts are the steps that the member can take.
func (d *desk) acts(ctx context.Context, page *web.CasePage) error {
	a := &page.Acts
	if err := d.m.Works(d.of); err != nil {
		a.Barred = problem(err)
		return nil
	}
	return nil
}
