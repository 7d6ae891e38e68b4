package design

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// subsets are all sets of k of the numbers 0..n-1.
func subsets(n, k int) [][]int {
	if k == 0 {
		return [][]int{nil}
	}
	var out [][]int
	for last := k - 1; last < n; last++ {
		for _, s := range subsets(last, k-1) {
			out = append(out, append(slices.Clone(s), last))
		}
	}
	return out
}

// product is every way to take one of each list, put together.
func product(lists ...[][]int) [][]int {
	out := [][]int{nil}
	for _, l := range lists {
		var next [][]int
		for _, a := range out {
			for _, b := range l {
				next = append(next, append(slices.Clone(a), b...))
			}
		}
		out = next
	}
	return out
}

func sumVariance(t fataler, d *Design, z []float64) float64 {
	t.Helper()
	v, err := d.Covariance(mat.NewDense(len(z), 1, slices.Clone(z)))
	if err != nil {
		t.Fatal(err)
	}
	return v.At(0, 0)
}

type fataler interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

func built(t fataler, s Spec) *Design {
	t.Helper()
	d, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// moments of an estimator over all samples, equally likely: its true variance, and the mean of what was estimated.
type census struct{ n, sum, squares, estimated float64 }

func (c *census) add(p, total, v float64) {
	c.n += p
	c.sum += p * total
	c.squares += p * total * total
	c.estimated += p * v
}

func (c *census) ratio() float64 {
	mean := c.sum / c.n
	return c.estimated / (c.squares - c.n*mean*mean)
}

// Over every sample of both phases the mean of the estimated variance is the true variance: strata in the first phase that the second
// one cuts across, clusters, and a first phase with unequal probabilities.
func TestSecondPhaseByEnumeration(t *testing.T) {
	y := []float64{3, 8, 4, 12, 7, 1, 9, 15, 2}
	g := []int{0, 1, 0, 1, 1, 0, 0, 1, 1}
	strata := []int{0, 0, 0, 0, 1, 1, 1, 1, 1}
	clusters := []int{0, 0, 0, 1, 1, 2, 2, 2, 2} // of 3, 2 and 4 rows
	type draw struct {
		rows  []int
		p     float64
		stage Stage
		w     []float64
	}
	elements := func() []draw {
		var out []draw
		for _, s := range product(subsets(4, 3), shifted(subsets(5, 3), 4)) {
			st := Stage{Strata: Ints(pick(strata, s)), Population: pick([]float64{4, 4, 4, 4, 5, 5, 5, 5, 5}, s)}
			w := pick([]float64{4. / 3, 4. / 3, 4. / 3, 4. / 3, 5. / 3, 5. / 3, 5. / 3, 5. / 3, 5. / 3}, s)
			out = append(out, draw{s, 1, st, w})
		}
		return out
	}
	clustered := func() []draw {
		var out []draw
		for _, s := range subsets(3, 2) {
			var rows []int
			for i, c := range clusters {
				if slices.Contains(s, c) {
					rows = append(rows, i)
				}
			}
			st := Stage{Clusters: Ints(pick(clusters, rows)), Population: slices.Repeat([]float64{3}, len(rows))}
			out = append(out, draw{rows, 1, st, slices.Repeat([]float64{1.5}, len(rows))})
		}
		return out
	}
	unequal := func() []draw {
		u := newUniverse([]float64{1, 2, 3, 1, 2, 2, 1, 4, 2}, 5)
		var out []draw
		for i, s := range u.samples {
			st := Stage{Fraction: pick(u.pi, s), PPS: &PPS{Method: PPSJoint, Joint: u.joint(s)}}
			w := make([]float64, len(s))
			for j, k := range s {
				w[j] = 1 / u.pi[k]
			}
			out = append(out, draw{s, u.p[i], st, w})
		}
		return out
	}
	for name, draws := range map[string][]draw{"strata": elements(), "clusters": clustered(), "unequal": unequal()} {
		var c census
		for _, first := range draws {
			var groups [2][]int
			for i, k := range first.rows {
				groups[g[k]] = append(groups[g[k]], i)
			}
			var ways [2][][]int
			for h, rows := range groups {
				ways[h] = [][]int{nil}
				if n := len(rows); n > 0 {
					size := min(n, 2)
					ways[h] = nil
					for _, s := range subsets(n, size) {
						ways[h] = append(ways[h], pick(rows, s))
					}
				}
			}
			second := product(ways[0], ways[1])
			for _, drawn := range second {
				p := &Phase{Strata: Ints(pick(g, first.rows)), Sampled: make([]bool, len(first.rows))}
				for _, i := range drawn {
					p.Sampled[i] = true
				}
				w, err := p.Weights(first.w)
				if err != nil {
					t.Fatal(err)
				}
				d := built(t, Spec{Weights: first.w, Columns: []Column{{Weights: w, Phase: p}}, Stages: []Stage{first.stage}})
				z := make([]float64, len(w))
				total := 0.0
				for i, k := range first.rows {
					z[i] = w[i] * y[k]
					total += z[i]
				}
				c.add(first.p/float64(len(second)), total, sumVariance(t, d, z))
			}
		}
		if r := c.ratio(); math.Abs(r-1) > 1e-12 {
			t.Errorf("%s: estimated over true variance is %v", name, r)
		}
	}
}

func shifted(sets [][]int, by int) [][]int {
	for _, s := range sets {
		for i := range s {
			s[i] += by
		}
	}
	return sets
}

// made is the data that R 4.2.2 with survey 4.1-1 was run on: twophase with method "full", and calibrate with phase = 2.
var made = struct {
	x, y   []float64
	g      []int
	second []int
}{
	x: []float64{6.27, 1.01, 10.7, 1.27, 2.23, 19.14, 2.64, 6.51, 17.73, 3.34, 4.33, 9.37, 18.24, 17.17, 14.95, 11.9, 10.15, 7.28, 4, 10.12, 4.87, 13.93, 7.91, 7.66},
	y: []float64{12.93, 11.25, 22.95, 7.58, 13.79, 50.94, 8.5, 21.05, 38.41, 11.63, 17.33, 24.8, 46.7, 44.36, 34.34, 31.5, 24.64, 21.61, 14.69, 22.43, 21.78, 28.13, 18.21, 26.77},
	g: []int{1, 2, 1, 1, 2, 2, 1, 2, 1, 1, 2, 1, 2, 2, 1, 2, 1, 2, 2, 1, 2, 1, 1, 2},

	second: []int{0, 1, 3, 4, 7, 8, 10, 12, 13, 15, 17, 18, 20, 23},
}

func madePhases(t *testing.T, by string) (stage Stage, first []float64) {
	n := len(made.y)
	s, c, fpc, fpcc := make([]int, n), make([]int, n), make([]float64, n), make([]float64, n)
	first = make([]float64, n)
	for i := range n {
		s[i], c[i] = i/12, i/3
		fpc[i], fpcc[i] = []float64{30, 40}[s[i]], []float64{9, 14}[s[i]]
		switch by {
		case "strata":
			first[i] = fpc[i] / 12
		case "clusters":
			first[i] = fpcc[i] / 4
		}
	}
	if by == "strata" {
		return Stage{Strata: Ints(s), Population: fpc}, first
	}
	return Stage{Strata: Ints(s), Clusters: Ints(c), Population: fpcc}, first
}

func TestSecondPhaseAgainstR(t *testing.T) {
	for by, want := range map[string][4]float64{
		"strata":   {1516.3818181818181, 310.34639772384224, 22.849589041095889, 4.3678299867669947},
		"clusters": {1477.8763636363635, 255.89311882564181, 23.256995708154506, 4.8365997359887389},
	} {
		stage, first := madePhases(t, by)
		p := &Phase{Strata: Ints(made.g), Sampled: make([]bool, len(first))}
		for _, i := range made.second {
			p.Sampled[i] = true
		}
		w, err := p.Weights(first)
		if err != nil {
			t.Fatal(err)
		}
		d := built(t, Spec{Weights: first, Columns: []Column{{Weights: w, Phase: p}}, Stages: []Stage{stage}})
		got := totalAndMean(t, d, w, made.y)
		for i := range want {
			if math.Abs(got[i]-want[i]) > 1e-12*want[i] {
				t.Errorf("%s: %v, want %v", by, got, want)
				break
			}
		}
	}
}

// totalAndMean are a total and a mean, each with its standard error.
func totalAndMean(t *testing.T, d *Design, w, y []float64) [4]float64 {
	var total, size float64
	for i, v := range y {
		total += w[i] * v
		size += w[i]
	}
	z, zm := make([]float64, len(y)), make([]float64, len(y))
	for i, v := range y {
		z[i], zm[i] = w[i]*v, w[i]*(v-total/size)/size
	}
	return [4]float64{total, math.Sqrt(sumVariance(t, d, z)), total / size, math.Sqrt(sumVariance(t, d, zm))}
}

// Weights calibrated to totals of the first phase. R calibrates the factor of the second phase to the unweighted totals, which
// is the same as auxiliary variables divided by the first-phase weight.
func TestSecondPhaseCalibration(t *testing.T) {
	stage, first := madePhases(t, "strata")
	n := len(first)
	sampled := make([]bool, n)
	for _, i := range made.second {
		sampled[i] = true
	}
	for _, asR := range []bool{false, true} {
		p := &Phase{Strata: Ints(made.g), Sampled: sampled}
		base, err := p.Weights(first)
		if err != nil {
			t.Fatal(err)
		}
		rows := make([][]Entry, n)
		gap := make([]float64, 3)
		q := make([]float64, n)
		for i := range n {
			q[i] = 1
			if asR {
				q[i] = first[i]
			}
			rows[i] = []Entry{{Column: made.g[i] - 1, Value: 1 / q[i]}, {Column: 2, Value: made.x[i] / q[i]}}
			for _, e := range rows[i] {
				gap[e.Column] += first[i] * e.Value
			}
		}
		x, err := FromRows(3, rows)
		if err != nil {
			t.Fatal(err)
		}
		// Linear weights: d·(1 + q·xᵀλ) with λ from the gap.
		dq := make([]float64, n)
		for i := range n {
			dq[i] = base[i] * q[i]
			x.axpy(i, -base[i], gap)
		}
		lambda := NewGram(x, dq).Solve(gap)
		w := make([]float64, n)
		for i := range n {
			w[i] = base[i] * (1 + q[i]*x.dot(i, lambda))
		}
		p.Calibration = &Calibration{X: x, Base: base, Q: q}
		d := built(t, Spec{Weights: first, Columns: []Column{{Weights: w, Phase: p}}, Stages: []Stage{stage}})
		if asR {
			got := totalAndMean(t, d, w, made.y)
			want := [4]float64{1625.52570247575, 235.10177573857291, 24.380408794232988, 2.4486191656854466}
			for i := range want {
				if math.Abs(got[i]-want[i]) > 1e-11*want[i] {
					t.Errorf("%v, want %v", got, want)
					break
				}
			}
			continue
		}
		// An auxiliary total has no variance of the second phase: what is left is an estimate of the first phase's alone.
		z, zAll := make([]float64, n), make([]float64, n)
		total, target := 0.0, 0.0
		for i := range n {
			z[i], zAll[i] = w[i]*made.x[i], first[i]*made.x[i]
			total += z[i]
			target += zAll[i]
		}
		if math.Abs(total-target) > 1e-10*target {
			t.Errorf("total %v, in the first phase %v", total, target)
		}
		e := make([]float64, n)
		for position, row := range d.order {
			e[position] = z[row]
		}
		of := d.columns[0].phase
		d.project(p.Calibration, of.gram, w, e, 1, 0)
		d.project(p.Calibration, of.gram, w, e, 1, 0)
		v := mat.NewSymDense(1, nil)
		d.addDraw(of, e, 1, v)
		if v.At(0, 0) > 1e-20*sumVariance(t, d, z) {
			t.Errorf("a calibrated total has the second-phase variance %v", v.At(0, 0))
		}
	}
}

// A second phase that takes every row is no second phase.
func TestSecondPhaseThatTakesAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := anyDesign(t)
		all := make([]bool, d.rows)
		group := make([]int, d.rows)
		for i := range all {
			all[i], group[i] = true, i%3
		}
		p, err := d.WithColumn(Column{Name: "p", Weights: d.Weights(0), Phase: &Phase{Strata: Ints(group), Sampled: all}})
		if err != nil {
			t.Fatal(err)
		}
		part := Part{}
		for row, w := range d.Weights(0) {
			part.Rows = append(part.Rows, row)
			part.Values = append(part.Values, w*rapid.Float64Range(-1, 1).Draw(t, "y"))
		}
		want, err := d.Variance(Form{part})
		if err != nil {
			t.Fatal(err)
		}
		part.Column = len(p.columns) - 1
		got, err := p.Variance(Form{part})
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(got-want) > 1e-9*(want+1e-3*energyOf(Form{part})) {
			t.Fatalf("%v, want %v", got, want)
		}
	})
}

