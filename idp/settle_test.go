package idp_test

import (
	"fmt"
	"testing"
	"time"

	"manyou/federation/correction"
	"manyou/storage"
)

// TestCasesThatWaitForAProvinceThatIsDownKeepNoOtherCaseOpen: more cases than a round looks at wait for an issuer that does not answer. Behind
// them, less urgent and changed longer ago, is one of which everybody has heard.
func TestCasesThatWaitForAProvinceThatIsDownKeepNoOtherCaseOpen(t *testing.T) {
	w := newWorld(t, nationally)
	const down = "https://id.down.example"
	w.application(down, func(a *storage.Application) { a.Issuer, a.Region = true, "62" })
	must(t, w.store.PutStream(t.Context(), storage.Stream{
		ClientID: down, ID: "down", Method: "poll", Status: storage.StreamEnabled, CreatedAt: w.clock(),
	}))
	w.tokens("main", liNa)
	waited, nobodys := w.person(liNa), storage.Person{ID: "nobody-knows", Name: "张三", Region: "33", Status: storage.PersonActive, Epoch: 1, CreatedAt: w.clock()}
	sessions, err := w.store.SessionsOf(t.Context(), waited.ID, w.clock())
	must(t, err)
	must(t, w.store.NoteOnward(t.Context(), storage.Onward{
		ClientID: down, SessionID: sessions[0].ID, SessionExpiresAt: sessions[0].ExpiresAt, PersonID: waited.ID, Known: "her",
	}, w.clock()))
	c := storage.Conversation{ID: "seed", ExpiresAt: w.clock().Add(time.Hour)}
	must(t, w.store.CreateConversation(t.Context(), c))
	_, err = w.store.CompleteSignIn(t.Context(), storage.SignIn{
		ConversationID: c.ID, ConversationExpiresAt: c.ExpiresAt, ConversationVersion: 1, Person: &nobodys,
		Session: storage.Session{ID: []byte("seed"), ExpiresAt: c.ExpiresAt, PersonID: nobodys.ID, ACR: 2, CreatedAt: w.clock()},
	})
	must(t, err)
	applied := func(id, person string, priority int, at time.Time) {
		must(t, w.store.StepCase(t.Context(), storage.CaseStep{
			Case: storage.Case{
				ID: id, Number: id, Kind: string(correction.KindConflict), Topic: id, State: string(correction.Applied), Open: true, PersonID: person, Region: "33",
				Priority: priority, FiledAt: at, DueAt: at, UpdatedAt: at, Body: []byte(`{}`),
			},
			Events: []storage.CaseEvent{{At: at, What: correction.EventApplied, Body: []byte(`{}`)}},
			Place:  []storage.Hold{{ID: "hold-" + id, PersonID: person, Kind: storage.HoldStepUp, CaseID: id, Number: id, PlacedAt: at}},
			Audit:  func(seq int64) ([]byte, error) { return fmt.Appendf(nil, `{"seq":%d}`, seq), nil },
		}))
	}
	run(t, w.issuer)
	const waiting = 350
	applied("settled", nobodys.ID, correction.PriorityLow, w.clock())
	for n := range waiting {
		applied(fmt.Sprint("waits-", n), waited.ID, correction.PriorityHigh, w.clock().Add(time.Duration(n+1)*time.Millisecond))
	}
	eventually(t, "the case of which everybody has heard is closed", func() bool {
		got, err := w.store.Case(t.Context(), "settled")
		must(t, err)
		return got.State == string(correction.Closed)
	})
	for _, n := range []int{0, waiting / 2, waiting - 1} {
		if got, err := w.store.Case(t.Context(), fmt.Sprint("waits-", n)); err != nil || got.State != string(correction.Applied) {
			t.Errorf("one that nobody has heard of is %s, %v", got.State, err)
		}
	}
	// When it has heard, all of them go on.
	head, err := w.store.SignalHead(t.Context())
	must(t, err)
	stream, err := w.store.Stream(t.Context(), down)
	must(t, err)
	for seq := int64(1); seq <= head; seq += 100 {
		var heard []int64
		for k := seq; k < min(seq+100, head+1); k++ {
			heard = append(heard, k)
		}
		must(t, w.store.Acknowledge(t.Context(), stream, storage.Acknowledged{Heard: heard, Position: heard[len(heard)-1]}, w.clock()))
	}
	eventually(t, "all are closed", func() bool {
		counts, err := w.store.CountCases(t.Context())
		must(t, err)
		return len(counts) == 1 && counts[0].State == string(correction.Closed) && counts[0].N == waiting+1
	})
}
