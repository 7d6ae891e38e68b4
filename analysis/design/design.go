package design

import (
	"fmt"
	"math"
	"slices"
	"sync"
)

// Lonely says what a stratum with a single sampled unit contributes to the
// variance when it is not a certainty (its fraction is below one). There is no
// global setting: the policy is a field of the design and LonelyFail its zero value.
type Lonely uint8

const (
	// LonelyFail refuses the design: New returns a *LonelyError naming the strata.
	LonelyFail Lonely = iota
	// LonelyRemove lets the stratum contribute nothing.
	LonelyRemove
	// LonelyCertainty treats the unit as selected with certainty: it contributes
	// nothing either, and is stated apart because the reason is another.
	LonelyCertainty
	// LonelyAdjust centers the unit at the mean of all units of its level.
	LonelyAdjust
	// LonelyAverage lets the stratum contribute the mean of the other strata.
	LonelyAverage
)

// Stage is one stage of selection. Units of a stage are numbered inside the unit
// of the stage before, so labels may repeat between units.
type Stage struct {
	// Strata holds the stratum of every row; none means a single stratum.
	Strata Labels
	// Clusters holds the unit of every row; none means that each row is a unit.
	// A label that repeats in another stratum is another unit there.
	Clusters Labels
	// Population is the number of units of the stratum in the population, the same
	// on every row of a stratum; +Inf is allowed. Nil together with a nil Fraction means
	// selection with replacement: no finite population correction, and no later stage counts.
	Population []float64
	// Fraction is n/N directly, as an alternative to Population.
	Fraction []float64
}

// Column is one column of final weights. Items that were asked of different
// subsets of the rows (rotated modules) have columns of their own; a zero weight
// means that the row is not part of the column.
type Column struct {
	Name    string
	Weights []float64
	// Chance is the chance of the second phase: with which a sampled row was asked
	// the column's items, in (0, 1]. Nil means one. The weights already contain 1/Chance.
	// It is read only where the weight is not zero.
	Chance []float64
	// Calibration is how the weights were calibrated; nil when they were not.
	Calibration *Calibration
}

// Calibration is what the variance must know of calibrated weights: the
// auxiliary variables and the weights before. See the package's documentation.
type Calibration struct {
	X    *Matrix   // one row per row of the design
	Base []float64 // weights before calibration
	Q    []float64 // 1/c of a heteroscedastic calibration; nil means one
}

// Spec is everything a design is made of.
type Spec struct {
	Weights []float64 // the main column, whose name is ""
	Columns []Column  // further columns
	Stages  []Stage   // none means simple random sampling with replacement
	Lonely  Lonely
	// Replicates, when given, are where all variances come from; stages may then be left out.
	Replicates *Replicates
}

// Design is immutable and safe for use by many goroutines.
type Design struct {
	rows     int
	columns  []column
	levels   []level
	order    []int
	position []int
	fraction []float64 // of each row: the product of the fractions of all stages
	lonely   Lonely
	adjusted bool // a lonely stratum is centered at its level's mean

	replicates *Replicates // nil when variances are linearized

	once    *sync.Once
	moments *moments // of the auxiliary variables; built on first need
}

type column struct {
	Column
	gram   *Gram
	offset int // of the column's auxiliaries among those of all columns
}

// level is one stage, flattened.
type level struct {
	unit    []int32 // of each row; units are numbered stratum by stratum
	first   []int   // first position in order of each unit, and the end
	stratum []int32 // of each unit
	strata  []stratum
}

type stratum struct {
	name   string
	n      int
	parent int // unit of the level above, 0 on the first
	f      float64
	scale  float64 // product of the fractions above × (1−f) n/(n−1), with the lonely policy applied
	above  float64
	lonely bool
}

