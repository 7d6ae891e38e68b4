package web

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"sipas/survey"
	"sipas/survey/export"
	"sipas/templates/i18n"
	"sipas/templates/pages"
	"sipas/templates/ui"
)

// figurePage is a page of figures that can also be had as files: the same figures under the same filter, for whoever may see the page.
// The address says which by its suffix.
type figurePage struct {
	name, path string
	show       func(*call) (*figures, error)
}

// figures is what one call of a figure page shows.
type figures struct {
	elsewhere string // where to go instead; the rest is empty then
	page      func(ui.Files) templ.Component
	// table and picture are made only where they are asked for. They are nil where there is nothing to show yet, and lack says why.
	table   func() export.PageTable
	picture func() ui.Picture
	lack    survey.Code
	made    *board // what the figures come from; nil for published ones of others
	subject string // what the name of a file begins with, after the program's
}

// figures are those of a page of a wave.
func (p *wavePage) figures(page func(ui.Files) templ.Component, table func() export.PageTable, picture func() ui.Picture) *figures {
	return &figures{page: page, table: table, picture: picture, made: p.board, subject: string(p.wave.ID)}
}

// without is a page of a wave that has nothing to show yet.
func without(p *wavePage, page func(ui.Files) templ.Component) *figures {
	return &figures{page: page, lack: p.lack, subject: string(p.wave.ID)}
}

// figurePages are the pages of figures. Each has its files by this list, so none can be forgotten.
func (s *Server) figurePages() []figurePage {
	return []figurePage{
		{"index", "/waves/:wave/index", s.index},
		{"scores", "/waves/:wave/scores", s.scores},
		{"units", "/waves/:wave/units", s.unitsPage},
		{"heatmap", "/waves/:wave/heatmap", s.heatmap},
		{"map", "/waves/:wave/map", s.areaMap},
		{"history", "/waves/:wave/history", s.history},
		{"flags", "/waves/:wave/flags", s.flags},
		{"papi", "/papi", s.papi},
	}
}

// figureRoutes are the routes of the pages of figures and of their files.
func (s *Server) figureRoutes(who access) []route {
	var out []route
	for _, p := range s.figurePages() {
		out = append(out,
			route{method: http.MethodGet, path: p.path, name: p.name, who: who, rate: rateNone, handle: func(c *call) error { return s.showFigures(c, p) }},
			route{method: http.MethodGet, path: p.path + ".:as", name: p.name + ".file", who: who, rate: rateNone, handle: func(c *call) error { return s.sendFigures(c, p) }},
		)
	}
	return out
}

func (s *Server) showFigures(c *call, p figurePage) error {
	f, err := p.show(c)
	if err != nil {
		return err
	}
	if f.elsewhere != "" {
		return c.redirect(f.elsewhere)
	}
	return c.page(http.StatusOK, f.page(s.filesOf(c, p, f)))
}

// filesOf are the addresses of a page's files: the page's own with a suffix, under the same filter.
func (s *Server) filesOf(c *call, p figurePage, f *figures) ui.Files {
	if f.table == nil {
		return ui.Files{}
	}
	query := c.request().URL.Query()
	query.Del("wave") // the path names it
	path := c.request().URL.EscapedPath()
	at := func(suffix string) string { return address(path+suffix, query) }
	return ui.Files{CSV: at(".csv"), XLSX: at(".xlsx"), SVG: at(".svg"), Name: s.fileName(p, f)}
}

// fileName says the wave, the page and the day of the figures.
func (s *Server) fileName(p figurePage, f *figures) string {
	day := s.clock()
	if f.made != nil {
		day = f.made.MadeAt
	}
	parts := []string{"sipas", f.subject, p.name, day.In(survey.Zone).Format("2006-01-02")}
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.' || r == '_' {
			return r
		}
		return '-'
	}, strings.Join(parts, "-"))
}

// kinds are the kinds of files by suffix.
var kinds = map[string]string{
	"csv":  "text/csv; charset=utf-8",
	"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	"svg":  "image/svg+xml; charset=utf-8",
}

func (s *Server) sendFigures(c *call, p figurePage) error {
	suffix := c.param("as")
	kind, known := kinds[suffix]
	if !known {
		return survey.Errorf(survey.CodeNotFound, "send figures", "no files of kind %q", suffix)
	}
	f, err := p.show(c)
	if err != nil {
		return err
	}
	if f.elsewhere != "" {
		return survey.Errorf(survey.CodeNotFound, "send figures", "a file is of the wave of its path")
	}
	if f.table == nil {
		return &survey.Error{Code: f.lack, Op: "send figures"}
	}
	var b bytes.Buffer
	switch suffix {
	case "svg":
		b.Write(f.picture().SVG(c.lang))
	default:
		err = s.writeTable(&b, c, f, suffix)
	}
	if err != nil {
		return survey.Errorf(survey.CodeInternal, "send figures", "%w", err)
	}
	c.header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s.%s"`, s.fileName(p, f), suffix))
	return c.blob(http.StatusOK, kind, b.Bytes())
}

