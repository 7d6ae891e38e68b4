package weight

import (
	"fmt"
	"math"
	"slices"

	"sipas/analysis/design"
)

// Calibrate finds g = F(q·xᵀλ) with Σ d·g·x = totals by Newton's method on the distinct rows, with
// a line search and a pivoted, rank-revealing solve (Deville and Särndal 1992; Deville,
// Särndal and Sautory 1993). x has a row for each base weight; its columns are named for
// messages; redundant ones are dropped and listed, and fail only where their total
// contradicts the others.
//
// A total that is not finite is a *MarginError. Totals that no factors within the bounds
// can meet are an *InfeasibleError with the proof's totals and the tightest bounds; anything else that
// fails is a *ConvergenceError with the state reached.
func Calibrate(base []float64, x *design.Matrix, totals []float64, names []string, rule CalibrateRule) (*Result, error) {
	if err := checkBase(base); err != nil {
		return nil, err
	}
	if err := rule.check(base); err != nil {
		return nil, err
	}
	rows, cols := x.Dims()

	if rows != len(base) || cols != len(totals) || cols != len(names) {
		return nil, &InputError{Field: "auxiliary variables", Row: -1, Reason: fmt.Sprintf("%d rows and %d columns for %d weights, %d totals and %d names", rows, cols, len(base), len(totals), len(names))}
	}
	for j, t := range totals {
		if math.IsNaN(t) || math.IsInf(t, 0) {
			return nil, &MarginError{Margin: names[j], Reason: "its total is not finite"}
		}
	}
	if rule.Groups != nil {
		mean, err := grouped(base, x, rule)
		if err != nil {
			return nil, err
		}
		x = mean
	}
	u, err := newUnits(base, x, rule)
	if err != nil {
		return nil, err
	}
	c := &calibration{units: u, base: base, auxiliary: x, totals: totals, names: names, rule: rule}
	c.scales()

	if err := c.newton(); err != nil {
		return nil, err
	}

	return c.result(), nil
}

// calibration is the state of one call.
type calibration struct {
	*units
	base      []float64
	auxiliary *design.Matrix
	totals    []float64
	names     []string
	rule      CalibrateRule
	scale     []float64 // of each column's residual: max(|T|, Σ d|x|)
	g         []float64 // of the units
	trace     []float64
	full      bool         // no unit has a gap among its columns
	gram      *design.Gram // at the start
}

func (c *calibration) method() string { return "calibration (" + string(c.rule.Distance) + ")" }

func (c *calibration) scales() {
	n := len(c.weight)
	parts := blocks(n, len(c.totals))
	sums := make([][]float64, parts)

	inBlocks(n, parts, func(block, from, to int) {
		sum := make([]float64, len(c.totals))
		for k := from; k < to; k++ {
			index, value := c.x.Entries(k)
			for e, j := range index {
				sum[j] += c.weight[k] * math.Abs(value[e])
			}
		}
		sums[block] = sum
	})
	c.scale = sumBlocks(sums)

	for j, t := range c.totals {
		c.scale[j] = math.Max(c.scale[j], math.Abs(t))
		if c.scale[j] == 0 {
			c.scale[j] = 1
		}
	}
}

// evaluate returns g, the weights of the Newton matrix and totals less Σ d·g·x.
func (c *calibration) evaluate(lambda []float64) (g, slope, rest []float64) {
	n := len(c.weight)
	g, slope = make([]float64, n), make([]float64, n)
	parts := blocks(n, len(c.totals))
	sums := make([][]float64, parts)

	inBlocks(n, parts, func(block, from, to int) {
		sum := make([]float64, len(c.totals))
		for k := from; k < to; k++ {
			index, value := c.x.Entries(k)
			var u float64
			for e, j := range index {
				u += value[e] * lambda[j]
			}
			q := c.factor(k)
			low, high := c.bounds(k)
			gk, sk := c.rule.Distance.f(u*q, low, high)
			g[k], slope[k] = gk, c.weight[k]*q*sk
			w := c.weight[k] * gk
			for e, j := range index {
				sum[j] += w * value[e]
			}
		}
		sums[block] = sum
	})
	rest = sumBlocks(sums)

	for j, t := range c.totals {
		rest[j] = t - rest[j]
	}

	return g, slope, rest
}

