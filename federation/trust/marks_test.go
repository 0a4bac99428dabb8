package trust_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"manyou/federation/trust"
)

const approved = "https://nation.example/marks/approved"

// marking is a federation whose applications need a mark, and the answers that a mark's issuer gives.
type marking struct {
	*federation
	nation, app *entity
	status      string
	answer      func(c map[string]any) // changes an answer
	signer      *entity                // of answers
	asked       int
}

// newMarking gives an application the mark of an issuer.
func newMarking(t *testing.T, issuer func(m *marking) *entity) (*marking, *trust.Resolver) {
	f := newFederation(t)
	m := &marking{federation: f, status: "active", answer: func(map[string]any) {}}
	m.nation = f.add("nation")
	m.app = f.application("app", m.nation)
	m.signer = issuer(m)
	if m.nation.mark == nil {
		m.nation.mark = map[string][]string{approved: {m.signer.id}}
	}
	m.signer.metadata[trust.FederationEntity].(map[string]any)["federation_trust_mark_status_endpoint"] = m.signer.id + "/status"
	m.signer.serve = m.serveStatus
	m.show(m.claims())
	return m, f.resolver(m.nation, func(c *trust.Config) { c.Required = map[string]string{trust.OpenIDRelyingParty: approved} })
}

func (m *marking) claims() map[string]any {
	return map[string]any{
		"iss": m.signer.id, "sub": m.app.id, "trust_mark_type": approved, "iat": m.clock().Unix(), "exp": m.clock().Add(24 * time.Hour).Unix(),
	}
}

// show makes the application show a mark.
func (m *marking) show(claims map[string]any) {
	m.app.marks = []map[string]string{{"trust_mark_type": approved, "trust_mark": signed(m.t, m.signer.key, m.signer.kid, trust.TypeMark, claims)}}
}

func (m *marking) serveStatus(w http.ResponseWriter, r *http.Request) bool {
	if r.Method != http.MethodPost {
		return false
	}
	m.asked++
	if m.status == "" {
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	}
	c := map[string]any{"iss": m.signer.id, "iat": m.clock().Unix(), "trust_mark": r.PostFormValue("trust_mark"), "status": m.status}
	m.answer(c)
	w.Header().Set("Content-Type", "application/"+trust.TypeMarkStatus)
	fmt.Fprint(w, signed(m.t, m.signer.key, m.signer.kid, trust.TypeMarkStatus, c))
	return true
}

func byNation(m *marking) *entity { return m.nation }

func TestAnApplicationWithTheMarkThatIsRequiredIsTrustedAndItsIssuerIsAskedOnce(t *testing.T) {
	for name, issuer := range map[string]func(m *marking) *entity{
		"of the anchor":             byNation,
		"of whom the anchor allows": func(m *marking) *entity { return m.add("ministry", m.nation) },
	} {
		t.Run(name, func(t *testing.T) {
			m, r := newMarking(t, issuer)
			for range 3 {
				got, err := r.Resolve(t.Context(), m.app.id)
				if err != nil {
					t.Fatal(err)
				}
				if !got.Marked(approved) || got.Marked("x") {
					t.Errorf("%+v", got.Marks)
				}
			}
			if m.asked != 1 {
				t.Errorf("asked %d times", m.asked)
			}
		})
	}
}

func TestARevokedMarkIsGoneAtTheNextLookAndASilentIssuerIsBelievedForAnHour(t *testing.T) {
	m, r := newMarking(t, byNation)
	look := func(after time.Duration) error {
		m.pass(after)
		_, err := r.Resolve(t.Context(), m.app.id)
		return err
	}
	if err := look(0); err != nil {
		t.Fatal(err)
	}
	m.status = ""
	if err := look(40 * time.Minute); err != nil {
		t.Errorf("an issuer that is silent for forty minutes: %v", err)
	}
	if err := look(30 * time.Minute); !errors.Is(err, trust.ErrUnreachable) {
		t.Errorf("an issuer that is silent for seventy: %v", err)
	}
	m.status = "active"
	if err := look(time.Minute); err != nil {
		t.Fatal(err)
	}
	m.status = "revoked"
	if err := look(6 * time.Minute); !errors.Is(err, trust.ErrUntrusted) {
		t.Errorf("revoked: %v", err)
	}
}

func TestAttackOnTheMarkThatIsRequiredTrustsNobody(t *testing.T) {
	for name, attack := range map[string]func(m *marking){
		"none":       func(m *marking) { m.app.marks = nil },
		"of another": func(m *marking) { c := m.claims(); c["sub"] = m.nation.id; m.show(c) },
		"of another type": func(m *marking) {
			c := m.claims()
			c["trust_mark_type"] = "https://nation.example/marks/other"
			m.show(c)
		},
		"by who may not":    func(m *marking) { m.nation.mark = map[string][]string{approved: {m.app.id}} },
		"by nobody who may": func(m *marking) { m.nation.mark = map[string][]string{} },
		"by the application itself": func(m *marking) {
			m.signer = m.app
			m.show(m.claims())
		},
		"expired": func(m *marking) { c := m.claims(); c["exp"] = m.clock().Unix(); m.show(c) },
		"revoked": func(m *marking) { m.status = "revoked" },
		"of a type that has an owner, who did not let its issuer": func(m *marking) {
			m.nation.claims = func(sub string, c map[string]any) {
				if sub == m.nation.id {
					c["trust_mark_owners"] = map[string]any{approved: map[string]any{"sub": m.app.id, "jwks": m.app.keys()}}
				}
			}
		},
		"an answer about another mark": func(m *marking) { m.answer = func(c map[string]any) { c["trust_mark"] = "x" } },
		"an answer of another":         func(m *marking) { m.answer = func(c map[string]any) { c["iss"] = m.app.id } },
		"an answer of an hour ago":     func(m *marking) { m.answer = func(c map[string]any) { c["iat"] = m.clock().Add(-time.Hour).Unix() } },
		"an answer that another signed": func(m *marking) {
			m.nation.serve = func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method != http.MethodPost {
					return false
				}
				w.Header().Set("Content-Type", "application/"+trust.TypeMarkStatus)
				fmt.Fprint(w, signed(m.t, m.app.key, m.nation.kid, trust.TypeMarkStatus, map[string]any{
					"iss": m.nation.id, "iat": m.clock().Unix(), "trust_mark": r.PostFormValue("trust_mark"), "status": "active",
				}))
				return true
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			m, r := newMarking(t, byNation)
			attack(m)
			if got, err := r.Resolve(t.Context(), m.app.id); !errors.Is(err, trust.ErrUntrusted) {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}
