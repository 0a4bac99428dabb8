package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"manyou/cmd/manyou/registration"
	"manyou/storage"
)

type appChange struct {
	configFlag
	ClientID      string   `arg:"" help:"The application."`
	NameZH        string   `name:"name-zh" placeholder:"NAME" help:"Name in Chinese."`
	NameEN        string   `name:"name-en" placeholder:"NAME" help:"Name in English."`
	RedirectURI   []string `name:"redirect-uri" sep:"none" placeholder:"URI" help:"Where codes are sent, exactly. Repeatable; those before are replaced."`
	PostLogoutURI []string `name:"post-logout-redirect-uri" sep:"none" placeholder:"URI" help:"Where browsers go after sign-out. Repeatable; those before are replaced."`
	LogoutURI     *string  `name:"backchannel-logout-uri" placeholder:"URI" help:"Where it is told of ended sessions; empty: nowhere."`
	JWKS          string   `name:"jwks" placeholder:"FILE" help:"Public keys, for private_key_jwt."`
	Grant         []string `placeholder:"GRANT" help:"Grant types; those before are replaced."`
	Scope         []string `placeholder:"SCOPE" help:"Scopes that it may ask for; those before are replaced."`
	Audience      []string `placeholder:"URI" help:"Audiences of its access tokens besides the issuer; those before are replaced."`
	Channel       []string `placeholder:"CHANNEL" help:"Channels it may be used on; those before are replaced. \"any\" is any."`
	Method        []string `placeholder:"METHOD" help:"Ways to sign in that it accepts; those before are replaced. \"any\" is any."`
	StatusList    *bool    `name:"status-list" negatable:"" help:"Access tokens that are issued from now on have a place in a status list, or none."`
}

// Run changes what is given, and nothing else. Nothing is stored if anything is wrong. How it authenticates, its region and what its pairwise subjects
// are computed for do not change: it would be another application.
func (c *appChange) Run(ctx context.Context, t *terminal) error {
	var jwks []byte
	if c.JWKS != "" {
		var err error
		if jwks, err = os.ReadFile(c.JWKS); err != nil {
			return usageError{err}
		}
	}
	return c.use(ctx, t, func(o *opened) error {
		app, err := findApplication(ctx, o.store, c.ClientID)
		if err != nil {
			return err
		}
		if app.Status == storage.ApplicationRetired {
			return fmt.Errorf("application %s is retired, and stays as it was", app.ClientID)
		}
		changed := c.change(&app, jwks)
		if len(changed) == 0 {
			return usagef("nothing to change was given; manyou app change --help names what can be")
		}
		if err := registration.Check(&app); err != nil {
			return usagef("the application is not changed:\n%w", err)
		}
		if err := o.change(ctx, app); err != nil {
			return err
		}
		if err := o.record(ctx, "application.change", map[string]string{"client_id": app.ClientID, "fields": strings.Join(changed, " ")}); err != nil {
			return err
		}
		return facts{{"client_id", app.ClientID}, {"changed", strings.Join(changed, ", ")}}.write(t.out)
	})
}

// change stores an application that was read, unless somebody changed or suspended it meanwhile.
func (o *opened) change(ctx context.Context, app storage.Application) error {
	read := app.UpdatedAt
	app.UpdatedAt = time.Now()
	err := o.store.ChangeApplication(ctx, app, read)
	if errors.Is(err, storage.ErrConflict) {
		return fmt.Errorf("application %s was changed by somebody else meanwhile; nothing was changed: look at it, and try again", app.ClientID)
	}
	return err
}

// change puts what was given into an application, and says what that was.
func (c *appChange) change(app *storage.Application, jwks []byte) (changed []string) {
	set := func(name string, given bool, put func()) {
		if given {
			put()
			changed = append(changed, name)
		}
	}
	list := func(name string, given []string, to *[]string) {
		set(name, given != nil, func() { *to = given })
	}
	orAny := func(given []string) []string {
		if slices.Equal(given, []string{"any"}) {
			return []string{}
		}
		return given
	}
	names := map[string]string{"zh": app.Name["zh"], "en": app.Name["en"]}
	set("name-zh", c.NameZH != "", func() { names["zh"] = c.NameZH })
	set("name-en", c.NameEN != "", func() { names["en"] = c.NameEN })
	app.Name = names
	list("redirect-uri", c.RedirectURI, &app.RedirectURIs)
	list("post-logout-redirect-uri", c.PostLogoutURI, &app.PostLogoutRedirectURIs)
	set("backchannel-logout-uri", c.LogoutURI != nil, func() { app.BackchannelLogoutURI = *c.LogoutURI })
	list("grant", c.Grant, &app.GrantTypes)
	list("scope", c.Scope, &app.Scopes)
	list("audience", c.Audience, &app.Audience)
	list("channel", orAny(c.Channel), &app.Channels)
	list("method", orAny(c.Method), &app.Methods)
	set("status-list", c.StatusList != nil, func() { app.StatusList = *c.StatusList })
	set("jwks", c.JWKS != "", func() { app.JWKS = jwks })
	return changed
}
