package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"manyou/cmd/manyou/registration"
	"manyou/idp"
	"manyou/storage"
)

type appCommand struct {
	Add     appAdd     `cmd:"" help:"Register an application; prints its client ID and secret, once."`
	List    appList    `cmd:"" help:"List the applications."`
	Show    appShow    `cmd:"" help:"Show an application."`
	Change  appChange  `cmd:"" help:"Change what an application registered; what is not given stays."`
	Secret  appSecret  `cmd:"" help:"Give an application a new secret; the old one is void at once."`
	Submit  appSubmit  `cmd:"" help:"draft -> submitted."`
	Approve appApprove `cmd:"" help:"submitted -> approved."`
	Publish appPublish `cmd:"" help:"approved or suspended -> published: citizens can sign in."`
	Suspend appSuspend `cmd:"" help:"published -> suspended: nobody can sign in, and no token is renewed."`
	Retire  appRetire  `cmd:"" help:"The end: an application never comes back from it."`
}

type appAdd struct {
	configFlag
	ClientID      string   `placeholder:"ID" help:"Client ID; drawn if not given."`
	NameZH        string   `name:"name-zh" required:"" placeholder:"NAME" help:"Name in Chinese."`
	NameEN        string   `name:"name-en" required:"" placeholder:"NAME" help:"Name in English."`
	Region        string   `placeholder:"CODE" help:"Region; that of the issuer if not given."`
	RedirectURI   []string `name:"redirect-uri" sep:"none" placeholder:"URI" help:"Where codes are sent, exactly. Repeatable."`
	PostLogoutURI []string `name:"post-logout-redirect-uri" sep:"none" placeholder:"URI" help:"Where browsers go after sign-out. Repeatable."`
	LogoutURI     string   `name:"backchannel-logout-uri" placeholder:"URI" help:"Where it is told of ended sessions."`
	AuthMethod    string   `default:"client_secret_basic" enum:"client_secret_basic,client_secret_post,private_key_jwt,none" help:"token_endpoint_auth_method: ${enum}."`
	JWKS          string   `name:"jwks" placeholder:"FILE" help:"Public keys, for private_key_jwt."`
	Grant         []string `default:"authorization_code,refresh_token" help:"Grant types (${default})."`
	Scope         []string `default:"openid,profile" help:"Scopes that it may ask for (${default})."`
	Audience      []string `placeholder:"URI" help:"Audiences of its access tokens besides the issuer. Repeatable."`
	Sector        string   `placeholder:"HOST" help:"Host that pairwise subjects are computed for; that of the redirect URIs if not given."`
	IDTokenAlg    string   `name:"id-token-alg" default:"ES256" enum:"ES256,RS256" help:"Algorithm of its ID tokens: ${enum}."`
	Channel       []string `placeholder:"CHANNEL" help:"Channels it may be used on (app, mini-program, kiosk, counter, web); any if not given. Repeatable."`
	Method        []string `placeholder:"METHOD" help:"Ways to sign in that it accepts (passkey, sms, totp, hotp, recovery, qr); any if not given. Repeatable."`
	PKCEOptional  bool     `name:"pkce-optional" help:"It may go without PKCE, and must then send a nonce."`
	Federation    bool     `help:"It is itself an issuer of the federation, and receives documents for linking."`
	StatusList    bool     `name:"status-list" help:"Its access tokens have a place in a status list, for those who check them without asking."`
	Publish       bool     `help:"Publish it at once, without review."`
	JSON          bool     `help:"Print as JSON."`
}

// Run registers an application and prints what it needs to know. Nothing is stored if anything is wrong.
func (c *appAdd) Run(ctx context.Context, t *terminal) error {
	return c.use(ctx, t, func(o *opened) error {
		app, err := c.application(o.config.Region)
		if err != nil {
			return err
		}
		switch _, err := o.store.Application(ctx, app.ClientID); {
		case err == nil:
			return fmt.Errorf("application %s exists already", app.ClientID)
		case !errors.Is(err, storage.ErrNotFound):
			return err
		}
		var secret string
		if registration.NeedsSecret(app.AuthMethod) {
			if secret, err = registration.Draw(rand.Reader, 32); err != nil {
				return err
			}
			app.SecretHash = idp.HashSecret(o.vault, secret)
		}
		if err := o.store.PutApplication(ctx, app); err != nil {
			return err
		}
		if err := o.record(ctx, "application.add", map[string]string{"client_id": app.ClientID, "status": string(app.Status)}); err != nil {
			return err
		}
		return printCredentials(t, app, secret, c.JSON)
	})
}

