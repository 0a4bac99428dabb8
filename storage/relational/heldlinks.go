package relational

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"manyou/storage"
)

// Which links have to hear that a hold on their person ended, or does not concern them any more, and which that one lies; each with the hold.
var (
	heldNoMore = `SELECT ` + holdColumnsOf("h") + `, t.issuer, t.subject FROM holds h JOIN held_links t ON t.hold_id = h.id
		WHERE h.person_id = $1 AND t.lies AND (h.lifted_at <> 0 OR NOT EXISTS (
			SELECT 1 FROM links l WHERE l.issuer = t.issuer AND l.subject = t.subject AND l.person_id = h.person_id))
		ORDER BY h.placed_at, h.id, t.issuer, t.subject`
	heldNow = `SELECT ` + holdColumnsOf("h") + `, l.issuer, l.subject FROM holds h JOIN links l ON l.person_id = h.person_id
		WHERE h.person_id = $1 AND h.issuer = '' AND h.origin = '' AND h.kind <> 'watch' AND h.lifted_at = 0 AND NOT EXISTS (
			SELECT 1 FROM held_links t WHERE t.hold_id = h.id AND t.issuer = l.issuer AND t.subject = l.subject AND t.lies)
		ORDER BY h.placed_at, h.id, l.issuer, l.subject`
)

func holdColumnsOf(table string) string {
	columns := strings.Split(holdColumns, ", ")
	for n, c := range columns {
		columns[n] = table + "." + c
	}
	return strings.Join(columns, ", ")
}

// tellHolds compares what the issuers of persons' links were told of the holds on those persons with what lies there now, and returns what they
// have to hear: who comes by a link is held where they come from, too, and is let in again when the hold ends, or when the link turns out to be
// another's. The persons are locked. Holds of another issuer are its own to tell.
func tellHolds(ctx context.Context, tx Executor, persons ...string) (list []storage.Signal, err error) {
	for _, person := range slices.Compact(slices.Sorted(slices.Values(persons))) {
		over, err := personal(ctx, tx, heldNoMore, person, storage.SignalLifted)
		if err != nil {
			return nil, err
		}
		if err := turns(ctx, tx, over, `UPDATE held_links SET lies = FALSE WHERE hold_id = $1 AND issuer = $2 AND subject = $3 RETURNING turn`); err != nil {
			return nil, err
		}
		due, err := personal(ctx, tx, heldNow, person, storage.SignalHeld)
		if err != nil {
			return nil, err
		}
		if err := turns(ctx, tx, due, `INSERT INTO held_links (hold_id, issuer, subject, turn, lies) VALUES ($1, $2, $3, 1, TRUE)
			ON CONFLICT (hold_id, issuer, subject) DO UPDATE SET turn = held_links.turn + 1, lies = TRUE RETURNING turn`); err != nil {
			return nil, err
		}
		list = append(append(list, over...), due...)
	}
	return list, nil
}

// turns writes down what is told, and calls each telling by a name of its own: an issuer may have several subjects of one person, and hear again of
// what it heard the end of. Each is a hold by itself there.
func turns(ctx context.Context, tx Executor, list []storage.Signal, query string) error {
	for n := range list {
		var turn int64
		s := &list[n]
		if err := tx.Row(ctx, query, []any{s.HoldID, s.Issuer, s.Subject}, &turn); err != nil {
			return err
		}
		sum := sha256.Sum256([]byte(s.Issuer + "\x00" + s.Subject))
		s.HoldID = fmt.Sprintf("%s.%s.%d", s.HoldID, hex.EncodeToString(sum[:8]), turn)
	}
	return nil
}

// personal reads what the issuers of links hear of holds on a person.
func personal(ctx context.Context, tx Executor, query, person string, what storage.SignalWhat) (list []storage.Signal, err error) {
	err = tx.Rows(ctx, query, []any{person}, func(scan Scan) error {
		var h storage.Hold
		var issuer, subject string
		if err := scan(append(holdDest(&h), &issuer, &subject)...); err != nil {
			return err
		}
		n := heard(h, what)
		n.Issuer, n.Subject, n.Personal = issuer, subject, true
		list = append(list, n)
		return nil
	})
	return list, err
}
