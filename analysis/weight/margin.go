package weight

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Margin is one set of known totals.
type Margin struct {
	Name    string
	Labels  []string // the level of each row; not read where the base weight is zero
	Targets map[string]float64
	// Counts are the respondents that a row stands for, where the base weights are totals of groups; nil means one.
	Counts []int
}

// CodedMargin is a Margin whose levels are numbered: nothing is looked up for a row, which
// counts when there are millions.
type CodedMargin struct {
	Name   string
	Levels []string  // the name of each level, for messages and reports
	Totals []float64 // of each level
	Codes  []int32   // the level of each row; not read where the base weight is zero
	Counts []int     // as those of a Margin
}

// Coded numbers the levels in the order of their names. A label without a total gets a level
// beyond the last, which is an error when the margin is used.
func (m Margin) Coded(base []float64) (CodedMargin, error) {
	c := CodedMargin{Name: m.Name, Counts: m.Counts}

	if len(m.Labels) != len(base) {
		return c, &MarginError{Margin: m.Name, Reason: fmt.Sprintf("%d labels for %d rows", len(m.Labels), len(base))}
	}
	for name := range m.Targets {
		c.Levels = append(c.Levels, name)
	}
	slices.Sort(c.Levels)
	at := make(map[string]int32)

	for i, name := range c.Levels {
		at[name] = int32(i)
		c.Totals = append(c.Totals, m.Targets[name])
	}
	c.Codes = make([]int32, len(base))
	last, code := "", int32(-1)

	for i, b := range base {
		if b == 0 {
			c.Codes[i] = -1
			continue
		}
		if code < 0 || m.Labels[i] != last {
			k, ok := at[m.Labels[i]]
			if !ok {
				return c, &MarginError{Margin: m.Name, Level: m.Labels[i], Reason: "respondents are at this level, which has no total"}
			}
			last, code = m.Labels[i], k
		}
		c.Codes[i] = code
	}

	return c, nil
}

// levels is a margin in the form that the iterations work on.
type levels struct {
	name   string
	names  []string
	target []float64
	of     []int32 // of each row; not read where the base weight is zero
	rows   []int   // respondents of each level
}

func (m Margin) levels(base []float64) (levels, error) {
	c, err := m.Coded(base)
	if err != nil {
		return levels{name: m.Name}, err
	}

	return c.levels(base)
}

func (m CodedMargin) levels(base []float64) (levels, error) {
	l := levels{name: m.Name, names: m.Levels, target: m.Totals, of: m.Codes, rows: make([]int, len(m.Levels))}

	if len(m.Codes) != len(base) {
		return l, &MarginError{Margin: m.Name, Reason: fmt.Sprintf("%d codes for %d rows", len(m.Codes), len(base))}
	}
	if m.Counts != nil && len(m.Counts) != len(base) {
		return l, &MarginError{Margin: m.Name, Reason: fmt.Sprintf("%d counts for %d rows", len(m.Counts), len(base))}
	}
	if len(m.Levels) != len(m.Totals) {
		return l, &MarginError{Margin: m.Name, Reason: fmt.Sprintf("%d totals for %d levels", len(m.Totals), len(m.Levels))}
	}
	for i, t := range m.Totals {
		if math.IsNaN(t) || math.IsInf(t, 0) || t < 0 {
			return l, &MarginError{Margin: m.Name, Level: m.Levels[i], Reason: fmt.Sprintf("a total must be finite and not negative, not %v", t)}
		}
	}
	parts := blocks(len(base), len(l.rows))
	counts := make([][]int, parts)
	wrong := make([]int, parts)

	inBlocks(len(base), parts, func(block, from, to int) {
		count := make([]int, len(l.rows))
		wrong[block] = -1

		for i := from; i < to; i++ {
			if base[i] == 0 {
				continue
			}
			k := l.of[i]
			if uint(k) >= uint(len(count)) {
				wrong[block] = i
				return
			}
			if m.Counts == nil {
				count[k]++
				continue
			}
			count[k] += m.Counts[i]
		}
		counts[block] = count
	})
	for b, i := range wrong {
		if i >= 0 {
			return l, &MarginError{Margin: m.Name, Reason: fmt.Sprintf("row %d has the code %d, and there are %d levels", i, m.Codes[i], len(m.Levels))}
		}
		for k, n := range counts[b] {
			l.rows[k] += n
		}
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

// prepare checks margins against each other. Sums of counts agree to rounding;
// 1e-9 of the total is far below one case.
func prepare(base []float64, margins []levels) error {
	if len(margins) == 0 {
		return &InputError{Field: "margins", Row: -1, Reason: "there are none"}
	}
	for _, l := range margins {
		if err := l.feasible(); err != nil {
			return err
		}
		if first, this := margins[0].sum(), l.sum(); math.Abs(this-first) > 1e-9*first {
			return &MarginError{Margin: l.name, Reason: fmt.Sprintf("its totals sum to %v, those of %s to %v", this, margins[0].name, first)}
		}
	}

	return nil
}

func ofLabels(base []float64, margins []Margin) ([]levels, error) {
	if err := checkBase(base); err != nil {
		return nil, err
	}
	out := make([]levels, len(margins))

	for i, m := range margins {
		l, err := m.levels(base)
		if err != nil {
			return nil, err
		}
		out[i] = l
	}

	return out, prepare(base, out)
}

func ofCodes(base []float64, margins []CodedMargin) ([]levels, error) {
	if err := checkBase(base); err != nil {
		return nil, err
	}
	out := make([]levels, len(margins))

	for i, m := range margins {
		l, err := m.levels(base)
		if err != nil {
			return nil, err
		}
		out[i] = l
	}

	return out, prepare(base, out)
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
	out := Margin{Name: m.Name, Labels: slices.Clone(m.Labels), Targets: make(map[string]float64), Counts: m.Counts}

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
