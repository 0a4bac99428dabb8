package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"manyou/federation/trust"
	"manyou/idp/membership"
	"manyou/storage"
)

type provinceRequests struct {
	configFlag
	JSON bool `help:"Print as JSON."`
}

// shownInvitation is an invitation as the command line shows it.
type shownInvitation struct {
	Region      string                   `json:"region"`
	Status      storage.InvitationStatus `json:"status"`
	Issuer      string                   `json:"issuer,omitempty"`
	Name        map[string]string        `json:"name"`
	ExpiresAt   time.Time                `json:"expires_at"`
	UpdatedAt   time.Time                `json:"updated_at"`
	Thumbprints []string                 `json:"thumbprints,omitempty"`
	Report      json.RawMessage          `json:"report,omitempty"`
}

// Run lists the invitations, the latest to change first.
func (c *provinceRequests) Run(ctx context.Context, t *terminal) error {
	return c.use(ctx, t, func(o *opened) error {
		all, err := o.store.ListInvitations(ctx)
		if err != nil {
			return err
		}
		list := make([]shownInvitation, len(all))
		out := table{head: []string{"REGION", "STATUS", "ISSUER", "REPORT"}}
		for n, v := range all {
			list[n] = shownInvitation{v.Region, v.Status, v.Issuer, v.Name, v.ExpiresAt, v.UpdatedAt, nil, v.Report}
			verdict := ""
			if len(v.Report) > 0 {
				var r membership.Report
				if err := json.Unmarshal(v.Report, &r); err != nil {
					return err
				}
				if list[n].Thumbprints, err = printsOf(v.JWKS); err != nil {
					return err
				}
				verdict = "failed"
				if r.Passed() {
					verdict = "passed"
				}
			}
			out.add(v.Region, string(v.Status), v.Issuer, verdict)
		}
		if c.JSON {
			return writeJSON(t.out, list)
		}
		return out.write(t.out)
	})
}

type provinceDecision struct {
	configFlag
	Region string `arg:"" help:"The region that asks."`
}

type provinceShow struct{ provinceDecision }

// Run shows what a request rests on: the report, and what the province says of itself now.
func (c *provinceShow) Run(ctx context.Context, t *terminal) error {
	return c.use(ctx, t, func(o *opened) error {
		v, report, err := members(o).Pending(ctx, c.Region)
		if err != nil {
			return c.explain(err)
		}
		if err := showRequest(t, v, report); err != nil {
			return err
		}
		s, err := trust.Ask(ctx, trust.NewFetcher(plain(o.config.Issuer), nil), v.Issuer)
		if err != nil {
			fmt.Fprintf(t.out, "It does not answer now: %v\n", err)
			return nil
		}
		return writeJSON(t.out, map[string]any{"authority_hints": s.AuthorityHints, "metadata": s.Metadata})
	})
}

// showRequest shows what a decision is about, with the digest that it is bound to.
func showRequest(t *terminal, v storage.Invitation, report membership.Report) error {
	prints, err := printsOf(v.JWKS)
	if err != nil {
		return err
	}
	f := facts{
		{"region", v.Region}, {"issuer", v.Issuer}, {"name", v.Name["zh"] + " " + v.Name["en"]}, {"tried", report.At.Format(time.RFC3339)},
		{"digest", membership.Digest(v)},
	}
	for _, p := range prints {
		f = append(f, [2]string{"thumbprint", p})
	}
	if err := f.write(t.out); err != nil {
		return err
	}
	printReport(t, report)
	return nil
}

type provinceApprove struct {
	provinceDecision
	Seen   string `placeholder:"DIGEST" help:"The request that was looked at, as show and this command print it. Without it nothing is decided."`
	Anyway bool   `help:"Although the report says that something failed."`
}

// Run lets a province in: it is vouched for as the issuer of its region, and its people can sign in. Without the digest of what was
// looked at it shows what there is to decide: the one who has the invitation may put another request in its place at any time.
func (c *provinceApprove) Run(ctx context.Context, t *terminal) error {
	return c.use(ctx, t, func(o *opened) error {
		if err := national(o); err != nil {
			return err
		}
		if c.Seen == "" {
			v, report, err := members(o).Pending(ctx, c.Region)
			if err != nil {
				return c.explain(err)
			}
			if err := showRequest(t, v, report); err != nil {
				return err
			}
			fmt.Fprintf(t.out, "Nothing was decided. To let in what is shown here: manyou province approve %s --seen=%s\n", v.Region, membership.Digest(v))
			return nil
		}
		v, err := members(o).Approve(ctx, c.Region, c.Seen, c.Anyway)
		if errors.Is(err, membership.ErrFailed) {
			var report membership.Report
			if err := json.Unmarshal(v.Report, &report); err != nil {
				return err
			}
			printReport(t, report)
			return errors.New("something failed; nothing was decided. Have it repaired, or decide --anyway")
		} else if err != nil {
			return c.explain(err)
		}
		if err := o.record(ctx, "province.approve", map[string]string{"region": v.Region, "issuer": v.Issuer}); err != nil {
			return err
		}
		_, err = fmt.Fprintf(t.out, "%s (%s) is in: its people can sign in.\n", v.Region, v.Issuer)
		return err
	})
}

type provinceDecline struct{ provinceDecision }

// Run turns a request down. The invitation is good no more.
func (c *provinceDecline) Run(ctx context.Context, t *terminal) error {
	return c.use(ctx, t, func(o *opened) error {
		v, err := members(o).Decline(ctx, c.Region)
		if err != nil {
			return c.explain(err)
		}
		if err := o.record(ctx, "province.decline", map[string]string{"region": v.Region, "issuer": v.Issuer}); err != nil {
			return err
		}
		_, err = fmt.Fprintf(t.out, "%s (%s) was declined.\n", v.Region, v.Issuer)
		return err
	})
}

// explain says what to do about an error.
func (c *provinceDecision) explain(err error) error {
	switch {
	case errors.Is(err, membership.ErrNotPending):
		return fmt.Errorf("region %.10q has not asked; manyou province requests lists who has", c.Region)
	case errors.Is(err, membership.ErrChanged):
		return fmt.Errorf("region %.10q has asked anew since: nothing was decided; manyou province show %.10s shows what it asks now", c.Region, c.Region)
	case errors.Is(err, membership.ErrTaken):
		return fmt.Errorf("another issuer holds region %.10q already, or this issuer another region; manyou province list names them", c.Region)
	}
	return err
}
