package web

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"sipas/survey"
	"sipas/survey/report"
)

// board is a release with its figures by key, ready for pages. It is never changed: pages share it.
type board struct {
	*survey.Release
	figures map[survey.FigureKey]*survey.Figure
}

func newBoard(r *survey.Release) *board {
	b := &board{Release: r, figures: make(map[survey.FigureKey]*survey.Figure, len(r.Figures))}
	for i := range r.Figures {
		b.figures[r.Figures[i].FigureKey] = &r.Figures[i]
	}
	return b
}

// figure returns the figure of a node for a part of the register.
func (b *board) figure(framework, node string, d survey.Domain, w survey.Weighting, basis survey.Basis) (*survey.Figure, bool) {
	f, ok := b.figures[survey.FigureKey{Framework: framework, Node: node, Domain: d, Weighting: w, Basis: basis}]
	return f, ok
}

// releases holds the newest figures of each wave, which waves are being computed, and until when none is begun.
type releases struct {
	mu      sync.Mutex
	reading sync.Mutex // of what is stored, so that many pages read it once
	boards  map[boardKey]*board
	flights map[survey.WaveID]*flight
	paused  map[survey.WaveID]time.Time
}

// boardKey names what a wave can show at the same time: its live figures and its newest published release.
type boardKey struct {
	wave  survey.WaveID
	state survey.State
}

// flight is one computation, which any number of pages may wait for.
type flight struct {
	done  chan struct{}
	board *board
	err   error
}

const (
	// longestRefresh ends a computation that has gone astray. Ten million answers take minutes.
	longestRefresh = time.Hour
	// longestFirst is how long a page waits for the first figures of a wave; then it says that they will be there in a moment. A
	// browser, and the server itself, would give up a little later and say nothing.
	longestFirst = 15 * time.Second
	// refreshShare is the part of the time in which a wave's figures may be looked after: after a computation, and after a look
	// whether one is due, nothing is begun for four times as long as it took. A small wave is up to date within a second; a big one
	// leaves the machine to the answers and the pages, and its figures hardly move meanwhile.
	refreshShare = 0.2
)

// refresher is who a computation that a page began is done by.
func refresher() survey.Actor {
	return survey.Actor{User: "web-pages", Name: "web pages", Role: survey.Administrator}
}

