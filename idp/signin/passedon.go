package signin

import (
	"context"
	"time"

	"manyou/federation/correction"
	"manyou/federation/identity"
	"manyou/federation/register"
)

// PassedOn is a number that somebody proved to be theirs now, and that another person has enrolled here, of whom the register says that it is
// not theirs. Who proved it is nobody's business but theirs.
type PassedOn struct {
	PersonID string // whose it was
	Phone    string
	ACR      int // of the one whose it is
	// WaysLeft is by how many other ways the person signs in here.
	WaysLeft int
}

// Bounds of asking about those who enrolled a number before.
const (
	// passedOnEvery is how often the register is asked whether one number is one person's.
	passedOnEvery   = 24 * time.Hour
	passedOnTimeout = 30 * time.Second
	maxPassingOn    = 16
	maxOthers       = 8 // a family, and those who had the number before
)

// passedOn asks the register, behind a sign-in that is done, whether a number that was just proven is still that of the others who enrolled
// it. A family that shares one goes on sharing it.
func (s *SignIn) passedOn(ctx context.Context, phone string, others []string, acr int) {
	if s.PassedOn == nil || len(others) == 0 {
		return
	}
	select {
	case s.passingOn <- struct{}{}:
	default:
		s.Logger.WarnContext(ctx, "whose a number was is not asked", "cause", "too many are asked about")
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), passedOnTimeout)
	go func() {
		defer func() { cancel(); <-s.passingOn }()
		for _, person := range others[:min(len(others), maxOthers)] {
			if err := s.passedOnNow(ctx, person, phone, acr); err != nil {
				s.Logger.WarnContext(ctx, "whose a number was is not known", "cause", err)
			}
		}
	}()
}

func (s *SignIn) passedOnNow(ctx context.Context, person, phone string, acr int) error {
	key := "passed_on:" + encoding.EncodeToString(s.Vault.MAC("passed_on", []byte(person+"\x00"+phone))[:18])
	totals, err := s.Store.Count(ctx, []string{key}, 1, s.Clock().Truncate(passedOnEvery).Add(passedOnEvery))
	if err != nil || totals[0] > 1 {
		return err
	}
	p, err := s.Store.Person(ctx, person)
	if err != nil || len(p.Documents) == 0 {
		return err
	}
	name, err := identity.NormalizeName(p.Name)
	if err != nil {
		return nil //nolint:nilerr // no name: there is nothing to ask
	}
	document, err := identity.ParseDocument(p.Documents[0].Kind, p.Documents[0].Number, s.Clock())
	if err != nil {
		return nil //nolint:nilerr // kept from a time when it counted as one
	}
	verdict, err := s.Register.Verify(ctx, register.Claim{Name: name, Document: document, Phone: phone})
	if err != nil || !correction.NotTheirs(verdict) {
		return err
	}
	credentials, err := s.Store.CredentialsOf(ctx, person)
	if err != nil {
		return err
	}
	return s.PassedOn(ctx, PassedOn{PersonID: person, Phone: phone, ACR: acr, WaysLeft: correction.WaysLeft(credentials, phone)})
}
