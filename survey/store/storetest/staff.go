package storetest

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"sipas/analysis"
	"sipas/survey"
)

var moment = time.Date(2026, 10, 1, 8, 30, 0, 0, time.UTC)

func release(id string, state survey.State, value float64) *survey.Release {
	target := 90.0
	key := survey.FigureKey{Framework: "sipas-small/1", Node: "s24", Domain: survey.Domain{Unit: UnitA}, Weighting: survey.Weighted, Basis: survey.BasisInvited}
	shown := survey.Figure{FigureKey: key, Measure: survey.Percent, State: state, Target: &target, Estimate: analysis.Estimate{
		Value: value, SE: 1.25, N: 210, Population: 4000, EffectiveN: 180.5, DF: 200, DesignEffect: 1.16, Method: "raked",
		Interval: analysis.Interval{Low: value - 2, High: value + 2, Level: 0.95, Method: "beta"}}}
	withheld := shown
	withheld.Node, withheld.State, withheld.Reason = "s25", survey.StateWithheld, survey.ReasonFewAnswers
	withheld.Estimate = analysis.Undefined(0, "few answers")
	return &survey.Release{
		ID: id, Wave: WaveID, State: state, MadeAt: moment, Program: "test", DataHash: "abc", Rules: survey.DefaultRules(),
		Figures: []survey.Figure{shown, withheld},
		Flags: []survey.Flag{{Figure: shown, State: survey.FlagRaised, Gain: 3,
			Reasons: []survey.FlagReason{{Code: survey.FlagBelowTarget, Shown: true, Evidence: map[string]float64{"p": 0.01}}}}},
		Weighting: survey.WeightReport{Respondents: 210, Invited: 600, Register: 4000},
	}
}

// sameRelease compares releases whose undefined numbers are NaN.
func sameRelease(t *testing.T, got, want *survey.Release) {
	t.Helper()
	same(t, "number of figures", len(got.Figures), len(want.Figures))
	for i := range want.Figures {
		g, w := got.Figures[i], want.Figures[i]
		if math.IsNaN(w.Estimate.Value) {
			if !math.IsNaN(g.Estimate.Value) {
				t.Fatalf("a withheld figure came back as %v", g.Estimate.Value)
			}
			g.Estimate, w.Estimate = analysis.Estimate{}, analysis.Estimate{}
		}
		same(t, "figure", g, w)
	}
	g, w := *got, *want
	g.Figures, w.Figures = nil, nil
	same(t, "release", g, w)
}

func testReleases(t *testing.T, s survey.Store) {
	Prepare(t, s)
	_, err := s.Release(bg, WaveID, survey.StateProvisional)
	is(t, err, survey.CodeNotFound)
	_, err = s.ReleaseID(bg, WaveID, survey.StatePublished)
	is(t, err, survey.CodeNotFound)
	other := release("x", survey.StateProvisional, 70)
	other.Wave = "2020-q1"
	is(t, s.SaveRelease(bg, By, other), survey.CodeNotFound)

	first, second := release("p-1", survey.StateProvisional, 71), release("p-2", survey.StateProvisional, 72)
	// The second one is older by the clock: a provisional release is replaced by what comes later, whatever clocks say.
	second.MadeAt = moment.Add(-time.Hour)
	ok(t, s.SaveRelease(bg, By, first))
	ok(t, s.SaveRelease(bg, By, first))
	ok(t, s.SaveRelease(bg, By, second))
	got, err := s.Release(bg, WaveID, survey.StateProvisional)
	ok(t, err)
	sameRelease(t, got, second)
	same(t, "id", must(s.ReleaseID(bg, WaveID, survey.StateProvisional)), "p-2")

	published := numbered("r-1", 1, 80)
	is(t, s.SaveRelease(bg, By, published), survey.CodeInternal)
	record, err := s.PublishRelease(bg, By, published)
	ok(t, err)
	_, err = s.PublishRelease(bg, By, numbered("r-9", 1, 81))
	is(t, err, survey.CodeReleasedMeanwhile)
	_, err = s.PublishRelease(bg, By, numbered("r-1", 2, 81))
	is(t, err, survey.CodeConflict)
	is(t, s.SaveRelease(bg, By, release("r-1", survey.StateProvisional, 81)), survey.CodeConflict)
	got, err = s.Release(bg, WaveID, survey.StatePublished)
	ok(t, err)
	sameRelease(t, got, published)
	sameRelease(t, must(s.Release(bg, WaveID, survey.StateProvisional)), second)

	silent := numbered("r-2", 2, 82)
	silent.Reason = ""
	_, err = s.PublishRelease(bg, By, silent)
	is(t, err, survey.CodeReasonRequired)
	// The later one is older by the clock: numbers decide, not clocks.
	later := numbered("r-2", 2, 82)
	later.MadeAt = moment.Add(-time.Hour)
	next, err := s.PublishRelease(bg, By, later)
	ok(t, err)
	sameRelease(t, must(s.Release(bg, WaveID, survey.StatePublished)), later)
	same(t, "id", must(s.ReleaseID(bg, WaveID, survey.StatePublished)), "r-2")
	same(t, "chain", must(s.Publications(bg)), []survey.Publication{*record, *next})
	same(t, "published ids", must(s.PublishedIDs(bg)), []string{"r-1", "r-2"})
	for _, p := range []*survey.Publication{record, next} {
		same(t, "seal", p.Seal, p.SealOf())
		kept := must(s.Published(bg, WaveID, p.Number))
		same(t, "record", kept.Publication, *p)
		same(t, "document's hash", survey.DocumentSum(kept.Document), p.DocumentHash)
		same(t, "content's hash", must(survey.ContentHash(kept.Document)), p.ContentHash)
	}
	same(t, "previous", []string{record.Previous, next.Previous}, []string{"", record.Seal})
	_, err = s.Published(bg, WaveID, 3)
	is(t, err, survey.CodeNotFound)
	_, err = s.Published(bg, "2020-q1", 1)
	is(t, err, survey.CodeNotFound)
	same(t, "acts of saving", len(slices.DeleteFunc(acts(t, s), func(a string) bool { return a != "save_release" })), 4)
}

