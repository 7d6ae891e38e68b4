package report

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"sipas/analysis/design"
	"sipas/analysis/weight"
	"sipas/survey"
)

// sample is the respondents of one source with their weights, group by group.
type sample struct {
	groups      []*group // in their order
	counts      []int    // respondents of each group
	respondents int
	places      []place
	stratum     []string
	// population is the number of transactions in each group's stratum, of a probability sample.
	population []float64
	columns    []weighted      // by column
	design     *design.Grouped // nil without respondents
	method     string          // how the weights were made, for the method of each figure
	// probability says that the respondents' chances are known, so that the finite population correction is in the design.
	probability bool
}

// weighted is one weight column of a sample.
type weighted struct {
	name        string
	weights     []float64 // of one answer of each group; zero where the group is not in the column
	chance      []float64 // of having been asked
	base        []float64 // the weights before calibration
	calibration *design.Calibration
}

// newSample takes the groups of a source that answered the required item and that are wanted.
func newSample(all []*group, source survey.Source, method string, wanted func(*group) bool) *sample {
	s := &sample{method: method}
	for _, g := range all {
		if g.source == source && g.respondent && wanted(g) {
			s.groups, s.counts = append(s.groups, g), append(s.counts, g.n)
			s.respondents += g.n
		}
	}
	return s
}

// frame is the coarsened register: the classes in order of id, and where each stands.
type frame struct {
	classes []survey.Class
	at      map[survey.ClassID]int
}

func newFrame(classes []survey.Class) frame {
	f := frame{at: map[survey.ClassID]int{}}
	for _, c := range classes {
		if c.Population > 0 {
			f.classes = append(f.classes, c)
		}
	}
	slices.SortFunc(f.classes, func(a, b survey.Class) int { return strings.Compare(string(a.ID), string(b.ID)) })
	for i, c := range f.classes {
		f.at[c.ID] = i
	}
	return f
}

// weightInvited makes the weights of the invited respondents, module by module, and the design that their
// variance is computed with.
func weightInvited(in *Input, groups []*group, f frame, cols []column, report *survey.WeightReport) (*sample, error) {
	const op = "weight"
	s := newSample(groups, survey.Invited, "raked to the register, linearized", func(*group) bool { return true })
	s.probability = true
	class := make([]int, len(s.groups))
	for i, g := range s.groups {
		at, known := f.at[g.class]
		if !known || f.classes[at].Chance() == 0 {
			return nil, survey.Errorf(survey.CodeWeightingFailed, op, "an answer names class %q, from which nobody was invited", g.class)
		}
		class[i] = at
		s.places = append(s.places, placeOf(f.classes[at]))
	}
	if len(s.groups) == 0 {
		return s, nil
	}
	var err error
	var failed []string
	var core *weight.Classes
	for c := range cols {
		w, classes, diagnosis, err := weightColumn(in.Wave.Rules, f, &cols[c], s, class)
		if err != nil {
			return nil, survey.Errorf(survey.CodeWeightingFailed, op, "module %s: %w", cols[c].name, err)
		}
		s.columns = append(s.columns, w)
		report.Modules = append(report.Modules, diagnosis)
		if w.calibration == nil {
			failed = append(failed, cols[c].name)
		} else if len(diagnosis.Failure) > 0 {
			s.method = "raked to the register's margins that can be met, linearized"
			report.Notes = append(report.Notes, diagnosis.Failure...)
		}
		if c == 0 {
			core = classes
		}
	}
	if len(failed) > 0 {
		s.method = "nonresponse-adjusted, not raked, linearized"
		if len(failed) < len(cols) {
			s.method = "raked to the register, linearized (nonresponse-adjusted only: " + strings.Join(failed, ", ") + ")"
		}
		report.Notes = append(report.Notes, survey.NewNote(survey.NoteMarginsUnmet, survey.NoteParams{Modules: failed}))
	}
	s.population, s.stratum = make([]float64, len(s.groups)), make([]string, len(s.groups))
	for i := range s.groups {
		k := core.ClassOf[class[i]]
		s.stratum[i] = fmt.Sprintf("%03d %s", k+1, strings.Join(core.Classes[k].Labels, " / "))
		for _, cell := range core.Classes[k].Cells {
			s.population[i] += float64(f.classes[cell].Population)
		}
	}
	// A stratum with one respondent stands only where there are no others at all: its figures are withheld anyway.
	if s.design, err = s.newDesign(s.stratum, s.population); err != nil {
		return nil, survey.Errorf(survey.CodeWeightingFailed, op, "design: %w", err)
	}
	return s, nil
}

// newDesign makes the design of the sample's columns: the first is the main one. Residuals are inflated by their leverage: a kiosk
// answer speaks for five, and small units have a margin of their own, so that without it standard errors are some five per cent too
// small, as the simulation shows.
func (s *sample) newDesign(strata []string, population []float64) (*design.Grouped, error) {
	spec := design.GroupSpec{N: s.counts, Strata: strata, Population: population}
	for _, c := range s.columns {
		column := design.GroupColumn{Name: c.name, Weights: c.weights, Chance: c.chance}
		if c.calibration != nil {
			column.X, column.Base = c.calibration.X, c.base
		}
		spec.Columns = append(spec.Columns, column)
	}
	return design.NewGrouped(spec)
}

// Raking stops when every level of every margin is met to a billionth of itself, far below one transaction, and gives up
// after rounds that take less than a second. Margins that hang together, as fields do with the units that handle them,
// are met slowly but surely.
const (
	rakeTolerance = 1e-9
	rakeRounds    = 5000
)

