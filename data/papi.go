package data

import (
	"fmt"
	"slices"
	"sync"
)

// PAPISubDimension is one part of a dimension on its own scale, as one era defines it.
type PAPISubDimension struct {
	Code           string // "2.1"; the code means different things in different eras
	NameEN, NameVI string
	Min, Max       float64 // the nominal scale
}

// PAPIDimension is a dimension of one era: the sum of its sub-dimensions.
type PAPIDimension struct {
	Code           string // "1" to "8"
	NameEN, NameVI string
	Min, Max       float64 // the nominal scale
	Subs           []PAPISubDimension
}

type dimensionRow struct {
	from, to int
	dim      PAPIDimension
	sub      PAPISubDimension
}

var dimensionRows = table("papi/dimensions.csv",
	"from_year,to_year,dimension,dimension_en,dimension_vi,sub_dimension,sub_dimension_en,sub_dimension_vi,scale_min,scale_max,dimension_min,dimension_max",
	func(r *row) dimensionRow {
		d := dimensionRow{from: r.int(), to: r.int()}
		d.dim = PAPIDimension{Code: r.text(), NameEN: r.text(), NameVI: r.text()}
		d.sub = PAPISubDimension{Code: r.text(), NameEN: r.text(), NameVI: r.text(), Min: r.float(), Max: r.float()}
		d.dim.Min, d.dim.Max = r.float(), r.float()
		return d
	})

var compositions = sync.OnceValue(func() map[int][]PAPIDimension {
	years := map[int][]PAPIDimension{}
	for _, r := range dimensionRows() {
		for year := r.from; year <= r.to; year++ {
			dims := years[year]
			if len(dims) == 0 || dims[len(dims)-1].Code != r.dim.Code {
				dims = append(dims, r.dim)
			}
			last := &dims[len(dims)-1]
			last.Subs = append(last.Subs, r.sub)
			years[year] = dims
		}
	}
	return years
})

// PAPIYears returns the years with published scores, in order.
func PAPIYears() []int {
	var years []int
	for year := range compositions() {
		years = append(years, year)
	}
	slices.Sort(years)
	return years
}

// PAPIComposition returns the dimensions of a year with their sub-dimensions, in order; it is empty
// for a year without published scores.
func PAPIComposition(year int) []PAPIDimension { return compositions()[year] }

// PAPIScore is one published score of a sub-dimension.
type PAPIScore struct {
	Year  int
	Unit  string // the id of the province
	Sub   string // the code of the sub-dimension in that year
	Score float64
}

type publishedRow struct {
	year          int
	province, sub string
	score         float64
}

var publishedRows = table("papi/published.csv", "year,province,sub_dimension,score", func(r *row) publishedRow {
	return publishedRow{r.int(), r.text(), r.text(), r.float()}
})

var papiScores = sync.OnceValues(func() (map[int]map[string]map[string]float64, error) {
	names, err := publishedNames()
	if err != nil {
		return nil, err
	}
	years := map[int]map[string]map[string]float64{}
	for _, r := range publishedRows() {
		unit, known := names[r.province]
		if !known {
			return nil, fmt.Errorf("papi/published.csv: no unit is known for %q", r.province)
		}
		if years[r.year] == nil {
			years[r.year] = map[string]map[string]float64{}
		}
		if years[r.year][unit] == nil {
			years[r.year][unit] = map[string]float64{}
		}
		if _, twice := years[r.year][unit][r.sub]; twice {
			return nil, fmt.Errorf("papi/published.csv: %d, %s, %s stands twice", r.year, r.province, r.sub)
		}
		years[r.year][unit][r.sub] = r.score
	}
	return years, nil
})

// PAPIScores returns the published scores of a year, by the id of the province and the code of the
// sub-dimension. A score that was withheld is absent, and so is a province without any.
func PAPIScores(year int) map[string]map[string]float64 { return must(papiScores())[year] }

// PAPITotal is the code of the total in every framework of PAPI.
const PAPITotal = "total"

// PAPIWithheld is a result that the publishers kept back.
type PAPIWithheld struct {
	Year               int
	Unit               string
	Dimensions         []string // codes; all dimensions of the year where everything was withheld
	ReasonEN, ReasonVI string
}

var withheldRows = table("papi/withheld.csv", "year,unit,dimensions,reason_en,reason_vi", func(r *row) PAPIWithheld {
	w := PAPIWithheld{Year: r.int(), Unit: r.text(), Dimensions: r.list(), ReasonEN: r.text(), ReasonVI: r.text()}
	if slices.Equal(w.Dimensions, []string{"all"}) {
		w.Dimensions = nil
		for _, d := range PAPIComposition(w.Year) {
			w.Dimensions = append(w.Dimensions, d.Code)
		}
	}
	return w
})

