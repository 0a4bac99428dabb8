package relational

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"
)

// maxLimitKeys bounds the keys of one count, and with it the number of different statements.
const maxLimitKeys = 16

// Count implements [storage.Limits]. Keys may name telephone numbers and addresses, so only their keyed hashes are
// stored. A key that occurs twice is counted once.
func (s *Store) Count(ctx context.Context, keys []string, n int64, expiresAt time.Time) ([]int64, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	if len(keys) > maxLimitKeys {
		return nil, fmt.Errorf("storage: %d keys in one count, at most %d are possible", len(keys), maxLimitKeys)
	}
	lookups := make([][]byte, len(keys))
	for i, k := range keys {
		lookups[i] = s.vault.Lookup("limits.key", k)
	}
	totals, err := s.count(ctx, lookups, n, millis(expiresAt))
	if err != nil {
		return nil, err
	}
	out := make([]int64, len(keys))
	for i, l := range lookups {
		out[i] = totals[string(l)]
	}
	return out, nil
}

func (s *Store) count(ctx context.Context, lookups [][]byte, n, expiresAt int64) (map[string]int64, error) {
	// Counts of the same keys take them in the same order, so that they cannot deadlock.
	unique := slices.Clone(lookups)
	slices.SortFunc(unique, bytes.Compare)
	unique = slices.CompactFunc(unique, bytes.Equal)

	totals := make(map[string]int64, len(unique))
	each := func(scan Scan) error {
		var key []byte
		var total int64
		err := scan(&key, &total)
		totals[string(key)] = total
		return err
	}
	if n == 0 {
		args := make([]any, 0, 1+len(unique))
		for _, u := range unique {
			args = append(args, u)
		}
		return totals, s.read.Rows(ctx, `SELECT key, total FROM limits WHERE key IN `+placeholders(1, len(unique))+
			fmt.Sprintf(` AND expires_at = $%d`, len(unique)+1), append(args, expiresAt), each)
	}
	args := make([]any, 0, 3*len(unique))
	for _, u := range unique {
		args = append(args, u, expiresAt, n)
	}
	return totals, s.relaxed.Rows(ctx, `INSERT INTO limits (key, expires_at, total) VALUES `+placeholders(len(unique), 3)+`
		ON CONFLICT (key, expires_at) DO UPDATE SET total = limits.total + excluded.total RETURNING key, total`, args, each)
}
