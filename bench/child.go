package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// task is what the driver tells a child on its standard input, in JSON.
type task struct {
	Database string `json:"database"` // URL, as cmd/manyou/backend reads it
	Root     string `json:"root"`     // root key, as vault.ParseRoot reads it
	Inbox    string `json:"inbox"`    // URL that takes messages for phones
	// Sessions and Newcomers say how many citizens with a session, and how many who are only in the register, are
	// seeded.
	Sessions  int `json:"sessions"`
	Newcomers int `json:"newcomers"`
	// Listen is the address where a nation listens that is started again and again.
	Listen string `json:"listen"`
}

// ready is what a child says on its standard output, in JSON, once it serves.
type ready struct {
	URL   string `json:"url"`
	Meter string `json:"meter"` // URL of what only the driver asks; "" if there is none
}

// roles are what this program is as a child, by the argument that it gets then.
var roles = map[string]func(ctx context.Context, t task, say func(any) error) error{
	"child:seed":   seed,
	"child:issuer": serveIssuer,
	"child:limit":  serveLimit,
	nationRole:     serveNation,
}

// beChild does the work of a role until standard input ends, which it does at the latest with the driver.
func beChild(ctx context.Context, role func(context.Context, task, func(any) error) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	in := bufio.NewReader(os.Stdin)
	line, err := in.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("read the task: %w", err)
	}
	var t task
	if err := json.Unmarshal(line, &t); err != nil {
		return fmt.Errorf("read the task: %w", err)
	}
	go func() {
		_, _ = io.Copy(io.Discard, in) // however it ends, the driver is gone
		cancel()
	}()
	return role(ctx, t, json.NewEncoder(os.Stdout).Encode)
}

// child is a process that serves until it is stopped.
type child struct {
	ready
	pid   int
	cmd   *exec.Cmd
	input io.Closer
}

// start starts a child and waits for its first words, which it reads into answer.
func start(ctx context.Context, role string, t task, answer any) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, role) //nolint:gosec // this very program
	cmd.Stderr = os.Stderr
	if os.Getenv("GOGC") == "" {
		cmd.Env = append(os.Environ(), "GOGC=400") // as "manyou serve" sets it; the limit gets the same
	}
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &child{pid: cmd.Process.Pid, cmd: cmd, input: input}
	if err := json.NewEncoder(input).Encode(t); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", role, err), c.stop())
	}
	if err := json.NewDecoder(output).Decode(answer); err != nil {
		return nil, errors.Join(fmt.Errorf("%s did not get ready: %w", role, err), c.stop())
	}
	return c, nil
}

// serving starts a child that serves.
func serving(ctx context.Context, role string, t task) (*child, error) {
	var r ready
	c, err := start(ctx, role, t, &r)
	if err != nil {
		return nil, err
	}
	c.ready = r
	return c, nil
}

// stop asks a child to end and waits for it.
func (c *child) stop() error {
	if err := c.input.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return err
	}
	return c.cmd.Wait()
}
