package relational

import (
	"context"
	"time"

	"manyou/storage"
)

// ConversationAndCredentials implements [storage.Conversations]. Without a handle the lookup is NULL, which equals
// nothing.
func (s *Store) ConversationAndCredentials(ctx context.Context, id string, expiresAt time.Time, method, handle string) (
	storage.Conversation, []storage.Credential, error,
) {
	var lookup any
	if handle != "" {
		lookup = s.handleLookup(method, handle)
	}
	c := storage.Conversation{ID: id, ExpiresAt: moment(millis(expiresAt))}
	var credentials []storage.Credential
	var body []byte
	err := s.read.Rows(ctx, `SELECT v.version, v.body, COALESCE(c.id, ''), COALESCE(c.person_id, ''),
		COALESCE(c.method, ''), c.label, c.handle, c.secret, COALESCE(c.counter, 0), COALESCE(c.created_at, 0),
		COALESCE(c.last_used_at, 0), COALESCE(c.counts_from, 0), COALESCE(c.at_most, 0)
		FROM conversations v LEFT JOIN credentials c ON c.handle_lookup = $3
		WHERE v.id = $1 AND v.expires_at = $2 ORDER BY c.created_at, c.id`, []any{id, millis(expiresAt), lookup},
		func(scan Scan) error {
			credential, err := s.scanCredential(func(dest ...any) error {
				return scan(append([]any{&c.Version, &body}, dest...)...)
			})
			if credential.ID != "" {
				credentials = append(credentials, credential)
			}
			return err
		})
	if err != nil {
		return storage.Conversation{}, nil, err
	}
	if c.Version == 0 {
		return storage.Conversation{}, nil, storage.ErrNotFound
	}
	if c.Body, err = s.unseal(body, "conversations.body", id); err != nil {
		return storage.Conversation{}, nil, err
	}
	return c, credentials, nil
}
