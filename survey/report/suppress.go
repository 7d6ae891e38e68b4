package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// account is what readers know of the answers to one item from one source. doc.go has the rule and why it holds.
type account struct {
	Codes  []int    `json:"codes"` // what counts are counts of, in this order
	Atoms  []atom   `json:"atoms"` // the answers when something was last shown
	Span   []sparse `json:"span"`  // what could be told of these answers, by domain
	States []state  `json:"states"`
	// Secrets are combinations of domains, as they were when something was last shown, that must not be told: small domains, and small
	// changes of domains, of then and of any time before that can still be told from what did not change.
	Secrets []sparse `json:"secrets"`
	Epoch   int      `json:"epoch"` // the last one
	// Cells are sets of places as they were before some of them changed, and may still be told by what changed since.
	Cells []cell `json:"cells,omitempty"`
	// Peaks are by domain the most answers of any state that was forgotten.
	Peaks []int `json:"peaks,omitempty"`
}

// cell is the answers of a set of places as they were at an epoch. They, and Rest, are by what they differ from what is known.
type cell struct {
	Set  [3]int `json:"set"`
	N    []int  `json:"n"` // by code
	Rest sparse `json:"rest,omitempty"`

	rest vector
}

// atom is the answers of one place, by code.
type atom struct {
	Place int   `json:"p"`
	N     []int `json:"n"`
}

// state is the answers of a domain as they were from one epoch to another. Rest is the combination of domains as they are at the last
// epoch by which the state differs from what is known; of a state that is known it is nothing.
type state struct {
	Domain int    `json:"d"`
	From   int    `json:"from"`
	To     int    `json:"to"`
	N      []int  `json:"n,omitempty"` // by code; nil when only their number is on record
	Total  int    `json:"total"`
	Known  bool   `json:"known,omitempty"`
	Rest   sparse `json:"rest,omitempty"`

	rest vector
}

// distance is how many answers two states of a domain differ by: one that came and one that went are two.
func distance(a, b []int) int {
	sum := 0
	for i := range max(len(a), len(b)) {
		x := 0
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			x -= b[i]
		}
		sum += max(x, -x)
	}
	return sum
}

func (s *state) distance(o *state) int {
	if s.N == nil || o.N == nil {
		return max(s.Total-o.Total, o.Total-s.Total)
	}
	return distance(s.N, o.N)
}

// memorable bounds what is remembered of old states: one that this many times the minimum of answers have changed since can
// only matter again when nearly all of them are taken back.
const memorable = 4

// mostCells bounds how many sets of places are remembered, the newest.
const mostCells = 300

// mostWhole bounds what is remembered of the whole, which the remainders of families are counted from.
const mostWhole = 200

// turn is one epoch of an account: what may be shown now.
type turn struct {
	*account
	least   int
	epoch   int
	domains []domain
	holders [][]int // by place, the domains that hold it
	n       [][]int // by domain and code
	total   []int
	*layout
	now     *snapshot
	span    span
	secrets []vector
	same    []bool
	advance []bool
	taken   []int // by domain, how many of the answers that were last known are not there now
}

// begin takes the account to the answers of today: what is known of what did not change is known still.
func (t *turn) begin(answers map[int]map[int]int) {
	now := t.count(answers)
	before := map[int][]int{}
	for _, a := range t.Atoms {
		before[a.Place] = a.N
	}
	places := slices.Collect(maps.Keys(now))
	for p := range before {
		if now[p] == nil {
			places = append(places, p)
		}
	}
	slices.Sort(places)
	size := len(t.domains)
	var changed, born []int
	touched := make([]bool, size)
	t.n, t.total, t.same, t.advance = make([][]int, size), make([]int, size), make([]bool, size), make([]bool, size)
	for d := range t.n {
		t.n[d] = make([]int, len(t.Codes))
	}
	t.span = span{size: make([]int, len(t.holders))}
	t.Atoms = nil
	for _, p := range places {
		if distance(now[p], before[p]) > 0 {
			if before[p] == nil {
				born = append(born, p)
			} else {
				changed = append(changed, p)
			}
			for _, d := range t.holders[p] {
				touched[d] = true
			}
		}
		if now[p] == nil {
			continue
		}
		t.span.order = append(t.span.order, p)
		t.Atoms = append(t.Atoms, atom{Place: p, N: now[p]})
		for k, n := range now[p] {
			t.span.size[p] += n
			for _, d := range t.holders[p] {
				t.n[d][k] += n
				t.total[d] += n
			}
		}
	}
	slices.SortStableFunc(t.span.order, func(a, b int) int { return cmp.Compare(t.span.size[b], t.span.size[a]) })
	t.now = t.snapshot(now)
	few := t.leave(t.snapshot(before), changed, born)
	t.span.layout = t.layout
	t.remember(changed, born, touched)
	for _, v := range t.Span {
		t.span.add(t.dense(v))
	}
	for i := range t.States {
		s := &t.States[i]
		if !s.Known {
			s.Known = t.span.reduce(s.rest) < 0
		}
		if s.Known && s.To == t.epoch {
			t.same[s.Domain] = true
		}
	}
	t.conceal(few)
	t.taken = make([]int, size)
	for d := range t.taken {
		t.taken[d] = t.gone(d)
	}
}

