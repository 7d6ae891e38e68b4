package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"sipas/survey"
	"sipas/survey/export"
	"sipas/survey/report"
)

// The columns of a table of criteria.
const (
	criterionCode       = "code"
	criterionSelf       = "self"
	criterionAppraised  = "appraised"
	criterionSurvey     = "survey"
	criterionStatistics = "statistics"
	criterionEvidence   = "evidence"
)

// criterionColumns says, for the supplier of an indicator, the columns that its points are looked for in, the first that
// has some deciding. A criterion without a supplier takes what it finds.
var criterionColumns = map[string][]string{
	"":           {criterionAppraised, criterionSelf, criterionSurvey, criterionStatistics},
	"appraisal":  {criterionAppraised, criterionSelf},
	"survey":     {criterionSurvey, criterionAppraised},
	"statistics": {criterionStatistics, criterionAppraised},
}

// scoreCriteria scores a table with a line for each criterion, as offices keep it with their evidence.
func (c *scoreCmd) scoreCriteria(a *app, s *report.Scorer, linked *report.Readings) (*report.ScoreDocument, error) {
	f := s.Framework()
	key := keyOf(f)
	key.Same, key.Optional = nil, true
	columns := []export.ValueColumn{
		{Name: criterionCode, Words: true}, {Name: criterionSelf}, {Name: criterionAppraised}, {Name: criterionSurvey},
		{Name: criterionStatistics}, {Name: criterionEvidence, Words: true},
	}
	var units []namedReadings
	err := readImport(a, c.Criteria, c.Partial, func(r io.Reader, name string) (int, []export.BadLine, []export.Warning, error) {
		t, bad, warnings, err := export.Values(r, name, key, columns)
		if err != nil {
			return 0, nil, nil, err
		}
		good := 0
		table := criteria{file: t, scorer: s, framework: f, seen: map[[2]string]int{}, whole: keyOf(f).Same}
		if len(bad) == 0 && !slices.Contains(t.Columns, criterionCode) {
			return 0, nil, nil, tellf("%s has no column code, which names the criterion of each line.", name)
		}
		for _, row := range t.Rows {
			if row.Key == "" {
				row.Key = unitOfFile(c.Criteria)
			}
			if fault := table.read(row); fault != nil {
				bad = append(bad, *fault)
				continue
			}
			good++
		}
		bad = append(bad, table.doubled()...)
		for _, note := range table.notes {
			fmt.Fprintf(a.stderr, "note: %s\n", note)
		}
		slices.SortStableFunc(bad, func(x, y export.BadLine) int { return x.Line - y.Line })
		units = table.units
		return good, bad, warnings, nil
	})
	if err != nil {
		return nil, err
	}
	if len(units) == 0 {
		return nil, tellf("%s has a header and no rows.", baseName(c.Criteria))
	}
	doc := newDocument(s)
	for _, u := range units {
		fillLinked(u.readings, linked)
		score, err := s.Score(u.name, u.readings)
		if err != nil {
			return nil, err
		}
		doc.Units = append(doc.Units, score)
	}
	return doc, nil
}

// criteria collects the lines of a table of criteria by unit.
type criteria struct {
	file      *export.ValueTable
	scorer    *report.Scorer
	framework *survey.Framework
	units     []namedReadings
	seen      map[[2]string]int // line of each unit and code
	whole     func(string) string
	notes     []string
}

