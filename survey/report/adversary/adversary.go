// Package adversary is for tests: somebody who keeps everything that is shown of a wave and tries to take it apart. It imports nothing of what
// protects the figures.
package adversary

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"sipas/survey"
)

// Adversary keeps every figure that anybody was shown, at every moment, and knows the answers only to say afterward which of them a
// reader could have computed. Nothing of it is the suppressor's: places are labels, elimination is modulo another prime.
//
// An unknown is the answers to one item of one source at one place as long as they stayed the same: counts of answers are live, so
// a reader knows when nothing came.
type Adversary struct {
	items  map[string]string // item of each indicator, by framework and node
	parts  map[string][]string
	topics map[string]*topic // by source and item
	shown  map[survey.FigureKey]told
	faults []string
	days   int

	domains map[survey.Domain]bool
}

// told is a figure as it was last heard of: by its numbers, which every table of single figures has, and by its shares, which few have.
type told struct{ numbers, shares string }

func tell(f *survey.Figure) told {
	e := f.Estimate
	t := told{numbers: fmt.Sprintf("%d %.9g", e.N, []float64{e.Value, e.SE, e.Interval.Low, e.Interval.High, e.EffectiveN, e.DF})}
	if len(f.Shares) > 0 {
		t.shares = fmt.Sprint(f.Shares)
	}
	return t
}

// hears takes a figure down and reports whether it is another than before. A table without shares says nothing of them.
func (a *Adversary) hears(f *survey.Figure) bool {
	now, before := tell(f), a.shown[f.FigureKey]
	if now.numbers == before.numbers && (now.shares == "" || now.shares == before.shares) {
		return false
	}
	a.shown[f.FigureKey] = now
	return true
}

// topic is one item from one source.
type topic struct {
	where    map[string][3]string           // unit, field and group of a place
	answers  []map[string]map[int]int       // by epoch, place and code
	unknowns []map[string]int               // by epoch and place
	count    int                            // of unknowns
	seen     map[survey.Domain]map[int]bool // epochs of which a figure was shown
}

// New is somebody who knows the frameworks that a wave is scored by, as everybody does.
func New(frameworks []*survey.Framework) *Adversary {
	a := &Adversary{items: map[string]string{}, parts: map[string][]string{}, topics: map[string]*topic{}, shown: map[survey.FigureKey]told{}}
	for _, f := range frameworks {
		f.Walk(func(n *survey.Node, _ []*survey.Node) {
			for _, l := range n.Leaves() {
				if l.Value.Item == "" {
					continue
				}
				key := f.ID + "/" + n.Code
				a.parts[key] = append(a.parts[key], l.Value.Item)
				if len(n.Children) == 0 {
					a.items[key] = l.Value.Item
				}
			}
		})
	}
	return a
}

// Day writes down what the answers of respondents are when something is shown: to judge with, not to compute from.
func (a *Adversary) Day(classes []survey.Class, responses []survey.Response) {
	labels := map[survey.ClassID][3]string{}
	alone := func(s string) string {
		if s == "*" || strings.Contains(s, "|") {
			return ""
		}
		return s
	}
	for _, k := range classes {
		labels[k.ID] = [3]string{alone(k.Labels[survey.DimUnit]), alone(k.Labels[survey.DimField]), alone(k.Labels[survey.DimFieldGroup])}
	}
	a.domains = map[survey.Domain]bool{{}: true}
	now := map[string]map[string]map[int]int{}
	where := map[string][3]string{}
	for _, r := range responses {
		at := labels[r.Class]
		if r.Source == survey.WalkIn {
			at = [3]string{string(r.Unit), "", ""}
		}
		name := strings.Join(at[:], "/")
		where[name] = at
		a.domains[survey.Domain{Unit: survey.UnitID(at[0])}] = true
		a.domains[survey.Domain{Field: at[1]}] = true
		a.domains[survey.Domain{Field: at[2]}] = true
		for item, code := range r.Answers {
			key := string(r.Source) + "/" + item
			if code < 0 {
				continue
			}
			if now[key] == nil {
				now[key] = map[string]map[int]int{}
			}
			if now[key][name] == nil {
				now[key][name] = map[int]int{}
			}
			now[key][name][code]++
		}
	}
	for key := range now {
		if a.topics[key] == nil {
			t := &topic{where: map[string][3]string{}, seen: map[survey.Domain]map[int]bool{}}
			for range a.days {
				t.day(nil)
			}
			a.topics[key] = t
		}
	}
	for key, t := range a.topics {
		for name := range now[key] {
			t.where[name] = where[name]
		}
		t.day(now[key])
	}
	a.days++
}

