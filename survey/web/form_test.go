package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"sipas/survey"
	"sipas/templates/i18n"
)

func goodForm() url.Values {
	return url.Values{"a.overall": {"4"}, "a.s24": {"5"}, "a.s29": {"-1"}, "comment": {"Cảm ơn chị Hoa"}, "lang": {"vi"}}
}

func TestFormIsAnsweredOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	b := s.browser()
	path := "/s/" + token(0)
	page := b.get(path)
	page.want(t, http.StatusOK, `name="a.overall"`, `name="a.s39"`, `name="comment"`, communes()[0].FullVI)
	if n := len(s.responses()); n != 0 {
		t.Fatalf("opening a link left %d responses", n)
	}
	for range 3 { // sent, and sent again by reloading
		r := b.post(path, goodForm())
		r.want(t, http.StatusOK, i18n.T(i18n.VI, "thanks.heading"))
		if strings.Contains(r.body, "?lang=") {
			t.Error("the thanks lead to addresses that show something else")
		}
	}
	all := s.responses()
	if len(all) != 1 {
		t.Fatalf("%d responses, want 1", len(all))
	}
	r := all[0]
	want := survey.Response{ID: testKey.ResponseID(testTokens()[0]), Class: "1.1", Source: survey.Invited, Mode: survey.ModeWeb, Revision: 1, Disposition: survey.Complete, Language: survey.Vietnamese}
	if r.ID != want.ID || r.Class != want.Class || r.Source != want.Source || r.Mode != want.Mode || r.Revision != want.Revision ||
		r.Disposition != want.Disposition || r.Language != want.Language || r.Unit != "" || r.Month != "" {
		t.Errorf("stored %+v", r)
	}
	if len(r.Answers) != 3 || r.Answers["overall"] != 4 || r.Answers["s24"] != 5 || r.Answers["s29"] != -1 {
		t.Errorf("answers %v", r.Answers)
	}
	comments, err := s.db.Comments(context.Background(), testWave)
	must(t, err)
	if len(comments) != 1 || comments[0].Text != "Cảm ơn chị Hoa" {
		t.Errorf("comments %v", comments)
	}

	changed := goodForm()
	changed.Set("a.overall", "1")
	b.post(path, changed).want(t, http.StatusConflict, i18n.T(i18n.VI, "used.heading"))
	// A link that was used opens like any other: only sending tells.
	if again := b.get(path); again.body != page.body {
		t.Error("the page of a used link differs from that of an unused one")
	}
}

// Who sent an answer can take it out again and answer anew; who only has the link cannot, and learns nothing.
func TestWithdrawal(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	b := s.browser()
	path := "/s/" + token(0)
	thanks := b.post(path, goodForm())
	thanks.want(t, http.StatusOK, `action="`+path+`/withdraw"`)
	_, receipt, _ := strings.Cut(thanks.body, `name="receipt" value="`)
	receipt, _, _ = strings.Cut(receipt, `"`)
	if len(receipt) < 20 || thanks.header.Get("Location") != "" {
		t.Fatalf("receipt %q, to %q", receipt, thanks.header.Get("Location"))
	}
	before, err := s.db.Trail(context.Background(), 1000)
	must(t, err)
	office := s.browser()
	guess := office.post(path+"/withdraw", url.Values{"receipt": {strings.Repeat("0", len(receipt))}})
	unused := office.post("/s/"+token(1)+"/withdraw", url.Values{"receipt": {receipt}})
	guess.want(t, http.StatusOK, i18n.T(i18n.VI, "thanks.withdrawn"))
	if guess.body != unused.body || len(s.responses()) != 1 {
		t.Fatalf("%d responses; the pages of a used and an unused link are alike: %v", len(s.responses()), guess.body == unused.body)
	}
	done := b.post(path+"/withdraw", url.Values{"receipt": {receipt}})
	if again := b.post(path+"/withdraw", url.Values{"receipt": {receipt}}); done.body != guess.body || again.body != guess.body || len(s.responses()) != 0 {
		t.Fatalf("%d responses are left, or the pages differ", len(s.responses()))
	}
	after, err := s.db.Trail(context.Background(), 1000)
	must(t, err)
	if len(after) != len(before) {
		t.Error("a withdrawal stands in the trail")
	}
	changed := goodForm()
	changed.Set("a.overall", "1")
	if r := b.post(path, changed); r.status != http.StatusOK || strings.Contains(r.body, receipt) {
		t.Errorf("answering anew: status %d, %s", r.status, r.body)
	}
	// The receipt of an answer that is no more withdraws no other.
	b.post(path+"/withdraw", url.Values{"receipt": {receipt}})
	must(t, s.db.CloseWave(context.Background(), testBy, testWave))
	b.post(path+"/withdraw", url.Values{"receipt": {receipt}}).want(t, http.StatusGone)
	if len(s.responses()) != 1 {
		t.Errorf("%d responses, want 1", len(s.responses()))
	}
}

