package estimate

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"

	"sipas/analysis"
	"sipas/analysis/design"
)

// Spread is the interval quantile ± t·se with the standard error of the quantiles of the replicates; it needs replicate weights.
const Spread Method = "replicate spread"

// Score is the interval of Francisco and Fuller (1991) for quantiles: all x for which the
// hypothesis that F(x) = p is not rejected.
const Score Method = "score"

// QuantileOptions are the choices of Quantiles. They are repeated in every result.
type QuantileOptions struct {
	Rule     Rule    // "" means HF1
	Interval Method  // of the share F(q): any method of Proportion, "" meaning T; or Score or Spread
	Level    float64 // 0 means 0.95
	DF       float64 // 0 means the domain's own; +Inf the normal distribution
	// Jackknife allows Spread with replicates of the types JK1 and JKn, whose spread is not a consistent
	// estimate for quantiles (Miller 1974; Shao and Wu 1989). The method of the result says so.
	Jackknife bool
	// TiesByWeight makes the interpolating rules independent of the order of the rows; see Rule.
	TiesByWeight bool
}

// JackknifeError refuses the spread of jackknife replicates for quantiles.
type JackknifeError struct {
	Type string // of the replicates
}

func (e *JackknifeError) Error() string {
	return fmt.Sprintf("the spread of %s replicates is not a valid standard error for quantiles; take Woodruff's interval, or ask for it explicitly", e.Type)
}

// Quantile is one quantile of one variable in one domain.
type Quantile struct {
	// Estimate has Woodruff's standard error, the width of the interval over 2t. Its DesignEffect
	// and EffectiveN are those of the share F(q), since quantiles have none that is agreed on.
	analysis.Estimate
	Probability float64
	Rule        Rule
	Share       float64 // F(q): the weighted share of answers that are at most the quantile
}

// quantileJSON is what a quantile's file form has beside that of its estimate.
type quantileJSON struct {
	Probability float64  `json:"probability"`
	Rule        Rule     `json:"rule"`
	Share       *float64 `json:"share_at_most"`
}

// MarshalJSON writes the estimate with the probability, the rule and the share beside it; an undefined share is null.
func (q Quantile) MarshalJSON() ([]byte, error) {
	beside := quantileJSON{Probability: q.Probability, Rule: q.Rule}
	if !math.IsNaN(q.Share) {
		beside.Share = &q.Share
	}
	head, err := json.Marshal(beside)
	if err != nil {
		return nil, err
	}
	tail, err := q.Estimate.MarshalJSON()
	if err != nil {
		return nil, err
	}

	return slices.Concat(head[:len(head)-1], []byte{','}, tail[1:]), nil
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (q *Quantile) UnmarshalJSON(b []byte) error {
	beside := quantileJSON{}
	if err := json.Unmarshal(b, &beside); err != nil {
		return err
	}
	q.Probability, q.Rule, q.Share = beside.Probability, beside.Rule, math.NaN()

	if beside.Share != nil {
		q.Share = *beside.Share
	}

	return q.Estimate.UnmarshalJSON(b)
}

// Quantiles estimates quantiles of a variable at some probabilities in every domain:
// the result has one row for each domain and one column for each probability. The
// variable's kind is not read. The rows are sorted once, whatever the number of domains.
//
// The interval is Woodruff's (1952): p̂ = F(q), which need not be p, with its
// design-based standard error, an interval for that share with the degrees of
// freedom of the domain, and the quantile by the same rule at each end of it. The
// standard error is the width over 2t. With replicate weights the standard error
// of p̂ comes from the replicates, or, by Spread, that of the quantile does.
//
// By Score, the interval reaches from the first answer x with (F(x) − p)/se(F(x)) above −t to the first above t:
// between them no x is rejected as the quantile. It ends with the answers. R turns the ends into unweighted shares and inverts
// the weighted distribution at them, which is right with equal weights only.
//
// Edge cases. An end of the share's interval outside [0, 1] has no quantile: that
// end and the standard error are NaN, and the reason says so. The same holds for a
// share of 1, the quantile being the largest answer, by methods that are not
// defined there. A domain without answers is undefined.
//
// Woodruff 1952; Francisco and Fuller 1991; Hyndman and Fan 1996; Lumley 2010, section 2.4.
func Quantiles(d *design.Design, v Variable, probabilities []float64, domains Domains, opt QuantileOptions) ([][]Quantile, error) {
	if opt.Rule == "" {
		opt.Rule = HF1
	}
	if opt.Interval == "" {
		opt.Interval = T
	}
	if err := opt.check(d, probabilities); err != nil {
		return nil, err
	}
	v.Kind, v.Denominator = Mean, nil

	if err := v.check(d.Rows()); err != nil {
		return nil, err
	}
	column, err := d.Column(v.Column)
	if err != nil {
		return nil, fmt.Errorf("variable %s: %w", v.Name, err)
	}
	if err := ascends(d.Weights(column)); err != nil {
		return nil, fmt.Errorf("variable %s: %w", v.Name, err)
	}
	out := make([][]Quantile, len(domains.Names))
	errs := make([]error, len(domains.Names))
	rows := deal(d, v, column, domains)

	parallel(len(out), func(i int) {
		q := quantiles{design: d, column: column, values: v.Values, answered: rows[i], opt: opt}
		out[i], errs[i] = q.compute(probabilities)
	})
	for i, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("quantiles of %s in %s: %w", v.Name, domains.Names[i], err)
		}
	}

	return out, nil
}

