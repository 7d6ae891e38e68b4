package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"sipas/survey"
	"sipas/templates/i18n"
	"sipas/templates/pages"
)

// start opens a questionnaire; code is the code on the receipt, or empty.
func start(t *testing.T, b *browser, code string) pages.KioskStartReply {
	t.Helper()
	r := b.json("/kiosk/start", fmt.Sprintf(`{"language":"vi","token":%q}`, code))
	r.want(t, http.StatusOK)
	var reply pages.KioskStartReply
	must(t, json.Unmarshal([]byte(r.body), &reply))
	return reply
}

// answers sends under a questionnaire.
func answers(b *browser, q pages.KioskStartReply, code string, revision int, disposition string, codes map[string]int) reply {
	body, err := json.Marshal(pages.KioskAnswersRequest{
		ID: q.ID, Token: code, Ticket: q.Ticket, Revision: revision, Answers: codes, Disposition: disposition, Language: "vi",
	})
	must(b.site.t, err)
	return b.json("/kiosk/answers", string(body))
}

func errorCode(t *testing.T, r reply) string {
	t.Helper()
	var body struct {
		Error struct{ Code, Message string }
	}
	if err := json.Unmarshal([]byte(r.body), &body); err != nil {
		t.Fatalf("%v in %q", err, r.body)
	}
	if body.Error.Message == "" || strings.HasPrefix(body.Error.Message, "error.") {
		t.Errorf("the error %q has no sentence: %q", body.Error.Code, body.Error.Message)
	}
	return body.Error.Code
}

func TestKioskWalkIn(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	b := s.as(survey.Kiosk)
	b.get("/kiosk").want(t, http.StatusOK, `id="kiosk-config"`, "/kiosk/start", "/kiosk/answers")
	q := start(t, b, "")
	if q.ID == "" || q.Ticket == "" || q.Revision != 0 || !q.Comment || len(q.Items) != 5 || q.Items[0].Code != "overall" || !q.Items[0].Required {
		t.Fatalf("questionnaire %+v", q)
	}
	for _, it := range q.Items {
		for _, l := range survey.Languages() {
			if it.Text[string(l)] == "" {
				t.Errorf("%s has no text in %s", it.Code, l)
			}
		}
	}
	if first := q.Items[0].Options[0]; first.Code != 5 || first.Face != 5 || q.Items[0].Options[4].Face != 1 {
		t.Errorf("the best answer is not on top with the happiest face: %+v", q.Items[0].Options)
	}
	last := q.Items[4].Code
	answers(b, q, "", 1, "partial", map[string]int{"overall": 3}).want(t, http.StatusOK, `"revision":1`)
	answers(b, q, "", 2, "complete", map[string]int{"overall": 3, last: 1}).want(t, http.StatusOK, `"revision":2`)
	answers(b, q, "", 2, "complete", map[string]int{"overall": 3, last: 1}).want(t, http.StatusOK)
	answers(b, q, "", 1, "partial", map[string]int{"overall": 3}).want(t, http.StatusOK)
	if r := answers(b, q, "", 2, "complete", map[string]int{"overall": 4}); r.status != http.StatusConflict || errorCode(t, r) != "response_complete" {
		t.Errorf("other content: status %d %s", r.status, r.body)
	}
	all := s.responses()
	if len(all) != 1 {
		t.Fatalf("%d responses, want 1", len(all))
	}
	r := all[0]
	if string(r.ID) != q.ID || r.Source != survey.WalkIn || r.Unit != unitID(0) || r.Month != "2026-09" || r.Class != "" || r.Mode != survey.ModeKiosk ||
		r.Revision != 2 || r.Disposition != survey.Complete || r.Answers[last] != 1 || len(r.Modules) != 1 {
		t.Errorf("stored %+v", r)
	}
	days, err := s.db.DayCounts(context.Background(), testWave)
	must(t, err)
	if len(days) != 1 || days[0].Point != "point-1" || days[0].Day != "2026-09-15" || days[0].N != 1 {
		t.Errorf("counters %+v", days)
	}
}

