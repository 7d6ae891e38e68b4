package report

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"sipas/analysis"
	"sipas/data"
	"sipas/survey"
)

// earlierSide is the published release of an earlier wave of a world that asked the same.
func earlierSide(w *world, figures ...survey.Figure) *Side {
	wave := *w.in.Wave
	wave.ID, wave.From, wave.To = "earlier", "2026-01-01", "2026-03-31"
	return &Side{
		Release: &survey.Release{ID: "p", Wave: wave.ID, State: survey.StatePublished, Rules: wave.Rules, Figures: figures},
		Wave:    &wave, Instruments: valuesIn(w.in.Instruments), Frameworks: w.in.Frameworks, Register: map[survey.UnitID]int{},
	}
}

// shippedSide is a release of a wave that asks the shipped web questionnaire and scores shipped frameworks.
func shippedSide(t *testing.T, id survey.WaveID, from, to survey.Day, frameworks ...string) *Side {
	t.Helper()
	s := &Side{
		Release:  &survey.Release{ID: "r-" + string(id), Wave: id, State: survey.StatePublished, Rules: survey.DefaultRules()},
		Wave:     &survey.Wave{ID: id, From: from, To: to, Province: "80@2025-07-01", Rules: survey.DefaultRules()},
		Register: map[survey.UnitID]int{},
	}
	doc, _ := data.Instrument("form-39")
	in, err := survey.ParseInstrument(doc)
	if err != nil {
		t.Fatal(err)
	}
	s.Instruments = []*survey.Instrument{in}
	for _, f := range frameworks {
		doc, _ := data.Framework(f)
		parsed, err := survey.ParseFramework(doc)
		if err != nil {
			t.Fatal(err)
		}
		s.Frameworks = append(s.Frameworks, parsed)
	}
	return s
}

// put adds a figure of every node of the headline framework for a unit.
func (s *Side) put(unit survey.UnitID, register int, value, se float64) {
	s.Register[unit] += register
	s.Frameworks[0].Walk(func(n *survey.Node, _ []*survey.Node) {
		s.Figures = append(s.Figures, survey.Figure{
			FigureKey: survey.FigureKey{
				Framework: s.Frameworks[0].ID, Node: n.Code, Domain: survey.Domain{Unit: unit}, Weighting: survey.Weighted, Basis: survey.BasisInvited,
			},
			Measure: s.Frameworks[0].Measure, State: survey.StatePublished,
			Estimate: analysis.Estimate{Value: value, SE: se, N: 100, DF: 60, Population: 100, EffectiveN: 90, DesignEffect: 1.1, Interval: analysis.Interval{Level: 0.95}},
		})
	})
}

func (s *Side) figure(node string, unit survey.UnitID) *survey.Figure {
	i := slices.IndexFunc(s.Figures, func(f survey.Figure) bool { return f.Node == node && f.Domain.Unit == unit })
	return &s.Figures[i]
}

func changeOf(t *testing.T, all []survey.Change, node string, unit survey.UnitID) survey.Change {
	t.Helper()
	i := slices.IndexFunc(all, func(c survey.Change) bool { return c.Node == node && c.Domain.Unit == unit })
	if i < 0 {
		t.Fatalf("no change of %s in %q", node, unit)
	}
	return all[i]
}

func saidOf(c survey.Change) []string {
	var codes []string
	for _, r := range c.Reasons {
		codes = append(codes, r.Code)
	}
	return codes
}

func shippedUnitsOf() []survey.Unit {
	var out []survey.Unit
	for _, u := range data.Units() {
		if u.Level != data.LevelProvince {
			continue
		}
		x := survey.Unit{ID: survey.UnitID(u.ID), From: survey.Day(u.From), To: survey.Day(u.To)}
		for _, next := range u.Successors {
			x.Successors = append(x.Successors, survey.UnitID(next))
		}
		out = append(out, x)
	}
	return out
}

const (
	tayNinh2025 survey.UnitID = "80@2025-07-01"
	tayNinh     survey.UnitID = "72@2008-08-01"
	longAn      survey.UnitID = "80@2008-08-01"
)

