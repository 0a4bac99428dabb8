package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"manyou/cmd/manyou/config"
	"manyou/federation/identity"
	"manyou/federation/trust"
	"manyou/federation/upstream"
	"manyou/idp"
	"manyou/idp/keys"
	"manyou/idp/membership"
	"manyou/storage"
)

// Bounds of joining.
const (
	joinTimeout = time.Minute
	maxJoin     = 256 << 10 // bytes of an answer
)

type provinceInvite struct {
	configFlag
	Region string        `required:"" placeholder:"CODE" help:"The region that is invited, such as 33."`
	NameZH string        `name:"name-zh" required:"" placeholder:"NAME" help:"What citizens read, in Chinese."`
	NameEN string        `name:"name-en" required:"" placeholder:"NAME" help:"The same in English."`
	Life   time.Duration `default:"168h" help:"How long the invitation is good (${default})."`
}

// Run prints one URL for the operator of a province: whom to join, by which keys to know it, and the secret that says who was invited.
func (c *provinceInvite) Run(ctx context.Context, t *terminal) error {
	return c.use(ctx, t, func(o *opened) error {
		if err := national(o); err != nil {
			return err
		}
		ring, err := keys.Open(ctx, o.store, time.Now, rand.Reader)
		if err != nil {
			return err
		}
		key, err := ring.Signer(keys.ES256)
		if err != nil {
			return err
		}
		address, err := members(o).Invite(ctx, c.Region, map[string]string{"zh": c.NameZH, "en": c.NameEN}, c.Life)
		if errors.Is(err, membership.ErrRegion) || errors.Is(err, membership.ErrName) {
			return usageError{err}
		} else if err != nil {
			return err
		}
		if err := o.record(ctx, "province.invite", map[string]string{"region": c.Region}); err != nil {
			return err
		}
		_, err = fmt.Fprintf(t.out, "%s#%s\n", address, key.ID())
		return err
	})
}

// members decides who is in.
func members(o *opened) membership.Membership {
	return membership.Membership{Store: o.store, Issuer: o.config.Issuer, Clock: time.Now, Random: rand.Reader}
}

// national refuses what only a nation in a federation can do.
func national(o *opened) error {
	if !o.config.Federation.Enabled || o.config.Role != config.National {
		return usagef("only the nation invites and decides, and with federation.enabled")
	}
	return nil
}

// printsOf are the thumbprints (RFC 7638) of a key set.
func printsOf(jwks []byte) (prints []string, err error) {
	set, err := trust.ParseKeys(jwks)
	if err != nil {
		return nil, err
	}
	for _, k := range set.Keys {
		sum, err := k.Thumbprint(crypto.SHA256)
		if err != nil {
			return nil, err
		}
		prints = append(prints, base64.RawURLEncoding.EncodeToString(sum))
	}
	return prints, nil
}

type provinceJoin struct {
	configFlag
	URL  string `arg:"" placeholder:"URL" help:"The invitation, as the nation's operator sent it."`
	Keys string `default:"nation.jwks" placeholder:"FILE" help:"Where the nation's keys are written, if the configuration names no file yet (${default})."`
}

// Run joins the nation that sent the invitation. It is run a second time once the configuration names the nation.
func (c *provinceJoin) Run(ctx context.Context, t *terminal) error {
	return c.use(ctx, t, func(o *opened) error {
		address, thumbprint, ok := strings.Cut(c.URL, "#")
		u, err := url.Parse(address)
		if !ok || err != nil || u.Host == "" || u.Scheme != "https" && !plain(o.config.Issuer) || !strings.HasPrefix(u.Path, membership.JoinPath) {
			return usagef("this is no invitation: paste all of the URL, with what stands behind the #")
		}
		if o.config.Role != config.Province {
			return usagef("only a province joins")
		}
		ctx, cancel := context.WithTimeout(ctx, joinTimeout)
		defer cancel()
		invitation, err := c.ask(ctx, u, thumbprint)
		if err != nil {
			return err
		}
		if invitation.Region != o.config.Region {
			return fmt.Errorf("the invitation is for region %s; this issuer is of region %s", invitation.Region, o.config.Region)
		}
		if o.config.Federation.Anchor != invitation.Issuer || o.config.Federation.Superior != invitation.Issuer {
			return c.prepare(t, invitation)
		}
		if err := o.store.PutUpstream(ctx, storage.Upstream{
			Issuer: invitation.Issuer, Region: identity.Nation, Name: invitation.Name, ClientID: o.config.Issuer, AuthMethod: "private_key_jwt",
			Scopes: membership.Scopes(), ACR: membership.Ladder(), Status: storage.UpstreamActive, CreatedAt: time.Now(),
		}); err != nil {
			return err
		}
		issuer, err := newIssuer(ctx, o, slog.New(slog.DiscardHandler))
		if err != nil {
			return err
		}
		request, err := idp.JoinRequest(ctx, issuer, invitation.Issuer)
		if err != nil {
			return err
		}
		var report membership.Report
		if err := call(ctx, http.MethodPost, u, request, &report); err != nil {
			return fmt.Errorf("%s does not take the request: %w", invitation.Issuer, err)
		}
		printReport(t, report)
		fmt.Fprintf(t.out, "%s has been asked. Its operator sees this report, and decides.\n", invitation.Issuer)
		return nil
	})
}

