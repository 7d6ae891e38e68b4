package estimate

import (
	"fmt"
	"math"
	"slices"

	"sipas/analysis"
	"sipas/analysis/design"

	"gonum.org/v1/gonum/mat"
)

// Stat is an estimate with its influence function, from which composites,
// differences, covariances and functions are made. An undefined one has a NaN
// value and a reason.
//
// In a design of replicate weights it carries its value in every replicate, and its variance comes from them;
// composites and functions are then worked out in each replicate. A Stat of such a design that has a Form
// alone has the replicates' variance of its linearization.
type Stat struct {
	Value      float64
	Form       design.Form
	Replicates []float64 // its values in the replicates, NaN where one does not define it; nil for linearized designs
	Rows       []int     // the rows behind it, where no Form tells
	N          int       // distinct rows behind it
	Population float64   // the number of cases it speaks for; of a composite, the largest among its parts
	EffectiveN float64   // of a composite, the smallest among its parts
	Reason     string
}

// Term is one summand of a linear combination.
type Term struct {
	Coefficient float64
	Stat        Stat
}

// Linear returns constant + Σ coefficient·stat with its influence function
// Σ coefficient·z, from which its standard error follows with all covariances inside,
// also between items that come from different weight columns.
// It is undefined as soon as one of its stats with a coefficient is.
func Linear(constant float64, terms ...Term) Stat {
	value := constant
	gradient := make([]float64, len(terms))
	stats := make([]Stat, len(terms))

	for i, t := range terms {
		gradient[i], stats[i] = t.Coefficient, t.Stat
		if t.Coefficient != 0 {
			value += t.Coefficient * t.Stat.Value
		}
	}

	return combine(value, gradient, stats, func(x []float64) float64 {
		value := constant
		for i, t := range terms {
			if t.Coefficient != 0 {
				value += t.Coefficient * x[i]
			}
		}

		return value
	})
}

// Delta returns a smooth function of estimates, linearized at their values by dual
// numbers: z = Σ ∂f/∂x_j·z_j (Binder 1983; Demnati and Rao 2004). With replicate weights the function itself is
// worked out in every replicate. It is undefined where the function or its gradient is not finite.
func Delta(f func(x []Dual) Dual, stats ...Stat) Stat {
	x := make([]Dual, len(stats))

	for i, s := range stats {
		x[i] = Dual{V: s.Value, D: make([]float64, len(stats))}
		x[i].D[i] = 1
	}
	y := f(x)
	gradient := make([]float64, len(stats))
	copy(gradient, y.D)

	for _, g := range gradient {
		if math.IsNaN(g) || math.IsInf(g, 0) {
			y.V = math.NaN()
		}
	}

	return combine(y.V, gradient, stats, func(at []float64) float64 {
		for i, v := range at {
			x[i] = Number(v)
		}

		return f(x).V
	})
}

// combine makes the stat of a function of stats from its value and gradient at theirs; at works it out anew for
// their values in a replicate.
func combine(value float64, gradient []float64, stats []Stat, at func(x []float64) float64) Stat {
	out := Stat{Value: value, EffectiveN: math.NaN(), Population: math.NaN()}

	for i, s := range stats {
		if gradient[i] == 0 {
			continue
		}
		if math.IsNaN(s.Value) {
			reason := s.Reason
			if reason == "" {
				reason = "a part is not defined"
			}
			return Stat{Value: math.NaN(), EffectiveN: math.NaN(), Population: math.NaN(), Reason: reason}
		}
		for _, p := range s.Form {
			out.add(p, gradient[i])
		}
		if s.Form == nil {
			out.Rows = append(out.Rows, s.Rows...)
		}
		if !(s.EffectiveN >= out.EffectiveN) && !math.IsNaN(s.EffectiveN) {
			out.EffectiveN = s.EffectiveN
		}
		if !(s.Population <= out.Population) {
			out.Population = s.Population
		}
	}
	out.N = len(out.rows())

	if math.IsNaN(value) || math.IsInf(value, 0) {
		return Stat{Value: math.NaN(), N: out.N, EffectiveN: math.NaN(), Population: math.NaN(), Reason: "the function is not defined at these values"}
	}
	out.Replicates = combineReplicates(gradient, stats, at)

	return out
}

// add adds a scaled part, in place of appending where the rows are the same.
func (s *Stat) add(p design.Part, a float64) {
	for i := range s.Form {
		if s.Form[i].Column != p.Column || !slices.Equal(s.Form[i].Rows, p.Rows) {
			continue
		}
		for k, v := range p.Values {
			s.Form[i].Values[k] += a * v
		}
		return
	}
	scaled := design.Part{Column: p.Column, Rows: p.Rows, Values: make([]float64, len(p.Values))}

	for k, v := range p.Values {
		scaled.Values[k] = a * v
	}
	s.Form = append(s.Form, scaled)
}

// rows returns the distinct rows of all parts.
func (s *Stat) rows() []int {
	if len(s.Form) == 1 && len(s.Rows) == 0 {
		return s.Form[0].Rows
	}
	all := slices.Clone(s.Rows)

	for _, p := range s.Form {
		all = append(all, p.Rows...)
	}
	slices.Sort(all)

	return slices.Compact(all)
}

// Of turns a stat into an estimate: its design-based standard error, the degrees of
// freedom of the rows behind it (primary units less strata) and the interval
// estimate ± t·se. The method is what to call the statistic. The design effect of
// a composite has no agreed reference and is left undefined; its effective number
// is the smallest among its parts.
func Of(d *design.Design, s Stat, method string, opt Options) (analysis.Estimate, error) {
	if err := opt.check(); err != nil {
		return analysis.Estimate{}, err
	}
	if math.IsNaN(s.Value) {
		e := analysis.Undefined(s.N, s.Reason)
		e.Method = method
		return e, nil
	}
	v, reason, err := variance(d, s)

	if err != nil {
		return analysis.Estimate{}, fmt.Errorf("%s: %w", method, err)
	}
	e := analysis.Estimate{
		Value: s.Value, SE: standardError(v), N: s.N, Population: s.Population,
		EffectiveN: s.EffectiveN, DF: opt.df(d.DF(s.rows())), DesignEffect: math.NaN(), Method: method,
	}
	e.Interval, e.Reason = student(e.Value, e.SE, e.DF, opt.level())
	if reason != "" {
		e.Reason = reason
	}

	return e, nil
}

// Covariance returns the joint covariance of stats, between items, columns and
// domains alike. Rows and columns of undefined stats are NaN.
func Covariance(d *design.Design, stats []Stat) (*mat.SymDense, error) {
	if len(stats) == 0 {
		return nil, fmt.Errorf("covariance: there are no estimates")
	}
	var defined []Stat
	var at []int

	for i, s := range stats {
		if !math.IsNaN(s.Value) {
			defined = append(defined, s)
			at = append(at, i)
		}
	}
	out := mat.NewSymDense(len(stats), nil)

	for i := range stats {
		for j := i; j < len(stats); j++ {
			out.SetSym(i, j, math.NaN())
		}
	}
	if len(defined) == 0 {
		return out, nil
	}
	v, err := covariance(d, defined)

	if err != nil {
		return nil, fmt.Errorf("covariance: %w", err)
	}
	for a, i := range at {
		for b := a; b < len(at); b++ {
			out.SetSym(i, at[b], v.At(a, b))
		}
	}

	return out, nil
}
