package config

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"manyou/federation/exchange"
	"manyou/federation/trust"
)

// maxKeys bounds the file of an anchor's keys, in bytes.
const maxKeys = 32 << 10

// Anchors are the keys of the trust anchor by its identifier; none if there is none.
func (f Federation) Anchors() (map[string]json.RawMessage, error) {
	if f.Anchor == "" {
		return nil, nil
	}
	keys, err := os.ReadFile(f.AnchorKeysFile)
	if err != nil {
		return nil, err
	}
	if len(keys) > maxKeys {
		return nil, fmt.Errorf("more than %d bytes", maxKeys)
	}
	if _, err := trust.ParseKeys(keys); err != nil {
		return nil, err
	}
	return map[string]json.RawMessage{f.Anchor: keys}, nil
}

// maxExchangeRules bounds the file of rules, in bytes.
const maxExchangeRules = 64 << 10

// Exchange are the rules for exchanging tokens.
func (f Federation) Exchange() (exchange.Policy, error) {
	if f.ExchangeRules == "" {
		return exchange.Default(), nil
	}
	text, err := os.ReadFile(f.ExchangeRules)
	if err != nil {
		return exchange.Policy{}, err
	}
	if len(text) > maxExchangeRules {
		return exchange.Policy{}, fmt.Errorf("more than %d bytes", maxExchangeRules)
	}
	return exchange.Parse(text)
}

func (c Config) checkFederation(r *report) {
	f := c.Federation
	if _, err := f.Exchange(); err != nil {
		r.fatal("federation.exchange_rules_file", "the rules cannot be read: %v", err)
	}
	if !f.Enabled {
		if c.Role == Intermediate {
			r.fatal("federation.enabled", "an intermediate is nothing else than an entity of a federation")
		}
		return
	}
	between(r, "federation.statement_life", f.StatementLife, 5*time.Minute, 24*time.Hour)
	if f.ApplicationMark != "" && trust.CheckIdentifier(f.ApplicationMark, true) != nil {
		r.fatal("federation.application_mark", "not a URL, such as https://id.example.org/marks/approved")
	}
	if len(f.MarkIssuers) > 0 && (c.Role != National || f.ApplicationMark == "") {
		r.fatal("federation.mark_issuers", "it is for the nation, where federation.application_mark is set")
	}
	for n, id := range f.MarkIssuers {
		if trust.CheckIdentifier(id, true) != nil {
			r.fatal(fmt.Sprintf("federation.mark_issuers[%d]", n), "not an entity identifier, such as https://ministry.example.org")
		}
	}
	if c.Role == National {
		if f.Superior != "" || f.Anchor != "" {
			r.fatal("federation", "the nation is the anchor; it has neither superior nor anchor")
		}
		return
	}
	for key, id := range map[string]string{"federation.superior": f.Superior, "federation.anchor": f.Anchor} {
		if id == "" {
			r.fatal(key, "who vouches for this issuer, and whom does it trust? Write the identifier, such as https://id.example.org")
		} else if trust.CheckIdentifier(id, true) != nil {
			r.fatal(key, "not an entity identifier, such as https://id.example.org")
		}
	}
	if f.Anchor == "" {
		return
	}
	if _, err := f.Anchors(); err != nil {
		r.fatal("federation.anchor_keys_file", "the anchor's keys cannot be read: %v", err)
	}
}
