package main

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"sipas/analysis"
	"sipas/analysis/estimate"
	"sipas/analysis/frame"
)

// item is one estimate to make in every domain: a variable of a table, or one probability of a quantile.
type item struct {
	statistic, variable, level string
	variableAt                 int // position among the variables
	quantile                   int // position among the quantiles' variables; -1 for what is no quantile
	probability                int
}

// request is all that is estimated in one pass.
type request struct {
	items     []item
	variables []estimate.Variable
	quantiles []quantileFlag
	values    [][]float64 // of the quantiles' variables
}

// quantileFlag is a variable with probabilities.
type quantileFlag struct {
	variable      string
	text          []string // the probabilities as they were written
	probabilities []float64
}

// parseQuantiles reads --quantile: V@0.25,0.5, with more variables behind another comma.
func (c *estimateCmd) parseQuantiles() ([]quantileFlag, error) {
	var out []quantileFlag
	for _, flag := range c.Quantile {
		first := len(out)
		for _, part := range strings.Split(flag, ",") {
			name, p, begins := strings.Cut(part, "@")
			if begins {
				out = append(out, quantileFlag{variable: name})
			} else if p = part; len(out) == first {
				return nil, usagef("--quantile: write it as V@0.25,0.5, not %q.", flag)
			}
			v, err := strconv.ParseFloat(p, 64)
			if err != nil || !(v >= 0 && v <= 1) || name == "" {
				return nil, usagef("--quantile: write it as V@0.25,0.5 with probabilities from 0 to 1, not %q.", flag)
			}
			last := &out[len(out)-1]
			last.text = append(last.text, strconv.FormatFloat(v, 'f', -1, 64))
			last.probabilities = append(last.probabilities, v)
		}
	}
	return out, nil
}

// pair splits V=LEVEL or Y/X in two.
func pair(flag, text, by, form string) (left, right string, err error) {
	left, right, ok := strings.Cut(text, by)
	if !ok || left == "" || right == "" {
		return "", "", usagef("%s: write it as %s, not %q.", flag, form, text)
	}
	return left, right, nil
}

// request reads the columns of everything that is estimated.
func (c *estimateCmd) request(s *drawn) (*request, error) {
	r := &request{}
	for _, k := range []struct {
		flag, statistic string
		kind            estimate.Kind
		names           []string
	}{{"--mean", "mean", estimate.Mean, c.Mean}, {"--total", "total", estimate.Total, c.Total}} {
		for _, name := range k.names {
			if err := r.addNumbersOrLevels(s, k.flag, k.statistic, name, k.kind); err != nil {
				return nil, err
			}
		}
	}
	for _, text := range c.Ratio {
		y, x, err := pair("--ratio", text, "/", "Y/X")
		if err != nil {
			return nil, err
		}
		v := estimate.Variable{Name: text, Kind: estimate.Ratio}
		if v.Values, err = s.finite("--ratio", y); err != nil {
			return nil, err
		}
		if v.Denominator, err = s.finite("--ratio", x); err != nil {
			return nil, err
		}
		r.add("ratio", "", v)
	}
	for _, name := range c.Category {
		if err := r.addLevels(s, "--category", "category", name, estimate.Share); err != nil {
			return nil, err
		}
	}
	quantiles, err := c.parseQuantiles()
	if err != nil {
		return nil, err
	}
	for _, q := range quantiles {
		values, err := s.finite("--quantile", q.variable)
		if err != nil {
			return nil, err
		}
		for i, p := range q.text {
			r.items = append(r.items, item{statistic: "quantile", variable: q.variable, level: p, quantile: len(r.values), probability: i})
		}
		r.quantiles = append(r.quantiles, q)
		r.values = append(r.values, values)
	}
	for _, text := range c.Proportion {
		name, level, err := pair("--proportion", text, "=", "V=LEVEL")
		if err != nil {
			return nil, err
		}
		col, at, err := s.level("--proportion", name, level)
		if err != nil {
			return nil, err
		}
		r.add("proportion", col.Levels[at], estimate.Variable{Name: name, Kind: estimate.Share, Values: indicator(col, at)})
	}
	return r, nil
}

