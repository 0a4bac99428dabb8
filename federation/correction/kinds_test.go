package correction_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"

	"manyou/federation/audit"
)

func TestEveryEventOfACaseIsAKindOfRecord(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "case.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	events := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, "Event") {
			return true
		}
		events++
		event, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil || !slices.Contains(audit.Kinds(), "case."+event) {
			t.Errorf("%s is written nowhere: audit.Kinds does not list it", spec.Names[0].Name)
		}
		return true
	})
	if events == 0 {
		t.Error("there are no events")
	}
}