// New checks the spec and builds the design. Labels, weights and auxiliary
// variables are kept, not copied: they must not be modified afterwards.
func New(spec Spec) (*Design, error) {
	n := len(spec.Weights)
	if n == 0 {
		return nil, &InputError{Field: "weights", Row: -1, Reason: "there are no rows"}
	}
	d := &Design{rows: n, lonely: spec.Lonely, replicates: spec.Replicates, once: new(sync.Once)}

	for _, c := range append([]Column{{Weights: spec.Weights}}, spec.Columns...) {
		if err := d.addColumn(c); err != nil {
			return nil, err
		}
	}
	if d.replicates != nil {
		if err := d.replicates.check(n); err != nil {
			return nil, err
		}
	}
	stages := spec.Stages
	if len(stages) == 0 {
		stages = []Stage{{}}
	}

	for s, stage := range stages {
		if err := checkStage(stage, s+1, n); err != nil {
			return nil, err
		}
	}
	d.sortRows(stages)

	if err := d.flatten(stages); err != nil {
		return nil, err
	}

	return d, nil
}

// WithColumn returns a design that has one column more, or another one in the
// place of the column of the same name.
func (d *Design) WithColumn(c Column) (*Design, error) {
	out := *d
	out.columns = slices.Clone(d.columns)
	out.once = new(sync.Once)
	out.moments = nil

	if err := out.addColumn(c); err != nil {
		return nil, err
	}

	return &out, nil
}

// Calibrated returns the design with calibrated weights in its main column.
func (d *Design) Calibrated(weights []float64, c *Calibration) (*Design, error) {
	return d.WithColumn(Column{Weights: weights, Calibration: c})
}

func (d *Design) addColumn(c Column) error {
	field := "column " + c.Name
	if c.Name == "" {
		field = "weights"
	}
	if len(c.Weights) != d.rows {
		return &InputError{Field: field, Row: -1, Reason: fmt.Sprintf("%d weights for %d rows", len(c.Weights), d.rows)}
	}
	for i, w := range c.Weights {
		if !(w >= 0) || math.IsInf(w, 1) {
			return &InputError{Field: field, Row: i, Reason: fmt.Sprintf("a weight must be finite and not negative, not %v", w)}
		}
	}
	if c.Chance != nil && len(c.Chance) != d.rows {
		return &InputError{Field: field, Row: -1, Reason: "one chance is needed for each row"}
	}
	for i, p := range c.Chance {
		if c.Weights[i] > 0 && !(p > 0 && p <= 1) {
			return &InputError{Field: field, Row: i, Reason: fmt.Sprintf("a chance must lie in (0, 1], not %v", p)}
		}
	}
	col := column{Column: c}

	if k := c.Calibration; k != nil {
		if err := checkCalibration(field, k, c.Weights); err != nil {
			return err
		}
		dq := make([]float64, d.rows)
		for i, w := range c.Weights {
			if w > 0 {
				dq[i] = k.Base[i] * k.q(i)
			}
		}
		col.gram = NewGram(k.X, dq)
	}
	at := slices.IndexFunc(d.columns, func(o column) bool { return o.Name == c.Name })

	if at < 0 {
		d.columns = append(d.columns, col)
	} else {
		d.columns[at] = col
	}
	offset := 0

	for i := range d.columns {
		d.columns[i].offset = offset
		if k := d.columns[i].Calibration; k != nil {
			offset += k.X.cols
		}
	}

	return nil
}

func (k *Calibration) q(row int) float64 {
	if k.Q == nil {
		return 1
	}

	return k.Q[row]
}

func checkCalibration(field string, k *Calibration, weights []float64) error {
	n := len(weights)
	if k.X == nil || len(k.X.start)-1 != n || len(k.Base) != n || k.Q != nil && len(k.Q) != n {
		return &InputError{Field: field, Row: -1, Reason: "the calibration needs auxiliary variables and base weights of each row"}
	}

	for i, w := range weights {
		if w > 0 && !(k.Base[i] > 0) {
			return &InputError{Field: field, Row: i, Reason: "a calibrated weight needs a base weight above zero"}
		}
		if k.Q != nil && w > 0 && !(k.Q[i] > 0) {
			return &InputError{Field: field, Row: i, Reason: "the heteroscedasticity factor must be above zero"}
		}
	}

	return nil
}