func (t *topic) day(now map[string]map[int]int) {
	unknowns := map[string]int{}
	for name, n := range now {
		if last := len(t.answers) - 1; last >= 0 && fmt.Sprint(t.answers[last][name]) == fmt.Sprint(n) {
			unknowns[name] = t.unknowns[last][name]
			continue
		}
		unknowns[name] = t.count
		t.count++
	}
	t.answers, t.unknowns = append(t.answers, now), append(t.unknowns, unknowns)
}

func (t *topic) holds(d survey.Domain, name string) bool {
	at := t.where[name]
	return d == (survey.Domain{}) || d.Unit != "" && string(d.Unit) == at[0] || d.Unit == "" && (d.Field == at[1] || d.Field == at[2])
}

// count is the answers of a domain at an epoch, by code.
func (t *topic) tally(d survey.Domain, epoch int) map[int]int {
	out := map[int]int{}
	for name, n := range t.answers[epoch] {
		if t.holds(d, name) {
			for code, x := range n {
				out[code] += x
			}
		}
	}
	return out
}

// Look takes down what is shown of the last day: a release, or as much of one as a file holds. A figure of both sources is taken for a sum
// of each, because the other's own figure takes it apart.
func (a *Adversary) Look(r *survey.Release) {
	epoch := a.days - 1
	note := func(format string, args ...any) { a.faults = append(a.faults, fmt.Sprintf(format, args...)) }
	type composite struct {
		key   survey.FigureKey
		items []string
	}
	var composites []composite
	for i := range r.Figures {
		f := &r.Figures[i]
		if f.State == survey.StateWithheld || f.State == survey.StateNotComparable || !a.hears(f) {
			continue
		}
		name := f.Framework + "/" + f.Node
		item := a.items[name]
		if item == "" || f.Basis == survey.BasisWithWalkIns {
			composites = append(composites, composite{f.FigureKey, a.parts[name]})
		}
		if item == "" {
			continue
		}
		n := 0
		for source, basis := range map[survey.Source]survey.Basis{survey.Invited: survey.BasisInvited, survey.WalkIn: survey.BasisWalkIns} {
			t := a.topics[string(source)+"/"+item]
			if t == nil || f.Basis != basis && f.Basis != survey.BasisWithWalkIns {
				continue
			}
			n += total(t.tally(f.Domain, epoch))
			t.see(f.Domain, epoch)
		}
		if n != f.Estimate.N {
			note("%s is new, but says %d answers where there are %d", f.FigureKey, f.Estimate.N, n)
		}
	}
	// A composite, or a figure of both sources, is a function of the figures below it: it must not be newer than any of them.
	for _, c := range composites {
		for _, item := range c.items {
			for _, source := range []survey.Source{survey.Invited, survey.WalkIn} {
				t := a.topics[string(source)+"/"+item]
				if t == nil || c.key.Basis == survey.BasisInvited && source == survey.WalkIn || c.key.Basis == survey.BasisWalkIns && source == survey.Invited {
					continue
				}
				if !t.current(c.key.Domain, epoch) {
					note("%s tells of answers to %s that its own figure does not show", c.key, item)
				}
			}
		}
	}
	for _, f := range r.Flags {
		switch {
		case f.State != survey.FlagTooFew && a.shown[f.Figure.FigureKey] != tell(&f.Figure):
			note("a flag shows another %s than the page", f.Figure.FigureKey)
		case f.State == survey.FlagTooFew && (len(f.Reasons) > 0 || f.Gain != 0 || f.Derived != 0 || f.Priority != 0):
			note("a flag tells of %s, which has too few answers", f.Figure.FigureKey)
		}
		for _, reason := range f.Reasons {
			mean, has := reason.Evidence["peers_mean"]
			if !has {
				continue
			}
			sum, n := 0.0, 0.0
			for _, o := range r.Figures {
				k, peer := f.Figure.FigureKey, o.FigureKey
				k.Domain, peer.Domain = survey.Domain{}, survey.Domain{}
				if k == peer && o.Domain.Unit != "" && o.Domain != f.Figure.Domain && o.State == r.State && strings.HasPrefix(string(o.Domain.Unit), "u000") == strings.HasPrefix(string(f.Figure.Domain.Unit), "u000") {
					sum, n = sum+o.Estimate.Value, n+1
				}
			}
			if math.Abs(sum/n-mean) > 1e-6 {
				note("the mean of the peers of %s is %v, of those shown it is %v", f.Figure.FigureKey, mean, sum/n)
			}
		}
	}
}

