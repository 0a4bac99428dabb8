package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"manyou/storage/vault"
)

// apart is the national issuer as a process of its own: the program that operators run, with a configuration of its own, so that it
// can be killed and started again while the provinces go on.
type apart struct {
	program string
	args    []string
	dir     string
	output  io.Writer
	address string // where it answers that it is ready
	command *exec.Cmd
	ended   chan struct{}
}

// Files of the national issuer in the data folder.
const (
	apartConfig = "nation.yaml"
	apartRoot   = "nation.key"
	apartToken  = "nation.token"
)

// apartYAML is the configuration; "quoted" texts are JSON strings, which are YAML too.
const apartYAML = `# Written by manyou demo.
role: national
region: "00"
issuer: %s
name: {zh: %s, en: %s}
listen: %s
database: {url: %s}
root_key_file: %s
sms: {webhook: {url: %s, token_file: %s}}
passkey: {rp_id: %s}
federation: {enabled: true}
attempts: {messages_per_phone: 100, messages_per_device: 400, messages_per_address: 4000}
log: {level: error}
`

// prepareApart writes what the process needs and gives its port free.
func (n *Nation) prepareApart(o Options, root vault.Root, token string) (*apart, error) {
	var at *place
	var phoneURL string
	for _, p := range n.places {
		switch p.key {
		case "issuer/" + nation:
			at = p
		case "phone":
			phoneURL = p.url
		}
	}
	u, err := url.Parse(at.url)
	if err != nil {
		return nil, err
	}
	file := func(name string) string { return filepath.Join(n.dir, name) }
	texts := []any{}
	for _, text := range []string{
		at.url, issuerNames[nation]["zh"], issuerNames[nation]["en"], net.JoinHostPort("localhost", u.Port()), "sqlite:" + file(databases[nation]),
		file(apartRoot), phoneURL + inboxPath, file(apartToken), u.Hostname(),
	} {
		quoted, err := json.Marshal(text)
		if err != nil {
			return nil, err
		}
		texts = append(texts, string(quoted))
	}
	for name, text := range map[string]string{
		apartConfig: fmt.Sprintf(apartYAML, texts...), apartRoot: root.Text() + "\n", apartToken: token + "\n",
	} {
		if err := writeFile(file(name), []byte(text)); err != nil {
			return nil, err
		}
	}
	closeAll([]*place{at})
	return &apart{program: o.Program[0], args: append(o.Program[1:], "serve", "--config", file(apartConfig)), dir: n.dir, output: o.ProgramOutput, address: at.url + "/ready"}, nil
}

const apartTimeout = 20 * time.Second

// start starts the process and waits until it is ready.
func (a *apart) start(ctx context.Context, client *http.Client) error {
	a.command = exec.Command(a.program, a.args...) //nolint:gosec,noctx // the caller's own program; it is stopped gently
	a.command.Dir, a.command.Stderr, a.command.Stdout = a.dir, a.output, a.output
	if err := a.command.Start(); err != nil {
		return fmt.Errorf("start the national issuer: %w", err)
	}
	ended := make(chan struct{})
	a.ended = ended
	go func(c *exec.Cmd) {
		_ = c.Wait() // it may be killed; that is what it is apart for
		close(ended)
	}(a.command)
	ctx, cancel := context.WithTimeout(ctx, apartTimeout)
	defer cancel()
	for {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, a.address, nil)
		if err != nil {
			return err
		}
		if answer, err := client.Do(r); err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ended:
			return errors.New("the national issuer ended as soon as it was started")
		case <-ctx.Done():
			return fmt.Errorf("the national issuer is not ready: %w", ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// stop ends the process, if it has not ended, and waits for it.
func (a *apart) stop() {
	if a.command == nil || a.command.Process == nil {
		return
	}
	_ = a.command.Process.Signal(os.Interrupt) // it may have ended
	select {
	case <-a.ended:
	case <-time.After(2 * closeTimeout):
		_ = a.command.Process.Kill()
		<-a.ended
	}
}

// Apart is the process of the national issuer, and the command that starts it again; 0 and nil if it is no process of its own.
func (n *Nation) Apart() (pid int, command []string) {
	if n.apart == nil || n.apart.command == nil {
		return 0, nil
	}
	return n.apart.command.Process.Pid, append([]string{n.apart.program}, n.apart.args...)
}

// Restart starts the national issuer again after its process ended. It waits for that end: one that was killed has its port for a moment more.
func (n *Nation) Restart(ctx context.Context) error {
	if n.apart.ended != nil {
		select {
		case <-n.apart.ended:
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(apartTimeout):
			return errors.New("the national issuer still runs")
		}
	}
	return n.apart.start(ctx, n.Client)
}
