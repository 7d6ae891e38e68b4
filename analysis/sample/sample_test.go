package sample_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"sipas/analysis/sample"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func register(t *rapid.T) []sample.Case {
	n := rapid.IntRange(1, 400).Draw(t, "n")
	cases := make([]sample.Case, n)
	label := rapid.IntRange(0, 3)
	for i := range cases {
		cases[i].ID = fmt.Sprintf("%05d", i)
		for d := range cases[i].Labels {
			// Skewed, so that some labels are rare.
			cases[i].Labels[d] = fmt.Sprint(label.Draw(t, "a") * label.Draw(t, "b"))
		}
	}
	return cases
}

func rule(t *rapid.T) sample.Rule {
	r := sample.Rule{Fraction: rapid.Float64Range(0.05, 1).Draw(t, "fraction"), Min: rapid.IntRange(1, 20).Draw(t, "min")}
	if rapid.Bool().Draw(t, "kinds") {
		r.Kind = func(unit string) string { return unit[:1] }
	}
	return r
}

func build(t *rapid.T, cases []sample.Case, r sample.Rule) *sample.Map {
	m, err := sample.Build(cases, r)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestClassesPartitionTheRegister(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cases, r := register(t), rule(t)
		m := build(t, cases, r)
		count := make([]int, len(m.Classes))
		for _, c := range cases {
			k, ok := m.Assign(c.Labels)
			if !ok {
				t.Fatalf("case %v has no class", c)
			}
			count[k]++
		}
		total := 0
		for k, c := range m.Classes {
			total += c.N
			if count[k] != c.N || c.N == 0 {
				t.Fatalf("class %s says %d cases and has %d", c.ID, c.N, count[k])
			}
			if want := min(c.N, max(1, r.Min, int(math.Round(r.Fraction*float64(c.N))))); c.Invite != want {
				t.Fatalf("class %s invites %d, want %d", c.ID, c.Invite, want)
			}
			if c.Invite < r.Min && len(cases) >= r.Min {
				t.Fatalf("class %s invites %d of at least %d", c.ID, c.Invite, r.Min)
			}
			if c.Chance() != float64(c.Invite)/float64(c.N) {
				t.Fatalf("class %s: chance %v", c.ID, c.Chance())
			}
		}
		if total != len(cases) {
			t.Fatalf("classes hold %d of %d", total, len(cases))
		}
	})
}

func TestOrderOfRowsDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cases, r := register(t), rule(t)
		seed := rapid.Uint64().Draw(t, "seed")
		shuffled := rapid.Permutation(cases).Draw(t, "shuffled")
		a, b := build(t, cases, r), build(t, shuffled, r)
		if d := cmp.Diff(a.Classes, b.Classes); d != "" {
			t.Fatal(d)
		}
		x, err := a.Draw(cases, seed)
		if err != nil {
			t.Fatal(err)
		}
		y, err := b.Draw(shuffled, seed)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(x, y); d != "" {
			t.Fatal(d)
		}
		for k, d := range x {
			if len(d.IDs) != a.Classes[k].Invite || len(slices.Compact(slices.Clone(d.IDs))) != len(d.IDs) {
				t.Fatalf("class %d: drew %v", k, d.IDs)
			}
		}
	})
}

func TestMapSurvivesJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cases := register(t)
		r := rule(t)
		m := build(t, cases, r)
		b, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		var back sample.Map
		if err := json.Unmarshal(b, &back); err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			i, ok := m.Assign(c.Labels)
			j, ok2 := back.Assign(c.Labels)
			if i != j || !ok || !ok2 {
				t.Fatalf("%v: class %d before and %d after", c.Labels, i, j)
			}
		}
	})
}

