package design

import (
	"fmt"
	"math"
	"slices"
	"sync"
)

// Column is one column of final weights. Items that were asked of different
// subsets of the rows (rotated modules) have columns of their own; a zero weight
// means that the row is not part of the column.
type Column struct {
	Name string
	// Weights are finite and not negative, unless they were calibrated: linear calibration may leave some below zero.
	Weights []float64
	// Chance is the chance of the second phase: with which a sampled row was asked
	// the column's items, in (0, 1]. Nil means one. The weights already contain 1/Chance.
	// It is read only where the weight is not zero.
	Chance []float64
	// Phase is a second phase with a sample of fixed size, an alternative to Chance.
	Phase *Phase
	// Calibration is how the weights were calibrated; nil when they were not.
	Calibration *Calibration
}

// Calibration is what the variance must know of calibrated weights: the
// auxiliary variables and the weights before. See the package's documentation.
type Calibration struct {
	X    *Matrix   // one row per row of the design
	Base []float64 // weights before calibration
	Q    []float64 // 1/c of a heteroscedastic calibration; nil means one
	// Inflation is what the residual of each row is multiplied by in the variance; nil means one. See LeverageInflation.
	Inflation []float64
}

// Spec is everything a design is made of.
type Spec struct {
	Weights []float64 // the main column, whose name is ""
	Columns []Column  // further columns
	Stages  []Stage   // none means simple random sampling with replacement
	Lonely  Lonely
	// Collapse says, for LonelyCollapse, which stratum of the first stage a lonely one joins, by name. Strata that are not
	// lonely stay as they are; lonely ones that are not named join their neighbor.
	Collapse map[string]string
	// DomainLonely lets the policy reach strata of several units of which a domain touches one only, as R's
	// survey.adjust.domain.lonely does: LonelyAdjust centers such a stratum, its untouched units with it, at the mean of its
	// level, and LonelyAverage lets it contribute the mean of the strata which the domain touches twice. The other
	// policies are not changed by it. It is not needed for the variance to be right: the units that
	// a domain does not touch count as zeros. A domain is the rows that a form lists, of whatever value (Covariance lists those that
	// are not zero); calibrated residuals touch every unit. Where all strata of a domain are single, LonelyAverage gives NaN.
	DomainLonely bool
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

	domainLonely bool // single units of a domain are centered elsewhere, or averaged over
	collapses    []Collapse

	replicates *Replicates // nil when variances are linearized
	space      *rowSpace   // of the replicate factors; found on first need

	once    *sync.Once
	moments *moments // of the auxiliary variables; built on first need
}

type column struct {
	Column
	gram   *Gram
	phase  *phase
	offset int // of the column's auxiliaries among those of all columns
}

// New checks the spec and builds the design. Labels, weights and auxiliary
// variables are kept, not copied: they must not be modified afterwards.
func New(spec Spec) (*Design, error) {
	n := len(spec.Weights)
	if n == 0 {
		return nil, &InputError{Field: "weights", Row: -1, Reason: "there are no rows"}
	}
	d := &Design{rows: n, lonely: spec.Lonely, replicates: spec.Replicates, space: new(rowSpace), once: new(sync.Once)}
	d.domainLonely = spec.DomainLonely && (spec.Lonely == LonelyAdjust || spec.Lonely == LonelyAverage)

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
	b := builder{d: d, spec: &spec, stages: stages}
	b.sortRows()

	if err := b.flatten(); err != nil {
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
		if math.IsNaN(w) || math.IsInf(w, 0) || w < 0 && c.Calibration == nil {
			return &InputError{Field: field, Row: i, Reason: fmt.Sprintf("a weight must be finite and not negative, not %v", w)}
		}
	}
	if c.Chance != nil && len(c.Chance) != d.rows {
		return &InputError{Field: field, Row: -1, Reason: "one chance is needed for each row"}
	}
	for i, p := range c.Chance {
		if c.Weights[i] != 0 && !(p > 0 && p <= 1) {
			return &InputError{Field: field, Row: i, Reason: fmt.Sprintf("a chance must lie in (0, 1], not %v", p)}
		}
	}
	col := column{Column: c}

	if k := c.Calibration; k != nil {
		if err := checkCalibration(field, k, c.Weights); err != nil {
			return err
		}
		col.gram = k.gram(c.Weights)
	}
	if err := d.compilePhase(&col); err != nil {
		return err
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

// gram factors the auxiliary variables over the rows that have a weight.
func (k *Calibration) gram(weights []float64) *Gram {
	dq := make([]float64, len(weights))
	for i, w := range weights {
		if w != 0 {
			dq[i] = k.Base[i] * k.q(i)
		}
	}

	return NewGram(k.X, dq)
}

// LeverageInflation returns 1/(1−h) for each row, with h = d q xᵀ(Σ d q x xᵀ)⁻¹x the leverage of the row in the calibration. A
// residual over 1−h is what the row's value differs by from the fit of all others, and thus what a jackknife
// sees that calibrates anew without the row. With many margins for the answers there are, or a few large weights, plain
// residuals make standard errors too small, these do not (Valliant 2002; HC3 of MacKinnon and White 1985). A row that a margin
// rests on alone has h = 1, no residual, and the factor one.
func (k *Calibration) LeverageInflation() []float64 {
	n := len(k.Base)
	dq := make([]float64, n)
	for i, b := range k.Base {
		dq[i] = b * k.q(i)
	}
	g := NewGram(k.X, dq)
	inverse := make([][]float64, k.X.cols) // its rows
	unit := make([]float64, k.X.cols)

	for j := range inverse {
		unit[j] = 1
		inverse[j] = g.Solve(unit)
		unit[j] = 0
	}
	out := make([]float64, n)

	for i := range out {
		out[i] = 1
		var h float64
		k.X.Row(i, func(j int, v float64) { h += v * k.X.dot(i, inverse[j]) })
		if h *= dq[i]; h > 0 && h < 1-1e-9 {
			out[i] = 1 / (1 - h)
		}
	}

	return out
}

func (k *Calibration) inflation(row int) float64 {
	if k.Inflation == nil {
		return 1
	}

	return k.Inflation[row]
}

func (k *Calibration) q(row int) float64 {
	if k.Q == nil {
		return 1
	}

	return k.Q[row]
}

func checkCalibration(field string, k *Calibration, weights []float64) error {
	n := len(weights)
	if k.X == nil || len(k.X.start)-1 != n || len(k.Base) != n || k.Q != nil && len(k.Q) != n || k.Inflation != nil && len(k.Inflation) != n {
		return &InputError{Field: field, Row: -1, Reason: "the calibration needs auxiliary variables and base weights of each row"}
	}

	for i, w := range weights {
		if w != 0 && !(k.Base[i] > 0) {
			return &InputError{Field: field, Row: i, Reason: "a calibrated weight needs a base weight above zero"}
		}
		if k.Q != nil && w != 0 && !(k.Q[i] > 0) {
			return &InputError{Field: field, Row: i, Reason: "the heteroscedasticity factor must be above zero"}
		}
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
// It may be zero, and then no interval is defined. With replicate weights it is at most
// what their maker states, and where that is not stated their rank on these rows less one.
func (d *Design) DF(rows []int) float64 {
	if d.replicates != nil {
		return d.replicateDF(rows)
	}

	return d.countedDF(rows)
}

func (d *Design) countedDF(rows []int) float64 {
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
