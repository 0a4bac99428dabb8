package idp

import (
	"context"
	"net/http"

	"manyou/idp/complaint"
	"manyou/idp/signin"
	"manyou/idp/web"
)

// newComplaints are the pages where citizens say that something about them is wrong; nil at a province, which leads to the nation's.
func (i *Issuer) newComplaints() *complaint.Complaints {
	if i.cases == nil {
		return nil
	}
	return complaint.New(complaint.Config{
		Store: i.Store, Queue: i.cases, Vault: i.Vault, Cookies: i.cookies, Web: i.web, SignIn: i.signInHere, NameOf: i.signin.NameOf,
		Address: i.signin.Address, Clock: i.Clock, Random: i.Random, Logger: i.Logger,
	})
}

// complaintsURL is where those pages are at another issuer: the nation's. "" if there is none.
func (i *Issuer) complaintsURL(ctx context.Context) (string, error) {
	list, err := i.Store.ListUpstreams(ctx)
	if err != nil {
		return "", err
	}
	for _, u := range list {
		if u.Region == NationRegion {
			return u.Issuer + complaint.Path, nil
		}
	}
	return "", nil
}

// complain is where somebody who is refused can say that something is wrong. At a province that is the nation, where they are refused again and
// are given a pass.
func (i *Issuer) complain(w http.ResponseWriter, r *http.Request, who signin.Refused) (string, error) {
	if i.complaints == nil {
		return i.complaintsURL(r.Context())
	}
	return i.complaints.Pass(w, r, who)
}

// complaintsOf is what the account page tells of a person's cases.
func (i *Issuer) complaintsOf(ctx context.Context, personID string) (string, *web.ComplaintLine, error) {
	if i.complaints == nil {
		at, err := i.complaintsURL(ctx)
		return at, nil, err
	}
	latest, err := i.complaints.Latest(ctx, personID)
	return complaint.Path, latest, err
}
