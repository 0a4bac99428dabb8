package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"manyou/cmd/manyou/registration"
	"manyou/federation/trust"
	"manyou/federation/upstream"
	"manyou/idp"
	"manyou/idp/keys"
	"manyou/idp/membership"
	"manyou/storage"
)

type provinceCommand struct {
	Add      provinceAdd      `cmd:"" help:"Let the people of another issuer sign in here. For a province, the nation is region 00."`
	List     provinceList     `cmd:"" help:"List the issuers whose people may sign in here."`
	Invite   provinceInvite   `cmd:"" help:"At the nation: print the URL by which a province asks to join."`
	Join     provinceJoin     `cmd:"" help:"At a province: join the nation that sent the URL."`
	Requests provinceRequests `cmd:"" help:"At the nation: list who was invited, and who asks to join."`
	Show     provinceShow     `cmd:"" help:"At the nation: show a request, with its self-test and what the province says of itself."`
	Approve  provinceApprove  `cmd:"" help:"At the nation: let a province in."`
	Decline  provinceDecline  `cmd:"" help:"At the nation: turn a request down."`
	Test     provinceTest     `cmd:"" help:"Try an issuer: does it answer, sign, reject?"`
	Suspend  provinceSuspend  `cmd:"" help:"Close sign-in there, and end what came from there."`
	Resume   provinceResume   `cmd:"" help:"Open it again."`
}

type provinceAdd struct {
	configFlag
	Issuer     string            `required:"" placeholder:"URL" help:"The other issuer."`
	Region     string            `required:"" placeholder:"CODE" help:"Its region, such as 33; 00 is the nation."`
	NameZH     string            `name:"name-zh" required:"" placeholder:"NAME" help:"Name in Chinese."`
	NameEN     string            `name:"name-en" required:"" placeholder:"NAME" help:"Name in English."`
	ClientID   string            `placeholder:"ID" help:"Our client ID there. With private_key_jwt our own issuer, if not given: it knows us by our chain."`
	SecretFile string            `name:"client-secret-file" placeholder:"FILE" help:"File with our client secret there; - is standard input. Instead: MANYOU_CLIENT_SECRET."`
	AuthMethod string            `default:"client_secret_basic" enum:"client_secret_basic,client_secret_post,private_key_jwt" help:"How we authenticate there: ${enum}."`
	Scope      []string          `default:"openid,profile,phone,document" help:"Scopes to ask for there (${default})."`
	Claim      map[string]string `placeholder:"OURS=THEIRS" help:"Names of claims there: name, region, phone, document_kind, document_number, document_verified; '=value' is a constant. Repeatable."`
	Dialect    string            `placeholder:"FILE" help:"For a province that is no OpenID provider: JSON that declares how it speaks; see the operator's guide."`
	ACR        map[string]int    `name:"acr" placeholder:"VALUE=RUNG" help:"Rungs (1 to 4) of acr values there; those not listed count as 1. Repeatable."`
}

// envClientSecret holds the client secret that another issuer gave us.
const envClientSecret = "MANYOU_CLIENT_SECRET"

// maxSecret bounds a client secret, in bytes.
const maxSecret = 4 << 10

// Run registers another issuer, or replaces its registration.
func (c *provinceAdd) Run(ctx context.Context, t *terminal) error {
	return c.use(ctx, t, func(o *opened) error {
		secret, err := c.secret(t)
		if err != nil {
			return usageError{err}
		}
		acr := c.ACR
		if len(acr) == 0 { // another Manyou: its ladder is ours
			acr = membership.Ladder()
		}
		u := storage.Upstream{
			Issuer: c.Issuer, Region: c.Region, Name: map[string]string{"zh": c.NameZH, "en": c.NameEN},
			ClientID: c.ClientID, ClientSecret: secret, AuthMethod: c.AuthMethod, Scopes: c.Scope, Claims: c.Claim, ACR: acr,
			Status: storage.UpstreamActive, CreatedAt: time.Now(),
		}
		if u.AuthMethod == "private_key_jwt" && u.ClientID == "" {
			u.ClientID = o.config.Issuer
		}
		redirect := o.config.Issuer + callbackPath
		if c.Dialect != "" {
			if u.Dialect, err = os.ReadFile(c.Dialect); err != nil {
				return usageError{err}
			}
			redirect = upstream.RedirectOf(redirect, c.Region)
		}
		if err := registration.CheckUpstream(u); err != nil {
			return usagef("the issuer is not registered:\n%w", err)
		}
		if u.Region == o.config.Region {
			return usagef("region %s is our own", u.Region)
		}
		switch err := o.store.PutUpstream(ctx, u); {
		case errors.Is(err, storage.ErrConflict):
			return fmt.Errorf("another issuer holds region %s already; manyou province list names it", u.Region)
		case err != nil:
			return err
		}
		if err := o.record(ctx, "province.add", map[string]string{"region": u.Region, "issuer": u.Issuer}); err != nil {
			return err
		}
		_, err = fmt.Fprintf(t.out, "%s (%s) is active. Redirect URI to register there: %s\n", u.Region, u.Issuer, redirect)
		if err == nil && len(u.Dialect) == 0 {
			_, err = fmt.Fprintf(t.out, "To hear of sessions that end there, register this back-channel logout URI as well: %s\n", o.config.Issuer+idp.BackchannelLogoutPath)
		}
		return err
	})
}

