package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"sipas/data"
	"sipas/survey"
)

// onScreen is a script that is true while a screen of the kiosk is on.
func onScreen(screen string) string {
	return fmt.Sprintf(`document.querySelector("#%s") && !document.querySelector("#%[1]s").hidden`, screen)
}

// device opens the kiosk at a server and makes the browser a device of the office: by the code on the screen, and by a card that is pxPerMM
// pixels of CSS a millimeter wide on it, dragged to size. Where pxPerMM is 0 the kiosk must not ask for it.
func (p *page) device(base, code string, pxPerMM float64) {
	p.t.Helper()
	p.open(base + "/kiosk")
	p.waitFor(onScreen("enrol"))
	p.do(chromedp.SendKeys("#enrol-code", code, chromedp.ByQuery), chromedp.Click(`#enrol-form [type=submit]`, chromedp.ByQuery))
	if pxPerMM > 0 {
		p.waitFor(onScreen("measure") + ` && document.querySelector("#card").offsetWidth > 0`)
		p.measure(pxPerMM)
	}
	p.waitFor(onScreen("attract"))
}

// measure drags the edge of the frame to the width of a card.
func (p *page) measure(pxPerMM float64) {
	p.t.Helper()
	side := eval[float64](p, `innerWidth < 620 ? 53.98 : 85.6`)
	at := eval[[3]float64](p, `(() => { const c = document.querySelector("#card").getBoundingClientRect(); return [c.left, c.right, (c.top + c.bottom) / 2]; })()`)
	mouse := func(kind input.MouseType, x float64) chromedp.Action {
		return input.DispatchMouseEvent(kind, x, at[2]).WithButton(input.Left).WithButtons(1).WithClickCount(1).WithPointerType(input.Mouse)
	}
	to := at[0] + side*pxPerMM
	p.do(mouse(input.MousePressed, at[1]-2), mouse(input.MouseMoved, (at[1]+to)/2), mouse(input.MouseMoved, to), mouse(input.MouseReleased, to),
		chromedp.Click("#measured", chromedp.ByQuery))
}

// toQuestion goes from the first screen to the first question.
func (p *page) toQuestion(lang string) {
	p.t.Helper()
	p.do(chromedp.Click(`[data-begin="`+lang+`"]`, chromedp.ByQuery))
	p.waitFor(onScreen("consent"))
	p.do(chromedp.Click("#start", chromedp.ByQuery))
	p.waitFor(onScreen("question"))
}

// answerAll presses the second card of every question that is left and ends on the remark. At every question it calls each.
func (p *page) answerAll(each func(n int)) {
	p.t.Helper()
	for n := 1; ; n++ {
		p.waitFor(fmt.Sprintf(`%s || (%s && document.querySelector("#progress").textContent.includes("%d"))`, onScreen("remark"), onScreen("question"), n))
		if eval[bool](p, onScreen("remark")) {
			return
		}
		if n > 5 {
			p.t.Fatal("the kiosk asks more than five questions")
		}
		if each != nil {
			each(n)
		}
		p.do(chromedp.Click(`#answers .answer:nth-child(2)`, chromedp.ByQuery))
	}
}

// look is a way in which a reader has the page.
type look struct {
	name string
	on   func(p *page)
	off  func(p *page)
}

func press(selector string) func(p *page) {
	return func(p *page) {
		p.t.Helper()
		p.do(chromedp.Evaluate(fmt.Sprintf(`document.querySelector(%q).click()`, selector), nil))
	}
}

func media(features ...*emulation.MediaFeature) func(p *page) {
	return func(p *page) {
		p.t.Helper()
		p.do(emulation.SetEmulatedMedia().WithFeatures(features))
	}
}

// looks are the page as it is, and as those have it who see less. Motion is reduced along with the colors: neither changes the other.
var looks = []look{
	{"plain", func(*page) {}, func(*page) {}},
	{"large text", press(`[data-size="large"]`), press(`[data-size="normal"]`)},
	{"high contrast", press("#contrast"), press("#contrast")},
	{"forced colors", media(&emulation.MediaFeature{Name: "forced-colors", Value: "active"}, &emulation.MediaFeature{Name: "prefers-reduced-motion", Value: "reduce"}), media()},
	{"dark", media(&emulation.MediaFeature{Name: "prefers-color-scheme", Value: "dark"}), media()},
}

