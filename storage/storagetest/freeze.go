package storagetest

import (
	"testing"
	"time"

	"manyou/storage"
)

// Freeze places a hold on a person and returns its ID: from now on nothing of theirs stands.
func Freeze(t testing.TB, s storage.Holds, person string, at time.Time) string {
	t.Helper()
	h := storage.Hold{ID: text(), PersonID: person, Kind: storage.HoldFreeze, Number: "TEST-0000", PlacedAt: at, PlacedBy: "system"}
	check(t, s.PlaceHold(t.Context(), h))
	return h.ID
}

// NewEpoch voids what a person has, and leaves the person as they were.
func NewEpoch(t testing.TB, s storage.Holds, person string, at time.Time) {
	t.Helper()
	check(t, s.LiftHold(t.Context(), storage.HoldLift{ID: Freeze(t, s, person, at), By: "system"}, at))
}
