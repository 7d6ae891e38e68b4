package weight

import (
	"math"
	"slices"
)

// programme asks whether any z within its bounds has Az = b. A has few rows (totals) and
// many columns (distinct rows of the sample), which are stored one after the other.
//
// It is solved by the dual simplex method for bounded variables, with an explicit inverse of
// the basis, the bound-flipping ratio test and exact dual steepest edge prices (Koberstein
// 2005; Maros 2003). Since only feasibility is asked, costs are free: distinct ones keep the dual
// from being degenerate, which is what makes simplex methods cycle. The method ends with
// a point, or with a ray of multipliers λ, and both are checked against the
// definition before they are believed.
type programme struct {
	rows      int
	start     []int
	index     []int32
	value     []float64
	b         []float64
	low, high []float64 // low may be −Inf or high +Inf, not both
}

type verdict uint8

const (
	undecided verdict = iota
	possible
	impossible
)

// enough is the residual of a scaled total under which it counts as met: a millionth of a percent.
const enough = 1e-8

type simplex struct {
	*programme
	n       int // structural variables; a logical one for each row follows them
	basis   []int
	place   []int // of each variable in the basis; −1 outside
	upper   []bool
	reduced []float64 // reduced costs
	cost    []float64
	inverse []float64 // rows×rows, row by row
	x       []float64 // of the basic variables
	pivot   []float64 // α of each structural variable
	waived  []bool    // rows whose ray could not be verified: met within rounding
	breaks  []breakpoint
	steps   int // taken so far
}

type breakpoint struct {
	j     int
	ratio float64
	size  float64 // |α|
	drop  float64 // of the slope when passed
}

// solve returns the verdict and, where it is impossible, the ray.
func (p *programme) solve() (verdict, []float64) {
	for attempt := range 3 {
		s := newSimplex(p, attempt)
		if v, ray := s.run(); v != undecided {
			return v, ray
		}
	}

	return undecided, nil
}

func newSimplex(p *programme, attempt int) *simplex {
	n := len(p.low)
	s := &simplex{
		programme: p, n: n, basis: make([]int, p.rows), place: make([]int, n+p.rows), upper: make([]bool, n),
		reduced: make([]float64, n+p.rows), cost: make([]float64, n), inverse: make([]float64, p.rows*p.rows),
		x: make([]float64, p.rows), pivot: make([]float64, n), waived: make([]bool, p.rows),
	}
	// Multiples of an irrational number are spread evenly and all different.
	step := []float64{0.6180339887498949, 0.41421356237309515, 0.7320508075688772}[attempt]

	for j := range n {
		_, f := math.Modf(float64(j+1) * step)
		s.cost[j] = 1 + f
		s.place[j] = -1

		if math.IsInf(p.low[j], -1) {
			s.cost[j] = -s.cost[j]
			s.upper[j] = true
		}
	}
	for i := range p.rows {
		s.basis[i] = n + i
		s.place[n+i] = i
	}
	s.refactor()

	return s
}

func (s *simplex) bounds(v int) (low, high float64) {
	if v >= s.n {
		return 0, 0
	}

	return s.low[v], s.high[v]
}

// at is the value of a variable outside the basis.
func (s *simplex) at(v int) float64 {
	low, high := s.bounds(v)
	if v < s.n && s.upper[v] {
		return high
	}

	return low
}

// dot is y·a_j, and zero where it is rounding only.
func (p *programme) dot(y []float64, j int) float64 {
	var t, terms float64

	for e := p.start[j]; e < p.start[j+1]; e++ {
		v := y[p.index[e]] * p.value[e]
		t += v
		terms += math.Abs(v)
	}
	if math.Abs(t) <= 1e-11*terms {
		return 0
	}

	return t
}

