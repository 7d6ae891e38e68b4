package design

import (
	"fmt"
	"math"
)

// Stage is one stage of selection. Units of a stage are numbered inside the unit
// of the stage before, so labels may repeat between units.
type Stage struct {
	// Strata holds the stratum of every row; none means a single stratum.
	Strata Labels
	// Clusters holds the unit of every row; none means that each row is a unit.
	// A label that repeats in another stratum is another unit there, unless Unique says that it must not.
	Clusters Labels
	// Unique says that a cluster label stands for one unit only: New returns an *InputError which names the label and both
	// strata when it occurs in two. It is what R's nest = FALSE checks.
	Unique bool
	// Population is the number of units of the stratum in the population, the same
	// on every row of a stratum; +Inf is allowed. Nil together with a nil Fraction means
	// selection with replacement: no finite population correction, and no later stage counts.
	Population []float64
	// Fraction is n/N directly, as an alternative to Population. With PPS it is the probability of each unit, in (0, 1], and may
	// differ within a stratum.
	Fraction []float64
	// PPS says how units were drawn with unequal probabilities without replacement; nil means with equal ones.
	PPS *PPS
}

// level is one stage, flattened.
type level struct {
	unit     []int32   // of each row; units are numbered stratum by stratum
	first    []int     // first position in order of each unit, and the end
	stratum  []int32   // of each unit
	fraction []float64 // of each unit, on this stage
	strata   []stratum

	// Of each unit, with PPS: the weight of its deviation from the stratum's mean, and of its square.
	center, extra []float64
	joint         *joint // replaces all of these when joint probabilities are given

	elsewhere map[int]elsewhere // of the units above that have lonely units centered at their level's mean
}

// elsewhere is how many units a unit above has, and the sum of what the squared deviations of the lonely ones are multiplied by.
type elsewhere struct{ units, weight float64 }

type stratum struct {
	row     int // its first row in the design's order, which its name is read from
	unit    int // its first unit
	n       int
	counted int // units that were not taken with certainty by PPS: the others are left out of all sums
	parent  int // unit of the level above, 0 on the first
	given   float64
	f       float64
	scale   float64 // product of the fractions above × (1−f) n/(n−1), with the lonely policy applied; 1 with PPS
	above   float64
	total   float64 // with PPS: the sum of center
	lonely  bool
	pps     bool
}

// builder turns the stages of a spec into levels.
type builder struct {
	d      *Design
	spec   *Spec
	stages []Stage
	stage  int // the one at work, from 0
}

func checkStage(s Stage, number, n int) error {
	field := fmt.Sprintf("stage %d", number)

	for _, l := range []struct {
		what string
		n    int
		none bool
	}{
		{"strata", s.Strata.Len(), s.Strata.none()},
		{"clusters", s.Clusters.Len(), s.Clusters.none()},
		{"population sizes", len(s.Population), s.Population == nil},
		{"fractions", len(s.Fraction), s.Fraction == nil},
	} {
		if !l.none && l.n != n {
			return &InputError{Field: field, Row: -1, Reason: fmt.Sprintf("%d %s for %d rows", l.n, l.what, n)}
		}
	}
	if s.Population != nil && s.Fraction != nil {
		return &InputError{Field: field, Row: -1, Reason: "give population sizes or fractions, not both"}
	}
	if s.PPS != nil {
		return s.PPS.check(s, field, n)
	}

	return nil
}

// sortRows orders the rows by stratum and unit of each stage in turn, and rows of the same unit as they came. Labels are codes, so the
// order is made by counting, from the last key to the first.
func (b *builder) sortRows() {
	d := b.d
	d.order = make([]int, d.rows)
	for i := range d.order {
		d.order[i] = i
	}
	var keys []sortKey

	for _, s := range b.stages {
		if !s.Strata.none() {
			keys = append(keys, sortKey{s.Strata.codes, len(s.Strata.names)})
		}
		if s.Clusters.none() {
			break
		}
		keys = append(keys, sortKey{s.Clusters.codes, len(s.Clusters.names)})
	}
	var spare []int
	for _, k := range merged(keys) {
		if spare == nil {
			spare = make([]int, d.rows)
		}
		k.distribute(d.order, spare)
		d.order, spare = spare, d.order
	}
}

// sortKey is one code of each row, below n.
type sortKey struct {
	codes []int
	n     int
}

// fewCodes is how many codes are still counted in fast memory.
const fewCodes = 1 << 14

