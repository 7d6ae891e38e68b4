package index

import "math"

// Rounding says what becomes of digits that are not kept. Empty means HalfAway.
type Rounding string

// The ways of rounding.
const (
	HalfAway Rounding = "half_away" // a half goes away from zero, as official tables have it
	HalfEven Rounding = "half_even" // a half goes to the even digit
	Cut      Rounding = "cut"       // digits are cut off
)

func (r Rounding) known() bool { return r == HalfAway || r == HalfEven || r == Cut }

// tie is how near to half a unit, or to a whole one, a number counts as it: 1.45 is stored a little below 1.45 and is meant
// to be rounded to 1.5. Of large numbers it is what floating point cannot tell apart.
const tie = 1e-9

// ulps is how many units in the last place of a large number that is.
const ulps = 4 * 0x1p-52

// Round rounds to decimals, half away from zero, as official tables do. A number
// within a billionth of half a unit counts as half: 1.45 is stored a little below 1.45
// and still gives 1.5.
func Round(x float64, decimals int) float64 { return HalfAway.Round(x, decimals) }

// Round rounds to decimals by a rule, with the same forbearance as the function of its name.
func (r Rounding) Round(x float64, decimals int) float64 {
	p := math.Pow(10, float64(decimals))
	units := math.Abs(x) * p

	if math.IsNaN(x) || math.IsInf(units, 0) {
		return x
	}
	tie := tie + ulps*units

	switch r {
	case Cut:
		units = math.Floor(units + tie)
	case HalfEven:
		whole := math.Floor(units)
		switch rest := units - whole; {
		case math.Abs(rest-0.5) <= tie:
			units = whole + math.Mod(whole, 2)
		case rest > 0.5:
			units = whole + 1
		default:
			units = whole
		}
	default:
		units = math.Floor(units + 0.5 + tie)
	}

	return math.Copysign(units/p, x)
}

func rounded(n *Node, b Bounds) Bounds { return Bounds{Min: round(n, b.Min), Max: round(n, b.Max)} }

func round(n *Node, x float64) float64 {
	if n.Round == nil {
		return x
	}

	return n.Rounding.Round(x, *n.Round)
}
