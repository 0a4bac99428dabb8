package relational

import "context"

// PutNote implements [storage.Notes].
func (s *Store) PutNote(ctx context.Context, name string, body []byte) error {
	_, err := s.write.Exec(ctx, `INSERT INTO notes (name, body) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET body = excluded.body`, name, body)
	return err
}

// Note implements [storage.Notes].
func (s *Store) Note(ctx context.Context, name string) (body []byte, err error) {
	return body, found(s.read.Row(ctx, `SELECT body FROM notes WHERE name = $1`, []any{name}, &body))
}
