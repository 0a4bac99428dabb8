package relational

import (
	"context"

	"manyou/storage"
)

// ConsentsOf implements [storage.Consents]. Scopes are sorted.
func (s *Store) ConsentsOf(ctx context.Context, personID string) (consents []storage.Consent, err error) {
	err = s.read.Rows(ctx, `SELECT client_id, scope, given_at FROM consents WHERE person_id = $1
		ORDER BY client_id, scope`, []any{personID}, func(scan Scan) error {
		var clientID, scope string
		var givenAt int64
		if err := scan(&clientID, &scope, &givenAt); err != nil {
			return err
		}
		if len(consents) == 0 || consents[len(consents)-1].ClientID != clientID {
			consents = append(consents, storage.Consent{PersonID: personID, ClientID: clientID})
		}
		c := &consents[len(consents)-1]
		if at := moment(givenAt); at.After(c.GivenAt) {
			c.GivenAt = at
		}
		if scope != "" {
			c.Scopes = append(c.Scopes, scope)
		}
		return nil
	})
	return consents, err
}

// WithdrawConsent implements [storage.Consents].
func (s *Store) WithdrawConsent(ctx context.Context, personID, clientID string) error {
	return one(ctx, s.write, storage.ErrNotFound, `DELETE FROM consents WHERE person_id = $1 AND client_id = $2`,
		personID, clientID)
}
