package flag

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"

	"gonum.org/v1/gonum/mat"
)

// RankOptions are the choices of rank confidence sets.
type RankOptions struct {
	Level      float64 // 0 means 0.95
	Draws      int     // 0 means 10,000
	Seed       uint64
	Marginal   bool // each set has the level by itself; otherwise all have it together
	NoStepDown bool
	Only       []int // with Marginal: make the sets of these units alone; nil means of all
}

// RankSet is a confidence set for the rank of a unit; 1 is the highest value. Both are zero
// for a unit without an estimate, and for one that was not asked for.
type RankSet struct {
	Lower, Upper int
}

// RankSets returns confidence sets for ranks (Mogstad, Romano, Shaikh and Wilhelm
// 2024): unit j lies shown above unit i where (θ_j − θ_i)/s_ij > c, with s_ij from the joint
// covariance and c the quantile of max |Z_i − Z_j|/s_ij for Z from N(0, Σ), over all
// pairs (simultaneous) or those of one unit (marginal). The rank of i is then in
//
//	[1 + #{j shown above i}, p − #{j shown below i}]
//
// Step-down takes the maximum again over the pairs not yet decided, until nothing
// changes. Draws come in blocks with a stream of their own each, so the answer is the same
// for any number of cores. Pairs whose difference has no variance are ordered by their values.
func RankSets(values []float64, cov mat.Symmetric, opt RankOptions) ([]RankSet, error) {
	if cov.SymmetricDim() != len(values) {
		return nil, fmt.Errorf("rank sets: a covariance of %d for %d values", cov.SymmetricDim(), len(values))
	}
	if opt.Level == 0 {
		opt.Level = 0.95
	}
	if opt.Draws == 0 {
		opt.Draws = 10_000
	}
	if !(opt.Level > 0 && opt.Level < 1) || opt.Draws < 100 {
		return nil, fmt.Errorf("rank sets: level %v with %d draws", opt.Level, opt.Draws)
	}
	var units []int

	for i, v := range values {
		if !math.IsNaN(v) {
			units = append(units, i)
		}
	}
	out := make([]RankSet, len(values))

	if len(units) == 0 {
		return out, nil
	}
	s, err := newSimulation(values, cov, units, opt)
	if err != nil {
		return nil, err
	}

	if !opt.Marginal {
		s.decide(s.pairs(-1))
	}
	for a, i := range units {
		if opt.Marginal {
			if opt.Only != nil && !slices.Contains(opt.Only, i) {
				continue
			}
			s.decide(s.pairs(a))
		}
		above, below := 0, 0

		for b := range units {
			switch s.order[a*s.n+b] {
			case 1:
				below++
			case -1:
				above++
			}
		}
		out[i] = RankSet{Lower: 1 + above, Upper: len(units) - below}
	}

	return out, nil
}

// AmongLowest reports whether a rank set shows that its unit is among the lowest
// k of n: even the best rank in the set is.
func AmongLowest(s RankSet, n, k int) bool { return s.Lower > 0 && s.Lower > n-k }

type simulation struct {
	n      int
	theta  []float64
	spread []float64 // s_ij
	order  []int8    // of each pair: 1 when a is shown above b
	draws  [][]float64
	opt    RankOptions
}

type pair struct{ a, b int }

func newSimulation(values []float64, cov mat.Symmetric, units []int, opt RankOptions) (*simulation, error) {
	n := len(units)
	s := &simulation{n: n, theta: make([]float64, n), spread: make([]float64, n*n), order: make([]int8, n*n), opt: opt}
	c := make([]float64, n*n)

	for a, i := range units {
		s.theta[a] = values[i]
		for b, j := range units {
			c[a*n+b] = cov.At(i, j)
			if math.IsNaN(c[a*n+b]) || math.IsInf(c[a*n+b], 0) {
				return nil, fmt.Errorf("rank sets: the covariance of %d and %d is not defined", i, j)
			}
		}
	}
	for a := range n {
		for b := range n {
			v := c[a*n+a] + c[b*n+b] - 2*c[a*n+b]
			// What is left of equal numbers after subtraction is rounding, not variance.
			if v > 1e-14*(c[a*n+a]+c[b*n+b]) {
				s.spread[a*n+b] = math.Sqrt(v)
			}
		}
	}
	s.simulate(root(c, n))

	return s, nil
}

// root returns L with LLᵀ = c, by Cholesky with pivoting, for a matrix that may be singular.
func root(c []float64, n int) []float64 {
	l := make([]float64, n*n)
	left := make([]float64, n)
	used := make([]bool, n)
	var largest float64

	for i := range n {
		left[i] = c[i*n+i]
		largest = math.Max(largest, left[i])
	}
	for k := range n {
		p := -1
		for i := range n {
			if !used[i] && left[i] > 1e-13*largest && (p < 0 || left[i] > left[p]) {
				p = i
			}
		}
		if p < 0 {
			break
		}
		used[p] = true
		d := math.Sqrt(left[p])
		l[p*n+k] = d

		for i := range n {
			if used[i] {
				continue
			}
			v := c[i*n+p]
			for j := range k {
				v -= l[i*n+j] * l[p*n+j]
			}
			l[i*n+k] = v / d
			left[i] -= l[i*n+k] * l[i*n+k]
		}
	}

	return l
}

