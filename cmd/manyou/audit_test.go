package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"manyou/federation/audit"
	"manyou/storage"
)

// TestEveryDecisionOfACommandIsAKindOfRecord looks at what the commands hand to record: a kind, or the beginning of one with a status behind.
func TestEveryDecisionOfACommandIsAKindOfRecord(t *testing.T) {
	statuses := map[string][]string{
		"province.": {string(storage.UpstreamActive), string(storage.UpstreamSuspended)},
		"entity.":   {string(storage.SubordinateActive), string(storage.SubordinateSuspended)},
		"application.": {
			string(storage.ApplicationSubmitted), string(storage.ApplicationApproved), string(storage.ApplicationPublished),
			string(storage.ApplicationSuspended), string(storage.ApplicationRetired),
		},
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 3 {
				return true
			}
			if f, ok := call.Fun.(*ast.SelectorExpr); !ok || f.Sel.Name != "record" {
				return true
			}
			found++
			for _, kind := range recordedKinds(call.Args[1], statuses) {
				if !slices.Contains(audit.Kinds(), kind) {
					t.Errorf("%s: audit.Kinds does not list %q", name, kind)
				}
			}
			for _, e := range call.Args[2].(*ast.CompositeLit).Elts {
				field, _ := strconv.Unquote(e.(*ast.KeyValueExpr).Key.(*ast.BasicLit).Value)
				if !slices.Contains(audit.Fields(), field) {
					t.Errorf("%s: audit.Fields does not list %q", name, field)
				}
			}
			return true
		})
	}
	if found == 0 {
		t.Error("no command decides anything")
	}
}

// recordedKinds are those that an expression may be.
func recordedKinds(e ast.Expr, statuses map[string][]string) (list []string) {
	switch e := e.(type) {
	case *ast.BasicLit:
		kind, _ := strconv.Unquote(e.Value)
		return []string{kind}
	case *ast.BinaryExpr:
		for _, before := range recordedKinds(e.X, statuses) {
			for _, status := range statuses[before] {
				list = append(list, before+status)
			}
			if !strings.HasSuffix(before, ".") || len(list) == 0 {
				return []string{before + "?"}
			}
		}
		return list
	}
	return []string{"?"}
}
