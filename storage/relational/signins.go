package relational

import (
	"context"

	"manyou/storage"
)

// step is a statement of a sign-in together with the error that it means if it writes nothing.
type step struct {
	Statement
	none error
}

// CompleteSignIn implements [storage.SignIns]. All statements travel together; what they wrote is judged before the
// commit.
func (s *Store) CompleteSignIn(ctx context.Context, in storage.SignIn) (epoch int64, err error) {
	steps, err := s.signInSteps(in)
	if err != nil {
		return 0, err
	}
	statements := make([]Statement, len(steps))
	for i, st := range steps {
		statements[i] = st.Statement
	}
	joins := in.Link != nil && in.Person == nil // somebody on whom holds may lie comes by another way
	err = s.inTx(ctx, func(tx Executor) error {
		if joins {
			if err := s.lockPersons(ctx, tx, in.Link.PersonID); err != nil {
				return err
			}
		}
		written, err := tx.Batch(ctx, statements, &epoch)
		if err != nil {
			return err
		}
		for i, st := range steps {
			if written[i] == 0 && st.none != nil {
				return st.none
			}
		}
		if !joins {
			return nil
		}
		told, err := tellHolds(ctx, tx, in.Link.PersonID)
		if err != nil {
			return err
		}
		return appendSignals(ctx, tx, in.Session.CreatedAt, told...)
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
		steps = append(steps, step{s.insertLink(*in.Link), storage.ErrConflict})
	}
	if in.Credential != nil {
		st, err := s.insertCredential(*in.Credential)
		if err != nil {
			return nil, err
		}
		steps = append(steps, step{st, storage.ErrConflict})
	}
	proof, err := s.proofSteps(in)
	if err != nil {
		return nil, err
	}
	steps = append(steps, proof...)
	if in.ReplacesID != nil {
		// The earlier session may have been dropped already.
		steps = append(steps, step{
			endOthersSession(in.ReplacesID, in.ReplacesExpiresAt, in.Session.CreatedAt, in.Session.PersonID), nil,
		})
	}
	st, err := s.insertSession(in.Session, in.Rests)
	if err != nil {
		return nil, err
	}
	// The last one, since it returns the epoch.
	return append(steps, step{st, storage.ErrEnded}), nil
}