func TestTwoTabsRacing(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	for round := range 5 {
		path := "/s/" + token(round)
		statuses := make([]int, 2)
		var wg sync.WaitGroup
		for tab := range 2 {
			wg.Go(func() {
				form := goodForm()
				form.Set("a.overall", []string{"1", "5"}[tab])
				statuses[tab] = s.browser().post(path, form).status
			})
		}
		wg.Wait()
		if min(statuses[0], statuses[1]) != http.StatusOK || max(statuses[0], statuses[1]) != http.StatusConflict {
			t.Errorf("round %d: statuses %v, want one 200 and one 409", round, statuses)
		}
	}
	if n := len(s.responses()); n != 5 {
		t.Errorf("%d responses, want 5", n)
	}
}

func TestFormKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	for _, c := range []struct {
		name   string
		change func(url.Values)
		holds  []string
	}{
		{"the required question is open", func(f url.Values) { f.Del("a.overall") },
			[]string{`name="a.s24" value="5" checked`, "Cảm ơn chị Hoa", `autofocus`, `id="q-overall-error"`}},
		{"an answer that is not offered", func(f url.Values) { f.Set("a.s25", "9") }, []string{"Cảm ơn chị Hoa", `id="q-s25-error"`}},
		{"an answer that is no number", func(f url.Values) { f.Set("a.s25", "x") }, []string{"Cảm ơn chị Hoa"}},
		{"a number too large", func(f url.Values) { f.Set("a.s25", "99999999999999999999") }, []string{"Cảm ơn chị Hoa"}},
		{"a comment that is too long", func(f url.Values) { f.Set("comment", strings.Repeat("ộ", 1001)) },
			[]string{strings.Repeat("ộ", 1001), i18n.T(i18n.EN, "error.comment_too_long", "max", 1000)}},
		{"markup in the comment", func(f url.Values) { f.Set("comment", "</textarea><script>x</script>"); f.Del("a.overall") },
			[]string{"&lt;/textarea&gt;&lt;script&gt;"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			form := goodForm()
			form.Set("lang", "en")
			c.change(form)
			s.browser().post("/s/"+token(1), form).want(t, http.StatusUnprocessableEntity, c.holds...)
		})
	}
	unknown := goodForm()
	unknown.Set("a.nonsense", "1")
	s.browser().post("/s/"+token(1), unknown).want(t, http.StatusUnprocessableEntity)
	if n := len(s.responses()); n != 0 {
		t.Errorf("%d responses were stored from bad forms", n)
	}
}

// What is no token, an unknown token, and one that is misspelt read alike.
func TestUnknownLinksReadAlike(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	var first string
	for _, path := range []string{string(survey.NewToken()), "x", strings.Repeat("a", 5000), "%2e%2e", "..;", token(0)[:25], "%00", "%ff"} {
		r := s.browser().get("/s/" + path)
		r.want(t, http.StatusNotFound, i18n.T(i18n.VI, "closed.unknown"))
		if first == "" {
			first = r.body
		}
		if r.body != first {
			t.Errorf("%q reads otherwise", path)
		}
		s.browser().post("/s/"+path, goodForm()).want(t, http.StatusNotFound, i18n.T(i18n.VI, "closed.unknown"))
	}
}

// Tokens work as people type and paste them.
func TestLinksAsTyped(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	for _, written := range []string{strings.ToUpper(token(0)), token(0) + "/", token(0)[:10] + "-" + token(0)[10:], token(0)[:10] + "%20" + token(0)[10:]} {
		s.browser().get("/s/"+written).want(t, http.StatusOK, `name="a.overall"`)
	}
}

