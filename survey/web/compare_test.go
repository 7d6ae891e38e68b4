package web

import (
	"context"
	"math"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"sipas/survey"
	"sipas/templates/i18n"
)

// An earlier wave that was published is what this one is compared with; what does not compare says why, and nothing withheld leaks.
func TestComparePage(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	analyst := s.as(survey.Analyst)
	analyst.get("/waves/2026-q3/compare?lang=en").want(t, http.StatusOK, i18n.T(i18n.EN, "compare.none"), i18n.T(i18n.EN, "compare.no_wave"))

	ctx := context.Background()
	w, err := s.db.Wave(ctx, testWave)
	must(t, err)
	earlier := *w
	earlier.ID, earlier.From, earlier.To = "2026-q2", "2026-04-01", "2026-06-30"
	earlier.Title = survey.Text{survey.Vietnamese: "Quý II 2026", survey.English: "Second quarter 2026"}
	must(t, s.db.CreateWave(ctx, testBy, &earlier))
	r, err := s.db.Release(ctx, testWave, survey.StateProvisional)
	must(t, err)
	r.ID, r.Wave, r.State = "published-q2", earlier.ID, survey.StatePublished
	for i := range r.Figures {
		f := &r.Figures[i]
		if f.State == survey.StateProvisional {
			f.State = survey.StatePublished
		}
		f.Estimate.Value -= 20
		if f.Node == "s27" && f.Domain == (survey.Domain{}) {
			f.State, f.Reason, f.Estimate.Value = survey.StateWithheld, survey.ReasonFewAnswers, math.NaN()
		}
	}
	r.Number = 1
	_, err = s.db.PublishRelease(ctx, testBy, r)
	must(t, err)
	page := analyst.get("/waves/2026-q3/compare?lang=en&with=2026-q2")
	page.want(t, http.StatusOK, "rose by 20.0 percentage points since Second quarter 2026, and the rise is beyond chance",
		i18n.T(i18n.EN, "compare.reason.withheld"), i18n.T(i18n.EN, "compare.reason.provisional"), communes()[0].FullEN)
	if n := strings.Count(page.body, i18n.T(i18n.EN, "compare.reason.provisional")); n != 1 {
		t.Errorf("what holds for every figure is said %d times", n)
	}
	analyst.get("/waves/2026-q3/compare?lang=vi&unit="+url.QueryEscape(string(unitID(0)))+"&against="+url.QueryEscape(string(unitID(1)))).
		want(t, http.StatusOK, i18n.T(i18n.VI, "compare.reason.same_release"))

	// Two releases of one wave: they rest on the same answers, so their difference has no error.
	for i := range r.Figures {
		r.Figures[i].Estimate.Value += 3
	}
	r.ID, r.Number, r.Supersedes, r.Reason = "published-q2-2", 2, 1, "The register was completed."
	_, err = s.db.PublishRelease(ctx, testBy, r)
	must(t, err)
	const first, second = "Second quarter 2026, release 1", "Second quarter 2026, release 2"
	for _, address := range []string{"/waves/2026-q2/compare?lang=en&release=2&with=2026-q2/1", "/waves/2026-q2/compare?lang=en&release=2"} {
		analyst.get(address).want(t, http.StatusOK, "differs by 3.0 percentage points from "+first, second, i18n.T(i18n.EN, "compare.reason.same_answers"))
	}
	analyst.get("/waves/2026-q3/compare?lang=en&with=2026-q2/1").want(t, http.StatusOK, "rose by 20.0 percentage points since "+first)
	analyst.get("/waves/2026-q3/compare?lang=en&with=2026-q2").want(t, http.StatusOK, "rose by 17.0 percentage points since Second quarter 2026")
	analyst.get("/waves/2026-q2/compare?release=3").want(t, http.StatusNotFound)
	analyst.get("/waves/2026-q3/compare?unit=nobody").want(t, http.StatusNotFound)
	s.as(survey.Department).get("/waves/2026-q3/compare").want(t, http.StatusForbidden)
}
