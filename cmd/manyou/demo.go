package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"

	"manyou/cmd/manyou/demo"
)

type demoCommand struct {
	Data     string `placeholder:"DIR" type:"path" help:"Keep databases, keys and secrets in this folder. Without it nothing is kept."`
	Describe string `placeholder:"FILE" type:"path" help:"Once all is up, write there how programs can attach, as JSON."`
	Port     int    `default:"9000" placeholder:"N" help:"Port of the national issuer (${default}); the others are N+33, N+51, N+100, N+133, N+151, N+233 and N+333."`
	Apart    bool   `help:"Run the national issuer as a process of its own, to see what goes on without it: kill -9, and start it again."`
	Verbose  bool   `short:"v" help:"Log what the parties do."`
}

// maxPort leaves room for the ports above the first.
const maxPort = 65535 - 333

// Run shows the nation until it is told to stop.
func (c *demoCommand) Run(ctx context.Context, t *terminal) (err error) {
	if c.Port < 1 || c.Port > maxPort {
		return usagef("--port is between 1 and %d", maxPort)
	}
	level := slog.LevelError
	if c.Verbose {
		level = slog.LevelDebug
	}
	screen := demo.NewScreen(t.out, t.outTTY && t.getenv("NO_COLOR") == "")
	var program []string
	if c.Apart {
		self, err := exec.LookPath(os.Args[0])
		if err == nil {
			self, err = filepath.Abs(self)
		}
		if err != nil {
			return fmt.Errorf("find this program: %w", err)
		}
		program = []string{self}
	}
	n, err := demo.Start(ctx, demo.Options{
		DataDir: c.Data, Port: c.Port, Delivered: screen.Message, Program: program, ProgramOutput: t.err,
		Logger: slog.New(slog.NewTextHandler(t.err, &slog.HandlerOptions{Level: level})),
	})
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := n.Close(); err == nil {
			err = closeErr
		}
		if err == nil {
			screen.Stopped(c.Data)
		}
	}()
	screen.Welcome(n)
	if c.Describe != "" {
		if err := n.Description().WriteFile(c.Describe); err != nil {
			return err
		}
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-n.Failed():
		return err
	}
}
