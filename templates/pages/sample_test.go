package pages_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"github.com/a-h/templ"

	"sipas/survey"
	"sipas/templates/i18n"
	"sipas/templates/layout"
	"sipas/templates/pages"
	"sipas/templates/ui"
)

var nan = math.NaN()

// samplePages renders every page with made views in one language. The names say what
// state of the page is shown.
func samplePages(l i18n.Lang) map[string]templ.Component {
	citizen := layout.Citizen{Lang: l, Languages: links(l, i18n.Languages()), Office: sampleOffice[l]}
	wrong := sampleForm(citizen)
	wrong.Sections[0].Items[0].ErrorCode = string(survey.CodeAnswerRequired)
	wrong.Sections[1].Items[1].Selected = "4"
	wrong.CommentError = string(survey.CodeCommentTooLong)
	wrong.Comment = "Cán bộ hướng dẫn tận tình."
	return map[string]templ.Component{
		"landing":       pages.Landing(pages.LandingView{Shell: citizen, KioskHref: "/kiosk", SignInHref: "/sign-in"}),
		"sign-in":       pages.SignIn(pages.SignInView{Shell: citizen, Action: "/sign-in", Next: "/"}),
		"sign-in-wrong": pages.SignIn(pages.SignInView{Shell: citizen, Action: "/sign-in", Name: "phantich", ErrorCode: string(survey.CodeBadCredentials)}),
		"error":         pages.Error(pages.ErrorView{Shell: citizen, Status: 404, Code: string(survey.CodeNotFound), Reference: "7f3a"}),
		"form":          pages.Form(sampleForm(citizen)),
		"form-wrong":    pages.Form(wrong),
		"used":          pages.Used(pages.UsedView{Shell: citizen}),
		"closed":        pages.Closed(pages.ClosedView{Shell: citizen, Reason: "closed"}),
		"closed-link":   pages.Closed(pages.ClosedView{Shell: citizen, Reason: "unknown"}),
		"thanks":        pages.Thanks(pages.ThanksView{Shell: citizen, Withdraw: "/s/x/withdraw", Receipt: "7f3a"}),
		"withdrawn":     pages.Withdrawn(pages.WithdrawnView{Shell: citizen}),
		"kiosk":         pages.Kiosk(pages.KioskView{Program: "0.1"}),
		"waves":         pages.Waves(pages.WavesView{Shell: staff(l, "waves", ""), Waves: sampleWaves(l)}),
		"waves-empty":   pages.Waves(pages.WavesView{Shell: staff(l, "waves", "")}),
		"overview":      pages.Overview(sampleOverview(l)),
		"scores":        pages.Scores(sampleScores(l)),
		"heatmap":       pages.Heatmap(sampleHeatmap(l)),
		"map":           pages.Map(sampleMap(l)),
		"trend":         pages.Trend(sampleTrend(l)),
		"index":         pages.Index(sampleIndex(l, "")),
		"index-unit":    pages.Index(sampleIndex(l, "Phường Tân Ninh")),
		"units":         pages.Units(sampleUnits(l)),
		"history":       pages.History(sampleHistory(l)),
		"flags":         pages.Flags(pages.FlagsView{Shell: staff(l, "results", "flags"), Wave: waveName(l), Rows: sampleFlags(l), Examined: 1696, TooFew: 412}),
		"flags-empty":   pages.Flags(pages.FlagsView{Shell: staff(l, "results", "flags"), Wave: waveName(l), Examined: 12}),
		"department":    pages.Department(sampleDepartment(l)),
		"admin":         pages.Admin(sampleAdmin(l)),
		"fleet":         pages.Fleet(sampleFleet(l)),
		"fleet-empty":   pages.Fleet(sampleWell(l, 0)),
		"fleet-one":     pages.Fleet(sampleRefusedForm(l)),
		"fleet-many":    pages.Fleet(sampleWell(l, 200)),
		"fleet-kiosk":   pages.FleetKiosk(sampleFleetKiosk(l, false)),
		"fleet-code":    pages.FleetKiosk(sampleFleetKiosk(l, true)),
		"signals":       pages.Signals(sampleSignals(l)),
		"signals-none":  pages.Signals(pages.SignalsView{Shell: staff(l, "results", "signals"), Rules: survey.DefaultGaming(), Minimum: 15}),
		"signals-clean": pages.Signals(pages.SignalsView{Shell: staff(l, "results", "signals"), Kiosks: 12, Answers: 4120, Rules: survey.DefaultGaming(), Minimum: 15}),
	}
}

