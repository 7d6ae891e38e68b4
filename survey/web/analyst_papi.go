package web

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/a-h/templ"
	"golang.org/x/text/unicode/norm"

	"sipas/data"
	"sipas/survey"
	"sipas/survey/export"
	"sipas/survey/report"
	"sipas/templates/layout"
	"sipas/templates/pages"
	"sipas/templates/ui"
)

// papiSource is who published the scores.
const papiSource = "CECODES, VFF-CRT, RTA, UNDP"

// papi shows the published PAPI scores of one province over the years.
func (s *Server) papi(c *call) (*figures, error) {
	latest, _, err := s.latestWave(c.ctx())
	if err != nil {
		return nil, err
	}
	province := c.query("province")
	if province == "" {
		province = publishedName(latest)
	}
	trend, err := report.PAPITrendOf(province)
	if err != nil {
		return nil, err
	}
	v, err := trendView(trend, c.query("year"), c.lang)
	if err != nil {
		return nil, err
	}
	v.Shell = s.staffShell(c, "results", latest)
	if latest != nil {
		v.Shell.Tabs = waveTabs(c, latest.ID, "trend")
	}
	v.Shell.Crumb = &layout.Crumb{Action: "/papi", Filters: []layout.Filter{provinceFilter(trend.Unit, c.lang)}}
	if year := c.query("year"); year != "" {
		v.Shell.Crumb.Keep = []layout.Hidden{{Name: "year", Value: year}}
	}
	return &figures{
		page:  func(files ui.Files) templ.Component { v.Files = files; return pages.Trend(v) },
		table: func() export.PageTable { return papiTable(v) }, picture: v.Picture, subject: plainName(trend.Unit.NameVI),
	}, nil
}

// publishedName is the province that the page speaks of unless asked: the wave's, under the name that scores were published
// for until 2025, or the first of the list.
func publishedName(w *survey.Wave) string {
	former := data.Provinces(data.FormerUntil)
	if w != nil {
		now, known := data.UnitByID(string(w.Province))
		for _, u := range former {
			if known && slices.Contains(now.Predecessors, u.ID) && u.NameVI == now.NameVI {
				return u.NameVI
			}
		}
		for _, u := range former {
			if known && slices.Contains(now.Predecessors, u.ID) {
				return u.NameVI
			}
		}
	}
	return former[0].NameVI
}

// trendView lays the series out over the same years, so that they can be read side by side.
func trendView(t report.PAPITrend, year string, l survey.Lang) (pages.TrendView, error) {
	v := pages.TrendView{Province: nameIn(t.Unit, l), Source: papiSource}
	if len(t.Unit.Successors) > 0 && !t.Unit.Unchanged {
		if next, ok := data.UnitByID(t.Unit.Successors[0]); ok {
			v.Former, v.Successor = true, nameIn(next, l)
		}
	}
	for _, n := range t.Nodes {
		switch n.Kind {
		case survey.NodeIndex:
			v.Total = series(n, t.Years, l)
		case survey.NodeDimension:
			v.Dimensions = append(v.Dimensions, series(n, t.Years, l))
		}
	}
	at := len(t.Standings) - 1
	if year != "" {
		at = slices.IndexFunc(t.Standings, func(s report.PAPIStanding) bool { return strconv.Itoa(s.Year) == year })
	}
	if at < 0 {
		return v, survey.Errorf(survey.CodeNotFound, "show published scores", "none for year %q", year)
	}
	v.Year, v.Ranked = t.Standings[at].Year, t.Standings[at].Ranked
	if r := t.Standings[at].Rank; r != nil {
		v.Rank = *r
	}
	return v, nil
}

func series(n report.PAPITrendNode, years []int, l survey.Lang) ui.Series {
	out := ui.Series{Code: n.Code, Min: math.Inf(1), Max: math.Inf(-1)}
	for _, year := range years {
		point := ui.SeriesPoint{At: year, Label: strconv.Itoa(year), Value: math.NaN()}
		if i := slices.IndexFunc(n.Points, func(p report.PAPIPoint) bool { return p.Year == year }); i >= 0 {
			p := n.Points[i]
			out.Name, out.Min, out.Max = p.Name.In(l), math.Min(out.Min, p.Min), math.Max(out.Max, p.Max)
			point.Break, point.Why = p.Broken, p.Reason.In(l)
			if p.Score != nil {
				point.Value = *p.Score
			}
			if p.Interval != nil && p.Score != nil {
				point.Interval = &ui.Interval{Low: p.Interval.Low, High: p.Interval.High, Level: p.Interval.Level}
			}
		}
		out.Points = append(out.Points, point)
	}
	return out
}

// provinceFilter lists the provinces that scores were published for.
func provinceFilter(current data.Unit, l survey.Lang) layout.Filter {
	f := layout.Filter{Name: "province", Key: "province"}
	for _, u := range data.Provinces(data.FormerUntil) {
		f.Choices = append(f.Choices, layout.Choice{Value: u.NameVI, Label: nameIn(u, l), Selected: u.ID == current.ID})
	}
	sortNamed(f.Choices, l, func(c layout.Choice) (string, string) { return c.Label, c.Value })
	return f
}

func nameIn(u data.Unit, l survey.Lang) string {
	if l == survey.Vietnamese {
		return u.NameVI
	}
	return cmp.Or(u.NameEN, u.NameVI)
}

// plainName writes a name in letters that every file system knows: "tay-ninh".
func plainName(name string) string {
	plain := strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r):
			return -1
		case r == 'đ' || r == 'Đ':
			return 'd'
		}
		return unicode.ToLower(r)
	}, norm.NFD.String(name))
	return strings.Join(strings.FieldsFunc(plain, func(r rune) bool { return r < 'a' || r > 'z' }), "-")
}
