package design

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Grouped is a design of one stage without clusters whose rows come in groups: rows of a group share their stratum, weights,
// chances and auxiliary variables, and differ in their values alone. Ten million answers of a few thousand weighting classes are such
// a design. What a Design keeps for each row is kept here for each group, so that everything but the values themselves costs what
// the groups cost.
//
// The variance is that of Design: residuals of the calibration, inflated by leverage, around the mean of their stratum, with the
// second-phase term of rotated modules. A stratum with one row contributes nothing (LonelyRemove). Callers sum up residuals as they
// like, and nothing but sums by stratum comes back.
type Grouped struct {
	n       []int
	stratum []int32
	strata  []groupStratum
	columns []groupColumn
}

// GroupSpec is what a Grouped is made of.
type GroupSpec struct {
	N          []int         // rows of each group
	Strata     []string      // of each group; nil means one stratum
	Population []float64     // the size of each group's stratum; nil means selection with replacement
	Columns    []GroupColumn // at least one
}

// GroupColumn is a column of weights by group.
type GroupColumn struct {
	Name    string
	Weights []float64 // of one row; zero where the group is not in the column
	Chance  []float64 // of the second phase; nil means one
	X       *Matrix   // auxiliary variables, one row for each group; nil where nothing was calibrated
	Base    []float64 // of one row, before calibration
}

type groupStratum struct {
	n           int
	f, scale    float64
	populations float64
}

type groupColumn struct {
	GroupColumn
	inverse   [][]float64 // of the auxiliary variables' Gram matrix, by row; nil where the column is not calibrated
	inflation []float64
}

// NewGrouped checks the spec and builds the design. Its slices are kept, not copied.
func NewGrouped(spec GroupSpec) (*Grouped, error) {
	groups := len(spec.N)
	if groups == 0 || len(spec.Columns) == 0 {
		return nil, &InputError{Field: "groups", Row: -1, Reason: "there are no rows"}
	}
	d := &Grouped{n: spec.N, stratum: make([]int32, groups), strata: make([]groupStratum, 1)}
	if spec.Strata != nil {
		codes, names := encode(spec.Strata)
		d.strata = make([]groupStratum, len(names))
		for g, c := range codes {
			d.stratum[g] = int32(c)
		}
	}
	for g, n := range spec.N {
		st := &d.strata[d.stratum[g]]
		st.n += n
		if spec.Population != nil {
			st.populations = spec.Population[g]
		}
	}
	for h := range d.strata {
		st := &d.strata[h]
		if spec.Population != nil {
			if st.f = float64(st.n) / st.populations; st.f > 1+slack {
				return nil, &FractionError{Stage: 1, Stratum: fmt.Sprint(h + 1), Reason: fmt.Sprintf("%d units were sampled of %v", st.n, st.populations)}
			}
			st.f = math.Min(1, st.f)
		}
		if st.n > 1 {
			st.scale = (1 - st.f) * float64(st.n) / float64(st.n-1)
		}
	}
	for _, c := range spec.Columns {
		if len(c.Weights) != groups {
			return nil, &InputError{Field: "column " + c.Name, Row: -1, Reason: fmt.Sprintf("%d weights for %d groups", len(c.Weights), groups)}
		}
		col := groupColumn{GroupColumn: c}
		if c.X != nil {
			col.calibrate(d.n)
		}
		d.columns = append(d.columns, col)
	}

	return d, nil
}

// calibrate factors the auxiliary variables, and finds what residuals are multiplied by (Calibration.LeverageInflation).
func (c *groupColumn) calibrate(n []int) {
	all := make([]float64, len(n))
	for g, b := range c.Base {
		if c.Weights[g] != 0 {
			all[g] = float64(n[g]) * b
		}
	}
	gram := NewGram(c.X, all)
	c.inverse = make([][]float64, c.X.cols)
	unit := make([]float64, c.X.cols)
	for j := range c.inverse {
		unit[j] = 1
		c.inverse[j] = gram.Solve(unit)
		unit[j] = 0
	}
	c.inflation = make([]float64, len(n))
	for g := range n {
		c.inflation[g] = 1
		var h float64
		c.X.Row(g, func(j int, v float64) { h += v * c.X.dot(g, c.inverse[j]) })
		if h *= c.Base[g]; h > 0 && h < 1-1e-9 {
			c.inflation[g] = 1 / (1 - h)
		}
	}
}

// solve returns β of the sums Σ d q x z/w. The inverse is symmetric.
func (c *groupColumn) solve(b []float64) []float64 {
	beta := make([]float64, len(b))
	for i, row := range c.inverse {
		if b[i] != 0 {
			axpy(beta, b[i], row)
		}
	}

	return beta
}

// Groups returns the number of groups.
func (d *Grouped) Groups() int { return len(d.n) }

// Strata returns the number of strata.
func (d *Grouped) Strata() int { return len(d.strata) }

// N returns the rows of a group.
func (d *Grouped) N(group int) int { return d.n[group] }

// Stratum returns the stratum of a group.
func (d *Grouped) Stratum(group int) int { return int(d.stratum[group]) }

// Weight returns the weight of one row of a group in a column.
func (d *Grouped) Weight(column, group int) float64 { return d.columns[column].Weights[group] }

// Calibrated reports whether a column's residuals reach beyond the rows that have values.
func (d *Grouped) Calibrated(column int) bool { return d.columns[column].inverse != nil }

// Inflation is what the residuals of a group's rows are multiplied by.
func (d *Grouped) Inflation(column, group int) float64 {
	if c := &d.columns[column]; c.inflation != nil {
		return c.inflation[group]
	}

	return 1
}

