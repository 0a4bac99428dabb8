package relational

import (
	"context"
	"time"

	"manyou/storage"
)

const credentialColumns = `id, person_id, method, label, handle, secret, counter, created_at, last_used_at`

// AddCredential implements [storage.Credentials].
func (s *Store) AddCredential(ctx context.Context, c storage.Credential) error {
	st, err := s.insertCredential(c)
	if err != nil {
		return err
	}
	_, err = s.write.Exec(ctx, st.SQL, st.Args...)
	return err
}

func (s *Store) insertCredential(c storage.Credential) (Statement, error) {
	label, err := s.sealText(c.Label, "credentials.label", c.ID)
	if err != nil {
		return Statement{}, err
	}
	handle, err := s.sealText(c.Handle, "credentials.handle", c.ID)
	if err != nil {
		return Statement{}, err
	}
	secret, err := s.seal(c.Secret, "credentials.secret", c.ID)
	if err != nil {
		return Statement{}, err
	}
	var lookup []byte
	if c.Handle != "" {
		lookup = s.handleLookup(c.Method, c.Handle)
	}
	return Statement{`INSERT INTO credentials (` + credentialColumns + `, handle_lookup)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		[]any{c.ID, c.PersonID, c.Method, label, handle, secret, c.Counter, millis(c.CreatedAt), millis(c.LastUsedAt),
			lookup}}, nil
}

func (s *Store) handleLookup(method, handle string) []byte {
	return s.vault.Lookup("credentials.handle/"+method, handle)
}

// CredentialsOf implements [storage.Credentials].
func (s *Store) CredentialsOf(ctx context.Context, personID string) ([]storage.Credential, error) {
	return s.credentials(ctx, `SELECT `+credentialColumns+` FROM credentials WHERE person_id = $1
		ORDER BY created_at, id`, personID)
}

// CredentialsByHandle implements [storage.Credentials].
func (s *Store) CredentialsByHandle(ctx context.Context, method, handle string) ([]storage.Credential, error) {
	if handle == "" {
		return nil, nil
	}
	return s.credentials(ctx, `SELECT `+credentialColumns+` FROM credentials WHERE handle_lookup = $1
		ORDER BY created_at, id`, s.handleLookup(method, handle))
}

func (s *Store) credentials(ctx context.Context, sql string, arg any) ([]storage.Credential, error) {
	var credentials []storage.Credential
	err := s.read.Rows(ctx, sql, []any{arg}, func(scan Scan) error {
		c, err := s.scanCredential(scan)
		credentials = append(credentials, c)
		return err
	})
	return credentials, err
}

func (s *Store) scanCredential(scan Scan) (c storage.Credential, err error) {
	var label, handle, secret []byte
	var createdAt, lastUsedAt int64
	if err := scan(&c.ID, &c.PersonID, &c.Method, &label, &handle, &secret, &c.Counter, &createdAt, &lastUsedAt); err != nil {
		return c, err
	}
	c.CreatedAt, c.LastUsedAt = moment(createdAt), moment(lastUsedAt)
	if c.Label, err = s.unsealText(label, "credentials.label", c.ID); err != nil {
		return c, err
	}
	if c.Handle, err = s.unsealText(handle, "credentials.handle", c.ID); err != nil {
		return c, err
	}
	c.Secret, err = s.unseal(secret, "credentials.secret", c.ID)
	return c, err
}

// UseCredential implements [storage.Credentials].
func (s *Store) UseCredential(ctx context.Context, u storage.CredentialUse, at time.Time) error {
	st, err := s.useCredential(u, at)
	if err != nil {
		return err
	}
	n, err := s.write.Exec(ctx, st.SQL, st.Args...)
	if err != nil || n == 1 {
		return err
	}
	var exists int64
	if err := s.read.Row(ctx, `SELECT 1 FROM credentials WHERE id = $1`, []any{u.ID}, &exists); err != nil {
		return found(err)
	}
	return storage.ErrUsed
}

// useCredential writes a row if the use is good.
func (s *Store) useCredential(u storage.CredentialUse, at time.Time) (Statement, error) {
	if u.Once {
		return Statement{`DELETE FROM credentials WHERE id = $1`, []any{u.ID}}, nil
	}
	better := `counter < $2`
	if u.Still {
		better = `counter <= $2`
	}
	if u.Secret == nil {
		return Statement{`UPDATE credentials SET counter = $2, last_used_at = $3 WHERE id = $1 AND ` + better,
			[]any{u.ID, u.Counter, millis(at)}}, nil
	}
	secret, err := s.seal(u.Secret, "credentials.secret", u.ID)
	return Statement{`UPDATE credentials SET counter = $2, last_used_at = $3, secret = $4 WHERE id = $1 AND ` + better,
		[]any{u.ID, u.Counter, millis(at), secret}}, err
}

// LabelCredential implements [storage.Credentials].
func (s *Store) LabelCredential(ctx context.Context, personID, id, label string) error {
	sealed, err := s.sealText(label, "credentials.label", id)
	if err != nil {
		return err
	}
	return one(ctx, s.write, storage.ErrNotFound, `UPDATE credentials SET label = $3 WHERE id = $1 AND person_id = $2`, id, personID, sealed)
}

// ReplaceCredentials implements [storage.Credentials].
func (s *Store) ReplaceCredentials(ctx context.Context, personID, method string, with []storage.Credential) error {
	statements := []Statement{{`DELETE FROM credentials WHERE person_id = $1 AND method = $2`, []any{personID, method}}}
	for _, c := range with {
		st, err := s.insertCredential(c)
		if err != nil {
			return err
		}
		statements = append(statements, st)
	}
	return s.inTx(ctx, func(tx Executor) error {
		_, err := tx.Batch(ctx, statements)
		return err
	})
}

// RemoveCredential implements [storage.Credentials].
func (s *Store) RemoveCredential(ctx context.Context, personID, id string) error {
	return one(ctx, s.write, storage.ErrNotFound, `DELETE FROM credentials WHERE id = $1 AND person_id = $2`, id, personID)
}
