package main

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"sipas/data"
	"sipas/survey"
	"sipas/survey/report"
	"sipas/templates/i18n"
)

// papiCmd reports on published PAPI scores; everything it needs is inside the program.
type papiCmd struct {
	Year     int    `placeholder:"YEAR" help:"Year of the scores. Default: all."`
	Province string `placeholder:"NAME" help:"Province as it was in that year, with or without marks: \"Bình Dương\", \"binh duong\". Default: the totals of all."`
	Merged   bool   `help:"The province is one of today's 34: give the past of its parts, weighed by --weights."`
	With     int    `placeholder:"YEAR" help:"With --merged: the year to compare with. Default: the year before."`
	Weights  string `placeholder:"NAME|FILE" help:"With --merged: equal, or a CSV file of province and weight (inhabitants, say). Nothing is assumed."`
	Format   string `enum:"table,json,csv" default:"table" help:"One of ${enum}."`
	Lang     string `enum:"en,vi" default:"en" help:"Language of the words: ${enum}."`
}

// Run writes the report to the standard output.
func (c *papiCmd) Run(a *app) error {
	lang, _ := survey.ParseLang(c.Lang)
	if c.Merged {
		return c.merged(a, lang)
	}
	if c.With != 0 || c.Weights != "" {
		return usagef("--with and --weights are for --merged.")
	}
	if c.Province == "" {
		return c.totals(a, lang)
	}
	if c.Year == 0 {
		return usagef("--province: say with --year which scores of it.")
	}
	r, err := report.PAPI(c.Year, c.Province)
	if err != nil {
		return err
	}
	return writePAPI(a.stdout, r, c.Format, lang)
}

// writePAPI writes a report as a table for people, with numbers rounded to two decimals as they are
// published, or as JSON or CSV with every digit.
func writePAPI(out io.Writer, r report.PAPIReport, format string, lang survey.Lang) error {
	switch format {
	case "json":
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(r.In(lang))
	case "csv":
		return writePAPICSV(out, r.In(lang))
	default:
		_, err := io.WriteString(out, papiTable{r, lang}.String())
		return err
	}
}

// writePAPICSV writes one line for the total, each dimension and each sub-dimension.
func writePAPICSV(out io.Writer, d report.PAPIDocument) error {
	w := csv.NewWriter(out)
	lines := [][]string{{
		"year", "province", "level", "code", "name", "score", "min", "max", "percentile",
		"change", "change_reason", "rank", "ranked", "group", "state", "reasons",
	}}
	year := strconv.Itoa(d.Year)
	rank := ""
	if d.Rank != nil {
		rank = strconv.Itoa(*d.Rank)
	}
	lines = append(lines, []string{
		year, d.Province, "total", data.PAPITotal, "", papiDigits(d.Total), "", "", "",
		"", "", rank, strconv.Itoa(d.Ranked), papiWords(d.Group), string(d.State), papiWords(d.Reason),
	})
	for _, x := range d.Dimensions {
		lines = append(lines, []string{
			year, d.Province, "dimension", x.Code, x.Name, papiDigits(x.Score), "", "", "",
			papiDigits(x.Change), papiWords(x.ChangeReason), "", "", "", "", "",
		})
	}
	for _, x := range d.SubDimensions {
		lines = append(lines, []string{
			year, d.Province, "sub_dimension", x.Code, x.Name, papiDigits(x.Score), papiDigits(&x.Min), papiDigits(&x.Max), papiDigits(x.Percentile),
			papiDigits(x.Change), papiWords(x.ChangeReason), "", "", "", string(x.State), strings.Join(x.Reasons, "|"),
		})
	}
	return w.WriteAll(lines)
}

// papiDigits writes all digits of a number, and nothing where there is none.
func papiDigits(x *float64) string {
	if x == nil {
		return ""
	}
	return strconv.FormatFloat(*x, 'f', -1, 64)
}

