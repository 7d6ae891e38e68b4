package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"sipas/analysis/estimate"
	"sipas/analysis/frame"
	"sipas/survey"
	"sipas/survey/report"
)

// scoreSample scores a file of answers.
func (c *scoreCmd) scoreSample(ctx context.Context, a *app, s *report.Scorer, linked *report.Readings) (*report.ScoreDocument, error) {
	levels, err := c.designFlags.levels()
	if err != nil {
		return nil, err
	}
	w := wanted{flags: map[string]string{}, options: frame.Options{Columns: []string{"*"}}}
	c.designFlags.want(&w)
	if err := c.weightingFlags.want(a, &w); err != nil {
		return nil, err
	}
	if c.By != "" {
		w.any("--by", c.By)
	}
	t, err := readTable(ctx, a, c.Microdata, w, levels)
	if err != nil {
		return nil, err
	}
	d, err := c.designFlags.sample(a, t)
	if err != nil {
		return nil, err
	}
	if d, _, err = c.weightingFlags.apply(a, d); err != nil {
		return nil, err
	}
	domains, err := c.scored(a, d)
	if err != nil {
		return nil, err
	}
	options := report.SampleOptions{Level: 0.95, Rule: estimate.HF1, MinAnswers: -1}
	if c.Level != nil {
		options.Level = *c.Level
	}
	if c.MinAnswers != nil {
		options.MinAnswers = *c.MinAnswers
	}
	if c.QRule != "" {
		if options.Rule, err = estimate.ParseRule(c.QRule); err != nil {
			return nil, usagef("--qrule: %v.", err)
		}
	}
	office, err := c.office(a, s, linked)
	if err != nil {
		return nil, err
	}
	options.Given = office.of
	doc, err := s.Sample(d.design, answers{d.table, c.missing()}, domains, options)
	var answer *report.AnswerError
	if errors.As(err, &answer) {
		return nil, d.fault(answer.Row, "%s: %s", answer.Column, answer.Reason)
	}
	if err != nil {
		return nil, d.explain(err)
	}
	// What an office states of units without a single answer is scored, too.
	for _, u := range office.units {
		if slices.ContainsFunc(domains.Names, func(name string) bool { return office.same(name) == office.same(u.name) }) {
			continue
		}
		score, err := s.Score(u.name, u.readings)
		if err != nil {
			return nil, err
		}
		doc.Units = append(doc.Units, score)
	}
	return doc, nil
}

// scored returns the domains: the whole file, or the values of a column.
func (c *scoreCmd) scored(a *app, d *drawn) (estimate.Domains, error) {
	if c.By == "" {
		return estimate.Whole(d.design, "all"), nil
	}
	col, err := d.categories("--by", c.By)
	if err != nil {
		return estimate.Domains{}, err
	}
	if n := col.Missings(); n > 0 {
		fmt.Fprintf(a.stderr, "note: %s of %s without %s: in no score\n", count(n, "row"), d.name, c.By)
	}
	return estimate.ByCodes(d.design, col.Codes, col.Levels)
}

// officeTable is what an office states beside the answers.
type officeTable struct {
	units  []namedReadings
	linked *report.Readings
	same   func(string) string
}

// office reads --indicators beside --microdata.
func (c *scoreCmd) office(a *app, s *report.Scorer, linked *report.Readings) (*officeTable, error) {
	o := &officeTable{linked: linked, same: keyOf(s.Framework()).Same}
	if c.Indicators == "" {
		return o, nil
	}
	var err error
	o.units, err = c.readIndicators(a, s)
	for _, u := range o.units {
		u.readings.Fill(linked)
	}
	return o, err
}

// of returns what is stated of a unit.
func (o *officeTable) of(name string) *report.Readings {
	for _, u := range o.units {
		if o.same(u.name) == o.same(name) {
			return u.readings
		}
	}
	if o.linked == nil {
		return nil
	}
	r := report.NewReadings()
	r.Fill(o.linked)
	return r
}

// answers hands out the columns of a file. Numbers with a decimal comma make a column of text, and are numbers all the same.
type answers struct {
	*table
	missing []string
}

// Numbers returns a column of numbers.
func (t answers) Numbers(name string) ([]float64, bool, error) {
	c, err := t.Column(name)
	if err != nil {
		return nil, false, nil // not there
	}
	if c.Numeric() {
		return c.Numbers, true, nil
	}
	values := make([]float64, t.Rows())
	for row := range values {
		text, ok := c.Text(row)
		if !ok {
			values[row] = math.NaN()
			continue
		}
		if values[row], ok = survey.ParseNumber(text); !ok {
			return nil, false, t.fault(row, "%s: %q is not a number; name what means a missing answer with --na", name, text)
		}
	}
	return values, true, nil
}

// Words returns a column as it is written.
func (t answers) Words(name string) ([]string, bool) {
	c, err := t.Column(name)
	if err != nil {
		return nil, false
	}
	cells := make([]string, t.Rows())
	for row := range cells {
		cells[row], _ = c.Text(row)
	}
	return cells, true
}
