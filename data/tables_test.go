package data

import (
	"fmt"
	"io/fs"
	"math"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
)

// TestEveryFileIsWhole reads each table and counts it, so that a lost line cannot go unseen.
func TestEveryFileIsWhole(t *testing.T) {
	t.Parallel()
	for _, file := range []struct {
		name      string
		got, want int
	}{
		{"units_2026", len(unitRows()), 34 + 3321},
		{"provinces_2025_mapping", len(mappingRows()), 63},
		{"provinces_new_34", len(ProvincesOf2025()), 34},
		{"papi/dimensions", len(dimensionRows()), 22 + 22 + 28 + 29 + 28},
		{"papi/published", len(publishedRows()), 21891},
		{"papi/withheld", len(withheldRows()), 13},
		{"papi/group_sizes", len(groupRows()), 2},
		{"papi/watch", len(watchRows()), 2},
		{"papi/recovered_formulas", len(PAPIFormulas()), 39},
		{"papi/indicators_2019", len(PAPIIndicators2019()), 122},
		{"published_scores", len(PublishedScores()), 981},
		{"sipas/criteria", len(SIPASItems()), 39},
		{"sipas/expectations", len(SIPASExpectations()), 10},
		{"onestop/criteria", len(OneStopIndices()), 9},
		{"onestop/grades", len(OneStopGrades()), 8},
		{"onestop/decision_766", len(PortalCriteria()), 16},
		{"maps/provinces", len(ProvinceShapes()), 34},
		{"maps/tay_ninh_communes", len(TayNinhShapes()), 96},
	} {
		if file.got != file.want {
			t.Errorf("%s has %d rows, want %d", file.name, file.got, file.want)
		}
	}
}

