package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"

	"sipas/survey"
)

type waveCmd struct {
	Create      waveCreateCmd      `cmd:"" help:"Create a wave from its JSON document."`
	Instrument  waveInstrumentCmd  `cmd:"" help:"Let an open wave ask another version of one of its questionnaires."`
	DropWalkIns waveDropWalkInsCmd `cmd:"" help:"Delete what a unit's kiosks took without a token in a month, such as test presses."`
	Close       waveCloseCmd       `cmd:"" help:"End a wave and destroy its key."`
	List        waveListCmd        `cmd:"" help:"List the waves."`
}

// waveCreateCmd creates a wave and draws its key.
type waveCreateCmd struct {
	dataFlag
	File string `arg:"" placeholder:"FILE" help:"The wave's document: period, province, instruments, frameworks, targets."`
}

func (c *waveCreateCmd) Run(ctx context.Context, a *app) error {
	doc, err := readFile(a, c.File)
	if err != nil {
		return err
	}
	w, err := survey.ParseWave(doc)
	if err != nil {
		return (&survey.Error{Code: survey.CodeDocumentInvalid, Op: "create wave", Err: errors.Unwrap(err)}).With("document", c.File)
	}
	return withData(ctx, a, c.Data, func(d *dataDir) error {
		created, err := d.createWave(ctx, w)
		if err != nil {
			return err
		}
		if !created {
			fmt.Fprintf(a.stdout, "Wave %s is there already, as the file has it; nothing was changed.\n", w.ID)
			return nil
		}
		fmt.Fprintf(a.stdout, "Created wave %s: %s, transactions from %s to %s.\n", w.ID, w.Title.In(survey.Vietnamese), w.From, w.To)
		fmt.Fprintf(a.stdout, "Its key is %s. Keep a copy apart from backups of the database; it is destroyed when the wave closes.\n", d.keys.path(w.ID))
		fmt.Fprintf(a.stdout, "Keep a copy of %s, too: what waits on kiosks is sealed to it, and nothing else can open it.\n", d.keys.sealPath())
		return nil
	})
}

// createWave stores a wave and draws its key; created is false when the same wave was there.
func (d *dataDir) createWave(ctx context.Context, w *survey.Wave) (created bool, err error) {
	old, err := d.db.Wave(ctx, w.ID)
	if err == nil {
		// A closed wave is the same as its document but for having ended.
		w.State = old.State
		if err := d.db.CreateWave(ctx, survey.CommandLine(), w); err != nil {
			if survey.IsCode(err, survey.CodeConflict) {
				return false, tellf("There is a wave %s already, and it says something else: a wave never changes, so give the new one another id.", w.ID)
			}
			return false, err
		}
		return false, nil
	}
	if !survey.IsCode(err, survey.CodeNotFound) {
		return false, err
	}
	// The key comes first: a wave without one could not take answers, a key without a wave harms nothing.
	made, err := d.keys.make(w.ID)
	if err != nil {
		return false, fmt.Errorf("make the key of the wave: %w", err)
	}
	if err := d.db.CreateWave(ctx, survey.CommandLine(), w); err != nil {
		if made {
			err = errors.Join(err, d.keys.destroy(w.ID))
		}
		return false, err
	}
	return true, nil
}

// waveInstrumentCmd changes the version of a questionnaire that a wave asks.
type waveInstrumentCmd struct {
	dataFlag
	Wave       survey.WaveID `arg:"" placeholder:"WAVE" help:"The wave's id."`
	Instrument string        `arg:"" placeholder:"ID/VERSION" help:"A published version, such as kiosk-2026/2."`
	File       string        `placeholder:"FILE" help:"Publish the version from this JSON document first."`
}

