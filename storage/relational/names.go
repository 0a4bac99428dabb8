package relational

import (
	"context"
	"encoding/json"
	"fmt"

	"manyou/storage"
)

// sealReceived seals the form in which a name was received; NULL if there is none.
func (s *Store) sealReceived(r *storage.ReceivedName, person string) ([]byte, error) {
	if r == nil {
		return nil, nil
	}
	plain, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("storage: encode: %w", err)
	}
	return s.seal(plain, "persons.name_received", person)
}

func (s *Store) openReceived(sealed []byte, person string) (*storage.ReceivedName, error) {
	if len(sealed) == 0 {
		return nil, nil
	}
	plain, err := s.unseal(sealed, "persons.name_received", person)
	if err != nil {
		return nil, err
	}
	r := &storage.ReceivedName{}
	if err := json.Unmarshal(plain, r); err != nil {
		return nil, fmt.Errorf("storage: decode the form of a name: %w", err)
	}
	return r, nil
}

// rename changes a name and returns, sealed, what it was.
func (s *Store) rename(ctx context.Context, tx Executor, r storage.Rename) ([]byte, error) {
	var sealed, form []byte
	if err := tx.Row(ctx, `SELECT name, name_received FROM persons WHERE id = $1`, []any{r.PersonID}, &sealed, &form); err != nil {
		return nil, found(err)
	}
	name, err := s.unsealText(sealed, "persons.name", r.PersonID)
	if err != nil {
		return nil, err
	}
	if name != r.From {
		return nil, storage.ErrConflict
	}
	before, err := s.openReceived(form, r.PersonID)
	if err != nil {
		return nil, err
	}
	if sealed, err = s.sealText(r.To, "persons.name", r.PersonID); err != nil {
		return nil, err
	}
	if form, err = s.sealReceived(r.Received, r.PersonID); err != nil {
		return nil, err
	}
	if _, err := tx.Exec(ctx, `UPDATE persons SET name = $2, name_received = $3 WHERE id = $1`, r.PersonID, sealed, form); err != nil {
		return nil, err
	}
	body, err := json.Marshal([]any{r.From, r.To, before})
	if err != nil {
		return nil, fmt.Errorf("storage: encode: %w", err)
	}
	return s.seal(body, "moves.body", r.PersonID)
}

// renameBack takes a noted change of a name back.
func (s *Store) renameBack(ctx context.Context, tx Executor, m moved) error {
	body, err := s.unseal(m.body, "moves.body", m.to)
	if err != nil {
		return err
	}
	var parts [3]json.RawMessage // what was noted before forms were kept has two
	if err := json.Unmarshal(body, &parts); err != nil {
		return fmt.Errorf("storage: a noted name: %w", err)
	}
	back := storage.Rename{PersonID: m.to}
	for n, to := range []any{&back.To, &back.From, &back.Received} {
		if parts[n] == nil {
			continue
		}
		if err := json.Unmarshal(parts[n], to); err != nil {
			return fmt.Errorf("storage: a noted name: %w", err)
		}
	}
	_, err = s.rename(ctx, tx, back)
	return err
}
