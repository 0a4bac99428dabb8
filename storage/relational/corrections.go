package relational

import (
	"context"
	"fmt"
	"slices"
	"time"

	"manyou/storage"
)

// What is noted in the table of moves, besides what can be moved by itself.
const (
	movedConsent = "consent"
	movedHold    = "hold"
	movedMerge   = "merge"
	movedName    = "name"
	movedNew     = "new"
	movedHere    = "here" // nothing: another issuer's decision was carried out
)

// moved is a row of moves.
type moved struct {
	what     string
	key      []byte
	from, to string
	body     []byte
}

// named lists the persons that a correction changes, each once, and what others have to hear of it.
func (s *Store) named(ctx context.Context, tx Executor, c storage.Correction, of storage.Case) (list []string, signals []storage.Signal, err error) {
	signal := func(what storage.SignalWhat, person string) storage.Signal {
		return storage.Signal{What: what, PersonID: person, CaseID: of.ID, Number: of.Number, Decision: c.ID}
	}
	add := func(ids ...string) {
		for _, id := range ids {
			if id != "" && (c.Create == nil || id != c.Create.ID) && !slices.Contains(list, id) {
				list = append(list, id)
			}
		}
	}
	add(c.Touch...)
	add(c.Of)
	for _, r := range c.Names {
		add(r.PersonID)
	}
	for _, m := range c.Moves {
		add(m.From, m.To)
		if m.What == storage.MoveLink {
			moved := signal(storage.SignalRelinked, m.From)
			moved.Issuer, moved.Subject = m.Issuer, m.Subject
			signals = append(signals, moved)
		}
	}
	for _, l := range c.Tell {
		told := signal(storage.SignalCorrected, l.PersonID)
		told.Issuer, told.Subject, told.Personal = l.Issuer, l.Subject, true
		signals = append(signals, told)
	}
	for _, m := range c.Merges {
		add(m.From, m.Into)
		merged := signal(storage.SignalMerged, m.From)
		merged.Other = m.Into
		signals = append(signals, merged)
	}
	if c.Undo != "" {
		moves, err := s.moves(ctx, tx, c.Undo)
		if err != nil {
			return nil, nil, err
		}
		for _, m := range moves {
			add(m.from, m.to)
		}
	}
	what := storage.SignalCorrected
	switch {
	case c.Undo != "":
		what, c.ID = storage.SignalUndone, c.Undo
	case c.Recodes():
		what = storage.SignalRecoded
	}
	for _, person := range list {
		signals = append(signals, signal(what, person))
	}
	return list, signals, nil
}

// CorrectAs implements [storage.Signals].
func (s *Store) CorrectAs(ctx context.Context, c storage.Correction, of storage.Case, at time.Time) error {
	return s.inTx(ctx, func(tx Executor) error {
		named, signals, err := s.named(ctx, tx, c, of)
		if err != nil {
			return err
		}
		if err := s.lockPersons(ctx, tx, named...); err != nil {
			return err
		}
		done, err := tx.Exec(ctx, `INSERT INTO moves (decision, what, key, from_person, to_person, body) VALUES ($1, $2, $3, '', '', $4) ON CONFLICT DO NOTHING`,
			c.ID, movedHere, []byte{}, []byte{})
		if err != nil || done == 0 {
			return err
		}
		if err := s.correct(ctx, tx, c); err != nil {
			return err
		}
		if c.Recodes() {
			return appendSignals(ctx, tx, at, signals...) // nothing ends, nor is to be settled
		}
		touched := map[string]bool{}
		for _, person := range named {
			touched[person] = true
		}
		if err := leftNothing(ctx, tx, touched); err != nil {
			return err
		}
		for _, person := range named {
			if err := settle(ctx, tx, person, true, at); err != nil {
				return err
			}
		}
		if c.Create != nil {
			if err := settle(ctx, tx, c.Create.ID, false, at); err != nil {
				return err
			}
		}
		if c.Create != nil {
			named = append(named, c.Create.ID)
		}
		told, err := tellHolds(ctx, tx, named...)
		if err != nil {
			return err
		}
		return appendSignals(ctx, tx, at, append(signals, told...)...)
	})
}