// accessibleInEveryLook runs axe-core on the screen that is on, and looks whether a word is clipped or sticks out.
func (p *page) accessibleInEveryLook(name string, looks []look) {
	p.t.Helper()
	for _, l := range looks {
		l.on(p)
		// Transitions end before colors are measured.
		p.do(chromedp.Evaluate(`Promise.all(document.getAnimations().map(a => a.finished.catch(() => {}))).then(() => 0)`, nil, awaitPromise))
		p.accessible("kiosk, " + name + ", " + l.name)
		for _, clipped := range eval[[]string](p, clippedScript) {
			p.t.Errorf("kiosk, %s, %s: clipped or sticking out: %s", name, l.name, clipped)
		}
		if l.name == "forced colors" {
			if moving := eval[int](p, `document.getAnimations().length`); moving > 0 {
				p.t.Errorf("kiosk, %s: %d animations run where motion is not wanted", name, moving)
			}
		}
		l.off(p)
	}
}

// clippedScript lists the visible controls whose words do not fit into them, and those that reach out of the window at the side.
const clippedScript = `[...document.querySelectorAll("button, input, textarea, h1, h2, p, label")].filter(e => {
	const box = e.getBoundingClientRect();
	if (box.width === 0 || getComputedStyle(e).visibility === "hidden" || e.closest(".visually-hidden")) return false;
	if (box.left < -1 || box.right > document.documentElement.clientWidth + 1) return true;
	return e.tagName === "BUTTON" && (e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1);
}).map(e => e.outerHTML.slice(0, 160))`

