package report

import "slices"

// vector says how often each answer is counted: by a coefficient for each domain, which counts for all places that it holds, and one for
// each of some places by themselves. Coefficients are counted modulo a prime, so that elimination is exact and the same on every machine.
type vector []uint64

const modulus = 1<<31 - 1

// sparse is a vector as it is stored: pairs of position and coefficient. The position of a place is its number after placeBase.
type sparse [][2]uint64

const placeBase = 1 << 32

// layout says where a vector has the coefficients of what.
type layout struct {
	domains int
	holders [][]int // by place, the domains that hold it
	slot    []int   // by place, the position of its own coefficient, or -1
	places  []int   // that have one
}

// newLayout is a layout with coefficients of their own for some places.
func newLayout(domains int, holders [][]int, own map[int]bool) *layout {
	l := &layout{domains: domains, holders: holders, slot: make([]int, len(holders))}
	for p := range holders {
		l.slot[p] = -1
		if own[p] {
			l.slot[p] = domains + len(l.places)
			l.places = append(l.places, p)
		}
	}
	return l
}

func (l *layout) zero() vector { return make(vector, l.domains+len(l.places)) }

// unit is the vector of a domain.
func (l *layout) unit(d int) vector {
	v := l.zero()
	v[d] = 1
	return v
}

// cells is the vector of some places, which have coefficients of their own.
func (l *layout) cells(places []int) vector {
	v := l.zero()
	for _, p := range places {
		v[l.slot[p]] = 1
	}
	return v
}

func (l *layout) sparse(v vector) sparse {
	var out sparse
	for i, x := range v {
		switch {
		case x == 0:
		case i < l.domains:
			out = append(out, [2]uint64{uint64(i), x})
		default:
			out = append(out, [2]uint64{placeBase + uint64(l.places[i-l.domains]), x})
		}
	}
	return out
}

func (l *layout) dense(s sparse) vector {
	v := l.zero()
	for _, x := range s {
		if x[0] >= placeBase {
			v[l.slot[x[0]-placeBase]] = x[1]
		} else {
			v[x[0]] = x[1]
		}
	}
	return v
}

// own marks the places that have a coefficient of their own in a stored vector.
func (s sparse) own(places map[int]bool) {
	for _, x := range s {
		if x[0] >= placeBase {
			places[int(x[0]-placeBase)] = true
		}
	}
}

// at is how often the vector counts an answer at a place.
func (l *layout) at(v vector, p int) uint64 {
	sum := uint64(0)
	for _, d := range l.holders[p] {
		sum += v[d]
	}
	if s := l.slot[p]; s >= 0 {
		sum += v[s]
	}
	return sum % modulus
}

// clear makes the vector count nothing at a place that has a coefficient of its own.
func (l *layout) clear(v vector, p int) {
	s := l.slot[p]
	v[s] = (v[s] + modulus - l.at(v, p)) % modulus
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

// vanishing returns a basis of those combinations of the vectors that count nothing at any of the places. Each of others is moved by a
// combination of the vectors so that it counts nothing there either; moved tells of which that is possible. All are changed.
func (l *layout) vanishing(vectors, others []vector, places []int) (basis []vector, moved []bool) {
	moved = make([]bool, len(others))
	for i := range moved {
		moved[i] = true
	}
	for _, place := range places {
		at := -1
		for i, v := range vectors {
			if l.at(v, place) != 0 {
				at = i // the last, which has been combined least
			}
		}
		if at < 0 {
			for i, z := range others {
				moved[i] = moved[i] && l.at(z, place) == 0
			}
			continue
		}
		p := vectors[at]
		p.scale(inverse(l.at(p, place)))
		vectors[at] = vectors[len(vectors)-1]
		vectors = vectors[:len(vectors)-1]
		for _, v := range vectors {
			if x := l.at(v, place); x != 0 {
				v.less(x, p)
			}
		}
		for i, z := range others {
			if moved[i] {
				if x := l.at(z, place); x != 0 {
					z.less(x, p)
				}
			}
		}
	}
	return vectors, moved
}

// span is what can be told by adding and subtracting. Each row counts one at a place of its own, the one of most answers at which it
// counts anything, and nothing at those of the others. What counts few answers then shows: whatever it counts, it counts at one of these places.
type span struct {
	*layout
	order []int // the places with answers, those of most first
	size  []int // answers, by place
	rows  []vector
	place []int // of each row
}

// reduce takes the rows out of a vector, and returns the place of most answers at which what is left counts anything, or -1 when it is in
// the span.
func (s *span) reduce(v vector) int {
	for i, r := range s.rows {
		if x := s.at(v, s.place[i]); x != 0 {
			v.less(x, r)
		}
	}
	return s.first(v)
}

func (s *span) first(v vector) int {
	i := slices.IndexFunc(s.order, func(p int) bool { return s.at(v, p) != 0 })
	if i < 0 {
		return -1
	}
	return s.order[i]
}

// push lets in a vector that is reduced and counts one at place p, its first.
func (s *span) push(v vector, p int) {
	for _, r := range s.rows {
		if x := s.at(r, p); x != 0 {
			r.less(x, v)
		}
	}
	s.rows, s.place = append(s.rows, v), append(s.place, p)
}

// add lets in any vector.
func (s *span) add(v vector) {
	if p := s.reduce(v); p >= 0 {
		v.scale(inverse(s.at(v, p)))
		s.push(v, p)
	}
}

// light reports whether a vector counts any answers, but fewer than the minimum.
func (s *span) light(v vector, least int) bool {
	n := 0
	for _, p := range s.order {
		if s.at(v, p) != 0 {
			if n += s.size[p]; n >= least {
				return false
			}
		}
	}
	return n > 0
}

// exposes reports whether with v, which is as push wants it, a row of few answers is in the span, or a sum or difference of v and a row.
func (s *span) exposes(v vector, p, least int) bool {
	if s.light(v, least) {
		return true
	}
	row := s.zero()
	for i, r := range s.rows {
		if s.size[s.place[i]] >= least {
			continue
		}
		x := s.at(r, p)
		both := s.size[p]+s.size[s.place[i]] < least
		if x == 0 && !both {
			continue
		}
		copy(row, r)
		if x != 0 {
			row.less(x, v)
			if s.light(row, least) {
				return true
			}
		}
		if !both {
			continue
		}
		row.less(1, v)
		if s.light(row, least) {
			return true
		}
		row.less(modulus-2, v)
		if s.light(row, least) {
			return true
		}
	}
	return false
}

// tells reports whether with v, which is as push wants it, z is in the span: z is reduced and not in it.
func (s *span) tells(v vector, p int, z vector) bool {
	f := s.at(z, p)
	if f == 0 {
		return false
	}
	for _, q := range s.order {
		if s.at(z, q) != f*s.at(v, q)%modulus {
			return false
		}
	}
	return true
}
