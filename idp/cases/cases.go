package cases

import (
	"context"
	_ "embed" // the description of the API
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strings"
	"time"

	"manyou/federation/correction"
	"manyou/federation/signals"
	"manyou/federation/upstream"
	"manyou/storage"
)

// ScopeFile opens the API.
const ScopeFile = "cases.file"

// Store is what the API needs of storage.
type Store interface {
	KnownAs(ctx context.Context, clientID, subject string) (personID string, err error)
	Link(ctx context.Context, issuer, subject string) (storage.Link, storage.Person, error)
	LinksOf(ctx context.Context, personID string) ([]storage.Link, error)
	Count(ctx context.Context, keys []string, n int64, expiresAt time.Time) ([]int64, error)
}

// Filer is the application that files.
type Filer struct {
	ClientID string
	// Issuer is the issuer that it is, "" if it is none.
	Issuer string
}

// Config is what an [API] needs.
type Config struct {
	Issuer string
	Store  Store
	// Cases is the queue; nil at a province, which hands complaints on.
	Cases *correction.Queue
	// Nation finds the nation at a province, with what it calls a person that it does not know by a subject of its own.
	Nation func(ctx context.Context) (*upstream.Provider, error)
	// AsNationKnows is how the nation names a person of this province.
	AsNationKnows func(ctx context.Context, personID string) (signals.SubjectID, error)
	// Authorize says who sends a request; an answer is written if nobody may.
	Authorize func(w http.ResponseWriter, r *http.Request, scope string) (clientID string, ok bool)
	Filer     func(ctx context.Context, clientID string) (Filer, error)
	// MAC makes a case's identifier of the key that its filer chose.
	MAC    func(purpose string, data []byte) []byte
	Clock  func() time.Time
	Logger *slog.Logger
}

// API serves it.
type API struct{ Config }

// New returns the API.
func New(c Config) *API { return &API{c} }

const (
	path     = "/cases"
	maxBody  = 64 << 10 // bytes
	maxKey   = 128      // characters of an idempotency key
	maxValue = 512
	maxACR   = 9
	// perHour bounds what one application files.
	perHour = 60
)

//go:embed openapi.json
var description []byte

// Routes adds the endpoints.
func (a *API) Routes(mux *http.ServeMux) {
	mux.HandleFunc("GET "+path+"/openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "public, max-age=3600")
		_, _ = w.Write(description)
	})
	for pattern, h := range map[string]http.HandlerFunc{
		"POST " + path: a.file, "GET " + path + "/{number}": a.read, "POST " + path + "/{number}/withdraw": a.withdraw,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "no-store")
			h(w, r)
		})
	}
}

// file takes a complaint.
func (a *API) file(w http.ResponseWriter, r *http.Request) {
	filer, ok := a.filer(w, r)
	if !ok {
		return
	}
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		problem(w, http.StatusUnsupportedMediaType, "media-type", "the body is JSON")
		return
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		problem(w, http.StatusRequestEntityTooLarge, "too-large", "the body is too large")
		return
	}
	key := r.Header.Get("Idempotency-Key")
	if key == "" || len(key) > maxKey {
		problem(w, http.StatusBadRequest, "idempotency-key", "the header Idempotency-Key is required, of at most 128 characters: one for each complaint")
		return
	}
	c, err := parse(raw)
	if err != nil {
		problem(w, http.StatusUnprocessableEntity, "complaint", err.Error())
		return
	}
	end := a.Clock().Truncate(time.Hour).Add(time.Hour)
	totals, err := a.Store.Count(r.Context(), []string{"case.filer:" + filer.ClientID}, 1, end)
	if err != nil {
		a.fault(w, r, err)
		return
	}
	if bound := int64(perHour); totals[0] > bound && (filer.Issuer == "" || totals[0] > bound*100) { // an issuer files for all its applications
		w.Header().Set("Retry-After", fmt.Sprintf("%d", int(end.Sub(a.Clock()).Seconds())+1))
		problem(w, http.StatusTooManyRequests, "too-many", "too many cases in an hour")
		return
	}
	if a.Cases == nil {
		a.handOn(w, r, filer, c, key)
		return
	}
	a.fileHere(w, r, filer, c, key)
}

func (a *API) filer(w http.ResponseWriter, r *http.Request) (Filer, bool) {
	clientID, ok := a.Authorize(w, r, ScopeFile)
	if !ok {
		return Filer{}, false
	}
	f, err := a.Filer(r.Context(), clientID)
	if err != nil {
		a.fault(w, r, err)
		return Filer{}, false
	}
	return f, true
}

// name is how a filer is named in the queue.
func (f Filer) name() string {
	if f.Issuer != "" {
		return correction.Issuer(f.Issuer)
	}
	return correction.Application(f.ClientID)
}

// nobody answers where nobody is known by a subject, or where that cannot be found out. false: somebody is, and nothing was answered.
func (a *API) nobody(w http.ResponseWriter, r *http.Request, err error) bool {
	switch {
	case err == nil:
		return false
	case errors.Is(err, storage.ErrNotFound):
		problem(w, http.StatusUnprocessableEntity, "subject", "nobody is known to you by that subject")
	default:
		a.fault(w, r, err)
	}
	return true
}

