package estimate

import (
	"slices"

	"sipas/analysis/design"
)

// Where nothing but totals by primary unit enters the variance, domains that have no row in common are computed in one pass
// over the rows for each variable. The pass sums up, for every piece, which is what a domain and a primary unit have in common,
//
//	Σw, Σw(y−c), Σw(y−c)² and the number of answers,
//
// with c any answer of the domain, so that no digits are lost where the mean is far from zero. With m = Σw(y−c)/Σw over
// the domain, its mean is c + m, and the influence values of a unit sum up to
//
//	mean    [Σw(y−c) − m·Σw] / Σ_domain w
//	total    Σw(y−c) + c·Σw
//
// For a ratio a first pass finds R, and the second sums up y − R·x in the place of y − c; the unit's total is Σw(y−Rx)/X.

// layer is a set of domains of which no two have a row in common. Its pieces are numbered unit by unit: a file is often sorted
// by unit, and a pass then works on pieces that stand together in memory.
type layer struct {
	domains []int
	unit    []int32 // of each piece
	domain  []int32 // of each piece, its place in domains
	rows    []piece // those of the domains
}

// piece is a row and the number of its piece.
type piece struct{ row, number int32 }

// plan is what a pass needs to know of a layer and a weight column, whatever the variable: the rows that have a weight, piece by
// piece.
type plan struct {
	*layer
	column int
	first  []int32 // where each piece begins, and the end
	weight []float64
	row    []int32
	// Where the file's order jumps about between the pieces, the values of a variable are first dealt out to buckets, which are
	// ranges of pieces that fit into a core's own cache, and read from there.
	dealt *dealing
}

// dealing says which value goes where.
type dealing struct {
	row    []int32 // of the plan, in the file's order
	bucket []uint8 // of each of these
	start  []int   // of each bucket
	at     []int32 // where the value of each row of the plan then stands
}

// onePass computes what it can, and returns for every domain the variables that it left: all of a domain that has a row twice,
// those whose weight column does not allow it, and what is not a finite number.
func (t *Table) onePass(opt Options) (left [][]int) {
	left = make([][]int, len(t.domains.Names))
	var columns []int             // that allow it
	serves := make(map[int][]int) // the variables of a column

	for j, c := range t.columns {
		if !t.design.TotalsSuffice(c) {
			for i := range left {
				left[i] = append(left[i], j)
			}
			continue
		}
		if serves[c] == nil {
			columns = append(columns, c)
		}
		serves[c] = append(serves[c], j)
	}
	if len(columns) == 0 {
		return left
	}
	s := newSorter(t.design, t.domains.Rows)

	// Layers of about as many rows as the design are worked on together: memory stays small, and no core waits.
	for next := 0; next < len(left); {
		var layers []*layer

		for rows := 0; next < len(left) && rows < t.design.Rows(); {
			l, skipped := s.layer(&next)
			rows += len(l.rows)
			layers = append(layers, l)

			for _, i := range skipped {
				left[i] = t.all()
			}
		}
		plans := make([]*plan, len(layers)*len(columns))
		parallel(len(plans), func(i int) {
			c := columns[i%len(columns)]
			// Codes stay in the cache in any order.
			numbers := slices.ContainsFunc(serves[c], func(j int) bool { return t.vars[j].Codes == nil })
			plans[i] = newPlan(layers[i/len(columns)], c, t.design.Weights(c), numbers)
		})
		t.passes(plans, serves, left, opt)
	}

	return left
}

func (t *Table) all() []int {
	out := make([]int, len(t.vars))
	for j := range out {
		out[j] = j
	}

	return out
}

// passes makes the pass of every variable of every plan.
func (t *Table) passes(plans []*plan, serves map[int][]int, left [][]int, opt Options) {
	type task struct {
		*plan
		variable int
		left     []int // domains
	}
	var tasks []task

	for _, p := range plans {
		for _, j := range serves[p.column] {
			tasks = append(tasks, task{plan: p, variable: j})
		}
	}
	workers(len(tasks), func() func(i int) {
		s := new(scratch) // reused from one pass to the next

		return func(i int) { tasks[i].left = t.pass(tasks[i].plan, tasks[i].variable, s, opt) }
	})

	for _, k := range tasks {
		for _, i := range k.left {
			left[i] = append(left[i], k.variable)
		}
	}
}

// sorter makes layers of a list of domains.
type sorter struct {
	design *design.Design
	lists  [][]int
	taken  []int32 // the last domain that took the row, from 1
	number []int32 // of each row, that of its piece, from 1
	last   []int32 // of each domain, the unit of its last piece, from 1
	piece  []int32 // of each domain, the number of its last piece
}

func newSorter(d *design.Design, lists [][]int) *sorter {
	n, k := d.Rows(), len(lists)

	return &sorter{
		design: d, lists: lists, taken: make([]int32, n), number: make([]int32, n),
		last: make([]int32, k), piece: make([]int32, k),
	}
}

// layer makes one layer of the domains from next on: as many as have no row in common. Domains that have a row twice, or
// one which does not exist, are skipped.
func (s *sorter) layer(next *int) (l *layer, skipped []int) {
	l = &layer{}
	first, rows := *next, 0

	for ; *next < len(s.lists); *next++ {
		if s.take(*next, first) {
			l.domains = append(l.domains, *next)
			rows += len(s.lists[*next])
			continue
		}
		if len(l.domains) > 0 {
			break
		}
		skipped = append(skipped, *next)
		first++
	}
	s.split(l, rows)

	return l, skipped
}