// application is what the flags describe.
func (c *appAdd) application(region string) (storage.Application, error) {
	now := time.Now()
	app := storage.Application{
		ClientID: c.ClientID, Status: storage.ApplicationDraft, Name: map[string]string{"zh": c.NameZH, "en": c.NameEN},
		Region: c.Region, AuthMethod: c.AuthMethod, RedirectURIs: c.RedirectURI, PostLogoutRedirectURIs: c.PostLogoutURI, BackchannelLogoutURI: c.LogoutURI,
		GrantTypes: c.Grant, Scopes: c.Scope, Audience: c.Audience, SectorIdentifier: c.Sector, IDTokenAlg: c.IDTokenAlg,
		Channels: c.Channel, Methods: c.Method, PKCEOptional: c.PKCEOptional, StatusList: c.StatusList, Issuer: c.Federation, CreatedAt: now, UpdatedAt: now,
	}
	if c.Publish {
		app.Status = storage.ApplicationPublished
	}
	if app.Region == "" {
		app.Region = region
	}
	if c.Federation && !slices.Contains(app.Scopes, "document") {
		app.Scopes = append(app.Scopes, "document")
	}
	var err error
	if app.ClientID == "" {
		if app.ClientID, err = registration.Draw(rand.Reader, 12); err != nil {
			return app, err
		}
	}
	if c.JWKS != "" {
		if app.JWKS, err = os.ReadFile(c.JWKS); err != nil {
			return app, usageError{err}
		}
	}
	if err := registration.Check(&app); err != nil {
		return app, usagef("the application is not registered:\n%w", err)
	}
	return app, nil
}

// printCredentials shows the secret, for the only time.
func printCredentials(t *terminal, app storage.Application, secret string, asJSON bool) error {
	if asJSON {
		return writeJSON(t.out, struct {
			ClientID     string                    `json:"client_id"`
			ClientSecret string                    `json:"client_secret,omitempty"`
			Status       storage.ApplicationStatus `json:"status"`
		}{app.ClientID, secret, app.Status})
	}
	if err := (facts{{"client_id", app.ClientID}, {"client_secret", secret}, {"status", string(app.Status)}}).write(t.out); err != nil {
		return err
	}
	if secret != "" {
		fmt.Fprintln(t.err, "The secret is shown this once, and kept nowhere.")
	}
	return nil
}

type appSecret struct {
	configFlag
	ClientID string `arg:"" help:"The application."`
	JSON     bool   `help:"Print as JSON."`
}

// Run replaces the secret of an application.
func (c *appSecret) Run(ctx context.Context, t *terminal) error {
	return c.use(ctx, t, func(o *opened) error {
		app, err := findApplication(ctx, o.store, c.ClientID)
		if err != nil {
			return err
		}
		if !registration.NeedsSecret(app.AuthMethod) {
			return fmt.Errorf("application %s authenticates by %s, without a secret", app.ClientID, app.AuthMethod)
		}
		secret, err := registration.Draw(rand.Reader, 32)
		if err != nil {
			return err
		}
		app.SecretHash = idp.HashSecret(o.vault, secret)
		if err := o.change(ctx, app); err != nil {
			return err
		}
		if err := o.record(ctx, "application.secret", map[string]string{"client_id": app.ClientID}); err != nil {
			return err
		}
		return printCredentials(t, app, secret, c.JSON)
	})
}

func findApplication(ctx context.Context, s storage.Applications, clientID string) (storage.Application, error) {
	app, err := s.Application(ctx, clientID)
	if errors.Is(err, storage.ErrNotFound) {
		return app, fmt.Errorf("there is no application %.100q; manyou app list names them", clientID)
	}
	return app, err
}

type appTarget struct {
	configFlag
	ClientID string `arg:"" help:"The application."`
}

func (c *appTarget) move(ctx context.Context, t *terminal, to storage.ApplicationStatus) error {
	return c.use(ctx, t, func(o *opened) error {
		app, err := findApplication(ctx, o.store, c.ClientID)
		if err != nil {
			return err
		}
		if err := registration.Step(app.Status, to); err != nil {
			return fmt.Errorf("application %s: %w", app.ClientID, err)
		}
		if err := o.store.SetApplicationStatus(ctx, app.ClientID, to, time.Now()); err != nil {
			return err
		}
		if err := o.record(ctx, "application."+string(to), map[string]string{"client_id": app.ClientID}); err != nil {
			return err
		}
		_, err = fmt.Fprintf(t.out, "%s is %s.\n", app.ClientID, to)
		return err
	})
}

type (
	appSubmit  struct{ appTarget }
	appApprove struct{ appTarget }
	appPublish struct{ appTarget }
	appSuspend struct{ appTarget }
	appRetire  struct{ appTarget }
)

// Run submits an application for review.
func (c *appSubmit) Run(ctx context.Context, t *terminal) error {
	return c.move(ctx, t, storage.ApplicationSubmitted)
}

// Run approves a submitted application.
func (c *appApprove) Run(ctx context.Context, t *terminal) error {
	return c.move(ctx, t, storage.ApplicationApproved)
}

// Run opens an application to citizens.
func (c *appPublish) Run(ctx context.Context, t *terminal) error {
	return c.move(ctx, t, storage.ApplicationPublished)
}

// Run closes an application for a while.
func (c *appSuspend) Run(ctx context.Context, t *terminal) error {
	return c.move(ctx, t, storage.ApplicationSuspended)
}

// Run closes an application for good.
func (c *appRetire) Run(ctx context.Context, t *terminal) error {
	return c.move(ctx, t, storage.ApplicationRetired)
}

type appList struct {
	configFlag
	JSON bool `help:"Print as JSON."`
}

