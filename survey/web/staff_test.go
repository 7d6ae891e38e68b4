package web

import (
	"context"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sipas/analysis"
	"sipas/data"
	"sipas/survey"
	"sipas/survey/report"
	"sipas/templates/i18n"
	"sipas/templates/pages"
)

func scoresPath(unit survey.UnitID) string {
	return "/waves/2026-q3/scores?unit=" + url.QueryEscape(string(unit))
}

// Figures appear once answers are in, weighted to the register, and the bad indicator of the first unit is flagged for its department.
func TestFromAnswersToFlags(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	analyst := s.as(survey.Analyst)
	name := communes()[0].FullVI
	analyst.get("/waves").want(t, http.StatusOK, "Quý III 2026", "/waves/2026-q3", "135", "360", "180")
	analyst.get("/waves/2026-q3").want(t, http.StatusOK, "135", "360")
	analyst.get("/waves/2026-q3/scores").want(t, http.StatusOK, "n = 135", "s29")
	analyst.get("/waves/2026-q3/heatmap").want(t, http.StatusOK, name, communes()[2].FullVI)
	analyst.get("/waves/2026-q3/map").want(t, http.StatusOK, "<path", name)
	flags := analyst.get("/waves/2026-q3/flags")
	flags.want(t, http.StatusOK, name, i18n.T(i18n.VI, "flag_state.flag"))

	department := s.as(survey.Department)
	mine := department.get("/repair")
	mine.want(t, http.StatusOK, name, i18n.T(i18n.VI, "flag_state.flag"))
	for _, other := range communes()[1:] {
		if strings.Contains(mine.body, other.FullVI) || strings.Contains(mine.body, other.ID) {
			t.Errorf("the department's page names %s", other.FullVI)
		}
	}
	if strings.Contains(mine.body, "/waves") {
		t.Error("the department's page leads to pages that it may not see")
	}
	department.get("/repair?unit="+url.QueryEscape(string(unitID(1)))).want(t, http.StatusForbidden, i18n.T(i18n.VI, "error.forbidden"))
}

// A unit whose headline is withheld, because one indicator has too few answers, is still told what its other indicators show.
func TestRepairsWithoutAHeadline(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	ctx := context.Background()
	_, _, err := report.Refresh(ctx, s.db, testBy, testWave, "test", testDay, nil)
	must(t, err)
	r, err := s.db.Release(ctx, testWave, survey.StateProvisional)
	must(t, err)
	withhold := func(which func(*survey.Figure) bool) {
		for i := range r.Figures {
			if f := &r.Figures[i]; f.Domain.Unit == unitID(0) && which(f) {
				f.State, f.Reason, f.Estimate = survey.StateWithheld, survey.ReasonFewAnswers, analysis.Undefined(0, "few")
			}
		}
		r.ID += "'"
		must(t, s.db.SaveRelease(ctx, testBy, r))
	}
	withhold(func(f *survey.Figure) bool { return f.Node == "II" || f.Node == "s24" })
	empty := i18n.T(i18n.VI, "department.too_few")
	page := s.as(survey.Department).get("/repair")
	page.want(t, http.StatusOK, i18n.T(i18n.VI, "flag_state.flag"), i18n.T(i18n.VI, "reason.few_answers", "min", 15))
	if strings.Contains(page.body, empty) {
		t.Error("the page says that there are not enough answers for anything")
	}
	r.Flags = nil
	withhold(func(*survey.Figure) bool { return true })
	must(t, s.server.Close())
	s.server, err = New(s.server.cfg)
	must(t, err)
	s.as(survey.Department).get("/repair").want(t, http.StatusOK, empty, i18n.T(i18n.VI, "department.too_few_do", "min", 15))
}

