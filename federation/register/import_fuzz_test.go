package register

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"manyou/federation/identity"
	"manyou/storage"
)

func FuzzParseRow(f *testing.F) {
	for _, line := range []string{
		strings.TrimSpace(row(1)), `"王小明",passport,CHN/E00000000,+85250000000,51,deceased`, `"`, "", ",,,,,", "\x00", "a\rb",
		`阿卜杜拉•买买提,permanent_residence,XXA330090010112,,33,cancelled`, "王小明,resident_id,1,,33,valid",
	} {
		f.Add(line)
	}
	h, err := readHeader(newLineReader(strings.NewReader(head)))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, line string) {
		e, bad := h.parse(line, now())
		if bad != nil {
			if bad.Reason == "" || e != (storage.RegisterEntry{}) {
				t.Fatalf("%+v with %+v", bad, e)
			}
			return
		}
		again, bad := h.parse(fmt.Sprintf(`"%s",%s,%s,%s,%s,%s`, strings.ReplaceAll(e.Name, `"`, `""`),
			e.Document.Kind, e.Document.Number, e.Phone, e.Region, e.Status), now())
		received := e.Received
		if e.Received = nil; bad != nil || again != e {
			t.Fatalf("%+v becomes %+v: %v", e, again, bad)
		}
		if received == nil {
			return
		}
		if name, err := identity.NormalizeName(received.Form); err != nil || name.Normal != e.Name || received.Form == e.Name || received.Mapping == "" {
			t.Fatalf("%+q was not received as %+v: %v", e.Name, received, err)
		}
	})
}

func FuzzImport(f *testing.F) {
	file, _, _ := mixed(20)
	f.Add([]byte(file))
	f.Add([]byte("\ufeff" + head + "\"\n" + row(1)))
	f.Add([]byte(head + strings.Repeat("x", 5000)))
	f.Fuzz(func(t *testing.T, b []byte) {
		m := newMemory()
		reported := int64(0)
		result, err := NewImporter(m, now).Import(t.Context(), bytes.NewReader(b), Options{Batch: 2, OnBadRow: func(RowError) { reported++ }})
		if err != nil && !errors.Is(err, ErrHeader) {
			t.Fatal(err)
		}
		if int64(len(m.entries)) != result.Imported || reported != result.Rejected {
			t.Fatalf("%d entries, %d reported, %+v", len(m.entries), reported, result)
		}
	})
}