// TestReadmeNamesEveryFile holds that nothing is shipped without saying where it is from.
func TestReadmeNamesEveryFile(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	err = fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		all := path.Dir(name) + "/*" + path.Ext(name)
		if !strings.Contains(string(readme), "`"+name+"`") && !strings.Contains(string(readme), "`"+all+"`") {
			t.Errorf("README.md does not say where %s is from", name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestTablesRefuseWhatIsBroken(t *testing.T) {
	t.Parallel()
	decode := func(r *row) int { r.text(); return r.int() }
	for _, c := range []struct{ name, text, wants string }{
		{"other header", "b,a\nx,1\n", "the header is not"},
		{"no header", "", "the header is not"},
		{"no number", "a,b\nx,1\nx,y\n", `line 3: "y" is not a whole number`},
		{"ragged", "a,b\nx\n", "wrong number of fields"},
		{"left over", "a,b\nx,1\n", ""},
	} {
		_, err := decodeTable("t.csv", c.text, "a,b", decode)
		if c.wants == "" && err != nil || c.wants != "" && (err == nil || !strings.Contains(err.Error(), c.wants)) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.wants)
		}
	}
	if _, err := decodeTable("t.csv", "a,b\nx,1\n", "a,b", func(r *row) string { return r.text() }); err == nil {
		t.Error("a field that nobody reads is not reported")
	}
	if _, err := decodeTable("t.csv", "a\nx\n", "a", func(r *row) bool { return r.yes() }); err == nil {
		t.Error("x is neither yes nor no, and is not reported")
	}
}

func TestPublishedScoresAreSure(t *testing.T) {
	t.Parallel()
	totals := map[string]float64{}
	for _, s := range PublishedScores() {
		if s.Certainty != "sure" {
			t.Errorf("%+v is shipped without being sure", s)
		}
		if s.Index == "PAPI" && s.Component == "total_unweighted" {
			totals[fmt.Sprint(s.Year, s.Province)] = s.Value
		}
		if s.Unit == "percent" && (s.Value < 0 || s.Value > 100) {
			t.Errorf("%+v is no per cent", s)
		}
		if (s.Low == nil) != (s.High == nil) || s.Low != nil && (*s.Low > s.Value || s.Value > *s.High) {
			t.Errorf("%+v: the interval does not hold the value", s)
		}
	}
	// The totals that were collected apart must be the sums of the series.
	checked := 0
	for _, year := range PAPIYears() {
		for unit, subs := range PAPIScores(year) {
			sum, n := 0.0, 0
			for _, d := range PAPIComposition(year) {
				for _, s := range d.Subs {
					if score, ok := subs[s.Code]; ok {
						sum += score
						n++
					}
				}
			}
			u, _ := UnitByID(unit)
			for name := range publishedNamesOf(unit) {
				want, ok := totals[fmt.Sprint(year, name)]
				if !ok {
					continue
				}
				checked++
				if math.Abs(sum-want) > 5e-4 {
					t.Errorf("%d %s: the series sums to %.6f, published is %.6f", year, u.NameVI, sum, want)
				}
			}
		}
	}
	if want := 14*63 - 13; checked != want {
		t.Errorf("%d totals were compared, want %d", checked, want)
	}
}

// publishedNamesOf returns the names under which a unit may stand in published tables.
func publishedNamesOf(unit string) map[string]bool {
	u, _ := UnitByID(unit)
	names := map[string]bool{u.NameVI: true, u.NameEN: true}
	for _, a := range aliasRows() {
		if a.unit == unit {
			names[a.name] = true
		}
	}
	return names
}

func TestSIPASItems(t *testing.T) {
	t.Parallel()
	groups, parts := map[string]int{}, map[string]int{}
	for i, item := range SIPASItems() {
		if item.Number != i+1 || item.Min != 1 || item.Max != 5 || item.VI == "" || item.EN == "" {
			t.Errorf("item %d is %+v", i+1, item)
		}
		groups[item.Group]++
		parts[item.Part]++
	}
	if len(groups) != 9 || parts["I"] != 23 || parts["II"] != 16 {
		t.Errorf("groups %v, parts %v; want 9 groups, 23 policy and 16 service items", groups, parts)
	}
	for i, e := range SIPASExpectations() {
		if e.Number != i+1 || e.Levels != 4 || e.VI == "" {
			t.Errorf("expectation %d is %+v", i+1, e)
		}
	}
}

func TestOneStopRules(t *testing.T) {
	t.Parallel()
	var citizens, officer []int
	for i, x := range OneStopIndices() {
		if x.Number != i+1 || x.Score2 == "" || x.Score1 == "" || x.Score0 == "" {
			t.Errorf("index %d is %+v", i+1, x)
		}
		if slices.Contains(x.Sources, "form") {
			citizens = append(citizens, x.Number)
		}
		if x.CountsForTheOfficer {
			officer = append(officer, x.Number)
		}
	}
	if !slices.Equal(citizens, []int{1, 3, 4, 7}) || !slices.Equal(officer, []int{1, 2, 3, 4, 7}) {
		t.Errorf("citizens give %v, officers are scored by %v", citizens, officer)
	}
	from := map[string][]float64{}
	for _, g := range OneStopGrades() {
		cuts := from[g.Subject]
		if len(cuts) == 0 != (g.Below == nil) || g.Below != nil && *g.Below != cuts[len(cuts)-1] {
			t.Errorf("%s %s: grades leave a gap or overlap", g.Subject, g.EN)
		}
		if g.Max != 2*float64(len(g.Indices)) {
			t.Errorf("%s: %d indices of at most 2 do not make %v", g.Subject, len(g.Indices), g.Max)
		}
		from[g.Subject] = append(cuts, g.From)
	}
	if !slices.Equal(from["unit"], []float64{15, 12, 9, 6, 0}) || !slices.Equal(from["officer"], []float64{5, 3.5, 0}) {
		t.Errorf("the grades begin at %v", from)
	}
}

func TestDecision766SumsTo100(t *testing.T) {
	t.Parallel()
	total, parts, groups := 0.0, map[string]float64{}, map[string]float64{}
	for _, c := range PortalCriteria() {
		if c.Parent == "" {
			total += c.Points
			groups[c.Code] = c.Points
			continue
		}
		parts[c.Parent] += c.Points
	}
	if total != 100 {
		t.Errorf("the groups sum to %v", total)
	}
	for code, sum := range parts {
		if sum > groups[code] {
			t.Errorf("the parts of %s sum to %v, more than its %v", code, sum, groups[code])
		}
	}
}