func (t *topic) see(d survey.Domain, epoch int) {
	if t.seen[d] == nil {
		t.seen[d] = map[int]bool{}
	}
	t.seen[d][epoch] = true
}

// current reports whether a figure was shown of just these answers.
func (t *topic) current(d survey.Domain, epoch int) bool {
	now := t.tally(d, epoch)
	for e := range t.seen[d] {
		if fmt.Sprint(t.tally(d, e)) == fmt.Sprint(now) {
			return true
		}
	}
	return total(now) == 0
}

func total(n map[int]int) int {
	sum := 0
	for _, x := range n {
		sum += x
	}
	return sum
}

const adversaryPrime = 998_244_353

type equation []int64

// row is the unknowns of a domain at an epoch.
func (t *topic) row(d survey.Domain, epoch int) equation {
	row := make(equation, t.count)
	for name, i := range t.unknowns[epoch] {
		if t.holds(d, name) {
			row[i] = 1
		}
	}
	return row
}

func power(x, e int64) int64 {
	out := int64(1)
	for ; e > 0; e >>= 1 {
		if e&1 == 1 {
			out = out * x % adversaryPrime
		}
		x = x * x % adversaryPrime
	}
	return out
}

// solve brings all equations into the form in which each row has a one where all others have a zero.
func (t *topic) solve() (rows []equation, pivot map[int]int) {
	pivot = map[int]int{}
	for d, epochs := range t.seen {
		for e := range epochs {
			row := t.row(d, e)
			t.reduce(row, rows, pivot)
			at := slices.IndexFunc(row, func(x int64) bool { return x != 0 })
			if at < 0 {
				continue
			}
			inv := power(row[at], adversaryPrime-2)
			for i := range row {
				row[i] = row[i] * inv % adversaryPrime
			}
			for _, o := range rows {
				if f := o[at]; f != 0 {
					for i, x := range row {
						o[i] = ((o[i]-f*x)%adversaryPrime + adversaryPrime) % adversaryPrime
					}
				}
			}
			pivot[at] = len(rows)
			rows = append(rows, row)
		}
	}
	return rows, pivot
}

func (t *topic) reduce(row equation, rows []equation, pivot map[int]int) {
	for at := range row {
		r, has := pivot[at]
		if f := row[at]; has && f != 0 {
			for i, x := range rows[r] {
				if x != 0 {
					row[i] = ((row[i]-f*x)%adversaryPrime + adversaryPrime) % adversaryPrime
				}
			}
		}
	}
}

// part is answers that must not be told where they are few: a set of places.
type part struct {
	name   string
	places map[string]bool
	left   bool // it is what one leaves of another: no cell, and looked for at each moment only
}