// fileHere puts a complaint into the queue.
func (a *API) fileHere(w http.ResponseWriter, r *http.Request, filer Filer, c complaint, key string) {
	person, link, err := a.about(r.Context(), filer, c.Subject)
	if a.nobody(w, r, err) {
		return
	}
	source := filer.name()
	if filer.Issuer != "" && c.Application != "" {
		source = correction.Application(c.Application) + " at " + filer.Issuer
	}
	f := correction.Filing{
		ID:    base32.StdEncoding.EncodeToString(a.MAC("case", []byte(filer.ClientID+"\x00"+key))[:15]),
		Filer: filer.name(), Kind: correction.Kind(c.Kind), Person: person, Attribute: c.Attribute, Expected: c.Expected, Statement: c.Statement,
		For: c.Application,
	}
	if f.Kind == correction.KindLink {
		f.Link = link
	}
	if len(c.Said) > 0 {
		f.Evidence = []correction.Evidence{{Source: source, At: a.Clock(), Chain: chain(filer), Said: c.Said}}
		if filer.Issuer != "" && c.Application == "" {
			f.Evidence[0].ACR = c.ACR
		}
	}
	filed, err := a.Cases.File(r.Context(), f)
	switch {
	case errors.Is(err, correction.ErrRepeated):
		problem(w, http.StatusUnprocessableEntity, "idempotency-key", "something else was filed under that key")
	case errors.Is(err, correction.ErrFiling), errors.Is(err, correction.ErrTooLarge):
		problem(w, http.StatusUnprocessableEntity, "complaint", strings.TrimPrefix(err.Error(), "correction: "))
	case err != nil:
		a.fault(w, r, err)
	default:
		w.Header().Set("Location", a.at(filed.Number))
		answer(w, http.StatusCreated, view(filed))
	}
}

func chain(f Filer) []string {
	if f.Issuer == "" {
		return []string{f.ClientID}
	}
	return []string{f.Issuer}
}

func view(c *correction.Case) caseView {
	return caseView{Number: c.Number, State: c.Case.State, FiledAt: c.FiledAt, DueAt: c.DueAt, Joined: c.DuplicateOf != ""}
}

// about finds whom a subject names, and the link that may be wrong: the filer's own, or the only one of the person that is not.
func (a *API) about(ctx context.Context, filer Filer, id signals.SubjectID) (person string, link *correction.Link, err error) {
	switch {
	case filer.Issuer != "" && id.Issuer == filer.Issuer:
		l, _, err := a.Store.Link(ctx, id.Issuer, id.Subject)
		return l.PersonID, &correction.Link{Issuer: id.Issuer, Subject: id.Subject}, err
	case id.Issuer != a.Issuer:
		return "", nil, storage.ErrNotFound
	}
	if person, err = a.Store.KnownAs(ctx, filer.ClientID, id.Subject); err != nil {
		return "", nil, err
	}
	links, err := a.Store.LinksOf(ctx, person)
	if err != nil {
		return "", nil, err
	}
	for _, l := range links {
		if l.Issuer == filer.Issuer {
			continue
		}
		if link != nil {
			return person, nil, nil // which of them, an officer finds out
		}
		link = &correction.Link{Issuer: l.Issuer, Subject: l.Subject}
	}
	return person, link, nil
}

// at is where a case is read by who filed it here.
func (a *API) at(number string) string { return a.Issuer + path + "/" + number }

// mine finds a case of the filer's own.
func (a *API) mine(w http.ResponseWriter, r *http.Request, filer Filer) (*correction.Case, bool) {
	c, err := a.Cases.FindNumber(r.Context(), r.PathValue("number"))
	if errors.Is(err, storage.ErrNotFound) || err == nil && (c.Filer != filer.name() || c.Body.For != r.URL.Query().Get("application")) {
		problem(w, http.StatusNotFound, "not-found", "no such case of yours")
		return nil, false
	} else if err != nil {
		a.fault(w, r, err)
		return nil, false
	}
	return c, true
}

// read answers how far a case is.
func (a *API) read(w http.ResponseWriter, r *http.Request) {
	filer, ok := a.filer(w, r)
	if !ok {
		return
	}
	if a.Cases == nil {
		a.pass(w, r, http.MethodGet, of(r, filer, ""))
		return
	}
	c, ok := a.mine(w, r, filer)
	if !ok {
		return
	}
	v := view(c)
	if c.DuplicateOf != "" { // what becomes of the one that it was joined to becomes of it
		with, err := a.Cases.Find(r.Context(), c.DuplicateOf)
		if err != nil {
			a.fault(w, r, err)
			return
		}
		v.State, v.DueAt = with.Case.State, with.DueAt
	}
	answer(w, http.StatusOK, v)
}

// withdraw takes a complaint back.
func (a *API) withdraw(w http.ResponseWriter, r *http.Request) {
	filer, ok := a.filer(w, r)
	if !ok {
		return
	}
	if a.Cases == nil {
		a.pass(w, r, http.MethodPost, of(r, filer, "/withdraw"))
		return
	}
	c, ok := a.mine(w, r, filer)
	if !ok {
		return
	}
	switch err := a.Cases.Withdraw(r.Context(), filer.name(), c, ""); {
	case errors.Is(err, correction.ErrJoined):
		problem(w, http.StatusConflict, "joined", "others reported the same: the case goes on")
	case errors.Is(err, correction.ErrState), errors.Is(err, correction.ErrHold), errors.Is(err, storage.ErrConflict):
		problem(w, http.StatusConflict, "state", "the case has gone on: officers hold somebody in it, it is decided, or has ended")
	case err != nil:
		a.fault(w, r, err)
	default:
		answer(w, http.StatusOK, view(c))
	}
}
