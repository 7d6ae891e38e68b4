package pages_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"sipas/templates/i18n"
	"sipas/templates/pages"
)

// browser starts a real browser for one test. Without one the test is left out, or
// fails where SIPAS_TEST_REQUIRE says that nothing may be left out.
func browser(t *testing.T) context.Context {
	t.Helper()
	if os.Getenv("SIPAS_TEST_BROWSER") != "1" && os.Getenv("SIPAS_TEST_REQUIRE") != "1" {
		t.Skip("left out: browser tests take minutes; the test task runs them, with SIPAS_TEST_BROWSER=1")
	}
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		if os.Getenv("SIPAS_TEST_REQUIRE") == "1" {
			t.Fatal("no Chromium on this machine")
		}
		t.Skip("no Chromium on this machine")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.WSURLReadTimeout(time.Minute))
	deadline, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	t.Cleanup(cancel)
	allocator, cancel := chromedp.NewExecAllocator(deadline, options...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(allocator, chromedp.WithErrorf(func(string, ...any) {}))
	t.Cleanup(cancel)
	return ctx
}

func run(t *testing.T, ctx context.Context, actions ...chromedp.Action) {
	t.Helper()
	if err := chromedp.Run(ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

// look sets the size of the window and the scheme of colors.
func look(width, height int64, scheme string) chromedp.Action {
	return chromedp.Tasks{
		chromedp.EmulateViewport(width, height),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}),
	}
}

// axe runs axe-core on the page that is open and reports what it finds.
func axe(t *testing.T, ctx context.Context, where string) {
	t.Helper()
	source, err := os.ReadFile("../../cmd/sipas/testdata/axe/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	var result string
	run(t, ctx,
		chromedp.Evaluate(string(source)+";0", nil),
		chromedp.Evaluate(`axe.run(document, {resultTypes: ["violations"]}).then(r => JSON.stringify(
			r.violations.map(v => v.id + ": " + v.help + " " + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160) + " " + n.any.map(a => a.message).join(" ")).join(" | "))))`,
			&result, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }),
	)
	var violations []string
	if err := json.Unmarshal([]byte(result), &violations); err != nil {
		t.Fatal(err)
	}
	for _, v := range violations {
		t.Errorf("%s: %s", where, v)
	}
}

func TestPagesAreAccessible(t *testing.T) {
	server := httptest.NewServer(newSite())
	t.Cleanup(server.Close)
	views := []struct {
		lang          i18n.Lang
		width, height int64
		scheme        string
	}{{i18n.VI, 1366, 768, "light"}, {i18n.EN, 390, 844, "dark"}}
	for _, view := range views {
		t.Run(fmt.Sprintf("%s %s %dpx", view.lang, view.scheme, view.width), func(t *testing.T) {
			t.Parallel()
			ctx := browser(t)
			for _, name := range pageNames() {
				run(t, ctx, look(view.width, view.height, view.scheme), chromedp.Navigate(server.URL+"/page/"+string(view.lang)+"/"+name))
				axe(t, ctx, name)
				// Nothing may reach over the edge of a telephone but what scrolls by itself.
				var wide bool
				run(t, ctx, look(320, 700, view.scheme), chromedp.Evaluate(`document.documentElement.scrollWidth > 320`, &wide))
				if wide {
					t.Errorf("%s: wider than 320 px", name)
				}
			}
		})
	}
}

// kiosk opens the kiosk's page and returns helpers to work it.
func kiosk(t *testing.T, page string) (*site, context.Context) {
	t.Helper()
	s := newSite()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	ctx := browser(t)
	run(t, ctx, look(1366, 768, "light"), chromedp.Navigate(server.URL+"/page/vi/"+page), chromedp.WaitVisible("#attract"))
	return s, ctx
}

func click(selector string) chromedp.Action {
	return chromedp.Click(selector, chromedp.ByQuery, chromedp.NodeVisible)
}

// choose presses the card with a code when the nth question is on the screen.
func choose(n, code int) chromedp.Action {
	return chromedp.Tasks{
		chromedp.Poll(fmt.Sprintf(`/\b%d\b.*\b5\b/.test(document.getElementById("progress").textContent)`, n), nil),
		click(fmt.Sprintf(`#question [data-code="%d"]`, code)),
	}
}

