package relational

import (
	"context"
	"slices"

	"manyou/storage"
)

// PutConsent implements [storage.Consents]. Each scope is a row, so that agreements given at once add up. The scope
// "" stands for the agreement itself, which may cover no scope.
func (s *Store) PutConsent(ctx context.Context, c storage.Consent) error {
	scopes := append([]string{""}, c.Scopes...)
	slices.Sort(scopes)
	scopes = slices.Compact(scopes)
	args := make([]any, 0, 4*len(scopes))
	for _, scope := range scopes {
		args = append(args, c.PersonID, c.ClientID, scope, millis(c.GivenAt))
	}
	_, err := s.write.Exec(ctx, `INSERT INTO consents (person_id, client_id, scope, given_at) VALUES `+
		placeholders(len(scopes), 4)+` ON CONFLICT (person_id, client_id, scope) DO UPDATE SET given_at = excluded.given_at`,
		args...)
	return err
}

// Consent implements [storage.Consents]. Scopes are sorted.
func (s *Store) Consent(ctx context.Context, personID, clientID string) (storage.Consent, error) {
	c := storage.Consent{PersonID: personID, ClientID: clientID}
	given := false
	var latest int64
	err := s.read.Rows(ctx, `SELECT scope, given_at FROM consents WHERE person_id = $1 AND client_id = $2`,
		[]any{personID, clientID}, func(scan Scan) error {
			var scope string
			var givenAt int64
			if err := scan(&scope, &givenAt); err != nil {
				return err
			}
			given, latest = true, max(latest, givenAt)
			if scope != "" {
				c.Scopes = append(c.Scopes, scope)
			}
			return nil
		})
	if err != nil {
		return storage.Consent{}, err
	}
	if !given {
		return storage.Consent{}, storage.ErrNotFound
	}
	slices.Sort(c.Scopes)
	c.GivenAt = moment(latest)
	return c, nil
}
