package web

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"sipas/data"
	"sipas/survey"
	"sipas/templates/i18n"
)

// tablet is a kiosk's device as the server sees it: a browser with a credential, a queue and a configuration.
type tablet struct {
	*browser
	t      testing.TB
	queue  string
	seq    int
	offset time.Duration // its clock less the server's, as it reckons
	config KioskConfig
	sealer *Sealer
}

// code makes a code for a kiosk, as an administrator does.
func (s *site) code(point survey.PointID) string {
	s.t.Helper()
	code := survey.NewEnrolmentCode()
	must(s.t, s.db.AddEnrolment(context.Background(), testBy, survey.Enrolment{
		CodeHash: code.Hash(), Point: point, Expires: s.now.Add(survey.EnrolmentLife),
		PIN: survey.PIN{Salt: "00", Iterations: 1, Hash: "11"}, // a real one takes its time, on purpose
	}))
	return code.String()
}

// tablet enrols a new browser at a kiosk.
func (s *site) tablet(point survey.PointID) *tablet {
	s.t.Helper()
	d := &tablet{browser: s.browser(), t: s.t, queue: string(survey.NewResponseID())}
	d.enrol(s.code(point))
	return d
}

func (d *tablet) enrol(code string) survey.DeviceID {
	d.t.Helper()
	r := d.json("/kiosk/enrol", fmt.Sprintf(`{"code":%q}`, code))
	r.want(d.t, http.StatusOK)
	var enrolled KioskEnrolled
	must(d.t, json.Unmarshal([]byte(r.body), &enrolled))
	d.fetch()
	if d.config.Device != enrolled.Device {
		d.t.Fatalf("enrolled as %s, configured as %s", enrolled.Device, d.config.Device)
	}
	return enrolled.Device
}

// fetch takes the configuration.
func (d *tablet) fetch() {
	d.t.Helper()
	r := d.get("/kiosk/config")
	r.want(d.t, http.StatusOK)
	d.config = KioskConfig{}
	must(d.t, json.Unmarshal([]byte(r.body), &d.config))
}

// sitting begins an answer at the kiosk, with every question at 4 (the law's at 2). It returns its number, too.
func (d *tablet) sitting() (int, KioskAnswer) {
	d.t.Helper()
	d.seq++
	in := d.config.Instrument
	a := KioskAnswer{
		ID: string(survey.NewResponseID()), Wave: d.config.Wave, Instrument: fmt.Sprintf("%s/%d", in.ID, in.Version),
		Revision: 1, Disposition: survey.Complete, Language: survey.Vietnamese, Answers: map[string]int{}, Took: 30, At: d.reckoned(),
	}
	for _, it := range d.asked(a.ID) {
		a.Answers[it.Code] = it.Options[1].Code
	}
	return d.seq, a
}

// reckoned is the time as the device has it.
func (d *tablet) reckoned() int64 { return d.site.now.Add(d.offset).UnixMilli() }

// asked draws the questions of a sitting as a device does, from the configuration alone.
func (d *tablet) asked(id string) []KioskItem {
	in := d.config.Instrument
	items := append([]KioskItem(nil), in.Core...)
	u, sum := survey.ModuleDrawOf(survey.ResponseID(id)), 0.0
	for i, m := range in.Modules {
		sum += m.Chance
		if in.Draw == 0 || u < sum || i == len(in.Modules)-1 {
			items = append(items, m.Items...)
			if in.Draw == 1 {
				break
			}
		}
	}
	return items
}

// envelope seals an answer under a number.
func (d *tablet) envelope(seq int, a KioskAnswer) KioskEnvelope {
	d.t.Helper()
	text, err := json.Marshal(a)
	must(d.t, err)
	public, err := sealEncoding.DecodeString(d.config.Key.Public)
	must(d.t, err)
	if d.sealer == nil {
		d.sealer, err = NewSealer(public)
		must(d.t, err)
	}
	sealed, err := d.sealer.Seal(d.queue, seq, text)
	must(d.t, err)
	return KioskEnvelope{Queue: d.queue, Seq: seq, Sent: d.reckoned(), Key: d.config.Key.ID, Sealed: sealed}
}

func (d *tablet) deliver(e KioskEnvelope) reply {
	d.t.Helper()
	body, err := json.Marshal(e)
	must(d.t, err)
	return d.json("/kiosk/answers", string(body))
}

// send seals and delivers.
func (d *tablet) send(seq int, a KioskAnswer) reply {
	d.t.Helper()
	return d.deliver(d.envelope(seq, a))
}

