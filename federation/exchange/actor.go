package exchange

import (
	"encoding/json"
	"errors"
)

// MaxActors bounds a chain of actors: past it nobody can say any more on whose behalf something is done.
const MaxActors = 4

// Bounds of an actor's names, in bytes.
const maxName = 512

// ErrActors reports a chain of actors that is too long, or none.
var ErrActors = errors.New("exchange: the chain of actors is malformed or too long")

// Actor is who acts for a person, and for whom they act in turn [RFC 8693 §4.1]: the latest is outermost.
type Actor struct {
	Subject string `json:"sub"`
	Issuer  string `json:"iss,omitempty"` // which knows the subject
	Before  *Actor `json:"act,omitempty"`
}

// Len is the number of actors; 0 of nil.
func (a *Actor) Len() (n int) {
	for ; a != nil; a = a.Before {
		n++
	}
	return n
}

// Then adds an actor. ErrActors if the chain would be too long. Who acts twice in a row is named once.
func (a *Actor) Then(subject, issuer string) (*Actor, error) {
	if a != nil && a.Subject == subject && a.Issuer == issuer {
		return a, nil
	}
	if a.Len() >= MaxActors {
		return nil, ErrActors
	}
	return &Actor{Subject: subject, Issuer: issuer, Before: a}, nil
}

// ParseActor reads an act claim; nil if there is none. ErrActors if it is malformed or too long.
func ParseActor(raw json.RawMessage) (*Actor, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	if len(raw) > MaxActors*4*maxName {
		return nil, ErrActors
	}
	var a Actor
	if json.Unmarshal(raw, &a) != nil || a.Len() > MaxActors {
		return nil, ErrActors
	}
	for one := &a; one != nil; one = one.Before {
		if one.Subject == "" || len(one.Subject) > maxName || len(one.Issuer) > maxName {
			return nil, ErrActors
		}
	}
	return &a, nil
}
