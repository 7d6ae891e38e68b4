package main

import (
	"encoding/csv"
	"errors"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"sipas/analysis/design"
	"sipas/analysis/frame"
)

// drawn is a design with the data that it was made from.
type drawn struct {
	*table
	design *design.Design
	echo   *designEcho
}

// want adds the columns that the design needs.
func (s *designFlags) want(w *wanted) {
	w.any("--ids", s.IDs...)
	w.any("--strata", s.Strata...)
	w.numbers("--fpc", s.FPC...)
	w.numbers("--rep-weights", s.RepWeights...)
	if s.Weights != "" {
		w.numbers("--weights", s.Weights)
	}
	levels, _ := s.levels()
	for name := range levels {
		w.any("--levels", name)
	}
	w.options.Missing = s.missing()
}

// sample builds the design that the flags describe, without calibration.
func (s *designFlags) sample(a *app, t *table) (*drawn, error) {
	rows := t.Rows()
	t, err := t.withWeight(s.Weights)
	if err != nil {
		return nil, err
	}
	stages, err := s.stages(a, t)
	if err != nil {
		return nil, err
	}
	spec := design.Spec{Stages: stages, Lonely: lonelies[s.Lonely]}
	out := &drawn{table: t, echo: s.newEcho(t)}
	out.echo.Rows, out.echo.WithoutWeight = rows, rows-t.Rows()

	if spec.Weights, err = s.weights(t, stages); err != nil {
		return nil, err
	}
	out.echo.Weights = s.Weights
	switch {
	case s.Weights != "":
	case len(s.RepWeights) > 0 && !s.RepFactors:
		out.echo.Weights = "the mean of the replicate weights"
	case len(s.FPC) > 0 || s.PPSJoint != "":
		out.echo.Weights = "from the sampling fractions"
	default:
		out.echo.Weights = "1"
	}
	if s.Weights == "" {
		out.echo.Defaults = append(out.echo.Defaults, "weights")
	}
	if out.design, err = design.New(spec); err != nil {
		return nil, t.designError(err)
	}
	switch {
	case len(s.RepWeights) > 0:
		out.design, err = s.replicated(a, t, out.design)
	case s.MakeReplicate != "":
		out.design, err = s.makeReplicates(t, out.design)
	}
	if err != nil {
		return nil, t.explain(err)
	}
	return out, nil
}

var lonelies = map[string]design.Lonely{
	"fail": design.LonelyFail, "remove": design.LonelyRemove, "certainty": design.LonelyCertainty,
	"adjust": design.LonelyAdjust, "average": design.LonelyAverage, "collapse": design.LonelyCollapse,
}

// designError adds to what is wrong with a design what to do about it.
func (t *table) designError(err error) error {
	var lonely *design.LonelyError
	if errors.As(err, &lonely) {
		return tellf("%s: %w; say with --lonely what such a stratum contributes.", t.name, err)
	}
	return t.explain(err)
}

// stages reads strata, units and populations of each stage.
func (s *designFlags) stages(a *app, t *table) ([]design.Stage, error) {
	stages := make([]design.Stage, max(1, len(s.IDs)))
	var units, strata *frame.Column
	var err error

	for i, name := range s.IDs {
		c, labels, err := t.labels("--ids", name)
		if err != nil {
			return nil, err
		}
		stages[i].Clusters = labels
		if i == 0 {
			units = c
		}
	}
	for i, name := range s.Strata {
		c, labels, err := t.labels("--strata", name)
		if err != nil {
			return nil, err
		}
		stages[i].Strata = labels
		if i == 0 {
			strata = c
		}
	}
	if units != nil && strata != nil && !s.Nest {
		if err := t.checkNested(units, strata); err != nil {
			return nil, err
		}
	}
	if err := s.populations(t, stages); err != nil {
		return nil, err
	}
	methods := map[string]design.PPSMethod{"brewer": design.PPSBrewer, "overton": design.PPSOverton, "hartley-rao": design.PPSHartleyRao}
	if m, ok := methods[s.PPS]; ok {
		stages[0].PPS = &design.PPS{Method: m}
	}
	if s.PPSJoint != "" {
		var probabilities []float64
		if stages[0].PPS, probabilities, err = s.joint(a, t, units); err != nil {
			return nil, err
		}
		if stages[0].Fraction == nil {
			stages[0].Fraction = probabilities
		}
	}
	return stages, nil
}

