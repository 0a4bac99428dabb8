package relational

import (
	"context"

	"manyou/storage"
)

// PutStaff implements [storage.Staff].
func (s *Store) PutStaff(ctx context.Context, m storage.StaffMember) error {
	return one(ctx, s.write, storage.ErrNotFound, `INSERT INTO staff (person_id, roles, regions, created_at)
		SELECT id, $2, $3, $4 FROM persons WHERE id = $1
		ON CONFLICT (person_id) DO UPDATE SET roles = excluded.roles, regions = excluded.regions`,
		m.PersonID, words(m.Roles), words(m.Regions), millis(m.CreatedAt))
}

// StaffMember implements [storage.Staff].
func (s *Store) StaffMember(ctx context.Context, personID string) (storage.StaffMember, error) {
	m := storage.StaffMember{PersonID: personID}
	var roles, regions string
	var createdAt int64
	if err := s.read.Row(ctx, `SELECT roles, regions, created_at FROM staff WHERE person_id = $1`, []any{personID}, &roles, &regions, &createdAt); err != nil {
		return storage.StaffMember{}, found(err)
	}
	m.Roles, m.Regions, m.CreatedAt = list(roles), list(regions), moment(createdAt)
	return m, nil
}

// ListStaff implements [storage.Staff].
func (s *Store) ListStaff(ctx context.Context) (all []storage.StaffMember, err error) {
	err = s.read.Rows(ctx, `SELECT person_id, roles, regions, created_at FROM staff ORDER BY created_at, person_id`, nil, func(scan Scan) error {
		var m storage.StaffMember
		var roles, regions string
		var createdAt int64
		if err := scan(&m.PersonID, &roles, &regions, &createdAt); err != nil {
			return err
		}
		m.Roles, m.Regions, m.CreatedAt = list(roles), list(regions), moment(createdAt)
		all = append(all, m)
		return nil
	})
	return all, err
}

// RemoveStaff implements [storage.Staff].
func (s *Store) RemoveStaff(ctx context.Context, personID string) error {
	return one(ctx, s.write, storage.ErrNotFound, `DELETE FROM staff WHERE person_id = $1`, personID)
}
