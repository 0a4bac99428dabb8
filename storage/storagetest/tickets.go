package storagetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"manyou/storage"
)

// ticket stores a new ticket.
func (f *fixture) ticket(t *testing.T) storage.Ticket {
	t.Helper()
	k := storage.Ticket{ID: text(), ExpiresAt: f.now.Add(2 * time.Minute), Version: 1, Body: []byte("question")}
	check(t, f.CreateTicket(t.Context(), k, f.now))
	return k
}

var ticketCases = map[string]func(*testing.T, *fixture){
	"Ticket/lives from version 1 until it ends": func(t *testing.T, f *fixture) {
		k := f.ticket(t)
		is(t, f.CreateTicket(t.Context(), k, f.now), storage.ErrConflict)
		got, err := f.Ticket(t.Context(), k.ID, k.ExpiresAt)
		check(t, err)
		equal(t, got, k)
		_, err = f.Ticket(t.Context(), k.ID, k.ExpiresAt.Add(time.Second))
		is(t, err, storage.ErrNotFound)

		k.Body = []byte("answer")
		check(t, f.AdvanceTicket(t.Context(), k, f.now))
		is(t, f.AdvanceTicket(t.Context(), k, f.now), storage.ErrConflict)
		is(t, f.EndTicket(t.Context(), k), storage.ErrConflict)
		k.Version = 2
		got, err = f.Ticket(t.Context(), k.ID, k.ExpiresAt)
		check(t, err)
		equal(t, got, k)

		check(t, f.EndTicket(t.Context(), k))
		is(t, f.EndTicket(t.Context(), k), storage.ErrConflict)
		is(t, f.AdvanceTicket(t.Context(), k, f.now), storage.ErrConflict)
		_, err = f.Ticket(t.Context(), k.ID, k.ExpiresAt)
		is(t, err, storage.ErrNotFound)
	},
	"AdvanceTicket/is seen by every node at once": func(t *testing.T, f *fixture) {
		k, other := f.ticket(t), f.db.Node(t)
		for range 50 {
			check(t, f.AdvanceTicket(t.Context(), k, f.now))
			k.Version++
			got, err := other.Ticket(t.Context(), k.ID, k.ExpiresAt)
			check(t, err)
			equal(t, got.Version, k.Version)
		}
	},
	"AdvanceTicket/at once on two nodes has one winner": func(t *testing.T, f *fixture) {
		k := f.ticket(t)
		nodes := []storage.Store{f.Store, f.db.Node(t)}
		oneWinner(t, 200, storage.ErrConflict, func(ctx context.Context, i int) error {
			k := k
			k.Body = fmt.Append(nil, i)
			return nodes[i%2].AdvanceTicket(ctx, k, f.now)
		})
		got, err := f.Ticket(t.Context(), k.ID, k.ExpiresAt)
		check(t, err)
		equal(t, got.Version, int64(2))
	},
	"EndTicket/at once on two nodes has one winner": func(t *testing.T, f *fixture) {
		k := f.ticket(t)
		nodes := []storage.Store{f.Store, f.db.Node(t)}
		oneWinner(t, 100, storage.ErrConflict, func(ctx context.Context, i int) error {
			return nodes[i%2].EndTicket(ctx, k)
		})
	},
	"TicketsChangedSince/lists what was created or advanced, in order of time": func(t *testing.T, f *fixture) {
		list := func(since time.Time, limit int) []storage.TicketChange {
			got, err := f.TicketsChangedSince(t.Context(), since, limit)
			check(t, err)
			return got
		}
		equal(t, len(list(f.now, 9)), 0)
		first, second, ended := f.ticket(t), f.ticket(t), f.ticket(t)
		check(t, f.AdvanceTicket(t.Context(), second, f.now.Add(time.Second)))
		check(t, f.AdvanceTicket(t.Context(), first, f.now.Add(2*time.Second)))
		check(t, f.EndTicket(t.Context(), ended))
		equal(t, list(f.now, 9), []storage.TicketChange{{ID: second.ID, Version: 2}, {ID: first.ID, Version: 2}})
		equal(t, list(f.now, 1), []storage.TicketChange{{ID: second.ID, Version: 2}})
		equal(t, list(f.now.Add(2*time.Second), 9), []storage.TicketChange{{ID: first.ID, Version: 2}})
		equal(t, len(list(f.now.Add(2001*time.Millisecond), 9)), 0)
	},
}
