package idp

import (
	"slices"

	"manyou/authenticators"
	"manyou/storage"
)

// sharedRung is that of the stronger of two methods that tokens name alike: a code of an app and a recovery code are both "otp", a
// relative's code and one's own both "sms". A session below it was proven with the weaker one.
const sharedRung = 2

// methodQR is signing in by another device; see idp/signin.
const methodQR = "qr"

// policy is how citizens may come to an application and prove themselves there. This is the one place that decides it.
type policy struct {
	// methods are the names of those allowed here, nil if any are.
	methods []string
	// elsewhere are those that count if another device proves, whose channel does not matter; nil if any do.
	elsewhere []string
	set       *authenticators.Set
}

// policyOf reads the registration of an application, and the channel that a request names. An unknown channel, or one
// that the application is not registered for, is an error.
func (i *Issuer) policyOf(app *application, channel string) (policy, *protocolError) {
	p := policy{set: i.Methods}
	registered := app.Application.Channels
	switch {
	case channel == "" && len(registered) == 1:
		channel = registered[0]
	case channel == "":
	case !slices.Contains(authenticators.Channels(), authenticators.Channel(channel)):
		return p, invalidRequest("channel is not one that exists")
	case len(registered) > 0 && !slices.Contains(registered, channel):
		return p, &protocolError{Code: "access_denied", Description: "the application is not registered for this channel"}
	}
	if channel == "" && len(app.Application.Methods) == 0 {
		return p, nil
	}
	registeredFor := func(name string) bool {
		return len(app.Application.Methods) == 0 || slices.Contains(app.Application.Methods, name)
	}
	p.methods = []string{}
	for a := range i.Methods.All() {
		m := a.Method()
		if registeredFor(m.Name) && (channel == "" || m.OfferedOn(authenticators.Channel(channel))) {
			p.methods = append(p.methods, m.Name)
		}
	}
	if registeredFor(methodQR) {
		p.methods = append(p.methods, methodQR)
	}
	// Whoever names another device alone leaves to it how it proves.
	if named := app.Application.Methods; !slices.Equal(named, []string{methodQR}) {
		p.elsewhere = named
	}
	return p, nil
}

// allows reports whether a session was proven in a way that the policy allows. What another issuer proved is that
// issuer's to decide.
func (p policy) allows(s storage.Session) bool {
	if p.methods == nil || s.Origin != "" {
		return true
	}
	counting := p.methods
	if slices.Contains(s.AMR, "mca") {
		switch {
		case !slices.Contains(p.methods, methodQR):
			return false
		case p.elsewhere == nil:
			return true
		}
		counting = p.elsewhere
	}
	for a := range p.set.All() {
		m := a.Method()
		if slices.Contains(counting, m.Name) && s.ACR >= min(m.Rung, sharedRung) && slices.ContainsFunc(m.AMR, func(v string) bool { return slices.Contains(s.AMR, v) }) {
			return true
		}
	}
	return false
}
