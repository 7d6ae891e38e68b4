package pages_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"sipas/templates/i18n"
)

// kiosk opens the kiosk's page over the tests' own queue, as set has made it.
func kiosk(t *testing.T, set func(*fakeKiosk)) (*fakeKiosk, context.Context) {
	t.Helper()
	ctx := browser(t)
	s := newSite()
	if set != nil {
		set(&s.kiosk)
	}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	run(t, ctx, look(1366, 768, "light"), chromedp.Navigate(server.URL+"/page/vi/kiosk"),
		chromedp.Poll(`[...document.querySelectorAll("#stage > section")].some(s => !s.hidden)`, nil))
	return &s.kiosk, ctx
}

func click(selector string) chromedp.Action {
	return chromedp.Click(selector, chromedp.ByQuery, chromedp.NodeVisible)
}

// at waits until the nth question is on the screen.
func at(n int) chromedp.Action {
	return chromedp.Poll(fmt.Sprintf(`!document.getElementById("question").hidden && /\b%d\b.*\b5\b/.test(document.getElementById("progress").textContent)`, n), nil)
}

// choose presses the card with a code when the nth question is on the screen.
func choose(n, code int) chromedp.Action {
	return chromedp.Tasks{at(n), click(fmt.Sprintf(`#question [data-code="%d"]`, code))}
}

// scan types as a scanner does, all at once, wherever the focus is.
func scan(code string) chromedp.Action {
	return chromedp.Evaluate(fmt.Sprintf(`for (const key of [...%q, "Enter"]) {
		const field = document.activeElement;
		const typed = field.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true}));
		if (typed && key !== "Enter" && "setRangeText" in field) field.setRangeText(key, field.selectionStart, field.selectionEnd, "end");
	}`, code), nil)
}

func disposition(want string) func([]kioskSaved) bool {
	return func(got []kioskSaved) bool { return last(got).Disposition == want }
}

const goodCode = "7k3m9q2xv5t8w1r4n6p0bcdfgh"

func TestKioskGivesEachTapToTheQueue(t *testing.T) {
	k, ctx := kiosk(t, nil)
	var before, after int
	run(t, ctx, chromedp.Evaluate(`history.length`, &before), click(`[data-begin="vi"]`), click("#start"),
		choose(1, 4), choose(2, 5), choose(3, -2), at(4),
		// Back shows what was chosen, another language keeps it, and it can be changed.
		click("#question [data-back]"), chromedp.WaitVisible(`#question [data-code="-2"][aria-pressed="true"]`),
		click(`[data-language="en"]`), chromedp.WaitVisible(`#question [data-code="-2"][aria-pressed="true"]`),
		choose(3, 1), choose(4, 3), choose(5, 2),
		chromedp.WaitVisible("#remark"), chromedp.SendKeys("#comment", "nhanh hon", chromedp.ByQuery),
		click("#send"), chromedp.WaitVisible("#thanks"))
	got := k.eventually(t, disposition("complete"))
	if len(got) != 7 {
		t.Fatalf("%d savings, want one for each tap and one for the end: %+v", len(got), got)
	}
	for i, s := range got {
		// Sending begins when the required question is answered, and ends with the whole.
		if s.Revision != i+1 || s.ID != got[0].ID || s.Ready != (i == 0 || i == 6) || s.Token != "" || i < 6 && s.Disposition != "partial" {
			t.Errorf("saving %d is %+v", i, s)
		}
	}
	want := map[string]int{"overall": 4, "s32": 5, "s29": 1, "s33": 3, "law7": 2}
	if whole := last(got); fmt.Sprint(whole.Answers) != fmt.Sprint(want) || whole.Comment != "nhanh hon" || whole.Language != "en" {
		t.Errorf("the whole is %+v, want answers %v", whole, want)
	}
	// After the thanks nothing of it is left.
	var rest string
	run(t, ctx, chromedp.WaitVisible("#attract"), chromedp.Evaluate(`history.length`, &after),
		chromedp.Evaluate(`JSON.stringify([document.getElementById("comment").value, document.getElementById("answers").childElementCount,
			document.getElementById("ask").textContent, document.querySelectorAll("#moves [data-code]").length,
			localStorage.length, sessionStorage.length, document.documentElement.lang, document.cookie, location.search + location.hash])`, &rest))
	if rest != `["",0,"",0,0,0,"vi","",""]` || after != before {
		t.Errorf("left behind: %s, and %d entries of history", rest, after-before)
	}
}

