package correction

import (
	"context"
	"errors"
	"slices"
	"strings"

	"manyou/storage"
)

// Roles of those who work on cases.
const (
	RoleOfficer    = "officer"    // reviews, proposes, approves
	RoleSupervisor = "supervisor" // an officer who also assigns, reopens and sees how the work goes
	RoleAuditor    = "auditor"    // sees everything and changes nothing
)

// Roles lists the roles.
func Roles() []string { return []string{RoleOfficer, RoleSupervisor, RoleAuditor} }

// everywhere is the scope of who works for all regions.
const everywhere = "00"

// Officer is somebody who works on cases.
type Officer struct {
	PersonID string
	Roles    []string
	// Regions are those whose cases they see; "00" is all.
	Regions []string
}

// Why a step is refused.
var (
	// ErrRole: they have no role for it.
	ErrRole = errors.New("correction: not of that role")
	// ErrRegion: the case is another region's.
	ErrRegion = errors.New("correction: another region's case")
	// ErrSelf: it is about themselves, or they filed it.
	ErrSelf = errors.New("correction: nobody decides about themselves")
	// ErrSamePerson: who proposed, or approved before, is the same person.
	ErrSamePerson = errors.New("correction: a second person has to decide")
	// ErrState: the case does not stand where the step begins.
	ErrState = errors.New("correction: not from this state")
)

// Sees reports whether an officer may look at cases of a region.
func (o Officer) Sees(region string) bool {
	return len(o.Roles) > 0 && (slices.Contains(o.Regions, everywhere) || slices.Contains(o.Regions, region) || slices.Contains(o.Roles, RoleAuditor))
}

// works reports whether an officer may change a case.
func (o Officer) works(c *Case) error {
	switch {
	case !slices.Contains(o.Roles, RoleOfficer) && !slices.Contains(o.Roles, RoleSupervisor):
		return ErrRole
	case !slices.Contains(o.Regions, everywhere) && !slices.Contains(o.Regions, c.Region):
		return ErrRegion
	}
	return nil
}

func (o Officer) supervises(c *Case) error {
	if !slices.Contains(o.Roles, RoleSupervisor) {
		return ErrRole
	}
	return o.works(c)
}

// actor is how an officer is named in the history.
func (o Officer) actor() string { return "officer:" + o.PersonID }

// mayDecide refuses officers who are of another region, who are concerned themselves, or who filed the case. Persons that were merged
// count as who they were found to be, and two records with one phone number as one person: nobody becomes a second pair of eyes, or a
// stranger to their own record, by having two.
func (q *Queue) mayDecide(ctx context.Context, o Officer, c *Case, p *Proposal) error {
	if err := o.works(c); err != nil {
		return err
	}
	for _, kind := range []string{filerPerson, filerOfficer} {
		filer, _ := strings.CutPrefix(c.Filer, kind)
		if same, err := q.same(ctx, o.PersonID, filer); err != nil {
			return err
		} else if same {
			return ErrSelf
		}
	}
	concerned := c.persons() // whom earlier decisions changed, too: they may be taken back
	if p != nil {
		concerned = append(concerned, p.persons()...)
	}
	return q.unconcerned(ctx, o, concerned)
}

// unconcerned reports [ErrSelf] if an officer is one of those persons.
func (q *Queue) unconcerned(ctx context.Context, o Officer, persons []string) error {
	for _, id := range persons {
		same, err := q.same(ctx, o.PersonID, id)
		if err != nil {
			return err
		}
		if same {
			return ErrSelf
		}
	}
	return nil
}

// same reports whether two records are, or may be, one person's.
func (q *Queue) same(ctx context.Context, a, b string) (bool, error) {
	if a == "" || b == "" {
		return false, nil
	}
	if a == b {
		return true, nil
	}
	one, err := q.resolved(ctx, a)
	if err != nil {
		return false, ignoreMissing(err)
	}
	other, err := q.resolved(ctx, b)
	if err != nil {
		return false, ignoreMissing(err)
	}
	if one.ID == other.ID {
		return true, nil
	}
	phones := map[string]bool{}
	for n, id := range []string{one.ID, other.ID} {
		credentials, err := q.Store.CredentialsOf(ctx, id)
		if err != nil {
			return false, err
		}
		for _, cred := range credentials {
			if cred.Method != methodSMS {
				continue
			}
			if n == 1 && phones[cred.Handle] {
				return true, nil
			}
			phones[cred.Handle] = true
		}
	}
	return false, nil
}

const methodSMS = "sms"

// resolved is the person that a record was found to be.
func (q *Queue) resolved(ctx context.Context, id string) (storage.Person, error) {
	p, err := q.Store.Person(ctx, id)
	if err != nil || p.MergedInto == "" {
		return p, err
	}
	return q.Store.Person(ctx, p.MergedInto)
}

func ignoreMissing(err error) error {
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	return err
}
