package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"sipas/analysis/index"
	"sipas/survey"
	"sipas/survey/report"
	"sipas/templates/i18n"
)

// writeScores writes the scores of a framework in one of the formats.
func writeScores(out io.Writer, f *survey.Framework, doc *report.ScoreDocument, format string, lang survey.Lang) error {
	switch format {
	case "json":
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(doc)
	case "csv":
		return writeScoresCSV(out, doc)
	}
	_, err := io.WriteString(out, scoresTable{f, doc, lang}.String())
	return err
}

// writeScoresCSV writes one node a line, with all digits.
func writeScoresCSV(out io.Writer, doc *report.ScoreDocument) error {
	w := csv.NewWriter(out)
	if err := w.Write([]string{
		"framework", "unit", "code", "score", "min", "max", "attainable_min", "attainable_max", "state", "reason",
		"se", "ci_low", "ci_high", "confidence", "n", "df", "interval", "grade", "evidence",
	}); err != nil {
		return err
	}
	for _, u := range doc.Units {
		for i, n := range u.Nodes {
			e, answers, level, grade := n.NodeError, "", "", ""
			if e == nil {
				e = &report.NodeError{}
			} else {
				answers, level = strconv.Itoa(e.N), strconv.FormatFloat(doc.Level, 'g', -1, 64)
			}
			if i == 0 {
				grade = u.Grade
			}
			if err := w.Write([]string{
				doc.Framework, u.Unit, n.Code, digits(n.Score), digits(n.Min), digits(n.Max), digits(n.AttainableMin), digits(n.AttainableMax),
				string(n.State), n.Reason, digits(e.SE), digits(e.Low), digits(e.High), level, answers, digits(e.DF), e.Interval, grade,
				strings.Join(n.Evidence, "; "),
			}); err != nil {
				return err
			}
		}
	}
	w.Flush()
	return w.Error()
}

// scoresTable is the scores of units for a terminal.
type scoresTable struct {
	framework *survey.Framework
	doc       *report.ScoreDocument
	lang      survey.Lang
}

// fewUnits is up to how many units are shown with every node. Of more there is a line for each.
const fewUnits = 3

func (t scoresTable) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s)\n", t.framework.Title.In(t.lang), t.framework.Ref())
	if t.framework.Unofficial {
		b.WriteString("Not official: built from secondary sources.\n")
	}
	notes := &footnotes{}
	if len(t.doc.Units) > fewUnits {
		t.summary(&b, notes)
	} else {
		for _, u := range t.doc.Units {
			t.unit(&b, u, notes)
		}
	}
	notes.write(&b)
	if unknown := t.unknown(); unknown != "" {
		fmt.Fprintf(&b, "Where no formula is known, a table may give the published score in a column of its own: %s.\n", unknown)
	}
	for _, n := range t.doc.Notes {
		sentence, _ := i18n.Note(t.lang, n, i18n.NoteWords{})
		b.WriteString(sentence + "\n")
	}
	if t.doc.Method != "" {
		fmt.Fprintf(&b, "Standard errors: %s; intervals at %g %%.\n", t.doc.Method, 100*t.doc.Level)
	}
	if r := t.rounding(); r != "" {
		b.WriteString(r + "\n")
	}
	if v := t.framework.InForce; v != nil {
		fmt.Fprintf(&b, "In force from %s%s. %s\n", v.From, endOf(v), v.Note.In(t.lang))
	}
	return strings.ReplaceAll(b.String(), " \n", "\n")
}

// unknown names the columns that would stand in for formulas that nobody knows.
func (t scoresTable) unknown() string {
	var codes []string
	for _, n := range t.framework.Root.Leaves() {
		if slices.ContainsFunc(t.doc.Units, func(u report.UnitScore) bool { return nodeOf(u, n.Code).State == report.NodeNoFormula }) {
			codes = append(codes, n.Code)
		}
	}
	return strings.Join(codes, ", ")
}

// number prints a score with the decimals of its framework.
func (t scoresTable) number(x *float64) string {
	if x == nil {
		return i18n.Unknown
	}
	return i18n.Number(t.lang, *x, t.framework.Decimals)
}

func (t scoresTable) scale(low, high *float64) string {
	if low == nil || high == nil {
		return ""
	}
	short := func(x float64) string {
		s := strconv.FormatFloat(index.Round(x, 2), 'f', -1, 64)
		if t.lang == survey.Vietnamese {
			s = strings.Replace(s, ".", ",", 1)
		}
		return s
	}
	return short(*low) + "–" + short(*high)
}

