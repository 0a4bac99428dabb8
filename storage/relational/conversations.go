package relational

import (
	"context"
	"time"

	"manyou/storage"
)

// CreateConversation implements [storage.Conversations].
func (s *Store) CreateConversation(ctx context.Context, c storage.Conversation) error {
	body, err := s.seal(c.Body, "conversations.body", c.ID)
	if err != nil {
		return err
	}
	return one(ctx, s.relaxed, storage.ErrConflict, `INSERT INTO conversations (id, expires_at, version, body)
		VALUES ($1, $2, 1, $3) ON CONFLICT DO NOTHING`, c.ID, millis(c.ExpiresAt), body)
}

// Conversation implements [storage.Conversations].
func (s *Store) Conversation(ctx context.Context, id string, expiresAt time.Time) (storage.Conversation, error) {
	c := storage.Conversation{ID: id, ExpiresAt: moment(millis(expiresAt))}
	var body []byte
	err := s.read.Row(ctx, `SELECT version, body FROM conversations WHERE id = $1 AND expires_at = $2`,
		[]any{id, millis(expiresAt)}, &c.Version, &body)
	if err != nil {
		return storage.Conversation{}, found(err)
	}
	if c.Body, err = s.unseal(body, "conversations.body", id); err != nil {
		return storage.Conversation{}, err
	}
	return c, nil
}

// Advance implements [storage.Conversations].
func (s *Store) Advance(ctx context.Context, c storage.Conversation) error {
	body, err := s.seal(c.Body, "conversations.body", c.ID)
	if err != nil {
		return err
	}
	return one(ctx, s.relaxed, storage.ErrConflict, `UPDATE conversations SET body = $4, version = version + 1
		WHERE id = $1 AND expires_at = $2 AND version = $3`, c.ID, millis(c.ExpiresAt), c.Version, body)
}

// EndConversation implements [storage.Conversations].
func (s *Store) EndConversation(ctx context.Context, c storage.Conversation) error {
	st := deleteConversation(c.ID, c.ExpiresAt, c.Version)
	return one(ctx, s.relaxed, storage.ErrConflict, st.SQL, st.Args...)
}

func deleteConversation(id string, expiresAt time.Time, version int64) Statement {
	return Statement{`DELETE FROM conversations WHERE id = $1 AND expires_at = $2 AND version = $3`,
		[]any{id, millis(expiresAt), version}}
}
