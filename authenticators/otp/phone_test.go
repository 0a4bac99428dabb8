package otp_test

import (
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"manyou/authenticators/otp"
)

func TestCodesGoOnlyToNumbersInE164(t *testing.T) {
	try := func(phone string) error {
		_, _, err := otp.NewChallenge(rand.Reader, phone, time.Now(), otp.DefaultPolicy())
		return err
	}
	for _, phone := range []string{"+8613800000000", "+8619912345678", "+85261234567", "+12025550123"} {
		if err := try(phone); err != nil {
			t.Errorf("%s: %v", phone, err)
		}
	}
	for _, phone := range []string{
		"", "13800000000", "+", "+86138", "+8612800000000", "+861380000000a", "+86138000000000", "+0123456789", "+1234567890123456",
		"+86 13800000000", "+86１3800000000",
	} {
		if err := try(phone); !errors.Is(err, otp.ErrPhone) {
			t.Errorf("%q: %v", phone, err)
		}
	}
}
