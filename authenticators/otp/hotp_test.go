package otp

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/pquerna/otp"

	"manyou/authenticators"
)

// codeOf is RFC 4226 §5.3 written out, so that the library is checked against something else.
func codeOf(t testing.TB, secret []byte, step int64) string {
	t.Helper()
	mac := hmac.New(sha1.New, secret)
	if err := binary.Write(mac, binary.BigEndian, step); err != nil {
		t.Fatal(err)
	}
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 0xf
	value := binary.BigEndian.Uint32(sum[offset:offset+4]) & 0x7fffffff
	return fmt.Sprintf("%06d", value%1_000_000)
}

func decode(t testing.TB, secret string) []byte {
	t.Helper()
	b, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestACounterMayRunAHandfulAhead(t *testing.T) {
	const next = 2
	for counter, code := range rfc4226 {
		after, ok := VerifyHOTP(rfcSecret, code, next)
		if near := counter >= next && counter <= next+5; ok != near || (ok && after != int64(counter)+1) {
			t.Errorf("code of counter %d, expected %d: got %d, %v", counter, next, after, ok)
		}
	}
}

func TestACounterOnlyGrows(t *testing.T) {
	after, ok := VerifyHOTP(rfcSecret, rfc4226[3], 0)
	if !ok || after != 4 {
		t.Fatalf("got %d, %v", after, ok)
	}
	for counter := range 4 {
		if got, ok := VerifyHOTP(rfcSecret, rfc4226[counter], after); ok || got != 0 {
			t.Errorf("the code of counter %d after that of 3: got %d, %v", counter, got, ok)
		}
	}
}

func TestTwoConsecutiveCodesBringATokenBack(t *testing.T) {
	for _, c := range []struct {
		first, second int64
		found         bool
	}{{0, 1, true}, {6, 7, true}, {50, 51, true}, {51, 52, false}, {7, 6, false}, {6, 8, false}, {6, 6, false}} {
		answer := codeOf(t, rfcSecret, c.first) + " " + codeOf(t, rfcSecret, c.second)
		after, ok := VerifyHOTP(rfcSecret, answer, 0)
		if ok != c.found || (ok && after != c.second+1) {
			t.Errorf("codes of %d and %d: got %d, %v", c.first, c.second, after, ok)
		}
	}
	if _, ok := VerifyHOTP(rfcSecret, codeOf(t, rfcSecret, 6), 0); ok {
		t.Error("one code alone brings a token back")
	}
}

func TestACounterOrASecretOutOfBoundsMatchesNothing(t *testing.T) {
	for _, next := range []int64{-1, math.MinInt64, math.MaxInt64, math.MaxInt64 - 10} {
		if after, ok := VerifyHOTP(rfcSecret, codeOf(t, rfcSecret, next), next); ok || after != 0 {
			t.Errorf("counter %d: got %d, %v", next, after, ok)
		}
	}
	for _, secret := range [][]byte{nil, rfcSecret[:15], make([]byte, 65)} {
		if _, ok := VerifyHOTP(secret, rfc4226[0], 0); ok {
			t.Errorf("a secret of %d bytes", len(secret))
		}
	}
}

func TestTheURIOfACounterSaysWhereItBegins(t *testing.T) {
	uri, err := HOTPURI("浙江", "张三", rfcSecret)
	if err != nil {
		t.Fatal(err)
	}
	key, err := otp.NewKeyFromURL(uri)
	if err != nil || key.Type() != "hotp" || key.Issuer() != "浙江" || key.AccountName() != "张三" || key.Secret() != encodeSecret(rfcSecret) {
		t.Errorf("read back from %q: %v", uri, err)
	}
	if !strings.HasSuffix(uri, "&counter=0") {
		t.Errorf("%q does not say where it begins", uri)
	}
	if uri, err := HOTPURI("a:b", "c", rfcSecret); err == nil || uri != "" {
		t.Error("a URI that apps would misread")
	}
}

func TestEnrollingAgainWithTheSameNonceShowsTheSameSecret(t *testing.T) {
	request := authenticators.Request{
		Purpose: authenticators.PurposeEnrol, Nonce: bytes.Repeat([]byte{7}, authenticators.NonceSize),
		Handle: []byte("handle of a person"), Name: "张三", Now: noon,
	}
	secret := func(a *App, r authenticators.Request) string {
		c, err := a.Begin(r)
		if err != nil {
			t.Fatal(err)
		}
		return c.Show.Text
	}
	first := secret(newTOTP(t), request)
	if secret(newTOTP(t), request) != first {
		t.Error("the secret changed under the person's hands")
	}
	if secret(newHOTP(t), request) == first {
		t.Error("two methods share a secret")
	}
	other := request
	other.Handle = []byte("handle of another one")
	if secret(newTOTP(t), other) == first {
		t.Error("two people share a secret")
	}
	other = request
	other.Nonce = bytes.Repeat([]byte{8}, authenticators.NonceSize)
	if secret(newTOTP(t), other) == first {
		t.Error("two nonces share a secret")
	}
}

func FuzzVerifyHOTP(f *testing.F) {
	for counter, code := range rfc4226 {
		f.Add(code, int64(counter))
		f.Add(code+rfc4226[(counter+1)%10], int64(0))
	}
	f.Add("\xff", int64(-1))
	f.Fuzz(func(t *testing.T, answer string, next int64) {
		after, ok := VerifyHOTP(rfcSecret, answer, next)
		if !ok {
			if after != 0 {
				t.Fatalf("refused, but returned %d", after)
			}
			return
		}
		if after <= next || after > next+resyncAhead+2 {
			t.Fatalf("%q moved the counter from %d to %d", answer, next, after)
		}
		if _, again := VerifyHOTP(rfcSecret, answer, after); again {
			typed, _ := NormaliseCode(answer)
			for i := range int64(lookAhead + 1) { // a code that comes again by chance is another code
				if codeOf(t, rfcSecret, after+i) == typed {
					return
				}
			}
			t.Fatalf("%q was accepted twice from %d", answer, next)
		}
	})
}
