package relational

import (
	"context"

	"manyou/storage"
)

const credentialColumns = `id, person_id, method, label, handle, secret, counter, created_at, last_used_at, counts_from, at_most`

// AddCredential implements [storage.Credentials].
func (s *Store) AddCredential(ctx context.Context, c storage.Credential) error {
	st, err := s.insertCredential(c)
	if err != nil {
		return err
	}
	return one(ctx, s.write, storage.ErrNotFound, st.SQL, st.Args...)
}

// insertCredential writes nothing if the person is not there, or is another's.
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
		SELECT $1, id, $3, $4, $5, $6, $7, $8, $9, $11, $12, $10 FROM persons WHERE id = $2 AND merged_into = ''` + s.hot.ForKeyShare,
		[]any{c.ID, c.PersonID, c.Method, label, handle, secret, c.Counter, millis(c.CreatedAt), millis(c.LastUsedAt),
			lookup, millis(c.CountsFrom), c.AtMost}}, nil
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
	if err := scan(&c.ID, &c.PersonID, &c.Method, &label, &handle, &secret, &c.Counter, &createdAt, &lastUsedAt, caseTime{&c.CountsFrom}, &c.AtMost); err != nil {
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

// RemoveCredential implements [storage.Credentials].
func (s *Store) RemoveCredential(ctx context.Context, personID, id string) error {
	return one(ctx, s.write, storage.ErrNotFound, `DELETE FROM credentials WHERE id = $1 AND person_id = $2`, id, personID)
}
