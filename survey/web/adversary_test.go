package web

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"sipas/data"
	"sipas/survey"
	"sipas/survey/report"
	"sipas/survey/report/adversary"
)

// The wave of this test: three units by three fields, two of which are one group, and walk-ins in two months, after a wave that is published.
const watchedWave survey.WaveID = "2026-q4"

var (
	watchedFields = [][2]string{{"Hộ tịch", "Tư pháp"}, {"Chứng thực", "Tư pháp"}, {"Đất đai", "Tài nguyên"}}
	// invited answers and walk-ins by unit; of the invited, half are of the first field and a fifth of the last
	watchedAnswers = [3][2]int{{72, 40}, {60, 24}, {22, 6}}
)

// watched makes the wave and somebody who watches it.
func watched(t *testing.T) *reader {
	ctx := context.Background()
	s := newSite(t, true)
	before, _, err := report.Publish(ctx, s.db, testBy, testWave, report.PublishOptions{Program: "test"}, testDay, nil)
	must(t, err)
	w, err := s.db.Wave(ctx, testWave)
	must(t, err)
	w.ID, w.From, w.To, w.Title = watchedWave, "2026-10-01", "2026-12-31", survey.Text{survey.English: string(watchedWave), survey.Vietnamese: string(watchedWave)}
	must(t, s.db.CreateWave(ctx, testBy, w))
	draw := &survey.Draw{Wave: watchedWave, Number: 1, Fraction: 0.5, Seed: 1, Map: []byte(`{}`), AsOf: "2026-12-31", Covered: map[string]survey.ClassID{}}
	var register []survey.Transaction
	var invitations []survey.Invitation
	for c := range 9 {
		class := survey.Class{
			ID: watchedClass(c), Wave: watchedWave, Draw: 1, Population: 80, Invited: 40,
			Labels: [survey.Dims]string{string(unitID(c / 3)), "*", watchedFields[c%3][1], watchedFields[c%3][0], "*", "*"},
		}
		draw.Classes = append(draw.Classes, class)
		for i := range class.Population {
			month := fmt.Sprintf("2026-1%d", i%2)
			tr := survey.Transaction{
				Dossier: fmt.Sprintf("Q4.%d-%04d", c, i), Procedure: "1.000001", Field: watchedFields[c%3][0], Unit: unitID(c / 3),
				Channel: survey.ChannelCounter, Received: survey.Day(month + "-03"), Due: survey.Day(month + "-10"), Returned: survey.Day(month + "-09"),
			}
			register = append(register, tr)
			draw.Covered[tr.Dossier] = class.ID
			if i < class.Invited {
				invitations = append(invitations, survey.Invitation{TokenHash: watchedToken(c, i).Hash(), Wave: watchedWave, Dossier: tr.Dossier, Class: class.ID})
			}
		}
	}
	_, err = s.db.PutTransactions(ctx, testBy, watchedWave, register)
	must(t, err)
	must(t, s.db.SaveDraw(ctx, testBy, draw, invitations, nil))
	r := &reader{
		site: s, test: t, inside: s.as(survey.Analyst), outside: s.browser(), department: s.as(survey.Department), wave: watchedWave,
		units: map[string]survey.UnitID{}, earlier: byFigureKey(before), files: map[string]string{}, lines: map[string]int{},
		domains: []survey.Domain{{}, {Unit: unitID(0)}, {Unit: unitID(1)}, {Unit: unitID(2)}},
	}
	for _, ref := range w.Frameworks {
		f, err := s.db.Framework(ctx, ref)
		must(t, err)
		r.frameworks = append(r.frameworks, f)
	}
	for i, u := range communes() {
		r.units[u.FullEN] = unitID(i)
	}
	for _, field := range []string{"Tư pháp", "Tài nguyên", "Chứng thực", "Hộ tịch", "Đất đai"} {
		r.domains = append(r.domains, survey.Domain{Field: field})
	}
	r.adversary = adversary.New(r.frameworks)
	return r
}

func watchedClass(c int) survey.ClassID { return survey.ClassID(fmt.Sprintf("1.%d", c+1)) }

func watchedToken(c, i int) survey.Token {
	return survey.TokenFromBytes([16]byte{1: 7, 2: byte(c), 3: byte(i)})
}

// answering is one who is going to answer: invited by a class, or a walk-in of a unit and month.
type answering struct {
	id   survey.ResponseID
	walk bool
	unit int
	at   int // class or month
}

