package otp

import (
	"errors"
	"strings"
	"testing"
)

func TestAPhoneNumberIsUnderstoodHoweverItIsTyped(t *testing.T) {
	for input, want := range map[string]string{
		"13800000000":       "+8613800000000",
		" 138 0000 0000 ":   "+8613800000000",
		"138-0000-0000":     "+8613800000000",
		"１３８００００００００":       "+8613800000000",
		"+86 138 0000 0000": "+8613800000000",
		"＋８６　１３８００００００００": "+8613800000000",
		"8613800000000":         "+8613800000000",
		"008613800000000":       "+8613800000000",
		"(+86)13800000000":      "+8613800000000",
		"+852 5123 4567":        "+85251234567",
		"+853 6612 3456":        "+85366123456",
		"\u202a+8613800000000 ": "+8613800000000",
	} {
		if got, err := ParsePhone(input); err != nil || got != want {
			t.Errorf("%q: got %q, %v; want %q", input, got, err, want)
		}
	}
}

func TestWhatCannotReceiveACodeIsNotAPhoneNumber(t *testing.T) {
	for _, input := range []string{
		"", "+", "110", "12800000000", "057188880000", "+86 0571 88880000", "1380000000", "138000000000", "+0123456789",
		"138 0000 000a", "138+00000000", "+8613800000000,+8613900000000", "+1234567890123456", "51234567",
		strings.Repeat("1", 1<<20), "13800000000\x00",
	} {
		got, err := ParsePhone(input)
		if !errors.Is(err, ErrPhone) || got != "" {
			t.Errorf("%.30q: got %q, %v", input, got, err)
		}
		if digits := strings.Trim(input, " +"); len(digits) > 4 && err != nil && strings.Contains(err.Error(), digits) {
			t.Errorf("the error repeats the number: %v", err)
		}
	}
}

func TestAMaskedNumberHidesItsMiddle(t *testing.T) {
	for phone, want := range map[string]string{
		"+8613812340000": "138****0000", "+85251234567": "+85****67", "13800000000": "****", "": "****", "+86": "****",
	} {
		if got := MaskPhone(phone); got != want {
			t.Errorf("%q: got %q, want %q", phone, got, want)
		}
	}
}

func FuzzParsePhone(f *testing.F) {
	for _, s := range []string{"13800000000", "+852 5123 4567", "＋８６１３８００００００００", "0086", "", "+", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, input string) {
		phone, err := ParsePhone(input)
		if err != nil {
			if phone != "" {
				t.Fatalf("refused, but returned %q", phone)
			}
			return
		}
		if !validPhone(phone) || len(phone) > 1+maxPhoneDigits {
			t.Fatalf("%q was taken for the number %q", input, phone)
		}
		if again, err := ParsePhone(phone); err != nil || again != phone {
			t.Fatalf("parsing %q again gave %q, %v", phone, again, err)
		}
		if strings.Contains(MaskPhone(phone), phone[1:]) {
			t.Fatalf("the mask of %q hides nothing", phone)
		}
	})
}
