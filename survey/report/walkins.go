package report

import (
	"fmt"
	"slices"

	"sipas/analysis/design"
	"sipas/analysis/weight"
	"sipas/survey"
)

// weightWalkIns post-stratifies the answers that came without a token to the register's counts by unit and month.
//
// They chose themselves, so no weight makes them a probability sample. The weights repair what is known, that the
// kiosks of some units and months draw more answers than others, and nothing else; the standard error treats each
// post-stratum as if it were a simple random sample. Units without walk-ins are not represented.
func weightWalkIns(in *Input, cols []column, report *survey.WeightReport) (*sample, error) {
	const op = "weight walk-ins"
	all, err := respondents(in, survey.WalkIn)
	if err != nil {
		return nil, err
	}
	report.WalkIns = len(all)
	register := map[survey.UnitID]map[string]float64{}
	for _, r := range in.Register {
		if register[r.Unit] == nil {
			register[r.Unit] = map[string]float64{}
		}
		register[r.Unit][r.Month] += float64(r.N)
	}
	s := &sample{method: "walk-ins, post-stratified by unit and month"}
	outside := 0
	for _, r := range all {
		if len(register[r.Unit]) == 0 {
			outside++
			continue
		}
		s.rows = append(s.rows, r)
		s.places = append(s.places, place{unit: string(r.Unit)})
	}
	if outside > 0 {
		report.Notes = append(report.Notes, fmt.Sprintf("%d walk-ins are of units without transactions in the register and count in no figure", outside))
	}
	if len(s.rows) == 0 {
		return s, nil
	}
	for c := range cols {
		w, strata, err := postStratify(in.Wave.Rules, &cols[c], s.rows, register)
		if err != nil {
			return nil, survey.Errorf(survey.CodeWeightingFailed, op, "module %s: %w", cols[c].name, err)
		}
		if c == 0 {
			s.stratum = strata
		}
		s.columns = append(s.columns, w)
	}
	if s.design, err = s.newDesign(nil, design.LonelyRemove); err != nil {
		return nil, survey.Errorf(survey.CodeWeightingFailed, op, "design: %w", err)
	}
	report.Notes = append(report.Notes, walkInCoverage(s, register))
	return s, nil
}

// postStratify makes one module's weights of walk-ins, and says in which post-stratum each row is.
func postStratify(rules survey.Rules, col *column, rows []*survey.Response, register map[survey.UnitID]map[string]float64) (weighted, []string, error) {
	w := weighted{name: col.name, weights: make([]float64, len(rows)), chance: make([]float64, len(rows))}
	count := map[survey.UnitID]map[string]int{}
	total := map[survey.UnitID]int{}
	for i, r := range rows {
		p := col.chance(r)
		w.chance[i] = p
		if p == 0 {
			continue
		}
		w.weights[i] = 1 / p
		if count[r.Unit] == nil {
			count[r.Unit] = map[string]int{}
		}
		count[r.Unit][r.Month]++
		total[r.Unit]++
	}
	strata := make([]string, len(rows))
	if len(total) == 0 {
		return w, strata, nil
	}
	label := func(unit survey.UnitID, month string) string {
		for m := range register[unit] {
			if count[unit][m] < rules.MinMargin {
				return string(unit)
			}
		}
		// An answer of a month in which the register has nothing leaves its unit whole.
		for m := range count[unit] {
			if register[unit][m] == 0 {
				return string(unit)
			}
		}
		return string(unit) + " × " + month
	}
	m := weight.Margin{Name: "unit × month", Labels: strata, Targets: map[string]float64{}}
	for unit := range total {
		for month, n := range register[unit] {
			m.Targets[label(unit, month)] += n
		}
	}
	for i, r := range rows {
		strata[i] = label(r.Unit, r.Month)
	}
	pooled, _, err := weight.Pool(w.weights, m, rules.MinMargin, pooledLevel)
	if err != nil {
		return w, strata, err
	}
	done, err := weight.PostStratify(w.weights, pooled)
	if err != nil {
		return w, strata, err
	}
	w.weights, w.calibration = done.Weights, done.Calibration
	return w, pooled.Labels, nil
}

// walkInCoverage says what part of the register lies in units that have walk-ins.
func walkInCoverage(s *sample, register map[survey.UnitID]map[string]float64) string {
	var units []string
	for _, p := range s.places {
		units = append(units, p.unit)
	}
	units = distinct(units)
	covered, whole := 0.0, 0.0
	for unit, months := range register {
		for _, n := range months {
			whole += n
			if slices.Contains(units, string(unit)) {
				covered += n
			}
		}
	}
	return fmt.Sprintf("walk-ins come from %d units with %.1f %% of the register's transactions; figures from walk-ins speak for these units only",
		len(units), 100*covered/whole)
}
