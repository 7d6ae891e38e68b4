package replicate

import (
	"math"
	"math/rand/v2"

	"sipas/analysis/design"

	"gonum.org/v1/gonum/mat"
)

// least is the smallest factor that the generalized bootstrap gives, as Beaumont and Patak advise.
const least = 0.01

// generalized draws, for every unit of every stage, normal deviates with the covariance of the design's quadratic form.
func (m *maker) generalized() error {
	last := &m.levels[len(m.levels)-1]
	units := len(last.Stratum)
	if err := m.ones(units, m.opt.Replicates); err != nil {
		return err
	}
	m.out.Unit = last.Unit
	roots, err := m.roots()
	if err != nil {
		return err
	}
	parents := m.parents()
	random := m.random()
	lowest := 0.0
	deviation := make([]float64, units)

	for r := range m.opt.Replicates {
		clear(deviation)
		for l := range m.levels {
			z := m.deviates(l, roots[l], random)
			for u := range deviation {
				deviation[u] += z[parents[l][u]]
			}
		}
		for u, v := range deviation {
			lowest = math.Min(lowest, v)
			m.out.Factors.Set(u, r, v)
		}
	}
	// τ in steps of a hundredth, so that the scale is a number that can be written down.
	tau := math.Max(1, math.Ceil(100*-lowest/(1-least))/100)

	for u := range units {
		row := m.out.Factors.RawRowView(u)
		for r := range row {
			row[r] = 1 + row[r]/tau
		}
	}
	m.resampled(tau * tau)

	return nil
}

// parents returns, for each level, its unit in which each unit of the last level lies.
func (m *maker) parents() [][]int32 {
	n := len(m.levels)
	out := make([][]int32, n)
	out[n-1] = make([]int32, len(m.levels[n-1].Stratum))
	for u := range out[n-1] {
		out[n-1][u] = int32(u)
	}
	for l := n - 2; l >= 0; l-- {
		below := &m.levels[l+1]
		out[l] = make([]int32, len(out[n-1]))
		for u, v := range out[l+1] {
			out[l][u] = int32(below.Strata[below.Stratum[v]].Parent)
		}
	}

	return out
}

// root is a matrix S with SSᵀ the matrix of a quadratic form over units from first on.
type root struct {
	first int
	s     *mat.Dense
}

// roots returns the roots of the quadratic forms that are given as matrices: joint probabilities, and weights that may be
// negative. A form that has a negative variance is no covariance, and an error.
func (m *maker) roots() ([][]root, error) {
	out := make([][]root, len(m.levels))

	for l := range m.levels {
		lv := &m.levels[l]
		for _, b := range lv.Joint {
			s, ok := squareRoot(mat.NewSymDense(b.Units, b.M))
			if !ok {
				return nil, m.negative(l, lv.Strata[lv.Stratum[b.First]])
			}
			out[l] = append(out[l], root{b.First, s})
		}
		if lv.Center == nil {
			continue
		}
		for _, st := range lv.Strata {
			if st.Scale == 0 || st.Lonely {
				continue
			}
			s, ok := squareRoot(unequalForm(lv, st))
			if !ok {
				return nil, m.negative(l, st)
			}
			out[l] = append(out[l], root{st.First, s})
		}
	}

	return out, nil
}

func (m *maker) negative(l int, st design.Stratum) error {
	return &FitError{Method: m.method, Stage: l + 1, Row: st.Row, Reason: "its quadratic form has negative variances; the form of Yates and Grundy, or Brewer's, has none"}
}

// unequalForm is (I − J/n)·diag(c)·(I − J/n) + diag(e) for the weights of a stratum of unequal probabilities, over its n
// units that are no certainty.
func unequalForm(lv *design.Level, st design.Stratum) *mat.SymDense {
	out := mat.NewSymDense(st.Units, nil)
	c := lv.Center[st.First : st.First+st.Units]
	var n, sum float64
	for _, v := range c {
		if v != 0 {
			n++
			sum += v
		}
	}
	for i := range c {
		if c[i] == 0 {
			continue
		}
		for j := i; j < len(c); j++ {
			if c[j] != 0 {
				out.SetSym(i, j, sum/(n*n)-(c[i]+c[j])/n)
			}
		}
		out.SetSym(i, i, out.At(i, i)+c[i]+lv.Extra[st.First+i])
	}

	return out
}

// squareRoot returns S with SSᵀ = a, and whether a has no negative eigenvalue beyond rounding.
func squareRoot(a *mat.SymDense) (*mat.Dense, bool) {
	var e mat.EigenSym
	if !e.Factorize(a, true) {
		return nil, false
	}
	n := a.SymmetricDim()
	values := e.Values(nil)
	largest := math.Max(math.Abs(values[0]), math.Abs(values[n-1]))
	if values[0] < -1e-10*largest {
		return nil, false
	}
	var s mat.Dense
	e.VectorsTo(&s)

	for j, v := range values {
		for i := range n {
			s.Set(i, j, s.At(i, j)*math.Sqrt(math.Max(0, v)))
		}
	}

	return &s, true
}

// deviates draws one deviate for each unit of a level, with the covariance of the level's form: for equal probabilities,
// √scale·(z − z̄) over a stratum has scale·(I − J/n).
func (m *maker) deviates(l int, roots []root, random *rand.Rand) []float64 {
	lv := &m.levels[l]
	out := make([]float64, len(lv.Stratum))

	for _, b := range roots {
		n, _ := b.s.Dims()
		z := make([]float64, n)
		for i := range z {
			z[i] = random.NormFloat64()
		}
		mat.NewVecDense(n, out[b.first:b.first+n]).MulVec(b.s, mat.NewVecDense(n, z))
	}
	if lv.Joint != nil {
		return out
	}
	siblings := m.siblings(lv)

	for _, st := range lv.Strata {
		if st.Scale == 0 || lv.Center != nil && !st.Lonely {
			continue
		}
		root := math.Sqrt(st.Scale)
		if st.Lonely {
			// Centered at the mean of all units that share its parent.
			all := siblings[st.Parent]
			for u := st.First; u < st.First+st.Units; u++ {
				if lv.Center != nil {
					root = math.Sqrt(lv.Center[u])
				}
				v := root * random.NormFloat64()
				for o := all.from; o < all.from+all.n; o++ {
					out[o] -= v / float64(all.n)
				}
				out[u] += v
			}
			continue
		}
		var mean float64
		z := make([]float64, st.Units)
		for i := range z {
			z[i] = root * random.NormFloat64()
			mean += z[i] / float64(st.Units)
		}
		for i := range z {
			out[st.First+i] += z[i] - mean
		}
	}

	return out
}

// siblings returns the units of each parent that has a lonely stratum; units of a parent follow one another.
func (m *maker) siblings(lv *design.Level) map[int]run {
	out := make(map[int]run)
	for _, st := range lv.Strata {
		if st.Lonely {
			out[st.Parent] = run{}
		}
	}
	if len(out) == 0 {
		return nil
	}
	for _, st := range lv.Strata {
		all, ok := out[st.Parent]
		if !ok {
			continue
		}
		if all.n == 0 {
			all.from = st.First
		}
		all.n += st.Units
		out[st.Parent] = all
	}

	return out
}
