package config

import (
	"time"

	"manyou/federation/correction"
)

// Correction says how disputes about identities are decided. They are decided at the nation.
type Correction struct {
	Approvals  Approvals     `yaml:"approvals" doc:"How many officers besides the one who proposes have to approve a decision."`
	Due        Due           `yaml:"due" doc:"How long a case may take, by its kind. Each time it is over the case becomes more urgent by one."`
	BreakGlass time.Duration `yaml:"break_glass" doc:"How long a freeze lies that one officer placed alone, unless a second confirms it. An hour at most."`
	Appeal     time.Duration `yaml:"appeal" doc:"How long after its end a case can be objected to."`
}

// Approvals are how many have to approve, by decision.
type Approvals struct {
	Correct    int `yaml:"correct" doc:"An attribute is another."`
	Relink     int `yaml:"relink" doc:"An account of another issuer belongs to another person."`
	Unlink     int `yaml:"unlink" doc:"An account of another issuer belongs to nobody here."`
	Merge      int `yaml:"merge" doc:"Two records are one person."`
	Split      int `yaml:"split" doc:"One record is two persons."`
	Freeze     int `yaml:"freeze" doc:"Nobody signs in, until a thaw is decided."`
	Thaw       int `yaml:"thaw" doc:"The freezes of a case end."`
	Deactivate int `yaml:"deactivate" doc:"The person died, or the record is cancelled."`
	Reinstate  int `yaml:"reinstate" doc:"That was wrong."`
	Undo       int `yaml:"undo" doc:"An earlier decision is taken back."`
}

// Due is how long a case may take, by kind.
type Due struct {
	Takeover  time.Duration `yaml:"takeover" doc:"Somebody else uses the account."`
	Link      time.Duration `yaml:"wrong_link" doc:"An account of another issuer is linked to the wrong person."`
	Collision time.Duration `yaml:"collision" doc:"Two people are in one record."`
	Lifecycle time.Duration `yaml:"lifecycle" doc:"The person died, the record was cancelled, or wrongly so."`
	Attribute time.Duration `yaml:"wrong_attribute" doc:"A name or a phone number is wrong."`
	Encoding  time.Duration `yaml:"encoding" doc:"A name is the same, in other code points: nobody is kept from anything."`
	Duplicate time.Duration `yaml:"duplicate" doc:"One person has two records."`
	Conflict  time.Duration `yaml:"conflict" doc:"Two sources say different things."`
}

// Bounds of the section.
const (
	maxApprovals  = 5
	maxDue        = 90 * 24 * time.Hour
	maxBreakGlass = time.Hour // whoever acts alone is looked at within the hour
	maxAppeal     = 366 * 24 * time.Hour
)

// Policy is what the queue of corrections goes by.
func (c Correction) Policy() correction.Policy {
	return correction.Policy{Approvals: c.Approvals.byDecision(), Due: c.Due.byKind(), BreakGlass: c.BreakGlass, Appeal: c.Appeal}
}

func (a Approvals) byDecision() map[correction.Decision]int {
	return map[correction.Decision]int{
		correction.Correct: a.Correct, correction.Relink: a.Relink, correction.Unlink: a.Unlink, correction.Merge: a.Merge, correction.Split: a.Split,
		correction.Freeze: a.Freeze, correction.Thaw: a.Thaw, correction.Deactivate: a.Deactivate, correction.Reinstate: a.Reinstate,
		correction.Undo: a.Undo,
	}
}

func (d Due) byKind() map[correction.Kind]time.Duration {
	return map[correction.Kind]time.Duration{
		correction.KindTakeover: d.Takeover, correction.KindLink: d.Link, correction.KindCollision: d.Collision, correction.KindLifecycle: d.Lifecycle,
		correction.KindAttribute: d.Attribute, correction.KindDuplicate: d.Duplicate, correction.KindConflict: d.Conflict,
		correction.KindEncoding: d.Encoding,
	}
}

// defaultCorrection is the queue's own policy.
func defaultCorrection() Correction {
	p := correction.DefaultPolicy()
	n := func(d correction.Decision) int { return max(1, p.Approvals[d]) }
	return Correction{
		Approvals: Approvals{
			Correct: n(correction.Correct), Relink: n(correction.Relink), Unlink: n(correction.Unlink), Merge: n(correction.Merge),
			Split: n(correction.Split), Freeze: n(correction.Freeze), Thaw: n(correction.Thaw), Deactivate: n(correction.Deactivate),
			Reinstate: n(correction.Reinstate), Undo: n(correction.Undo),
		},
		Due: Due{
			Takeover: p.Due[correction.KindTakeover], Link: p.Due[correction.KindLink], Collision: p.Due[correction.KindCollision],
			Lifecycle: p.Due[correction.KindLifecycle], Attribute: p.Due[correction.KindAttribute], Duplicate: p.Due[correction.KindDuplicate],
			Conflict: p.Due[correction.KindConflict], Encoding: p.Due[correction.KindEncoding],
		},
		BreakGlass: p.BreakGlass, Appeal: p.Appeal,
	}
}

func (c Config) checkCorrection(r *report) {
	for _, d := range correction.Decisions() {
		between(r, "correction.approvals."+string(d), c.Correction.Approvals.byDecision()[d], 1, maxApprovals)
	}
	for _, k := range correction.Kinds() {
		between(r, "correction.due."+string(k), c.Correction.Due.byKind()[k], time.Hour, maxDue)
	}
	between(r, "correction.break_glass", c.Correction.BreakGlass, 5*time.Minute, maxBreakGlass)
	between(r, "correction.appeal", c.Correction.Appeal, 24*time.Hour, maxAppeal)
	if c.Role != National && c.Correction != defaultCorrection() {
		r.warn("correction", "cases are decided at the nation; nothing here reads this section")
	}
}