// received asserts an acknowledgement.
func (r reply) received(t testing.TB, outcome survey.Outcome, as survey.Source) {
	t.Helper()
	want := fmt.Sprintf(`{"outcome":%q,"as":%q}`, outcome, as)
	if r.status != http.StatusOK || strings.TrimSpace(r.body) != want {
		t.Errorf("status %d %s, want %s", r.status, r.body, want)
	}
}

// refused asserts an error.
func (r reply) refused(t testing.TB, status int, code survey.Code) {
	t.Helper()
	if got := errorCode(t, r); r.status != status || got != string(code) {
		t.Errorf("status %d %s, want %d %s", r.status, got, status, code)
	}
	if retry := status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable; retry != (r.header.Get("Retry-After") != "") {
		t.Errorf("status %d with Retry-After %q", status, r.header.Get("Retry-After"))
	}
}

func errorCode(t testing.TB, r reply) string {
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

// beat tells the server of the device.
func (d *tablet) beat(b KioskBeat) KioskBeaten {
	d.t.Helper()
	b.Queue, b.Now, b.ETag = d.queue, d.reckoned(), d.config.ETag
	body, err := json.Marshal(b)
	must(d.t, err)
	r := d.json("/kiosk/beat", string(body))
	r.want(d.t, http.StatusOK)
	var beaten KioskBeaten
	must(d.t, json.Unmarshal([]byte(r.body), &beaten))
	return beaten
}

// queueState returns what the store has of a queue, and whose it is.
func (s *site) queueState(queue string) (survey.QueueState, survey.DeviceID) {
	s.t.Helper()
	devices, err := s.db.Devices(context.Background())
	must(s.t, err)
	for _, d := range devices {
		for _, q := range d.Queues {
			if string(q.Queue) == queue {
				return q, d.ID
			}
		}
	}
	s.t.Fatalf("no device has queue %s", queue)
	return survey.QueueState{}, ""
}

func TestKioskAnswers(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	d := s.tablet("point-1")
	c := d.config
	if c.Point != "Quầy 1" || c.Wave != testWave || c.Closed != "" || c.Instrument.Version != 1 || len(c.Instrument.Modules) != 5 || c.Instrument.Draw != 1 ||
		c.Instrument.Comment == 0 || c.Idle != 45 || c.Warn != 20 || c.Thanks != 6 || !c.Measure || c.Program != "test" || c.Now != testDay.UnixMilli() ||
		c.Office["vi"] == "" || c.Instrument.Intro["en"] == "" || c.PIN != (KioskPIN{"00", 1, "11"}) || len(c.Languages) != 3 {
		t.Errorf("configuration %+v", c)
	}
	first := c.Instrument.Core[0]
	if first.Code != "overall" || !first.Required || first.Text["zh"] == "" || first.Options[0].Code != 5 || first.Options[0].Face != 5 || first.Options[4].Face != 1 {
		t.Errorf("the best answer is not on top with the happiest face: %+v", first)
	}

	seq, a := d.sitting()
	whole := a.Answers
	a.Disposition, a.Answers = survey.Partial, map[string]int{"overall": 4}
	d.send(seq, a).received(t, survey.Stored, survey.WalkIn)
	a.Revision, a.Disposition, a.Answers, a.Comment = 2, survey.Complete, whole, "  rất tốt  "
	d.send(seq, a).received(t, survey.Replaced, survey.WalkIn)
	d.send(seq, a).received(t, survey.Repeated, survey.WalkIn)
	late := a
	late.Revision, late.Disposition, late.Answers, late.Comment = 1, survey.Partial, map[string]int{"overall": 4}, ""
	d.send(seq, late).received(t, survey.Ignored, survey.WalkIn)
	other := a
	other.Answers = maps.Clone(whole)
	other.Answers["overall"] = 1
	d.send(seq, other).refused(t, http.StatusConflict, survey.CodeResponseComplete)

	all := s.responses()
	if len(all) != 1 {
		t.Fatalf("%d responses, want 1", len(all))
	}
	r := all[0]
	if string(r.ID) != a.ID || r.Unit != unitID(0) || r.Month != "2026-09" || r.Class != "" || r.Mode != survey.ModeKiosk || r.Sitting != "" ||
		r.Revision != 2 || r.Disposition != survey.Complete || len(r.Answers) != 5 || len(r.Modules) != 1 {
		t.Errorf("stored %+v", r)
	}
	days, err := s.db.DayCounts(context.Background(), testWave)
	must(t, err)
	if len(days) != 1 || days[0].Point != "point-1" || days[0].Day != "2026-09-15" || days[0].N != 1 {
		t.Errorf("counters %+v", days)
	}
	comments, err := s.db.Comments(context.Background(), testWave)
	must(t, err)
	if len(comments) != 1 || comments[0].Text != "rất tốt" {
		t.Errorf("comments %+v", comments)
	}
}

// What the device draws and what the server draws are the same, and the modules come with their chances.
func TestKioskModulesComeWithTheirChances(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	d := s.tablet("point-1")
	drawn := map[string]int{}
	const sittings = 500
	for i := range sittings {
		seq, a := d.sitting()
		drawn[d.asked(a.ID)[1].Code]++
		if i < 20 {
			d.send(seq, a).received(t, survey.Stored, survey.WalkIn)
		}
	}
	// Five modules of chance 1/5: each count has mean 100 and standard deviation 9; 45 is five of them.
	if len(drawn) != 5 {
		t.Errorf("modules %v", drawn)
	}
	for code, n := range drawn {
		if n < 55 || n > 145 {
			t.Errorf("the module of %s was drawn %d times of %d", code, n, sittings)
		}
	}
}

// The life of a credential: a code works once, a newer one voids it, revoking takes effect within seconds, and a device that is
// enrolled again brings along its queue.
func TestEnrolment(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	stranger := s.browser()
	stranger.get("/kiosk/config").refused(t, http.StatusUnauthorized, survey.CodeDeviceUnknown)
	stranger.json("/kiosk/beat", `{}`).refused(t, http.StatusUnauthorized, survey.CodeDeviceUnknown)
	stranger.json("/kiosk/answers", `{}`).refused(t, http.StatusUnauthorized, survey.CodeDeviceUnknown)
	stranger.cookies["sipas_kiosk"] = newSessionValue()
	stranger.get("/kiosk/config").refused(t, http.StatusUnauthorized, survey.CodeDeviceUnknown)

	voided := s.code("point-1")
	code := s.code("point-1")
	for _, wrong := range []string{"", "x", "0000-0000", voided, strings.Repeat("0", 2000)} {
		s.browser().json("/kiosk/enrol", fmt.Sprintf(`{"code":%q}`, wrong)).refused(t, http.StatusNotFound, survey.CodeEnrolmentUnknown)
	}
	d := &tablet{browser: s.browser(), t: t, queue: string(survey.NewResponseID())}
	first := d.enrol(" " + strings.ToUpper(strings.ReplaceAll(code, "0", "o")) + " ")
	s.browser().json("/kiosk/enrol", fmt.Sprintf(`{"code":%q}`, code)).refused(t, http.StatusNotFound, survey.CodeEnrolmentUnknown)

	old := s.code("point-1")
	s.now = s.now.Add(survey.EnrolmentLife + time.Second)
	s.browser().json("/kiosk/enrol", fmt.Sprintf(`{"code":%q}`, old)).refused(t, http.StatusNotFound, survey.CodeEnrolmentUnknown)

	seq, a := d.sitting()
	waits := d.envelope(seq, a)
	d.sitting() // another was given a number and waits, too
	if b := d.beat(KioskBeat{Waiting: 2, Last: 2}); b.Next != 3 || fmt.Sprint(b.Missing) != "[[1 2]]" || b.ETag != d.config.ETag {
		t.Errorf("beaten %+v", b)
	}
	must(t, s.db.RevokeDevice(context.Background(), testBy, first, s.now))
	s.now = s.now.Add(deviceFor)
	d.get("/kiosk/config").refused(t, http.StatusForbidden, survey.CodeDeviceRevoked)
	d.deliver(waits).refused(t, http.StatusForbidden, survey.CodeDeviceRevoked)

	second := d.enrol(s.code("point-2"))
	if second == first || d.config.Point != "Quầy 2" {
		t.Errorf("enrolled again as %s at %s", second, d.config.Point)
	}
	if b := d.beat(KioskBeat{Waiting: 2, Last: 2}); b.Next != 3 {
		t.Errorf("beaten %+v", b)
	}
	d.deliver(waits).received(t, survey.Stored, survey.WalkIn)
	if q, owner := s.queueState(d.queue); owner != second || fmt.Sprint(q.Arrived) != "[{1 1}]" || fmt.Sprint(q.Missing()) != "[{2 2}]" {
		t.Errorf("queue %+v of %s", q, owner)
	}
	// Enrolling a third time ends the second credential: nobody holds it any more.
	third := d.enrol(s.code("point-1"))
	devices, err := s.db.Devices(context.Background())
	must(t, err)
	for _, dev := range devices {
		if ended := !dev.Revoked.IsZero(); ended == (dev.ID == third) {
			t.Errorf("device %s ended: %v", dev.ID, ended)
		}
	}
	must(t, s.db.RevokePoint(context.Background(), testBy, "point-1", s.now))
	s.now = s.now.Add(deviceFor)
	d.get("/kiosk/config").refused(t, http.StatusForbidden, survey.CodeDeviceRevoked)
}

func TestKioskCookie(t *testing.T) {
	t.Parallel()
	for _, secured := range []bool{false, true} {
		options, name := []option(nil), "sipas_kiosk"
		if secured {
			options, name = []option{secure}, "__Host-sipas_kiosk"
		}
		s := newSite(t, false, options...)
		d := s.tablet("point-1")
		r := d.json("/kiosk/beat", fmt.Sprintf(`{"queue":%q}`, d.queue))
		for _, header := range []string{s.browser().json("/kiosk/enrol", fmt.Sprintf(`{"code":%q}`, s.code("point-1"))).header.Get("Set-Cookie"), r.header.Get("Set-Cookie")} {
			for _, part := range []string{name + "=", "Path=/;", "Max-Age=34560000", "HttpOnly", "SameSite=Strict"} {
				if !strings.Contains(header, part) {
					t.Errorf("the cookie %q lacks %q", header, part)
				}
			}
			if strings.Contains(header, "Secure") != secured || strings.Contains(header, "Domain") {
				t.Errorf("the cookie is %q", header)
			}
		}
		if d.cookies[name] == "" {
			t.Errorf("cookies %v", d.cookies)
		}
	}
}

// Codes cannot be guessed from one address, nor from many; and a guesser shuts nobody else out.
func TestGuessingCodesIsLimited(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	guess := func(address string) int {
		r, err := http.NewRequest(http.MethodPost, "/kiosk/enrol", strings.NewReader(fmt.Sprintf(`{"code":%q}`, survey.NewEnrolmentCode())))
		must(t, err)
		r.Header.Set("Content-Type", "application/json")
		r.RemoteAddr = address + ":1"
		return s.do(r).status
	}
	tried := 0
	for range 100 {
		if guess("198.51.100.1") != http.StatusTooManyRequests {
			tried++
		}
	}
	if tried != 20 {
		t.Errorf("%d of 100 guesses from one address were looked at", tried)
	}
	for range 100 { // an office that enrols all its tablets at once
		s.tablet("point-1")
	}
	for i := range 400 {
		if guess(fmt.Sprintf("198.51.101.%d", i%40)) != http.StatusTooManyRequests {
			tried++
		}
		if guess(fmt.Sprintf("[2001:db8:0:%x::1]", i)) != http.StatusTooManyRequests {
			tried++
		}
	}
	if tried > 300-100+40+1 { // one more from each address after that, and those of IPv6 are one customer's
		t.Errorf("%d guesses were looked at", tried)
	}
	for range 5 { // who has not failed is not kept out
		s.tablet("point-1")
	}
}

// An envelope opens under its own number in its own queue and nowhere else, and what does not open is noted and final.
func TestMovedAndDamagedEnvelopes(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	d := s.tablet("point-1")
	seq, a := d.sitting()
	good := d.envelope(seq, a)
	change := func(by func(*KioskEnvelope)) reply {
		e := good
		by(&e)
		return d.deliver(e)
	}
	unreadable := func(name string, by func(*KioskEnvelope)) {
		t.Helper()
		if r := change(by); r.status != http.StatusUnprocessableEntity || errorCode(t, r) != string(survey.CodeSealUnreadable) {
			t.Errorf("%s: status %d %s", name, r.status, r.body)
		}
	}
	unreadable("another number", func(e *KioskEnvelope) { e.Seq = 7 })
	unreadable("another queue", func(e *KioskEnvelope) { e.Queue = string(survey.NewResponseID()) })
	unreadable("a flipped bit", func(e *KioskEnvelope) { e.Sealed = e.Sealed[:200] + flip(e.Sealed[200:201]) + e.Sealed[201:] })
	unreadable("half of it", func(e *KioskEnvelope) { e.Sealed = e.Sealed[:len(e.Sealed)/2] })
	unreadable("nothing", func(e *KioskEnvelope) { e.Sealed = "" })
	unreadable("no base64url", func(e *KioskEnvelope) { e.Sealed = strings.Repeat("*", 500) })
	change(func(e *KioskEnvelope) { e.Key = "0000000000000000" }).refused(t, http.StatusServiceUnavailable, survey.CodeKeyMissing)
	for name, by := range map[string]func(*KioskEnvelope){
		"no queue":        func(e *KioskEnvelope) { e.Queue = "" },
		"a loud queue":    func(e *KioskEnvelope) { e.Queue = strings.ToUpper(strings.Repeat("ab", 16)) },
		"number 0":        func(e *KioskEnvelope) { e.Seq = 0 },
		"a huge number":   func(e *KioskEnvelope) { e.Seq = 1 << 40 },
		"a huge key name": func(e *KioskEnvelope) { e.Key = strings.Repeat("0", 100) },
		"a huge seal":     func(e *KioskEnvelope) { e.Sealed = strings.Repeat("A", longestSealed+1) },
	} {
		if r := change(by); r.status != http.StatusBadRequest || errorCode(t, r) != string(survey.CodeBadRequest) {
			t.Errorf("%s: status %d %s", name, r.status, r.body)
		}
	}
	// The number 7 arrived, if only to be refused; the device's own number has not been used by any of this but the damaged copies,
	// which are all refusals of it.
	q, _ := s.queueState(d.queue)
	if fmt.Sprint(q.Arrived) != "[{1 1} {7 7}]" || fmt.Sprint(q.Refused) != "[{seal_unreadable 2}]" {
		t.Errorf("queue %+v", q)
	}
	if n := len(s.responses()); n != 0 {
		t.Fatalf("%d responses were stored", n)
	}
	d.deliver(good).received(t, survey.Stored, survey.WalkIn)
}

func flip(letter string) string {
	if letter == "A" {
		return "B"
	}
	return "A"
}

// What is sealed is believed no more than anything else: the server checks it all, notes what it refuses, and then says so.
func TestRefusedAnswersAreNoted(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	d := s.tablet("point-1")
	noted := 0
	for name, c := range map[string]struct {
		change func(*KioskAnswer)
		status int
		code   survey.Code
	}{
		"no id":               {func(a *KioskAnswer) { a.ID = "" }, 422, survey.CodeSealUnreadable},
		"an id in capitals":   {func(a *KioskAnswer) { a.ID = strings.Repeat("AB", 16) }, 422, survey.CodeSealUnreadable},
		"no revision":         {func(a *KioskAnswer) { a.Revision = 0 }, 422, survey.CodeSealUnreadable},
		"a huge revision":     {func(a *KioskAnswer) { a.Revision = 1 << 40 }, 422, survey.CodeSealUnreadable},
		"no disposition":      {func(a *KioskAnswer) { a.Disposition = "" }, 422, survey.CodeSealUnreadable},
		"failed":              {func(a *KioskAnswer) { a.Disposition = survey.Failed }, 422, survey.CodeSealUnreadable},
		"no language":         {func(a *KioskAnswer) { a.Language = "fr" }, 422, survey.CodeSealUnreadable},
		"no questionnaire":    {func(a *KioskAnswer) { a.Instrument = "" }, 422, survey.CodeSealUnreadable},
		"the web's":           {func(a *KioskAnswer) { a.Instrument = "web-2026/1" }, 422, survey.CodeInstrumentUnknown},
		"another survey's":    {func(a *KioskAnswer) { a.Instrument = "form-39/1" }, 422, survey.CodeInstrumentUnknown},
		"a module not drawn":  {func(a *KioskAnswer) { a.ID = otherModule(d, a.ID) }, 422, survey.CodeItemNotAsked},
		"an unknown item":     {func(a *KioskAnswer) { a.Answers["zzz"] = 1 }, 422, survey.CodeItemUnknown},
		"an answer not there": {func(a *KioskAnswer) { a.Answers["overall"] = 6 }, 422, survey.CodeAnswerInvalid},
		"nothing required":    {func(a *KioskAnswer) { delete(a.Answers, "overall") }, 422, survey.CodeAnswerRequired},
		"a long comment":      {func(a *KioskAnswer) { a.Comment = strings.Repeat("ộ", 1001) }, 422, survey.CodeCommentTooLong},
	} {
		seq, a := d.sitting()
		c.change(&a)
		for range 2 { // the reply may be lost
			if r := d.send(seq, a); r.status != c.status || errorCode(t, r) != string(c.code) {
				t.Errorf("%s: status %d %s", name, r.status, r.body)
			}
		}
		noted++
	}
	q, _ := s.queueState(d.queue)
	sum := 0
	for _, r := range q.Refused {
		sum += r.N
	}
	if fmt.Sprint(q.Arrived) != fmt.Sprintf("[{1 %d}]", noted) || len(q.Missing()) != 0 || sum != noted {
		t.Errorf("%d were refused, the ledger has %+v", noted, q)
	}
	if n := len(s.responses()); n != 0 {
		t.Fatalf("%d responses were stored", n)
	}
	// A wave that the database does not have may come back with a better copy of it: the device keeps its answer, and the number is missing.
	seq, a := d.sitting()
	a.Wave = "2020-q1"
	d.send(seq, a).refused(t, http.StatusServiceUnavailable, survey.CodeUnavailable)
	a.Wave = testWave
	// So may a version of the questionnaire.
	a.Instrument = "kiosk-2026/9"
	d.send(seq, a).refused(t, http.StatusServiceUnavailable, survey.CodeUnavailable)
	a.Instrument = "kiosk-2026/1"
	if q, _ := s.queueState(d.queue); q.Arrived[0].Last != noted {
		t.Errorf("what has to come again was noted: %+v", q)
	}
	// So may the wave's key.
	s.keys.destroy()
	d.send(seq, a).refused(t, http.StatusServiceUnavailable, survey.CodeKeyMissing)
	// A wave that is over takes nothing, whatever the memory of it says.
	must(t, s.db.CloseWave(context.Background(), testBy, testWave))
	s.now = s.now.Add(waveFor)
	d.send(seq, a).refused(t, http.StatusGone, survey.CodeWaveClosed)
	d.fetch()
	if d.config.Closed != survey.CodeWaveClosed || d.config.Wave != "" || d.config.Instrument != nil {
		t.Errorf("configuration %+v", d.config)
	}
}

// otherModule finds an id that draws another module.
func otherModule(d *tablet, id string) string {
	for {
		other := string(survey.NewResponseID())
		if d.asked(other)[1].Code != d.asked(id)[1].Code {
			return other
		}
	}
}

func TestKioskTokens(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	d := s.tablet("point-1")

	// A token that leads nowhere loses nobody's answer.
	for i, typed := range []string{"rubbish", string(survey.NewToken()), strings.Repeat("x", 4000)} {
		seq, a := d.sitting()
		a.Token = typed
		d.send(seq, a).received(t, survey.Stored, survey.WalkIn)
		if n := len(s.responses()); n != i+1 {
			t.Fatalf("%d responses", n)
		}
	}
	// A draft of one sitting gives way to another's, in whatever revision, until one is complete.
	one, left := d.sitting()
	left.Token, left.Disposition, left.Revision = strings.ToUpper(token(70)), survey.TimedOut, 5
	d.send(one, left).received(t, survey.Stored, survey.Invited)
	two, back := d.sitting()
	back.Token, back.Disposition, back.Answers = "https://khaosat.example/s/"+token(70), survey.Partial, map[string]int{"overall": 2}
	d.send(two, back).received(t, survey.Replaced, survey.Invited)
	back.Disposition, back.Revision = survey.Complete, 2
	d.send(two, back).received(t, survey.Replaced, survey.Invited)
	d.send(two, back).received(t, survey.Repeated, survey.Invited)
	var stored survey.Response
	for _, r := range s.responses() {
		if r.Source == survey.Invited {
			stored = r
		}
	}
	if stored.ID != testKey.ResponseID(testTokens()[70]) || stored.Class != "1.2" || stored.Unit != "" || stored.Month != "" || stored.Sitting != "" || stored.Answers["overall"] != 2 {
		t.Errorf("stored %+v", stored)
	}
	three, again := d.sitting()
	again.Token = token(70)
	d.send(three, again).refused(t, http.StatusConflict, survey.CodeTokenUsed)
	s.browser().post("/s/"+token(70), goodForm()).want(t, http.StatusConflict, i18n.T(i18n.VI, "used.heading"))
	if q, _ := s.queueState(d.queue); fmt.Sprint(q.Refused) != "[{token_used 1}]" || len(q.Missing()) != 0 {
		t.Errorf("queue %+v", q)
	}
}

// A draft that a kiosk left does not stand in the way of the web form.
func TestWebFollowsKioskDraft(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	d := s.tablet("point-1")
	seq, a := d.sitting()
	a.Token, a.Disposition = token(5), survey.Partial
	for rev := 1; rev <= 3; rev++ {
		a.Revision, a.Answers = rev, map[string]int{"overall": rev}
		if r := d.send(seq, a); r.status != http.StatusOK {
			t.Fatalf("status %d %s", r.status, r.body)
		}
	}
	for range 2 {
		if r := s.browser().post("/s/"+token(5), goodForm()); r.status != http.StatusOK {
			t.Fatalf("status %d\n%s", r.status, r.body)
		}
	}
	all := s.responses()
	if len(all) != 1 || all[0].Disposition != survey.Complete || all[0].Mode != survey.ModeWeb || all[0].Sitting != "" {
		t.Errorf("stored %+v", all)
	}
	// The kiosk's end of that sitting comes too late.
	a.Revision, a.Disposition = 4, survey.Complete
	d.send(seq, a).refused(t, http.StatusConflict, survey.CodeTokenUsed)
}

// The clock of a device may be wrong by a year, it may be without a network for seven days, and its questionnaire may be an older
// one when it comes back: each answer is accepted against its own version, and dated by the server's clock.
func TestWrongClockSevenDaysOfflineNewQuestionnaire(t *testing.T) {
	t.Parallel()
	for name, wrong := range map[string]time.Duration{"right": 0, "a year ahead": 365 * 24 * time.Hour, "a year behind": -365 * 24 * time.Hour, "at 1970": -time.Duration(testDay.UnixNano())} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, false)
			d := s.tablet("point-1")
			d.offset = wrong
			s.now = time.Date(2026, 9, 28, 9, 0, 0, 0, survey.Zone)
			type waiting struct {
				seq    int
				answer KioskAnswer
				day    survey.Day
			}
			var offline []waiting
			for range 7 { // the last of them in October
				seq, a := d.sitting()
				offline = append(offline, waiting{seq, a, survey.DayOf(s.now)})
				s.now = s.now.Add(24 * time.Hour)
			}
			republish(t, s)
			for _, w := range offline {
				d.send(w.seq, w.answer).received(t, survey.Stored, survey.WalkIn)
			}
			before := d.config
			if b := d.beat(KioskBeat{Last: d.seq}); b.ETag == before.ETag || len(b.Missing) != 0 {
				t.Errorf("beaten %+v", b)
			}
			d.fetch()
			if d.config.Instrument.Version != 2 {
				t.Errorf("version %d", d.config.Instrument.Version)
			}
			seq, a := d.sitting()
			d.send(seq, a).received(t, survey.Stored, survey.WalkIn)

			want := map[survey.Day]int{survey.DayOf(s.now): 1}
			for _, w := range offline {
				want[w.day]++
			}
			days, err := s.db.DayCounts(context.Background(), testWave)
			must(t, err)
			got := map[survey.Day]int{}
			for _, day := range days {
				got[day.Day] += day.N
			}
			if !maps.Equal(got, want) {
				t.Errorf("days %v, want %v", got, want)
			}
			months, versions := map[string]int{}, map[int]int{}
			for _, r := range s.responses() {
				months[r.Month]++
				versions[r.Instrument.Version]++
			}
			if months["2026-09"] != 3 || months["2026-10"] != 5 || versions[1] != 7 || versions[2] != 1 {
				t.Errorf("months %v, versions %v", months, versions)
			}
			q, _ := s.queueState(d.queue)
			if off := q.Beat.Skew - wrong; off < -time.Second || off > time.Second {
				t.Errorf("skew %v, want %v", q.Beat.Skew, wrong)
			}
		})
	}
}