// papiWords writes a text, and nothing where there is none.
func papiWords(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// papiTable is a report laid out for a terminal.
type papiTable struct {
	report.PAPIReport
	lang survey.Lang
}

// say returns the English or the Vietnamese words. The pages' catalogues are for pages; these stand nowhere else.
func (t papiTable) say(en, vi string) string {
	if t.lang == survey.Vietnamese {
		return vi
	}
	return en
}

func (t papiTable) String() string {
	var b strings.Builder
	b.WriteString("PAPI " + strconv.Itoa(t.Year) + " · " + t.Unit.NameVI)
	if t.lang != survey.Vietnamese && t.Unit.NameEN != t.Unit.NameVI {
		b.WriteString(" (" + t.Unit.NameEN + ")")
	}
	b.WriteString("\n\n")
	t.writeTotal(&b)
	b.WriteString("\n")
	notes := &footnotes{}
	t.writeDimensions(&b, notes)
	b.WriteString("\n")
	t.writeSubDimensions(&b, notes)
	notes.write(&b)
	t.writeLegend(&b)
	return b.String()
}

func (t papiTable) writeTotal(b *strings.Builder) {
	whole := i18n.Number(t.lang, t.Max, 0)
	if t.Total == nil {
		ranked := strconv.Itoa(t.Ranked)
		b.WriteString(t.say(
			"Total withheld: no rank among the "+ranked+" provinces with a total.\n",
			"Không công bố tổng điểm: không xếp hạng trong "+ranked+" tỉnh có tổng điểm.\n"))
		b.WriteString(t.Reason.In(t.lang) + "\n")
		return
	}
	b.WriteString(t.say("Total ", "Tổng điểm ") + i18n.Number(t.lang, *t.Total, 2) + t.say(" of ", " trên ") + whole +
		t.say(", rank ", ", hạng ") + strconv.Itoa(*t.Rank) + t.say(" of ", " trên ") + strconv.Itoa(t.Ranked) + ", " + papiGroupName(t.lang, t.Group) + "\n")
	if i := t.Interval; i != nil {
		b.WriteString(t.say("90 % interval ", "Khoảng tin cậy 90 % ") + i18n.Number(t.lang, i.Low, 2) + "–" + i18n.Number(t.lang, i.High, 2) +
			t.say(" (score ± 1.645 standard errors; the publishers call it 95 %)\n", " (điểm ± 1,645 sai số chuẩn; cơ quan công bố ghi là 95 %)\n"))
	}
	if w := t.Weighted; w != nil {
		b.WriteString(t.say("Weighted total ", "Tổng điểm có trọng số ") + i18n.Number(t.lang, w.Total, 2))
		if i := w.Interval; i != nil {
			b.WriteString(t.say(", 90 % interval ", ", khoảng tin cậy 90 % ") + i18n.Number(t.lang, i.Low, 2) + "–" + i18n.Number(t.lang, i.High, 2))
		}
		b.WriteString("\n")
	}
}

// papiGroupName is what a group of provinces is called.
func papiGroupName(lang survey.Lang, group string) string {
	t := papiTable{lang: lang}
	switch group {
	case "highest":
		return t.say("highest group", "nhóm cao nhất")
	case "high_average":
		return t.say("high average group", "nhóm trung bình cao")
	case "low_average":
		return t.say("low average group", "nhóm trung bình thấp")
	default:
		return t.say("lowest group", "nhóm thấp nhất")
	}
}

func (t papiTable) writeDimensions(b *strings.Builder, notes *footnotes) {
	rows := [][]string{{t.say("Dimension", "Chỉ số nội dung"), t.say("score", "điểm"), t.say("scale", "thang"), t.since(), t.say("all provinces", "các tỉnh")}}
	for _, d := range t.Dimensions {
		rows = append(rows, []string{d.Code + "  " + d.Name.In(t.lang), t.number(d.Score), t.scale(d.Min, d.Max, 0), t.change(d.Change, notes), t.meanChange(d.Change)})
	}
	writeColumns(b, "lrrrr", rows)
}

func (t papiTable) writeSubDimensions(b *strings.Builder, notes *footnotes) {
	rows := [][]string{{
		t.say("Sub-dimension", "Nội dung thành phần"), t.say("score", "điểm"), t.say("scale", "thang"),
		t.say("percentile", "bách phân vị"), t.since(), t.say("all provinces", "các tỉnh"), t.say("watch", "theo dõi"),
	}}
	for _, s := range t.SubDimensions {
		percentile := i18n.Unknown
		if s.Percentile != nil {
			percentile = i18n.Number(t.lang, *s.Percentile, 0)
		}
		var reasons []string
		for _, r := range s.Reasons {
			reasons = append(reasons, t.reasonName(r))
		}
		rows = append(rows, []string{
			s.Code + "  " + s.Name.In(t.lang), t.number(s.Score), t.scale(s.Min, s.Max, 2),
			percentile, t.change(s.Change, notes), t.meanChange(s.Change), strings.Join(reasons, ", "),
		})
	}
	writeColumns(b, "lrrrrrl", rows)
}

func (t papiTable) reasonName(code string) string {
	if code == survey.FlagLowest {
		return t.say("among the lowest", "thấp nhất")
	}
	return t.say("large fall", "giảm mạnh")
}

func (t papiTable) since() string {
	return t.say("since ", "so với ") + strconv.Itoa(t.Year-1)
}

func (t papiTable) number(x *float64) string {
	if x == nil {
		return i18n.Unknown
	}
	return i18n.Number(t.lang, *x, 2)
}

func (t papiTable) scale(low, high float64, decimals int) string {
	return i18n.Number(t.lang, low, decimals) + "–" + i18n.Number(t.lang, high, decimals)
}

func (t papiTable) change(c report.PAPIChange, notes *footnotes) string {
	if c.Value == nil {
		return notes.mark(c.Reason.In(t.lang))
	}
	return i18n.Signed(t.lang, *c.Value, 2)
}

// meanChange is what the provinces saw on average: a fall that all share is rarely one province's doing.
func (t papiTable) meanChange(c report.PAPIChange) string {
	if c.Mean == nil {
		return i18n.Unknown
	}
	return i18n.Signed(t.lang, *c.Mean, 2)
}

func (t papiTable) writeLegend(b *strings.Builder) {
	w := data.PAPIWatchThresholds()
	lowest, fall := i18n.Percent(t.lang, w.Lowest, 0), i18n.Percent(t.lang, w.Fall, 0)
	b.WriteString("\n" + t.say(
		"Published scores come without microdata, so nothing is tested. Worth watching: among the lowest "+lowest+
			"\nof the provinces, or among the largest "+fall+" of the falls since the year before. The column of all\n"+
			"provinces is their mean change: what all share is rarely one province's doing.\n"+
			"Scores: CECODES, VFF-CRT, RTA and UNDP. Total and dimensions are unweighted sums.\n",
		"Điểm công bố không kèm dữ liệu gốc nên không kiểm định được. Cần theo dõi: thuộc "+lowest+
			" thấp nhất\ntrong các tỉnh, hoặc thuộc "+fall+" mức giảm lớn nhất so với năm trước. Cột các tỉnh là mức\n"+
			"thay đổi trung bình của các tỉnh: thay đổi chung hiếm khi do riêng một tỉnh.\n"+
			"Điểm số: CECODES, VFF-CRT, RTA và UNDP. Tổng điểm và chỉ số nội dung là tổng không trọng số.\n"))
}

// footnotes gives each text a mark, and the same text the same mark.
type footnotes struct{ texts []string }

func (f *footnotes) mark(text string) string {
	for i, t := range f.texts {
		if t == text {
			return "[" + strconv.Itoa(i+1) + "]"
		}
	}
	f.texts = append(f.texts, text)
	return "[" + strconv.Itoa(len(f.texts)) + "]"
}

func (f *footnotes) write(b *strings.Builder) {
	if len(f.texts) > 0 {
		b.WriteString("\n")
	}
	for i, t := range f.texts {
		b.WriteString("[" + strconv.Itoa(i+1) + "] " + t + "\n")
	}
}

// writeColumns writes rows under a ruled header, the columns aligned as align says: l to the left, r to the right.
func writeColumns(b *strings.Builder, align string, rows [][]string) {
	widths := make([]int, len(align))
	for _, r := range rows {
		for i, cell := range r {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	line := func(r []string) {
		var l strings.Builder
		for i, cell := range r {
			if i > 0 {
				l.WriteString("  ")
			}
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if align[i] == 'l' {
				l.WriteString(cell + pad)
				continue
			}
			l.WriteString(pad + cell)
		}
		b.WriteString(strings.TrimRight(l.String(), " ") + "\n")
	}
	rule := make([]string, len(widths))
	for i, w := range widths {
		rule[i] = strings.Repeat("─", w)
	}
	line(rows[0])
	line(rule)
	for _, r := range rows[1:] {
		line(r)
	}
}
