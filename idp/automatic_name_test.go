package idp

import "testing"

// TestAttackByANameThatTurnsTheTextAroundItShowsWhatIsSeen: what a citizen is asked to agree to reads as it was written.
func TestAttackByANameThatTurnsTheTextAroundItShowsWhatIsSeen(t *testing.T) {
	for said, want := range map[string]string{
		"\u202egnaijehZ\u202c": "gnaijehZ", "城市\u2066养老\u2069": "城市养老", "a\x00b\nc": "abc", "\u200b\u202e ": "https://app.example", "阿依努尔": "阿依努尔",
	} {
		m := relyingParty{Name: said}
		if got := m.names("https://app.example")["zh"]; got != want {
			t.Errorf("%q is shown as %q", said, got)
		}
	}
}