// Every screen of the kiosk, for citizens and for staff, in every language and in every look passes axe-core.
func TestKioskScreensAreAccessible(t *testing.T) {
	requireBrowser(t)
	o := newOffice(t, 120, 1)
	code, pin := o.kioskCode("quay-1", o.units[0])
	o.serve()
	used := o.tokens[0]
	if status, body, err := post(client(t), o.base+"/s/"+used, form("4", "4")); err != nil || status != http.StatusOK {
		t.Fatalf("answering by the form: %d %v\n%s", status, err, clipLines(body, 3))
	}

	// The checker takes its time, and a screen must not go away under it.
	kiosk := newLine(t, o, map[string]any{"idle": 3600, "thanks": 3600}).base() + "/kiosk"
	p := openBrowser(t, 1080, 1920)
	p.open(kiosk)
	p.waitFor(onScreen("enrol") + ` && document.querySelector("#enrol-keys").children.length > 0`)
	staffLooks := []look{looks[0], looks[3]}
	p.accessibleInEveryLook("enrolment", looks)
	p.do(chromedp.SendKeys("#enrol-code", "0000", chromedp.ByQuery), chromedp.Click(`#enrol-form [type=submit]`, chromedp.ByQuery))
	p.waitFor(`document.querySelector("#enrol-problem").textContent !== ""`)
	p.accessibleInEveryLook("enrolment with half a code", staffLooks)
	p.do(chromedp.Evaluate(`document.querySelector("#enrol-code").value = ""`, nil),
		chromedp.SendKeys("#enrol-code", code, chromedp.ByQuery), chromedp.Click(`#enrol-form [type=submit]`, chromedp.ByQuery))
	p.waitFor(onScreen("measure"))
	p.accessibleInEveryLook("measuring", looks)
	p.measure(4)
	p.waitFor(onScreen("attract"))
	for _, lang := range []string{"vi", "en", "zh"} {
		t.Run(lang, func(t *testing.T) {
			p := &page{t: t, ctx: p.ctx}
			p.accessibleInEveryLook("first screen, "+lang, looks)
			p.do(chromedp.Click(`[data-begin="`+lang+`"]`, chromedp.ByQuery))
			p.waitFor(onScreen("consent"))
			p.accessibleInEveryLook("who asks, "+lang, looks)
			p.do(chromedp.SendKeys("#code", "12-khong-phai", chromedp.ByQuery), chromedp.Click("#start", chromedp.ByQuery))
			p.waitFor(`document.querySelector("#problem").textContent !== ""`)
			p.accessibleInEveryLook("a code that is none, "+lang, looks)
			p.do(chromedp.Evaluate(`document.querySelector("#code").value = ""`, nil), chromedp.Click("#start", chromedp.ByQuery))
			p.waitFor(onScreen("question"))
			p.answerAll(func(n int) {
				if n <= 2 {
					p.accessibleInEveryLook(fmt.Sprintf("question %d, %s", n, lang), looks)
				}
			})
			p.do(chromedp.Evaluate(`document.querySelector("#keyboard") || document.querySelector("#keys-toggle").click()`, nil))
			p.waitFor(`document.querySelector("#keyboard button") !== null`)
			p.accessibleInEveryLook("remark with its keyboard, "+lang, looks)
			p.do(chromedp.Click("#send", chromedp.ByQuery))
			p.waitFor(onScreen("thanks"))
			p.accessibleInEveryLook("thanks, "+lang, looks)
			p.drained(time.Minute)
			p.open(kiosk)
			p.waitFor(onScreen("attract"))

			// An answer with a code that was used before is not taken, and whoever is there is told.
			p.do(chromedp.Click(`[data-begin="`+lang+`"]`, chromedp.ByQuery))
			p.waitFor(onScreen("consent"))
			p.do(chromedp.SendKeys("#code", used, chromedp.ByQuery), chromedp.Click("#start", chromedp.ByQuery))
			p.waitFor(onScreen("question"))
			p.do(chromedp.Click(`#answers .answer:nth-child(2)`, chromedp.ByQuery))
			p.waitFor(`document.querySelector("#refused").open`)
			p.accessibleInEveryLook("an answer refused, "+lang, looks)
			p.do(chromedp.Click("#stop", chromedp.ByQuery))
			p.waitFor(onScreen("attract"))
		})
	}

	// The staff's screens by keyboard, as a mouse would have to be held: the PIN and the menu behind it.
	p.do(chromedp.Focus("#staff", chromedp.ByQuery), chromedp.KeyEvent(kb.Enter))
	p.waitFor(`document.querySelector("#pin").open && document.querySelectorAll("#pin-keys button").length > 0`)
	p.accessibleInEveryLook("the PIN", looks)
	p.do(chromedp.KeyEvent(pin))
	p.waitFor(onScreen("service"))
	p.accessibleInEveryLook("the staff's menu", looks)
}

// The question whether somebody is still there, and the screen of a kiosk that has nothing to ask.
func TestKioskWaitsAreAccessible(t *testing.T) {
	requireBrowser(t)
	o := newOffice(t, 120, 1)
	code, _ := o.kioskCode("quay-1", o.units[0])
	o.serve()
	l := newLine(t, o, map[string]any{"measure": false, "idle": 2, "warn": 200})
	p := openBrowser(t, 1080, 1920)
	p.device(l.base(), code, 0)
	for _, lang := range []string{"vi", "en", "zh"} {
		p.toQuestion(lang)
		p.waitFor(`document.querySelector("#still").open`)
		p.accessibleInEveryLook("still there, "+lang, []look{looks[0], looks[3], looks[4]})
		p.do(chromedp.Click("#still button", chromedp.ByQuery))
		p.waitFor(`!document.querySelector("#still").open`)
		p.do(chromedp.Evaluate(`document.querySelector("[data-back]").click(); document.querySelector("#decline").click()`, nil))
		p.waitFor(onScreen("attract"))
	}

	l.cut()
	again, _ := o.kioskCode("quay-1", "")
	closed := newLine(t, o, map[string]any{"measure": false, "closed": "wave_closed"})
	q := openBrowser(t, 1080, 1920)
	q.open(closed.base() + "/kiosk")
	q.waitFor(onScreen("enrol"))
	q.do(chromedp.SendKeys("#enrol-code", again, chromedp.ByQuery), chromedp.Click(`#enrol-form [type=submit]`, chromedp.ByQuery))
	q.waitFor(onScreen("closed"))
	for _, lang := range []string{"vi", "en", "zh"} {
		q.do(chromedp.Click(`[data-language="`+lang+`"]`, chromedp.ByQuery))
		q.accessibleInEveryLook("closed, "+lang, looks)
	}
}

