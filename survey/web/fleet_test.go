package web

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"sipas/survey"
	"sipas/templates/i18n"
)

// tells sends a beat of a tablet about which nothing is to be said, but for the change.
func (d *tablet) tells(change func(b *KioskBeat)) {
	d.t.Helper()
	b := KioskBeat{
		Queue: d.queue, Program: "test", Last: d.seq, Now: d.site.now.UnixMilli(), Persistence: "granted", Used: 1, Room: 100, PxPerMM: 5.9, Battery: -1,
	}
	if change != nil {
		change(&b)
	}
	body, err := json.Marshal(b)
	must(d.t, err)
	d.json("/kiosk/beat", string(body)).want(d.t, http.StatusOK)
}

// text is what a person reads of a page.
func (r reply) text() string {
	return html.UnescapeString(strings.Join(strings.Fields(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(r.body, " ")), " "))
}

func (r reply) says(t testing.TB, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(r.text(), p) {
			t.Errorf("the page does not say %q:\n%s", p, r.text())
		}
	}
}

func vi(key string, args ...any) string { return i18n.T(i18n.VI, key, args...) }

var (
	madeCode = regexp.MustCompile(`class="secret">([0-9a-z]{4}-[0-9a-z]{4})<`)
	madePIN  = regexp.MustCompile(`class="secret">(\d{6})<`)
)

// A kiosk's life by the buttons of its pages: added, a code made and spent, heard of, an answer missing and arrived, revoked.
func TestKioskByThePage(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	admin := s.as(survey.Administrator)
	admin.get(fleetPath).says(t, i18n.Count(i18n.VI, "fleet.lead_urgent", 2, "of", 2), vi("fleet.do_empty"))
	added := admin.post(fleetPath, url.Values{"name": {" Quầy mới "}, "unit": {string(unitID(2))}})
	page := added.header.Get("Location")
	if added.status != http.StatusSeeOther || !strings.HasPrefix(page, fleetPath+"/p-") {
		t.Fatalf("adding a kiosk: status %d to %q\n%s", added.status, page, added.text())
	}
	admin.get(page).says(t, "Quầy mới", communes()[2].FullVI, vi("fleet.state.empty"))
	made := admin.post(page+"/code", nil)
	code, pin := madeCode.FindStringSubmatch(made.body), madePIN.FindStringSubmatch(made.body)
	if code == nil || pin == nil {
		t.Fatalf("no code, or no PIN:\n%s", made.text())
	}
	made.says(t, "10:10", "/kiosk") // ten minutes from ten o'clock
	if again := admin.get(page); strings.Contains(again.body, code[1]) || strings.Contains(again.body, pin[1]) {
		t.Error("the page tells the code a second time")
	}
	if log := s.log.String(); strings.Contains(log, code[1]) || strings.Contains(log, pin[1]) {
		t.Error("the log tells the code")
	}
	d := &tablet{browser: s.browser(), t: t, queue: string(survey.NewResponseID())}
	device := d.enrol(code[1])
	admin.get(page).says(t, vi("fleet.state.fine"))
	s.now = s.now.Add(11 * time.Minute)
	admin.get(page).says(t, vi("fleet.state.unseen"))
	for range 3 {
		seq, a := d.sitting()
		if seq != 2 {
			d.send(seq, a).received(t, survey.Stored, survey.WalkIn)
		}
	}
	d.tells(func(b *KioskBeat) { b.Now -= 366 * 24 * 3600 * 1000 })
	fleet := admin.get(fleetPath)
	fleet.says(t, i18n.Count(i18n.VI, "fleet.lead_urgent", 3, "of", 3), vi("fleet.do_missing", "numbers", "2"),
		vi("fleet.numbers_missing", "all", "1–3", "numbers", "2"), vi("fleet.do_clock", "x", vi("fleet.clock_slow", "x", i18n.Count(i18n.VI, "span.days", 366))))
	d.seq = 1
	seq, a := d.sitting()
	d.send(seq, a).received(t, survey.Stored, survey.WalkIn)
	d.seq = 3
	d.tells(nil)
	admin.get(page).says(t, vi("fleet.state.fine"), vi("fleet.measured", "x", "5,9"))
	admin.post(page+"/devices/"+string(device)+"/revoke", nil).want(t, http.StatusSeeOther)
	s.now = s.now.Add(time.Minute)
	d.get("/kiosk/config").want(t, http.StatusForbidden, string(survey.CodeDeviceRevoked))
	admin.get(page).says(t, vi("fleet.state.empty"))
	admin.post(page+"/revoke", nil).want(t, http.StatusSeeOther)
	ended := admin.get(page)
	ended.says(t, vi("fleet.do_revoked"))
	if strings.Contains(ended.body, page+"/code") {
		t.Error("a code can be made for a revoked kiosk")
	}
	admin.post(page+"/code", nil).want(t, http.StatusNotFound)
	trail, err := s.db.Trail(context.Background(), 1000)
	must(t, err)
	who := map[string]int{}
	for _, e := range trail {
		who[e.Name]++
	}
	if who[string(survey.Administrator)] < 4 {
		t.Errorf("the trail does not say who did it: %+v", trail)
	}
}

