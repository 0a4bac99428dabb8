package storagetest

import (
	"testing"
	"time"

	"manyou/storage"
)

var staffCases = map[string]func(*testing.T, *fixture){
	"Staff/are persons, with the roles and regions they were given last": func(t *testing.T, f *fixture) {
		one, _ := f.signedIn(t)
		two, _ := f.signedIn(t)
		is(t, f.PutStaff(t.Context(), storage.StaffMember{PersonID: "nobody", Roles: []string{"operator"}, CreatedAt: f.now}), storage.ErrNotFound)
		a := storage.StaffMember{PersonID: one.ID, Roles: []string{"operator"}, CreatedAt: f.now}
		b := storage.StaffMember{PersonID: two.ID, Roles: []string{"officer"}, Regions: []string{"33", "51"}, CreatedAt: f.now.Add(time.Second)}
		check(t, f.PutStaff(t.Context(), b))
		check(t, f.PutStaff(t.Context(), a))
		a.Roles, a.Regions = []string{"operator", "auditor"}, []string{"00"}
		check(t, f.PutStaff(t.Context(), a))
		got, err := f.ListStaff(t.Context())
		check(t, err)
		equal(t, got, []storage.StaffMember{a, b})
		check(t, f.RemoveStaff(t.Context(), b.PersonID))
		is(t, f.RemoveStaff(t.Context(), b.PersonID), storage.ErrNotFound)
		_, err = f.StaffMember(t.Context(), b.PersonID)
		is(t, err, storage.ErrNotFound)
		m, err := f.StaffMember(t.Context(), a.PersonID)
		check(t, err)
		equal(t, m, a)
	},
}
