package idp

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"manyou/federation/exchange"
	"manyou/federation/upstream"
	"manyou/storage"
)

// exchangeRecord is why a token was exchanged or was not, as it is kept. It names applications, issuers and rules, and no person.
type exchangeRecord struct {
	Kind        string   `json:"kind"` // "exchange" or "grant"
	Outcome     string   `json:"outcome"`
	Why         string   `json:"why,omitempty"` // it was refused
	Application string   `json:"application"`
	Chain       []string `json:"application_chain,omitempty"` // of one that nobody registered
	Marks       []string `json:"application_marks,omitempty"`
	Issuer      string   `json:"issuer,omitempty"` // whose token it was
	IssuerChain []string `json:"issuer_chain,omitempty"`
	Origin      string   `json:"origin,omitempty"`
	From        string   `json:"from,omitempty"` // regions
	To          string   `json:"to,omitempty"`
	Rule        string   `json:"rule,omitempty"`
	Scopes      []string `json:"scopes,omitempty"`
	ACR         string   `json:"acr,omitempty"`
	AuthTime    string   `json:"auth_time,omitempty"`

	Actor *exchange.Actor `json:"act,omitempty"`

	i         *Issuer
	presented string
}

// Explanation is why a token was exchanged, or was not.
type Explanation struct {
	At time.Time `json:"at"`
	exchangeRecord
}

// maxExplanations bounds how many exchanges of one token are told.
const maxExplanations = 100

// ExplainExchanges tells what became of a token: the exchanges that it was presented in, and the one that it was given in. Newest
// first; none if there is no record of it.
func ExplainExchanges(ctx context.Context, s storage.Exchanges, token string) (list []Explanation, err error) {
	sum := sha256.Sum256([]byte(token))
	kept, err := s.ExchangesOf(ctx, sum[:], maxExplanations)
	if err != nil {
		return nil, err
	}
	for _, e := range kept {
		one := Explanation{At: e.At}
		if err := json.Unmarshal(e.Detail, &one.exchangeRecord); err != nil {
			return nil, fmt.Errorf("record %s: %w", e.ID, err)
		}
		list = append(list, one)
	}
	return list, nil
}

// The outcomes.
const (
	exchangeAccepted = "accepted"
	exchangeRefused  = "refused"
)

func (i *Issuer) newRecord(app *application, kind, presented string) *exchangeRecord {
	r := &exchangeRecord{Kind: kind, Application: app.ClientID, i: i, presented: presented}
	if app.chained() {
		r.Chain = app.resolved.Path
		for _, m := range app.resolved.Marks {
			r.Marks = append(r.Marks, m.Type+" of "+m.Issuer)
		}
	}
	return r
}

// of says whose token it is.
func (r *exchangeRecord) of(s *subject) {
	r.Issuer, r.From, r.Origin, r.Actor = s.issuer, s.region, s.origin, s.actor
	r.ACR, r.AuthTime = acrOf(s.rung), s.authTime.UTC().Format(time.RFC3339)
	if r.i.entity != nil && s.issuer != r.i.Issuer {
		if resolved, ok := r.i.entity.Resolver.Last(s.issuer); ok {
			r.IssuerChain = resolved.Path
		}
	}
}

// keep writes a record, under the tokens that it can be found by. What was no JWT at all leaves none.
func (i *Issuer) keep(ctx context.Context, r *exchangeRecord, answer *exchangeResponse, refused error) error {
	if upstream.IssuerOf(r.presented) == "" {
		return nil
	}
	r.Outcome = exchangeAccepted
	sum := sha256.Sum256([]byte(r.presented))
	e := storage.Exchange{Tokens: [][]byte{sum[:]}, At: i.Clock()}
	if refused != nil {
		r.Outcome, r.Why = exchangeRefused, refused.Error()
	} else {
		given := sha256.Sum256([]byte(answer.AccessToken))
		e.Tokens = append(e.Tokens, given[:])
	}
	var err error
	if e.ID, err = i.mintTokenID(tokenID{}); err != nil {
		return err
	}
	if e.Detail, err = json.Marshal(r); err != nil {
		return err
	}
	return i.Store.PutExchange(ctx, e)
}

// Bounds of the records of requests that got no further than their client: anybody can send them, with any token. What is past them is
// in the log alone.
const (
	maxUnadmittedOfToken = 5   // an hour
	maxUnadmitted        = 200 // an hour, at this issuer
)

// keepUnadmitted writes the record of a request whose client was not who it says, or may not do this. The token tells nothing that holds:
// its issuer has to be one that is known here, no more. app is nil if nobody authenticated.
func (i *Issuer) keepUnadmitted(r *http.Request, app *application, kind, presented string, refused error) {
	ctx := r.Context()
	if issuer := upstream.IssuerOf(presented); issuer != i.Issuer {
		if _, err := i.signin.Peer(ctx, issuer); err != nil {
			return
		}
	}
	sum := sha256.Sum256([]byte(presented))
	end := i.Clock().Truncate(time.Hour).Add(time.Hour)
	within := func(key string, n, most int64) bool {
		totals, err := i.Store.Count(ctx, []string{key}, n, end)
		return err == nil && totals[0] <= most
	}
	const all = "exchange.unadmitted"
	// One token, sent again and again, does not use up what there is for all. Once that is used up, none is counted any more.
	if !within(all, 0, maxUnadmitted-1) || !within("exchange.token:"+encoding.EncodeToString(sum[:]), 1, maxUnadmittedOfToken) ||
		!within(all, 1, maxUnadmitted) {
		return
	}
	record := &exchangeRecord{Kind: kind, Application: claimedClient(r), i: i, presented: presented}
	if app != nil {
		record = i.newRecord(app, kind, presented)
	}
	if err := i.keep(ctx, record, nil, refused); err != nil { // it was refused in any case
		i.Logger.ErrorContext(ctx, "a refused exchange was not recorded", "cause", err)
	}
}

// claimedClient is who a client says to be, without having shown it.
func claimedClient(r *http.Request) string {
	name := r.PostForm.Get("client_id")
	if id, _, ok := r.BasicAuth(); ok {
		name = id
	}
	return strings.ToValidUTF8(name[:min(len(name), 256)], "") + " (not authenticated)"
}
