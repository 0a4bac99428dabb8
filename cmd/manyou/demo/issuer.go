package demo

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"

	"manyou/cmd/manyou/backend"
	"manyou/cmd/manyou/methods"
	"manyou/federation/register"
	"manyou/idp"
	"manyou/storage"
	"manyou/storage/vault"
)

// databases are the files of the regions.
var databases = map[string]string{nation: "nation.db", zhejiang: "zhejiang.db", sichuan: "sichuan.db", hangzhou: "hangzhou.db"}

// hashSecret is how an issuer keeps a client secret.
func hashSecret(i *Issuer, secret string) []byte { return idp.HashSecret(i.Vault, secret) }

// limits are those of a place where the same six people sign in all day long, from one address: many messages, and
// as few wrong answers as anywhere.
func limits() *idp.Limits {
	l := idp.DefaultLimits()
	l.MessagesPerPhone, l.MessagesPerDevice, l.MessagesPerAddress = 100, 400, 4000
	return &l
}

// openIssuer opens the database of a region, registers its neighbours and clients, and prepares its issuer.
func (n *Nation) openIssuer(ctx context.Context, o Options, st *state, region, url string, box *inbox, r registrar) (*Issuer, http.Handler, error) {
	role := idp.Province
	if region == nation {
		role = idp.National
	}
	root, err := st.root(region)
	if err != nil {
		return nil, nil, err
	}
	i := &Issuer{Role: string(role), Region: region, URL: url}
	if i.Store, i.Vault, err = n.openStore(ctx, o, region, root); err != nil {
		return nil, nil, err
	}
	n.Issuers = append(n.Issuers, i)
	if err := i.Store.Maintain(ctx, o.Clock()); err != nil {
		return nil, nil, err
	}
	clients, err := r.register(ctx, i)
	if err != nil {
		return nil, nil, err
	}
	n.description.Clients = append(n.description.Clients, clients...)
	if region == nation {
		if err := employ(ctx, o, i, n.description.Staff); err != nil {
			return nil, nil, err
		}
	}
	if region == nation && len(o.Program) > 0 {
		token, err := st.secret(nation, "phone")
		if err == nil {
			err = st.save()
		}
		if err == nil {
			n.apart, err = n.prepareApart(o, root, token)
		}
		if err == nil {
			err = n.apart.start(ctx, n.Client)
		}
		return i, nil, err
	}
	// On localhost every issuer shares a domain, and so its passkeys; elsewhere they are the nation's.
	offered, err := methods.New(methods.Config{Issuer: url, Name: issuerNames[region], RPID: n.hosts.Nation, Random: o.Random})
	if err != nil {
		return nil, nil, err
	}
	federation, err := n.federation(ctx, o, region, r.urls)
	if err != nil {
		return nil, nil, err
	}
	issuer, err := idp.New(ctx, idp.Config{
		Federation: federation,
		Issuer:     url, Role: role, Region: region, Name: issuerNames[region],
		Store: i.Store, Vault: i.Vault, Methods: offered, Messages: box, Register: register.NewTable(i.Store),
		Clock: o.Clock, Random: o.Random, Logger: o.Logger.With("issuer", region),
		Transport: n.Client.Transport, Limits: limits(),
		PasskeyOrigins: n.provinceOrigins(region),
	})
	if err != nil {
		return nil, nil, err
	}
	i.Neighbours = issuer.Neighbours
	n.running.Go(func() {
		if err := issuer.Run(ctx); err != nil && ctx.Err() == nil {
			n.fail(fmt.Errorf("demo: issuer %s: %w", region, err))
		}
	})
	return i, issuer.Handler(), nil
}

func (n *Nation) openStore(ctx context.Context, o Options, region string, root vault.Root) (storage.Store, *vault.Vault, error) {
	if o.OpenStore != nil {
		return o.OpenStore(ctx, region, root)
	}
	url := "sqlite:" + filepath.Join(n.dir, databases[region])
	if err := backend.Migrate(ctx, url); err != nil {
		return nil, nil, err
	}
	return backend.Open(ctx, url, root)
}