// merged returns the keys from the last to the first, neighbors as one where they have few codes together, and without those
// that tell no rows apart.
func merged(keys []sortKey) []sortKey {
	var out []sortKey

	for i := len(keys) - 1; i >= 0; i-- {
		k := keys[i]
		if k.n < 2 {
			continue
		}
		last := len(out) - 1
		if last < 0 || k.n > fewCodes/out[last].n {
			out = append(out, k)
			continue
		}
		both := sortKey{make([]int, len(k.codes)), k.n * out[last].n}
		for row, c := range k.codes {
			both.codes[row] = c*out[last].n + out[last].codes[row]
		}
		out[last] = both
	}

	return out
}

// distribute writes the rows of from to to, sorted by their code and otherwise in the same order.
func (k sortKey) distribute(from, to []int) {
	next := make([]int, k.n+1)
	for _, c := range k.codes {
		next[c+1]++
	}
	for c := 1; c < len(next); c++ {
		next[c] += next[c-1]
	}
	for _, row := range from {
		c := k.codes[row]
		to[next[c]] = row
		next[c]++
	}
}

// flatten turns the stages into levels and works out every stratum's factor.
func (b *builder) flatten() error {
	d := b.d
	d.fraction = make([]float64, d.rows)
	above := []float64{1} // product of the fractions down to each unit of the level above
	parent := make([]int32, d.rows)
	var failed []LonelyStrata

	for s, stage := range b.stages {
		b.stage = s
		lv, err := b.level(parent, above)
		if err != nil {
			return err
		}
		if names := b.settleLonely(&lv); len(names) > 0 {
			failed = append(failed, LonelyStrata{Stage: s + 1, Strata: names})
		}
		below := make([]float64, len(lv.stratum))
		alive := false

		for u, g := range lv.stratum {
			below[u] = lv.strata[g].above * lv.fraction[u]
			alive = alive || below[u] > 0
		}
		for row, u := range lv.unit {
			d.fraction[row] = below[u]
		}
		d.levels = append(d.levels, lv)

		if !alive || stage.Clusters.none() {
			break
		}
		parent, above = lv.unit, below
	}
	if len(failed) > 0 {
		return &LonelyError{LonelyStrata: failed[0], Later: failed[1:]}
	}
	d.position = make([]int, d.rows)

	for p, row := range d.order {
		d.position[row] = p
	}

	return nil
}

// level makes the level of the builder's stage, inside the units of the level above.
func (b *builder) level(parent []int32, above []float64) (level, error) {
	stage := &b.stages[b.stage]
	if stage.Unique {
		if err := b.checkUnique(parent); err != nil {
			return level{}, err
		}
	}
	lv, err := b.scan(parent, above)
	if err != nil {
		return lv, err
	}
	if err := b.fractions(&lv); err != nil {
		return lv, err
	}
	if stage.PPS != nil && stage.PPS.Method == PPSJoint {
		lv.joint, err = b.joint(&lv)
		return lv, err
	}
	if b.d.lonely == LonelyCollapse {
		group, err := b.collapse(&lv)
		if err != nil {
			return lv, err
		}
		b.regroup(&lv, group)
	}

	for g := range lv.strata {
		st := &lv.strata[g]
		st.lonely = st.isLonely()

		switch {
		case stage.PPS != nil:
			b.unequal(&lv, g)
		case st.n > 1:
			st.scale = st.above * (1 - st.f) * float64(st.n) / float64(st.n-1)
		}
	}

	return lv, nil
}

// scan finds the strata and units of the builder's stage in the order of the rows.
func (b *builder) scan(parent []int32, above []float64) (level, error) {
	d, stage := b.d, &b.stages[b.stage]
	lv := level{unit: make([]int32, d.rows)}
	strata, clusters := stage.Strata.codes, stage.Clusters.codes
	given := stage.Population
	if given == nil {
		given = stage.Fraction
	}
	inside, in, unit := int32(-1), -1, -1 // of the row before: its unit above, its stratum and its unit

	for p, row := range d.order {
		newStratum := p == 0
		if b.stage > 0 && parent[row] != inside {
			inside, newStratum = parent[row], true
		}
		if strata != nil && strata[row] != in {
			in, newStratum = strata[row], true
		}
		newUnit := newStratum || clusters == nil
		if clusters != nil && clusters[row] != unit {
			unit, newUnit = clusters[row], true
		}

		if newStratum {
			if err := b.checkGiven(row); err != nil {
				return lv, err
			}
			st := stratum{row: row, unit: len(lv.stratum), parent: int(parent[row]), above: above[parent[row]], pps: stage.PPS != nil}
			if given != nil {
				st.given = given[row]
			}
			lv.strata = append(lv.strata, st)
		}
		g := len(lv.strata) - 1

		if newUnit {
			lv.first = append(lv.first, p)
			lv.stratum = append(lv.stratum, int32(g))
			lv.strata[g].n++
		}
		if given != nil && given[row] != lv.strata[g].given {
			if err := b.checkDiffers(&lv, row, newUnit); err != nil {
				return lv, err
			}
		}
		lv.unit[row] = int32(len(lv.stratum) - 1)
	}
	lv.first = append(lv.first, d.rows)

	return lv, nil
}

