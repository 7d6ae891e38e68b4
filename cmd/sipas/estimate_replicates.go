package main

import (
	"errors"
	"fmt"
	"strings"

	"sipas/analysis/design"
	"sipas/analysis/frame"
	"sipas/analysis/replicate"
)

// replicated adds the replicate weights of the file to a design.
func (s *designFlags) replicated(a *app, t *table, d *design.Design) (*design.Design, error) {
	_, columns, err := s.repColumns(t)
	if err != nil {
		return nil, err
	}
	f := replicate.File{
		Kind: replicate.Kind(s.RepType), Weights: frame.Dense(columns), Factors: s.RepFactors, MSE: s.MSE,
		Scale: orZero(s.Scale), Rho: orZero(s.Rho), DF: orZero(s.RepDF),
	}
	if s.RScales != "" {
		if f.RScales, err = readScales(a, s.RScales); err != nil {
			return nil, err
		}
	}
	out, err := replicate.Given(d, f)
	var input *replicate.InputError
	if errors.As(err, &input) {
		return nil, t.replicateError(input)
	}
	return out, err
}

// repColumns finds the columns of --rep-weights, in the order of the header.
func (s *designFlags) repColumns(t *table) (names []string, columns [][]float64, err error) {
	for _, pattern := range s.RepWeights {
		for _, name := range frame.Glob(pattern, t.Names()) {
			if name == s.Weights {
				return nil, nil, tellf("--rep-weights: the pattern %s takes in the weights, %s.", pattern, name)
			}
			column, err := t.complete("--rep-weights", name)
			if err != nil {
				return nil, nil, err
			}
			names = append(names, name)
			columns = append(columns, column)
		}
	}
	return names, columns, nil
}

// meanReplicate is what stands for weights that are not given: the mean of the replicate weights, as R has it.
func (s *designFlags) meanReplicate(t *table) ([]float64, error) {
	names, columns, err := s.repColumns(t)
	if err != nil {
		return nil, err
	}
	out := make([]float64, t.Rows())
	for row := range out {
		for j, c := range columns {
			if c[row] < 0 {
				return nil, t.fault(row, "--rep-weights: %s is %v, and with weights below zero --weights must be given", names[j], c[row])
			}
			out[row] += c[row] / float64(len(columns))
		}
	}
	return out, nil
}

// readScales reads a file of one number for each replicate, with a header or without.
func readScales(a *app, path string) ([]float64, error) {
	in, _, closeFile, err := openInput(a, path)
	if err != nil {
		return nil, err
	}
	defer closeFile()
	name := "--rscales " + baseName(path)
	records, err := readRecords(name, in)
	if err != nil {
		return nil, err
	}
	var out []float64
	for i, r := range records {
		last := r.fields[len(r.fields)-1]
		v, err := parseNumber(last)
		if err != nil && i == 0 {
			continue
		}
		if err != nil || !(v >= 0) {
			return nil, tellf("%s, line %d: %q is not a scale.", name, r.line, last)
		}
		out = append(out, v)
	}
	return out, nil
}

// makeReplicates makes the replicate weights that --make-replicates asks for.
func (s *designFlags) makeReplicates(t *table, d *design.Design) (*design.Design, error) {
	kind, rho, err := s.made()
	if err != nil {
		return nil, err
	}
	o := replicate.Options{Replicates: s.Reps, Rho: rho, MSE: s.MSE}
	if s.Seed != nil {
		o.Seed = *s.Seed
	}
	out, err := replicate.Make(d, replicate.Method(kind), o)
	var fit *replicate.FitError
	var input *replicate.InputError
	switch {
	case errors.As(err, &fit) && fit.Row >= 0:
		return nil, tellf("--make-replicates %s, the stratum of line %d of %s: %s.", kind, t.Line(fit.Row), t.name, fit.Reason)
	case errors.As(err, &fit):
		return nil, tellf("--make-replicates %s: %s.", kind, fit.Reason)
	case errors.As(err, &input):
		return nil, t.replicateError(input)
	case err != nil:
		return nil, t.explain(err)
	}
	if s.RepDF == nil {
		return out, nil
	}
	known := *out.Replicates()
	known.DF = *s.RepDF
	return out.WithReplicates(&known)
}

func (t *table) replicateError(e *replicate.InputError) error {
	what := e.Field
	if e.Replicate > 0 {
		what = fmt.Sprintf("%s, replicate %d", what, e.Replicate)
	}
	if e.Row >= 0 {
		return t.fault(e.Row, "%s: %s", what, e.Reason)
	}
	return tellf("%s: %s: %s.", t.name, what, strings.TrimSuffix(e.Reason, "."))
}

// orZero is what a flag was given, or zero.
func orZero(p *float64) float64 {
	if p == nil {
		return 0
	}
	return *p
}
