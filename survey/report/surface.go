package report

import (
	"context"
	"math"
	"runtime"
	"slices"
	"sync"

	"sipas/analysis"
	"sipas/analysis/design"
	"sipas/analysis/estimate"
	"sipas/survey"
)

// surface is every variable in every domain, from one sample with one set of weights: how many answers there
// are, which of them may be shown, and the estimates of those that may.
type surface struct {
	sample   *sample
	design   *design.Grouped
	how      string // the weights, for the method of each figure
	weighted bool
	domains  [][]int          // the groups of each domain
	scored   []scored         // by variable
	n        [][]int          // answers by variable and domain
	why      [][]string       // why a figure is not shown as it would be now, by variable and domain; "" where it is
	same     [][]bool         // whether the answers are those that were shown last, by variable and domain
	gone     [][]bool         // whether too many of the answers that were shown last were taken back since, by variable and domain
	made     [][]*settled     // the estimates by variable and domain; nil where nothing is shown
	items    map[string]*item // by code
}

// item is the answers to an item, counted by group.
type item struct {
	*rowItem
	position []int     // where it stands in the rows of each group, or -1
	count    [][]int32 // by group and cell; nil where it was not asked
}

// scored is what each cell of a variable's item counts as; NaN is no valid answer. Nothing is listwise: a row without this
// item still counts for the others.
type scored struct {
	item  *item
	score []float64
}

// settled is an estimate, with what its influence values are made of: w·(y − mean)/weight.
type settled struct {
	analysis.Estimate
	mean, weight float64
}