// What is disclosed is kept with the release that showed it; who goes on from an older state is refused, and changes nothing.
func testDisclosed(t *testing.T, s survey.Store) {
	Prepare(t, s)
	_, err := s.Disclosed(bg, WaveID)
	is(t, err, survey.CodeNotFound)
	shown := func(id string, epoch int, state survey.State) *survey.Release {
		r := release(id, state, 70)
		if state == survey.StatePublished {
			r = numbered(id, epoch-1, 70)
		}
		r.Disclosed = &survey.Disclosed{Wave: WaveID, Epoch: epoch, Release: id, State: state, Document: []byte(`{"of":"` + id + `"}`)}
		return r
	}
	is(t, s.SaveRelease(bg, By, shown("p-0", 2, survey.StateProvisional)), survey.CodeConflict)
	first, second := shown("p-1", 1, survey.StateProvisional), shown("r-2", 2, survey.StatePublished)
	ok(t, s.SaveRelease(bg, By, first))
	same(t, "disclosed", *must(s.Disclosed(bg, WaveID)), *first.Disclosed)
	is(t, s.SaveRelease(bg, By, shown("p-2", 1, survey.StateProvisional)), survey.CodeConflict)
	same(t, "id", must(s.ReleaseID(bg, WaveID, survey.StateProvisional)), "p-1")
	must(s.PublishRelease(bg, By, second))
	same(t, "disclosed", *must(s.Disclosed(bg, WaveID)), *second.Disclosed)
	late := numbered("r-3", 2, 70)
	late.Disclosed = second.Disclosed
	_, err = s.PublishRelease(bg, By, late)
	is(t, err, survey.CodeConflict)
	same(t, "id", must(s.ReleaseID(bg, WaveID, survey.StatePublished)), "r-2")
}

// numbered is a published release that supersedes the one before it.
func numbered(id string, number int, value float64) *survey.Release {
	r := release(id, survey.StatePublished, value)
	r.Number, r.Supersedes = number, number-1
	if number > 1 {
		r.Reason = "an office sent its register late"
	}
	return r
}

func testAccounts(t *testing.T, s survey.Store) {
	Prepare(t, s)
	department := survey.User{ID: "u-7", Name: "phòng một cửa", Role: survey.Department, Units: []survey.UnitID{UnitB, UnitA}, PasswordHash: "$argon2id$x"}
	left := survey.User{ID: "u-8", Name: "left", Role: survey.Analyst, Disabled: true}
	ok(t, s.AddUser(bg, By, department))
	ok(t, s.AddUser(bg, By, left))
	twin := department
	twin.ID = "u-9"
	is(t, s.AddUser(bg, By, twin), survey.CodeNameTaken)
	stranger := survey.User{ID: "u-9", Name: "b", Role: survey.Department, Units: []survey.UnitID{"9@2025-07-01"}}
	is(t, s.AddUser(bg, By, stranger), survey.CodeUnitUnknown)
	is(t, s.AddUser(bg, By, survey.User{ID: "u-7", Name: "b", Role: survey.Analyst}), survey.CodeConflict)

	same(t, "user by name", must(s.UserByName(bg, department.Name)), &department)
	same(t, "user", must(s.User(bg, "u-8")), &left)
	same(t, "users", must(s.Users(bg)), []survey.User{left, department})
	_, err := s.User(bg, "u-9")
	is(t, err, survey.CodeNotFound)
	_, err = s.UserByName(bg, "nobody")
	is(t, err, survey.CodeNotFound)
	same(t, "newest acts", acts(t, s)[:2], []string{"add_user", "add_user"})
}

