package quadform

import (
	"math"
	"math/cmplx"
)

// inversion integrates on the side of zero on which the tail is the smaller one.
func (q form) inversion(x float64) float64 {
	if x < q.mean() {
		return 1 - q.turned().integrate(-x)
	}

	return q.integrate(x)
}

// integrate returns P(Q > x) from the path through the saddle point above zero, for λ of which some are positive
// or x below zero.
func (q form) integrate(x float64) float64 {
	c := q.crossing(x)
	top := q.exponent(complex(c, 0), x)
	curvature := 1 / (c * c)

	for _, t := range q {
		r := t.lambda / (1 - 2*t.lambda*c)
		curvature += 2 * t.df * r * r
	}
	p := path{c: c, width: 1 / math.Sqrt(curvature)}
	at := func(p path, u float64) complex128 {
		s, ds := p.point(u)

		return cmplx.Exp(q.exponent(s, x)-top) * ds / s
	}
	bend, end := direction(func(bend, u float64) float64 {
		return cmplx.Abs(at(path{c: p.c, width: p.width, bend: bend}, u))
	})
	p.bend = bend
	value := func(u float64) float64 { return imag(at(p, u)) }
	step := 0.5
	sum := value(0) / 2
	sum += along(value, step, step, end)
	last := sum * step

	// Each round puts points between those of the one before. The error falls like exp(−const/step), so halving the step squares it: two rounds
	// that agree to ten digits leave the second with all of them.
	for range 12 {
		sum += along(value, step/2, step, end)
		step /= 2
		now, before := sum*step, last
		if last = now; math.Abs(now-before) <= 1e-10*math.Abs(now) {
			break
		}
	}

	return math.Min(1, math.Max(0, last*math.Exp(real(top))/math.Pi))
}

// path is s(u) = c + bend·width·(cosh u − 1) + i·width·sinh u: upright, or turned by 45 degrees far out.
type path struct{ c, width, bend float64 }

func (p path) point(u float64) (s, ds complex128) {
	sh, half := math.Sinh(u), math.Sinh(u/2)

	return complex(p.c+p.bend*p.width*2*half*half, p.width*sh), complex(p.bend*p.width*sh, p.width*math.Cosh(u))
}

// direction chooses the path on which the integrand is the first to die away, and tells where: where exp(−s x) falls, or where the terms with
// many degrees of freedom make it fall. Any is right: from each point on, the integrand falls along the upright line through that
// point, so where it is negligible the rest of the path may be led upright and left out. It must end there, because
// further along it may grow again.
func direction(size func(bend, u float64) float64) (bend, end float64) {
	start := size(0, 0)
	grows := map[float64]bool{}

	for u := 0.25; u < farthest; u += 0.25 {
		for _, bend := range []float64{1, -1, 0} {
			if grows[bend] {
				continue
			}
			v := size(bend, u) / start
			if v < 1e-20 {
				return bend, u
			}
			grows[bend] = !(v < 100)
		}
	}

	return 0, farthest
}

// farthest keeps sinh well inside the range of float64.
const farthest = 340

// along sums values at equal steps up to the end.
func along(value func(u float64) float64, from, step, end float64) float64 {
	var s float64
	for u := from; u < end; u += step {
		s += value(u)
	}

	return s
}

// exponent is K(s) − s x.
func (q form) exponent(s complex128, x float64) complex128 {
	e := -s * complex(x, 0)
	for _, t := range q {
		e -= complex(t.df/2, 0) * logOneLess(complex(2*t.lambda, 0)*s)
	}

	return e
}

// logOneLess is log(1−z), exact also for small z: a denominator with many degrees of freedom multiplies its error by them.
func logOneLess(z complex128) complex128 {
	a, b := real(z), imag(z)
	if math.Abs(a)+math.Abs(b) > 0.5 {
		return cmplx.Log(1 - z)
	}

	return complex(math.Log1p(a*a+b*b-2*a)/2, math.Atan2(-b, 1-a))
}

// crossing is where the path crosses the real axis: the least point of K(s) − s x − log s between zero and the first
// singularity, which exists and is unique because the function is convex and rises to both sides.
func (q form) crossing(x float64) float64 {
	slope := func(s float64) float64 {
		v := -x - 1/s
		for _, t := range q {
			v += t.df * t.lambda / (1 - 2*t.lambda*s)
		}

		return v
	}
	low, high := 0.0, 0.0

	if l := q[len(q)-1].lambda; l > 0 {
		high = 1 / (2 * l)
	} else {
		for high = 1 / -q[0].lambda; slope(high) < 0; high *= 2 {
			low = high
		}
	}

	return root(slope, low, high)
}

// root finds where a rising function crosses zero, by bisection: it may be infinite at the ends.
func root(f func(float64) float64, low, high float64) float64 {
	for {
		mid := low + (high-low)/2
		if mid <= low || mid >= high {
			return mid
		}
		if f(mid) < 0 {
			low = mid
			continue
		}
		high = mid
	}
}
