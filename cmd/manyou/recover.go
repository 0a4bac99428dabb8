package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"manyou/storage"
)

type recoverCommand struct {
	configFlag
	sinceFlag
	Confirm bool `help:"Do it. Without it nothing is done."`
}

// Run makes a database safe to serve that came back from a backup. What it cannot know is listed for the operator.
func (c *recoverCommand) Run(ctx context.Context, t *terminal) error {
	return c.use(ctx, t, func(o *opened) error {
		now := time.Now()
		since, err := c.moment(now)
		if err != nil {
			return err
		}
		if !c.Confirm {
			_, err := fmt.Fprintln(t.out, "Every session and every token of this issuer would end, and everybody sign in again. Nothing was done; --confirm does it.")
			return err
		}
		ended, err := o.store.Recover(ctx, now)
		if err != nil {
			return err
		}
		at := since.UTC().Format(time.RFC3339)
		if err := o.record(ctx, "database.recovered", map[string]string{"since": at, "sessions": strconv.FormatInt(ended, 10)}); err != nil {
			return err
		}
		list, err := o.store.ListUpstreams(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(t.out, "%d sessions ended, with every token.\n", ended)
		for _, u := range list {
			if u.Status == storage.UpstreamActive && len(u.Dialect) == 0 {
				fmt.Fprintf(t.out, "At %s, to be told what was decided since: manyou stream repeat %s --since %s\n", u.Issuer, u.ClientID, at)
			}
		}
		_, err = fmt.Fprintln(t.out, "Not known here: what was registered, removed, rotated, suspended or decided since. docs/operator.md says what to look at.")
		return err
	})
}
