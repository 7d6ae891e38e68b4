package report

import (
	"context"
	"math"
	"runtime"
	"slices"
	"sync"

	"sipas/analysis/design"
	"sipas/analysis/estimate"
	"sipas/survey"
)

// surface is every variable in every domain, from one sample with one set of weights: how many answers there
// are, which of them may be shown, and the estimates of those that may.
type surface struct {
	sample   *sample
	design   *design.Design
	how      string // the weights, for the method of each figure
	weighted bool
	domains  [][]int     // the rows of each domain, in the design's order
	values   [][]float64 // of each variable by row; NaN is no valid answer
	codes    [][]int     // the answers as they were given, by variable and row; noAnswer where there is no valid one
	n        [][]int     // answers by variable and domain
	why      [][]string  // why a figure is not shown as it would be now, by variable and domain; "" where it is
	same     [][]bool    // whether the answers are those that were shown last, by variable and domain
	tables   []*estimate.Table
	at       [][]int // the position of a domain in its variable's table, or -1
}

// newSurface counts answers, and withholds what has too few; disclose decides about the rest.
func newSurface(s *sample, domains []domain, vars []variable, rules survey.Rules) *surface {
	out := &surface{sample: s, design: s.design, how: s.method, weighted: true}
	inside := make([][]int, len(s.rows))
	holders := map[place][]int{}
	for i, p := range s.places {
		in, known := holders[p]
		if !known {
			for d := range domains {
				if domains[d].holds(p) {
					in = append(in, d)
				}
			}
			holders[p] = in
		}
		inside[i] = in
	}
	out.domains = make([][]int, len(domains))
	if s.design != nil {
		out.domains = rowsOf(s.design, inside, len(domains))
	}
	out.values = make([][]float64, len(vars))
	out.codes = make([][]int, len(vars))
	out.n = make([][]int, len(vars))
	out.why = make([][]string, len(vars))
	for v := range vars {
		out.codes[v] = codesOf(s.rows, vars[v].item, s.columns, vars[v].column)
		out.values[v] = valuesOf(out.codes[v], vars[v].codes)
		out.n[v] = make([]int, len(domains))
		for i, y := range out.values[v] {
			if math.IsNaN(y) {
				continue
			}
			for _, d := range inside[i] {
				out.n[v][d]++
			}
		}
		out.why[v] = make([]string, len(domains))
		for d, n := range out.n[v] {
			if n < rules.MinAnswers {
				out.why[v][d] = survey.ReasonFewAnswers
			}
		}
	}
	return out
}

// unweightedSurface is the same answers as a simple random sample: what offices publish today. What is withheld
// is the same, because the answers are.
func unweightedSurface(s *surface) (*surface, error) {
	out := *s
	out.weighted, out.how = false, "unweighted, as if a simple random sample"
	if len(s.sample.rows) == 0 {
		return &out, nil
	}
	ones := make([]float64, len(s.sample.rows))
	for i := range ones {
		ones[i] = 1
	}
	var err error
	out.design, err = design.New(design.Spec{Weights: ones, Lonely: design.LonelyRemove})
	if err != nil {
		return nil, survey.Errorf(survey.CodeInternal, "compute", "unweighted design: %w", err)
	}
	inside := make([][]int, len(s.sample.rows))
	for d, rows := range s.domains {
		for _, row := range rows {
			inside[row] = append(inside[row], d)
		}
	}
	out.domains = rowsOf(out.design, inside, len(s.domains))
	return &out, nil
}

func rowsOf(d *design.Design, inside [][]int, domains int) [][]int {
	out := make([][]int, domains)
	for _, row := range d.Order() {
		for _, at := range inside[row] {
			out[at] = append(out[at], row)
		}
	}
	return out
}

// noAnswer marks a row without a valid answer.
const noAnswer = -1

// codesOf reads an item's answers: no answer where the item was not asked, was left open, or was answered "don't
// know", "does not apply" or "refused". Nothing is listwise: a row without this item still counts for the others.
func codesOf(rows []*survey.Response, item string, columns []weighted, column int) []int {
	codes := make([]int, len(rows))
	for i, r := range rows {
		codes[i] = noAnswer
		if columns[column].chance[i] == 0 {
			continue
		}
		if code, answered := r.Answers[item]; answered && code >= 0 {
			codes[i] = code
		}
	}
	return codes
}

// valuesOf turns answers into what is averaged: the codes themselves, or whether a code is among those of a share.
func valuesOf(codes, share []int) []float64 {
	values := make([]float64, len(codes))
	for i, code := range codes {
		switch {
		case code == noAnswer:
			values[i] = math.NaN()
		case share == nil:
			values[i] = float64(code)
		case slices.Contains(share, code):
			values[i] = 1
		}
	}
	return values
}

// estimate computes every figure that may be shown.
func (s *surface) estimate(ctx context.Context, vars []variable, rules survey.Rules) error {
	s.tables = make([]*estimate.Table, len(vars))
	s.at = make([][]int, len(vars))
	opt := estimate.Options{Level: rules.Level, ShareInterval: shareInterval(rules)}
	return each(ctx, len(vars), func(v int) error {
		s.at[v] = make([]int, len(s.domains))
		var shown estimate.Domains
		for d, why := range s.why[v] {
			s.at[v][d] = -1
			if why == "" && s.n[v][d] > 0 {
				s.at[v][d] = len(shown.Names)
				shown.Names = append(shown.Names, vars[v].item)
				shown.Rows = append(shown.Rows, s.domains[d])
			}
		}
		if len(shown.Names) == 0 {
			return nil
		}
		what := estimate.Variable{Name: vars[v].item, Values: s.values[v]}
		if vars[v].codes != nil {
			what.Kind = estimate.Share
		}
		if s.weighted && vars[v].column > 0 {
			what.Column = s.sample.columns[vars[v].column].name
		}
		t, err := estimate.Compute(s.design, []estimate.Variable{what}, shown, opt)
		if err != nil {
			return survey.Errorf(survey.CodeInternal, "compute", "item %s: %w", vars[v].item, err)
		}
		s.tables[v] = t
		return nil
	})
}

// rowWeight is the weight of a row for a variable.
func (s *surface) rowWeight(v *variable, row int) float64 {
	if !s.weighted {
		return 1
	}
	return s.sample.columns[v.column].weights[row]
}

// each calls f with 0 to n−1 on all cores. Every call works on its own result, so that the number of cores cannot
// change a digit. It ends early with the first error, in order of number, or when the context ends.
func each(ctx context.Context, n int, f func(i int) error) error {
	errs := make([]error, n)
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for i := range next {
				errs[i] = f(i)
			}
		})
	}
	var ended error
	for i := range n {
		if ended = ctx.Err(); ended != nil {
			break
		}
		next <- i
	}
	close(next)
	wg.Wait()
	if ended != nil {
		return ended
	}
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
