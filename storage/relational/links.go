package relational

import (
	"context"

	"manyou/storage"
)

// Link implements [storage.Links].
func (s *Store) Link(ctx context.Context, issuer, subject string) (storage.Link, storage.Person, error) {
	var row personRow
	var createdAt int64
	err := s.read.Row(ctx, `SELECT `+personColumns+`, l.created_at FROM links l JOIN persons p ON p.id = l.person_id
		WHERE l.issuer = $1 AND l.subject = $2`, []any{issuer, subject}, append(row.dest(), &createdAt)...)
	if err != nil {
		return storage.Link{}, storage.Person{}, found(err)
	}
	p, err := s.openPerson(row)
	if err != nil {
		return storage.Link{}, storage.Person{}, err
	}
	return storage.Link{Issuer: issuer, Subject: subject, PersonID: p.ID, CreatedAt: moment(createdAt)}, p, nil
}

// LinksOf implements [storage.Links].
func (s *Store) LinksOf(ctx context.Context, personID string) ([]storage.Link, error) {
	var links []storage.Link
	err := s.read.Rows(ctx, `SELECT issuer, subject, created_at FROM links WHERE person_id = $1
		ORDER BY created_at, issuer, subject`, []any{personID}, func(scan Scan) error {
		l := storage.Link{PersonID: personID}
		var createdAt int64
		if err := scan(&l.Issuer, &l.Subject, &createdAt); err != nil {
			return err
		}
		l.CreatedAt = moment(createdAt)
		links = append(links, l)
		return nil
	})
	return links, err
}

// insertLink writes nothing if the subject is linked to another person. A link to the same person stays as it is.
func insertLink(l storage.Link) Statement {
	return Statement{`INSERT INTO links (issuer, subject, person_id, created_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (issuer, subject) DO UPDATE SET person_id = excluded.person_id
		WHERE links.person_id = excluded.person_id`,
		[]any{l.Issuer, l.Subject, l.PersonID, millis(l.CreatedAt)}}
}