func checkStage(s Stage, number, n int) error {
	field := fmt.Sprintf("stage %d", number)

	for _, l := range []struct {
		what string
		n    int
		none bool
	}{
		{"strata", s.Strata.Len(), s.Strata.none()},
		{"clusters", s.Clusters.Len(), s.Clusters.none()},
		{"population sizes", len(s.Population), s.Population == nil},
		{"fractions", len(s.Fraction), s.Fraction == nil},
	} {
		if !l.none && l.n != n {
			return &InputError{Field: field, Row: -1, Reason: fmt.Sprintf("%d %s for %d rows", l.n, l.what, n)}
		}
	}
	if s.Population != nil && s.Fraction != nil {
		return &InputError{Field: field, Row: -1, Reason: "give population sizes or fractions, not both"}
	}

	return nil
}

// sortRows orders the rows by stratum and unit of each stage in turn.
func (d *Design) sortRows(stages []Stage) {
	d.order = make([]int, d.rows)
	for i := range d.order {
		d.order[i] = i
	}
	slices.SortStableFunc(d.order, func(a, b int) int {
		for _, s := range stages {
			if !s.Strata.none() && s.Strata.codes[a] != s.Strata.codes[b] {
				return s.Strata.codes[a] - s.Strata.codes[b]
			}
			if s.Clusters.none() {
				return a - b
			}
			if s.Clusters.codes[a] != s.Clusters.codes[b] {
				return s.Clusters.codes[a] - s.Clusters.codes[b]
			}
		}

		return 0
	})
	d.position = make([]int, d.rows)

	for p, row := range d.order {
		d.position[row] = p
	}
}

// flatten turns the stages into levels and works out every stratum's factor.
func (d *Design) flatten(stages []Stage) error {
	d.fraction = make([]float64, d.rows)
	for i := range d.fraction {
		d.fraction[i] = 1
	}
	above := []float64{1} // product of the fractions down to each unit of the level above
	parent := make([]int32, d.rows)

	for s, stage := range stages {
		lv, err := d.level(stage, s+1, parent, above)
		if err != nil {
			return err
		}
		if err := d.settleLonely(&lv, s+1); err != nil {
			return err
		}
		below := make([]float64, len(lv.stratum))
		alive := false

		for u, g := range lv.stratum {
			below[u] = lv.strata[g].above * lv.strata[g].f
			alive = alive || below[u] > 0
		}
		for row, u := range lv.unit {
			d.fraction[row] = below[u]
		}
		d.levels = append(d.levels, lv)

		if !alive || stage.Clusters.none() {
			break
		}
		parent, above = lv.unit, below
	}

	return nil
}

func (d *Design) level(stage Stage, number int, parent []int32, above []float64) (level, error) {
	lv := level{unit: make([]int32, d.rows)}
	previous := -1

	for p, row := range d.order {
		newStratum := previous < 0 || parent[row] != parent[previous] ||
			!stage.Strata.none() && stage.Strata.codes[row] != stage.Strata.codes[previous]
		newUnit := newStratum || stage.Clusters.none() || stage.Clusters.codes[row] != stage.Clusters.codes[previous]

		if newStratum {
			f, err := stage.given(row)
			if err != nil {
				return lv, &FractionError{Stage: number, Stratum: stage.stratumName(row), Reason: err.Error()}
			}
			lv.strata = append(lv.strata, stratum{
				name: stage.stratumName(row), parent: int(parent[row]), above: above[parent[row]], f: f,
			})
		}
		g := len(lv.strata) - 1

		if newUnit {
			lv.first = append(lv.first, p)
			lv.stratum = append(lv.stratum, int32(g))
			lv.strata[g].n++
		}
		if f, err := stage.given(row); err != nil || f != lv.strata[g].f {
			return lv, &FractionError{Stage: number, Stratum: lv.strata[g].name, Reason: "the population size differs between rows of the stratum"}
		}
		lv.unit[row] = int32(len(lv.stratum) - 1)
		previous = row
	}
	lv.first = append(lv.first, d.rows)

	return lv, lv.fractions(stage, number)
}

// given is what the stage says of a row's stratum, not yet a fraction where
// population sizes are given.
func (s Stage) given(row int) (float64, error) {
	switch {
	case s.Population != nil:
		if !(s.Population[row] > 0) {
			return 0, fmt.Errorf("a population size must be above zero, not %v", s.Population[row])
		}
		return s.Population[row], nil
	case s.Fraction != nil:
		if !(s.Fraction[row] >= 0 && s.Fraction[row] <= 1) {
			return 0, fmt.Errorf("a fraction must lie in [0, 1], not %v", s.Fraction[row])
		}
		return s.Fraction[row], nil
	}

	return 0, nil
}

