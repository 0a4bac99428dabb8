package storagetest

import (
	"testing"
	"time"

	"manyou/storage"
)

var invitationCases = map[string]func(*testing.T, *fixture){
	"Invitations/are moved by one of those who try, and listed": func(t *testing.T, f *fixture) {
		i := storage.Invitation{
			ID: id(), Region: "33", Name: map[string]string{"zh": "浙江", "en": "Zhejiang"}, Status: storage.InvitationInvited,
			ExpiresAt: f.now.Add(time.Hour), UpdatedAt: f.now,
		}
		check(t, f.PutInvitation(t.Context(), i))
		other := i
		other.ID, other.UpdatedAt = id(), f.now.Add(-time.Second)
		check(t, f.PutInvitation(t.Context(), other))
		moved := i
		moved.Status, moved.Issuer, moved.JWKS, moved.Report = storage.InvitationRequested, "https://id.zj.example", []byte(`{"keys":[]}`), []byte(`[]`)
		moved.UpdatedAt = f.now.Add(time.Second)
		check(t, f.MoveInvitation(t.Context(), moved, storage.InvitationInvited, storage.InvitationRequested))
		got, err := f.Invitation(t.Context(), i.ID)
		check(t, err)
		equal(t, got, moved)
		moved.Status = storage.InvitationApproved
		check(t, f.MoveInvitation(t.Context(), moved, storage.InvitationRequested))
		is(t, f.MoveInvitation(t.Context(), moved, storage.InvitationInvited, storage.InvitationRequested), storage.ErrConflict)
		list, err := f.ListInvitations(t.Context())
		check(t, err)
		equal(t, list, []storage.Invitation{moved, other})
		_, err = f.Invitation(t.Context(), id())
		is(t, err, storage.ErrNotFound)
	},
}
