package data

import (
	"math"
	"slices"
	"strings"
	"testing"
)

func TestPAPICompositions(t *testing.T) {
	t.Parallel()
	years := PAPIYears()
	if len(years) != 14 || years[0] != 2011 || years[13] != 2024 {
		t.Fatalf("the years are %v", years)
	}
	for _, year := range years {
		dims, subs := PAPIComposition(year), 0
		for i, d := range dims {
			subs += len(d.Subs)
			if d.Code != string(rune('1'+i)) || d.Min != 1 || d.Max != 10 {
				t.Errorf("%d: dimension %d is %+v", year, i+1, d)
			}
			for _, s := range d.Subs {
				if !strings.HasPrefix(s.Code, d.Code+".") || s.NameEN == "" || s.NameVI == "" {
					t.Errorf("%d: %+v is no part of dimension %s", year, s, d.Code)
				}
				// The nominal scale is one n-th of 1 to 10, printed with two decimals.
				if n := float64(len(d.Subs)); math.Abs(s.Min-1/n) > 0.005 || math.Abs(s.Max-10/n) > 0.005 {
					t.Errorf("%d: %s has the scale %v to %v", year, s.Code, s.Min, s.Max)
				}
			}
		}
		wantDims, wantSubs := 8, map[bool]int{true: 28, false: 29}[year == 2018 || year > 2020]
		if year < 2018 {
			wantDims, wantSubs = 6, 22
		}
		if len(dims) != wantDims || subs != wantSubs {
			t.Errorf("%d has %d dimensions and %d sub-dimensions, want %d and %d", year, len(dims), subs, wantDims, wantSubs)
		}
	}
	if PAPIComposition(2010) != nil || PAPIComposition(2025) != nil {
		t.Error("a year without scores has a composition")
	}
}

// TestPublishedSeriesIsWhole holds that every score of 63 provinces and 14 years is there and on its
// scale, but for those that papi/withheld.csv lists.
func TestPublishedSeriesIsWhole(t *testing.T) {
	t.Parallel()
	for _, r := range publishedRows() {
		if m := r.score * 1e6; math.Abs(m-math.Round(m)) > 1e-3 {
			t.Errorf("%d %s %s: %v has more than six decimals, so sums in millionths are not exact", r.year, r.province, r.sub, r.score)
		}
	}
	for _, year := range PAPIYears() {
		scores, withheld := PAPIScores(year), PAPIWithheldIn(year)
		for _, u := range Provinces("2020-12-31") {
			for _, d := range PAPIComposition(year) {
				kept := slices.Contains(withheld[u.ID].Dimensions, d.Code)
				for _, s := range d.Subs {
					score, ok := scores[u.ID][s.Code]
					if ok == kept {
						t.Errorf("%d %s %s: published is %v, withheld is %v", year, u.NameVI, s.Code, ok, kept)
					}
					if ok && (score < s.Min-0.005 || score > s.Max+0.005) {
						t.Errorf("%d %s %s: %v is not in %v to %v", year, u.NameVI, s.Code, score, s.Min, s.Max)
					}
				}
			}
		}
		for unit, subs := range scores {
			if u, ok := UnitByID(unit); !ok || !u.ValidOn("2020-12-31") {
				t.Errorf("%d: scores of %q, which is no province", year, unit)
			}
			for code := range subs {
				if _, ok := subDimension(PAPIComposition(year), code); !ok {
					t.Errorf("%d: a score of %s, which is not published that year", year, code)
				}
			}
		}
		for _, w := range withheld {
			if w.ReasonEN == "" || w.ReasonVI == "" {
				t.Errorf("%d %s is withheld without a reason", year, w.Unit)
			}
		}
	}
}

func TestGroupSizesAndThresholds(t *testing.T) {
	t.Parallel()
	for _, g := range groupRows() {
		sum := 0
		for _, n := range g.sizes {
			sum += n
		}
		ranked := 63 - len(PAPIWithheldIn(g.year))
		if sum != g.ranked || g.ranked != ranked || g.source == "" {
			t.Errorf("%d: groups of %v make %d of %d ranked (stated %d)", g.year, g.sizes, sum, ranked, g.ranked)
		}
	}
	if sizes, ok := PAPIGroupSizes(2020); !ok || !slices.Equal(sizes, []int{16, 16, 15, 16}) {
		t.Errorf("2020: %v", sizes)
	}
	if sizes, ok := PAPIGroupSizes(2023); !ok || !slices.Equal(sizes, []int{15, 15, 15, 16}) {
		t.Errorf("2023: %v", sizes)
	}
	if _, ok := PAPIGroupSizes(2019); ok {
		t.Error("no sizes are stated for 2019")
	}
	for _, w := range watchRows() {
		if w.share <= 0 || w.share >= 1 {
			t.Errorf("%s: a share of %v", w.reason, w.share)
		}
	}
	if w := PAPIWatchThresholds(); w.Lowest != 0.1 || w.Fall != 0.1 {
		t.Errorf("the thresholds are %+v", w)
	}
}

