package signin

import (
	"context"
	"errors"

	"manyou/federation/upstream"
)

// Peer is another issuer whose tokens can be verified.
type Peer struct {
	Issuer, Region string
	// Beside says that it speaks for the people of its own region alone.
	Beside bool
	// Chained says that it was registered without a secret: it is who it is by its chain.
	Chained  bool
	Provider *upstream.Provider
}

// ErrNoPeer reports an issuer that is not known, is suspended, or speaks nothing that has tokens.
var ErrNoPeer = errors.New("no such issuer is trusted")

// Peer finds another issuer. [ErrNoPeer] if there is none.
func (s *SignIn) Peer(ctx context.Context, issuer string) (Peer, error) {
	u, err := s.upstreams.byIssuer(ctx, issuer)
	if errors.Is(err, errNoUpstream) {
		return Peer{}, ErrNoPeer
	} else if err != nil {
		return Peer{}, err
	}
	p, ok := u.provider.(*upstream.Provider)
	if !ok {
		return Peer{}, ErrNoPeer
	}
	return Peer{Issuer: u.Issuer, Region: u.Region, Beside: u.beside, Chained: !u.beside && u.ClientSecret == "", Provider: p}, nil
}
