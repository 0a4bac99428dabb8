package demo

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"time"

	"github.com/go-jose/go-jose/v4"

	"manyou/storage/vault"
)

// stateFile holds the secrets of a nation, below its data folder.
const stateFile = "nation.json"

// maxState bounds the file.
const maxState = 64 << 10

// state is what a nation has to remember besides its databases, so that it is the same nation after a restart.
type state struct {
	URLs    map[string]string          `json:"urls"`     // of each place: issuers cannot move
	Secrets map[string]string          `json:"secrets"`  // of each registration, "region/client_id"
	Roots   map[string]string          `json:"roots"`    // root key of each issuer, by region
	Sealing map[string][]byte          `json:"sealing"`  // cookie key of each application, by region
	JWTKeys map[string]json.RawMessage `json:"jwt_keys"` // private JWK of client "jwt" at each issuer, by region

	filename string
	random   io.Reader
	now      func() time.Time
}

// openState reads the state of a data folder, or begins a new one there.
func openState(dir string, urls map[string]string, random io.Reader) (*state, error) {
	s := &state{filename: filepath.Join(dir, stateFile), random: random}
	f, err := os.Open(s.filename)
	if errors.Is(err, fs.ErrNotExist) {
		s.URLs = urls
		s.Secrets, s.Roots = map[string]string{}, map[string]string{}
		s.Sealing, s.JWTKeys = map[string][]byte{}, map[string]json.RawMessage{}
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := json.NewDecoder(io.LimitReader(f, maxState)).Decode(s); err != nil {
		return nil, fmt.Errorf("%s is damaged (%w); remove the folder %s to begin anew", s.filename, err, dir)
	}
	if !maps.Equal(s.URLs, urls) {
		return nil, fmt.Errorf("the nation in %s lives at %s and cannot move to %s: use the same --port, or another --data",
			dir, s.URLs["issuer/00"], urls["issuer/00"])
	}
	return s, nil
}

// save writes the state, readable by its owner only, all or nothing.
func (s *state) save() error {
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(s.filename, data)
}

// secret returns the secret of a registration, drawing it the first time.
func (s *state) secret(region, clientID string) (string, error) {
	key := region + "/" + clientID
	if s.Secrets[key] == "" {
		b, err := s.draw()
		if err != nil {
			return "", err
		}
		s.Secrets[key] = base64.RawURLEncoding.EncodeToString(b)
	}
	return s.Secrets[key], nil
}

// sealing returns the cookie key of an application.
func (s *state) sealing(region string) (key []byte, err error) {
	if s.Sealing[region] == nil {
		s.Sealing[region], err = s.draw()
	}
	return s.Sealing[region], err
}

// root returns the root key of an issuer.
func (s *state) root(region string) (vault.Root, error) {
	if s.Roots[region] == "" {
		r, err := vault.NewRoot(s.random)
		if err != nil {
			return r, err
		}
		s.Roots[region] = r.Text()
	}
	return vault.ParseRoot(s.Roots[region])
}

// jwtKey returns the key of the client "jwt" at an issuer.
func (s *state) jwtKey(region string) (jose.JSONWebKey, error) {
	var jwk jose.JSONWebKey
	if s.JWTKeys[region] == nil {
		key, err := ecdsa.GenerateKey(elliptic.P256(), s.random)
		if err != nil {
			return jwk, err
		}
		jwk = jose.JSONWebKey{Key: key, KeyID: "jwt-" + region, Algorithm: string(jose.ES256), Use: "sig"}
		if s.JWTKeys[region], err = jwk.MarshalJSON(); err != nil {
			return jwk, err
		}
	}
	err := jwk.UnmarshalJSON(s.JWTKeys[region])
	return jwk, err
}

func (s *state) draw() ([]byte, error) {
	b := make([]byte, 32)
	_, err := io.ReadFull(s.random, b)
	return b, err
}

// writeFile replaces a file by rename, so that no reader sees half of it.
func writeFile(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
