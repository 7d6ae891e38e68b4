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

// releases holds the newest figures of each wave, and which waves are being computed.
type releases struct {
	mu      sync.Mutex
	boards  map[survey.WaveID]*board
	flights map[survey.WaveID]*flight
}

// flight is one computation, which any number of pages may wait for.
type flight struct {
	done  chan struct{}
	board *board
	err   error
}

// longestRefresh ends a computation that has gone astray.
const longestRefresh = 5 * time.Minute

// refresher is who a computation that a page began is done by.
func refresher() survey.Actor {
	return survey.Actor{User: "web-pages", Name: "web pages", Role: survey.Administrator}
}

// board returns the figures of a wave. It asks for newer ones, waits a moment for them, and shows those at hand when that takes longer:
// a computation in progress holds up nobody who has something to read. Without any figures it waits for the first. A published
// release of a closed wave is final. The error is CodeRegisterEmpty or CodeNoAnswers where there is nothing to compute from.
func (s *Server) board(ctx context.Context, w *survey.Wave) (*board, error) {
	if w.State == survey.WaveClosed {
		b, err := s.published(ctx, w.ID)
		if err == nil || !survey.IsCode(err, survey.CodeNotFound) {
			return b, err
		}
	}
	fl := s.refresh(w.ID)
	if at := s.atHand(w.ID); at != nil {
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
			s.log.WarnContext(ctx, "older figures shown", slog.String("wave", string(w.ID)), slog.String("cause", fl.err.Error()))
			return at, nil
		}
		return fl.board, nil
	}
	select {
	case <-fl.done:
		return fl.board, fl.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *Server) atHand(wave survey.WaveID) *board {
	s.releases.mu.Lock()
	defer s.releases.mu.Unlock()
	return s.releases.boards[wave]
}

// published returns the release of a wave that never changes.
func (s *Server) published(ctx context.Context, wave survey.WaveID) (*board, error) {
	id, err := s.store.ReleaseID(ctx, wave, survey.StatePublished)
	if err != nil {
		return nil, err
	}
	if at := s.atHand(wave); at != nil && at.ID == id {
		return at, nil
	}
	r, err := s.store.Release(ctx, wave, survey.StatePublished)
	if err != nil {
		return nil, err
	}
	return s.keep(wave, r), nil
}

// keep makes a release the one at hand.
func (s *Server) keep(wave survey.WaveID, r *survey.Release) *board {
	s.releases.mu.Lock()
	defer s.releases.mu.Unlock()
	if at := s.releases.boards[wave]; at != nil && at.ID == r.ID && at.MadeAt.Equal(r.MadeAt) {
		return at
	}
	if s.releases.boards == nil {
		s.releases.boards = map[survey.WaveID]*board{}
	}
	b := newBoard(r)
	s.releases.boards[wave] = b
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
	if at := r.server.atHand(wave); at != nil && at.State == state {
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

// refresh begins a computation, or joins the one in progress. It outlives the request that began it, and ends with the server.
func (s *Server) refresh(wave survey.WaveID) *flight {
	s.releases.mu.Lock()
	defer s.releases.mu.Unlock()
	if fl := s.releases.flights[wave]; fl != nil {
		return fl
	}
	if s.releases.flights == nil {
		s.releases.flights = map[survey.WaveID]*flight{}
	}
	fl := &flight{done: make(chan struct{})}
	s.releases.flights[wave] = fl
	s.worker.Go(func() {
		ctx, cancel := context.WithTimeout(s.life, longestRefresh)
		defer cancel()
		defer func() {
			if value := recover(); value != nil {
				fl.err = survey.Errorf(survey.CodeInternal, "refresh figures", "%w", &panicked{value: value})
			}
			s.releases.mu.Lock()
			delete(s.releases.flights, wave)
			s.releases.mu.Unlock()
			close(fl.done)
		}()
		r, _, err := report.Refresh(ctx, remembering{s.store, s}, refresher(), wave, s.cfg.Program, s.clock(), nil)
		if err != nil {
			fl.err = err
			return
		}
		fl.board = s.keep(wave, r)
	})
	return fl
}
