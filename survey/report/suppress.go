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
	span    span
	free    int // rows of the span that count nothing anywhere
	secrets []vector
	same    []bool
	advance []bool
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
	var changed, live, lived [][]int
	touched := make([]bool, size)
	t.n, t.total, t.same, t.advance = make([][]int, size), make([]int, size), make([]bool, size), make([]bool, size)
	for d := range t.n {
		t.n[d] = make([]int, len(t.Codes))
	}
	t.Atoms = nil
	for _, p := range places {
		h := t.holders[p]
		if distance(now[p], before[p]) > 0 {
			changed = append(changed, h)
			for _, d := range h {
				touched[d] = true
			}
		}
		if before[p] != nil {
			lived = append(lived, h)
		}
		if now[p] == nil {
			continue
		}
		live = append(live, h)
		t.Atoms = append(t.Atoms, atom{Place: p, N: now[p]})
		for _, d := range h {
			for k, n := range now[p] {
				t.n[d][k] += n
				t.total[d] += n
			}
		}
	}
	known, _ := vanishing(units(size), nil, lived)
	for _, s := range t.Span {
		known = append(known, s.dense(size))
	}
	t.remember(known, changed, touched)
	t.span = span{}
	nothing, _ := vanishing(units(size), nil, live)
	for _, v := range nothing {
		t.span.add(v)
	}
	t.free = len(t.span.rows)
	for _, v := range t.Span {
		t.span.add(v.dense(size))
	}
	for i := range t.States {
		s := &t.States[i]
		if !s.Known {
			t.span.reduce(s.rest)
			s.Known = s.rest.pivot() < 0
		}
		if s.Known && s.To == t.epoch {
			t.same[s.Domain] = true
		}
	}
	t.conceal()
}

