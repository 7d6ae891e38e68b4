package design

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// expand makes the same design row by row, group after group.
func expand(d *Grouped) (*Design, error) {
	row := func(of []float64) []float64 {
		var out []float64
		for g, n := range d.n {
			out = append(out, slices.Repeat([]float64{of[g]}, n)...)
		}
		return out
	}
	var strata []int
	var population []float64
	for g, n := range d.n {
		st := &d.strata[d.stratum[g]]
		strata = append(strata, slices.Repeat([]int{int(d.stratum[g])}, n)...)
		population = append(population, slices.Repeat([]float64{st.populations}, n)...)
	}
	stage := Stage{Strata: Ints(strata)}
	if d.strata[0].populations != 0 {
		stage.Population = population
	}
	spec := Spec{Stages: []Stage{stage}, Lonely: LonelyRemove}
	for i, c := range d.columns {
		column := Column{Name: c.Name, Weights: row(c.Weights)}
		if c.Chance != nil {
			column.Chance = row(c.Chance)
		}
		if c.X != nil {
			var entries [][]Entry
			for g, n := range d.n {
				var e []Entry
				c.X.Row(g, func(j int, v float64) { e = append(e, Entry{j, v}) })
				entries = append(entries, slices.Repeat([][]Entry{e}, n)...)
			}
			x, err := FromRows(c.X.cols, entries)
			if err != nil {
				return nil, err
			}
			column.Calibration = &Calibration{X: x, Base: row(c.Base)}
			column.Calibration.Inflation = column.Calibration.LeverageInflation()
		}
		if i == 0 {
			column.Name = ""
			spec.Weights = column.Weights
		}
		spec.Columns = append(spec.Columns, column)
	}

	return New(spec)
}

// A grouped design gives the variances, covariances and degrees of freedom of the same design row by row: with strata, a second
// phase and calibration, for values that come through one column and through several.
func TestGroupedEqualsRows(t *testing.T) {
	for seed := range uint64(6) {
		rng := rand.New(rand.NewPCG(seed, 1))
		spec := GroupSpec{}
		main, module := GroupColumn{Name: "core"}, GroupColumn{Name: "module", Chance: []float64{}}
		var entries [][]Entry
		for g := range 40 {
			h := g % 4
			spec.N = append(spec.N, 1+rng.IntN(5))
			if seed%3 > 0 {
				spec.Strata, spec.Population = append(spec.Strata, fmt.Sprint("s", h)), append(spec.Population, float64(70+9*h))
			}
			w := 1 + 4*rng.Float64()
			main.Base, main.Weights = append(main.Base, w), append(main.Weights, w*(0.8+0.4*rng.Float64()))
			p := 0.2
			if g%3 == 0 {
				p = 1
			}
			in := 1.0
			if g%5 == 0 {
				in = 0
			}
			module.Base, module.Chance = append(module.Base, in*w/p), append(module.Chance, p)
			module.Weights = append(module.Weights, in*w/p*(0.8+0.4*rng.Float64()))
			entries = append(entries, []Entry{{g % 4, 1}, {4 + g/20, 1}})
		}
		if seed%2 > 0 {
			var err error
			if main.X, err = FromRows(6, entries); err != nil {
				t.Fatal(err)
			}
			module.X = main.X
		}
		spec.Columns = []GroupColumn{main, module}
		d, err := NewGrouped(spec)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := expand(d)
		if err != nil {
			t.Fatal(err)
		}
		var single []Form // through the module, of groups that no other has
		var grouped []GroupForm
		both := Form{{Column: 0}, {Column: 1}}
		sums := [2][]float64{make([]float64, 40), make([]float64, 40)}
		values := [2][][]float64{make([][]float64, 40), make([][]float64, 40)}
		used := make([]int, 40)
		for k := range 3 {
			single, grouped = append(single, Form{{Column: 1}}), append(grouped, GroupForm{})
			at := 0
			for g, n := range spec.N {
				from := at
				at += n
				if g%4 != k || module.Weights[g] == 0 {
					continue
				}
				used[g] = n
				s, q := 0.0, 0.0
				for row := from; row < at; row++ {
					for c := range 2 {
						z := rng.NormFloat64()
						both[c].Rows, both[c].Values = append(both[c].Rows, row), append(both[c].Values, z)
						sums[c][g] += z
						values[c][g] = append(values[c][g], z)
						if c == 1 {
							single[k][0].Rows, single[k][0].Values = append(single[k][0].Rows, row), append(single[k][0].Values, z)
							s, q = s+z, q+z*z
						}
					}
				}
				f := &grouped[k]
				f.Groups, f.Sum, f.Square = append(f.Groups, int32(g)), append(f.Sum, s), append(f.Square, q)
			}
		}
		close := func(what string, got, want float64) {
			t.Helper()
			if !(math.Abs(got-want) <= 1e-9*math.Abs(want)) {
				t.Errorf("seed %d: %s %v by groups, %v by rows", seed, what, got, want)
			}
		}
		want, err := rows.CovarianceOf(single)
		if err != nil {
			t.Fatal(err)
		}
		got := d.Covariance(1, grouped)
		for i := range 3 {
			for j := range 3 {
				if diff := math.Abs(got.At(i, j) - want.At(i, j)); diff > 1e-9*math.Sqrt(want.At(i, i)*want.At(j, j)) {
					t.Errorf("seed %d: covariance %d, %d is %v by groups, %v by rows", seed, i, j, got.At(i, j), want.At(i, j))
				}
			}
		}
		sum, square, second := make([]float64, d.Strata()), make([]float64, d.Strata()), 0.0
		fits := [2][]float64{d.Fit(0, sums[0]), d.Fit(1, sums[1])}
		for g, n := range spec.N {
			for row := range n {
				e := 0.0
				for c := range 2 {
					z := 0.0
					if len(values[c][g]) > 0 {
						z = values[c][g][row]
					}
					if fits[c] != nil {
						z = d.Inflation(c, g) * (z - fits[c][g])
					}
					second += d.Second(c, g) * z * z
					e += z
				}
				sum[d.Stratum(g)] += e
				square[d.Stratum(g)] += e * e
			}
		}
		v, err := rows.Variance(both)
		if err != nil {
			t.Fatal(err)
		}
		close("variance", d.Variance(sum, square, second), v)
		close("degrees of freedom", d.DF(used), rows.DF(both[0].Rows))
	}
}