// ownVariance is the variance of a row by itself, under every policy and kind of stage.
func TestOwnVariance(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := anyDesign(t)
		own := d.ownVariance()
		for row := range d.rows {
			one := make([]float64, d.rows)
			one[d.position[row]] = 1
			v := mat.NewSymDense(1, nil)
			for l := range d.levels {
				d.levels[l].add(d, one, 1, v, nil)
			}
			if math.Abs(v.At(0, 0)-own[row]) > 1e-12 {
				t.Fatalf("row %d: %v, want %v", row, own[row], v.At(0, 0))
			}
		}
	})
}

func TestPhasesThatAreRefused(t *testing.T) {
	w := []float64{1, 1, 1, 1}
	yes := []bool{true, true, true, false}
	var in *InputError
	var phase *PhaseError
	for name, c := range map[string]struct {
		column Column
		want   any
		lonely bool
	}{
		"length":         {Column{Weights: w, Phase: &Phase{Sampled: yes[:2]}}, &in, false},
		"labels":         {Column{Weights: w, Phase: &Phase{Sampled: yes, Strata: Ints([]int{1})}}, &in, false},
		"weight":         {Column{Weights: w, Phase: &Phase{Sampled: yes}}, &in, false},
		"chance":         {Column{Weights: w, Chance: w, Phase: &Phase{Sampled: yes}}, &in, false},
		"none drawn":     {Column{Weights: w, Phase: &Phase{Sampled: yes, Strata: Ints([]int{1, 1, 1, 2})}}, &phase, false},
		"one drawn":      {Column{Weights: w, Phase: &Phase{Sampled: yes, Strata: Ints([]int{1, 1, 2, 2})}}, &phase, false},
		"domain lonely":  {Column{Weights: []float64{1, 1, 1, 0}, Phase: &Phase{Sampled: yes}}, &in, true},
		"calibration":    {Column{Weights: []float64{1, 1, 1, 0}, Phase: &Phase{Sampled: yes, Calibration: &Calibration{}}}, &in, false},
		"base of nought": {Column{Weights: []float64{1, 1, 1, 0}, Phase: &Phase{Sampled: yes, Calibration: &Calibration{X: empty(t, 4), Base: make([]float64, 4)}}}, &in, false},
	} {
		_, err := New(Spec{Weights: w, Columns: []Column{c.column}, Lonely: LonelyAdjust, DomainLonely: c.lonely})
		if !errors.As(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := (&Phase{Sampled: make([]bool, 4)}).Weights(w); !errors.As(err, &phase) || err.Error() == "" {
		t.Errorf("weights of a phase that draws nothing: %v", err)
	}
}

func empty(t *testing.T, n int) *Matrix {
	x, err := FromRows(1, make([][]Entry, n))
	if err != nil {
		t.Fatal(fmt.Errorf("empty: %w", err))
	}
	return x
}