func TestClosedWave(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	// An open wave whose key is missing is not over: the key can be put back, and until then somebody must hear of it.
	s.keys.gone = true
	for _, r := range []reply{s.browser().get("/s/" + token(0)), s.browser().post("/s/"+token(0), goodForm())} {
		r.want(t, http.StatusServiceUnavailable)
		if r.header.Get("Retry-After") == "" {
			t.Error("nobody is told to try again")
		}
	}
	if !strings.Contains(s.log.String(), string(survey.CodeKeyMissing)) {
		t.Error("the log does not name the missing key")
	}
	s.keys.gone = false
	must(t, s.db.CloseWave(context.Background(), testBy, testWave))
	s.browser().get("/s/"+token(0)).want(t, http.StatusGone, i18n.T(i18n.VI, "closed.closed"))
	s.browser().post("/s/"+token(0), goodForm()).want(t, http.StatusGone)
}

// Another language keeps what was typed, stores nothing, and is remembered.
func TestFormInAnotherLanguage(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	b := s.browser()
	b.get("/s/"+token(0)).want(t, http.StatusOK, `name="show" value="en"`, `form="survey"`, `id="survey"`)
	form := goodForm()
	form.Del("a.overall")
	faulty := b.post("/s/"+token(0), form)
	faulty.want(t, http.StatusUnprocessableEntity, `name="show" value="en"`)
	form.Set("show", "en")
	form.Set("a.overall", "4") // whole by now, and still not sent
	b.post("/s/"+token(0), form).want(t, http.StatusOK, `lang="en"`, i18n.T(i18n.EN, "form.heading"), `name="a.s24" value="5" checked`, `name="a.overall" value="4" checked`, "Cảm ơn chị Hoa", `name="lang" value="en"`)
	if n := len(s.responses()); n != 0 {
		t.Errorf("asking for another language stored %d responses", n)
	}
	b.get("/s/"+token(0)).want(t, http.StatusOK, i18n.T(i18n.EN, "form.heading"))
	if strings.Contains(faulty.body, "?lang=") || strings.Contains(b.post("/s/"+token(0)+"/withdraw", nil).body, "?lang=") {
		t.Error("an answer to something sent links to an address that is not its own")
	}
}

// Two hundred requests at once in three languages: each reads its own.
func TestLanguagesDoNotMix(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			l := survey.Languages()[i%3]
			b := s.browser()
			b.headers["Accept-Language"] = string(l)
			r := b.get("/s/" + token(i%60))
			if want := i18n.T(l, "form.heading"); !strings.Contains(r.body, want) || !strings.Contains(r.body, `<html lang="`+i18n.Tag(l)+`"`) {
				t.Errorf("the page in %s does not hold %q (status %d)", l, want, r.status)
			}
		})
	}
	wg.Wait()
}

func TestLanguageChoice(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	for _, c := range []struct {
		name, query, cookie, accept string
		want                        survey.Lang
	}{
		{"nothing known", "", "", "", "vi"},
		{"the browser's", "", "", "en-GB,en;q=0.8", "en"},
		{"the browser's, with region and script", "", "", "zh-Hant-TW", "zh"},
		{"the best of the browser's", "", "", "fr,zh;q=0.9,en;q=0.8", "zh"},
		{"not offered", "", "", "fr", "vi"},
		{"not readable", "", "", ";;;", "vi"},
		{"the cookie before the browser", "", "zh", "en", "zh"},
		{"a broken cookie", "", "xx", "en", "en"},
		{"the address before the cookie", "?lang=en", "zh", "vi", "en"},
		{"an address that asks for none of ours", "?lang=xx", "zh", "vi", "zh"},
	} {
		b := s.browser()
		b.headers["Accept-Language"] = c.accept
		if c.cookie != "" {
			b.cookies[languageCookie] = c.cookie
		}
		r := b.get("/" + c.query)
		if !strings.Contains(r.body, `<html lang="`+i18n.Tag(c.want)+`"`) {
			t.Errorf("%s: not in %s", c.name, c.want)
		}
		if c.query == "?lang=en" && b.cookies[languageCookie] != "en" {
			t.Errorf("%s: the choice is not remembered", c.name)
		}
	}
}
