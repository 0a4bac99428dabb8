package relational

import (
	"context"
	"time"

	"manyou/storage"
)

// CreateTicket implements [storage.Tickets].
func (s *Store) CreateTicket(ctx context.Context, t storage.Ticket, at time.Time) error {
	body, err := s.seal(t.Body, "tickets.body", t.ID)
	if err != nil {
		return err
	}
	return one(ctx, s.relaxed, storage.ErrConflict, `INSERT INTO tickets (id, expires_at, version, body, changed_at)
		VALUES ($1, $2, 1, $3, $4) ON CONFLICT DO NOTHING`, t.ID, millis(t.ExpiresAt), body, millis(at))
}

// Ticket implements [storage.Tickets].
func (s *Store) Ticket(ctx context.Context, id string, expiresAt time.Time) (storage.Ticket, error) {
	t := storage.Ticket{ID: id, ExpiresAt: moment(millis(expiresAt))}
	var body []byte
	err := s.read.Row(ctx, `SELECT version, body FROM tickets WHERE id = $1 AND expires_at = $2`,
		[]any{id, millis(expiresAt)}, &t.Version, &body)
	if err != nil {
		return storage.Ticket{}, found(err)
	}
	if t.Body, err = s.unseal(body, "tickets.body", id); err != nil {
		return storage.Ticket{}, err
	}
	return t, nil
}

// AdvanceTicket implements [storage.Tickets].
func (s *Store) AdvanceTicket(ctx context.Context, t storage.Ticket, at time.Time) error {
	body, err := s.seal(t.Body, "tickets.body", t.ID)
	if err != nil {
		return err
	}
	return one(ctx, s.relaxed, storage.ErrConflict, `UPDATE tickets SET body = $4, version = version + 1, changed_at = $5
		WHERE id = $1 AND expires_at = $2 AND version = $3`, t.ID, millis(t.ExpiresAt), t.Version, body, millis(at))
}

// EndTicket implements [storage.Tickets].
func (s *Store) EndTicket(ctx context.Context, t storage.Ticket) error {
	st := deleteTicket(t)
	return one(ctx, s.relaxed, storage.ErrConflict, st.SQL, st.Args...)
}

// TicketsChangedSince implements [storage.Tickets].
func (s *Store) TicketsChangedSince(ctx context.Context, since time.Time, limit int) (changes []storage.TicketChange, err error) {
	err = s.read.Rows(ctx, `SELECT id, version FROM tickets WHERE changed_at >= $1 ORDER BY changed_at LIMIT $2`,
		[]any{millis(since), limit}, func(scan Scan) error {
			var c storage.TicketChange
			if err := scan(&c.ID, &c.Version); err != nil {
				return err
			}
			changes = append(changes, c)
			return nil
		})
	return changes, err
}

func deleteTicket(t storage.Ticket) Statement {
	return Statement{`DELETE FROM tickets WHERE id = $1 AND expires_at = $2 AND version = $3`,
		[]any{t.ID, millis(t.ExpiresAt), t.Version}}
}
