package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// Exit codes.
const (
	exitOK       = 0
	exitFailed   = 1 // what was asked for could not be done, or not all of it
	exitBadUsage = 2 // the command line or the configuration is wrong
)

// commands is the command line.
type commands struct {
	Demo     demoCommand     `cmd:"" help:"Run one nation, two provinces and three applications on this machine."`
	Serve    serveCommand    `cmd:"" help:"Run an issuer."`
	Migrate  migrateCommand  `cmd:"" help:"Bring the database up to date."`
	Register registerCommand `cmd:"" help:"The register of natural persons."`
	App      appCommand      `cmd:"" help:"The applications registered here."`
	Province provinceCommand `cmd:"" help:"The issuers whose people may sign in here."`
	Staff    staffCommand    `cmd:"" help:"Who may decide in the console of the nation."`
	Entity   entityCommand   `cmd:"" help:"The entities of the federation that this issuer vouches for."`
	Recover  recoverCommand  `cmd:"" help:"After the database came back from a backup: end what was issued, and say who is to tell again what happened since."`
	Stream   streamCommand   `cmd:"" help:"Who is told what happens to people, and how far each has heard."`
	Audit    auditCommand    `cmd:"" help:"The log of what was decided."`
	Explain  explainCommand  `cmd:"" help:"Say what a token is, whether it stands, and why."`
	Keys     keysCommand     `cmd:"" help:"Signing keys and the root key."`
	Config   configCommand   `cmd:"" help:"The configuration file."`
	Version  versionCommand  `cmd:"" help:"Say which version this is."`
}

// terminal is what a command reads, writes and is told by.
type terminal struct {
	in       io.Reader
	out, err io.Writer
	getenv   func(string) string
	isTTY    bool // err is a terminal: progress may be drawn
	outTTY   bool // out is a terminal: colours may be used
}

func main() {
	// What libraries log past the loggers they are given is for nobody at a terminal.
	slog.SetDefault(slog.New(slog.DiscardHandler))
	// The first signal asks the command to stop; a second one ends the process.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	t := &terminal{in: os.Stdin, out: os.Stdout, err: os.Stderr, getenv: os.Getenv, isTTY: isTerminal(os.Stderr), outTTY: isTerminal(os.Stdout)}
	code := run(ctx, os.Args[1:], t)
	stop()
	os.Exit(code)
}

// run parses the command line and runs the command it names.
func run(ctx context.Context, args []string, t *terminal) (code int) {
	var cli commands
	exited := -1
	parser, err := kong.New(&cli,
		kong.Name("manyou"),
		kong.Description("A national federated identity provider: sign in once, in the province where you live."),
		kong.UsageOnError(), kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Writers(t.out, t.err),
		kong.Exit(func(code int) { exited = code }), // after --help
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(t),
	)
	if err != nil {
		fmt.Fprintln(t.err, "manyou:", err)
		return exitFailed
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	k, err := parser.Parse(args)
	if exited >= 0 {
		return exited
	}
	if err != nil {
		fmt.Fprintln(t.err, "manyou:", err)
		fmt.Fprintln(t.err, "Run manyou --help for the commands, and manyou COMMAND --help for one of them.")
		return exitBadUsage
	}
	err = k.Run()
	var u usageError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &u):
		fmt.Fprintln(t.err, "manyou:", err)
		return exitBadUsage
	default:
		fmt.Fprintln(t.err, "manyou:", err)
		return exitFailed
	}
}

// usageError is a mistake in the command line or the configuration.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
}
