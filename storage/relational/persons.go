package relational

import (
	"context"

	"manyou/storage"
)

const personColumns = `p.id, p.name, p.region, p.status, p.epoch, p.least_acr, p.merged_into, p.created_at`

// personReceived is read with documents, and not on the way of a sign-in.
const personReceived = `, p.name_received`

// Person implements [storage.Persons].
func (s *Store) Person(ctx context.Context, id string) (storage.Person, error) {
	return s.person(ctx, `SELECT `+personColumns+personReceived+` FROM persons p WHERE p.id = $1`, id)
}

// PersonByDocument implements [storage.Persons].
func (s *Store) PersonByDocument(ctx context.Context, d storage.Document) (storage.Person, error) {
	return s.person(ctx, `SELECT `+personColumns+personReceived+` FROM documents d JOIN persons p ON p.id = d.person_id
		WHERE d.lookup = $1`, s.documentLookup(d))
}

// MergedInto implements [storage.Persons].
func (s *Store) MergedInto(ctx context.Context, personID string) (list []string, err error) {
	err = s.read.Rows(ctx, `SELECT id FROM persons WHERE merged_into <> '' AND merged_into = $1 ORDER BY id`, []any{personID}, func(scan Scan) error {
		var id string
		err := scan(&id)
		list = append(list, id)
		return err
	})
	return list, err
}

// person reads a person with documents.
func (s *Store) person(ctx context.Context, sql string, arg any) (storage.Person, error) {
	var row personRow
	var received []byte
	if err := s.read.Row(ctx, sql, []any{arg}, append(row.dest(), &received)...); err != nil {
		return storage.Person{}, found(err)
	}
	p, err := s.openPerson(row)
	if err != nil {
		return storage.Person{}, err
	}
	if p.Received, err = s.openReceived(received, p.ID); err != nil {
		return storage.Person{}, err
	}
	err = s.read.Rows(ctx, `SELECT kind, number FROM documents WHERE person_id = $1 ORDER BY kind, lookup`, []any{p.ID},
		func(scan Scan) error {
			var d storage.Document
			var number []byte
			if err := scan(&d.Kind, &number); err != nil {
				return err
			}
			d.Number, err = s.unsealText(number, "documents.number", p.ID)
			p.Documents = append(p.Documents, d)
			return err
		})
	return p, err
}

// personRow is a row of persons as it is stored.
type personRow struct {
	person    storage.Person
	name      []byte
	createdAt int64
}

func (r *personRow) dest() []any {
	p := &r.person
	return []any{&p.ID, &r.name, &p.Region, (*string)(&p.Status), &p.Epoch, &p.LeastACR, &p.MergedInto, &r.createdAt}
}

func (s *Store) openPerson(r personRow) (p storage.Person, err error) {
	p = r.person
	p.CreatedAt = moment(r.createdAt)
	p.Name, err = s.unsealText(r.name, "persons.name", p.ID)
	return p, err
}

func (s *Store) documentLookup(d storage.Document) []byte {
	return s.vault.Lookup("documents.number/"+d.Kind, d.Number)
}

// insertPerson returns the statements that create a person with documents. A document that somebody has violates the
// table's key.
func (s *Store) insertPerson(p storage.Person) ([]Statement, error) {
	name, err := s.sealText(p.Name, "persons.name", p.ID)
	if err != nil {
		return nil, err
	}
	received, err := s.sealReceived(p.Received, p.ID)
	if err != nil {
		return nil, err
	}
	statements := []Statement{{
		`INSERT INTO persons (id, name, name_received, region, status, epoch, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		[]any{p.ID, name, received, p.Region, string(p.Status), p.Epoch, millis(p.CreatedAt)},
	}}
	documents := make([]Statement, 0, len(p.Documents))
	for _, d := range p.Documents {
		number, err := s.sealText(d.Number, "documents.number", p.ID)
		if err != nil {
			return nil, err
		}
		documents = append(documents, Statement{
			`INSERT INTO documents (lookup, person_id, kind, number) VALUES ($1, $2, $3, $4)`,
			[]any{s.documentLookup(d), p.ID, d.Kind, number},
		})
	}
	// Two sign-ins that create the same documents take their keys in the same order.
	sortByFirstArg(documents)
	return append(statements, documents...), nil
}