// everybody lists who answers, in the order of their coming.
func everybody(rng *rand.Rand) []answering {
	var all []answering
	var used [9]int
	for u, n := range watchedAnswers {
		for i := range n[0] {
			c := 3*u + []int{0, 0, 0, 0, 0, 1, 1, 1, 2, 2}[i%10]
			all = append(all, answering{testKey.ResponseID(watchedToken(c, used[c])), false, u, c})
			used[c]++
		}
		for i := range n[1] {
			all = append(all, answering{testKey.ResponseID(survey.TokenFromBytes([16]byte{1: 8, 2: byte(u), 3: byte(i)})), true, u, i % 2})
		}
	}
	rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

func (r *reader) save(in *survey.Instrument, who answering, revision int, rng *rand.Rand) {
	r.t.Helper()
	x := survey.Response{
		ID: who.id, Wave: watchedWave, Instrument: in.Ref(), Mode: survey.ModeWeb, Source: survey.Invited, Class: watchedClass(who.at),
		Language: survey.Vietnamese, Modules: in.DrawModules(0), Revision: revision, Disposition: survey.Complete, Answers: map[string]int{},
	}
	if who.walk {
		x.Mode, x.Source, x.Class, x.Unit, x.Month = survey.ModeKiosk, survey.WalkIn, "", unitID(who.unit), fmt.Sprintf("2026-1%d", who.at)
	}
	for _, it := range in.Items {
		x.Answers[it.Code] = 3 + rng.IntN(3)
		if it.Code == "s36" && rng.IntN(8) == 0 {
			x.Answers[it.Code] = survey.AnswerDontKnow
		}
		if it.Code == "s29" && who.unit == 0 {
			x.Answers[it.Code] = 1 + rng.IntN(3) // so that there are flags
		}
	}
	if revision == 1 {
		x.Disposition = survey.Partial
	}
	x.ContentHash = testKey.ContentHash(&x, "")
	_, err := r.db.SaveReceipt(context.Background(), survey.Receipt{Response: x, Day: "2026-10-20"})
	must(r.t, err)
}

// Somebody with an account opens every live page after every few answers, takes every file under every filter, reads every publication and its files,
// and keeps it all. The answers go into the real store, drafts first and corrected later; some are withdrawn, and what a clerk
// pressed is deleted. Nothing says more than the release behind it, and no cell under fifteen follows from all of it together.
func TestPagesAndFilesOverTimeTellNoFew(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	r := watched(t)
	doc, _ := data.Instrument("web-2026")
	in, err := survey.ParseInstrument(doc)
	must(t, err)
	classes, err := r.db.Classes(ctx, watchedWave)
	must(t, err)
	rng := rand.New(rand.NewPCG(11, 12))
	waiting := everybody(rng)
	var drafts, done []answering
	releases, withdrawn, deleted := 0, 0, 0
	for step := 0; len(waiting) > 0; step++ {
		n := min(len(waiting), 6+rng.IntN(28))
		for _, who := range waiting[:n] {
			if !who.walk && rng.IntN(4) == 0 {
				r.save(in, who, 1, rng)
				drafts = append(drafts, who)
				continue
			}
			r.save(in, who, 2, rng)
			done = append(done, who)
		}
		waiting = waiting[n:]
		if len(drafts) > 0 && rng.IntN(2) == 0 {
			r.save(in, drafts[0], 2, rng)
			drafts = drafts[1:]
		}
		for range step % 3 { // invited and walk-ins alike
			i := rng.IntN(len(done))
			if err := r.db.WithdrawResponse(ctx, done[i].id); err == nil {
				withdrawn++
			}
			done = append(done[:i], done[i+1:]...)
		}
		if step == 6 {
			deleted, err = r.db.DeleteWalkIns(ctx, testBy, watchedWave, unitID(1), "2026-10", "thử máy")
			must(t, err)
		}
		r.adversary.Day(classes, r.responsesOf(watchedWave))
		if step%4 == 3 {
			_, _, err := report.Publish(ctx, r.db, testBy, watchedWave, report.PublishOptions{Program: "test", Reason: "more answers came in"},
				testDay.Add(time.Duration(step)*time.Hour), nil)
			must(t, err)
			releases++
			r.published(releases)
		}
		all := step == 3 || len(waiting) == 0
		r.livePages(step, all)
		r.liveFiles(step, all)
		r.adversary.Look(r.live)
	}
	r.same()
	r.workbooks()
	for _, f := range append(r.adversary.Faults(), r.adversary.Recovered([]string{"s24", "s29", "s36"}, 15)...) {
		t.Error(f)
	}
	if n := r.adversary.Advanced(3); n < 100 || withdrawn < 8 || deleted < 3 || releases < 2 {
		t.Errorf("%d figures advanced, %d withdrawn, %d deleted, %d releases: nothing could be told", n, withdrawn, deleted, releases)
	}
	for _, page := range []string{"index", "scores", "units", "heatmap", "map", "history", "flags", "json", "csv"} {
		if r.lines[page] < 10 {
			t.Errorf("%d lines of %s were read", r.lines[page], page)
		}
	}
}
