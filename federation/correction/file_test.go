package correction_test

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"

	"manyou/federation/correction"
	"manyou/federation/correction/evidence"
	"manyou/storage"
)

func TestAFileIsEvidenceWithWhereItCameFrom(t *testing.T) {
	o := newOffice(t)
	c, wrong, _, _ := o.wrongLink()
	f := evidence.File{Media: evidence.PNG, Body: []byte("a picture")}
	said := correction.Evidence{Source: correction.Person(wrong), ACR: 2, Said: map[string]string{"text": "户口本"}}
	must(t, o.AddFile(t.Context(), c, said, "户口本.png", f))
	c = o.again(c)
	last := c.Body.Evidence[len(c.Body.Evidence)-1]
	if last.File == nil || last.File.Name != "户口本.png" || last.Source != said.Source || last.ACR != 2 || !last.At.Equal(o.now) {
		t.Fatalf("%+v", last)
	}
	named, got, err := o.Attachment(t.Context(), c, last.File.ID)
	if err != nil || named != *last.File || !bytes.Equal(got, f.Body) {
		t.Errorf("%+v %q %v", named, got, err)
	}
	if _, _, err := o.Attachment(t.Context(), c, "another"); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("%v", err)
	}
	// Nobody names a file without bringing it.
	said.File = &correction.File{ID: last.File.ID, Name: "else"}
	must(t, o.AddEvidence(t.Context(), c, said))
	if n := len(o.again(c).Files()); n != 1 {
		t.Errorf("%d files", n)
	}
}

func TestOfFilesAtOnceNoneIsMoreThanACaseMayHave(t *testing.T) {
	o := newOffice(t)
	c, wrong, _, _ := o.wrongLink()
	said := correction.Evidence{Source: correction.Person(wrong)}
	f := evidence.File{Media: evidence.PNG, Body: []byte("a picture")}
	must(t, o.AddFile(t.Context(), c, said, "", f))
	o.refused(o.AddFile(t.Context(), c, said, strings.Repeat("长", 101), f), correction.ErrTooLarge)
	o.refused(o.AddFile(t.Context(), c, said, "", evidence.File{Media: evidence.PNG, Body: make([]byte, evidence.MaxSize+1)}), correction.ErrTooLarge)
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			for {
				err := o.AddFile(t.Context(), o.again(c), said, "", f)
				if errors.Is(err, correction.ErrTooManyFiles) {
					return
				} else if err != nil && !errors.Is(err, storage.ErrConflict) {
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	if n := len(o.again(c).Files()); n != 10 {
		t.Errorf("%d files", n)
	}
}
