package weight

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"sipas/analysis/design"
)

// Margin is one set of known totals.
type Margin struct {
	Name    string
	Labels  []string // the level of each row; not read where the base weight is zero
	Targets map[string]float64
}

// levels is a margin in the form that the iterations work on.
type levels struct {
	name   string
	names  []string // sorted
	target []float64
	of     []int // of each row; -1 where the base weight is zero
	rows   []int // respondents of each level
}

func (m Margin) levels(base []float64) (levels, error) {
	l := levels{name: m.Name}

	if len(m.Labels) != len(base) {
		return l, &MarginError{Margin: m.Name, Reason: fmt.Sprintf("%d labels for %d rows", len(m.Labels), len(base))}
	}
	for name := range m.Targets {
		l.names = append(l.names, name)
	}
	slices.Sort(l.names)
	at := make(map[string]int)

	for i, name := range l.names {
		t := m.Targets[name]
		if math.IsNaN(t) || math.IsInf(t, 0) || t < 0 {
			return l, &MarginError{Margin: m.Name, Level: name, Reason: fmt.Sprintf("a total must be finite and not negative, not %v", t)}
		}
		at[name] = i
		l.target = append(l.target, t)
	}
	l.of = make([]int, len(base))
	l.rows = make([]int, len(l.names))

	for i, b := range base {
		l.of[i] = -1
		if b == 0 {
			continue
		}
		level, ok := at[m.Labels[i]]
		if !ok {
			return l, &MarginError{Margin: m.Name, Level: m.Labels[i], Reason: "respondents are at this level, which has no total"}
		}
		l.of[i] = level
		l.rows[level]++
	}

	return l, nil
}

// feasible finds what no weights can meet.
func (l levels) feasible() error {
	for i, name := range l.names {
		switch {
		case l.rows[i] == 0 && l.target[i] > 0:
			return &MarginError{Margin: l.name, Level: name, Reason: fmt.Sprintf("its total is %v but nobody responded", l.target[i])}
		case l.rows[i] > 0 && l.target[i] == 0:
			return &MarginError{Margin: l.name, Level: name, Reason: fmt.Sprintf("its total is zero but %d responded", l.rows[i])}
		}
	}

	return nil
}

func (l levels) sum() float64 {
	var s float64

	for _, t := range l.target {
		s += t
	}

	return s
}

func (l levels) totals(w []float64) []float64 {
	t := make([]float64, len(l.names))

	for i, level := range l.of {
		if level >= 0 {
			t[level] += w[i]
		}
	}

	return t
}

// prepare checks margins against each other. Sums of counts agree to rounding;
// 1e-9 of the total is far below one case.
func prepare(base []float64, margins []Margin) ([]levels, error) {
	if err := checkBase(base); err != nil {
		return nil, err
	}
	if len(margins) == 0 {
		return nil, &InputError{Field: "margins", Row: -1, Reason: "there are none"}
	}
	out := make([]levels, len(margins))

	for i, m := range margins {
		l, err := m.levels(base)
		if err != nil {
			return nil, err
		}
		if err := l.feasible(); err != nil {
			return nil, err
		}
		out[i] = l

		if first, this := out[0].sum(), l.sum(); math.Abs(this-first) > 1e-9*first {
			return nil, &MarginError{Margin: m.Name, Reason: fmt.Sprintf("its totals sum to %v, those of %s to %v", this, margins[0].Name, first)}
		}
	}

	return out, nil
}

// auxiliary returns the indicator columns of all levels of all margins.
func auxiliary(base []float64, margins []levels) (*design.Matrix, []string, error) {
	rows := make([][]design.Entry, len(base))
	var names []string

	for _, l := range margins {
		for i, level := range l.of {
			if level >= 0 {
				rows[i] = append(rows[i], design.Entry{Column: len(names) + level, Value: 1})
			}
		}
		for _, name := range l.names {
			names = append(names, l.name+"="+name)
		}
	}
	x, err := design.FromRows(len(names), rows)

	return x, names, err
}

func report(margins []levels, base, weights []float64) []MarginReport {
	var out []MarginReport

	for _, l := range margins {
		before, after := l.totals(base), l.totals(weights)

		for i, name := range l.names {
			out = append(out, MarginReport{
				Margin: l.name, Level: name, Rows: l.rows[i], Target: l.target[i],
				Before: before[i], After: after[i], Residual: relative(after[i], l.target[i]),
			})
		}
	}

	return out
}

func worst(reports []MarginReport) MarginReport {
	return slices.MaxFunc(reports, func(a, b MarginReport) int {
		return cmp.Compare(math.Abs(a.Residual), math.Abs(b.Residual))
	})
}

// PoolStep says what was pooled into what, and why.
type PoolStep struct {
	Margin string   `json:"margin"`
	Levels []string `json:"levels"`
	Into   string   `json:"into"`
	Rows   int      `json:"rows"`
	Reason string   `json:"reason"`
}

// Pool joins the levels of a margin that have fewer than min respondents into one
// level of the given name, and, while that is still too small, the smallest of the
// others with it. It returns the new margin and what it did; the input is not
// changed. Levels without respondents are joined too, so that their total is
// still represented. One small level alone is joined with the smallest other.
func Pool(base []float64, m Margin, min int, into string) (Margin, []PoolStep, error) {
	l, err := m.levels(base)
	if err != nil {
		return m, nil, err
	}
	order := make([]int, len(l.names))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return l.rows[a] - l.rows[b] })
	pooled := make(map[string]bool)
	step := PoolStep{Margin: m.Name, Into: into}

	for _, i := range order {
		small := l.rows[i] < min
		if !small && (len(step.Levels) == 0 || len(step.Levels) > 1 && step.Rows >= min) {
			break
		}
		pooled[l.names[i]] = true
		step.Levels = append(step.Levels, l.names[i])
		step.Rows += l.rows[i]
	}
	if len(step.Levels) < 2 {
		return m, nil, nil
	}
	if _, taken := m.Targets[into]; taken && !pooled[into] {
		return m, nil, &MarginError{Margin: m.Name, Level: into, Reason: "the name of the pooled level is taken"}
	}
	slices.Sort(step.Levels)
	step.Reason = fmt.Sprintf("fewer than %d respondents", min)
	out := Margin{Name: m.Name, Labels: slices.Clone(m.Labels), Targets: make(map[string]float64)}

	for i, name := range l.names {
		if pooled[name] {
			out.Targets[into] += l.target[i]
			continue
		}
		out.Targets[name] = l.target[i]
	}
	for i, label := range out.Labels {
		if pooled[label] {
			out.Labels[i] = into
		}
	}

	return out, []PoolStep{step}, nil
}
