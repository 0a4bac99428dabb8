package correction

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"unicode/utf8"

	"manyou/federation/correction/evidence"
	"manyou/storage"
)

// File says of an item of evidence that it is a file, which is kept beside the case.
type File struct {
	ID     string `json:"id"`
	Name   string `json:"name"` // as the source called it: a text, never a path
	Media  string `json:"media"`
	Size   int    `json:"size"`
	SHA256 string `json:"sha256"`
}

// Bounds of the files of a case.
const (
	// MaxFiles is how many there may be.
	MaxFiles    = 10
	maxFileName = 100 // characters
)

// ErrTooManyFiles reports a case that has all the files it may have.
var ErrTooManyFiles = errors.New("correction: too many files")

// AddFile adds a file to a case, with what the source says of it: one transaction, in which the evidence names the file. The file has been
// through [evidence.Clean]. [ErrTooManyFiles].
func (q *Queue) AddFile(ctx context.Context, c *Case, e Evidence, name string, f evidence.File) error {
	if len(c.Files()) >= MaxFiles {
		return ErrTooManyFiles
	}
	if len(f.Body) > evidence.MaxSize || !utf8.ValidString(name) || utf8.RuneCountInString(name) > maxFileName {
		return ErrTooLarge
	}
	id, err := q.newID()
	if err != nil {
		return err
	}
	sum := sha256.Sum256(f.Body)
	e.File = &File{ID: id, Name: name, Media: f.Media, Size: len(f.Body), SHA256: hex.EncodeToString(sum[:])}
	return q.addEvidence(ctx, c, e, storage.CaseFile{ID: id, CaseID: c.ID, AddedAt: q.Clock(), Media: f.Media, Body: f.Body})
}

// Files lists the files of a case.
func (c *Case) Files() (list []File) {
	for _, e := range c.Body.Evidence {
		if e.File != nil {
			list = append(list, *e.File)
		}
	}
	return list
}

// Attachment returns a file of a case. [storage.ErrNotFound] if the case does not name it.
func (q *Queue) Attachment(ctx context.Context, c *Case, id string) (File, []byte, error) {
	n := slices.IndexFunc(c.Files(), func(f File) bool { return f.ID == id })
	if n < 0 {
		return File{}, nil, storage.ErrNotFound
	}
	stored, err := q.Store.CaseFile(ctx, c.ID, id)
	return c.Files()[n], stored.Body, err
}