// The module asked is the one in whose stretch of the summed chances the draw falls, as survey.Instrument.DrawModules has it.
func TestKioskDrawsAsTheServerDoes(t *testing.T) {
	draws := []float64{0, 0.2499999, 0.25, 0.5, 0.999}
	k, ctx := kiosk(t, func(k *fakeKiosk) { k.draws = append(k.draws, draws...) })
	in := readInstrument("kiosk-2026")
	text := map[string]string{}
	for _, item := range in.Items {
		text[item.Code] = item.Text["vi"]
	}
	for i, first := range []string{"s32", "s32", "law1", "s24", "s24"} {
		var asked string
		run(t, ctx, click(`[data-begin="vi"]`), click("#start"), choose(1, 3), at(2), chromedp.Text("#ask", &asked), click("#question [data-back]"),
			at(1), click("#question [data-back]"), click("#decline"), chromedp.WaitVisible("#attract"))
		if asked != text[first] {
			t.Errorf("draw %v asks %q, want %s", draws[i], asked, first)
		}
	}
	// "No, thank you" takes back what was said.
	got := k.eventually(t, func(got []kioskSaved) bool { return len(got) == 10 })
	for i, s := range got {
		if i%2 == 1 && (s.Disposition != "refused" || len(s.Answers) > 0 || s.Revision != 2 || !s.Ready) {
			t.Errorf("after the refusal: %+v", s)
		}
	}
}

func TestKioskKeepsARefusal(t *testing.T) {
	k, ctx := kiosk(t, nil)
	run(t, ctx, click(`[data-begin="en"]`), click("#decline"), chromedp.WaitVisible("#attract"))
	if s := last(k.eventually(t, disposition("refused"))); s.Revision != 1 || !s.Ready || len(s.Answers) > 0 || s.Language != "en" {
		t.Errorf("saved %+v", s)
	}
}

func TestKioskKeepsWhatATimedOutCitizenSaid(t *testing.T) {
	k, ctx := kiosk(t, func(k *fakeKiosk) { k.state.Config.Idle, k.state.Config.Warn = 1, 2 })
	run(t, ctx, click(`[data-begin="en"]`), click("#start"), choose(1, 2), chromedp.WaitVisible("#still"))
	// Any touch means "still here", and presses nothing beneath.
	run(t, ctx, chromedp.MouseClickXY(683, 400), chromedp.WaitNotVisible("#still"), at(2))
	if got := k.eventually(t, func(got []kioskSaved) bool { return len(got) > 0 }); len(got) != 1 || got[0].Disposition != "partial" {
		t.Fatalf("after the touch: %+v", got)
	}
	// So does any key.
	run(t, ctx, chromedp.WaitVisible("#still"), chromedp.KeyEvent("1"), chromedp.WaitNotVisible("#still"), at(2))
	run(t, ctx, chromedp.WaitVisible("#still"), chromedp.WaitVisible("#attract"))
	got := k.eventually(t, disposition("timed_out"))
	if end := last(got); len(got) != 2 || !end.Ready || end.Answers["overall"] != 2 {
		t.Errorf("saved at the end: %+v", got)
	}
	// Whoever needs large letters gets twice the time.
	var told string
	run(t, ctx, click(`[data-begin="en"]`), click(`[data-size="large"]`), chromedp.WaitVisible("#still"), chromedp.Text("#still-count", &told),
		chromedp.WaitVisible("#attract"))
	if want := i18n.T(i18n.EN, "kiosk.still_count", "n", 4); told != want {
		t.Errorf("told %q, want %q", told, want)
	}
	// Nobody said anything: there is nothing to keep, and nobody's letters stay large.
	var large bool
	run(t, ctx, chromedp.Evaluate(`document.documentElement.classList.contains("large-text")`, &large))
	if all := k.eventually(t, func(got []kioskSaved) bool { return true }); len(all) != 2 || large {
		t.Errorf("saved %+v, large %v", all, large)
	}
}