// ascends refuses weights below zero, as linear calibration may leave them: a distribution function that falls has no quantiles.
func ascends(weights []float64) error {
	for row, w := range weights {
		if w < 0 {
			return &design.InputError{Field: "weights", Row: row, Reason: fmt.Sprintf("a distribution needs weights that are not negative, not %v", w)}
		}
	}

	return nil
}

// EmpiricalDistribution returns the weighted distribution function of a variable in each domain, without errors; CDF has those.
func EmpiricalDistribution(d *design.Design, v Variable, domains Domains) ([]*Distribution, error) {
	v.Kind, v.Denominator = Mean, nil
	if err := v.check(d.Rows()); err != nil {
		return nil, err
	}
	column, err := d.Column(v.Column)
	if err != nil {
		return nil, fmt.Errorf("variable %s: %w", v.Name, err)
	}
	if err := ascends(d.Weights(column)); err != nil {
		return nil, fmt.Errorf("variable %s: %w", v.Name, err)
	}
	var out []*Distribution

	for _, a := range deal(d, v, column, domains) {
		out = append(out, a.distribution(v.Values, d.Weights(column), false))
	}

	return out, nil
}

func (o QuantileOptions) check(d *design.Design, probabilities []float64) error {
	if _, err := ParseRule(string(o.Rule)); err != nil {
		return err
	}
	if o.Interval != Score && o.Interval != Spread && !o.Interval.known() {
		return fmt.Errorf("there is no interval named %q", o.Interval)
	}
	if o.Interval == Spread && !d.Replicated() {
		return fmt.Errorf("the interval %q needs replicate weights", Spread)
	}
	if o.Interval == Spread && !o.Jackknife && jackknife(d) {
		return &JackknifeError{Type: d.Replicates().Type}
	}
	for _, p := range probabilities {
		if !(p >= 0 && p <= 1) {
			return fmt.Errorf("a probability lies between 0 and 1, not at %v", p)
		}
	}

	return Options{Level: o.Level, DF: o.DF}.check()
}

func jackknife(d *design.Design) bool {
	return d.Replicated() && strings.HasPrefix(strings.ToUpper(d.Replicates().Type), "JK")
}

// quantiles is the computation of one domain.
type quantiles struct {
	answered
	design *design.Design
	column int
	values []float64
	opt    QuantileOptions

	distribution *Distribution
	options      Options
	df           float64
	t            float64
}