// newtonMatrix is Σ slope·x·xᵀ. Where so many rows are cut that others cannot move all totals, cut rows count with a trace of the
// slope they started with: the step then leads mostly where only they can go, and how far is the line search's affair.
func (c *calibration) newtonMatrix(slope []float64) *design.Gram {
	exact := c.gramOf(slope, 0)
	if len(exact.Redundant()) == len(c.gram.Redundant()) {
		return exact
	}

	return c.gramOf(slope, 1e-5)
}

// gramOf is Σ slope·x·xᵀ, with a least share of the slope at the start.
func (c *calibration) gramOf(slope []float64, least float64) *design.Gram {
	n, cols := len(c.weight), len(c.totals)
	parts := blocks(n, cols*cols)
	sums := make([][]float64, parts)

	inBlocks(n, parts, func(block, from, to int) {
		a := make([]float64, cols*cols)
		at := func(k int) float64 { return math.Max(slope[k], least*c.weight[k]*c.factor(k)) }

		for ; c.full && from+4 <= to; from += 4 {
			_, v0 := c.x.Entries(from)
			_, v1 := c.x.Entries(from + 1)
			_, v2 := c.x.Entries(from + 2)
			_, v3 := c.x.Entries(from + 3)
			addFour(a, [4][]float64{v0, v1, v2, v3}, [4]float64{at(from), at(from + 1), at(from + 2), at(from + 3)})
		}
		for k := from; k < to; k++ {
			s := at(k)
			index, value := c.x.Entries(k)

			for e, j := range index {
				v := s * value[e]
				row := a[int(j)*cols : (int(j)+1)*cols]
				for f, l := range index[:e+1] {
					row[l] += v * value[f]
				}
			}
		}
		sums[block] = a
	})
	a := sumBlocks(sums)

	// Entries of a row need not ascend, so that a pair is in one of the two triangles.
	for i := range cols {
		for j := range i {
			v := a[i*cols+j] + a[j*cols+i]
			a[i*cols+j], a[j*cols+i] = v, v
		}
	}

	return design.FactorGram(a, cols)
}

// addFour adds the lower triangle of Σ s·x·xᵀ of four full rows, which shares the loads and stores of the sums.
func addFour(a []float64, x [4][]float64, s [4]float64) {
	n := len(x[0])

	for i := range n {
		row := a[i*n : i*n+i+1]
		x0, x1, x2, x3 := x[0][:len(row)], x[1][:len(row)], x[2][:len(row)], x[3][:len(row)]
		f0, f1, f2, f3 := s[0]*x0[i], s[1]*x1[i], s[2]*x2[i], s[3]*x3[i]

		for l := range row {
			row[l] += f0*x0[l] + f1*x1[l] + f2*x2[l] + f3*x3[l]
		}
	}
}

// isFull reports whether every unit has all columns, in their order.
func (u *units) isFull() bool {
	_, cols := u.x.Dims()
	n := len(u.weight)
	parts := blocks(n, 1)
	gaps := make([]bool, parts)

	inBlocks(n, parts, func(block, from, to int) {
		for k := from; k < to && !gaps[block]; k++ {
			index, _ := u.x.Entries(k)
			gaps[block] = len(index) != cols
			for e, j := range index {
				gaps[block] = gaps[block] || int(j) != e
			}
		}
	})

	return !slices.Contains(gaps, true)
}

func (c *calibration) off(rest []float64) float64 {
	var m float64

	for j, r := range rest {
		if a := math.Abs(r) / c.scale[j]; a > m || math.IsNaN(a) {
			m = a
		}
	}

	return m
}

func (c *calibration) newton() error {
	if rest := c.iterate(); rest != nil {
		return c.fail(rest)
	}

	return nil
}

