package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"sipas/survey"
	"sipas/survey/report"
	"sipas/templates/i18n"
	"sipas/templates/layout"
	"sipas/templates/pages"
	"sipas/templates/ui"
)

// assessmentsPath is the page of all assessments.
const assessmentsPath = "/assessments"

// assessmentBody is a form of one criterion, or of what an assessment is about.
const assessmentBody = 16 << 10

func assessmentPath(id survey.AssessmentID) string {
	return assessmentsPath + "/" + url.PathEscape(string(id))
}

// assessmentTable lists the routes of assessments.
func (s *Server) assessmentTable() []route {
	see, edit := may(survey.ActViewAssessments), may(survey.ActAssess)
	one := assessmentsPath + "/:assessment"
	return []route{
		{method: http.MethodGet, path: assessmentsPath, name: "assessments", who: see, rate: rateNone, handle: s.assessmentList},
		{method: http.MethodPost, path: assessmentsPath, name: "assessments.add", who: edit, rate: rateNone, body: assessmentBody, handle: s.assessmentAdd},
		{method: http.MethodGet, path: one, name: "assessment", who: see, rate: rateNone, handle: s.assessment},
		{method: http.MethodPost, path: one, name: "assessment.change", who: edit, rate: rateNone, body: assessmentBody, handle: s.assessmentChange},
		{method: http.MethodGet, path: one + "/criteria.csv", name: "assessment.criteria", who: see, rate: rateNone, handle: s.assessmentCriteria},
		{method: http.MethodGet, path: one + "/evidence.zip", name: "assessment.evidence", who: see, rate: rateNone, handle: s.assessmentZip},
		{method: http.MethodPost, path: one + "/files", name: "assessment.attach", who: edit, rate: rateNone, body: evidenceBody, handle: s.evidenceAttach},
		{method: http.MethodGet, path: one + "/files/:file", name: "assessment.file", who: see, rate: rateNone, handle: s.evidenceFile},
	}
}

// assessmentShell is the frame of the pages of assessments. A page that is the answer to a form cannot be asked for again, so the
// languages lead to the path.
func (s *Server) assessmentShell(c *call, path string) (layout.Staff, []*survey.Wave, error) {
	shell, waves, err := s.editorShell(c, path)
	for i := range shell.Nav {
		shell.Nav[i].Current = shell.Nav[i].Key == "assessments" || shell.Nav[i].Key == "admin"
	}
	return shell, waves, err
}

// seenAssessments are the assessments that the caller may see.
func (s *Server) seenAssessments(c *call) ([]survey.Assessment, error) {
	all, err := s.store.Assessments(c.ctx())
	return slices.DeleteFunc(all, func(a survey.Assessment) bool { return !c.actor.CanSeeAssessment(&a) }), err
}

// assessmentList shows what there is.
func (s *Server) assessmentList(c *call) error {
	return s.assessmentsPage(c, http.StatusOK, assessmentForm{year: strconv.Itoa(s.clock().In(survey.Zone).Year())})
}

func (s *Server) assessmentsPage(c *call, status int, form assessmentForm) error {
	shell, waves, err := s.assessmentShell(c, assessmentsPath)
	if err != nil {
		return err
	}
	all, err := s.seenAssessments(c)
	if err != nil {
		return err
	}
	v := pages.AssessmentsView{Shell: shell}
	for i := range all {
		a := &all[i]
		o, err := s.open(c, a)
		if err != nil {
			return err
		}
		row := pages.AssessmentRow{
			Href: assessmentPath(a.ID), Office: a.Office, Year: strconv.Itoa(a.Year), Framework: o.framework.Title.In(c.lang),
			Score: o.points(c.lang, o.soFar.Total), Of: o.points(c.lang, o.soFar.Nodes[0].Max), Whole: o.score.Total != nil,
			Files: len(a.Files), Changed: a.Changed.In(survey.Zone), By: a.By,
		}
		v.Rows = append(v.Rows, row)
	}
	if c.actor.Can(survey.ActAssess) {
		refs, err := s.store.FrameworkRefs(c.ctx())
		if err != nil {
			return err
		}
		view := form.view(c.lang, assessmentsPath, waves)
		for _, ref := range slices.Backward(refs) {
			f, err := s.framework(c.ctx(), ref)
			if err != nil {
				return err
			}
			if f.Assessable() {
				view.Frameworks = append(view.Frameworks, layout.Choice{Value: ref.String(), Label: f.Title.In(c.lang) + " (" + ref.String() + ")", Selected: ref.String() == form.framework})
			}
		}
		v.New = &view
	}
	return c.page(status, pages.Assessments(v))
}

