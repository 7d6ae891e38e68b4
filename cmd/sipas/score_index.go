package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"sipas/analysis/estimate"
	"sipas/data"
	"sipas/survey"
	"sipas/survey/export"
	"sipas/survey/report"
	"sipas/templates/i18n"
)

// indexFlags say what to score by a framework without a wave.
type indexFlags struct {
	Framework  string              `group:"Framework" placeholder:"ID" help:"Score by this framework: an id, an id with a version (papi-2019/1), or a file that ends in .json."`
	Indicators string              `group:"Framework" placeholder:"FILE" help:"Table with a line for each unit and a column for each indicator; - reads the standard input."`
	Criteria   string              `group:"Framework" placeholder:"FILE" help:"Table with a line for each criterion: code, self, appraised, survey, statistics, evidence; and unit, where there are several."`
	Assessment survey.AssessmentID `group:"Framework" placeholder:"ID" help:"Score an assessment that is kept here, as \"sipas assessment list\" names it."`
	Microdata  string              `group:"Framework" placeholder:"FILE" help:"Answers, a line for each person or dossier; the flags under Design, Replicates, Weighting and Data describe them."`
	By         string              `group:"Framework" placeholder:"COLUMN" help:"Of --microdata: score each value of this column. Default: all rows together."`
	Level      *float64            `group:"Framework" placeholder:"P" help:"Of --microdata: level of the intervals. Default: 0.95."`
	MinAnswers *int                `name:"min-answers" group:"Framework" placeholder:"N" help:"Of --microdata: withhold scores that rest on fewer answers. Default: as the framework says."`
	QRule      string              `name:"qrule" group:"Framework" placeholder:"RULE" help:"Of --microdata: rule of medians, hf1 to hf9 or school. Default: hf1."`
	Partial    bool                `group:"Framework" help:"Leave lines with faults out, and score the others."`
	On         string              `group:"Framework" placeholder:"DATE" help:"Day on which the framework must be in force. Default: any."`
}

// kongDefaults are the flags of a design that nobody gave.
var kongDefaults = designFlags{Lonely: "fail", PPS: "none", RepType: "none"}

// checkIndex finds what does not go together before anything is read.
func (c *scoreCmd) checkIndex() error {
	sources := 0
	for _, file := range []string{c.Indicators, c.Criteria, c.Microdata} {
		if file != "" {
			sources++
		}
	}
	noDesign := reflect.DeepEqual(c.designFlags, kongDefaults) && reflect.DeepEqual(c.weightingFlags, weightingFlags{Method: "linear", TrimBy: "once"})
	switch {
	case c.Assessment != "" && (c.Framework != "" || sources > 0 || !noDesign || c.By != "" || c.Partial || c.On != "" || len(c.Unit)+len(c.Field) > 0):
		return usagef("--assessment says all that is scored; beside it there may be --wave, --format and --lang.")
	case c.Assessment != "":
		return nil
	case c.Framework == "" && c.Wave == "":
		return usagef("Say what to score: --wave W, --assessment ID, or --framework F with --indicators, --criteria or --microdata.")
	case c.Framework == "" && (sources > 0 || c.By != "" || c.Partial || c.On != ""):
		return usagef("--indicators, --criteria and --microdata are scored by a framework: name it with --framework.")
	case c.Framework != "" && sources == 0:
		return usagef("--framework: say what to score by it, with --indicators, --criteria or --microdata.")
	case c.Criteria != "" && sources > 1:
		return usagef("--criteria has a table of its own: give it without --indicators and --microdata.")
	case c.Microdata == "" && (!noDesign || c.By != "" || c.Level != nil || c.MinAnswers != nil || c.QRule != ""):
		return usagef("The flags that describe a sample are for --microdata.")
	case c.Microdata != "" && c.Indicators != "" && c.By == "":
		return usagef("--indicators beside --microdata: say with --by which column of the answers holds the units of the table.")
	case c.Framework != "" && len(c.Unit)+len(c.Field) > 0:
		return usagef("--unit and --field are for a wave alone.")
	case c.Level != nil && !(*c.Level > 0 && *c.Level < 1):
		return usagef("--level: %v is not between 0 and 1.", *c.Level)
	case c.MinAnswers != nil && *c.MinAnswers < 0:
		return usagef("--min-answers: %d is not a number of answers.", *c.MinAnswers)
	}
	if _, err := estimate.ParseRule(c.QRule); c.QRule != "" && err != nil {
		return usagef("--qrule: %v.", err)
	}
	if c.On != "" {
		if _, ok := survey.ParseDay(c.On); !ok {
			return usagef("--on: %q is not a day; write 2026-07-31.", c.On)
		}
	}
	if c.Microdata == "" {
		return nil
	}
	if err := c.designFlags.check(); err != nil {
		return err
	}
	return c.weightingFlags.check()
}

