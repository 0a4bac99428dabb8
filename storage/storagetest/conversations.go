package storagetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"manyou/storage"
)

// conversation stores a new conversation.
func (f *fixture) conversation(t *testing.T) storage.Conversation {
	t.Helper()
	c := storage.Conversation{ID: text(), ExpiresAt: f.now.Add(time.Hour), Version: 1, Body: []byte("opaque")}
	check(t, f.CreateConversation(t.Context(), c))
	return c
}

var conversationCases = map[string]func(*testing.T, *fixture){
	"Conversation/lives from version 1 until it ends": func(t *testing.T, f *fixture) {
		c := f.conversation(t)
		is(t, f.CreateConversation(t.Context(), c), storage.ErrConflict)
		got, err := f.Conversation(t.Context(), c.ID, c.ExpiresAt)
		check(t, err)
		equal(t, got, c)

		c.Body = []byte("next")
		check(t, f.Advance(t.Context(), c))
		is(t, f.Advance(t.Context(), c), storage.ErrConflict)
		is(t, f.EndConversation(t.Context(), c), storage.ErrConflict)
		c.Version = 2
		got, err = f.Conversation(t.Context(), c.ID, c.ExpiresAt)
		check(t, err)
		equal(t, got, c)

		check(t, f.EndConversation(t.Context(), c))
		is(t, f.EndConversation(t.Context(), c), storage.ErrConflict)
		is(t, f.Advance(t.Context(), c), storage.ErrConflict)
		_, err = f.Conversation(t.Context(), c.ID, c.ExpiresAt)
		is(t, err, storage.ErrNotFound)
	},
	"Advance/at once on two nodes has one winner": func(t *testing.T, f *fixture) {
		c := f.conversation(t)
		nodes := []storage.Store{f.Store, f.db.Node(t)}
		oneWinner(t, 100, storage.ErrConflict, func(ctx context.Context, i int) error {
			c := c
			c.Body = fmt.Append(nil, i)
			return nodes[i%2].Advance(ctx, c)
		})
	},
	"EndConversation/at once on two nodes has one winner": func(t *testing.T, f *fixture) {
		c := f.conversation(t)
		nodes := []storage.Store{f.Store, f.db.Node(t)}
		oneWinner(t, 100, storage.ErrConflict, func(ctx context.Context, i int) error {
			return nodes[i%2].EndConversation(ctx, c)
		})
	},
}

var limitCases = map[string]func(*testing.T, *fixture){
	"Count/adds to each key of a window": func(t *testing.T, f *fixture) {
		window := f.now.Add(time.Minute)
		for _, step := range []struct {
			keys []string
			n    int64
			at   time.Time
			want []int64
		}{
			{[]string{"a", "b"}, 0, window, []int64{0, 0}},
			{[]string{"a", "b"}, 1, window, []int64{1, 1}},
			{[]string{"b", "c", "a"}, 2, window, []int64{3, 2, 3}},
			{[]string{"a", "a"}, 1, window, []int64{4, 4}},
			{[]string{"c", "a", "d"}, 0, window, []int64{2, 4, 0}},
			{[]string{"a"}, 1, window.Add(time.Minute), []int64{1}},
		} {
			got, err := f.Count(t.Context(), step.keys, step.n, step.at)
			check(t, err)
			equal(t, got, step.want)
		}
		got, err := f.Count(t.Context(), nil, 1, window)
		check(t, err)
		equal(t, len(got), 0)
	},
	"Count/refuses more keys than a request has": func(t *testing.T, f *fixture) {
		if _, err := f.Count(t.Context(), make([]string, 1000), 1, f.now); err == nil {
			t.Fatal("no error")
		}
	},
	"Count/at once on two nodes, in any order of keys, loses nothing": func(t *testing.T, f *fixture) {
		window := f.now.Add(time.Minute)
		nodes := []storage.Store{f.Store, f.db.Node(t)}
		succeeded, _ := race(t, 200, nil, func(ctx context.Context, i int) error {
			keys := []string{"a", "b", "c"}
			if i%3 == 0 {
				keys = []string{"c", "b", "a"}
			}
			_, err := nodes[i%2].Count(ctx, keys, 1, window)
			return err
		})
		equal(t, succeeded, 200)
		got, err := f.Count(t.Context(), []string{"a", "b", "c"}, 0, window)
		check(t, err)
		equal(t, got, []int64{200, 200, 200})
	},
}

var replayCases = map[string]func(*testing.T, *fixture){
	"Use/works once for a kind and value": func(t *testing.T, f *fixture) {
		expiresAt := f.now.Add(time.Minute)
		used, err := f.Used(t.Context(), "jti", "v", expiresAt)
		check(t, err)
		equal(t, used, false)
		check(t, f.Use(t.Context(), "jti", "v", expiresAt))
		is(t, f.Use(t.Context(), "jti", "v", expiresAt), storage.ErrUsed)
		check(t, f.Use(t.Context(), "jti", "w", expiresAt))
		check(t, f.Use(t.Context(), "revoked", "v", expiresAt))
		used, err = f.Used(t.Context(), "jti", "v", expiresAt)
		check(t, err)
		equal(t, used, true)
	},
	"Claim/a value is its first holder's, as often as it asks": func(t *testing.T, f *fixture) {
		expiresAt := f.now.Add(time.Minute)
		for _, c := range []struct {
			value, holder string
			want          bool
		}{{"v", "one", true}, {"v", "one", true}, {"v", "two", false}, {"v", "two", false}, {"w", "two", true}, {"v", "one", true}} {
			its, err := f.Claim(t.Context(), "echo", c.value, c.holder, expiresAt)
			check(t, err)
			equal(t, its, c.want)
		}
	},
	"Claim/at once on two nodes has one holder": func(t *testing.T, f *fixture) {
		nodes := []storage.Store{f.Store, f.db.Node(t)}
		oneWinner(t, 100, storage.ErrUsed, func(ctx context.Context, i int) error {
			its, err := nodes[i%2].Claim(ctx, "echo", "v", fmt.Sprint(i), f.now.Add(time.Minute))
			if err == nil && !its {
				return storage.ErrUsed
			}
			return err
		})
	},
	"Use/at once on two nodes has one winner": func(t *testing.T, f *fixture) {
		nodes := []storage.Store{f.Store, f.db.Node(t)}
		oneWinner(t, 100, storage.ErrUsed, func(ctx context.Context, i int) error {
			return nodes[i%2].Use(ctx, "jti", "v", f.now.Add(time.Minute))
		})
	},
}