// checkNested finds a unit of the first stage in two strata.
func (t *table) checkNested(units, strata *frame.Column) error {
	first := make([]int, len(units.Levels))
	for i := range first {
		first[i] = -1
	}
	for row, u := range units.Codes {
		if first[u] < 0 {
			first[u] = row
		}
		if at := first[u]; strata.Codes[at] != strata.Codes[row] {
			return tellf("%s: the unit %s of %s is in the stratum %s on line %d and in %s on line %d; if these are two units, say --nest.",
				t.name, units.Levels[u], units.Name, strata.Levels[strata.Codes[at]], t.Line(at), strata.Levels[strata.Codes[row]], t.Line(row))
		}
	}
	return nil
}

// populations reads --fpc: fractions when no value of any column is above one, and else counts, as R has it.
func (s *designFlags) populations(t *table, stages []design.Stage) error {
	columns := make([][]float64, len(s.FPC))
	counts, fraction := false, -1
	var err error

	for i, name := range s.FPC {
		if columns[i], err = t.complete("--fpc", name); err != nil {
			return err
		}
		for row, v := range columns[i] {
			if !(v >= 0) {
				return t.fault(row, "--fpc: %s is %v, and a population or fraction cannot be negative", name, v)
			}
			counts = counts || v > 1
			if v > 0 && v < 1 && fraction < 0 {
				fraction = row
			}
		}
	}
	if counts && fraction >= 0 {
		return t.fault(fraction, "--fpc: a value below 1 is a fraction, but other values are above 1 and so are counts")
	}
	if counts && (s.PPS != "none" || s.PPSJoint != "") {
		return tellf("--fpc of %s: with unequal probabilities it holds the probability of each unit, but there are values above 1.", t.name)
	}
	for i, c := range columns {
		if counts {
			stages[i].Population = c
			continue
		}
		stages[i].Fraction = c
	}
	return nil
}

// weights reads the weights, or works out what follows from the stages.
func (s *designFlags) weights(t *table, stages []design.Stage) ([]float64, error) {
	if s.Weights != "" {
		return t.weights("--weights", s.Weights)
	}
	if len(s.RepWeights) > 0 && !s.RepFactors {
		return s.meanReplicate(t)
	}
	if len(s.FPC) > 0 || s.PPSJoint != "" {
		w, err := design.WeightsFromStages(stages)
		return w, t.designError(err)
	}
	ones := make([]float64, t.Rows())
	for i := range ones {
		ones[i] = 1
	}
	return ones, nil
}

// withWeight leaves out the rows whose weight is missing: they are not part of the sample, as answers without an invitation are not,
// or people who were not asked the questions that the weight belongs to.
func (t *table) withWeight(name string) (*table, error) {
	if name == "" {
		return t, nil
	}
	values, err := t.numbers("--weights", name)
	if err != nil {
		return nil, err
	}
	keep, missing := make([]bool, len(values)), false
	for row, v := range values {
		keep[row] = !math.IsNaN(v)
		missing = missing || !keep[row]
	}
	if !missing {
		return t, nil
	}
	if !slices.Contains(keep, true) {
		return nil, tellf("%s: --weights: %s is missing in every row.", t.name, name)
	}
	return &table{Frame: t.Subset(keep), name: t.name, levels: t.levels, known: map[string]*frame.Column{}}, nil
}

// weights returns a column of weights.
func (t *table) weights(flag, name string) ([]float64, error) {
	values, err := t.complete(flag, name)
	if err != nil {
		return nil, err
	}
	positive := false
	for row, v := range values {
		if v < 0 || math.IsInf(v, 0) {
			return nil, t.fault(row, "%s: the weight %s is %v, and a weight is finite and not negative", flag, name, v)
		}
		positive = positive || v > 0
	}
	if !positive {
		return nil, tellf("%s: no weight in %s is above zero.", t.name, name)
	}
	return values, nil
}

// joint reads joint probabilities, a square of numbers or lines of i, j and p, and returns that of each row's unit with itself too.
func (s *designFlags) joint(a *app, t *table, units *frame.Column) (*design.PPS, []float64, error) {
	path, estimator, err := s.jointFile()
	if err != nil {
		return nil, nil, err
	}
	in, _, closeFile, err := openInput(a, path)
	if err != nil {
		return nil, nil, err
	}
	defer closeFile()
	name := "--pps-joint " + baseName(path)
	records, err := readRecords(name, in)
	if err != nil {
		return nil, nil, err
	}
	out := &design.PPS{Method: design.PPSJoint, Estimator: design.HorvitzThompson}
	if estimator == "yg" {
		out.Estimator = design.YatesGrundy
	}
	index, n, find := unitsInOrder(t, units)
	out.Index = index
	var square [][]float64

	if len(records[0].fields) == 3 && (n != 3 || len(records) != 3) {
		square, err = jointTriples(name, records, n, find)
	} else {
		square, err = jointSquare(name, records, n)
	}
	if err != nil {
		return nil, nil, err
	}
	out.Joint = frame.Dense(square)
	own := make([]float64, t.Rows())
	for row := range own {
		unit := row
		if index != nil {
			unit = index[row]
		}
		own[row] = square[unit][unit]
	}
	return out, own, nil
}

