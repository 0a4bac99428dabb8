package idp

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"
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
	ClientID    string
	RedirectURI string
	Challenge   string
	Nonce       string
	ExpiresAt   int64 // seconds

	GrantID      []byte
	GrantExpires int64 // seconds
	SessionID    []byte
	SessionEnd   int64 // seconds
	PersonID     string
	Epoch        int64
	AuthTime     int64 // seconds
	ACR          int
	AMR          []string
	Scopes       []string
	Claims       string
}

// encode writes a code: its numbers, then its texts, each with its length.
func (c *code) encode() []byte {
	b := make([]byte, 0, 512)
	for _, n := range []int64{c.ExpiresAt, c.GrantExpires, c.SessionEnd, c.Epoch, c.AuthTime, int64(c.ACR)} {
		b = binary.AppendVarint(b, n)
	}
	for _, s := range []string{
		c.ClientID, c.RedirectURI, c.Challenge, c.Nonce, string(c.GrantID), string(c.SessionID), c.PersonID,
		strings.Join(c.AMR, " "), strings.Join(c.Scopes, " "), c.Claims,
	} {
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	return b
}

// decodeCode reads what encode wrote, and nothing else.
func decodeCode(b []byte) (c code, ok bool) {
	var numbers [6]int64
	for i := range numbers {
		n, size := binary.Varint(b)
		if size <= 0 {
			return c, false
		}
		numbers[i], b = n, b[size:]
	}
	var texts [10]string
	for i := range texts {
		n, size := binary.Uvarint(b)
		if size <= 0 || n > uint64(len(b)-size) {
			return c, false
		}
		texts[i], b = string(b[size:size+int(n)]), b[size+int(n):] // bounded above
	}
	return code{
		ExpiresAt: numbers[0], GrantExpires: numbers[1], SessionEnd: numbers[2], Epoch: numbers[3], AuthTime: numbers[4], ACR: int(numbers[5]),
		ClientID: texts[0], RedirectURI: texts[1], Challenge: texts[2], Nonce: texts[3], GrantID: []byte(texts[4]), SessionID: []byte(texts[5]),
		PersonID: texts[6], AMR: strings.Fields(texts[7]), Scopes: strings.Fields(texts[8]), Claims: texts[9],
	}, len(b) == 0
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
	c := code{
		ClientID: r.ClientID, RedirectURI: r.RedirectURI, Challenge: r.CodeChallenge, Nonce: r.Nonce,
		ExpiresAt: now.Add(codeLifetime).Unix(), GrantID: id, GrantExpires: end.Unix(),
		SessionID: s.ID, SessionEnd: s.ExpiresAt.Unix(), PersonID: s.PersonID, Epoch: s.Epoch,
		AuthTime: s.AuthTime.Unix(), ACR: s.ACR, AMR: s.AMR, Scopes: r.Scopes, Claims: r.Claims,
	}
	return i.Vault.SealToken(purposeCode, c.encode())
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
