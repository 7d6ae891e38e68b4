package report

import "slices"

// vector is a combination of domains, with a coefficient for each. Coefficients are counted modulo a prime, so that elimination is exact
// and the same on every machine.
type vector []uint64

const modulus = 1<<31 - 1

// sparse is a vector as it is stored: pairs of position and coefficient.
type sparse [][2]uint64

func (v vector) sparse() sparse {
	var out sparse
	for i, x := range v {
		if x != 0 {
			out = append(out, [2]uint64{uint64(i), x})
		}
	}
	return out
}

func (s sparse) dense(size int) vector {
	v := make(vector, size)
	for _, x := range s {
		v[x[0]] = x[1]
	}
	return v
}

func unit(i, size int) vector {
	v := make(vector, size)
	v[i] = 1
	return v
}

// at is what the vector counts an answer, given the domains that hold it.
func (v vector) at(holders []int) uint64 {
	sum := uint64(0)
	for _, d := range holders {
		sum += v[d]
	}
	return sum % modulus
}

// less takes f times w out of v.
func (v vector) less(f uint64, w vector) {
	f = modulus - f
	for i, x := range w {
		if x != 0 {
			v[i] = (v[i] + f*x) % modulus
		}
	}
}

// scale multiplies by f.
func (v vector) scale(f uint64) {
	for i, x := range v {
		v[i] = x * f % modulus
	}
}

// pivot is the first position that is not zero, or -1.
func (v vector) pivot() int {
	return slices.IndexFunc(v, func(x uint64) bool { return x != 0 })
}

// inverse is 1/x, by Fermat.
func inverse(x uint64) uint64 {
	out, power := uint64(1), x%modulus
	for e := uint64(modulus - 2); e > 0; e >>= 1 {
		if e&1 == 1 {
			out = out * power % modulus
		}
		power = power * power % modulus
	}
	return out
}

// span is what can be reached from some vectors by adding and subtracting: rows in echelon form, each one at its pivot.
type span struct {
	rows   []vector
	pivots []int
}

// reduce takes the rows out of v: what is left is zero exactly when v is in the span.
func (s *span) reduce(v vector) {
	for i, p := range s.pivots {
		if v[p] != 0 {
			v.less(v[p], s.rows[i])
		}
	}
}

// push adds a vector that is reduced and not zero.
func (s *span) push(v vector) {
	p := v.pivot()
	v.scale(inverse(v[p]))
	s.rows, s.pivots = append(s.rows, v), append(s.pivots, p)
}

// add adds any vector.
func (s *span) add(v vector) {
	s.reduce(v)
	if v.pivot() >= 0 {
		s.push(v)
	}
}

// vanishing returns a basis of those combinations of the vectors that count nothing at any of the places, each given by the
// domains that hold it. Each of others is moved by a combination of the vectors so that it counts nothing there either; moved
// tells of which that is possible. All are changed.
func vanishing(vectors, others []vector, places [][]int) (basis []vector, moved []bool) {
	moved = make([]bool, len(others))
	for i := range moved {
		moved[i] = true
	}
	for _, h := range places {
		at := -1
		for i, v := range vectors {
			if v.at(h) != 0 {
				at = i // the last, which has been combined least
			}
		}
		if at < 0 {
			for i, z := range others {
				moved[i] = moved[i] && z.at(h) == 0
			}
			continue
		}
		p := vectors[at]
		p.scale(inverse(p.at(h)))
		vectors[at] = vectors[len(vectors)-1]
		vectors = vectors[:len(vectors)-1]
		for _, v := range vectors {
			if x := v.at(h); x != 0 {
				v.less(x, p)
			}
		}
		for i, z := range others {
			if moved[i] {
				if x := z.at(h); x != 0 {
					z.less(x, p)
				}
			}
		}
	}
	return vectors, moved
}

// units are the vectors of all domains, each by itself.
func units(size int) []vector {
	out := make([]vector, size)
	for i := range out {
		out[i] = unit(i, size)
	}
	return out
}