// eventually waits until the site has received what done asks for.
func (s *site) eventually(t *testing.T, done func([]pages.KioskAnswersRequest) bool) []pages.KioskAnswersRequest {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		got := s.received()
		if done(got) {
			return got
		}
		select {
		case <-deadline:
			t.Fatalf("the answers did not come; received: %+v", got)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func last(got []pages.KioskAnswersRequest) pages.KioskAnswersRequest {
	if len(got) == 0 {
		return pages.KioskAnswersRequest{}
	}
	return got[len(got)-1]
}

func TestKioskSendsOneAnswerTwice(t *testing.T) {
	s, ctx := kiosk(t, "kiosk")
	run(t, ctx, click(`[data-begin="vi"]`), click("#start"),
		choose(1, 4), choose(2, 5), choose(3, -2),
		// Back shows what was chosen, another language keeps it, and it can be changed.
		chromedp.WaitVisible("#question"), click("#question [data-back]"),
		chromedp.WaitVisible(`#question [data-code="-2"][aria-pressed="true"]`),
		click(`[data-language="en"]`),
		chromedp.WaitVisible(`#question [data-code="-2"][aria-pressed="true"]`),
		choose(3, 1), choose(4, 3), choose(5, 2),
		chromedp.WaitVisible("#remark"), chromedp.SendKeys("#comment", "nhanh hon", chromedp.ByQuery),
	)
	axe(t, ctx, "remark")
	run(t, ctx, click("#send"), chromedp.WaitVisible("#thanks"))
	got := s.eventually(t, func(got []pages.KioskAnswersRequest) bool { return last(got).Disposition == "complete" })
	if len(got) != 2 {
		t.Fatalf("%d sendings, want a draft and the whole: %+v", len(got), got)
	}
	draft, whole := got[0], got[1]
	if draft.Disposition != "partial" || draft.Revision != 1 || len(draft.Answers) != 1 || draft.Answers["overall"] != 4 {
		t.Errorf("the draft is %+v", draft)
	}
	want := map[string]int{"overall": 4, "s32": 5, "s29": 1, "s33": 3, "law7": 2}
	if whole.Revision != 2 || fmt.Sprint(whole.Answers) != fmt.Sprint(want) || whole.Comment != "nhanh hon" || whole.Language != "en" {
		t.Errorf("the whole is %+v, want answers %v", whole, want)
	}
	if whole.ID == "" || whole.ID != draft.ID || whole.Ticket != draft.Ticket || whole.Ticket == "" || whole.Token != "" {
		t.Errorf("the two are not one: %+v, %+v", draft, whole)
	}
	// After the thanks nothing of it is left.
	var rest string
	run(t, ctx, chromedp.WaitVisible("#attract"),
		chromedp.Evaluate(`JSON.stringify([document.getElementById("comment").value, document.getElementById("answers").childElementCount,
			localStorage.length, sessionStorage.length, document.documentElement.lang, document.cookie])`, &rest))
	if rest != `["",0,0,0,"vi",""]` {
		t.Errorf("left behind: %s", rest)
	}
}

func TestKioskKeepsWhatATimedOutCitizenSaid(t *testing.T) {
	s, ctx := kiosk(t, "kiosk-quick")
	run(t, ctx, click(`[data-begin="en"]`), click("#start"), choose(1, 2), chromedp.WaitVisible("#still"))
	// Any touch means "still here", and presses nothing beneath.
	run(t, ctx, chromedp.MouseClickXY(683, 300), chromedp.WaitNotVisible("#still"), chromedp.WaitVisible("#question"))
	if got := s.received(); last(got).Disposition != "partial" || len(last(got).Answers) != 1 {
		t.Fatalf("after the touch: %+v", got)
	}
	run(t, ctx, chromedp.WaitVisible("#still"), chromedp.WaitVisible("#attract"))
	got := s.eventually(t, func(got []pages.KioskAnswersRequest) bool { return len(got) == 2 })
	if end := last(got); end.Disposition != "timed_out" || end.Revision != 2 || end.Answers["overall"] != 2 {
		t.Errorf("sent at the end: %+v", end)
	}
}

func TestKioskTriesAgainUntilAcknowledged(t *testing.T) {
	s, ctx := kiosk(t, "kiosk")
	s.mu.Lock()
	s.fail = 2
	s.mu.Unlock()
	run(t, ctx, click(`[data-begin="vi"]`), click("#start"), choose(1, 5))
	got := s.eventually(t, func(got []pages.KioskAnswersRequest) bool { return len(got) > 0 })
	if got[0].Revision != 1 || got[0].Answers["overall"] != 5 {
		t.Errorf("received %+v", got[0])
	}
}

func TestKioskTakesTheCodeOfAReceipt(t *testing.T) {
	s, ctx := kiosk(t, "kiosk")
	var problem string
	// A scanner types on the first screen; the code goes where it belongs.
	run(t, ctx, chromedp.KeyEvent("unknown\r"), chromedp.WaitVisible("#problem"),
		chromedp.Poll(`document.getElementById("problem").textContent !== ""`, nil),
		chromedp.Text("#problem", &problem))
	if want := i18n.T(i18n.VI, "kiosk.problem.unknown"); problem != want {
		t.Errorf("told %q, want %q", problem, want)
	}
	axe(t, ctx, "consent")
	run(t, ctx, chromedp.SetValue("#code", "abc-123", chromedp.ByQuery), click("#start"), choose(1, 3))
	got := s.eventually(t, func(got []pages.KioskAnswersRequest) bool { return len(got) == 1 })
	if got[0].Token != "abc-123" || got[0].ID != "" {
		t.Errorf("sent %+v, want the token and no id", got[0])
	}
	axe(t, ctx, "question")
}

// Only sending tells that a code was used. Then nothing that was said is lost: the citizen goes on without the code.
func TestKioskGoesOnWithoutAUsedCode(t *testing.T) {
	s, ctx := kiosk(t, "kiosk")
	var why string
	run(t, ctx, chromedp.KeyEvent("used\r"), choose(1, 2), chromedp.WaitVisible("#refused"), chromedp.Text("#refused-why", &why))
	if want := i18n.T(i18n.VI, "kiosk.problem.used"); why != want {
		t.Errorf("told %q, want %q", why, want)
	}
	axe(t, ctx, "refused")
	if got := s.received(); len(got) != 0 {
		t.Fatalf("received %+v", got)
	}
	run(t, ctx, click("#go-on"), chromedp.WaitNotVisible("#refused"), choose(2, 5), choose(3, 5), choose(4, 5), choose(5, 2),
		chromedp.WaitVisible("#remark"), click("#send"), chromedp.WaitVisible("#thanks"))
	got := s.eventually(t, func(got []pages.KioskAnswersRequest) bool { return last(got).Disposition == "complete" })
	draft, whole := got[0], last(got)
	if draft.Revision != 1 || draft.Token != "" || draft.ID == "" || draft.Answers["overall"] != 2 {
		t.Errorf("what was kept is %+v", draft)
	}
	if whole.Revision != 2 || whole.ID != draft.ID || whole.Ticket != draft.Ticket || whole.Answers["overall"] != 2 || len(whole.Answers) != 5 {
		t.Errorf("the whole is %+v", whole)
	}
}

// A refusal that comes when the thanks are read already is told in their place.
func TestKioskTellsALateRefusal(t *testing.T) {
	s, ctx := kiosk(t, "kiosk")
	var why string
	run(t, ctx, chromedp.KeyEvent("closed\r"), choose(1, 4), choose(2, 5), choose(3, 5), choose(4, 5), choose(5, 2),
		chromedp.WaitVisible("#remark"), click("#send"), chromedp.WaitVisible("#refused"), chromedp.Text("#refused-why", &why))
	if want := i18n.T(i18n.VI, "kiosk.problem.closed"); why != want {
		t.Errorf("told %q, want %q", why, want)
	}
	run(t, ctx, click("#stop"), chromedp.WaitVisible("#attract"), chromedp.WaitNotVisible("#refused"))
	if got := s.received(); len(got) != 1 || got[0].Disposition != "partial" {
		t.Errorf("received %+v, want the draft alone", got)
	}
}

func TestKioskSpeaksEveryLanguage(t *testing.T) {
	_, ctx := kiosk(t, "kiosk")
	for _, l := range i18n.Languages() {
		var text string
		run(t, ctx, click(`[data-language="`+string(l)+`"]`), chromedp.Evaluate(`[...document.querySelectorAll("[data-t]")].map(e => e.dataset.t + "=" + e.textContent).join("\n")`, &text))
		for _, line := range strings.Split(text, "\n") {
			key, said, _ := strings.Cut(line, "=")
			if want := i18n.T(l, "kiosk."+key); said != want {
				t.Errorf("%s: %s says %q, want %q", l, key, said, want)
			}
		}
	}
	// No answer may be smaller than 20 mm.
	var small int
	run(t, ctx, click(`[data-begin="vi"]`), click("#start"), chromedp.WaitVisible("#question"),
		chromedp.Evaluate(`[...document.querySelectorAll("button")].filter(b => b.offsetParent && b.offsetHeight < 20 * 96 / 25.4 - 1).length`, &small))
	if small > 0 {
		t.Errorf("%d buttons are lower than 20 mm", small)
	}
}
