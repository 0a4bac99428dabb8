package cases

import (
	"encoding/base32"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"manyou/federation/correction"
	"manyou/federation/upstream"
	"manyou/storage"
)

// handOn files at the nation what an application of this province complains of.
func (a *API) handOn(w http.ResponseWriter, r *http.Request, filer Filer, c complaint, key string) {
	var person string
	err := storage.ErrNotFound
	if c.Subject.Issuer == a.Issuer {
		person, err = a.Store.KnownAs(r.Context(), filer.ClientID, c.Subject.Subject)
	}
	if a.nobody(w, r, err) {
		return
	}
	if c.Subject, err = a.AsNationKnows(r.Context(), person); err != nil {
		a.fault(w, r, err)
		return
	}
	c.Application, c.ACR = filer.ClientID, 0
	body, err := json.Marshal(c)
	if err != nil {
		a.fault(w, r, err)
		return
	}
	// Of all applications here, as one client's.
	key = base32.StdEncoding.EncodeToString(a.MAC("case-key", []byte(filer.ClientID+"\x1f"+key))[:20])
	said, err := a.ask(r, http.MethodPost, path, key, body)
	if err != nil {
		a.fault(w, r, err)
		return
	}
	var filed caseView
	if said.Status == http.StatusCreated && json.Unmarshal(said.Body, &filed) == nil { // it is read here, and not at the nation
		if number := correction.NormalizeNumber(filed.Number); number != "" {
			w.Header().Set("Location", a.at(number))
		}
	}
	relay(w, said)
}

// ask sends a request on to the nation.
func (a *API) ask(r *http.Request, method, path, key string, body []byte) (upstream.CaseAnswer, error) {
	nation, err := a.Nation(r.Context())
	if err != nil {
		return upstream.CaseAnswer{}, fmt.Errorf("%w: %w", upstream.ErrUnreachable, err)
	}
	return nation.Cases(r.Context(), method, path, ScopeFile, key, body)
}

// pass sends a request about a case on to the nation, and its answer back.
func (a *API) pass(w http.ResponseWriter, r *http.Request, method, path string) {
	said, err := a.ask(r, method, path, "", nil)
	if err != nil {
		a.fault(w, r, err)
		return
	}
	relay(w, said)
}

// relay sends back what the nation said.
func relay(w http.ResponseWriter, said upstream.CaseAnswer) {
	w.Header().Set("Content-Type", "application/json")
	if said.Status >= http.StatusBadRequest {
		w.Header().Set("Content-Type", "application/problem+json")
	}
	w.WriteHeader(said.Status)
	_, _ = w.Write(said.Body)
}

// of is where the nation has a case that an application of this province filed: it answers for no other.
func of(r *http.Request, filer Filer, what string) string {
	return path + "/" + correction.NormalizeNumber(r.PathValue("number")) + what + "?" + url.Values{"application": {filer.ClientID}}.Encode()
}