// read takes one line, or says what is wrong with it.
func (t *criteria) read(row export.ValueRow) *export.BadLine {
	code := row.Words[criterionCode]
	fault := func(column, value, format string, args ...any) *export.BadLine {
		b := t.file.Fault(row.Line, column, value, fmt.Sprintf(format, args...))
		return &b
	}
	n, ok := t.framework.Node(code)
	if code == "" {
		return fault(criterionCode, "", "is empty; name the criterion of the line")
	}
	if !ok || n == &t.framework.Root {
		return fault(criterionCode, code, "is no part of %s; \"sipas framework show %s\" lists its codes", t.framework.Ref(), t.framework.ID)
	}
	unit := t.whole(row.Key)
	if first, twice := t.seen[[2]string{unit, code}]; twice {
		return fault(criterionCode, code, "stands already on line %d", first)
	}
	t.seen[[2]string{unit, code}] = row.Line
	bounds := t.bounds(n)
	for _, column := range []string{criterionSelf, criterionAppraised, criterionSurvey, criterionStatistics} {
		x, filled := row.Numbers[column]
		if filled && bounds != nil && (x < bounds.Min-1e-9 || x > bounds.Max+1e-9) {
			return fault(column, fmt.Sprintf("%g", x), "lies outside %.6g to %.6g, the points of %s", bounds.Min, bounds.Max, code)
		}
	}
	at := slices.IndexFunc(t.units, func(u namedReadings) bool { return t.whole(u.name) == unit })
	if at < 0 {
		at = len(t.units)
		t.units = append(t.units, namedReadings{row.Key, report.NewReadings()})
	}
	t.take(t.units[at].readings, n, row)
	return nil
}

// bounds are the points that a criterion can have.
func (t *criteria) bounds(n *survey.Node) *survey.Bounds {
	for _, c := range t.scorer.Columns() {
		if c.Name == n.Code {
			return c.Bounds
		}
	}
	return nil
}

// take puts the points of one line into the readings of its unit.
func (t *criteria) take(r *report.Readings, n *survey.Node, row export.ValueRow) {
	source := "appraisal"
	if n.Value != nil {
		source = n.Value.Source
	}
	order, known := criterionColumns[source]
	if !known {
		order = criterionColumns[""]
	}
	from := ""
	for _, column := range order {
		if _, filled := row.Numbers[column]; filled {
			from = column
			break
		}
	}
	for _, part := range strings.FieldsFunc(row.Words[criterionEvidence], func(c rune) bool { return c == ';' || c == '|' }) {
		if part = strings.TrimSpace(part); part != "" {
			r.Evidence[n.Code] = append(r.Evidence[n.Code], part)
		}
	}
	for column := range row.Numbers {
		if !slices.Contains(order, column) {
			t.notes = append(t.notes, fmt.Sprintf("line %d: %s takes its points from %s; what stands under %s is not read",
				row.Line, n.Code, strings.Join(order, " or "), column))
		}
	}
	slices.Sort(t.notes)
	if from == "" {
		r.Reasons[n.Code] = []survey.Note{survey.NewNote(survey.NotePointsMissing, survey.NoteParams{Nodes: order})}
		return
	}
	r.Values[n.Code] = row.Numbers[from]
	self, scored := row.Numbers[criterionSelf]
	switch {
	case from == criterionSelf:
		r.States[n.Code] = report.NodeSelfScored
		r.Reasons[n.Code] = []survey.Note{survey.NewNote(survey.NoteNotAppraised, survey.NoteParams{})}
		if n.Value != nil && n.Value.Evidence && len(r.Evidence[n.Code]) == 0 {
			r.Reasons[n.Code] = append(r.Reasons[n.Code], survey.NewNote(survey.NoteNoEvidence, survey.NoteParams{}))
		}
	case scored && self != row.Numbers[from]:
		r.Reasons[n.Code] = []survey.Note{survey.NewNote(survey.NoteSelfScored, survey.NoteParams{Value: self})}
	}
	if r.States[n.Code] == "" && n.Value == nil {
		r.States[n.Code] = report.NodeGiven
	}
}

// doubled finds nodes that a unit gives as a whole beside something below them, and takes them out of the readings.
func (t *criteria) doubled() []export.BadLine {
	var bad []export.BadLine
	for _, u := range t.units {
		t.framework.Walk(func(n *survey.Node, above []*survey.Node) {
			if _, given := u.readings.Values[n.Code]; !given {
				return
			}
			for _, a := range above {
				if _, whole := u.readings.Values[a.Code]; whole {
					delete(u.readings.Values, a.Code) // with --partial its parts stand
					line := t.seen[[2]string{t.whole(u.name), a.Code}]
					bad = append(bad, t.file.Fault(line, criterionCode, a.Code,
						fmt.Sprintf("is given as a whole, and so is its part %s on line %d; keep one", n.Code, t.seen[[2]string{t.whole(u.name), n.Code}])))
				}
			}
		})
	}
	return bad
}
