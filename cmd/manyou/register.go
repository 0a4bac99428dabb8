package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"

	"manyou/federation/identity"
	"manyou/federation/register"
)

type registerCommand struct {
	Import registerImport `cmd:"" help:"Import people from a CSV file. Run again after an interruption, it continues."`
	Count  registerCount  `cmd:"" help:"Say how many people are in the register."`
}

type registerImport struct {
	configFlag
	File string `arg:"" placeholder:"FILE" help:"CSV (UTF-8) whose first line names the columns: name, document_kind, document_number, phone, region, status."`
}

// Run imports the good rows of a file, reports the bad ones, and fails if there were any.
func (c *registerImport) Run(ctx context.Context, t *terminal) error {
	return c.use(ctx, t, func(o *opened) error {
		f, err := os.Open(c.File)
		if err != nil {
			return err
		}
		defer f.Close()
		p := newProgress(t)
		result, err := register.NewImporter(o.store, time.Now).Import(ctx, f, register.Options{
			OnBadRow: func(e register.RowError) {
				p.clear()
				fmt.Fprintf(t.err, "%s:%d: %s\n", c.File, e.Line, explainRow(e))
			},
			OnProgress: p.show,
		})
		p.clear()
		switch {
		case errors.Is(err, register.ErrHeader):
			return usagef("%s: %w", c.File, err)
		case errors.Is(err, context.Canceled):
			return fmt.Errorf("interrupted after line %d; run the same command again to continue from there", result.Lines)
		case err != nil:
			return err
		}
		return reportImport(t, result)
	})
}

// reportImport says what the import came to, over all of its runs.
func reportImport(t *terminal, r register.Result) error {
	prefix := "Imported"
	switch {
	case r.Already:
		prefix = "This file was imported before:"
	case r.Resumed:
		prefix = "Continued an interrupted import: imported"
	}
	if _, err := fmt.Fprintf(t.out, "%s %d people, %d rows rejected.\n", prefix, r.Imported, r.Rejected); err != nil {
		return err
	}
	if r.Rejected > 0 {
		return fmt.Errorf("%d rows were rejected; correct them in a file of their own and import that", r.Rejected)
	}
	return nil
}

// reasons explain why a row is rejected, in words for whoever made the file.
var reasons = map[identity.Reason]string{
	identity.ReasonEmpty:        "is empty",
	identity.ReasonTooLong:      "is too long",
	identity.ReasonFormat:       "has the wrong length, or a character that cannot stand there",
	identity.ReasonCheckDigit:   "the check digit is wrong: probably a slip of the finger",
	identity.ReasonBirthDate:    "the birth date in it does not exist, or is still to come",
	identity.ReasonRegion:       "is not a province-level code of GB/T 2260, such as 33",
	identity.ReasonIssuingState: "a passport number begins with the issuing state: CHN/E00000000",
	identity.ReasonUnknownKind:  "is none of " + kinds(),
	identity.ReasonEncoding:     "is not UTF-8",
	identity.ReasonInvisible:    "has an invisible character in it",
	identity.ReasonNoLetter:     "has no letter in it",
	register.ReasonLineTooLong:  "the line is longer than 4096 bytes",
	register.ReasonQuotes:       "the quotation marks do not match",
	register.ReasonFields:       "the line has more or fewer fields than there are columns",
	register.ReasonStatus:       "is none of valid, deceased, cancelled",
	register.ReasonConflict:     "an earlier line gives this document another name, phone, region or status",
}

func kinds() string {
	var names []string
	for _, k := range identity.Kinds() {
		names = append(names, string(k))
	}
	return strings.Join(names, ", ")
}

func explainRow(e register.RowError) string {
	text, ok := reasons[e.Reason]
	if !ok {
		text = string(e.Reason)
	}
	if e.Column == "" {
		return text
	}
	return e.Column + ": " + text
}

// progress shows how far an import is: a bar on a terminal, a line now and then elsewhere.
type progress struct {
	out  io.Writer
	bar  *progressbar.ProgressBar // nil where there is no terminal
	next int64                    // line at which the next plain line is due
}

// plainEvery is how many lines of the file lie between two lines of plain progress.
const plainEvery = 100_000

func newProgress(t *terminal) *progress {
	p := &progress{out: t.err, next: plainEvery}
	if t.isTTY {
		p.bar = progressbar.NewOptions64(1, progressbar.OptionSetWriter(t.err), progressbar.OptionShowBytes(true),
			progressbar.OptionSetWidth(30), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(),
			progressbar.OptionSetDescription("importing"))
	}
	return p
}

func (p *progress) show(now register.Progress) {
	if p.bar != nil {
		p.bar.ChangeMax64(max(now.Total, 1))
		p.bar.Describe(fmt.Sprintf("%d imported, %d rejected", now.Imported, now.Rejected))
		p.bar.Set64(now.Bytes) //nolint:errcheck // a bar that cannot be drawn is no reason to stop
		return
	}
	if now.Line >= p.next {
		fmt.Fprintf(p.out, "line %d: %d imported, %d rejected\n", now.Line, now.Imported, now.Rejected)
		p.next = now.Line + plainEvery
	}
}

// clear removes the bar, so that a line can be written.
func (p *progress) clear() {
	if p.bar != nil {
		p.bar.Clear() //nolint:errcheck // as above
	}
}

type registerCount struct {
	configFlag
	JSON bool `help:"Print as JSON."`
}

// Run counts the entries of the register.
func (c *registerCount) Run(ctx context.Context, t *terminal) error {
	return c.use(ctx, t, func(o *opened) error {
		n, err := o.store.RegisterCount(ctx)
		if err != nil {
			return err
		}
		if c.JSON {
			return writeJSON(t.out, map[string]int64{"people": n})
		}
		_, err = fmt.Fprintf(t.out, "%d people\n", n)
		return err
	})
}
