package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"sipas/survey"
	"sipas/survey/export"
	"sipas/survey/report"
)

type assessmentCmd struct {
	List   assessmentListCmd   `cmd:"" help:"List the assessments with their points."`
	Import assessmentImportCmd `cmd:"" help:"Load a table of criteria and the files of evidence that it names."`
	Export assessmentExportCmd `cmd:"" help:"Write an assessment as a table of criteria, its evidence and a manifest."`
}

// assessmentListCmd lists what there is.
type assessmentListCmd struct {
	dataFlag
}

func (c *assessmentListCmd) Run(ctx context.Context, a *app) error {
	return withStored(ctx, a, c.Data, func(d *dataDir) error {
		all, err := d.db.Assessments(ctx)
		if err != nil {
			return err
		}
		if len(all) == 0 {
			fmt.Fprintln(a.stdout, "There is no assessment yet: begin one on the page of assessments, or with \"sipas assessment import\".")
			return nil
		}
		rows := [][]string{{"id", "office", "year", "framework", "so far", "of", "files", "changed"}}
		for i := range all {
			x := &all[i]
			f, err := d.db.Framework(ctx, x.Framework)
			if err != nil {
				return err
			}
			s, err := report.NewScorer(f)
			if err != nil {
				return err
			}
			now, err := s.SoFar(x.Office, report.Assessed(f, x, nil))
			if err != nil {
				return err
			}
			number := func(v *float64) string {
				if v == nil {
					return "-"
				}
				return fmt.Sprintf("%.*f", f.Decimals, *v)
			}
			rows = append(rows, []string{
				string(x.ID), x.Office, strconv.Itoa(x.Year), x.Framework.String(), number(now.Total), number(now.Nodes[0].Max), strconv.Itoa(len(x.Files)),
				x.Changed.In(survey.Zone).Format("2006-01-02"),
			})
		}
		var b strings.Builder
		writeColumns(&b, "llllrrrl", rows)
		_, err = io.WriteString(a.stdout, b.String())
		return err
	})
}

// assessmentImportCmd loads an assessment.
type assessmentImportCmd struct {
	dataFlag
	File      string        `arg:"" placeholder:"FILE" help:"CSV in UTF-8: code, self, appraised, survey, statistics, evidence; and unit, where there are several; - reads the standard input."`
	Framework string        `required:"" placeholder:"ID" help:"The published framework: an id, or an id with a version (par-2022/1)."`
	Office    string        `required:"" placeholder:"NAME" help:"The office whose assessment it is; where the table has several, the lines of this one are loaded."`
	Year      int           `required:"" placeholder:"YEAR" help:"The year that is assessed."`
	Files     string        `placeholder:"DIR" help:"Directory of the files that the table names, there or in a directory named by criterion. Without it none is attached."`
	UnitCode  string        `name:"unit" placeholder:"CODE" help:"Code of the office's unit, whose department may then see the assessment."`
	Wave      survey.WaveID `placeholder:"WAVE" help:"The wave whose figures fill what the framework takes from another."`
}

// Help says what is loaded when.
func (*assessmentImportCmd) Help() string {
	return strings.TrimSpace(`
Everything is checked before anything is loaded, and all of it is loaded or nothing: a file that is not there, too large or of another kind
is named with its line. Loaded again, the table replaces the points of the criteria that it names; files that are attached stay, and one with
the name of an attached one and other content is refused.`)
}

func (c *assessmentImportCmd) Run(ctx context.Context, a *app) error {
	return withStored(ctx, a, c.Data, func(d *dataDir) error {
		f, err := d.framework(ctx, c.Framework)
		if err != nil {
			return err
		}
		x, err := c.target(ctx, a, d, f)
		if err != nil {
			return err
		}
		s, err := report.NewScorer(f)
		if err != nil {
			return err
		}
		table, err := readCriteria(a, c.File, false, s)
		if err != nil {
			return err
		}
		lines, err := c.lines(table)
		if err != nil {
			return err
		}
		named, err := c.check(a, table, lines)
		if err != nil {
			return err
		}
		for _, line := range lines {
			x.Values[line.node.Code] = line.values
			if line.values == (survey.CriterionValues{}) {
				delete(x.Values, line.node.Code)
			}
		}
		return c.load(ctx, a, d, x, named)
	})
}

