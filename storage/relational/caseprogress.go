package relational

import (
	"context"
	"time"

	"manyou/storage"
)

// remind writes when somebody has to be reminded of a case, within the transaction of a step.
func remind(ctx context.Context, tx Executor, step storage.CaseStep) error {
	if step.Remind == nil {
		return nil
	}
	if step.Remind.IsZero() {
		_, err := tx.Exec(ctx, `DELETE FROM case_reminders WHERE case_id = $1`, step.Case.ID)
		return err
	}
	_, err := tx.Exec(ctx, `INSERT INTO case_reminders (case_id, at) VALUES ($1, $2) ON CONFLICT (case_id) DO UPDATE SET at = excluded.at`,
		step.Case.ID, millis(*step.Remind))
	return err
}

// CasesToRemind implements [storage.Cases].
func (s *Store) CasesToRemind(ctx context.Context, now time.Time, limit int) (list []string, err error) {
	err = s.read.Rows(ctx, `SELECT case_id FROM case_reminders WHERE at <= $1 ORDER BY at, case_id LIMIT $2`, []any{millis(now), limit}, func(scan Scan) error {
		var id string
		err := scan(&id)
		list = append(list, id)
		return err
	})
	return list, err
}

// awaited are the cases of a page. The states are named so that the small index of them serves.
const awaited = `SELECT id, updated_at FROM cases WHERE open AND duplicate_of = '' AND state IN ('applied', 'propagated') AND state = $1`

// AwaitedCases implements [storage.Cases]. Only the cases of one page are joined with who has to hear of them.
func (s *Store) AwaitedCases(ctx context.Context, state string, after *storage.AwaitedCase, limit int) (list []storage.AwaitedCase, err error) {
	page, args := awaited+` ORDER BY updated_at DESC, id DESC LIMIT $2`, []any{state, limit}
	if after != nil {
		page, args = awaited+` AND (updated_at, id) > ($3, $4) ORDER BY updated_at, id LIMIT $2`, append(args, millis(after.At), after.ID)
	}
	at := map[string]int{}
	if err := s.read.Rows(ctx, page, args, func(scan Scan) error {
		var a storage.AwaitedCase
		err := scan(&a.ID, caseTime{&a.At})
		at[a.ID] = len(list)
		list = append(list, a)
		return err
	}); err != nil || len(list) == 0 {
		return nil, err
	}
	err = s.read.Rows(ctx, `SELECT DISTINCT d.case_id, d.client_id FROM (`+addressed(`IN (SELECT id FROM (`+page+`) page)`)+`) d
		LEFT JOIN signal_acks a ON a.seq = d.seq AND a.client_id = d.client_id WHERE a.at IS NULL AND d.seq > d.position ORDER BY d.case_id, d.client_id`, args, func(scan Scan) error {
		var id, client string
		if err := scan(&id, &client); err != nil {
			return err
		}
		if n, ok := at[id]; ok {
			list[n].Unheard = append(list[n].Unheard, client)
		}
		return nil
	})
	return list, err
}

// addressed are the signals of some cases with the streams that have to hear them: of those who know the person, or somebody who was merged
// into them, and of the issuer of the link, by whichever client it is here. cases is the condition on s.case_id.
func addressed(cases string) string {
	const columns = `SELECT s.case_id, s.seq, s.what, t.client_id, t.position FROM signals s `
	where := ` WHERE s.case_id <> '' AND s.case_id ` + cases + ` AND t.status <> 'disabled'`
	return columns + `JOIN persons p ON p.id = s.person_id OR p.merged_into <> '' AND p.merged_into = s.person_id
		JOIN known k ON k.person_id = p.id AND NOT k.removed JOIN streams t ON t.client_id = k.client_id` + where + ` AND NOT s.personal` + knew + `
		UNION ` + columns + `JOIN streams t ON t.client_id = s.issuer` + where + `
		UNION ` + columns + `JOIN upstreams u ON u.issuer = s.issuer JOIN applications i ON i.region = u.region AND i.issuer
		JOIN streams t ON t.client_id = i.client_id` + where
}
