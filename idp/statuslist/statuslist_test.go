package statuslist

import (
	"bytes"
	"compress/zlib"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"testing"
	"time"

	"manyou/storage"
)

// full is a store of which so many places are taken that the first tries fail.
type full struct {
	taken, tried int
	places       []int
}

func (f *full) AddTokenStatus(_ context.Context, t storage.TokenStatus) error {
	f.places = append(f.places, t.Index)
	if f.tried++; f.tried <= f.taken {
		return storage.ErrConflict
	}
	return nil
}

func (f *full) DeadTokens(context.Context, time.Time, time.Time) ([]int, error) { return nil, nil }

func lists(s Store) *Lists {
	now := time.Unix(1_900_000_000, 0)
	return New(Config{
		Issuer: "https://id.example", Life: 5 * time.Minute, Store: s, Clock: func() time.Time { return now }, Random: rand.Reader,
		Logger: slog.New(slog.DiscardHandler), Sign: func(b []byte) (string, error) { return string(b), nil },
	})
}

func TestAPlaceThatIsTakenIsDrawnAnewAndAFullListRefuses(t *testing.T) {
	f := &full{taken: draws - 1}
	c, err := lists(f).Place(t.Context(), storage.TokenStatus{})
	if err != nil || c.List.Index != f.places[draws-1] || c.List.URI != "https://id.example/status-lists/31666666" {
		t.Errorf("%+v, %v", c, err)
	}
	if _, err := lists(&full{taken: draws}).Place(t.Context(), storage.TokenStatus{}); !errors.Is(err, errFull) {
		t.Errorf("%v", err)
	}
}

// TestTheBytesAreThoseOfTheSpecification compares with the example of §4.1: 16 statuses that are 0xB9 0xA3.
func TestTheBytesAreThoseOfTheSpecification(t *testing.T) {
	d, err := lists(nil).encode(1, []int{0, 3, 4, 5, 7, 8, 9, 13, 15}, time.Unix(60, 0))
	if err != nil {
		t.Fatal(err)
	}
	var c claims
	if err := json.Unmarshal(d.body, &c); err != nil {
		t.Fatal(err)
	}
	packed, err := base64.RawURLEncoding.DecodeString(c.List.List)
	if err != nil {
		t.Fatal(err)
	}
	z, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	bits, err := io.ReadAll(z)
	if err != nil || bits[0] != 0xB9 || bits[1] != 0xA3 || len(bits) != size/8 || !bytes.Equal(bits[2:], make([]byte, size/8-2)) {
		t.Errorf("% x, %v", bits[:4], err)
	}
}

// TestAListIsBounded: the worst that a list can be is a place in two dead, at random.
func TestAListIsBounded(t *testing.T) {
	var dead []int
	noise := make([]byte, size)
	_, _ = rand.Read(noise)
	for n, b := range noise {
		if b&1 == 1 {
			dead = append(dead, n)
		}
	}
	d, err := lists(nil).encode(1, dead, time.Unix(60, 0))
	if err != nil || len(d.body) > 256<<10 {
		t.Errorf("%d bytes, %v", len(d.body), err)
	}
	if d, err = lists(nil).encode(1, nil, time.Unix(60, 0)); err != nil || len(d.body) > 1<<10 {
		t.Errorf("%d bytes of nothing, %v", len(d.body), err)
	}
}

func FuzzOfTheNamesOfListsOnlyThoseNamedSoAreThere(f *testing.F) {
	l := lists(nil)
	now := l.Clock()
	first, last := l.span(now)
	for _, name := range []string{"31666666", "031666666", "-1", "+31666666", "31666666 ", "9223372036854775808", "", "x"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if n, ok := l.find(name, now); ok && (n < first || n > last+1 || l.uri(n) != l.Issuer+Path+"/"+name) {
			t.Errorf("%q is list %d", name, n)
		}
	})
}