// moves reads what a decision moved.
func (s *Store) moves(ctx context.Context, tx Executor, decision string) (list []moved, err error) {
	err = tx.Rows(ctx, `SELECT what, key, from_person, to_person, body FROM moves WHERE decision = $1 ORDER BY what, key`, []any{decision}, func(scan Scan) error {
		var m moved
		if err := scan(&m.what, &m.key, &m.from, &m.to, &m.body); err != nil {
			return err
		}
		list = append(list, m)
		return nil
	})
	return list, err
}

// correct changes persons. They are locked; what was one thing and is another is noted.
func (s *Store) correct(ctx context.Context, tx Executor, c storage.Correction) error {
	note := func(m moved) error {
		if m.body == nil {
			m.body = []byte{}
		}
		_, err := tx.Exec(ctx, `INSERT INTO moves (decision, what, key, from_person, to_person, body) VALUES ($1, $2, $3, $4, $5, $6)`,
			c.ID, m.what, m.key, m.from, m.to, m.body)
		return err
	}
	if p := c.Create; p != nil {
		statements, err := s.insertPerson(*p)
		if err != nil {
			return err
		}
		if _, err := tx.Batch(ctx, statements); err != nil {
			return err
		}
		if err := note(moved{what: movedNew, key: []byte(p.ID), from: c.Of, to: p.ID}); err != nil {
			return err
		}
	}
	for _, r := range c.Names {
		body, err := s.rename(ctx, tx, r)
		if err != nil {
			return err
		}
		if err := note(moved{what: movedName, key: []byte(r.PersonID), from: r.PersonID, to: r.PersonID, body: body}); err != nil {
			return err
		}
	}
	for _, m := range c.Moves {
		row, err := s.move(ctx, tx, m)
		if err != nil {
			return err
		}
		if err := note(row); err != nil {
			return err
		}
	}
	for _, m := range c.Merges {
		rows, err := s.merge(ctx, tx, m)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if err := note(row); err != nil {
				return err
			}
		}
	}
	if c.Undo == "" {
		return nil
	}
	rows, err := s.moves(ctx, tx, c.Undo)
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		return storage.ErrConflict
	}
	for _, row := range rows {
		if err := s.moveBack(ctx, tx, row); err != nil {
			return err
		}
	}
	// Nothing is taken back twice. That another issuer's decision was carried out stays noted: told again, it is not carried out again.
	_, err = tx.Exec(ctx, `DELETE FROM moves WHERE decision = $1 AND what <> $2`, c.Undo, movedHere)
	return err
}

// linkKey is how a link is noted. No issuer has a space in it.
func linkKey(issuer, subject string) []byte { return []byte(issuer + " " + subject) }

// move gives one thing to another person.
func (s *Store) move(ctx context.Context, tx Executor, m storage.Move) (moved, error) {
	row := moved{what: m.What, from: m.From, to: m.To}
	switch m.What {
	case storage.MoveLink:
		row.key = linkKey(m.Issuer, m.Subject)
		if m.To != "" {
			return row, moveLink(ctx, tx, m.Issuer, m.Subject, m.From, m.To)
		}
		var createdAt int64
		if err := tx.Row(ctx, `DELETE FROM links WHERE issuer = $1 AND subject = $2 AND person_id = $3 RETURNING created_at`,
			[]any{m.Issuer, m.Subject, m.From}, &createdAt); err != nil {
			return row, conflicting(err)
		}
		row.body = fmt.Append(nil, createdAt)
		return row, nil
	case storage.MoveCredential:
		row.key = []byte(m.Key)
		if m.To == "" {
			return row, one(ctx, tx, storage.ErrConflict, `DELETE FROM credentials WHERE id = $1 AND person_id = $2`, m.Key, m.From)
		}
		return row, one(ctx, tx, storage.ErrConflict, `UPDATE credentials SET person_id = $3 WHERE id = $1 AND person_id = $2`, m.Key, m.From, m.To)
	case storage.MoveDocument:
		row.key = s.documentLookup(m.Document)
		return row, s.moveDocument(ctx, tx, row.key, m.From, m.To)
	}
	return row, fmt.Errorf("storage: %q cannot be moved", m.What)
}

