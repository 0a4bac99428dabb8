package console

import (
	"testing"
	"time"

	"manyou/storage"
)

func TestACursorNamesThePlaceOfACase(t *testing.T) {
	c := storage.Case{Priority: 3, DueAt: time.UnixMilli(1_732_700_000_123).UTC(), ID: "ONSWG4TFORSXG5DB"}
	got := parseCursor(cursor(&c))
	if got == nil || got.Priority != c.Priority || !got.DueAt.Equal(c.DueAt) || got.ID != c.ID {
		t.Errorf("%+v", got)
	}
}

func FuzzParseCursor(f *testing.F) {
	for _, s := range []string{"", "1.2.A", "3.1732700000123.ONSWG4TFORSXG5DB", "-1.0.x", "999.1.x", "1.-1.x", "1.1.\x00", "1.1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c := parseCursor(text)
		if c == nil {
			return
		}
		again := parseCursor(cursor(c))
		if again == nil || again.ID != c.ID || again.Priority != c.Priority || !again.DueAt.Equal(c.DueAt) || len(c.ID) > maxCursor {
			t.Errorf("%q is %+v, and then %+v", text, c, again)
		}
	})
}