// Two waves that asked the same compare, with the variance of both; the other way round is the same with the signs turned.
func TestCompareIsAntisymmetric(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(5, 6))
	a := shippedSide(t, "a", "2026-01-01", "2026-03-31", "sipas-2022")
	b := shippedSide(t, "b", "2026-04-01", "2026-06-30", "sipas-2022")
	for i := range 6 {
		unit := survey.NewUnitID(string(rune('a'+i)), "2025-07-01")
		a.put(unit, 100, 60+30*rng.Float64(), 1+rng.Float64())
		b.put(unit, 100, 60+30*rng.Float64(), 1+rng.Float64())
	}
	b.figure("s24", "c@2025-07-01").State = survey.StateWithheld
	o := CompareOptions{Level: 0.95, Units: shippedUnitsOf(), Find: ShippedFramework}
	forth, back := Compare(a, b, o), Compare(b, a, o)
	if len(forth) != len(a.Figures) || len(back) != len(forth) {
		t.Fatalf("%d and %d changes of %d figures", len(forth), len(back), len(a.Figures))
	}
	for i := range forth {
		if asText(t, reversed(back[i])) != asText(t, forth[i]) {
			t.Fatalf("not antisymmetric:\n%s\n%s", asText(t, forth[i]), asText(t, reversed(back[i])))
		}
	}
	x := changeOf(t, forth, "II", "a@2025-07-01")
	then, now := a.figure("II", "a@2025-07-01").Estimate, b.figure("II", "a@2025-07-01").Estimate
	if x.State != survey.ChangeComparable || len(x.Reasons) > 0 {
		t.Errorf("not comparable: %+v", x.Reasons)
	}
	near(t, "difference", *x.Change.Value, now.Value-then.Value, 1e-12)
	near(t, "se", *x.Change.SE, math.Hypot(then.SE, now.SE), 1e-12)
	near(t, "interval", *x.Change.High-*x.Change.Value, *x.Change.Value-*x.Change.Low, 1e-9)
	if inside := *x.Change.Low <= 0 && *x.Change.High >= 0; inside != (*x.Change.P >= 0.05) {
		t.Errorf("interval %v to %v, p %v", *x.Change.Low, *x.Change.High, *x.Change.P)
	}
	hidden := changeOf(t, forth, "s24", "c@2025-07-01")
	if hidden.State != survey.ChangeRefused || hidden.Change.Value != nil || hidden.To.Estimate.Defined() {
		t.Errorf("a withheld figure leaks: %s", asText(t, hidden))
	}
	// Another unit of the same release: no covariance is kept, so the error is the bound.
	units := CompareUnits(a, "a@2025-07-01", "b@2025-07-01", o)
	y := changeOf(t, units, "II", "b@2025-07-01")
	near(t, "bound", *y.Change.SE, then.SE+a.figure("II", "b@2025-07-01").Estimate.SE, 1e-12)
	if !slices.Contains(saidOf(y), survey.CompareSameRelease) || y.State != survey.ChangeMarked {
		t.Errorf("reasons %v", saidOf(y))
	}
	// Two releases of one wave rest on the same answers.
	again := *a
	again.Release = &survey.Release{ID: "later", Wave: "a", State: survey.StatePublished, Rules: a.Rules, Figures: slices.Clone(a.Figures)}
	z := changeOf(t, Compare(a, &again, o), "II", "a@2025-07-01")
	if *z.Change.Value != 0 || z.Change.SE != nil || !slices.Contains(saidOf(z), survey.CompareSameAnswers) {
		t.Errorf("two releases of one wave: %s", asText(t, z))
	}
}

