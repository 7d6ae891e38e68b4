package report

import (
	"maps"
	"math"
	"slices"
	"strings"

	"sipas/analysis/weight"
	"sipas/survey"
)

// pooledLevel is the name of the level that takes the levels of a margin with too few respondents.
const pooledLevel = "(pooled)"

// registerMargins counts the margins of the coarsened register that a module is raked to. Levels with fewer
// respondents than the rule asks for are pooled, and the text says so.
//
// Unit and lateness are crossed: within each unit late and timely dossiers get their own totals, where both have as many
// respondents as a nonresponse class must have. Smaller cells would be matched to the few answers in them: when these
// happen to agree, calibration leaves no residual and the standard error of the unit shrinks to nothing. The
// crossing implies the margin of units, which is therefore not raked again but returned apart, to be reported with
// the others.
func registerMargins(rules survey.Rules, f frame, base []float64, class, counts []int) (margins []weight.Margin, unit weight.Margin, pooled []survey.Note, err error) {
	unitOf := func(c survey.Class) string { return c.Labels[survey.DimUnit] }
	unit, notes, unitPool, err := margin("unit", unitOf, rules.MinMargin, f, base, class, counts)
	if err != nil {
		return nil, unit, nil, err
	}
	pooled = append(pooled, notes...)
	crossed := crossing(f, base, class, counts, max(rules.MinMargin, rules.MinRespondents), func(c survey.Class) string {
		if slices.Contains(unitPool, unitOf(c)) {
			return pooledLevel
		}
		return unitOf(c)
	})
	cross := levels(marginUnit, crossed, f, class, counts)
	for _, d := range []struct {
		name  string
		label func(survey.Class) string
	}{
		{marginLateness, func(c survey.Class) string { return soleLabel(c.Labels[survey.DimLateness]) }},
		{marginField, func(c survey.Class) string { return soleLabel(c.Labels[survey.DimField]) }},
		{marginChannel, func(c survey.Class) string { return soleLabel(c.Labels[survey.DimChannel]) }},
	} {
		// These levels cross the units: with fewer respondents than a nonresponse class must have they would be matched to a handful of
		// answers in a handful of units, and contradict the margins of these.
		m, notes, _, err := margin(d.name, d.label, rules.MinRespondents, f, base, class, counts)
		if err != nil {
			return nil, unit, nil, err
		}
		pooled = append(pooled, notes...)
		if len(m.Targets) > 1 {
			margins = append(margins, m)
		}
		if d.name == marginLateness {
			margins = append(margins, cross)
		}
	}
	return margins, unit, pooled, nil
}

// The margins of the register, in the order in which they are given up, the last first, when they cannot be met together.
const (
	marginLateness = "lateness"
	marginUnit     = "unit × lateness"
	marginField    = "field"
	marginChannel  = "channel"
)

// mixedLevel is the level of the classes that do not know a dimension, because it was dropped from them or its values were
// pooled: they are one level together. Each pooled set for itself would often be a single unit under another name.
const mixedLevel = "(mixed)"

// soleLabel is the label, where it names one value.
func soleLabel(label string) string {
	if label == "*" || label == "" || strings.Contains(label, "|") {
		return mixedLevel
	}
	return label
}

// levels counts a margin without pooling.
func levels(name string, label func(survey.Class) string, f frame, class, counts []int) weight.Margin {
	m := weight.Margin{Name: name, Labels: make([]string, len(class)), Targets: map[string]float64{}, Counts: counts}
	for _, c := range f.classes {
		m.Targets[label(c)] += float64(c.Population)
	}
	for i, at := range class {
		m.Labels[i] = label(f.classes[at])
	}
	return m
}

