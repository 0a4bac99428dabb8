package signals_test

import (
	"testing"

	"manyou/federation/signals"
)

func TestTheMarkOfANumberIsAsTheGuideSaysAndOfOneDecisionAlone(t *testing.T) {
	const decision, phone = "MFRGGZDFMZTWQ2LKNNWG23TP", "+8613800000001"
	var marks signals.Marks
	mark, err := marks.Of(decision, phone)
	if err != nil || mark != "4j8HAM-AgtYkoVHKiKYUKiI2qycQGsb3s7fz3fi2bgM" {
		t.Errorf("%s, %v", mark, err)
	}
	for name, other := range map[string][2]string{"another decision": {"MFRGGZDFMZTWQ2LKNNWG23TQ", phone}, "another number": {decision, "+8613800000002"}} {
		if got, err := marks.Of(other[0], other[1]); err != nil || got == mark {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
	if again, err := signals.PhoneMark(decision, phone); err != nil || again != mark {
		t.Errorf("%s, %v", again, err)
	}
}
