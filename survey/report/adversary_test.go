package report

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"sipas/survey"
)

// adversary keeps every figure that anybody was shown, at every moment, and knows the answers only to say afterward which of them a
// reader could have computed. Nothing of it is the suppressor's: places are labels, elimination is modulo another prime.
//
// An unknown is the answers to one item of one source at one place as long as they stayed the same: counts of answers are live, so
// a reader knows when nothing came.
type adversary struct {
	items  map[string]string // item of each indicator, by framework and node
	parts  map[string][]string
	topics map[string]*topic // by source and item
	shown  map[survey.FigureKey]string
	faults []string
	days   int
}

// topic is one item from one source.
type topic struct {
	where    map[string][3]string           // unit, field and group of a place
	answers  []map[string]map[int]int       // by epoch, place and code
	unknowns []map[string]int               // by epoch and place
	count    int                            // of unknowns
	seen     map[survey.Domain]map[int]bool // epochs of which a figure was shown
}

func newAdversary(frameworks []*survey.Framework) *adversary {
	a := &adversary{items: map[string]string{}, parts: map[string][]string{}, topics: map[string]*topic{}, shown: map[survey.FigureKey]string{}}
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

// day writes down what the answers are when a release is shown.
func (a *adversary) day(in *Input) {
	labels := map[survey.ClassID][3]string{}
	alone := func(s string) string {
		if s == "*" || strings.Contains(s, "|") {
			return ""
		}
		return s
	}
	for _, k := range in.Classes {
		labels[k.ID] = [3]string{alone(k.Labels[survey.DimUnit]), alone(k.Labels[survey.DimField]), alone(k.Labels[survey.DimFieldGroup])}
	}
	now := map[string]map[string]map[int]int{}
	where := map[string][3]string{}
	for _, r := range in.Responses {
		at := labels[r.Class]
		if r.Source == survey.WalkIn {
			at = [3]string{string(r.Unit), "", ""}
		}
		name := strings.Join(at[:], "/")
		where[name] = at
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
	return d == survey.Domain{} || d.Unit != "" && string(d.Unit) == at[0] || d.Unit == "" && (d.Field == at[1] || d.Field == at[2])
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

// look takes down what a release shows, and says what of it is new. Times are those of the adversary's days.
func (a *adversary) look(r *survey.Release) {
	epoch := a.days - 1
	note := func(format string, args ...any) { a.faults = append(a.faults, fmt.Sprintf(format, args...)) }
	type composite struct {
		key   survey.FigureKey
		items []string
	}
	var composites []composite
	for _, f := range r.Figures {
		if f.State == survey.StateWithheld || f.State == survey.StateNotComparable {
			continue
		}
		seen, err := json.Marshal([]any{f.Estimate, f.Shares})
		if err != nil {
			note("%s cannot be read: %v", f.FigureKey, err)
		}
		if a.shown[f.FigureKey] == string(seen) {
			continue
		}
		a.shown[f.FigureKey] = string(seen)
		name := f.Framework + "/" + f.Node
		if item := a.items[name]; item != "" && f.Basis != survey.BasisWithWalkIns {
			source := survey.Invited
			if f.Basis == survey.BasisWalkIns {
				source = survey.WalkIn
			}
			t := a.topics[string(source)+"/"+item]
			if n := total(t.tally(f.Domain, epoch)); n != f.Estimate.N {
				note("%s is new, but says %d answers where there are %d", f.FigureKey, f.Estimate.N, n)
			}
			t.see(f.Domain, epoch)
			continue
		}
		composites = append(composites, composite{f.FigureKey, a.parts[name]})
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
		seen, _ := json.Marshal([]any{f.Figure.Estimate, f.Figure.Shares})
		if f.State != survey.FlagTooFew && a.shown[f.Figure.FigureKey] != string(seen) {
			note("a flag shows another %s than the page", f.Figure.FigureKey)
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

// recovered lists the cells under the minimum that follow from what was shown: the answers of a domain, or those by which two moments
// of it differ.
func (t *topic) recovered(domains []survey.Domain, least int) (found []string) {
	rows, pivot := t.solve()
	for _, d := range domains {
		type moment struct {
			epoch int
			n     map[int]int
			rest  string
			zero  bool
		}
		var moments []moment
		for e := range t.answers {
			row := t.row(d, e)
			t.reduce(row, rows, pivot)
			m := moment{epoch: e, n: t.tally(d, e), rest: fmt.Sprint(row), zero: !slices.ContainsFunc(row, func(x int64) bool { return x != 0 })}
			if n := total(m.n); m.zero && n > 0 && n < least {
				found = append(found, fmt.Sprintf("%v at %d: %d answers", d, e, n))
			}
			for _, o := range moments {
				if o.rest != m.rest {
					continue
				}
				apart := 0
				for code := range 10 {
					apart += max(m.n[code]-o.n[code], o.n[code]-m.n[code])
				}
				if apart > 0 && apart < least {
					found = append(found, fmt.Sprintf("%v from %d to %d: %d answers", d, o.epoch, e, apart))
				}
			}
			moments = append(moments, m)
		}
	}
	return found
}

// recovered gathers the findings on some items.
func (a *adversary) recovered(in *Input, items []string, least int) []string {
	var domains []survey.Domain
	for _, d := range domainsOf(in) {
		domains = append(domains, d.Domain)
	}
	found := slices.Clone(a.faults)
	for _, item := range items {
		for _, source := range []survey.Source{survey.Invited, survey.WalkIn} {
			if t := a.topics[string(source)+"/"+item]; t != nil {
				for _, f := range t.recovered(domains, least) {
					found = append(found, string(source)+" "+item+" "+f)
				}
			}
		}
	}
	return found
}

// smallWave streams the answers of a wave with small units and fields: single ones and batches, withdrawals and corrections. show is
// called after every step.
func smallWave(t *testing.T, seed uint64, steps int, show func(step int, in *Input)) *Input {
	w := newWorld(t, setting{units: 5, cases: 1500, seed: seed, bare: true, answer: func(late bool) float64 { return 0.7 },
		satisfied: func(unit int, _ bool, _ string) float64 { return 0.9 - 0.15*float64(unit) }})
	w.draw(t, 0.6, seed)
	w.walkIn(150, seed)
	rng := rand.New(rand.NewPCG(seed, 3))
	all := w.in.Responses
	rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	w.in.Responses = nil
	for step := range steps {
		rs := slices.Clone(w.in.Responses)
		batch := 1 + rng.IntN(3)
		switch x := rng.Float64(); {
		case x < 0.15 && len(rs) > 20:
			i := rng.IntN(len(rs))
			rs = slices.Delete(rs, i, i+1)
		case x < 0.3 && len(rs) > 20:
			i := rng.IntN(len(rs))
			answers := map[string]int{}
			for item, code := range rs[i].Answers {
				answers[item] = max(0, code-1)
			}
			rs[i].Answers = answers
		case x < 0.4:
			batch = 30
		case x < 0.5:
			batch = 10
		}
		k := min(batch, len(all))
		rs, all = append(rs, all[:k]...), all[k:]
		w.in.Responses = rs
		show(step, w.in)
	}
	return w.in
}

// watched lets the adversary see every release of a small wave: live pages after every step, and publications. forget makes the
// program forget what it has shown.
func watched(t *testing.T, seed uint64, steps int, forget bool) (*adversary, *Input) {
	var m *memory
	var a *adversary
	in := smallWave(t, seed, steps, func(step int, in *Input) {
		if m == nil {
			m, a = &memory{in: in, waves: []*survey.Wave{in.Wave}, releases: map[string]*survey.Release{}}, newAdversary(in.Frameworks)
		}
		a.day(in)
		loaded := *in
		if err := loaded.loadShown(context.Background(), m); err != nil {
			t.Fatal(err)
		}
		loaded.MadeAt = noon.Add(time.Duration(step) * time.Hour)
		compute := Compute
		if step%17 == 16 {
			compute = Publish
		}
		r, _, err := compute(context.Background(), &loaded, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !forget {
			if err := m.SaveRelease(context.Background(), survey.CommandLine(), r); err != nil {
				t.Fatal(err)
			}
		}
		a.look(r)
	})
	return a, in
}

var adversaryItems = []string{"s24", "s30", "s39"}

// Whoever keeps every page, live and published, and adds and subtracts whatever was on it, finds no cell of fewer answers than the rule.
func TestAdversary(t *testing.T) {
	for seed := range uint64(2) {
		a, in := watched(t, 900+seed, 60, false)
		for _, f := range a.recovered(in, adversaryItems, 15) {
			t.Errorf("seed %d: %s", seed, f)
		}
		late := 0
		for _, topic := range a.topics {
			for _, epochs := range topic.seen {
				for e := range epochs {
					if e > 20 {
						late++
					}
				}
			}
		}
		if late < 100 {
			t.Errorf("seed %d: only %d figures advanced in the second half: nothing could be told", seed, late)
		}
	}
}

// The adversary is no fool: where releases do not remember each other, and where only what is small is withheld, it finds plenty.
func TestAdversaryFinds(t *testing.T) {
	a, in := watched(t, 900, 25, true)
	a.faults = nil
	if found := a.recovered(in, adversaryItems[:1], 15); len(found) < 10 {
		t.Errorf("releases by themselves: %d cells", len(found))
	}
	found := 0
	smallWave(t, 900, 60, func(_ int, in *Input) {
		b := newAdversary(in.Frameworks)
		b.day(in)
		for _, topic := range b.topics {
			for _, d := range domainsOf(in) {
				if total(topic.tally(d.Domain, 0)) >= 15 {
					topic.see(d.Domain, 0)
				}
			}
		}
		found += len(b.recovered(in, adversaryItems, 15))
	})
	if found < 10 {
		t.Errorf("all figures of fifteen answers: %d cells", found)
	}
}