// assessmentForm is what an assessment is about, as it was typed.
type assessmentForm struct {
	framework, office, year, unit, wave string
	revision                            int
	errors                              []ui.FieldError
}

// view is the form as a page shows it.
func (f assessmentForm) view(l survey.Lang, action string, waves []*survey.Wave) pages.AssessmentForm {
	v := pages.AssessmentForm{Action: action, Office: f.office, Year: f.year, Unit: f.unit, Revision: f.revision, Errors: f.errors}
	v.Waves = []layout.Choice{{Label: i18n.T(l, "assessment.no_wave"), Selected: f.wave == ""}}
	for _, w := range waves {
		v.Waves = append(v.Waves, layout.Choice{Value: string(w.ID), Label: w.Title.In(l), Selected: string(w.ID) == f.wave})
	}
	return v
}

// read takes what was typed into an assessment, and notes what is wrong.
func (f *assessmentForm) read(c *call, form url.Values, units []survey.Unit, today survey.Day, into *survey.Assessment) {
	f.framework, f.year, f.wave = form.Get("framework"), strings.TrimSpace(form.Get("year")), form.Get("wave")
	f.office, f.unit = survey.CleanOffice(form.Get("office")), strings.TrimSpace(form.Get("unit"))
	if f.office == "" || utf8.RuneCountInString(f.office) > survey.MaxOffice {
		f.wrong("office", i18n.T(c.lang, "assessment.office_bad", "max", survey.MaxOffice))
	}
	year, err := strconv.Atoi(f.year)
	if err != nil || year < survey.FirstYear || year > survey.LastYear {
		f.wrong("year", i18n.T(c.lang, "assessment.year_bad", "first", strconv.Itoa(survey.FirstYear), "last", strconv.Itoa(survey.LastYear)))
	}
	into.Office, into.Year, into.Wave, into.Unit = f.office, year, survey.WaveID(f.wave), ""
	if f.unit == "" {
		return
	}
	i := slices.IndexFunc(units, func(u survey.Unit) bool { return u.Code == f.unit && u.ValidOn(today) })
	if i < 0 {
		f.wrong("unit", i18n.T(c.lang, "assessment.unit_bad", "code", f.unit))
		return
	}
	into.Unit = units[i].ID
}

func (f *assessmentForm) wrong(field, text string) {
	f.errors = append(f.errors, ui.FieldError{ID: "assessment-" + field, Text: text})
}

// assessmentAdd begins an assessment.
func (s *Server) assessmentAdd(c *call) error {
	const op = "add assessment"
	if err := c.request().ParseForm(); err != nil {
		return badForm(op, err)
	}
	units, err := s.store.Units(c.ctx())
	if err != nil {
		return err
	}
	form := assessmentForm{}
	a := survey.Assessment{Values: map[string]survey.CriterionValues{}}
	form.read(c, c.request().PostForm, units, survey.DayOf(s.clock()), &a)
	id, number, _ := strings.Cut(form.framework, "/")
	version, err := strconv.Atoi(number)
	if err != nil {
		return survey.Errorf(survey.CodeNotFound, op, "no framework %q", form.framework)
	}
	a.Framework = survey.FrameworkRef{ID: id, Version: version}
	f, err := s.store.Framework(c.ctx(), a.Framework)
	if err != nil {
		return err
	}
	if !f.Assessable() {
		return survey.Errorf(survey.CodeNotFound, op, "nobody assesses himself by %s", a.Framework)
	}
	all, err := s.store.Assessments(c.ctx())
	if err != nil {
		return err
	}
	a.ID = survey.NewAssessmentID(a.Office, a.Year, func(id survey.AssessmentID) bool {
		return slices.ContainsFunc(all, func(o survey.Assessment) bool { return o.ID == id })
	})
	if len(form.errors) == 0 {
		_, err := s.store.SaveAssessment(c.ctx(), c.actor, a)
		if err == nil {
			return c.redirect(assessmentPath(a.ID))
		}
		if !survey.IsCode(err, survey.CodeConflict) {
			return err
		}
		form.wrong("office", i18n.T(c.lang, "assessment.exists"))
	}
	return s.assessmentsPage(c, http.StatusUnprocessableEntity, form)
}

// opened is an assessment with what comes of it.
type opened struct {
	*survey.Assessment
	framework *survey.Framework
	scorer    *report.Scorer
	readings  *report.Readings
	score     report.UnitScore
	soFar     report.UnitScore
	wave      string // the name of the wave whose figures are linked
}