// A look at a later wave, which compares with what is published of the one before, leaves the live figures of that one as they are.
func TestLiveFiguresStayWhenALaterWaveIsRead(t *testing.T) {
	t.Parallel()
	s := newSite(t, true, func(_ *site, c *Config) { c.RefreshWait, c.RefreshShare = 0, 1e-6 })
	ctx := context.Background()
	b := s.as(survey.Analyst)
	b.get("/waves/2026-q3/scores").want(t, http.StatusOK, i18n.T(i18n.VI, "state.provisional"))
	r, err := s.db.Release(ctx, testWave, survey.StateProvisional)
	must(t, err)
	old := *r
	old.ID, old.State, old.Number, old.Figures = "published", survey.StatePublished, 1, slices.Clone(r.Figures)
	for i := range old.Figures {
		old.Figures[i].Estimate.Value -= 20
	}
	_, err = s.db.PublishRelease(ctx, testBy, &old)
	must(t, err)
	w := *mustWave(t, s)
	w.ID, w.From, w.To = "2026-q4", "2026-10-01", "2026-12-31"
	must(t, s.db.CreateWave(ctx, testBy, &w))
	later := *r
	later.ID, later.Wave = "later", w.ID
	must(t, s.db.SaveRelease(ctx, testBy, &later))
	before := b.get("/waves/2026-q3/scores")
	b.get("/waves/2026-q4/index").want(t, http.StatusOK, "Quý III 2026")
	if after := b.get("/waves/2026-q3/scores"); after.body != before.body {
		t.Error("the published release took the place of the live figures")
	}
}

// The elements of the index stand on one axis without the index itself, and the plain count beside the weighted headline.
func TestScoresCompareTheElements(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	page := s.as(survey.Analyst).get("/waves/2026-q3/scores?lang=en&framework=sipas-2022")
	page.want(t, http.StatusOK, i18n.T(i18n.EN, "scores.plain_count"), i18n.T(i18n.EN, "scores.unweighted"))
	_, after, _ := strings.Cut(page.body, `<ul class="dotrows">`)
	plot, _, ok := strings.Cut(after, "</ul>")
	if !ok {
		t.Fatal("no chart")
	}
	doc, _ := data.Framework("sipas-2022")
	f, err := survey.ParseFramework(doc)
	if err != nil {
		t.Fatal(err)
	}
	part, _ := f.Node("II")
	for _, element := range part.Children {
		if !strings.Contains(plot, element.Label.In(survey.English)) {
			t.Errorf("the first chart leaves out %q", element.Label.In(survey.English))
		}
	}
	if n := strings.Count(plot, "</li>"); n != len(part.Children) {
		t.Errorf("the first chart has %d rows, want the %d elements alone", n, len(part.Children))
	}
	if headings := strings.Count(page.body, "<h3"); headings != len(part.Children) {
		t.Errorf("%d elements with their indicators, want %d", headings, len(part.Children))
	}
	if !strings.Contains(page.body, "beta") {
		t.Error("the numbers do not name the method of their intervals")
	}
}

// Where indicators are missing, the sum stands beside what can be reached and the grade is marked incomplete.
func TestWholeNote(t *testing.T) {
	t.Parallel()
	f := &survey.Framework{ID: "law", Measure: survey.Points, Root: survey.Node{Code: "total"},
		Grades: []survey.Grade{{Code: "average", Label: survey.Text{survey.English: "Average"}}}}
	fig := survey.Figure{
		FigureKey: survey.FigureKey{Framework: "law", Node: "total", Weighting: survey.Weighted, Basis: survey.BasisInvited},
		Measure:   survey.Points, State: survey.StateProvisional, Grade: "average", GradeIncomplete: true,
		Nominal: &survey.Bounds{Max: 18}, Attainable: &survey.Bounds{Max: 8},
	}
	fig.Estimate.Value, fig.Estimate.N = 6.12, 100
	note := func(change func(*survey.Figure)) string {
		one := fig
		change(&one)
		return wholeNote(newBoard(&survey.Release{Figures: []survey.Figure{one}}), f, &f.Root, survey.Domain{}, survey.English)
	}
	got := note(func(*survey.Figure) {})
	for _, word := range []string{"6.12", "8", "76.5", "18", "Average", "incomplete"} {
		if !strings.Contains(got, word) {
			t.Errorf("the note %q does not say %q", got, word)
		}
	}
	if got := note(func(f *survey.Figure) { f.State = survey.StateWithheld }); got != "" {
		t.Errorf("a withheld sum tells %q", got)
	}
	if got := note(func(f *survey.Figure) { f.Attainable = &survey.Bounds{Max: 18 - 1e-12} }); got != "" {
		t.Errorf("a whole sum has the note %q", got)
	}
}