// refactor computes the inverse, the basic variables and the reduced costs anew.
func (s *simplex) refactor() bool {
	m := s.rows
	a := make([]float64, m*2*m)

	for k, v := range s.basis {
		a[k*2*m+m+k] = 1
		if v >= s.n {
			a[(v-s.n)*2*m+k] = 1
			continue
		}
		for e := s.start[v]; e < s.start[v+1]; e++ {
			a[int(s.index[e])*2*m+k] = s.value[e]
		}
	}
	for k := range m {
		best := k
		for i := k + 1; i < m; i++ {
			if math.Abs(a[i*2*m+k]) > math.Abs(a[best*2*m+k]) {
				best = i
			}
		}
		if math.Abs(a[best*2*m+k]) < 1e-13 {
			return false
		}
		if best != k {
			for c := range 2 * m {
				a[k*2*m+c], a[best*2*m+c] = a[best*2*m+c], a[k*2*m+c]
			}
		}
		row := a[k*2*m : (k+1)*2*m]
		scale := 1 / row[k]
		for c := range row {
			row[c] *= scale
		}
		for i := range m {
			f := a[i*2*m+k]
			if i == k || f == 0 {
				continue
			}
			other := a[i*2*m : (i+1)*2*m]
			for c, v := range row {
				other[c] -= f * v
			}
		}
	}
	for i := range m {
		copy(s.inverse[i*m:(i+1)*m], a[i*2*m+m:(i+1)*2*m])
	}
	s.price()
	s.restore()

	return true
}

// price computes the reduced costs. Where rounding has turned a sign, a variable
// with two bounds goes to the other one, and one with a single bound has its cost shifted.
func (s *simplex) price() {
	m := s.rows
	y := make([]float64, m)

	for i, v := range s.basis {
		if v >= s.n || s.cost[v] == 0 {
			continue
		}
		for k := range m {
			y[k] += s.cost[v] * s.inverse[i*m+k]
		}
	}
	for j := range s.n {
		if s.place[j] >= 0 {
			s.reduced[j] = 0
			continue
		}
		d := s.cost[j] - s.dot(y, j)
		wrong := s.upper[j] && d > 0 || !s.upper[j] && d < 0

		switch {
		case wrong && !math.IsInf(s.low[j], 0) && !math.IsInf(s.high[j], 0):
			s.upper[j] = !s.upper[j]
		case wrong:
			s.cost[j] -= d
			d = 0
		}
		s.reduced[j] = d
	}
}

// restore computes the basic variables from those outside the basis.
func (s *simplex) restore() {
	m := s.rows
	rest := slices.Clone(s.b)

	for j := range s.n {
		if s.place[j] >= 0 {
			continue
		}
		if v := s.at(j); v != 0 {
			for e := s.start[j]; e < s.start[j+1]; e++ {
				rest[s.index[e]] -= v * s.value[e]
			}
		}
	}
	for i := range m {
		var t float64
		for k, v := range rest {
			t += s.inverse[i*m+k] * v
		}
		s.x[i] = t
	}
}

func (s *simplex) run() (verdict, []float64) {
	limit := 500 + 50*s.rows
	fresh := true

	for k := range limit {
		s.steps++
		if k%40 == 39 {
			if !s.refactor() {
				return undecided, nil
			}
			fresh = true
		}
		row, over := s.leaving()
		if row < 0 {
			if !fresh {
				if !s.refactor() {
					return undecided, nil
				}
				fresh = true
				continue
			}
			return s.settle()
		}
		q, slope := s.entering(row, over)

		if q < 0 {
			ray := s.ray(row, over)
			if s.proves(ray) {
				return impossible, ray
			}
			if !fresh {
				if !s.refactor() {
					return undecided, nil
				}
				fresh = true
				continue
			}
			if slope > 1e-6 {
				return undecided, nil
			}
			s.waived[row] = true
			continue
		}
		if !s.exchange(row, q, over) {
			if fresh || !s.refactor() {
				return undecided, nil
			}
			fresh = true
			continue
		}
		fresh = false
	}

	return undecided, nil
}

// leaving picks the basic variable that violates its bounds most, on the scale of its row.
func (s *simplex) leaving() (row int, over float64) {
	m := s.rows
	row = -1
	most := 0.0

	for i, v := range s.basis {
		if s.waived[i] {
			continue
		}
		low, high := s.bounds(v)
		off := 0.0
		switch {
		case s.x[i] > high+1e-10:
			off = s.x[i] - high
		case s.x[i] < low-1e-10:
			off = s.x[i] - low
		default:
			continue
		}
		var norm float64
		for _, b := range s.inverse[i*m : (i+1)*m] {
			norm += b * b
		}
		if price := off * off / norm; price > most {
			row, over, most = i, off, price
		}
	}

	return row, over
}

