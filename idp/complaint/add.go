package complaint

import (
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"unicode"

	"manyou/federation/correction"
	"manyou/federation/correction/evidence"
	"manyou/idp/web"
	"manyou/storage"
)

const (
	// maxUpload bounds a request with a file, in bytes: more than a file may have, so that who sends too much is told, and not cut off.
	maxUpload = 24 << 20
	// maxParts bounds the parts of such a request.
	maxParts = 8
	// maxText bounds the bytes of a text in one.
	maxText = 4*maxSaid + 1024
	// maxName bounds the name of a file, in characters.
	maxName = 100
)

// upload is what a form with a file says. Nothing of it is written to disk.
type upload struct {
	text, name string
	by         []string
	body       []byte
	chosen     bool
	tooLarge   bool
}

// values are those of such a form that are no file.
func (u upload) values() url.Values {
	v := url.Values{"text": {u.text}}
	if u.by != nil {
		v["by"] = u.by
	}
	return v
}

// read reads such a form part by part, each within its bound; the file only if it is wanted.
func read(w http.ResponseWriter, r *http.Request, file bool) (u upload, err error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxUpload)
	parts, err := r.MultipartReader()
	if err != nil {
		return u, err
	}
	for range maxParts {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return u, nil
		} else if err != nil {
			return u, err
		}
		if err := u.take(part, file); err != nil {
			return u, err
		}
	}
	return u, multipart.ErrMessageTooLarge
}

func (u *upload) take(part *multipart.Part, file bool) error {
	switch part.FormName() {
	case "by":
		raw, err := io.ReadAll(io.LimitReader(part, maxText))
		u.by = append(u.by, string(raw))
		return err
	case "text":
		raw, err := io.ReadAll(io.LimitReader(part, maxText))
		u.text = string(raw)
		return err
	case "file":
		if u.body != nil {
			return multipart.ErrMessageTooLarge // one at a time
		}
		if !file {
			n, err := io.Copy(io.Discard, part)
			u.chosen = u.chosen || n > 0
			return err
		}
		raw, err := io.ReadAll(io.LimitReader(part, evidence.MaxSize+1))
		if err != nil {
			return err
		}
		u.body, u.name, u.tooLarge = raw, fileName(part.FileName()), len(raw) > evidence.MaxSize
		_, err = io.Copy(io.Discard, part)
		return err
	}
	_, err := io.Copy(io.Discard, part)
	return err
}

// fileName is the name of a file as a text.
func fileName(said string) string {
	clean := []rune(strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) && !strings.ContainsRune(`/\`, r) {
			return r
		}
		return -1
	}, strings.ToValidUTF8(said, ""))))
	if len(clean) > maxName { // the end says more than the beginning
		clean = clean[len(clean)-maxName:]
	}
	return string(clean)
}

// add adds words, a file, or both to a case.
func (c *Complaints) add(w http.ResponseWriter, r *http.Request, v visitor) {
	u, err := read(w, r, true)
	if err == nil && !c.theirs(w, r, v, u.values(), &web.KeptPage{Upload: true, Chosen: len(u.body) > 0}) {
		return
	}
	s, ok := c.find(w, r, v)
	if !ok {
		return
	}
	page := &web.OwnCasePage{Text: u.text}
	refuse := func(status int, problem web.Error) {
		page.AddError = problem
		c.renderCase(w, r, v, s, page, status)
	}
	text, short := said(u.text)
	switch tooMuch := (*http.MaxBytesError)(nil); {
	case errors.As(err, &tooMuch):
		refuse(http.StatusRequestEntityTooLarge, web.ErrFileSize)
		return
	case err != nil:
		c.Web.Render(w, r, http.StatusBadRequest, &web.ProblemPage{Problem: web.ProblemBadRequest})
		return
	case !short:
		refuse(http.StatusUnprocessableEntity, web.ErrStatement)
		return
	case text == "" && len(u.body) == 0:
		refuse(http.StatusUnprocessableEntity, web.ErrNothingAdded)
		return
	case !addable(s.main):
		refuse(http.StatusConflict, web.ErrCaseMoved)
		return
	}
	if ok, err = c.mayAdd(r, v); err != nil {
		c.fault(w, r, err)
		return
	} else if !ok {
		refuse(http.StatusTooManyRequests, web.ErrTooManyCases)
		return
	}
	var kept *evidence.File
	if len(u.body) > 0 {
		f, err := c.clean(r.Context(), u)
		if problem := refusal(err); problem != "" {
			refuse(http.StatusUnprocessableEntity, problem)
			return
		} else if err != nil {
			c.fault(w, r, err)
			return
		}
		kept = &f
	}
	err = c.keep(r.Context(), v, s.main, text, u.name, kept)
	if errors.Is(err, correction.ErrTooManyFiles) {
		refuse(http.StatusUnprocessableEntity, web.ErrTooManyFiles)
		return
	}
	if errors.Is(err, correction.ErrTooLarge) {
		refuse(http.StatusUnprocessableEntity, web.ErrCaseFull)
		return
	}
	c.done(w, r, v, s, err, "added", page)
}

// clean makes a file one that may be kept, when there is memory for it.
func (c *Complaints) clean(ctx context.Context, u upload) (evidence.File, error) {
	if u.tooLarge {
		return evidence.File{}, evidence.ErrSize
	}
	cost, err := evidence.Cost(u.body)
	if err != nil {
		return evidence.File{}, err
	}
	if err := c.memory.Acquire(ctx, min(cost, memoryBudget)); err != nil {
		return evidence.File{}, err
	}
	defer c.memory.Release(min(cost, memoryBudget))
	return evidence.Clean(u.body)
}

// refusal is how a page says why a file is not kept.
func refusal(err error) web.Error {
	for cause, problem := range map[error]web.Error{
		evidence.ErrKind: web.ErrFileKind, evidence.ErrSize: web.ErrFileSize, evidence.ErrPixels: web.ErrFilePixels,
		evidence.ErrDamaged: web.ErrFileDamaged, evidence.ErrActive: web.ErrFileActive,
	} {
		if errors.Is(err, cause) {
			return problem
		}
	}
	return ""
}

// keepAttempts bounds how often an addition is tried: officers may take steps in between.
const keepAttempts = 4

// keep adds evidence to a case as it is now.
func (c *Complaints) keep(ctx context.Context, v visitor, to *correction.Case, text, name string, f *evidence.File) error {
	about := map[string]string{}
	if text != "" {
		about["text"] = text
	}
	e := c.evidence(v, about)
	var err error
	for range keepAttempts {
		if f != nil {
			err = c.Queue.AddFile(ctx, to, e, name, *f)
		} else {
			err = c.Queue.AddEvidence(ctx, to, e)
		}
		if !errors.Is(err, storage.ErrConflict) {
			return err
		}
		if to, err = c.Queue.Find(ctx, to.ID); err != nil {
			return err
		}
	}
	return storage.ErrConflict
}
