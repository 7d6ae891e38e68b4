package report

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"sipas/analysis/design"
	"sipas/analysis/weight"
	"sipas/survey"
)

// sample is the respondents of one source with their weights.
type sample struct {
	rows    []*survey.Response // in order of id, so that no sum depends on the order of the input
	places  []place
	stratum []string
	// population is the number of transactions in each row's stratum, of a probability sample.
	population []float64
	columns    []weighted     // by column
	design     *design.Design // nil without respondents
	method     string         // how the weights were made, for the method of each figure
	// probability says that the respondents' chances are known, so that the finite population correction is in the design.
	probability bool
}

// weighted is one weight column of a sample.
type weighted struct {
	name        string
	weights     []float64 // zero where the row is not in the column
	chance      []float64 // of having been asked
	calibration *design.Calibration
}

// respondents returns the responses of a source that answered the required item, in order of id.
func respondents(in *Input, source survey.Source) ([]*survey.Response, error) {
	var rows []*survey.Response
	for i := range in.Responses {
		r := &in.Responses[i]
		if r.Source != source {
			continue
		}
		doc, known := in.Instruments[r.Instrument]
		if !known {
			return nil, &survey.Error{Code: survey.CodeInstrumentUnknown, Op: "weight", Params: map[string]string{"instrument": r.Instrument.String()}}
		}
		if r.Respondent(doc.RequiredItem()) {
			rows = append(rows, r)
		}
	}
	slices.SortFunc(rows, func(a, b *survey.Response) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return rows, nil
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
func weightInvited(in *Input, f frame, cols []column, report *survey.WeightReport) (*sample, error) {
	const op = "weight"
	rows, err := respondents(in, survey.Invited)
	if err != nil {
		return nil, err
	}
	s := &sample{
		rows: rows, places: make([]place, len(rows)), stratum: make([]string, len(rows)),
		method: "raked to the register, linearized", probability: true,
	}
	class := make([]int, len(rows))
	for i, r := range rows {
		at, known := f.at[r.Class]
		if !known || f.classes[at].Chance() == 0 {
			return nil, survey.Errorf(survey.CodeWeightingFailed, op, "an answer names class %q, from which nobody was invited", r.Class)
		}
		class[i], s.places[i] = at, placeOf(f.classes[at])
	}
	if len(rows) == 0 {
		return s, nil
	}
	var failed []string
	var core *weight.Classes
	for c := range cols {
		w, classes, diagnosis, err := weightColumn(in.Wave.Rules, f, &cols[c], rows, class)
		if err != nil {
			return nil, survey.Errorf(survey.CodeWeightingFailed, op, "module %s: %w", cols[c].name, err)
		}
		s.columns = append(s.columns, w)
		report.Modules = append(report.Modules, diagnosis)
		if w.calibration == nil {
			failed = append(failed, cols[c].name)
		} else if diagnosis.Failure != "" {
			s.method = "raked to the register's margins that can be met, linearized"
			report.Notes = append(report.Notes, "module "+cols[c].name+": "+diagnosis.Failure)
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
		report.Notes = append(report.Notes, "the register's margins could not be met for "+strings.Join(failed, ", ")+
			": figures of these modules rest on the nonresponse-adjusted weights")
	}
	s.population = make([]float64, len(rows))
	for i := range rows {
		k := core.ClassOf[class[i]]
		s.stratum[i] = fmt.Sprintf("%03d %s", k+1, strings.Join(core.Classes[k].Labels, " / "))
		for _, cell := range core.Classes[k].Cells {
			s.population[i] += float64(f.classes[cell].Population)
		}
	}
	// A stratum with one respondent stands only where there are no others at all: its figures are withheld anyway.
	s.design, err = s.newDesign([]design.Stage{{Strata: design.Strings(s.stratum), Population: s.population}}, design.LonelyRemove)
	if err != nil {
		return nil, survey.Errorf(survey.CodeWeightingFailed, op, "design: %w", err)
	}
	return s, nil
}

// newDesign makes the design of the sample's columns: the first is the main one.
func (s *sample) newDesign(stages []design.Stage, lonely design.Lonely) (*design.Design, error) {
	spec := design.Spec{Weights: s.columns[0].weights, Stages: stages, Lonely: lonely}
	for i, c := range s.columns {
		column := design.Column{Name: c.name, Weights: c.weights, Calibration: c.calibration}
		if c.calibration != nil {
			// A kiosk answer speaks for five, and small units have a margin of their own: without it standard errors are some five per
			// cent too small, as the simulation shows.
			inflated := *c.calibration
			inflated.Inflation = inflated.LeverageInflation()
			column.Calibration = &inflated
		}
		if slices.ContainsFunc(c.chance, func(p float64) bool { return p < 1 && p > 0 }) {
			column.Chance = c.chance
		}
		if i == 0 {
			column.Name = ""
		}
		spec.Columns = append(spec.Columns, column)
	}
	return design.New(spec)
}

// Raking stops when every level of every margin is met to a billionth of itself, far below one transaction, and gives up
// after rounds that take less than a second. Margins that hang together, as fields do with the units that handle them,
// are met slowly but surely.
const (
	rakeTolerance = 1e-9
	rakeRounds    = 5000
)

// weightColumn makes one module's weights: base weights, nonresponse classes, raking.
func weightColumn(rules survey.Rules, f frame, col *column, rows []*survey.Response, class []int) (weighted, *weight.Classes, survey.ModuleWeights, error) {
	w := weighted{name: col.name, weights: make([]float64, len(rows)), chance: make([]float64, len(rows))}
	out := survey.ModuleWeights{Module: col.name}
	cells := make([]weight.Cell, len(f.classes))
	for i, c := range f.classes {
		cells[i] = weight.Cell{Labels: slices.Clone(c.Labels[:]), Sampled: float64(c.Population), Invited: c.Invited}
	}
	for i, r := range rows {
		p := col.chance(r)
		w.chance[i] = p
		if p == 0 {
			continue
		}
		w.weights[i] = 1 / (f.classes[class[i]].Chance() * p)
		cells[class[i]].Respondents++
		cells[class[i]].RespondentWeight += w.weights[i]
		out.Respondents++
	}
	if out.Respondents == 0 {
		out.Failure = "no respondent was asked this module"
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
	for i := range rows {
		if w.weights[i] > 0 {
			w.weights[i] *= classes.Classes[classes.ClassOf[class[i]]].Factor
		}
	}
	out.Collapsed = collapseText(classes, rules)
	margins, unit, pooled, err := registerMargins(rules, f, w.weights, class)
	if err != nil {
		return w, nil, out, err
	}
	out.Collapsed = append(out.Collapsed, pooled...)
	raked, err := rake(w.weights, margins, &out)
	if err != nil {
		return w, nil, out, err
	}
	if raked == nil {
		describe(&out, weight.Diagnose("nonresponse classes", w.weights, w.weights))
		out.Margins = residuals(append(margins, unit), w.weights)
		return w, classes, out, nil
	}
	describe(&out, raked.Diagnostics)
	out.Margins = residuals(append(margins, unit), raked.Weights)
	w.weights, w.calibration = raked.Weights, raked.Calibration
	return w, classes, out, nil
}

// rake meets as many margins as can be met together: when they cannot, the last one is given up and the others are tried again.
// What was given up, and why, is noted as the failure; nil means that not even the first margin could be met.
func rake(base []float64, margins []weight.Margin, out *survey.ModuleWeights) (*weight.Result, error) {
	for n := len(margins); n > 0; n-- {
		raked, err := weight.Rake(base, margins[:n], weight.RakeRule{Tolerance: rakeTolerance, MaxIterations: rakeRounds})
		if err == nil {
			return raked, nil
		}
		var unmet *weight.ConvergenceError
		var wrong *weight.MarginError
		if !errors.As(err, &unmet) && !errors.As(err, &wrong) {
			return nil, err
		}
		if out.Failure != "" {
			out.Failure += "; "
		}
		out.Failure += fmt.Sprintf("margin %s given up: %v", margins[n-1].Name, err)
	}
	return nil, nil
}
