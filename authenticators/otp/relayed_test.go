package otp

import (
	"strings"
	"testing"
)

func TestAMessageToARelativeSaysWhomToReadTheCodeToAndIsNotFilledInByABrowser(t *testing.T) {
	s, err := NewSender(map[string]string{"zh": "浙江认证", "en": "Zhejiang"}, "id.example")
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range []string{"zh", "en-GB"} {
		for _, consent := range []bool{false, true} {
			m := s.Relayed("+8613900000001", "123456", "王**", lang, 5, consent)
			if !strings.Contains(m.Text, "王**") || !strings.Contains(m.Text, "123456") || !strings.Contains(m.Text, "5") {
				t.Errorf("%s: %q", lang, m.Text)
			}
			if strings.Contains(m.Text, "@") || m.Code != "123456" {
				t.Errorf("%s: bound to a site: %q", lang, m.Text)
			}
		}
	}
}