// margin counts a margin and pools its small levels; it returns the levels that were pooled, too.
func margin(name string, label func(survey.Class) string, minimum int, f frame, base []float64, class, counts []int) (weight.Margin, []survey.Note, []string, error) {
	m, steps, err := weight.Pool(base, levels(name, label, f, class, counts), minimum, pooledLevel)
	if err != nil {
		return m, nil, nil, err
	}
	var notes []survey.Note
	var gone []string
	for _, s := range steps {
		notes = append(notes, survey.NewNote(survey.NoteMarginPooled, survey.NoteParams{Margin: name, Levels: s.Levels, N: s.Rows, Min: minimum}))
		gone = append(gone, s.Levels...)
	}
	return m, notes, gone, nil
}

// crossing returns the label of unit by lateness: split by lateness in units where every class of lateness has
// enough respondents, and left whole in the others.
func crossing(f frame, base []float64, class, counts []int, minimum int, unitOf func(survey.Class) string) func(survey.Class) string {
	respondents := map[string]map[string]int{}
	for _, c := range f.classes {
		u := unitOf(c)
		if respondents[u] == nil {
			respondents[u] = map[string]int{}
		}
		respondents[u][c.Labels[survey.DimLateness]] += 0
	}
	for i, at := range class {
		if base[i] > 0 {
			c := f.classes[at]
			respondents[unitOf(c)][c.Labels[survey.DimLateness]] += counts[i]
		}
	}
	return func(c survey.Class) string {
		u := unitOf(c)
		for _, n := range respondents[u] {
			if n < minimum {
				return u + " × *"
			}
		}
		return u + " × " + c.Labels[survey.DimLateness]
	}
}

// residuals compares every level of the margins with the sum of the weights, which are those of whole groups.
func residuals(margins []weight.Margin, weights []float64) []survey.MarginResidual {
	var out []survey.MarginResidual
	for _, m := range margins {
		achieved := map[string]float64{}
		for i, w := range weights {
			if w > 0 {
				achieved[m.Labels[i]] += w
			}
		}
		for _, level := range slices.Sorted(maps.Keys(m.Targets)) {
			out = append(out, survey.MarginResidual{Margin: m.Name, Level: level, Target: m.Targets[level], Achieved: achieved[level]})
		}
	}
	return out
}

// describe fills in what the weights themselves tell. Kish's effect is that of the single answers: n·Σw²/(Σw)², with the weights of
// whole groups and the answers in each.
func describe(out *survey.ModuleWeights, d weight.Diagnostics, weights []float64, counts []int) {
	n, sum, squares := 0, 0.0, 0.0
	for i, w := range weights {
		if w > 0 {
			n, sum, squares = n+counts[i], sum+w, squares+w*w/float64(counts[i])
		}
	}
	out.KishEffect = float64(n) * squares / (sum * sum)
	out.EffectiveN = float64(n) / out.KishEffect
	out.MinFactor, out.MaxFactor = d.MinFactor, d.MaxFactor
	out.ShareTrimmed, out.Iterations, out.Converged = d.ShareTrimmed, d.Iterations, d.Converged
}

// collapseNotes say which sampling classes were joined into which nonresponse classes, and what could not be held.
func collapseNotes(c *weight.Classes, rules survey.Rules) []survey.Note {
	var joined, short []survey.Note
	for _, k := range c.Classes {
		p := survey.NoteParams{
			N: len(k.Cells), Class: k.Labels, Respondents: k.Respondents, Invited: k.Invited, Factor: k.Factor,
		}
		if len(k.Cells) > 1 {
			joined = append(joined, survey.NewNote(survey.NoteClassJoined, p))
		}
		if k.Short {
			short = append(short, survey.NewNote(survey.NoteClassShort, p))
		}
	}
	if len(joined) > 0 {
		joined = slices.Insert(joined, 0, survey.NewNote(survey.NoteClassesJoined, survey.NoteParams{
			Min: rules.MinRespondents, Limit: rules.MaxAdjustment, Factor: c.Overall,
		}))
	}
	return append(joined, short...)
}

// shareOf is a part of a whole with the digits that its note prints: a per cent with one decimal. A note's parameters say no more than
// its sentence, because of a count of transactions all digits would be that count.
func shareOf(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return math.Round(1000*float64(part)/float64(whole)) / 1000
}
