package report

import (
	"context"
	"testing"
)

// BenchmarkCompute is the size of a demonstration quarter: 60,000 transactions, 106 units, about 9,000 answers.
func BenchmarkCompute(b *testing.B) {
	w := newWorld(b, setting{units: 106, cases: 60_000, seed: 1})
	w.draw(b, 1.0/3, 1)
	w.walkIn(2000, 1)
	b.Logf("%d answers, %d classes", len(w.in.Responses), len(w.in.Classes))
	for b.Loop() {
		r, _, err := Compute(context.Background(), w.in, nil)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(r.Figures)), "figures")
		b.ReportMetric(float64(len(r.Flags)), "flags")
		b.ReportMetric(float64(len(asJSON(b, r)))/1e6, "MB")
	}
}
