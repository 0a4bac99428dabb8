package idp_test

import (
	"log/slog"
	"os"
	"testing"
)

// op logs to the default logger; what it says of refused requests is noise here.
func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}
