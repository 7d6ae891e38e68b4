package main

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"sipas/survey"
)

// The whole chain in a real browser: two citizens answer on the web form and two at the kiosk, in Vietnamese and
// in English; nothing is doubled by reloading or sending again; the analyst's page shows weighted figures once fifteen
// answers are in and not before; the department's page shows what to repair and why.
func TestCitizensAnswerInABrowser(t *testing.T) {
	requireBrowser(t)
	o := newOffice(t, 120, 2)
	analyst := o.addUser("phantich", survey.Analyst)
	department := o.addUser("donvi", survey.Department, o.units[0])
	o.serve()

	t.Run("web form in Vietnamese", func(t *testing.T) { o.webForm(t, "vi", o.tokens[0], 390, 844) })
	t.Run("web form in English", func(t *testing.T) { o.webForm(t, "en", o.tokens[1], 1366, 768) })
	if got := len(o.responses()); got != 2 {
		t.Fatalf("%d responses after two citizens, want 2", got)
	}

	t.Run("kiosk", func(t *testing.T) {
		p := openBrowser(t, 1080, 1920)
		code, _ := o.kioskCode("may-1", o.units[0])
		p.device(o.base, code, 4)
		o.atKiosk(p, "vi", "")
		o.atKiosk(p, "en", o.tokens[2])
		p.drained(time.Minute)
	})
	all := o.responses()
	if len(all) != 4 {
		t.Fatalf("%d responses after four citizens, want 4", len(all))
	}
	languages, sources := map[survey.Lang]int{}, map[survey.Source]int{}
	for _, r := range all {
		languages[r.Language]++
		sources[r.Source]++
		if r.Disposition != survey.Complete || r.Answers["overall"] != 4 {
			t.Errorf("a response reads %v, %s", r.Answers, r.Disposition)
		}
		if r.Mode == survey.ModeKiosk && (len(r.Modules) != 1 || len(r.Answers) != 5) {
			t.Errorf("the kiosk asks one question and four more: %v, modules %v", r.Answers, r.Modules)
		}
	}
	if languages[survey.Vietnamese] != 2 || languages[survey.English] != 2 || sources[survey.Invited] != 3 || sources[survey.WalkIn] != 1 {
		t.Errorf("languages %v, sources %v", languages, sources)
	}

	scores := o.base + "/waves/" + string(o.wave) + "/scores?lang=en"
	a := openBrowser(t, 1366, 768)
	o.signIn(a, "phantich", analyst)
	a.open(scores)
	if text := a.text(); strings.Contains(text, "Provisional") || !strings.Contains(text, "Fewer than 15 answers") {
		t.Errorf("three answers, and the analyst's page shows a figure:\n%s", clipLines(text, 60))
	}

	// Twenty-one more by the form, without a browser: dissatisfied with feedback (s39), so that there is something to repair.
	for i := 3; i < 24; i++ {
		v := form("4", "5")
		v.Set("a.s39", "1")
		status, body, err := post(client(t), o.base+"/s/"+o.tokens[i], v)
		if err != nil || status != http.StatusOK {
			t.Fatalf("answer %d: %d %v\n%s", i, status, err, clipLines(body, 3))
		}
	}
	// The figures come with the fifteenth answer at the earliest, and move on only when fifteen more stand behind the change:
	// they rest on the answers that were there when the server looked. A busy machine shows what is at hand and computes the
	// new ones meanwhile: the next visit has them.
	weighted := regexp.MustCompile(`n = (1[5-9]|2[0-4]) of 120`)
	text := ""
	for range 20 {
		a.open(scores)
		if text = a.text(); strings.Contains(text, "Provisional") {
			break
		}
		a.do(chromedp.Sleep(time.Second))
	}
	if !strings.Contains(text, "Provisional") || !weighted.MatchString(text) {
		t.Errorf("24 answers, and the analyst's page shows no weighted figure:\n%s", clipLines(text, 60))
	}

	d := openBrowser(t, 1366, 768)
	o.signIn(d, "donvi", department)
	d.open(o.base + "/repair?lang=en")
	if text := d.text(); !strings.Contains(text, "Feedback answered in time") || !strings.Contains(text, "arget") {
		t.Errorf("the department is not told what to repair, and why:\n%s", clipLines(text, 60))
	}
	d.open(scores)
	if !strings.Contains(d.text(), "403") && !strings.Contains(strings.ToLower(d.text()), "not") {
		t.Errorf("a department must not read every unit's figures:\n%s", d.text())
	}
}