// target is the assessment that is there already, or a new one.
func (c *assessmentImportCmd) target(ctx context.Context, a *app, d *dataDir, f *survey.Framework) (*survey.Assessment, error) {
	office := survey.CleanOffice(c.Office)
	switch {
	case office == "" || len([]rune(office)) > survey.MaxOffice:
		return nil, usagef("--office: name the office, in at most %d letters.", survey.MaxOffice)
	case c.Year < survey.FirstYear || c.Year > survey.LastYear:
		return nil, usagef("--year: %d is not a year between %d and %d.", c.Year, survey.FirstYear, survey.LastYear)
	}
	if c.Wave != "" {
		if _, err := d.wave(ctx, c.Wave); err != nil {
			return nil, err
		}
	}
	unit := survey.UnitID("")
	if c.UnitCode != "" {
		var err error
		if unit, err = d.unitOn(ctx, c.UnitCode, survey.DayOf(a.now())); err != nil {
			return nil, err
		}
	}
	all, err := d.db.Assessments(ctx)
	if err != nil {
		return nil, err
	}
	x := &survey.Assessment{Framework: f.Ref(), Office: office, Year: c.Year}
	i := slices.IndexFunc(all, func(o survey.Assessment) bool {
		return o.Framework == f.Ref() && o.Office == office && o.Year == c.Year
	})
	if i >= 0 {
		x = &all[i]
	} else {
		x.ID = survey.NewAssessmentID(office, c.Year, func(id survey.AssessmentID) bool {
			return slices.ContainsFunc(all, func(o survey.Assessment) bool { return o.ID == id })
		})
	}
	if unit != "" {
		x.Unit = unit
	}
	if c.Wave != "" {
		x.Wave = c.Wave
	}
	if x.Values == nil {
		x.Values = map[string]survey.CriterionValues{}
	}
	return x, nil
}

// lines are those of the office.
func (c *assessmentImportCmd) lines(t *criteria) ([]criterionLine, error) {
	if len(t.units) == 1 {
		return t.units[0].lines, nil
	}
	var names []string
	for _, u := range t.units {
		if t.whole(u.name) == t.whole(c.Office) {
			return u.lines, nil
		}
		names = append(names, u.name)
	}
	return nil, tellf("The table has several offices and none is called %s: %s.", c.Office, list(names))
}

// namedFile is a file that a line names, found in the directory.
type namedFile struct {
	criterion, name, path string
}

// check finds every file that the lines name, and says of each that cannot be taken where it is named and why.
func (c *assessmentImportCmd) check(a *app, t *criteria, lines []criterionLine) ([]namedFile, error) {
	var bad []export.BadLine
	var found []namedFile
	fault := func(line int, column, value, why string) { bad = append(bad, t.file.Fault(line, column, value, why)) }
	root, err := c.open()
	if err != nil {
		return nil, err
	}
	if root != nil {
		defer func() { _ = root.Close() }() // it was only read
	}
	folders, skipped := export.EvidenceFolders(t.framework), 0
	for _, line := range lines {
		if line.node.Value == nil {
			fault(line.line, criterionCode, line.node.Code, "is made of the criteria below it; an assessment keeps the points of these")
		}
		for _, raw := range line.evidence {
			if root == nil {
				skipped++
				continue
			}
			name, err := survey.CleanEvidenceName(raw)
			if err != nil {
				fault(line.line, criterionEvidence, raw, "is of a kind that is not taken; there are "+strings.Join(survey.EvidenceKinds(), ", "))
				continue
			}
			at, why := findEvidence(root, path.Join(folders[line.node.Code], name), name, raw)
			if why != "" {
				fault(line.line, criterionEvidence, raw, why)
				continue
			}
			if f := (namedFile{line.node.Code, name, at}); !slices.Contains(found, f) {
				found = append(found, f)
			}
		}
	}
	for _, b := range bad {
		fmt.Fprintf(a.stderr, "bad: %s\n", b)
	}
	if len(bad) > 0 {
		return nil, tellf("%s above; nothing was loaded.", count(len(bad), "fault"))
	}
	if skipped > 0 {
		fmt.Fprintf(a.stderr, "note: the table names %s; without --files none is attached\n", count(skipped, "file"))
	}
	return found, nil
}

// open opens the directory of --files, out of which no name leads; nil where none is named.
func (c *assessmentImportCmd) open() (*os.Root, error) {
	if c.Files == "" {
		return nil, nil
	}
	return os.OpenRoot(c.Files)
}

// findEvidence finds a file at the first of several places, or says why there is none to take.
func findEvidence(root *os.Root, places ...string) (at, why string) {
	for _, place := range places {
		info, err := root.Stat(filepath.FromSlash(place))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return "", "cannot be read: " + err.Error()
		case !info.Mode().IsRegular():
			continue
		case info.Size() == 0:
			return "", "is empty"
		case info.Size() > survey.MaxEvidence:
			return "", fmt.Sprintf("is larger than %d MB", survey.MaxEvidence>>20)
		}
		return place, ""
	}
	return "", "is not in the directory of --files"
}