// take marks a domain's rows as its own, unless one of them belongs to a domain from first on already.
func (s *sorter) take(domain, first int) bool {
	for i, row := range s.lists[domain] {
		if row >= 0 && row < len(s.taken) && int(s.taken[row]) <= first {
			s.taken[row] = int32(domain + 1)
			continue
		}
		for _, undo := range s.lists[domain][:i] {
			s.taken[undo] = 0
		}
		return false
	}

	return true
}

// split numbers the pieces of a layer, and lists its rows in their own order; where they are few, unit by unit.
func (s *sorter) split(l *layer, rows int) {
	if len(l.domains) == 0 {
		return
	}
	unit, first := s.design.PrimaryUnits(), l.domains[0]
	last, at := s.last[:len(l.domains)], s.piece[:len(l.domains)]
	clear(last)
	l.rows = make([]piece, 0, rows)

	number := func(row int) int32 {
		i, u := int(s.taken[row])-1-first, unit[row]
		if last[i] != u+1 {
			last[i], at[i] = u+1, int32(len(l.unit))
			l.unit = append(l.unit, u)
			l.domain = append(l.domain, int32(i))
		}

		return at[i]
	}
	if few := 4*rows < s.design.Rows(); few {
		for _, i := range l.domains {
			for _, row := range s.lists[i] {
				l.rows = append(l.rows, piece{row: int32(row)})
			}
		}
		slices.SortFunc(l.rows, func(a, b piece) int {
			if unit[a.row] != unit[b.row] {
				return int(unit[a.row]) - int(unit[b.row])
			}

			return int(a.row) - int(b.row)
		})
		for k := range l.rows {
			l.rows[k].number = number(int(l.rows[k].row))
		}
		return
	}
	if places := s.design.PSUs() * len(l.domains); places <= 8*s.design.Rows() {
		s.splitByPlace(l, places)
		return
	}
	for _, row := range s.design.Order() {
		if int(s.taken[row]) > first {
			s.number[row] = number(row) + 1
		}
	}
	for row, n := range s.number {
		if n > 0 {
			l.rows = append(l.rows, piece{row: int32(row), number: n - 1})
		}
	}
	clear(s.number)
}

// splitByPlace does the same in the order of rows, with a place for each unit and domain: much faster where there are not too many.
func (s *sorter) splitByPlace(l *layer, places int) {
	unit, first, domains := s.design.PrimaryUnits(), l.domains[0], len(l.domains)
	number := make([]int32, places)

	for row, d := range s.taken {
		if i := int(d) - 1 - first; i >= 0 {
			at := int(unit[row])*domains + i
			l.rows = append(l.rows, piece{row: int32(row), number: int32(at)})
			number[at] = 1
		}
	}
	for at, some := range number {
		if some > 0 {
			number[at] = int32(len(l.unit))
			l.unit = append(l.unit, int32(at/domains))
			l.domain = append(l.domain, int32(at%domains))
		}
	}
	for k := range l.rows {
		l.rows[k].number = number[l.rows[k].number]
	}
}

func newPlan(l *layer, column int, weights []float64, numbers bool) *plan {
	p := &plan{layer: l, column: column, first: make([]int32, len(l.unit)+1)}
	n := 0

	for _, r := range l.rows {
		if weights[r.row] > 0 {
			p.first[r.number+1]++
			n++
		}
	}
	for k := range l.unit {
		p.first[k+1] += p.first[k]
	}
	p.weight, p.row = make([]float64, n), make([]int32, n)
	steps := []func([]float64){p.sort}

	if numbers {
		steps = append(steps, p.deal)
	}
	parallel(len(steps), func(i int) { steps[i](weights) })

	return p
}

// sort puts the rows piece by piece.
func (p *plan) sort(weights []float64) {
	next := slices.Clone(p.first)

	for _, r := range p.rows {
		if w := weights[r.row]; w > 0 {
			at := next[r.number]
			next[r.number]++
			p.weight[at], p.row[at] = w, r.row
		}
	}
}

// inCache is the number of values that stay in a core's own cache, and manyBuckets that of the places to which values can be
// dealt out at a time without waiting for memory.
const (
	inCache     = 8192
	manyBuckets = 256
)

// deal makes buckets where they are of use.
func (p *plan) deal(weights []float64) {
	buckets := min(manyBuckets, (len(p.row)+inCache-1)/inCache)
	size := (len(p.unit) + buckets) / max(1, buckets)
	d := &dealing{row: make([]int32, 0, len(p.row)), bucket: make([]uint8, 0, len(p.row)), start: make([]int, manyBuckets+1)}
	jumps, last := 0, uint8(0)

	for _, r := range p.rows {
		if weights[r.row] == 0 {
			continue
		}
		b := uint8(int(r.number) / size)
		d.row, d.bucket = append(d.row, r.row), append(d.bucket, b)
		d.start[int(b)+1]++

		if b != last && b != last+1 && b+1 != last {
			jumps++
		}
		last = b
	}
	if 16*jumps < len(p.row) {
		return
	}
	for b := range manyBuckets {
		d.start[b+1] += d.start[b]
	}
	next, place := slices.Clone(p.first), slices.Clone(d.start)
	d.at = make([]int32, len(p.row))
	i := 0

	for _, r := range p.rows {
		if weights[r.row] == 0 {
			continue
		}
		b := d.bucket[i]
		d.at[next[r.number]] = int32(place[b])
		next[r.number]++
		place[b]++
		i++
	}
	p.dealt = d
}