func (r *request) add(statistic, level string, v estimate.Variable) {
	r.items = append(r.items, item{statistic: statistic, variable: v.Name, level: level, variableAt: len(r.variables), quantile: -1})
	r.variables = append(r.variables, v)
}

// addNumbersOrLevels adds a column of numbers, or the indicators of the levels of a column of text.
func (r *request) addNumbersOrLevels(s *drawn, flag, statistic, name string, kind estimate.Kind) error {
	if s.isCategory(name) {
		return r.addLevels(s, flag, statistic, name, kind)
	}
	values, err := s.finite(flag, name)
	if err != nil {
		return err
	}
	r.add(statistic, "", estimate.Variable{Name: name, Kind: kind, Values: values})
	return nil
}

// mostCells is how many indicators of levels a column may make where codes of a byte do not reach: two gigabytes of them.
const mostCells = 1 << 28

func (r *request) addLevels(s *drawn, flag, statistic, name string, kind estimate.Kind) error {
	col, err := s.categories(flag, name)
	if err != nil {
		return err
	}
	if n := len(col.Levels); n <= math.MaxUint8 {
		codes := make([]uint8, len(col.Codes)) // shared by the variables of all levels
		for row, k := range col.Codes {
			codes[row] = uint8(n)
			if k != frame.Missing {
				codes[row] = uint8(k)
			}
		}
		for at, level := range col.Levels {
			scores := make([]float64, n+1)
			scores[at], scores[n] = 1, math.NaN()
			r.add(statistic, level, estimate.Variable{Name: name, Kind: kind, Codes: codes, Scores: scores})
		}
		return nil
	}
	if len(col.Levels) > mostCells/max(1, s.Rows()) {
		return tellf("%s of %s: the column %s has %d levels in %d rows, too many to be categories.", flag, s.name, name, len(col.Levels), s.Rows())
	}
	for at, level := range col.Levels {
		r.add(statistic, level, estimate.Variable{Name: name, Kind: kind, Values: indicator(col, at)})
	}
	return nil
}

// level finds a level of a column.
func (t *table) level(flag, name, level string) (*frame.Column, int, error) {
	col, err := t.categories(flag, name)
	if err != nil {
		return nil, 0, err
	}
	at := slices.Index(col.Levels, level)
	if at < 0 {
		return nil, 0, tellf("%s of %s: the column %s has no level %q; it has %s.", flag, t.name, name, level, list(col.Levels))
	}
	return col, at, nil
}

// finite returns a column of numbers without infinite ones.
func (t *table) finite(flag, name string) ([]float64, error) {
	values, err := t.numbers(flag, name)
	if err != nil {
		return nil, err
	}
	for row, v := range values {
		if math.IsInf(v, 0) {
			return nil, t.fault(row, "%s: %s is infinite", flag, name)
		}
	}
	return values, nil
}

// indicator is one where a row has a level, missing where it has none.
func indicator(c *frame.Column, level int) []float64 {
	out := make([]float64, len(c.Codes))
	for row, k := range c.Codes {
		switch k {
		case frame.Missing:
			out[row] = math.NaN()
		case int32(level):
			out[row] = 1
		}
	}
	return out
}

// estimated are the numbers of a request in all domains.
type estimated struct {
	*request
	table     *estimate.Table
	answered  [][]estimate.ItemNonresponse // of the variables that miss values somewhere
	gap       []int                        // of each variable, then of each quantile's: its place among these, or -1
	quantiles [][][]estimate.Quantile
}