func TestKioskTakesTheCodeOfAReceipt(t *testing.T) {
	k, ctx := kiosk(t, nil)
	var code, problem, focus string
	// A scanner types on the first screen; the code goes where it belongs, and the citizen begins.
	run(t, ctx, scan("https://sipas.example/s/"+goodCode), chromedp.WaitVisible("#consent"), chromedp.Value("#code", &code),
		chromedp.Evaluate(`document.activeElement.id`, &focus))
	if !strings.HasSuffix(code, goodCode) || focus != "start" {
		t.Errorf("the field holds %q, the focus is on %q", code, focus)
	}
	axe(t, ctx, "consent")
	run(t, ctx, click("#start"), choose(1, 3), at(2),
		// In the middle of the questions a scanner is not heard, though the code is full of digits that choose answers.
		scan(goodCode+"55555"), at(2), click("#question [data-back]"), click("#question [data-back]"))
	// What was begun with a code stays with it.
	run(t, ctx, chromedp.WaitVisible("#consent"), chromedp.WaitNotVisible("#code-part"), click("#start"), choose(1, 5), at(2))
	got := k.eventually(t, func(got []kioskSaved) bool { return len(got) == 2 })
	if !strings.HasSuffix(last(got).Token, goodCode) || last(got).Answers["overall"] != 5 || len(last(got).Answers) != 1 {
		t.Errorf("saved %+v", got)
	}
	axe(t, ctx, "question")
	// A code does not get into a remark.
	run(t, ctx, choose(2, 5), choose(3, 5), choose(4, 5), choose(5, 2), chromedp.WaitVisible("#remark"),
		chromedp.Evaluate(`(() => { const c = document.getElementById("comment"); c.focus(); c.setRangeText("tốt ", 0, 0, "end") })()`, nil), scan(goodCode), click("#send"), chromedp.WaitVisible("#thanks"))
	if end := last(k.eventually(t, disposition("complete"))); end.Comment != "tốt" {
		t.Errorf("the remark is %q", end.Comment)
	}

	// What does not look like a code is said once, and then taken: no code is worth an answer lost.
	run(t, ctx, chromedp.WaitVisible("#attract"), click(`[data-begin="vi"]`), chromedp.SendKeys("#code", "abc", chromedp.ByQuery), click("#start"),
		chromedp.WaitVisible("#problem"), chromedp.Text("#problem", &problem), click("#start"), choose(1, 1))
	if want := i18n.T(i18n.VI, "kiosk.problem.code"); problem != want {
		t.Errorf("told %q, want %q", problem, want)
	}
	if end := last(k.eventually(t, disposition("partial"))); end.Token != "abc" || end.Answers["overall"] != 1 {
		t.Errorf("saved %+v", end)
	}
}

// Only sending tells that a code was used. Then nothing that was said is lost: the citizen goes on without the code.
func TestKioskGoesOnWithoutAUsedCode(t *testing.T) {
	k, ctx := kiosk(t, func(k *fakeKiosk) {
		k.draws = []float64{0.3, 0}
		k.refuses = func(s kioskSaved) (string, string) {
			if s.Token != "" {
				return "token_used", ""
			}
			return "", ""
		}
	})
	var why string
	run(t, ctx, scan(goodCode), click("#start"), choose(1, 2), chromedp.WaitVisible("#refused"), chromedp.Text("#refused-why", &why))
	if want := i18n.T(i18n.VI, "kiosk.problem.token_used"); why != want {
		t.Errorf("told %q, want %q", why, want)
	}
	axe(t, ctx, "refused")
	run(t, ctx, click("#go-on"), chromedp.WaitNotVisible("#refused"), choose(2, 5), choose(3, 5), choose(4, 5), choose(5, 2),
		chromedp.WaitVisible("#remark"), click("#send"), chromedp.WaitVisible("#thanks"))
	got := k.eventually(t, disposition("complete"))
	again, whole := got[1], last(got)
	if again.Revision != 1 || again.Token != "" || again.ID == got[0].ID || again.Answers["overall"] != 2 || !again.Ready {
		t.Errorf("what was kept is %+v", again)
	}
	if whole.ID != again.ID || whole.Answers["overall"] != 2 || len(whole.Answers) != 5 {
		t.Errorf("the whole is %+v", whole)
	}
}

