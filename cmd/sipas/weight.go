package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"sipas/analysis/frame"
	"sipas/analysis/weight"
)

// weightCmd makes weights for any CSV file: no database is touched.
type weightCmd struct {
	sampleFlags
	weightingFlags

	Keep   []string `group:"Output" placeholder:"A" help:"Columns of the data to write beside the weights, or patterns of their names. Default: the number of the line."`
	Out    string   `group:"Output" required:"" placeholder:"FILE" help:"Where the weights are written; it must not be there yet."`
	Format string   `group:"Output" enum:"table,json" default:"table" help:"Of the diagnostics: ${enum}. Default: ${default}."`
}

// Help shows examples, and what the files hold.
func (*weightCmd) Help() string { return strings.TrimSpace(weightHelp) }

func (c *weightCmd) Run(ctx context.Context, a *app) error {
	if err := c.sampleFlags.check(); err != nil {
		return err
	}
	if err := c.weightingFlags.check(); err != nil {
		return err
	}
	levels, err := c.sampleFlags.levels()
	if err != nil {
		return err
	}
	w := wanted{flags: map[string]string{}, options: frame.Options{Columns: []string{}}}
	c.sampleFlags.want(&w)
	if err := c.weightingFlags.want(a, &w); err != nil {
		return err
	}
	w.any("--keep", c.Keep...)
	t, err := readTable(ctx, a, c.Data, w, levels)
	if err != nil {
		return err
	}
	s, err := c.sampleFlags.sample(a, t)
	if err != nil {
		return err
	}
	base := s.design.Weights(0)
	s, result, err := c.weightingFlags.apply(a, s)
	if err != nil {
		return err
	}
	s.echo.describe(&c.designFlags, t, s.design)

	var said bytes.Buffer
	report := weighted{Design: s.echo.forWeights(), Diagnostics: diagnosticsOf(base, result)}
	if err := report.write(&said, c.Format); err != nil {
		return err
	}
	if err := c.save(s, base); err != nil {
		return err
	}
	if c.Format == "table" {
		fmt.Fprintf(&said, "\nThe weights are in %s.\n", c.Out)
	}
	_, err = said.WriteTo(a.stdout)
	return err
}

// save writes the weights to a file that is not there yet. One that could not be written whole is taken away.
func (c *weightCmd) save(s *drawn, base []float64) (err error) {
	f, err := os.OpenFile(filepath.Clean(c.Out), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return tellf("%s is there already; weights are never written over: take another name, or remove it.", c.Out)
	}
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			err = errors.Join(err, os.Remove(c.Out))
		}
	}()
	return c.writeWeights(f, s, base)
}

// writeWeights writes one line for each line of the data, in its order.
func (c *weightCmd) writeWeights(out io.Writer, s *drawn, base []float64) error {
	var kept []*frame.Column
	for _, pattern := range c.Keep {
		for _, name := range frame.Glob(pattern, s.Names()) {
			col, err := s.Column(name)
			if err != nil {
				return err
			}
			if !slices.Contains(kept, col) {
				kept = append(kept, col)
			}
		}
	}
	var header []string
	for _, col := range kept {
		header = append(header, col.Name)
	}
	if kept == nil {
		header = append(header, "line")
	}
	header = append(header, "base_weight", "g", "weight")
	replicates := s.design.Replicates()
	if replicates != nil {
		for r := range replicates.Count() {
			header = append(header, "rep"+strconv.Itoa(r+1))
		}
	}
	w := csv.NewWriter(out)
	if err := w.Write(header); err != nil {
		return err
	}
	weights := s.design.Weights(0)
	line := make([]string, 0, len(header))
	for row := range s.Rows() {
		line = line[:0]
		for _, col := range kept {
			text, _ := col.Text(row)
			line = append(line, text)
		}
		if kept == nil {
			line = append(line, strconv.Itoa(s.Line(row)))
		}
		g := "" // not defined where there is no base weight
		if base[row] > 0 {
			g = plain(weights[row] / base[row])
		}
		line = append(line, plain(base[row]), g, plain(weights[row]))
		if replicates != nil {
			for _, factor := range s.design.ReplicateFactors(0).Row(row) {
				line = append(line, plain(factor*weights[row]))
			}
		}
		if err := w.Write(line); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

func plain(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// weightsEcho is the part of a design that matters to weights: nothing was estimated.
type weightsEcho struct {
	*designEcho
	// These hide the choices of an estimation.
	By           *string `json:"by,omitempty"`
	Level        *string `json:"level,omitempty"`
	Deff         *string `json:"deff,omitempty"`
	CI           *string `json:"ci,omitempty"`
	QRule        *string `json:"qrule,omitempty"`
	Family       *string `json:"family,omitempty"`
	ChisqTest    *string `json:"chisq_test,omitempty"`
	Presentation *string `json:"presentation,omitempty"`
}

func (e *designEcho) forWeights() weightsEcho { return weightsEcho{designEcho: e} }

// weighted is what sipas weight says.
type weighted struct {
	Design      weightsEcho        `json:"design"`
	Diagnostics weight.Diagnostics `json:"diagnostics"`
}

func (r weighted) write(out io.Writer, format string) error {
	if format == "json" {
		w := json.NewEncoder(out)
		w.SetIndent("", "  ")
		w.SetEscapeHTML(false)
		return w.Encode(r)
	}
	var b strings.Builder
	r.Design.designEcho.writeDesign(&b)
	d := r.Diagnostics
	fmt.Fprintf(&b, "\nMethod: %s, after %s\n", d.Method, count(d.Iterations, "iteration"))
	fmt.Fprintf(&b, "Weights: %.6g to %.6g, sum %.6g; factors %.6g to %.6g\n", d.MinWeight, d.MaxWeight, d.Sum, d.MinFactor, d.MaxFactor)
	fmt.Fprintf(&b, "Kish's design effect %.6g, effective n %.6g of %d; trimmed %.6g of the rows\n", d.Kish, d.EffectiveN, d.Rows, d.ShareTrimmed)
	if len(d.Redundant) > 0 {
		fmt.Fprintf(&b, "Follow from the others: %s\n", list(d.Redundant))
	}
	for _, n := range d.Notes {
		fmt.Fprintf(&b, "%s\n", n)
	}
	if len(d.Margins) > 0 {
		lines := [][]string{{"margin", "level", "rows", "target", "before", "after", "residual"}}
		for _, m := range d.Margins {
			lines = append(lines, []string{m.Margin, m.Level, strconv.Itoa(m.Rows), short(&m.Target), short(&m.Before), short(&m.After), fmt.Sprintf("%.2g", m.Residual)})
		}
		b.WriteString("\n")
		writeColumns(&b, "llrrrrr", lines)
	}
	_, err := io.WriteString(out, b.String())
	return err
}
