package quadform

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// The two tails come from different paths, one on each side of zero, and sum to one whatever the signs, the spread of the λ and
// the degrees of freedom; and inside the program only the smaller of the two is ever integrated.
func TestBothSides(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 6).Draw(t, "n")
		spread := rapid.SampledFrom([]float64{1, 4, 10}).Draw(t, "spread")
		lambda, df := make([]float64, n), make([]float64, n)
		var mean, variance float64

		for i := range lambda {
			lambda[i] = math.Exp(spread * rapid.Float64Range(-1, 1).Draw(t, "log λ"))
			if rapid.Bool().Draw(t, "negative") {
				lambda[i] *= -1
			}
			df[i] = math.Exp(rapid.Float64Range(-2, 3).Draw(t, "log ν"))
			if rapid.IntRange(0, 9).Draw(t, "many") == 0 {
				df[i] *= 1000
			}
			mean += lambda[i] * df[i]
			variance += 2 * lambda[i] * lambda[i] * df[i]
		}
		q, err := newForm(lambda, df)
		if err != nil {
			t.Fatal(err)
		}
		x := mean + math.Sqrt(variance)*rapid.Float64Range(-6, 6).Draw(t, "x")
		if q.positive() && x <= 0 || q.negative() && x >= 0 || q.beyond(x) || q.turned().beyond(-x) {
			return
		}
		above, below := q.integrate(x), q.turned().integrate(-x)
		if !(math.Abs(above+below-1) < 1e-11) {
			t.Fatalf("%v at %v: %v above, %v below", q, x, above, below)
		}
	})
}
