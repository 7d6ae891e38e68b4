package design_test

import (
	"testing"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"sipas/analysis/design"
)

// The degrees of freedom of any rows are the rank of their factors less one, by singular values.
func TestReplicateRank(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		units, replicates := rapid.IntRange(1, 12).Draw(t, "units"), rapid.IntRange(2, 8).Draw(t, "replicates")
		dimension := rapid.IntRange(1, min(units, replicates)).Draw(t, "dimension")
		// Factors with a rank of no more than a dimension: small whole numbers, so that what is dependent is exactly so.
		a, b := mat.NewDense(units, dimension, nil), mat.NewDense(dimension, replicates, nil)
		for _, m := range []*mat.Dense{a, b} {
			rows, cols := m.Dims()
			for i := range rows {
				for j := range cols {
					m.Set(i, j, float64(rapid.IntRange(-2, 2).Draw(t, "value")))
				}
			}
		}
		p := &design.Replicates{Factors: new(mat.Dense), Scale: 1}
		p.Factors.Mul(a, b)
		for range replicates {
			p.RScales = append(p.RScales, 1)
		}
		var weights []float64
		for u := range units {
			for range rapid.IntRange(1, 3).Draw(t, "rows") {
				p.Unit = append(p.Unit, int32(u))
				weights = append(weights, 1)
			}
		}
		d, err := design.New(design.Spec{Weights: weights, Replicates: p, Lonely: design.LonelyRemove})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			var rows []int
			for i := range weights {
				if rapid.IntRange(0, 3).Draw(t, "in") > 0 {
					rows = append(rows, i)
				}
			}
			if len(rows) == 0 {
				continue
			}
			f := mat.NewDense(len(rows), replicates, nil)
			for i, row := range rows {
				f.SetRow(i, p.Factors.RawRowView(int(p.Unit[row])))
			}
			var svd mat.SVD
			if !svd.Factorize(f, mat.SVDNone) {
				t.Fatal("no singular values")
			}
			want := 0
			for _, v := range svd.Values(nil) {
				if v > 1e-8 {
					want++
				}
			}
			want = max(want, 1)
			if got := d.DF(rows); got != float64(want-1) {
				t.Errorf("%v degrees of freedom, want %d", got, want-1)
			}
		}
	})
}

// What a maker states bounds the degrees of freedom; a domain has no more than the rank of its units' factors less one. The
// factors here are those of BRR.
func TestStatedReplicateDF(t *testing.T) {
	p := &design.Replicates{Factors: mat.NewDense(4, 2, []float64{0, 2, 2, 0, 0, 2, 2, 0}), Scale: 1, RScales: []float64{1, 1}, DF: 2}
	d, err := design.New(design.Spec{
		Weights: []float64{1, 1, 1, 1}, Replicates: p,
		Stages: []design.Stage{{Strata: design.Ints([]int{1, 1, 2, 2})}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for want, rows := range map[float64][]int{2: {0, 1, 2}, 1: {0, 2}, 0: {0}} {
		if got := d.DF(rows); got != want {
			t.Errorf("rows %v: %v degrees of freedom, want %v", rows, got, want)
		}
	}
	if got := d.DF(nil); got != 0 {
		t.Errorf("no rows: %v degrees of freedom", got)
	}
}

func TestReplicateErrors(t *testing.T) {
	for name, p := range map[string]*design.Replicates{
		"none":     {},
		"rscales":  {Factors: mat.NewDense(2, 2, nil), RScales: []float64{1}},
		"rows":     {Factors: mat.NewDense(3, 1, nil), RScales: []float64{1}},
		"unit":     {Factors: mat.NewDense(3, 1, nil), RScales: []float64{1}, Unit: []int32{0, 3}},
		"scale":    {Factors: mat.NewDense(2, 1, nil), RScales: []float64{1}, Scale: -1},
		"negative": {Factors: mat.NewDense(2, 1, nil), RScales: []float64{-1}},
		"unused":   {Factors: mat.NewDense(2, 1, nil), RScales: []float64{0}},
		"df":       {Factors: mat.NewDense(2, 1, nil), RScales: []float64{1}, DF: -1},
		"own":      {Factors: mat.NewDense(2, 1, nil), RScales: []float64{1}, Own: map[string]design.Factors{"a": {}}},
		"own rows": {Factors: mat.NewDense(2, 1, nil), RScales: []float64{1}, Own: map[string]design.Factors{"a": {Values: mat.NewDense(1, 1, nil)}}},
	} {
		if _, err := design.New(design.Spec{Weights: []float64{1, 1}, Replicates: p}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