// moveLink gives a link to another person, with what lies on it.
func moveLink(ctx context.Context, tx Executor, issuer, subject, from, to string) error {
	if err := one(ctx, tx, storage.ErrConflict, `UPDATE links SET person_id = $4 WHERE issuer = $1 AND subject = $2 AND person_id = $3`,
		issuer, subject, from, to); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE holds SET person_id = $4 WHERE issuer = $1 AND subject = $2 AND person_id = $3 AND lifted_at = 0`, issuer, subject, from, to)
	return err
}

// conflicting turns the absence of a row into [storage.ErrConflict].
func conflicting(err error) error {
	if found(err) == storage.ErrNotFound { //nolint:errorlint // as found returns it
		return storage.ErrConflict
	}
	return err
}

// moveDocument gives a document to another person. Its number is sealed for its holder.
func (s *Store) moveDocument(ctx context.Context, tx Executor, lookup []byte, from, to string) error {
	var sealed []byte
	if err := tx.Row(ctx, `SELECT number FROM documents WHERE lookup = $1 AND person_id = $2`, []any{lookup, from}, &sealed); err != nil {
		return conflicting(err)
	}
	number, err := s.unsealText(sealed, "documents.number", from)
	if err != nil {
		return err
	}
	if sealed, err = s.sealText(number, "documents.number", to); err != nil {
		return err
	}
	return one(ctx, tx, storage.ErrConflict, `UPDATE documents SET person_id = $2, number = $3 WHERE lookup = $1`, lookup, to, sealed)
}

// merge gives all that one person has to another.
func (s *Store) merge(ctx context.Context, tx Executor, m storage.Merge) (rows []moved, err error) {
	if m.From == m.Into {
		return nil, storage.ErrConflict
	}
	for _, id := range []string{m.From, m.Into} {
		if err := one(ctx, tx, storage.ErrConflict, `UPDATE persons SET epoch = epoch WHERE id = $1 AND merged_into = ''`, id); err != nil {
			return nil, err
		}
	}
	for _, part := range []struct{ what, query string }{
		{storage.MoveLink, `UPDATE links SET person_id = $2 WHERE person_id = $1 RETURNING issuer || ' ' || subject`},
		{storage.MoveCredential, `UPDATE credentials SET person_id = $2 WHERE person_id = $1 RETURNING id`},
		{movedHold, `UPDATE holds SET person_id = $2 WHERE person_id = $1 AND lifted_at = 0 RETURNING id`},
		{movedMerge, `UPDATE persons SET merged_into = $2 WHERE merged_into = $1 RETURNING id`},
		{movedConsent, `INSERT INTO consents (person_id, client_id, scope, given_at) SELECT $2, c.client_id, c.scope, c.given_at
			FROM consents c WHERE c.person_id = $1 ON CONFLICT DO NOTHING RETURNING client_id || ' ' || scope`},
	} {
		if err := tx.Rows(ctx, part.query, []any{m.From, m.Into}, func(scan Scan) error {
			var key string
			err := scan(&key)
			rows = append(rows, moved{what: part.what, key: []byte(key), from: m.From, to: m.Into})
			return err
		}); err != nil {
			return nil, err
		}
	}
	var lookups [][]byte
	if err := tx.Rows(ctx, `SELECT lookup FROM documents WHERE person_id = $1`, []any{m.From}, func(scan Scan) error {
		var lookup []byte
		err := scan(&lookup)
		lookups = append(lookups, lookup)
		return err
	}); err != nil {
		return nil, err
	}
	for _, lookup := range lookups {
		if err := s.moveDocument(ctx, tx, lookup, m.From, m.Into); err != nil {
			return nil, err
		}
		rows = append(rows, moved{what: storage.MoveDocument, key: lookup, from: m.From, to: m.Into})
	}
	rows = append(rows, moved{what: movedMerge, key: []byte(m.From), from: m.From, to: m.Into})
	if err := tellWhole(ctx, tx); err != nil {
		return nil, err
	}
	return rows, one(ctx, tx, storage.ErrConflict, `UPDATE persons SET merged_into = $2 WHERE id = $1`, m.From, m.Into)
}
