package design

import (
	"fmt"
	"slices"
	"strings"
)

// Lonely says what a stratum with a single sampled unit contributes to the
// variance when it is not a certainty (its fraction is below one). There is no
// global setting: the policy is a field of the design and LonelyFail its zero value.
type Lonely uint8

const (
	// LonelyFail refuses the design: New returns a *LonelyError naming the strata of all stages.
	LonelyFail Lonely = iota
	// LonelyRemove lets the stratum contribute nothing.
	LonelyRemove
	// LonelyCertainty treats the unit as selected with certainty: it contributes
	// nothing either, and is stated apart because the reason is another.
	LonelyCertainty
	// LonelyAdjust centers the unit at the mean of all units of its level.
	LonelyAdjust
	// LonelyAverage lets the stratum contribute the mean of the other strata.
	LonelyAverage
	// LonelyCollapse joins the stratum with a neighbor and treats the two as one stratum, as if
	// it had been drawn so (Wolter 2007, section 2.5). The estimator is then too large, on average, by the
	// difference of the two strata: neighbors should be alike. Spec.Collapse chooses the neighbor; otherwise it is the
	// next stratum in sorted order which is not a certainty, or the one before where there is none after.
	// Joined strata share the sum of their population sizes. Design.Collapses tells what was joined.
	LonelyCollapse
)

// Collapse tells which strata were joined into one, and why.
type Collapse struct {
	Stage  int      // 1 for primary units
	Strata []string // all that were joined, sorted as the design sorts them
	Lonely []string // those among them that had a single unit, the reason
}

func (c Collapse) String() string {
	have := "has"
	if len(c.Lonely) > 1 {
		have = "have"
	}

	return fmt.Sprintf("stage %d: strata %s were joined, because %s %s a single unit",
		c.Stage, strings.Join(c.Strata, ", "), strings.Join(c.Lonely, ", "), have)
}

// Collapses returns the strata that LonelyCollapse joined, in order of stages and strata.
func (d *Design) Collapses() []Collapse { return slices.Clone(d.collapses) }

// isLonely reports whether the stratum's variance cannot be estimated from its own units.
func (st *stratum) isLonely() bool {
	return st.counted == 1 && st.f < 1 && st.above != 0
}

// collapse finds the groups of strata which are to be one: of each stratum, the first of its group. No group has strata of two
// parents.
func (b *builder) collapse(lv *level) (group []int, err error) {
	group = make([]int, len(lv.strata))
	units := make([]int, len(lv.strata)) // of each group, by its first stratum
	for g := range group {
		group[g] = g
		units[g] = lv.strata[g].counted
	}
	chosen, err := b.chosen(lv)
	if err != nil {
		return nil, err
	}
	first := func(g int) int {
		for group[g] != g {
			group[g] = group[group[g]]
			g = group[g]
		}
		return g
	}
	join := func(g, h int) {
		a, z := min(first(g), first(h)), max(first(g), first(h))
		if a != z {
			units[a] += units[z]
			group[z] = a
		}
	}

	for g := range lv.strata {
		if !lv.strata[g].isLonely() || units[first(g)] > 1 {
			continue
		}
		if h, ok := chosen[g]; ok {
			join(g, h)
		} else if h := neighbor(lv.strata, g); h >= 0 {
			join(g, h)
		}
	}
	for g := range group {
		group[g] = first(g)
	}
	b.logCollapses(lv, group)

	return group, nil
}

// neighbor is the next stratum of the same parent which is not a certainty, or the one before, or -1.
func neighbor(strata []stratum, g int) int {
	for h := g + 1; h < len(strata) && strata[h].parent == strata[g].parent; h++ {
		if strata[h].f < 1 && strata[h].counted > 0 {
			return h
		}
	}
	for h := g - 1; h >= 0 && strata[h].parent == strata[g].parent; h-- {
		if strata[h].f < 1 && strata[h].counted > 0 {
			return h
		}
	}

	return -1
}