func pageNames() []string { return slices.Sorted(maps.Keys(samplePages(i18n.VI))) }

var sampleOffice = map[i18n.Lang]string{
	i18n.VI: "Ủy ban nhân dân tỉnh Tây Ninh", i18n.EN: "The People's Committee of Tây Ninh", i18n.ZH: "西宁省人民委员会",
}

func say(l i18n.Lang, vi, en string) string {
	if l == i18n.VI {
		return vi
	}
	return en
}

func links(l i18n.Lang, offered []i18n.Lang) []layout.LanguageLink {
	var out []layout.LanguageLink
	for _, o := range offered {
		out = append(out, layout.LanguageLink{Lang: o, Href: "?lang=" + string(o), Current: o == l})
	}
	return out
}

func waveName(l i18n.Lang) string { return say(l, "Quý III năm 2026", "Third quarter of 2026") }

func staff(l i18n.Lang, place, tab string) layout.Staff {
	s := layout.Staff{
		Lang: l, Languages: links(l, i18n.StaffLanguages()), HomeHref: "/results", UserName: "Nguyễn Thị Hạnh",
		Role: string(survey.Analyst), SignOutPath: "/sign-out", Demo: true,
		MadeAt: time.Date(2026, 11, 22, 14, 5, 0, 0, time.UTC),
	}
	for _, key := range []string{"results", "improve", "waves", "kiosk", "admin"} {
		s.Nav = append(s.Nav, layout.NavItem{Key: key, Href: "/" + key, Current: key == place})
	}
	if tab == "" {
		return s
	}
	figures := layout.Tab{Key: "figures", Href: "/waves/q3"}
	for _, key := range []string{"overview", "index", "scores", "units", "map", "heatmap", "history", "compare", "trend"} {
		figures.Views = append(figures.Views, layout.Tab{Key: key, Href: "/waves/q3/" + key, Current: key == tab})
		figures.Current = figures.Current || key == tab
	}
	s.Tabs = append(s.Tabs, figures)
	for _, key := range []string{"flags", "signals"} {
		s.Tabs = append(s.Tabs, layout.Tab{Key: key, Href: "/waves/q3/" + key, Current: key == tab})
	}
	s.Tabs = append(s.Tabs, layout.Tab{Key: "publish", Href: "/waves/q3/publish", Act: true})
	s.Crumb = &layout.Crumb{Action: "", Keep: []layout.Hidden{{Name: "lang", Value: string(l)}}, Filters: []layout.Filter{
		{Name: "wave", Key: "wave", Choices: []layout.Choice{{Value: "q3", Label: waveName(l), Selected: true}}},
		{Name: "unit", Key: "unit", Choices: []layout.Choice{{Label: say(l, "Toàn tỉnh", "Whole province"), Selected: true}, {Value: "1", Label: "Phường Tân Ninh"}}},
		{Name: "field", Key: "field", Choices: []layout.Choice{{Label: say(l, "Mọi lĩnh vực", "All fields"), Selected: true}}},
	}}
	return s
}

// figure makes a per cent with a plausible interval.
func figure(label string, value float64, n int) ui.FigureProps {
	se := math.Sqrt(value*(100-value)/float64(n)) * 1.2
	f := ui.FigureProps{
		Label: label, Unit: ui.Percent, Value: value, SE: se, Low: max(0, value-1.96*se), High: min(100, value+1.96*se),
		Level: 0.95, Method: "beta", N: n, Of: float64(n) * 8.7, Effective: float64(n) / 1.44, DF: float64(n - 40),
		ScaleMin: 0, ScaleMax: 100, Target: nan, State: ui.Provisional, Threshold: 15,
	}
	if n < 15 {
		f.State, f.Reason, f.Value = ui.Withheld, survey.ReasonFewAnswers, nan
	}
	return f
}

func unweighted(f ui.FigureProps) ui.FigureProps {
	f.Value, f.Low, f.High = f.Value+3.4, f.Low+3.6, f.High+3.2
	f.Effective, f.State = nan, ui.Published
	return f
}

type instrument struct {
	Items []struct {
		Code, Scale string
		Required    bool
		Text, Short map[string]string
	}
	Sections []struct {
		Title map[string]string
		Items []string
	}
	Scales []struct {
		ID              string
		Faces           bool
		Levels, Missing []struct {
			Code  int
			Label map[string]string
		}
	}
}

