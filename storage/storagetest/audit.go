package storagetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"manyou/storage"
)

var auditCases = map[string]func(*testing.T, *fixture){
	"AppendAudit/gives places in order, to many at once, and the root changes with each": func(t *testing.T, f *fixture) {
		size, root, err := f.AuditRoot(t.Context())
		check(t, err)
		if size != 0 || root != nil {
			t.Fatal("an empty log has a root")
		}
		const each = 20
		var group sync.WaitGroup
		for range 4 {
			node := f.db.Node(t)
			group.Go(func() {
				for range each {
					if _, err := node.AppendAudit(t.Context(), func(seq int64) ([]byte, error) { return fmt.Appendf(nil, "record %d", seq), nil }); err != nil {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
		refusal := errors.New("no")
		if _, err := f.AppendAudit(t.Context(), func(int64) ([]byte, error) { return nil, refusal }); !errors.Is(err, refusal) {
			t.Errorf("%v", err)
		}
		list, err := f.AuditRecords(t.Context(), 0, 1000)
		check(t, err)
		equal(t, len(list), 4*each)
		for n, r := range list {
			if r.Seq != int64(n) || string(r.Body) != fmt.Sprintf("record %d", n) {
				t.Fatalf("at %d: %d %s", n, r.Seq, r.Body)
			}
		}
		size, root, err = f.AuditRoot(t.Context())
		check(t, err)
		equal(t, size, int64(4*each))
		_, err = f.AppendAudit(t.Context(), func(int64) ([]byte, error) { return []byte("one more"), nil })
		check(t, err)
		_, next, err := f.AuditRoot(t.Context())
		check(t, err)
		if string(next) == string(root) {
			t.Error("the root stays")
		}
	},
	"AuditCheckpoints/are those of at least a size, as first put": func(t *testing.T, f *fixture) {
		a := storage.AuditCheckpoint{Size: 1, At: f.now, Token: "one"}
		b := storage.AuditCheckpoint{Size: 5, At: f.now.Add(time.Minute), Token: "five"}
		check(t, f.PutAuditCheckpoint(t.Context(), b))
		check(t, f.PutAuditCheckpoint(t.Context(), a))
		check(t, f.PutAuditCheckpoint(t.Context(), storage.AuditCheckpoint{Size: 1, At: f.now, Token: "another"}))
		got, err := f.AuditCheckpoints(t.Context(), 0, 10)
		check(t, err)
		equal(t, got, []storage.AuditCheckpoint{a, b})
		got, err = f.AuditCheckpoints(t.Context(), 2, 10)
		check(t, err)
		equal(t, got, []storage.AuditCheckpoint{b})
	},
}