func clipLines(s string, n int) string {
	lines := strings.Split(s, "\n")
	if len(lines) > n {
		lines = lines[:n]
	}
	s = strings.Join(lines, "\n")
	return s[:min(len(s), 4000)]
}

// webForm answers the web form as a citizen does, first badly, then well, then twice.
func (o *office) webForm(t *testing.T, lang, token string, width, height int64) {
	p := openBrowser(t, width, height)
	link := o.base + "/s/" + token
	p.open(link + "?lang=" + lang)
	p.accessible("web form, " + lang)
	if got := eval[string](p, `document.documentElement.lang`); got != lang {
		t.Errorf("the page's language is %q, want %q", got, lang)
	}

	// The required question left open: the page comes back with what was typed, and says what to do.
	p.do(
		chromedp.Click(`input[name="a.s24"][value="5"]`, chromedp.ByQuery),
		chromedp.SendKeys(`#comment`, "Cảm ơn, rất tốt", chromedp.ByQuery),
		chromedp.Click(`form.survey button[type="submit"]`, chromedp.ByQuery),
		chromedp.WaitVisible(`.error-summary`, chromedp.ByQuery),
	)
	p.accessible("web form with a fault, " + lang)
	if kept := eval[string](p, `document.querySelector('input[name="a.s24"]:checked')?.value + "|" + document.querySelector("#comment").value`); kept != "5|Cảm ơn, rất tốt" {
		t.Errorf("the form came back with %q", kept)
	}
	p.do(chromedp.Click(`input[name="a.overall"][value="4"]`, chromedp.ByQuery))
	for i := 25; i <= 39; i++ {
		p.do(chromedp.Click(fmt.Sprintf(`input[name="a.s%d"][value="4"]`, i), chromedp.ByQuery))
	}
	p.do(chromedp.Click(`form.survey button[type="submit"]`, chromedp.ByQuery), chromedp.WaitVisible(`.thanks`, chromedp.ByQuery))
	p.accessible("thanks, " + lang)

	// Reloading the thanks, going back and sending again, and sending the same from another window change nothing.
	p.do(chromedp.Reload(), chromedp.WaitVisible(`.thanks`, chromedp.ByQuery))
	same := form("4", "4")
	same.Set("a.s24", "5")
	same.Set("lang", lang)
	same.Set("comment", "Cảm ơn, rất tốt")
	if status, body, err := post(client(t), link, same); err != nil || status != http.StatusOK {
		t.Errorf("the same answer again: %d %v\n%s", status, err, clipLines(body, 3))
	}
	other := form("1", "1")
	other.Set("lang", lang)
	if status, _, err := post(client(t), link, other); err != nil || status != http.StatusConflict {
		t.Errorf("another answer with the same link: %d %v, want 409", status, err)
	}
	p.open(link + "?lang=" + lang)
	p.do(
		chromedp.Click(`input[name="a.overall"][value="1"]`, chromedp.ByQuery),
		chromedp.Click(`form.survey button[type="submit"]`, chromedp.ByQuery),
		chromedp.WaitNotPresent(`form.survey`, chromedp.ByQuery),
	)
	p.accessible("link used before, " + lang)
}

