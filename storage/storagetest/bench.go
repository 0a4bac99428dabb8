package storagetest

import (
	"testing"
	"time"

	"manyou/storage"
)

// Bench measures the hot operations, from as many goroutines as there are processors.
func Bench(b *testing.B, open func(t testing.TB) Database) {
	f := &fixture{Store: open(b).Node(b), now: time.Now().UTC().Truncate(time.Millisecond)}
	p := f.person(document)
	s := f.session(p.ID)
	c := storage.Conversation{ID: text(), ExpiresAt: f.now.Add(time.Hour)}
	check(b, f.CreateConversation(b.Context(), c))
	_, err := f.CompleteSignIn(b.Context(), storage.SignIn{
		ConversationID: c.ID, ConversationExpiresAt: c.ExpiresAt, ConversationVersion: 1, Person: p, Session: s,
	})
	check(b, err)
	redeem := func(b *testing.B) storage.Grant {
		g := f.grant(s)
		if _, err := f.Redeem(b.Context(), g, f.now); err != nil {
			b.Error(err)
		}
		return g
	}
	each := func(b *testing.B, prepare func() func() error) {
		b.ReportAllocs()
		b.SetParallelism(4)
		b.RunParallel(func(pb *testing.PB) {
			op := prepare()
			for pb.Next() {
				if err := op(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	b.Run("Session", func(b *testing.B) {
		each(b, func() func() error {
			return func() error {
				_, err := f.Session(b.Context(), s.ID, s.ExpiresAt)
				return err
			}
		})
	})
	b.Run("Redeem", func(b *testing.B) {
		each(b, func() func() error {
			return func() error {
				redeem(b)
				return nil
			}
		})
	})
	b.Run("Rotate", func(b *testing.B) {
		each(b, func() func() error {
			g := redeem(b)
			return func() error {
				_, err := f.Rotate(b.Context(), g.ID, g.ExpiresAt, g.Generation, f.now)
				g.Generation++
				return err
			}
		})
	})
	b.Run("Grant", func(b *testing.B) {
		each(b, func() func() error {
			g := redeem(b)
			return func() error {
				_, err := f.Grant(b.Context(), g.ID, g.ExpiresAt, f.now)
				return err
			}
		})
	})
}
