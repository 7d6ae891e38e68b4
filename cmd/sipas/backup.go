package main

import (
	"context"
	"fmt"

	"sipas/survey"
)

// backupCmd copies the database.
type backupCmd struct {
	dataFlag
	File string `arg:"" placeholder:"FILE" help:"The copy; it must not be there yet."`
}

func (c *backupCmd) Run(ctx context.Context, a *app) error {
	return withStored(ctx, a, c.Data, func(d *dataDir) error {
		err := d.db.Backup(ctx, c.File)
		if survey.IsCode(err, survey.CodeConflict) {
			return tellf("%s is there already: name another file.", c.File)
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(a.stdout, "Copied the database to %s. The keys in %s are not in it, on purpose: keep copies of them elsewhere.\n", c.File, d.keys.dir)
		return nil
	})
}