func (s *Server) writeTable(w io.Writer, c *call, f *figures, suffix string) error {
	t := f.table()
	if suffix == "csv" {
		return t.WriteCSV(w)
	}
	t.Method = append(provenance(c, f), t.Method...)
	return t.WriteWorkbook(w)
}

// provenance says where the figures of a file come from.
func provenance(c *call, f *figures) [][2]string {
	shown := *c.request().URL
	shown.Path, shown.RawPath = strings.TrimSuffix(shown.Path, "."+c.param("as")), ""
	lines := [][2]string{{"address", shown.RequestURI()}}
	if b := f.made; b != nil {
		lines = append(lines, [][2]string{
			{"wave", string(b.Wave)}, {"release", b.ID}, {"state", string(b.State)}, {"made_at", b.MadeAt.UTC().Format("2006-01-02T15:04:05Z")},
			{"program", b.Program}, {"data_sha256", b.DataHash},
			{"min_answers", strconv.Itoa(b.Rules.MinAnswers)}, {"level", strconv.FormatFloat(b.Rules.Level, 'f', -1, 64)}, {"interval", b.Rules.Interval},
		}...)
	}
	return lines
}

// figureColumns are the columns of a figure in a table of one figure a row.
func figureColumns(l survey.Lang) []export.PageColumn {
	return []export.PageColumn{
		{Name: i18n.T(l, "files.value"), Form: export.NumbersColumn}, {Name: i18n.T(l, "files.low"), Form: export.NumbersColumn},
		{Name: i18n.T(l, "files.high"), Form: export.NumbersColumn}, {Name: i18n.T(l, "files.level"), Form: export.NumbersColumn},
		{Name: i18n.T(l, "files.se"), Form: export.FineColumn}, {Name: "n", Form: export.CountsColumn}, {Name: "N", Form: export.CountsColumn},
		{Name: i18n.T(l, "files.n_eff"), Form: export.CountsColumn}, {Name: i18n.T(l, "files.df"), Form: export.CountsColumn},
		{Name: i18n.T(l, "files.method"), Form: export.WordsColumn}, {Name: i18n.T(l, "files.target"), Form: export.NumbersColumn},
		{Name: i18n.T(l, "files.state"), Form: export.WordsColumn},
	}
}

// figureCells are the cells of figureColumns. A figure that is not shown has words in the place of its value, and nothing else that
// could tell of it.
func figureCells(l survey.Lang, f ui.FigureProps) []any {
	if !f.Shown() {
		cells := make([]any, len(figureColumns(l)))
		cells[0], cells[len(cells)-1] = ui.Why(l, f), string(f.State)
		if !math.IsNaN(f.Target) {
			cells[len(cells)-2] = f.Target
		}
		return cells
	}
	return []any{f.Value, f.Low, f.High, f.Level, f.SE, f.N, f.Of, f.Effective, f.DF, f.Method, f.Target, string(f.State)}
}

// wordColumns are columns of words by the keys of their names.
func wordColumns(l survey.Lang, keys ...string) []export.PageColumn {
	out := make([]export.PageColumn, len(keys))
	for i, key := range keys {
		out[i] = export.PageColumn{Name: i18n.T(l, key), Form: export.WordsColumn}
	}
	return out
}

// methodLines are a method as lines of the sheet "method", each under the code of its node.
func methodLines(code string, m pages.Method) [][2]string {
	lines := [][2]string{{code, m.Formula}}
	for _, line := range m.Lines {
		lines = append(lines, [2]string{code + " · " + line.Term, line.Text})
	}
	return lines
}

