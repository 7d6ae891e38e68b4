package report

import (
	"fmt"
	"math/big"
	"slices"
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

// firstTime is what is shown of n answers by place when nothing was shown before: which domains, and how many answers each has.
func firstTime(domains []domain, n map[place]int, least int) (shown []bool, total []int, row func(d int) []float64) {
	figures := len(domains)
	domains = slices.Concat(domains, pooledDomains)
	t := &turn{account: &account{}, least: least, epoch: 1, domains: domains}
	answers := map[int]map[int]int{}
	var atoms []place
	for p, x := range n {
		var h []int
		for d := range domains {
			if domains[d].holds(p) {
				h = append(h, d)
			}
		}
		if x > 0 {
			answers[len(t.holders)] = map[int]int{4: x}
			atoms = append(atoms, p)
		}
		t.holders = append(t.holders, h)
	}
	t.begin(answers)
	t.choose(func(int) bool { return false })
	t.end()
	return t.advance[:figures], t.total[:figures], func(d int) []float64 {
		row := make([]float64, len(atoms))
		for j, a := range atoms {
			if domains[d].holds(a) {
				row[j] = 1
			}
		}
		return row
	}
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
		domains := domainsOf(in)
		isShown, total, row := firstTime(domains, n, least)
		var shown [][]float64
		rest := map[family]int{familyUnit: total[0], familyField: total[0], familyGroup: total[0]}
		families := map[family]bool{}
		for d := range domains {
			f := domains[d].family
			families[f] = true
			if !isShown[d] {
				continue
			}
			if total[d] < least {
				t.Fatalf("%v is shown with %d answers", domains[d], total[d])
			}
			shown = append(shown, row(d))
			rest[f] -= total[d]
		}
		if !isShown[0] {
			if len(shown) != 0 || total[0] >= least {
				t.Fatalf("the whole has %d answers and is withheld; %d parts are shown", total[0], len(shown))
			}
			return
		}
		for d := range domains {
			if total[d] > 0 && total[d] < least && recoverable(row(d), shown) {
				t.Fatalf("%v has %d answers and can be computed from what is shown", domains[d], total[d])
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
	for _, u := range []string{"a", "b", "c", "d"} {
		domains = append(domains, domain{Domain: survey.Domain{Unit: survey.UnitID(u)}, family: familyUnit})
	}
	for _, test := range []struct {
		outside int
		n       []int // of the units
		shown   string
	}{
		{0, []int{40, 30, 20, 10}, "[true true true false false]"},
		{0, []int{40, 30, 20, 7}, "[true true true false false]"},
		{0, []int{40, 30, 20, 0}, "[true true true true false]"},
		{0, []int{60, 14, 4, 0}, "[true true false false false]"},
		{0, []int{60, 5, 3, 0}, "[true false false false false]"},
		{0, []int{20, 20, 20, 20}, "[true true true true true]"},
		{0, []int{12, 0, 0, 0}, "[false false false false false]"},
		{5, []int{40, 30, 20, 0}, "[true true true false false]"},
	} {
		n := map[place]int{{}: test.outside}
		for i, u := range []string{"a", "b", "c", "d"} {
			n[place{unit: u}] = test.n[i]
		}
		if shown, _, _ := firstTime(domains, n, 15); fmt.Sprint(shown) != test.shown {
			t.Errorf("%v: %v, want %v", test.n, shown, test.shown)
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
	// Unit a has few answers, unit b is hidden with it; field y is all of unit b, and a is what is left of field x without c.
	is, _, row := firstTime(domains, map[place]int{{unit: "a", field: "x"}: 10, {unit: "b", field: "y"}: 30, {unit: "c", field: "x"}: 70}, 15)
	var shown [][]float64
	for d := range domains {
		if is[d] {
			shown = append(shown, row(d))
		}
	}
	if recoverable(row(1), shown) {
		t.Errorf("unit a can be computed: %v", is)
	}
	if !is[0] {
		t.Errorf("the whole is withheld without need: %v", is)
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
