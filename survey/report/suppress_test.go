package report

import (
	"fmt"
	"math/big"
	"testing"

	"sipas/survey"

	"pgregory.net/rapid"
)

// recoverable says exactly, in fractions, whether a vector is a combination of others.
func recoverable(target []float64, others [][]float64) bool {
	rows := make([][]*big.Rat, 0, len(others)+1)
	for _, o := range append(others, target) {
		row := make([]*big.Rat, len(o))
		for j, x := range o {
			row[j] = new(big.Rat).SetFloat64(x)
		}
		rows = append(rows, row)
	}
	return rank(rows[:len(rows)-1]) == rank(rows)
}

func rank(rows [][]*big.Rat) int {
	m := make([][]*big.Rat, len(rows))
	for i, r := range rows {
		m[i] = make([]*big.Rat, len(r))
		for j, x := range r {
			m[i][j] = new(big.Rat).Set(x)
		}
	}
	at := 0
	for j := 0; len(m) > 0 && j < len(m[0]) && at < len(m); j++ {
		p := -1
		for i := at; i < len(m); i++ {
			if m[i][j].Sign() != 0 {
				p = i
				break
			}
		}
		if p < 0 {
			continue
		}
		m[at], m[p] = m[p], m[at]
		for i := at + 1; i < len(m); i++ {
			f := new(big.Rat).Quo(m[i][j], m[at][j])
			for k := j; k < len(m[i]); k++ {
				m[i][k].Sub(m[i][k], new(big.Rat).Mul(f, m[at][k]))
			}
		}
		at++
	}
	return at
}

// No figure that is withheld for few answers can be computed from the figures that are shown, whatever units, fields and groups
// there are and however they overlap; and no family leaves a remainder of fewer answers than the rule.
func TestWithheldCannotBeRecovered(t *testing.T) {
	const least = 15
	rapid.Check(t, func(t *rapid.T) {
		in := &Input{}
		n := map[place]int{}
		for i := range rapid.IntRange(1, 14).Draw(t, "classes") {
			p := survey.Class{ID: survey.ClassID(fmt.Sprint(i)), Population: 100}
			p.Labels[survey.DimUnit] = rapid.SampledFrom([]string{"a", "b", "c", "d", "c|d", "*"}).Draw(t, "unit")
			p.Labels[survey.DimFieldGroup] = rapid.SampledFrom([]string{"g", "h", "*"}).Draw(t, "group")
			p.Labels[survey.DimField] = rapid.SampledFrom([]string{"x", "y", "z", "g", "x|y", "*"}).Draw(t, "field")
			in.Classes = append(in.Classes, p)
			n[placeOf(p)] += rapid.SampledFrom([]int{0, 1, 3, 8, 14, 15, 20, 60}).Draw(t, "answers")
		}
		tab := table{domains: domainsOf(in), min: least}
		tab.n = make([]int, len(tab.domains))
		for p, answers := range n {
			if answers == 0 {
				continue
			}
			tab.atoms = append(tab.atoms, p)
			for d := range tab.domains {
				if tab.domains[d].holds(p) {
					tab.n[d] += answers
				}
			}
		}
		why := tab.withhold()
		var shown [][]float64
		rest := map[family]int{familyUnit: tab.n[0], familyField: tab.n[0], familyGroup: tab.n[0]}
		families := map[family]bool{}
		for d := range tab.domains {
			f := tab.domains[d].family
			families[f] = true
			if why[d] != "" {
				continue
			}
			if tab.n[d] < least {
				t.Fatalf("%v is shown with %d answers", tab.domains[d], tab.n[d])
			}
			shown = append(shown, tab.row(d))
			rest[f] -= tab.n[d]
		}
		if why[0] != "" {
			if len(shown) != 0 {
				t.Fatalf("the whole has %d answers and is withheld, but a part is shown", tab.n[0])
			}
			return
		}
		for d := range tab.domains {
			if tab.n[d] > 0 && tab.n[d] < least && recoverable(tab.row(d), shown) {
				t.Fatalf("%v has %d answers and can be computed from what is shown", tab.domains[d], tab.n[d])
			}
		}
		for f, left := range rest {
			if families[f] && f != familyWhole && left > 0 && left < least {
				t.Fatalf("family %d leaves a remainder of %d answers", f, left)
			}
		}
	})
}