// A refusal that comes when the thanks are read already is told in their place; so is a device that cannot keep any more.
func TestKioskTellsALateRefusal(t *testing.T) {
	k, ctx := kiosk(t, func(k *fakeKiosk) {
		k.refuses = func(s kioskSaved) (string, string) {
			switch {
			case s.Disposition == "complete":
				return "wave_closed", ""
			case s.Answers["overall"] == 1:
				return "", "storage_full"
			}
			return "", ""
		}
	})
	var why string
	run(t, ctx, click(`[data-begin="vi"]`), click("#start"), choose(1, 4), choose(2, 5), choose(3, 5), choose(4, 5), choose(5, 2),
		chromedp.WaitVisible("#remark"), click("#send"), chromedp.WaitVisible("#refused"), chromedp.Text("#refused-why", &why))
	if want := i18n.T(i18n.VI, "kiosk.problem.wave_closed"); why != want {
		t.Errorf("told %q, want %q", why, want)
	}
	run(t, ctx, click("#stop"), chromedp.WaitVisible("#attract"), chromedp.WaitNotVisible("#refused"))
	run(t, ctx, click(`[data-begin="vi"]`), click("#start"), choose(1, 1), chromedp.WaitVisible("#refused"), chromedp.Text("#refused-why", &why))
	if want := i18n.T(i18n.VI, "kiosk.problem.refused"); why != want {
		t.Errorf("told %q, want %q", why, want)
	}
	if n := len(k.eventually(t, func([]kioskSaved) bool { return true })); n != 6 {
		t.Errorf("%d savings, want six: nothing is kept of what was refused", n)
	}
}

// The keyboard alone is enough, and a screen reader hears question, scale and choice.
func TestKioskByKeyboard(t *testing.T) {
	k, ctx := kiosk(t, nil)
	var focus, group string
	run(t, ctx, chromedp.Focus(`[data-begin="en"]`, chromedp.ByQuery), chromedp.KeyEvent("\r"), chromedp.WaitVisible("#consent"),
		chromedp.Focus("#start", chromedp.ByQuery), chromedp.KeyEvent("\r"), at(1),
		chromedp.Evaluate(`document.activeElement.id`, &focus),
		chromedp.Evaluate(`(() => { const g = document.getElementById("answers"); const first = g.firstElementChild;
			return [g.getAttribute("role"), document.getElementById(g.getAttribute("aria-labelledby")).textContent,
				document.getElementById(g.getAttribute("aria-describedby")).textContent,
				first.getAttribute("role"), first.textContent.trim(), first.getAttribute("aria-posinset") + "/" + first.getAttribute("aria-setsize")].join("|") })()`, &group))
	if focus != "ask" {
		t.Errorf("the focus is on %q, want the question", focus)
	}
	if want := "radiogroup|Overall, how satisfied are you with the service you received this time?|" + i18n.T(i18n.EN, "kiosk.scale") +
		"|radio|5 Very satisfied|1/5"; group != want {
		t.Errorf("a reader hears %q, want %q", group, want)
	}
	// A digit is the number of a face.
	run(t, ctx, chromedp.KeyEvent("2"), at(2), chromedp.KeyEvent("\t"), chromedp.KeyEvent(kb.ArrowDown),
		chromedp.Evaluate(`document.activeElement.dataset.code`, &focus), chromedp.KeyEvent("\r"), at(3))
	got := k.eventually(t, func(got []kioskSaved) bool { return len(got) == 2 })
	if got[1].Answers["overall"] != 2 || got[1].Answers["s32"] != 4 || focus != "4" {
		t.Errorf("saved %+v, the focus was on %q", got, focus)
	}
}

func TestKioskSpeaksEveryLanguage(t *testing.T) {
	_, ctx := kiosk(t, nil)
	for _, l := range i18n.Languages() {
		var text string
		run(t, ctx, click(`[data-language="`+string(l)+`"]`), chromedp.Evaluate(`[...document.querySelectorAll("[data-t], [data-t-label]")]
			.map(e => e.dataset.t ? e.dataset.t + "=" + e.textContent : e.dataset.tLabel + "=" + e.getAttribute("aria-label")).join("\n")`, &text))
		for _, line := range strings.Split(text, "\n") {
			key, said, _ := strings.Cut(line, "=")
			if want := i18n.T(l, "kiosk."+key); said != want {
				t.Errorf("%s: %s says %q, want %q", l, key, said, want)
			}
		}
	}
}