// compute works a request out.
func (c *estimateCmd) compute(s *drawn, r *request, in domains) (*estimated, error) {
	out := &estimated{request: r}
	all := slices.Clone(r.variables)
	for i, v := range r.values {
		all = append(all, estimate.Variable{Name: r.quantiles[i].variable, Values: v})
	}
	if len(all) == 0 {
		return out, nil
	}
	var err error
	options := estimate.Options{Level: c.Level, ShareInterval: c.interval()}
	if len(r.variables) > 0 {
		if out.table, err = estimate.Compute(s.design, r.variables, in.Domains, options); err != nil {
			return nil, s.explain(err)
		}
	}
	rule, err := estimate.ParseRule(c.QRule)
	if err != nil {
		return nil, usagef("--qrule: %v.", err)
	}
	for i, q := range r.quantiles {
		v := estimate.Variable{Name: q.variable, Values: r.values[i]}
		found, err := estimate.Quantiles(s.design, v, q.probabilities, in.Domains, estimate.QuantileOptions{Rule: rule, Level: c.Level})
		if err != nil {
			return nil, s.explain(err)
		}
		out.quantiles = append(out.quantiles, found)
	}
	gaps := out.findGaps(all)
	if len(gaps) > 0 {
		if out.answered, err = estimate.Nonresponse(s.design, gaps, in.Domains, options); err != nil {
			return nil, s.explain(err)
		}
	}
	return out, nil
}

// findGaps returns the variables that miss values, and notes for each of all which of them it is. The levels of a column miss the same.
func (e *estimated) findGaps(all []estimate.Variable) []estimate.Variable {
	var gaps []estimate.Variable
	known := map[*uint8]int{} // by the codes that levels share
	for _, v := range all {
		if v.Codes != nil {
			at, ok := known[&v.Codes[0]]
			if !ok {
				at = -1
				if missing := uint8(len(v.Scores) - 1); slices.Contains(v.Codes, missing) {
					at = len(gaps)
					gaps = append(gaps, estimate.Variable{Name: v.Name, Values: presence(v.Codes, missing)})
				}
				known[&v.Codes[0]] = at
			}
			e.gap = append(e.gap, at)
			continue
		}
		if !slices.ContainsFunc(v.Values, math.IsNaN) && !slices.ContainsFunc(v.Denominator, math.IsNaN) {
			e.gap = append(e.gap, -1)
			continue
		}
		e.gap = append(e.gap, len(gaps))
		gaps = append(gaps, v)
	}
	return gaps
}

// presence is missing where a code is that of a missing value.
func presence(codes []uint8, missing uint8) []float64 {
	out := make([]float64, len(codes))
	for row, k := range codes {
		if k == missing {
			out[row] = math.NaN()
		}
	}
	return out
}

// rows are the results of one domain, in the order of the request.
func (e *estimated) rows(c *estimateCmd, s *drawn, in domains, domain int) []resultRow {
	var out []resultRow
	for _, it := range e.items {
		r := resultRow{Statistic: it.statistic, Variable: it.variable, Level: it.level, Domain: in.labels[domain]}
		answered := it.variableAt
		var figure analysis.Estimate
		kind := estimate.Mean

		if it.quantile >= 0 {
			q := e.quantiles[it.quantile][domain][it.probability]
			figure, answered = q.Estimate, len(e.variables)+it.quantile
			figure.Method = "quantile by " + string(q.Rule)
			effect := estimate.DesignEffect{Value: math.NaN(), Reason: "a quantile has none that is agreed on"}
			r.fill(figure, effect, s.variance())
		} else {
			figure, kind = e.table.Estimate(domain, it.variableAt), e.variables[it.variableAt].Kind
			r.fill(figure, e.table.DesignEffect(domain, it.variableAt, estimate.Against(c.Deff)), s.variance())
			// Influence values take memory for every row of every domain: they are made when somebody wants them.
			if c.Cov {
				stat := e.table.Stat(domain, it.variableAt)
				r.stat = &stat
			}
		}
		r.judge(kind, figure, c.Level)
		r.answersNumbers = &answersNumbers{0, new(float64)}
		if gap := e.gap[answered]; gap >= 0 {
			a := e.answered[domain][gap]
			r.answersNumbers = &answersNumbers{a.Missing, defined(a.Share.Value)}
		}
		out = append(out, r)
	}
	return out
}

// variance names what the weights went through and where the standard errors come from.
func (s *drawn) variance() string {
	from := "linearization"
	if p := s.design.Replicates(); p != nil {
		from = "replicates (" + p.Type + ")"
	}
	if c := s.echo.Calibration; c != nil {
		from = c.Method + "; " + from
	}
	return from
}