// runIndex scores by a framework.
func (c *scoreCmd) runIndex(ctx context.Context, a *app) error {
	f, err := readFramework(c.Framework)
	if err != nil {
		return err
	}
	if c.On != "" {
		day, _ := survey.ParseDay(c.On)
		if !f.InForce.Holds(day) {
			return tellf("The framework %s is not in force on %s: it binds from %s%s.", f.Ref(), day, f.InForce.From, endOf(f.InForce))
		}
	}
	scorer, err := report.NewScorer(f)
	if err != nil {
		return err
	}
	linked, err := c.linked(ctx, a, f)
	if err != nil {
		return err
	}
	var doc *report.ScoreDocument
	switch {
	case c.Microdata != "":
		doc, err = c.scoreSample(ctx, a, scorer, linked)
	case c.Criteria != "":
		doc, err = c.scoreCriteria(a, scorer, linked)
	default:
		doc, err = c.scoreTable(a, scorer, linked)
	}
	if err != nil {
		return err
	}
	return c.print(a, f, doc)
}

// print writes scores, and nothing before all of them can be written.
func (c *scoreCmd) print(a *app, f *survey.Framework, doc *report.ScoreDocument) error {
	var b bytes.Buffer
	if err := writeScores(&b, f, doc, c.Format, survey.Lang(c.Lang)); err != nil {
		return err
	}
	_, err := b.WriteTo(a.stdout)
	return err
}

func endOf(v *survey.Validity) string {
	if v.To == "" {
		return ""
	}
	return " to " + string(v.To)
}

// readFramework finds a framework by its id among those that the program brings, or reads it from a file.
func readFramework(name string) (*survey.Framework, error) {
	if strings.HasSuffix(strings.ToLower(name), ".json") {
		doc, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		return survey.ParseFramework(doc)
	}
	id, version, _ := strings.Cut(name, "/")
	doc, ok := data.Framework(id)
	if !ok {
		return nil, tellf("There is no framework %q; there are %s, and files that end in .json.", name, strings.Join(data.Frameworks(), ", "))
	}
	f, err := survey.ParseFramework(doc)
	if err != nil {
		return nil, err
	}
	if version != "" && version != strconv.Itoa(f.Version) {
		return nil, tellf("There is no version %s of the framework %s; there is %s.", version, id, f.Ref())
	}
	return f, nil
}

