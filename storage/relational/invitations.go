package relational

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"manyou/storage"
)

const invitationColumns = `id, region, name, status, issuer, jwks, report, expires_at, updated_at`

// PutInvitation implements [storage.Invitations].
func (s *Store) PutInvitation(ctx context.Context, i storage.Invitation) error {
	name, err := jsonText(i.Name)
	if err != nil {
		return err
	}
	_, err = s.write.Exec(ctx, `INSERT INTO invitations (`+invitationColumns+`) VALUES `+placeholders(1, 9)+`
		ON CONFLICT (id) DO UPDATE SET region = excluded.region, name = excluded.name, status = excluded.status, issuer = excluded.issuer,
		jwks = excluded.jwks, report = excluded.report, expires_at = excluded.expires_at, updated_at = excluded.updated_at`,
		i.ID, i.Region, name, string(i.Status), i.Issuer, i.JWKS, i.Report, millis(i.ExpiresAt), millis(i.UpdatedAt))
	return err
}

// Invitation implements [storage.Invitations].
func (s *Store) Invitation(ctx context.Context, id []byte) (storage.Invitation, error) {
	list, err := s.invitations(ctx, `WHERE id = $1`, id)
	if err == nil && len(list) == 0 {
		return storage.Invitation{}, storage.ErrNotFound
	} else if err != nil {
		return storage.Invitation{}, err
	}
	return list[0], nil
}

// ListInvitations implements [storage.Invitations].
func (s *Store) ListInvitations(ctx context.Context) ([]storage.Invitation, error) {
	return s.invitations(ctx, `ORDER BY updated_at DESC, id`)
}

// MoveInvitation implements [storage.Invitations].
func (s *Store) MoveInvitation(ctx context.Context, i storage.Invitation, from ...storage.InvitationStatus) error {
	args := []any{i.ID, string(i.Status), i.Issuer, i.JWKS, i.Report, millis(i.UpdatedAt)}
	in := "''"
	for _, status := range from {
		args = append(args, string(status))
		in += ", $" + strconv.Itoa(len(args))
	}
	return one(ctx, s.write, storage.ErrConflict, `UPDATE invitations SET status = $2, issuer = $3, jwks = $4, report = $5, updated_at = $6
		WHERE id = $1 AND status IN (`+in+`)`, args...)
}

func (s *Store) invitations(ctx context.Context, where string, args ...any) (list []storage.Invitation, err error) {
	err = s.read.Rows(ctx, `SELECT `+invitationColumns+` FROM invitations `+where, args, func(scan Scan) error {
		var i storage.Invitation
		var name string
		var expiresAt, updatedAt int64
		if err := scan(&i.ID, &i.Region, &name, (*string)(&i.Status), &i.Issuer, &i.JWKS, &i.Report, &expiresAt, &updatedAt); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(name), &i.Name); err != nil {
			return fmt.Errorf("storage: decode invitation: %w", err)
		}
		i.ExpiresAt, i.UpdatedAt = time.UnixMilli(expiresAt).UTC(), time.UnixMilli(updatedAt).UTC()
		list = append(list, i)
		return nil
	})
	return list, err
}