func (s Stage) stratumName(row int) string {
	if s.Strata.none() {
		return "all"
	}

	return s.Strata.name(row)
}

func (lv *level) fractions(stage Stage, number int) error {
	if stage.Population == nil {
		return nil
	}

	for g := range lv.strata {
		st := &lv.strata[g]
		size := st.f
		st.f = float64(st.n) / size

		// A population size that comes from a division may miss n by rounding.
		if st.f > 1 && st.f < 1+1e-9 {
			st.f = 1
		}
		if st.f > 1 {
			return &FractionError{Stage: number, Stratum: st.name, Reason: fmt.Sprintf("%d units were sampled of %v", st.n, size)}
		}
	}

	return nil
}

// settleLonely works out the factor of each stratum under the design's policy.
func (d *Design) settleLonely(lv *level, number int) error {
	var names []string
	strata := make(map[int]int) // of each unit above
	single := make(map[int]int)

	for g := range lv.strata {
		st := &lv.strata[g]
		strata[st.parent]++

		if st.n > 1 {
			st.scale = st.above * (1 - st.f) * float64(st.n) / float64(st.n-1)
			continue
		}
		if st.f >= 1 || st.above == 0 {
			continue
		}
		st.lonely = true
		single[st.parent]++
		names = append(names, st.name)

		if d.lonely == LonelyAdjust {
			st.scale = st.above * (1 - st.f)
			d.adjusted = true
		}
	}
	if len(names) == 0 {
		return nil
	}
	if d.lonely == LonelyFail {
		return &LonelyError{Stage: number, Strata: names}
	}
	if d.lonely != LonelyAverage {
		return nil
	}

	for g := range lv.strata {
		st := &lv.strata[g]
		all, alone := strata[st.parent], single[st.parent]

		if all == alone {
			return &LonelyError{Stage: number, Strata: names}
		}
		st.scale *= float64(all) / float64(all-alone)
	}

	return nil
}

// Rows returns the number of rows.
func (d *Design) Rows() int { return d.rows }

// Order returns the rows sorted by stratum, unit and so on. It must not be modified.
func (d *Design) Order() []int { return d.order }

// PSUs returns the number of primary units.
func (d *Design) PSUs() int { return len(d.levels[0].stratum) }

// Strata returns the number of strata of the first stage.
func (d *Design) Strata() int { return len(d.levels[0].strata) }

// Column returns the position of a column by its name; the main column is "" at 0.
func (d *Design) Column(name string) (int, error) {
	for i := range d.columns {
		if d.columns[i].Name == name {
			return i, nil
		}
	}

	return 0, &InputError{Field: "column " + name, Row: -1, Reason: "the design has no such weights"}
}

// Weights returns the final weights of a column. They must not be modified.
func (d *Design) Weights(column int) []float64 { return d.columns[column].Weights }

// DF returns the degrees of freedom of a set of rows: their primary units less
// their strata. Pass the rows of non-zero weight that stand behind an estimate.
// It may be zero, and then no interval is defined.
func (d *Design) DF(rows []int) float64 {
	lv := &d.levels[0]
	sorted := d.inOrder(rows)
	units, strata := 0, 0
	unit, stratum := int32(-1), int32(-1)

	for _, row := range sorted {
		u := lv.unit[row]
		if u == unit {
			continue
		}
		unit = u
		units++

		if g := lv.stratum[u]; g != stratum {
			stratum = g
			strata++
		}
	}

	return float64(units - strata)
}

// inOrder returns rows in the design's order, the same slice when they already are.
func (d *Design) inOrder(rows []int) []int {
	byPosition := func(a, b int) int { return d.position[a] - d.position[b] }
	if slices.IsSortedFunc(rows, byPosition) {
		return rows
	}
	sorted := slices.Clone(rows)
	slices.SortFunc(sorted, byPosition)

	return sorted
}
