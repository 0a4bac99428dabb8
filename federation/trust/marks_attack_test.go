package trust_test

import (
	"strings"
	"testing"
)

func TestAttackByMarksOfAnyLengthIsRememberedInFewBytes(t *testing.T) {
	m, r := newMarking(t, func(m *marking) *entity { return m.add("city", m.nation) })
	claims := m.claims()
	claims["ref"] = "https://city.example/" + strings.Repeat("x", 16<<10)
	m.show(claims)
	for range 2 {
		if _, err := r.Resolve(t.Context(), m.app.id); err != nil {
			t.Fatal(err)
		}
	}
	if many, bytes := r.ActiveMarks(); many != 1 || bytes > 32 || m.asked != 1 {
		t.Errorf("%d marks are remembered in %d bytes; asked %d times", many, bytes, m.asked)
	}
}
