package report

import (
	"fmt"
	"math"
	"sync"

	"sipas/analysis/estimate"
	"sipas/data"
	"sipas/survey"
)

// PAPIInterval is an interval that the publishers print beside a total. They call it one of 95 %; its width is 2 × 1.645
// standard errors, which makes it one of 90 %, and the level says so.
type PAPIInterval struct {
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	Level float64 `json:"confidence"`
	SE    float64 `json:"se"` // half of the width over 1.645
}

// PAPIWeighted is a total whose dimensions have weights of their own.
type PAPIWeighted struct {
	Total    float64       `json:"total"`
	Interval *PAPIInterval `json:"interval,omitempty"`
}

// papiLevel is the level of the printed intervals. In all 63 provinces and for both totals of 2019 the half-width is 1.64496 to
// 1.64497 of the printed standard errors, and the normal quantile of 90 % is 1.64485.
const papiLevel = 0.90

// The components of the published totals.
const (
	papiUnweighted = "total_unweighted"
	papiWeighted   = "total_weighted"
)

// papiPrinted are the published intervals by year, component and province.
var papiPrinted = sync.OnceValue(func() map[int]map[string]map[string]PAPIInterval {
	all := map[int]map[string]map[string]PAPIInterval{}
	quantile := new(estimate.Student).Quantile((1+papiLevel)/2, math.Inf(1))
	for _, p := range data.PublishedScores() {
		if p.Index != "PAPI" || p.Low == nil || p.High == nil {
			continue
		}
		u, err := data.Province(p.Province, papiDay(p.Year))
		if err != nil {
			panic(fmt.Sprintf("report: a published score of %q: %v", p.Province, err))
		}
		if all[p.Year] == nil {
			all[p.Year] = map[string]map[string]PAPIInterval{papiUnweighted: {}, papiWeighted: {}}
		}
		all[p.Year][p.Component][u.ID] = PAPIInterval{Low: *p.Low, High: *p.High, Level: papiLevel, SE: (*p.High - *p.Low) / 2 / quantile}
	}
	return all
})

// interval returns what is printed beside a total of a province.
func (y *papiYear) interval(unit, component string) *PAPIInterval {
	i, ok := papiPrinted()[y.year][component][unit]
	if !ok {
		return nil
	}
	return &i
}

// weighted returns the weighted total of a province; nil where there is none, or in years whose weights are not known.
func (y *papiYear) weighted(unit string) *PAPIWeighted {
	for _, d := range y.framework.Derived {
		if d.Years != nil && !d.Years.Holds(y.year) {
			continue
		}
		if total := y.score(unit, d.Code).value(); total != nil {
			return &PAPIWeighted{Total: *total, Interval: y.interval(unit, papiWeighted)}
		}
	}
	return nil
}

// PAPITotals are the totals of all provinces of a year, in the order of the list of units.
type PAPITotals struct {
	Year      int            `json:"year"`
	Framework string         `json:"framework"`
	Ranked    int            `json:"ranked"`
	Provinces []PAPIProvince `json:"provinces"`
}

// PAPIProvince is the total of one province, its rank and its group; all are empty where the publishers withheld any dimension.
type PAPIProvince struct {
	Province string        `json:"province"`
	Total    *float64      `json:"total"`
	Rank     *int          `json:"rank"`
	Group    string        `json:"group"`
	State    survey.State  `json:"state"`
	Reason   survey.Text   `json:"reason,omitempty"`
	Interval *PAPIInterval `json:"interval,omitempty"`
	Weighted *PAPIWeighted `json:"weighted,omitempty"`
}

// PAPITotalsOf computes every total of a year from the published sub-dimensions, by the year's framework.
func PAPITotalsOf(year int) (PAPITotals, error) {
	y, err := papiYearOf(year)
	if err != nil {
		return PAPITotals{}, err
	}
	out := PAPITotals{Year: year, Framework: y.framework.ID}
	for _, id := range y.units {
		u, _ := data.UnitByID(id)
		p := PAPIProvince{Province: u.NameVI, State: survey.StatePublished, Interval: y.interval(id, papiUnweighted), Weighted: y.weighted(id)}
		p.Total = y.score(id, data.PAPITotal).value()
		if p.Rank, out.Ranked, p.Group, err = y.standing(id); err != nil {
			return PAPITotals{}, &survey.Error{Code: survey.CodeInternal, Op: "totals of published papi", Err: err}
		}
		if p.Total == nil {
			p.State, p.Reason = survey.StateWithheld, y.reason(id)
		}
		out.Provinces = append(out.Provinces, p)
	}
	return out, nil
}
