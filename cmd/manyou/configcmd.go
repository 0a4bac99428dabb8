package main

import (
	"fmt"

	"manyou/cmd/manyou/config"
)

type configCommand struct {
	Check configCheck `cmd:"" help:"Explain every problem of a configuration, and open nothing."`
	Print configPrint `cmd:"" help:"Print a configuration with its defaults, without secrets."`
}

type configCheck struct {
	configFlag
	JSON bool `help:"Print the problems as JSON."`
}

// Run prints the problems, and fails if one of them is fatal.
func (c *configCheck) Run(t *terminal) error {
	loaded, err := config.Load(c.Config, t.getenv)
	if err != nil {
		return usageError{err}
	}
	problems := loaded.Check(t.getenv)
	if c.JSON {
		if err := writeJSON(t.out, append([]config.Problem{}, problems...)); err != nil {
			return err
		}
	} else {
		printProblems(t, c.Config, problems)
	}
	if config.Fatal(problems) {
		return usagef("the configuration is wrong")
	}
	if !c.JSON {
		fmt.Fprintf(t.out, "%s: good, %d warnings\n", c.Config, len(problems))
	}
	return nil
}

type configPrint struct {
	Config   string `short:"c" placeholder:"FILE" env:"MANYOU_CONFIG" help:"Configuration to print."`
	Defaults bool   `help:"Print the defaults, with a comment for each key, as a file to begin with."`
}

// Run prints a configuration file.
func (c *configPrint) Run(t *terminal) error {
	var out []byte
	var err error
	switch {
	case c.Defaults:
		out, err = config.Reference()
	case c.Config == "":
		return usagef("name a file with --config, or ask for --defaults")
	default:
		var loaded config.Config
		if loaded, err = config.Load(c.Config, t.getenv); err != nil {
			return usageError{err}
		}
		out, err = loaded.Marshal()
	}
	if err != nil {
		return err
	}
	_, err = t.out.Write(out)
	return err
}