func TestKioskWithCode(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	b := s.as(survey.Kiosk)
	q := start(t, b, strings.ToUpper(token(70)))
	if q.ID != "" {
		t.Errorf("an answer with a code has the id %q", q.ID)
	}
	if again := start(t, b, token(70)); again.Items[1].Code != q.Items[1].Code {
		t.Error("loading again drew another module")
	}
	answers(b, q, token(70), 1, "timed_out", map[string]int{"overall": 2}).want(t, http.StatusOK)

	// The citizen comes back: a new questionnaire continues what was left, though nothing tells so.
	q = start(t, b, token(70))
	if q.Revision != 0 {
		t.Errorf("start tells revision %d of a code that was begun", q.Revision)
	}
	answers(b, q, token(70), 1, "complete", map[string]int{"overall": 5}).want(t, http.StatusOK)
	answers(b, q, token(70), 1, "complete", map[string]int{"overall": 5}).want(t, http.StatusOK)
	all := s.responses()
	if len(all) != 1 || all[0].Source != survey.Invited || all[0].Class != "1.2" || all[0].Unit != "" || all[0].Month != "" || all[0].Answers["overall"] != 5 {
		t.Fatalf("stored %+v", all)
	}

	// Starting with a used code tells nothing; sending does.
	used, fresh := start(t, b, token(70)), start(t, b, token(71))
	if len(used.Ticket) != len(fresh.Ticket) || used.Revision != fresh.Revision || used.ID != fresh.ID {
		t.Errorf("start tells a used code from a fresh one: %+v, %+v", used, fresh)
	}
	if r := answers(b, used, token(70), 1, "partial", map[string]int{"overall": 1}); r.status != http.StatusConflict || errorCode(t, r) != "used" {
		t.Errorf("used code: status %d %s", r.status, r.body)
	}
	s.browser().post("/s/"+token(70), goodForm()).want(t, http.StatusConflict, i18n.T(i18n.VI, "used.heading"))
	for _, code := range []string{string(survey.NewToken()), "rubbish"} {
		r := b.json("/kiosk/start", fmt.Sprintf(`{"language":"en","token":%q}`, code))
		if r.status != http.StatusNotFound || errorCode(t, r) != "unknown" {
			t.Errorf("unknown code: status %d %s", r.status, r.body)
		}
	}
}

// A draft that a kiosk left does not stand in the way of the web form.
func TestWebFollowsKioskDraft(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	b := s.as(survey.Kiosk)
	q := start(t, b, token(5))
	for rev := 1; rev <= 3; rev++ {
		answers(b, q, token(5), rev, "partial", map[string]int{"overall": rev}).want(t, http.StatusOK)
	}
	for range 2 {
		if r := s.browser().post("/s/"+token(5), goodForm()); r.status != http.StatusSeeOther {
			t.Fatalf("status %d\n%s", r.status, r.body)
		}
	}
	all := s.responses()
	if len(all) != 1 || all[0].Disposition != survey.Complete || all[0].Mode != survey.ModeWeb || all[0].Revision != 4 {
		t.Errorf("stored %+v", all)
	}
}

// The questionnaire that was handed out stays answerable, and nothing else is answerable in its name.
func TestKioskTickets(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	b := s.as(survey.Kiosk)
	q, other := start(t, b, ""), start(t, b, "")
	forged := q
	forged.ID = string(survey.NewResponseID())
	for name, r := range map[string]reply{
		"an id of the client's own": answers(b, forged, "", 1, "complete", map[string]int{"overall": 5}),
		"another id's ticket":       answers(b, pages.KioskStartReply{ID: q.ID, Ticket: other.Ticket}, "", 1, "complete", map[string]int{"overall": 5}),
		"no ticket":                 answers(b, pages.KioskStartReply{ID: q.ID}, "", 1, "complete", map[string]int{"overall": 5}),
		"half a ticket":             answers(b, pages.KioskStartReply{ID: q.ID, Ticket: q.Ticket[:40]}, "", 1, "complete", map[string]int{"overall": 5}),
		"a walk-in's with a code":   answers(b, pages.KioskStartReply{Ticket: q.Ticket}, token(3), 1, "complete", map[string]int{"overall": 5}),
		"another wave's":            answers(b, pages.KioskStartReply{ID: q.ID, Ticket: "2020-q1~" + q.Ticket[8:]}, "", 1, "complete", map[string]int{"overall": 5}),
		"neither id nor code":       answers(b, pages.KioskStartReply{Ticket: q.Ticket}, "", 1, "complete", map[string]int{"overall": 5}),
		"no revision":               answers(b, q, "", 0, "complete", map[string]int{"overall": 5}),
		"a huge revision":           answers(b, q, "", 1<<40, "complete", map[string]int{"overall": 5}),
	} {
		if r.status != http.StatusBadRequest || errorCode(t, r) != "bad_request" {
			t.Errorf("%s: status %d %s", name, r.status, r.body)
		}
	}
	asked := map[string]bool{}
	for _, it := range q.Items {
		asked[it.Code] = true
	}
	foreign := ""
	for _, code := range []string{"law1", "s24", "s27"} {
		if !asked[code] {
			foreign = code
		}
	}
	for name, c := range map[string]struct {
		codes map[string]int
		want  string
	}{
		"a module not drawn":  {map[string]int{"overall": 5, foreign: 1}, "item_not_asked"},
		"an unknown item":     {map[string]int{"overall": 5, "zzz": 1}, "item_unknown"},
		"an answer not there": {map[string]int{"overall": 6}, "answer_invalid"},
		"nothing required":    {map[string]int{}, "answer_required"},
	} {
		if r := answers(b, q, "", 1, "complete", c.codes); r.status != http.StatusUnprocessableEntity || errorCode(t, r) != c.want {
			t.Errorf("%s: status %d %s", name, r.status, r.body)
		}
	}
	if n := len(s.responses()); n != 0 {
		t.Fatalf("%d responses were stored", n)
	}
	restarted, err := New(s.server.cfg)
	must(t, err)
	s.server = restarted
	answers(b, q, "", 1, "complete", map[string]int{"overall": 5}).want(t, http.StatusOK)
}

