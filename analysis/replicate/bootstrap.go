package replicate

import (
	"math"
	"math/rand/v2"

	"sipas/analysis/design"
)

// stream sets the bootstraps' random numbers apart from others with the same seed.
const stream = 0x7265706c6963

func (m *maker) random() *rand.Rand { return rand.New(rand.NewPCG(m.opt.Seed, stream)) }

func (m *maker) raoWu() error {
	if err := m.ones(len(m.first.Stratum), m.opt.Replicates); err != nil {
		return err
	}
	random := m.random()
	m.resampled(1)

	for r := range m.opt.Replicates {
		for _, st := range m.first.Strata {
			if !varies(st) {
				continue
			}
			times := make([]int, st.Units)
			for range st.Units - 1 {
				times[random.IntN(st.Units)]++
			}
			size := float64(st.Units) / float64(st.Units-1)
			lambda := math.Sqrt(1 - st.Fraction)
			for i, t := range times {
				m.out.Factors.Set(st.First+i, r, 1+lambda*(size*float64(t)-1))
			}
		}
	}

	return nil
}

// cantyDavison draws from a pseudo-population in which each unit stands ⌊N/n⌋ times, and N − n⌊N/n⌋ units, drawn for
// each replicate, once more.
func (m *maker) cantyDavison() error {
	if err := m.ones(len(m.first.Stratum), m.opt.Replicates); err != nil {
		return err
	}
	random := m.random()
	largest := 0.0 // of the corrections
	correction := make([]float64, len(m.first.Strata))

	for g, st := range m.first.Strata {
		if varies(st) {
			correction[g] = pseudo(st).correction(st)
			largest = math.Max(largest, correction[g])
		}
	}
	m.resampled(largest)

	for r := range m.opt.Replicates {
		for g, st := range m.first.Strata {
			if correction[g] == 0 {
				continue
			}
			a := math.Sqrt(correction[g] / largest)
			for i, t := range pseudo(st).draw(random, st.Units) {
				m.out.Factors.Set(st.First+i, r, 1+a*float64(t-1))
			}
		}
	}

	return nil
}

// pseudoPopulation is N copies of n units: each stands copies times, and extra of them once more. Size is 0 for an endless one.
type pseudoPopulation struct{ size, copies, extra int }

func pseudo(st design.Stratum) pseudoPopulation {
	// A fraction below one leaves something out, also where it does not come from a whole number of units.
	size := math.Max(math.Round(float64(st.Units)/st.Fraction), float64(st.Units+1))
	if st.Fraction == 0 || size > 1<<40 {
		return pseudoPopulation{}
	}
	n := int(size)

	return pseudoPopulation{size: n, copies: n / st.Units, extra: n % st.Units}
}

// correction is the ratio of the variance of a total under the design to its mean under the bootstrap. Counts have the
// variance v, n of them with a sum that is fixed, so that their covariance is v·n/(n−1)·(I − J/n); the design's is
// (1−f)·n/(n−1)·(I − J/n).
func (p pseudoPopulation) correction(st design.Stratum) float64 {
	n := float64(st.Units)
	v := 1 - 1/n
	if p.size > 0 {
		size := float64(p.size)
		share := float64(p.extra) / n
		copies := share * (1 - share) // the variance of the number of copies of a unit
		v = (size-n)/(size-1)*(1-1/n-n*copies/(size*size)) + n*n*copies/(size*size)
	}

	return (1 - st.Fraction) / v
}

// draw returns how many times each of n units comes in a draw of n from the pseudo-population.
func (p pseudoPopulation) draw(random *rand.Rand, n int) []int {
	times := make([]int, n)
	if p.size == 0 {
		for range n {
			times[random.IntN(n)]++
		}
		return times
	}
	more := without(random, n, p.extra)
	for _, copied := range without(random, p.size, n) {
		if copied < p.copies*n {
			times[copied%n]++
			continue
		}
		times[more[copied-p.copies*n]]++
	}

	return times
}

// without draws k of the numbers 0..n-1 without replacement: the first k of a shuffle of which only what moved is kept.
func without(random *rand.Rand, n, k int) []int {
	moved := make(map[int]int, k)
	out := make([]int, k)
	at := func(i int) int {
		if v, ok := moved[i]; ok {
			return v
		}
		return i
	}

	for i := range out {
		j := i + random.IntN(n-i)
		out[i] = at(j)
		moved[j] = at(i)
	}

	return out
}

// preston halves the units of every stratum at every stage.
func (m *maker) preston() error {
	last := &m.levels[len(m.levels)-1]
	if err := m.ones(len(last.Stratum), m.opt.Replicates); err != nil {
		return err
	}
	m.out.Unit = last.Unit
	random := m.random()
	m.resampled(1)

	for r := range m.opt.Replicates {
		factor, carry := []float64{1}, []float64{1} // A and P of the units of the level above

		for l := range m.levels {
			lv := &m.levels[l]
			a, p := make([]float64, len(lv.Stratum)), make([]float64, len(lv.Stratum))

			for _, st := range lv.Strata {
				above, over := factor[st.Parent], carry[st.Parent]
				for u := st.First; u < st.First+st.Units; u++ {
					a[u], p[u] = above, over
				}
				if !varies(st) {
					continue
				}
				n, kept := float64(st.Units), st.Units/2
				size := n / float64(kept)
				lambda := math.Sqrt(float64(kept) * st.Above * (1 - st.Fraction) / (n - float64(kept)))
				for u := st.First; u < st.First+st.Units; u++ {
					a[u], p[u] = above-over*lambda, 0
				}
				for _, i := range without(random, st.Units, kept) {
					a[st.First+i] = above + over*lambda*(size-1)
					p[st.First+i] = over * math.Sqrt(size)
				}
			}
			factor, carry = a, p
		}
		m.out.Factors.SetCol(r, factor)
	}

	return nil
}
