package estimate

import "math"

// Dual is a number with its gradient: V + ε·D. Arithmetic on duals carries exact
// first derivatives along (forward mode), with no step size to choose. A nil or
// short gradient counts as zeros, so Number(c) is a constant.
type Dual struct {
	V float64
	D []float64
}

// Number is a constant.
func Number(v float64) Dual { return Dual{V: v} }

// chain returns the dual of value with gradient a·x.D + b·y.D.
func chain(value, a float64, x Dual, b float64, y Dual) Dual {
	out := Dual{V: value, D: make([]float64, max(len(x.D), len(y.D)))}

	for i, d := range x.D {
		if d != 0 {
			out.D[i] += a * d
		}
	}
	for i, d := range y.D {
		if d != 0 {
			out.D[i] += b * d
		}
	}

	return out
}

// Add returns x + y.
func (x Dual) Add(y Dual) Dual { return chain(x.V+y.V, 1, x, 1, y) }

// Sub returns x − y.
func (x Dual) Sub(y Dual) Dual { return chain(x.V-y.V, 1, x, -1, y) }

// Mul returns x·y.
func (x Dual) Mul(y Dual) Dual { return chain(x.V*y.V, y.V, x, x.V, y) }

// Div returns x / y.
func (x Dual) Div(y Dual) Dual { return chain(x.V/y.V, 1/y.V, x, -x.V/(y.V*y.V), y) }

// Scale returns a·x.
func (x Dual) Scale(a float64) Dual { return chain(a*x.V, a, x, 0, Dual{}) }

// Exp returns eˣ.
func (x Dual) Exp() Dual { return chain(math.Exp(x.V), math.Exp(x.V), x, 0, Dual{}) }

// Log returns the natural logarithm.
func (x Dual) Log() Dual { return chain(math.Log(x.V), 1/x.V, x, 0, Dual{}) }

// Sqrt returns the square root.
func (x Dual) Sqrt() Dual { return chain(math.Sqrt(x.V), 0.5/math.Sqrt(x.V), x, 0, Dual{}) }

// Pow returns x to a constant power.
func (x Dual) Pow(p float64) Dual {
	if p == 0 {
		return Number(1)
	}

	return chain(math.Pow(x.V, p), p*math.Pow(x.V, p-1), x, 0, Dual{})
}

// Sin returns the sine, Cos the cosine.
func (x Dual) Sin() Dual { return chain(math.Sin(x.V), math.Cos(x.V), x, 0, Dual{}) }

// Cos returns the cosine.
func (x Dual) Cos() Dual { return chain(math.Cos(x.V), -math.Sin(x.V), x, 0, Dual{}) }

// Atan returns the arc tangent.
func (x Dual) Atan() Dual { return chain(math.Atan(x.V), 1/(1+x.V*x.V), x, 0, Dual{}) }
