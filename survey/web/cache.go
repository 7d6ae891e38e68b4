package web

import (
	"context"
	"sync"
	"time"

	"sipas/survey"
)

// unitsFor is how long names of units are kept: they change by a command, a few times in a year.
const unitsFor = time.Minute

// cache keeps what rarely or never changes, so that a page does not read it again. Nothing in it speaks of an answer.
type cache struct {
	mu          sync.Mutex
	units       *directory
	unitsAt     time.Time
	instruments map[survey.InstrumentRef]*survey.Instrument
	frameworks  map[survey.FrameworkRef]*survey.Framework
	classes     map[survey.WaveID]map[survey.ClassID]survey.Class
	waves       map[survey.WaveID]seenWave
}

// seenWave is a wave as it was a moment ago.
type seenWave struct {
	wave *survey.Wave
	at   time.Time
}

// waveFor is how long a wave is believed to be as it was. A store takes no answer to one that was closed meanwhile.
const waveFor = 2 * time.Second

// recentWave returns a wave as it was a moment ago at most, so that a backlog of answers does not read it for each.
func (s *Server) recentWave(ctx context.Context, id survey.WaveID) (*survey.Wave, error) {
	now := s.clock()
	s.cache.mu.Lock()
	seen, ok := s.cache.waves[id]
	s.cache.mu.Unlock()
	if ok && now.Sub(seen.at) < waveFor && !now.Before(seen.at) {
		return seen.wave, nil
	}
	w, err := s.store.Wave(ctx, id)
	if err != nil {
		return nil, err
	}
	s.cache.mu.Lock()
	defer s.cache.mu.Unlock()
	if s.cache.waves == nil {
		s.cache.waves = map[survey.WaveID]seenWave{}
	}
	s.cache.waves[id] = seenWave{w, now}
	return w, nil
}

// directory finds units by id.
type directory struct {
	all  []survey.Unit
	byID map[survey.UnitID]int
}

func newDirectory(units []survey.Unit) *directory {
	d := &directory{all: units, byID: make(map[survey.UnitID]int, len(units))}
	for i, u := range units {
		d.byID[u.ID] = i
	}
	return d
}

func (d *directory) unit(id survey.UnitID) (survey.Unit, bool) {
	i, ok := d.byID[id]
	if !ok {
		return survey.Unit{}, false
	}
	return d.all[i], true
}

// name is the unit's name in a language, or its id where it is not known: a row without a name could not be told from others.
func (d *directory) name(id survey.UnitID, l survey.Lang) string {
	if u, ok := d.unit(id); ok && u.Name.In(l) != "" {
		return u.Name.In(l)
	}
	return string(id)
}

// within reports whether a unit is another or lies below it.
func (d *directory) within(id, above survey.UnitID) bool {
	for range 10 { // deeper than any administration, and an end to a circle in bad data
		if id == above {
			return true
		}
		u, ok := d.unit(id)
		if !ok || u.Parent == "" {
			return false
		}
		id = u.Parent
	}
	return false
}

// unitDirectory returns all units.
func (s *Server) unitDirectory(ctx context.Context) (*directory, error) {
	now := s.clock()
	s.cache.mu.Lock()
	d, at := s.cache.units, s.cache.unitsAt
	s.cache.mu.Unlock()
	if d != nil && now.Sub(at) < unitsFor && !now.Before(at) {
		return d, nil
	}
	units, err := s.store.Units(ctx)
	if err != nil {
		return nil, err
	}
	d = newDirectory(units)
	s.cache.mu.Lock()
	s.cache.units, s.cache.unitsAt = d, now
	s.cache.mu.Unlock()
	return d, nil
}

// instrument returns a published questionnaire, which never changes.
func (s *Server) instrument(ctx context.Context, ref survey.InstrumentRef) (*survey.Instrument, error) {
	return kept(&s.cache.mu, &s.cache.instruments, ref, func() (*survey.Instrument, error) { return s.store.Instrument(ctx, ref) })
}

// framework returns a published framework, which never changes.
func (s *Server) framework(ctx context.Context, ref survey.FrameworkRef) (*survey.Framework, error) {
	return kept(&s.cache.mu, &s.cache.frameworks, ref, func() (*survey.Framework, error) { return s.store.Framework(ctx, ref) })
}

// kept returns what is in a map, or fetches and keeps it.
func kept[K comparable, V any](mu *sync.Mutex, m *map[K]V, key K, fetch func() (V, error)) (V, error) {
	mu.Lock()
	v, ok := (*m)[key]
	mu.Unlock()
	if ok {
		return v, nil
	}
	v, err := fetch()
	if err != nil {
		return v, err
	}
	mu.Lock()
	defer mu.Unlock()
	if *m == nil {
		*m = map[K]V{}
	}
	(*m)[key] = v
	return v, nil
}

// class returns a weighting class of a wave. Classes never change once they are drawn; a later draw adds some.
func (s *Server) class(ctx context.Context, wave survey.WaveID, id survey.ClassID) (survey.Class, error) {
	s.cache.mu.Lock()
	class, ok := s.cache.classes[wave][id]
	s.cache.mu.Unlock()
	if ok {
		return class, nil
	}
	all, err := s.store.Classes(ctx, wave)
	if err != nil {
		return survey.Class{}, err
	}
	byID := make(map[survey.ClassID]survey.Class, len(all))
	for _, cl := range all {
		byID[cl.ID] = cl
	}
	s.cache.mu.Lock()
	if s.cache.classes == nil {
		s.cache.classes = map[survey.WaveID]map[survey.ClassID]survey.Class{}
	}
	s.cache.classes[wave] = byID
	s.cache.mu.Unlock()
	if class, ok = byID[id]; !ok {
		return class, survey.Errorf(survey.CodeInternal, "find class", "wave %s has no class %s", wave, id)
	}
	return class, nil
}

// waveInstrument returns the questionnaire of a wave for a way of answering, or CodeInstrumentUnknown.
func (s *Server) waveInstrument(ctx context.Context, w *survey.Wave, mode survey.Mode) (*survey.Instrument, error) {
	for _, ref := range w.Instruments {
		in, err := s.instrument(ctx, ref)
		if err != nil {
			return nil, err
		}
		if in.Mode == mode {
			return in, nil
		}
	}
	return nil, survey.Errorf(survey.CodeInstrumentUnknown, "find questionnaire", "wave %s has none for %s", w.ID, mode)
}

// asked reports which items the questionnaires of a wave ask.
func (s *Server) asked(ctx context.Context, w *survey.Wave) (map[string]bool, error) {
	items := map[string]bool{}
	for _, ref := range w.Instruments {
		in, err := s.instrument(ctx, ref)
		if err != nil {
			return nil, err
		}
		for _, it := range in.Items {
			items[it.Code] = true
		}
	}
	return items, nil
}

// openWave returns the latest open wave that a unit belongs to and that can be answered in a mode, with its questionnaire. Where
// there is none it is CodeWaveClosed.
func (s *Server) openWave(ctx context.Context, unit survey.UnitID, mode survey.Mode) (*survey.Wave, *survey.Instrument, error) {
	waves, err := s.store.Waves(ctx)
	if err != nil {
		return nil, nil, err
	}
	units, err := s.unitDirectory(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, w := range waves {
		if w.State != survey.WaveOpen || !units.within(unit, w.Province) {
			continue
		}
		in, err := s.waveInstrument(ctx, w, mode)
		if survey.IsCode(err, survey.CodeInstrumentUnknown) {
			continue
		}
		return w, in, err
	}
	return nil, nil, &survey.Error{Code: survey.CodeWaveClosed, Op: "find wave"}
}
