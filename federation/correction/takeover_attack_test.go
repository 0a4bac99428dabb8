package correction_test

import (
	"testing"

	"manyou/federation/correction"
	"manyou/storage"
)

// TestAttackSomebodyElseReportsFirstSoThatTheirOwnReportFreezesNothing: what a person says of their own account stops it, whoever said so before.
func TestAttackSomebodyElseReportsFirstSoThatTheirOwnReportFreezesNothing(t *testing.T) {
	for name, first := range map[string]string{"an application": correction.Application("app-sc"), "a province": correction.Issuer(issuerZhejiang)} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			person := o.person("张三")
			main := o.file(correction.Filing{Filer: first, Kind: correction.KindTakeover, Person: person})
			own := o.file(correction.Filing{ID: "own", Filer: correction.Person(person), Kind: correction.KindTakeover, Person: person})
			if own.DuplicateOf != main.ID {
				t.Fatalf("a case by itself: %+v", own)
			}
			if got := o.status(person); got != storage.PersonFrozen {
				t.Errorf("they are %s", got)
			}
			if o.stands(person) != 0 {
				t.Error("a session stands")
			}
			holds, err := o.store.HoldsOf(t.Context(), person)
			must(t, err)
			last := holds[len(holds)-1]
			if last.CaseID != main.ID || last.Number != main.Number || !last.Until.IsZero() {
				t.Errorf("a hold of another case: %+v", last)
			}
			// It is a hold of the case like any other, which ends with it, and is there once however often they repeat themselves.
			o.file(correction.Filing{ID: "own", Filer: correction.Person(person), Kind: correction.KindTakeover, Person: person})
			o.file(correction.Filing{Filer: correction.Person(person), Kind: correction.KindTakeover, Person: person})
			if again, err := o.store.HoldsOf(t.Context(), person); err != nil || len(again) != len(holds) {
				t.Errorf("%d holds, %v", len(again), err)
			}
			must(t, o.Take(t.Context(), o.wang, o.again(main)))
			must(t, o.Reject(t.Context(), o.wang, o.again(main), "已核实"))
			if got := o.status(person); got != storage.PersonActive {
				t.Errorf("behind the case they are %s", got)
			}
		})
	}
}

// TestAttackAnApplicationHoldsSomebodyByWayOfItsProvince: what a province hands on is the application's word, who only has somebody watched.
func TestAttackAnApplicationHoldsSomebodyByWayOfItsProvince(t *testing.T) {
	for of, want := range map[string]storage.HoldKind{"": storage.HoldStepUp, "app-sc": storage.HoldWatch} {
		o := newOffice(t)
		person := o.person("张三")
		o.file(correction.Filing{Filer: correction.Issuer(issuerZhejiang), For: of, Kind: correction.KindTakeover, Person: person})
		holds, err := o.store.HoldsOf(t.Context(), person)
		must(t, err)
		if len(holds) != 1 || holds[0].Kind != want {
			t.Errorf("for %q: %+v", of, holds)
		}
	}
}
