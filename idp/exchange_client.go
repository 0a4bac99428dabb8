package idp

import (
	"slices"

	"manyou/federation/upstream"
	"manyou/idp/signin"
)

// clientName is the client of a token, as its issuer names it. Another issuer may have registered somebody else under that name.
type clientName struct {
	id     string
	region string // whose application it is; "" of a token of this issuer
}

// foreignClient is to whom another issuer gave what was presented. A province speaks of its own applications; the nation says whose they are.
func foreignClient(peer signin.Peer, said upstream.Presented) clientName {
	c := clientName{said.ClientID, peer.Region}
	if peer.Region == signin.NationRegion && said.ClientRegion != "" {
		c.region = said.ClientRegion
	}
	return c
}

// is reports whether the client of another issuer is an application of this one: its identifier is the same everywhere, being a URL of
// its own, or it was registered here as an application of that region.
func (c clientName) is(app *application) bool {
	return c.id == app.ClientID && (entityIdentifier(c.id) || c.region == app.Region)
}

// belongs reports whether a token was given to an application, or is addressed to it.
func (i *Issuer) belongs(s *subject, app *application) bool {
	addressed := slices.Contains(s.audience, app.ClientID)
	if s.issuer == i.Issuer {
		return s.client.id == app.ClientID || addressed
	}
	return s.client.is(app) || addressed && clientName{app.ClientID, s.region}.is(app)
}
