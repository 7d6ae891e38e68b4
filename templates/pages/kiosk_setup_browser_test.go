package pages_test

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"sipas/templates/i18n"
)

// A browser becomes a kiosk: the code on the screen's own keys, the measuring of the screen, and the first screen in millimeters.
func TestKioskIsEnrolledAndMeasured(t *testing.T) {
	k, ctx := kiosk(t, func(k *fakeKiosk) { k.state = kioskState{Phase: "revoked", Waiting: 12} })
	var revoked, waiting, problem, typed string
	run(t, ctx, chromedp.WaitVisible("#enrol-waiting"), chromedp.Text("#enrol-revoked", &revoked), chromedp.Text("#enrol-waiting", &waiting))
	if revoked != i18n.T(i18n.VI, "kiosk.enrol_revoked") || waiting != i18n.T(i18n.VI, "kiosk.enrol_waiting", "n", 12) {
		t.Errorf("told %q and %q", revoked, waiting)
	}
	axe(t, ctx, "enrol")
	press := func(keys string) chromedp.Action {
		return chromedp.Evaluate(`for (const k of `+strconv.Quote(keys)+`) [...document.querySelectorAll("#enrol-keys button")].find(b => b.textContent === k).click()`, nil)
	}
	run(t, ctx, press("k7m29"), click("#enrol [type=submit]"), chromedp.WaitVisible("#enrol-problem"), chromedp.Text("#enrol-problem", &problem))
	if problem != i18n.T(i18n.VI, "kiosk.enrol_short") {
		t.Errorf("told %q", problem)
	}
	run(t, ctx, press("xqe"), chromedp.Value("#enrol-code", &typed), click("#enrol [type=submit]"), chromedp.Poll(`document.getElementById("enrol-problem").textContent !== ""`, nil),
		chromedp.Text("#enrol-problem", &problem))
	if typed != "k7m2-9xqe" || problem != i18n.T(i18n.VI, "kiosk.enrol_unknown") {
		t.Errorf("typed %q, told %q", typed, problem)
	}
	// Typed on keys of the device: capitals, and letters that are easily mistaken.
	run(t, ctx, chromedp.Evaluate(`document.getElementById("enrol-code").value = ""`, nil), chromedp.SendKeys("#enrol-code", "K7M2 9XQD", chromedp.ByQuery),
		chromedp.KeyEvent("\r"), chromedp.WaitVisible("#measure"))
	axe(t, ctx, "measure")
	if got := k.called("enrol"); len(got) != 2 || got[1] != "k7m29xqd" {
		t.Errorf("asked with %q", got)
	}

	// The edge follows a finger and the arrow keys, and nobody measures what cannot be.
	var box struct{ Left, Top, Width, Height float64 }
	read := chromedp.Evaluate(`(() => { const r = document.getElementById("card").getBoundingClientRect(); return {Left: r.left, Top: r.top, Width: r.width, Height: r.height} })()`, &box)
	run(t, ctx, chromedp.Poll(`document.getElementById("edge").getAttribute("aria-valuenow") > 0`, nil), read)
	if want := 85.6 * 96 / 25.4; math.Abs(box.Width-want) > 1 {
		t.Errorf("the frame begins %v wide, want %v", box.Width, want)
	}
	run(t, ctx, chromedp.Evaluate(`(() => { const c = document.getElementById("card"); c.setPointerCapture = () => {}; c.hasPointerCapture = () => true;
		const r = c.getBoundingClientRect();
		c.dispatchEvent(new PointerEvent("pointermove", {clientX: r.left + 65, clientY: r.top + 5, bubbles: true})) })()`, nil),
		click("#measured"), chromedp.WaitVisible("#measure-problem"), chromedp.Text("#measure-problem", &problem))
	if problem != i18n.T(i18n.VI, "kiosk.measure_odd") {
		t.Errorf("told %q", problem)
	}
	run(t, ctx, chromedp.Evaluate(`(() => { const c = document.getElementById("card"), r = c.getBoundingClientRect();
		c.dispatchEvent(new PointerEvent("pointermove", {clientX: r.left + 415, clientY: r.top + 5, bubbles: true})) })()`, nil),
		chromedp.Focus("#edge", chromedp.ByQuery), chromedp.KeyEvent(kb.ArrowRight+kb.ArrowRight+kb.ArrowRight+kb.ArrowLeft),
		click("#larger"), click("#larger"), click("#smaller"), read, click("#measured"), chromedp.WaitVisible("#attract"))
	if math.Abs(box.Width-418) > 1.5 || math.Abs(box.Width/box.Height-85.6/53.98) > 0.02 {
		t.Errorf("the frame is %+v", box)
	}
	got := k.called("measured")
	if len(got) != 1 {
		t.Fatalf("measured %q", got)
	}
	px, err := strconv.ParseFloat(got[0], 64)
	if err != nil || math.Abs(px-418/85.6) > 0.03 {
		t.Errorf("a millimeter is %q pixels, want %v", got[0], 418/85.6)
	}
	// Now nothing to press is smaller than 20 mm of this screen, not even where the screen is low.
	var small []string
	for _, begin := range []chromedp.Action{chromedp.WaitVisible("#attract"), click(`[data-begin="vi"]`), click("#start"), choose(1, 3)} {
		run(t, ctx, begin, chromedp.Evaluate(`[...document.querySelectorAll("button")].filter(b => b.offsetParent && b.id !== "staff")
			.filter(b => Math.min(b.offsetHeight, b.offsetWidth) < 20 * parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--mm")) - 1)
			.map(b => b.outerHTML.slice(0, 90))`, &small))
		if len(small) > 0 {
			t.Errorf("smaller than 20 mm: %q", small)
		}
	}
}