// entering passes breakpoints of the dual's piecewise linear objective as long as it rises, and
// returns the variable to enter; −1 when it rises for ever, with the slope that remains. What was passed stays in breaks, before it.
func (s *simplex) entering(row int, over float64) (q int, slope float64) {
	m := s.rows
	rho := s.inverse[row*m : (row+1)*m]
	sign := math.Copysign(1, over)
	largest := 0.0

	for j := range s.n {
		s.pivot[j] = 0
		if s.place[j] < 0 {
			s.pivot[j] = s.dot(rho, j)
			largest = math.Max(largest, math.Abs(s.pivot[j]))
		}
	}
	s.breaks = s.breaks[:0]
	slope = math.Abs(over)

	for j := range s.n {
		a := sign * s.pivot[j]
		if s.place[j] >= 0 || math.Abs(a) <= 1e-11*largest || s.upper[j] == (a > 0) || s.low[j] == s.high[j] {
			continue
		}
		s.breaks = append(s.breaks, breakpoint{j: j, ratio: math.Max(0, s.reduced[j]/a), size: math.Abs(a), drop: math.Abs(a) * (s.high[j] - s.low[j])})
	}
	at := crossing(s.breaks, slope)

	if at < 0 {
		for _, b := range s.breaks {
			slope -= b.drop
		}
		return -1, slope
	}
	// A tiny pivot spoils the inverse: any earlier breakpoint is as valid a step, if a shorter one.
	if s.breaks[at].size < 1e-6*largest {
		other := -1
		for i, b := range s.breaks[:at+1] {
			if b.size >= 1e-6*largest && (other < 0 || b.ratio > s.breaks[other].ratio) {
				other = i
			}
		}
		if other >= 0 {
			b := s.breaks[other]
			kept := slices.DeleteFunc(s.breaks[:at+1], func(o breakpoint) bool { return o.j == b.j || o.ratio > b.ratio })
			s.breaks = append(kept, b)
			at = len(kept)
		}
	}
	s.breaks = s.breaks[:at+1]

	return s.breaks[at].j, slope
}

// crossing partitions b so that what precedes the returned place has no larger ratio and
// the slope, less all drops up to and with that place, is below zero for the first time; −1 when it stays above.
func crossing(b []breakpoint, slope float64) int {
	from, to := 0, len(b)
	total := 0.0

	for _, p := range b {
		total += p.drop
	}
	// What just suffices, but for rounding, suffices.
	slope -= 1e-10 + 1e-9*slope
	if total <= slope || len(b) == 0 {
		return -1
	}
	for to-from > 1 {
		middle := median(b[from].ratio, b[(from+to)/2].ratio, b[to-1].ratio)
		less, equal := from, from

		// Three-way partition: [from, less) below, [less, equal) at, the rest above the middle.
		for i := from; i < to; i++ {
			switch {
			case b[i].ratio < middle:
				p := b[i]
				b[i] = b[equal]
				b[equal] = b[less]
				b[less] = p
				less++
				equal++
			case b[i].ratio == middle:
				b[i], b[equal] = b[equal], b[i]
				equal++
			}
		}
		var below, same float64
		for _, p := range b[from:less] {
			below += p.drop
		}
		for _, p := range b[less:equal] {
			same += p.drop
		}
		switch {
		case slope-below < 0:
			to = less
		case slope-below-same < 0:
			slope -= below
			return tied(b, less, equal, slope)
		default:
			slope -= below + same
			from = equal
		}
	}

	return from
}

// tied passes breakpoints of equal ratio, the smallest pivots first, so that a large one enters.
func tied(b []breakpoint, from, to int, slope float64) int {
	slices.SortFunc(b[from:to], func(x, y breakpoint) int {
		switch {
		case x.size < y.size:
			return -1
		case x.size > y.size:
			return 1
		}
		return x.j - y.j
	})
	for i := from; i < to; i++ {
		slope -= b[i].drop
		if slope < 0 {
			return i
		}
	}

	return to - 1
}

