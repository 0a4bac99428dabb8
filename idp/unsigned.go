package idp

import (
	"context"
	"errors"

	"github.com/go-jose/go-jose/v4"
)

// errUnsigned reports a request of a client that nobody registered, and that did not sign it.
var errUnsigned = errors.New("an application that is registered automatically signs its request")

// unregistered reports whether a client identifier is an entity's that no row registers: only the federation may know it.
func (a *applications) unregistered(ctx context.Context, clientID string) (bool, error) {
	if a.trust == nil || !entityIdentifier(clientID) {
		return false, nil
	}
	r, err := a.row(ctx, clientID)
	if err == nil && r.app == nil && a.clock().After(r.at.Add(applicationAge)) {
		r, err = a.again(ctx, clientID) // it may have registered itself meanwhile, at another node
	}
	switch {
	case errors.Is(err, errNoApplication):
		return false, nil
	case err != nil:
		return false, err
	}
	return r.app == nil, nil
}

// maxClientID bounds a client identifier, in bytes.
const maxClientID = 256

// plausible reports whether a request object may be one. Whether its signature holds is seen when it is known whose it should be.
func plausible(request string) bool {
	if request == "" || len(request) > maxRequestObject {
		return false
	}
	_, err := jose.ParseSignedCompact(request, assertionAlgorithms)
	return err == nil
}
