package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"sipas/survey"
	"sipas/templates/i18n"
)

// Requests that another site's page makes a browser send are refused on every route that changes something.
func TestOtherSitesAreRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	for _, from := range []map[string]string{
		{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
		{"Sec-Fetch-Site": "same-site", "Origin": "https://other.office.example"},
		{"Sec-Fetch-Site": "", "Origin": "https://evil.example"},
		{"Sec-Fetch-Site": "", "Origin": "null"},
	} {
		for _, r := range s.server.table() {
			if r.method == http.MethodGet {
				continue
			}
			b := s.browser()
			for k, v := range from {
				b.headers[k] = v
				if v == "" {
					delete(b.headers, k)
				}
			}
			path := strings.ReplaceAll(r.path, ":token", token(0))
			if got := b.post(path, goodForm()); got.status != http.StatusForbidden {
				t.Errorf("%s %s from %v: status %d", r.method, r.path, from, got.status)
			}
		}
	}
	if n := len(s.responses()); n != 0 {
		t.Fatalf("%d answers came from other sites", n)
	}
	for i, from := range []map[string]string{
		{"Sec-Fetch-Site": "same-origin"},
		{"Sec-Fetch-Site": "none"},
		{"Sec-Fetch-Site": "", "Origin": "http://example.com"}, // httptest's host: an old browser, or plain HTTP
		{"Sec-Fetch-Site": ""},
	} {
		b := s.browser()
		for k, v := range from {
			b.headers[k] = v
			if v == "" {
				delete(b.headers, k)
			}
		}
		if got := b.post("/s/"+token(i), goodForm()); got.status != http.StatusOK {
			t.Errorf("own site, %v: status %d", from, got.status)
		}
	}
}

func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	d := s.tablet("point-1")
	b := s.browser()
	huge := strings.Repeat("x", 2<<20)
	b.post("/s/"+token(0), url.Values{"comment": {huge}}).want(t, http.StatusRequestEntityTooLarge, i18n.T(i18n.VI, "error.too_large"))
	b.post("/signin", credentials("a", huge)).want(t, http.StatusRequestEntityTooLarge)
	for _, path := range []string{"/kiosk/enrol", "/kiosk/beat", "/kiosk/answers"} {
		if r := d.json(path, `{"queue":"`+huge+`"}`); r.status != http.StatusRequestEntityTooLarge || errorCode(t, r) != "too_large" {
			t.Errorf("%s: status %d", path, r.status)
		}
	}
	// The longest comments of the longest letters pass.
	seq, a := d.sitting()
	a.Comment, a.Token = strings.Repeat("𠮷", 300), strings.Repeat("x", 1000)
	d.send(seq, a).received(t, survey.Stored, survey.WalkIn)
	form := goodForm()
	form.Set("comment", strings.Repeat("ộ", 1000))
	if r := b.post("/s/"+token(0), form); r.status != http.StatusOK {
		t.Errorf("the longest comment: status %d", r.status)
	}
}

func TestBadJSON(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	d := s.tablet("point-1")
	for _, body := range []string{"", "x", "[]", "null", `{"queue":1}`, `{"queue":"x"}`, `{"queue":"x"} {}`, `{"queue":"` + d.queue + `","seq":1.5}`} {
		for _, path := range []string{"/kiosk/beat", "/kiosk/answers"} {
			if path == "/kiosk/beat" && strings.Contains(body, "seq") {
				continue
			}
			if r := d.json(path, body); r.status != http.StatusBadRequest || errorCode(t, r) != "bad_request" {
				t.Errorf("%s %q: status %d %s", path, body, r.status, r.body)
			}
		}
	}
	if r := d.browser.send(http.MethodPost, "/kiosk/beat", "text/plain", `{"queue":"`+d.queue+`"}`); r.status != http.StatusBadRequest {
		t.Errorf("undeclared JSON: status %d", r.status)
	}
}

// brokenStore fails as a real one might: its causes quote what it was given.
type brokenStore struct {
	survey.Store
	panics bool
}

func (b brokenStore) SaveReceipt(_ context.Context, r survey.Receipt) (survey.Outcome, error) {
	if b.panics {
		panic(fmt.Sprintf("%s: %v: %s", r.Response.ID, r.Response.Answers, r.Comment))
	}
	return "", errors.New("constraint failed: " + string(r.Response.ID) + ": " + r.Comment)
}

func (b brokenStore) Invitation(ctx context.Context, h survey.TokenHash) (survey.Invitation, error) {
	if h == survey.Token(token(9)).Hash() {
		return survey.Invitation{}, errors.New("no such row: " + string(h))
	}
	return b.Store.Invitation(ctx, h)
}

