package streams

import (
	"encoding/base32"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"manyou/federation/signals"
	"manyou/storage"
)

// answer writes JSON.
func answer(w http.ResponseWriter, status int, body any) {
	raw, err := json.Marshal(body)
	if err != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(raw) // the client went away; nothing is lost
}

// refuse answers with an error of RFC 8935 §2.4.
func refuse(w http.ResponseWriter, status int, code, why string) {
	answer(w, status, map[string]string{"err": code, "description": why})
}

func (s *Streams) fault(w http.ResponseWriter, r *http.Request, cause error) {
	s.Logger.ErrorContext(r.Context(), "a stream's request failed", "path", r.URL.Path, "cause", cause)
	refuse(w, http.StatusInternalServerError, "server_error", "try again later")
}

// body reads a bounded JSON body.
func body(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); r.ContentLength != 0 && (err != nil || media != "application/json") {
		refuse(w, http.StatusUnsupportedMediaType, "invalid_request", "the body is JSON")
		return nil, false
	}
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, signals.MaxConfiguration))
	if err != nil {
		refuse(w, http.StatusRequestEntityTooLarge, "invalid_request", "the body is too large")
		return nil, false
	}
	return b, true
}

// posted reads a request with a body: which application sends it, by its token with a scope, and what it says.
func (s *Streams) posted(w http.ResponseWriter, r *http.Request, scope string) (clientID string, raw []byte, ok bool) {
	if clientID, ok = s.Authorize(w, r, scope); !ok {
		return "", nil, false
	}
	raw, ok = body(w, r)
	return clientID, raw, ok
}

// asked reads a request that is about a stream of who asks: parse reads its body and returns which stream that names. required is what is said
// if it cannot, or names none.
func (s *Streams) asked(w http.ResponseWriter, r *http.Request, required string, parse func(raw []byte) (id string, err error)) (storage.Stream, bool) {
	clientID, raw, ok := s.posted(w, r, signals.ScopeManage)
	if !ok {
		return storage.Stream{}, false
	}
	id, err := parse(raw)
	if err != nil || id == "" {
		refuse(w, http.StatusBadRequest, "invalid_request", required)
		return storage.Stream{}, false
	}
	return s.mine(w, r, clientID, id)
}

// mine finds the stream of who asks. id is what they call it, "" if they do not say.
func (s *Streams) mine(w http.ResponseWriter, r *http.Request, clientID, id string) (storage.Stream, bool) {
	t, err := s.Store.Stream(r.Context(), clientID)
	switch {
	case errors.Is(err, storage.ErrNotFound), err == nil && id != "" && id != t.ID:
		refuse(w, http.StatusNotFound, "not_found", "no such stream")
	case err != nil:
		s.fault(w, r, err)
	default:
		return t, true
	}
	return storage.Stream{}, false
}

// named finds the stream that a query has to name.
func (s *Streams) named(w http.ResponseWriter, r *http.Request, clientID string) (storage.Stream, bool) {
	id := r.URL.Query().Get("stream_id")
	if id == "" {
		refuse(w, http.StatusBadRequest, "invalid_request", "stream_id is required")
		return storage.Stream{}, false
	}
	return s.mine(w, r, clientID, id)
}

func (s *Streams) describe(t storage.Stream) signals.Configuration {
	return signals.Describe(t, s.Issuer, s.Issuer+pathPoll, minVerification)
}

// create begins a stream (SSF 1.0 §8.1.1.1). An application has one.
func (s *Streams) create(w http.ResponseWriter, r *http.Request) {
	clientID, raw, ok := s.posted(w, r, signals.ScopeManage)
	if !ok {
		return
	}
	c, err := signals.ParseConfiguration(raw)
	if err != nil {
		refuse(w, http.StatusBadRequest, "invalid_request", err.Error())
		return
	}
	var id [10]byte
	if _, err := io.ReadFull(s.Random, id[:]); err != nil {
		s.fault(w, r, err)
		return
	}
	t := storage.Stream{ClientID: clientID, ID: base32.StdEncoding.EncodeToString(id[:]), Status: storage.StreamEnabled, CreatedAt: s.Clock()}
	c.Apply(&t, true)
	if !s.allowed(w, r, t) {
		return
	}
	err = s.Store.PutStream(r.Context(), t)
	switch {
	case errors.Is(err, storage.ErrConflict):
		refuse(w, http.StatusConflict, "conflict", "there is a stream already")
	case err != nil:
		s.fault(w, r, err)
	default:
		s.Logger.InfoContext(r.Context(), "a stream begins", "client_id", clientID, "method", t.Method)
		answer(w, http.StatusCreated, s.describe(t))
	}
}

// allowed holds a stream that is pushed to the hosts that somebody registered: a client cannot have this issuer send requests anywhere
// else, least of all inside.
func (s *Streams) allowed(w http.ResponseWriter, r *http.Request, t storage.Stream) bool {
	if t.Method != "push" {
		return true
	}
	to, err := s.Receiver(r.Context(), t.ClientID)
	if err != nil {
		s.fault(w, r, err)
		return false
	}
	u, err := url.Parse(t.Endpoint)
	if err != nil || !slices.Contains(to.Hosts, u.Host) || loopback(u.Hostname()) && !s.onLoopback() || u.Scheme == "http" && !loopback(u.Hostname()) {
		refuse(w, http.StatusBadRequest, "invalid_request", "delivery.endpoint_url is not on https, or not on a host that is registered for the application")
		return false
	}
	return true
}