// ask reads the invitation, and holds the nation to the key that the URL names.
func (c *provinceJoin) ask(ctx context.Context, u *url.URL, thumbprint string) (*idp.JoinInvitation, error) {
	var v idp.JoinInvitation
	if err := call(ctx, http.MethodGet, u, "", &v); err != nil {
		return nil, fmt.Errorf("the invitation is not good: %w", err)
	}
	if v.Issuer != u.Scheme+"://"+u.Host {
		return nil, fmt.Errorf("%s says to be %s", u.Host, v.Issuer)
	}
	// Its other keys are believed because the one that the URL names signed the list of them.
	s, err := trust.Ask(ctx, trust.NewFetcher(u.Scheme == "http", nil), v.Issuer)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", v.Issuer, err)
	}
	for _, k := range s.Keys.Keys {
		sum, err := k.Thumbprint(crypto.SHA256)
		if err != nil || base64.RawURLEncoding.EncodeToString(sum) != thumbprint || s.SignedBy(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{k}}) != nil {
			continue
		}
		v.Keys, err = json.Marshal(s.Keys)
		return &v, err
	}
	return nil, errors.New("the key of the invitation does not answer: somebody stands in between, or the nation has rotated its keys since; ask for another invitation")
}

// prepare writes the nation's keys and says what the configuration needs.
func (c *provinceJoin) prepare(t *terminal, v *idp.JoinInvitation) error {
	f, err := os.OpenFile(c.Keys, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) //nolint:gosec // public keys
	if errors.Is(err, os.ErrExist) {
		return usagef("%s exists already; name another file with --keys", c.Keys)
	} else if err != nil {
		return err
	}
	_, err = f.Write(v.Keys)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	fmt.Fprintf(t.out, `The nation's keys are in %s. Put this into the configuration, restart the issuer, and run the same command again:

federation:
  enabled: true
  superior: %s
  anchor: %s
  anchor_keys_file: %s
`, c.Keys, v.Issuer, v.Issuer, c.Keys)
	return nil
}

// call sends a request to the nation and reads its answer.
func call(ctx context.Context, method string, u *url.URL, body string, into any) error {
	r, err := http.NewRequestWithContext(ctx, method, u.String(), strings.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/"+trust.TypeStatement)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxJoin))
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		var e struct {
			Description string `json:"error_description"`
		}
		if json.Unmarshal(text, &e) != nil || e.Description == "" {
			e.Description = answer.Status
		}
		return errors.New(e.Description)
	}
	return json.NewDecoder(bytes.NewReader(text)).Decode(into)
}

// checkTexts say what a check is about.
var checkTexts = map[string]string{
	membership.CheckControl:  "controls its URL: its configuration there is signed by the keys that asked",
	membership.CheckSuperior: "names the nation, and nobody else, as its superior",
	membership.CheckChain:    "is a client that the nation can know by its chain",
	membership.CheckRotates:  "rotates: other keys than at the last try, signed by one of those",
	upstream.CheckAnswers:    "answers: its metadata are in order",
	upstream.CheckKeys:       "signs: its keys can be used",
	upstream.CheckSilent:     "answers: an authorization request without a page comes back, to us alone",
	upstream.CheckRedirect:   "rejects a redirect URI that is not ours",
	upstream.CheckCode:       "rejects a code that it did not give",
	upstream.CheckClient:     "rejects a client that does not authenticate",
	upstream.CheckToken:      "rejects an access token that it did not sign",
}

func printReport(t *terminal, r membership.Report) {
	for _, c := range r.Checks {
		mark := "ok  "
		if !c.Passed {
			mark = "NO  "
		}
		fmt.Fprintf(t.out, "%s%s\n", mark, checkTexts[c.Name])
		if c.Detail != "" {
			fmt.Fprintf(t.out, "      %s\n", c.Detail)
		}
	}
}
