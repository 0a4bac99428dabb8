package relational

import (
	"context"
	"fmt"
	"strings"

	"manyou/storage"
)

// moveBack takes one move back.
func (s *Store) moveBack(ctx context.Context, tx Executor, m moved) error {
	key := string(m.key)
	first, second, _ := strings.Cut(key, " ")
	switch m.what {
	case storage.MoveLink:
		if m.to != "" {
			return moveLink(ctx, tx, first, second, m.to, m.from)
		}
		var createdAt int64
		if _, err := fmt.Sscan(string(m.body), &createdAt); err != nil {
			return fmt.Errorf("storage: a noted link: %w", err)
		}
		return one(ctx, tx, storage.ErrConflict, `INSERT INTO links (issuer, subject, person_id, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
			first, second, m.from, createdAt)
	case storage.MoveDocument:
		return s.moveDocument(ctx, tx, m.key, m.to, m.from)
	case movedName:
		return s.renameBack(ctx, tx, m)
	case movedHere:
		return nil
	case movedNew: // who began then was the other one all along: what they have gained since is theirs, and what keeps them out
		_, err := s.merge(ctx, tx, storage.Merge{From: m.to, Into: m.from})
		return err
	case movedMerge:
		back := m.from
		if key == m.from {
			back = "" // the one that was merged; others were merged into it before
		}
		if err := tellWhole(ctx, tx); err != nil {
			return err
		}
		return one(ctx, tx, storage.ErrConflict, `UPDATE persons SET merged_into = $3 WHERE id = $1 AND merged_into = $2`, key, m.to, back)
	}
	// What the person may have removed, withdrawn or lost since is not there to be moved.
	query := map[string]string{
		storage.MoveCredential: `UPDATE credentials SET person_id = $2 WHERE id = $1 AND person_id = $3`,
		movedHold:              `UPDATE holds SET person_id = $2 WHERE id = $1 AND person_id = $3`,
		movedConsent:           `DELETE FROM consents WHERE client_id = $1 AND scope = $4 AND person_id = $3 AND person_id <> $2`,
	}[m.what]
	args := []any{key, m.from, m.to}
	if m.what == movedConsent { // no scope has a space in it
		last := strings.LastIndexByte(key, ' ')
		args = []any{key[:last], m.from, m.to, key[last+1:]}
	}
	_, err := tx.Exec(ctx, query, args...)
	return err
}

// leftNothing makes sure that persons who are merged have nothing to sign in with and no hold on them: it would be lost to whom they were
// found to be. [storage.ErrConflict].
func leftNothing(ctx context.Context, tx Executor, persons map[string]bool) error {
	for id := range persons {
		var left int64
		err := tx.Row(ctx, `SELECT 1 FROM persons p WHERE p.id = $1 AND p.merged_into <> '' AND (EXISTS (SELECT 1 FROM links l WHERE l.person_id = p.id)
			OR EXISTS (SELECT 1 FROM credentials c WHERE c.person_id = p.id)
			OR EXISTS (SELECT 1 FROM holds h WHERE h.person_id = p.id AND h.lifted_at = 0))`, []any{id}, &left)
		if err == nil {
			return storage.ErrConflict
		} else if found(err) != storage.ErrNotFound { //nolint:errorlint // as found returns it
			return err
		}
	}
	return nil
}
