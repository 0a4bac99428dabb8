package demo

import (
	"encoding/json"
	"fmt"
)

// Description is what an outside program needs to attach to a nation. [Description.WriteFile] writes it as JSON.
type Description struct {
	Issuers      []IssuerDescription      `json:"issuers"`
	Applications []ApplicationDescription `json:"applications"`
	Citizens     []Citizen                `json:"citizens"`
	Staff        []StaffMember            `json:"staff"` // of the nation
	Inbox        string                   `json:"inbox"` // URL of the messages as JSON, newest first
	Clients      []ClientDescription      `json:"clients"`
	Entities     []EntityDescription      `json:"entities"` // of the federation, besides the issuers
}

// EntityDescription is an entity of the federation that is no issuer.
type EntityDescription struct {
	Role   string `json:"role"` // "intermediate" or "application"
	Region string `json:"region"`
	Entity string `json:"entity"`
	URL    string `json:"url,omitempty"` // of an application
}

// IssuerDescription is an issuer.
type IssuerDescription struct {
	Role   string `json:"role"` // "national" or "province"
	Region string `json:"region"`
	Issuer string `json:"issuer"`
}

// ApplicationDescription is a running relying party.
type ApplicationDescription struct {
	Region string `json:"region"`
	URL    string `json:"url"`
}

// Citizen is an invented person.
type Citizen struct {
	Name           string `json:"name"`
	DocumentKind   string `json:"document_kind"`
	DocumentNumber string `json:"document_number"`
	Phone          string `json:"phone"` // E.164
	HomeRegion     string `json:"home_region"`
}

// ClientDescription is a client that is registered for programs that attach to the nation. Nobody listens at its
// redirect URI.
type ClientDescription struct {
	Issuer                  string          `json:"issuer"`
	Name                    string          `json:"name"`
	ClientID                string          `json:"client_id"`
	ClientSecret            string          `json:"client_secret,omitempty"`
	TokenEndpointAuthMethod string          `json:"token_endpoint_auth_method"`
	JWK                     json.RawMessage `json:"jwk,omitempty"` // private
	RedirectURIs            []string        `json:"redirect_uris"`
	PostLogoutRedirectURIs  []string        `json:"post_logout_redirect_uris"`
}

// WriteFile writes the description, all or nothing, readable by its owner only: it holds secrets.
func (d Description) WriteFile(path string) error {
	data, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return fmt.Errorf("demo: describe: %w", err)
	}
	if err := writeFile(path, append(data, '\n')); err != nil {
		return fmt.Errorf("demo: describe: %w", err)
	}
	return nil
}
