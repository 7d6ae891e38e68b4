package report

import (
	"slices"

	"sipas/data"
	"sipas/survey"
)

// PAPITrend is a province's published PAPI scores over all years, node by node.
type PAPITrend struct {
	Unit  data.Unit // the province as it was until 2025
	Years []int
	// Standings are the ranks by the total, one for each year.
	Standings []PAPIStanding
	// Nodes are the total, then each dimension followed by its sub-dimensions. A code has one node even
	// where it meant different things: the points say what it meant, and the segments end there.
	Nodes []PAPITrendNode
}

// PAPIStanding is a province's place in one year. Rank is nil and Group empty where its total was withheld.
type PAPIStanding struct {
	Year   int
	Rank   *int
	Ranked int
	Group  string
	Reason survey.Text // why there is no rank
}

// PAPITrendNode is the series of one code.
type PAPITrendNode struct {
	Code   string
	Kind   survey.NodeKind
	Points []PAPIPoint // the years in which the code was published, in order
}

// PAPIPoint is a node's score in one year.
type PAPIPoint struct {
	Year     int
	Name     survey.Text // what the code meant in that year
	Min, Max float64     // the nominal scale of that year
	Score    *float64    // nil where it was withheld
	Mean     float64     // of the provinces with a score: a jump that all share is rarely the province's doing
	// Interval is what the publishers print beside the total, with its true level; nil where they print none.
	Interval *PAPIInterval
	// Broken says that the score does not compare with that of the year before, and Reason why.
	// The first point of a node is not broken: there is nothing before it.
	Broken bool
	Reason survey.Text
}

// PAPITrendOf returns the trend of a province by name, from the list of provinces in force until 2025:
// scores were published for no other. An unknown name is CodeUnitUnknown with the nearest names.
func PAPITrendOf(province string) (PAPITrend, error) {
	const op = "trend of published papi"
	unit, err := data.Province(province, data.FormerUntil)
	if err != nil {
		return PAPITrend{}, &survey.Error{Code: survey.CodeUnitUnknown, Op: op, Params: map[string]string{"unit": province}, Err: err}
	}
	t := PAPITrend{Unit: unit, Years: data.PAPIYears()}
	series := map[string]*PAPITrendNode{}
	add := func(y *papiYear, code string, kind survey.NodeKind, p PAPIPoint) {
		node := series[code]
		if node == nil {
			node = &PAPITrendNode{Code: code, Kind: kind}
			series[code] = node
		}
		p.Year = y.year
		p.Score = y.score(unit.ID, code).value()
		p.Mean = papiMean(y.scores(code))
		if len(node.Points) > 0 {
			last := node.Points[len(node.Points)-1].Year
			if b, broken := y.breakSince(code, last); broken {
				p.Broken, p.Reason = true, b.Reason
			}
		}
		node.Points = append(node.Points, p)
	}
	for _, year := range t.Years {
		y, err := papiYearOf(year)
		if err != nil {
			return PAPITrend{}, err
		}
		standing := PAPIStanding{Year: year}
		standing.Rank, standing.Ranked, standing.Group, err = y.standing(unit.ID)
		if err != nil {
			return PAPITrend{}, &survey.Error{Code: survey.CodeInternal, Op: op, Err: err}
		}
		if standing.Rank == nil {
			standing.Reason = y.reason(unit.ID)
		}
		t.Standings = append(t.Standings, standing)
		total := PAPIPoint{Name: bilingual("PAPI total", "Tổng điểm PAPI")}
		for _, d := range y.composition {
			total.Min, total.Max = total.Min+d.Min, total.Max+d.Max
			add(y, d.Code, survey.NodeDimension, PAPIPoint{Name: bilingual(d.NameEN, d.NameVI), Min: d.Min, Max: d.Max})
			for _, s := range d.Subs {
				add(y, s.Code, survey.NodeSubDimension, PAPIPoint{Name: bilingual(s.NameEN, s.NameVI), Min: s.Min, Max: s.Max})
			}
		}
		total.Interval = y.interval(unit.ID, papiUnweighted)
		add(y, data.PAPITotal, survey.NodeIndex, total)
	}
	t.Nodes = append(t.Nodes, *series[data.PAPITotal])
	delete(series, data.PAPITotal)
	codes := make([]string, 0, len(series))
	for code := range series {
		codes = append(codes, code)
	}
	slices.Sort(codes) // "1" comes before "1.1", and there are fewer than ten of each
	for _, code := range codes {
		t.Nodes = append(t.Nodes, *series[code])
	}
	return t, nil
}

// Node returns the series of a code.
func (t PAPITrend) Node(code string) (PAPITrendNode, bool) {
	i := slices.IndexFunc(t.Nodes, func(n PAPITrendNode) bool { return n.Code == code })
	if i < 0 {
		return PAPITrendNode{}, false
	}
	return t.Nodes[i], true
}

// Segments returns the runs of points that may be joined by a line: scores of following years that
// compare with each other. A withheld score ends a run too, so that no line crosses it.
func (n PAPITrendNode) Segments() [][]PAPIPoint {
	var runs [][]PAPIPoint
	var run []PAPIPoint
	end := func() {
		if len(run) > 0 {
			runs = append(runs, run)
		}
		run = nil
	}
	for _, p := range n.Points {
		if p.Broken || p.Score == nil {
			end()
		}
		if p.Score != nil {
			run = append(run, p)
		}
	}
	end()
	return runs
}