// Sets of places, besides domains, that may not be told where they are few.
const (
	setPlace   = iota // a place by itself
	setCommon         // what two domains have in common
	setWithout        // what a domain has beside another
)

// snapshot is the answers of all places at a moment.
type snapshot struct {
	n      [][]int // by place and code; nil where there are none
	places []int   // that have any
	under  [][]int // these, by domain
	total  []int   // answers, by domain
}

func (t *turn) snapshot(answers map[int][]int) *snapshot {
	c := &snapshot{n: make([][]int, len(t.holders)), under: make([][]int, len(t.domains)), total: make([]int, len(t.domains))}
	for p := range t.holders {
		if answers[p] == nil {
			continue
		}
		c.n[p] = answers[p]
		c.places = append(c.places, p)
		for _, d := range t.holders[p] {
			c.under[d] = append(c.under[d], p)
			c.total[d] += distance(answers[p], nil)
		}
	}
	return c
}

// within lists the places of a set that have answers.
func (t *turn) within(set [3]int, c *snapshot) (out []int) {
	if set[0] == setPlace {
		if c.n[set[1]] != nil {
			out = append(out, set[1])
		}
		return out
	}
	for _, p := range c.under[set[1]] {
		if slices.Contains(t.holders[p], set[2]) == (set[0] == setCommon) {
			out = append(out, p)
		}
	}
	return out
}

// sum counts answers in places, by code.
func (c *snapshot) sum(places []int) []int {
	var out []int
	for _, p := range places {
		for k, n := range c.n[p] {
			for len(out) <= k {
				out = append(out, 0)
			}
			out[k] += n
		}
	}
	return out
}

// sets lists each place with answers; what two domains have in common, where it is several places or may become so; and what a domain has beside another
// that lies within it.
func (t *turn) sets(c *snapshot) [][3]int {
	var out [][3]int
	common := map[[2]int]int{}
	held := make([]int, len(t.domains))
	for _, p := range c.places {
		out = append(out, [3]int{setPlace, p})
		for i, d := range t.holders[p] {
			held[d]++
			for _, o := range t.holders[p][:i] {
				common[[2]int{o, d}]++
			}
		}
	}
	for _, pair := range slices.SortedFunc(maps.Keys(common), func(a, b [2]int) int {
		return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1]))
	}) {
		a, b := pair[0], pair[1]
		if all := len(c.places); held[b] == all && held[a] < all {
			a, b = b, a
		}
		if held[a] == len(c.places) && !t.few(c.total[a]-c.total[b]) {
			continue // what a part leaves of the whole is watched as what is left of its family, unless it is few now
		}
		n := common[pair]
		coarse := max(t.domains[a].family, t.domains[b].family) >= familyGroup // what they have in common may be of other places tomorrow
		if (n > 1 || coarse) && n < max(held[a], held[b]) {
			out = append(out, [3]int{setCommon, a, b})
		}
		switch {
		case n == held[b] && n < held[a]-1:
			out = append(out, [3]int{setWithout, a, b})
		case n == held[a] && n < held[b]-1:
			out = append(out, [3]int{setWithout, b, a})
		}
	}
	return out
}

