package quadform

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// Multiplications beyond which the series is left: brief where the inversion, which costs the same whatever the λ, may take its
// place, longest where the series was asked for.
const (
	brief   = 1e5
	longest = 2e7
)

// series sums Ruben's mixture. It reports false for λ of both signs, for negative ones, and where it would take more
// multiplications than the limit.
func (q form) series(x, limit float64) (float64, bool) {
	if !q.positive() {
		return 0, false
	}
	beta := q[0].lambda
	y := x / beta / 2
	n := len(q)
	c, inner := make([]float64, n), make([]float64, n)
	var half, start, center float64 // ν/2, log a_0, and the mean of the mixture's k

	for i, t := range q {
		c[i] = (t.lambda - beta) / t.lambda
		half += t.df / 2
		start += t.df / 2 * math.Log(beta/t.lambda)
		center += t.df / 2 * c[i] / (1 - c[i])
	}
	last := c[n-1]

	if float64(n)*(2*center+40/(1-last)+2*y) > limit {
		return 0, false
	}
	tail := mathext.GammaIncRegComp(half, y)
	a, sum := 1.0, tail

	// The a_k stand over exp(start): with many λ the first of them is too small for a float64.
	for k := 0; float64(k)*float64(n) < 4*limit; k++ {
		fall := last * max(1, (float64(k)+half)/(float64(k)+1))
		if fall < 1 {
			if rest := a * fall / (1 - fall); rest <= 1e-17*sum || start+math.Log(rest) < -746 {
				return math.Min(1, math.Exp(start)*sum), true
			}
		}
		var next float64

		for i := range q {
			inner[i] = c[i] * (inner[i] + a)
			next += q[i].df * inner[i]
		}
		a = next / (2 * float64(k+1))
		tail += poisson(half+float64(k), y)
		sum += a * tail

		if a > 1e250 {
			const down = 1e-250
			a, sum, start = a*down, sum*down, start-math.Log(down)
			for i := range inner {
				inner[i] *= down
			}
		}
	}

	return 0, false
}

// poisson returns y^a e^{−y}/Γ(a+1) by Loader's (2000) deviance form, in which large numbers do not cancel.
func poisson(a, y float64) float64 {
	if a == 0 {
		return math.Exp(-y)
	}
	if a < 15 {
		g, _ := math.Lgamma(a + 1)

		return math.Exp(a*math.Log(y) - y - g)
	}

	return math.Exp(-stirling(a)-deviance(a, y)) / math.Sqrt(2*math.Pi*a)
}

// stirling is the error of Stirling's formula for log Γ(a+1), for a of 15 and more.
func stirling(a float64) float64 {
	b := 1 / (a * a)

	return (1./12 - (1./360-(1./1260-(1./1680-(1./1188-b*691./360360)*b)*b)*b)*b) / a
}

// deviance is a·log(a/y) + y − a.
func deviance(a, y float64) float64 {
	v := (a - y) / (a + y)
	if math.Abs(v) >= 0.1 {
		return a*math.Log(a/y) + y - a
	}
	s := (a - y) * v
	e := 2 * a * v

	for j := 3.0; ; j += 2 {
		e *= v * v
		next := s + e/j
		if next == s {
			return s
		}
		s = next
	}
}
