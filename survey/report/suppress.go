package report

import (
	"math"
	"slices"

	"sipas/survey"
)

// table is what must be known to withhold: the answers behind each domain for one indicator, and the finest parts of
// the register that any sum of figures could single out.
type table struct {
	domains []domain
	n       []int // answers of each domain
	atoms   []place
	min     int
}

// withhold returns for each domain why its figure is withheld, or "" where it may be shown.
//
// A figure of fewer than min answers is withheld. So is the smallest other one of its family (units, fields, field
// groups) as long as what is hidden together could be found by subtracting the figures shown from the whole: a single
// hidden part, or several with fewer than min answers between them. Parts that have no figure at all, because
// they share a class, count as hidden. At last the figures shown are held against each other across families: a field
// that one unit alone handles is the same answers under another name.
func (t *table) withhold() []string {
	why := make([]string, len(t.n))
	for i, n := range t.n {
		if n < t.min {
			why[i] = survey.ReasonFewAnswers
		}
	}
	if why[0] != "" {
		return why
	}
	for _, f := range []family{familyUnit, familyField, familyGroup} {
		t.protect(f, why)
	}
	for t.audit(why) {
	}
	return why
}

// protect hides the smallest figures of a family until nothing small can be found by subtraction.
func (t *table) protect(f family, why []string) {
	for {
		outside := t.n[0]
		parts, answers := 0, 0
		small, smallest, any := false, -1, false
		for i, d := range t.domains {
			if d.family != f {
				continue
			}
			any = true
			outside -= t.n[i]
			switch {
			case why[i] != "" && t.n[i] > 0:
				parts++
				answers += t.n[i]
				small = small || t.n[i] < t.min
			case why[i] == "" && (smallest < 0 || t.n[i] < t.n[smallest]):
				smallest = i
			}
		}
		if outside > 0 {
			parts++
			answers += outside
			small = small || outside < t.min
		}
		if !any || !small || smallest < 0 || parts > 1 && answers >= t.min {
			return
		}
		why[smallest] = survey.ReasonComplementary
	}
}

// audit looks for a withheld figure that is a sum or difference of shown ones, hides the smallest figure which that
// takes, and reports whether there was one.
func (t *table) audit(why []string) bool {
	var shown, secret []int
	for i := range t.domains {
		switch {
		case why[i] == "":
			shown = append(shown, i)
		case t.n[i] > 0 && t.n[i] < t.min:
			secret = append(secret, i)
		}
	}
	if len(secret) == 0 {
		return false
	}
	s := newSpan(len(t.atoms), len(shown))
	for k, i := range shown {
		s.add(t.row(i), k)
	}
	for _, i := range secret {
		used, found := s.combination(t.row(i))
		if !found {
			continue
		}
		smallest := -1
		for _, k := range used {
			if j := shown[k]; j > 0 && (smallest < 0 || t.n[j] < t.n[smallest]) {
				smallest = j
			}
		}
		if smallest < 0 {
			return false // the whole alone: then the withheld part is the whole, which is not small
		}
		why[smallest] = survey.ReasonComplementary
		return true
	}
	return false
}

func (t *table) row(i int) []float64 {
	row := make([]float64, len(t.atoms))
	for j, a := range t.atoms {
		if t.domains[i].holds(a) {
			row[j] = 1
		}
	}
	return row
}

// span is a set of vectors in echelon form, each with the combination of given vectors that makes it.
type span struct {
	rows  [][]float64 // the vector, then its combination
	pivot []int
	size  int
	given int
}

func newSpan(size, given int) *span { return &span{size: size, given: given} }

// tiny is what elimination of zeros and ones may leave by rounding.
const tiny = 1e-9

// reduce takes the echelon rows out of v.
func (s *span) reduce(v []float64) {
	for r, p := range s.pivot {
		f := v[p]
		if math.Abs(f) < tiny {
			continue
		}
		for j, x := range s.rows[r] {
			if x != 0 {
				v[j] -= f * x
			}
		}
	}
}

func (s *span) add(row []float64, k int) {
	v := slices.Concat(row, make([]float64, s.given))
	v[s.size+k] = 1
	s.reduce(v)
	p := -1
	for j := range s.size {
		if math.Abs(v[j]) > tiny && (p < 0 || math.Abs(v[j]) > math.Abs(v[p])) {
			p = j
		}
	}
	if p < 0 {
		return
	}
	f := v[p]
	for j := range v {
		v[j] /= f
	}
	s.rows, s.pivot = append(s.rows, v), append(s.pivot, p)
}

// combination reports whether the vector is a combination of the given ones, and of which.
func (s *span) combination(row []float64) (used []int, found bool) {
	v := slices.Concat(row, make([]float64, s.given))
	s.reduce(v)
	for j := range s.size {
		if math.Abs(v[j]) > tiny {
			return nil, false
		}
	}
	for k := range s.given {
		if math.Abs(v[s.size+k]) > tiny {
			used = append(used, k)
		}
	}
	return used, true
}