func median(a, b, c float64) float64 { return math.Max(math.Min(a, b), math.Min(math.Max(a, b), c)) }

// exchange moves q into the basis at the row, after the flips of all that were passed.
func (s *simplex) exchange(row, q int, over float64) bool {
	m := s.rows
	sign := math.Copysign(1, over)
	theta := s.reduced[q] / (sign * s.pivot[q])
	theta = math.Max(0, theta)
	moved := make([]float64, m)

	for _, p := range s.breaks[:len(s.breaks)-1] {
		change := s.high[p.j] - s.low[p.j]
		if s.upper[p.j] {
			change = -change
		}
		s.upper[p.j] = !s.upper[p.j]
		for e := s.start[p.j]; e < s.start[p.j+1]; e++ {
			moved[s.index[e]] += change * s.value[e]
		}
	}
	column := make([]float64, m)

	for i := range m {
		r := s.inverse[i*m : (i+1)*m]
		var t float64
		for k, v := range moved {
			t += r[k] * v
		}
		s.x[i] -= t
		for e := s.start[q]; e < s.start[q+1]; e++ {
			column[i] += r[s.index[e]] * s.value[e]
		}
	}
	if math.Abs(column[row]) < 1e-12 {
		return false
	}
	for j := range s.n {
		if s.place[j] < 0 {
			s.reduced[j] -= sign * theta * s.pivot[j]
		}
	}
	out := s.basis[row]
	low, high := s.bounds(out)
	to := low

	if over > 0 {
		to = high
	}
	if out < s.n {
		s.upper[out] = over > 0
		s.reduced[out] = -sign * theta
	}
	step := (s.x[row] - to) / column[row]
	from := s.at(q)

	for i := range m {
		s.x[i] -= step * column[i]
	}
	s.x[row] = from + step
	s.basis[row], s.place[q], s.place[out] = q, row, -1
	s.reduced[q] = 0
	r := s.inverse[row*m : (row+1)*m]

	for k := range r {
		r[k] /= column[row]
	}
	for i := range m {
		if f := column[i]; i != row && f != 0 {
			other := s.inverse[i*m : (i+1)*m]
			for k, v := range r {
				other[k] -= f * v
			}
		}
	}

	return true
}

// ray returns multipliers, the largest of size one.
func (s *simplex) ray(row int, over float64) []float64 {
	ray := slices.Clone(s.inverse[row*s.rows : (row+1)*s.rows])
	largest := 0.0

	for _, v := range ray {
		largest = math.Max(largest, math.Abs(v))
	}
	for i := range ray {
		ray[i] *= math.Copysign(1, over) / largest
		// What is rounding only would count as a member of the contradiction.
		if math.Abs(ray[i]) < 1e-10 {
			ray[i] = 0
		}
	}

	return ray
}

// proves evaluates the certificate: λ·b above the most that λ·Az can be.
func (p *programme) proves(ray []float64) bool {
	most, size := p.reach(ray)
	var want float64

	for i, v := range ray {
		want += v * p.b[i]
		size += math.Abs(v * p.b[i])
	}

	return want-most > enough+1e-12*size
}

// reach is the largest λ·Az within the bounds, and the sum of its terms' sizes.
func (p *programme) reach(ray []float64) (most, size float64) {
	for j := range p.low {
		a := p.dot(ray, j)
		if a == 0 {
			continue
		}
		at := p.high[j]
		if a < 0 {
			at = p.low[j]
		}
		most += a * at
		size += math.Abs(a * at)
	}

	return most, size
}

// settle checks the point that was found.
func (s *simplex) settle() (verdict, []float64) {
	rest := slices.Clone(s.b)

	for j := range s.n {
		v := 0.0
		if i := s.place[j]; i >= 0 {
			v = math.Min(math.Max(s.x[i], s.low[j]), s.high[j])
		} else {
			v = s.at(j)
		}
		for e := s.start[j]; e < s.start[j+1]; e++ {
			rest[s.index[e]] -= v * s.value[e]
		}
	}
	for _, r := range rest {
		if !(math.Abs(r) <= 10*enough) {
			return undecided, nil
		}
	}

	return possible, nil
}