// Every page of figures says when they were computed, in the office's time.
func TestPagesSayWhenTheirFiguresWereMade(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	b := s.as(survey.Analyst)
	made := i18n.T(i18n.EN, "layout.made", "time", i18n.DateTime(i18n.EN, testDay))
	for _, path := range []string{"/waves/2026-q3/scores", "/waves/2026-q3/heatmap", "/waves/2026-q3/map", "/waves/2026-q3/flags", "/repair"} {
		b.get(path+"?lang=en").want(t, http.StatusOK, made)
	}
	if r := b.get("/waves?lang=en"); strings.Contains(r.body, made) {
		t.Error("a page without figures says when they were made")
	}
}

func TestAddressKeepsTheFilter(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	b := s.as(survey.Analyst)
	page := b.get(scoresPath(unitID(0)))
	unit := url.QueryEscape(string(unitID(0)))
	page.want(t, http.StatusOK, "/waves/2026-q3/heatmap?unit="+unit, `<option value="`+string(unitID(0))+`" selected>`, "?lang=en&amp;unit="+unit)
	if r := b.get("/waves/2026-q3/scores?wave=2026-q3&unit=" + unit); r.status != http.StatusOK {
		t.Errorf("the same wave as a parameter: status %d", r.status)
	}
	b.get("/waves/2026-q3/scores?wave=none").want(t, http.StatusNotFound)
	b.get("/waves/2026-q3/scores?unit=none").want(t, http.StatusNotFound)
	b.get("/waves/2026-q3/scores?framework=none").want(t, http.StatusNotFound)
	b.get("/waves/2026-q3/map?indicator=none").want(t, http.StatusNotFound)
	b.get("/papi?province=Atlantis").want(t, http.StatusNotFound)
	b.get("/papi?year=1999").want(t, http.StatusNotFound)

	second := *mustWave(t, s)
	second.ID = "2026-q4"
	must(t, s.db.CreateWave(context.Background(), testBy, &second))
	r := b.get("/waves/2026-q3/scores?wave=2026-q4&unit=" + unit)
	if r.status != http.StatusSeeOther || r.header.Get("Location") != "/waves/2026-q4/scores?unit="+unit {
		t.Errorf("another wave: status %d to %q", r.status, r.header.Get("Location"))
	}
	for _, page := range []string{"", "/scores", "/heatmap", "/map", "/flags"} { // nothing to compute from is a page, not a failure
		b.get("/waves/2026-q4"+page).want(t, http.StatusOK)
	}
}

func mustWave(t *testing.T, s *site) *survey.Wave {
	t.Helper()
	w, err := s.db.Wave(context.Background(), testWave)
	must(t, err)
	return w
}

// slowStore holds up every computation until it is let go, and counts them.
type slowStore struct {
	survey.Store
	gate    chan struct{}
	loads   *atomic.Int64
	started chan struct{}
}

func newSlowStore() slowStore {
	return slowStore{gate: make(chan struct{}), loads: &atomic.Int64{}, started: make(chan struct{}, 100)}
}

func (s slowStore) EachResponse(ctx context.Context, wave survey.WaveID, yield func(*survey.Response) error) error {
	s.loads.Add(1)
	s.started <- struct{}{}
	select {
	case <-s.gate:
	case <-ctx.Done():
		return ctx.Err()
	}
	return s.Store.EachResponse(ctx, wave, yield)
}

// A computation in progress is shared by those who have nothing to read yet, and holds up nobody who has.
func TestComputationHoldsUpNobody(t *testing.T) {
	t.Parallel()
	slow := newSlowStore()
	s := newSite(t, true, through(func(st survey.Store) survey.Store { slow.Store = st; return slow }),
		func(_ *site, c *Config) { c.RefreshWait = time.Millisecond })
	b := s.as(survey.Analyst)
	const readers = 8
	statuses := make(chan int, readers)
	var wg sync.WaitGroup
	for range readers {
		reader := &browser{site: s, cookies: map[string]string{"sipas_session": b.cookies["sipas_session"]}, headers: b.headers}
		wg.Go(func() { statuses <- reader.get("/waves/2026-q3/scores").status })
	}
	// What does not need figures is served meanwhile.
	b.get("/waves").want(t, http.StatusOK)
	b.get("/s/"+token(179)).want(t, http.StatusOK)
	slow.gate <- struct{}{} // lets exactly one computation go
	wg.Wait()
	for range readers {
		if status := <-statuses; status != http.StatusOK {
			t.Errorf("status %d", status)
		}
	}
	if n := slow.loads.Load(); n != 1 {
		t.Errorf("%d computations for %d readers", n, readers)
	}

	// Further answers begin another computation; until it is done the figures at hand are shown.
	for i := range 20 {
		if r := s.browser().post("/s/"+token(answeredPerUnit+i%15+60*(i/15)), goodForm()); r.status != http.StatusOK {
			t.Fatalf("answer %d: status %d", i, r.status)
		}
	}
	b.get("/waves/2026-q3/scores").want(t, http.StatusOK, "n = 135")
	running := s.server.refresh(testWave, true)
	slow.gate <- struct{}{}
	<-running.done
	must(t, running.err)
	b.get("/waves/2026-q3").want(t, http.StatusOK, "155")
}