// focused tells what has the keyboard's focus and how it shows: the width of its outline in pixels, and how far the outline's color
// stands off from the paper around it.
type focused struct {
	Name     string  `json:"name"`
	Selector string  `json:"selector"`
	Width    float64 `json:"width"`
	Contrast float64 `json:"contrast"`
	InView   bool    `json:"inView"`
	Wanted   bool    `json:"wanted"` // whether it is what a test tabs to
}

// focusOf is a script that tells all of it at one moment, because the page moves on meanwhile.
func focusOf(wanted string) string {
	return strings.ReplaceAll(focusScript, "WANTED", fmt.Sprintf("%q", wanted))
}

const focusScript = `(() => {
	const e = document.activeElement, style = getComputedStyle(e), box = e.getBoundingClientRect();
	const color = (text) => (text.match(/[\d.]+/g) || []).map(Number);
	const paper = (at) => {
		for (; at; at = at.parentElement) {
			const c = color(getComputedStyle(at).backgroundColor);
			if (c.length === 3 || c[3] > 0) return c;
		}
		return [255, 255, 255];
	};
	const light = (c) => {
		const [r, g, b] = c.slice(0, 3).map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const [a, b] = [light(color(style.outlineColor)), light(paper(e.parentElement))].sort((x, y) => y - x);
	return {
		name: (e.getAttribute("aria-label") || e.textContent || e.id).trim().slice(0, 40),
		wanted: e.matches(WANTED),
		selector: e.id ? "#" + e.id : e.tagName.toLowerCase() + "." + e.className,
		width: style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth),
		contrast: (a + 0.05) / (b + 0.05),
		inView: box.top >= -1 && box.left >= -1 && box.bottom <= innerHeight + 1 && box.right <= innerWidth + 1 &&
			e.contains(document.elementFromPoint((box.left + box.right) / 2, (box.top + box.bottom) / 2)),
	};
})()`

// tabTo presses the tabulator until what a script asks for has the focus; at each stop the focus must be seen.
func (p *page) tabTo(wanted string) {
	p.t.Helper()
	for range 40 {
		p.do(chromedp.KeyEvent(kb.Tab))
		f := eval[focused](p, focusOf(wanted))
		if strings.HasPrefix(f.Selector, "body") {
			continue // The browser's own bar has the focus between the last and the first.
		}
		if f.Width < 2 || f.Contrast < 3 || !f.InView {
			p.t.Errorf("the focus on %q (%s) does not show: an outline of %v px at %.1f to 1, in view: %v", f.Name, f.Selector, f.Width, f.Contrast, f.InView)
		}
		if f.Wanted {
			return
		}
	}
	p.t.Fatalf("the tabulator does not reach %s", wanted)
}

// From the first screen to the thanks with the tabulator, the arrows and Enter, the focus seen at every stop, back once, and the answer counted.
func TestKioskWorksWithTheKeyboardAlone(t *testing.T) {
	requireBrowser(t)
	o := newOffice(t, 120, 1)
	code, _ := o.kioskCode("quay-1", o.units[0])
	o.serve()
	p := openBrowser(t, 1080, 1920)
	p.device(o.base, code, 4)

	p.tabTo(`[data-begin="en"]`)
	p.do(chromedp.KeyEvent(kb.Enter))
	p.waitFor(onScreen("consent"))
	p.tabTo("#start")
	p.do(chromedp.KeyEvent(kb.Enter))
	for n := 1; n <= 5; n++ {
		p.waitFor(fmt.Sprintf(`%s && document.querySelector("#progress").textContent.includes("%d")`, onScreen("question"), n))
		p.tabTo(".answer")
		p.do(chromedp.KeyEvent(kb.ArrowDown))
		if at := eval[int](p, `[...document.querySelectorAll(".answer")].indexOf(document.activeElement)`); at != 1 {
			t.Errorf("question %d: the arrow leads to answer %d, want 1", n, at)
		}
		if f := eval[focused](p, focusOf("*")); f.Width < 2 || f.Contrast < 3 {
			t.Errorf("question %d: the answer that the arrow led to does not show its focus: %+v", n, f)
		}
		p.do(chromedp.KeyEvent(kb.Enter))
		if n == 2 {
			p.waitFor(`document.querySelector("#progress").textContent.includes("3")`)
			p.tabTo("[data-back]")
			p.do(chromedp.KeyEvent(kb.Enter))
			p.waitFor(`document.querySelector("#progress").textContent.includes("2")`)
			p.tabTo(`.answer[aria-checked="true"]`)
			p.do(chromedp.KeyEvent(kb.Enter))
		}
	}
	p.waitFor(onScreen("remark"))
	p.tabTo("#comment")
	p.do(chromedp.KeyEvent("Good, thank you."))
	p.tabTo("#send")
	p.do(chromedp.KeyEvent(kb.Enter))
	p.waitFor(onScreen("thanks"))
	p.drained(30 * time.Second)
	all := o.responses()
	if len(all) != 1 || all[0].Disposition != survey.Complete || len(all[0].Answers) != 5 || all[0].Answers["overall"] != 4 {
		t.Errorf("stored: %+v", all)
	}
}

