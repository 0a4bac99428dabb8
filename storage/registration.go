package storage

import (
	"context"
	"time"
)

// Registration is an application that registered itself by a trust chain (OpenID Federation 1.0 §12.2).
type Registration struct {
	ClientID string
	// Below is the entity next to the trust anchor on its path.
	Below string
	// Path are the entities of its chain, itself first; Marks are the trust marks that held, each as a type and an issuer.
	Path  []string
	Marks [][2]string
	// Metadata is what its superiors made of it, as JSON.
	Metadata []byte
	// IssuedAt is when it made the configuration that it registered with, ExpiresAt when the chain ends.
	IssuedAt, ExpiresAt time.Time
}

// RegistrationsKept is how long one is remembered after its end, so that an old configuration is not taken for a new one.
const RegistrationsKept = 48 * time.Hour

// Registrations are the applications that registered themselves.
type Registrations interface {
	// PutRegistration registers an application, or replaces its registration. ErrConflict if the one that is there was made of a newer
	// configuration, ErrUsed if there are as many others already below the same entity, at now, as there may be.
	PutRegistration(ctx context.Context, r Registration, most int, now time.Time) error
	// Registration returns one, also of one that has ended. ErrNotFound.
	Registration(ctx context.Context, clientID string) (Registration, error)
}
