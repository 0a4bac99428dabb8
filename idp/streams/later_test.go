package streams

import (
	"testing"
	"time"
)

func TestWhoFailsIsAskedLaterAndLaterAndNotAllAtOnce(t *testing.T) {
	for failures := 1; failures < 10_000; failures += 1 + failures/10 {
		full := min(laterMax, 500*time.Millisecond<<min(failures-1, 20))
		seen := map[time.Duration]bool{}
		for range 50 {
			wait := later(failures)
			if wait < full/2 || wait > full {
				t.Fatalf("after %d failures: %s", failures, wait)
			}
			seen[wait] = true
		}
		if len(seen) < 10 {
			t.Errorf("after %d failures all wait alike", failures)
		}
	}
}
