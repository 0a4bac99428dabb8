package register

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"manyou/federation/identity"
	"manyou/storage"
)

func now() time.Time { return time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC) }

// memory keeps what an import writes, with the atomicity that storage.Register promises, and counts how often each
// document was written.
type memory struct {
	entries  map[storage.Document]storage.RegisterEntry
	writes   map[storage.Document]int
	progress map[string]storage.ImportProgress
	puts     int
	// fail is asked before each put; an error leaves no trace of it.
	fail func(put int) error
}

func newMemory() *memory {
	return &memory{
		entries: map[storage.Document]storage.RegisterEntry{}, writes: map[storage.Document]int{},
		progress: map[string]storage.ImportProgress{},
	}
}

func (m *memory) PutRegister(ctx context.Context, entries []storage.RegisterEntry, p storage.ImportProgress) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.puts++
	if m.fail != nil {
		if err := m.fail(m.puts); err != nil {
			return err
		}
	}
	for _, e := range entries {
		m.entries[e.Document] = e
		m.writes[e.Document]++
	}
	m.progress[p.Source] = p
	return nil
}

func (m *memory) ImportProgress(_ context.Context, source string) (storage.ImportProgress, error) {
	p, ok := m.progress[source]
	if !ok {
		return p, storage.ErrNotFound
	}
	return p, nil
}

func (m *memory) RegisterEntry(_ context.Context, d storage.Document) (storage.RegisterEntry, error) {
	e, ok := m.entries[d]
	if !ok {
		return e, storage.ErrNotFound
	}
	return e, nil
}

const head = "name,document_kind,document_number,phone,region,status\n"

// resident is the n-th invented number of Zhejiang.
func resident(n int) string {
	body := fmt.Sprintf("3300001990%02d%02d%03d", n/28/999%12+1, n/999%28+1, n%999)
	check, _ := identity.ResidentIDCheck(body)
	return body + string(check)
}

func row(n int) string { return fmt.Sprintf("王小明,resident_id,%s,,33,valid\n", resident(n)) }

