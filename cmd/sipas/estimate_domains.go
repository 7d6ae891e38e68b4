package main

import (
	"slices"

	"sipas/analysis/estimate"
	"sipas/analysis/frame"
)

// domains are the parts of the population to estimate for: their rows and what they are called. The whole design is kept:
// a part is a set of rows, and no row is ever dropped.
type domains struct {
	estimate.Domains
	labels []domainLabels
	whole  bool
}

// domains reads --where and --by: one domain for each combination of the columns that a selected row of non-zero weight has.
func (c *estimateCmd) domains(s *drawn) (domains, error) {
	in, err := c.selected(s)
	if err != nil {
		return domains{}, err
	}
	if len(c.By) == 0 {
		d := domains{Domains: estimate.Whole(s.design, "all"), labels: []domainLabels{nil}, whole: in == nil}
		if in != nil {
			d.Rows[0] = slices.DeleteFunc(slices.Clone(d.Rows[0]), func(row int) bool { return !in[row] })
			d.Names[0] = c.Where
		}
		return d, nil
	}
	columns := make([]*frame.Column, len(c.By))
	for i, name := range c.By {
		if columns[i], err = s.categories("--by", name); err != nil {
			return domains{}, err
		}
	}
	weights := s.design.Weights(0)
	rows := map[int][]int{} // by the number that the codes make in the system of the columns' sizes
	used := map[int]bool{}

	for _, row := range s.design.Order() {
		if in != nil && !in[row] {
			continue
		}
		key, complete := 0, true
		for _, col := range columns {
			code := col.Codes[row]
			complete = complete && code != frame.Missing
			key = key*len(col.Levels) + int(code)
		}
		if !complete {
			continue
		}
		rows[key] = append(rows[key], row)
		if weights[row] != 0 {
			used[key] = true
		}
	}
	var d domains
	if len(used) == 0 {
		return d, tellf("%s: no row is in any domain.", s.name)
	}
	keys := make([]int, 0, len(used))
	for key := range used {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for i, key := range keys {
		d.labels = append(d.labels, make(domainLabels, len(columns)))
		rest := key
		for j := len(columns) - 1; j >= 0; j-- {
			size := len(columns[j].Levels)
			d.labels[i][j] = label{columns[j].Name, columns[j].Levels[rest%size]}
			rest /= size
		}
		d.Names = append(d.Names, d.labels[i].String())
		d.Rows = append(d.Rows, rows[key])
	}
	return d, nil
}

// selected returns the rows of --where; nil means all.
func (c *estimateCmd) selected(s *drawn) ([]bool, error) {
	if c.Where == "" {
		return nil, nil
	}
	e, err := frame.ParseExpression(c.Where)
	if err != nil {
		return nil, usagef("--where: %v.", err)
	}
	in, err := e.Select(s.Frame)
	if err != nil {
		return nil, tellf("--where of %s: %w.", s.name, err)
	}
	weights := s.design.Weights(0)
	for row, is := range in {
		if is && weights[row] != 0 {
			return in, nil
		}
	}
	return nil, tellf("--where of %s: the expression is true of no row with a weight.", s.name)
}
