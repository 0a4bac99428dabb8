package audit

import (
	"fmt"
	"slices"
	"strings"
)

// KindLooked is the record of a look at a case.
const KindLooked = "case.looked"

// Kinds lists the kinds of record that are written, by what they are about. One that is not among them is written nowhere, and readers have
// words for all of them. A log may hold others still: those of an earlier version, or a later one.
func Kinds() (list []string) {
	for _, about := range []struct {
		what  string
		kinds string
	}{
		{"case", "filed triaged taken proposed returned endorsed approved applied propagated closed rejected withdrawn appealed reopened noted evidence " +
			"escalated held confirmed lifted lapsed joined looked"},
		{"province", "add invite approve approve_anyway decline suspend resume active suspended"},
		{"application", "add change secret submitted approved published suspended retired"},
		{"entity", "add active suspended"},
		{"mark", "add revoke"},
		{"staff", "add remove"},
		{"stream", "repeat"},
		{"keys", "rotate"},
		{"database", "recovered"},
	} {
		for kind := range strings.FieldsSeq(about.kinds) {
			list = append(list, about.what+"."+kind)
		}
	}
	return list
}

// Fields lists the names of the details that are written. Where there are several of one, a number follows: "placed_0".
func Fields() []string {
	return []string{
		"algorithm", "by", "case", "client_id", "decision", "entity", "fields", "file", "issuer", "key", "kind", "lifted", "number", "person", "placed", "reason",
		"region", "regions", "roles", "sealed", "sessions", "signs", "since", "state", "status", "type",
	}
}

// Field is the field of a detail, without its number.
func Field(detail string) string {
	if n := strings.LastIndexByte(detail, '_'); n > 0 && n+1 < len(detail) && strings.Trim(detail[n+1:], "0123456789") == "" {
		return detail[:n]
	}
	return detail
}

// known holds an entry to the kinds and fields that readers have words for.
func (e Entry) known() error {
	if !slices.Contains(Kinds(), e.Kind) {
		return fmt.Errorf("audit: no kind %q", e.Kind)
	}
	for name := range e.Detail {
		if !slices.Contains(Fields(), Field(name)) {
			return fmt.Errorf("audit: a record of kind %q has no field %q", e.Kind, name)
		}
	}
	return nil
}