// load loads the files, and then makes points and files exist in one step.
func (c *assessmentImportCmd) load(ctx context.Context, a *app, d *dataDir, x *survey.Assessment, named []namedFile) (err error) {
	var loaded []survey.Evidence
	root, err := c.open()
	if err != nil {
		return err
	}
	if root != nil {
		defer func() { _ = root.Close() }() // it was only read
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.db.UnloadEvidence(context.WithoutCancel(ctx), loaded...))
		}
	}()
	for _, n := range named {
		e, err := loadEvidence(ctx, d, root, n)
		if err != nil {
			return err
		}
		loaded = append(loaded, e)
	}
	before := x.Revision
	revision, err := d.db.SaveAssessment(ctx, survey.CommandLine(), *x, loaded...)
	if err != nil {
		return err
	}
	after, err := d.db.Assessment(ctx, x.ID)
	if err != nil {
		return err
	}
	if attached := len(after.Files) - len(x.Files); revision == before && attached == 0 {
		fmt.Fprintf(a.stdout, "%s: nothing has changed.\n", x.ID)
	} else {
		fmt.Fprintf(a.stdout, "%s: points of %d criteria, %s attached, %d in all.\n", x.ID, len(after.Values), count(attached, "file"), len(after.Files))
	}
	return nil
}

func loadEvidence(ctx context.Context, d *dataDir, root *os.Root, n namedFile) (survey.Evidence, error) {
	file, err := root.Open(filepath.FromSlash(n.path))
	if err != nil {
		return survey.Evidence{}, err
	}
	defer func() { _ = file.Close() }() // it was only read
	e, err := d.db.LoadEvidence(ctx, file)
	var own *survey.Error
	if errors.As(err, &own) {
		return e, own.With("name", n.name)
	}
	e.Criterion, e.Name = n.criterion, n.name
	return e, err
}

// framework finds a published framework by its id, the newest version, or by id and version.
func (d *dataDir) framework(ctx context.Context, name string) (*survey.Framework, error) {
	refs, err := d.db.FrameworkRefs(ctx)
	if err != nil {
		return nil, err
	}
	var ids []string
	var found survey.FrameworkRef
	for _, ref := range refs {
		if ref.ID == name || ref.String() == name {
			found = ref // the last is the newest
		}
		if !slices.Contains(ids, ref.ID) {
			ids = append(ids, ref.ID)
		}
	}
	if found.ID == "" {
		return nil, tellf("No framework %q is published; there are %s.", name, list(ids))
	}
	return d.db.Framework(ctx, found)
}

// assessment finds an assessment by its id.
func (d *dataDir) assessment(ctx context.Context, id survey.AssessmentID) (*survey.Assessment, error) {
	x, err := d.db.Assessment(ctx, id)
	if survey.IsCode(err, survey.CodeNotFound) {
		return nil, tellf("There is no assessment %q: \"sipas assessment list\" names them.", id)
	}
	return x, err
}

// assessmentExportCmd writes an assessment as files.
type assessmentExportCmd struct {
	dataFlag
	ID  survey.AssessmentID `arg:"" placeholder:"ID" help:"The assessment, as \"sipas assessment list\" names it."`
	Out string              `required:"" placeholder:"DIR" help:"Directory for the files; those there of the same name are replaced."`
}

func (c *assessmentExportCmd) Run(ctx context.Context, a *app) error {
	return withStored(ctx, a, c.Data, func(d *dataDir) error {
		x, err := d.assessment(ctx, c.ID)
		if err != nil {
			return err
		}
		f, err := d.db.Framework(ctx, x.Framework)
		if err != nil {
			return err
		}
		b := export.Bundle{Framework: f, Assessment: x, Read: func(file survey.EvidenceID, w io.Writer) error {
			return d.db.ReadEvidence(ctx, x.ID, file, w)
		}}
		var files []exportFile
		for _, file := range b.Files() {
			name := filepath.FromSlash(file.Path)
			if err := os.MkdirAll(filepath.Join(c.Out, filepath.Dir(name)), 0o700); err != nil {
				return err
			}
			files = append(files, exportFile{name, file.Write})
		}
		return writeExport(a, c.Out, files)
	})
}

// runAssessment scores an assessment that is kept here.
func (c *scoreCmd) runAssessment(ctx context.Context, a *app) error {
	var f *survey.Framework
	var x *survey.Assessment
	err := withStored(ctx, a, c.Data, func(d *dataDir) (err error) {
		if x, err = d.assessment(ctx, c.Assessment); err != nil {
			return err
		}
		f, err = d.db.Framework(ctx, x.Framework)
		return err
	})
	if err != nil {
		return err
	}
	if c.Wave == "" {
		c.Wave = x.Wave
	}
	s, err := report.NewScorer(f)
	if err != nil {
		return err
	}
	linked, err := c.linked(ctx, a, f)
	if err != nil {
		return err
	}
	score, err := s.Score(x.Office, report.Assessed(f, x, linked))
	if err != nil {
		return err
	}
	doc := newDocument(s)
	doc.Units = append(doc.Units, score)
	return c.print(a, f, doc)
}