// A server that stops does not leave its computation behind.
func TestCloseEndsComputations(t *testing.T) {
	t.Parallel()
	slow := newSlowStore()
	s := newSite(t, true, through(func(st survey.Store) survey.Store { slow.Store = st; return slow }))
	b := s.as(survey.Analyst)
	done := make(chan reply)
	go func() { done <- b.get("/waves/2026-q3/scores") }()
	<-slow.started
	must(t, s.server.Close())
	if r := <-done; r.status != http.StatusServiceUnavailable {
		t.Errorf("status %d", r.status)
	}
}

// The published release of a closed wave is what is shown, and nothing is computed any more.
func TestClosedWaveShowsWhatWasPublished(t *testing.T) {
	t.Parallel()
	slow := newSlowStore()
	s := newSite(t, true, through(func(st survey.Store) survey.Store { slow.Store = st; return slow }))
	ctx := context.Background()
	must(t, s.db.CloseWave(ctx, testBy, testWave))
	e := survey.Figure{
		FigureKey: survey.FigureKey{Framework: "sipas-2022", Node: "II", Weighting: survey.Weighted, Basis: survey.BasisInvited},
		Measure:   survey.Percent, State: survey.StatePublished,
	}
	e.Estimate.Value, e.Estimate.N, e.Estimate.Population = 71.23, 135, 360
	e.Estimate.Interval.Low, e.Estimate.Interval.High, e.Estimate.Interval.Level = 70, 72.5, 0.95
	_, err := s.db.PublishRelease(ctx, testBy, &survey.Release{
		ID: "published-1", Wave: testWave, State: survey.StatePublished, MadeAt: testDay, Program: "then", Rules: survey.DefaultRules(),
		Number: 1, Figures: []survey.Figure{e}, Weighting: survey.WeightReport{Respondents: 135, Invited: 180, Register: 360},
	})
	must(t, err)
	s.as(survey.Analyst).get("/waves/2026-q3/scores").want(t, http.StatusOK, "71,2")
	if n := slow.loads.Load(); n != 0 {
		t.Errorf("%d computations of a published wave", n)
	}
}

func TestHeadlineIsWhatTheWaveMeasures(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	f, node, err := s.server.headlineOf(context.Background(), mustWave(t, s))
	must(t, err)
	if f.ID != "sipas-2022" || node.Code != "II" {
		t.Errorf("headline %s %s, want the service part of sipas-2022", f.ID, node.Code)
	}
	if got := headline(f, map[string]bool{}); got != &f.Root {
		t.Errorf("nothing asked: headline %s", got.Code)
	}
}

func TestFacesStandBestFirst(t *testing.T) {
	t.Parallel()
	levels := func(n int) survey.Scale { return survey.Scale{Faces: true, Levels: make([]survey.Level, n)} }
	for n, want := range map[int][]int{5: {5, 4, 3, 2, 1}, 3: {5, 3, 1}, 2: {5, 1}} {
		var got []int
		for i := range n {
			got = append(got, face(levels(n), i))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d levels: faces %v, want %v", n, got, want)
		}
	}
	if face(survey.Scale{Levels: make([]survey.Level, 5)}, 0) != 0 {
		t.Error("a scale without faces got one")
	}
}

