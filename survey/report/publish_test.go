package report

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"sipas/survey"
)

// The data hash holds the units that a release names and what they were before, and no others: a commune of another province may be renamed.
func TestDataHashHoldsItsUnits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setting{units: 3, cases: 900, seed: 60, bare: true})
	w.draw(t, 0.5, 60)
	w.in.Units = append(w.in.Units,
		survey.Unit{ID: "elsewhere"},
		survey.Unit{ID: "old", Successors: []survey.UnitID{"part"}},
		survey.Unit{ID: "part", To: "2025-06-30", Successors: []survey.UnitID{survey.UnitID(unitName(1))}})
	in := *w.in
	in.Rows, _ = rowsOf(in.Instruments, nil)
	before := dataHash(&in)
	for id, counts := range map[survey.UnitID]bool{"elsewhere": false, "old": true, "part": true, survey.UnitID(unitName(2)): true} {
		other := in
		other.Units = slices.Clone(in.Units)
		at := slices.IndexFunc(other.Units, func(u survey.Unit) bool { return u.ID == id })
		other.Units[at].Name = survey.Text{survey.Vietnamese: "Tên mới"}
		if changed := dataHash(&other) != before; changed != counts {
			t.Errorf("%s was renamed: changed %v", id, changed)
		}
	}
}

// A release says to which margins its weights were raked, and to no others; and a rate is printed as it was written.
func TestMethodSaysWhatWasDone(t *testing.T) {
	t.Parallel()
	module := func(name string, converged bool, off map[string]float64) survey.ModuleWeights {
		m := survey.ModuleWeights{Module: name, Respondents: 100, Converged: converged}
		for _, margin := range []string{marginLateness, marginUnit, marginField, "unit"} {
			for _, level := range []string{"a", "b"} {
				m.Margins = append(m.Margins, survey.MarginResidual{Margin: margin, Level: level, Target: 1000, Achieved: 1000 + off[margin]})
			}
		}
		return m
	}
	for want, modules := range map[string][]survey.ModuleWeights{
		"raked to the register by lateness, unit × lateness and field. No": {module("core", true, nil), {Module: "nobody"}},
		"by lateness and unit × lateness. No":                              {module("core", true, map[string]float64{marginField: 3})},
		"by lateness, unit × lateness and field. Not all of these could be met for the modules m2.": {
			module("core", true, nil), module("m2", true, map[string]float64{marginField: 3}),
		},
		"not raked to the register": {module("core", false, nil)},
	} {
		rules := survey.DefaultRules()
		rules.FalseFlagRate = 0.07
		var all []string
		for _, text := range methodText(rules, &survey.WeightReport{Modules: modules}) {
			all = append(all, text[survey.English])
		}
		said := strings.Join(all, "\n")
		if !strings.Contains(said, want) || !strings.Contains(said, "at most 7%.") || strings.Contains(said, "channel.") {
			t.Errorf("%q is not in\n%s", want, said)
		}
	}
	for share, want := range map[float64]string{0.07: "7", 0.14: "14", 0.28: "28", 0.29: "29", 0.025: "2.5", 0.001: "0.1"} {
		if got := perCentText(share); got != want {
			t.Errorf("%v is written %s", share, got)
		}
	}
}

// One record that was taken out is one finding, whatever follows it.
func TestVerifyNamesTheGapOnce(t *testing.T) {
	t.Parallel()
	var chain []survey.Publication
	for i := range 10 {
		p := survey.Publication{Position: i + 1, Wave: "w", Number: i + 1}
		if i > 0 {
			p.Previous = chain[i-1].Seal
		}
		p.Seal = p.SealOf()
		chain = append(chain, p)
	}
	for _, c := range []struct {
		gone []int
		want []string
	}{
		{nil, nil}, {[]int{2}, []string{"behind place 1: a record is missing before it"}}, {[]int{1}, []string{"behind place 0: a record"}},
		{[]int{4, 5, 8}, []string{"2 records are missing", "behind place 7: a record is missing"}},
	} {
		v := &verifier{out: new(Verification)}
		v.chain(slices.DeleteFunc(slices.Clone(chain), func(p survey.Publication) bool { return slices.Contains(c.gone, p.Position) }))
		if len(v.out.Findings) != len(c.want) {
			t.Errorf("without %v: %+v", c.gone, v.out.Findings)
			continue
		}
		for i, f := range v.out.Findings {
			if !strings.Contains(f.Text, c.want[i]) {
				t.Errorf("without %v: %s", c.gone, f.Text)
			}
		}
	}
}

// Rows come in order of id, whatever group they are in and whatever their ids look like.
func TestRowsByID(t *testing.T) {
	t.Parallel()
	for _, odd := range []bool{false, true} {
		rng := rand.New(rand.NewPCG(8, 9))
		groups := make([]*group, 40)
		for i := range groups {
			groups[i] = new(group)
		}
		var ids []survey.ResponseID
		for i := range 5000 {
			id := fmt.Sprintf("%016x%016x", rng.Uint64(), rng.Uint64())
			if odd && i%7 == 0 {
				id = fmt.Sprintf("%x-%d", rng.Uint32(), i)
			}
			ids = append(ids, survey.ResponseID(id))
		}
		slices.Sort(ids)
		for _, id := range ids {
			g := groups[rng.IntN(len(groups)-1)] // the last has none
			g.ids.add(id)
			g.n++
		}
		var got []survey.ResponseID
		for g, at := range byID(groups) {
			got = append(got, groups[g].ids.at(at))
		}
		if !slices.Equal(got, ids) {
			t.Errorf("odd ids %v: %d of %d rows, or in another order", odd, len(got), len(ids))
		}
	}
}