// PAPIWithheldIn returns the results that were withheld in a year, by the id of the province.
func PAPIWithheldIn(year int) map[string]PAPIWithheld {
	withheld := map[string]PAPIWithheld{}
	for _, w := range withheldRows() {
		if w.Year == year {
			withheld[w.Unit] = w
		}
	}
	return withheld
}

type groupRow struct {
	year, ranked int
	sizes        []int
	source       string
}

var groupRows = table("papi/group_sizes.csv", "year,ranked,highest,high_average,low_average,lowest,source", func(r *row) groupRow {
	return groupRow{r.int(), r.int(), []int{r.int(), r.int(), r.int(), r.int()}, r.text()}
})

// PAPIGroupSizes returns how many provinces the publishers put into each of the four groups of a
// year, the highest group first, and whether they said so.
func PAPIGroupSizes(year int) ([]int, bool) {
	for _, g := range groupRows() {
		if g.year == year {
			return g.sizes, true
		}
	}
	return nil, false
}

// PAPIWatch holds the thresholds from which a published score is worth watching. Published scores
// come without microdata, so nothing can be tested and nothing more than watching is justified.
type PAPIWatch struct {
	Lowest float64 // share of the provinces: the lowest ones
	Fall   float64 // share of the provinces that fell: the largest falls
}

type watchRow struct {
	reason string
	share  float64
}

var watchRows = table("papi/watch.csv", "reason,share,meaning", func(r *row) watchRow {
	w := watchRow{r.text(), r.float()}
	r.text() // the meaning, for readers of the file
	return w
})

// PAPIWatchThresholds returns the thresholds in force.
func PAPIWatchThresholds() PAPIWatch {
	var w PAPIWatch
	for _, r := range watchRows() {
		switch r.reason {
		case "lowest":
			w.Lowest = r.share
		case "fall":
			w.Fall = r.share
		}
	}
	return w
}

// PAPIFormula is one term of a formula that reproduces a published sub-dimension from published
// indicators: intercept + Σ coefficient × indicator.
type PAPIFormula struct {
	FirstYear, LastYear int
	Sub                 string
	Intercept           float64
	Item, Label         string
	Coefficient         float64
	Residual            string // the largest residual over the 63 provinces, as found
	Note                string
	Exact               bool // the residual is rounding alone
}

// PAPIFormulas returns the terms of the recovered formulas, in order.
var PAPIFormulas = table("papi/recovered_formulas.csv",
	"years,sub_dimension,intercept,item_no,label_en,coefficient,max_abs_residual_over_63_provinces,note",
	func(r *row) PAPIFormula {
		var f PAPIFormula
		years := r.text()
		if n, _ := fmt.Sscanf(years, "%d-%d", &f.FirstYear, &f.LastYear); n == 1 {
			f.LastYear = f.FirstYear
		} else if n != 2 {
			r.fail("%q are no years", years)
		}
		f.Sub, f.Intercept, f.Item, f.Label, f.Coefficient = r.text(), r.float(), r.text(), r.text(), r.float()
		f.Residual, f.Note = r.text(), r.text()
		var residual float64
		if n, _ := fmt.Sscanf(f.Residual, "%g", &residual); n != 1 {
			r.fail("%q is no residual", f.Residual)
		}
		f.Exact = residual < 1e-6
		return f
	})

// PAPIIndicator is one published indicator of 2019 with its scale.
type PAPIIndicator struct {
	Dimension, Sub, Item, Label string
	Type                        string
	Min, Max                    *float64 // as labelled; nil where the label gives none
	Direction                   string   // positive, negative or unclear: never to be read from the label
	Role                        string   // scored_confirmed, scored, unclear or published_not_scored
	Provinces                   int      // provinces with a value
	ObservedMin, ObservedMax    float64
}

// PAPIIndicators2019 returns the 122 indicators that were published for 2019.
var PAPIIndicators2019 = table("papi/indicators_2019.csv",
	"dimension,sub_dimension,item_no,label_en,type,labelled_min,labelled_max,direction,role,provinces_with_value,observed_min,observed_max",
	func(r *row) PAPIIndicator {
		return PAPIIndicator{
			Dimension: r.text(), Sub: r.text(), Item: r.text(), Label: r.text(), Type: r.text(),
			Min: r.optional(), Max: r.optional(), Direction: r.text(), Role: r.text(),
			Provinces: r.int(), ObservedMin: r.float(), ObservedMax: r.float(),
		}
	})