// atKiosk answers every question at the kiosk with the second best, from the first screen to the thanks and back. How the screens look is
// a test of its own.
func (o *office) atKiosk(p *page, lang, code string) {
	p.t.Helper()
	p.do(chromedp.Click(`[data-begin="`+lang+`"]`, chromedp.ByQuery))
	p.waitFor(onScreen("consent"))
	if code != "" {
		p.do(chromedp.SendKeys(`#code`, strings.ToUpper(code), chromedp.ByQuery))
	}
	p.do(chromedp.Click(`#start`, chromedp.ByQuery))
	p.answerAll(nil)
	p.do(chromedp.Click(`#send`, chromedp.ByQuery))
	p.waitFor(onScreen("thanks"))
	p.waitFor(onScreen("attract"))
}

// signIn signs in through the page.
func (o *office) signIn(p *page, name, password string) {
	p.t.Helper()
	p.open(o.base + "/signin?lang=vi")
	p.accessible("sign-in")
	p.do(
		chromedp.SendKeys(`input[name="name"]`, name, chromedp.ByQuery),
		chromedp.SendKeys(`input[name="password"]`, password, chromedp.ByQuery),
		chromedp.Submit(`input[name="password"]`, chromedp.ByQuery),
		chromedp.WaitNotPresent(`input[name="password"]`, chromedp.ByQuery),
	)
}

// Every page of the demonstration, in the languages of its readers, is accessible on a desk and on a phone, and fits
// the smallest phone and a kiosk, too.
func TestEveryPageIsAccessible(t *testing.T) {
	requireBrowser(t)
	d := startDemo(t)
	wave := "/waves/" + d.wave
	pages := map[string][]string{
		"": {"/", "/signin", "/releases", "/releases/" + d.wave + "/1", "/kiosk", "/khong-co-trang-nay", "/s/" + d.token, "/s/00000000000000000000000000"},
		"analyst": {
			"/waves", wave, wave + "/index", wave + "/index?framework=papi-style", wave + "/scores", wave + "/units", wave + "/heatmap", wave + "/map",
			wave + "/history", wave + "/flags", wave + "/compare", wave + "/publish", "/papi", "/papi?province=" + url.QueryEscape("Bình Dương"),
			"/admin/frameworks", "/admin/frameworks/one-stop-2018/1",
		},
		"department":    {"/repair", "/waves"},
		"administrator": {"/admin", "/repair"},
	}
	for role, paths := range pages {
		t.Run("role "+role, func(t *testing.T) {
			t.Parallel()
			p := openBrowser(t, 1366, 768)
			o := &office{t: t, base: d.base}
			if role != "" {
				o.signIn(p, d.names[role], d.passwords[role])
			}
			if role == "analyst" {
				// The editor needs something to edit.
				p.open(d.base + "/admin/frameworks")
				p.do(chromedp.SendKeys("#copy-id", "so-thu"), chromedp.Submit("#copy-id"), chromedp.WaitVisible("#draft-publish"))
				paths = append(paths, "/admin/drafts/so-thu?node=0")
			}
			for _, path := range paths {
				for _, lang := range []string{"vi", "en", "zh"} {
					if role != "" && lang == "zh" {
						continue
					}
					join := "?"
					if strings.Contains(path, "?") {
						join = "&"
					}
					name := path + " in " + lang
					p.do(chromedp.EmulateViewport(1366, 768))
					p.open(d.base + path + join + "lang=" + lang)
					if path == "/kiosk" {
						// The page holds every screen; its script turns one on.
						p.waitFor(`document.querySelector("#stage > section:not([hidden])") !== null`)
					}
					p.accessible(name + " on a desk")
					p.do(chromedp.EmulateViewport(390, 844))
					p.accessible(name + " on a phone")
					for _, width := range []int64{320, 1080} {
						p.do(chromedp.EmulateViewport(width, 1920))
						p.fits(fmt.Sprintf("%s at %d px", name, width))
					}
				}
			}
		})
	}
}
