package relational

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
)

// placeholders writes rows of parameters: "($1, $2), ($3, $4)".
func placeholders(rows, columns int) string {
	var b strings.Builder
	n := 1
	for r := range rows {
		if r > 0 {
			b.WriteString(", ")
		}
		b.WriteByte('(')
		for c := range columns {
			if c > 0 {
				b.WriteString(", ")
			}
			b.WriteByte('$')
			b.WriteString(strconv.Itoa(n))
			n++
		}
		b.WriteByte(')')
	}
	return b.String()
}

// sortByFirstArg orders statements by their first argument, a key of bytes.
func sortByFirstArg(statements []Statement) {
	slices.SortFunc(statements, func(a, b Statement) int {
		return bytes.Compare(a.Args[0].([]byte), b.Args[0].([]byte))
	})
}
