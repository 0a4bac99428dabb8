package e2e

import (
	"bytes"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// binary is the real program with a configuration of its own.
type binary struct {
	t    *testing.T
	path string
	dir  string
	url  string // where it serves
}

const province33 = `role: province
region: "33"
issuer: URL
name: {zh: 浙江统一身份认证, en: Zhejiang Identity}
listen: ADDRESS
database: {url: "DATABASE"}
root_key_file: root.key
sms: {webhook: {url: "GATEWAY", token_file: sms.token}}
attempts:
  messages_per_phone: 1000
  messages_per_address: 100000
  proofs_per_person: 100
  proofs_per_address: 100000
log: {level: error}
`

// compile puts the program into a folder.
func compile(t *testing.T, dir string) (path string) {
	t.Helper()
	path = filepath.Join(dir, "manyou")
	if out, err := exec.Command("go", "build", "-o", path, "manyou/cmd/manyou").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

// build compiles the program and writes its configuration. A database of "" is a file of SQLite.
func build(t *testing.T, database, gateway string) *binary {
	t.Helper()
	b := &binary{t: t, dir: t.TempDir()}
	b.path = compile(t, b.dir)
	free, err := net.Listen("tcp4", "127.0.0.1:0")
	must(t, err)
	address := free.Addr().String()
	must(t, free.Close())
	b.url = "http://" + address
	if database == "" {
		database = "sqlite:manyou.db"
	}
	b.write("manyou.yaml", strings.NewReplacer("URL", b.url, "ADDRESS", address, "DATABASE", database, "GATEWAY", gateway).Replace(province33))
	b.write("sms.token", "the-token-of-the-gateway")
	b.write("root.key", strings.Repeat("BwcH", 10)+"Bwc=")
	return b
}

func (b *binary) write(name, text string) {
	b.t.Helper()
	must(b.t, os.WriteFile(filepath.Join(b.dir, name), []byte(text), 0o600))
}

func (b *binary) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(b.t.Context(), b.path, args...)
	cmd.Dir = b.dir
	cmd.Env = append(os.Environ(), "MANYOU_CONFIG=manyou.yaml")
	return cmd
}

// run runs a command to its end.
func (b *binary) run(args ...string) {
	b.t.Helper()
	if out, err := b.command(args...).CombinedOutput(); err != nil {
		b.t.Fatalf("manyou %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// process is a program that serves.
type process struct {
	cmd    *exec.Cmd
	output bytes.Buffer
	ended  chan struct{}
}

// serve starts the issuer and waits until it is ready.
func (b *binary) serve() *process {
	b.t.Helper()
	p := &process{cmd: b.command("serve"), ended: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = &p.output, &p.output
	must(b.t, p.cmd.Start())
	go func() {
		_ = p.cmd.Wait() // it is killed
		close(p.ended)
	}()
	retry := time.NewTicker(10 * time.Millisecond)
	defer retry.Stop()
	for late := time.After(patience); ; {
		if answer, err := http.Get(b.url + "/ready"); err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return p
			}
		}
		select {
		case <-retry.C:
		case <-p.ended:
			b.t.Fatalf("manyou serve ended:\n%s", p.output.String())
		case <-late:
			p.kill()
			b.t.Fatalf("manyou serve is not ready:\n%s", p.output.String())
		}
	}
}

// kill ends the process with SIGKILL, which it cannot notice, and waits until it has ended. It tells as soon as the
// signal is out.
func (p *process) kill(tell ...func()) {
	_ = p.cmd.Process.Kill() // it may have ended already
	for _, f := range tell {
		f()
	}
	<-p.ended
}
