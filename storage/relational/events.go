package relational

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"manyou/storage"
)

// AddEvent implements [storage.Events].
func (s *Store) AddEvent(ctx context.Context, e storage.Event) error {
	st, err := s.insertEvent(e)
	if err != nil {
		return err
	}
	_, err = s.write.Exec(ctx, st.SQL, st.Args...)
	return err
}

func (s *Store) insertEvent(e storage.Event) (Statement, error) {
	detail, err := json.Marshal(e.Detail)
	if err != nil {
		return Statement{}, fmt.Errorf("storage: encode event: %w", err)
	}
	sealed, err := s.seal(detail, "events.detail", e.ID)
	if err != nil {
		return Statement{}, err
	}
	return Statement{`INSERT INTO events (id, person_id, at, kind, detail, expires_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		[]any{e.ID, e.PersonID, millis(e.At), e.Kind, sealed, millis(e.At.Add(storage.EventLife))}}, nil
}

// EventsOf implements [storage.Events].
func (s *Store) EventsOf(ctx context.Context, personID string, before time.Time, limit int) (events []storage.Event, err error) {
	err = s.read.Rows(ctx, `SELECT id, at, kind, detail FROM events WHERE person_id = $1 AND at < $2
		ORDER BY at DESC, id DESC LIMIT $3`, []any{personID, millis(before), limit}, func(scan Scan) error {
		e := storage.Event{PersonID: personID}
		var at int64
		var sealed []byte
		if err := scan(&e.ID, &at, &e.Kind, &sealed); err != nil {
			return err
		}
		e.At = moment(at)
		detail, err := s.unseal(sealed, "events.detail", e.ID)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(detail, &e.Detail); err != nil {
			return fmt.Errorf("storage: decode event: %w", err)
		}
		events = append(events, e)
		return nil
	})
	return events, err
}
