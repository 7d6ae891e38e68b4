package report_test

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sipas/data"
	"sipas/survey"
	"sipas/survey/report"
)

func papi(t *testing.T, year int, province string) report.PAPIReport {
	t.Helper()
	r, err := report.PAPI(year, province)
	if err != nil {
		t.Fatalf("PAPI(%d, %q): %v", year, province, err)
	}
	return r
}

// everyPAPI returns the reports of all 63 provinces in a year.
func everyPAPI(t *testing.T, year int) []report.PAPIReport {
	t.Helper()
	var all []report.PAPIReport
	for _, u := range data.Provinces(data.FormerUntil) {
		all = append(all, papi(t, year, u.NameVI))
	}
	return all
}

// TestBinhDuong2020 holds against what was published: 40.76 of 80, 57th of 63, in the lowest group.
func TestBinhDuong2020(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Bình Dương", "Binh Duong", "tỉnh bình dương", "BINHDUONG"} {
		r := papi(t, 2020, name)
		if r.Unit.ID != "74@2008-08-01" || r.State != survey.StatePublished {
			t.Fatalf("%q: %+v", name, r)
		}
		if got := math.Round(*r.Total*100) / 100; got != 40.76 || r.Max != 80 {
			t.Errorf("total %v of %v, published is 40.76 of 80", *r.Total, r.Max)
		}
		if *r.Rank != 57 || r.Ranked != 63 || r.Group != "lowest" {
			t.Errorf("rank %d of %d, %s group; published is 57 of 63, lowest", *r.Rank, r.Ranked, r.Group)
		}
		var rose, fell []string
		for _, d := range r.Dimensions {
			switch {
			case d.Change.Value == nil:
				t.Errorf("dimension %s does not compare with 2019: %v", d.Code, d.Change.Reason)
			case *d.Change.Value > 0:
				rose = append(rose, d.Code)
			case *d.Change.Value < 0:
				fell = append(fell, d.Code)
			}
		}
		if !slices.Equal(rose, []string{"3", "5"}) || !slices.Equal(fell, []string{"1", "2", "4", "6", "7", "8"}) {
			t.Errorf("%v rose and %v fell; 3 and 5 rose, six fell", rose, fell)
		}
		if len(r.SubDimensions) != 29 || len(r.Lowest()) == 0 {
			t.Errorf("%d sub-dimensions, %d of them watched", len(r.SubDimensions), len(r.Lowest()))
		}
	}
}

func TestLongAn2020(t *testing.T) {
	t.Parallel()
	if r := papi(t, 2020, "Long An"); *r.Rank != 34 || r.Ranked != 63 || r.Group != "low_average" {
		t.Errorf("rank %d of %d, %s group; want 34 of 63 in the low average group", *r.Rank, r.Ranked, r.Group)
	}
}

