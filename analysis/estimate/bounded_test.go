package estimate_test

import (
	"math"
	"testing"

	"sipas/analysis/estimate"
)

func TestBoundedInterval(t *testing.T) {
	var q estimate.Student
	const low, high = 1.0, 10.0
	for _, test := range []struct {
		name      string
		value, se float64
		method    string
	}{
		{"well inside", 5, 0.2, estimate.IntervalT},
		{"near the top", 9.8, 0.2, estimate.IntervalLogitBounds},
		{"at the top", 10, 0, estimate.IntervalBetaOfBounds},
		{"all answers agree", 5, 0, estimate.IntervalBetaOfBounds},
	} {
		got, why := q.Bounded(test.value, test.se, 40, 39, 0.95, low, high)
		if why != "" || got.Method != test.method {
			t.Errorf("%s: %+v %s", test.name, got, why)
		}
		if !(got.Low >= low && got.High <= high && got.Low <= test.value && test.value <= got.High && got.Low < got.High) {
			t.Errorf("%s: %+v does not lie around %v within the bounds", test.name, got, test.value)
		}
	}
	if got, why := q.Bounded(5, 0.2, 1, 0, 0.95, low, high); !math.IsNaN(got.Low) || why == "" {
		t.Errorf("without degrees of freedom: %+v", got)
	}
	// At the bound the interval is the one of a share of 1 of 40 answers: Clopper and Pearson's one-sided end, 0.05^(1/40).
	got, _ := q.Bounded(10, 0, 40, 39, 0.95, low, high)
	if want := 1 + 9*math.Pow(0.05, 1.0/40); math.Abs(got.Low-want) > 1e-9 {
		t.Errorf("lower end %v, want %v", got.Low, want)
	}
}
