package relative_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"manyou/authenticators"
	"manyou/authenticators/authtest"
	"manyou/authenticators/otp"
	"manyou/authenticators/relative"
)

var people atomic.Int64

// helped is a person with a relative who has a phone.
type helped struct{ n int64 }

func (p helped) phone() string { return fmt.Sprintf("+86138%08d", p.n) }

func (p helped) Introduce(r *authenticators.Request) {
	r.Handle, r.Name, r.Address = fmt.Appendf(nil, "handle of person %d", p.n), fmt.Sprintf("张三 %d", p.n), p.phone()
}

func (p helped) Enrol(c authenticators.Challenge, now time.Time) string { return p.Prove(c, now) }

func (p helped) Prove(c authenticators.Challenge, _ time.Time) string {
	switch {
	case c.Show.Send == "":
		return "000000" // nothing was sent any more
	case !slices.Contains(c.Show.To, p.phone()):
		return fmt.Sprintf("%c%s", '0'+(c.Show.Send[0]-'0'+1)%10, c.Show.Send[1:])
	}
	return c.Show.Send
}

func method(t testing.TB) authenticators.Authenticator {
	a, err := relative.New(rand.Reader, otp.DefaultPolicy())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestRelativeKeepsTheContract(t *testing.T) {
	authtest.Run(t, authtest.Subject{
		New:    method,
		Person: func(testing.TB) authtest.Person { return helped{people.Add(1)} },
	})
}

func TestACodeGoesToEveryRelativeOnce(t *testing.T) {
	var credentials []authenticators.Credential
	for n, phone := range []string{"+8613800000001", "+8613800000002", "+8613800000001"} {
		secret, err := json.Marshal(map[string]string{"phone": phone})
		if err != nil {
			t.Fatal(err)
		}
		credentials = append(credentials, authenticators.Credential{ID: fmt.Sprint(n), Secret: secret})
	}
	c, err := method(t).Begin(authenticators.Request{
		Purpose: authenticators.PurposeProve, Nonce: make([]byte, authenticators.NonceSize), Credentials: credentials, Now: time.Now(),
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"+8613800000001", "+8613800000002"}; !slices.Equal(c.Show.To, want) {
		t.Errorf("sent to %v", c.Show.To)
	}
}

func TestACodeOfNobodyIsSentToNobody(t *testing.T) {
	c, err := method(t).Begin(authenticators.Request{
		Purpose: authenticators.PurposeProve, Nonce: make([]byte, authenticators.NonceSize), Now: time.Now(),
	})
	if err != nil || len(c.Show.To) > 0 {
		t.Errorf("%v, to %v", err, c.Show.To)
	}
}

func TestTheSecondCodeIsNeverTheFirstAndNeverAboveTheSecondRung(t *testing.T) {
	if m := method(t).Method(); !m.Second || m.Rung != 2 || m.PhishingResistant {
		t.Errorf("%+v", m)
	}
}
