package session_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"
	"time"

	"manyou/idp/session"
	"manyou/storage"
	"manyou/storage/storagetest"
)

// standing asks with the cookies of a browser, which keeps what it is given.
func (n *node) standing(jar map[string]*http.Cookie) (storage.Session, error) {
	var have []*http.Cookie
	for _, c := range jar {
		have = append(have, c)
	}
	w := httptest.NewRecorder()
	s, err := n.Standing(w, request(have...))
	for _, c := range w.Result().Cookies() {
		jar[c.Name] = c
	}
	return s, err
}

// known is a browser whose session the node has read once, and relies on since.
func (n *node) known(t *testing.T) (map[string]*http.Cookie, session.Handle, string) {
	t.Helper()
	cookie, h, person := n.begin(t)
	jar := map[string]*http.Cookie{cookie.Name: cookie}
	for range 3 { // the second asks for voids for the first time, and does not rely on what is older
		if _, err := n.standing(jar); err != nil {
			t.Fatal(err)
		}
	}
	n.sessions = 0
	if _, err := n.standing(jar); err != nil || n.sessions != 0 {
		t.Fatalf("a session just read was read %d times more: %v", n.sessions, err)
	}
	return jar, h, person
}

func TestWhatTheBrowserCarriesIsWhatStorageSaid(t *testing.T) {
	n := newNode(t, "33", true)
	jar, h, _ := n.known(t)
	got, err := n.standing(jar)
	if err != nil {
		t.Fatal(err)
	}
	live, err := n.Store.Session(t.Context(), h.ID, h.ExpiresAt)
	if err != nil {
		t.Fatal(err)
	}
	want := live.Session
	want.Family, want.CreatedAt = nil, time.Time{}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestTheBrowsersWordIsTakenForTenMinutes(t *testing.T) {
	n := newNode(t, "33", true)
	jar, _, _ := n.known(t)
	n.now = n.now.Add(10*time.Minute - time.Second)
	if _, err := n.standing(jar); err != nil || n.sessions != 0 {
		t.Fatalf("read %d times: %v", n.sessions, err)
	}
	n.now = n.now.Add(time.Second)
	if _, err := n.standing(jar); err != nil || n.sessions != 1 {
		t.Fatalf("read %d times: %v", n.sessions, err)
	}
}

func TestWhatEndedAtAnotherNodeIsNoticedWithinAQuarterOfASecond(t *testing.T) {
	for name, end := range map[string]func(*node, session.Handle, string) error{
		"the session ended": func(n *node, h session.Handle, _ string) error {
			return n.Store.EndSession(t.Context(), h.ID, h.ExpiresAt, n.now)
		},
		"by a clock that is behind": func(n *node, h session.Handle, _ string) error {
			return n.Store.EndSession(t.Context(), h.ID, h.ExpiresAt, n.now.Add(-9*time.Second))
		},
		"the person was frozen": func(n *node, _ session.Handle, person string) error {
			storagetest.Freeze(t, n.Store, person, n.now)
			return nil
		},
		"the person was corrected": func(n *node, _ session.Handle, person string) error {
			storagetest.NewEpoch(t, n.Store, person, n.now)
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNode(t, "33", true)
			jar, h, person := n.known(t)
			if err := end(n, h, person); err != nil {
				t.Fatal(err)
			}
			n.now = n.now.Add(250 * time.Millisecond)
			if _, err := n.standing(jar); !errors.Is(err, storage.ErrNotFound) {
				t.Errorf("it still stands: %v", err)
			}
			n.now = n.now.Add(9 * time.Minute)
			if _, err := n.standing(jar); !errors.Is(err, storage.ErrNotFound) {
				t.Errorf("it stands again: %v", err)
			}
		})
	}
}

func TestWhatEndedHereIsNoticedAtOnce(t *testing.T) {
	n := newNode(t, "33", true)
	jar, _, _ := n.known(t)
	if err := n.End(httptest.NewRecorder(), request(jar["__Host-session-33"])); err != nil {
		t.Fatal(err)
	}
	if _, err := n.standing(jar); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("it still stands: %v", err)
	}
}

func TestTheBrowsersWordCountsForItsOwnSessionOnly(t *testing.T) {
	n := newNode(t, "33", true)
	mine, _, me := n.known(t)
	theirs, h, _ := n.known(t)
	if err := n.Store.EndSession(t.Context(), h.ID, h.ExpiresAt, n.now); err != nil {
		t.Fatal(err)
	}
	n.now = n.now.Add(time.Second)
	stolen := map[string]*http.Cookie{"s": theirs["__Host-session-33"], "w": mine["__Host-standing-33"]}
	if _, err := n.standing(stolen); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("an ended session stands by another's word: %v", err)
	}
	alone := map[string]*http.Cookie{"w": mine["__Host-standing-33"]}
	if _, err := n.standing(alone); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("a word without a session: %v", err)
	}
	if s, err := n.standing(mine); err != nil || s.PersonID != me {
		t.Errorf("%s %v", s.PersonID, err)
	}
}

func TestANodeThatCannotLearnWhatEndedReadsEverySession(t *testing.T) {
	n := newNode(t, "33", true)
	jar, h, _ := n.known(t)
	if err := n.Store.EndSession(t.Context(), h.ID, h.ExpiresAt, n.now); err != nil {
		t.Fatal(err)
	}
	n.now, n.fail = n.now.Add(time.Second), errors.New("no answer")
	if _, err := n.standing(jar); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("it still stands: %v", err)
	}
	asked := n.voids
	if _, err := n.standing(jar); !errors.Is(err, storage.ErrNotFound) || n.voids != asked {
		t.Errorf("asked %d times more within the quarter of a second: %v", n.voids-asked, err)
	}
}

func TestANodeThatHasJustStartedTakesNoWordFromBefore(t *testing.T) {
	n := newNode(t, "33", true)
	jar, h, _ := n.known(t)
	if err := n.Store.EndSession(t.Context(), h.ID, h.ExpiresAt, n.now); err != nil {
		t.Fatal(err)
	}
	n.now = n.now.Add(5 * time.Minute)
	n.restart("33", true)
	if _, err := n.standing(jar); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("it still stands: %v", err)
	}
}

func FuzzStanding(f *testing.F) {
	n := newNode(f, "33", false)
	cookie, _, _ := n.begin(f)
	w := httptest.NewRecorder()
	if _, err := n.Standing(w, request(cookie)); err != nil {
		f.Fatal(err)
	}
	b, err := n.vault.OpenToken("standing", w.Result().Cookies()[0].Value)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add(b[:40])
	f.Fuzz(func(t *testing.T, b []byte) {
		value, err := n.vault.SealToken("standing", b)
		if err != nil {
			t.Fatal(err)
		}
		s, err := n.Standing(httptest.NewRecorder(), request(cookie, &http.Cookie{Name: "standing-33", Value: value}))
		if err != nil || s.PersonID == "" {
			t.Errorf("a bad word loses the session: %v", err)
		}
	})
}
