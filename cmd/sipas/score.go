package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"sipas/survey"
	"sipas/survey/export"
	"sipas/survey/report"
)

// scoreCmd weights, estimates and flags a wave, or scores a table or a file of answers by a framework.
type scoreCmd struct {
	dataFlag
	Wave   survey.WaveID `placeholder:"WAVE" help:"The wave; with --framework, the one whose figures fill what the framework takes from another."`
	Format string        `enum:"table,json,csv" default:"table" help:"One of ${enum}. Default: ${default}."`
	Unit   []string      `placeholder:"CODE" help:"Only the figures of this unit; may be given more than once."`
	Field  []string      `placeholder:"NAME" help:"Only the figures of this field; may be given more than once." sep:"none"`
	Lang   string        `enum:"en,vi" default:"en" help:"Language of the names, notes and reasons in the table: ${enum}."`

	indexFlags
	designFlags
	weightingFlags
}

// Help says what the machine-readable forms hold.
func (*scoreCmd) Help() string { return strings.TrimSpace(scoreHelp) }

func (c *scoreCmd) Run(ctx context.Context, a *app) error {
	if err := c.checkIndex(); err != nil {
		return err
	}
	if c.Assessment != "" {
		return c.runAssessment(ctx, a)
	}
	if c.Framework != "" {
		return c.runIndex(ctx, a)
	}
	return withStored(ctx, a, c.Data, func(d *dataDir) error {
		w, err := d.wave(ctx, c.Wave)
		if err != nil {
			return err
		}
		units, err := d.db.Units(ctx)
		if err != nil {
			return err
		}
		domains, err := c.domains(units, w)
		if err != nil {
			return err
		}
		release, _, err := report.Refresh(ctx, d.db, survey.CommandLine(), c.Wave, programVersion(), a.now(), a.progress())
		if err != nil {
			return err
		}
		frameworks, err := d.frameworks(ctx, w)
		if err != nil {
			return err
		}
		names := export.NamesOf(units, frameworks)
		shown := *release
		if domains.limited() {
			shown.Figures = slices.DeleteFunc(slices.Clone(release.Figures), func(f survey.Figure) bool { return !domains.has(f.Domain) })
			shown.Flags = slices.DeleteFunc(slices.Clone(release.Flags), func(f survey.Flag) bool { return !domains.has(f.Figure.Domain) })
			if len(shown.Figures) == 0 {
				return tellf("The wave %s has no figures of the units and fields named.", c.Wave)
			}
		}
		switch c.Format {
		case "json":
			e := json.NewEncoder(a.stdout)
			e.SetIndent("", "  ")
			e.SetEscapeHTML(false)
			return e.Encode(shown)
		case "csv":
			return export.Figures(a.stdout, &shown, names)
		}
		return scoreTable{out: a.stdout, release: &shown, frameworks: frameworks, names: names, domains: domains, lang: survey.Lang(c.Lang)}.write()
	})
}

// frameworks returns what a wave is scored by, in its order.
func (d *dataDir) frameworks(ctx context.Context, w *survey.Wave) ([]*survey.Framework, error) {
	var all []*survey.Framework
	for _, ref := range w.Frameworks {
		f, err := d.db.Framework(ctx, ref)
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	return all, nil
}

// domainFilter is the parts of the register that are asked for.
type domainFilter struct {
	units  []survey.UnitID
	fields []string
}

// domains reads the flags. A unit's code means what it meant in the wave's period.
func (c *scoreCmd) domains(units []survey.Unit, w *survey.Wave) (domainFilter, error) {
	f := domainFilter{fields: c.Field}
	resolve := export.UnitsOf(units, w.Province)
	for _, code := range c.Unit {
		id, reason := resolve(code, w.To)
		if reason != "" {
			return f, tellf("%q is not the code of a unit of this wave's province.", code)
		}
		f.units = append(f.units, id)
	}
	return f, nil
}

func (f domainFilter) limited() bool { return len(f.units)+len(f.fields) > 0 }

// has reports whether a part is asked for: with both flags, the parts of these units in these fields.
func (f domainFilter) has(d survey.Domain) bool {
	unit := len(f.units) == 0 && d.Unit == "" || slices.Contains(f.units, d.Unit)
	field := len(f.fields) == 0 && d.Field == "" || slices.Contains(f.fields, d.Field)
	return unit && field
}

// progress returns a function that says on the standard error how far a long computation is, at most once a second.
func (a *app) progress() report.Progress {
	last := a.now()
	return func(step string, done, total int) {
		if now := a.now(); now.Sub(last) >= time.Second {
			last = now
			fmt.Fprintf(a.stderr, "%s: %d of %d\n", step, done, total)
		}
	}
}