func TestTheMonthIsGivenUpFirstAndTheUnitLast(t *testing.T) {
	var cases []sample.Case
	add := func(n int, l sample.Labels) {
		for range n {
			cases = append(cases, sample.Case{ID: fmt.Sprintf("%06d", len(cases)), Labels: l})
		}
	}
	for _, month := range []string{"7", "8", "9"} {
		add(10, sample.Labels{"A", "on time", "g", "f", "desk", month}) // 30: enough for one class, not for three
		add(40, sample.Labels{"B", "on time", "g", "f", "desk", month})
	}
	add(5, sample.Labels{"C", "late", "g", "f", "desk", "7"})
	add(6, sample.Labels{"D", "late", "g", "f", "desk", "7"})
	m, err := sample.Build(cases, sample.Rule{Fraction: 0.5, Min: 5})
	if err != nil {
		t.Fatal(err)
	}
	var got []sample.Labels
	for _, c := range m.Classes {
		got = append(got, c.Labels)
	}
	want := []sample.Labels{
		{"A", "on time", "g", "f", "desk", "7"}, {"A", "on time", "g", "f", "desk", "8"}, {"A", "on time", "g", "f", "desk", "9"},
		{"B", "on time", "g", "f", "desk", "7"}, {"B", "on time", "g", "f", "desk", "8"}, {"B", "on time", "g", "f", "desk", "9"},
		{"C|D", "late", "g", "f", "desk", "7"},
	}
	m10, err := sample.Build(cases, sample.Rule{Fraction: 0.5, Min: 15})
	if err != nil {
		t.Fatal(err)
	}
	// C and D invite 3 each and cannot stand alone with 5; at 15, A keeps its unit and loses its months.
	if d := cmp.Diff(sample.Labels{"A|C|D", "*", "g", "f", "desk", "*"}, m10.Classes[0].Labels); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestUnitsArePooledInsideTheirKind(t *testing.T) {
	var cases []sample.Case
	for unit, n := range map[string]int{"commune 1": 8, "commune 2": 8, "department 1": 8, "department 2": 9} {
		for range n {
			cases = append(cases, sample.Case{ID: fmt.Sprintf("%s-%d", unit, len(cases)), Labels: sample.Labels{unit}})
		}
	}
	m, err := sample.Build(cases, sample.Rule{Fraction: 1, Min: 15, Kind: func(u string) string { return u[:1] }})
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Classes) != 2 || m.Classes[0].Labels[0] != "commune 1|commune 2" || m.Classes[1].Labels[0] != "department 1|department 2" {
		t.Errorf("classes %v", m.Classes)
	}
}

// Over 4,000 draws each case of a class of 12 comes up in 5/12 of them: within 5 standard errors.
func TestEveryCaseHasTheSameChance(t *testing.T) {
	var cases []sample.Case
	for i := range 12 {
		cases = append(cases, sample.Case{ID: fmt.Sprint(i), Labels: sample.Labels{"u"}})
	}
	m, err := sample.Build(cases, sample.Rule{Fraction: 5.0 / 12, Min: 1})
	if err != nil {
		t.Fatal(err)
	}
	const draws = 4000
	count := map[string]int{}
	pair := 0
	for seed := range uint64(draws) {
		d, err := m.Draw(cases, seed)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range d[0].IDs {
			count[id]++
		}
		if slices.Contains(d[0].IDs, "3") && slices.Contains(d[0].IDs, "8") {
			pair++
		}
	}
	near := func(what string, got int, p float64) {
		if math.Abs(float64(got)-p*draws) > 5*math.Sqrt(p*(1-p)*draws) {
			t.Errorf("%s came up %d times of %d, want about %v", what, got, draws, p*draws)
		}
	}
	for id, n := range count {
		near(id, n, 5.0/12)
	}
	near("3 with 8", pair, 5.0/12*4/11)
}

func TestRefusals(t *testing.T) {
	one := []sample.Case{{ID: "1", Labels: sample.Labels{"u"}}}
	for name, r := range map[string]sample.Rule{"no fraction": {Min: 1}, "above one": {Fraction: 1.1, Min: 1}, "no minimum": {Fraction: 1}} {
		if _, err := sample.Build(one, r); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	if _, err := sample.Build(nil, sample.Rule{Fraction: 1, Min: 1}); err == nil {
		t.Error("an empty register was accepted")
	}
	twice := append(one, one[0])
	m, err := sample.Build(twice, sample.Rule{Fraction: 1, Min: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Draw(twice, 1); err == nil {
		t.Error("an id that occurs twice was accepted")
	}
	if _, err := m.Draw(one, 1); err == nil {
		t.Error("another register was accepted")
	}
	two := []sample.Case{{ID: "1", Labels: sample.Labels{"u"}}, {ID: "2", Labels: sample.Labels{"v"}}}
	if m, err = sample.Build(two, sample.Rule{Fraction: 1, Min: 1}); err != nil {
		t.Fatal(err)
	}
	if _, ok := m.Assign(sample.Labels{"w"}); ok {
		t.Error("a unit that the register did not have was assigned")
	}
}

func BenchmarkBuildAndDraw(b *testing.B) {
	src := rand.New(rand.NewPCG(1, 2))
	cases := make([]sample.Case, 100_000)
	for i := range cases {
		cases[i] = sample.Case{ID: fmt.Sprintf("%08d", i), Labels: sample.Labels{
			fmt.Sprintf("unit %03d", src.IntN(106)), fmt.Sprint(src.IntN(3)), fmt.Sprint(src.IntN(5)),
			fmt.Sprint(src.IntN(20)), fmt.Sprint(src.IntN(3)), fmt.Sprint(src.IntN(3)),
		}}
	}
	for b.Loop() {
		m, err := sample.Build(cases, sample.Rule{Fraction: 0.33, Min: 15})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := m.Draw(cases, 1); err != nil {
			b.Fatal(err)
		}
	}
}