// subDimension returns a sub-dimension of a composition.
func subDimension(dims []PAPIDimension, code string) (PAPISubDimension, bool) {
	for _, d := range dims {
		for _, s := range d.Subs {
			if s.Code == code {
				return s, true
			}
		}
	}
	return PAPISubDimension{}, false
}

func TestIndicators2019(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, x := range PAPIIndicators2019() {
		if seen[x.Item] || !strings.HasPrefix(x.Item, x.Sub+".") || !strings.HasPrefix(x.Sub, x.Dimension+".") {
			t.Errorf("%+v stands twice or in the wrong place", x)
		}
		seen[x.Item] = true
		if _, ok := subDimension(PAPIComposition(2019), x.Sub); !ok {
			t.Errorf("%s belongs to no sub-dimension of 2019", x.Item)
		}
		if !slices.Contains([]string{"positive", "negative", "unclear"}, x.Direction) {
			t.Errorf("%s has the direction %q", x.Item, x.Direction)
		}
		if x.Provinces < 1 || x.Provinces > 63 || x.ObservedMin > x.ObservedMax || x.Label == "" {
			t.Errorf("%+v", x)
		}
		// One indicator whose part in the score is unclear, 4.4.5, leaves its labelled scale in the source itself.
		if x.Role != "unclear" && x.Min != nil && x.Max != nil && (x.ObservedMin < *x.Min || x.ObservedMax > *x.Max) {
			t.Errorf("%s was observed from %v to %v, outside its labelled scale %v to %v", x.Item, x.ObservedMin, x.ObservedMax, *x.Min, *x.Max)
		}
	}
}

// TestFormulasFitThePublishedScores holds that no published score lies outside what the exact formulas
// allow: 1.1 cannot exceed 1.9375, and 3.3 cannot exceed 2.20, whatever their nominal scales say.
func TestFormulasFitThePublishedScores(t *testing.T) {
	t.Parallel()
	type bounds struct{ min, max float64 }
	indicators := map[string]PAPIIndicator{}
	for _, x := range PAPIIndicators2019() {
		indicators[x.Item] = x
	}
	for _, year := range []int{2018, 2019} {
		allowed := map[string]bounds{}
		for _, f := range PAPIFormulas() {
			if !f.Exact || year < f.FirstYear || year > f.LastYear {
				continue
			}
			b, begun := allowed[f.Sub]
			if !begun {
				b = bounds{f.Intercept, f.Intercept}
			}
			top := 1.0
			if x, ok := indicators[f.Item]; !ok {
				t.Errorf("%s is no indicator", f.Item)
			} else if x.Max != nil {
				top = *x.Max
			}
			if f.Coefficient <= 0 {
				t.Errorf("%s: an exact formula has the coefficient %v", f.Item, f.Coefficient)
			}
			b.max += f.Coefficient * top
			allowed[f.Sub] = b
		}
		for unit, subs := range PAPIScores(year) {
			for code, b := range allowed {
				if score, ok := subs[code]; ok && (score < b.min-1e-5 || score > b.max+1e-5) {
					t.Errorf("%d %s: %s is %v, but its formula allows %v to %v", year, unit, code, score, b.min, b.max)
				}
			}
		}
		if got := allowed["1.1"].max; math.Abs(got-1.9375) > 1e-9 {
			t.Errorf("1.1 reaches %v", got)
		}
		if got := allowed["3.3"]; math.Abs(got.max-2.20) > 1e-9 || got.min != 0.22 {
			t.Errorf("3.3 reaches from %v to %v", got.min, got.max)
		}
	}
	for _, f := range PAPIFormulas() {
		if f.Exact == strings.HasPrefix(f.Note, "approximate") {
			t.Errorf("%s: exact is %v, but the note says %q", f.Item, f.Exact, f.Note)
		}
	}
}
