package vault

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf"
	tinkpb "github.com/tink-crypto/tink-go/v2/proto/tink_go_proto"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// Keysets is the table of wrapped keysets.
type Keysets interface {
	// LoadKeyset returns the wrapped keyset of a name, nil if there is none.
	LoadKeyset(ctx context.Context, name string) ([]byte, error)
	// InsertKeyset stores a wrapped keyset unless the name is taken; it is no error if it is.
	InsertKeyset(ctx context.Context, name string, sealed []byte) error
	// ReplaceKeyset stores next if what is stored equals previous, and reports whether it did.
	ReplaceKeyset(ctx context.Context, name string, previous, next []byte) (bool, error)
}

// The keysets of an issuer.
const (
	sealKeyset   = "seal"
	tokenKeyset  = "token"
	lookupKeyset = "lookup"
	macKeyset    = "mac"
)

// templates says of which kind a keyset's keys are.
var templates = map[string]func() *tinkpb.KeyTemplate{
	sealKeyset:   aead.XAES256GCM192BitNonceKeyTemplate,
	tokenKeyset:  aead.XAES256GCM192BitNonceKeyTemplate,
	lookupKeyset: prf.HMACSHA256PRFKeyTemplate,
	macKeyset:    prf.HMACSHA256PRFKeyTemplate,
}

// ErrWrongRoot reports that the root key is not the one that the database was set up with.
var ErrWrongRoot = errors.New("vault: the root key does not open this database; it was set up with another root key")

// wrapper reads and writes keysets under a root key.
type wrapper struct {
	root    tink.AEAD
	keysets Keysets
}

// load returns a keyset and its wrapped form, creating it if it is missing. Nodes that create it at once agree,
// because each uses what it reads back.
func (w wrapper) load(ctx context.Context, name string) (*keyset.Handle, []byte, error) {
	sealed, err := w.keysets.LoadKeyset(ctx, name)
	if err != nil {
		return nil, nil, fmt.Errorf("vault: load keyset %q: %w", name, err)
	}
	if sealed == nil {
		if sealed, err = w.create(ctx, name); err != nil {
			return nil, nil, err
		}
	}
	h, err := keyset.ReadWithAssociatedData(keyset.NewBinaryReader(bytes.NewReader(sealed)), w.root, []byte(name))
	if err != nil {
		return nil, nil, ErrWrongRoot
	}
	return h, sealed, nil
}

func (w wrapper) create(ctx context.Context, name string) ([]byte, error) {
	h, err := keyset.NewHandle(templates[name]())
	if err != nil {
		return nil, fmt.Errorf("vault: create keyset %q: %w", name, err)
	}
	sealed, err := w.wrap(h, name)
	if err != nil {
		return nil, err
	}
	if err := w.keysets.InsertKeyset(ctx, name, sealed); err != nil {
		return nil, fmt.Errorf("vault: store keyset %q: %w", name, err)
	}
	if sealed, err = w.keysets.LoadKeyset(ctx, name); err != nil {
		return nil, fmt.Errorf("vault: load keyset %q: %w", name, err)
	}
	return sealed, nil
}

// rotate adds a key that seals from now on and reports whether it did; another node may have come first.
func (w wrapper) rotate(ctx context.Context, name string) (bool, error) {
	h, previous, err := w.load(ctx, name)
	if err != nil {
		return false, err
	}
	m := keyset.NewManagerFromHandle(h)
	id, err := m.Add(templates[name]())
	if err == nil {
		err = m.SetPrimary(id)
	}
	if err == nil {
		h, err = m.Handle()
	}
	if err != nil {
		return false, fmt.Errorf("vault: rotate keyset %q: %w", name, err)
	}
	next, err := w.wrap(h, name)
	if err != nil {
		return false, err
	}
	replaced, err := w.keysets.ReplaceKeyset(ctx, name, previous, next)
	if err != nil {
		return false, fmt.Errorf("vault: store keyset %q: %w", name, err)
	}
	return replaced, nil
}

func (w wrapper) wrap(h *keyset.Handle, name string) ([]byte, error) {
	var buf bytes.Buffer
	if err := h.WriteWithAssociatedData(keyset.NewBinaryWriter(&buf), w.root, []byte(name)); err != nil {
		return nil, fmt.Errorf("vault: wrap keyset %q: %w", name, err)
	}
	return buf.Bytes(), nil
}

// box is a keyset prepared for sealing.
type box struct {
	aead tink.AEAD
	keys map[uint32]bool
}

func newBox(h *keyset.Handle) (box, error) {
	a, err := aead.New(h)
	if err != nil {
		return box{}, err
	}
	b := box{aead: a, keys: make(map[uint32]bool, h.Len())}
	for i := range h.Len() {
		e, err := h.Entry(i)
		if err != nil {
			return box{}, err
		}
		b.keys[e.KeyID()] = true
	}
	return b, nil
}

// knows reports whether the ciphertext names a key of the box. A ciphertext begins with 0x01 and four bytes of key
// identifier.
func (b box) knows(ciphertext []byte) bool {
	return len(ciphertext) >= 5 && ciphertext[0] == 1 && b.keys[binary.BigEndian.Uint32(ciphertext[1:5])]
}