// board returns the figures of a wave: those at hand, or else those that are stored, as after a restart. It asks for newer ones and does
// not wait for them, unless the configuration says so: a page costs the same however many answers there are. Only where there
// is nothing to show at all it waits for the first figures. A published release of a closed wave is final. The error is
// CodeRegisterEmpty or CodeNoAnswers where there is nothing to compute from.
func (s *Server) board(ctx context.Context, w *survey.Wave) (*board, error) {
	if w.State == survey.WaveClosed {
		b, err := s.published(ctx, w.ID)
		if err == nil || !survey.IsCode(err, survey.CodeNotFound) {
			return b, err
		}
	}
	at, err := s.shown(ctx, w.ID)
	nothing := survey.IsCode(err, survey.CodeNotFound)
	if err != nil && !nothing {
		return nil, err
	}
	fl := s.refresh(w.ID, nothing)
	if nothing {
		timer := time.NewTimer(max(longestFirst, s.cfg.RefreshWait))
		defer timer.Stop()
		select {
		case <-fl.done:
			return fl.board, fl.err
		case <-timer.C:
			return nil, survey.Errorf(survey.CodeUnavailable, "show figures", "the first figures of wave %s are being computed", w.ID)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if fl == nil || s.cfg.RefreshWait == 0 {
		return at, nil
	}
	timer := time.NewTimer(s.cfg.RefreshWait)
	defer timer.Stop()
	select {
	case <-fl.done:
	case <-timer.C:
		return at, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if fl.err != nil {
		return at, nil
	}
	return fl.board, nil
}

// shown returns the live figures at hand, or those that are stored, or CodeNotFound.
func (s *Server) shown(ctx context.Context, wave survey.WaveID) (*board, error) {
	if at := s.atHand(wave, survey.StateProvisional); at != nil {
		return at, nil
	}
	s.releases.reading.Lock()
	defer s.releases.reading.Unlock()
	if at := s.atHand(wave, survey.StateProvisional); at != nil {
		return at, nil
	}
	r, err := s.store.Release(ctx, wave, survey.StateProvisional)
	if err != nil {
		return nil, err
	}
	return s.keep(r), nil
}

// since returns how many answers came after those that a board was made of.
func (s *Server) since(ctx context.Context, b *board) (int, error) {
	if b.Answers == nil {
		return 0, nil
	}
	now, err := s.store.AnswersState(ctx, b.Wave)
	if err != nil {
		return 0, err
	}
	return max(0, now.Invited+now.WalkIns-b.Answers.Invited-b.Answers.WalkIns), nil
}

func (s *Server) atHand(wave survey.WaveID, state survey.State) *board {
	s.releases.mu.Lock()
	defer s.releases.mu.Unlock()
	return s.releases.boards[boardKey{wave, state}]
}

// published returns the release of a wave that never changes.
func (s *Server) published(ctx context.Context, wave survey.WaveID) (*board, error) {
	id, err := s.store.ReleaseID(ctx, wave, survey.StatePublished)
	if err != nil {
		return nil, err
	}
	if at := s.atHand(wave, survey.StatePublished); at != nil && at.ID == id {
		return at, nil
	}
	r, err := s.store.Release(ctx, wave, survey.StatePublished)
	if err != nil {
		return nil, err
	}
	return s.keep(r), nil
}

// keep makes a release the one of its wave and state that is at hand.
func (s *Server) keep(r *survey.Release) *board {
	key := boardKey{r.Wave, r.State}
	s.releases.mu.Lock()
	defer s.releases.mu.Unlock()
	if at := s.releases.boards[key]; at != nil && at.ID == r.ID && at.MadeAt.Equal(r.MadeAt) {
		return at
	}
	if s.releases.boards == nil {
		s.releases.boards = map[boardKey]*board{}
	}
	b := newBoard(r)
	s.releases.boards[key] = b
	return b
}

// remembering is the store to a computation that asks for the release before it: the one at hand need not be read again while
// it is the current one.
type remembering struct {
	survey.Store
	server *Server
}

// Release returns the release at hand when the store says that it is the newest.
func (r remembering) Release(ctx context.Context, wave survey.WaveID, state survey.State) (*survey.Release, error) {
	if at := r.server.atHand(wave, state); at != nil {
		id, err := r.Store.ReleaseID(ctx, wave, state)
		if err != nil {
			return nil, err
		}
		if id == at.ID {
			return at.Release, nil
		}
	}
	return r.Store.Release(ctx, wave, state)
}

// refresh begins to look whether a computation is due, and to compute, or joins who does. It is nil in a pause, which whoever has nothing to
// show does not keep. What it begins outlives the request, and ends with the server.
func (s *Server) refresh(wave survey.WaveID, first bool) *flight {
	s.releases.mu.Lock()
	defer s.releases.mu.Unlock()
	if fl := s.releases.flights[wave]; fl != nil {
		return fl
	}
	if !first && time.Now().Before(s.releases.paused[wave]) {
		return nil
	}
	if s.releases.flights == nil {
		s.releases.flights, s.releases.paused = map[survey.WaveID]*flight{}, map[survey.WaveID]time.Time{}
	}
	fl := &flight{done: make(chan struct{})}
	s.releases.flights[wave] = fl
	s.worker.Go(func() {
		begun := time.Now()
		ctx, cancel := context.WithTimeout(s.life, longestRefresh)
		defer cancel()
		defer func() {
			if value := recover(); value != nil {
				fl.err = survey.Errorf(survey.CodeInternal, "refresh figures", "%w", &panicked{value: value})
			}
			took := time.Since(begun)
			s.releases.mu.Lock()
			delete(s.releases.flights, wave)
			s.releases.paused[wave] = time.Now().Add(time.Duration(float64(took) * (1/s.cfg.RefreshShare - 1)))
			s.releases.mu.Unlock()
			close(fl.done)
		}()
		r, computed, err := report.Refresh(ctx, remembering{s.store, s}, refresher(), wave, s.cfg.Program, s.clock(), nil)
		if err != nil {
			fl.err = err
			if s.atHand(wave, survey.StateProvisional) != nil && s.life.Err() == nil {
				s.log.WarnContext(ctx, "older figures shown", slog.String("wave", string(wave)), slog.String("cause", err.Error()))
			}
			return
		}
		fl.board = s.keep(r)
		if computed {
			s.log.InfoContext(ctx, "figures computed", slog.String("wave", string(wave)), slog.Duration("took", time.Since(begun)),
				slog.Int("answers", r.Answers.Invited+r.Answers.WalkIns))
		}
	})
	return fl
}