func TestWithholdTheNextSmallest(t *testing.T) {
	domains := []domain{{}}
	var atoms []place
	for _, u := range []string{"a", "b", "c", "d"} {
		domains = append(domains, domain{Domain: survey.Domain{Unit: survey.UnitID(u)}, family: familyUnit})
		atoms = append(atoms, place{unit: u})
	}
	for _, test := range []struct {
		n    []int
		want []string
	}{
		{[]int{100, 40, 30, 20, 10}, []string{"", "", "", "complementary", "few_answers"}},
		{[]int{97, 40, 30, 20, 7}, []string{"", "", "", "complementary", "few_answers"}},
		{[]int{90, 40, 30, 20, 0}, []string{"", "", "", "", "few_answers"}},
		{[]int{78, 60, 14, 4, 0}, []string{"", "", "few_answers", "few_answers", "few_answers"}},
		{[]int{68, 60, 5, 3, 0}, []string{"", "complementary", "few_answers", "few_answers", "few_answers"}},
		{[]int{80, 20, 20, 20, 20}, []string{"", "", "", "", ""}},
		{[]int{12, 12, 0, 0, 0}, []string{"few_answers", "few_answers", "few_answers", "few_answers", "few_answers"}},
	} {
		tab := table{domains: domains, n: test.n, atoms: atoms, min: 15}
		if got := tab.withhold(); fmt.Sprint(got) != fmt.Sprint(test.want) {
			t.Errorf("%v: %q, want %q", test.n, got, test.want)
		}
	}
}

// A field that one department alone handles is that department under another name.
func TestSameAnswersUnderAnotherName(t *testing.T) {
	domains := []domain{{},
		{Domain: survey.Domain{Unit: "a"}, family: familyUnit},
		{Domain: survey.Domain{Unit: "b"}, family: familyUnit},
		{Domain: survey.Domain{Unit: "c"}, family: familyUnit},
		{Domain: survey.Domain{Field: "x"}, family: familyField},
		{Domain: survey.Domain{Field: "y"}, family: familyField},
	}
	atoms := []place{{unit: "a", field: "x"}, {unit: "b", field: "y"}, {unit: "c", field: "x"}}
	// Unit a has few answers, unit b is hidden with it; field y is all of unit b, and a is what is left of field x without c.
	tab := table{domains: domains, n: []int{110, 10, 30, 70, 80, 30}, atoms: atoms, min: 15}
	why := tab.withhold()
	var shown [][]float64
	for d := range domains {
		if why[d] == "" {
			shown = append(shown, tab.row(d))
		}
	}
	if recoverable(tab.row(1), shown) {
		t.Errorf("unit a can be computed: %q", why)
	}
	if why[0] != "" {
		t.Errorf("the whole is withheld without need: %q", why)
	}
}

func TestPercentagesSumToHundred(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weight := rapid.SliceOfN(rapid.Float64Range(0, 1e6), 1, 7).Draw(t, "weights")
		codes := make([]int, len(weight))
		total := 0.0
		for i := range codes {
			codes[i] = i
			total += weight[i]
		}
		shares := percentages(codes, weight)
		if total == 0 {
			if shares != nil {
				t.Fatal("shares of nothing")
			}
			return
		}
		sum := 0
		for i, s := range shares {
			hundredths := s.Percent * 100
			if diff := s.Percent - 100*weight[i]/total; diff > 0.0100001 || diff < -0.0100001 {
				t.Fatalf("%v is off by %v", s, diff)
			}
			sum += int(hundredths + 0.5)
		}
		if sum != 10_000 {
			t.Fatalf("%v sum to %d hundredths", shares, sum)
		}
	})
	if got := fmt.Sprint(percentages([]int{1, 2, 3}, []float64{1, 1, 1})); got != "[{1 33.34} {2 33.33} {3 33.33}]" {
		t.Errorf("three equal shares: %s", got)
	}
	if got := fmt.Sprint(percentages([]int{4, 5}, []float64{1, 3})); got != "[{4 25} {5 75}]" {
		t.Errorf("quarters: %s", got)
	}
}
