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
	var detail []byte
	if len(e.Detail) > 0 {
		text, err := jsonText(e.Detail)
		if err != nil {
			return Statement{}, err
		}
		if detail, err = s.sealText(text, "events.detail", eventRow(e.PersonID, e.ID)); err != nil {
			return Statement{}, err
		}
	} else {
		detail = []byte{}
	}
	return Statement{`INSERT INTO events (person_id, at, id, kind, detail) VALUES ($1, $2, $3, $4, $5)`,
		[]any{e.PersonID, millis(e.At), e.ID, e.Kind, detail}}, nil
}

// EventsOf implements [storage.Events]. The key is (person_id, at, id) and partitions are ranges of at, so that each
// partition that is not wholly later is read from its key alone, backwards, and no further than to the limit.
func (s *Store) EventsOf(ctx context.Context, personID string, before time.Time, limit int) (events []storage.Event, err error) {
	err = s.read.Rows(ctx, `SELECT id, at, kind, detail FROM events WHERE person_id = $1 AND at < $2
		ORDER BY at DESC, id DESC LIMIT $3`, []any{personID, millis(before), limit}, func(scan Scan) error {
		e := storage.Event{PersonID: personID}
		var at int64
		var detail []byte
		if err := scan(&e.ID, &at, &e.Kind, &detail); err != nil {
			return err
		}
		e.At = moment(at)
		if e.Detail, err = s.openDetail(detail, e); err != nil {
			return err
		}
		events = append(events, e)
		return nil
	})
	return events, err
}

func (s *Store) openDetail(sealed []byte, e storage.Event) (detail map[string]string, err error) {
	text, err := s.unseal(sealed, "events.detail", eventRow(e.PersonID, e.ID))
	if err != nil || len(text) == 0 {
		return nil, err
	}
	if err := json.Unmarshal(text, &detail); err != nil {
		return nil, fmt.Errorf("storage: decode event %s: %w", e.ID, err)
	}
	return detail, nil
}

// eventRow names the row that a detail is sealed for: no event can be moved to another person.
func eventRow(personID, id string) string { return personID + "/" + id }