// readInstrument reads a questionnaire that ships, so that the samples have its real words.
func readInstrument(name string) instrument {
	b, err := os.ReadFile("../../data/instruments/" + name + ".json")
	if err != nil {
		panic(err)
	}
	var in instrument
	if err := json.Unmarshal(b, &in); err != nil {
		panic(err)
	}
	return in
}

func sampleForm(shell layout.Citizen) pages.FormView {
	v := pages.FormView{Shell: shell, Action: "/s/x", Unit: "Phường Tân Ninh", CommentMax: 1000}
	l := string(shell.Lang)
	in := readInstrument("web-2026")
	for _, s := range in.Sections {
		section := pages.Section{Heading: s.Title[l]}
		for _, item := range in.Items {
			if !slices.Contains(s.Items, item.Code) {
				continue
			}
			it := pages.Item{Code: item.Code, Text: item.Text[l], Required: item.Required}
			for _, o := range kioskOptions(in, item.Scale) {
				it.Options = append(it.Options, pages.Option{Code: o.Code, Text: o.Text[l], Face: o.Face})
			}
			section.Items = append(section.Items, it)
		}
		v.Sections = append(v.Sections, section)
	}
	return v
}

func sampleWaves(l i18n.Lang) []pages.WaveRow {
	day := func(m time.Month, d int) time.Time { return time.Date(2026, m, d, 0, 0, 0, 0, time.UTC) }
	return []pages.WaveRow{
		{Key: "q3", Name: waveName(l), From: day(7, 1), To: day(9, 30), State: "open", Register: 60000, Invited: 20000, Answers: 6980, WalkIns: 2012, Href: "/waves/q3", Framework: "SIPAS, PAPI, TT 01/2018"},
		{Key: "q2", Name: say(l, "Quý II năm 2026", "Second quarter of 2026"), From: day(4, 1), To: day(6, 30), State: "closed", Register: 55210, Invited: 18000, Answers: 6011, WalkIns: 1711, Href: "/waves/q2", Framework: "SIPAS"},
	}
}

func sampleOverview(l i18n.Lang) pages.OverviewView {
	with := figure(say(l, "Chỉ số dịch vụ, gồm lượt tự đến", "Service index with walk-ins"), 82.6, 8992)
	with.Effective, with.Of = nan, nan
	headline := figure(say(l, "Chỉ số hài lòng về dịch vụ", "Service satisfaction index"), 79.3, 6980)
	headline.Target = 90
	v := pages.OverviewView{
		Shell: staff(l, "results", "overview"), Wave: sampleWaves(l)[0], Headline: headline, WithWalk: with, Unfinished: 143,
		Responses: []pages.ResponseGroup{
			{Key: "lateness", Rows: []pages.ResponseRow{
				{Label: say(l, "Đúng hẹn", "On time"), Register: 49120, Invited: 16400, Answered: 6190},
				{Label: say(l, "Trễ hẹn", "Late"), Register: 10021, Invited: 3310, Answered: 702},
				{Label: say(l, "Không rõ ngày", "Undated"), Register: 859, Invited: 290, Answered: 88},
			}},
			{Key: "channel", Rows: []pages.ResponseRow{
				{Label: say(l, "Nộp tại quầy", "At the counter"), Register: 33000, Invited: 11000, Answered: 3520},
				{Label: say(l, "Nộp qua mạng", "Online"), Register: 27000, Invited: 9000, Answered: 3460},
			}},
		},
		Silent:      []pages.SilentUnit{{Name: "Xã Tân Hòa", Register: 41, Share: 0.00068}, {Name: "Xã Phước Vinh", Register: 33, Share: 0.00055}},
		SilentShare: 0.00123, RegisterEnds: time.Date(2026, 9, 21, 0, 0, 0, 0, time.UTC),
		ScoredAt: time.Date(2026, 11, 22, 8, 30, 0, 0, time.UTC), DataHash: "9f2c1a77e0b3", Version: "0.1",
		Notes: []pages.Note{{Text: say(l, "Tháng không vào biên vì nhóm quá nhỏ.", "Month is not a margin: its classes are too small."), Lang: l}},
	}
	for i, name := range []string{say(l, "Câu hỏi chung", "Core"), say(l, "Nơi làm thủ tục", "The place"), say(l, "Thủ tục", "The procedure")} {
		v.Diagnostics = append(v.Diagnostics, pages.WeightingView{
			Module: name, N: 6980 - i*2100, DesignEffect: 1.31 + float64(i)*0.1, Effective: 5310 - float64(i)*1800, MinFactor: 0.52, MaxFactor: 3.1,
			Trimmed: 0.0021, Iterations: 9 + i, Converged: i != 2, Worst: 0.00004,
			Margins: []pages.MarginRow{
				{Margin: "unit × lateness", Level: say(l, "Trễ hẹn", "Late"), Register: 10021, Weighted: 10021.4},
				{Margin: "channel", Level: say(l, "Tại quầy", "Counter"), Register: 33000, Weighted: 32998.7},
			},
			Collapsed: []pages.Note{{Text: say(l, "Gộp 7 xã có dưới 30 câu trả lời.", "Pooled seven communes with fewer than 30 answers."), Lang: l}},
		})
	}
	return v
}

