package vault

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tink-crypto/tink-go/v2/prf"
)

// refreshInterval bounds how often ciphertexts of unknown keys, which anybody can send, make the vault read its
// keysets again. refreshTimeout bounds one such reading.
const (
	refreshInterval = time.Second
	refreshTimeout  = 5 * time.Second
)

// ErrInvalid reports that a ciphertext or token was not sealed here, or not for this purpose, or was altered.
var ErrInvalid = errors.New("vault: invalid ciphertext")

// Vault seals, opens and hashes. Its primitives are prepared once; it is safe for concurrent use.
type Vault struct {
	wrapper wrapper
	now     func() time.Time
	lookup  *prf.Set
	mac     *prf.Set
	boxes   atomic.Pointer[boxes]

	refreshing sync.Mutex
	refreshed  time.Time // guarded by refreshing
}

// boxes are the keysets that rotate.
type boxes struct{ seal, token box }

func sealBox(b *boxes) box  { return b.seal }
func tokenBox(b *boxes) box { return b.token }

// Option changes how a vault works.
type Option func(*Vault)

// WithClock sets the clock; the default is [time.Now].
func WithClock(now func() time.Time) Option { return func(v *Vault) { v.now = now } }

// Open reads the keysets, creating those that are missing. [ErrWrongRoot] if the root key is not theirs.
func Open(ctx context.Context, root Root, k Keysets, opts ...Option) (*Vault, error) {
	a, err := root.aead()
	if err != nil {
		return nil, err
	}
	v := &Vault{wrapper: wrapper{a, k}, now: time.Now}
	for _, o := range opts {
		o(v)
	}
	if v.lookup, err = v.loadPRF(ctx, lookupKeyset); err != nil {
		return nil, err
	}
	if v.mac, err = v.loadPRF(ctx, macKeyset); err != nil {
		return nil, err
	}
	if err := v.loadBoxes(ctx); err != nil {
		return nil, err
	}
	return v, nil
}

func (v *Vault) loadPRF(ctx context.Context, name string) (*prf.Set, error) {
	h, _, err := v.wrapper.load(ctx, name)
	if err != nil {
		return nil, err
	}
	s, err := prf.NewPRFSet(h)
	if err != nil {
		return nil, fmt.Errorf("vault: keyset %q: %w", name, err)
	}
	return s, nil
}

func (v *Vault) loadBoxes(ctx context.Context) error {
	var b boxes
	for name, dst := range map[string]*box{sealKeyset: &b.seal, tokenKeyset: &b.token} {
		h, _, err := v.wrapper.load(ctx, name)
		if err != nil {
			return err
		}
		if *dst, err = newBox(h); err != nil {
			return fmt.Errorf("vault: keyset %q: %w", name, err)
		}
	}
	v.boxes.Store(&b)
	return nil
}

// Rotate adds a key to each keyset that seals; what was sealed before still opens. If several nodes rotate at once,
// at least one key is added and all nodes agree on it.
func (v *Vault) Rotate(ctx context.Context) error {
	for _, name := range []string{sealKeyset, tokenKeyset} {
		if _, err := v.wrapper.rotate(ctx, name); err != nil {
			return err
		}
	}
	return v.loadBoxes(ctx)
}

// Seal encrypts. The context says what the plaintext is and whose ("persons.name/<id>"); the ciphertext opens only
// with the same one, so that it cannot be moved to another row or column.
func (v *Vault) Seal(plaintext []byte, context string) ([]byte, error) {
	return seal(v.boxes.Load().seal, plaintext, context)
}

// Open decrypts what [Vault.Seal] encrypted in the same context. [ErrInvalid].
func (v *Vault) Open(ciphertext []byte, context string) ([]byte, error) {
	return v.open(sealBox, ciphertext, context)
}

// Lookup is the keyed hash, 32 bytes, by which a row with that value in that field is found.
func (v *Vault) Lookup(field, value string) []byte { return hash(v.lookup, field, []byte(value)) }

// MAC is the keyed hash of data for a purpose, 32 bytes. Purposes are independent of each other.
func (v *Vault) MAC(purpose string, data []byte) []byte { return hash(v.mac, purpose, data) }

func seal(b box, plaintext []byte, context string) ([]byte, error) {
	c, err := b.aead.Encrypt(plaintext, []byte(context))
	if err != nil {
		return nil, fmt.Errorf("vault: seal: %w", err)
	}
	return c, nil
}

func (v *Vault) open(pick func(*boxes) box, ciphertext []byte, context string) ([]byte, error) {
	b := pick(v.boxes.Load())
	if !b.knows(ciphertext) {
		// Another node may have rotated since.
		if err := v.refresh(); err != nil {
			return nil, err
		}
		if b = pick(v.boxes.Load()); !b.knows(ciphertext) {
			return nil, ErrInvalid
		}
	}
	p, err := b.aead.Decrypt(ciphertext, []byte(context))
	if err != nil {
		return nil, ErrInvalid
	}
	return p, nil
}

// refresh reads the rotating keysets again, unless it did a moment ago.
func (v *Vault) refresh() error {
	v.refreshing.Lock()
	defer v.refreshing.Unlock()
	now := v.now()
	if now.Sub(v.refreshed) < refreshInterval {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), refreshTimeout)
	defer cancel()
	if err := v.loadBoxes(ctx); err != nil {
		return err
	}
	v.refreshed = now
	return nil
}

// hash computes HMAC(len(label) ‖ label ‖ data): the length keeps labels apart.
func hash(s *prf.Set, label string, data []byte) []byte {
	in := make([]byte, 0, binary.MaxVarintLen64+len(label)+len(data))
	in = binary.AppendUvarint(in, uint64(len(label)))
	in = append(in, label...)
	in = append(in, data...)
	out, err := s.ComputePrimaryPRF(in, 32)
	if err != nil {
		// HMAC-SHA-256 yields 32 bytes of any input.
		panic(fmt.Sprintf("vault: keyed hash: %v", err))
	}
	return out
}