// conceal adds to the secrets those of today.
func (t *turn) conceal() {
	size := len(t.domains)
	old := t.secrets
	t.secrets = nil
	taken := map[string]bool{}
	add := func(v vector) {
		t.span.reduce(v)
		p := v.pivot()
		if p < 0 {
			return // it is known, and was when it was shown
		}
		v.scale(inverse(v[p]))
		if name := fmt.Sprint(v.sparse()); !taken[name] {
			taken[name] = true
			t.secrets = append(t.secrets, v)
		}
	}
	for _, v := range old {
		add(v)
	}
	for d, n := range t.total {
		if t.few(n) {
			add(unit(d, size))
		}
	}
	for i := range t.States {
		s := &t.States[i]
		if s.To < t.epoch && t.few(s.distance(&state{N: t.n[s.Domain], Total: t.total[s.Domain]})) {
			v := unit(s.Domain, size)
			v.less(1, s.rest)
			add(v)
		}
	}
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
func (t *turn) remember(known []vector, changed [][]int, touched []bool) {
	size := len(t.domains)
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
		s.rest = make(vector, size)
		if !s.Known {
			hidden, rests = append(hidden, i), append(rests, s.Rest.dense(size))
		}
	}
	for _, v := range t.Secrets {
		rests = append(rests, v.dense(size))
	}
	kept, moved := vanishing(known, rests, changed)
	t.secrets = nil
	for k := len(hidden); k < len(rests); k++ {
		if moved[k] {
			t.secrets = append(t.secrets, rests[k])
		}
	}
	t.Span = nil
	for _, v := range kept {
		t.Span = append(t.Span, v.sparse())
	}
	gone := map[int]bool{}
	for k, i := range hidden {
		t.States[i].rest = rests[k]
		gone[i] = !moved[k]
	}
	var states []state
	open := make([]bool, size)
	for i, s := range t.States {
		if gone[i] {
			continue
		}
		states = append(states, s)
		open[s.Domain] = open[s.Domain] || s.To == t.epoch
	}
	for d := range t.domains {
		if !open[d] && t.total[d] > 0 {
			states = append(states, state{Domain: d, From: t.epoch, To: t.epoch, N: t.n[d], Total: t.total[d], rest: unit(d, size)})
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
	if t.total[d] < t.least {
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
		if !t.same[d] && t.ready(d) && !held(d) {
			order = append(order, d)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(t.total[b], t.total[a]) })
	var left map[family]remainder
	if t.same[0] {
		left, _ = t.remainders()
	}
	for _, d := range order {
		v := unit(d, len(t.domains))
		t.span.reduce(v)
		fits := !t.tells(v)
		if !fits {
			continue
		}
		f := t.domains[d].family
		switch {
		case f == familyWhole:
			if left, fits = t.remainders(); !fits {
				left = nil
				continue
			}
		case left != nil:
			rest := left[f].without(t.known(d))
			if !rest.fits(t) {
				continue
			}
			left[f] = rest
		}
		t.advance[d] = true
		if v.pivot() < 0 {
			continue
		}
		t.span.push(v)
		p := v.pivot()
		for i := range t.States {
			if s := &t.States[i]; s.rest[p] != 0 {
				s.rest.less(s.rest[p], v)
				s.Known = s.rest.pivot() < 0
			}
		}
		for _, z := range t.secrets {
			if z[p] != 0 {
				z.less(z[p], v)
			}
		}
	}
}

// tells reports whether adding v, which is reduced, to what is known would tell a secret: only a multiple of it can.
func (t *turn) tells(v vector) bool {
	p := v.pivot()
	if p < 0 {
		return false
	}
	one := inverse(v[p])
	return slices.ContainsFunc(t.secrets, func(z vector) bool {
		f := z[p] * one % modulus
		if f == 0 {
			return false
		}
		for j, x := range v {
			if x*f%modulus != z[j] {
				return false
			}
		}
		return true
	})
}

// stretch is counts that held from one epoch to another.
type stretch struct {
	from, to int
	n        []int
}

// known lists what was known of a domain, and what it is now, which comes last.
func (t *turn) known(d int) []stretch {
	var out []stretch
	for _, s := range t.States {
		if s.Domain == d && s.Known && s.N != nil && s.To < t.epoch {
			out = append(out, stretch{s.From, s.To, s.N})
		}
	}
	from := t.epoch
	for _, s := range t.States {
		if s.Domain == d && s.Known && s.To == t.epoch {
			from = s.From
		}
	}
	return append(out, stretch{from, t.epoch, t.n[d]})
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
			out = append(out, stretch{from, to, n})
		}
	}
	return out
}

// fits reports whether the remainder, and each change of it, may be told.
func (r remainder) fits(t *turn) bool {
	for i, a := range r {
		if a.to != t.epoch {
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

// remainders are what the parts that are known anyway leave of the whole, and whether that may be told.
func (t *turn) remainders() (map[family]remainder, bool) {
	out, fits := map[family]remainder{}, true
	for _, f := range []family{familyUnit, familyField, familyGroup} {
		r := remainder(t.known(0))
		for d := range t.domains {
			if t.domains[d].family == f && t.same[d] {
				r = r.without(t.known(d))
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
		t.Secrets = append(t.Secrets, z.sparse())
	}
	for _, v := range t.span.rows[t.free:] {
		t.Span = append(t.Span, v.sparse())
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
	t.States = slices.DeleteFunc(t.States, func(s state) bool {
		if s.To == t.epoch || s.Known && s.To == latest[s.Domain] {
			return false
		}
		if s.Domain == 0 && s.Known {
			wholes--
			return wholes > mostWhole
		}
		return (s.Known || s.Total >= t.least) && s.distance(&state{N: t.n[s.Domain], Total: t.total[s.Domain]}) > memorable*t.least
	})
	for i := range t.States {
		s := &t.States[i]
		s.Rest = nil
		if !s.Known {
			s.Rest = s.rest.sparse()
		}
	}
}