// indicators are the short names of the sixteen service items.
func indicators(l i18n.Lang) []pages.HeatColumn {
	var out []pages.HeatColumn
	for _, item := range readInstrument("web-2026").Items {
		if item.Code != "overall" {
			out = append(out, pages.HeatColumn{Code: item.Code, Short: item.Short[string(l)], Long: item.Short[string(l)]})
		}
	}
	return out
}

func sampleScores(l i18n.Lang) pages.ScoresView {
	r := rand.New(rand.NewPCG(1, 2))
	headline := figure(say(l, "Chỉ số hài lòng về dịch vụ", "Service satisfaction index"), 79.3, 6980)
	headline.Target = 90
	v := pages.ScoresView{
		Shell: staff(l, "results", "scores"), Wave: waveName(l), Headline: headline, Answers: 6980,
		Files:       sampleFiles("scores"),
		Comparisons: sampleSignals(l).Comparisons[:1], SignalsHref: "/waves/q3/signals",
	}
	group := pages.ScoreGroup{Heading: say(l, "16 chỉ số về dịch vụ", "The 16 service indicators"),
		Note: say(l, "So được với phần dịch vụ của SIPAS đã công bố, không so được với chỉ số chung.", "Comparable with the published service part of SIPAS, not with the total.")}
	for i, c := range indicators(l) {
		f := figure(c.Long, 60+34*r.Float64(), 700+r.IntN(600))
		if i == 6 {
			f = figure(c.Long, 50, 9)
		}
		f.Target = 90
		row := pages.ScoreRow{Code: c.Code, Label: c.Long, Weighted: f, Unweighted: unweighted(f)}
		if i%2 == 0 {
			row.WithWalk = unweighted(f)
		}
		group.Rows = append(group.Rows, row)
	}
	points := pages.ScoreGroup{Heading: say(l, "Điểm theo kiểu PAPI", "PAPI-style scores")}
	for i, name := range []string{say(l, "Tiếp cận", "Access"), say(l, "Thủ tục", "Procedures"), say(l, "Công chức", "Officials")} {
		f := figure(name, 50, 900)
		f.Unit, f.Decimals, f.ScaleMin, f.ScaleMax, f.Value, f.Low, f.High, f.SE, f.Method = ui.Points, 2, 0.2, 2, 1.4+float64(i)*0.1, 1.36+float64(i)*0.1, 1.44+float64(i)*0.1, 0.02, "t"
		points.Rows = append(points.Rows, pages.ScoreRow{Code: fmt.Sprint(i + 1), Label: name, Weighted: f, Unweighted: f})
	}
	whole := points.Rows[0]
	whole.Label, whole.Code = say(l, "Tổng kiểu PAPI", "PAPI-style total"), "total"
	points.Whole = &whole
	part := group
	part.Heading, part.Part, part.Rows = say(l, "Tiếp cận dịch vụ", "Access"), true, group.Rows[:3]
	v.Unweighted = unweighted(headline)
	v.Unweighted.Label = say(l, "Không trọng số: phép đếm đơn thuần", "Unweighted: what a plain count would say")
	v.WithWalk, v.KioskTimes = v.Unweighted, 5
	v.WithWalk.Label = say(l, "Gồm lượt tự đến", "With walk-ins")
	v.Headline.Effective = 1900
	v.Groups = []pages.ScoreGroup{group, part, points}
	return v
}

var sampleBreaks = []float64{60, 70, 80, 90}

var communes = []string{"Phường Tân Ninh", "Phường Long An", "Xã Bến Lức", "Xã Đức Hòa", "Xã Cần Giuộc", "Phường Trảng Bàng", "Xã Dương Minh Châu", "Xã Tân Biên", "Xã Mộc Hóa", "Xã Vĩnh Hưng", "Phường Gò Dầu", "Xã Châu Thành", "Sở Nông nghiệp và Môi trường", "Sở Xây dựng"}