// republish lets the wave ask a second version of its kiosk questionnaire.
func republish(t testing.TB, s *site) {
	t.Helper()
	doc, _ := data.Instrument("kiosk-2026")
	second := strings.Replace(string(doc), `"version": 1`, `"version": 2`, 1)
	in, err := s.db.PublishInstrument(context.Background(), testBy, []byte(second))
	must(t, err)
	must(t, s.db.UseInstrument(context.Background(), testBy, testWave, in.Ref()))
}

// Time is corrected by differences, and never into the future or far before the device was there.
func TestAnsweredAt(t *testing.T) {
	t.Parallel()
	enrolled := testDay.Add(-time.Hour)
	earliest := enrolled.Add(-beforeEnrolment)
	for _, c := range []struct {
		at, sent int64
		want     time.Time
	}{
		{1000, 1000, testDay}, {1000, 61_000, testDay.Add(-time.Minute)}, {61_000, 1000, testDay}, {0, 0, testDay},
		{0, 1 << 62, earliest}, {-1 << 63, 1<<63 - 1, earliest}, {1<<63 - 1, -1 << 63, testDay},
	} {
		if got := answeredAt(c.at, c.sent, testDay, enrolled); !got.Equal(c.want) {
			t.Errorf("at %d sent %d: %v, want %v", c.at, c.sent, got, c.want)
		}
	}
	if got := answeredAt(0, 1000, testDay, testDay.Add(100*24*time.Hour)); !got.Equal(testDay) {
		t.Errorf("enrolled in the future: %v", got)
	}
}

