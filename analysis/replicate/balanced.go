package replicate

import (
	"fmt"
	"math"
)

// balanced makes BRR and Fay's variant. The row of ones is never used: it would give one unit of the stratum all weight in
// every replicate.
func (m *maker) balanced() error {
	strata := 0

	for _, st := range m.first.Strata {
		if st.Lonely || st.Fraction == 1 {
			continue
		}
		if st.Units != 2 {
			return &FitError{Method: m.method, Stage: 1, Row: st.Row, Reason: fmt.Sprintf("it has %d units, and two are needed", st.Units)}
		}
		strata++
	}
	order := HadamardOrder(strata)
	h := Hadamard(order)
	if err := m.ones(len(m.first.Stratum), order); err != nil {
		return err
	}
	row := 0

	for _, st := range m.first.Strata {
		if st.Lonely || st.Fraction == 1 {
			continue
		}
		row++
		for r, sign := range h[row] {
			deviation := float64(sign) * (1 - m.opt.Rho)
			m.out.Factors.Set(st.First, r, 1+deviation)
			m.out.Factors.Set(st.First+1, r, 1-deviation)
		}
	}
	m.out.Scale = 1 / (float64(order) * (1 - m.opt.Rho) * (1 - m.opt.Rho))

	return nil
}

// successive makes the factors of Fay and Train.
func (m *maker) successive() error {
	units := len(m.first.Stratum)
	order := HadamardOrder(units)
	if m.opt.Replicates > 0 {
		// Two rows that differ are the least that a difference can be taken of.
		order = HadamardOrder(max(m.opt.Replicates-1, 2))
	}
	h := Hadamard(order)
	if err := m.ones(units, order); err != nil {
		return err
	}
	rows := succession{rows: order - 1, step: 1}

	for _, st := range m.first.Strata {
		if !varies(st) {
			continue
		}
		a := math.Sqrt((1 - st.Fraction) / 8)
		for _, run := range runs(st.Units, order-1) {
			at := rows.take(run.n)
			for i := range at {
				one, next := h[at[i]], h[at[(i+1)%len(at)]]
				for r := range one {
					m.out.Factors.Set(st.First+run.from+i, r, 1+a*float64(one[r]-next[r]))
				}
			}
		}
	}
	m.out.Scale = 4 / float64(order)

	return nil
}

type run struct{ from, n int }

// runs cuts n units into runs of nearly equal length, of at most so many rows each.
func runs(n, rows int) []run {
	pieces := (n + rows - 1) / rows
	out := make([]run, pieces)

	for i := range out {
		out[i].from = i * n / pieces
		out[i].n = (i+1)*n/pieces - out[i].from
	}

	return out
}

// succession hands out the rows 1..rows of a Hadamard matrix. When they are used up it starts again in steps of the next number
// that has no divisor in common with theirs, so that other rows follow one another (Ash 2014).
type succession struct{ rows, step, used int }

func (s *succession) take(n int) []int {
	if s.used+n > s.rows {
		s.used = 0
		for s.step = s.step%s.rows + 1; gcd(s.step, s.rows) != 1; s.step = s.step%s.rows + 1 {
		}
	}
	out := make([]int, n)
	for i := range out {
		out[i] = 1 + (s.used+i)*s.step%s.rows
	}
	s.used += n

	return out
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}

	return a
}
