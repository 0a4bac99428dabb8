package relational

import (
	"context"
	"errors"
	"testing"
)

func TestRetryStopsAtSuccessAtOtherErrorsAndAtItsBound(t *testing.T) {
	busy, other := errors.New("busy"), errors.New("other")
	for name, c := range map[string]struct {
		outcomes []error // the last one repeats
		calls    int
		want     error
	}{
		"success":              {[]error{nil}, 1, nil},
		"success at last":      {[]error{busy, busy, nil}, 3, nil},
		"another error":        {[]error{busy, other}, 2, other},
		"busy again and again": {[]error{busy}, attempts, busy},
	} {
		calls := 0
		err := retry(t.Context(), func(err error) bool { return errors.Is(err, busy) }, func() error {
			calls++
			return c.outcomes[min(calls, len(c.outcomes))-1]
		})
		if !errors.Is(err, c.want) || calls != c.calls {
			t.Errorf("%s: %v after %d calls", name, err, calls)
		}
	}
}

func TestRetryEndsWithItsContext(t *testing.T) {
	busy := errors.New("busy")
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	err := retry(ctx, func(error) bool { return true }, func() error {
		calls++
		cancel()
		return busy
	})
	if !errors.Is(err, busy) || calls != 1 {
		t.Fatalf("%v after %d calls", err, calls)
	}
}