// No line of the log holds a token, its hash, a response's id, an answer, a comment, a password, a cookie, an address or a query.
func TestLogTellsNothing(t *testing.T) {
	t.Parallel()
	const comment, query = "Nguyễn Văn A gọi 0912345678", "cmd5query"
	for name, wrap := range map[string]func(survey.Store) survey.Store{
		"a sound store":   func(st survey.Store) survey.Store { return st },
		"a failing store": func(st survey.Store) survey.Store { return brokenStore{Store: st} },
		"a panicking one": func(st survey.Store) survey.Store { return brokenStore{Store: st, panics: true} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, false, through(wrap))
			d := s.tablet("point-1")
			b := d.browser
			b.headers["X-Forwarded-For"], b.headers["User-Agent"] = "198.51.100.7", "Fingerprint/1"
			secrets := []string{comment, "0912345678", query, testPassword, "not the password", "198.51.100.7", "192.0.2.1", "Fingerprint"}
			for i := range 10 {
				secrets = append(secrets, token(i), strings.ToUpper(token(i)), string(testTokens()[i].Hash()), string(testKey.ResponseID(testTokens()[i])))
			}
			for _, v := range b.cookies {
				secrets = append(secrets, v, sessionHash(v))
			}
			form := goodForm()
			form.Set("comment", comment)
			for _, path := range []string{"/s/" + token(0), "/s/" + token(9), "/s/" + strings.ToUpper(token(1)) + "/", "/s/" + token(2) + "/nothing", "/S/" + token(3)} {
				b.get(path + "?" + query)
				b.post(path, form)
			}
			bad := goodForm()
			bad.Set("a.overall", "77777")
			b.post("/s/"+token(4), bad)
			b.post("/signin", credentials("analyst", "not the password"))
			code := survey.NewEnrolmentCode()
			b.json("/kiosk/enrol", `{"code":"`+string(code)+`"}`)
			b.json("/kiosk/beat", `{"queue":"`+d.queue+`","program":"`+query+`"}`)
			seq, a := d.sitting()
			a.Token, a.Comment = token(5), comment
			d.send(seq, a)
			a.Answers["overall"] = 77777
			d.send(seq, a)
			d.deliver(KioskEnvelope{Queue: d.queue, Seq: seq, Sealed: query})
			b.json("/kiosk/answers", `{"queue":"`+query)
			secrets = append(secrets, string(code), code.Hash(), a.ID, d.queue)
			log := s.log.String()
			for _, secret := range append(secrets, "77777", "map[overall") {
				if strings.Contains(log, secret) {
					t.Errorf("the log holds %q:\n%s", secret, log)
				}
			}
			if !strings.Contains(log, `"route":"/s/:token"`) || !strings.Contains(log, `"route":"/kiosk/answers"`) {
				t.Errorf("the log does not name the routes:\n%s", log)
			}
			if failed := strings.Contains(log, `"cause"`); failed != (name != "a sound store") {
				t.Errorf("causes in the log: %v\n%s", failed, log)
			}
			if stack := strings.Contains(log, "saveForm"); stack != (name == "a panicking one") {
				t.Errorf("a stack in the log: %v\n%s", stack, log)
			}
		})
	}
}

func TestFailuresBecomePages(t *testing.T) {
	t.Parallel()
	for _, panics := range []bool{false, true} {
		s := newSite(t, false, through(func(st survey.Store) survey.Store { return brokenStore{st, panics} }))
		r := s.browser().post("/s/"+token(0), goodForm())
		r.want(t, http.StatusInternalServerError, i18n.T(i18n.VI, "error.internal"), r.header.Get("X-Request-Id"))
		for _, inside := range []string{"constraint", "panic", "goroutine", ".go:"} {
			if strings.Contains(r.body, inside) {
				t.Errorf("the page tells %q", inside)
			}
		}
		d := s.tablet("point-1")
		if r := d.send(d.sitting()); r.status != http.StatusInternalServerError || errorCode(t, r) != "internal" {
			t.Errorf("kiosk: status %d %s", r.status, r.body)
		}
	}
}

func TestErrorsByAccept(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	for accept, kind := range map[string]string{
		"": "text/html", "*/*": "text/html", "application/json": "application/json", "text/html,application/json": "text/html",
	} {
		b := s.browser()
		b.headers["Accept"] = accept
		if r := b.get("/nothing"); r.status != http.StatusNotFound || !strings.HasPrefix(r.header.Get("Content-Type"), kind) {
			t.Errorf("Accept %q: status %d, %s", accept, r.status, r.header.Get("Content-Type"))
		}
	}
}

