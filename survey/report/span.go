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

// target is a set of places with a combination of domains: it counts both. A set that is empty is the combination alone.
type target struct {
	places []int
	vector
}

// at is what the target counts an answer at a place, given the domains that hold it.
func (z *target) at(p int, holders []int) uint64 {
	x := z.vector.at(holders)
	if slices.Contains(z.places, p) {
		x = (x + 1) % modulus
	}
	return x
}

// vanishing returns a basis of those combinations of the vectors that count nothing at any of the places, whose domains holders
// lists. Each of others is moved by a combination of the vectors so that it counts nothing there either; moved
// tells of which that is possible. All are changed.
func vanishing(vectors []vector, others []target, places []int, holders [][]int) (basis []vector, moved []bool) {
	moved = make([]bool, len(others))
	for i := range moved {
		moved[i] = true
	}
	for _, place := range places {
		h := holders[place]
		at := -1
		for i, v := range vectors {
			if v.at(h) != 0 {
				at = i // the last, which has been combined least
			}
		}
		if at < 0 {
			for i := range others {
				moved[i] = moved[i] && others[i].at(place, h) == 0
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
		for i := range others {
			if moved[i] {
				if x := others[i].at(place, h); x != 0 {
					others[i].less(x, p)
				}
			}
		}
	}
	return vectors, moved
}

// lens is a span seen by places: each row counts one at a place of its own, the one of most answers at which it counts anything, and
// nothing at those of the others. What counts at few answers then shows: it is a row, or a difference of rows whose places have few.
type lens struct {
	holders [][]int
	order   []int // the places, those of most answers first
	size    []int // answers, by place
	rows    []vector
	places  []int // of the rows
}

// basis lets all vectors in, and returns those that count nothing at any place.
func (l *lens) basis(vectors []vector) []vector {
	for _, p := range l.order {
		at := slices.IndexFunc(vectors, func(v vector) bool { return v.at(l.holders[p]) != 0 })
		if at < 0 {
			continue
		}
		v := vectors[at]
		vectors = slices.Delete(vectors, at, at+1)
		l.push(v, p)
		for _, o := range vectors {
			if x := o.at(l.holders[p]); x != 0 {
				o.less(x, v)
			}
		}
	}
	return vectors
}

// push lets in a vector that counts nothing at the places of the rows.
func (l *lens) push(v vector, p int) {
	v.scale(inverse(v.at(l.holders[p])))
	for _, r := range l.rows {
		if x := r.at(l.holders[p]); x != 0 {
			r.less(x, v)
		}
	}
	l.rows, l.places = append(l.rows, v), append(l.places, p)
}

// reduce takes the rows out of a vector, and returns the place that it would have as a row, or -1.
func (l *lens) reduce(v vector) int {
	for i, r := range l.rows {
		if x := v.at(l.holders[l.places[i]]); x != 0 {
			v.less(x, r)
		}
	}
	return l.first(v)
}

func (l *lens) first(v vector) int {
	i := slices.IndexFunc(l.order, func(p int) bool { return v.at(l.holders[p]) != 0 })
	if i < 0 {
		return -1
	}
	return l.order[i]
}

// light reports whether a vector counts at some answers, but at fewer than the minimum.
func (l *lens) light(v vector, least int) bool {
	n := 0
	for _, p := range l.order {
		if v.at(l.holders[p]) != 0 {
			if n += l.size[p]; n >= least {
				return false
			}
		}
	}
	return n > 0
}

// exposes reports whether with v, which is reduced and would have the place p, something of few answers is in the span.
func (l *lens) exposes(v vector, p, least int) bool {
	one := slices.Clone(v)
	one.scale(inverse(one.at(l.holders[p])))
	if l.light(one, least) {
		return true
	}
	for i, r := range l.rows {
		if l.size[l.places[i]] >= least {
			continue
		}
		row := slices.Clone(r)
		if x := row.at(l.holders[p]); x != 0 {
			row.less(x, one)
			if l.light(row, least) {
				return true
			}
		}
		if l.size[p]+l.size[l.places[i]] >= least {
			continue
		}
		for _, f := range []uint64{1, modulus - 1} {
			sum := slices.Clone(row)
			sum.less(f, one)
			if l.light(sum, least) {
				return true
			}
		}
	}
	return false
}

// alone is the combination of domains that counts one at each of the places and nothing at the others, where there is one. The
// lens must have all domains in it.
func (l *lens) alone(places []int) (vector, bool) {
	var v vector
	inside := make([]bool, len(l.holders))
	for _, p := range places {
		inside[p] = true
	}
	for i, p := range l.places {
		if inside[p] {
			if v == nil {
				v = slices.Clone(l.rows[i])
			} else {
				v.less(modulus-1, l.rows[i])
			}
		}
	}
	if v == nil {
		return nil, false
	}
	for _, p := range l.order {
		want := uint64(0)
		if inside[p] {
			want = 1
		}
		if v.at(l.holders[p]) != want {
			return nil, false
		}
	}
	return v, true
}

// units are the vectors of all domains, each by itself.
func units(size int) []vector {
	out := make([]vector, size)
	for i := range out {
		out[i] = unit(i, size)
	}
	return out
}
