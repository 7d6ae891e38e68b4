package web

import (
	"context"
	"net/http"
	"strings"

	"sipas/survey"
	"sipas/templates/pages"
)

// admin shows who may sign in, how many kiosks there are, and how much is stored.
func (s *Server) admin(c *call) error {
	rows, waves, err := s.waveRows(c)
	if err != nil {
		return err
	}
	units, err := s.unitDirectory(c.ctx())
	if err != nil {
		return err
	}
	var latest *survey.Wave
	if len(waves) > 0 {
		latest = waves[0]
	}
	v := pages.AdminView{Shell: s.staffShell(c, "admin", latest), Waves: rows, Version: s.cfg.Program, DataDir: s.cfg.DataDir, KiosksHref: fleetPath, FrameworksHref: frameworksPath, AssessmentsHref: assessmentsPath}
	if v.Users, err = s.userRows(c.ctx(), units, c.lang); err != nil {
		return err
	}
	received, err := s.received(c.ctx(), waves)
	if err != nil {
		return err
	}
	points, err := s.store.Points(c.ctx())
	if err != nil {
		return err
	}
	for _, p := range points {
		if !p.Revoked {
			v.Kiosks++
		}
	}
	transactions, invitations := 0, 0
	for _, r := range rows {
		transactions += r.Register
		invitations += r.Invited
	}
	v.Counts = []pages.CountRow{
		{Key: "transactions", Value: transactions}, {Key: "invitations", Value: invitations},
		{Key: "responses", Value: received}, {Key: "units", Value: len(units.all)},
	}
	return c.page(http.StatusOK, pages.Admin(v))
}

func (s *Server) userRows(ctx context.Context, units *directory, l survey.Lang) ([]pages.UserRow, error) {
	users, err := s.store.Users(ctx)
	if err != nil {
		return nil, err
	}
	rows := make([]pages.UserRow, 0, len(users))
	for _, u := range users {
		var names []string
		for _, id := range u.Units {
			names = append(names, units.name(id, l))
		}
		rows = append(rows, pages.UserRow{Name: u.Name, Role: string(u.Role), Unit: strings.Join(names, " · "), Active: !u.Disabled})
	}
	return rows, nil
}

// received counts the responses that are stored. It reads one row of each wave, not the responses.
func (s *Server) received(ctx context.Context, waves []*survey.Wave) (int, error) {
	all := 0
	for _, w := range waves {
		state, err := s.store.AnswersState(ctx, w.ID)
		if err != nil {
			return all, err
		}
		all += state.Invited + state.WalkIns
	}
	return all, nil
}