// At 400 % a window of 1280 by 1024 is 320 by 256: a whole answer is given by touching what can be scrolled to, and nothing has to be
// scrolled sideways.
func TestKioskAtFourHundredPercent(t *testing.T) {
	requireBrowser(t)
	o := newOffice(t, 120, 1)
	code, _ := o.kioskCode("quay-1", o.units[0])
	o.serve()
	p := openBrowser(t, 1280, 1024)
	p.device(o.base, code, 3.78)
	p.do(chromedp.EmulateViewport(320, 256, chromedp.EmulateScale(4)))
	fits := func(name string) {
		t.Helper()
		p.fits("400 %, " + name)
		if wide := eval[float64](p, `(() => { const s = document.querySelector("#stage"); return s.scrollWidth - s.clientWidth; })()`); wide > 1 {
			t.Errorf("400 %%, %s: the screen is %v px wider than its window", name, wide)
		}
		for _, clipped := range eval[[]string](p, clippedScript) {
			t.Errorf("400 %%, %s: clipped or sticking out: %s", name, clipped)
		}
	}
	for _, lang := range []string{"vi", "en", "zh"} {
		fits("first screen, " + lang)
		p.do(chromedp.Click(`[data-begin="`+lang+`"]`, chromedp.ByQuery))
		p.waitFor(onScreen("consent"))
		fits("who asks, " + lang)
		p.do(chromedp.Click("#start", chromedp.ByQuery))
		p.waitFor(onScreen("question"))
		p.answerAll(func(n int) { fits(fmt.Sprintf("question %d, %s", n, lang)) })
		fits("remark, " + lang)
		p.do(chromedp.Click("#send", chromedp.ByQuery))
		p.waitFor(onScreen("thanks"))
		fits("thanks, " + lang)
		p.waitFor(onScreen("attract"))
	}
	p.drained(30 * time.Second)
	if all := o.responses(); len(all) != 3 {
		t.Errorf("%d answers stored, want 3", len(all))
	}
}

// kioskQuestions are the questions of the shipped kiosk questionnaire in every language.
func kioskQuestions(t *testing.T) (texts []string) {
	t.Helper()
	doc, ok := data.Instrument("kiosk-2026")
	if !ok {
		t.Fatal("the kiosk questionnaire does not ship")
	}
	in, err := survey.ParseInstrument(doc)
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range in.Items {
		for _, lang := range survey.Languages() {
			texts = append(texts, item.Text.In(lang))
		}
	}
	return texts
}

// target is a thing to press, in pixels of CSS.
type target struct {
	Name string  `json:"name"`
	W    float64 `json:"w"`
	H    float64 `json:"h"`
}

const targetsScript = `[...document.querySelectorAll("SELECTOR")].filter(e => e.checkVisibility() && e.getBoundingClientRect().width > 0).map(e => {
	const box = e.getBoundingClientRect();
	return { name: (e.getAttribute("aria-label") || e.textContent || e.id).trim().slice(0, 40), w: box.width, h: box.height };
})`