// The same sending many times at once is stored once, and every sender hears that it is on disk.
func TestKioskExactlyOnceAtOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	d := s.tablet("point-1")
	seq, a := d.sitting()
	var wg sync.WaitGroup
	for range 20 {
		e := d.envelope(seq, a)
		wg.Go(func() {
			if r := d.copy().deliver(e); r.status != http.StatusOK {
				t.Errorf("status %d %s", r.status, r.body)
			}
		})
	}
	wg.Wait()
	if n := len(s.responses()); n != 1 {
		t.Errorf("%d responses, want 1", n)
	}
}

// copy is the same device for another goroutine.
func (d *tablet) copy() *tablet {
	c := *d
	b := *d.browser
	b.cookies, b.headers = maps.Clone(b.cookies), maps.Clone(b.headers)
	c.browser = &b
	return &c
}

// In a demonstration every browser becomes a kiosk by itself, by the way that a code goes; revoking one ends it as anywhere.
func TestKioskDemo(t *testing.T) {
	t.Parallel()
	s := newSite(t, false, demo)
	d := &tablet{browser: s.browser(), t: t, queue: string(survey.NewResponseID())}
	d.get("/kiosk").want(t, http.StatusOK, "<html")
	d.fetch()
	first := d.config.Device
	if d.config.Point != "Quầy 1" || d.config.Measure {
		t.Errorf("configuration %+v", d.config)
	}
	if d.fetch(); d.config.Device != first {
		t.Error("the browser was enrolled again")
	}
	seq, a := d.sitting()
	d.send(seq, a).received(t, survey.Stored, survey.WalkIn)
	must(t, s.db.RevokeDevice(context.Background(), testBy, first, s.now))
	s.now = s.now.Add(deviceFor)
	d.get("/kiosk/config").refused(t, http.StatusForbidden, survey.CodeDeviceRevoked)

	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if r := s.browser().get("/kiosk/config"); r.status != http.StatusOK {
				t.Errorf("status %d %s", r.status, r.body)
			}
		})
	}
	wg.Wait()
	closed := newSite(t, false)
	closed.browser().get("/kiosk").want(t, http.StatusOK, "<html")
	closed.browser().get("/kiosk/config").refused(t, http.StatusUnauthorized, survey.CodeDeviceUnknown)
}

