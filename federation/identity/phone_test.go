package identity

import (
	"errors"
	"strings"
	"testing"
)

func TestPhonesAreBroughtToE164(t *testing.T) {
	for in, want := range map[string]string{
		"13800000000": "+8613800000000",
		"８６１３８００００００００":           "+8613800000000",
		"+86 138-0000-0000":       "+8613800000000",
		"0086 (138) 0000 0000":    "+8613800000000",
		"＋８６　１３８００００００００":         "+8613800000000",
		"\u202d13800000000\u202c": "+8613800000000",
		"19900000000":             "+8619900000000",
		"+852 5000 0000":          "+85250000000",
		"+1 (555) 010-0000":       "+15550100000",
	} {
		if got, err := ParsePhone(in); err != nil || got != want {
			t.Errorf("%q: %q %v", in, got, err)
		}
	}
}

func TestPhonesAreRefusedWithTheirReason(t *testing.T) {
	for in, want := range map[string]Reason{
		"":                         ReasonEmpty,
		"+":                        ReasonEmpty,
		" -":                       ReasonEmpty,
		strings.Repeat("1", 1<<20): ReasonTooLong,
		"12800000000":              ReasonFormat,
		"1380000000":               ReasonFormat,
		"138000000000":             ReasonFormat,
		"057100000000":             ReasonFormat,
		"0013800000000":            ReasonFormat,
		"+8612345":                 ReasonFormat,
		"+86057100000000":          ReasonFormat,
		"0085250000000":            ReasonFormat,
		"+05550100000":             ReasonFormat,
		"+123456":                  ReasonFormat,
		"+1234567890123456":        ReasonFormat,
		"++8613800000000":          ReasonFormat,
		"138000000OO":              ReasonFormat,
		"13800000000;ext=1":        ReasonFormat,
		"١٣٨٠٠٠٠٠٠٠٠":              ReasonFormat,
	} {
		var e *PhoneError
		if got, err := ParsePhone(in); !errors.As(err, &e) || e.Reason != want {
			t.Errorf("%.30q: %q %v, want %s", in, got, err, want)
		}
	}
}

func TestAMaskedPhoneShowsAtMostSevenDigits(t *testing.T) {
	for in, want := range map[string]string{
		"+8613812345678": "138****5678",
		"+85250000000":   "+85****00",
		"+1234567":       "+12****67",
		"13812345678":    "****",
		"":               "****",
		"+x":             "****",
	} {
		if got := MaskPhone(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}
