package web

import (
	"time"

	"manyou/federation/correction"
)

// CaseReceived is the form in which a name was received, where it is another than the stored one.
type CaseReceived struct {
	Form    []correction.Character
	Mapping string // the version of the table by which they are one
	Who     Who    // wrote it so
}

// CaseSource is what one source says.
type CaseSource struct {
	Who   Who
	At    time.Time
	ACR   int      // 0: nobody was authenticated
	Chain []string // by which it is trusted
	Said  []CaseSaid
}

// CaseSaid is one value of a source.
type CaseSaid struct {
	Key     string // one of [SaidKeys], or any other
	Known   bool   // it is one of them
	Text    string // where it is prose
	Kind    string // of a document; "" if it is none
	Value   []correction.Character
	Codes   bool // the code points matter
	Same    bool // it is what is stored here
	Mapped  bool // the same characters under other code points
	Differs bool
}

// SaidKeys lists the values that there are words for.
func SaidKeys() []string {
	return []string{"name", "name_received", "document", "phone", "phone_proven", "ways_left", "birth_date", "region", "text", "by", "mapping"}
}

// Notes lists what is unusual about the characters.
func (s CaseSaid) Notes() (list []correction.Character) {
	for _, c := range s.Value {
		if c.Note != "" && c.Note != correction.NoteSeparator {
			list = append(list, c)
		}
	}
	return list
}

// CharacterNotes lists what may be unusual about a character.
func CharacterNotes() []correction.CharacterNote {
	return []correction.CharacterNote{correction.NotePrivate, correction.NoteCompatibility, correction.NoteRare, correction.NoteVariant}
}

// CaseFile is a file of a case.
type CaseFile struct {
	Name, Kind string
	Size       int64 // bytes
	Who        Who
	At         time.Time
	URL        string
}