// linked reads what the framework takes from figures of a wave, for --wave.
func (c *scoreCmd) linked(ctx context.Context, a *app, f *survey.Framework) (*report.Readings, error) {
	if c.Wave == "" {
		return nil, nil
	}
	out := report.NewReadings()
	err := withStored(ctx, a, c.Data, func(d *dataDir) error {
		if _, err := d.wave(ctx, c.Wave); err != nil {
			return err
		}
		release, _, err := report.Refresh(ctx, d.db, survey.CommandLine(), c.Wave, programVersion(), a.now(), a.progress())
		if err != nil {
			return err
		}
		report.ReadLinks(f, release, out)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(out.Values)+len(out.Reasons) == 0 {
		return nil, usagef("--wave: no indicator of %s is taken from another framework.", f.Ref())
	}
	return out, nil
}

// keyOf is the column that names what a row is about.
func keyOf(f *survey.Framework) export.ValueKey {
	key := export.ValueKey{Names: []string{"unit", "province", "đơn vị", "tỉnh", "tỉnh, thành phố", "tên tỉnh", "tên đơn vị"}}
	if f.Subject == survey.SubjectOfficer {
		key.Names = append([]string{"officer", "cán bộ", "công chức", "cán bộ, công chức", "họ tên"}, key.Names...)
	}
	resolve := func(name string) (string, bool) { return "", false }
	if f.Years != nil {
		day := fmt.Sprintf("%d-12-31", f.Years.From)
		resolve = func(name string) (string, bool) {
			u, err := data.Province(name, day)
			return u.ID, err == nil
		}
		key.Known = func(name string) bool {
			_, ok := resolve(name)
			return ok
		}
	}
	key.Same = func(name string) string {
		if id, ok := resolve(name); ok {
			return id
		}
		return strings.ToLower(name)
	}
	return key
}

// scoreTable scores a table of indicators.
func (c *scoreCmd) scoreTable(a *app, s *report.Scorer, linked *report.Readings) (*report.ScoreDocument, error) {
	units, err := c.readIndicators(a, s)
	if err != nil {
		return nil, err
	}
	doc := newDocument(s)
	for _, u := range units {
		u.readings.Fill(linked)
		score, err := s.Score(u.name, u.readings)
		if err != nil {
			return nil, err
		}
		doc.Units = append(doc.Units, score)
	}
	return doc, nil
}

func newDocument(s *report.Scorer) *report.ScoreDocument {
	f := s.Framework()
	return &report.ScoreDocument{Framework: f.ID, Version: f.Version, Units: []report.UnitScore{}}
}

// namedReadings are what a table has of one unit.
type namedReadings struct {
	name     string
	readings *report.Readings
}

// readIndicators reads --indicators.
func (c *scoreCmd) readIndicators(a *app, s *report.Scorer) ([]namedReadings, error) {
	var columns []export.ValueColumn
	for _, col := range s.Columns() {
		columns = append(columns, export.ValueColumn{Name: col.Name, Bounds: col.Bounds, Words: col.Words, Also: col.Also})
	}
	var units []namedReadings
	err := readImport(a, c.Indicators, c.Partial, func(r io.Reader, name string) (int, []export.BadLine, []export.Warning, error) {
		t, bad, warnings, err := export.Values(r, name, keyOf(s.Framework()), columns)
		if err != nil {
			return 0, nil, nil, err
		}
		plan := s.Plan(t.Columns)
		for _, note := range plan.Notes {
			sentence, _ := i18n.Note(survey.Lang(c.Lang), note, i18n.NoteWords{})
			fmt.Fprintf(a.stderr, "note: %s\n", sentence)
		}
		for _, row := range t.Rows {
			readings, faults := plan.Read(report.TableRow{Numbers: row.Numbers, Words: row.Words})
			for _, f := range faults {
				bad = append(bad, t.Fault(row.Line, f.Column, f.Value, f.Reason))
			}
			if len(faults) == 0 {
				units = append(units, namedReadings{row.Key, readings})
			}
		}
		if len(t.Columns) == 0 && len(bad) == 0 {
			return 0, nil, nil, tellf("%s has no column of the framework %s: \"sipas framework show %s\" lists the codes.", name, s.Framework().Ref(), s.Framework().ID)
		}
		slices.SortStableFunc(bad, func(x, y export.BadLine) int { return x.Line - y.Line })
		return len(units), bad, explainIgnored(a, s.Framework(), warnings), nil
	})
	if err != nil {
		return nil, err
	}
	if len(units) == 0 {
		return nil, tellf("%s has a header and no rows.", baseName(c.Indicators))
	}
	return units, nil
}

// explainIgnored tells apart, among the columns that are not read, indicators of nodes whose formula nobody knows.
func explainIgnored(a *app, f *survey.Framework, warnings []export.Warning) []export.Warning {
	known := map[string]bool{}
	f.Walk(func(n *survey.Node, _ []*survey.Node) {
		if n.Value != nil && len(n.Value.Unknown) > 0 {
			known[n.Code] = true
		}
	})
	var unread []string
	rest := slices.DeleteFunc(slices.Clone(warnings), func(w export.Warning) bool {
		at := strings.LastIndexByte(w.Column, '.')
		if w.Reason != export.WarningColumnIgnored || at < 0 || !known[w.Column[:at]] {
			return false
		}
		unread = append(unread, w.Column)
		return true
	})
	if len(unread) > 0 {
		fmt.Fprintf(a.stderr, "note: %s not read, because no formula is known for what %s part of: %s\n",
			map[bool]string{true: "1 indicator is", false: strconv.Itoa(len(unread)) + " indicators are"}[len(unread) == 1],
			map[bool]string{true: "it is", false: "they are"}[len(unread) == 1], list(unread))
	}
	return rest
}

// unitOfFile names what a table without a column of units is about.
func unitOfFile(path string) string {
	if path == "-" {
		return "-"
	}
	return strings.TrimSuffix(baseName(path), filepath.Ext(path))
}