func (c *waveInstrumentCmd) Run(ctx context.Context, a *app) error {
	ref, ok := survey.ParseInstrumentRef(c.Instrument)
	if !ok {
		return usagef("%q names no version of a questionnaire: write it as kiosk-2026/2.", c.Instrument)
	}
	return withStored(ctx, a, c.Data, func(d *dataDir) error {
		if err := d.knownWave(ctx, c.Wave); err != nil {
			return err
		}
		if c.File != "" {
			if err := d.publish(ctx, a, c.File, ref); err != nil {
				return err
			}
		}
		err := d.db.UseInstrument(ctx, survey.CommandLine(), c.Wave, ref)
		if survey.IsCode(err, survey.CodeConflict) {
			return tellf("Wave %s asks no questionnaire %s on that channel: only the version of one that it asks already can change.", c.Wave, ref.ID)
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(a.stdout, "Wave %s asks %s from now on. Kiosks take it up within a minute of their next contact; "+
			"answers to earlier versions, which may still wait on them, are taken as before.\n", c.Wave, ref)
		return nil
	})
}

// publish stores a version of a questionnaire from its document.
func (d *dataDir) publish(ctx context.Context, a *app, file string, ref survey.InstrumentRef) error {
	doc, err := readFile(a, file)
	if err != nil {
		return err
	}
	in, err := survey.ParseInstrument(doc)
	if err != nil {
		return (&survey.Error{Code: survey.CodeDocumentInvalid, Op: "publish questionnaire", Err: errors.Unwrap(err)}).With("document", file)
	}
	if in.Ref() != ref {
		return tellf("%s holds %s, not %s.", file, in.Ref(), ref)
	}
	_, err = d.db.PublishInstrument(ctx, survey.CommandLine(), doc)
	if survey.IsCode(err, survey.CodeConflict) {
		return tellf("%s is published already and says something else: a published version never changes, so give the new one a higher number.", ref)
	}
	return err
}

// waveDropWalkInsCmd deletes the walk-ins of a unit in a month. There is no finer choice: it would pick out single answers.
type waveDropWalkInsCmd struct {
	dataFlag
	Wave   survey.WaveID `arg:"" placeholder:"WAVE" help:"The wave's id."`
	Unit   string        `required:"" placeholder:"CODE" help:"Code of the unit whose kiosks took them."`
	Month  string        `required:"" placeholder:"2026-08" help:"The month in which they were given."`
	Reason string        `required:"" placeholder:"TEXT" help:"Why they are no citizens' answers; the audit trail keeps it."`
}

func (c *waveDropWalkInsCmd) Run(ctx context.Context, a *app) error {
	return withStored(ctx, a, c.Data, func(d *dataDir) error {
		if err := d.knownWave(ctx, c.Wave); err != nil {
			return err
		}
		unit, err := d.unit(ctx, a, c.Unit)
		if err != nil {
			return err
		}
		n, err := d.db.DeleteWalkIns(ctx, survey.CommandLine(), c.Wave, unit, c.Month, c.Reason)
		if survey.IsCode(err, survey.CodeBadRequest) {
			return usagef("Write the month as 2026-08 and say why in --reason.")
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(a.stdout, "Deleted %d answers of walk-ins of %s in %s, and what its kiosks had counted in that month. Comments stand apart and stay.\n", n, unit, c.Month)
		return nil
	})
}

// waveCloseCmd ends a wave.
type waveCloseCmd struct {
	dataFlag
	Wave survey.WaveID `arg:"" placeholder:"WAVE" help:"The wave's id."`
}

func (c *waveCloseCmd) Run(ctx context.Context, a *app) error {
	return withStored(ctx, a, c.Data, func(d *dataDir) error {
		if err := d.knownWave(ctx, c.Wave); err != nil {
			return err
		}
		if err := d.db.CloseWave(ctx, survey.CommandLine(), c.Wave); err != nil && !survey.IsCode(err, survey.CodeWaveClosed) {
			return err
		}
		// Only now: while the wave was open an answer could still have needed it.
		if err := d.keys.destroy(c.Wave); err != nil {
			return tellf("The wave is closed, but its key could not be destroyed: %w; remove %s and its copies by hand.", err, d.keys.path(c.Wave))
		}
		fmt.Fprintf(a.stdout, "Wave %s is closed and its key destroyed. Destroy the copies of the key, too: then nobody can tell which invitation was used.\n", c.Wave)
		return nil
	})
}

// waveListCmd lists the waves.
type waveListCmd struct{ dataFlag }

func (c *waveListCmd) Run(ctx context.Context, a *app) error {
	return withStored(ctx, a, c.Data, func(d *dataDir) error {
		waves, err := d.db.Waves(ctx)
		if err != nil {
			return err
		}
		t := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "WAVE\tSTATE\tFROM\tTO\tPROVINCE\tTITLE")
		for _, w := range waves {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", w.ID, w.State, w.From, w.To, w.Province, w.Title.In(survey.Vietnamese))
		}
		return t.Flush()
	})
}

// wave returns a wave; one that is not there is said with what to do.
func (d *dataDir) wave(ctx context.Context, id survey.WaveID) (*survey.Wave, error) {
	w, err := d.db.Wave(ctx, id)
	if survey.IsCode(err, survey.CodeNotFound) {
		return nil, tellf("There is no wave %q in %s: \"sipas wave list\" shows those that are there.", id, d.dir)
	}
	return w, err
}

func (d *dataDir) knownWave(ctx context.Context, id survey.WaveID) error {
	_, err := d.wave(ctx, id)
	return err
}

// readFile reads a small file; "-" is the standard input.
func readFile(a *app, path string) ([]byte, error) {
	if path == "-" {
		return io.ReadAll(a.stdin)
	}
	return os.ReadFile(path)
}

// baseName is how a file is called in a report.
func baseName(path string) string {
	if path == "-" {
		return "standard input"
	}
	return filepath.Base(path)
}