// What is refused of a question is refused of everything that is made of it, and of nothing else.
func TestRefusingSpreadsUpward(t *testing.T) {
	t.Parallel()
	o := CompareOptions{Level: 0.95, Find: ShippedFramework}
	change := func(edit func(in *survey.Instrument)) []survey.Change {
		a := shippedSide(t, "a", "2026-01-01", "2026-03-31", "sipas-2022")
		b := shippedSide(t, "b", "2026-04-01", "2026-06-30", "sipas-2022")
		edit(b.Instruments[0])
		a.put("u", 100, 70, 1)
		b.put("u", 100, 72, 1)
		return Compare(a, b, o)
	}
	at := func(in *survey.Instrument, code string) *survey.Item {
		return &in.Items[slices.IndexFunc(in.Items, func(i survey.Item) bool { return i.Code == code })]
	}
	check := func(name, code string, all []survey.Change, refused ...string) {
		t.Helper()
		for _, c := range all {
			want := slices.Contains(refused, c.Node)
			if (c.State == survey.ChangeRefused) != want || want && !slices.Contains(saidOf(c), code) || want && c.Change.Value != nil {
				t.Errorf("%s: %s is %s for %v", name, c.Node, c.State, saidOf(c))
			}
		}
	}
	check("another version, the same words", "", change(func(in *survey.Instrument) {
		in.Version, in.ID = 7, "form-later"
		at(in, "s29").Short = survey.Text{survey.Vietnamese: "Khác"}
		at(in, "s29").Text["fr"] = "Autrement"
	}))
	check("other words", survey.CompareWording, change(func(in *survey.Instrument) {
		at(in, "s29").Text = survey.Text{survey.Vietnamese: "Một câu hỏi khác?", survey.English: "Another question?"}
	}), "s29", "II.B", "II", "sipas")
	check("another scale", survey.CompareScale, change(func(in *survey.Instrument) {
		scale := in.Scales[slices.IndexFunc(in.Scales, func(s survey.Scale) bool { return s.ID == at(in, "s24").Scale })]
		scale.ID, scale.Levels = "other", slices.Clone(scale.Levels[1:])
		in.Scales = append(in.Scales, scale)
		at(in, "s24").Scale = "other"
	}), "s24", "II.A", "II", "sipas")
	check("a part that is not asked", survey.CompareComposition, change(func(in *survey.Instrument) {
		in.Items = slices.DeleteFunc(in.Items, func(i survey.Item) bool { return i.Code == "s1" })
	}), "s1", "I.A", "I", "sipas")
}

// SIPAS of 2021 and of 2022 are two instruments; PAPI's 7.1 breaks in 2019 under the same code.
func TestCompareErasOfTheIndices(t *testing.T) {
	t.Parallel()
	o := CompareOptions{Level: 0.95, Find: ShippedFramework}
	old := shippedSide(t, "2021", "2021-01-01", "2021-12-31", "sipas-2017")
	now := shippedSide(t, "2022", "2022-01-01", "2022-12-31", "sipas-2022")
	old.put("u", 100, 87, 1)
	now.put("u", 100, 80, 1)
	for _, c := range Compare(old, now, o) {
		if c.State != survey.ChangeRefused || !slices.Contains(saidOf(c), survey.CompareFramework) || c.Change.Value != nil {
			t.Fatalf("SIPAS 2021 against 2022: %s %s for %v", c.Node, c.State, saidOf(c))
		}
	}
	before := shippedSide(t, "2018", "2018-01-01", "2018-12-31", "papi-2018")
	after := shippedSide(t, "2019", "2019-01-01", "2019-12-31", "papi-2019")
	before.put("u", 100, 2, 0.1)
	after.put("u", 100, 2.1, 0.1)
	all := Compare(before, after, CompareOptions{Level: 0.95, Find: ShippedFramework, Nodes: func(n string) bool { return len(n) <= 3 }})
	broken := changeOf(t, all, "7.1", "u")
	if broken.State != survey.ChangeRefused || !slices.Contains(saidOf(broken), survey.CompareBreak) {
		t.Errorf("7.1 across 2019: %s for %v", broken.State, saidOf(broken))
	}
	if up := changeOf(t, all, "7", "u"); up.State != survey.ChangeRefused {
		t.Errorf("dimension 7 rests on 7.1 and is %s", up.State)
	}
}

