package report

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"sipas/analysis/estimate"
	"sipas/data"
	"sipas/survey"
)

// MergeWeights weigh the parts of a merged province. There is no default: who merges says by what.
type MergeWeights struct {
	Name string             // printed with every result
	Note survey.Text        // what is not certain about them
	Of   map[string]float64 // by id of the former province; nil weighs each part alike
}

// EqualWeights weigh every part alike.
func EqualWeights() MergeWeights {
	return MergeWeights{Name: "equal", Note: bilingual("every part alike, whatever its size", "các tỉnh cũ như nhau, không xét quy mô")}
}

// PAPIMerged are the published scores of a province of 2025 in a year before it was: the weighted means of the scores of its parts.
// They are no published scores, and always marked.
type PAPIMerged struct {
	Year    int
	Unit    data.Unit // the province of 2025
	Weights MergeWeights
	Parts   []PAPIMergedPart
	Nodes   []PAPIMergedNode // total, dimensions, sub-dimensions
	State   survey.Comparability
	Reasons []survey.ChangeReason
}

// PAPIMergedPart is one former province.
type PAPIMergedPart struct {
	Unit   data.Unit
	Weight float64
	Share  float64
}

// PAPIMergedNode is a node's mean over the parts; nil where any part is withheld, so that none is given away.
type PAPIMergedNode struct {
	Code     string
	Kind     survey.NodeKind
	Name     survey.Text
	Min, Max float64
	Score    *float64
	Interval *PAPIInterval // of the total, in years for which the publishers print the parts'
	Parts    []*float64    // in the order of the parts
	Withheld []string      // names of parts without a score
	With     *float64      // the mean in the other year
	Change   PAPIChange    // since the other year; its Mean is empty
}

// PAPIOfMerged returns what the parts of a province of 2025 scored in a year, and the change since another one (0: the year before).
func PAPIOfMerged(year, with int, province string, weights MergeWeights) (PAPIMerged, error) {
	const op = "report on a merged province"
	y, err := papiYearOf(year)
	if err != nil {
		return PAPIMerged{}, err
	}
	asked := with != 0
	if !asked {
		with = year - 1
	}
	other, err := papiYearOf(with)
	if err != nil && asked {
		return PAPIMerged{}, err
	}
	unit, err := data.Province(province, data.CurrentFrom)
	if err != nil {
		return PAPIMerged{}, &survey.Error{Code: survey.CodeUnitUnknown, Op: op, Params: map[string]string{"unit": province}, Err: err}
	}
	m := PAPIMerged{Year: year, Unit: unit, Weights: weights, State: survey.ChangeMarked}
	code, ids, sum := survey.CompareMerged, slices.Sorted(slices.Values(unit.Predecessors)), 0.0
	if len(ids) == 1 {
		code = survey.CompareRenamed
	}
	m.Reasons = []survey.ChangeReason{reason(code, ids...)}
	for _, id := range ids {
		u, _ := data.UnitByID(id)
		w := 1.0
		if weights.Of != nil && len(ids) > 1 {
			if w = weights.Of[id]; !(w > 0) || math.IsInf(w, 1) {
				return PAPIMerged{}, survey.Errorf(survey.CodeBadRequest, op, "the weights %s have none for %s: give every part one above 0", weights.Name, u.NameVI)
			}
		}
		m.Parts = append(m.Parts, PAPIMergedPart{Unit: u, Weight: w})
		sum += w
	}
	for i := range m.Parts {
		m.Parts[i].Share = m.Parts[i].Weight / sum
	}
	total := PAPIMergedNode{Code: data.PAPITotal, Kind: survey.NodeIndex, Name: bilingual("PAPI total", "Tổng điểm PAPI")}
	var dimensions, subs []PAPIMergedNode
	for _, d := range y.composition {
		total.Min, total.Max = total.Min+d.Min, total.Max+d.Max
		dimensions = append(dimensions, PAPIMergedNode{Code: d.Code, Kind: survey.NodeDimension, Name: bilingual(d.NameEN, d.NameVI), Min: d.Min, Max: d.Max})
		for _, s := range d.Subs {
			subs = append(subs, PAPIMergedNode{Code: s.Code, Kind: survey.NodeSubDimension, Name: bilingual(s.NameEN, s.NameVI), Min: s.Min, Max: s.Max})
		}
	}
	m.Nodes = slices.Concat([]PAPIMergedNode{total}, dimensions, subs)
	for i := range m.Nodes {
		m.fill(&m.Nodes[i], y, other)
	}
	m.Nodes[0].Interval = m.interval(y)
	return m, nil
}