// weightColumn makes one module's weights: base weights, nonresponse classes, raking. What is raked are the weights of whole groups:
// all answers of a group get the same factor.
func weightColumn(rules survey.Rules, f frame, col *column, s *sample, class []int) (weighted, *weight.Classes, survey.ModuleWeights, error) {
	w := weighted{name: col.name, weights: make([]float64, len(s.groups)), chance: make([]float64, len(s.groups))}
	out := survey.ModuleWeights{Module: col.name}
	cells := make([]weight.Cell, len(f.classes))
	for i, c := range f.classes {
		cells[i] = weight.Cell{Labels: slices.Clone(c.Labels[:]), Sampled: float64(c.Population), Invited: c.Invited}
	}
	for i, g := range s.groups {
		p := col.chance(g)
		w.chance[i] = p
		if p == 0 {
			continue
		}
		w.weights[i] = 1 / (f.classes[class[i]].Chance() * p)
		cells[class[i]].Respondents += g.n
		cells[class[i]].RespondentWeight += float64(g.n) * w.weights[i]
		out.Respondents += g.n
	}
	if out.Respondents == 0 {
		out.Failure = survey.Failures{survey.NewNote(survey.NoteModuleUnasked, survey.NoteParams{Module: col.name})}
		return w, nil, out, nil
	}
	classes, err := weight.Nonresponse(cells, weight.Collapse{
		Dimensions: survey.DimNames[:],
		// Lateness goes last: it drives who answers far more than the unit does, and these classes, unlike the sampling classes,
		// need not keep units apart.
		Drop:           []int{survey.DimMonth, survey.DimChannel, survey.DimField, survey.DimFieldGroup, survey.DimUnit, survey.DimLateness},
		MinRespondents: rules.MinRespondents, MaxFactor: rules.MaxAdjustment,
	})
	if err != nil {
		return w, nil, out, err
	}
	for i := range s.groups {
		if w.weights[i] > 0 {
			w.weights[i] *= classes.Classes[classes.ClassOf[class[i]]].Factor
		}
	}
	w.base = slices.Clone(w.weights)
	whole := s.whole(w.weights)
	out.Collapsed = collapseNotes(classes, rules)
	margins, unit, pooled, err := registerMargins(rules, f, whole, class, s.counts)
	if err != nil {
		return w, nil, out, err
	}
	out.Collapsed = append(out.Collapsed, pooled...)
	raked, err := rake(whole, margins, &out)
	if err != nil {
		return w, nil, out, err
	}
	if raked == nil {
		describe(&out, weight.Diagnose("nonresponse classes", whole, whole), whole, s.counts)
		out.Margins = residuals(append(margins, unit), whole)
		return w, classes, out, nil
	}
	describe(&out, raked.Diagnostics, raked.Weights, s.counts)
	out.Margins = residuals(append(margins, unit), raked.Weights)
	w.calibrated(raked, s.counts)
	return w, classes, out, nil
}

// whole turns the weights of single answers into those of groups.
func (s *sample) whole(weights []float64) []float64 {
	out := make([]float64, len(weights))
	for i, w := range weights {
		out[i] = w * float64(s.counts[i])
	}
	return out
}

// calibrated takes over the weights of whole groups, and divides them among their answers.
func (w *weighted) calibrated(r *weight.Result, counts []int) {
	for i, all := range r.Weights {
		w.weights[i] = all / float64(counts[i])
	}
	w.calibration = r.Calibration
}

// rake meets as many margins as can be met together: when they cannot, the last one is given up and the others are tried again.
// What was given up, and why, is noted as the failures; nil means that not even the first margin could be met.
func rake(base []float64, margins []weight.Margin, out *survey.ModuleWeights) (*weight.Result, error) {
	for n := len(margins); n > 0; n-- {
		raked, err := weight.Rake(base, margins[:n], weight.RakeRule{Tolerance: rakeTolerance, MaxIterations: rakeRounds})
		if err == nil {
			return raked, nil
		}
		note, ok := unmetNote(err, out.Module, margins[n-1].Name)
		if !ok {
			return nil, err
		}
		out.Failure = append(out.Failure, note)
	}
	return nil, nil
}

// unmetNote says why a margin of a module was given up; ok is false where the error is another one.
func unmetNote(err error, module, margin string) (note survey.Note, ok bool) {
	p := survey.NoteParams{Module: module, Margin: margin}
	var impossible *weight.InfeasibleError
	var unmet *weight.ConvergenceError
	var wrong *weight.MarginError
	switch {
	case errors.As(err, &impossible):
		for _, t := range impossible.Set {
			p.At = append(p.At, survey.NoteLevel{Margin: t.Margin, Level: t.Level})
		}
		return survey.NewNote(survey.NoteMarginImpossible, p), true
	case errors.As(err, &unmet):
		p.N, p.At = unmet.Iterations, []survey.NoteLevel{{Margin: unmet.Margin, Level: unmet.Level}}
		if p.Share = math.Abs(unmet.Residual); math.IsNaN(p.Share) || math.IsInf(p.Share, 0) {
			p.Share = 1
		}
		return survey.NewNote(survey.NoteMarginUnmet, p), true
	case errors.As(err, &wrong):
		p.At = []survey.NoteLevel{{Margin: wrong.Margin, Level: wrong.Level}}
		return survey.NewNote(survey.NoteMarginUnfit, p), true
	}
	return survey.Note{}, false
}
