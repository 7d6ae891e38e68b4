package report

import (
	"slices"

	"sipas/analysis/weight"
	"sipas/survey"
)

// weightWalkIns post-stratifies the answers that came without a token to the register's counts by unit and month.
//
// They chose themselves, so no weight makes them a probability sample. The weights repair what is known, that the
// kiosks of some units and months draw more answers than others, and nothing else; the standard error treats each
// post-stratum as if it were a simple random sample. Units without walk-ins are not represented.
func weightWalkIns(in *Input, groups []*group, cols []column, report *survey.WeightReport) (*sample, error) {
	const op = "weight walk-ins"
	register := map[survey.UnitID]map[string]float64{}
	for _, r := range in.Register {
		if register[r.Unit] == nil {
			register[r.Unit] = map[string]float64{}
		}
		register[r.Unit][r.Month] += float64(r.N)
	}
	outside := 0
	s := newSample(groups, survey.WalkIn, "walk-ins, post-stratified by unit and month", func(g *group) bool {
		if len(register[g.unit]) == 0 {
			outside += g.n
			return false
		}
		return true
	})
	for _, g := range s.groups {
		s.places = append(s.places, place{unit: string(g.unit)})
	}
	report.WalkIns = s.respondents + outside
	if outside > 0 {
		report.Notes = append(report.Notes, survey.NewNote(survey.NoteWalkInsOutside, survey.NoteParams{N: outside}))
	}
	if len(s.groups) == 0 {
		return s, nil
	}
	var err error
	for c := range cols {
		w, strata, err := postStratify(in.Wave.Rules, &cols[c], s, register)
		if err != nil {
			return nil, survey.Errorf(survey.CodeWeightingFailed, op, "module %s: %w", cols[c].name, err)
		}
		if c == 0 {
			s.stratum = strata
		}
		s.columns = append(s.columns, w)
	}
	if s.design, err = s.newDesign(nil, nil); err != nil {
		return nil, survey.Errorf(survey.CodeWeightingFailed, op, "design: %w", err)
	}
	report.Notes = append(report.Notes, walkInCoverage(s, register))
	return s, nil
}

// postStratify makes one module's weights of walk-ins, and says in which post-stratum each group is.
func postStratify(rules survey.Rules, col *column, s *sample, register map[survey.UnitID]map[string]float64) (weighted, []string, error) {
	w := weighted{name: col.name, weights: make([]float64, len(s.groups)), chance: make([]float64, len(s.groups))}
	count := map[survey.UnitID]map[string]int{}
	total := map[survey.UnitID]int{}
	for i, g := range s.groups {
		p := col.chance(g)
		w.chance[i] = p
		if p == 0 {
			continue
		}
		w.weights[i] = 1 / p
		if count[g.unit] == nil {
			count[g.unit] = map[string]int{}
		}
		count[g.unit][g.month] += g.n
		total[g.unit] += g.n
	}
	w.base = slices.Clone(w.weights)
	strata := make([]string, len(s.groups))
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
	m := weight.Margin{Name: "unit × month", Labels: strata, Targets: map[string]float64{}, Counts: s.counts}
	for unit := range total {
		for month, n := range register[unit] {
			m.Targets[label(unit, month)] += n
		}
	}
	for i, g := range s.groups {
		strata[i] = label(g.unit, g.month)
	}
	whole := s.whole(w.weights)
	pooled, _, err := weight.Pool(whole, m, rules.MinMargin, pooledLevel)
	if err != nil {
		return w, strata, err
	}
	done, err := weight.PostStratify(whole, pooled)
	if err != nil {
		return w, strata, err
	}
	w.calibrated(done, s.counts)
	return w, pooled.Labels, nil
}

// walkInCoverage says what part of the register lies in units that have walk-ins.
func walkInCoverage(s *sample, register map[survey.UnitID]map[string]float64) survey.Note {
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
	return survey.NewNote(survey.NoteWalkInCoverage, survey.NoteParams{N: len(units), Share: shareOf(int(covered), int(whole))})
}