// openAssessment reads the assessment of the address, for whoever may see it.
func (s *Server) openAssessment(c *call) (*opened, error) {
	a, err := s.store.Assessment(c.ctx(), survey.AssessmentID(c.param("assessment")))
	if err != nil {
		return nil, err
	}
	if !c.actor.CanSeeAssessment(a) {
		return nil, &survey.Error{Code: survey.CodeForbidden, Op: "open assessment", Params: map[string]string{"role": string(c.actor.Role)}}
	}
	return s.open(c, a)
}

// open computes what comes of an assessment, as "sipas score --assessment" does.
func (s *Server) open(c *call, a *survey.Assessment) (*opened, error) {
	o := &opened{Assessment: a}
	var err error
	if o.framework, err = s.framework(c.ctx(), a.Framework); err != nil {
		return nil, err
	}
	if o.scorer, err = report.NewScorer(o.framework); err != nil {
		return nil, err
	}
	linked, err := s.linked(c.ctx(), o, c.lang)
	if err != nil {
		return nil, err
	}
	o.readings = report.Assessed(o.framework, a, linked)
	if o.score, err = o.scorer.Score(a.Office, o.readings); err != nil {
		return nil, err
	}
	o.soFar, err = o.scorer.SoFar(a.Office, o.readings)
	return o, err
}

// linked reads what the framework takes from figures of the assessment's wave. That there are none yet is no error.
func (s *Server) linked(ctx context.Context, o *opened, l survey.Lang) (*report.Readings, error) {
	if o.Wave == "" {
		return nil, nil
	}
	w, err := s.store.Wave(ctx, o.Wave)
	if err != nil {
		return nil, err
	}
	o.wave = w.Title.In(l)
	b, err := s.board(ctx, w)
	switch survey.CodeOf(err) {
	case "":
	case survey.CodeRegisterEmpty, survey.CodeNoAnswers, survey.CodeUnavailable:
		return nil, nil
	default:
		return nil, err
	}
	linked := report.NewReadings()
	report.ReadLinks(o.framework, b.Release, linked)
	return linked, nil
}

// points writes points with the decimals of the framework, as the command does.
func (o *opened) points(l survey.Lang, x *float64) string {
	if x == nil {
		return i18n.Unknown
	}
	return i18n.Number(l, *x, o.framework.Decimals)
}

// assessmentEdit is a form of an assessment's page that came back.
type assessmentEdit struct {
	open     string            // code of the criterion that stands open
	typed    map[string]string // what was written into its form, by source
	wrong    map[string]string // and why it cannot be taken
	overtook bool              // somebody else changed these points meanwhile
	problem  string            // why files could not be attached
	settings *assessmentForm
}

// assessment shows one assessment.
func (s *Server) assessment(c *call) error {
	o, err := s.openAssessment(c)
	if err != nil {
		return err
	}
	return s.assessmentPage(c, http.StatusOK, o, assessmentEdit{open: c.query("open")})
}

// assessmentChange does one thing to an assessment: each button is a form of its own.
func (s *Server) assessmentChange(c *call) error {
	const op = "change assessment"
	if err := c.request().ParseForm(); err != nil {
		return badForm(op, err)
	}
	o, err := s.openAssessment(c)
	if err != nil {
		return err
	}
	form := c.request().PostForm
	switch form.Get("op") {
	case "points":
		return s.assessmentPoints(c, o, form)
	case "detach":
		e, ok := o.File(survey.EvidenceID(form.Get("file")))
		if !ok {
			return survey.Errorf(survey.CodeNotFound, op, "no file %q", form.Get("file"))
		}
		if err := s.store.DetachEvidence(c.ctx(), c.actor, o.ID, e.ID); err != nil {
			return err
		}
		return c.redirect(o.place(e.Criterion))
	case "settings":
		return s.assessmentSettings(c, o, form)
	case "discard":
		if form.Get("sure") != "yes" || form.Get("revision") != strconv.Itoa(o.Revision) {
			return survey.Errorf(survey.CodeConflict, op, "revision %q of %d", form.Get("revision"), o.Revision).With("document", string(o.ID))
		}
		if err := s.store.DropAssessment(c.ctx(), c.actor, o.ID, o.Revision); err != nil {
			return err
		}
		s.sweepSoon()
		return c.redirect(assessmentsPath)
	}
	return survey.Errorf(survey.CodeBadRequest, op, "nothing is called %q", form.Get("op"))
}

// place is the address of a criterion on the page, where it stands open.
func (o *opened) place(code string) string {
	return assessmentPath(o.ID) + "?open=" + url.QueryEscape(code) + "#" + o.anchor(code)
}

// anchor is the id of a criterion's element: codes may hold anything.
func (o *opened) anchor(code string) string {
	return "c-" + strconv.Itoa(1+slices.IndexFunc(o.framework.Root.Leaves(), func(n *survey.Node) bool { return n.Code == code }))
}