func fixture(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "testdata", "register", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func importAll(t *testing.T, m *memory, file string, o Options) Result {
	t.Helper()
	result, err := NewImporter(m, now).Import(t.Context(), strings.NewReader(file), o)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestEveryRowOfPeopleIsImported(t *testing.T) {
	m := newMemory()
	result := importAll(t, m, string(fixture(t, "people.csv")), Options{OnBadRow: func(e RowError) { t.Error(e) }})
	if result.Imported != 67 || result.Rejected != 0 || result.Lines != 68 || len(m.entries) != 67 || result.Resumed {
		t.Errorf("%+v, %d entries", result, len(m.entries))
	}
	regions, kinds, statuses := map[string]bool{}, map[string]bool{}, map[storage.RegisterStatus]bool{}
	phones := map[string]int{}
	for d, e := range m.entries {
		regions[e.Region], kinds[d.Kind], statuses[e.Status] = true, true, true
		phones[e.Phone]++
	}
	if len(regions) != len(identity.Regions()) || len(kinds) != len(identity.Kinds()) || len(statuses) != 3 {
		t.Errorf("%d regions, %d kinds, %d statuses", len(regions), len(kinds), len(statuses))
	}
	if phones["+8615400000057"] != 2 || phones[""] != 1 || phones["+85250000001"] != 1 {
		t.Errorf("phones %v", phones)
	}
}

// documented reads the table of bad rows from the README beside the fixtures.
func documented(t *testing.T) (bad []RowError) {
	t.Helper()
	for line := range strings.Lines(string(fixture(t, "README.md"))) {
		var e RowError
		cells := strings.Split(line, "|")
		if len(cells) != 5 {
			continue
		}
		if _, err := fmt.Sscan(cells[1], &e.Line); err != nil {
			continue
		}
		e.Column, e.Reason = strings.TrimSpace(cells[2]), identity.Reason(strings.TrimSpace(cells[3]))
		bad = append(bad, e)
	}
	return bad
}

func TestEveryKindOfBadRowIsReportedAndLeftOut(t *testing.T) {
	m := newMemory()
	var bad []RowError
	result := importAll(t, m, string(fixture(t, "people-bad.csv")), Options{Batch: 3, OnBadRow: func(e RowError) { bad = append(bad, e) }})
	want := documented(t)
	if len(want) != 20 || fmt.Sprint(bad) != fmt.Sprint(want) {
		t.Errorf("reported\n%v, documented\n%v", bad, want)
	}
	if result.Imported != 2 || result.Rejected != 20 || result.Lines != 24 || len(m.entries) != 2 {
		t.Errorf("%+v, %d entries", result, len(m.entries))
	}
}

func TestReportsHoldNothingOfTheRow(t *testing.T) {
	secrets := []string{"王小", "3300001990", "12345", "driving", "15400000"}
	check := func(s string) {
		for _, secret := range secrets {
			if strings.Contains(s, secret) {
				t.Errorf("%q gives away %q", s, secret)
			}
		}
	}
	importAll(t, newMemory(), string(fixture(t, "people-bad.csv")), Options{OnBadRow: func(e RowError) { check(fmt.Sprintf("%+v %v", e, e)) }})
	// A file without its header begins with a person.
	_, err := NewImporter(newMemory(), now).Import(t.Context(), strings.NewReader(row(1)), Options{})
	if !errors.Is(err, ErrHeader) {
		t.Fatal(err)
	}
	check(err.Error())
}

func TestAWrongHeaderChangesNothing(t *testing.T) {
	for name, file := range map[string]string{
		"empty":     "",
		"blank":     "\n" + row(1),
		"missing":   "name,document_kind,document_number,phone,region\n",
		"unknown":   strings.TrimSpace(head) + ",note\n" + row(1),
		"twice":     strings.TrimSpace(head) + ",name\n" + row(1),
		"case":      strings.ToUpper(head) + row(1),
		"quote":     `"name` + "\n" + row(1),
		"too long":  strings.Repeat("name,", 2000) + "\n" + row(1),
		"semicolon": strings.ReplaceAll(head, ",", ";") + row(1),
		"binary":    "\x00\xff\xfe\n",
	} {
		m := newMemory()
		if _, err := NewImporter(m, now).Import(t.Context(), strings.NewReader(file), Options{}); !errors.Is(err, ErrHeader) {
			t.Errorf("%s: %v", name, err)
		}
		if m.puts != 0 {
			t.Errorf("%s: something was written", name)
		}
	}
}

func TestFilesOfOfficeProgramsAreRead(t *testing.T) {
	m := newMemory()
	file := "\ufeffstatus,region,phone,document_number,document_kind,name\r\n" +
		`valid,33,"+86 138 0000 0000",` + strings.ToLower(resident(1)) + `,resident_id,"阿卜杜拉 • 买买提"` + "\r\n\r\n" +
		"valid,33,," + resident(2) + ",resident_id,王小明"
	result := importAll(t, m, file, Options{OnBadRow: func(e RowError) { t.Error(e) }})
	if result.Imported != 2 {
		t.Errorf("%+v", result)
	}
	e := m.entries[storage.Document{Kind: "resident_id", Number: resident(1)}]
	if e.Name != "阿卜杜拉·买买提" || e.Phone != "+8613800000000" {
		t.Errorf("%+v", e)
	}
}

// mixed is a file in which every seventh row is bad and every eleventh repeats the one before.
func mixed(rows int) (file string, good, bad int) {
	var b strings.Builder
	b.WriteString(head)
	for n := range rows {
		switch {
		case n%7 == 6:
			b.WriteString("王小明,resident_id,1,,33,valid\n")
			bad++
		case n%11 == 10 && (n-1)%7 != 6:
			b.WriteString(row(n - 1))
		default:
			b.WriteString(row(n))
			good++
		}
	}
	return b.String(), good, bad
}

// exactlyOnce fails unless every good row was written once, and all is counted.
func exactlyOnce(t *testing.T, m *memory, result Result, good, bad int) {
	t.Helper()
	if len(m.entries) != good || result.Imported != int64(good) || result.Rejected != int64(bad) {
		t.Errorf("%d entries, %+v; want %d good, %d bad", len(m.entries), result, good, bad)
	}
	for d, n := range m.writes {
		if n != 1 {
			t.Errorf("%s was written %d times", d.Kind, n)
		}
	}
}

func TestAnImportCancelledAnywhereContinuesAndWritesEveryRowOnce(t *testing.T) {
	file, good, bad := mixed(300)
	for stop := 1; stop <= 16; stop++ {
		m := newMemory()
		ctx, cancel := context.WithCancel(t.Context())
		batches := 0
		first, err := NewImporter(m, now).Import(ctx, strings.NewReader(file), Options{Batch: 20, OnProgress: func(Progress) {
			if batches++; batches == stop {
				cancel()
			}
		}})
		cancel()
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("stop %d: %v", stop, err)
		}
		if first.Lines >= 301 || m.progress[first.Source].Done {
			t.Fatalf("stop %d: %+v", stop, first)
		}
		second := importAll(t, m, file, Options{Batch: 13})
		exactlyOnce(t, m, second, good, bad)
		if second.Resumed != (stop > 1) || second.Lines != 301 || second.Source != first.Source {
			t.Errorf("stop %d: %+v", stop, second)
		}
	}
}

func TestAnImportWhoseStorageFailsContinuesAndWritesEveryRowOnce(t *testing.T) {
	file, good, bad := mixed(300)
	full := errors.New("disk full")
	m := newMemory()
	for failures := 0; ; failures++ {
		failed := false
		m.fail = func(put int) error {
			if failed = put%3 == 0; failed {
				return full
			}
			return nil
		}
		result, err := NewImporter(m, now).Import(t.Context(), strings.NewReader(file), Options{Batch: 20})
		if err == nil {
			exactlyOnce(t, m, result, good, bad)
			if failures < 5 {
				t.Errorf("only %d runs failed", failures)
			}
			return
		}
		if !errors.Is(err, full) || failures > 100 {
			t.Fatal(err)
		}
	}
}

func TestAConflictWithARowOfTheFirstRunIsFoundInTheSecond(t *testing.T) {
	file := head + row(1) + row(2) + row(3) + strings.Replace(row(1), ",,33", ",,51", 1)
	m := newMemory()
	m.fail = func(put int) error {
		if put == 2 {
			return io.ErrShortWrite
		}
		return nil
	}
	if _, err := NewImporter(m, now).Import(t.Context(), strings.NewReader(file), Options{Batch: 2}); err == nil {
		t.Fatal("no failure")
	}
	var bad []RowError
	importAll(t, m, file, Options{OnBadRow: func(e RowError) { bad = append(bad, e) }})
	if len(bad) != 1 || bad[0] != (RowError{Line: 5, Column: "document_number", Reason: ReasonConflict}) {
		t.Errorf("%v", bad)
	}
	if e := m.entries[storage.Document{Kind: "resident_id", Number: resident(1)}]; e.Region != "33" {
		t.Errorf("region %s", e.Region)
	}
}

func TestAFinishedImportIsNotRepeated(t *testing.T) {
	file, good, bad := mixed(50)
	m := newMemory()
	importAll(t, m, file, Options{})
	puts := m.puts
	again := importAll(t, m, file, Options{OnBadRow: func(RowError) { t.Error("reported again") }})
	if !again.Already || m.puts != puts {
		t.Errorf("%+v, %d puts", again, m.puts-puts)
	}
	exactlyOnce(t, m, again, good, bad)
}

func TestProgressEndsAtTheEnd(t *testing.T) {
	file, good, bad := mixed(100)
	var last Progress
	importAll(t, newMemory(), file, Options{Batch: 10, OnProgress: func(p Progress) {
		if p.Bytes < last.Bytes || p.Line < last.Line || p.Total != int64(len(file)) {
			t.Errorf("%+v after %+v", p, last)
		}
		last = p
	}})
	if want := (Progress{101, int64(len(file)), int64(len(file)), int64(good), int64(bad)}); last != want {
		t.Errorf("%+v, want %+v", last, want)
	}
}

// shifting is a file that reads differently the second time.
type shifting struct {
	*bytes.Reader
	second []byte
	seeks  int
}

func (s *shifting) Seek(offset int64, whence int) (int64, error) {
	if s.seeks++; s.seeks == 2 {
		s.Reset(s.second)
	}
	return s.Reader.Seek(offset, whence)
}

func TestAFileThatChangesIsNotDone(t *testing.T) {
	m := newMemory()
	file := &shifting{Reader: bytes.NewReader([]byte(head + row(1))), second: []byte(head + row(2))}
	result, err := NewImporter(m, now).Import(t.Context(), file, Options{})
	if !errors.Is(err, ErrChanged) || m.progress[result.Source].Done {
		t.Errorf("%+v %v", result, err)
	}
}