// leave keeps the sets of places that changed, as they were before, and returns those that are few now. It lays vectors out, with
// coefficients of their own for the places that need any.
func (t *turn) leave(before *snapshot, changed, born []int) (few [][3]int) {
	own := map[int]bool{}
	for _, p := range slices.Concat(changed, born) {
		own[p] = true
	}
	is := maps.Clone(own)
	for _, list := range [][]sparse{t.Span, t.Secrets} {
		for _, s := range list {
			s.own(own)
		}
	}
	for i := range t.States {
		t.States[i].Rest.own(own)
	}
	mark := func(set [3]int, places []int) {
		if set[0] != setWithout {
			for _, p := range places {
				own[p] = true
			}
		}
	}
	for i := range t.Cells {
		t.Cells[i].Rest.own(own)
		mark(t.Cells[i].Set, t.within(t.Cells[i].Set, t.now))
	}
	var left []cell
	for _, set := range t.sets(before) {
		if places := t.within(set, before); slices.ContainsFunc(places, func(p int) bool { return is[p] }) {
			left = append(left, cell{Set: set, N: before.sum(places)})
			mark(set, places)
		}
	}
	for _, set := range t.sets(t.now) {
		if set[0] == setPlace {
			continue // a place of few answers that can be told is a row of the span
		}
		if places := t.within(set, t.now); t.few(distance(t.now.sum(places), nil)) {
			few = append(few, set)
			mark(set, places)
		}
	}
	t.layout = newLayout(len(t.domains), t.holders, own)
	for i := range t.Cells {
		t.Cells[i].rest = t.dense(t.Cells[i].Rest)
	}
	for i := range left {
		left[i].rest = t.of(left[i].Set, before)
	}
	t.Cells = append(t.Cells, left...)
	return few
}

// of is the vector of a set of places. Of a domain beside another that lies within it, it is the difference of the two.
func (t *turn) of(set [3]int, c *snapshot) vector {
	if set[0] == setWithout {
		v := t.unit(set[1])
		v.less(1, t.unit(set[2]))
		return v
	}
	return t.cells(t.within(set, c))
}

// conceal adds to the secrets those of today.
func (t *turn) conceal(few [][3]int) {
	old := t.secrets
	t.secrets = nil
	taken := map[string]bool{}
	add := func(v vector) {
		p := t.span.reduce(v)
		if p < 0 {
			return // it is known, and was when it was shown
		}
		v.scale(inverse(t.at(v, p)))
		if name := fmt.Sprint(t.sparse(v)); !taken[name] {
			taken[name] = true
			t.secrets = append(t.secrets, v)
		}
	}
	for _, v := range old {
		add(v)
	}
	for d, n := range t.total {
		if t.few(n) || n > 0 && t.sunk(d) {
			add(t.unit(d))
		}
	}
	for i := range t.States {
		s := &t.States[i]
		if s.To < t.epoch && t.few(s.distance(&state{N: t.n[s.Domain], Total: t.total[s.Domain]})) {
			v := t.unit(s.Domain)
			v.less(1, s.rest)
			add(v)
		}
	}
	for _, set := range few {
		add(t.of(set, t.now))
	}
	within := map[[3]int]bool{}
	for _, set := range t.sets(t.now) {
		within[set] = true
	}
	for i := range t.Cells {
		c := &t.Cells[i]
		if t.few(distance(c.N, nil)) {
			add(slices.Clone(c.rest))
		}
		if c.Set[0] == setWithout && !within[c.Set] || !t.few(distance(t.now.sum(t.within(c.Set, t.now)), c.N)) {
			continue
		}
		v := t.of(c.Set, t.now)
		v.less(1, c.rest)
		add(v)
	}
}

// sunk reports whether so many answers were taken back that the domain may be where it was when something was known of it that is
// forgotten.
func (t *turn) sunk(d int) bool {
	return d < len(t.Peaks) && t.Peaks[d] > 0 && t.total[d] < t.Peaks[d]+t.least
}

// count lists the answers by place and code.
func (t *turn) count(answers map[int]map[int]int) map[int][]int {
	var fresh []int
	for _, byCode := range answers {
		for code := range byCode {
			if !slices.Contains(t.Codes, code) && !slices.Contains(fresh, code) {
				fresh = append(fresh, code)
			}
		}
	}
	slices.Sort(fresh)
	t.Codes = append(t.Codes, fresh...)
	now := make(map[int][]int, len(answers))
	for p, byCode := range answers {
		n := make([]int, len(t.Codes))
		for code, x := range byCode {
			n[slices.Index(t.Codes, code)] = x
		}
		now[p] = n
	}
	return now
}

