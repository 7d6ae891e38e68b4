package estimate

import "math"

// brent finds where f crosses zero between a and b by Brent's method (1973,
// chapter 4): inverse quadratic interpolation where it converges, halving where it does not. f has
// different signs at a and b; where it has not, the end nearer to zero is returned, which is the root when one lies
// beyond the range of floating-point numbers. It stops at a relative precision of a few units in the last place.
func brent(f func(float64) float64, a, b float64) float64 {
	fa, fb := f(a), f(b)
	if math.Abs(fa) < math.Abs(fb) {
		a, b, fa, fb = b, a, fb, fa
	}
	if fb != 0 && math.Signbit(fa) == math.Signbit(fb) {
		return b
	}
	c, fc := a, fa // the third point: before the last one
	d, halved := c, true

	for range 200 {
		precision := 4 * epsilon * math.Abs(b)
		if fb == 0 || math.Abs(b-a) <= precision {
			break
		}
		s := b - fb*(b-a)/(fb-fa) // the secant

		if fa != fc && fb != fc {
			s = a*fb*fc/((fa-fb)*(fa-fc)) + b*fa*fc/((fb-fa)*(fb-fc)) + c*fa*fb/((fc-fa)*(fc-fb))
		}
		last := math.Abs(b - c)
		if !halved {
			last = math.Abs(c - d)
		}
		near := (3*a + b) / 4
		outside := s < math.Min(near, b) || s > math.Max(near, b) || math.IsNaN(s)
		halved = outside || math.Abs(s-b) >= last/2 || last < precision

		if halved {
			s = a + (b-a)/2
		}
		fs := f(s)
		d, c, fc = c, b, fb

		if math.Signbit(fa) != math.Signbit(fs) {
			b, fb = s, fs
		} else {
			a, fa = s, fs
		}
		if math.Abs(fa) < math.Abs(fb) {
			a, b, fa, fb = b, a, fb, fa
		}
	}

	return b
}

// epsilon is the distance from 1 to the next number.
const epsilon = 0x1p-52