func TestKioskOpensToThePIN(t *testing.T) {
	k, ctx := kiosk(t, func(k *fakeKiosk) { k.state.Waiting, k.state.Config.Closed = 12, "wave_closed" })
	var text, stored string
	var locked int
	run(t, ctx, chromedp.WaitVisible("#closed"))
	axe(t, ctx, "closed")
	// A short touch opens nothing; the keyboard does.
	run(t, ctx, click("#staff"), chromedp.WaitNotVisible("#pin"), chromedp.Focus("#staff", chromedp.ByQuery), chromedp.KeyEvent("\r"), chromedp.WaitVisible("#pin"))
	axe(t, ctx, "PIN")
	for range 3 {
		run(t, ctx, chromedp.Evaluate(`document.getElementById("pin-problem").textContent = ""`, nil), chromedp.KeyEvent("111111"),
			chromedp.Poll(`document.getElementById("pin-problem").textContent !== ""`, nil))
	}
	// After the third wrong one there is a wait, which loading the page again does not save.
	locks := chromedp.Evaluate(`document.querySelectorAll("#pin-keys button:disabled").length`, &locked)
	run(t, ctx, locks, chromedp.Text("#pin-problem", &text))
	if want := i18n.T(i18n.VI, "kiosk.pin_wait", "n", 5); locked != 11 || text != want {
		t.Errorf("%d keys are locked, told %q, want %q", locked, text, want)
	}
	run(t, ctx, chromedp.Reload(), chromedp.WaitVisible("#closed"), chromedp.Focus("#staff", chromedp.ByQuery), chromedp.KeyEvent("\r"), chromedp.WaitVisible("#pin"), locks)
	if locked != 11 {
		t.Error("loading the page again saved the wait")
	}
	run(t, ctx, chromedp.Poll(`!document.querySelector("#pin-keys button:disabled")`, nil),
		chromedp.KeyEvent("24816"), chromedp.KeyEvent(kb.Backspace),
		chromedp.Evaluate(`for (const k of "63") [...document.querySelectorAll("#pin-keys button")].find(b => b.textContent === k).click()`, nil),
		chromedp.WaitVisible("#service"), chromedp.Poll(`document.querySelectorAll("#status li").length > 5`, nil), chromedp.Text("#status", &text),
		chromedp.Evaluate(`JSON.stringify(localStorage)`, &stored))
	for _, want := range []string{
		"Số câu trả lời đang chờ gửi: 12. Lâu nhất: 3 giờ trước.", "Máy chủ còn thiếu các số: 4, 6–7.", "lệch 9 phút", i18n.T(i18n.VI, "kiosk.status_storage_refused"),
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the menu does not say %q: %q", want, text)
		}
	}
	if stored != "{}" {
		t.Errorf("left in storage: %s", stored)
	}
	axe(t, ctx, "service")
	run(t, ctx, click("#service-send"), chromedp.Poll(`document.querySelectorAll("#status li").length > 5`, nil), click("#service-enrol"), chromedp.WaitVisible("#enrol"), click("#enrol-cancel"), chromedp.WaitVisible("#closed"))
	if got := k.called("drain"); len(got) != 1 {
		t.Errorf("sent %d times", len(got))
	}
}