// unit prints every node of a unit.
func (t scoresTable) unit(b *strings.Builder, u report.UnitScore, notes *footnotes) {
	fmt.Fprintf(b, "\n%s\n", u.Unit)
	sure := t.doc.Method != ""
	header, align := []string{"node", "score", "scale", "attainable", "state"}, "lrrrl"
	if sure {
		header, align = []string{"node", "score", "se", "low", "high", "n", "scale", "state"}, "lrrrrrrl"
	}
	rows := [][]string{header}
	labels, depth := t.labels()
	whole := -1 // the depth of a node that was given as a whole: nothing is told of what lies below it
	for _, n := range u.Nodes {
		if whole >= 0 && depth[n.Code] > whole {
			continue
		}
		whole = -1
		if n.State == report.NodeGiven {
			whole = depth[n.Code]
		}
		state := strings.ReplaceAll(string(n.State), "_", " ")
		if n.Reason != "" {
			state += " " + notes.mark(t.reason(n))
		}
		label := strings.Repeat("  ", depth[n.Code]) + labels[n.Code]
		if !sure {
			rows = append(rows, []string{label, t.number(n.Score), t.scale(n.Min, n.Max), t.scale(n.AttainableMin, n.AttainableMax), state})
			continue
		}
		e := n.NodeError
		if e == nil {
			rows = append(rows, []string{label, t.number(n.Score), "", "", "", "", t.scale(n.Min, n.Max), state})
			continue
		}
		rows = append(rows, []string{label, t.number(n.Score), short(e.SE), t.number(e.Low), t.number(e.High), strconv.Itoa(e.N), t.scale(n.Min, n.Max), state})
	}
	writeColumns(b, align, rows)
	if u.Grade != "" {
		incomplete := ""
		if u.GradeIncomplete {
			incomplete = ", incomplete"
		}
		fmt.Fprintf(b, "Grade: %s%s", t.gradeName(u.Grade), incomplete)
		if u.PercentOfAttainable != nil {
			fmt.Fprintf(b, "; %s %% of what can be attained", i18n.Number(t.lang, *u.PercentOfAttainable, 1))
		}
		b.WriteString("\n")
	}
	for _, n := range u.Nodes {
		if len(n.Evidence) > 0 {
			fmt.Fprintf(b, "Evidence of %s: %s\n", n.Code, strings.Join(n.Evidence, "; "))
		}
	}
}

// reason says why a node has no score, or what is to be said of it. Why nobody knows a formula stands in the framework itself.
func (t scoresTable) reason(n report.NodeScore) string {
	if leaf, ok := t.framework.Node(n.Code); ok && n.State == report.NodeNoFormula && leaf.Value != nil && len(leaf.Value.Unknown) > 0 {
		return leaf.Value.Unknown.In(t.lang)
	}
	return i18n.Notes(t.lang, n.Because, i18n.NoteWords{})
}

func (t scoresTable) gradeName(code string) string {
	for _, g := range t.framework.Grades {
		if g.Code == code {
			return g.Label.In(t.lang)
		}
	}
	return code
}

// labels returns what each node is called and how deep it lies.
func (t scoresTable) labels() (labels map[string]string, depth map[string]int) {
	labels, depth = map[string]string{}, map[string]int{}
	t.framework.Walk(func(n *survey.Node, above []*survey.Node) {
		depth[n.Code] = len(above)
		labels[n.Code] = n.Code + "  " + n.Label.In(t.lang)
	})
	for _, d := range t.framework.Derived {
		labels[d.Code] = d.Code + "  " + d.Label.In(t.lang)
	}
	return labels, depth
}

// summary prints a line for each unit: its total, and what stands right below the root.
func (t scoresTable) summary(b *strings.Builder, notes *footnotes) {
	var codes []string
	for i := range t.framework.Root.Children {
		codes = append(codes, t.framework.Root.Children[i].Code)
	}
	for _, d := range t.framework.Derived {
		codes = append(codes, d.Code)
	}
	header, align := []string{"unit", t.framework.Root.Code}, "lr"
	if t.doc.Method != "" {
		header, align = append(header, "se", "low", "high"), align+"rrr"
	}
	graded := len(t.framework.Grades) > 0
	if graded {
		header, align = append(header, "attainable", "% of it", "grade"), align+"rrl"
	}
	header, align = append(header, codes...), align+strings.Repeat("r", len(codes))
	header, align = append(header, "state"), align+"l"
	rows := [][]string{header}
	for _, u := range t.doc.Units {
		root := u.Nodes[0]
		row := []string{u.Unit, t.number(root.Score)}
		if t.doc.Method != "" {
			e := root.NodeError
			if e == nil {
				e = &report.NodeError{}
			}
			row = append(row, short(e.SE), t.number(e.Low), t.number(e.High))
		}
		if graded {
			grade, percent := t.gradeName(u.Grade), i18n.Unknown
			if u.GradeIncomplete {
				grade += " (incomplete)"
			}
			if u.PercentOfAttainable != nil {
				percent = i18n.Number(t.lang, *u.PercentOfAttainable, 1)
			}
			row = append(row, t.scale(root.AttainableMin, root.AttainableMax), percent, grade)
		}
		for _, code := range codes {
			row = append(row, t.number(nodeOf(u, code).Score))
		}
		state := strings.ReplaceAll(string(root.State), "_", " ")
		if root.Reason != "" {
			state += " " + notes.mark(t.reason(root))
		}
		rows = append(rows, append(row, state))
	}
	b.WriteString("\n")
	writeColumns(b, align, rows)
	fmt.Fprintf(b, "%s; --format json has every node.\n", count(len(t.doc.Units), "unit"))
}

func nodeOf(u report.UnitScore, code string) report.NodeScore {
	for _, n := range u.Nodes {
		if n.Code == code {
			return n
		}
	}
	return report.NodeScore{}
}

// rounding says what is rounded before it is used.
func (t scoresTable) rounding() string {
	var codes []string
	how := ""
	t.framework.Walk(func(n *survey.Node, _ []*survey.Node) {
		if n.Round == nil {
			return
		}
		rule := map[survey.Rounding]string{"": "half away from zero", survey.RoundHalfAway: "half away from zero",
			survey.RoundHalfEven: "half to even", survey.RoundCut: "cut"}[n.Rounding]
		how = fmt.Sprintf("rounded to %s (%s) before %s used", count(*n.Round, "decimal"), rule, "they are")
		codes = append(codes, n.Code)
	})
	if len(codes) == 0 {
		return ""
	}
	return fmt.Sprintf("%s: %s.", strings.Join(codes, ", "), how)
}
