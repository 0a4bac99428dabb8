// Package manyou_test holds the house law: who may import whom, and what a room looks like.
package manyou_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// pkg is what "go list" says of a package.
type pkg struct {
	ImportPath   string
	Name         string
	Dir          string
	GoFiles      []string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

const module = "manyou/"

// packages lists the packages of the module.
func packages(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.Command("go", "list", "-pgo=off", "-json=ImportPath,Name,Dir,GoFiles,Imports,TestImports,XTestImports", "./...").Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go list: %s", exit.Stderr)
		}
		t.Fatal(err)
	}
	var list []pkg
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
}

// within reports whether an import path is a folder of the module or lies below it.
func within(importPath string, folders ...string) bool {
	return slices.ContainsFunc(folders, func(f string) bool {
		return importPath == module+f || strings.HasPrefix(importPath, module+f+"/")
	})
}

// room is the outermost folder of a package of this module, "" for others.
func room(importPath string) string {
	rest, ok := strings.CutPrefix(importPath, module)
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(rest, "/")
	return name
}

// mayImport says which rooms a room may look into, besides itself. Imports run one way:
// cmd → idp → federation, authenticators → storage.
var mayImport = map[string][]string{
	"storage":        {},
	"authenticators": {"storage"},
	"federation":     {"storage"},
	"idp":            {"storage", "authenticators", "federation"},
	"cmd":            {"storage", "authenticators", "federation", "idp"},
	"e2e":            {"storage", "authenticators", "federation", "idp", "cmd"}, // tests of the whole house
	"bench":          {"storage", "authenticators", "federation", "idp", "cmd"}, // measures it
}

func TestImportsRunOneWay(t *testing.T) {
	for _, p := range packages(t) {
		from := room(p.ImportPath)
		allowed, known := mayImport[from]
		if !known {
			if len(p.GoFiles) > 0 {
				t.Errorf("%s: no room of the house; add it to the law or move it", p.ImportPath)
			}
			continue
		}
		for _, i := range p.Imports {
			if to := room(i); to != "" && to != from && !slices.Contains(allowed, to) {
				t.Errorf("%s imports %s: %s may not look into %s", p.ImportPath, i, from, to)
			}
		}
	}
}

// backends are the packages that know a database.
var backends = []string{"storage/postgres", "storage/sqlite", "storage/relational"}

func TestOnlyCommandsAndTestsNameABackend(t *testing.T) {
	for _, p := range packages(t) {
		if within(p.ImportPath, "cmd", "storage", "e2e", "bench") || room(p.ImportPath) == "" {
			continue
		}
		for _, i := range p.Imports {
			if within(i, backends...) && mayImport[room(p.ImportPath)] != nil {
				t.Errorf("%s names the backend %s", p.ImportPath, i)
			}
		}
	}
}

// libraries belong to one room, and stay in it.
var libraries = []struct {
	prefix string
	rooms  []string
}{
	{"github.com/jackc/pgx", []string{"storage/postgres", "storage/storagetest", "bench"}},
	{"modernc.org/sqlite", []string{"storage/sqlite", "bench"}},
	{"github.com/pressly/goose", []string{"storage/postgres", "storage/sqlite"}},
	{"github.com/tink-crypto/tink-go", []string{"storage/vault"}},
	{"github.com/go-webauthn/webauthn", []string{"authenticators/passkey"}},
	{"github.com/pquerna/otp", []string{"authenticators/otp"}},
	{"rsc.io/qr", []string{"authenticators"}},
	{"github.com/zitadel/oidc/v3/pkg/op", []string{"idp"}},
	{"github.com/zitadel/oidc/v3/pkg/client", []string{"federation/upstream"}},
	{"github.com/coreos/go-oidc", []string{"cmd/manyou/demo/application"}},
	{"github.com/alecthomas/kong", []string{"cmd"}},
	{"github.com/goccy/go-yaml", []string{"cmd/manyou/config"}},
	{"github.com/schollz/progressbar", []string{"cmd"}},
}

func TestALibraryStaysInItsRoom(t *testing.T) {
	for _, p := range packages(t) {
		for _, i := range p.Imports {
			for _, l := range libraries {
				if (i == l.prefix || strings.HasPrefix(i, l.prefix+"/")) && !within(p.ImportPath, l.rooms...) {
					t.Errorf("%s imports %s, which belongs to %s", p.ImportPath, i, strings.Join(l.rooms, ", "))
				}
			}
		}
	}
}

func TestTheDemoApplicationIsAnOutsider(t *testing.T) {
	for _, p := range packages(t) {
		if !within(p.ImportPath, "cmd/manyou/demo/application") {
			continue
		}
		for _, i := range p.Imports {
			if room(i) != "" {
				t.Errorf("%s imports %s; an outside client could not", p.ImportPath, i)
			}
		}
	}
}

func TestEveryRoomSaysWhatItOwns(t *testing.T) {
	vague := []string{"util", "utils", "common", "types", "models", "helpers", "misc", "shared"}
	for _, p := range packages(t) {
		if slices.Contains(vague, path.Base(p.ImportPath)) {
			t.Errorf("%s: the name says nothing", p.ImportPath)
		}
		if len(p.GoFiles) == 0 {
			continue
		}
		documented := slices.ContainsFunc(p.GoFiles, func(f string) bool {
			text, err := os.ReadFile(filepath.Join(p.Dir, f))
			if err != nil {
				t.Fatal(err)
			}
			return f == "doc.go" || strings.HasPrefix(string(text), "// Package "+p.Name+" ")
		})
		if !documented {
			t.Errorf("%s: no doc.go says what the room owns", p.ImportPath)
		}
	}
}

// maxLines keeps files readable: split by flow, early.
const maxLines = 360

func TestFilesStayShortAndFinished(t *testing.T) {
	skip := "t." + "Skip" // not spelled out, or this file would break the rule
	unfinished := []string{"TO" + "DO", "FIX" + "ME", "XX" + "X:"}
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(name) != ".go" {
			return err
		}
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		lines := 0
		for s := bufio.NewScanner(f); s.Scan(); {
			lines++
			if strings.Contains(s.Text(), skip) {
				t.Errorf("%s:%d: nothing is skipped", name, lines)
			}
			for _, word := range unfinished {
				if strings.Contains(s.Text(), word) {
					t.Errorf("%s:%d: unfinished", name, lines)
				}
			}
		}
		if lines > maxLines && !strings.HasSuffix(name, "_test.go") {
			t.Errorf("%s has %d lines, more than %d", name, lines, maxLines)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
