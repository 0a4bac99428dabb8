package idp

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"manyou/storage"
)

// Lifetimes of what the issuer hands out.
const (
	codeLifetime    = time.Minute
	accessLifetime  = 5 * time.Minute
	idTokenLifetime = 5 * time.Minute
	offlineLifetime = 30 * 24 * time.Hour
)

// Purposes that sealed values are bound to: one is never taken for another.
const (
	purposeCode    = "code"
	purposeRefresh = "refresh_token"
)

// grantIDBytes is the length of a grant's identifier.
const grantIDBytes = 16

// code is an authorization code: what the authorization endpoint decided, sealed, stored nowhere.
type code struct {
	ClientID    string `json:"c"`
	RedirectURI string `json:"u"`
	Challenge   string `json:"h,omitempty"`
	Nonce       string `json:"n,omitempty"`
	ExpiresAt   int64  `json:"x"` // seconds

	GrantID      []byte   `json:"g"`
	GrantExpires int64    `json:"gx"` // seconds
	SessionID    []byte   `json:"s"`
	SessionEnd   int64    `json:"sx"` // seconds
	PersonID     string   `json:"p"`
	Epoch        int64    `json:"e"`
	AuthTime     int64    `json:"a"` // seconds
	ACR          int      `json:"r"`
	AMR          []string `json:"m,omitempty"`
	Scopes       []string `json:"o"`
	Claims       string   `json:"l,omitempty"`
}

// mintCode makes the code that answers a request for a session.
func (i *Issuer) mintCode(r *authorizationRequest, app *application, s storage.Session) (string, error) {
	now := i.Clock()
	// Identifiers of the same time lie together in the index. The other twelve bytes nobody can guess.
	id := binary.BigEndian.AppendUint32(make([]byte, 0, grantIDBytes), uint32(now.Unix())) // good until 2106
	id = id[:grantIDBytes]
	if _, err := io.ReadFull(i.Random, id[4:]); err != nil {
		return "", fmt.Errorf("mint code: %w", err)
	}
	end := s.ExpiresAt
	if offline(r.Scopes, app) {
		end = now.Add(offlineLifetime)
	}
	body, err := marshalPlain(code{
		ClientID: r.ClientID, RedirectURI: r.RedirectURI, Challenge: r.CodeChallenge, Nonce: r.Nonce,
		ExpiresAt: now.Add(codeLifetime).Unix(), GrantID: id, GrantExpires: end.Unix(),
		SessionID: s.ID, SessionEnd: s.ExpiresAt.Unix(), PersonID: s.PersonID, Epoch: s.Epoch,
		AuthTime: s.AuthTime.Unix(), ACR: s.ACR, AMR: s.AMR, Scopes: r.Scopes, Claims: r.Claims,
	})
	if err != nil {
		return "", fmt.Errorf("mint code: %w", err)
	}
	return i.Vault.SealToken(purposeCode, body)
}

// marshalPlain is JSON in which the characters of HTML stand for themselves: it is not put into a page, and would grow
// sixfold.
func marshalPlain(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return b.Bytes(), err
}

// offline reports whether a grant outlives its session (OpenID Connect Core §11).
func offline(scopes []string, app *application) bool {
	return slices.Contains(scopes, scopeOffline) && grants(&app.Application, grantRefresh)
}

func (c *code) grant() storage.Grant {
	return storage.Grant{
		ID: c.GrantID, ExpiresAt: seconds(c.GrantExpires), SessionID: c.SessionID, SessionExpiresAt: seconds(c.SessionEnd),
		ClientID: c.ClientID, PersonID: c.PersonID, Epoch: c.Epoch, Scopes: c.Scopes,
		AuthTime: seconds(c.AuthTime), ACR: c.ACR, AMR: c.AMR, Claims: c.Claims,
	}
}

func seconds(s int64) time.Time { return time.Unix(s, 0).UTC() }

// refreshToken names one generation of a grant. It is sealed, so that it cannot be made, and needs no row of its own.
type refreshToken struct {
	GrantID    []byte
	ExpiresAt  time.Time
	Generation int64
	ClientID   string
}

const refreshFixed = grantIDBytes + 4 + 8

func (i *Issuer) sealRefreshToken(t refreshToken) (string, error) {
	b := make([]byte, refreshFixed, refreshFixed+len(t.ClientID))
	copy(b, t.GrantID)
	binary.BigEndian.PutUint32(b[grantIDBytes:], uint32(t.ExpiresAt.Unix())) // good until 2106
	binary.BigEndian.PutUint64(b[grantIDBytes+4:], uint64(t.Generation))     // never negative
	return i.Vault.SealToken(purposeRefresh, append(b, t.ClientID...))
}

func (i *Issuer) openRefreshToken(token string) (refreshToken, bool) {
	b, err := i.Vault.OpenToken(purposeRefresh, token)
	if err != nil || len(b) < refreshFixed {
		return refreshToken{}, false
	}
	return refreshToken{
		GrantID:    b[:grantIDBytes],
		ExpiresAt:  seconds(int64(binary.BigEndian.Uint32(b[grantIDBytes:]))),
		Generation: int64(binary.BigEndian.Uint64(b[grantIDBytes+4:])), // sealed by us
		ClientID:   string(b[refreshFixed:]),
	}, true
}

// tokenID is the jti of an access token: random, and, for a token of a grant, the way to the grant.
type tokenID struct {
	GrantID   []byte // nil for a token without a grant (client credentials)
	ExpiresAt time.Time
}

const (
	tokenIDRandom = 9
	tokenIDGrant  = grantIDBytes + 4 + tokenIDRandom
)

var encoding = base64.RawURLEncoding

func (i *Issuer) mintTokenID(t tokenID) (string, error) {
	var b []byte
	if t.GrantID != nil {
		b = append(b, t.GrantID...)
		b = binary.BigEndian.AppendUint32(b, uint32(t.ExpiresAt.Unix())) // good until 2106
	}
	random := make([]byte, tokenIDRandom)
	if _, err := io.ReadFull(i.Random, random); err != nil {
		return "", fmt.Errorf("mint token: %w", err)
	}
	return encoding.EncodeToString(append(b, random...)), nil
}

func parseTokenID(jti string) tokenID {
	b, err := encoding.DecodeString(jti)
	if err != nil || len(b) != tokenIDGrant {
		return tokenID{}
	}
	return tokenID{GrantID: b[:grantIDBytes], ExpiresAt: seconds(int64(binary.BigEndian.Uint32(b[grantIDBytes:])))}
}
