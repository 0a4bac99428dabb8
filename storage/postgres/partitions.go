package postgres

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"manyou/storage"
	"manyou/storage/relational"
)

const day = 24 * time.Hour

// partitioned is a table of rows that expire.
type partitioned struct {
	table string
	by    string        // the column that partitions are ranges of, in Unix milliseconds
	keep  time.Duration // how long a row stays after that time
	width time.Duration // of one partition
	// ahead is how far ahead of now there are partitions: longer than a row lives, and not longer than that, because
	// each partition costs every statement a little.
	ahead time.Duration
}

var partitionedTables = []partitioned{
	{"sessions", "expires_at", 0, 15 * day, 35 * day},
	{"grants", "expires_at", 0, 15 * day, 35 * day},
	{"onward", "expires_at", 0, 15 * day, 35 * day},
	{"conversations", "expires_at", 0, day, 3 * day},
	{"tickets", "expires_at", 0, day, 3 * day},
	{"limits", "expires_at", 0, day, 3 * day},
	{"replays", "expires_at", 0, day, 3 * day},
	{"statuses", "expires_at", 0, day, 3 * day},
	{"events", "at", storage.EventsKept, 30 * day, 35 * day},
	{"exchanges", "at", storage.ExchangesKept, 30 * day, 35 * day},
}

// lockTimeout bounds how long Maintain waits for a lock. Statements queue up behind it, so it must not be long.
const lockTimeout = `SET LOCAL lock_timeout = '2s'`

// Maintain creates and drops partitions. A lock makes nodes that do so at once take turns; the second finds nothing
// left to do.
func (b *backend) Maintain(ctx context.Context, now time.Time) error {
	for _, t := range partitionedTables {
		if err := b.InTx(ctx, func(tx relational.Executor) error { return t.create(ctx, tx, now) }); err != nil {
			return fmt.Errorf("postgres: create partitions of %s: %w", t.table, err)
		}
		if err := t.drop(ctx, b, now); err != nil {
			return fmt.Errorf("postgres: drop partitions of %s: %w", t.table, err)
		}
	}
	return nil
}

// partition is a range of Unix milliseconds, from inclusive, to exclusive.
type partition struct {
	name     string
	from, to int64
}

// create attaches what is missing between now and the days ahead. Rows that went to the default partition meanwhile
// move to the new one.
func (t partitioned) create(ctx context.Context, tx relational.Executor, now time.Time) error {
	existing, err := t.lock(ctx, tx)
	if err != nil {
		return err
	}
	width := t.width.Milliseconds()
	from := now.UnixMilli() / width * width
	for _, p := range existing {
		from = max(from, p.to)
	}
	end := now.Add(t.ahead).UnixMilli()
	for ; from < end; from += width {
		p := partition{t.table + "_" + time.UnixMilli(from).UTC().Format("20060102"), from, from + width}
		if err := t.attach(ctx, tx, p); err != nil {
			return err
		}
	}
	return nil
}

func (t partitioned) attach(ctx context.Context, tx relational.Executor, p partition) error {
	// ATTACH blocks writers of the default partition only, where CREATE … PARTITION OF would block those of all.
	// Room in the pages keeps updates from touching the index.
	for _, sql := range []string{
		fmt.Sprintf(`LOCK TABLE %s_default IN ACCESS EXCLUSIVE MODE`, t.table),
		fmt.Sprintf(`CREATE TABLE %s (LIKE %s INCLUDING ALL) WITH (fillfactor = 85)`, p.name, t.table),
		fmt.Sprintf(`WITH moved AS (DELETE FROM %[1]s_default WHERE %[2]s >= %[3]d AND %[2]s < %[4]d RETURNING *)
			INSERT INTO %[5]s SELECT * FROM moved`, t.table, t.by, p.from, p.to, p.name),
		fmt.Sprintf(`ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%d) TO (%d)`, t.table, p.name, p.from, p.to),
	} {
		if _, err := tx.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// drop removes partitions whose whole range is past, one per transaction, and what expired in the default partition.
func (t partitioned) drop(ctx context.Context, b *backend, now time.Time) error {
	past := now.Add(-t.keep).UnixMilli()
	for {
		dropped := false
		err := b.InTx(ctx, func(tx relational.Executor) error {
			existing, err := t.lock(ctx, tx)
			if err != nil {
				return err
			}
			for _, p := range existing {
				if p.to <= past {
					dropped = true
					_, err := tx.Exec(ctx, `DROP TABLE `+p.name)
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if !dropped {
			break
		}
	}
	_, err := b.relaxed.Exec(ctx, `DELETE FROM `+t.table+`_default WHERE `+t.by+` <= $1`, past)
	return err
}

// bounds is how Postgres writes the range of a partition.
var bounds = regexp.MustCompile(`^FOR VALUES FROM \('?(\d+)'?\) TO \('?(\d+)'?\)$`)

// lock takes the turn of this node until the transaction ends and lists the partitions there are.
func (t partitioned) lock(ctx context.Context, tx relational.Executor) ([]partition, error) {
	if _, err := tx.Exec(ctx, lockTimeout); err != nil {
		return nil, err
	}
	var name string
	if err := tx.Row(ctx, `SELECT name FROM locks WHERE name = 'maintain' FOR UPDATE`, nil, &name); err != nil {
		return nil, err
	}
	var list []partition
	err := tx.Rows(ctx, `SELECT c.oid::regclass::text, pg_get_expr(c.relpartbound, c.oid)
		FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = $1::text::regclass`, []any{t.table},
		func(scan relational.Scan) error {
			var p partition
			var bound string
			if err := scan(&p.name, &bound); err != nil {
				return err
			}
			m := bounds.FindStringSubmatch(bound)
			if m == nil {
				return nil // the default partition
			}
			// The expression admits digits only; a number out of range is none of ours.
			p.from, _ = strconv.ParseInt(m[1], 10, 64)
			p.to, _ = strconv.ParseInt(m[2], 10, 64)
			list = append(list, p)
			return nil
		})
	return list, err
}
