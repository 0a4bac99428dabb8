package console

import (
	"context"
	"slices"

	"manyou/federation/correction"
	"manyou/idp/web"
	"manyou/storage"
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
		if one.Received, err = d.received(ctx, p.Received, p.Name[1]); err != nil {
			return one, err
		}
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
	if p.Phone != "" { // which may be gone by now
		method, _ := d.Web.Text(d.r, "method."+methodSMS)
		one.Credential = method + " " + p.Phone
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
	a, of := &page.Acts, d.of
	if err := d.m.Works(d.of); err != nil {
		a.Barred = problem(err)
		return nil
	}
	if err := d.Cases.MayDecide(ctx, d.m.Officer, of); err != nil {
		if a.Barred = problem(err); a.Barred == "" {
			return err
		}
		return nil
	}
	chief, mine, known := d.m.is(correction.RoleSupervisor), of.Assignee == d.m.id(), page.FirstPerson() != nil
	a.Take = of.May(correction.EventTaken) && !mine
	a.Assign = of.May(correction.EventTaken) && (mine || chief)
	a.Approve = of.May(correction.EventApproved) && page.Proposal != nil && !page.Proposal.Mine
	a.Return, a.Reject = of.May(correction.EventReturned), of.May(correction.EventRejected)
	a.Reopen = of.May(correction.EventReopened) && chief
	a.Note, a.Escalate, a.Evidence = of.May(correction.EventNoted), of.May(correction.EventEscalated) && of.Priority < correction.PriorityUrgent, of.May(correction.EventEvidence)
	a.Freeze, a.StepUp = of.May(correction.EventHeld) && known, of.May(correction.EventHeld) && known
	if of.May(correction.EventProposed) && known {
		a.Propose, a.Likely = proposalForms(page)
	}
	for n := range page.Holds {
		h := &page.Holds[n]
		lies := h.Here && h.LiftedAt.IsZero()
		h.Confirm = lies && !h.Until.IsZero() && h.By.Kind != "you" && of.May(correction.EventConfirmed)
		lasting := h.Kind == string(storage.HoldDeactivate) || h.Kind == string(storage.HoldFreeze) && h.Until.IsZero() && h.By.Kind != "system"
		h.Lift = lies && !lasting && of.May(correction.EventLifted)
	}
	if !a.Assign {
		return nil
	}
	return d.officers(ctx, a)
}

// officers lists who else can be given the case.
func (d *desk) officers(ctx context.Context, a *web.CaseActs) error {
	all, err := d.Store.ListStaff(ctx)
	if err != nil {
		return err
	}
	for _, s := range all {
		o := correction.Officer{PersonID: s.PersonID, Roles: s.Roles, Regions: s.Regions}
		if o.Works(d.of) != nil || s.PersonID == d.of.Assignee {
			continue
		}
		name, err := d.nameOf(ctx, s.PersonID)
		if err != nil {
			return err
		}
		a.Officers = append(a.Officers, web.CaseOfficer{ID: s.PersonID, Name: name})
	}
	a.Assign = len(a.Officers) > 0
	return nil
}

// likely are the forms that a kind of case is mostly decided by.
var likely = map[correction.Kind][]string{
	correction.KindAttribute: {"name", "phone"}, correction.KindEncoding: {"name"}, correction.KindLink: {"relink", "unlink"}, correction.KindDuplicate: {"merge"},
	correction.KindCollision: {"split"}, correction.KindTakeover: {"freeze", "phone", "unlink"}, correction.KindLifecycle: {"deactivate", "reinstate"},
	correction.KindConflict: {"name", "relink"},
}

// proposalForms lists the forms of what can be proposed, and how many of them are likely.
func proposalForms(page *web.CasePage) (list []string, likelies int) {
	first := page.FirstPerson()
	links, frozen := false, false
	for _, p := range page.People {
		links = links || len(p.Links) > 0
	}
	for _, h := range page.Holds {
		frozen = frozen || h.Here && h.LiftedAt.IsZero() && h.Kind == string(storage.HoldFreeze)
	}
	can := map[string]bool{
		"name": true, "phone": len(page.Phones()) > 0, "relink": links, "unlink": links, "merge": true,
		"split":  len(first.Documents)+len(first.Links)+len(first.Credentials) > 0,
		"freeze": true, "thaw": frozen, "deactivate": first.Status != string(storage.PersonDeactivated),
		"reinstate": first.Status == string(storage.PersonDeactivated), "undo": len(page.Decided) > 0,
	}
	expected := likely[correction.Kind(page.Head.Kind)]
	if page.Complaint.Attribute == correction.AttributePhone {
		expected = []string{"phone"}
	}
	for _, f := range expected {
		if can[f] {
			list = append(list, f)
		}
	}
	likelies = len(list)
	for _, f := range web.ProposalForms() {
		if can[f] && !slices.Contains(expected, f) {
			list = append(list, f)
		}
	}
	return list, likelies
}
