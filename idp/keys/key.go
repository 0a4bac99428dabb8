package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"time"

	"github.com/go-jose/go-jose/v4"

	"manyou/federation/audit"
	"manyou/federation/signals"
	"manyou/federation/trust"
	"manyou/federation/upstream"
	"manyou/storage"
)

// Key is a parsed signing key.
type Key struct {
	id, alg    string
	activeFrom time.Time
	private    crypto.Signer
	headers    map[string]string // encoded protected header by typ
}

// The types of JWT that the issuer signs. A verifier that checks typ cannot take one for another (RFC 8725 §3.11).
const (
	TypeIDToken     = "JWT"
	TypeAccessToken = "at+jwt" // RFC 9068 §2.1
	TypeStatusList  = "statuslist+jwt"
	TypeLogoutToken = "logout+jwt" //nolint:gosec // OpenID Connect Back-Channel Logout §2.4
)

// types are all that is signed, those of OpenID Federation 1.0 included.
func types() []string {
	return []string{
		TypeIDToken, TypeAccessToken, trust.TypeStatement, trust.TypeResolve, trust.TypeMark, trust.TypeMarkStatus,
		trust.TypeHistoricalKeys, trust.TypeRegistration,
		TypeLogoutToken, TypeStatusList, upstream.TypeRequest, upstream.TypeAssertion, upstream.TypeGrant, audit.TypeCheckpoint, signals.Type,
	}
}

var encoding = base64.RawURLEncoding

// ID is the key identifier: the RFC 7638 thumbprint of the public key.
func (k *Key) ID() string { return k.id }

// Sign returns the compact JWS of the payload (RFC 7515 §7.1) with the given typ.
func (k *Key) Sign(typ string, payload []byte) (string, error) {
	header, ok := k.headers[typ]
	if !ok {
		return "", fmt.Errorf("sign: unknown typ %q", typ)
	}
	size := 64
	if k.alg == RS256 {
		size = k.private.(*rsa.PrivateKey).Size()
	}
	signing := len(header) + 1 + encoding.EncodedLen(len(payload))
	out := make([]byte, signing, signing+1+encoding.EncodedLen(size))
	copy(out, header)
	out[len(header)] = '.'
	encoding.Encode(out[len(header)+1:], payload)

	digest := sha256.Sum256(out)
	var signature []byte
	switch private := k.private.(type) {
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, private, digest[:])
		if err != nil {
			return "", fmt.Errorf("sign: %w", err)
		}
		signature = make([]byte, 64) // RFC 7518 §3.4: r and s, 32 bytes each
		r.FillBytes(signature[:32])
		s.FillBytes(signature[32:])
	case *rsa.PrivateKey:
		var err error
		if signature, err = rsa.SignPKCS1v15(nil, private, crypto.SHA256, digest[:]); err != nil {
			return "", fmt.Errorf("sign: %w", err)
		}
	}
	out = append(out, '.')
	return string(encoding.AppendEncode(out, signature)), nil
}

func (k *Key) verify(digest, signature []byte) bool {
	switch public := k.private.Public().(type) {
	case *ecdsa.PublicKey:
		if len(signature) != 64 {
			return false
		}
		r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
		return ecdsa.Verify(public, digest, r, s)
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(public, crypto.SHA256, digest, signature) == nil
	}
	return false
}

func generate(alg string, random io.Reader) (storage.SigningKey, error) {
	var private crypto.Signer
	var err error
	switch alg {
	case ES256:
		private, err = ecdsa.GenerateKey(elliptic.P256(), random)
	case RS256:
		private, err = rsa.GenerateKey(random, 2048)
	default:
		err = fmt.Errorf("unknown algorithm %q", alg)
	}
	if err != nil {
		return storage.SigningKey{}, fmt.Errorf("generate key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return storage.SigningKey{}, fmt.Errorf("generate key: %w", err)
	}
	id, err := thumbprint(private.Public())
	return storage.SigningKey{KeyID: id, Algorithm: alg, Private: der}, err
}

func parse(sk storage.SigningKey) (*Key, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(sk.Private)
	if err != nil {
		return nil, fmt.Errorf("signing key %s: %w", sk.KeyID, err)
	}
	private, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("signing key %s: cannot sign", sk.KeyID)
	}
	switch key := private.(type) {
	case *ecdsa.PrivateKey:
		ok = sk.Algorithm == ES256 && key.Curve == elliptic.P256()
	case *rsa.PrivateKey:
		ok = sk.Algorithm == RS256
	default:
		ok = false
	}
	if !ok {
		return nil, fmt.Errorf("signing key %s: not a key for %s", sk.KeyID, sk.Algorithm)
	}
	k := &Key{id: sk.KeyID, alg: sk.Algorithm, activeFrom: sk.ActiveFrom, private: private, headers: map[string]string{}}
	for _, typ := range types() {
		header, err := json.Marshal(header{Algorithm: k.alg, KeyID: k.id, Type: typ})
		if err != nil {
			return nil, err
		}
		k.headers[typ] = encoding.EncodeToString(header)
	}
	return k, nil
}

func thumbprint(public crypto.PublicKey) (string, error) {
	sum, err := (&jose.JSONWebKey{Key: public}).Thumbprint(crypto.SHA256)
	return encoding.EncodeToString(sum), err
}

func marshalSet(ks []*Key) ([]byte, error) {
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
	for _, k := range ks {
		set.Keys = append(set.Keys, k.public())
	}
	return json.Marshal(set)
}

func (k *Key) public() jose.JSONWebKey {
	return jose.JSONWebKey{Key: k.private.Public(), KeyID: k.id, Algorithm: k.alg, Use: "sig"}
}
