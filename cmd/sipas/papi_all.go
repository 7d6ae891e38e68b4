package main

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"strings"

	"sipas/data"
	"sipas/survey"
	"sipas/survey/report"
	"sipas/templates/i18n"
)

// totals writes the totals of all provinces, of one year or of all.
func (c *papiCmd) totals(a *app, lang survey.Lang) error {
	years := data.PAPIYears()
	if c.Year != 0 {
		years = []int{c.Year}
	}
	all := make([]report.PAPITotals, len(years))
	for i, year := range years {
		var err error
		if all[i], err = report.PAPITotalsOf(year); err != nil {
			return err
		}
	}
	switch c.Format {
	case "json":
		e := json.NewEncoder(a.stdout)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(struct {
			Years []report.PAPITotals `json:"years"`
		}{all})
	case "csv":
		return writePAPITotalsCSV(a.stdout, all, lang)
	}
	var b strings.Builder
	for i, t := range all {
		if i > 0 {
			b.WriteString("\n")
		}
		writePAPITotals(&b, t, lang)
	}
	t := papiTable{lang: lang}
	b.WriteString(t.say("\nScores: CECODES, VFF-CRT, RTA and UNDP. Totals are sums of the published sub-dimensions.\n",
		"\nSố liệu: CECODES, VFF-CRT, RTA và UNDP. Tổng điểm là tổng các nội dung thành phần đã công bố.\n"))
	_, err := io.WriteString(a.stdout, b.String())
	return err
}

// writePAPITotals prints a line for each province, with the four decimals that the publishers print.
func writePAPITotals(b *strings.Builder, all report.PAPITotals, lang survey.Lang) {
	t := papiTable{lang: lang}
	b.WriteString("PAPI " + strconv.Itoa(all.Year) + t.say(": "+strconv.Itoa(all.Ranked)+" provinces with a total", ": "+strconv.Itoa(all.Ranked)+" tỉnh có tổng điểm") + "\n\n")
	header, align := []string{t.say("province", "tỉnh"), t.say("total", "tổng điểm"), t.say("rank", "hạng"), t.say("group", "nhóm")}, "lrrl"
	intervals, weights := false, false
	for _, p := range all.Provinces {
		intervals, weights = intervals || p.Interval != nil, weights || p.Weighted != nil
	}
	if intervals {
		header, align = append(header, t.say("90 % interval", "khoảng tin cậy 90 %")), align+"r"
	}
	if weights {
		header, align = append(header, t.say("weighted", "có trọng số"), t.say("90 % interval", "khoảng tin cậy 90 %")), align+"rr"
	}
	rows := [][]string{header}
	number := func(x *float64) string {
		if x == nil {
			return i18n.Unknown
		}
		return i18n.Number(lang, *x, 4)
	}
	ends := func(i *report.PAPIInterval) string {
		if i == nil {
			return i18n.Unknown
		}
		return number(&i.Low) + "–" + number(&i.High)
	}
	for _, p := range all.Provinces {
		rank, group := i18n.Unknown, t.say("withheld", "không công bố")
		if p.Rank != nil {
			rank, group = strconv.Itoa(*p.Rank), papiGroupName(lang, p.Group)
		}
		row := []string{p.Province, number(p.Total), rank, group}
		if intervals {
			row = append(row, ends(p.Interval))
		}
		if weights {
			w := p.Weighted
			if w == nil {
				w = &report.PAPIWeighted{}
				row = append(row, i18n.Unknown, ends(w.Interval))
			} else {
				row = append(row, number(&w.Total), ends(w.Interval))
			}
		}
		rows = append(rows, row)
	}
	writeColumns(b, align, rows)
	if intervals {
		b.WriteString(t.say("Intervals: score ± 1.645 standard errors, which is 90 %; the publishers call it 95 %.\n",
			"Khoảng tin cậy: điểm ± 1,645 sai số chuẩn, tức là 90 %; cơ quan công bố ghi là 95 %.\n"))
	}
}

// writePAPITotalsCSV writes one province and year a line, with all digits.
func writePAPITotalsCSV(out io.Writer, all []report.PAPITotals, lang survey.Lang) error {
	w := csv.NewWriter(out)
	if err := w.Write([]string{
		"year", "framework", "province", "total", "rank", "ranked", "group", "state", "reason", "ci_low", "ci_high", "confidence", "se",
		"weighted_total", "weighted_ci_low", "weighted_ci_high", "weighted_se",
	}); err != nil {
		return err
	}
	interval := func(i *report.PAPIInterval) []string {
		if i == nil {
			return []string{"", "", "", ""}
		}
		return []string{papiDigits(&i.Low), papiDigits(&i.High), papiDigits(&i.Level), digits(&i.SE)}
	}
	for _, y := range all {
		for _, p := range y.Provinces {
			rank := ""
			if p.Rank != nil {
				rank = strconv.Itoa(*p.Rank)
			}
			line := []string{
				strconv.Itoa(y.Year), y.Framework, p.Province, papiDigits(p.Total), rank, strconv.Itoa(y.Ranked), p.Group, string(p.State), p.Reason.In(lang),
			}
			line = append(line, interval(p.Interval)...)
			weighted := []string{"", "", "", ""}
			if p.Weighted != nil {
				i := interval(p.Weighted.Interval)
				weighted = []string{papiDigits(&p.Weighted.Total), i[0], i[1], i[3]}
			}
			if err := w.Write(append(line, weighted...)); err != nil {
				return err
			}
		}
	}
	w.Flush()
	return w.Error()
}
