package weight

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// brute asks all vertices of the box's section: some columns in a basis, the others at one of their bounds. The box is
// bounded, so that a section that is not empty has a vertex. It takes small integers only.
func brute(a [][]float64, b, low, high []float64) bool {
	n := len(low)
	state := make([]int, n) // 0 low, 1 high, 2 basic
	var try func(j, basic int) bool
	try = func(j, basic int) bool {
		if j == n {
			return vertex(a, b, low, high, state)
		}
		for s := range 3 {
			if s == 2 && basic == len(a) {
				continue
			}
			state[j] = s
			more := basic
			if s == 2 {
				more++
			}
			if try(j+1, more) {
				return true
			}
		}
		return false
	}

	return try(0, 0)
}

func vertex(a [][]float64, b, low, high []float64, state []int) bool {
	var basic []int
	rest := append([]float64(nil), b...)
	for j, s := range state {
		switch s {
		case 2:
			basic = append(basic, j)
			continue
		case 0:
			for i := range rest {
				rest[i] -= a[i][j] * low[j]
			}
		case 1:
			for i := range rest {
				rest[i] -= a[i][j] * high[j]
			}
		}
	}
	// Gaussian elimination of the basic columns; dependent ones are another vertex's business.
	m := make([][]float64, len(a))
	for i := range a {
		for _, j := range basic {
			m[i] = append(m[i], a[i][j])
		}
		m[i] = append(m[i], rest[i])
	}
	for k := range basic {
		p := k
		for i := k; i < len(m); i++ {
			if math.Abs(m[i][k]) > math.Abs(m[p][k]) {
				p = i
			}
		}
		if k >= len(m) || math.Abs(m[p][k]) < 1e-9 {
			return false
		}
		m[k], m[p] = m[p], m[k]
		for i := range m {
			if i == k {
				continue
			}
			f := m[i][k] / m[k][k]
			for c := range m[i] {
				m[i][c] -= f * m[k][c]
			}
		}
	}
	for i := range m {
		last := m[i][len(basic)]
		if i >= len(basic) {
			if math.Abs(last) > 1e-7 {
				return false
			}
			continue
		}
		v := last / m[i][i]
		if v < low[basic[i]]-1e-7 || v > high[basic[i]]+1e-7 {
			return false
		}
	}

	return true
}

func programmeOf(a [][]float64, b, low, high []float64) *programme {
	p := &programme{rows: len(b), start: []int{0}, b: b, low: low, high: high}
	for j := range low {
		for i := range a {
			if a[i][j] != 0 {
				p.index = append(p.index, int32(i))
				p.value = append(p.value, a[i][j])
			}
		}
		p.start = append(p.start, len(p.index))
	}

	return p
}

func TestProgrammeAgreesWithBruteForce(t *testing.T) {
	said := map[verdict]int{}
	rapid.Check(t, func(t *rapid.T) {
		m, n := rapid.IntRange(1, 4).Draw(t, "rows"), rapid.IntRange(1, 6).Draw(t, "columns")
		a := make([][]float64, m)
		for i := range a {
			for range n {
				a[i] = append(a[i], float64(rapid.IntRange(-2, 3).Draw(t, "a")))
			}
		}
		low, high := make([]float64, n), make([]float64, n)
		for j := range n {
			low[j] = float64(rapid.IntRange(-2, 2).Draw(t, "low"))
			high[j] = low[j] + float64(rapid.IntRange(0, 3).Draw(t, "width"))
		}
		b := make([]float64, m)
		for i := range b {
			b[i] = float64(rapid.IntRange(-6, 6).Draw(t, "b"))
		}
		if rapid.Bool().Draw(t, "met") {
			for i := range b {
				b[i] = 0
				for j := range n {
					b[i] += a[i][j] * (low[j] + 0.5*(high[j]-low[j]))
				}
			}
		}
		want := impossible
		if brute(a, b, low, high) {
			want = possible
		}
		got, _ := programmeOf(a, b, low, high).solve()
		if got != want {
			t.Fatalf("verdict %d, brute force says %d", got, want)
		}
		said[got]++
	})
	if said[possible] == 0 || said[impossible] == 0 {
		t.Errorf("only one verdict was tried: %v", said)
	}
}

// register makes cells of two to six margins with 26 levels in all, thousands of distinct rows, and totals
// that factors between lower and upper give, many of them at the very bounds.
func register(r *rand.Rand, units int, lower, upper float64) *programme {
	sizes := []int{6, 20}
	if r.IntN(2) == 0 {
		sizes = []int{2, 3, 4, 5, 6, 6}
	}
	p := &programme{start: []int{0}}
	for _, s := range sizes {
		p.rows += s
	}
	p.b = make([]float64, p.rows)
	mass := 1 / float64(units)
	for range units {
		g := []float64{lower, upper, lower + (upper-lower)*r.Float64()}[r.IntN(3)]
		d := mass * (0.5 + r.Float64())
		at := 0
		for _, s := range sizes {
			k := at + int(float64(s)*r.Float64()*r.Float64())
			p.index = append(p.index, int32(k))
			p.value = append(p.value, 1)
			p.b[k] += d * g
			at += s
		}
		p.start = append(p.start, len(p.index))
		p.low = append(p.low, d*lower)
		p.high = append(p.high, d*upper)
	}
	// As totals are scaled in use.
	for e, k := range p.index {
		if p.b[k] > 0 {
			p.value[e] = 1 / p.b[k]
		}
	}
	for k, v := range p.b {
		if v > 0 {
			p.b[k] = 1
		}
	}

	return p
}

// What is possible and what is not is found in a number of steps that grows with the margins, not with the rows.
func TestProgrammeOfMarginsTakesFewSteps(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 11))
	most := 0.0
	solve := func(p *programme) (verdict, []float64) {
		s := newSimplex(p, 0)
		v, ray := s.run()
		most = max(most, float64(s.steps)/float64(p.rows))
		return v, ray
	}
	for _, units := range []int{30, 300, 3000} {
		for k := range 20 {
			p := register(r, units, 0.5, 2)
			if v, _ := solve(p); v != possible {
				t.Fatalf("%d units, problem %d: verdict %d of what is possible", units, k, v)
			}
			// The first level, which is the most common, is asked for more than all its rows can give.
			p.b[0] *= 4.5
			if v, ray := solve(p); v != impossible || !p.proves(ray) {
				t.Fatalf("%d units, problem %d: verdict %d of what is impossible", units, k, v)
			}
		}
	}
	if most > 9 {
		t.Errorf("a programme took %.1f steps for each of its margins' levels", most)
	}
	t.Logf("at most %.1f steps for each of the margins' levels", most)
}
