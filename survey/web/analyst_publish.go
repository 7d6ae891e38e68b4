package web

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"sipas/survey"
	"sipas/survey/report"
	"sipas/templates/layout"
	"sipas/templates/pages"
)

// publishing is one wave on its way to everybody. It outlives the request that began it.
type publishing struct {
	done chan struct{}

	mu   sync.Mutex
	step string

	release *survey.Release // when done
	fresh   bool
	err     error
}

// publishings are those in progress, and those whose end nobody was told of yet.
type publishings struct {
	mu  sync.Mutex
	all map[survey.WaveID]*publishing
}

// reloadSeconds is how often the page of a publishing in progress asks again.
const reloadSeconds = 3

// publishPage says what will be published and that it cannot be taken back; or how far it is, where somebody began.
func (s *Server) publishPage(c *call) error {
	w, err := s.store.Wave(c.ctx(), survey.WaveID(c.param("wave")))
	if err != nil {
		return err
	}
	s.publishings.mu.Lock()
	p := s.publishings.all[w.ID]
	s.publishings.mu.Unlock()
	if p == nil {
		return s.askToPublish(c, w, http.StatusOK, nil, "")
	}
	return s.tellPublishing(c, w, p, "")
}

// publishSend begins to publish, or joins who began, and waits a moment for the end.
func (s *Server) publishSend(c *call) error {
	const op = "publish"
	w, err := s.store.Wave(c.ctx(), survey.WaveID(c.param("wave")))
	if err != nil {
		return err
	}
	if err := c.request().ParseForm(); err != nil {
		return badForm(op, err)
	}
	form := c.request().PostForm
	number, err := strconv.Atoi(form.Get("number"))
	if err != nil || number < 1 {
		return survey.Errorf(survey.CodeBadRequest, op, "the form names no number")
	}
	p := s.publish(c.actor, w.ID, report.PublishOptions{
		Reason: form.Get("reason"), Number: number, Program: s.cfg.Program, Publisher: s.cfg.Publisher, License: s.cfg.License,
	})
	timer := time.NewTimer(s.cfg.RefreshWait)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-timer.C:
	case <-c.ctx().Done():
		return c.ctx().Err()
	}
	return s.tellPublishing(c, w, p, form.Get("reason"))
}

// publish begins to publish a wave, or joins the one in progress.
func (s *Server) publish(by survey.Actor, wave survey.WaveID, o report.PublishOptions) *publishing {
	s.publishings.mu.Lock()
	defer s.publishings.mu.Unlock()
	if p := s.publishings.all[wave]; p != nil {
		select {
		case <-p.done: // nobody was told of its end; this is a new attempt
		default:
			return p
		}
	}
	if s.publishings.all == nil {
		s.publishings.all = map[survey.WaveID]*publishing{}
	}
	p := &publishing{done: make(chan struct{})}
	s.publishings.all[wave] = p
	s.worker.Go(func() {
		ctx, cancel := context.WithTimeout(s.life, longestRefresh)
		defer cancel()
		defer close(p.done)
		defer func() {
			if value := recover(); value != nil {
				p.err = survey.Errorf(survey.CodeInternal, "publish", "%w", &panicked{value: value})
			}
		}()
		p.release, p.fresh, p.err = report.Publish(ctx, s.store, by, wave, o, s.clock(), func(step string, _, _ int) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.step = step
		})
	})
	return p
}

// tellPublishing says how far a publishing is. Whoever is told of its end ends it: the next call asks anew.
func (s *Server) tellPublishing(c *call, w *survey.Wave, p *publishing, reason string) error {
	select {
	case <-p.done:
	default:
		p.mu.Lock()
		step := p.step
		p.mu.Unlock()
		action := wavePath(w.ID, "publish")
		c.header().Set("Refresh", strconv.Itoa(reloadSeconds)+"; url="+action)
		v := pages.PublishView{Shell: s.publishShell(c, w), Wave: w.Title.In(c.lang), Action: action, Running: true, Step: step}
		return c.page(http.StatusAccepted, pages.Publish(v))
	}
	s.publishings.mu.Lock()
	if s.publishings.all[w.ID] == p {
		delete(s.publishings.all, w.ID)
	}
	s.publishings.mu.Unlock()
	if p.err == nil && p.fresh {
		return c.redirect("/releases/" + string(w.ID) + "/" + strconv.Itoa(p.release.Number))
	}
	if p.err == nil {
		return s.askToPublish(c, w, http.StatusOK, p, reason)
	}
	e := normal(p.err)
	switch e.Code {
	case survey.CodeReasonRequired, survey.CodeReleasedMeanwhile, survey.CodeRegisterEmpty, survey.CodeNoAnswers, survey.CodeWeightingFailed:
		return s.askToPublish(c, w, statusOf[e.Code], p, reason)
	}
	return p.err
}

func (s *Server) publishShell(c *call, w *survey.Wave) layout.Staff {
	shell := s.staffShell(c, "results", w)
	shell.Tabs = waveTabs(c, w.ID, "publish")
	return shell
}

// askToPublish shows the page with the button, and what became of the last attempt.
func (s *Server) askToPublish(c *call, w *survey.Wave, status int, last *publishing, reason string) error {
	row, err := s.waveRow(c.ctx(), w, c.lang)
	if err != nil {
		return err
	}
	v := pages.PublishView{
		Shell: s.publishShell(c, w), Wave: w.Title.In(c.lang), Action: wavePath(w.ID, "publish"), Number: 1, Least: w.Rules.MinAnswers,
		Answers: row.Answers, WalkIns: row.WalkIns, Register: row.Register, Reason: strings.TrimSpace(reason),
	}
	r, err := s.store.Release(c.ctx(), w.ID, survey.StatePublished)
	switch {
	case err == nil:
		v.Number = r.Number + 1
		v.Before = &pages.Superseder{Number: r.Number, Href: "/releases/" + string(w.ID) + "/" + strconv.Itoa(r.Number), MadeAt: r.MadeAt.In(survey.Zone)}
	case !survey.IsCode(err, survey.CodeNotFound):
		return err
	}
	if last != nil && last.err != nil {
		v.ErrorCode = string(survey.CodeOf(last.err))
	}
	v.Unchanged = last != nil && last.err == nil
	return c.page(status, pages.Publish(v))
}
