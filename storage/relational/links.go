package relational

import (
	"context"

	"manyou/storage"
)

// Link implements [storage.Links].
func (s *Store) Link(ctx context.Context, issuer, subject string) (storage.Link, storage.Person, error) {
	var row personRow
	var createdAt int64
	var status string
	err := s.read.Row(ctx, `SELECT `+personColumns+`, l.status, l.created_at FROM links l JOIN persons p ON p.id = l.person_id
		WHERE l.issuer = $1 AND l.subject = $2`, []any{issuer, subject}, append(row.dest(), &status, &createdAt)...)
	if err != nil {
		return storage.Link{}, storage.Person{}, found(err)
	}
	p, err := s.openPerson(row)
	if err != nil {
		return storage.Link{}, storage.Person{}, err
	}
	return storage.Link{Issuer: issuer, Subject: subject, PersonID: p.ID, Frozen: status == linkFrozen, CreatedAt: moment(createdAt)}, p, nil
}

// LinksOf implements [storage.Links].
func (s *Store) LinksOf(ctx context.Context, personID string) ([]storage.Link, error) {
	var links []storage.Link
	err := s.read.Rows(ctx, `SELECT issuer, subject, status, created_at FROM links WHERE person_id = $1
		ORDER BY created_at, issuer, subject`, []any{personID}, func(scan Scan) error {
		l := storage.Link{PersonID: personID}
		var createdAt int64
		var status string
		if err := scan(&l.Issuer, &l.Subject, &status, &createdAt); err != nil {
			return err
		}
		l.CreatedAt, l.Frozen = moment(createdAt), status == linkFrozen
		links = append(links, l)
		return nil
	})
	return links, err
}

// linkFrozen is the status of a link that a hold lies on.
const linkFrozen = "frozen"

// insertLink writes nothing if the subject is linked to another person, or the person is another's. A link to the same person stays as
// it is, and one that was there before is frozen if a hold on it lies still. Whoever makes two persons one waits for it, or it for them.
func (s *Store) insertLink(l storage.Link) Statement {
	return Statement{`INSERT INTO links (issuer, subject, person_id, created_at, status)
		SELECT $1, $2, id, $4, CASE WHEN EXISTS (SELECT 1 FROM holds h WHERE h.person_id = persons.id AND h.issuer = $1 AND h.subject = $2
			AND h.lifted_at = 0 AND h.kind = 'freeze') THEN 'frozen' ELSE 'active' END FROM persons WHERE id = $3 AND merged_into = ''` + s.hot.ForKeyShare + `
		ON CONFLICT (issuer, subject) DO UPDATE SET person_id = excluded.person_id
		WHERE links.person_id = excluded.person_id`,
		[]any{l.Issuer, l.Subject, l.PersonID, millis(l.CreatedAt)}}
}
