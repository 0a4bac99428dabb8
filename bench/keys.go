package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/go-jose/go-jose/v4"
)

func (l *load) readKeys(ctx context.Context) error {
	r, err := get(ctx, l.issuer+"/keys")
	if err != nil {
		return err
	}
	return l.readJSON(r, &l.keys)
}

// check looks at the tokens of a hop. The signatures are verified if it is to be thorough.
func (l *load) check(t tokens, nonce string, thorough bool) error {
	var id struct {
		Issuer   string `json:"iss"`
		Audience string `json:"aud"`
		Subject  string `json:"sub"`
		Nonce    string `json:"nonce"`
	}
	token, err := jose.ParseSignedCompact(t.ID, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return fmt.Errorf("ID token: %w", err)
	}
	if err := json.Unmarshal(token.UnsafePayloadWithoutVerification(), &id); err != nil {
		return fmt.Errorf("ID token: %w", err)
	}
	if id.Issuer != l.issuer || id.Audience != clientID || id.Subject == "" || id.Nonce != nonce {
		return fmt.Errorf("ID token: wrong claims %+v", id)
	}
	if !thorough {
		return nil
	}
	access, err := jose.ParseSignedCompact(t.Access, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return fmt.Errorf("access token: %w", err)
	}
	return errors.Join(l.verify(token), l.verify(access))
}

func (l *load) verify(token *jose.JSONWebSignature) error {
	known := l.keys.Key(token.Signatures[0].Protected.KeyID)
	if len(known) != 1 {
		return errors.New("a token is signed by a key that is not published")
	}
	_, err := token.Verify(known[0])
	return err
}
