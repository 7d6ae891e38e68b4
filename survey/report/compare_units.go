package report

import (
	"math"
	"slices"

	"sipas/analysis"
	"sipas/survey"
)

// partsOf returns the units that a unit of the later side was in the period of the earlier one: itself, the one that it had been
// called, the parts that it was merged of, or none.
func (c *comparer) partsOf(unit survey.UnitID) []survey.UnitID {
	if unit == "" {
		return nil
	}
	var out []survey.UnitID
	seen := map[survey.UnitID]bool{}
	var collect func(id survey.UnitID)
	collect = func(id survey.UnitID) {
		if seen[id] {
			return
		}
		seen[id] = true
		u, known := c.units[id]
		w := c.early.Wave
		there := !known || u.From <= w.To && (u.To == "" || u.To >= w.From)
		if there {
			out = append(out, id)
		}
		for _, before := range c.parts[id] {
			// A unit that still is there in the later period gave nothing up to this one.
			if p := c.units[before]; p.To != "" && p.To < c.late.Wave.To && (!there || p.To >= w.From) {
				collect(before)
			}
		}
	}
	collect(unit)
	slices.Sort(out)
	return out
}

// past is the figure of the earlier side that a figure of the later side is held against, and the parts that it was made of.
func (m *changes) past(then, now survey.FigureKey) (*survey.Figure, []survey.ChangePart, []survey.ChangeReason) {
	if then.Domain != now.Domain {
		return m.before[then], nil, []survey.ChangeReason{reason(survey.CompareOtherUnit, string(then.Domain.Unit), string(now.Domain.Unit))}
	}
	unit := now.Domain.Unit
	if unit == "" {
		return m.before[then], nil, nil
	}
	if u, known := m.units[unit]; known && u.To != "" && u.To < m.late.Wave.From {
		return m.before[then], nil, []survey.ChangeReason{reason(survey.CompareUnitEnded, texts(u.Successors)...)}
	}
	parts := m.partsOf(unit)
	switch {
	case len(parts) == 0:
		return nil, nil, []survey.ChangeReason{reason(survey.CompareUnitNew, string(unit))}
	case len(parts) == 1 && parts[0] == unit:
		return m.before[then], nil, nil
	}
	for _, p := range parts {
		if len(m.units[p].Successors) > 1 {
			return nil, nil, []survey.ChangeReason{reason(survey.CompareUnitSplit, string(p))}
		}
	}
	return m.merged(then, parts)
}

func texts(ids []survey.UnitID) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = string(id)
	}
	return out
}

// merged makes the past of a unit of its parts.
func (m *changes) merged(then survey.FigureKey, ids []survey.UnitID) (*survey.Figure, []survey.ChangePart, []survey.ChangeReason) {
	code := survey.CompareMerged
	if len(ids) == 1 {
		code = survey.CompareRenamed
	}
	said := []survey.ChangeReason{reason(code, texts(ids)...)}
	refuse := func(code string, unit survey.UnitID) (*survey.Figure, []survey.ChangePart, []survey.ChangeReason) {
		return nil, nil, append(said, reason(code, string(unit)))
	}
	weights, pooled, today := m.early.weights(then.Basis)
	if today && len(ids) > 1 {
		said = append(said, reason(survey.CompareWeights))
	}
	var figures []*survey.Figure
	var parts []survey.ChangePart
	for _, id := range ids {
		key := then
		key.Domain.Unit = id
		f := m.before[key]
		weight := float64(weights[id])
		if len(ids) == 1 {
			weight = 1 // one part is all of it, whatever it weighs
		}
		switch {
		case f == nil && weight == 0 && len(weights) > 0 && !pooled[id]:
			continue // it handled nothing in that period
		case f == nil:
			return refuse(survey.ComparePartMissing, id)
		case f.State == survey.StateWithheld:
			return refuse(survey.ComparePartWithheld, id)
		case f.State == survey.StateNotComparable || !f.Estimate.Defined():
			return refuse(survey.CompareUndefined, id)
		case weight == 0:
			return refuse(survey.CompareNoWeight, id)
		}
		figures = append(figures, f)
		parts = append(parts, survey.ChangePart{Unit: id, Weight: weight, Estimate: f.Estimate})
	}
	if len(parts) == 0 {
		return refuse(survey.ComparePartMissing, ids[0])
	}
	mergeParts(parts)
	f := *figures[0]
	f.Estimate = m.pool(parts, f)
	if len(parts) == 1 {
		f.Estimate = parts[0].Estimate
	}
	return &f, parts, said
}

// mergeParts fills in the share of each part.
func mergeParts(parts []survey.ChangePart) {
	sum := 0.0
	for _, p := range parts {
		sum += p.Weight
	}
	for i := range parts {
		parts[i].Share = parts[i].Weight / sum
	}
}

// pool is the weighted mean of parts, with the bound of its standard error that holds whatever their covariance is: the standard
// deviation of a sum is at most the sum of the standard deviations.
func (m *changes) pool(parts []survey.ChangePart, like survey.Figure) analysis.Estimate {
	e := analysis.Estimate{
		DF: math.Inf(1), DesignEffect: math.NaN(), EffectiveN: math.NaN(), Method: "weighted mean of the parts; standard error bounded",
	}
	for _, p := range parts {
		e.Value += p.Share * p.Estimate.Value
		e.SE += p.Share * p.Estimate.SE
		e.N += p.Estimate.N
		e.Population += p.Estimate.Population
		e.DF = math.Min(e.DF, p.Estimate.DF)
	}
	low, high := 0.0, 0.0
	for _, b := range []*survey.Bounds{like.Nominal, like.Attainable} {
		if b != nil {
			low, high = b.Min, b.Max
		}
	}
	if low == high && like.Measure == survey.Percent {
		low, high = 0, 100
	}
	e.Interval, e.Reason = m.student.Bounded(e.Value, e.SE, e.N, e.DF, m.level, low, high)
	return e
}
