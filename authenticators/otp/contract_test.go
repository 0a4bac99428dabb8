package otp

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"manyou/authenticators"
	"manyou/authenticators/authtest"
)

// citizen is whoever a device belongs to.
type citizen struct{ n int64 }

var citizens atomic.Int64

func newCitizen() citizen { return citizen{citizens.Add(1)} }

func (c citizen) phone() string { return fmt.Sprintf("+86138%08d", c.n) }

func (c citizen) Introduce(r *authenticators.Request) {
	r.Handle, r.Name, r.Address = fmt.Appendf(nil, "handle of person %d", c.n), fmt.Sprintf("张三 %d", c.n), c.phone()
}

// texted has a phone that receives codes.
type texted struct{ citizen }

func (p texted) Enrol(c authenticators.Challenge, now time.Time) string { return p.Prove(c, now) }

func (p texted) Prove(c authenticators.Challenge, _ time.Time) string {
	var sent Challenge
	if err := json.Unmarshal(c.State, &sent); err != nil || sent.Phone != p.phone() {
		return wrong(c.Show.Send)
	}
	return c.Show.Send
}

func TestSMSKeepsTheContract(t *testing.T) {
	authtest.Run(t, authtest.Subject{
		New: func(t testing.TB) authenticators.Authenticator {
			a, err := NewSMS(rand.Reader, DefaultPolicy())
			if err != nil {
				t.Fatal(err)
			}
			return a
		},
		Person: func(testing.TB) authtest.Person { return texted{newCitizen()} },
	})
}

// tokenHolder has a device that computes codes, by the time or by how often it was asked.
type tokenHolder struct {
	testing.TB
	citizen
	mu      sync.Mutex
	secret  []byte
	byTime  bool
	pressed int64
}

func (p *tokenHolder) Enrol(c authenticators.Challenge, now time.Time) string {
	u, err := url.Parse(c.Show.URI)
	if err != nil || u.Query().Get("secret") != strings.ReplaceAll(c.Show.Text, " ", "") {
		p.Fatalf("the URI and the text differ: %v", err)
	}
	p.secret = decode(p, u.Query().Get("secret"))
	return p.Prove(c, now)
}

func (p *tokenHolder) Prove(_ authenticators.Challenge, now time.Time) string {
	if p.byTime {
		return codeOf(p, p.secret, now.Unix()/30)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pressed++
	return codeOf(p, p.secret, p.pressed-1)
}

func TestTOTPKeepsTheContract(t *testing.T) {
	authtest.Run(t, authtest.Subject{
		New:    func(t testing.TB) authenticators.Authenticator { return newTOTP(t) },
		Person: func(t testing.TB) authtest.Person { return &tokenHolder{TB: t, citizen: newCitizen(), byTime: true} },
	})
}

func TestHOTPKeepsTheContract(t *testing.T) {
	authtest.Run(t, authtest.Subject{
		New:    func(t testing.TB) authenticators.Authenticator { return newHOTP(t) },
		Person: func(t testing.TB) authtest.Person { return &tokenHolder{TB: t, citizen: newCitizen()} },
	})
}

func newTOTP(t testing.TB) *App { return app(t, NewTOTP) }
func newHOTP(t testing.TB) *App { return app(t, NewHOTP) }

func app(t testing.TB, make func(string) (*App, error)) *App {
	t.Helper()
	a, err := make("浙江统一身份认证")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestTheDecoysCodeProvesNobody(t *testing.T) {
	r := authenticators.Request{Purpose: authenticators.PurposeProve, Nonce: make([]byte, authenticators.NonceSize), Now: noon}
	for counter, a := range map[int64]*App{noon.Unix() / 30: newTOTP(t), 0: newHOTP(t)} {
		c, err := a.Begin(r)
		if err != nil {
			t.Fatal(err)
		}
		p, err := a.Verify(c, nil, codeOf(t, decoySecret[:], counter), noon)
		if err != nil || p.Outcome != authenticators.Rejected {
			t.Errorf("%s: %v, %v", a.Method().Name, p.Outcome, err)
		}
	}
}

func TestARightCodeForANumberThatIsNotThePersonsIsUsedUp(t *testing.T) {
	a, err := NewSMS(rand.Reader, DefaultPolicy())
	if err != nil {
		t.Fatal(err)
	}
	owner := texted{newCitizen()}
	r := authenticators.Request{Purpose: authenticators.PurposeProve, Nonce: make([]byte, authenticators.NonceSize), Now: noon}
	owner.Introduce(&r)
	c, err := a.Begin(r)
	if err != nil {
		t.Fatal(err)
	}
	for handle, want := range map[string]authenticators.Outcome{
		owner.phone(): authenticators.Accepted, newCitizen().phone(): authenticators.Exhausted,
	} {
		p, err := a.Verify(c, []authenticators.Credential{{ID: "x", Handle: handle}}, c.Show.Send, noon)
		if err != nil || p.Outcome != want || (p.Of == "x") != (want == authenticators.Accepted) || p.Rung > 1 {
			t.Errorf("%+v, %v; want %v", p, err, want)
		}
	}
}