// A merged unit's past is its parts by their transactions, with an error that holds whatever their covariance is.
func TestMergedUnitsPast(t *testing.T) {
	t.Parallel()
	o := CompareOptions{Level: 0.95, Find: ShippedFramework, Units: shippedUnitsOf()}
	a := shippedSide(t, "2024", "2024-01-01", "2024-12-31", "sipas-2022")
	b := shippedSide(t, "2025", "2025-07-01", "2025-12-31", "sipas-2022")
	a.put(tayNinh, 1000, 80, 1)
	a.put(longAn, 3000, 84, 2)
	b.put(tayNinh2025, 5000, 85, 0.5)
	all := Compare(a, b, o)
	if len(all) != len(b.Figures) {
		t.Errorf("%d changes of %d figures: parts of a merged unit are not listed again", len(all), len(b.Figures))
	}
	c := changeOf(t, all, "II", tayNinh2025)
	if c.State != survey.ChangeMarked || len(c.From.Parts) != 2 || !slices.Contains(saidOf(c), survey.CompareMerged) {
		t.Fatalf("%s", asText(t, c))
	}
	near(t, "past", c.From.Estimate.Value, 0.25*80+0.75*84, 1e-12)
	near(t, "bound", c.From.Estimate.SE, 0.25*1+0.75*2, 1e-12)
	near(t, "share", c.From.Parts[1].Share, 0.75, 1e-12)
	near(t, "change", *c.Change.Value, 2, 1e-12)
	near(t, "error", *c.Change.SE, math.Hypot(1.75, 0.5), 1e-12)

	// Withheld with any of its parts, and without a weight nothing is assumed.
	a.figure("s24", longAn).State = survey.StateWithheld
	hidden := changeOf(t, Compare(a, b, o), "s24", tayNinh2025)
	if hidden.State != survey.ChangeRefused || hidden.From.Estimate.Defined() || len(hidden.From.Parts) > 0 {
		t.Errorf("a withheld part leaks: %s", asText(t, hidden))
	}
	a.Register = map[survey.UnitID]int{}
	if none := changeOf(t, Compare(a, b, o), "II", tayNinh2025); !slices.Contains(saidOf(none), survey.CompareNoWeight) || none.Change.Value != nil {
		t.Errorf("parts without weights: %s", asText(t, none))
	}
	// A unit merged of one part is that part.
	one := shippedSide(t, "2024", "2024-01-01", "2024-12-31", "sipas-2022")
	two := shippedSide(t, "2025", "2025-07-01", "2025-12-31", "sipas-2022")
	hanoi, hanoi2025 := survey.UnitID("01@2008-08-01"), survey.UnitID("01@2025-07-01")
	one.put(hanoi, 10, 80, 1)
	two.put(hanoi2025, 10, 81, 1)
	same := changeOf(t, Compare(one, two, o), "II", hanoi2025)
	if asText(t, same.From.Estimate) != asText(t, one.figure("II", hanoi).Estimate) || !slices.Contains(saidOf(same), survey.CompareRenamed) {
		t.Errorf("a unit of one part: %s", asText(t, same))
	}
	// A new unit has no past, and one that ended has no present.
	fresh := CompareOptions{Level: 0.95, Find: ShippedFramework, Units: []survey.Unit{{ID: "x", From: "2025-07-01"}, {ID: "y", From: "2000-01-01", To: "2025-01-01"}}}
	one.put("y", 10, 80, 1)
	two.put("x", 10, 80, 1)
	none := Compare(one, two, fresh)
	if c := changeOf(t, none, "II", "x"); !slices.Contains(saidOf(c), survey.CompareUnitNew) || c.Change.Value != nil {
		t.Errorf("a new unit: %s", asText(t, c))
	}
	if c := changeOf(t, none, "II", "y"); !slices.Contains(saidOf(c), survey.CompareUnitEnded) || c.Change.Value != nil {
		t.Errorf("an ended unit: %s", asText(t, c))
	}
}

