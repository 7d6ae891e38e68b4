package quadform

import "math"

// saddlepoint is Barndorff-Nielsen's approximation at the root ζ of K'(ζ) = x.
func (q form) saddlepoint(x float64) float64 {
	zeta := q.saddle(x)
	var two, three, w2, excess float64 // κ2, κ3 at zero; w²; v² − w²

	for _, t := range q {
		z := 2 * t.lambda * zeta
		two += 2 * t.df * t.lambda * t.lambda
		three += 8 * t.df * t.lambda * t.lambda * t.lambda
		w2 += t.df * likelihood(z)
		excess += t.df * spread(z)
	}
	if w2 == 0 {
		return UpperNormal(three / (6 * math.Pow(two, 1.5)))
	}
	w := math.Copysign(math.Sqrt(w2), zeta)

	return UpperNormal(w + math.Log1p(excess/w2)/(2*w))
}

// saddle solves K'(ζ) = x between the singularities on both sides of zero. x lies inside the range of Q.
func (q form) saddle(x float64) float64 {
	slope := func(s float64) float64 {
		v := -x
		for _, t := range q {
			v += t.df * t.lambda / (1 - 2*t.lambda*s)
		}

		return v
	}
	scale := 1 / math.Max(math.Abs(q[0].lambda), math.Abs(q[len(q)-1].lambda))
	low, high := -scale, scale

	if l := q[0].lambda; l < 0 {
		low = 1 / (2 * l)
	} else {
		for slope(low) > 0 {
			low *= 2
		}
	}
	if l := q[len(q)-1].lambda; l > 0 {
		high = 1 / (2 * l)
	} else {
		for slope(high) < 0 {
			high *= 2
		}
	}

	// Split at zero, so that bisection finds small roots to their last digit.
	switch at := slope(0); {
	case at == 0:
		return 0
	case at > 0:
		return root(slope, low, 0)
	}

	return root(slope, 0, high)
}

// likelihood is z/(1−z) + log(1−z) = Σ_{j≥2} z^j (j−1)/j, the part of w² by degree of freedom.
func likelihood(z float64) float64 {
	if math.Abs(z) > 0.1 {
		return z/(1-z) + math.Log1p(-z)
	}
	var s float64

	for j, p := 2.0, z*z; ; j, p = j+1, p*z {
		next := s + p*(j-1)/j
		if next == s {
			return s
		}
		s = next
	}
}

// spread is ½z²/(1−z)² less likelihood: Σ_{j≥3} z^j (j−1)(j−2)/2j, the part of v² − w².
func spread(z float64) float64 {
	if math.Abs(z) > 0.1 {
		return z*z/(2*(1-z)*(1-z)) - likelihood(z)
	}
	var s float64

	for j, p := 3.0, z*z*z; ; j, p = j+1, p*z {
		next := s + p*(j-1)*(j-2)/(2*j)
		if next == s {
			return s
		}
		s = next
	}
}