// iterate finds g, or returns the residuals that remain.
func (c *calibration) iterate() (unmet []float64) {
	tolerance, limit := c.rule.Tolerance, c.rule.MaxIterations
	if tolerance == 0 {
		tolerance = 1e-11
	}
	if limit == 0 {
		limit = 100
	}
	lambda := make([]float64, len(c.totals))
	g, slope, rest := c.evaluate(lambda)
	now := c.off(rest)
	c.full = c.isFull()
	c.gram = c.gramOf(slope, 1)

	for k := range limit {
		if now <= tolerance && k > 0 {
			break
		}
		gram := c.gram
		if k > 0 {
			gram = c.newtonMatrix(slope)
		}
		step := gram.Solve(rest)
		next := c.search(lambda, step, rest, now, tolerance)

		if next == nil {
			break
		}
		lambda, g, slope, rest = next.lambda, next.g, next.slope, next.rest
		now = c.off(rest)
		c.trace = append(c.trace, now)
	}
	c.g = g

	if now <= tolerance {
		return nil
	}

	return rest
}

// point is a place of the search, with what evaluate says of it.
type point struct{ lambda, g, slope, rest []float64 }

// search goes along the step to where the convex function that λ minimizes has nearly its least value. The residual is
// its negative gradient, so that the product with the step falls along the line and is zero at the best point: a step at which it
// has turned by more than a half of what it was is too long, and one at which it has hardly fallen too short (all rows that the
// step would move are still at a bound, say). The right one lies between the two.
func (c *calibration) search(lambda, step, rest []float64, now, tolerance float64) *point {
	var slope float64

	for j, s := range step {
		slope += s * rest[j]
	}
	if !(slope > 0) {
		return nil
	}
	var nearest *point
	size, short, long := 1.0, 0.0, math.Inf(1)

	for range 100 {
		try := slices.Clone(lambda)
		for j := range try {
			try[j] += size * step[j]
		}
		p := &point{lambda: try}
		p.g, p.slope, p.rest = c.evaluate(try)
		after := c.off(p.rest)

		if after <= tolerance {
			return p
		}
		if after < now {
			nearest, now = p, after
		}
		var there float64
		for j, s := range step {
			there += s * p.rest[j]
		}
		switch {
		case math.Abs(there) <= 0.5*slope:
			return p
		case there > 0:
			short = size
		default:
			long = size
		}
		// A function that falls for ever has no least value: the totals are out of reach.
		if math.IsInf(long, 1) && short > 1e12 {
			return nil
		}
		if math.IsInf(long, 1) {
			size *= 2
			continue
		}
		if long-short <= 1e-15*long {
			break
		}
		size = short + (long-short)/2
	}

	return nearest
}

// fail says why the totals were not met.
func (c *calibration) fail(rest []float64) error {
	at := 0

	for j := range rest {
		if math.Abs(rest[j])/c.scale[j] > math.Abs(rest[at])/c.scale[at] {
			at = j
		}
	}
	unmet := &ConvergenceError{
		Method: c.method(), Iterations: len(c.trace), Margin: c.names[at],
		Residual: -rest[at] / c.scale[at], Weights: c.spread(),
	}
	limits := c.rule.limits()

	if math.IsInf(limits.Lower, -1) && math.IsInf(limits.Upper, 1) {
		if e := c.dependent(); e != nil {
			e.Failed = unmet
			return e
		}
		return unmet
	}
	if e := c.region().explain(c.method(), limits, c.rule.bounded()); e != nil {
		e.Failed = unmet
		return e
	}
	unmet.Reason = "; factors that meet the totals do exist, if only at the very bounds: more iterations or wider bounds may find them"

	return unmet
}

func (c *calibration) region() *region {
	r := &region{
		x: c.x, weight: c.weight, least: c.weight, most: c.weight, totals: c.totals, scale: c.scale, mean: 1,
		name: func(j int) (string, string) { return c.names[j], "" },
	}
	if !c.rule.OnWeights {
		return r
	}
	var sum float64
	rows := 0
	r.least, r.most = make([]float64, len(c.weight)), make([]float64, len(c.weight))

	for k, w := range c.weight {
		r.least[k], r.most[k] = w/c.least[k], w/c.most[k]
		sum += w
		rows += c.rows[k]
	}
	r.mean = sum / float64(rows)

	if c.rule.Groups != nil {
		r.mean = 0
	}

	return r
}

