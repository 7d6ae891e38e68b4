package main

import (
	"fmt"
	"io"
	"slices"

	"sipas/survey"
	"sipas/survey/export"
	"sipas/survey/report"
)

// The columns of a table of criteria.
const (
	criterionCode     = "code"
	criterionEvidence = "evidence"
)

// scoreCriteria scores a table with a line for each criterion, as offices keep it with their evidence.
func (c *scoreCmd) scoreCriteria(a *app, s *report.Scorer, linked *report.Readings) (*report.ScoreDocument, error) {
	table, err := readCriteria(a, c.Criteria, c.Partial, s)
	if err != nil {
		return nil, err
	}
	doc := newDocument(s)
	for _, u := range table.units {
		u.readings.Fill(linked)
		score, err := s.Score(u.name, u.readings)
		if err != nil {
			return nil, err
		}
		doc.Units = append(doc.Units, score)
	}
	return doc, nil
}

// readCriteria reads a table of criteria.
func readCriteria(a *app, path string, partial bool, s *report.Scorer) (*criteria, error) {
	f := s.Framework()
	key := keyOf(f)
	key.Same, key.Optional = nil, true
	columns := []export.ValueColumn{{Name: criterionCode, Words: true}}
	for _, source := range survey.PointSources() {
		columns = append(columns, export.ValueColumn{Name: string(source)})
	}
	columns = append(columns, export.ValueColumn{Name: criterionEvidence, Words: true, Long: true})
	var table *criteria
	err := readImport(a, path, partial, func(r io.Reader, name string) (int, []export.BadLine, []export.Warning, error) {
		t, bad, warnings, err := export.Values(r, name, key, columns)
		if err != nil {
			return 0, nil, nil, err
		}
		good := 0
		table = &criteria{file: t, framework: f, bounds: map[string]*survey.Bounds{}, seen: map[[2]string]int{}, whole: keyOf(f).Same}
		for _, col := range s.Columns() {
			table.bounds[col.Name] = col.Bounds
		}
		if len(bad) == 0 && !slices.Contains(t.Columns, criterionCode) {
			return 0, nil, nil, tellf("%s has no column code, which names the criterion of each line.", name)
		}
		for _, row := range t.Rows {
			if row.Key == "" {
				row.Key = unitOfFile(path)
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
		return good, bad, warnings, nil
	})
	if err != nil {
		return nil, err
	}
	if len(table.units) == 0 {
		return nil, tellf("%s has a header and no rows.", baseName(path))
	}
	return table, nil
}

// criteria collects the lines of a table of criteria by unit.
type criteria struct {
	file      *export.ValueTable
	framework *survey.Framework
	bounds    map[string]*survey.Bounds // the points that a criterion can have
	units     []*unitCriteria
	seen      map[[2]string]int // line of each unit and code
	whole     func(string) string
	notes     []string
}

// unitCriteria is what a table of criteria has of one unit.
type unitCriteria struct {
	namedReadings
	lines []criterionLine
}

// criterionLine is one line of a table of criteria.
type criterionLine struct {
	line     int
	node     *survey.Node
	values   survey.CriterionValues
	evidence []string // names of files
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
	line := criterionLine{line: row.Line, node: n, evidence: export.EvidenceNames(row.Words[criterionEvidence])}
	for _, source := range survey.PointSources() {
		x, filled := row.Numbers[string(source)]
		if !filled {
			continue
		}
		if bounds := t.bounds[code]; !bounds.Within(x) {
			return fault(string(source), fmt.Sprintf("%g", x), "lies outside %.6g to %.6g, the points of %s", bounds.Min, bounds.Max, code)
		}
		line.values.Set(source, &x)
	}
	at := slices.IndexFunc(t.units, func(u *unitCriteria) bool { return t.whole(u.name) == unit })
	if at < 0 {
		at = len(t.units)
		t.units = append(t.units, &unitCriteria{namedReadings: namedReadings{row.Key, report.NewReadings()}})
	}
	t.take(t.units[at], line)
	return nil
}

// take puts one line among those of its unit.
func (t *criteria) take(u *unitCriteria, line criterionLine) {
	u.lines = append(u.lines, line)
	for _, source := range u.readings.ReadCriterion(t.framework, line.node, line.values, line.evidence) {
		t.notes = append(t.notes, fmt.Sprintf("line %d: %s takes its points from %s; what stands under %s is not read",
			line.line, line.node.Code, report.SourceWords(report.PointOrder(line.node)), source))
	}
	slices.Sort(t.notes)
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