// checkDiffers judges a row whose population size or fraction is not that of its stratum's first row.
func (b *builder) checkDiffers(lv *level, row int, newUnit bool) error {
	stage := &b.stages[b.stage]
	if stage.PPS == nil {
		reason := "the population size differs between rows of the stratum"
		if stage.Fraction != nil {
			reason = "the fraction differs between rows of the stratum, which only selection with unequal probabilities allows"
		}
		return &FractionError{Stage: b.stage + 1, Stratum: b.name(row), Reason: reason}
	}
	if first := b.d.order[lv.first[len(lv.first)-1]]; !newUnit && stage.Fraction[row] != stage.Fraction[first] {
		return &ProbabilityError{Stage: b.stage + 1, Row: row, Other: -1, Reason: "the probability differs between rows of the unit"}
	}

	return b.checkGiven(row)
}

// checkGiven judges what the stage says of a row's stratum.
func (b *builder) checkGiven(row int) error {
	stage := &b.stages[b.stage]

	switch {
	case stage.PPS != nil:
		if stage.Fraction != nil && !(stage.Fraction[row] > 0 && stage.Fraction[row] <= 1+slack) {
			return &ProbabilityError{
				Stage: b.stage + 1, Row: row, Other: -1, Reason: fmt.Sprintf("a probability must lie in (0, 1], not %v", stage.Fraction[row]),
			}
		}
	case stage.Population != nil && !(stage.Population[row] > 0):
		return &FractionError{
			Stage: b.stage + 1, Stratum: b.name(row), Reason: fmt.Sprintf("a population size must be above zero, not %v", stage.Population[row]),
		}
	case stage.Fraction != nil && !(stage.Fraction[row] >= 0 && stage.Fraction[row] <= 1):
		return &FractionError{
			Stage: b.stage + 1, Stratum: b.name(row), Reason: fmt.Sprintf("a fraction must lie in [0, 1], not %v", stage.Fraction[row]),
		}
	}

	return nil
}

// slack is by how much a fraction or probability may exceed one because it comes from a division.
const slack = 1e-9

// fractions works out the sampling fraction of every stratum and unit.
func (b *builder) fractions(lv *level) error {
	stage := &b.stages[b.stage]
	lv.fraction = make([]float64, len(lv.stratum))
	if stage.PPS != nil {
		if err := b.checkSquares(lv); err != nil {
			return err
		}
	}

	for g := range lv.strata {
		st := &lv.strata[g]
		st.counted = st.n

		if stage.PPS != nil {
			b.probabilities(lv, g)
			continue
		}
		st.f = st.given

		if stage.Population != nil {
			st.f = float64(st.n) / st.given
			if st.f > 1 && st.f < 1+slack {
				st.f = 1
			}
			if st.f > 1 {
				return &FractionError{
					Stage: b.stage + 1, Stratum: b.name(st.row), Reason: fmt.Sprintf("%d units were sampled of %v", st.n, st.given),
				}
			}
		}
		for u := st.unit; u < st.unit+st.n; u++ {
			lv.fraction[u] = st.f
		}
	}

	return nil
}

