package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"

	"sipas/analysis/flag"
	"sipas/analysis/index"
	"sipas/data"
	"sipas/survey"
)

// PAPIGroups are the codes of the four groups of provinces, the highest first.
func PAPIGroups() []string { return []string{"highest", "high_average", "low_average", "lowest"} }

// PAPIOK is the state of a published sub-dimension that no threshold points at.
const PAPIOK survey.FlagState = "ok"

// PAPIWithheld is the state of a sub-dimension whose score the publishers kept back.
const PAPIWithheld survey.FlagState = "withheld"

// PAPIReport is what the published PAPI scores say of one province in one year. The scores are others'
// and come without microdata: they have no interval here, and no sub-dimension is more than watched.
//
// Total, Rank and Group are empty where the publishers withheld any dimension. Ranked counts the
// provinces that have a total, whether or not this one is among them.
type PAPIReport struct {
	Year     int
	Unit     data.Unit // the province as it was in that year
	Total    *float64
	Min, Max float64 // the nominal scale of the total
	Rank     *int
	Ranked   int
	Group    string // one of PAPIGroups, or ""
	State    survey.State
	Reason   survey.Text // why the total is withheld
	// Interval is what the publishers print beside the total; nil in years for which they print none.
	Interval *PAPIInterval
	// Weighted is the weighted total, in years whose weights are known.
	Weighted *PAPIWeighted

	Dimensions    []PAPIDimension
	SubDimensions []PAPISubDimension
}

// PAPIChange is the change of a score since the year before, or the reason why there is none to tell.
type PAPIChange struct {
	Value *float64
	// Mean is the change that the provinces with both scores saw on average; nil where Value is. A change that
	// all share is rarely one province's doing: it may be a question put in other words.
	Mean   *float64
	Reason survey.Text
}

// PAPIDimension is a dimension's score: the sum of its sub-dimensions.
type PAPIDimension struct {
	Code     string
	Name     survey.Text
	Min, Max float64
	Score    *float64
	Change   PAPIChange
}

// PAPISubDimension is the published score of a sub-dimension on its nominal scale.
type PAPISubDimension struct {
	Code       string
	Name       survey.Text
	Min, Max   float64
	Score      *float64
	Percentile *float64 // share of the provinces below, plus half of those equal, in per cent
	Change     PAPIChange
	State      survey.FlagState // PAPIOK, survey.FlagWatch or PAPIWithheld
	Reasons    []string         // survey.FlagLowest, survey.FlagFallen
}

// PAPI reports on a province by name, as it was in the year. See data.Province for the names that are
// understood; an unknown name is CodeUnitUnknown with the nearest names, a year without published
// scores CodeNotFound.
//
// Scores are printed with six decimals at most, so sums and differences are made in millionths, exactly: two
// provinces tie when their printed scores sum to the same, and not by accident of floating point.
//
// Ranks and groups go by the total. The sizes of the four groups are those that the publishers stated for
// the year; where they stated none, index.EqualGroups makes quarters. The thresholds from which a
// sub-dimension is watched are data (data.PAPIWatchThresholds): among the lowest scores of the year, or
// among the largest falls since the year before; provinces that tie with the last of these are among them.
func PAPI(year int, province string) (PAPIReport, error) {
	const op = "report on published papi"
	y, err := papiYearOf(year)
	if err != nil {
		return PAPIReport{}, err
	}
	unit, err := data.Province(province, papiDay(year))
	if err != nil {
		return PAPIReport{}, &survey.Error{Code: survey.CodeUnitUnknown, Op: op, Params: map[string]string{"unit": province}, Err: err}
	}
	r := PAPIReport{Year: year, Unit: unit, State: survey.StatePublished}
	r.Rank, r.Ranked, r.Group, err = y.standing(unit.ID)
	if err != nil {
		return PAPIReport{}, &survey.Error{Code: survey.CodeInternal, Op: op, Err: err}
	}
	r.Total = y.score(unit.ID, data.PAPITotal).value()
	if r.Total == nil {
		r.State, r.Reason = survey.StateWithheld, y.reason(unit.ID)
	}
	r.Interval, r.Weighted = y.interval(unit.ID, papiUnweighted), y.weighted(unit.ID)
	before, _ := papiYearOf(year - 1)
	watch := data.PAPIWatchThresholds()
	for _, d := range y.composition {
		r.Min, r.Max = r.Min+d.Min, r.Max+d.Max
		r.Dimensions = append(r.Dimensions, PAPIDimension{
			Code: d.Code, Name: bilingual(d.NameEN, d.NameVI), Min: d.Min, Max: d.Max,
			Score: y.score(unit.ID, d.Code).value(), Change: y.change(before, unit.ID, d.Code),
		})
		for _, s := range d.Subs {
			r.SubDimensions = append(r.SubDimensions, y.subDimension(before, unit.ID, s, watch))
		}
	}
	return r, nil
}

