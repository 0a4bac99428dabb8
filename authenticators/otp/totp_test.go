package otp

import (
	"io"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp"
)

// rfcSecret is the key of the test vectors in RFC 4226 appendix D and RFC 6238 appendix B.
var rfcSecret = []byte("12345678901234567890")

func at(step int64) time.Time { return time.Unix(step*30, 0) }

// RFC 4226 appendix D: counters 0 to 9.
var rfc4226 = []string{
	"755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489",
}

func TestVectorsOfRFC4226(t *testing.T) {
	for counter, code := range rfc4226 {
		step, ok := VerifyTOTP(rfcSecret, code, at(int64(counter)), -1)
		if !ok || step != int64(counter) {
			t.Errorf("counter %d: got %d, %v", counter, step, ok)
		}
	}
}

func TestVectorsOfRFC6238(t *testing.T) {
	// RFC 6238 appendix B, SHA-1. Its codes have eight digits, of which ours are the last six.
	for seconds, code := range map[int64]string{
		59: "94287082", 1111111109: "07081804", 1111111111: "14050471", 1234567890: "89005924", 2000000000: "69279037",
		20000000000: "65353130",
	} {
		step, ok := VerifyTOTP(rfcSecret, code[2:], time.Unix(seconds, 0), 0)
		if !ok || step != seconds/30 {
			t.Errorf("at %d: got %d, %v", seconds, step, ok)
		}
	}
}

func TestAClockMayBeOneStepOffAndNoMore(t *testing.T) {
	const now = 5
	for step, code := range rfc4226 {
		for _, second := range []time.Duration{0, 29 * time.Second} {
			got, ok := VerifyTOTP(rfcSecret, code, at(now).Add(second), 0)
			if near := step >= now-1 && step <= now+1; ok != near || (ok && got != int64(step)) {
				t.Errorf("code of step %d at step %d: got %d, %v", step, now, got, ok)
			}
		}
	}
}

func TestACodeIsRefusedWhenReplayed(t *testing.T) {
	now := at(5)
	step, ok := VerifyTOTP(rfcSecret, rfc4226[5], now, 0)
	if !ok {
		t.Fatal("refused at first")
	}
	if got, ok := VerifyTOTP(rfcSecret, rfc4226[5], now, step); ok || got != 0 {
		t.Errorf("the same code again: got %d, %v", got, ok)
	}
	if _, ok := VerifyTOTP(rfcSecret, rfc4226[4], now, step); ok {
		t.Error("an earlier code after a later one")
	}
	if got, ok := VerifyTOTP(rfcSecret, rfc4226[6], now, step); !ok || got != 6 {
		t.Errorf("the next code: got %d, %v", got, ok)
	}
}

func TestACodeSharedByTwoStepsIsUsedUpForBoth(t *testing.T) {
	// Found by search: this secret has the same code at the steps before and after this one.
	const now = 366881
	secret := []byte("a secret of twenty b")
	code := codeOf(t, secret, now-1)
	if code != codeOf(t, secret, now+1) {
		t.Fatal("the steps do not share a code")
	}
	if step, ok := VerifyTOTP(secret, code, at(now), 0); !ok || step != now+1 {
		t.Errorf("got %d, %v; want the later step %d", step, ok, now+1)
	}
}

func TestWrongInputIsNotACode(t *testing.T) {
	for name, try := range map[string]func() (int64, bool){
		"wrong code":     func() (int64, bool) { return VerifyTOTP(rfcSecret, "000000", at(5), 0) },
		"empty code":     func() (int64, bool) { return VerifyTOTP(rfcSecret, "", at(5), 0) },
		"eight digits":   func() (int64, bool) { return VerifyTOTP(rfcSecret, "94287082", time.Unix(59, 0), 0) },
		"no secret":      func() (int64, bool) { return VerifyTOTP(nil, rfc4226[5], at(5), 0) },
		"short secret":   func() (int64, bool) { return VerifyTOTP(rfcSecret[:15], rfc4226[5], at(5), 0) },
		"long secret":    func() (int64, bool) { return VerifyTOTP(make([]byte, 65), rfc4226[5], at(5), 0) },
		"before 1970":    func() (int64, bool) { return VerifyTOTP(rfcSecret, rfc4226[0], time.Unix(-1, 0), -9) },
		"another secret": func() (int64, bool) { return VerifyTOTP([]byte("09876543210987654321"), rfc4226[5], at(5), 0) },
		"far future": func() (int64, bool) {
			return VerifyTOTP(rfcSecret, rfc4226[5], time.Unix(1<<62, 0), 0)
		},
	} {
		if step, ok := try(); ok || step != 0 {
			t.Errorf("%s: got %d, %v", name, step, ok)
		}
	}
}