// unitsInOrder numbers the units as they first appear in the file, and finds their numbers by what triples call them: the
// label of the unit, or the number of the row from 1 where each row is a unit.
func unitsInOrder(t *table, units *frame.Column) (index []int, n int, find func(name string) (int, bool)) {
	if units == nil {
		return nil, t.Rows(), func(name string) (int, bool) {
			i, err := strconv.Atoi(name)
			return i - 1, err == nil && i >= 1 && i <= t.Rows()
		}
	}
	number := make([]int, len(units.Levels))
	for i := range number {
		number[i] = -1
	}
	index = make([]int, len(units.Codes))
	for row, u := range units.Codes {
		if number[u] < 0 {
			number[u] = n
			n++
		}
		index[row] = number[u]
	}
	return index, n, func(name string) (int, bool) {
		at := slices.Index(units.Levels, name)
		if at < 0 {
			return 0, false
		}
		return number[at], true
	}
}

// record is a line of a small file without a header.
type record struct {
	line   int
	fields []string
}

func readRecords(name string, in io.Reader) ([]record, error) {
	r := csv.NewReader(in)
	r.FieldsPerRecord = -1
	r.TrimLeadingSpace = true
	var out []record
	for {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, tellf("%s: %w.", name, err)
		}
		line, _ := r.FieldPos(0)
		out = append(out, record{line, fields})
	}
	if len(out) == 0 {
		return nil, tellf("%s is empty.", name)
	}
	return out, nil
}

func jointSquare(name string, records []record, n int) ([][]float64, error) {
	if len(records) != n {
		return nil, tellf("%s has %d lines, and there are %d units.", name, len(records), n)
	}
	square := make([][]float64, n)
	for i, r := range records {
		if len(r.fields) != n {
			return nil, tellf("%s, line %d: %d numbers, and there are %d units.", name, r.line, len(r.fields), n)
		}
		square[i] = make([]float64, n)
		for j, f := range r.fields {
			v, err := parseNumber(f)
			if err != nil || !(v >= 0 && v <= 1) {
				return nil, tellf("%s, line %d: %q is not a probability.", name, r.line, f)
			}
			square[i][j] = v
		}
	}
	return square, nil
}

// jointTriples reads i, j and p; a first line that is not of numbers is a header. Each pair may stand once or, with the same
// probability, both ways; every pair must be there, and every unit with itself.
func jointTriples(name string, records []record, n int, find func(string) (int, bool)) ([][]float64, error) {
	square := make([][]float64, n)
	for i := range square {
		square[i] = slices.Repeat([]float64{math.NaN()}, n)
	}
	for k, r := range records {
		if len(r.fields) != 3 {
			return nil, tellf("%s, line %d: %d fields where i, j and p were expected.", name, r.line, len(r.fields))
		}
		p, err := parseNumber(r.fields[2])
		if err != nil && k == 0 {
			continue
		}
		if err != nil || !(p >= 0 && p <= 1) {
			return nil, tellf("%s, line %d: %q is not a probability.", name, r.line, r.fields[2])
		}
		var at [2]int
		for e := range at {
			var ok bool
			if at[e], ok = find(strings.TrimSpace(r.fields[e])); !ok {
				return nil, tellf("%s, line %d: there is no unit %s in the data.", name, r.line, r.fields[e])
			}
		}
		i, j := at[0], at[1]
		if before := square[i][j]; before == before && before != p {
			return nil, tellf("%s, line %d: the pair %s and %s has another probability above.", name, r.line, r.fields[0], r.fields[1])
		}
		square[i][j], square[j][i] = p, p
	}
	for i := range square {
		for j, p := range square[i] {
			if p != p {
				return nil, tellf("%s: the probability of units %d and %d, counted as they first appear in the data, is not there.", name, i+1, j+1)
			}
		}
	}
	return square, nil
}

func parseNumber(text string) (float64, error) {
	return strconv.ParseFloat(strings.TrimSpace(text), 64)
}
