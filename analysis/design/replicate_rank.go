package design

import (
	"encoding/binary"
	"math"
	"sync"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// negligible is the share of a row's length that must be left, after what the rows before explain, for it to add to
// the rank: the tolerance of R's qr for degrees of freedom.
const negligible = 1e-5

// rowSpace is the space of all rows of replicate factors, found on first need. The weights themselves do not
// matter for a rank: they multiply whole rows.
type rowSpace struct {
	once  sync.Once
	basis []int       // units whose rows are independent and span it
	at    map[int]int // of these units, their place in basis

	onceDual sync.Once
	// dual has a row for each unit of the basis whose product with that unit's row, at unit length, is one, and
	// with those of the others zero: products with it are a row's coordinates.
	dual *mat.Dense
}

// replicateDF is what the maker stated, bounded in a domain by the rank that replicates of its units have, or, when
// nothing was stated, the rank of the rows' replicate weights less one.
func (d *Design) replicateDF(rows []int) float64 {
	p := d.replicates
	if len(rows) == 0 {
		return 0
	}
	if p.DF > 0 {
		return math.Min(p.DF, d.unitRank(rows)-1)
	}
	f := Factors{Unit: p.Unit, Values: p.Factors}
	d.space.once.Do(func() { d.space.find(f) })

	return float64(max(0, d.space.rank(f, f.units(rows))-1))
}

// unitRank is the rank of replicate factors of the primary units of some rows, as jackknives, balanced replicates and
// resampling give them, when there are enough replicates: the units of a stratum are independent, but all of them together
// sum to what is constant over the replicates; so do strata that were taken whole.
func (d *Design) unitRank(rows []int) float64 {
	lv := &d.levels[0]
	rank, constant := 0, 0
	unit, stratum, here := int32(-1), int32(-1), 0

	settle := func() {
		if stratum < 0 {
			return
		}
		st := &lv.strata[stratum]
		switch {
		case st.n == 1 && st.lonely && st.scale > 0:
			rank++
		case st.n == 1 || st.f >= 1:
			constant = 1
		case here == st.n:
			rank += here - 1
			constant = 1
		default:
			rank += here
		}
	}

	for _, row := range d.inOrder(rows) {
		u := lv.unit[row]
		if u == unit {
			continue
		}
		unit = u
		if g := lv.stratum[u]; g != stratum {
			settle()
			stratum, here = g, 0
		}
		here++
	}
	settle()

	return float64(rank + constant)
}

// units returns the distinct units of rows, in order.
func (f Factors) units(rows []int) []int {
	n, _ := f.Values.Dims()
	has := make([]bool, n)
	count := 0

	for _, row := range rows {
		u := row
		if f.Unit != nil {
			u = int(f.Unit[row])
		}
		if !has[u] {
			has[u] = true
			count++
		}
	}
	out := make([]int, 0, count)
	for u, ok := range has {
		if ok {
			out = append(out, u)
		}
	}

	return out
}

// find orthogonalizes one distinct row after another (modified Gram-Schmidt) and keeps the units that add to the rank. It
// ends as soon as the rank is the number of replicates, which it cannot exceed.
func (s *rowSpace) find(f Factors) {
	units, n := f.Values.Dims()
	s.at = make(map[int]int)
	seen := make(map[string]bool)
	key := make([]byte, 8*n)
	var basis [][]float64

	for u := range units {
		v := f.Values.RawRowView(u)
		for r, x := range v {
			binary.LittleEndian.PutUint64(key[8*r:], math.Float64bits(x))
		}
		if seen[string(key)] {
			continue
		}
		seen[string(key)] = true

		if e := orthogonal(v, floats.Norm(v, 2), basis); e != nil {
			basis = append(basis, e)
			s.at[u] = len(s.basis)
			s.basis = append(s.basis, u)
		}
		if len(basis) == n {
			break
		}
	}
}

// rank returns the rank of the rows of some units. Those that are in the basis are independent, and the others can only add what
// they have along those that are not there, so that no more than these coordinates are looked at: a domain with nearly all units
// costs next to nothing.
func (s *rowSpace) rank(f Factors, units []int) int {
	here := make([]bool, len(s.basis))
	rank := 0
	for _, u := range units {
		if j, ok := s.at[u]; ok {
			here[j] = true
			rank++
		}
	}
	if rank == len(s.basis) {
		return rank
	}
	s.onceDual.Do(func() { s.makeDual(f) })
	var missing []int
	for j, ok := range here {
		if !ok {
			missing = append(missing, j)
		}
	}
	var basis [][]float64
	c := make([]float64, len(missing))

	for _, u := range units {
		if _, ok := s.at[u]; ok {
			continue
		}
		v := f.Values.RawRowView(u)
		length := floats.Norm(v, 2)
		for i, j := range missing {
			c[i] = floats.Dot(v, s.dual.RawRowView(j))
		}
		if e := orthogonal(c, length, basis); e != nil {
			basis = append(basis, e)
		}
		if len(basis) == len(missing) {
			break
		}
	}

	return rank + len(basis)
}

func (s *rowSpace) makeDual(f Factors) {
	_, n := f.Values.Dims()
	k := len(s.basis)
	// The basis has full rank, so that its QR decomposition, of columns here, gives the dual by R⁻¹Qᵀ.
	b := mat.NewDense(n, k, nil)
	for j, u := range s.basis {
		v := f.Values.RawRowView(u)
		length := floats.Norm(v, 2)
		for r, x := range v {
			b.Set(r, j, x/length)
		}
	}
	var qr mat.QR
	qr.Factorize(b)
	identity := mat.NewDense(n, n, nil)
	for r := range n {
		identity.Set(r, r, 1)
	}
	s.dual = mat.NewDense(k, n, nil)
	// A large condition number is no error here: the rows passed the threshold of the rank.
	_ = qr.SolveTo(s.dual, false, identity)
}

// orthogonal returns what the basis leaves of v, at unit length; nil when that is negligible beside length.
func orthogonal(v []float64, length float64, basis [][]float64) []float64 {
	e := append([]float64(nil), v...)

	for _, b := range basis {
		floats.AddScaled(e, -floats.Dot(e, b), b)
	}
	left := floats.Norm(e, 2)

	if !(left > negligible*length) {
		return nil
	}
	floats.Scale(1/left, e)

	return e
}
