package main

import (
	"context"
	"fmt"
	"io"
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
		in, err := report.Load(ctx, d.db, c.Wave)
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
		detail := fmt.Sprintf("%d responses, %d comments, data %s", len(in.Responses), len(comments), release.DataHash)
		if err := d.db.Record(ctx, survey.CommandLine(), string(survey.ActExportRows), string(c.Wave), detail); err != nil {
			return err
		}
		table, names := responseTable(in, weights), export.NamesOf(in.Units, in.Frameworks)
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
func responseTable(in *report.Input, weights *report.Weights) export.ResponseTable {
	t := export.ResponseTable{Modules: weights.Modules, WeightOf: weights.Items}
	for _, i := range in.Instruments {
		t.Instruments = append(t.Instruments, i)
	}
	slices.SortFunc(t.Instruments, func(x, y *survey.Instrument) int { return strings.Compare(x.Ref().String(), y.Ref().String()) })

	classes := make(map[survey.ClassID]survey.Class, len(in.Classes))
	for _, c := range in.Classes {
		classes[c.ID] = c
	}
	byID := make(map[survey.ResponseID]report.WeightRow, len(weights.Rows))
	for _, r := range weights.Rows {
		byID[r.Response] = r
	}
	for i := range in.Responses {
		r := &in.Responses[i]
		row := export.ResponseRow{Response: r, Labels: classes[r.Class].Labels}
		if w, weighted := byID[r.ID]; weighted {
			row.Stratum, row.Population, row.Weights = w.Stratum, w.Population, w.Weights
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}
