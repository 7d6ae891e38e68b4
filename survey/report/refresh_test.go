package report

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"sipas/survey"
)

// memory is a store of one wave that counts how often the answers are read.
type memory struct {
	in       *Input
	waves    []*survey.Wave
	releases map[string]*survey.Release // by wave and state
	known    *survey.Disclosed

	meanwhile func() // what happens between reading and saving
	reads     int
}

func storeOf(w *world) *memory {
	for ref := range w.in.Instruments {
		w.in.Wave.Instruments = append(w.in.Wave.Instruments, ref)
	}
	slices.SortFunc(w.in.Wave.Instruments, func(a, b survey.InstrumentRef) int { return strings.Compare(a.ID, b.ID) })
	return &memory{in: w.in, waves: []*survey.Wave{w.in.Wave}, releases: map[string]*survey.Release{}}
}

func (m *memory) Units(context.Context) ([]survey.Unit, error) { return m.in.Units, nil }
func (m *memory) Instrument(_ context.Context, ref survey.InstrumentRef) (*survey.Instrument, error) {
	if doc, ok := m.in.Instruments[ref]; ok {
		return doc, nil
	}
	return nil, &survey.Error{Code: survey.CodeInstrumentUnknown, Op: "instrument"}
}
func (m *memory) Framework(_ context.Context, ref survey.FrameworkRef) (*survey.Framework, error) {
	at := slices.IndexFunc(m.in.Frameworks, func(f *survey.Framework) bool { return f.Ref() == ref })
	if at < 0 {
		return nil, &survey.Error{Code: survey.CodeNotFound, Op: "framework"}
	}
	return m.in.Frameworks[at], nil
}
func (m *memory) Wave(_ context.Context, id survey.WaveID) (*survey.Wave, error) {
	for _, w := range m.waves {
		if w.ID == id {
			return w, nil
		}
	}
	return nil, &survey.Error{Code: survey.CodeNotFound, Op: "wave"}
}
func (m *memory) Waves(context.Context) ([]*survey.Wave, error) { return m.waves, nil }
func (m *memory) RegisterCounts(context.Context, survey.WaveID) ([]survey.UnitMonthCount, error) {
	return m.in.Register, nil
}
func (m *memory) Classes(context.Context, survey.WaveID) ([]survey.Class, error) {
	return m.in.Classes, nil
}
func (m *memory) EachResponse(_ context.Context, _ survey.WaveID, yield func(*survey.Response) error) error {
	m.reads++
	var scratch survey.Response // one value for all, as a store may do it
	inOrder := slices.Clone(m.in.Responses)
	slices.SortFunc(inOrder, func(a, b survey.Response) int { return cmp.Compare(a.ID, b.ID) })
	for _, r := range inOrder {
		scratch = r
		if err := yield(&scratch); err != nil {
			return err
		}
	}
	return nil
}
func (m *memory) Release(_ context.Context, wave survey.WaveID, state survey.State) (*survey.Release, error) {
	if r, ok := m.releases[string(wave)+string(state)]; ok {
		return r, nil
	}
	return nil, &survey.Error{Code: survey.CodeNotFound, Op: "release"}
}
func (m *memory) SaveRelease(_ context.Context, by survey.Actor, r *survey.Release) error {
	if by.Role == "" {
		return errors.New("nobody saved a release")
	}
	if m.meanwhile != nil {
		m.meanwhile()
	}
	if r.Disclosed != nil {
		if m.known != nil && m.known.Epoch+1 != r.Disclosed.Epoch {
			return &survey.Error{Code: survey.CodeConflict, Op: "save release"}
		}
		m.known = r.Disclosed
	}
	m.releases[string(r.Wave)+string(r.State)] = r
	return nil
}
func (m *memory) Disclosed(context.Context, survey.WaveID) (*survey.Disclosed, error) {
	if m.known == nil {
		return nil, &survey.Error{Code: survey.CodeNotFound, Op: "disclosed"}
	}
	return m.known, nil
}
func (m *memory) AnswersState(context.Context, survey.WaveID) (survey.AnswersState, error) {
	var s survey.AnswersState
	for _, r := range m.in.Responses {
		if r.Source == survey.Invited {
			s.Invited++
			continue
		}
		s.WalkIns++
	}
	s.Changes = int64(len(m.in.Responses))
	return s, nil
}
func (m *memory) Cells(context.Context, survey.WaveID) ([]survey.Cell, error) {
	count := map[survey.Cell]int{}
	for _, r := range m.in.Responses {
		key := survey.Cell{Source: r.Source, Class: r.Class, Unit: r.Unit, Month: r.Month, Mode: r.Mode}
		own := key
		own.Disposition = r.Disposition
		count[own]++
		for item, code := range r.Answers {
			cell := key
			cell.Item, cell.Code = item, code
			count[cell]++
		}
	}
	var cells []survey.Cell
	for c, n := range count {
		c.N = n
		cells = append(cells, c)
	}
	slices.SortFunc(cells, func(a, b survey.Cell) int {
		return cmp.Or(cmp.Compare(a.Class, b.Class), cmp.Compare(a.Unit, b.Unit), cmp.Compare(a.Item, b.Item), cmp.Compare(a.Code, b.Code))
	})
	return cells, nil
}