func TestKioskTypesVietnamese(t *testing.T) {
	k, ctx := kiosk(t, nil)
	type_ := func(keys string) chromedp.Action {
		return chromedp.Evaluate(fmt.Sprintf(`for (const k of %q) {
			[...document.querySelectorAll("#keyboard .key")].find(b => k === " " ? b.classList.contains("space") : b.textContent.toLowerCase() === k).click();
		}`, keys), nil)
	}
	run(t, ctx, emulation.SetTouchEmulationEnabled(true), click(`[data-begin="vi"]`), click("#start"),
		choose(1, 4), choose(2, 5), choose(3, 5), choose(4, 5), choose(5, 2),
		chromedp.WaitVisible("#keyboard"), type_("raats hafi longf, cawn banj nhieejt tinhf⌫"))
	axe(t, ctx, "keyboard")
	var apart bool
	run(t, ctx, chromedp.Evaluate(`(() => { const a = document.getElementById("comment").getBoundingClientRect(), b = document.getElementById("keyboard").getBoundingClientRect();
		return a.bottom <= b.top && a.top >= 0 && b.bottom <= document.getElementById("tools").getBoundingClientRect().top })()`, &apart))
	if !apart {
		t.Error("the keyboard covers the field, or something else")
	}
	// Whoever types on keys of the device does not need it.
	run(t, ctx, chromedp.SendKeys("#comment", ".", chromedp.ByQuery), chromedp.WaitNotPresent("#keyboard"), click("#keys-toggle"),
		chromedp.WaitVisible("#keyboard"), click("#send"), chromedp.WaitVisible("#thanks"))
	if end := last(k.eventually(t, disposition("complete"))); end.Comment != "Rất hài lòng, căn bạn nhiệt tìn." {
		t.Errorf("typed %q", end.Comment)
	}
}

// Zoomed to 400 % a window of 1366 × 768 is 341 × 192: everything is there, and nothing has to be scrolled sideways.
func TestKioskReflows(t *testing.T) {
	_, ctx := kiosk(t, nil)
	check := func(where string) {
		var wide, lost []string
		run(t, ctx, chromedp.Evaluate(`[...document.querySelectorAll("#stage > section:not([hidden]) *, #tools *")]
			.filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".visually-hidden")).map(e => e.outerHTML.slice(0, 80))`, &wide),
			chromedp.Evaluate(`[...document.querySelectorAll("button")].filter(b => b.offsetParent).filter(b => { b.scrollIntoView({block: "nearest"});
				const r = b.getBoundingClientRect(); return r.top < -1 || r.bottom > innerHeight + 1 }).map(e => e.outerHTML.slice(0, 80))`, &lost))
		if len(wide)+len(lost) > 0 {
			t.Errorf("%s: too wide %q, out of reach %q", where, wide, lost)
		}
	}
	for _, size := range [][2]int64{{320, 180}, {320, 568}, {341, 192}} {
		run(t, ctx, look(size[0], size[1], "light"))
		for _, scale := range []string{"normal", "large"} {
			run(t, ctx, click(`[data-size="`+scale+`"]`))
			check("attract")
			run(t, ctx, click(`[data-begin="en"]`))
			check("consent")
			run(t, ctx, click("#start"), at(1))
			check("question")
			run(t, ctx, choose(1, 3), choose(2, 3), choose(3, 3), choose(4, 3), choose(5, 1), chromedp.WaitVisible("#remark"), click("#keys-toggle"), chromedp.WaitVisible("#keyboard"))
			check("remark")
			run(t, ctx, click("#send"), chromedp.WaitVisible("#thanks"), chromedp.WaitVisible("#attract"))
		}
	}
}

func TestKioskNewProgramWaitsForTheFirstScreen(t *testing.T) {
	k, ctx := kiosk(t, nil)
	run(t, ctx, click(`[data-begin="vi"]`), click("#start"), choose(1, 4), at(2), chromedp.Evaluate(`fakeQueue.change({update: true})`, nil), choose(2, 4), at(3))
	if got := k.called("takeover"); len(got) > 0 {
		t.Error("a citizen's page was taken away")
	}
	run(t, ctx, choose(3, 4), choose(4, 4), choose(5, 2), chromedp.WaitVisible("#remark"), click("#send"), chromedp.WaitVisible("#attract"))
	for len(k.called("takeover")) == 0 {
		run(t, ctx, chromedp.Evaluate(`fetch("/fake/state").then(() => 0)`, nil))
	}
}
