package relational

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"
	"time"

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

// correctCase changes persons as a case decided. It returns what others have to hear besides.
func (s *Store) correctCase(ctx context.Context, tx Executor, step storage.CaseStep) ([]storage.Signal, error) {
	var undone []moved
	if undo := step.Correction.Undo; undo != "" {
		var err error
		if undone, err = s.moves(ctx, tx, undo); err != nil {
			return nil, err
		}
	}
	if err := s.correct(ctx, tx, *step.Correction); err != nil {
		return nil, err
	}
	return s.part(ctx, tx, undone, step.Case.UpdatedAt)
}

// part lets what was placed on somebody after a merge that is taken back lie on whom its case is about. Others know a hold by its name, so that there it
// is another one: they hear of the end of the first.
func (s *Store) part(ctx context.Context, tx Executor, undone []moved, at time.Time) (told []storage.Signal, err error) {
	for _, m := range undone {
		if m.what != movedMerge {
			continue
		}
		list, err := holdsBy(ctx, tx, `SELECT `+holdColumns+` FROM holds WHERE person_id = $1 AND issuer = '' AND lifted_at = 0
			AND case_id IN (SELECT id FROM cases WHERE person_id = $2) ORDER BY placed_at, id`, m.to, string(m.key))
		if err != nil {
			return nil, err
		}
		for _, h := range list {
			if _, err := liftHold(ctx, tx, storage.HoldLift{ID: h.ID, By: "system"}, at); err != nil {
				return nil, err
			}
			told = append(told, heard(h, storage.SignalLifted))
			sum := sha256.Sum256([]byte(h.ID))
			h.ID, h.PersonID = base32.StdEncoding.EncodeToString(sum[:15]), m.from
			if _, err := s.placeHold(ctx, tx, h); err != nil {
				return nil, err
			}
			told = append(told, heard(h, storage.SignalHeld))
		}
	}
	return told, nil
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
