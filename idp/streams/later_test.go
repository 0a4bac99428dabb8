package streams

import (
	"testing"
	"time"
)

func TestWhoFailsIsAskedLaterAndLaterAndNotAllAtOnceAndARegionIsNeverLeftForLong(t *testing.T) {
	for most, to := range map[time.Duration]Receiver{laterMax: {ClientID: "an application"}, laterRegion: {ClientID: "a region", Links: "https://id.zj.example"}} {
		for failures := 1; failures < 10_000; failures += 1 + failures/10 {
			full := min(most, 500*time.Millisecond<<min(failures-1, 20))
			seen := map[time.Duration]bool{}
			for range 50 {
				wait := to.later(failures)
				if wait < full/2 || wait > full {
					t.Fatalf("%s after %d failures: %s", to.ClientID, failures, wait)
				}
				seen[wait] = true
			}
			if len(seen) < 10 {
				t.Errorf("%s after %d failures: all wait alike", to.ClientID, failures)
			}
		}
	}
}