func indexTable(v pages.IndexView) export.PageTable {
	l := v.Shell.Lang
	t := export.PageTable{Name: i18n.T(l, "index.title"), Columns: wordColumns(l, "files.code", "scores.indicator")}
	t.Columns = append(t.Columns, figureColumns(l)...)
	t.Columns = append(t.Columns,
		export.PageColumn{Name: i18n.T(l, "files.place"), Form: export.CountsColumn}, export.PageColumn{Name: i18n.T(l, "files.place_low"), Form: export.CountsColumn},
		export.PageColumn{Name: i18n.T(l, "files.place_high"), Form: export.CountsColumn}, export.PageColumn{Name: i18n.T(l, "files.place_of"), Form: export.CountsColumn},
		export.PageColumn{Name: i18n.T(l, "history.change"), Form: export.NumbersColumn}, export.PageColumn{Name: i18n.T(l, "files.change_low"), Form: export.NumbersColumn},
		export.PageColumn{Name: i18n.T(l, "files.change_high"), Form: export.NumbersColumn}, export.PageColumn{Name: i18n.T(l, "files.change_since"), Form: export.WordsColumn})
	v.Walk(func(n pages.TreeNode, _ int) {
		row := append([]any{n.Code, n.Label}, figureCells(l, n.Figure)...)
		row = append(append(row, rankCells(n.Rank)...), changeCells(n.Change)...)
		t.Rows = append(t.Rows, row)
		t.Method = append(t.Method, methodLines(n.Code, n.Method)...)
	})
	return t
}

func rankCells(r *pages.Rank) []any {
	if r == nil {
		return make([]any, 4)
	}
	return []any{r.Place, r.Low, r.High, r.Of}
}

func changeCells(c *ui.ChangeProps) []any {
	switch {
	case c == nil:
		return make([]any, 4)
	case math.IsNaN(c.Value):
		return []any{c.Reason, nil, nil, c.Since}
	}
	return []any{c.Value, c.Low, c.High, c.Since}
}

func scoresTable(v pages.ScoresView) export.PageTable {
	l := v.Shell.Lang
	t := export.PageTable{Name: i18n.T(l, "scores.title"), Columns: wordColumns(l, "files.group", "files.code", "scores.indicator", "files.weighting")}
	t.Columns = append(t.Columns, figureColumns(l)...)
	add := func(group, code, label, weighting string, f ui.FigureProps) {
		if f.State != "" {
			t.Rows = append(t.Rows, append([]any{group, code, label, weighting}, figureCells(l, f)...))
		}
	}
	weighted, plain, walk := i18n.T(l, "scores.weighted"), i18n.T(l, "scores.unweighted"), i18n.T(l, "scores.with_walk")
	for _, g := range v.Groups {
		for _, r := range g.All() {
			add(g.Heading, r.Code, r.Label, weighted, r.Weighted)
			add(g.Heading, r.Code, r.Label, plain, r.Unweighted)
			add(g.Heading, r.Code, r.Label, walk, r.WithWalk)
		}
	}
	t.Method = [][2]string{{i18n.T(l, "method.heading"), i18n.T(l, "scores.method")}}
	return t
}

func unitsTable(v pages.UnitsView) export.PageTable {
	l := v.Shell.Lang
	t := export.PageTable{Name: i18n.T(l, "units.title"), Columns: wordColumns(l, "files.kind", "heatmap.unit")}
	t.Columns = append(t.Columns, figureColumns(l)...)
	for _, key := range []string{"files.place", "files.place_low", "files.place_high", "files.place_of"} {
		t.Columns = append(t.Columns, export.PageColumn{Name: i18n.T(l, key), Form: export.CountsColumn})
	}
	for _, g := range v.Groups {
		for _, r := range g.Rows {
			t.Rows = append(t.Rows, append(append([]any{g.Kind, r.Name}, figureCells(l, r.Figure)...), rankCells(r.Rank)...))
		}
	}
	t.Method = [][2]string{{i18n.T(l, "method.heading"), i18n.T(l, "units.method")}}
	return t
}

// heatmapTable is a line for each unit and a column for each indicator, as on the page, and n beside each.
func heatmapTable(v pages.HeatmapView) export.PageTable {
	l := v.Shell.Lang
	t := export.PageTable{Name: i18n.T(l, "heatmap.title"), Columns: wordColumns(l, "heatmap.unit")}
	column := func(name string) {
		t.Columns = append(t.Columns, export.PageColumn{Name: name, Form: export.NumbersColumn}, export.PageColumn{Name: name + " · n", Form: export.CountsColumn})
	}
	column(i18n.T(l, "heatmap.index"))
	for _, c := range v.Columns {
		column(c.Code + " " + c.Long)
	}
	for _, r := range v.Rows {
		row := []any{r.Name}
		for _, f := range append([]ui.FigureProps{r.Index}, r.Cells...) {
			if f.Shown() {
				row = append(row, f.Value, f.N)
				continue
			}
			row = append(row, ui.Why(l, f), nil)
		}
		t.Rows = append(t.Rows, row)
	}
	t.Method = [][2]string{{i18n.T(l, "method.heading"), i18n.T(l, "scores.method")}}
	return t
}