// pageSize is how many applications are read at a time.
const pageSize = 200

// Run lists the applications, in order of client ID.
func (c *appList) Run(ctx context.Context, t *terminal) error {
	return c.use(ctx, t, func(o *opened) error {
		list := []shownApplication{}
		after := ""
		for {
			page, err := o.store.ListApplications(ctx, after, pageSize)
			if err != nil {
				return err
			}
			for _, a := range page {
				list = append(list, show(a))
				after = a.ClientID
			}
			if len(page) < pageSize {
				break
			}
		}
		if c.JSON {
			return writeJSON(t.out, list)
		}
		out := table{head: []string{"CLIENT ID", "STATUS", "REGION", "AUTH METHOD", "NAME"}}
		for _, a := range list {
			out.add(a.ClientID, string(a.Status), a.Region, a.AuthMethod, a.Name["zh"]+" "+a.Name["en"])
		}
		return out.write(t.out)
	})
}

type appShow struct {
	appTarget
	JSON bool `help:"Print as JSON."`
}

// Run shows an application, without its secret, which nobody knows.
func (c *appShow) Run(ctx context.Context, t *terminal) error {
	return c.use(ctx, t, func(o *opened) error {
		app, err := findApplication(ctx, o.store, c.ClientID)
		if err != nil {
			return err
		}
		a := show(app)
		if c.JSON {
			return writeJSON(t.out, a)
		}
		f := facts{
			{"client_id", a.ClientID}, {"status", string(a.Status)}, {"name zh", a.Name["zh"]}, {"name en", a.Name["en"]},
			{"region", a.Region}, {"auth method", a.AuthMethod}, {"grant types", strings.Join(a.GrantTypes, " ")},
			{"channels", strings.Join(a.Channels, " ")}, {"methods", strings.Join(a.Methods, " ")},
			{"scopes", strings.Join(a.Scopes, " ")}, {"audience", strings.Join(a.Audience, " ")},
			{"sector", a.Sector}, {"ID token", a.IDTokenAlg},
		}
		if a.PKCEOptional {
			f = append(f, [2]string{"PKCE", "optional"})
		}
		if a.StatusList {
			f = append(f, [2]string{"status list", "its access tokens have a place in one"})
		}
		if a.Federation {
			f = append(f, [2]string{"federation", "an issuer; receives documents for linking"})
		}
		for _, uri := range a.RedirectURIs {
			f = append(f, [2]string{"redirect URI", uri})
		}
		for _, uri := range a.PostLogoutRedirectURIs {
			f = append(f, [2]string{"after sign-out", uri})
		}
		if a.BackchannelLogoutURI != "" {
			f = append(f, [2]string{"told of ended sessions", a.BackchannelLogoutURI})
		}
		f = append(f, [2]string{"created", a.CreatedAt.Format(time.RFC3339)}, [2]string{"updated", a.UpdatedAt.Format(time.RFC3339)})
		return f.write(t.out)
	})
}

// shownApplication is an application as the command line shows it: RFC 7591 names where there are any.
type shownApplication struct {
	ClientID               string                    `json:"client_id"`
	Status                 storage.ApplicationStatus `json:"status"`
	Name                   map[string]string         `json:"name"`
	Region                 string                    `json:"region"`
	AuthMethod             string                    `json:"token_endpoint_auth_method"`
	RedirectURIs           []string                  `json:"redirect_uris"`
	PostLogoutRedirectURIs []string                  `json:"post_logout_redirect_uris"`
	BackchannelLogoutURI   string                    `json:"backchannel_logout_uri,omitempty"`
	GrantTypes             []string                  `json:"grant_types"`
	Scopes                 []string                  `json:"scopes"`
	Channels               []string                  `json:"channels,omitempty"`
	Methods                []string                  `json:"methods,omitempty"`
	Audience               []string                  `json:"audience,omitempty"`
	Sector                 string                    `json:"sector_identifier"`
	IDTokenAlg             string                    `json:"id_token_signed_response_alg"`
	PKCEOptional           bool                      `json:"pkce_optional,omitempty"`
	StatusList             bool                      `json:"status_list,omitempty"`
	Federation             bool                      `json:"federation,omitempty"`
	CreatedAt              time.Time                 `json:"created_at"`
	UpdatedAt              time.Time                 `json:"updated_at"`
}

func show(a storage.Application) shownApplication {
	return shownApplication{
		ClientID: a.ClientID, Status: a.Status, Name: a.Name, Region: a.Region, AuthMethod: a.AuthMethod,
		RedirectURIs: a.RedirectURIs, PostLogoutRedirectURIs: a.PostLogoutRedirectURIs, BackchannelLogoutURI: a.BackchannelLogoutURI, GrantTypes: a.GrantTypes,
		Scopes: a.Scopes, Channels: a.Channels, Methods: a.Methods, Audience: a.Audience, Sector: a.SectorIdentifier, IDTokenAlg: a.IDTokenAlg,
		PKCEOptional: a.PKCEOptional, StatusList: a.StatusList, Federation: a.Issuer, CreatedAt: a.CreatedAt, UpdatedAt: a.UpdatedAt,
	}
}