// Links that lead nowhere are limited together, and only they.
func TestGuessingTokensIsThrottled(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	limited := 0
	for range 500 {
		if s.browser().get("/s/"+string(survey.NewToken())).status == http.StatusTooManyRequests {
			limited++
		}
	}
	if limited < 50 {
		t.Errorf("%d of 500 guesses were limited", limited)
	}
	s.browser().get("/s/"+token(0)).want(t, http.StatusOK)
	for i := range 60 { // a whole hall behind one address
		if r := s.browser().post("/s/"+token(i), goodForm()); r.status != http.StatusOK {
			t.Fatalf("answer %d from one address: status %d", i, r.status)
		}
	}
	hammered := 0
	for range 40 {
		if s.browser().post("/s/"+token(0), goodForm()).status == http.StatusTooManyRequests {
			hammered++
		}
	}
	if hammered == 0 {
		t.Error("one link takes any number of sendings at once")
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	s.browser().get("/healthz").want(t, http.StatusOK, "ok")
	s = newSite(t, false, through(func(st survey.Store) survey.Store { return sickStore{st} }))
	s.browser().get("/healthz").want(t, http.StatusServiceUnavailable)
}

type sickStore struct{ survey.Store }

func (sickStore) Waves(context.Context) ([]*survey.Wave, error) { return nil, errors.New("disk gone") }

func FuzzDecodeForm(f *testing.F) {
	f.Add("a.overall=4&a.s24=-1&comment=x&lang=vi")
	f.Add("a.=1&a.overall=&a.overall=5&lang=%ff&comment=%00")
	f.Add("a.overall=99999999999999999999999&a.\x00=1")
	s := newSite(f, false)
	in, err := s.db.Instrument(context.Background(), survey.InstrumentRef{ID: "web-2026", Version: 1})
	must(f, err)
	f.Fuzz(func(t *testing.T, body string) {
		form, err := url.ParseQuery(body)
		if err != nil {
			return
		}
		sent := decodeForm(form, survey.Vietnamese)
		checked, err := survey.CheckSubmission(in, in.DrawModules(0), sent)
		if err != nil {
			return
		}
		// What passes is a whole answer.
		if code := checked.Answers["overall"]; code < 1 || code > 5 || checked.Language == "" {
			t.Errorf("%q passed as %+v", body, checked)
		}
	})
}

// Whatever arrives, the answer is JSON and no fault of the program.
func FuzzKioskEnvelope(f *testing.F) {
	s := newSite(f, false)
	d := s.tablet("point-1")
	good, err := json.Marshal(d.envelope(d.sitting()))
	must(f, err)
	f.Add(string(good))
	f.Add(`{"queue":"` + d.queue + `","seq":1,"sent":-9223372036854775808,"key":"` + d.config.Key.ID + `","sealed":"AAAA"}`)
	f.Add(`{"queue":"` + d.queue + `","seq":99999999,"sealed":null}`)
	f.Fuzz(func(t *testing.T, body string) {
		here := *s
		here.t = t
		here.now = here.now.Add(time.Hour) // of each, so that no limit is reached
		b := *d.browser
		b.site = &here
		r := b.json("/kiosk/answers", body)
		if r.status >= 500 && errorCode(t, r) != string(survey.CodeKeyMissing) {
			t.Errorf("%q: status %d %s", body, r.status, r.body)
		}
		if !json.Valid([]byte(r.body)) {
			t.Errorf("%q: the answer is no JSON: %s", body, r.body)
		}
	})
}

// What was sealed to the server's public key may be anything: everybody can seal.
func FuzzKioskAnswer(f *testing.F) {
	s := newSite(f, false)
	d := s.tablet("point-1")
	_, a := d.sitting()
	good, err := json.Marshal(a)
	must(f, err)
	f.Add(good)
	a.Token, a.Took, a.At = token(3), -1, -1<<63
	other, err := json.Marshal(a)
	must(f, err)
	f.Add(other)
	f.Add([]byte(`{"id":"\u0000","wave":"../x","instrument":"kiosk-2026/1/2","answers":{"":0},"revision":1}   `))
	in, err := s.db.Instrument(context.Background(), survey.InstrumentRef{ID: "kiosk-2026", Version: 1})
	must(f, err)
	f.Fuzz(func(t *testing.T, text []byte) {
		a, err := readAnswer(text)
		if err != nil {
			if !final(err) {
				t.Errorf("%q is asked for again: %v", text, err)
			}
			return
		}
		id, ok := survey.ParseResponseID(a.ID)
		if !ok || a.Revision < 1 || a.Revision > highestRevision || len(a.Token) > longestToken || a.Took < 0 || a.Took > longestTook {
			t.Errorf("%q passed as %+v", text, a)
		}
		if given := answeredAt(a.At, 0, testDay, testDay); given.After(testDay) || given.Before(testDay.Add(-beforeEnrolment)) {
			t.Errorf("%q was given at %v", text, given)
		}
		survey.ParseInstrumentRef(a.Instrument)
		_, _ = survey.CheckSubmission(in, in.DrawModules(survey.ModuleDrawOf(id)), survey.Submission{
			Revision: a.Revision, Disposition: a.Disposition, Language: a.Language, Answers: a.Answers, Comment: a.Comment,
		})
	})
}

func FuzzEnrolmentCode(f *testing.F) {
	f.Add(survey.NewEnrolmentCode().String())
	f.Add("O0il-1LIo")
	f.Add("𝟘𝟘𝟘𝟘-0000")
	f.Fuzz(func(t *testing.T, typed string) {
		code, ok := survey.ParseEnrolmentCode(typed)
		if again, same := survey.ParseEnrolmentCode(code.String()); ok && (!same || again != code || len(code) != 8) {
			t.Errorf("%q reads as %q, and that as %q", typed, code, again)
		}
	})
}
