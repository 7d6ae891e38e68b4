package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"

	"sipas/survey"
	"sipas/survey/export"
)

type importCmd struct {
	Units        importUnitsCmd        `cmd:"" help:"Load units from a CSV file: code, parent, kind, name_vi, name_en, valid_from, valid_to, successors."`
	Transactions importTransactionsCmd `cmd:"" help:"Load a wave's register from a CSV file: dossier, procedure, field, unit, channel, received, due, returned."`
}

// importUnitsCmd loads units.
type importUnitsCmd struct {
	dataFlag
	File    string `arg:"" placeholder:"FILE" help:"CSV in UTF-8; - reads the standard input."`
	Partial bool   `help:"Load the good lines though there are bad ones."`
}

func (c *importUnitsCmd) Run(ctx context.Context, a *app) error {
	return withData(ctx, a, c.Data, func(d *dataDir) error {
		existing, err := d.db.Units(ctx)
		if err != nil {
			return err
		}
		var units []survey.Unit
		err = readImport(a, c.File, c.Partial, func(r io.Reader, name string) (int, []export.BadLine, []export.Warning, error) {
			good, bad, warnings, err := export.ReadUnits(r, name, existing)
			units = good
			return len(good), bad, warnings, err
		})
		if err != nil {
			return err
		}
		changed, err := d.db.PutUnits(ctx, survey.CommandLine(), units)
		if err != nil {
			return err
		}
		fmt.Fprintf(a.stdout, "%s read, %s added or changed.\n", count(len(units), "unit"), strconv.Itoa(changed))
		return nil
	})
}

// importTransactionsCmd loads a register.
type importTransactionsCmd struct {
	dataFlag
	File    string        `arg:"" placeholder:"FILE" help:"CSV in UTF-8 with a header in English or Vietnamese; - reads the standard input."`
	Wave    survey.WaveID `required:"" placeholder:"WAVE" help:"The wave whose register it is."`
	Partial bool          `help:"Load the good lines though there are bad ones."`
	AsOf    string        `placeholder:"DAY" help:"The day on which the office made the file; later days in it are warned of. Default: today."`
}

func (c *importTransactionsCmd) Run(ctx context.Context, a *app) error {
	asOf, err := dayFlag("--as-of", c.AsOf, survey.DayOf(a.now()))
	if err != nil {
		return err
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
		var transactions []survey.Transaction
		err = readImport(a, c.File, c.Partial, func(r io.Reader, name string) (int, []export.BadLine, []export.Warning, error) {
			good, bad, warnings, err := export.ReadTransactions(r, name, export.TransactionOptions{
				Unit: export.UnitsOf(units, w.Province), From: w.From, To: w.To, AsOf: asOf,
				Province: export.NamesOf(units, nil).Unit(w.Province, survey.Vietnamese),
			})
			transactions = good
			return len(good), bad, warnings, err
		})
		if err != nil {
			return err
		}
		result, err := d.db.PutTransactions(ctx, survey.CommandLine(), w.ID, transactions)
		if err != nil {
			return err
		}
		return c.report(a, w, transactions, result, asOf)
	})
}

// report says what was loaded, and what the analyst should know of the register.
func (c *importTransactionsCmd) report(a *app, w *survey.Wave, ts []survey.Transaction, r survey.ImportResult, asOf survey.Day) error {
	fmt.Fprintf(a.stdout, "%s read: %d added, %d changed, %d as they were.\n", count(len(ts), "transaction"), r.Added, r.Changed, r.Unchanged)
	lateness, known := map[survey.Lateness]int{}, min(asOf, latest(ts))
	for _, t := range ts {
		lateness[t.Lateness(known)]++
	}
	fmt.Fprintf(a.stdout, "On time %d, late %d, undated %d.\n", lateness[survey.OnTime], lateness[survey.Late], lateness[survey.Undated])
	if r.LastDay != "" && r.LastDay < w.To {
		fmt.Fprintf(a.stderr, "The register ends on %s, before the wave does on %s: load the rest when the office has it, then invite again.\n", r.LastDay, w.To)
	}
	return nil
}

// latest returns the last day on which something happened to a transaction: what the register knows, it knows as of then.
func latest(ts []survey.Transaction) survey.Day {
	var last survey.Day
	for _, t := range ts {
		last = max(last, t.Received, t.Returned)
	}
	return last
}

// parser reads a file and returns how many lines are good.
type parser func(r io.Reader, name string) (good int, bad []export.BadLine, warnings []export.Warning, err error)

// readImport reads a file and reports every bad line. Unless partial is set, a single bad line is an error.
func readImport(a *app, path string, partial bool, parse parser) error {
	var in io.Reader = a.stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		// The file was only read: closing it cannot lose anything.
		defer func() { _ = f.Close() }()
		in = f
	}
	name := baseName(path)
	good, bad, warnings, err := parse(in, name)
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	for _, w := range warnings {
		fmt.Fprintf(a.stderr, "warning: %s\n", w)
	}
	for _, b := range bad {
		fmt.Fprintf(a.stderr, "bad: %s\n", b)
	}
	if len(bad) == 0 {
		return nil
	}
	if partial && good > 0 {
		fmt.Fprintf(a.stderr, "%s in %s; the good lines are loaded.\n", count(len(bad), "fault"), name)
		return nil
	}
	if good == 0 {
		return tellf("No line of %s can be loaded: %s above.", name, count(len(bad), "fault"))
	}
	return &survey.Error{Code: survey.CodeImportRejected, Op: "import", Params: map[string]string{
		"file": name, "bad": strconv.Itoa(len(bad)), "good": strconv.Itoa(good),
	}}
}

// dayFlag reads a flag that holds a day.
func dayFlag(name, value string, fallback survey.Day) (survey.Day, error) {
	if value == "" {
		return fallback, nil
	}
	day, ok := survey.ParseDay(value)
	if !ok {
		return "", usagef("%s: %q is not a day; write it as 2026-07-31.", name, value)
	}
	return day, nil
}

// count writes a number of things.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return strconv.Itoa(n) + " " + thing + "s"
}