func TestATypedCodeIsNormalised(t *testing.T) {
	if step, ok := VerifyTOTP(rfcSecret, " ２５４ 676 ", at(5), 0); !ok || step != 5 {
		t.Errorf("got %d, %v", step, ok)
	}
}

func TestASecretHas160BitsOfItsOwn(t *testing.T) {
	random := seeded("secret")
	a, err := NewSecret(random)
	if err != nil {
		t.Fatal(err)
	}
	b, err := NewSecret(random)
	if err != nil {
		t.Fatal(err)
	}
	if len(a) != 20 || string(a) == string(b) {
		t.Errorf("%x and %x", a, b)
	}
	if s, err := NewSecret(io.LimitReader(random, 19)); err == nil || s != nil {
		t.Error("a short read gave a secret")
	}
}

func TestTheURICarriesWhatAnAppNeeds(t *testing.T) {
	uri, err := URI("浙江统一身份认证", "张 三丰+1@example", rfcSecret)
	if err != nil {
		t.Fatal(err)
	}
	key, err := otp.NewKeyFromURL(uri)
	if err != nil {
		t.Fatal(err)
	}
	if key.Type() != "totp" || key.Issuer() != "浙江统一身份认证" || key.AccountName() != "张 三丰+1@example" ||
		key.Secret() != "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" || key.Period() != 30 || key.Digits() != otp.DigitsSix ||
		key.Algorithm() != otp.AlgorithmSHA1 {
		t.Errorf("read back from %q: %q %q %q", uri, key.Issuer(), key.AccountName(), key.Secret())
	}
	if strings.ContainsFunc(uri, func(r rune) bool { return r <= ' ' || r > '~' }) {
		t.Errorf("%q is not plain ASCII", uri)
	}
	if u, err := url.Parse(uri); err != nil || strings.Contains(u.RawQuery, "+") {
		t.Errorf("%q: apps read a plus in the query literally; %v", uri, err)
	}
	if got := SecretText(rfcSecret); got != "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ" {
		t.Errorf("for typing: %q", got)
	}
}

func TestAURIThatAppsWouldMisreadIsNotMade(t *testing.T) {
	long := strings.Repeat("名", maxLabel+1)
	for _, c := range []struct {
		issuer, account string
		secret          []byte
	}{
		{"", "account", rfcSecret}, {"issuer", "", rfcSecret}, {"a:b", "account", rfcSecret},
		{"issuer", "a:b", rfcSecret}, {long, "account", rfcSecret}, {"issuer", long, rfcSecret},
		{"issuer", "a\nb", rfcSecret}, {"issuer", "\xff", rfcSecret}, {"issuer", "account", nil},
		{"issuer", "account", rfcSecret[:10]}, {"issuer", "account", make([]byte, 65)},
	} {
		if uri, err := URI(c.issuer, c.account, c.secret); err == nil || uri != "" {
			t.Errorf("%.20q %.20q: %q", c.issuer, c.account, uri)
		}
	}
}

func FuzzVerifyTOTP(f *testing.F) {
	for step, code := range rfc4226 {
		f.Add(code, int64(step*30), int64(0))
		f.Add(code, int64(step*30+45), int64(step))
	}
	f.Add("１２３ ４５６", int64(-1), int64(-1))
	f.Add("\xff", int64(1)<<62, int64(1)<<62)
	f.Fuzz(func(t *testing.T, code string, seconds, last int64) {
		now := time.Unix(seconds, 0)
		step, ok := VerifyTOTP(rfcSecret, code, now, last)
		if !ok {
			if step != 0 {
				t.Fatalf("refused, but returned step %d", step)
			}
			return
		}
		typed, _ := NormaliseCode(code)
		if d := step - seconds/30; d < -1 || d > 1 || step <= last || step < 0 || codeOf(t, rfcSecret, step) != typed {
			t.Fatalf("%q at %d after %d was accepted for step %d", code, seconds, last, step)
		}
		if _, again := VerifyTOTP(rfcSecret, code, now, step); again {
			t.Fatalf("%q at %d was accepted twice", code, seconds)
		}
	})
}
