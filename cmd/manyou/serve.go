package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"time"

	"golang.org/x/sync/errgroup"

	"manyou/authenticators/otp"
	"manyou/cmd/manyou/config"
	"manyou/cmd/manyou/methods"
	"manyou/federation/register"
	"manyou/idp"
)

// callbackPath is where other issuers send browsers back to.
const callbackPath = idp.CallbackPath

type serveCommand struct{ configFlag }

// Run serves the issuer until it is told to stop.
func (c *serveCommand) Run(ctx context.Context, t *terminal) error {
	return c.use(ctx, t, func(o *opened) error {
		logger, err := newLogger(t, o.config.Log)
		if err != nil {
			return err
		}
		for _, p := range o.config.Check(t.getenv) {
			logger.Warn("configuration: "+p.Text, "key", p.Key)
		}
		// What the first requests need (partitions) exists before they come.
		if err := o.store.Maintain(ctx, time.Now()); err != nil {
			return err
		}
		tuneCollector(t)
		if o.config.Role == config.Intermediate {
			e, err := newEntity(ctx, o, logger)
			if err != nil {
				return err
			}
			return serve(ctx, o.config, logger, e.Handler(), e.RunAlone)
		}
		issuer, err := newIssuer(ctx, o, logger)
		if err != nil {
			return err
		}
		return serve(ctx, o.config, logger, issuer.Handler(), issuer.Run)
	})
}

// collectorPercent lets the heap grow to nine times what lives in it before it is collected. An issuer keeps little
// alive, a few megabytes, so collecting at twice that is much work for little memory.
const collectorPercent = 800

// tuneCollector sets the collector unless the operator did.
func tuneCollector(t *terminal) {
	if t.getenv("GOGC") == "" {
		debug.SetGCPercent(collectorPercent)
	}
}

// newIssuer wires an issuer from its configuration.
func newIssuer(ctx context.Context, o *opened, logger *slog.Logger) (*idp.Issuer, error) {
	c := o.config
	messages, err := otp.NewWebhook(otp.WebhookConfig{
		URL: c.SMS.Webhook.URL, BearerToken: o.secrets.SMSToken, Random: rand.Reader, Now: time.Now,
	})
	if err != nil {
		return nil, usageError{err}
	}
	gateway, err := guarded(messages, o)
	if err != nil {
		return nil, usageError{err}
	}
	source, err := newRegister(o)
	if err != nil {
		return nil, err
	}
	proxies := make([]netip.Prefix, len(c.TrustedProxies))
	for i, p := range c.TrustedProxies {
		if proxies[i], err = config.ParseProxy(p); err != nil {
			return nil, usageError{err}
		}
	}
	roots, err := o.config.Passkey.Roots()
	if err != nil {
		return nil, usageError{err}
	}
	offered, err := methods.New(methods.Config{
		Issuer: c.Issuer, Name: c.Name.Map(), RPID: c.Passkey.RPID, Roots: roots, AAGUIDs: c.Passkey.Models, Random: rand.Reader,
	})
	if err != nil {
		return nil, usageError{err}
	}
	federation, err := newFederation(c)
	if err != nil {
		return nil, usageError{err}
	}
	rules, err := c.Federation.Exchange()
	if err != nil {
		return nil, usageError{err}
	}
	attempts, corrections := idp.Limits(c.Attempts), c.Correction.Policy()
	return idp.New(ctx, idp.Config{
		Issuer: c.Issuer, Role: idp.Role(c.Role), Region: c.Region, Name: c.Name.Map(),
		Store: o.store, Vault: o.vault, Methods: offered, PasskeyOrigins: c.Passkey.RelatedOrigins, Messages: gateway, Register: source, Logger: logger,
		Federation: federation, Exchange: &rules, SessionLifetime: c.Session.Lifetime, TrustedProxies: proxies, Limits: &attempts,
		Corrections: &corrections,
	})
}

// guarded asks, where the configuration says whom, before a message is sent.
func guarded(messages otp.Gateway, o *opened) (otp.Gateway, error) {
	c := o.config.SMS.SIM
	if c.URL == "" {
		return messages, nil
	}
	changes, err := otp.NewSIMWebhook(otp.WebhookConfig{URL: c.URL, BearerToken: o.secrets.SIMToken, Random: rand.Reader, Now: time.Now})
	if err != nil {
		return nil, err
	}
	return otp.NewSIMGuard(messages, changes, otp.SIMPolicy{
		Window: c.Window, SendIfUnknown: !c.Strict, SendIfUnavailable: !c.Strict,
	}, time.Now)
}

// newRegister is the authoritative register that the configuration names.
func newRegister(o *opened) (register.Source, error) {
	if o.config.Register.Source == config.RegisterTable {
		return register.NewTable(o.store), nil
	}
	source, err := register.NewHTTP(register.HTTPConfig{URL: o.config.Register.URL, BearerToken: o.secrets.RegisterToken})
	if err != nil {
		return nil, usageError{err}
	}
	return source, nil
}

// serve listens until the context ends, then lets requests under way finish.
func serve(ctx context.Context, c config.Config, logger *slog.Logger, handler http.Handler, background func(context.Context) error) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w (is another program using %s?)", err, c.Listen)
	}
	server := &http.Server{
		Handler:           http.MaxBytesHandler(handler, c.Limits.RequestBytes),
		MaxHeaderBytes:    c.Limits.HeaderBytes,
		ReadHeaderTimeout: c.Limits.RequestTimeout, ReadTimeout: c.Limits.RequestTimeout, WriteTimeout: 2 * c.Limits.RequestTimeout,
		IdleTimeout: 2 * time.Minute,
		ErrorLog:    slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
	if c.TLS.Enabled() {
		certificate, err := tls.LoadX509KeyPair(c.TLS.CertFile, c.TLS.KeyFile)
		if err != nil {
			return errors.Join(usageError{fmt.Errorf("tls: %w", err)}, listener.Close())
		}
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	}
	logger.Info("issuer is up", "issuer", c.Issuer, "role", c.Role, "region", c.Region, "listen", listener.Addr().String())
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return background(ctx) })
	g.Go(func() error {
		var err error
		if server.TLSConfig != nil {
			err = server.ServeTLS(listener, "", "")
		} else {
			err = server.Serve(listener)
		}
		if errors.Is(err, http.ErrServerClosed) {
			return nil
		}
		return err
	})
	g.Go(func() error {
		<-ctx.Done()
		logger.Info("issuer is stopping")
		stopping, cancel := context.WithTimeout(context.Background(), c.Limits.ShutdownTimeout)
		defer cancel()
		if err := server.Shutdown(stopping); err != nil {
			return errors.Join(fmt.Errorf("requests under way were cut off: %w", err), server.Close())
		}
		return nil
	})
	return g.Wait()
}