// TestYears holds the totals of every year against figures that were computed apart from this program.
func TestYears(t *testing.T) {
	t.Parallel()
	for _, want := range []struct {
		year, ranked int
		mean, median float64
		first        string
		highest      float64
		last         string
		lowest       float64
	}{
		{2011, 63, 35.750, 35.660, "Quảng Bình", 40.352, "Trà Vinh", 31.927},
		{2012, 63, 36.445, 36.585, "Quảng Bình", 40.620, "Khánh Hòa", 31.831},
		{2013, 63, 36.737, 36.949, "Quảng Bình", 41.719, "Bắc Giang", 31.788},
		{2014, 61, 36.436, 36.528, "Quảng Trị", 39.845, "Hà Giang", 32.026},
		{2015, 63, 35.584, 35.406, "Hà Tĩnh", 42.330, "Hà Giang", 31.727},
		{2016, 63, 35.988, 35.723, "Cần Thơ", 39.572, "Bình Dương", 32.592},
		{2017, 63, 36.562, 36.720, "Quảng Bình", 39.527, "Lai Châu", 33.097},
		{2018, 61, 44.078, 44.076, "Lạng Sơn", 47.053, "Bình Định", 41.042},
		{2019, 63, 43.616, 43.729, "Bến Tre", 46.743, "Bình Định", 40.837},
		{2020, 63, 42.777, 42.723, "Quảng Ninh", 48.811, "Lâm Đồng", 38.623},
		{2021, 60, 42.408, 42.269, "Huế", 48.059, "Điện Biên", 37.223},
		{2022, 61, 42.342, 42.238, "Quảng Ninh", 47.876, "Cao Bằng", 38.804},
		{2023, 61, 42.421, 42.327, "Huế", 46.041, "Đắk Nông", 38.971},
		{2024, 61, 43.434, 43.480, "Quảng Ninh", 47.821, "Kiên Giang", 39.912},
	} {
		var totals []float64
		for _, r := range everyPAPI(t, want.year) {
			if r.Ranked != want.ranked {
				t.Fatalf("%d: %d provinces are ranked, want %d", want.year, r.Ranked, want.ranked)
			}
			if r.Total == nil {
				continue
			}
			totals = append(totals, *r.Total)
			if *r.Rank == 1 && (r.Unit.NameVI != want.first || math.Abs(*r.Total-want.highest) > 1e-3) {
				t.Errorf("%d: first is %s with %v, want %s with %v", want.year, r.Unit.NameVI, *r.Total, want.first, want.highest)
			}
			if *r.Rank == want.ranked && (r.Unit.NameVI != want.last || math.Abs(*r.Total-want.lowest) > 1e-3) {
				t.Errorf("%d: last is %s with %v, want %s with %v", want.year, r.Unit.NameVI, *r.Total, want.last, want.lowest)
			}
		}
		slices.Sort(totals)
		sum, n := 0.0, len(totals)
		for _, x := range totals {
			sum += x
		}
		median := (totals[(n-1)/2] + totals[n/2]) / 2
		if n != want.ranked || math.Abs(sum/float64(n)-want.mean) > 1e-3 || math.Abs(median-want.median) > 1e-3 {
			t.Errorf("%d: %d totals with mean %.4f and median %.4f, want %d with %.3f and %.3f", want.year, n, sum/float64(n), median, want.ranked, want.mean, want.median)
		}
	}
}

// TestEveryReport recounts each report of every province and year in the plainest way.
func TestEveryReport(t *testing.T) {
	t.Parallel()
	for _, year := range data.PAPIYears() {
		all := everyPAPI(t, year)
		groups := map[string]int{}
		for _, r := range all {
			withheld, kept := data.PAPIWithheldIn(year)[r.Unit.ID]
			if kept != (r.State == survey.StateWithheld) || kept != (r.Total == nil) || kept != (r.Rank == nil) || kept != (r.Group == "") {
				t.Errorf("%d %s: withheld is %v, but the report is %s", year, r.Unit.NameVI, kept, r.State)
			}
			if kept && r.Reason[survey.English] != withheld.ReasonEN || !kept && len(r.Reason) > 0 {
				t.Errorf("%d %s: the reason is %v", year, r.Unit.NameVI, r.Reason)
			}
			sums, total := map[string]float64{}, 0.0
			for _, s := range r.SubDimensions {
				dim, _, _ := strings.Cut(s.Code, ".")
				if s.Score != nil {
					sums[dim] += *s.Score
					total += *s.Score
				}
				if (s.Score == nil) != (s.State == report.PAPIWithheld) || (s.Score == nil) != (s.Percentile == nil) {
					t.Errorf("%d %s %s: %+v", year, r.Unit.NameVI, s.Code, s)
				}
				if (s.State == survey.FlagWatch) != (len(s.Reasons) > 0) {
					t.Errorf("%d %s %s is %s for %v", year, r.Unit.NameVI, s.Code, s.State, s.Reasons)
				}
				if s.State == survey.FlagRaised {
					t.Errorf("%d %s %s: published scores cannot raise a flag", year, r.Unit.NameVI, s.Code)
				}
			}
			for _, d := range r.Dimensions {
				if d.Score != nil && math.Abs(*d.Score-sums[d.Code]) > 1e-9 {
					t.Errorf("%d %s: dimension %s is %v, its parts sum to %v", year, r.Unit.NameVI, d.Code, *d.Score, sums[d.Code])
				}
				if (d.Score == nil) != slices.Contains(withheld.Dimensions, d.Code) {
					t.Errorf("%d %s: dimension %s is %v, withheld are %v", year, r.Unit.NameVI, d.Code, d.Score, withheld.Dimensions)
				}
				if (d.Change.Value == nil) == (len(d.Change.Reason) == 0) || (d.Change.Value == nil) != (d.Change.Mean == nil) {
					t.Errorf("%d %s: dimension %s has the change %+v", year, r.Unit.NameVI, d.Code, d.Change)
				}
			}
			if r.Total == nil {
				continue
			}
			groups[r.Group]++
			higher := 1
			for _, other := range all {
				if other.Total != nil && *other.Total > *r.Total {
					higher++
				}
			}
			if math.Abs(*r.Total-total) > 1e-9 || *r.Rank != higher {
				t.Errorf("%d %s: total %v and rank %d, recounted %v and %d", year, r.Unit.NameVI, *r.Total, *r.Rank, total, higher)
			}
		}
		sizes := make([]int, 0, 4)
		for _, g := range report.PAPIGroups() {
			sizes = append(sizes, groups[g])
		}
		if stated, ok := data.PAPIGroupSizes(year); ok && !slices.Equal(sizes, stated) {
			t.Errorf("%d: groups of %v, stated are %v", year, sizes, stated)
		}
		if slices.Max(sizes)-slices.Min(sizes) > 1 {
			t.Errorf("%d: groups of %v are no quarters", year, sizes)
		}
	}
}

