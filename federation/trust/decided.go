package trust

import (
	"slices"
	"time"
)

const (
	maxDecisions = 200_000
	maxRefusals  = 20_000
)

// decision is what was decided of an entity.
type decision struct {
	resolved *Resolved
	err      error
	until    time.Time
	weight   int // bytes, about; of who is trusted
}

// decided is what was decided of those who are trusted. It is bounded in number and in bytes: how many a superior vouches for, and how much
// those say, is theirs to choose.
type decided struct {
	all    map[string]decision
	below  map[string]int // how many are below an entity
	bytes  int
	budget int
}

func newDecided(budget int) decided {
	return decided{all: map[string]decision{}, below: map[string]int{}, budget: budget}
}

func (d *decided) put(subject string, one decision, now time.Time) {
	d.drop(subject)
	one.weight = weightOf(one.resolved)
	d.makeRoom(one.weight, now)
	d.all[subject] = one
	d.bytes += one.weight
	for _, superior := range one.resolved.Path[1:] {
		d.below[superior]++
	}
}

func (d *decided) drop(subject string) {
	if one, ok := d.all[subject]; ok {
		d.bytes -= one.weight
		delete(d.all, subject)
		for _, superior := range one.resolved.Path[1:] {
			if d.below[superior]--; d.below[superior] == 0 {
				delete(d.below, superior)
			}
		}
	}
}

// dropBelow drops an entity and all below it. Of the many that have none below them only one is looked at.
func (d *decided) dropBelow(subject string) {
	d.drop(subject)
	if d.below[subject] == 0 {
		return
	}
	for id, one := range d.all {
		if slices.Contains(one.resolved.Path, subject) {
			d.drop(id)
		}
	}
}

// makeRoom forgets what is to be decided anew anyway, then what is larger than most, and then anything, until a tenth is free.
func (d *decided) makeRoom(more int, now time.Time) {
	if len(d.all) < maxDecisions && d.bytes+more <= d.budget {
		return
	}
	mean := d.bytes / max(len(d.all), 1)
	for _, goes := range []func(decision) bool{
		func(one decision) bool { return !now.Before(one.until) },
		func(one decision) bool { return one.weight > mean },
		func(decision) bool { return true },
	} {
		for subject, one := range d.all {
			if len(d.all) < maxDecisions*9/10 && d.bytes+more <= d.budget*9/10 {
				return
			}
			if goes(one) {
				d.drop(subject)
			}
		}
	}
}

// perValue is what one value of metadata takes in memory besides its text, in bytes, about.
const perValue = 64

// weightOf is what a decision takes that is the leaf's own: the statements of superiors stand in many chains.
func weightOf(r *Resolved) (bytes int) {
	for _, raw := range r.Chain[:min(len(r.Chain), 2)] {
		bytes += len(raw)
	}
	for _, parameters := range r.Metadata {
		bytes += sizeOf(parameters)
	}
	return bytes
}

func sizeOf(v any) int {
	bytes := perValue
	switch v := v.(type) {
	case string:
		bytes += len(v)
	case []any:
		for _, one := range v {
			bytes += sizeOf(one)
		}
	case map[string]any:
		for name, one := range v {
			bytes += len(name) + sizeOf(one)
		}
	}
	return bytes
}
