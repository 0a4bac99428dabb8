package form

import (
	"context"
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"manyou/idp/session"
	"manyou/idp/signin"
	"manyou/idp/web"
	"manyou/storage"
)

// Max bounds a submitted form without files, in bytes.
const Max = 64 << 10

// Store keeps a person's history.
type Store interface {
	AddEvent(ctx context.Context, e storage.Event) error
}

// Vault makes what stands for a person in a form.
type Vault interface {
	MAC(purpose string, data []byte) []byte
}

// Config is what a [Forms] needs.
type Config struct {
	// Pages is what the log calls the pages: "account page".
	Pages  string
	Store  Store
	Vault  Vault
	Web    *web.Web
	Clock  func() time.Time
	Random io.Reader
	Logger *slog.Logger
}

// Forms serves the pages of one room.
type Forms struct{ c Config }

// New returns what the pages of a room have in common.
func New(c Config) *Forms { return &Forms{c} }

// Read reads a form without files. It answers one that is malformed, or too large.
func (f *Forms) Read(w http.ResponseWriter, r *http.Request) bool {
	r.Body = http.MaxBytesReader(w, r.Body, Max)
	if err := r.ParseForm(); err != nil {
		f.c.Web.Render(w, r, http.StatusRequestEntityTooLarge, &web.ProblemPage{Problem: web.ProblemBadRequest})
		return false
	}
	return true
}

// Fault answers that something failed here, with a reference to the line of the log that says what.
func (f *Forms) Fault(w http.ResponseWriter, r *http.Request, cause error) {
	reference := "--------"
	var b [5]byte
	if _, err := io.ReadFull(f.c.Random, b[:]); err == nil {
		reference = fmt.Sprintf("%X", b)
	}
	f.c.Logger.ErrorContext(r.Context(), f.c.Pages+" failed", "reference", reference, "cause", cause)
	f.c.Web.Render(w, r, http.StatusInternalServerError, &web.ProblemPage{Problem: web.ProblemGeneric, Reference: reference})
}

// Note writes a line of a person's history, with the device if it is not said. That it could not be written does not undo what happened.
func (f *Forms) Note(r *http.Request, person, kind string, detail map[string]string) {
	id, err := f.NewID()
	if err == nil {
		if detail[signin.DetailDevice] == "" {
			detail[signin.DetailDevice] = session.DescribeAgent(r.UserAgent())
		}
		err = f.c.Store.AddEvent(r.Context(), storage.Event{ID: id, PersonID: person, At: f.c.Clock(), Kind: kind, Detail: detail})
	}
	if err != nil {
		f.c.Logger.ErrorContext(r.Context(), "history not written", "kind", kind, "cause", err)
	}
}

// NewID invents an identifier.
func (f *Forms) NewID() (string, error) {
	var id [15]byte
	if _, err := io.ReadFull(f.c.Random, id[:]); err != nil {
		return "", fmt.Errorf("new identifier: %w", err)
	}
	return base32.StdEncoding.EncodeToString(id[:]), nil
}

// field says whom a form was made for.
const field = "by"

// By is what a form says of whom it is made for.
func (f *Forms) By(who string) string {
	return base64.RawURLEncoding.EncodeToString(f.c.Vault.MAC("form.by", []byte(who))[:12])
}

// Theirs reports whether a form that was read was made for one of those, or does not say for whom.
func (f *Forms) Theirs(values map[string][]string, who ...string) bool {
	said, ok := values[field]
	if !ok {
		return true
	}
	for _, one := range who {
		if len(said) == 1 && said[0] == f.By(one) {
			return true
		}
	}
	return false
}