// Second is the factor of a row's squared residual in the second-phase term.
func (d *Grouped) Second(column, group int) float64 {
	c := &d.columns[column]
	if c.Chance == nil || c.Weights[group] == 0 {
		return 0
	}

	return d.strata[d.stratum[group]].f * (1 - c.Chance[group])
}

// Fit returns what calibration takes off the influence value of one row of each group, w·xᵀβ, from the sums of the influence values
// by group. It is nil where the column is not calibrated.
func (d *Grouped) Fit(column int, sums []float64) []float64 {
	c := &d.columns[column]
	if c.inverse == nil {
		return nil
	}
	fit := make([]float64, len(sums))

	// Projecting twice takes off what rounding, and the inverse, leave of the first time.
	for range 2 {
		b := make([]float64, c.X.cols)
		for g, s := range sums {
			if w := c.Weights[g]; w != 0 {
				if left := s - float64(d.n[g])*fit[g]; left != 0 {
					c.X.axpy(g, c.Base[g]/w*left, b)
				}
			}
		}
		beta := c.solve(b)
		for g, w := range c.Weights {
			if w != 0 {
				fit[g] += w * c.X.dot(g, beta)
			}
		}
	}

	return fit
}

// Variance returns the variance from the sums of residuals and of their squares by stratum, and the second-phase term, which
// is the sum of Second times the squared residual over rows and columns.
func (d *Grouped) Variance(sum, square []float64, second float64) float64 {
	v := second
	for h := range d.strata {
		if st := &d.strata[h]; st.scale != 0 {
			v += st.scale * (square[h] - sum[h]*sum[h]/float64(st.n))
		}
	}

	return v
}

// GroupForm is the influence of one estimate in one column: sums of its values and of their squares in the groups that it touches.
type GroupForm struct {
	Groups      []int32
	Sum, Square []float64
}

// Covariance returns the joint covariance of estimates in one column, no two of which touch the same group: those of units that lie
// side by side. Residuals reach all groups, so that calibration ties the estimates together.
func (d *Grouped) Covariance(column int, forms []GroupForm) *mat.SymDense {
	c, k := &d.columns[column], len(forms)
	out := mat.NewSymDense(k, nil)
	sums := make([][]float64, k) // of residuals, by stratum
	weight := func(g int) float64 {
		f := d.Inflation(column, g)
		return (d.strata[d.stratum[g]].scale + d.Second(column, g)) * f * f
	}

	for i, f := range forms {
		sums[i] = make([]float64, len(d.strata))
		v := 0.0
		for j, g := range f.Groups {
			sums[i][d.stratum[g]] += d.Inflation(column, int(g)) * f.Sum[j]
			v += weight(int(g)) * f.Square[j]
		}
		out.SetSym(i, i, v)
	}
	if c.inverse != nil {
		d.tie(c, column, forms, weight, sums, out)
	}
	for i := range forms {
		for j := i; j < k; j++ {
			v := out.At(i, j)
			for h := range d.strata {
				if st := &d.strata[h]; st.scale != 0 {
					v -= st.scale * sums[i][h] * sums[j][h] / float64(st.n)
				}
			}
			out.SetSym(i, j, v)
		}
	}

	return out
}

// tie takes the fits off the sums by stratum, and adds to the covariance what they bring: −tᵢ·βⱼ − tⱼ·βᵢ + βᵢᵀMβⱼ.
func (d *Grouped) tie(c *groupColumn, column int, forms []GroupForm, weight func(int) float64, sums [][]float64, out *mat.SymDense) {
	q := c.X.cols
	beta, t, m := make([][]float64, len(forms)), make([][]float64, len(forms)), make([]float64, q*q)
	strata := make([][]float64, len(d.strata))
	for h := range strata {
		strata[h] = make([]float64, q)
	}
	for g, w := range c.Weights {
		if w == 0 {
			continue
		}
		n := float64(d.n[g])
		c.X.axpy(g, c.inflation[g]*n*w, strata[d.stratum[g]])
		a := weight(g) * n * w * w
		c.X.Row(g, func(i int, x float64) { c.X.axpy(g, a*x, m[i*q:i*q+q]) })
	}
	for i, f := range forms {
		b := make([]float64, q)
		t[i] = make([]float64, q)
		for j, g := range f.Groups {
			if w := c.Weights[g]; w != 0 {
				c.X.axpy(int(g), c.Base[g]/w*f.Sum[j], b)
				c.X.axpy(int(g), weight(int(g))*f.Sum[j]*w, t[i])
			}
		}
		beta[i] = c.solve(b)
		for h, s := range strata {
			sums[i][h] -= inner(s, beta[i])
		}
	}
	for j := range forms {
		mb := make([]float64, q)
		for i := range mb {
			mb[i] = inner(m[i*q:i*q+q], beta[j])
		}
		for i := 0; i <= j; i++ {
			out.SetSym(i, j, out.At(i, j)-inner(t[i], beta[j])-inner(t[j], beta[i])+inner(beta[i], mb))
		}
	}
}

func inner(a, b []float64) float64 {
	var s float64
	for i, v := range a {
		s += v * b[i]
	}

	return s
}

// DF returns the degrees of freedom of a set of rows, given by their number in each group: the rows less the strata that they touch.
func (d *Grouped) DF(rows []int) float64 {
	touched := make([]bool, len(d.strata))
	all := 0
	for g, n := range rows {
		if n > 0 {
			all += n
			touched[d.stratum[g]] = true
		}
	}
	for _, t := range touched {
		if t {
			all--
		}
	}

	return float64(all)
}