// newSurface counts answers, and withholds what has too few; disclose decides about the rest.
func newSurface(s *sample, rows *Rows, domains []domain, vars []variable, rules survey.Rules) *surface {
	out := &surface{sample: s, design: s.design, how: s.method, weighted: true, items: map[string]*item{}}
	inside := make([][]int, len(s.groups))
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
	for i, in := range inside {
		for _, d := range in {
			out.domains[d] = append(out.domains[d], i)
		}
	}
	out.scored = make([]scored, len(vars))
	out.n = make([][]int, len(vars))
	out.why = make([][]string, len(vars))
	for v := range vars {
		out.scored[v] = out.score(rows, vars[v])
		out.n[v] = make([]int, len(domains))
		for i := range s.groups {
			for _, d := range inside[i] {
				out.n[v][d] += out.scored[v].answers(i)
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

// score says what the cells of a variable's item count as: the codes themselves, or whether a code is among those of a share.
func (s *surface) score(rows *Rows, v variable) scored {
	it := s.count(rows, v.item)
	out := scored{item: it, score: make([]float64, len(it.values)+1)}
	for cell := range out.score {
		switch code := it.valueOf(byte(cell)); {
		case code == noAnswer:
			out.score[cell] = math.NaN()
		case v.codes == nil:
			out.score[cell] = float64(code)
		case slices.Contains(v.codes, code):
			out.score[cell] = 1
		}
	}
	return out
}

// count counts an item's answers in the groups that were asked it.
func (s *surface) count(rows *Rows, code string) *item {
	if it := s.items[code]; it != nil {
		return it
	}
	it := &item{rowItem: &rowItem{code: code}, position: make([]int, len(s.sample.groups)), count: make([][]int32, len(s.sample.groups))}
	s.items[code] = it
	at, asked := rows.itemAt[code]
	if asked {
		it.rowItem = &rows.items[at]
	}
	for i, g := range s.sample.groups {
		it.position[i] = -1
		if !asked {
			continue
		}
		p := g.position(at)
		if it.position[i] = p; p < 0 {
			continue
		}
		it.count[i] = make([]int32, len(it.values)+1)
		for ; p < len(g.cells); p += len(g.asked) {
			it.count[i][g.cells[p]]++
		}
	}
	return it
}

// answers is the number of valid answers in a group.
func (s scored) answers(group int) (n int) {
	for cell, k := range s.item.count[group] {
		if s.score[cell] == s.score[cell] {
			n += int(k)
		}
	}
	return n
}

// unweightedSurface is the same answers as a simple random sample: what offices publish today. What is withheld
// is the same, because the answers are.
func unweightedSurface(s *surface) (*surface, error) {
	out := *s
	out.weighted, out.how = false, "unweighted, as if a simple random sample"
	if len(s.sample.groups) == 0 {
		return &out, nil
	}
	ones := make([]float64, len(s.sample.groups))
	for i := range ones {
		ones[i] = 1
	}
	var err error
	out.design, err = design.NewGrouped(design.GroupSpec{N: s.sample.counts, Columns: []design.GroupColumn{{Weights: ones}}})
	if err != nil {
		return nil, survey.Errorf(survey.CodeInternal, "compute", "unweighted design: %w", err)
	}
	return &out, nil
}

// estimate computes every figure that may be shown.
func (s *surface) estimate(ctx context.Context, cores int, vars []variable, rules survey.Rules) error {
	s.made = make([][]*settled, len(vars))
	opt := estimate.Options{Level: rules.Level, ShareInterval: shareInterval(rules)}
	return each(ctx, cores, len(vars), func(v int) error {
		s.made[v] = make([]*settled, len(s.domains))
		kind := estimate.Mean
		if vars[v].codes != nil {
			kind = estimate.Share
		}
		for d, why := range s.why[v] {
			if why != "" || s.n[v][d] == 0 {
				continue
			}
			e, err := s.settle(kind, v, d, s.column(&vars[v]), opt)
			if err != nil {
				return survey.Errorf(survey.CodeInternal, "compute", "item %s: %w", vars[v].item, err)
			}
			s.made[v][d] = e
		}
		return nil
	})
}

// column is the column of the design that a variable's weights are in.
func (s *surface) column(v *variable) int {
	if !s.weighted {
		return 0
	}
	return v.column
}

// settle estimates one variable in one domain, from counts alone.
func (s *surface) settle(kind estimate.Kind, v, d, column int, opt estimate.Options) (*settled, error) {
	x := s.scored[v]
	var a estimate.Sums
	// Values are taken from any of the answers on: where all agree, their spread is zero and no rounding.
	pivot, y, yy := math.NaN(), 0.0, 0.0
	used := make([]int, s.design.Groups())
	for _, g := range s.domains[d] {
		w := s.design.Weight(column, g)
		for cell, k := range x.item.count[g] {
			score := x.score[cell]
			if k == 0 || score != score {
				continue
			}
			if pivot != pivot {
				pivot = score
			}
			all := w * float64(k)
			a.Weight += all
			y += all * (score - pivot)
			yy += all * (score - pivot) * (score - pivot)
			used[g] += int(k)
		}
		a.N += used[g]
	}
	m := y / a.Weight
	a.Mean, a.Squares = pivot+m, math.Max(0, yy-m*y)
	out := &settled{mean: a.Mean, weight: a.Weight}
	r := s.newResidualSums([]int{column}, [][]float64{s.influence(v, d, column, out, 1)})
	in := make([]bool, s.design.Groups())
	for _, g := range s.domains[d] {
		in[g] = true
		w, valid := s.design.Weight(column, g), 0
		for cell, k := range x.item.count[g] {
			if score := x.score[cell]; k > 0 && score == score {
				r.add(g, int(k), w*(score-a.Mean)/a.Weight)
				valid += int(k)
			}
		}
		r.add(g, s.design.N(g)-valid, 0)
	}
	r.rest(in)
	var err error
	out.Estimate, err = estimate.OfSums(kind, a, r.variance(), s.design.DF(used), opt)
	return out, err
}

// influence sums up, by group, a times the influence values of an estimate.
func (s *surface) influence(v, d, column int, e *settled, a float64) []float64 {
	x := s.scored[v]
	sums := make([]float64, s.design.Groups())
	for _, g := range s.domains[d] {
		for cell, k := range x.item.count[g] {
			if score := x.score[cell]; k > 0 && score == score {
				sums[g] += float64(k) * (score - e.mean)
			}
		}
		sums[g] *= a * s.design.Weight(column, g) / e.weight
	}
	return sums
}

// residualSums are sums of what is left of influence values by calibration.
type residualSums struct {
	s       *surface
	columns []int
	fits    [][]float64 // by column and group; nil where the column is not calibrated
	sum     []float64   // by stratum
	square  []float64
	second  float64
}

// newResidualSums begins with the sums of the influence values in some columns by group.
func (s *surface) newResidualSums(columns []int, sums [][]float64) *residualSums {
	r := &residualSums{s: s, columns: columns, sum: make([]float64, s.design.Strata()), square: make([]float64, s.design.Strata())}
	for i, c := range columns {
		r.fits = append(r.fits, s.design.Fit(c, sums[i]))
	}
	return r
}

// of is the residual of one row of a group in the i-th column, whose influence value is z.
func (r *residualSums) of(i, g int, z float64) float64 {
	if fit := r.fits[i]; fit != nil {
		return r.s.design.Inflation(r.columns[i], g) * (z - fit[g])
	}
	return z
}

// add counts n rows of a group with the same influence values, one for each column.
func (r *residualSums) add(g, n int, z ...float64) {
	e, times := 0.0, float64(n)
	for i := range r.columns {
		own := r.of(i, g, z[i])
		if a := r.s.design.Second(r.columns[i], g); a != 0 {
			r.second += times * a * own * own
		}
		e += own
	}
	h := r.s.design.Stratum(g)
	r.sum[h] += times * e
	r.square[h] += times * e * e
}

// rest counts the groups that have no influence values. Calibration reaches them too.
func (r *residualSums) rest(in []bool) {
	if !slices.ContainsFunc(r.fits, func(f []float64) bool { return f != nil }) {
		return
	}
	none := make([]float64, len(r.columns))
	for g, inside := range in {
		if !inside {
			r.add(g, r.s.design.N(g), none...)
		}
	}
}

func (r *residualSums) variance() float64 { return r.s.design.Variance(r.sum, r.square, r.second) }

// each calls f with 0 to n−1 on some cores, all where that is 0. Every call works on its own result, so that the number of cores cannot
// change a digit. It ends early with the first error, in order of number, or when the context ends.
func each(ctx context.Context, cores, n int, f func(i int) error) error {
	if cores <= 0 {
		cores = runtime.GOMAXPROCS(0)
	}
	errs := make([]error, n)
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(n, cores) {
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
