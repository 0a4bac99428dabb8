package demo

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"manyou/federation/correction"
	"manyou/federation/identity"
	"manyou/idp/console"
	"manyou/storage"
)

// StaffMember is an invented person who works for the nation. To decide they sign in there and add a passkey.
type StaffMember struct {
	Citizen
	Roles []string `json:"roles"`
}

// Staff returns the invented people who run the nation and put identities right there.
func Staff() []StaffMember {
	return []StaffMember{
		{Citizen{"周明远", string(identity.ResidentID), "110000198004121013", "+8613800000111", "11"}, []string{correction.RoleOfficer}},
		{Citizen{"陈静怡", string(identity.ResidentID), "110000198709231044", "+8613800000112", "11"}, []string{correction.RoleOfficer}},
		{Citizen{"郑立群", string(identity.ResidentID), "110000197506301036", "+8613800000113", "11"}, []string{correction.RoleSupervisor, console.RoleOperator}},
		{Citizen{"沈书言", string(identity.ResidentID), "110000196901181041", "+8613800000114", "11"}, []string{correction.RoleAuditor}},
	}
}

// employ makes the staff known at the nation.
func employ(ctx context.Context, o Options, i *Issuer, staff []StaffMember) error {
	for _, m := range staff {
		id, err := settle(ctx, o, i, m.Citizen)
		if err != nil {
			return fmt.Errorf("staff: %w", err)
		}
		if err := i.Store.PutStaff(ctx, storage.StaffMember{PersonID: id, Roles: m.Roles, Regions: []string{nation}, CreatedAt: o.Clock()}); err != nil {
			return fmt.Errorf("staff: %w", err)
		}
	}
	return nil
}

// settle makes a citizen known at an issuer as their first sign-in would, and returns who they are there.
func settle(ctx context.Context, o Options, i *Issuer, c Citizen) (id string, err error) {
	document := storage.Document{Kind: c.DocumentKind, Number: c.DocumentNumber}
	switch p, err := i.Store.PersonByDocument(ctx, document); {
	case err == nil:
		return p.ID, nil
	case !errors.Is(err, storage.ErrNotFound):
		return "", err
	}
	now := o.Clock()
	draw := func() string {
		var b [15]byte
		if _, failed := io.ReadFull(o.Random, b[:]); failed != nil {
			err = failed
		}
		return base32.StdEncoding.EncodeToString(b[:])
	}
	id = draw()
	conversation := storage.Conversation{ID: draw(), ExpiresAt: now.Add(time.Minute)}
	session := sha256.Sum256([]byte(draw())) // of which nobody knows the secret
	if err != nil {
		return "", err
	}
	if err := i.Store.CreateConversation(ctx, conversation); err != nil {
		return "", err
	}
	_, err = i.Store.CompleteSignIn(ctx, storage.SignIn{
		ConversationID: conversation.ID, ConversationExpiresAt: conversation.ExpiresAt, ConversationVersion: 1,
		Person: &storage.Person{
			ID: id, Name: c.Name, Region: c.HomeRegion, Status: storage.PersonActive, Epoch: 1, CreatedAt: now, Documents: []storage.Document{document},
		},
		Credential: &storage.Credential{ID: draw(), PersonID: id, Method: "sms", Handle: c.Phone, CreatedAt: now},
		Session:    storage.Session{ID: session[:], ExpiresAt: now.Add(time.Minute), PersonID: id, AuthTime: now, ACR: 1, CreatedAt: now},
	})
	return id, err
}

// ErrTooEarly reports that nobody has come from there yet.
var ErrTooEarly = errors.New("demo: she has to come through the nation first, so that there is something to confuse")

// Mistake makes the nation take one citizen of Zhejiang for another: the first's link becomes the second's, as if Zhejiang had linked the
// wrong man. It is what the correction queue is there to put right.
func (n *Nation) Mistake(ctx context.Context) error {
	i, wrong, right := n.Issuer(nation), Citizens()[1], Citizens()[0]
	she, err := i.Store.PersonByDocument(ctx, storage.Document{Kind: right.DocumentKind, Number: right.DocumentNumber})
	if errors.Is(err, storage.ErrNotFound) {
		return ErrTooEarly
	} else if err != nil {
		return err
	}
	links, err := i.Store.LinksOf(ctx, she.ID)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(links, func(l storage.Link) bool { return l.Issuer == n.Issuer(zhejiang).URL })
	if at < 0 {
		return ErrTooEarly
	}
	he, err := settle(ctx, n.options, i, wrong)
	if err != nil {
		return err
	}
	now := n.options.Clock()
	return i.Store.CorrectAs(ctx, storage.Correction{
		ID: fmt.Sprintf("mistake-%d", now.UnixNano()), Moves: []storage.Move{
			{What: storage.MoveLink, Issuer: links[at].Issuer, Subject: links[at].Subject, From: she.ID, To: he},
		},
	}, storage.Case{}, now)
}