func (y *papiYear) subDimension(before *papiYear, unit string, s data.PAPISubDimension, watch data.PAPIWatch) PAPISubDimension {
	sub := PAPISubDimension{
		Code: s.Code, Name: bilingual(s.NameEN, s.NameVI), Min: s.Min, Max: s.Max,
		Score: y.score(unit, s.Code).value(), Change: y.change(before, unit, s.Code),
		State: PAPIOK, Reasons: []string{},
	}
	if sub.Score == nil {
		sub.State = PAPIWithheld
		return sub
	}
	scores := y.scores(s.Code)
	p := flag.PercentileRank(scores, slices.Index(scores, *sub.Score))
	sub.Percentile = &p
	if papiAmongLowest(*sub.Score, scores, watch.Lowest) {
		sub.Reasons = append(sub.Reasons, survey.FlagLowest)
	}
	if c := sub.Change.Value; c != nil && *c < 0 && papiAmongLowest(*c, falls(y.changes(before, s.Code)), watch.Fall) {
		sub.Reasons = append(sub.Reasons, survey.FlagFallen)
	}
	if len(sub.Reasons) > 0 {
		sub.State = survey.FlagWatch
	}
	return sub
}

// papiAmongLowest reports whether x is among the lowest share of the values, which x is one of: the
// share rounded down, but at least one value, and whatever ties with the last of them.
func papiAmongLowest(x float64, values []float64, share float64) bool {
	sorted := slices.Sorted(slices.Values(values))
	k := max(1, int(math.Floor(share*float64(len(sorted)))))
	return x <= sorted[k-1]
}

// papiYear is the published scores of one year, from which its framework made dimensions and totals.
type papiYear struct {
	year        int
	framework   *survey.Framework
	composition []data.PAPIDimension
	units       []string // all provinces of the year, by id
	nodes       map[string]map[string]millionths
}

// millionths is an exact score; absent is a score that was withheld.
type millionths struct {
	n       int64
	present bool
}

func (m millionths) value() *float64 {
	if !m.present {
		return nil
	}
	x := float64(m.n) / 1e6
	return &x
}

// papiYears holds every year's sums. They follow from embedded data alone, so they are made once.
var papiYears = sync.OnceValue(func() map[int]*papiYear {
	years := map[int]*papiYear{}
	for _, year := range data.PAPIYears() {
		years[year] = sumPAPIYear(year)
	}
	return years
})

func papiYearOf(year int) (*papiYear, error) {
	y, ok := papiYears()[year]
	if !ok {
		years := data.PAPIYears()
		return nil, survey.Errorf(survey.CodeNotFound, "report on published papi",
			"no scores are published for %d: choose a year from %d to %d", year, years[0], years[len(years)-1]).
			With("year", strconv.Itoa(year))
	}
	return y, nil
}