// onLoopback reports whether this issuer is itself on the host that it runs on, as in the demo. Elsewhere nothing is pushed there: an
// application on a citizen's own computer has a redirect URI on loopback, and is not the one that listens on this issuer's.
func (s *Streams) onLoopback() bool {
	u, err := url.Parse(s.Issuer)
	return err == nil && loopback(u.Hostname())
}

func loopback(host string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	address, err := netip.ParseAddr(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && (address.Unmap().IsLoopback() || address.IsUnspecified())
}

// read answers with the stream, or with a list of it (SSF 1.0 §8.1.1.2).
func (s *Streams) read(w http.ResponseWriter, r *http.Request) {
	clientID, ok := s.Authorize(w, r, signals.ScopeRead)
	if !ok {
		return
	}
	id := r.URL.Query().Get("stream_id")
	if id != "" {
		if t, ok := s.mine(w, r, clientID, id); ok {
			answer(w, http.StatusOK, s.describe(t))
		}
		return
	}
	list := []signals.Configuration{}
	t, err := s.Store.Stream(r.Context(), clientID)
	switch {
	case err == nil:
		list = append(list, s.describe(t))
	case !errors.Is(err, storage.ErrNotFound):
		s.fault(w, r, err)
		return
	}
	answer(w, http.StatusOK, list)
}

// update changes a stream, or replaces what it says (SSF 1.0 §8.1.1.3, §8.1.1.4).
func (s *Streams) update(w http.ResponseWriter, r *http.Request) {
	var c signals.Configuration
	t, ok := s.asked(w, r, "stream_id and a configuration are required", func(raw []byte) (id string, err error) {
		c, err = signals.ParseConfiguration(raw)
		return c.ID, err
	})
	if !ok {
		return
	}
	if !c.Matches(s.describe(t)) {
		refuse(w, http.StatusBadRequest, "invalid_request", "what is the transmitter's to say is not so")
		return
	}
	c.Apply(&t, r.Method == http.MethodPut)
	if !s.allowed(w, r, t) {
		return
	}
	if err := s.Store.SetStream(r.Context(), t); err != nil {
		s.fault(w, r, err)
		return
	}
	answer(w, http.StatusOK, s.describe(t))
}

// maySilence refuses an issuer that wants to hear nothing more: a case would close though its region goes on as if nothing had been
// decided. It may pause, and then what happens is kept for it.
func (s *Streams) maySilence(w http.ResponseWriter, r *http.Request, clientID string) bool {
	to, err := s.Receiver(r.Context(), clientID)
	switch {
	case err != nil:
		s.fault(w, r, err)
		return false
	case to.Links != "":
		refuse(w, http.StatusForbidden, "access_denied", "an issuer hears what is decided; it may pause its stream")
		return false
	}
	return true
}

// remove ends a stream (SSF 1.0 §8.1.1.5).
func (s *Streams) remove(w http.ResponseWriter, r *http.Request) {
	clientID, ok := s.Authorize(w, r, signals.ScopeManage)
	if !ok {
		return
	}
	if _, ok := s.named(w, r, clientID); !ok || !s.maySilence(w, r, clientID) {
		return
	}
	if err := s.Store.DropStream(r.Context(), clientID); err != nil && !errors.Is(err, storage.ErrNotFound) {
		s.fault(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// status answers whether a stream flows (SSF 1.0 §8.1.2.1).
func (s *Streams) status(w http.ResponseWriter, r *http.Request) {
	clientID, ok := s.Authorize(w, r, signals.ScopeRead)
	if !ok {
		return
	}
	if t, ok := s.named(w, r, clientID); ok {
		answer(w, http.StatusOK, signals.Status{ID: t.ID, Status: string(t.Status), Reason: t.Reason})
	}
}

// setStatus lets a stream flow, or not (SSF 1.0 §8.1.2.2).
func (s *Streams) setStatus(w http.ResponseWriter, r *http.Request) {
	var want signals.Status
	t, ok := s.asked(w, r, "stream_id and a status are required", func(raw []byte) (id string, err error) {
		want, err = signals.ParseStatus(raw)
		return want.ID, err
	})
	if !ok || storage.StreamStatus(want.Status) == storage.StreamDisabled && !s.maySilence(w, r, t.ClientID) {
		return
	}
	t.Status, t.Reason = storage.StreamStatus(want.Status), want.Reason
	if err := s.Store.SetStream(r.Context(), t); err != nil {
		s.fault(w, r, err)
		return
	}
	answer(w, http.StatusOK, want)
}

// maxState bounds what a receiver wants to read again, in bytes.
const maxState = 1 << 10

// verify has a verification sent (SSF 1.0 §8.1.4.2).
func (s *Streams) verify(w http.ResponseWriter, r *http.Request) {
	var want struct {
		ID    string `json:"stream_id"`
		State string `json:"state"`
	}
	t, ok := s.asked(w, r, "stream_id is required, and state is short", func(raw []byte) (string, error) {
		if err := json.Unmarshal(raw, &want); err != nil || len(want.State) > maxState {
			return "", err
		}
		return want.ID, nil
	})
	if !ok {
		return
	}
	payload, err := json.Marshal(pending{State: want.State, At: s.Clock()})
	if err != nil {
		s.fault(w, r, err)
		return
	}
	t.Verification = string(payload)
	if err := s.Store.SetStream(r.Context(), t); err != nil {
		s.fault(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
