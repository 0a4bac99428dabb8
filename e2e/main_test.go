package e2e

import (
	"log/slog"
	"os"
	"testing"
)

// The libraries of the protocol log to the default logger; what they say of each request is noise here.
func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}
