package idp

import (
	"errors"
	"net/http"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"manyou/storage"
)

// protocolError is an error that a client is told: an OAuth error code and a sentence without personal data.
type protocolError struct {
	Code, Description string
}

func (e *protocolError) Error() string { return e.Code + ": " + e.Description }

func invalidRequest(description string) *protocolError {
	return &protocolError{Code: "invalid_request", Description: description}
}

// Errors of the token endpoints (RFC 6749 §5.2, RFC 6750 §3.1), as op writes them.

func invalidGrant(description string) error {
	return op.NewStatusError(oidc.ErrInvalidGrant().WithDescription("%s", description), http.StatusBadRequest)
}

func badRequest(description string) error {
	return op.NewStatusError(oidc.ErrInvalidRequest().WithDescription("%s", description), http.StatusBadRequest)
}

// invalidClient is 401 however the client tried (RFC 6749 §5.2); [endpointEdge] adds WWW-Authenticate.
func invalidClient(cause error) error {
	return op.NewStatusError(oidc.ErrInvalidClient().WithDescription("client authentication failed").WithParent(cause), http.StatusUnauthorized)
}

func invalidToken() error {
	return op.NewStatusError(&oidc.Error{ErrorType: "invalid_token", Description: "the access token is not valid here"}, http.StatusUnauthorized)
}

func insufficientScope() error {
	return op.NewStatusError(&oidc.Error{ErrorType: "insufficient_scope", Description: "the access token lacks the scope openid"}, http.StatusForbidden)
}

func serverError(cause error) error {
	if errors.Is(cause, errUnresolved) {
		return op.NewStatusError(&oidc.Error{ErrorType: "temporarily_unavailable", Description: errUnresolved.Error()}, http.StatusServiceUnavailable)
	}
	return op.NewStatusError(oidc.ErrServerError().WithDescription("the request could not be carried out").WithParent(cause), http.StatusInternalServerError)
}

// fromStorage maps what storage says of a code or refresh token to what its bearer is told.
func fromStorage(err error) error {
	switch {
	case errors.Is(err, storage.ErrUsed):
		return invalidGrant("it was used before")
	case errors.Is(err, storage.ErrEnded), errors.Is(err, storage.ErrNotFound):
		return invalidGrant("it is no longer valid")
	default:
		return serverError(err)
	}
}
