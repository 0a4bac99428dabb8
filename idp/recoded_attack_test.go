package idp_test

import (
	"net/http"
	"testing"

	"manyou/federation/signals"
	"manyou/idp"
	"manyou/storage"
)

// TestAttackARecodingIsNoWayToAnotherName: a recoding ends nothing. What is told as one, and is more, is carried out as what it is; and only the
// nation is heard of it.
func TestAttackARecodingIsNoWayToAnotherName(t *testing.T) {
	recoding := func(name string) signals.Correction {
		return signals.Correction{What: string(storage.SignalRecoded), Case: "K7MX-2QF4", Decision: "D", Name: name}
	}
	variant := liNa.name + "\ufe00"
	for name, c := range map[string]struct {
		region string
		role   func(*idp.Config)
		said   signals.Correction
		is     string
		lives  bool
	}{
		"the same name, of the nation":  {"00", func(*idp.Config) {}, recoding(variant), variant, true},
		"another name, of the nation":   {"00", func(*idp.Config) {}, recoding("王娜"), "王娜", false},
		"no name":                       {"00", func(*idp.Config) {}, recoding(""), liNa.name, true},
		"what is stored":                {"00", func(*idp.Config) {}, recoding(liNa.name), liNa.name, true},
		"what is no name":               {"00", func(*idp.Config) {}, recoding("\u202e"), liNa.name, false},
		"another name, of a province":   {"51", func(*idp.Config) {}, recoding("王娜"), liNa.name, true},
		"of a province, to the nation":  {"33", nationally, recoding(variant), liNa.name, true},
		"a correction to the same name": {"00", func(*idp.Config) {}, signals.Correction{What: string(storage.SignalCorrected), Decision: "D", Name: variant}, variant, false},
	} {
		t.Run(name, func(t *testing.T) {
			o, tokens := newTeller(t, c.region, c.role)
			if status := o.tell(o.token(signals.EventCorrection, c.said)); status != http.StatusAccepted {
				t.Fatalf("%d", status)
			}
			p := o.person(liNa)
			if p.Name != c.is || works(o.world, tokens) != c.lives {
				t.Errorf("she is %+q; what was issued to her works: %t", p.Name, works(o.world, tokens))
			}
			if list, err := o.store.CasesOf(t.Context(), p.ID, 10); err != nil || len(list) > 0 {
				t.Errorf("%d cases, %v", len(list), err)
			}
		})
	}
}
