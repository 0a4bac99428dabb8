package e2e

import (
	"crypto/rand"
	"syscall"
	"testing"
	"time"

	"manyou/cmd/manyou/demo"
	"manyou/idp/membership"
	"manyou/storage"
)

// newWorldApart is a nation whose national issuer is a process of its own.
func newWorldApart(t *testing.T) *world {
	t.Helper()
	dir := t.TempDir()
	path := compile(t, dir)
	return newWorld(t, func(o *demo.Options) { o.Program, o.ProgramOutput = []string{path}, t.Output() })
}

// kill ends the national issuer with SIGKILL, after something was decided there that it had no time to tell anybody.
func (w *world) kill(decided func(at storage.Store)) {
	w.t.Helper()
	for _, region := range []string{zhejiang, sichuan} {
		w.eventually("the provinces know each other", func() bool { return len(w.Issuer(region).Neighbours()) > 0 })
	}
	pid, _ := w.Apart()
	must(w.t, syscall.Kill(pid, syscall.SIGSTOP))
	decided(w.Issuer(nation).Store)
	must(w.t, syscall.Kill(pid, syscall.SIGKILL))
	// What provinces remember of it having answered a moment ago.
	time.Sleep(4 * time.Second)
}

// members decides at the nation, as its operators do.
func (w *world) members(at storage.Store) membership.Membership {
	return membership.Membership{Store: at, Issuer: w.issuer(nation), Clock: time.Now, Random: rand.Reader}
}

// silently reports whether Sichuan's issuer signs its application's visitor in without a page.
func (w *world) silently(b *tab) bool {
	w.t.Helper()
	b.forget(w.application(sichuan), w.applicationCookie(sichuan))
	b.open(w.application(sichuan))
	return b.has(citizenPage)
}

// TestKillingTheNationStopsNobodyFromRoaming: a citizen of Zhejiang opens Sichuan's application while the national issuer is dead.
// What had been decided before it died takes effect when it is back.
func TestKillingTheNationStopsNobodyFromRoaming(t *testing.T) {
	w := newWorldApart(t)
	browser := newBrowser(t)
	t.Run("a suspension", func(t *testing.T) {
		b := browser.newTab(t)
		w.atHome(t, b)
		b.open(w.application(sichuan))
		w.isSignedIn(b, sichuan, "李娜")
		w.leaveSichuan(b)

		w.kill(func(at storage.Store) {
			u, err := w.members(at).Find(t.Context(), zhejiang)
			must(t, err)
			ended, err := w.members(at).Suspend(t.Context(), u)
			if err != nil || ended == 0 {
				t.Fatalf("%d sessions ended, %v", ended, err)
			}
		})
		j := b.follow(w.application(sichuan))
		w.isSignedIn(b, sichuan, "李娜")
		if n := j.asked(w.issuer(zhejiang)); n != 1 {
			t.Errorf("Zhejiang was asked %d times", n)
		}
		must(t, w.Restart(t.Context()))
		w.eventually("what came from the suspended province ends", func() bool { return !w.silently(b) })
		members := w.members(w.Issuer(nation).Store)
		u, err := members.Find(t.Context(), zhejiang)
		must(t, err)
		must(t, members.Resume(t.Context(), u))
	})
	t.Run("the end of a session", func(t *testing.T) {
		b := browser.newTab(t)
		w.eventually("Zhejiang may again", func() bool {
			b.open(w.application(zhejiang))
			return b.has(phonePage)
		})
		w.atHome(t, b)
		w.eventually("she roams", func() bool { b.open(w.application(sichuan)); return b.has(citizenPage) })
		w.kill(func(at storage.Store) {
			li := w.citizen("李娜")
			p, err := at.PersonByDocument(t.Context(), storage.Document{Kind: li.DocumentKind, Number: li.DocumentNumber})
			must(t, err)
			if n, err := at.EndSessionsOf(t.Context(), p.ID, nil, time.Now()); err != nil || n == 0 {
				t.Fatalf("%d sessions ended, %v", n, err)
			}
		})
		b.forget(w.issuer(zhejiang), w.cookie("session", zhejiang)) // or home would sign her in again, rightly
		if !w.silently(b) {
			t.Error("Sichuan cannot have heard of it")
		}
		must(t, w.Restart(t.Context()))
		w.eventually("the session at Sichuan ends", func() bool { return !w.silently(b) })
	})
}

func (w *world) eventually(what string, holds func() bool) {
	w.t.Helper()
	for late := time.After(patience); ; {
		if holds() {
			return
		}
		select {
		case <-late:
			w.t.Fatalf("it never came about: %s", what)
		case <-time.After(200 * time.Millisecond):
		}
	}
}