// Two waves that end together are in the order in which they began, whichever is named first and whichever side's framework is; and a break
// between the years is found although the later one began earlier.
func TestCompareDirections(t *testing.T) {
	t.Parallel()
	long := shippedSide(t, "z-long", "2018-07-01", "2019-06-30", "papi-2018")
	short := shippedSide(t, "a-short", "2019-01-01", "2019-06-30", "papi-2019")
	long.put("u", 100, 2, 0.1)
	short.put("u", 100, 2.1, 0.1)
	for _, framework := range []string{"", "papi-2018", "papi-2019"} {
		o := CompareOptions{Framework: framework, Level: 0.95, Find: ShippedFramework, Nodes: func(n string) bool { return len(n) <= 3 }}
		forth, back := Compare(long, short, o), Compare(short, long, o)
		if len(forth) == 0 || len(forth) != len(back) {
			t.Fatalf("%q: %d and %d changes", framework, len(forth), len(back))
		}
		if c := changeOf(t, forth, "7.1", "u"); !slices.Contains(saidOf(c), survey.CompareBreak) || c.From.Wave != "z-long" {
			t.Errorf("%q: from %s, %v", framework, c.From.Wave, saidOf(c))
		}
		for i := range forth {
			if asText(t, reversed(back[i])) != asText(t, forth[i]) {
				t.Fatalf("%q: not antisymmetric:\n%s\n%s", framework, asText(t, forth[i]), asText(t, reversed(back[i])))
			}
		}
	}
}

// A framework that follows another compares with it where both make a node of the same answers in the same way, and nowhere else.
func TestFollowersCountAlike(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		change  func(f *survey.Framework)
		refused []string
	}{
		{"nothing", func(*survey.Framework) {}, nil},
		{"words", func(f *survey.Framework) { nodeOf(f, "s24").Label = survey.Text{survey.Vietnamese: "Tên khác"} }, nil},
		{"answers in another order", func(f *survey.Framework) { slices.Reverse(nodeOf(f, "s24").Value.Codes) }, nil},
		{"other answers", func(f *survey.Framework) { nodeOf(f, "s24").Value.Codes = []int{5} }, []string{"s24", "II.A", "II", "sipas"}},
		{"other bounds", func(f *survey.Framework) {
			nodeOf(f, "s24").Value.Bounds, nodeOf(f, "s24").Value.Direction = &survey.Bounds{Min: 1, Max: 5}, "down"
		}, []string{"s24", "II.A", "II", "sipas"}},
		{"other rounding", func(f *survey.Framework) { one := 1; nodeOf(f, "II.A").Round = &one }, []string{"II.A"}},
		{"other weights", func(f *survey.Framework) { nodeOf(f, "II").Combine = survey.CombineSum }, []string{"II"}},
	} {
		a := shippedSide(t, "a", "2026-01-01", "2026-03-31", "sipas-2022")
		b := shippedSide(t, "b", "2026-04-01", "2026-06-30", "sipas-2022")
		before := b.Frameworks[0].Ref()
		b.Frameworks[0].ID, b.Frameworks[0].Follows = "sipas-later", &before
		c.change(b.Frameworks[0])
		a.put("u", 100, 70, 1)
		b.put("u", 100, 72, 1)
		o := CompareOptions{Level: 0.95, Find: FrameworksOf(slices.Concat(a.Frameworks, b.Frameworks))}
		for _, x := range Compare(a, b, o) {
			if x.Domain.Unit != "u" || x.Framework != "sipas-later" {
				continue
			}
			want := slices.Contains(c.refused, x.Node)
			if got := x.State == survey.ChangeRefused; got != want || want != slices.Contains(saidOf(x), survey.CompareComposition) || !slices.Contains(saidOf(x), survey.CompareFollows) {
				t.Errorf("%s: %s is %s for %v", c.name, x.Node, x.State, saidOf(x))
			}
		}
	}
}

func nodeOf(f *survey.Framework, code string) *survey.Node { n, _ := f.Node(code); return n }

func asText(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