// sumPAPIYear hands the published sub-dimensions of a year to its framework. Every sum of them is a sum of millionths, which
// floating point gives to far more digits than that.
func sumPAPIYear(year int) *papiYear {
	y := &papiYear{year: year, framework: papiFramework(year), composition: data.PAPIComposition(year), nodes: map[string]map[string]millionths{}}
	tree, err := Compile(y.framework)
	if err != nil {
		panic(fmt.Sprintf("report: the framework of %d: %v", year, err))
	}
	published := data.PAPIScores(year)
	for _, u := range data.Provinces(papiDay(year)) {
		y.units = append(y.units, u.ID)
		values, err := tree.Evaluate(published[u.ID])
		if err != nil {
			panic(fmt.Sprintf("report: the scores of %s in %d: %v", u.NameVI, year, err))
		}
		nodes := map[string]millionths{}
		for _, v := range values {
			if !math.IsNaN(v.Value) {
				nodes[v.Code] = millionths{n: int64(math.Round(v.Value * 1e6)), present: true}
			}
		}
		y.nodes[u.ID] = nodes
	}
	return y
}

// papiFramework returns the framework of the years that a year belongs to.
func papiFramework(year int) *survey.Framework {
	for _, f := range shipped() {
		if f.Root.Code == data.PAPITotal && f.Years.Holds(year) {
			return f
		}
	}
	panic(fmt.Sprintf("report: no framework for the PAPI scores of %d", year))
}

// minus subtracts a score; without one of them there is no difference.
func (m millionths) minus(o millionths) millionths {
	return millionths{n: m.n - o.n, present: m.present && o.present}
}

// papiDay is the day whose list of provinces the scores of a year are about.
func papiDay(year int) string { return fmt.Sprintf("%d-12-31", year) }

func (y *papiYear) score(unit, node string) millionths { return y.nodes[unit][node] }

// scores returns the scores of a node over all provinces that have one.
func (y *papiYear) scores(node string) []float64 {
	var list []float64
	for _, u := range y.units {
		if s := y.score(u, node).value(); s != nil {
			list = append(list, *s)
		}
	}
	return list
}

// standing gives a province's rank by the total, how many are ranked, and its group.
func (y *papiYear) standing(unit string) (rank *int, ranked int, group string, err error) {
	totals := y.scores(data.PAPITotal)
	ranks, ranked := index.Rank(totals)
	total := y.score(unit, data.PAPITotal).value()
	if total == nil {
		return nil, ranked, "", nil
	}
	sizes, stated := data.PAPIGroupSizes(y.year)
	if !stated {
		sizes = index.EqualGroups(ranked, len(PAPIGroups()))
	}
	groups, err := index.Groups(totals, sizes)
	if err != nil {
		return nil, 0, "", fmt.Errorf("groups of %d: %w", y.year, err)
	}
	i := slices.Index(totals, *total)
	return &ranks[i], ranked, PAPIGroups()[groups[i]-1], nil
}

// reason says why a province has no total.
func (y *papiYear) reason(unit string) survey.Text {
	w := data.PAPIWithheldIn(y.year)[unit]
	return bilingual(w.ReasonEN, w.ReasonVI)
}

// change compares a node with the year before.
func (y *papiYear) change(before *papiYear, unit, node string) PAPIChange {
	if b, broken := y.breakSince(node, y.year-1); broken {
		return PAPIChange{Reason: b.Reason}
	}
	now, old := y.score(unit, node), before.score(unit, node)
	for _, side := range []struct {
		m    millionths
		year int
	}{{now, y.year}, {old, before.year}} {
		if !side.m.present {
			return PAPIChange{Reason: bilingual(
				fmt.Sprintf("The score of %d was withheld.", side.year),
				fmt.Sprintf("Điểm năm %d không được công bố.", side.year))}
		}
	}
	m := papiMean(y.changes(before, node))
	return PAPIChange{Value: now.minus(old).value(), Mean: &m}
}

// breakSince returns the latest break of a node since an earlier year.
func (y *papiYear) breakSince(node string, year int) (survey.Break, bool) {
	return survey.Frameworks(ShippedFramework).BreakBetween(y.framework, node, year, y.year)
}

// changes returns the differences of a node since the year before over all provinces with both scores.
func (y *papiYear) changes(before *papiYear, node string) []float64 {
	var list []float64
	for _, u := range y.units {
		if c := y.score(u, node).minus(before.score(u, node)).value(); c != nil {
			list = append(list, *c)
		}
	}
	return list
}