func TestFigurePropsKeepEverything(t *testing.T) {
	t.Parallel()
	target := 80.0
	f := &survey.Figure{Measure: survey.Percent, State: survey.StateProvisional, Target: &target, FigureKey: survey.FigureKey{Weighting: survey.Weighted}}
	f.Estimate.Value, f.Estimate.SE, f.Estimate.N, f.Estimate.Population, f.Estimate.EffectiveN, f.Estimate.DF = 70, 2, 100, 500, 80, 99
	f.Estimate.Interval.Low, f.Estimate.Interval.High, f.Estimate.Interval.Level, f.Estimate.Interval.Method = 66, 74, 0.95, "beta"
	p := figureProps(f, "x", survey.DefaultRules())
	if p.Value != 70 || p.SE != 2 || p.Low != 66 || p.High != 74 || p.Level != 0.95 || p.Method != "beta" || p.N != 100 || p.Of != 500 ||
		p.Effective != 80 || p.DF != 99 || p.Target != 80 || p.ScaleMin != 0 || p.ScaleMax != 100 || p.Threshold != 15 || p.State != survey.StateProvisional {
		t.Errorf("props %+v", p)
	}
	f.Attainable = &survey.Bounds{Min: 0, Max: 100 - 1e-13}
	if p := figureProps(f, "", survey.DefaultRules()); p.ScaleMax != 100 {
		t.Errorf("the axis ends at %v: it would be another axis than 100", p.ScaleMax)
	}
	if p := noFigure("", survey.Percent, survey.DefaultRules()); p.Shown() || p.State != survey.StateWithheld {
		t.Errorf("no figure is shown: %+v", p)
	}
}

func TestAdminPage(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	admin := s.as(survey.Administrator)
	page := admin.get("/admin")
	page.want(t, http.StatusOK, fleetPath, "department", communes()[0].FullVI, "left", "135")
	// What was withdrawn is not stored, whatever came in on the day.
	thanks := s.browser().post("/s/"+token(answeredPerUnit), goodForm())
	_, receipt, _ := strings.Cut(thanks.body, `name="receipt" value="`)
	receipt, _, _ = strings.Cut(receipt, `"`)
	s.browser().post("/s/"+token(answeredPerUnit)+"/withdraw", url.Values{"receipt": {receipt}}).want(t, http.StatusOK)
	if n := len(s.responses()); n != 135 || admin.get("/admin").body != page.body {
		t.Errorf("%d are stored, and the page says otherwise than before", n)
	}
}

func TestSortHeat(t *testing.T) {
	t.Parallel()
	row := func(name string, index, cell float64) pages.HeatRow {
		r := pages.HeatRow{Name: name}
		r.Index.Value, r.Index.State = index, survey.StateProvisional
		r.Cells = append(r.Cells, r.Index)
		r.Cells[0].Value = cell
		if math.IsNaN(cell) {
			r.Cells[0].State = survey.StateWithheld
		}
		return r
	}
	columns := []pages.HeatColumn{{Code: "s24"}}
	for by, want := range map[string]string{"name": "a b c", "index": "c a b", "s24": "b a c"} {
		rows := []pages.HeatRow{row("a", 2, 2), row("b", 3, 1), row("c", 1, math.NaN())}
		sortHeat(rows, columns, by)
		got := rows[0].Name + " " + rows[1].Name + " " + rows[2].Name
		if got != want {
			t.Errorf("by %s: %s, want %s", by, got, want)
		}
	}
}

// countingStore counts how often a whole release is read.
type countingStore struct {
	survey.Store
	reads *atomic.Int64
}

func (c countingStore) Release(ctx context.Context, wave survey.WaveID, state survey.State) (*survey.Release, error) {
	c.reads.Add(1)
	return c.Store.Release(ctx, wave, state)
}

// A release is large. While it is the newest it is not read again, and one that another process made is read at once.
func TestReleaseIsReadOnce(t *testing.T) {
	t.Parallel()
	reads := &atomic.Int64{}
	s := newSite(t, true, through(func(st survey.Store) survey.Store { return countingStore{st, reads} }))
	b := s.as(survey.Analyst)
	b.get("/waves/2026-q3/scores").want(t, http.StatusOK)
	after := reads.Load()
	for range 3 {
		b.get("/waves/2026-q3/heatmap").want(t, http.StatusOK)
	}
	if n := reads.Load(); n != after {
		t.Errorf("%d further reads of an unchanged release", n-after)
	}
	ctx := context.Background()
	r, err := s.db.Release(ctx, testWave, survey.StateProvisional)
	must(t, err)
	r.ID, r.DataHash = "made-elsewhere", "hash-of-another-process"
	must(t, s.db.SaveRelease(ctx, testBy, r))
	b.get("/waves/2026-q3").want(t, http.StatusOK, "hash-of-another-process")
}