func (m *PAPIMerged) fill(n *PAPIMergedNode, y, other *papiYear) {
	n.Score, n.Parts, n.Withheld = m.mean(y, n.Code)
	if other == nil {
		n.Change.Reason = unknownPAPIYear(y.year - 1)
		return
	}
	late := y
	if other.year > y.year {
		late = other
	}
	if b, broken := survey.Frameworks(ShippedFramework).BreakBetween(late.framework, n.Code, y.year, other.year); broken {
		n.Change.Reason = b.Reason
		return
	}
	var gone []string
	n.With, _, gone = m.mean(other, n.Code)
	for _, side := range []struct {
		year  int
		names []string
	}{{y.year, n.Withheld}, {other.year, gone}} {
		if len(side.names) > 0 {
			n.Change.Reason = bilingual(fmt.Sprintf("The score of %s in %d was withheld.", side.names[0], side.year),
				fmt.Sprintf("Điểm năm %d của %s không được công bố.", side.year, side.names[0]))
			return
		}
	}
	change := *n.Score - *n.With
	n.Change.Value = &change
}

func unknownPAPIYear(year int) survey.Text {
	return bilingual(fmt.Sprintf("No scores of %d are there to compare with.", year), fmt.Sprintf("Không có số liệu năm %d để so sánh.", year))
}

// mean is the weighted mean of a node's scores over the parts, nil where one is withheld.
func (m *PAPIMerged) mean(y *papiYear, node string) (mean *float64, parts []*float64, withheld []string) {
	sum := 0.0
	for _, p := range m.Parts {
		score := y.score(p.Unit.ID, node).value()
		parts = append(parts, score)
		if score == nil {
			withheld = append(withheld, p.Unit.NameVI)
			continue
		}
		sum += p.Share * *score
	}
	if len(withheld) > 0 {
		return nil, parts, withheld
	}
	return &sum, parts, nil
}

// interval is what the printed intervals of the parts make of the total. Provinces are sampled each by itself, so their variances add.
func (m *PAPIMerged) interval(y *papiYear) *PAPIInterval {
	variance := 0.0
	for _, p := range m.Parts {
		i := y.interval(p.Unit.ID, papiUnweighted)
		if i == nil || m.Nodes[0].Score == nil {
			return nil
		}
		variance += p.Share * p.Share * i.SE * i.SE
	}
	se := math.Sqrt(variance)
	half := new(estimate.Student).Quantile((1+papiLevel)/2, math.Inf(1)) * se
	return &PAPIInterval{Low: *m.Nodes[0].Score - half, High: *m.Nodes[0].Score + half, Level: papiLevel, SE: se}
}

// WeightsOf are an office's own weights of former provinces by name.
func WeightsOf(name string, byProvince map[string]float64) (MergeWeights, error) {
	const op = "read weights of provinces"
	w := MergeWeights{Name: name, Note: bilingual("given by whoever asked", "do người dùng cung cấp"), Of: map[string]float64{}}
	for _, province := range slices.Sorted(maps.Keys(byProvince)) {
		u, err := data.Province(province, data.FormerUntil)
		if err != nil {
			return w, &survey.Error{Code: survey.CodeUnitUnknown, Op: op, Params: map[string]string{"unit": province}, Err: err}
		}
		x := byProvince[province]
		if !(x > 0) || math.IsInf(x, 1) {
			return w, survey.Errorf(survey.CodeBadRequest, op, "the weight %g of %s is not above 0", x, u.NameVI)
		}
		if _, twice := w.Of[u.ID]; twice {
			return w, survey.Errorf(survey.CodeBadRequest, op, "%s has two weights, in two spellings of its name", u.NameVI)
		}
		w.Of[u.ID] = x
	}
	return w, nil
}
