package audit_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"manyou/federation/audit"
	"manyou/federation/trust/trusttest"
	"manyou/storage"
	"manyou/storage/sqlite"
	"manyou/storage/vault"
)

const issuer = "https://id.example"

// log is what a real store holds, in memory, where a test can change it as somebody does who can write to the database.
type log struct {
	records     []storage.AuditRecord
	size        int64
	root        []byte
	checkpoints []storage.AuditCheckpoint
}

func (l *log) AuditRecords(_ context.Context, from int64, limit int) ([]storage.AuditRecord, error) {
	var list []storage.AuditRecord
	for _, r := range l.records {
		if r.Seq >= from && len(list) < limit {
			list = append(list, r)
		}
	}
	return list, nil
}

func (l *log) AuditRoot(context.Context) (int64, []byte, error) { return l.size, l.root, nil }

func (l *log) AuditCheckpoints(_ context.Context, from int64, _ int) ([]storage.AuditCheckpoint, error) {
	return slices.DeleteFunc(slices.Clone(l.checkpoints), func(c storage.AuditCheckpoint) bool { return c.Size < from }), nil
}

func newStore(t testing.TB) storage.Store {
	t.Helper()
	root, err := vault.NewRoot(rand.Reader)
	must(t, err)
	path := filepath.Join(t.TempDir(), "log.db")
	must(t, sqlite.Migrate(t.Context(), path))
	s, _, err := sqlite.Open(t.Context(), path, root)
	must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// written is a log of so many records, signed after each third.
func written(t *testing.T, key trusttest.Key, records int) *log {
	t.Helper()
	s := newStore(t)
	for n := range records {
		must(t, audit.Append(t.Context(), s, audit.Entry{At: time.Now(), Kind: "province.approve", Actor: "person:X", Detail: map[string]string{"issuer": strings.Repeat("i", n+1)}}))
		if n%3 == 2 {
			c, err := audit.NewCheckpoint(t.Context(), s, issuer, time.Now())
			must(t, err)
			must(t, s.PutAuditCheckpoint(t.Context(), storage.AuditCheckpoint{Size: c.Size, At: time.Now(), Token: key.JWT(t, audit.TypeCheckpoint, c)}))
		}
	}
	l := &log{}
	must(t, audit.Each(t.Context(), s, func(r storage.AuditRecord) error { l.records = append(l.records, r); return nil }))
	var err error
	l.size, l.root, err = s.AuditRoot(t.Context())
	must(t, err)
	l.checkpoints, err = s.AuditCheckpoints(t.Context(), 0, 1000)
	must(t, err)
	return l
}

// opens verifies a key's checkpoints.
func opens(t *testing.T, key trusttest.Key) func(string) ([]byte, error) {
	t.Helper()
	var set jose.JSONWebKeySet
	must(t, json.Unmarshal(key.JWKS(), &set))
	return func(token string) ([]byte, error) {
		jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.ES256})
		if err != nil {
			return nil, err
		}
		return jws.Verify(set.Keys[0])
	}
}

func TestALogOfAnyLengthIsWhatWasSigned(t *testing.T) {
	key := trusttest.NewKey(t)
	for n := range 20 {
		report, err := audit.Verify(t.Context(), written(t, key, n), issuer, opens(t, key))
		if err != nil || report.Size != int64(n) || report.Checkpoints != n/3 || report.Covered != int64(n/3*3) {
			t.Errorf("%d records: %+v, %v", n, report, err)
		}
	}
}

func TestAnyChangeOfTheLogIsFound(t *testing.T) {
	key := trusttest.NewKey(t)
	good := written(t, key, 10)
	kept := good.checkpoints[2].Token
	body := func(seq int64, text string) []byte {
		return []byte(`{"seq":` + string(rune('0'+seq)) + `,"at":"2026-11-23T00:00:00Z","kind":"` + text + `","actor":"a"}`)
	}
	for name, change := range map[string]func(l *log){
		"an edit":                         func(l *log) { l.records[4].Body = body(4, "x") },
		"an edit of the last, not signed": func(l *log) { l.records[9].Body = body(9, "x") },
		"a deletion":                      func(l *log) { l.records = slices.Delete(l.records, 3, 4) },
		"a deletion closed up": func(l *log) {
			l.records = slices.Delete(l.records, 3, 4)
			for n := range l.records {
				l.records[n].Seq = int64(n)
			}
		},
		"an insertion": func(l *log) {
			l.records = slices.Insert(l.records, 3, storage.AuditRecord{Seq: 3, Body: body(3, "x")})
			for n := range l.records {
				l.records[n].Seq = int64(n)
			}
		},
		"another order":                   func(l *log) { l.records[1].Body, l.records[2].Body = l.records[2].Body, l.records[1].Body },
		"the end cut off":                 func(l *log) { l.records = l.records[:7] },
		"the end cut off with the tree":   func(l *log) { l.records, l.size = l.records[:7], 7 },
		"all of it":                       func(l *log) { l.records, l.size, l.root = nil, 0, nil },
		"all but what was kept elsewhere": func(l *log) { *l = log{checkpoints: l.checkpoints[:2], records: l.records[:6], size: 0} },
		"a checkpoint of another": func(l *log) {
			l.checkpoints[0].Token = trusttest.NewKey(t).JWT(t, audit.TypeCheckpoint, audit.Checkpoint{Issuer: issuer, Size: 3})
		},
		"a checkpoint of another issuer": func(l *log) {
			l.checkpoints[0].Token = key.JWT(t, audit.TypeCheckpoint, audit.Checkpoint{Issuer: "https://other.example", Size: 3})
		},
		"a record that is none": func(l *log) { l.records[9].Body = []byte("x") },
	} {
		l := &log{records: slices.Clone(good.records), size: good.size, root: good.root, checkpoints: slices.Clone(good.checkpoints)}
		change(l)
		if _, err := audit.Verify(t.Context(), l, issuer, opens(t, key), kept); !errors.Is(err, audit.ErrTampered) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestARecordIsBounded(t *testing.T) {
	s := newStore(t)
	for name, e := range map[string]audit.Entry{
		"no kind":        {At: time.Now(), Actor: "a"},
		"another kind":   {At: time.Now(), Kind: "case.forgotten", Actor: "a"},
		"another field":  {At: time.Now(), Kind: "keys.rotate", Actor: "a", Detail: map[string]string{"name": "李娜"}},
		"nobody":         {At: time.Now(), Kind: "keys.rotate"},
		"no time":        {Kind: "keys.rotate", Actor: "a"},
		"an endless one": {At: time.Now(), Kind: "keys.rotate", Actor: strings.Repeat("x", 300)},
	} {
		if err := audit.Append(t.Context(), s, e); err == nil {
			t.Error(name)
		}
	}
	if size, _, err := s.AuditRoot(t.Context()); err != nil || size != 0 {
		t.Errorf("%d records, %v", size, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"seq":0,"at":"2026-11-23T00:00:00Z","kind":"k","actor":"a","detail":{"b":"c"}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if e, err := audit.Parse(body); err == nil && (e.Kind == "" || len(e.Detail) > 16 || len(body) > 16<<10) {
			t.Fatalf("%+v", e)
		}
	})
}