// busyStore is full or locked.
type busyStore struct{ survey.Store }

func (busyStore) SaveReceipt(context.Context, survey.Receipt) (survey.Outcome, error) {
	return "", &survey.Error{Code: survey.CodeUnavailable, Op: "save response"}
}

// forgetfulStore refuses and cannot note it.
type forgetfulStore struct{ survey.Store }

func (forgetfulStore) RefuseDelivery(context.Context, survey.Delivery, survey.Code) error {
	return fmt.Errorf("disk gone")
}

func TestBusyStoreAsksToTryAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t, false, through(func(st survey.Store) survey.Store { return busyStore{st} }))
	d := s.tablet("point-1")
	seq, a := d.sitting()
	d.send(seq, a).refused(t, http.StatusServiceUnavailable, survey.CodeUnavailable)
	r := s.browser().post("/s/"+token(0), goodForm())
	r.want(t, http.StatusServiceUnavailable, i18n.T(i18n.VI, "error.unavailable"))
	if r.header.Get("Retry-After") == "" {
		t.Error("form: no Retry-After")
	}
	// A refusal that could not be noted is not told: the device would delete its copy, and the number would be missing for ever.
	s = newSite(t, false, through(func(st survey.Store) survey.Store { return forgetfulStore{st} }))
	d = s.tablet("point-1")
	seq, a = d.sitting()
	a.Answers["overall"] = 77
	d.send(seq, a).refused(t, http.StatusServiceUnavailable, survey.CodeUnavailable)
}

// A device that has lost its mind is held up, by itself.
func TestLimitsArePerDevice(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	d, other := s.tablet("point-1"), s.tablet("point-2")
	limited := 0
	for range 1100 {
		r := d.deliver(KioskEnvelope{})
		if r.status == http.StatusTooManyRequests {
			r.refused(t, http.StatusTooManyRequests, survey.CodeTooManyAttempts)
			limited++
		}
	}
	if limited == 0 || limited > 110 {
		t.Errorf("%d of 1,100 calls were held up", limited)
	}
	seq, a := other.sitting()
	other.send(seq, a).received(t, survey.Stored, survey.WalkIn)
}
