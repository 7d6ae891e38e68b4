package web

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"sipas/survey"
)

// pageMark marks the context of a request, so that what a page asks the store is told from what it sets going beside it.
type pageMark struct{}

// countedStore is a store that counts what pages ask of it: the calls of each kind, and the rows that came back.
type countedStore struct {
	survey.Store
	mu  sync.Mutex
	all map[string]int
}

func (c *countedStore) note(ctx context.Context, what string, rows int) {
	if ctx.Value(pageMark{}) == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all == nil {
		c.all = map[string]int{}
	}
	c.all[what]++
	c.all[what+" rows"] += rows
}

func (c *countedStore) EachResponse(ctx context.Context, w survey.WaveID, yield func(*survey.Response) error) error {
	n := 0
	defer func() { c.note(ctx, "responses", n) }()
	return c.Store.EachResponse(ctx, w, func(r *survey.Response) error { n++; return yield(r) })
}
func (c *countedStore) Cells(ctx context.Context, w survey.WaveID) ([]survey.Cell, error) {
	all, err := c.Store.Cells(ctx, w)
	c.note(ctx, "cells", len(all))
	return all, err
}
func (c *countedStore) Transactions(ctx context.Context, w survey.WaveID) ([]survey.Transaction, error) {
	all, err := c.Store.Transactions(ctx, w)
	c.note(ctx, "transactions", len(all))
	return all, err
}
func (c *countedStore) RegisterCounts(ctx context.Context, w survey.WaveID) ([]survey.UnitMonthCount, error) {
	all, err := c.Store.RegisterCounts(ctx, w)
	c.note(ctx, "register", len(all))
	return all, err
}
func (c *countedStore) Classes(ctx context.Context, w survey.WaveID) ([]survey.Class, error) {
	all, err := c.Store.Classes(ctx, w)
	c.note(ctx, "classes", len(all))
	return all, err
}
func (c *countedStore) DayCounts(ctx context.Context, w survey.WaveID) ([]survey.DayCount, error) {
	all, err := c.Store.DayCounts(ctx, w)
	c.note(ctx, "days", len(all))
	return all, err
}
func (c *countedStore) Release(ctx context.Context, w survey.WaveID, s survey.State) (*survey.Release, error) {
	c.note(ctx, "release", 1)
	return c.Store.Release(ctx, w, s)
}
func (c *countedStore) AnswersState(ctx context.Context, w survey.WaveID) (survey.AnswersState, error) {
	c.note(ctx, "state", 1)
	return c.Store.AnswersState(ctx, w)
}

// open asks for a page as a browser does that is signed in.
func (c *countedStore) open(t *testing.T, s *site, b *browser, path string) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.AddCookie(&http.Cookie{Name: "sipas_session", Value: b.cookies["sipas_session"]})
	w := httptest.NewRecorder()
	s.server.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), pageMark{}, true)))
	if w.Code != http.StatusOK {
		t.Fatalf("%s: status %d", path, w.Code)
	}
}

// What a live page asks of the store is the same with a hundred times as many answers, to the row; and after a restart it shows what is
// stored at once, reading it once, while a computation hangs.
func TestPageCostsTheSameAtAHundredTimesTheAnswers(t *testing.T) {
	t.Parallel()
	costs := map[int]map[string]int{}
	for _, times := range []int{1, 100} {
		c := &countedStore{}
		s := newSite(t, true, through(func(st survey.Store) survey.Store { c.Store = st; return c }))
		var more []survey.Receipt
		for _, r := range s.responses() {
			for range times - 1 {
				r.ID, r.Source, r.Class, r.Unit, r.Month = survey.NewResponseID(), survey.WalkIn, "", survey.UnitID(communes()[0].ID), "2026-08"
				more = append(more, survey.Receipt{Response: r, Day: "2026-08-14"})
			}
		}
		must(t, s.db.SaveReceipts(context.Background(), more))
		b := s.as(survey.Analyst)
		b.get("/waves/2026-q3").want(t, http.StatusOK) // the first figures
		must(t, s.server.Close())

		slow := newSlowStore()
		slow.Store = s.db
		restarted := &countedStore{Store: slow}
		cfg := s.server.cfg
		cfg.Store, cfg.RefreshWait, cfg.Program = restarted, 0, "newer"
		var err error
		s.server, err = New(cfg)
		must(t, err)
		for _, path := range []string{"", "/scores", "/heatmap", "/flags", "", "/scores"} {
			restarted.open(t, s, b, "/waves/2026-q3"+path)
		}
		<-slow.started // a computation began, and nobody waits for it
		must(t, s.server.Close())
		costs[times] = restarted.all
	}
	if !maps.Equal(costs[1], costs[100]) {
		t.Errorf("pages ask %v of the store, and with a hundred times the answers %v", costs[1], costs[100])
	}
	for _, what := range []string{"responses", "cells", "transactions", "register"} {
		if costs[100][what] > 0 {
			t.Errorf("pages read %s", what)
		}
	}
	if costs[100]["release"] != 1 {
		t.Errorf("the stored release was read %d times by six pages", costs[100]["release"])
	}
}
