package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"sipas/survey"
	"sipas/survey/report"
	"sipas/templates/i18n"
)

// merged reports on a province of 2025 in a year before it was.
func (c *papiCmd) merged(a *app, lang survey.Lang) error {
	if c.Province == "" || c.Year == 0 {
		return usagef("--merged: say with --province which of today's provinces, and with --year of which year.")
	}
	weights, err := c.mergeWeights(a)
	if err != nil {
		return err
	}
	m, err := report.PAPIOfMerged(c.Year, c.With, c.Province, weights)
	if err != nil {
		return err
	}
	switch c.Format {
	case "json":
		e := json.NewEncoder(a.stdout)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(mergedDocumentOf(m, lang))
	case "csv":
		return writeMergedCSV(a.stdout, m, lang)
	}
	_, err = io.WriteString(a.stdout, mergedTable(m, lang))
	return err
}

// mergeWeights reads what the parts are weighed by.
func (c *papiCmd) mergeWeights(a *app) (report.MergeWeights, error) {
	switch c.Weights {
	case "":
		return report.MergeWeights{}, usagef("--merged: say with --weights by what the parts are weighed: equal, or a file of province and weight.")
	case "equal":
		return report.EqualWeights(), nil
	}
	doc, err := readFile(a, c.Weights)
	if err != nil {
		return report.MergeWeights{}, err
	}
	rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(doc, []byte("\ufeff")))).ReadAll()
	if err != nil {
		return report.MergeWeights{}, tellf("%s cannot be read: %v.", baseName(c.Weights), err)
	}
	given := map[string]float64{}
	for i, row := range rows {
		if len(row) < 2 {
			return report.MergeWeights{}, tellf("%s, line %d: a province and its weight are needed.", baseName(c.Weights), i+1)
		}
		w, err := strconv.ParseFloat(strings.TrimSpace(row[1]), 64)
		if err != nil && i == 0 {
			continue // the heading
		}
		if _, twice := given[row[0]]; err != nil || twice {
			return report.MergeWeights{}, tellf("%s, line %d: %q has no number as its weight, or stands there twice.", baseName(c.Weights), i+1, row[0])
		}
		given[row[0]] = w
	}
	return report.WeightsOf(baseName(c.Weights), given)
}

func mergedTable(m report.PAPIMerged, lang survey.Lang) string {
	t := papiTable{lang: lang}
	var b strings.Builder
	fmt.Fprintf(&b, "PAPI %d · %s\n", m.Year, m.Unit.FullVI)
	var parts []string
	for _, p := range m.Parts {
		parts = append(parts, p.Unit.NameVI+" "+i18n.Percent(lang, p.Share, 2))
	}
	if len(m.Parts) > 1 {
		b.WriteString(t.say("Not a published score: the mean of its parts, ", "Không phải điểm công bố mà là trung bình của các tỉnh cũ: ") + strings.Join(parts, ", ") + ".\n")
		b.WriteString(t.say("Weights: ", "Quyền số: ") + m.Weights.Name + " (" + m.Weights.Note.In(lang) + ").\n\n")
	} else {
		b.WriteString(t.say("The scores of ", "Điểm của ") + m.Parts[0].Unit.FullVI + t.say(", which it continues.\n\n", ", đơn vị tiền thân duy nhất.\n\n"))
	}
	header := []string{t.say("node", "chỉ tiêu"), t.say("score", "điểm"), t.say("scale", "thang")}
	for _, p := range m.Parts {
		header = append(header, p.Unit.NameVI)
	}
	rows, notes := [][]string{append(header, t.say("change", "thay đổi"))}, &footnotes{}
	for _, n := range m.Nodes {
		score := t.number(n.Score)
		if n.Score == nil {
			score = notes.mark(t.say("Withheld, because the score of a part was: ", "Không nêu vì điểm của tỉnh cũ không được công bố: ") + strings.Join(n.Withheld, ", ") + ".")
		}
		row := []string{n.Code + "  " + n.Name.In(lang), score, t.scale(n.Min, n.Max, 2)}
		for _, p := range n.Parts {
			row = append(row, t.number(p))
		}
		rows = append(rows, append(row, t.change(n.Change, notes)))
	}
	writeColumns(&b, "lrr"+strings.Repeat("r", len(m.Parts)+1), rows)
	if i := m.Nodes[0].Interval; i != nil {
		b.WriteString("\n" + t.say("90 % interval of the total ", "Khoảng tin cậy 90 % của tổng điểm ") + i18n.Number(lang, i.Low, 2) + "–" + i18n.Number(lang, i.High, 2) +
			t.say(" (the parts were sampled each by itself)\n", " (các tỉnh chọn mẫu độc lập)\n"))
	}
	notes.write(&b)
	b.WriteString("\n" + t.say("Scores of parts: CECODES, VFF-CRT, RTA and UNDP.\n", "Điểm của các tỉnh cũ: CECODES, VFF-CRT, RTA và UNDP.\n"))
	return b.String()
}

