package console

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"manyou/federation/correction"
	"manyou/federation/identity"
	"manyou/idp/web"
	"manyou/storage"
)

// history is what happened, as it was noted.
func (d *desk) history(ctx context.Context, page *web.CasePage) error {
	list, err := d.Store.CaseEvents(ctx, d.of.ID)
	if err != nil {
		return err
	}
	for _, e := range list {
		var n correction.Note
		if err := json.Unmarshal(e.Body, &n); err != nil {
			return err
		}
		one := web.CaseEvent{At: e.At, What: e.What, Text: n.Text}
		if one.Who, err = d.who(ctx, e.Actor); err != nil {
			return err
		}
		switch e.What {
		case correction.EventTriaged:
			one.Text, one.Reason = "", n.Text
		case correction.EventJoined:
			one.Text, one.Number = "", n.Text
		}
		if one.To, err = d.nameOf(ctx, n.To); err != nil {
			return err
		}
		if n.Hold != nil {
			one.Hold, one.Until = n.Hold.Kind, n.Hold.Until
		}
		if n.Proposal != nil {
			one.Decision = string(n.Proposal.Decision)
		}
		if n.Evidence != nil {
			for _, key := range saidKeys(n.Evidence.Said) {
				text, ok := d.Web.Text(d.r, "said."+key)
				if !ok {
					text = key
				}
				one.Keys = append(one.Keys, text)
			}
		}
		page.Events = append(page.Events, one)
	}
	return nil
}

// saidKeys are the values of an item of evidence, those that there are words for first.
func saidKeys(said map[string]string) (list []string) {
	for _, k := range web.SaidKeys() {
		if _, ok := said[k]; ok {
			list = append(list, k)
		}
	}
	known := len(list)
	for k := range said {
		if !slices.Contains(web.SaidKeys(), k) {
			list = append(list, k)
		}
	}
	slices.Sort(list[known:])
	return list
}

// evidence puts what the sources say beside what is stored here.
func (d *desk) evidence(ctx context.Context, page *web.CasePage) error {
	b := d.of.Body
	list := slices.Clone(b.Evidence)
	if b.Expected != "" && b.Attribute != "" {
		list = append(list, correction.Evidence{Source: d.of.Filer, At: d.of.FiledAt, Said: map[string]string{b.Attribute: b.Expected}})
	}
	var stored map[string]string
	if n := slices.IndexFunc(list, func(e correction.Evidence) bool { return e.Source == "here" }); n >= 0 {
		stored = list[n].Said
	}
	for _, e := range list {
		if len(e.Said) == 0 { // a file, listed by itself
			continue
		}
		one := web.CaseSource{At: e.At, ACR: e.ACR, Chain: e.Chain}
		var err error
		if one.Who, err = d.who(ctx, e.Source); err != nil {
			return err
		}
		for _, key := range saidKeys(e.Said) {
			one.Said = append(one.Said, said(key, e.Said[key], stored))
		}
		page.Sources = append(page.Sources, one)
	}
	return nil
}

// received is the form in which a name was received, beside the one that is stored; nil if it is not another.
func (d *desk) received(ctx context.Context, r *storage.ReceivedName, stored string) (*web.CaseReceived, error) {
	if r == nil {
		return nil, nil
	}
	who, err := d.who(ctx, r.Source)
	return &web.CaseReceived{Form: correction.CompareValues(r.Form, stored, true).A, Mapping: r.Mapping, Who: who}, err
}

// said is one value of a source beside the one that is stored.
func said(key, value string, stored map[string]string) web.CaseSaid {
	s := web.CaseSaid{Key: key, Known: slices.Contains(web.SaidKeys(), key), Codes: key == correction.AttributeName || key == correction.SaidReceived}
	if key == "text" {
		s.Text = value
		return s
	}
	base, both := stored[key]
	if key == correction.SaidReceived { // a form of the name
		base, both = stored[correction.AttributeName]
	}
	if key == "document" {
		kind, number, _ := strings.Cut(value, " ")
		if slices.Contains(identity.Kinds(), identity.Kind(kind)) {
			s.Kind, value = kind, number
			if of, bare, _ := strings.Cut(base, " "); of == kind {
				base = bare
			}
		}
	}
	if !both {
		base = value
	}
	compared := correction.CompareValues(value, base, s.Codes)
	s.Value = compared.A
	if both {
		s.Same, s.Mapped = compared.Comparison == identity.Equal, compared.Comparison == identity.EqualAfterMapping
		s.Differs = !s.Same && !s.Mapped
	}
	return s
}
