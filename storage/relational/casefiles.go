package relational

import (
	"context"

	"manyou/storage"
)

// keepFiles writes the files of a step.
func (s *Store) keepFiles(ctx context.Context, tx Executor, files []storage.CaseFile) error {
	for _, f := range files {
		body, err := s.seal(f.Body, "case_files.body", f.CaseID+"/"+f.ID)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO case_files (case_id, id, added_at, media, body) VALUES ($1, $2, $3, $4, $5)`,
			f.CaseID, f.ID, millis(f.AddedAt), f.Media, body); err != nil {
			return err
		}
	}
	return nil
}

// CaseFile implements [storage.Cases].
func (s *Store) CaseFile(ctx context.Context, caseID, id string) (storage.CaseFile, error) {
	f := storage.CaseFile{CaseID: caseID, ID: id}
	var body []byte
	if err := s.read.Row(ctx, `SELECT added_at, media, body FROM case_files WHERE case_id = $1 AND id = $2`, []any{caseID, id},
		caseTime{&f.AddedAt}, &f.Media, &body); err != nil {
		return storage.CaseFile{}, found(err)
	}
	var err error
	f.Body, err = s.unseal(body, "case_files.body", caseID+"/"+id)
	return f, err
}