// TestWatch holds that as many provinces are watched as the thresholds say, ties included, and that
// the watched are the lowest and those that fell most.
func TestWatch(t *testing.T) {
	t.Parallel()
	for _, year := range []int{2011, 2019, 2020, 2021, 2024} {
		all := everyPAPI(t, year)
		for i, s := range all[0].SubDimensions {
			var low, fallen []float64 // of the watched
			var rest, milder []float64
			falls := 0
			for _, r := range all {
				x := r.SubDimensions[i]
				if x.Score == nil {
					continue
				}
				if slices.Contains(x.Reasons, survey.FlagLowest) {
					low = append(low, *x.Score)
				} else {
					rest = append(rest, *x.Score)
				}
				if x.Change.Value == nil || *x.Change.Value >= 0 {
					continue
				}
				falls++
				if slices.Contains(x.Reasons, survey.FlagFallen) {
					fallen = append(fallen, *x.Change.Value)
				} else {
					milder = append(milder, *x.Change.Value)
				}
			}
			n := len(low) + len(rest)
			if len(low) < n/10 || slices.Max(low) >= slices.Min(rest) {
				t.Errorf("%d %s: %d of %d are among the lowest, up to %v; the others begin at %v", year, s.Code, len(low), n, slices.Max(low), slices.Min(rest))
			}
			if tied := count(low, slices.Max(low)); len(low)-tied >= max(1, n/10) {
				t.Errorf("%d %s: %d of %d are watched without a tie", year, s.Code, len(low), n)
			}
			if falls == 0 {
				if len(fallen) > 0 {
					t.Errorf("%d %s: nobody fell, yet %d are watched for it", year, s.Code, len(fallen))
				}
				continue
			}
			if len(fallen) < max(1, falls/10) || len(milder) > 0 && slices.Max(fallen) >= slices.Min(milder) {
				t.Errorf("%d %s: %d of %d falls are watched", year, s.Code, len(fallen), falls)
			}
		}
	}
}

func count(values []float64, x float64) int {
	n := 0
	for _, v := range values {
		if v == x {
			n++
		}
	}
	return n
}