func (c *provinceAdd) secret(t *terminal) (string, error) {
	var from io.Reader
	switch c.SecretFile {
	case "":
		return t.getenv(envClientSecret), nil
	case "-":
		from = t.in
	default:
		f, err := os.Open(c.SecretFile)
		if err != nil {
			return "", err
		}
		defer f.Close()
		from = f
	}
	line, err := bufio.NewReader(io.LimitReader(from, maxSecret)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("client secret: %w", err)
	}
	return strings.TrimSpace(line), nil
}

type provinceList struct {
	configFlag
	JSON bool `help:"Print as JSON."`
}

// shownUpstream is an upstream as the command line shows it: without its secret.
type shownUpstream struct {
	Region     string                 `json:"region"`
	Issuer     string                 `json:"issuer"`
	Name       map[string]string      `json:"name"`
	Status     storage.UpstreamStatus `json:"status"`
	ClientID   string                 `json:"client_id"`
	AuthMethod string                 `json:"token_endpoint_auth_method"`
	Scopes     []string               `json:"scopes"`
	Claims     map[string]string      `json:"claims,omitempty"`
	ACR        map[string]int         `json:"acr,omitempty"`
}

// Run lists the other issuers, by region.
func (c *provinceList) Run(ctx context.Context, t *terminal) error {
	return c.use(ctx, t, func(o *opened) error {
		upstreams, err := o.store.ListUpstreams(ctx)
		if err != nil {
			return err
		}
		list := make([]shownUpstream, len(upstreams))
		for i, u := range upstreams {
			list[i] = shownUpstream{u.Region, u.Issuer, u.Name, u.Status, u.ClientID, u.AuthMethod, u.Scopes, u.Claims, u.ACR}
		}
		if c.JSON {
			return writeJSON(t.out, list)
		}
		out := table{head: []string{"REGION", "STATUS", "ISSUER", "NAME"}}
		for _, u := range list {
			out.add(u.Region, string(u.Status), u.Issuer, u.Name["zh"]+" "+u.Name["en"])
		}
		return out.write(t.out)
	})
}

type provinceTarget struct {
	configFlag
	Region string `arg:"" help:"Its region, such as 33, or its URL."`
}

func (c *provinceTarget) set(ctx context.Context, t *terminal, status storage.UpstreamStatus) error {
	return c.use(ctx, t, func(o *opened) error {
		u, err := c.find(ctx, o)
		if err != nil {
			return err
		}
		return moveProvince(ctx, t, o, u, status)
	})
}

// moveProvince closes or opens sign-in at another issuer, and says so.
func moveProvince(ctx context.Context, t *terminal, o *opened, u storage.Upstream, status storage.UpstreamStatus) (err error) {
	var ended int64
	if status == storage.UpstreamSuspended {
		ended, err = members(o).Suspend(ctx, u)
	} else {
		err = members(o).Resume(ctx, u)
	}
	if err != nil {
		return err
	}
	if err := o.record(ctx, "province."+string(status), map[string]string{"region": u.Region, "issuer": u.Issuer}); err != nil {
		return err
	}
	_, err = fmt.Fprintf(t.out, "%s (%s) is %s.\n", u.Region, u.Issuer, status)
	if err == nil && ended > 0 {
		_, err = fmt.Fprintf(t.out, "%d sessions that came from there ended.\n", ended)
	}
	return err
}

type provinceTest struct{ provinceTarget }

// Run tries an issuer as this one is registered there. It fails if a check does.
func (c *provinceTest) Run(ctx context.Context, t *terminal) error {
	return c.use(ctx, t, func(o *opened) error {
		u, err := c.find(ctx, o)
		if err != nil {
			return err
		}
		if len(u.Dialect) > 0 {
			return usagef("%s speaks a dialect: nothing standard can be tried there", u.Issuer)
		}
		ring, err := keys.Open(ctx, o.store, time.Now, rand.Reader)
		if err != nil {
			return err
		}
		var carried http.RoundTripper // nil: any
		if u.Below {                  // it names its addresses itself
			carried = trust.GuardedTransport(plain(o.config.Issuer))
		}
		p, err := upstream.New(upstream.Config{
			Transport: carried, Issuer: u.Issuer, ClientID: u.ClientID, ClientSecret: u.ClientSecret, AuthMethod: u.AuthMethod, RedirectURI: o.config.Issuer + callbackPath,
			Scopes: u.Scopes, ACR: u.ACR, Sign: func(typ string, payload []byte) (string, error) {
				key, err := ring.Signer(keys.ES256)
				if err != nil {
					return "", err
				}
				return key.Sign(typ, payload)
			},
		})
		if err != nil {
			return err
		}
		report := membership.Report{Issuer: u.Issuer, At: time.Now(), Checks: p.SelfTest(ctx)}
		printReport(t, report)
		if !report.Passed() {
			return fmt.Errorf("%s does not pass", u.Issuer)
		}
		return nil
	})
}

// find is the issuer that a region or a URL names.
func (c *provinceTarget) find(ctx context.Context, o *opened) (storage.Upstream, error) {
	u, err := members(o).Find(ctx, c.Region)
	if errors.Is(err, membership.ErrUnknown) {
		return u, fmt.Errorf("there is no issuer of %.100q; manyou province list names them", c.Region)
	}
	return u, err
}

type (
	provinceSuspend struct{ provinceTarget }
	provinceResume  struct{ provinceTarget }
)

// Run closes sign-in at another issuer.
func (c *provinceSuspend) Run(ctx context.Context, t *terminal) error {
	return c.set(ctx, t, storage.UpstreamSuspended)
}

// Run opens sign-in at another issuer.
func (c *provinceResume) Run(ctx context.Context, t *terminal) error {
	return c.set(ctx, t, storage.UpstreamActive)
}
