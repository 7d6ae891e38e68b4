package main

import (
	"context"
	"fmt"
	"time"

	"sipas/survey"
)

type unitCmd struct {
	Merge unitMergeCmd `cmd:"" help:"Record that units became part of another one, and move what open waves hold under them."`
}

// unitMergeCmd merges units.
type unitMergeCmd struct {
	dataFlag
	Codes []string `arg:"" name:"code" placeholder:"CODE" help:"Codes of the units that end."`
	Into  string   `required:"" placeholder:"CODE" help:"Code of the unit that takes their place; it must be valid on the day."`
	Day   string   `required:"" placeholder:"2026-09-01" help:"The first day of the new order."`
}

func (c *unitMergeCmd) Run(ctx context.Context, a *app) error {
	day, ok := survey.ParseDay(c.Day)
	if !ok {
		return usagef("%q is no day: write it as 2026-09-01.", c.Day)
	}
	return withStored(ctx, a, c.Data, func(d *dataDir) error {
		into, err := d.unitOn(ctx, c.Into, day)
		if err != nil {
			return err
		}
		at, err := time.Parse("2006-01-02", string(day))
		if err != nil {
			return err
		}
		from := make([]survey.UnitID, len(c.Codes))
		for i, code := range c.Codes {
			if from[i], err = d.unitOn(ctx, code, survey.Day(at.AddDate(0, 0, -1).Format("2006-01-02"))); err != nil {
				return err
			}
		}
		m, err := d.db.MergeUnits(ctx, survey.CommandLine(), from, into, day)
		if survey.IsCode(err, survey.CodeConflict) {
			return tellf("These units cannot be merged: %w.", err)
		}
		if err != nil {
			return err
		}
		if m.Units == 0 {
			fmt.Fprintln(a.stdout, "They were merged already; nothing was changed.")
			return nil
		}
		fmt.Fprintf(a.stdout, "Merged %d units into %s from %s on. In open waves %d transactions, %d answers of walk-ins and %d kiosks are under it now.\n",
			m.Units, into, day, m.Transactions, m.WalkIns, m.Points)
		fmt.Fprintln(a.stdout, "Closed waves, published results and drawn classes keep what they said, and accounts the units that they may see.")
		return nil
	})
}
