package weight

import (
	"fmt"
	"math"
)

// Distance is the calibration function F with g = F(q·xᵀλ). The package's documentation has the formulas.
type Distance string

const (
	// Linear is F = 1 + u: the generalized regression estimator. Weights may be
	// negative unless Lower and Upper bound them, and then it is Truncated.
	Linear Distance = "linear"
	// Truncated is F = 1 + u, cut to the bounds, which it needs.
	Truncated Distance = "truncated"
	// Exponential is F = eᵘ, of which raking is the case with indicators. Bounds cut it.
	Exponential Distance = "raking"
	// Logit keeps L < g < U and needs the bounds.
	Logit Distance = "logit"
	// Sinh is the fifth function of CALMAR 2 with α = 1: g − 1/g = asinh(2u). It is above zero, and
	// treats g and 1/g alike. Bounds cut it.
	Sinh Distance = "sinh"
)

// CalibrateRule says how to calibrate.
type CalibrateRule struct {
	Distance Distance
	// Lower and Upper bound g, on both sides of one. Both zero means none; ±Inf leaves one side open.
	Lower, Upper float64
	// OnWeights makes Lower and Upper bound the weights themselves instead of g.
	OnWeights bool
	Q         []float64 // 1/c of each row, for heteroscedastic calibration, above zero; nil means one
	// Groups holds a code for each row; rows of the same code get the same g (a household, a cluster).
	// x of a row is then the mean over its group by base weight (Lemaître and Dufour 1987). Nil means none.
	Groups        []int32
	Tolerance     float64 // largest relative residual; 0 means 1e-11
	MaxIterations int     // 0 means 100
}

func (r CalibrateRule) bounded() bool { return r.Lower != 0 || r.Upper != 0 }

// limits are the bounds asked for, infinite where there are none; factors of the positive distances are above zero.
func (r CalibrateRule) limits() Bounds {
	b := Bounds{Lower: math.Inf(-1), Upper: math.Inf(1)}
	if r.bounded() {
		b = Bounds{Lower: r.Lower, Upper: r.Upper}
	}
	if r.positive() {
		b.Lower = math.Max(0, b.Lower)
	}

	return b
}

func (r CalibrateRule) positive() bool { return r.Distance == Exponential || r.Distance == Sinh }

func (r CalibrateRule) check(base []float64) error {
	n := len(base)

	switch r.Distance {
	case Linear, Exponential, Sinh:
	case Logit, Truncated:
		if !r.bounded() {
			return &InputError{Field: "bounds", Row: -1, Reason: fmt.Sprintf("%s calibration needs them", r.Distance)}
		}
	default:
		return &InputError{Field: "distance", Row: -1, Reason: fmt.Sprintf("there is none named %q", r.Distance)}
	}
	if r.Distance == Logit && (math.IsInf(r.Lower, 0) || math.IsInf(r.Upper, 0)) {
		return &InputError{Field: "bounds", Row: -1, Reason: "logit calibration needs finite ones"}
	}
	if r.OnWeights && !(r.bounded() && r.Lower < r.Upper && r.Upper > 0) {
		return &InputError{Field: "bounds", Row: -1, Reason: fmt.Sprintf("weights cannot lie between %v and %v", r.Lower, r.Upper)}
	}
	if r.bounded() && !r.OnWeights && !(r.Lower < 1 && r.Upper > 1) {
		return &InputError{Field: "bounds", Row: -1, Reason: fmt.Sprintf("they must lie on both sides of one, not at %v and %v", r.Lower, r.Upper)}
	}
	if r.Q != nil && len(r.Q) != n {
		return &InputError{Field: "q", Row: -1, Reason: "one value is needed for each row"}
	}
	if r.Groups != nil && len(r.Groups) != n {
		return &InputError{Field: "groups", Row: -1, Reason: "one code is needed for each row"}
	}
	for i, b := range base {
		if b == 0 {
			continue
		}
		if r.Q != nil && (!(r.Q[i] > 0) || math.IsInf(r.Q[i], 1)) {
			return &InputError{Field: "q", Row: i, Reason: fmt.Sprintf("it must be finite and above zero, not %v", r.Q[i])}
		}
		if r.OnWeights && r.Distance == Logit && !(r.Lower < b && b < r.Upper) {
			return &InputError{Field: "bounds", Row: i, Reason: fmt.Sprintf("logit calibration needs them on both sides of the base weight %v", b)}
		}
	}

	return nil
}

// f returns F(u) within the bounds l and h, and its derivative.
func (d Distance) f(u, l, h float64) (g, slope float64) {
	switch d {
	case Exponential:
		g = math.Exp(u)
		slope = g
	case Sinh:
		s := math.Asinh(2*u) / 2
		root := math.Sqrt(s*s + 1)
		g = s + root
		if s < 0 {
			g = 1 / (root - s)
		}
		slope = g / (root * math.Sqrt(1+4*u*u))
	case Logit:
		a := (h - l) / ((1 - l) * (h - 1))
		// Written with e^{−|Au|}, so that it cannot overflow.
		e := math.Exp(-math.Abs(a * u))
		top, bottom := l*(h-1)+h*(1-l)*e, (h-1)+(1-l)*e
		if u > 0 {
			top, bottom = l*(h-1)*e+h*(1-l), (h-1)*e+(1-l)
		}
		g = top / bottom
		slope = a * (g - l) * (h - g) / (h - l)
		return g, slope
	default:
		g, slope = 1+u, 1
	}
	if g < l || g > h {
		return math.Min(math.Max(g, l), h), 0
	}

	return g, slope
}
