package weight

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"sipas/analysis/design"
)

// Propensities are estimated chances to respond.
type Propensities struct {
	Chance       []float64 // of each row; NaN where the base weight is zero
	Coefficients []float64 // of the logit, zero for redundant columns
	Redundant    []string
	Iterations   int
	// R is Schouten's indicator of representativeness 1 − 2·sd(p), with the standard deviation over the
	// sample by base weight: one when everybody is as likely to respond, zero at worst (Schouten, Cobben and Bethlehem 2009).
	R float64
}

// SeparationError says that the auxiliary variables tell apart exactly, for some rows, who responded, so that chances
// of zero or one would be estimated and their inverses are not weights.
type SeparationError struct {
	Row  int     // a row for which it is so
	Side float64 // the chance it tends to, zero or one
}

func (e *SeparationError) Error() string {
	return fmt.Sprintf("response propensity: the auxiliary variables alone decide the response of some rows, as of row %d, whose chance tends to %v: leave out or join what does that", e.Row, e.Side)
}

// Propensity fits log p/(1−p) = xᵀβ to who responded among everyone invited, weighted by base (of ones for an
// unweighted fit), by Newton's method. x needs an intercept of its own or columns that sum to one. The columns of x are
// named for the list of the redundant ones. Nobody or everybody responding is an *InputError, auxiliary variables that
// separate respondents from the others a *SeparationError.
func Propensity(responded []bool, base []float64, x *design.Matrix, names []string) (*Propensities, error) {
	if err := checkBase(base); err != nil {
		return nil, err
	}
	n, cols := x.Dims()

	if n != len(base) || n != len(responded) || cols != len(names) {
		return nil, &InputError{Field: "auxiliary variables", Row: -1, Reason: fmt.Sprintf("%d rows and %d columns for %d weights, %d responses and %d names", n, cols, len(base), len(responded), len(names))}
	}
	var sum, yes float64

	for i, b := range base {
		sum += b
		if responded[i] {
			yes += b
		}
	}
	if yes == 0 || yes == sum {
		return nil, &InputError{Field: "responses", Row: -1, Reason: "nobody or everybody responded, which leaves nothing to estimate"}
	}
	f := &logit{responded: responded, base: base, x: x, sum: sum}
	p, err := f.fit(cols)
	if err != nil {
		return nil, err
	}
	for _, j := range f.redundant {
		p.Redundant = append(p.Redundant, names[j])
	}

	return p, nil
}

type logit struct {
	responded []bool
	base      []float64
	x         *design.Matrix
	sum       float64
	redundant []int
}

// evaluate returns the chances, the Newton weights, the gradient and the mean deviance.
func (f *logit) evaluate(beta []float64) (p, v, gradient []float64, deviance float64) {
	n := len(f.base)
	p, v = make([]float64, n), make([]float64, n)
	parts := blocks(n, len(beta))
	sums := make([][]float64, parts)

	inBlocks(n, parts, func(block, from, to int) {
		sum := make([]float64, len(beta)+1)
		for i := from; i < to; i++ {
			p[i] = math.NaN()
			if f.base[i] == 0 {
				continue
			}
			index, value := f.x.Entries(i)
			var u float64
			for e, j := range index {
				u += value[e] * beta[j]
			}
			// The chance of what happened, written so that it keeps its digits near one.
			if !f.responded[i] {
				u = -u
			}
			miss := 1 / (1 + math.Exp(u))
			sum[len(beta)] += 2 * f.base[i] * softplus(-u)
			r := f.base[i] * miss
			p[i] = 1 - miss
			if !f.responded[i] {
				r = -r
				p[i] = miss
			}
			v[i] = f.base[i] * miss * (1 - miss)
			for e, j := range index {
				sum[j] += r * value[e]
			}
		}
		sums[block] = sum
	})
	total := sumBlocks(sums)

	return p, v, total[:len(beta)], total[len(beta)] / f.sum
}

// softplus is log(1 + eᵘ).
func softplus(u float64) float64 { return math.Max(u, 0) + math.Log1p(math.Exp(-math.Abs(u))) }

func (f *logit) fit(cols int) (*Propensities, error) {
	beta := make([]float64, cols)
	p, v, gradient, deviance := f.evaluate(beta)
	const limit = 100

	for k := range limit {
		gram := design.NewGram(f.x, v)
		if k == 0 {
			f.redundant = gram.Redundant()
		}
		step := gram.Solve(gradient)
		var gain float64

		for j, s := range step {
			gain += s * gradient[j]
		}
		if gain <= 1e-20*f.sum {
			return f.result(p, beta, k)
		}
		moved := false

		for size := 1.0; size > 1e-10; size /= 2 {
			try := slices.Clone(beta)
			for j := range try {
				try[j] += size * step[j]
			}
			p2, v2, g2, d2 := f.evaluate(try)

			if d2 < deviance || d2 <= deviance*(1+1e-14) && size == 1 {
				beta, p, v, gradient, deviance = try, p2, v2, g2, d2
				moved = true
				break
			}
		}
		if row, side := f.separated(p); row >= 0 {
			return nil, &SeparationError{Row: row, Side: side}
		}
		if !moved {
			return f.result(p, beta, k+1)
		}
	}

	return nil, &ConvergenceError{Method: "response propensity", Iterations: limit, Margin: "logit", Residual: deviance}
}