func TestKioskFormThatCameBack(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	admin := s.as(survey.Administrator)
	r := admin.post(fleetPath, url.Values{"name": {"<b>"}, "unit": {"none"}})
	r.want(t, http.StatusUnprocessableEntity, `href="#kiosk-name"`, `href="#kiosk-unit"`, `value="&lt;b&gt;"`)
	r.says(t, vi("fleet.name_bad"), vi("fleet.unit_bad"))
	r = admin.post(fleetPath, url.Values{"name": {"Quầy 1"}, "unit": {string(unitID(0))}})
	r.want(t, http.StatusUnprocessableEntity)
	r.says(t, vi("fleet.name_taken", "name", "Quầy 1"))
	points, err := s.db.Points(context.Background())
	must(t, err)
	if len(points) != 2 {
		t.Errorf("%d kiosks, want the two that were there", len(points))
	}
}

// A clerk's presses are stored, marked and shown; citizens' are stored as they are. The results stand with and without them.
func TestClerkAtAKiosk(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	analyst := s.as(survey.Analyst)
	analyst.get("/waves/2026-q3/signals").want(t, http.StatusOK)
	d := s.tablet("point-1")
	d.fetch()
	for range 200 { // citizens, one every two minutes
		s.now = s.now.Add(2 * time.Minute)
		seq, a := d.sitting()
		for i, it := range d.asked(a.ID) {
			a.Answers[it.Code] = it.Options[(seq+i)%3].Code
		}
		d.send(seq, a).received(t, survey.Stored, survey.WalkIn)
	}
	suspects := func() (n int) {
		for _, r := range s.responses() {
			if r.Suspect {
				n++
			}
		}
		return n
	}
	if n := suspects(); n != 0 {
		t.Fatalf("%d citizens are marked", n)
	}
	for range 40 { // a clerk, one every six seconds
		s.now = s.now.Add(6 * time.Second)
		seq, a := d.sitting()
		a.Took = 1
		for _, it := range d.asked(a.ID) {
			a.Answers[it.Code] = it.Options[0].Code
		}
		e := d.envelope(seq, a)
		d.deliver(e).received(t, survey.Stored, survey.WalkIn)
		d.deliver(e).received(t, survey.Repeated, survey.WalkIn) // and each is judged once
	}
	if n := suspects(); n != 40 {
		t.Errorf("%d of 40 presses are marked", n)
	}
	page := analyst.get("/waves/2026-q3/signals")
	page.says(t, i18n.Count(i18n.VI, "signals.lead", 1, "of", 1), vi("signals.nothing_deleted"), vi("signals.name.hasty"), vi("signals.name.burst"), "Quầy 1", "09/2026")
	counts, err := s.db.SignalCounts(context.Background(), testWave)
	must(t, err)
	for _, c := range counts {
		if c.Point != "point-1" || c.Month != "2026-09" {
			t.Errorf("%+v", c)
		}
		shown, hidden := fmt.Sprint(c.N), vi("signals.few", "min", 15)
		if c.N >= 15 {
			page.says(t, shown)
		} else {
			page.says(t, hidden)
		}
	}
	scores := analyst.get("/waves/2026-q3/scores")
	b := s.server.atHand(testWave, survey.StateProvisional)
	if len(b.WithoutSuspect) != 1 || b.WithoutSuspect[0].Suspect < 15 || b.WithoutSuspect[0].Suspect > 40 {
		t.Fatalf("the release holds %+v", b.WithoutSuspect)
	}
	c := b.WithoutSuspect[0]
	if c.Without.Estimate.Value >= c.With.Estimate.Value {
		t.Errorf("without the clerk the index is %v, with it %v", c.Without.Estimate.Value, c.With.Estimate.Value)
	}
	sentence := fmt.Sprintf("%d câu trả lời bị đánh dấu", c.Suspect)
	scores.says(t, sentence, i18n.Number(i18n.VI, c.Without.Estimate.Value, 1))
	page.says(t, sentence)
	if other := analyst.get(scoresPath(unitID(0))); strings.Contains(other.text(), "bị đánh dấu") {
		t.Error("a unit's page tells of marked answers")
	}
}