// The same sending many times at once is stored once, and every sender hears that it is on disk.
func TestKioskExactlyOnceAtOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t, false, demo)
	q := start(t, s.browser(), "")
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if r := answers(s.browser(), q, "", 1, "complete", map[string]int{"overall": 4}); r.status != http.StatusOK {
				t.Errorf("status %d %s", r.status, r.body)
			}
		})
	}
	wg.Wait()
	if n := len(s.responses()); n != 1 {
		t.Errorf("%d responses, want 1", n)
	}
}

func TestKioskModulesComeWithTheirChances(t *testing.T) {
	t.Parallel()
	s := newSite(t, false, demo)
	b := s.browser()
	drawn := map[string]int{}
	const starts = 500
	for range starts {
		drawn[start(t, b, "").Items[1].Code]++
	}
	// Five modules of chance 1/5: each count has mean 100 and standard deviation 9; 45 is five of them.
	if len(drawn) != 5 {
		t.Errorf("modules %v", drawn)
	}
	for code, n := range drawn {
		if n < 55 || n > 145 {
			t.Errorf("the module of %s was drawn %d times of %d", code, n, starts)
		}
	}
}

func TestKioskDemoAndClosed(t *testing.T) {
	t.Parallel()
	closed := newSite(t, false)
	closed.browser().get("/kiosk").want(t, http.StatusSeeOther)
	if r := closed.browser().json("/kiosk/start", `{"language":"vi"}`); r.status != http.StatusUnauthorized || errorCode(t, r) != "unauthenticated" {
		t.Errorf("start without an account: status %d %s", r.status, r.body)
	}
	admin := closed.as(survey.Administrator)
	admin.get("/kiosk").want(t, http.StatusOK, i18n.T(i18n.VI, "error.point_unknown"))

	open := newSite(t, false, demo)
	open.browser().get("/kiosk").want(t, http.StatusOK, `id="kiosk-config"`)
	must(t, open.db.CloseWave(context.Background(), testBy, testWave))
	open.browser().get("/kiosk").want(t, http.StatusOK, i18n.T(i18n.VI, "error.wave_closed"))
	if r := open.browser().json("/kiosk/start", `{"language":"vi"}`); r.status != http.StatusGone || errorCode(t, r) != "closed" {
		t.Errorf("start in a closed wave: status %d %s", r.status, r.body)
	}
}

// busyStore is full or locked.
type busyStore struct{ survey.Store }

func (busyStore) SaveReceipt(context.Context, survey.Receipt) (survey.Outcome, error) {
	return "", &survey.Error{Code: survey.CodeUnavailable, Op: "save response"}
}

func TestBusyStoreAsksToTryAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t, false, demo, through(func(st survey.Store) survey.Store { return busyStore{st} }))
	b := s.browser()
	r := answers(b, start(t, b, ""), "", 1, "complete", map[string]int{"overall": 5})
	if r.status != http.StatusServiceUnavailable || r.header.Get("Retry-After") == "" || errorCode(t, r) != "unavailable" {
		t.Errorf("kiosk: status %d, retry after %q, %s", r.status, r.header.Get("Retry-After"), r.body)
	}
	r = b.post("/s/"+token(0), goodForm())
	r.want(t, http.StatusServiceUnavailable, i18n.T(i18n.VI, "error.unavailable"))
	if r.header.Get("Retry-After") == "" {
		t.Error("form: no Retry-After")
	}
}
