package idp_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"manyou/federation/signals"
	"manyou/storage"
)

// receiver is test/foreign/receiver.mjs: a receiver and a verifier that share no code with this issuer, on the keys that it publishes alone.
type receiver struct {
	t     *testing.T
	url   string
	in    io.WriteCloser
	lines *bufio.Scanner
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", "test", "foreign"))
	must(t, err)
	node := filepath.Join(dir, "node_modules", ".bin", "node")
	if _, err := exec.LookPath(node); err != nil {
		t.Fatalf("the foreign programs are not there; `make test-tools` installs them (npm): %v", err)
	}
	c := exec.CommandContext(t.Context(), node, "receiver.mjs")
	c.Dir = dir
	errors := &strings.Builder{}
	c.Stderr = errors
	r := &receiver{t: t}
	r.in, err = c.StdinPipe()
	must(t, err)
	out, err := c.StdoutPipe()
	must(t, err)
	r.lines = bufio.NewScanner(out)
	r.lines.Buffer(nil, 4<<20)
	must(t, c.Start())
	t.Cleanup(func() {
		_ = c.Process.Kill() // it may have ended already
		_ = c.Wait()
		if t.Failed() {
			t.Logf("receiver: %s", errors)
		}
	})
	var first struct{ URL string }
	r.says(&first)
	r.url = first.URL
	return r
}

func (r *receiver) says(into any) {
	r.t.Helper()
	if !r.lines.Scan() {
		r.t.Fatalf("the receiver said nothing: %v", r.lines.Err())
	}
	must(r.t, json.Unmarshal(r.lines.Bytes(), into))
}

// do has it do something, and reads the answer. What it finds wrong fails the test.
func (r *receiver) do(what string, with map[string]any, into any) {
	r.t.Helper()
	command := map[string]any{"do": what}
	for k, v := range with {
		command[k] = v
	}
	raw, err := json.Marshal(command)
	must(r.t, err)
	_, err = r.in.Write(append(raw, '\n'))
	must(r.t, err)
	var answer struct {
		OK     json.RawMessage
		Failed string
	}
	if r.says(&answer); answer.Failed != "" {
		r.t.Fatal(answer.Failed)
	}
	if into != nil {
		must(r.t, json.Unmarshal(answer.OK, into))
	}
}

// open makes it a receiver of an issuer's, as an application.
func (r *receiver) open(w *world, client string) {
	r.t.Helper()
	w.application(client, func(a *storage.Application) {
		a.Scopes = append(a.Scopes, signals.ScopeManage, signals.ScopeRead)
		a.RedirectURIs = append(a.RedirectURIs, r.url+"/cb")
		a.StatusList = true
	})
	w.pass(2 * time.Second) // for which a registration is remembered
	r.do("open", map[string]any{"issuer": w.url, "client_id": client, "client_secret": secretOf(client), "now": w.clock().Unix()}, nil)
}

// set are the claims of a token that the receiver believes.
type set struct {
	ID      string            `json:"jti"`
	Issuer  string            `json:"iss"`
	Txn     string            `json:"txn"`
	Subject signals.SubjectID `json:"sub_id"`
	Events  map[string]map[string]any
}

// says is what a token says, in short.
func (s set) says() string {
	for event, payload := range s.Events {
		name := event[strings.LastIndexAny(event, "/:")+1:]
		if what, ok := payload["what"]; ok {
			name += " " + fmt.Sprint(what)
		}
		return s.Subject.Subject + " " + name
	}
	return ""
}

func inShort(list []set) (short []string) {
	for _, s := range list {
		short = append(short, s.says())
	}
	return short
}

// inOrder checks that tokens come in the order of what happened.
func inOrder(t *testing.T, list []set) {
	t.Helper()
	last := 0
	for _, s := range list {
		n, err := strconv.Atoi(s.Txn)
		must(t, err)
		if n < last {
			t.Errorf("%s comes after %d", s.Txn, last)
		}
		last = n
	}
}