var noon = time.Date(2026, 10, 1, 5, 0, 0, 0, time.UTC)

func refresh(t *testing.T, m *memory) (*survey.Release, bool) {
	t.Helper()
	r, changed, err := Refresh(context.Background(), m, survey.CommandLine(), "w", "v1", noon, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r, changed
}

// A wave without answers says so without looking for them among those of all waves, as Load would.
func TestRefreshWithoutAnswersReadsNone(t *testing.T) {
	w := newWorld(t, setting{units: 3, cases: 1000, seed: 51, bare: true})
	w.in.Responses = nil
	m := storeOf(w)
	for _, code := range []survey.Code{survey.CodeNoAnswers, survey.CodeRegisterEmpty} {
		_, _, err := Refresh(context.Background(), m, survey.CommandLine(), "w", "v1", noon, nil)
		if !survey.IsCode(err, code) || m.reads != 0 {
			t.Errorf("error is %v, want %s; the answers were read %d times", err, code, m.reads)
		}
		w.in.Register = nil
	}
}

// Refresh computes when it matters, and reads no answer when it does not.
func TestRefresh(t *testing.T) {
	w := newWorld(t, setting{units: 3, cases: 3000, seed: 50})
	w.draw(t, 0.5, 50)
	m := storeOf(w)
	all := w.in.Responses
	w.in.Responses = slices.Clone(all[:200])

	first, changed := refresh(t, m)
	if !changed || first.Program != "v1" || !first.MadeAt.Equal(noon) || m.reads != 1 {
		t.Fatalf("the first time: changed %v, program %q, at %v, %d reads", changed, first.Program, first.MadeAt, m.reads)
	}
	if again, changed := refresh(t, m); changed || again.ID != first.ID || m.reads != 1 {
		t.Errorf("nothing happened, but the release changed (%v) or the answers were read (%d)", changed, m.reads)
	}
	w.in.Responses = append(w.in.Responses, all[200])
	if again, changed := refresh(t, m); changed || again.ID != first.ID || m.reads != 1 {
		t.Errorf("one answer came, and the release changed (%v) or the answers were read (%d)", changed, m.reads)
	}
	w.in.Responses = append(w.in.Responses, all[201:290]...)
	second, changed := refresh(t, m)
	if !changed || m.reads != 2 {
		t.Fatalf("ninety answers came: changed %v, %d reads", changed, m.reads)
	}
	before := map[survey.FigureKey]survey.Figure{}
	for _, f := range first.Figures {
		before[f.FigureKey] = f
	}
	stayed, advanced := 0, 0
	for _, f := range second.Figures {
		old, had := before[f.FigureKey]
		if !had || old.State != survey.StateProvisional || f.State != survey.StateProvisional || f.Estimate.N == 0 {
			continue
		}
		switch more := f.Estimate.N - old.Estimate.N; {
		case more == 0:
			stayed++
			if asJSON(t, f) != asJSON(t, old) {
				t.Errorf("%s changed without further answers", f.FigureKey)
			}
		case more < 15:
			t.Errorf("%s advanced by %d answers", f.FigureKey, more)
		default:
			advanced++
		}
	}
	if stayed == 0 || advanced == 0 {
		t.Errorf("%d figures stayed, %d advanced: this world shows nothing", stayed, advanced)
	}
	w.in.Register[0].N += 10
	if _, changed := refresh(t, m); !changed {
		t.Error("the register grew and nothing was computed")
	}
	if _, changed := refresh(t, m); changed {
		t.Error("the same register counts as new again")
	}
	w.in.Responses = w.in.Responses[:len(w.in.Responses)-20]
	if _, changed := refresh(t, m); !changed {
		t.Error("twenty answers were taken back and nothing was computed")
	}
	w.in.Register[0].N, w.in.Register[1].N = w.in.Register[0].N+5, w.in.Register[1].N-5
	if _, changed := refresh(t, m); !changed {
		t.Error("the register moved between units and nothing was computed")
	}
}

// Two computations that begin with the same state cannot both be shown: the second is computed again, from what the first one showed.
func TestRefreshAfterAnother(t *testing.T) {
	w := newWorld(t, setting{units: 2, cases: 900, seed: 53, bare: true})
	w.draw(t, 0.5, 53)
	m := storeOf(w)
	all := w.in.Responses
	w.in.Responses = all[:60]
	refresh(t, m)
	w.in.Responses = all[:120]
	other := *m
	m.meanwhile = func() {
		m.meanwhile = nil
		r, _ := refresh(t, &other)
		m.known = other.known
		m.releases[string(r.Wave)+string(r.State)] = r
	}
	r, changed := refresh(t, m)
	if !changed || r.Disclosed.Epoch != 3 || other.known.Epoch != 2 {
		t.Errorf("changed %v, epochs %d after %d", changed, r.Disclosed.Epoch, other.known.Epoch)
	}
}

// What was shown before account was kept of it is taken from the release: a figure goes on with fifteen further answers, not with fewer. And
// the same history gives the same digits.
func TestRefreshOfAnOldRelease(t *testing.T) {
	run := func() (old, now *survey.Release) {
		w := newWorld(t, setting{units: 3, cases: 2400, seed: 54, bare: true})
		w.draw(t, 0.5, 54)
		m := storeOf(w)
		all := w.in.Responses
		w.in.Responses = all[:150]
		old, _ = refresh(t, m)
		m.known = nil
		w.in.Responses = all[:190]
		now, _ = refresh(t, m)
		return old, now
	}
	old, now := run()
	before := map[survey.FigureKey]int{}
	for _, f := range old.Figures {
		before[f.FigureKey] = f.Estimate.N
	}
	stood := 0
	for _, f := range now.Figures {
		if f.State != survey.StateProvisional || before[f.FigureKey] == 0 {
			continue
		}
		switch more := f.Estimate.N - before[f.FigureKey]; {
		case more == 0:
			stood++
		case more < 15:
			t.Errorf("%s advanced by %d answers", f.FigureKey, more)
		}
	}
	if stood == 0 {
		t.Error("no figure had to stand: this world shows nothing")
	}
	if _, again := run(); asJSON(t, again) != asJSON(t, now) || string(again.Disclosed.Document) != string(now.Disclosed.Document) {
		t.Error("the same history gives another release")
	}
}

// Fifteen answers show the first figure: not one later.
func TestRefreshShowsTheFifteenth(t *testing.T) {
	w := newWorld(t, setting{units: 1, cases: 400, seed: 51, bare: true, answer: func(bool) float64 { return 1 }})
	w.draw(t, 0.5, 51)
	m := storeOf(w)
	var web []survey.Response
	for _, r := range w.in.Responses {
		if r.Instrument == webRef {
			web = append(web, r)
		}
	}
	key := survey.FigureKey{Framework: "sipas-2022", Node: "s24"}
	for _, n := range []int{3, 14, 15} {
		w.in.Responses = slices.Clone(web[:n])
		r, _ := refresh(t, m)
		f := find(t, r, key)
		if shown := f.State == survey.StateProvisional; shown != (n == 15) {
			t.Errorf("with %d answers the figure is %s, %s", n, f.State, f.Reason)
		}
	}
}

func TestLoad(t *testing.T) {
	w := newWorld(t, setting{units: 3, cases: 1000, seed: 52, bare: true})
	w.draw(t, 0.5, 52)
	w.walkIn(30, 52)
	m := storeOf(w)
	// Earlier waves: of another province, of another version of the framework, unpublished, and two that can be compared with.
	ref := w.in.Wave.Frameworks[0]
	for _, o := range []*survey.Wave{
		{ID: "other-province", From: "2026-04-01", To: "2026-06-30", Province: "79@2025-07-01", Frameworks: []survey.FrameworkRef{ref}},
		{ID: "other-version", From: "2026-04-01", To: "2026-06-30", Frameworks: []survey.FrameworkRef{{ID: ref.ID, Version: 9}}},
		{ID: "unpublished", From: "2026-04-01", To: "2026-06-30", Frameworks: []survey.FrameworkRef{ref}},
		{ID: "old", From: "2025-10-01", To: "2025-12-31", Frameworks: []survey.FrameworkRef{ref}},
		{ID: "last", From: "2026-01-01", To: "2026-03-31", Frameworks: []survey.FrameworkRef{ref}},
		{ID: "later", From: "2027-01-01", To: "2027-03-31", Frameworks: []survey.FrameworkRef{ref}},
	} {
		m.waves = append(m.waves, o)
		if o.ID != "unpublished" {
			m.releases[string(o.ID)+string(survey.StatePublished)] = &survey.Release{ID: string(o.ID), State: survey.StatePublished}
		}
	}
	in, err := Load(context.Background(), m, "w")
	if err != nil {
		t.Fatal(err)
	}
	if in.Previous == nil || in.Previous.ID != "last" {
		t.Errorf("compared with %+v", in.Previous)
	}
	if m.reads != 1 || in.Rows.Len() != len(w.in.Responses) {
		t.Fatalf("%d reads, %d of %d answers", m.reads, in.Rows.Len(), len(w.in.Responses))
	}
	in.Previous = nil
	a, _, err := Compute(context.Background(), in, nil)
	if err != nil {
		t.Fatal(err)
	}
	w.in.Program = ""
	b, _ := computeWorld(t, w)
	if asJSON(t, a) != asJSON(t, b) {
		t.Error("what was loaded is not what was stored")
	}
	m.in.Register = nil
	if _, err := Load(context.Background(), m, "w"); !survey.IsCode(err, survey.CodeRegisterEmpty) {
		t.Errorf("without a register: %v", err)
	}
	if _, err := Load(context.Background(), m, "none"); !survey.IsCode(err, survey.CodeNotFound) {
		t.Errorf("without the wave: %v", err)
	}
}