// remember keeps of what was known what holds of the places that did not change, drops the states that nothing to come can
// reveal, and opens a state for each domain whose answers are new. Span is left as the combinations that are known without anything new.
func (t *turn) remember(changed, born []int, touched []bool) {
	var known []vector
	for _, s := range t.Span {
		known = append(known, t.dense(s))
	}
	var hidden []int
	var rests []vector
	for i := range t.States {
		s := &t.States[i]
		if s.To == t.Epoch && !touched[s.Domain] {
			s.To = t.epoch
			if t.total[s.Domain] > 0 && !s.Known {
				s.Rest = sparse{{uint64(s.Domain), 1}}
			}
		}
		s.rest = t.zero()
		if !s.Known {
			hidden, rests = append(hidden, i), append(rests, t.dense(s.Rest))
		}
	}
	for _, v := range t.Secrets {
		rests = append(rests, t.dense(v))
	}
	cells := len(rests)
	for i := range t.Cells {
		rests = append(rests, t.Cells[i].rest)
	}
	kept, moved := t.vanishing(known, rests, changed)
	for _, p := range born {
		for _, v := range kept {
			t.clear(v, p)
		}
		for k, v := range rests {
			if moved[k] {
				t.clear(v, p)
			}
		}
	}
	t.secrets = nil
	for k := len(hidden); k < cells; k++ {
		if moved[k] {
			t.secrets = append(t.secrets, rests[k])
		}
	}
	var may []cell
	for i, c := range t.Cells {
		if moved[cells+i] {
			may = append(may, c)
		}
	}
	t.Cells = may
	t.Span = nil
	for _, v := range kept {
		t.Span = append(t.Span, t.sparse(v))
	}
	gone := map[int]bool{}
	for k, i := range hidden {
		t.States[i].rest = rests[k]
		gone[i] = !moved[k]
	}
	var states []state
	open := make([]bool, len(t.domains))
	for i, s := range t.States {
		if gone[i] {
			continue
		}
		states = append(states, s)
		open[s.Domain] = open[s.Domain] || s.To == t.epoch
	}
	for d := range t.domains {
		if !open[d] && t.total[d] > 0 {
			states = append(states, state{Domain: d, From: t.epoch, To: t.epoch, N: t.n[d], Total: t.total[d], rest: t.unit(d)})
		}
	}
	t.States = states
}

// lag is by how many answers a domain differs from what was last known of it, and whether anything was.
func (t *turn) lag(d int) (n int, ever bool) {
	last := t.latest(d)
	if last == nil {
		return t.total[d], false
	}
	return last.distance(&state{N: t.n[d], Total: t.total[d]}), true
}

// gone is how many of the answers that were last known of a domain are not there now.
func (t *turn) gone(d int) int {
	last := t.latest(d)
	switch {
	case last == nil:
		return 0
	case last.N == nil:
		return max(0, last.Total-t.total[d])
	}
	n := 0
	for k, x := range last.N {
		n += max(0, x-t.n[d][k])
	}
	return n
}

func (t *turn) latest(d int) *state {
	var last *state
	for i := range t.States {
		if s := &t.States[i]; s.Domain == d && s.Known && (last == nil || s.To > last.To) {
			last = s
		}
	}
	return last
}

// ready reports whether the domain, by itself, may be shown as it is: its answers are enough, and so are those of each
// change since something was known of it.
func (t *turn) ready(d int) bool {
	if t.total[d] < t.least || t.sunk(d) {
		return false
	}
	now := state{N: t.n[d], Total: t.total[d]}
	for i := range t.States {
		s := &t.States[i]
		if s.Domain == d && s.Known && t.few(s.distance(&now)) {
			return false
		}
	}
	return true
}

// few reports whether so many answers must not be told apart.
func (t *turn) few(n int) bool { return n > 0 && n < t.least }

// choose lets domains through, the largest first: one that is not ready, is held, or would with those before it make known what
// must not be, stays as it was. Nothing but counts decides.
func (t *turn) choose(held func(d int) bool) {
	var order []int
	for d := range t.domains {
		if t.domains[d].figure() && !t.same[d] && t.ready(d) && !held(d) {
			order = append(order, d)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(t.total[b], t.total[a]) })
	left, _ := t.remainders(false)
	for _, d := range order {
		v := t.unit(d)
		place := t.span.reduce(v)
		if place >= 0 {
			v.scale(inverse(t.at(v, place)))
			if t.span.exposes(v, place, t.least) ||
				slices.ContainsFunc(t.secrets, func(z vector) bool { return t.span.tells(v, place, z) }) {
				continue
			}
		}
		f := t.domains[d].family
		if f == familyWhole {
			all, fits := t.remainders(true)
			if !fits {
				continue
			}
			left = all
		} else {
			rest := left[f].without(t.known(d, true))
			if !rest.fits(t) {
				continue
			}
			left[f] = rest
		}
		t.advance[d] = true
		if place < 0 {
			continue
		}
		t.span.push(v, place)
		for i := range t.States {
			if s := &t.States[i]; !s.Known {
				if f := t.at(s.rest, place); f != 0 {
					s.rest.less(f, v)
					s.Known = t.span.first(s.rest) < 0
				}
			}
		}
		for _, z := range t.secrets {
			if f := t.at(z, place); f != 0 {
				z.less(f, v)
			}
		}
	}
}

