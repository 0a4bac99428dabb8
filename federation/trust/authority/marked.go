package authority

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"manyou/storage"
)

const (
	// markedAge is how long the list of those who have a mark is served that was read once: it may be long, and anybody may ask.
	markedAge = 10 * time.Second
	// maxMarked bounds the types of marks whose lists are remembered.
	maxMarked = 16
)

// marked are lists that were read a moment ago, by type.
type marked struct {
	mu     sync.Mutex
	lists  map[string]markedList
	flight singleflight.Group
}

type markedList struct {
	body []byte // JSON
	at   time.Time
}

// serveMarked lists who has a mark that stands, or says whether one entity has it [OpenID Federation 1.0 §8.5.1].
func (a *Authority) serveMarked(w http.ResponseWriter, r *http.Request) {
	kind, only := r.URL.Query().Get("trust_mark_type"), r.URL.Query().Get("sub")
	switch {
	case kind == "":
		refuse(w, http.StatusBadRequest, codeInvalidRequest, "trust_mark_type is needed")
	case only != "":
		m, err := a.Store.TrustMark(r.Context(), kind, only)
		if err != nil && !errors.Is(err, storage.ErrNotFound) {
			a.fault(w, r, err)
			return
		}
		ids := []string{}
		if err == nil && stands(m, a.Clock()) {
			ids = append(ids, only)
		}
		sendJSON(w, ids)
	default:
		body, err := a.markedList(r.Context(), kind)
		if err != nil {
			a.fault(w, r, err)
			return
		}
		send(w, "json", string(body))
	}
}

// markedList reads a list, once however many wait for it.
func (a *Authority) markedList(ctx context.Context, kind string) ([]byte, error) {
	a.marked.mu.Lock()
	known, ok := a.marked.lists[kind]
	a.marked.mu.Unlock()
	if now := a.Clock(); ok && !now.Before(known.at) && now.Before(known.at.Add(markedAge)) {
		return known.body, nil
	}
	got, err, _ := a.marked.flight.Do(kind, func() (any, error) { return a.readMarked(context.WithoutCancel(ctx), kind) })
	body, _ := got.([]byte)
	return body, err
}

func (a *Authority) readMarked(ctx context.Context, kind string) ([]byte, error) {
	now, ids := a.Clock(), []string{}
	for after := ""; ; {
		page, err := a.Store.ListTrustMarks(ctx, kind, after, pageSize)
		if err != nil {
			return nil, err
		}
		for _, m := range page {
			if after = m.Subject; stands(m, now) {
				ids = append(ids, m.Subject)
			}
		}
		if len(page) < pageSize {
			break
		}
	}
	body, err := json.Marshal(ids)
	if err != nil || len(ids) == 0 { // of what nobody has there may be any number of types
		return body, err
	}
	a.marked.mu.Lock()
	defer a.marked.mu.Unlock()
	if a.marked.lists == nil || len(a.marked.lists) >= maxMarked {
		a.marked.lists = map[string]markedList{}
	}
	a.marked.lists[kind] = markedList{body, now}
	return body, nil
}
