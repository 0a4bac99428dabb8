package relational

import (
	"context"
	"fmt"
	"time"

	"manyou/storage"
)

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

// useCredential writes nothing if the use is not good. A condition may be added to it.
func (s *Store) useCredential(u storage.CredentialUse, at time.Time) (Statement, error) {
	if u.Once {
		return Statement{`DELETE FROM credentials WHERE id = $1`, []any{u.ID}}, nil
	}
	var secret any // NULL keeps what is stored
	if u.Secret != nil {
		sealed, err := s.seal(u.Secret, "credentials.secret", u.ID)
		if err != nil {
			return Statement{}, err
		}
		secret = sealed
	}
	return Statement{`UPDATE credentials SET counter = $2, last_used_at = $3, secret = COALESCE($4, secret)
		WHERE id = $1 AND (counter < $2 OR ($5 AND counter = $2))`,
		[]any{u.ID, u.Counter, millis(at), secret, u.Still}}, nil
}

// proofSteps use up what a sign-in was proven with, and write down that it was.
func (s *Store) proofSteps(in storage.SignIn) ([]step, error) {
	var steps []step
	if in.Ticket != nil {
		steps = append(steps, step{deleteTicket(*in.Ticket), storage.ErrConflict})
	}
	if in.Use != nil {
		st, err := s.useCredential(*in.Use, in.Session.CreatedAt)
		if err != nil {
			return nil, err
		}
		// Nobody signs in with what is another person's.
		st.Args = append(st.Args, in.Session.PersonID)
		st.SQL += fmt.Sprintf(` AND person_id = $%d`, len(st.Args))
		steps = append(steps, step{st, storage.ErrUsed})
	}
	if in.Event != nil {
		st, err := s.insertEvent(*in.Event)
		if err != nil {
			return nil, err
		}
		steps = append(steps, step{st, storage.ErrConflict})
	}
	return steps, nil
}
