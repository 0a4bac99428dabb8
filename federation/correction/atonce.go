package correction

import (
	"context"
	"strings"
	"time"

	"manyou/storage"
)

// atOnce is the hold that a case places when it is filed. Only a person can have themselves frozen without anybody looking; for everybody
// else a complaint must not become a weapon: nor for an application, by way of the issuer that hands its word on.
func atOnce(f Filing) storage.HoldKind {
	switch {
	case f.Kind == KindTakeover && f.Filer == filerPerson+f.Person:
		return storage.HoldFreeze
	case f.Kind == KindTakeover && strings.HasPrefix(f.Filer, filerIssuer) && f.For == "":
		return storage.HoldStepUp
	case f.Kind == KindTakeover || f.Kind == KindLink || f.Kind == KindCollision:
		return storage.HoldWatch
	}
	return ""
}

// holdAtOnce adds to a filing the hold that it places. What joins another case holds in that one, where officers look, so that nobody keeps an
// account from being stopped by reporting it first.
func (q *Queue) holdAtOnce(ctx context.Context, s *step, f Filing, joins *storage.Case) error {
	kind := atOnce(f)
	if kind == "" || f.Person == "" {
		return nil
	}
	if joins == nil {
		return q.place(s, Target{Person: s.c.PersonID}, kind, time.Time{}, actorSystem)
	}
	list, err := q.Store.HoldsOf(ctx, s.c.PersonID)
	if err != nil {
		return err
	}
	for _, h := range list { // what an officer lifted there only the person themself places again
		if h.CaseID == joins.ID && h.Kind == kind && h.Issuer == "" && (h.Lies() || kind != storage.HoldFreeze) {
			return nil
		}
	}
	if err := q.place(s, Target{Person: s.c.PersonID}, kind, time.Time{}, actorSystem); err != nil {
		return err
	}
	h := &s.place[len(s.place)-1]
	h.CaseID, h.Number = joins.ID, joins.Number
	return nil
}