// falls returns those of the changes that are falls.
func falls(changes []float64) []float64 {
	return slices.DeleteFunc(changes, func(c float64) bool { return c >= 0 })
}

func papiMean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

func bilingual(en, vi string) survey.Text {
	return survey.Text{survey.Vietnamese: vi, survey.English: en}
}

// Lowest returns the watched sub-dimensions, those with the most reasons first and then by percentile.
func (r PAPIReport) Lowest() []PAPISubDimension {
	var list []PAPISubDimension
	for _, s := range r.SubDimensions {
		if s.State == survey.FlagWatch {
			list = append(list, s)
		}
	}
	slices.SortStableFunc(list, func(a, b PAPISubDimension) int {
		return cmp.Or(cmp.Compare(len(b.Reasons), len(a.Reasons)), cmp.Compare(*a.Percentile, *b.Percentile))
	})
	return list
}

// PAPIDocument is the file form of a report in one language, with every digit.
type PAPIDocument struct {
	Year          int                     `json:"year"`
	Province      string                  `json:"province"`
	Total         *float64                `json:"total"`
	Rank          *int                    `json:"rank"`
	Ranked        int                     `json:"ranked"`
	Group         *string                 `json:"group"`
	State         survey.State            `json:"state"`
	Reason        *string                 `json:"reason"`
	Interval      *PAPIInterval           `json:"interval,omitempty"`
	Weighted      *PAPIWeighted           `json:"weighted,omitempty"`
	Dimensions    []PAPIDocumentDimension `json:"dimensions"`
	SubDimensions []PAPIDocumentSub       `json:"sub_dimensions"`
}

// PAPIDocumentDimension is the file form of a dimension.
type PAPIDocumentDimension struct {
	Code         string   `json:"code"`
	Name         string   `json:"name"`
	Score        *float64 `json:"score"`
	Change       *float64 `json:"change"`
	ChangeReason *string  `json:"change_reason"`
}

// PAPIDocumentSub is the file form of a sub-dimension.
type PAPIDocumentSub struct {
	Code         string           `json:"code"`
	Name         string           `json:"name"`
	Score        *float64         `json:"score"`
	Min          float64          `json:"min"`
	Max          float64          `json:"max"`
	Percentile   *float64         `json:"percentile"`
	Change       *float64         `json:"change"`
	ChangeReason *string          `json:"change_reason"`
	State        survey.FlagState `json:"state"`
	Reasons      []string         `json:"reasons"`
}

// In returns the report's file form with its words in a language. The province keeps its Vietnamese name.
func (r PAPIReport) In(lang survey.Lang) PAPIDocument {
	text := func(t survey.Text) *string { return nullIfEmpty(t.In(lang)) }
	doc := PAPIDocument{
		Year: r.Year, Province: r.Unit.NameVI, Total: r.Total, Rank: r.Rank, Ranked: r.Ranked,
		Group: nullIfEmpty(r.Group), State: r.State, Reason: text(r.Reason), Interval: r.Interval, Weighted: r.Weighted,
	}
	for _, d := range r.Dimensions {
		doc.Dimensions = append(doc.Dimensions, PAPIDocumentDimension{
			Code: d.Code, Name: d.Name.In(lang), Score: d.Score, Change: d.Change.Value, ChangeReason: text(d.Change.Reason),
		})
	}
	for _, s := range r.SubDimensions {
		doc.SubDimensions = append(doc.SubDimensions, PAPIDocumentSub{
			Code: s.Code, Name: s.Name.In(lang), Score: s.Score, Min: s.Min, Max: s.Max, Percentile: s.Percentile,
			Change: s.Change.Value, ChangeReason: text(s.Change.Reason), State: s.State, Reasons: s.Reasons,
		})
	}
	return doc
}

// MarshalJSON writes the report's file form in English.
func (r PAPIReport) MarshalJSON() ([]byte, error) { return json.Marshal(r.In(survey.English)) }

func nullIfEmpty(s string) *string {
	if strings.TrimSpace(s) == "" {
		return nil
	}
	return &s
}
