package estimate_test

import (
	"math"
	"slices"
	"testing"

	"sipas/analysis/design"
	"sipas/analysis/estimate"

	"gonum.org/v1/gonum/stat"
	"pgregory.net/rapid"
)

func moments(t fataler, d *design.Design, vars ...[]float64) *estimate.Moments {
	t.Helper()
	var list []estimate.Variable
	for _, v := range vars {
		list = append(list, estimate.Variable{Values: v})
	}
	m, err := estimate.NewMoments(d, list, d.Order())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMoments(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anySurvey(t)
		if !slices.ContainsFunc(s.y, func(y float64) bool { return y != s.y[0] && !math.IsNaN(y) }) {
			return
		}
		sum, scaled := make([]float64, len(s.x)), make([]float64, len(s.x))
		for i := range sum {
			sum[i] = s.x[i] + s.y[i]
			scaled[i] = 7 - 3*s.x[i]
		}
		m := moments(t, s.d, s.x, s.y, sum, scaled)
		matrix := m.Matrix()
		// The variance of a sum, and what a change of unit does, with their standard errors.
		direct := of(t, s.d, m.Covariance(2, 2))
		parts := of(t, s.d, estimate.Linear(0,
			estimate.Term{Coefficient: 1, Stat: m.Covariance(0, 0)}, estimate.Term{Coefficient: 1, Stat: m.Covariance(1, 1)}, estimate.Term{Coefficient: 2, Stat: m.Covariance(1, 0)}))
		size := matrix.At(0, 0) + matrix.At(1, 1)
		if math.Abs(direct.Value-parts.Value) > 1e-9*size || math.Abs(direct.SE-parts.SE) > 1e-7*(size+direct.SE) {
			t.Fatalf("%+v, from parts %+v", direct, parts)
		}
		one, nine := of(t, s.d, m.Covariance(0, 0)), of(t, s.d, m.Covariance(3, 3))
		if !close(9*one.Value, nine.Value) || !close(9*one.SE, nine.SE) || !close(-3*matrix.At(0, 1), matrix.At(3, 1)) {
			t.Fatalf("%+v, scaled %+v", one, nine)
		}
		joint, err := m.CovarianceMatrix()
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(joint.At(0, 0)-one.SE*one.SE) > 1e-9*one.SE*one.SE {
			t.Fatalf("joint %v, alone %v", joint.At(0, 0), one.SE*one.SE)
		}
		if !(matrix.At(0, 0) > 1e-6 && matrix.At(1, 1) > 1e-6) {
			return
		}
		r, err := m.Correlate(0, 1, estimate.Options{})
		if err != nil {
			t.Fatal(err)
		}
		mirrored, err := m.Correlate(1, 3, estimate.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(r.Value+mirrored.Value) > 1e-6 || !(math.Abs(r.Value) <= 1+1e-9) {
			t.Fatalf("%+v and, with the scale turned, %+v", r, mirrored)
		}
		if in := r.Interval; r.Reason == "" && !(in.Low <= r.Value && r.Value <= in.High && in.Low >= -1 && in.High <= 1) {
			t.Fatalf("%+v", r)
		}
	})
}

// With equal weights the moments are those of any textbook.
func TestMomentsOfEqualWeights(t *testing.T) {
	x, y := []float64{1, 4, 2, 8, 5, 7}, []float64{3, 1, 4, 1, 5, 9}
	d, err := design.New(design.Spec{Weights: slices.Repeat([]float64{20}, 6)})
	if err != nil {
		t.Fatal(err)
	}
	m := moments(t, d, x, y)
	if !close(m.Matrix().At(0, 0), stat.Variance(x, nil)) || !close(m.Matrix().At(0, 1), stat.Covariance(x, y, nil)) || m.N() != 6 {
		t.Errorf("%v", m.Matrix())
	}
	r, err := m.Correlate(0, 1, estimate.Options{})
	if err != nil || !close(r.Value, stat.Correlation(x, y, nil)) || r.Interval.Method != "Fisher z, t" {
		t.Errorf("%+v, %v", r, err)
	}
	v, err := m.Variance(0, estimate.Options{DF: math.Inf(1), Level: 0.9})
	if err != nil || !close(v.Value, stat.Variance(x, nil)) || !math.IsInf(v.DF, 1) || v.Interval.Method != "normal" || math.Abs(v.Interval.High-v.Value-1.6448536269514722*v.SE) > 1e-9 {
		t.Errorf("%+v, %v", v, err)
	}
	same, err := m.Correlate(0, 0, estimate.Options{})
	if err != nil || !close(same.Value, 1) || same.Reason == "" || !math.IsNaN(same.Interval.Low) {
		t.Errorf("with itself: %+v, %v", same, err)
	}
	flat := moments(t, d, x, slices.Repeat([]float64{2}, 6))
	if none, err := flat.Correlate(0, 1, estimate.Options{}); err != nil || none.Defined() || none.Reason == "" {
		t.Errorf("with a constant: %+v, %v", none, err)
	}
	few := moments(t, d, x, []float64{1, nan, nan, nan, nan, nan})
	if none, err := few.Variance(0, estimate.Options{}); err != nil || none.Defined() || none.Reason != "fewer than two answers" || few.Matrix() != nil {
		t.Errorf("one pair: %+v, %v", none, err)
	}
	if _, err := estimate.NewMoments(d, nil, d.Order()); err == nil {
		t.Error("moments of nothing")
	}
	if _, err := estimate.NewMoments(d, []estimate.Variable{{Values: x}, {Values: y, Column: "m"}}, d.Order()); err == nil {
		t.Error("moments over two columns")
	}
}

// Replicate moments are those worked out anew with each replicate's weights.
func TestMomentsOfReplicates(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(5, 12).Draw(t, "n")
		w, x, y := make([]float64, n), make([]float64, n), make([]float64, n)
		for i := range n {
			w[i], x[i], y[i] = rapid.Float64Range(1, 5).Draw(t, "w"), float64(i), rapid.Float64Range(90, 95).Draw(t, "y")
		}
		d := jackknifed(t, w, "JK1")
		m := moments(t, d, x, y)
		theta, err := d.Refitted(0, func(w []float64) ([]float64, error) {
			scale := float64(n) / float64(n-1)
			mx, my := stat.Mean(x, w), stat.Mean(y, w)
			var cov, total float64
			for i := range w {
				cov += w[i] * (x[i] - mx) * (y[i] - my)
				total += w[i]
			}
			return []float64{scale * cov / total}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		got := of(t, d, m.Covariance(0, 1))
		want := math.Sqrt(d.ReplicateCovariance(theta, []float64{got.Value}).At(0, 0))
		if math.Abs(got.SE-want) > 1e-8*(want+1e-3) {
			t.Fatalf("%v, want %v", got.SE, want)
		}
	})
}