// After a screen was measured, everything that the way through an answer asks to press is 20 mm or more in both directions, on a
// large screen of few pixels and on a tablet of many.
func TestKioskTargetsAreTwentyMillimeters(t *testing.T) {
	requireBrowser(t)
	questions := kioskQuestions(t)
	for _, screen := range []struct {
		name          string
		width, height int64
		pxPerMM       float64
	}{
		{"monitor of 24 inches on its side, 3.6 px a millimeter", 1920, 1080, 3.6},
		{"kiosk of 21 inches upright, 4.05 px a millimeter", 1080, 1920, 4.05},
		{"tablet of 10 inches upright, 5.9 px a millimeter", 800, 1280, 5.9},
	} {
		t.Run(screen.name, func(t *testing.T) {
			o := newOffice(t, 120, 1)
			code, _ := o.kioskCode("quay-1", o.units[0])
			o.serve()
			p := openBrowser(t, screen.width, screen.height)
			p.device(o.base, code, screen.pxPerMM)
			if got := eval[float64](p, `parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--mm"))`); math.Abs(got-screen.pxPerMM) > 0.03 {
				t.Fatalf("the card said %v px a millimeter, the page reckons with %v", screen.pxPerMM, got)
			}
			measured := 0
			smallest := map[string]target{}
			mm := func(g target) float64 { return min(g.W, g.H) / screen.pxPerMM }
			note := func(kind, selector string) []target {
				list := eval[[]target](p, strings.ReplaceAll(targetsScript, "SELECTOR", selector))
				for _, g := range list {
					if least, ok := smallest[kind]; !ok || mm(g) < mm(least) {
						smallest[kind] = g
					}
				}
				return list
			}
			look := func(name string) {
				t.Helper()
				for _, g := range note("answering", "#stage > section:not([hidden]) :is(button, input):not(.key), dialog[open] button") {
					measured++
					if mm(g) < 19.95 {
						t.Errorf("%s: %q is %.1f by %.1f mm", name, g.Name, g.W/screen.pxPerMM, g.H/screen.pxPerMM)
					}
				}
				note("tools", "#tools button")
				note("keyboard", "#keyboard button")
				if seen := eval[float64](p, `document.querySelector("#stage").scrollHeight - document.querySelector("#stage").clientHeight`); seen > 1 && strings.HasPrefix(name, "question") {
					t.Errorf("%s: %v px of it are out of sight", name, seen)
				}
			}
			look("first screen")
			p.do(chromedp.Click(`[data-begin="vi"]`, chromedp.ByQuery))
			p.waitFor(onScreen("consent"))
			look("who asks")
			p.do(chromedp.Click("#start", chromedp.ByQuery))
			p.waitFor(onScreen("question"))
			p.answerAll(func(n int) {
				look(fmt.Sprintf("question %d", n))
				if n > 1 {
					return
				}
				// What is drawn is chance: every question that could be drawn has to fit, in every language.
				for _, text := range questions {
					hidden := eval[float64](p, fmt.Sprintf(`(() => {
						const stage = document.querySelector("#stage"), ask = document.querySelector("#ask"), before = ask.textContent;
						const fit = (text) => { ask.textContent = text; dispatchEvent(new Event("resize")); return stage.scrollHeight - stage.clientHeight; };
						const hidden = fit(%q);
						fit(before);
						return hidden;
					})()`, text))
					if hidden > 1 {
						t.Errorf("%q: %v px are out of sight", text, hidden)
					}
				}
			})
			look("remark")
			p.do(chromedp.Evaluate(`document.querySelector("#keyboard") || document.querySelector("#keys-toggle").click()`, nil))
			p.waitFor(`document.querySelector("#keyboard button") !== null`)
			note("keyboard", "#keyboard button")
			for _, kind := range []string{"answering", "tools", "keyboard"} {
				g := smallest[kind]
				t.Logf("smallest target, %s: %q, %.1f by %.1f mm", kind, g.Name, g.W/screen.pxPerMM, g.H/screen.pxPerMM)
			}
			if measured < 20 {
				t.Errorf("%d targets measured: too few to be all", measured)
			}
			if g := smallest["tools"]; mm(g) < 9 {
				t.Errorf("%q is %.1f mm: too small for a finger", g.Name, mm(g))
			}
		})
	}
}

