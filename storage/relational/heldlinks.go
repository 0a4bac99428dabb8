package relational

import (
	"context"
	"slices"

	"manyou/storage"
)

// heldLink names a link.
type heldLink struct{ issuer, subject string }

// tellHolds compares what the issuers of persons' links were told of the holds on those persons with what lies there now, and returns what they
// have to hear: who comes by a link is held where they come from, too, and is let in again when the hold ends, or when the link turns out to be
// another's. The persons are locked. Holds of another issuer are its own to tell.
func tellHolds(ctx context.Context, tx Executor, persons ...string) (list []storage.Signal, err error) {
	for _, person := range slices.Compact(slices.Sorted(slices.Values(persons))) {
		holds, err := holdsBy(ctx, tx, `SELECT `+holdColumns+` FROM holds WHERE person_id = $1 AND issuer = '' AND origin = '' AND kind <> 'watch'
			AND (lifted_at = 0 OR EXISTS (SELECT 1 FROM held_links t WHERE t.hold_id = holds.id)) ORDER BY placed_at, id`, person)
		if err != nil {
			return nil, err
		}
		if len(holds) == 0 {
			continue
		}
		links, err := heldLinks(ctx, tx, `SELECT issuer, subject FROM links WHERE person_id = $1 ORDER BY issuer, subject`, person)
		if err != nil {
			return nil, err
		}
		for _, h := range holds {
			told, err := heldLinks(ctx, tx, `SELECT issuer, subject FROM held_links WHERE hold_id = $1 ORDER BY issuer, subject`, h.ID)
			if err != nil {
				return nil, err
			}
			due := links
			if !h.LiftedAt.IsZero() {
				due = nil
			}
			for _, l := range told {
				if slices.Contains(due, l) {
					continue
				}
				if _, err := tx.Exec(ctx, `DELETE FROM held_links WHERE hold_id = $1 AND issuer = $2 AND subject = $3`, h.ID, l.issuer, l.subject); err != nil {
					return nil, err
				}
				list = append(list, personally(h, storage.SignalLifted, l))
			}
			for _, l := range due {
				if slices.Contains(told, l) {
					continue
				}
				if _, err := tx.Exec(ctx, `INSERT INTO held_links (hold_id, issuer, subject) VALUES ($1, $2, $3)`, h.ID, l.issuer, l.subject); err != nil {
					return nil, err
				}
				list = append(list, personally(h, storage.SignalHeld, l))
			}
		}
	}
	return list, nil
}

func heldLinks(ctx context.Context, tx Executor, query, arg string) (list []heldLink, err error) {
	err = tx.Rows(ctx, query, []any{arg}, func(scan Scan) error {
		var l heldLink
		err := scan(&l.issuer, &l.subject)
		list = append(list, l)
		return err
	})
	return list, err
}

// personally is what the issuer of a link hears of a hold on the person who comes by it.
func personally(h storage.Hold, what storage.SignalWhat, l heldLink) storage.Signal {
	n := heard(h, what)
	n.Issuer, n.Subject, n.Personal = l.issuer, l.subject, true
	return n
}
