package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"manyou/federation/correction"
	"manyou/federation/identity"
	"manyou/idp/console"
	"manyou/storage"
)

type staffCommand struct {
	Add    staffAdd    `cmd:"" help:"Let a person who has signed in here before decide. They need a passkey for it."`
	List   staffList   `cmd:"" help:"List who may."`
	Remove staffRemove `cmd:"" help:"Take it from a person."`
}

// staffPerson names a person by a document, so that nobody is mistaken for a namesake.
type staffPerson struct {
	configFlag
	Kind   string `name:"document-kind" default:"resident_id" help:"Kind of the document (${default})."`
	Number string `name:"document-number" required:"" placeholder:"NUMBER" help:"Its number."`
}

func (c *staffPerson) person(ctx context.Context, o *opened) (storage.Person, error) {
	d, err := identity.ParseDocument(c.Kind, c.Number, time.Now())
	if err != nil {
		return storage.Person{}, usageError{err}
	}
	p, err := o.store.PersonByDocument(ctx, storage.Document{Kind: string(d.Kind), Number: d.Number})
	if errors.Is(err, storage.ErrNotFound) {
		return p, errors.New("nobody with that document has signed in here yet: let them sign in once, and add a passkey")
	}
	return p, err
}

type staffAdd struct {
	staffPerson
	Role   []string `default:"operator" help:"What they may: operator lets provinces in, officer decides cases, supervisor also assigns them and sees how the work goes, auditor sees everything and changes nothing (${default})."`
	Region []string `placeholder:"CODE" help:"Region whose cases an officer or supervisor works on; 00 is all. May be repeated."`
}

// check holds roles and regions to what there is.
func (c *staffAdd) check() error {
	for _, role := range c.Role {
		if !slices.Contains(console.Roles(), role) {
			return usagef("role %.40q: is none of %s", role, strings.Join(console.Roles(), ", "))
		}
	}
	for _, region := range c.Region {
		if _, ok := identity.LookupRegion(region); !ok && region != console.Everywhere {
			return usagef("region %.40q: is no province-level code of GB/T 2260, nor %s for all", region, console.Everywhere)
		}
	}
	works := slices.Contains(c.Role, correction.RoleOfficer) || slices.Contains(c.Role, correction.RoleSupervisor)
	if works != (len(c.Region) > 0) {
		return usagef("an officer or a supervisor needs a --region, and nobody else does")
	}
	return nil
}

// Run gives a person roles.
func (c *staffAdd) Run(ctx context.Context, t *terminal) error {
	return c.use(ctx, t, func(o *opened) error {
		if err := c.check(); err != nil {
			return err
		}
		p, err := c.person(ctx, o)
		if err != nil {
			return err
		}
		if err := o.store.PutStaff(ctx, storage.StaffMember{PersonID: p.ID, Roles: c.Role, Regions: c.Region, CreatedAt: time.Now()}); err != nil {
			return err
		}
		if err := o.record(ctx, "staff.add", map[string]string{"person": p.ID, "roles": strings.Join(c.Role, " "), "regions": strings.Join(c.Region, " ")}); err != nil {
			return err
		}
		_, err = fmt.Fprintf(t.out, "%s is %s: %s/console\n", p.ID, strings.Join(c.Role, ", "), o.config.Issuer)
		return err
	})
}

type staffList struct{ configFlag }

// Run lists the staff, by the identifier that the log has, too.
func (c *staffList) Run(ctx context.Context, t *terminal) error {
	return c.use(ctx, t, func(o *opened) error {
		all, err := o.store.ListStaff(ctx)
		if err != nil {
			return err
		}
		out := table{head: []string{"PERSON", "SINCE", "ROLES", "REGIONS"}}
		for _, m := range all {
			out.add(m.PersonID, m.CreatedAt.Format(time.DateOnly), strings.Join(m.Roles, ", "), strings.Join(m.Regions, ", "))
		}
		return out.write(t.out)
	})
}

type staffRemove struct{ staffPerson }

// Run takes all roles from a person.
func (c *staffRemove) Run(ctx context.Context, t *terminal) error {
	return c.use(ctx, t, func(o *opened) error {
		p, err := c.person(ctx, o)
		if err != nil {
			return err
		}
		if err := o.store.RemoveStaff(ctx, p.ID); errors.Is(err, storage.ErrNotFound) {
			return errors.New("that person has no role")
		} else if err != nil {
			return err
		}
		if err := o.record(ctx, "staff.remove", map[string]string{"person": p.ID}); err != nil {
			return err
		}
		_, err = fmt.Fprintf(t.out, "%s has no role any more.\n", p.ID)
		return err
	})
}
