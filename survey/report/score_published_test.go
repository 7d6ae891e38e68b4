package report_test

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"sipas/analysis/index"
	"sipas/data"
	"sipas/survey"
	"sipas/survey/report"
)

func scorer(t testing.TB, id string) *report.Scorer {
	t.Helper()
	f, ok := report.ShippedFramework(survey.FrameworkRef{ID: id, Version: 1})
	if !ok {
		t.Fatalf("there is no framework %s", id)
	}
	s, err := report.NewScorer(f)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// score scores one row of a table.
func score(t testing.TB, s *report.Scorer, numbers map[string]float64, words map[string]string) report.UnitScore {
	t.Helper()
	var columns []string
	for c := range numbers {
		columns = append(columns, c)
	}
	for c := range words {
		columns = append(columns, c)
	}
	readings, faults := s.Plan(columns).Read(report.TableRow{Numbers: numbers, Words: words})
	if len(faults) > 0 {
		t.Fatalf("faults: %v", faults)
	}
	u, err := s.Score("unit", readings)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func nodeScore(t testing.TB, u report.UnitScore, code string) report.NodeScore {
	t.Helper()
	i := slices.IndexFunc(u.Nodes, func(n report.NodeScore) bool { return n.Code == code })
	if i < 0 {
		t.Fatalf("no node %s", code)
	}
	return u.Nodes[i]
}

func printed(x float64, decimals int) string {
	return strconv.FormatFloat(index.Round(x, decimals), 'f', decimals, 64)
}

// Every total that was published from 2011 to 2024, 869 of them, follows from the published sub-dimensions by the year's
// framework, whichever way one comes to it; and 13 were withheld. The series has six decimals of each sub-dimension, so that a
// sum of up to 29 of them may fall on the other side of a half in the fourth decimal: it does in seven provinces, by one unit. In the
// other 862 all four decimals agree.
func TestEveryPublishedTotal(t *testing.T) {
	t.Parallel()
	era := func(year int) string {
		for _, id := range []string{"papi-2011", "papi-2016", "papi-2018", "papi-2019", "papi-2021"} {
			if f, _ := report.ShippedFramework(survey.FrameworkRef{ID: id, Version: 1}); f.Years.Holds(year) {
				return id
			}
		}
		t.Fatalf("no framework for %d", year)
		return ""
	}
	checked, withheld, weighted, intervals, edge := 0, 0, 0, 0, 0
	published := map[string]data.PublishedScore{}
	for _, p := range data.PublishedScores() {
		if p.Index == "PAPI" {
			u, err := data.Province(p.Province, fmt.Sprintf("%d-12-31", p.Year))
			if err != nil {
				t.Fatal(err)
			}
			published[fmt.Sprint(p.Year, u.NameVI, p.Component)] = p
		}
	}
	for _, year := range data.PAPIYears() {
		all, err := report.PAPITotalsOf(year)
		if err != nil {
			t.Fatal(err)
		}
		if all.Framework != era(year) {
			t.Errorf("%d is scored by %s", year, all.Framework)
		}
		s, scores := scorer(t, era(year)), data.PAPIScores(year)
		for _, p := range all.Provinces {
			u, err := data.Province(p.Province, fmt.Sprintf("%d-12-31", year))
			if err != nil {
				t.Fatal(err)
			}
			table := score(t, s, scores[u.ID], nil)
			want, there := published[fmt.Sprint(year, u.NameVI, "total_unweighted")]
			if !there {
				withheld++
				root := nodeScore(t, table, "total")
				if p.Total != nil || table.Total != nil || p.State != survey.StateWithheld || root.State != report.NodeNoFormula && root.State != report.NodeMissing || root.Reason == "" {
					t.Errorf("%d %s was withheld, and is %+v and %+v", year, u.NameVI, p, root)
				}
				continue
			}
			checked++
			for _, got := range []float64{*p.Total, *table.Total} {
				if math.Abs(got-want.Value) > 5e-5+29*0.5e-6 {
					t.Errorf("%d %s: %v, published %v", year, u.NameVI, got, want.Value)
				}
			}
			if printed(*p.Total, 4) != printed(want.Value, 4) {
				edge++
			}
			if i := p.Interval; i != nil {
				intervals++
				// score ± 1.645 standard errors: the ends lie as far from the score as each other, to the printed digits.
				if math.Abs((i.Low+i.High)/2-*p.Total) > 1.1e-5 || math.Abs(i.High-*p.Total-1.6449*i.SE) > 1e-4 || i.Level != 0.90 {
					t.Errorf("%d %s: %v is the middle of %+v", year, u.NameVI, *p.Total, i)
				}
			}
			w, there := published[fmt.Sprint(year, u.NameVI, "total_weighted")]
			if there != (p.Weighted != nil) {
				t.Errorf("%d %s: a weighted total is published: %v, and is there: %v", year, u.NameVI, there, p.Weighted)
			}
			if there {
				weighted++
				// The weights were found from these totals, so that rounding of both is what is left.
				if math.Abs(p.Weighted.Total-w.Value) > 1e-5 || p.Weighted.Interval == nil || p.Weighted.Interval.Low != *w.Low {
					t.Errorf("%d %s: weighted %v, published %v", year, u.NameVI, p.Weighted.Total, w.Value)
				}
				if d := nodeScore(t, table, "total_weighted"); d.Score == nil || math.Abs(*d.Score-w.Value) > 1e-5 {
					t.Errorf("%d %s: weighted from a table %v", year, u.NameVI, d.Score)
				}
			}
		}
		sizes := map[string]int{}
		for _, p := range all.Provinces {
			if p.Group != "" {
				sizes[p.Group]++
			}
		}
		if stated, ok := data.PAPIGroupSizes(year); ok {
			for i, g := range report.PAPIGroups() {
				if sizes[g] != stated[i] {
					t.Errorf("%d: the group %s has %d provinces, stated are %d", year, g, sizes[g], stated[i])
				}
			}
		}
	}
	if checked != 869 || withheld != 13 || weighted != 63 || intervals != 63 || edge != 7 {
		t.Errorf("%d totals, %d withheld, %d weighted, %d intervals, %d on the edge of the fourth decimal", checked, withheld, weighted, intervals, edge)
	}
}

// The eight weights of 2019, as they were published to four digits.
func TestWeightsOfTheWeightedTotal(t *testing.T) {
	t.Parallel()
	f, _ := report.ShippedFramework(survey.FrameworkRef{ID: "papi-2019", Version: 1})
	want := []string{"0.5106", "1.5757", "0.5286", "2.0286", "0.7674", "1.1812", "1.3308", "0.2000"}
	sum := 0.0
	for i, term := range f.Derived[0].Terms {
		if term.Node != strconv.Itoa(i+1) || printed(term.Coefficient, 4) != want[i] {
			t.Errorf("dimension %s weighs %v, not %s", term.Node, term.Coefficient, want[i])
		}
		sum += term.Coefficient
	}
	if printed(sum, 4) != "8.1231" {
		t.Errorf("the weights sum to %v", sum)
	}
}

// Any indicators give the sub-dimensions whose formula is known exactly, and no others; and the total follows as soon as the
// others are given as they were published.
func TestSubDimensionsFromIndicators(t *testing.T) {
	t.Parallel()
	for id, year := range map[string]int{"papi-2018": 2018, "papi-2019": 2019} {
		s := scorer(t, id)
		formulas := map[string][]data.PAPIFormula{}
		for _, f := range data.PAPIFormulas() {
			if f.Exact && f.FirstYear <= year && year <= f.LastYear {
				formulas[f.Sub] = append(formulas[f.Sub], f)
			}
		}
		top := map[string]float64{}
		for _, x := range data.PAPIIndicators2019() {
			top[x.Item] = 1
			if x.Max != nil {
				top[x.Item] = *x.Max
			}
		}
		rapid.Check(t, func(t *rapid.T) {
			numbers, want := map[string]float64{}, map[string]float64{}
			complete := true
			for sub, terms := range formulas {
				value := terms[0].Intercept
				if sub[0] == '7' {
					value = 1.0 / 3 // printed as 0.333333
				}
				for _, f := range terms {
					if rapid.IntRange(0, 20).Draw(t, "blank") == 0 {
						value, complete = math.NaN(), false
						continue
					}
					x := rapid.Float64Range(0, top[f.Item]).Draw(t, f.Item)
					numbers[f.Item] = x
					value += f.Coefficient * x
				}
				want[sub] = value
			}
			published := rapid.Bool().Draw(t, "published")
			total := 0.0
			var columns []string
			for _, terms := range formulas {
				for _, f := range terms {
					columns = append(columns, f.Item)
				}
			}
			for _, d := range data.PAPIComposition(year) {
				for _, sub := range d.Subs {
					if _, known := formulas[sub.Code]; known {
						total += want[sub.Code]
						continue
					}
					if published {
						numbers[sub.Code] = rapid.Float64Range(sub.Min, sub.Max).Draw(t, sub.Code)
						columns = append(columns, sub.Code)
						total += numbers[sub.Code]
					}
				}
			}
			readings, faults := s.Plan(columns).Read(report.TableRow{Numbers: numbers})
			if len(faults) > 0 {
				t.Fatal(faults)
			}
			u, err := s.Score("x", readings)
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range u.Nodes {
				formula, known := want[n.Code]
				switch {
				case known && !math.IsNaN(formula):
					if n.Score == nil || math.Abs(*n.Score-formula) > 1e-12 || n.State != report.NodeComputed || n.Reason != "" {
						t.Fatalf("%s is %+v, its formula gives %v", n.Code, n, formula)
					}
				case known:
					if n.Score != nil || n.State != report.NodeMissing || n.Reason == "" {
						t.Fatalf("%s lacks an indicator and is %+v", n.Code, n)
					}
				case !published && strings.Count(n.Code, ".") == 1:
					if n.Score != nil || n.State != report.NodeNoFormula || n.Reason == "" {
						t.Fatalf("%s has no known formula and is %+v", n.Code, n)
					}
				}
			}
			root := u.Nodes[0]
			if published && complete {
				if u.Total == nil || math.Abs(*u.Total-total) > 1e-9 || root.State != report.NodeComputed {
					t.Fatalf("the total is %v, not %v", u.Total, total)
				}
			} else if u.Total != nil || root.Reason == "" || root.State != report.NodeMissing && root.State != report.NodeNoFormula {
				t.Fatalf("a total that cannot be had: %+v", root)
			}
		})
	}
}

// The SIPAS of 2024 follows from its two parts over 39 items, and not from the mean of the parts.
func TestSIPAS2024(t *testing.T) {
	t.Parallel()
	s := scorer(t, "sipas-2022")
	u := score(t, s, map[string]float64{"I": 83.84, "II": 84.09}, nil)
	if printed(*u.Total, 2) != "83.94" || printed((83.84+84.09)/2, 2) == "83.94" {
		t.Errorf("the total of 2024 is %v", *u.Total)
	}
	// Hà Nội of the same year: 86.51 and 86.49 make 86.50.
	if u := score(t, s, map[string]float64{"I": 86.51, "II": 86.49}, nil); printed(*u.Total, 2) != "86.50" {
		t.Errorf("the total of Hà Nội is %v", *u.Total)
	}
	items := map[string]float64{}
	for i := 1; i <= 39; i++ {
		items["s"+strconv.Itoa(i)] = 83.84
		if i > 23 {
			items["s"+strconv.Itoa(i)] = 84.09
		}
	}
	if u := score(t, s, items, nil); printed(*u.Total, 2) != "83.94" || printed(*nodeScore(t, u, "II").Score, 2) != "84.09" {
		t.Errorf("from the items: %v", *u.Total)
	}
	old := scorer(t, "sipas-2017")
	criteria := map[string]float64{}
	for i := 1; i <= 22; i++ {
		criteria["c"+strconv.Itoa(i)] = float64(60 + i)
	}
	if u := score(t, old, criteria, nil); math.Abs(*u.Total-71.5) > 1e-9 || len(old.Framework().Root.Children) != 5 {
		t.Errorf("22 criteria of 61 to 82: %v", *u.Total)
	}
}

// Bình Dương 2020: 55.48 appraised, 8.82 SIPAS, 20.27 leaders, 2.36 impact make 86.93, and 8.82 is 88.2 per cent over 10.
func TestPARIndex(t *testing.T) {
	t.Parallel()
	s := scorer(t, "par-2020")
	u := score(t, s, map[string]float64{"appraised": 55.48, "sipas": 8.82, "leaders": 20.27, "impact": 2.36}, nil)
	if printed(*u.Total, 2) != "86.93" || u.Nodes[0].State != report.NodeComputed {
		t.Errorf("Bình Dương has %v", u.Nodes[0])
	}
	link := nodeScoreLink(t, s, "sipas")
	if printed(88.2*link.Factor, 2) != "8.82" || link.Framework != "sipas-2022" {
		t.Errorf("SIPAS gives %+v", link)
	}
	if u := score(t, s, map[string]float64{"appraised": 55.48, "leaders": 20.27, "impact": 2.36}, nil); u.Total != nil || !strings.Contains(u.Nodes[0].Reason, "sipas") {
		t.Errorf("without SIPAS the total is %+v", u.Nodes[0])
	}
	areas := scorer(t, "par-2022")
	full := map[string]float64{"1": 9.5, "2": 10, "3": 13, "4": 10.5, "5": 15, "6": 12, "7": 13.5, "8": 16.5}
	if u := score(t, areas, full, nil); printed(*u.Total, 2) != "100.00" {
		t.Errorf("the eight areas have %v points", *u.Total)
	}
	full["3"], full["5"], full["8"] = 12.98, 13.6, 13.51 // Long An 2023
	if u := score(t, areas, full, nil); printed(*u.Total, 2) != printed(100-0.02-1.4-2.99, 2) {
		t.Errorf("Long An's three areas among full ones: %v", *u.Total)
	}
}

func nodeScoreLink(t *testing.T, s *report.Scorer, code string) *survey.Link {
	t.Helper()
	n, ok := s.Framework().Node(code)
	if !ok || n.Value.Link == nil {
		t.Fatalf("%s has no link", code)
	}
	return n.Value.Link
}

// What a wave measures fills the SIPAS part, marked a projection; a figure that is withheld fills nothing.
func TestSIPASPartFromAWave(t *testing.T) {
	t.Parallel()
	s := scorer(t, "par-2022")
	figure := func(node string, value float64, state survey.State) survey.Figure {
		f := survey.Figure{FigureKey: survey.FigureKey{Framework: "sipas-2022", Node: node, Weighting: survey.Weighted, Basis: survey.BasisInvited}, State: state}
		f.Estimate.Value = value
		return f
	}
	undefined := figure("sipas", math.NaN(), survey.StateNotComparable)
	for _, c := range []struct {
		figures []survey.Figure
		want    float64
		says    string
	}{
		{[]survey.Figure{figure("sipas", 88.2, survey.StatePublished)}, 8.82, "0.1 × 88.2"},
		{[]survey.Figure{undefined, figure("II", 90, survey.StateProvisional)}, 9, "in the place of sipas"},
		{[]survey.Figure{undefined, figure("II", 90, survey.StateWithheld)}, math.NaN(), "not shown"},
		{nil, math.NaN(), "no figure"},
	} {
		r := report.NewReadings()
		for i, points := range []float64{9, 9, 12, 10, 14, 11, 12} {
			r.Values[strconv.Itoa(i+1)] = points
		}
		r.Values["8.2"] = 5
		report.ReadLinks(s.Framework(), &survey.Release{Wave: "q3", State: survey.StateProvisional, Figures: c.figures}, r)
		u, err := s.Score("x", r)
		if err != nil {
			t.Fatal(err)
		}
		n := nodeScore(t, u, "8.1")
		if !strings.Contains(n.Reason, c.says) {
			t.Errorf("%v: %q", c.figures, n.Reason)
		}
		if math.IsNaN(c.want) {
			if n.Score != nil || u.Total != nil || n.State != report.NodeMissing {
				t.Errorf("%v: %+v", c.figures, n)
			}
			continue
		}
		if math.Abs(*n.Score-c.want) > 1e-9 || n.State != report.NodeProjection || u.Nodes[0].State != report.NodeProjection || math.Abs(*u.Total-82-c.want) > 1e-9 {
			t.Errorf("%v: %+v, total %v", c.figures, n, u.Nodes[0])
		}
	}
}

// Boundaries of the evaluation of procedures are inclusive, a blank is left out and nothing rescaled, and each index is
// rounded before it is summed.
func TestOneStopBoundaries(t *testing.T) {
	t.Parallel()
	nine := func(sum float64) map[string]float64 {
		m := map[string]float64{}
		for i := 1; i <= 9; i++ {
			x := math.Min(2, sum)
			m["law"+strconv.Itoa(i)] = x
			sum -= x
		}
		return m
	}
	unit, officer := scorer(t, "one-stop-2018"), scorer(t, "one-stop-officer-2018")
	for sum, want := range map[float64]string{18: "excellent", 15: "excellent", 14.9: "good", 12: "good", 11.9: "fair", 9: "fair", 8.9: "average", 6: "average", 5.9: "weak", 0: "weak"} {
		u := score(t, unit, nine(sum), nil)
		if u.Grade != want || u.GradeIncomplete || math.Abs(*u.Total-sum) > 1e-9 {
			t.Errorf("a sum of %v is %v, %q", sum, *u.Total, u.Grade)
		}
	}
	for sum, want := range map[float64]string{10: "100%", 5: "100%", 4.9: "70%", 3.5: "70%", 3.4: "below", 0: "below"} {
		m := map[string]float64{}
		for i, code := range []string{"law1", "law2", "law3", "law4", "law7"} {
			m[code] = math.Min(2, math.Max(0, sum-2*float64(i)))
		}
		if u := score(t, officer, m, nil); !strings.HasPrefix(u.Grade, want) || math.Abs(*u.Total-sum) > 1e-9 {
			t.Errorf("an officer's sum of %v is %v, %q", sum, *u.Total, u.Grade)
		}
	}
	// Two indices are missing: 14 can be reached, and never excellent.
	m := nine(18)
	delete(m, "law5")
	delete(m, "law8")
	u := score(t, unit, m, nil)
	root := u.Nodes[0]
	if *u.Total != 14 || *root.AttainableMax != 14 || *root.Max != 18 || u.Grade != "good" || !u.GradeIncomplete || *u.PercentOfAttainable != 100 || root.State != report.NodeIncomplete {
		t.Errorf("without two indices: %+v, grade %q", root, u.Grade)
	}
	if u := score(t, unit, map[string]float64{"law1": 1.45, "law2": 1.449, "law3": 0.05}, nil); printed(*u.Total, 3) != "3.000" {
		t.Errorf("1.5 + 1.4 + 0.1 is %v", *u.Total)
	}
	if u := score(t, unit, nil, nil); u.Total != nil || u.Grade != "" || u.Nodes[0].State != report.NodeMissing {
		t.Errorf("nothing is scored as %+v", u)
	}
	// A table of facts.
	facts := map[string]string{
		"level": "Tỉnh", "on_site_percent": "20", "at_desk_percent": "80", "accurate": "có", "posted": "yes", "electronic": "no",
		"feedback_received": "40", "feedback_on_time_percent": "90", "feedback_prolonged": "0",
		"online_procedures_percent": "20", "online_dossiers_percent": "30", "online_overdue": "0",
		"time_used": "10", "time_limit": "10", "complaint": "no", "contacts": "1", "agencies": "2", "agency_time_used": "", "agency_time_limit": "5",
	}
	u = score(t, unit, nil, facts)
	for code, want := range map[string]float64{"law1": 1, "law3": 1, "law4": 0, "law5": 2, "law6": 1, "law7": 1, "law8": 1, "law9": 2} {
		if n := nodeScore(t, u, code); n.Score == nil || *n.Score != want {
			t.Errorf("%s is %+v, want %v", code, n, want)
		}
	}
	if n := nodeScore(t, u, "law2"); n.Score != nil || !strings.Contains(n.Reason, "agency_time_used") {
		t.Errorf("a blank time was taken: %+v", n)
	}
	for facts, want := range map[[2]string]float64{{"19.99", "100"}: 1, {"19.99", "99.9"}: 0, {"20", "0"}: 2} {
		n := nodeScore(t, score(t, unit, nil, map[string]string{"level": "province", "on_site_percent": facts[0], "at_desk_percent": facts[1]}), "law5")
		if *n.Score != want {
			t.Errorf("%v on site and at the desk score %v", facts, *n.Score)
		}
	}
}

// Decision 766: 18 points for satisfaction, full from the target on.
func TestPortalSatisfaction(t *testing.T) {
	t.Parallel()
	s := scorer(t, "portal-satisfaction-766")
	facts := map[string]float64{
		"feedback": 100, "feedback_on_time": 80, "feedback_dissatisfied": 6, "feedback_repeated": 3, "feedback_overdue": 1,
		"dossiers": 2000, "dossiers_overdue": 150, "dossiers_disliked": 250,
	}
	u := score(t, s, facts, nil)
	for code, want := range map[string]string{"6.1": "5.33", "6.2": "6.00", "6.3": "5.33", "6": "16.67"} {
		if n := nodeScore(t, u, code); n.Score == nil || printed(*n.Score, 2) != want {
			t.Errorf("%s is %+v, want %s", code, n, want)
		}
	}
	if u := score(t, s, map[string]float64{"6.1.rate": 100, "6.2.rate": 90, "6.3.rate": 95}, nil); *u.Total != 18 {
		t.Errorf("full points are %v", *u.Total)
	}
	facts["feedback"], facts["feedback_on_time"], facts["feedback_dissatisfied"], facts["feedback_repeated"], facts["feedback_overdue"] = 0, 0, 0, 0, 0
	u = score(t, s, facts, nil)
	if n := nodeScore(t, u, "6.1"); n.Score != nil || u.Nodes[0].State != report.NodeIncomplete || *u.Nodes[0].AttainableMax != 6 {
		t.Errorf("without feedback: %+v, total %+v", n, u.Nodes[0])
	}
	facts["feedback"], facts["feedback_on_time"] = 10, 11
	_, faults := s.Plan([]string{"feedback", "feedback_on_time", "feedback_dissatisfied", "feedback_repeated", "feedback_overdue"}).Read(report.TableRow{Numbers: facts})
	if len(faults) == 0 || faults[0].Column != "feedback_on_time" {
		t.Errorf("11 of 10 on time: %v", faults)
	}
}