// fields are the sources that the form of a criterion asks for: those that count, and those that have points all the same.
func (o *opened) fields(n *survey.Node) []survey.PointSource {
	order := report.PointOrder(n)
	return slices.DeleteFunc(survey.PointSources(), func(p survey.PointSource) bool {
		return !slices.Contains(order, p) && o.Values[n.Code].Of(p) == nil
	})
}

// assessmentPoints takes the points of one criterion. Two people who change different criteria do not meet; where they changed the same, the
// second sees what the first wrote beside what he typed, and nothing is overwritten unseen.
func (s *Server) assessmentPoints(c *call, o *opened, form url.Values) error {
	code := form.Get("criterion")
	n, ok := o.framework.Criterion(code)
	if !ok {
		return survey.Errorf(survey.CodeNotFound, "change points", "no criterion %q", code)
	}
	edit := assessmentEdit{open: code, typed: map[string]string{}, wrong: map[string]string{}}
	values := o.Values[code]
	for _, source := range o.fields(n) {
		text := strings.TrimSpace(form.Get(string(source)))
		edit.typed[string(source)] = text
		if text == "" {
			values.Set(source, nil)
			continue
		}
		x, ok := survey.ParseNumber(text)
		bounds := o.framework.TableBounds(n)
		switch {
		case !ok:
			edit.wrong[string(source)] = i18n.T(c.lang, "framework.number_bad", "value", text)
		case !bounds.Within(x):
			edit.wrong[string(source)] = i18n.T(c.lang, "assessment.out_of_bounds", "min", digitsOf(c.lang, bounds.Min), "max", digitsOf(c.lang, bounds.Max))
		}
		values.Set(source, &x)
	}
	if len(edit.wrong) > 0 {
		return s.assessmentPage(c, http.StatusUnprocessableEntity, o, edit)
	}
	for {
		if now := o.Values[code].String(); form.Get("seen") != now && values.String() != now {
			edit.overtook = true
			return s.assessmentPage(c, http.StatusConflict, o, edit)
		}
		if o.Values == nil {
			o.Values = map[string]survey.CriterionValues{}
		}
		o.Values[code] = values
		if values == (survey.CriterionValues{}) {
			delete(o.Values, code)
		}
		_, err := s.store.SaveAssessment(c.ctx(), c.actor, *o.Assessment)
		if err == nil {
			return c.redirect(o.place(code))
		}
		if !survey.IsCode(err, survey.CodeConflict) || c.ctx().Err() != nil {
			return err
		}
		// Somebody changed another criterion in this moment: these points go on top.
		if o, err = s.openAssessment(c); err != nil {
			return err
		}
	}
}

// assessmentSettings takes what an assessment is about.
func (s *Server) assessmentSettings(c *call, o *opened, form url.Values) error {
	units, err := s.store.Units(c.ctx())
	if err != nil {
		return err
	}
	typed := assessmentForm{revision: o.Revision}
	changed := *o.Assessment
	typed.read(c, form, units, survey.DayOf(s.clock()), &changed)
	if len(typed.errors) == 0 {
		status := http.StatusConflict
		if form.Get("revision") != strconv.Itoa(o.Revision) {
			typed.wrong("office", i18n.T(c.lang, "assessment.settings_overtaken", "office", o.Office, "year", strconv.Itoa(o.Year)))
			return s.assessmentPage(c, status, o, assessmentEdit{settings: &typed})
		}
		_, err := s.store.SaveAssessment(c.ctx(), c.actor, changed)
		if err == nil {
			return c.redirect(assessmentPath(o.ID))
		}
		if !survey.IsCode(err, survey.CodeConflict) {
			return err
		}
		typed.wrong("office", i18n.T(c.lang, "assessment.exists"))
		return s.assessmentPage(c, status, o, assessmentEdit{settings: &typed})
	}
	return s.assessmentPage(c, http.StatusUnprocessableEntity, o, assessmentEdit{settings: &typed})
}

// sweepEvery is how often what is left of files that were never attached is looked for.
const sweepEvery = time.Hour

// sweep removes what is left of files, now and then, until the server ends.
func (s *Server) sweep() {
	for {
		if err := s.store.SweepEvidence(s.life); err != nil && s.life.Err() == nil {
			s.log.ErrorContext(s.life, "sweep evidence", "cause", err.Error())
		}
		select {
		case <-s.life.Done():
			return
		case <-s.sweeps:
		case <-time.After(sweepEvery):
		}
	}
}

// sweepSoon lets the sweep begin at once. It never waits.
func (s *Server) sweepSoon() {
	select {
	case s.sweeps <- struct{}{}:
	default:
	}
}

func codedError(err error) *survey.Error {
	var e *survey.Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}
