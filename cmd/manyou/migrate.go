package main

import (
	"context"
	"fmt"

	"manyou/cmd/manyou/backend"
)

type migrateCommand struct{ configFlag }

// Run brings the database up to date, and opens it once, so that its keys exist and the root key is known to fit.
func (c *migrateCommand) Run(ctx context.Context, t *terminal) error {
	loaded, err := c.load(t)
	if err != nil {
		return err
	}
	before, _, _ := backend.Version(ctx, loaded.Database.URL) // no database yet: 0
	if err := backend.Migrate(ctx, loaded.Database.URL); err != nil {
		return err
	}
	after, _, err := backend.Version(ctx, loaded.Database.URL)
	if err != nil {
		return err
	}
	return c.use(ctx, t, func(*opened) error {
		if before == after {
			_, err = fmt.Fprintf(t.out, "The database is up to date at version %d.\n", after)
		} else {
			_, err = fmt.Fprintf(t.out, "The database went from version %d to %d.\n", before, after)
		}
		return err
	})
}