// chosen reads the map of Spec.Collapse, which names strata of the first stage: of a stratum, the one to join.
func (b *builder) chosen(lv *level) (map[int]int, error) {
	out := make(map[int]int)
	if b.stage != 0 || len(b.spec.Collapse) == 0 {
		return out, nil
	}
	at := make(map[string]int, len(lv.strata))
	for g := range lv.strata {
		at[b.name(lv.strata[g].row)] = g
	}
	names := make([]string, 0, len(b.spec.Collapse))
	for from := range b.spec.Collapse {
		names = append(names, from)
	}
	slices.Sort(names) // so that the same error comes back every time

	for _, from := range names {
		to := b.spec.Collapse[from]
		g, okFrom := at[from]
		h, okTo := at[to]

		switch {
		case !okFrom:
			return nil, &InputError{Field: "collapse", Row: -1, Reason: fmt.Sprintf("there is no stratum %s", from)}
		case !okTo:
			return nil, &InputError{Field: "collapse", Row: -1, Reason: fmt.Sprintf("there is no stratum %s for %s to join", to, from)}
		case g == h:
			return nil, &InputError{Field: "collapse", Row: -1, Reason: fmt.Sprintf("stratum %s cannot join itself", from)}
		case lv.strata[h].f >= 1 || lv.strata[h].counted == 0:
			return nil, &InputError{Field: "collapse", Row: -1, Reason: fmt.Sprintf("stratum %s cannot join %s, which was taken with certainty", from, to)}
		}
		out[g] = h
	}

	return out, nil
}

func (b *builder) logCollapses(lv *level, group []int) {
	at := make(map[int]int)
	var log []Collapse

	for g, first := range group {
		i, ok := at[first]
		if !ok {
			i = len(log)
			at[first] = i
			log = append(log, Collapse{Stage: b.stage + 1})
		}
		name := b.name(lv.strata[g].row)
		log[i].Strata = append(log[i].Strata, name)
		if lv.strata[g].isLonely() {
			log[i].Lonely = append(log[i].Lonely, name)
		}
	}

	for _, c := range log {
		if len(c.Strata) > 1 {
			b.d.collapses = append(b.d.collapses, c)
		}
	}
}

// settleLonely applies the design's policy to the strata whose variance cannot be estimated from their own units.
// The strata that it cannot be applied to are returned by name.
func (b *builder) settleLonely(lv *level) []string {
	d := b.d
	var names []string
	strata, single := make(map[int]int), make(map[int]int) // of each unit above

	for g := range lv.strata {
		st := &lv.strata[g]
		strata[st.parent]++
		if !st.lonely {
			continue
		}
		single[st.parent]++
		names = append(names, b.name(st.row))
		if d.lonely == LonelyAdjust {
			lv.centerElsewhere(g)
			d.adjusted = true
		}
	}
	if len(names) == 0 {
		return nil
	}
	if d.lonely == LonelyAdjust {
		lv.sumElsewhere(single)
	}
	if d.lonely == LonelyFail || d.lonely == LonelyCollapse {
		return names
	}
	if d.lonely != LonelyAverage {
		return nil
	}

	for g := range lv.strata {
		st := &lv.strata[g]
		all, alone := strata[st.parent], single[st.parent]

		if all == alone {
			return names
		}
		if !d.domainLonely { // else each domain has a factor of its own
			lv.inflate(g, float64(all)/float64(all-alone))
		}
	}

	return nil
}

// centerElsewhere gives a lonely stratum the factor with which its unit's deviation from the level's mean counts.
func (lv *level) centerElsewhere(g int) {
	st := &lv.strata[g]
	st.scale = st.above * (1 - st.f)
	if !st.pps {
		return
	}
	st.scale = 1

	for u := st.unit; u < st.unit+st.n; u++ {
		if !lv.sure(u) {
			lv.center[u] = st.above * (1 - lv.fraction[u])
			st.total = lv.center[u]
		}
	}
}

// inflate multiplies what a stratum contributes.
func (lv *level) inflate(g int, by float64) {
	st := &lv.strata[g]
	if !st.pps {
		st.scale *= by
		return
	}
	st.total *= by

	for u := st.unit; u < st.unit+st.n; u++ {
		lv.center[u] *= by
		lv.extra[u] *= by
	}
}

// sumElsewhere keeps, of each unit above that has lonely units, what their common center needs.
func (lv *level) sumElsewhere(single map[int]int) {
	lv.elsewhere = make(map[int]elsewhere, len(single))

	for g := range lv.strata {
		st := &lv.strata[g]
		if single[st.parent] == 0 {
			continue
		}
		e := lv.elsewhere[st.parent]
		e.units += float64(st.n)
		if st.lonely {
			e.weight += st.weight()
		}
		lv.elsewhere[st.parent] = e
	}
}