func sampleHeatmap(l i18n.Lang) pages.HeatmapView {
	r := rand.New(rand.NewPCG(3, 4))
	v := pages.HeatmapView{Shell: staff(l, "results", "heatmap"), Wave: waveName(l), Target: 90, Breaks: sampleBreaks, Columns: indicators(l), SortedBy: "index", Answers: 6980}
	for i, name := range communes {
		row := pages.HeatRow{Name: name, Href: "?unit=" + fmt.Sprint(i), Index: figure("", 62+float64(i)*2.3, 300)}
		for range v.Columns {
			row.Cells = append(row.Cells, figure("", min(99, 50+float64(i)*2+32*r.Float64()), 4+r.IntN(110)))
		}
		v.Rows = append(v.Rows, row)
	}
	return v
}

func sampleMap(l i18n.Lang) pages.MapView {
	r := rand.New(rand.NewPCG(5, 6))
	shapes, names := readShapes("../../data/maps/tay_ninh_communes.geojson")
	outlines, height := ui.Project(shapes, 640)
	v := pages.MapView{
		Shell: staff(l, "results", "map"), Wave: waveName(l), Province: "Tây Ninh", Indicator: say(l, "Hài lòng chung", "Overall satisfaction"),
		Width: 640, Height: height, Breaks: sampleBreaks, Target: 90, Answers: 6980,
	}
	for i, o := range outlines {
		f := figure("", 55+40*r.Float64(), 6+r.IntN(120))
		v.Areas = append(v.Areas, pages.MapArea{Code: o.Code, Path: o.Path, X: o.X, Y: o.Y, Name: names[i], Figure: f, Href: "?unit=" + o.Code})
	}
	return v
}

func readShapes(path string) ([]ui.Shape, []string) {
	b, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	var doc struct {
		Features []struct {
			Properties map[string]any
			Geometry   struct {
				Type        string
				Coordinates json.RawMessage
			}
		}
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		panic(err)
	}
	var shapes []ui.Shape
	var names []string
	for i, f := range doc.Features {
		s := ui.Shape{Code: fmt.Sprint(i)}
		switch f.Geometry.Type {
		case "Polygon":
			var one [][][2]float64
			err = json.Unmarshal(f.Geometry.Coordinates, &one)
			s.Polygons = append(s.Polygons, one)
		default:
			err = json.Unmarshal(f.Geometry.Coordinates, &s.Polygons)
		}
		if err != nil {
			panic(err)
		}
		shapes = append(shapes, s)
		names = append(names, fmt.Sprint(f.Properties["name"]))
	}
	return shapes, names
}

func sampleTrend(l i18n.Lang) pages.TrendView {
	total := ui.Series{Code: "total", Name: say(l, "Tổng điểm PAPI", "PAPI total"), Min: 0, Max: 80}
	values := []float64{36.1, 36.5, 37.0, 36.2, 36.4, 32.59, 36.9, 41.2, 42.35, 40.76, nan, 41.9, 42.4, 43.1}
	for i, value := range values {
		p := ui.SeriesPoint{At: 2011 + i, Label: fmt.Sprint(2011 + i), Value: value}
		if p.At == 2018 || p.At == 2021 {
			p.Break, p.Why = true, say(l, "Thêm hai nội dung mới.", "Two dimensions were added.")
		}
		total.Points = append(total.Points, p)
	}
	v := pages.TrendView{Shell: staff(l, "results", "trend"), Province: "Bình Dương", Former: true, Successor: say(l, "Thành phố Hồ Chí Minh", "Ho Chi Minh City"),
		Total: total, Rank: 57, Ranked: 63, Year: 2024, Source: "CECODES, VFF-CRT, RTA, UNDP"}
	names := []string{"Tham gia của người dân ở cấp cơ sở", "Công khai, minh bạch", "Trách nhiệm giải trình với người dân", "Kiểm soát tham nhũng trong khu vực công", "Thủ tục hành chính công", "Cung ứng dịch vụ công", "Quản trị môi trường", "Quản trị điện tử"}
	for d, name := range names {
		s := ui.Series{Code: fmt.Sprint(d + 1), Name: name, Min: 1, Max: 10}
		for i := range values {
			p := ui.SeriesPoint{At: 2011 + i, Label: fmt.Sprint(2011 + i), Value: 4.5 + 0.5*math.Sin(float64(i+d*3)) + float64(d)*0.1}
			if d > 5 && i < 7 {
				p.Value = nan
			}
			p.Break = p.At == 2018
			s.Points = append(s.Points, p)
		}
		v.Dimensions = append(v.Dimensions, s)
	}
	return v
}