// stretch is counts that held from one epoch to another. It is fresh when it was not known before this epoch.
type stretch struct {
	from, to int
	n        []int
	fresh    bool
}

// known lists what was known of a domain and, when it is let through or is the same as before, what it is now, which comes last: it may
// have been so for some epochs already.
func (t *turn) known(d int, through bool) []stretch {
	var out []stretch
	from := t.epoch
	for _, s := range t.States {
		if s.Domain != d || s.N == nil {
			continue
		}
		if s.To == t.epoch {
			from = s.From
		} else if s.Known {
			out = append(out, stretch{s.From, s.To, s.N, false})
		}
	}
	if through || t.same[d] {
		out = append(out, stretch{from, t.epoch, t.n[d], !t.same[d]})
	}
	return out
}

// remainder is what the parts of a family that are shown leave of the whole, now and whenever all of them were known.
type remainder []stretch

// without takes a part out.
func (r remainder) without(part []stretch) remainder {
	var out remainder
	for _, a := range r {
		for _, b := range part {
			from, to := max(a.from, b.from), min(a.to, b.to)
			if from > to {
				continue
			}
			n := make([]int, max(len(a.n), len(b.n)))
			copy(n, a.n)
			for k, x := range b.n {
				n[k] -= x
			}
			out = append(out, stretch{from, to, n, a.fresh || b.fresh})
		}
	}
	return out
}

// fits reports whether what is fresh of the remainder, and each change between it and any other, may be told.
func (r remainder) fits(t *turn) bool {
	for i, a := range r {
		if !a.fresh {
			continue
		}
		if t.few(distance(a.n, nil)) {
			return false
		}
		for j, b := range r {
			if i != j && t.few(distance(a.n, b.n)) {
				return false
			}
		}
	}
	return true
}

// remainders are what the parts that are known anyway leave of the whole, and whether that may be told. They are of the whole as it is now
// when it is let through.
func (t *turn) remainders(through bool) (map[family]remainder, bool) {
	out, fits := map[family]remainder{}, true
	for _, f := range []family{familyUnit, familyField, familyGroup} {
		r := remainder(t.known(0, through))
		for d := range t.domains {
			if t.domains[d].family == f && t.same[d] {
				r = r.without(t.known(d, false))
			}
		}
		out[f] = r
		fits = fits && r.fits(t)
	}
	return out, fits
}

// end closes the epoch: what is to be kept of it.
func (t *turn) end() {
	t.Span, t.Secrets, t.Epoch = nil, nil, t.epoch
	for _, z := range t.secrets {
		t.Secrets = append(t.Secrets, t.sparse(z))
	}
	for _, v := range t.span.rows {
		t.Span = append(t.Span, t.sparse(v))
	}
	latest := make([]int, len(t.domains))
	wholes := 0
	for _, s := range t.States {
		if s.Known {
			latest[s.Domain] = max(latest[s.Domain], s.To)
		}
		if s.Domain == 0 {
			wholes++
		}
	}
	t.Peaks = append(t.Peaks, make([]int, len(t.domains)-len(t.Peaks))...)
	t.States = slices.DeleteFunc(t.States, func(s state) bool {
		if s.To == t.epoch || s.Known && s.To == latest[s.Domain] {
			return false
		}
		forgotten := false
		if s.Domain == 0 && s.Known {
			wholes--
			forgotten = wholes > mostWhole
		} else {
			forgotten = (s.Known || s.Total >= t.least) && s.distance(&state{N: t.n[s.Domain], Total: t.total[s.Domain]}) > memorable*t.least
		}
		if forgotten {
			t.Peaks[s.Domain] = max(t.Peaks[s.Domain], s.Total)
		}
		return forgotten
	})
	t.Cells = slices.DeleteFunc(t.Cells, func(c cell) bool {
		return !t.few(distance(c.N, nil)) && distance(t.now.sum(t.within(c.Set, t.now)), c.N) > memorable*t.least
	})
	if more := len(t.Cells) - mostCells; more > 0 {
		t.Cells = t.Cells[more:]
	}
	for i := range t.Cells {
		t.Cells[i].Rest = t.sparse(t.Cells[i].rest)
	}
	for i := range t.States {
		s := &t.States[i]
		s.Rest = nil
		if !s.Known {
			s.Rest = t.sparse(s.rest)
		}
	}
}