// parts lists what the secrets are about, from labels alone: every cell of unit, field and group, as fine as it is known and summed over
// each of the three, with the empty label, which is what is pooled, as a label like the others; and what any such part leaves of any other.
func (t *topic) parts() []part {
	var all []part
	taken := map[string]bool{}
	add := func(name string, places map[string]bool, left bool) {
		key := fmt.Sprint(places) // maps are printed in order of their keys
		if len(places) > 0 && !taken[key] {
			taken[key] = true
			all = append(all, part{name, places, left})
		}
	}
	for seen := range 8 { // which of the three labels a part is by; none is the whole
		by := map[string]map[string]bool{}
		for name, at := range t.where {
			for k := range at {
				if seen>>k&1 == 0 {
					at[k] = "·"
				}
			}
			key := strings.Join(at[:], "/")
			if by[key] == nil {
				by[key] = map[string]bool{}
			}
			by[key][name] = true
		}
		for _, key := range slices.Sorted(maps.Keys(by)) {
			add(key, by[key], false)
		}
	}
	single := len(all)
	for i := range single {
		for j := range single {
			left := maps.Clone(all[i].places)
			maps.DeleteFunc(left, func(name string, _ bool) bool { return all[j].places[name] })
			add(all[i].name+" without "+all[j].name, left, true)
		}
	}
	return all
}

func (p *part) tally(answers map[string]map[int]int) map[int]int {
	out := map[int]int{}
	for name := range p.places {
		for code, x := range answers[name] {
			out[code] += x
		}
	}
	return out
}

// recovered lists the parts under the minimum that follow from what was shown: the answers of a part, or those by which two moments
// of it differ.
func (t *topic) recovered(least int) (found []string) {
	rows, pivot := t.solve()
	type moment struct {
		n    map[int]int
		rest string
	}
	for _, p := range t.parts() {
		var moments []moment
		for e := range t.answers {
			row := make(equation, t.count)
			for name := range p.places {
				if i, lives := t.unknowns[e][name]; lives {
					row[i] = 1
				}
			}
			t.reduce(row, rows, pivot)
			m := moment{n: p.tally(t.answers[e]), rest: fmt.Sprint(row)}
			if n := total(m.n); n > 0 && n < least && !slices.ContainsFunc(row, func(x int64) bool { return x != 0 }) {
				found = append(found, fmt.Sprintf("%s at %d: %d answers", p.name, e, n))
			}
			for before, o := range moments {
				if o.rest != m.rest {
					continue
				}
				if n := apart(o.n, m.n); n > 0 && n < least && !p.left {
					found = append(found, fmt.Sprintf("%s from %d to %d: %d answers", p.name, before, e, n))
				}
			}
			moments = append(moments, m)
		}
	}
	return found
}

func apart(a, b map[int]int) int {
	sum := 0
	for code, n := range a {
		sum += max(n-b[code], b[code]-n)
	}
	for code, n := range b {
		if _, both := a[code]; !both {
			sum += n
		}
	}
	return sum
}

// LookAtAll takes down a figure of every domain that has enough answers by itself: what a program shows that knows of no complement.
func (a *Adversary) LookAtAll(least int) {
	for _, t := range a.topics {
		for d := range a.domains {
			if total(t.tally(d, a.days-1)) >= least {
				t.see(d, a.days-1)
			}
		}
	}
}

// Advanced counts the figures of indicators that were new on a day or later.
func (a *Adversary) Advanced(from int) int {
	n := 0
	for _, t := range a.topics {
		for _, epochs := range t.seen {
			for e := range epochs {
				if e >= from {
					n++
				}
			}
		}
	}
	return n
}

// Faults are the figures that told of answers by another way than as a sum: a composite newer than its items, a flag of peers that were
// not shown.
func (a *Adversary) Faults() []string { return a.faults }

// Recovered lists the cells of fewer answers than least that follow from what was shown of the items: at any moment, and from one to another.
func (a *Adversary) Recovered(items []string, least int) []string {
	var found []string
	for _, item := range items {
		for _, source := range []survey.Source{survey.Invited, survey.WalkIn} {
			if t := a.topics[string(source)+"/"+item]; t != nil {
				for _, f := range t.recovered(least) {
					found = append(found, string(source)+" "+item+" "+f)
				}
			}
		}
	}
	return found
}