func sampleFlags(l i18n.Lang) []pages.FlagRow {
	short := func(i int) string { return indicators(l)[i].Long }
	target := func(f ui.FigureProps) ui.FigureProps { f.Target = 90; return f }
	return []pages.FlagRow{
		{Unit: "Phường Tân Ninh", UnitHref: "?unit=1", Indicator: short(10), Code: "s34", Figure: target(figure("", 54.2, 171)), State: survey.FlagRaised,
			Reasons: []pages.Reason{
				{Kind: survey.FlagBelowTarget, Shown: true, Target: 90, P: 0.0000004},
				{Kind: survey.FlagLowest, Shown: true, RankLow: 1, RankHigh: 3, Of: 84, P: nan},
				{Kind: survey.FlagBelowPeers, Shown: true, Peers: 83.1, P: 0.0021},
				{Kind: survey.FlagFallen, Shown: false, P: 0.11, Change: ui.ChangeProps{Unit: ui.Percent, Value: -3.4, Low: -8, High: 1.2, Since: say(l, "quý II", "the second quarter")}},
			},
			Gain: 2.24, GainUnit: ui.Percent, Importance: 0.61, Transactions: 2310, Priority: 100},
		{Unit: "Sở Xây dựng", Indicator: short(8), Code: "s32", Figure: target(figure("", 61.8, 158)), State: survey.FlagRaised,
			Reasons: []pages.Reason{{Kind: survey.FlagBelowTarget, Shown: true, Target: 90, P: 0.0001}, {Kind: survey.FlagLowest, Shown: true, RankLow: 2, RankHigh: 2, Of: 84, P: nan}},
			Gain:    1.7, GainUnit: ui.Percent, Importance: 0.55, Transactions: 1204, Priority: 38},
		{Unit: "Xã Bến Lức", Indicator: short(3), Code: "s27", Figure: target(figure("", 81.1, 44)), State: survey.FlagWatch,
			Reasons: []pages.Reason{{Kind: survey.FlagLowPoint, Shown: false, Target: 90, P: nan}},
			Gain:    0.5, GainUnit: ui.Percent, Importance: 0.31, Transactions: 640, Priority: 4},
		{Unit: "Xã Mộc Hóa", Indicator: short(3), Code: "s27", Figure: target(figure("", 81.1, 6)), State: survey.FlagTooFew,
			Gain: nan, GainUnit: ui.Percent, Importance: nan, Transactions: 88, Priority: nan},
	}
}

func sampleDepartment(l i18n.Lang) pages.DepartmentView {
	shell := staff(l, "improve", "")
	shell.Role, shell.Nav = string(survey.Department), shell.Nav[1:2]
	headline := figure(say(l, "Chỉ số hài lòng về dịch vụ", "Service satisfaction index"), 74.8, 512)
	headline.Target = 90
	rows := sampleFlags(l)
	for i := range rows {
		rows[i].Unit = "Phường Tân Ninh"
	}
	return pages.DepartmentView{Shell: shell, Wave: waveName(l), Unit: "Phường Tân Ninh", Headline: headline, Rows: rows[:3], Indicators: 16, Gain: 3.94, GainUnit: ui.Percent, TooFew: 1, Least: 15}
}

func sampleAdmin(l i18n.Lang) pages.AdminView {
	return pages.AdminView{
		Shell: staff(l, "admin", ""), Waves: sampleWaves(l), Version: "0.1", DataDir: "/var/lib/sipas",
		Users: []pages.UserRow{
			{Name: "phantich", Role: string(survey.Analyst), Active: true},
			{Name: "tanninh", Role: string(survey.Department), Unit: "Phường Tân Ninh", Active: true},
			{Name: "quantri", Role: string(survey.Administrator), Active: false},
		},
		Kiosks: 2, KiosksHref: "/admin/kiosks",
		Counts: []pages.CountRow{{Key: "responses", Value: 8992}, {Key: "answers", Value: 79210}, {Key: "transactions", Value: 60000}, {Key: "invitations", Value: 20000}, {Key: "units", Value: 106}, {Key: "comments", Value: 811}, {Key: "releases", Value: 3}},
	}
}
