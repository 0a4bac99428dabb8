package relational

import (
	"context"
	"database/sql"
	"errors"

	"manyou/storage"
)

// step is a statement of a sign-in together with the error that it means if it writes nothing.
type step struct {
	Statement
	none error
}

// CompleteSignIn implements [storage.SignIns]. All statements but the last travel together; what they wrote is judged
// before the commit.
func (s *Store) CompleteSignIn(ctx context.Context, in storage.SignIn) (epoch int64, err error) {
	steps, err := s.signInSteps(in)
	if err != nil {
		return 0, err
	}
	session, err := s.insertSession(in.Session, in.Rests)
	if err != nil {
		return 0, err
	}
	statements := make([]Statement, len(steps))
	for i, st := range steps {
		statements[i] = st.Statement
	}
	err = s.inTx(ctx, func(tx Executor) error {
		written, err := tx.Batch(ctx, statements)
		if err != nil {
			return err
		}
		for i, st := range steps {
			if written[i] == 0 && st.none != nil {
				return st.none
			}
		}
		if err := tx.Row(ctx, session.SQL, session.Args, &epoch); errors.Is(err, sql.ErrNoRows) {
			return storage.ErrEnded
		} else if err != nil {
			return err
		}
		return nil
	})
	return epoch, err
}

func (s *Store) signInSteps(in storage.SignIn) ([]step, error) {
	steps := []step{{
		deleteConversation(in.ConversationID, in.ConversationExpiresAt, in.ConversationVersion), storage.ErrConflict,
	}}
	if in.Person != nil {
		statements, err := s.insertPerson(*in.Person)
		if err != nil {
			return nil, err
		}
		for _, st := range statements {
			steps = append(steps, step{st, storage.ErrConflict})
		}
	}
	if in.Link != nil {
		steps = append(steps, step{insertLink(*in.Link), storage.ErrConflict})
	}
	if in.Credential != nil {
		st, err := s.insertCredential(*in.Credential)
		if err != nil {
			return nil, err
		}
		steps = append(steps, step{st, storage.ErrConflict})
	}
	if in.Use != nil {
		st, err := s.useCredential(*in.Use, in.Session.CreatedAt)
		if err != nil {
			return nil, err
		}
		steps = append(steps, step{st, storage.ErrUsed})
	}
	if in.Ticket != nil {
		steps = append(steps, step{useTicket(*in.Ticket), storage.ErrConflict})
	}
	if in.Event != nil {
		st, err := s.insertEvent(*in.Event)
		if err != nil {
			return nil, err
		}
		steps = append(steps, step{st, nil})
	}
	if in.ReplacesID != nil {
		// The earlier session may have been dropped already.
		steps = append(steps, step{
			endOthersSession(in.ReplacesID, in.ReplacesExpiresAt, in.Session.CreatedAt, in.Session.PersonID), nil,
		})
	}
	return steps, nil
}
