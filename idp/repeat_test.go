package idp_test

import (
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"manyou/federation/correction"
	"manyou/federation/register"
	"manyou/storage"
	"manyou/storage/sqlite"
)

// repeats has an issuer tell somebody again what happened since a moment.
func (w *world) repeats(clientID string, since time.Time) {
	w.t.Helper()
	must(w.t, w.store.RepeatStream(w.t.Context(), clientID, since, w.clock()))
}

func TestAProvinceThatWasAwayForTwoMonthsHearsTheEndOfAHoldWhenItIsBack(t *testing.T) {
	h := newHub(t)
	h.subscribed(t)
	h.roamed(t)
	lift := h.nation.hold(liNa, storage.HoldFreeze)
	in := federation{}.person(h.sichuan, liNa)
	frozen := func() bool {
		p, err := h.sichuan.store.Person(t.Context(), in)
		return err == nil && p.Status == storage.PersonFrozen
	}
	eventually(t, "she is frozen in Sichuan", frozen)
	h.sichuan.setDown(true)
	h.pass(5 * time.Second)
	lift()
	for range 3 { // its chain expires, so that there is nobody to tell
		h.pass(20 * 24 * time.Hour)
		time.Sleep(500 * time.Millisecond)
	}
	if !frozen() {
		t.Fatal("Sichuan cannot have heard of it")
	}
	h.sichuan.setDown(false)
	eventually(t, "Sichuan lets her in again", func() bool { h.pass(10 * time.Second); return !frozen() })
}

// kept is a copy of an issuer's database as it is now.
func (w *world) kept() (path string) {
	w.t.Helper()
	path = filepath.Join(w.t.TempDir(), "backup.db")
	db, err := sql.Open("sqlite", w.path)
	must(w.t, err)
	defer db.Close()
	_, err = db.ExecContext(w.t.Context(), `VACUUM INTO ?`, path)
	must(w.t, err)
	return path
}

// comesBack puts an issuer in its place that has a copy of the database.
func (w *world) comesBack(path string) {
	w.t.Helper()
	store, v, err := sqlite.Open(w.t.Context(), path, w.root)
	must(w.t, err)
	w.t.Cleanup(func() { _ = store.Close() })
	w.store, w.vault = store, v
	w.config.Store, w.config.Vault, w.config.Register = store, v, register.NewTable(store)
	w.restart()
	run(w.t.(*testing.T), w.issuer)
}

func TestAProvinceThatCameBackFromABackupHearsAgainWhatItHadCarriedOutSince(t *testing.T) {
	h := newHub(t)
	h.subscribed(t)
	_, _, away := h.roamed(t)
	in := federation{}.person(h.sichuan, liNa)
	frozen := func() bool {
		p, err := h.sichuan.store.Person(t.Context(), in)
		must(t, err)
		return p.Status == storage.PersonFrozen
	}
	backup, began := h.sichuan.kept(), h.nation.clock()
	h.nation.hold(liNa, storage.HoldFreeze)
	eventually(t, "she is frozen in Sichuan", frozen)
	eventually(t, "Sichuan acknowledged it", func() bool {
		s, err := h.nation.store.Stream(t.Context(), h.sichuan.url)
		must(t, err)
		u, err := h.nation.store.Unheard(t.Context(), s, s.ClientID)
		return err == nil && u.Signals == 0
	})
	h.sichuan.comesBack(backup)
	if frozen() || !works(h.sichuan, away) {
		t.Fatal("the backup is not of the time before")
	}
	_, err := h.sichuan.store.Recover(t.Context(), h.sichuan.clock())
	must(t, err)
	eventually(t, "what was issued before does not work", func() bool { h.pass(time.Second); return !works(h.sichuan, away) })
	h.nation.repeats(h.sichuan.url, began)
	eventually(t, "she is frozen in Sichuan again", func() bool { h.pass(time.Second); return frozen() })
}

// TestWhatIsRepeatedIsTheSameTokenUntilItWouldBeTooOldToBelieve: who has heard it does nothing again.
func TestWhatIsRepeatedIsTheSameTokenUntilItWouldBeTooOldToBelieve(t *testing.T) {
	w := newWorld(t)
	p := newPushed(t, w, "main")
	w.tokens("main", liNa)
	run(t, w.issuer)
	began := w.clock()
	w.holdInCase(t, liNa, "one")
	eventually(t, "it is acknowledged", func() bool { return !w.ackedAt(t, "one").IsZero() })
	first := p.heard()[0]
	again := func() map[string]any {
		n := len(p.heard())
		w.repeats("main", began)
		eventually(t, "it is told again, and acknowledged", func() bool { w.pass(time.Second); return len(p.heard()) > n && !w.ackedAt(t, "one").IsZero() })
		return p.heard()[n]
	}
	w.pass(time.Hour)
	if got := again(); got["jti"] != first["jti"] || got["iat"] != first["iat"] {
		t.Errorf("%v is told as %v", first, got)
	}
	w.pass(60 * 24 * time.Hour)
	got := again()
	if iat := time.Unix(int64(got["iat"].(float64)), 0); got["jti"] != first["jti"] || w.clock().Sub(iat) > time.Hour {
		t.Errorf("%v is told as %v", first, got)
	}
}

// TestWhatAHomeProvinceCarriesOutAgainAfterABackupIsNoDisputeAtTheNation: its signals have other places and identifiers than the ones that it lost.
func TestWhatAHomeProvinceCarriesOutAgainAfterABackupIsNoDisputeAtTheNation(t *testing.T) {
	h := newHub(t)
	h.subscribed(t)
	h.roamed(t)
	home := h.zhejiang.person(liNa).ID
	frozen := func() bool {
		p, err := h.zhejiang.store.Person(t.Context(), home)
		must(t, err)
		return p.Status == storage.PersonFrozen
	}
	heard := func() bool {
		head, err := h.zhejiang.store.SignalHead(t.Context())
		must(t, err)
		s, err := h.zhejiang.store.Stream(t.Context(), h.nation.url)
		return err == nil && head > 0 && s.Position == head
	}
	backup, began := h.zhejiang.kept(), h.nation.clock()
	o, her := h.office(), federation{}.person(h.nation, liNa)
	c, err := o.File(t.Context(), correction.Filing{Filer: correction.Application("application-51"), Kind: correction.KindTakeover, Person: her})
	must(t, err)
	must(t, o.Take(t.Context(), o.wang, c))
	must(t, o.Freeze(t.Context(), o.wang, c, correction.Target{Person: her}, "核对"))
	eventually(t, "she is frozen at home, and the nation has heard so", func() bool { return frozen() && heard() })
	h.zhejiang.comesBack(backup)
	_, err = h.zhejiang.store.Recover(t.Context(), h.zhejiang.clock())
	must(t, err)
	h.nation.repeats(h.zhejiang.url, began)
	eventually(t, "so it is once more", func() bool { h.pass(time.Second); return frozen() && heard() })
	list, err := h.nation.store.CasesOf(t.Context(), her, 10)
	must(t, err)
	for _, one := range list {
		if one.ID != c.ID {
			t.Errorf("a case was opened by what was decided here: %s %s of %s", one.Kind, one.Topic, one.Filer)
		}
	}
}