func mapTable(v pages.MapView) export.PageTable {
	l := v.Shell.Lang
	t := export.PageTable{Name: i18n.T(l, "map.title"), Columns: wordColumns(l, "files.code", "heatmap.unit")}
	t.Columns = append(t.Columns, figureColumns(l)...)
	for _, a := range v.Sorted() {
		t.Rows = append(t.Rows, append([]any{a.Code, a.Name}, figureCells(l, a.Figure)...))
	}
	t.Method = [][2]string{{i18n.T(l, "filter.indicator"), v.Indicator}, {i18n.T(l, "method.heading"), i18n.T(l, "scores.method")}}
	return t
}

func historyTable(v pages.HistoryView) export.PageTable {
	l := v.Shell.Lang
	t := export.PageTable{Name: i18n.T(l, "history.title"), Columns: wordColumns(l, "filter.wave")}
	t.Columns = append(t.Columns, figureColumns(l)...)
	t.Columns = append(t.Columns,
		export.PageColumn{Name: i18n.T(l, "history.change"), Form: export.NumbersColumn}, export.PageColumn{Name: i18n.T(l, "files.change_low"), Form: export.NumbersColumn},
		export.PageColumn{Name: i18n.T(l, "files.change_high"), Form: export.NumbersColumn}, export.PageColumn{Name: i18n.T(l, "files.change_since"), Form: export.WordsColumn},
		export.PageColumn{Name: i18n.T(l, "files.break"), Form: export.WordsColumn})
	for _, r := range v.Rows {
		t.Rows = append(t.Rows, append(append(append([]any{r.Wave}, figureCells(l, r.Figure)...), changeCells(r.Change)...), r.Break))
	}
	t.Method = [][2]string{{i18n.T(l, "filter.indicator"), v.Indicator}, {i18n.T(l, "method.heading"), i18n.T(l, "history.caption")}}
	return t
}

func flagsTable(v pages.FlagsView) export.PageTable {
	l := v.Shell.Lang
	t := export.PageTable{Name: i18n.T(l, "flags.title"), Columns: wordColumns(l, "files.state", "heatmap.unit", "files.code", "scores.indicator", "flags.why")}
	t.Columns = append(t.Columns, export.PageColumn{Name: i18n.T(l, "flags.priority"), Form: export.NumbersColumn},
		export.PageColumn{Name: i18n.T(l, "flags.gain"), Form: export.FineColumn}, export.PageColumn{Name: i18n.T(l, "flags.importance"), Form: export.FineColumn},
		export.PageColumn{Name: i18n.T(l, "flags.transactions"), Form: export.CountsColumn})
	t.Columns = append(t.Columns, figureColumns(l)...)
	for _, r := range v.Rows {
		row := []any{i18n.T(l, "flag_state."+string(r.State)), r.Unit, r.Code, r.Indicator, r.ReasonWords(l), r.Priority, r.Gain, r.Importance, r.Transactions}
		if !r.Figure.Shown() {
			row[5], row[6] = nil, nil // both are reckoned from the value
		}
		t.Rows = append(t.Rows, append(row, figureCells(l, r.Figure)...))
	}
	t.Method = [][2]string{{i18n.T(l, "method.heading"), i18n.T(l, "flags.method")}}
	return t
}

// papiTable is a line for each score and year. A score that was not published is words.
func papiTable(v pages.TrendView) export.PageTable {
	l := v.Shell.Lang
	t := export.PageTable{Name: "PAPI", Columns: append(wordColumns(l, "files.code", "trend.dimension"), []export.PageColumn{
		{Name: i18n.T(l, "files.year"), Form: export.WordsColumn}, {Name: i18n.T(l, "files.value"), Form: export.NumbersColumn},
		{Name: i18n.T(l, "files.low"), Form: export.NumbersColumn}, {Name: i18n.T(l, "files.high"), Form: export.NumbersColumn},
		{Name: i18n.T(l, "files.level"), Form: export.NumbersColumn}, {Name: i18n.T(l, "files.break"), Form: export.WordsColumn},
	}...)}
	for _, s := range v.Points() {
		for _, pt := range s.Points {
			row := []any{s.Code, s.Name, pt.At, any(pt.Value), nil, nil, nil, pt.Why}
			if math.IsNaN(pt.Value) {
				row[3] = i18n.T(l, "files.unpublished")
			}
			if pt.Interval != nil {
				row[4], row[5], row[6] = pt.Interval.Low, pt.Interval.High, pt.Interval.Level
			}
			t.Rows = append(t.Rows, row)
		}
	}
	t.Method = [][2]string{{i18n.T(l, "filter.province"), v.Province}, {i18n.T(l, "trend.table"), i18n.T(l, "trend.caption", "source", v.Source)}}
	return t
}
