package passkey

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"
)

// RelatedOriginsPath is where a browser looks for the document of [RelatedOrigins], at the host that is the RP ID.
const RelatedOriginsPath = protocol.WellKnownPathWebAuthn

// RelatedOrigins renders the document that lets pages of other domains use the passkeys of an RP ID (Web
// Authentication Level 3 §5.11), to be served as application/json. A browser reads five registrable names at most
// (§5.11.1), so more than five domains are an error: provinces under thirty domains send the person to the RP ID's own
// page instead.
func RelatedOrigins(origins ...string) ([]byte, error) {
	for _, origin := range origins {
		if err := checkOrigin(origin); err != nil {
			return nil, err
		}
	}
	document, err := protocol.NewRelatedOriginsWithLabeler(registrableLabel, origins...)
	if err != nil {
		return nil, fmt.Errorf("passkey: related origins: %w", err)
	}
	body, err := document.Bytes()
	if err != nil {
		return nil, fmt.Errorf("passkey: related origins: %w", err)
	}
	return body, nil
}

// secondLevelCN are the categories under .cn that names are registered below.
var secondLevelCN = []string{"ac", "com", "edu", "gov", "mil", "net", "org"}

// registrableLabel returns the part of an origin's host that a browser counts: the label before the public suffix.
func registrableLabel(origin string) (string, error) {
	u, err := url.Parse(origin)
	if err != nil {
		return "", err
	}
	labels := strings.Split(u.Hostname(), ".")
	if n := len(labels); n > 2 && labels[n-1] == "cn" && slices.Contains(secondLevelCN, labels[n-2]) {
		return labels[n-3], nil
	}
	return protocol.DefaultRelatedOriginLabeler(origin)
}
