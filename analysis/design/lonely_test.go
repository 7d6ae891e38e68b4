package design

import (
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The error names the strata of every stage, later ones by the units above.
func TestLonelyErrorNamesAllStrata(t *testing.T) {
	_, err := New(Spec{Weights: slices.Repeat([]float64{1}, 7), Stages: []Stage{
		{
			Strata: Strings([]string{"a", "a", "a", "b", "c", "c", "c"}), Clusters: Ints([]int{1, 1, 2, 3, 4, 4, 5}),
			Fraction: slices.Repeat([]float64{0.5}, 7),
		},
		{Strata: Strings([]string{"x", "y", "x", "x", "y", "y", "x"}), Fraction: slices.Repeat([]float64{0.5}, 7)},
	}})
	var lonely *LonelyError
	if !errors.As(err, &lonely) {
		t.Fatal(err)
	}
	want := LonelyError{
		LonelyStrata: LonelyStrata{1, []string{"b"}},
		Later:        []LonelyStrata{{2, []string{"a/1/x", "a/1/y", "a/2/x", "b/3/x", "c/5/x"}}},
	}
	if !reflect.DeepEqual(*lonely, want) {
		t.Errorf("%+v", *lonely)
	}
	if text := err.Error(); !strings.Contains(text, "stage 1: stratum b has") || !strings.Contains(text, "stage 2: 5 strata have") {
		t.Error(text)
	}
}

// A design whose strata are joined is the design with the joined strata.
func TestCollapse(t *testing.T) {
	n := 9
	names := []string{"a", "b", "b", "c", "d", "d", "e", "e", "f"}
	population := []float64{6, 10, 10, 5, 2, 2, 8, 8, 7} // d is a census
	units := []int{1, 1, 2, 1, 1, 2, 1, 2, 1}            // labels repeat between strata
	z := []float64{3, 8, 4, 12, 7, 1, 9, 15, 2}
	w := slices.Repeat([]float64{1}, n)
	collapsed := func(how map[string]string) *Design {
		return built(t, Spec{Weights: w, Lonely: LonelyCollapse, Collapse: how, Stages: []Stage{
			{Strata: Strings(names), Clusters: Ints(units), Population: population},
			{Population: slices.Repeat([]float64{1}, n)},
		}})
	}
	joined := func(to []string, big []float64) *Design {
		var unit []string
		for i := range names {
			unit = append(unit, names[i]+string(rune('0'+units[i])))
		}
		return built(t, Spec{Weights: w, Stages: []Stage{{Strata: Strings(to), Clusters: Strings(unit), Population: big}}})
	}
	for _, c := range []struct {
		how  map[string]string
		to   []string
		big  []float64
		want []Collapse
	}{
		// a joins b, c skips the census and joins e, f has none after it and joins e too.
		{nil, []string{"a", "a", "a", "c", "d", "d", "c", "c", "c"}, []float64{16, 16, 16, 20, 2, 2, 20, 20, 20}, []Collapse{
			{1, []string{"a", "b"}, []string{"a"}}, {1, []string{"c", "e", "f"}, []string{"c", "f"}},
		}},
		{map[string]string{"a": "c", "f": "b"}, []string{"a", "b", "b", "a", "d", "d", "e", "e", "b"}, []float64{11, 17, 17, 11, 2, 2, 8, 8, 17}, []Collapse{
			{1, []string{"a", "c"}, []string{"a", "c"}}, {1, []string{"b", "f"}, []string{"f"}},
		}},
	} {
		d := collapsed(c.how)
		if !reflect.DeepEqual(d.Collapses(), c.want) {
			t.Errorf("%v", d.Collapses())
		}
		e := joined(c.to, c.big)
		got, want := sumVariance(t, d, z), sumVariance(t, e, z)
		if math.Abs(got-want) > 1e-12*want {
			t.Errorf("variance %v, want %v", got, want)
		}
		if d.DF(d.Order()) != e.DF(e.Order()) || d.Strata() != e.Strata() {
			t.Errorf("%v degrees of freedom in %d strata", d.DF(d.Order()), d.Strata())
		}
	}
	if text := collapsed(nil).Collapses()[1].String(); text != "stage 1: strata c, e, f were joined, because c, f have a single unit" {
		t.Error(text)
	}
	var in *InputError
	for _, how := range []map[string]string{{"x": "a"}, {"a": "x"}, {"a": "a"}, {"a": "d"}} {
		_, err := New(Spec{Weights: w, Lonely: LonelyCollapse, Collapse: how, Stages: []Stage{{Strata: Strings(names), Population: population}}})
		if !errors.As(err, &in) {
			t.Errorf("%v: %v", how, err)
		}
	}
	var lonely *LonelyError
	if _, err := New(Spec{Weights: []float64{1}, Lonely: LonelyCollapse}); !errors.As(err, &lonely) {
		t.Errorf("nothing to join: %v", err)
	}
}

// Joining keeps later stages: units are weighted by the fraction of the stratum they were drawn in.
func TestCollapseKeepsLaterStages(t *testing.T) {
	names := []string{"a", "a", "b", "b", "b", "b"}
	units := []int{1, 1, 1, 1, 2, 2}
	f := []float64{0.2, 0.2, 0.5, 0.5, 0.5, 0.5}
	z := []float64{3, 8, 4, 12, 7, 1}
	w := slices.Repeat([]float64{1}, 6)
	d := built(t, Spec{Weights: w, Lonely: LonelyCollapse, Stages: []Stage{
		{Strata: Strings(names), Clusters: Ints(units), Fraction: f}, {Fraction: slices.Repeat([]float64{0.25}, 6)},
	}})
	totals := []float64{11, 16, 8}
	mean := 35. / 3
	joined := 3 / (1/0.2 + 2/0.5)
	want := 0.0
	for i, v := range totals {
		want += (1 - joined) * 1.5 * (v - mean) * (v - mean)
		inside := (z[2*i] - z[2*i+1]) * (z[2*i] - z[2*i+1]) / 2
		want += []float64{0.2, 0.5, 0.5}[i] * 0.75 * 2 * inside
	}
	if got := sumVariance(t, d, z); math.Abs(got-want) > 1e-12*want {
		t.Errorf("variance %v, want %v", got, want)
	}
}

// Collapsed strata of unequal probabilities are one stratum of them.
func TestCollapseOfUnequalProbabilities(t *testing.T) {
	p := []float64{0.2, 0.3, 0.4, 1}
	w := slices.Repeat([]float64{1}, 4)
	z := []float64{3, 8, 4, 100}
	for m := PPSBrewer; m < PPSJoint; m++ {
		spec := Spec{Weights: w, Lonely: LonelyCollapse, Stages: []Stage{{Strata: Ints([]int{1, 2, 2, 1}), Fraction: p, PPS: &PPS{Method: m}}}}
		got := sumVariance(t, built(t, spec), z)
		spec.Stages[0].Strata = Labels{}
		want := sumVariance(t, built(t, spec), z)
		if math.Abs(got-want) > 1e-12*math.Abs(want) {
			t.Errorf("method %d: %v, want %v", m, got, want)
		}
	}
}

// Every policy for a lonely stratum of one unit with z = 10 beside strata of (2, 4) and (1, 5) without fpc.
func TestLonelyPolicies(t *testing.T) {
	strata := Ints([]int{1, 2, 2, 3, 3})
	z := []float64{10, 2, 4, 1, 5}
	others := 2*2. + 2*8.
	mean := 22. / 5
	for policy, want := range map[Lonely]float64{
		LonelyRemove: others, LonelyCertainty: others, LonelyAdjust: others + (10-mean)*(10-mean), LonelyAverage: others * 3 / 2,
		LonelyCollapse: 2*8. + 1.5*((10-16./3)*(10-16./3)+(2-16./3)*(2-16./3)+(4-16./3)*(4-16./3)),
	} {
		d := built(t, Spec{Weights: slices.Repeat([]float64{1}, 5), Lonely: policy, Stages: []Stage{{Strata: strata}}})
		if got := sumVariance(t, d, z); math.Abs(got-want) > 1e-12*want {
			t.Errorf("policy %d: %v, want %v", policy, got, want)
		}
		// With probabilities that are all the same, unequal selection has the same answer.
		half := slices.Repeat([]float64{0.5}, 5)
		e := built(t, Spec{Weights: half, Lonely: policy, Stages: []Stage{{Strata: strata, Fraction: half, PPS: &PPS{}}}})
		if got := sumVariance(t, e, z); math.Abs(got-want/2) > 1e-12*want {
			t.Errorf("policy %d, unequal: %v, want %v", policy, got, want/2)
		}
	}
}

// A domain that touches one unit of the second stratum only.
func TestDomainLonely(t *testing.T) {
	n := 6
	strata := Ints([]int{1, 1, 2, 2, 3, 3})
	w := slices.Repeat([]float64{1}, n)
	f := Form{{Rows: []int{0, 1, 2, 4, 5}, Values: []float64{3, 5, 7, 1, 2}}}
	mean := 18. / 6
	for policy, want := range map[Lonely]float64{
		LonelyFail:    4 + 49 + 1,
		LonelyRemove:  4 + 49 + 1,
		LonelyAdjust:  4 + 2*((7-mean)*(7-mean)+mean*mean) + 1,
		LonelyAverage: 1.5 * (4 + 1),
	} {
		d := built(t, Spec{Weights: w, Lonely: policy, DomainLonely: true, Stages: []Stage{{Strata: strata}}})
		got, err := d.Variance(f)
		if err != nil || math.Abs(got-want) > 1e-12*want {
			t.Errorf("policy %d: %v, want %v, error %v", policy, got, want, err)
		}
		// A domain that touches all has nothing lonely.
		z := []float64{3, 5, 7, 0, 1, 2}
		all, err := d.Variance(Form{{Rows: []int{0, 1, 2, 3, 4, 5}, Values: z}})
		if plain := 4 + 49. + 1; err != nil || math.Abs(all-plain) > 1e-12*plain {
			t.Errorf("policy %d: %v for the whole, want %v, error %v", policy, all, plain, err)
		}
	}
	d := built(t, Spec{Weights: w, Lonely: LonelyAverage, DomainLonely: true, Stages: []Stage{{Strata: strata}}})
	if got, err := d.Variance(Form{{Rows: []int{2, 4}, Values: []float64{1, 2}}}); err != nil || !math.IsNaN(got) {
		t.Errorf("nothing to average: %v, %v", got, err)
	}
}

// Where no domain is lonely the option changes nothing, with any design.
func TestDomainLonelyOfTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec := anySpec(t)
		spec.Columns = nil
		a := built(t, spec)
		spec.DomainLonely = true
		b := built(t, spec)
		z := make([]float64, a.rows)
		p := Part{}
		for i := range z {
			z[i] = rapid.Float64Range(0.1, 1).Draw(t, "z")
			p.Rows, p.Values = append(p.Rows, i), append(p.Values, z[i])
		}
		va, err := a.Variance(Form{p})
		if err != nil {
			t.Fatal(err)
		}
		vb, err := b.Variance(Form{p})
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(va-vb) > 1e-12*energyOf(Form{p})*100 {
			t.Fatalf("%v and %v", va, vb)
		}
	})
}
