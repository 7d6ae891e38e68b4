package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sipas/survey"
	"sipas/survey/export"
	"sipas/survey/report"
)

// exportCmd writes what an analyst takes away.
type exportCmd struct {
	dataFlag
	Wave survey.WaveID `required:"" placeholder:"WAVE" help:"The wave."`
	Out  string        `required:"" placeholder:"DIR" help:"Directory for the files; those there of the same name are replaced."`
}

func (c *exportCmd) Run(ctx context.Context, a *app) error {
	return withStored(ctx, a, c.Data, func(d *dataDir) error {
		if err := d.knownWave(ctx, c.Wave); err != nil {
			return err
		}
		responses := &recorded{Source: d.db}
		in, err := report.Load(ctx, responses, c.Wave)
		if err != nil {
			return err
		}
		in.Program, in.MadeAt = programVersion(), a.now()
		release, weights, err := report.Compute(ctx, in, a.progress())
		if err != nil {
			return err
		}
		comments, err := d.db.Comments(ctx, c.Wave)
		if err != nil {
			return err
		}
		// The audit comes first: rows that left must have left a trace, a trace without rows harms nobody.
		detail := fmt.Sprintf("%d responses, %d comments, data %s", len(responses.all), len(comments), release.DataHash)
		if err := d.db.Record(ctx, survey.CommandLine(), string(survey.ActExportRows), string(c.Wave), detail); err != nil {
			return err
		}
		table, names := responseTable(in, responses.all, weights), export.NamesOf(in.Units, in.Frameworks)
		return writeExport(a, c.Out, []exportFile{
			{"responses.csv", func(w io.Writer) error { return export.Responses(w, table) }},
			{"codebook.csv", func(w io.Writer) error { return export.Codebook(w, table) }},
			{"codebook.md", func(w io.Writer) error { return export.Guide(w, in.Wave, table) }},
			{"figures.csv", func(w io.Writer) error { return export.Figures(w, release, names) }},
			{"flags.csv", func(w io.Writer) error { return export.Flags(w, release, names) }},
			{"weighting.csv", func(w io.Writer) error { return export.Weighting(w, release, names) }},
			{"figures.xlsx", func(w io.Writer) error { return export.Workbook(w, release, names) }},
			{"comments.csv", func(w io.Writer) error { return export.Comments(w, comments, names) }},
		})
	})
}

// recorded keeps the responses that a computation reads, so that the rows of the file are those of the figures, whatever comes in
// meanwhile.
type recorded struct {
	report.Source
	all []survey.Response
}

// EachResponse hands on the responses of the store.
func (r *recorded) EachResponse(ctx context.Context, wave survey.WaveID, yield func(*survey.Response) error) error {
	r.all = nil // all may be read again, because something changed meanwhile
	return r.Source.EachResponse(ctx, wave, func(x *survey.Response) error {
		kept := *x
		kept.Modules, kept.Answers = slices.Clone(x.Modules), maps.Clone(x.Answers)
		r.all = append(r.all, kept)
		return yield(x)
	})
}

// exportFile is a file to write.
type exportFile struct {
	name  string
	write func(io.Writer) error
}

func writeExport(a *app, dir string, files []exportFile) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for _, f := range files {
		path := filepath.Join(dir, f.name)
		if err := export.WriteFile(path, f.write); err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
		fmt.Fprintln(a.stdout, path)
	}
	return nil
}

// responseTable joins responses with their weights by id, which then is dropped.
func responseTable(in *report.Input, responses []survey.Response, weights *report.Weights) export.ResponseTable {
	t := export.ResponseTable{Modules: weights.Modules, WeightOf: weights.Items}
	for _, i := range in.Instruments {
		t.Instruments = append(t.Instruments, i)
	}
	slices.SortFunc(t.Instruments, func(x, y *survey.Instrument) int { return strings.Compare(x.Ref().String(), y.Ref().String()) })

	classes := make(map[survey.ClassID]survey.Class, len(in.Classes))
	for _, c := range in.Classes {
		classes[c.ID] = c
	}
	byID := make(map[survey.ResponseID]report.WeightRow, len(responses))
	for _, r := range weights.Rows {
		byID[r.Response] = r
	}
	for i := range responses {
		r := &responses[i]
		row := export.ResponseRow{Response: r, Labels: classes[r.Class].Labels}
		if w, weighted := byID[r.ID]; weighted {
			row.Stratum, row.Population, row.Weights = w.Stratum, w.Population, w.Weights
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}