// regroup joins strata: the rows of a group come to stand together, and the units keep the fraction of their own stratum
// for the stages below.
func (b *builder) regroup(lv *level, group []int) {
	joined := false
	members := make([][]int, len(group))
	for g, first := range group {
		members[first] = append(members[first], g)
		joined = joined || first != g
	}
	if !joined {
		return
	}
	out := level{unit: lv.unit}
	order := make([]int, 0, b.d.rows)

	for _, group := range members {
		if len(group) == 0 {
			continue
		}
		st := lv.strata[group[0]]
		st.unit, st.n, st.counted = len(out.stratum), 0, 0
		var population, sum float64

		for _, g := range group {
			from := &lv.strata[g]
			for u := from.unit; u < from.unit+from.n; u++ {
				out.first = append(out.first, len(order))
				out.stratum = append(out.stratum, int32(len(out.strata)))
				out.fraction = append(out.fraction, lv.fraction[u])
				order = append(order, b.d.order[lv.first[u]:lv.first[u+1]]...)
			}
			st.n += from.n
			st.counted += from.counted
			population += float64(from.counted) / from.f
			sum += float64(from.counted) * from.given
		}
		if len(group) > 1 {
			st.f = float64(st.counted) / population
			st.given = sum / float64(st.counted)
		}
		out.strata = append(out.strata, st)
	}
	out.first = append(out.first, b.d.rows)
	b.d.order = order

	for u := range out.stratum {
		for _, row := range order[out.first[u]:out.first[u+1]] {
			out.unit[row] = int32(u)
		}
	}
	*lv = out
}

// checkUnique refuses a cluster label that occurs in two strata of the same unit above.
func (b *builder) checkUnique(parent []int32) error {
	stage := &b.stages[b.stage]
	if stage.Strata.none() || stage.Clusters.none() {
		return nil
	}
	// The rows of one parent stand together, and a cluster's stratum is remembered with the parent it was seen in.
	seen := make([]int, len(stage.Clusters.names))
	in := make([]int32, len(stage.Clusters.names))
	for c := range in {
		in[c] = -1
	}

	for _, row := range b.d.order {
		c := stage.Clusters.codes[row]
		if in[c] != parent[row] {
			in[c], seen[c] = parent[row], row
			continue
		}
		if first := seen[c]; stage.Strata.codes[first] != stage.Strata.codes[row] {
			return &InputError{Field: fmt.Sprintf("stage %d", b.stage+1), Row: row, Reason: fmt.Sprintf(
				"cluster %s is in stratum %s and in stratum %s: say that labels are nested in strata if these are two clusters",
				stage.Clusters.name(row), stage.Strata.name(first), stage.Strata.name(row))}
		}
	}

	return nil
}

// name is the stratum of a row on the builder's stage. Later stages name the units above first.
func (b *builder) name(row int) string {
	var text string

	for _, s := range b.stages[:b.stage] {
		if !s.Strata.none() {
			text += s.Strata.name(row) + "/"
		}
		text += s.Clusters.name(row) + "/"
	}
	last := b.stages[b.stage]
	if !last.Strata.none() {
		return text + last.Strata.name(row)
	}
	if text == "" {
		return "all"
	}

	return text[:len(text)-1]
}

// WeightsFromStages returns the design weights which follow from the stages alone, the product over stages of N/n, or of one over
// the fraction or probability. It is for files without weights. Every stage that has units must give population sizes or
// fractions: a *FractionError says which stratum does not, since nothing follows from selection with replacement.
func WeightsFromStages(stages []Stage) ([]float64, error) {
	n := -1
	for _, s := range stages {
		for _, k := range []int{s.Strata.Len(), s.Clusters.Len(), len(s.Population), len(s.Fraction)} {
			n = max(n, k)
		}
	}
	if n <= 0 {
		return nil, &InputError{Field: "stages", Row: -1, Reason: "there are no rows"}
	}
	ones := make([]float64, n)
	for i := range ones {
		ones[i] = 1
	}
	// The policy has no bearing on fractions.
	spec := Spec{Weights: ones, Stages: stages, Lonely: LonelyRemove}
	d, err := New(spec)
	if err != nil {
		return nil, err
	}
	b := builder{d: d, spec: &spec, stages: stages}

	for _, row := range d.order {
		f := d.fraction[row]
		if f > 0 && len(d.levels) == len(stages) {
			ones[row] = 1 / f
			continue
		}
		b.stage = len(d.levels) - 1
		for l := range d.levels {
			if d.levels[l].fraction[d.levels[l].unit[row]] == 0 {
				b.stage = l
				break
			}
		}
		return nil, &FractionError{
			Stage: b.stage + 1, Stratum: b.name(row), Reason: "no weight follows, for there is no population size or fraction above zero",
		}
	}

	return ones, nil
}

// certain reports whether a probability is one but for rounding.
func certain(p float64) bool { return math.Abs(p-1) < 1e-12 }