func testSessions(t *testing.T, s survey.Store) {
	Prepare(t, s)
	ok(t, s.AddUser(bg, By, survey.User{ID: "u-7", Name: "an", Role: survey.Analyst}))
	ok(t, s.AddUser(bg, By, survey.User{ID: "u-8", Name: "binh", Role: survey.Analyst, Disabled: true}))
	sn := survey.Session{Hash: "h1", User: "u-7", Created: moment, Expires: moment.Add(time.Hour)}
	ok(t, s.AddSession(bg, sn))
	same(t, "session", must(s.Session(bg, "h1", moment.Add(time.Hour-time.Millisecond))), &sn)
	_, err := s.Session(bg, "h1", sn.Expires)
	is(t, err, survey.CodeUnauthenticated)
	_, err = s.Session(bg, "h2", moment)
	is(t, err, survey.CodeUnauthenticated)
	ok(t, s.AddSession(bg, survey.Session{Hash: "h3", User: "u-8", Created: moment, Expires: moment.Add(time.Hour)}))
	_, err = s.Session(bg, "h3", moment)
	is(t, err, survey.CodeUnauthenticated)

	// A new sign-in sweeps out what was over by then, so that the old hash is gone for whatever clock asks.
	ok(t, s.AddSession(bg, survey.Session{Hash: "h4", User: "u-7", Created: moment.Add(2 * time.Hour), Expires: moment.Add(3 * time.Hour)}))
	_, err = s.Session(bg, "h1", moment)
	is(t, err, survey.CodeUnauthenticated)
	ok(t, s.EndSession(bg, "h4"))
	_, err = s.Session(bg, "h4", moment.Add(2*time.Hour))
	is(t, err, survey.CodeUnauthenticated)
	ok(t, s.EndSession(bg, "h4"))
}

func testPoints(t *testing.T, s survey.Store) {
	Prepare(t, s)
	p := survey.Point{ID: "kiosk-2", Unit: UnitB, Name: "Quầy 2", Revoked: true}
	ok(t, s.AddPoint(bg, By, p))
	ok(t, s.AddPoint(bg, By, p))
	other := p
	other.Unit = UnitC
	is(t, s.AddPoint(bg, By, other), survey.CodeConflict)
	is(t, s.AddPoint(bg, By, survey.Point{ID: "kiosk-3", Unit: "9@2025-07-01"}), survey.CodeUnitUnknown)
	same(t, "point", must(s.Point(bg, "kiosk-2")), &p)
	_, err := s.Point(bg, "kiosk-3")
	is(t, err, survey.CodePointUnknown)
	same(t, "points", must(s.Points(bg)), []survey.Point{{ID: PointID, Unit: UnitA, Name: "Quầy 1"}, p})
}

func testTrail(t *testing.T, s survey.Store) {
	for i := range 5 {
		ok(t, s.Record(bg, survey.Actor{User: survey.UserID(fmt.Sprint("u-", i)), Name: "An"}, "export_rows", "2026-q3", fmt.Sprint(i)))
	}
	entries, err := s.Trail(bg, 3)
	ok(t, err)
	same(t, "number of entries", len(entries), 3)
	for i, e := range entries {
		if e.At.IsZero() || e.At.Location() != time.UTC {
			t.Errorf("entry at %v", e.At)
		}
		e.At = time.Time{}
		same(t, "entry", e, survey.AuditEntry{User: survey.UserID(fmt.Sprint("u-", 4-i)), Name: "An", Act: "export_rows", Subject: "2026-q3", Detail: fmt.Sprint(4 - i)})
	}
	Prepare(t, s)
	same(t, "acts of preparing", acts(t, s)[:6],
		[]string{"add_point", "create_wave", "publish_framework", "publish_instrument", "publish_instrument", "put_units"})
}

// testOrder puts the same things in two orders and wants them back in one.
func testOrder(t *testing.T, s survey.Store) {
	Prepare(t, s)
	var all []survey.ResponseID
	for i := range 60 {
		id := survey.NewResponseID()
		all = append(all, id)
		send(t, s, Receipt(WalkInResponse(id, UnitA), fmt.Sprintf("%02d", i), PointID, survey.Day(fmt.Sprintf("2026-08-%02d", 28-i%28))), survey.Stored)
	}
	var got []survey.ResponseID
	ok(t, s.EachResponse(bg, WaveID, func(r *survey.Response) error { got = append(got, r.ID); return nil }))
	slices.Sort(all)
	same(t, "ids", got, all)
	days := must(s.DayCounts(bg, WaveID))
	if !slices.IsSortedFunc(days, func(a, b survey.DayCount) int { return compareText(string(a.Day), string(b.Day)) }) {
		t.Errorf("days are not in order: %v", days)
	}
	// Sixty comments under random keys come back in the order of sending with a chance of one in 60!.
	comments := must(s.Comments(bg, WaveID))
	if slices.IsSortedFunc(comments, func(a, b survey.CommentRow) int { return compareText(a.Text, b.Text) }) {
		t.Error("comments come back in the order in which they were sent")
	}
}