// heardNode is one thing that a screen reader says: its role, its name, and what is known of it.
type heardNode struct {
	Role, Name, Description string
	Checked                 string
}

// heard is the page as a screen reader has it.
func (p *page) heard() []heardNode {
	p.t.Helper()
	var nodes []*accessibility.Node
	p.do(chromedp.ActionFunc(func(ctx context.Context) (err error) {
		nodes, err = accessibility.GetFullAXTree().Do(ctx)
		return err
	}))
	value := func(v *accessibility.Value) string {
		if v == nil {
			return ""
		}
		var s any
		if json.Unmarshal(v.Value, &s) != nil || s == nil {
			return ""
		}
		return fmt.Sprint(s)
	}
	var out []heardNode
	for _, n := range nodes {
		if n.Ignored {
			continue
		}
		h := heardNode{Role: value(n.Role), Name: value(n.Name), Description: value(n.Description)}
		for _, property := range n.Properties {
			if property.Name == accessibility.PropertyNameChecked {
				h.Checked = value(property.Value)
			}
		}
		out = append(out, h)
	}
	return out
}

// A screen reader says the question, that its answers are one group of five with their number and word, and which is chosen.
func TestKioskIsHeard(t *testing.T) {
	requireBrowser(t)
	o := newOffice(t, 120, 1)
	code, _ := o.kioskCode("quay-1", o.units[0])
	o.serve()
	p := openBrowser(t, 1080, 1920)
	p.device(o.base, code, 4)
	for lang, words := range map[string]struct{ progress, question, scale, best, second string }{
		"vi": {"Câu 1 trên 5", "Nhìn chung, ông/bà hài lòng thế nào với lần làm thủ tục này?", "Năm mức", "5 Rất hài lòng", "4 Hài lòng"},
		"en": {"Question 1 of 5", "Overall, how satisfied are you with the service you received this time?", "Five levels", "5 Very satisfied", "4 Satisfied"},
	} {
		p.toQuestion(lang)
		nodes := p.heard()
		find := func(role, name string) heardNode {
			t.Helper()
			i := slices.IndexFunc(nodes, func(n heardNode) bool { return n.Role == role && strings.Contains(n.Name, name) })
			if i < 0 {
				t.Errorf("%s: no %s named %q among %+v", lang, role, name, nodes)
				return heardNode{}
			}
			return nodes[i]
		}
		if got := eval[string](p, `document.activeElement.textContent`); got != words.question {
			t.Errorf("%s: the reader begins with %q", lang, got)
		}
		find("heading", words.question)
		find("StaticText", words.progress)
		if group := find("radiogroup", words.question); !strings.Contains(group.Description, words.scale) {
			t.Errorf("%s: the group of answers is described as %q, want %q", lang, group.Description, words.scale)
		}
		radios := 0
		for _, n := range nodes {
			if n.Role == "radio" {
				radios++
				if n.Checked != "false" {
					t.Errorf("%s: %q is %q before anything was chosen", lang, n.Name, n.Checked)
				}
			}
		}
		if radios != 5 {
			t.Errorf("%s: %d answers are heard, want 5", lang, radios)
		}
		find("radio", words.best)
		p.do(chromedp.Click(`#answers .answer:nth-child(2)`, chromedp.ByQuery))
		p.waitFor(`document.querySelector("#progress").textContent.includes("2")`)
		p.do(chromedp.Click("#moves [data-back]", chromedp.ByQuery))
		p.waitFor(`document.querySelector("#progress").textContent.includes("1")`)
		nodes = p.heard()
		if chosen := find("radio", words.second); chosen.Checked != "true" {
			t.Errorf("%s: the answer that was chosen is heard as %+v", lang, chosen)
		}
		p.do(chromedp.Evaluate(`document.querySelector("#moves [data-back]").click(); document.querySelector("#decline").click()`, nil))
		p.waitFor(onScreen("attract"))
	}
}