func TestChangesNeedTheSameMakeUp(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		year       int
		province   string
		node, says string
	}{
		{2011, "Bình Dương", "1", "No scores of 2010"},
		{2016, "Bình Dương", "3.2", "People's inspection boards"},
		{2018, "Bình Dương", "7", "added in 2018"},
		{2018, "Bình Dương", "2.1", "Access to information"},
		{2019, "Bình Dương", "7.1", "one indicator in 2018 and by four"},
		{2019, "Bình Dương", "7", "7.1"},
		{2019, "Bình Dương", "8.1", "scale"},
		{2021, "Bình Dương", "5", "5.2"},
		{2021, "Bình Dương", "5.1", "0.25-2.50 to 0.33-3.33"},
		{2019, "Quảng Ninh", "2.1", "2018 was withheld"},
		{2018, "Quảng Ninh", "4.1", "2018 was withheld"},
		{2024, "Bình Dương", "1", "2023 was withheld"},
	} {
		change := changeOf(papi(t, c.year, c.province), c.node)
		if change == nil || change.Value != nil || !strings.Contains(change.Reason[survey.English], c.says) || change.Reason[survey.Vietnamese] == "" {
			t.Errorf("%d %s %s: %+v; want no change, because %q", c.year, c.province, c.node, change, c.says)
		}
	}
	for _, node := range []string{"7.2", "7.3", "1", "1.1"} {
		if change := changeOf(papi(t, 2019, "Bình Dương"), node); change == nil || change.Value == nil {
			t.Errorf("%s of 2019 compares with 2018, but the change is %+v", node, change)
		}
	}
}

func changeOf(r report.PAPIReport, node string) *report.PAPIChange {
	for _, d := range r.Dimensions {
		if d.Code == node {
			return &d.Change
		}
	}
	for _, s := range r.SubDimensions {
		if s.Code == node {
			return &s.Change
		}
	}
	return nil
}

func TestPAPIRefuses(t *testing.T) {
	t.Parallel()
	if _, err := report.PAPI(2020, "Bin Duong"); !survey.IsCode(err, survey.CodeUnitUnknown) || !strings.Contains(err.Error(), "Bình Dương") {
		t.Errorf("an unknown province: %v", err)
	}
	if _, err := report.PAPI(2010, "Hà Nội"); !survey.IsCode(err, survey.CodeNotFound) || !strings.Contains(err.Error(), "from 2011 to 2024") {
		t.Errorf("a year without scores: %v", err)
	}
	if _, err := report.PAPITrendOf("Atlantis"); !survey.IsCode(err, survey.CodeUnitUnknown) {
		t.Errorf("the trend of nowhere: %v", err)
	}
}

// TestJSONKeys holds the file form that other programs read.
func TestJSONKeys(t *testing.T) {
	t.Parallel()
	doc, err := json.Marshal(papi(t, 2021, "Bắc Ninh"))
	if err != nil {
		t.Fatal(err)
	}
	var read map[string]any
	if err := json.Unmarshal(doc, &read); err != nil {
		t.Fatal(err)
	}
	keys := func(v any) string { return strings.Join(slices.Sorted(maps.Keys(v.(map[string]any))), " ") }
	if got := keys(read); got != "dimensions group province rank ranked reason state sub_dimensions total year" {
		t.Errorf("the report has the keys %s", got)
	}
	if got := keys(read["dimensions"].([]any)[0]); got != "change change_reason code name score" {
		t.Errorf("a dimension has the keys %s", got)
	}
	if got := keys(read["sub_dimensions"].([]any)[0]); got != "change change_reason code max min name percentile reasons score state" {
		t.Errorf("a sub-dimension has the keys %s", got)
	}
	for _, key := range []string{"total", "rank", "group"} {
		if v, there := read[key]; !there || v != nil {
			t.Errorf("%s of a withheld province is %v, not null", key, v)
		}
	}
	if read["state"] != "withheld" || read["reason"] == nil || read["ranked"] != 60.0 {
		t.Errorf("state %v, reason %v, ranked %v", read["state"], read["reason"], read["ranked"])
	}
	published := papi(t, 2020, "Bình Dương").In(survey.Vietnamese)
	if published.Reason != nil || published.Province != "Bình Dương" || !strings.Contains(published.Dimensions[3].Name, "tham nhũng") {
		t.Errorf("in Vietnamese: %+v", published)
	}
}