func (q *quantiles) compute(probabilities []float64) ([]Quantile, error) {
	out := make([]Quantile, len(probabilities))

	for i, p := range probabilities {
		e := analysis.Undefined(len(q.rows), "no answers")
		e.Method = fmt.Sprintf("weighted quantile, %s", q.opt.Rule)
		out[i] = Quantile{Estimate: e, Probability: p, Rule: q.opt.Rule, Share: math.NaN()}
	}
	if len(q.rows) == 0 {
		return out, nil
	}
	w := q.design.Weights(q.column)
	q.distribution = q.answered.distribution(q.values, w, q.opt.TiesByWeight)
	q.options = Options{Level: q.opt.Level, DF: q.opt.DF}
	q.df = q.options.DF
	cuts := make([]float64, len(out))

	for i := range out {
		cuts[i] = q.distribution.Quantile(out[i].Probability, q.opt.Rule)
	}
	variances, err := q.variances(cuts)
	if err != nil {
		return nil, err
	}
	if q.df == 0 {
		q.df = q.design.DF(q.rows)
	}
	if q.df > 0 {
		q.t = quantileT((1+q.options.level())/2, q.df)
	}
	for i := range out {
		e := &out[i]
		e.Value, e.Share = cuts[i], q.distribution.At(cuts[i])
		e.DF, e.Population, e.Reason = q.df, q.distribution.Total(), ""
		e.Interval.Level, e.Interval.Method = q.options.level(), q.name()
		e.DesignEffect, e.EffectiveN = effective(variances[i], e.Share*(1-e.Share)/float64(len(q.rows)-1), len(q.rows))
	}

	switch q.opt.Interval {
	case Score:
		err = q.score(out)
	case Spread:
		q.spread(out)
	default:
		q.woodruff(out, variances)
	}

	return out, err
}

// name states the interval's method, and what was allowed by request.
func (q *quantiles) name() string {
	switch {
	case q.opt.Interval == Score:
		return string(Score)
	case q.opt.Interval == Spread && jackknife(q.design):
		return string(Spread) + " of a jackknife, which is not valid for quantiles"
	case q.opt.Interval == Spread:
		return string(Spread)
	}

	return "Woodruff, " + named(q.opt.Interval, q.df)
}

// variances returns the variance of F at some values.
func (q *quantiles) variances(cuts []float64) ([]float64, error) {
	if q.design.Replicated() {
		return q.replicated(cuts), nil
	}
	if q.design.TotalsSuffice(q.column) {
		return q.fromTotals(cuts), nil
	}
	w := q.design.Weights(q.column)
	out := make([]float64, len(cuts))
	total := q.distribution.Total()
	z := make([]float64, len(q.rows))

	for i, cut := range cuts {
		if j := slices.Index(cuts[:i], cut); j >= 0 {
			out[i] = out[j]
			continue
		}
		share := q.distribution.At(cut)
		in, not := (1-share)/total, -share/total

		for k, row := range q.rows {
			z[k] = w[row] * not
			if q.values[row] <= cut {
				z[k] = w[row] * in
			}
		}
		v, err := q.design.Variance(design.Form{{Column: q.column, Rows: q.rows, Values: z}})
		if err != nil {
			return nil, err
		}
		out[i] = math.Max(0, v)
	}

	return out, nil
}

// fromTotals is the same in one pass over the rows, from the totals of the primary units.
func (q *quantiles) fromTotals(cuts []float64) []float64 {
	w, of := q.design.Weights(q.column), q.design.PrimaryUnits()
	shares, below := make([]float64, len(cuts)), make([]float64, len(cuts))
	var units, forms []int32
	var totals []float64

	for i, cut := range cuts {
		shares[i] = q.distribution.At(cut)
	}
	rows := q.rows
	if !slices.IsSortedFunc(rows, func(a, b int) int { return cmp.Compare(of[a], of[b]) }) {
		rows = slices.SortedStableFunc(slices.Values(rows), func(a, b int) int { return cmp.Compare(of[a], of[b]) })
	}
	for from := 0; from < len(rows); {
		unit := of[rows[from]]
		clear(below)
		var sum float64

		for ; from < len(rows) && of[rows[from]] == unit; from++ {
			y, weight := q.values[rows[from]], w[rows[from]]
			sum += weight

			for i, cut := range cuts {
				if y <= cut {
					below[i] += weight
				}
			}
		}
		for i, b := range below {
			units = append(units, unit)
			forms = append(forms, int32(i))
			totals = append(totals, (b-shares[i]*sum)/q.distribution.Total())
		}
	}
	out, df := q.design.VariancesOfTotals(units, forms, totals, len(cuts))
	if q.df == 0 && len(df) > 0 {
		q.df = df[0] // they come with it
	}

	return out
}