// separated finds a row whose chance has left what any number of rows could support.
func (f *logit) separated(p []float64) (row int, side float64) {
	for i, c := range p {
		if f.base[i] == 0 {
			continue
		}
		if c < 1e-10 {
			return i, 0
		}
		if 1-c < 1e-10 {
			return i, 1
		}
	}

	return -1, 0
}

func (f *logit) result(p, beta []float64, iterations int) (*Propensities, error) {
	out := &Propensities{Chance: p, Coefficients: beta, Iterations: iterations}
	var mean, square float64
	n := 0

	for i, b := range f.base {
		if b > 0 {
			mean += b * p[i] / f.sum
			n++
		}
	}
	for i, b := range f.base {
		if b > 0 {
			square += b * (p[i] - mean) * (p[i] - mean) / f.sum
		}
	}
	out.R = math.NaN()
	if n > 1 {
		out.R = 1 - 2*math.Sqrt(square*float64(n)/float64(n-1))
	}

	return out, nil
}

// Inverse multiplies the respondents' weights by 1/p and sets the others' to zero.
func (p *Propensities) Inverse(responded []bool, base []float64) ([]float64, error) {
	if len(responded) != len(p.Chance) || len(base) != len(p.Chance) {
		return nil, &InputError{Field: "responses", Row: -1, Reason: "one response and one base weight are needed for each chance"}
	}
	w := make([]float64, len(base))

	for i, b := range base {
		if responded[i] && b > 0 {
			w[i] = b / p.Chance[i]
		}
	}

	return w, nil
}

// PropensityClass is one of the classes that Classes forms.
type PropensityClass struct {
	Low, High   float64 // the smallest and the largest chance in it
	Invited     int
	Respondents int
	Factor      float64 // Σ base / Σ base of the respondents
}

// Classes divides everyone invited by their chance into count classes of the same sum of base weights (five of them take away
// nine tenths of the bias: Little 1986; Valliant, Dever and Kreuter 2018, section 13.5) and multiplies the respondents' weights in
// each by Σ base/Σ base of respondents; the others' become zero. Rows of the same chance are never parted, and a
// class without respondents is joined with the one of higher chances (the last, with the one before), so that there may be fewer classes.
func (p *Propensities) Classes(responded []bool, base []float64, count int) ([]float64, []PropensityClass, error) {
	if len(responded) != len(p.Chance) || len(base) != len(p.Chance) {
		return nil, nil, &InputError{Field: "responses", Row: -1, Reason: "one response and one base weight are needed for each chance"}
	}
	if count < 1 {
		return nil, nil, &InputError{Field: "classes", Row: -1, Reason: "at least one is needed"}
	}
	var order []int
	var sum float64

	for i, b := range base {
		if b > 0 {
			order = append(order, i)
			sum += b
		}
	}
	slices.SortFunc(order, func(a, b int) int {
		if c := cmp.Compare(p.Chance[a], p.Chance[b]); c != 0 {
			return c
		}
		return a - b
	})
	var ends []int
	var reached float64
	answered := false

	for k, i := range order {
		reached += base[i]
		answered = answered || responded[i]
		last := k+1 == len(order)
		// Equal chances may differ by rounding in how they were summed.
		parted := !last && p.Chance[order[k+1]]-p.Chance[i] > 1e-12

		if last || parted && answered && reached >= sum*float64(len(ends)+1)/float64(count)*(1-1e-12) {
			ends = append(ends, k+1)
			if !answered && len(ends) > 1 {
				ends = slices.Delete(ends, len(ends)-2, len(ends)-1)
			}
			answered = false
		}
	}
	w := make([]float64, len(base))
	var classes []PropensityClass
	from := 0

	for _, to := range ends {
		class := PropensityClass{Low: p.Chance[order[from]], High: p.Chance[order[to-1]], Invited: to - from}
		var all, yes float64
		for _, i := range order[from:to] {
			all += base[i]
			if responded[i] {
				class.Respondents++
				yes += base[i]
			}
		}
		class.Factor = all / yes
		for _, i := range order[from:to] {
			if responded[i] {
				w[i] = base[i] * class.Factor
			}
		}
		classes = append(classes, class)
		from = to
	}

	return w, classes, nil
}