// dependent finds a column that follows from others, whose total does not. Those others are
// independent of each other, so the set is irreducible.
func (c *calibration) dependent() *InfeasibleError {
	slope := make([]float64, len(c.weight))
	for k, w := range c.weight {
		slope[k] = w * c.factor(k)
	}

	for _, j := range c.gram.Redundant() {
		// x_jᵀ in terms of the kept columns.
		right := make([]float64, len(c.totals))
		for k, s := range slope {
			index, value := c.x.Entries(k)
			at := slices.Index(index, int32(j))
			if at < 0 {
				continue
			}
			for e, l := range index {
				right[l] += s * value[e] * value[at]
			}
		}
		beta := c.gram.Solve(right)
		var total, size float64

		for l, b := range beta {
			total += b * c.totals[l]
			size = math.Max(size, math.Abs(b)*c.scale[l])
		}
		if math.Abs(c.totals[j]-total) <= 1e-8*math.Max(size, c.scale[j]) {
			continue
		}
		var set []int
		for l, b := range beta {
			if l == j || math.Abs(b)*c.scale[l] > 1e-9*math.Max(size, c.scale[j]) {
				set = append(set, l)
			}
		}
		e := &InfeasibleError{Method: c.method(), Asked: c.rule.limits()}
		for _, l := range set {
			low, high := math.Inf(-1), math.Inf(1)
			if len(set) == 1 {
				low, high = 0, 0
			}
			e.Set = append(e.Set, Total{Margin: c.names[l], Value: c.totals[l], Low: low, High: high})
		}
		return e
	}

	return nil
}

// spread gives every row the factor of its unit.
func (c *calibration) spread() []float64 {
	w := make([]float64, len(c.base))

	inBlocks(len(w), blocks(len(w), 1), func(_, from, to int) {
		for i := from; i < to; i++ {
			if k := c.of[i]; k >= 0 {
				w[i] = c.base[i] * c.g[k]
			}
		}
	})

	return w
}

func (c *calibration) result() *Result {
	w := c.spread()
	r := &Result{
		Weights: w, G: factors(c.base, w),
		Calibration: &design.Calibration{X: c.auxiliary, Base: slices.Clone(c.base), Q: c.rule.Q},
		Diagnostics: Diagnose(c.method(), c.base, w),
	}
	d := &r.Diagnostics
	d.Iterations, d.Converged, d.Trace, d.Condition = len(c.trace), true, c.trace, c.gram.Condition()

	if d.Negative > 0 {
		d.Notes = append(d.Notes, fmt.Sprintf("%d weights are negative; bounds or another distance avoid that", d.Negative))
	}
	for _, j := range c.gram.Redundant() {
		d.Redundant = append(d.Redundant, c.names[j])
	}
	sums, cut := c.sums()
	d.ShareTrimmed = float64(cut) / float64(d.Rows)
	cols := len(c.totals)
	before, after, rows := sums[:cols], sums[cols:2*cols], sums[2*cols:]

	for j, name := range c.names {
		d.Margins = append(d.Margins, MarginReport{
			Margin: name, Rows: int(rows[j]), Target: c.totals[j], Before: before[j], After: after[j],
			Residual: relative(after[j], c.totals[j]),
		})
	}

	return r
}

// sums returns Σ d·x, Σ d·g·x and the rows of each column one after the other, and the rows cut to a bound.
func (c *calibration) sums() (sums []float64, cut int) {
	n, cols := len(c.weight), len(c.totals)
	parts := blocks(n, 3*cols)
	each, cuts := make([][]float64, parts), make([]int, parts)

	inBlocks(n, parts, func(block, from, to int) {
		sum := make([]float64, 3*cols)
		before, after, rows := sum[:cols], sum[cols:2*cols], sum[2*cols:]

		for k := from; k < to; k++ {
			low, high := c.bounds(k)
			if c.rule.bounded() && c.rule.Distance != Logit && (c.g[k] <= low || c.g[k] >= high) {
				cuts[block] += c.rows[k]
			}
			index, value := c.x.Entries(k)
			d, w, r := c.weight[k], c.weight[k]*c.g[k], float64(c.rows[k])

			for e, j := range index {
				before[j] += d * value[e]
				after[j] += w * value[e]
				rows[j] += r
			}
		}
		each[block] = sum
	})
	for _, n := range cuts {
		cut += n
	}

	return sumBlocks(each), cut
}
