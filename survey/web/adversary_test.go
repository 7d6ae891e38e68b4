package web

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"sipas/data"
	"sipas/survey"
	"sipas/survey/report"
	"sipas/survey/report/adversary"
)

var answersOnPage = regexp.MustCompile(`n = (\d+)`)

// Somebody with an account opens every live page after every few answers, reads every publication, and keeps it all. The answers go into the real
// store, drafts first and corrected later; nothing on the pages is newer than the release behind them, and no cell under fifteen
// follows from all of them together.
func TestPagesOverTimeTellNoFew(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := newSite(t, false)
	analyst := s.as(survey.Analyst)
	doc, _ := data.Instrument("web-2026")
	in, err := survey.ParseInstrument(doc)
	must(t, err)
	w, err := s.db.Wave(ctx, testWave)
	must(t, err)
	classes, err := s.db.Classes(ctx, testWave)
	must(t, err)
	var frameworks []*survey.Framework
	for _, ref := range w.Frameworks {
		f, err := s.db.Framework(ctx, ref)
		must(t, err)
		frameworks = append(frameworks, f)
	}
	rng := rand.New(rand.NewPCG(11, 12))
	var waiting []int
	for u, n := range []int{60, 60, 22} {
		for i := range n {
			waiting = append(waiting, u*perUnit/2+i)
		}
	}
	rng.Shuffle(len(waiting), func(i, j int) { waiting[i], waiting[j] = waiting[j], waiting[i] })
	save := func(token, revision int) {
		r := survey.Response{
			ID: testKey.ResponseID(testTokens()[token]), Wave: testWave, Instrument: in.Ref(), Mode: survey.ModeWeb,
			Source: survey.Invited, Class: survey.ClassID(fmt.Sprintf("1.%d", token/(perUnit/2)+1)), Language: survey.Vietnamese,
			Modules: in.DrawModules(0), Revision: revision, Disposition: survey.Complete, Answers: map[string]int{},
		}
		for _, it := range in.Items {
			r.Answers[it.Code] = 3 + rng.IntN(3)
		}
		if revision == 1 {
			r.Disposition = survey.Partial
		}
		r.ContentHash = testKey.ContentHash(&r, "")
		_, err := s.db.SaveReceipt(ctx, survey.Receipt{Response: r, Day: "2026-08-20"})
		must(t, err)
	}
	a := adversary.New(frameworks)
	var drafts []int
	for step := 0; len(waiting) > 0; step++ {
		n := min(len(waiting), 2+rng.IntN(17))
		for _, token := range waiting[:n] {
			if rng.IntN(4) == 0 {
				save(token, 1)
				drafts = append(drafts, token)
				continue
			}
			save(token, 2)
		}
		waiting = waiting[n:]
		if len(drafts) > 0 && rng.IntN(2) == 0 {
			save(drafts[0], 2)
			drafts = drafts[1:]
		}
		a.Day(classes, s.responses())
		if step%5 == 4 {
			r, _, err := report.Publish(ctx, s.db, testBy, testWave, report.PublishOptions{Program: "test", Reason: "more answers came in"},
				testDay.Add(time.Duration(step)*time.Hour), nil)
			must(t, err)
			a.Look(r)
		}
		var bodies []string
		for _, path := range []string{
			"/waves/2026-q3", "/waves/2026-q3/scores", "/waves/2026-q3/heatmap", "/waves/2026-q3/map", "/waves/2026-q3/flags", "/repair",
			scoresPath(unitID(0)), scoresPath(unitID(1)), scoresPath(unitID(2)),
		} {
			page := analyst.get(path)
			page.want(t, http.StatusOK)
			bodies = append(bodies, page.body)
		}
		r, err := s.db.Release(ctx, testWave, survey.StateProvisional)
		must(t, err)
		a.Look(r)
		numbers := []int{r.Weighting.Respondents, r.Weighting.Invited, r.Weighting.WalkIns}
		for _, f := range r.Figures {
			numbers = append(numbers, f.Estimate.N)
		}
		for _, body := range bodies {
			for _, m := range answersOnPage.FindAllStringSubmatch(body, -1) {
				if n, _ := strconv.Atoi(m[1]); !slices.Contains(numbers, n) {
					t.Errorf("step %d: a page says n = %d, which no figure of its release has", step, n)
				}
			}
		}
	}
	for _, f := range append(a.Faults(), a.Recovered([]string{"s24", "s29", "s36"}, 15)...) {
		t.Error(f)
	}
	if n := a.Advanced(3); n < 50 {
		t.Errorf("only %d figures advanced: nothing could be told", n)
	}
}