// The file form of a merged province's past.
type (
	mergedDocument struct {
		Year     int                   `json:"year"`
		Province string                `json:"province"`
		Unit     string                `json:"unit"`
		State    survey.Comparability  `json:"state"`
		Reasons  []survey.ChangeReason `json:"reasons"`
		Weights  string                `json:"weights"`
		Note     string                `json:"weights_note"`
		Parts    []mergedPart          `json:"parts"`
		Nodes    []mergedNode          `json:"nodes"`
	}
	mergedPart struct {
		Province string  `json:"province"`
		Unit     string  `json:"unit"`
		Weight   float64 `json:"weight"`
		Share    float64 `json:"share"`
	}
	mergedNode struct {
		Code         string               `json:"code"`
		Name         string               `json:"name"`
		Score        *float64             `json:"score"`
		Parts        []*float64           `json:"parts"`
		Interval     *report.PAPIInterval `json:"interval,omitempty"`
		Withheld     []string             `json:"withheld,omitempty"`
		Change       *float64             `json:"change"`
		ChangeReason string               `json:"change_reason,omitempty"`
	}
)

func mergedDocumentOf(m report.PAPIMerged, lang survey.Lang) mergedDocument {
	d := mergedDocument{
		Year: m.Year, Province: m.Unit.NameVI, Unit: m.Unit.ID, State: m.State, Reasons: m.Reasons, Weights: m.Weights.Name, Note: m.Weights.Note.In(lang),
	}
	for _, p := range m.Parts {
		d.Parts = append(d.Parts, mergedPart{p.Unit.NameVI, p.Unit.ID, p.Weight, p.Share})
	}
	for _, n := range m.Nodes {
		d.Nodes = append(d.Nodes, mergedNode{n.Code, n.Name.In(lang), n.Score, n.Parts, n.Interval, n.Withheld, n.Change.Value, n.Change.Reason.In(lang)})
	}
	return d
}

// writeMergedCSV writes one node a line, with every digit and the parts beside it.
func writeMergedCSV(out io.Writer, m report.PAPIMerged, lang survey.Lang) error {
	w := csv.NewWriter(out)
	var parts []string
	for _, p := range m.Parts {
		parts = append(parts, p.Unit.ID+" "+digits(&p.Share))
	}
	lines := [][]string{{"year", "province", "code", "name", "score", "min", "max", "state", "weights", "parts", "withheld", "change", "change_reason"}}
	for _, n := range m.Nodes {
		lines = append(lines, []string{
			strconv.Itoa(m.Year), m.Unit.NameVI, n.Code, n.Name.In(lang), papiDigits(n.Score), papiDigits(&n.Min), papiDigits(&n.Max), string(m.State),
			m.Weights.Name, strings.Join(parts, "|"), strings.Join(n.Withheld, "|"), papiDigits(n.Change.Value), n.Change.Reason.In(lang),
		})
	}
	return w.WriteAll(lines)
}