// block is how many draws share a stream.
const block = 250

func (s *simulation) simulate(l []float64) {
	s.draws = make([][]float64, s.opt.Draws)
	blocks := (s.opt.Draws + block - 1) / block

	parallel(blocks, func(k int) {
		src := rand.New(rand.NewPCG(s.opt.Seed, uint64(k)))
		e := make([]float64, s.n)

		for d := k * block; d < min(s.opt.Draws, (k+1)*block); d++ {
			for i := range e {
				e[i] = src.NormFloat64()
			}
			z := make([]float64, s.n)
			for i := range z {
				for j, x := range e {
					z[i] += l[i*s.n+j] * x
				}
			}
			s.draws[d] = z
		}
	})
}

// parallel runs f for 0..n-1 on as many goroutines as there are cores.
func parallel(n int, f func(k int)) {
	var wg sync.WaitGroup
	next := make(chan int)

	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for k := range next {
				f(k)
			}
		})
	}
	for k := range n {
		next <- k
	}
	close(next)
	wg.Wait()
}

// pairs returns the pairs of all units, or those of one.
func (s *simulation) pairs(unit int) []pair {
	var out []pair

	for a := range s.n {
		for b := a + 1; b < s.n; b++ {
			if unit < 0 || a == unit || b == unit {
				out = append(out, pair{a, b})
			}
		}
	}

	return out
}

func (s *simulation) set(p pair, sign int8) {
	s.order[p.a*s.n+p.b] = sign
	s.order[p.b*s.n+p.a] = -sign
}

// decide orders as many of the pairs as the level allows.
func (s *simulation) decide(open []pair) {
	open = slices.DeleteFunc(open, func(p pair) bool {
		if s.spread[p.a*s.n+p.b] > 0 {
			return false
		}
		s.set(p, sign(s.theta[p.a]-s.theta[p.b]))
		return true
	})
	for _, p := range open {
		s.set(p, 0)
	}

	for len(open) > 0 {
		c := s.critical(open)
		before := len(open)
		open = slices.DeleteFunc(open, func(p pair) bool {
			t := (s.theta[p.a] - s.theta[p.b]) / s.spread[p.a*s.n+p.b]
			if math.Abs(t) <= c {
				return false
			}
			s.set(p, sign(t))
			return true
		})
		if len(open) == before || s.opt.NoStepDown {
			return
		}
	}
}

// critical is the quantile of the largest standardized difference over the pairs:
// the order statistic ⌈level·(draws+1)⌉, which errs to the safe side.
func (s *simulation) critical(open []pair) float64 {
	largest := make([]float64, len(s.draws))
	inverse := make([]float64, len(open))

	for i, p := range open {
		inverse[i] = 1 / s.spread[p.a*s.n+p.b]
	}
	parallel((len(s.draws)+block-1)/block, func(k int) {
		for d := k * block; d < min(len(s.draws), (k+1)*block); d++ {
			z := s.draws[d]
			most := 0.0

			for i, p := range open {
				if x := math.Abs(z[p.a]-z[p.b]) * inverse[i]; x > most {
					most = x
				}
			}
			largest[d] = most
		}
	})
	slices.Sort(largest)
	at := int(math.Ceil(s.opt.Level*float64(len(largest)+1))) - 1

	if at >= len(largest) {
		return math.Inf(1)
	}

	return largest[at]
}

func sign(x float64) int8 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}

	return 0
}

// LowestP is the p-value of "the unit is not among the lowest k of the n that have an estimate",
// for each unit. At least n−k others must be shown above it, so with the one-sided p-values of the
// pairs in ascending order it is k·p_(n−k), the partial conjunction test of Benjamini
// and Heller (2008), valid under any dependence. It is what the rank set with
// Bonferroni's critical value says, at any level and without simulation. df are
// the degrees of freedom of each estimate, of a pair the smaller ones. With k ≥ n it is NaN: nothing is claimed.
func LowestP(values []float64, cov mat.Symmetric, df []float64, k int) []float64 {
	out := make([]float64, len(values))
	n := 0

	for _, v := range values {
		if !math.IsNaN(v) {
			n++
		}
	}

	for i, v := range values {
		out[i] = math.NaN()
		if math.IsNaN(v) || k < 1 || k >= n {
			continue
		}
		var p []float64

		for j, o := range values {
			if j == i || math.IsNaN(o) {
				continue
			}
			se := math.Sqrt(math.Max(0, cov.At(i, i)+cov.At(j, j)-2*cov.At(i, j)))
			q := lower(v-o, se, math.Min(df[i], df[j]))
			if math.IsNaN(q) {
				q = 1
			}
			p = append(p, q)
		}
		slices.Sort(p)
		out[i] = math.Min(1, float64(k)*p[n-k-1])
	}

	return out
}