func TestPAPITrend(t *testing.T) {
	t.Parallel()
	trend, err := report.PAPITrendOf("Binh Duong")
	if err != nil {
		t.Fatal(err)
	}
	years := func(runs [][]report.PAPIPoint) string {
		var b strings.Builder
		for _, run := range runs {
			b.WriteString("[")
			for i, p := range run {
				if i == 0 || i == len(run)-1 {
					b.WriteString(" " + strconv.Itoa(p.Year))
				}
			}
			b.WriteString(" ]")
		}
		return b.String()
	}
	for code, want := range map[string]string{
		"total": "[ 2011 2015 ][ 2016 2017 ][ 2018 ][ 2019 2020 ][ 2021 2022 ][ 2024 ]",
		"1":     "[ 2011 2022 ][ 2024 ]",
		"3":     "[ 2011 2015 ][ 2016 2017 ][ 2018 2022 ][ 2024 ]",
		"5":     "[ 2011 2020 ][ 2021 2022 ][ 2024 ]",
		"5.2":   "[ 2011 2020 ]",
		"7":     "[ 2018 ][ 2019 2022 ][ 2024 ]",
		"7.1":   "[ 2018 ][ 2019 2022 ][ 2024 ]",
		"7.2":   "[ 2018 2022 ][ 2024 ]",
		"8.3":   "[ 2019 2022 ][ 2024 ]",
		"2.1":   "[ 2011 2017 ][ 2018 2022 ][ 2024 ]",
	} {
		node, ok := trend.Node(code)
		if got := years(node.Segments()); !ok || got != want {
			t.Errorf("%s runs over %s, want %s", code, got, want)
		}
	}
	for _, s := range trend.Standings {
		r := papi(t, s.Year, "Bình Dương")
		total, _ := trend.Node(data.PAPITotal)
		p := total.Points[s.Year-trend.Years[0]]
		if p.Year != s.Year || (p.Score == nil) != (r.Total == nil) || p.Score != nil && *p.Score != *r.Total {
			t.Errorf("%d: the trend's total is %v, the report's %v", s.Year, p.Score, r.Total)
		}
		if s.Group != r.Group || s.Ranked != r.Ranked || (s.Rank == nil) != (r.Rank == nil) || s.Rank != nil && *s.Rank != *r.Rank {
			t.Errorf("%d: the trend has %+v, the report rank %v of %d", s.Year, s, r.Rank, r.Ranked)
		}
		if (s.Rank == nil) != (len(s.Reason) > 0) {
			t.Errorf("%d: no rank, no reason: %+v", s.Year, s)
		}
	}
	for _, n := range trend.Nodes {
		if n.Points[0].Broken {
			t.Errorf("%s begins with a break", n.Code)
		}
		for _, p := range n.Points {
			if p.Broken != (len(p.Reason) > 0) || p.Min >= p.Max || p.Mean < p.Min-0.01 || p.Mean > p.Max {
				t.Errorf("%s: %+v", n.Code, p)
			}
		}
	}
	for _, u := range data.Provinces(data.FormerUntil) {
		if other, err := report.PAPITrendOf(u.NameEN); err != nil || other.Unit.ID != u.ID || len(other.Standings) != 14 {
			t.Errorf("the trend of %s: %v", u.NameEN, err)
		}
	}
	if len(trend.Nodes) != 1+8+29 {
		t.Errorf("%d nodes", len(trend.Nodes))
	}
}

// The publishers print an interval beside the totals of one year. It comes with the level that it has, around the score, and nowhere else.
func TestTrendTellsPrintedIntervals(t *testing.T) {
	found := 0
	for _, u := range data.Provinces(data.FormerUntil)[:8] {
		trend, err := report.PAPITrendOf(u.NameVI)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range trend.Nodes {
			for _, p := range n.Points {
				if p.Interval == nil {
					continue
				}
				found++
				if n.Kind != survey.NodeIndex || p.Year != 2019 || p.Interval.Level != 0.90 || math.Abs((p.Interval.Low+p.Interval.High)/2-*p.Score) > 2e-4 {
					t.Errorf("%s, %s in %d: %+v around %v", u.NameVI, n.Code, p.Year, *p.Interval, *p.Score)
				}
			}
		}
	}
	if found != 8 {
		t.Errorf("%d intervals, want one for each of 8 provinces", found)
	}
}