// replicated is the same from the shares in each replicate, which follow from totals by unit.
func (q *quantiles) replicated(cuts []float64) []float64 {
	w, factors := q.design.Weights(q.column), q.design.ReplicateFactors(q.column)
	out := make([]float64, len(cuts))
	part := make([]float64, len(q.rows))

	for k, row := range q.rows {
		part[k] = w[row]
	}
	total := factors.Sums(q.rows, part)

	for i, cut := range cuts {
		for k, row := range q.rows {
			part[k] = 0
			if q.values[row] <= cut {
				part[k] = w[row]
			}
		}
		theta := factors.Sums(q.rows, part)
		for r := range theta {
			theta[r] /= total[r]
		}
		v := q.design.Replicates().Covariance([][]float64{theta}, []float64{q.distribution.At(cut)})
		out[i] = v.At(0, 0)
	}

	return out
}

// woodruff inverts the interval of each share.
func (q *quantiles) woodruff(out []Quantile, variances []float64) {
	for i := range out {
		e := &out[i]
		in, reason := Proportion(q.opt.Interval, e.Share, math.Sqrt(variances[i]), len(q.rows), q.df, q.options.level())
		e.Reason = reason
		low, high := q.invert(in.Low), q.invert(in.High)

		if reason == "" && (math.IsNaN(low) || math.IsNaN(high)) {
			e.Reason = fmt.Sprintf("the interval of the share below, %.4g to %.4g, leaves the range from 0 to 1", in.Low, in.High)
		}
		q.settle(e, low, high)
	}
}

func (q *quantiles) invert(p float64) float64 {
	if !(p >= 0 && p <= 1) {
		return math.NaN()
	}

	return q.distribution.Quantile(p, q.opt.Rule)
}

func (q *quantiles) settle(e *Quantile, low, high float64) {
	e.Interval.Low, e.Interval.High = low, high
	if q.df > 0 {
		e.SE = (high - low) / (2 * q.t)
	}
}

// spread takes the standard error from the quantiles of each replicate.
func (q *quantiles) spread(out []Quantile) {
	full := make([]float64, len(out))
	for i := range out {
		full[i] = out[i].Value
	}
	// The statistic cannot fail: a replicate without answers gives NaN.
	theta, _ := q.design.Refitted(q.column, func(w []float64) ([]float64, error) {
		f := q.answered.distribution(q.values, w, q.opt.TiesByWeight)
		theta := make([]float64, len(out))

		for i := range theta {
			theta[i] = f.Quantile(out[i].Probability, q.opt.Rule)
		}

		return theta, nil
	})
	v := q.design.ReplicateCovariance(theta, full)

	for i := range out {
		e := &out[i]
		e.SE = math.Sqrt(v.At(i, i))
		in, reason := student(e.Value, e.SE, q.df, q.options.level())
		e.Interval.Low, e.Interval.High, e.Reason = in.Low, in.High, reason
	}
}

// score searches the distinct answers for the ends of what is not rejected. The
// score rises with x but for noise in its standard error, so halving finds them.
func (q *quantiles) score(out []Quantile) error {
	if !(q.df > 0) {
		for i := range out {
			out[i].Reason = "no degrees of freedom"
		}
		return nil
	}
	x, _ := q.distribution.Steps()

	for i := range out {
		p := out[i].Probability
		var failure error
		above := func(k int, limit float64) bool { // the score at x_k is more than limit
			v, err := q.variances(x[k : k+1])
			if err != nil {
				failure = err
				return true
			}

			return q.distribution.At(x[k])-p > limit*math.Sqrt(v[0])
		}
		low := sort.Search(len(x), func(k int) bool { return above(k, -q.t) })
		high := sort.Search(len(x), func(k int) bool { return above(k, q.t) })

		if failure != nil {
			return failure
		}
		q.settle(&out[i], x[min(low, len(x)-1)], x[min(high, len(x)-1)])
	}

	return nil
}
