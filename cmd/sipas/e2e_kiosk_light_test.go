package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/chromedp"
)

// pageFile is one file as it came through the network.
type pageFile struct {
	Name string `json:"name"`
	Size int    `json:"size"`
}

// weigh lists what the page has loaded of itself, its scripts and its styles, compressed as it came, without fonts, pictures and sounds.
const weighScript = `[...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
	.filter(e => e.entryType === "navigation" || /\.(js|css)$/.test(new URL(e.name).pathname))
	.map(e => ({ name: new URL(e.name).pathname, size: e.encodedBodySize }))`

// The page of the kiosk with all its scripts and styles weighs at most 40 kB, on a device that meets it for the first time and
// through a whole answer.
func TestKioskIsLight(t *testing.T) {
	requireBrowser(t)
	const most = 40_000
	o := newOffice(t, 120, 1)
	code, _ := o.kioskCode("quay-1", o.units[0])
	o.serve()
	// Nothing comes from a cache: the page before was another one's, and the worker has not taken over yet.
	weigh := func(p *page, name string, limit int) {
		t.Helper()
		total := 0
		var list []string
		for _, w := range eval[[]pageFile](p, weighScript) {
			total += w.Size
			list = append(list, fmt.Sprintf("%6d %s", w.Size, w.Name))
		}
		slices.Sort(list)
		slices.Reverse(list)
		t.Logf("%s: %d bytes compressed\n%s", name, total, strings.Join(list, "\n"))
		if total > limit || total < 10_000 {
			t.Errorf("%s weighs %d bytes, want at most %d", name, total, limit)
		}
	}
	p := openBrowser(t, 1080, 1920)
	p.device(o.base, code, 4)
	p.do(network.SetBypassServiceWorker(true), network.SetCacheDisabled(true))
	p.open(o.base + "/kiosk")
	p.waitFor(onScreen("attract"))
	p.toQuestion("vi")
	p.answerAll(nil)
	p.do(chromedp.Evaluate(`document.querySelector("#keyboard") || document.querySelector("#keys-toggle").click()`, nil))
	p.waitFor(`document.querySelector("#keyboard button") !== null`)
	weigh(p, "the page, through a whole answer with the keyboard on the screen", most)
	q := openBrowser(t, 1080, 1920)
	q.do(network.SetBypassServiceWorker(true), network.SetCacheDisabled(true))
	q.open(o.base + "/kiosk")
	q.waitFor(onScreen("enrol") + ` && document.querySelector("#enrol-keys").children.length > 0`)
	weigh(q, "the page before enrolment, with the staff's screens", most)
}

// tapScript touches the first screen as soon as it is there and notes when the next one is painted.
const tapScript = `(() => {
	const step = () => {
		const consent = document.querySelector("#consent"), attract = document.querySelector("#attract");
		if (consent && !consent.hidden) {
			requestAnimationFrame(() => requestAnimationFrame(() => { window.tapped = performance.now(); }));
			return;
		}
		const button = attract && !attract.hidden && attract.querySelector("[data-begin]");
		if (button) {
			window.offered ||= performance.now();
			button.click();
		}
		setTimeout(step, 10);
	};
	step();
})()`

// spin is a fixed piece of work. How long it takes, beside the shortest ever, tells how busy the machine is with other things.
func spin() time.Duration {
	from, x := time.Now(), uint64(1)
	for range 5_000_000 {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	if x == 0 {
		panic("xorshift came to nothing")
	}
	return time.Since(from)
}

// On a processor slowed six times, the first touch has its effect within a second of opening the page, with nothing of it in a cache. Where
// other work keeps the machine busy all the while, as other tests do, the clock on the wall measures that work; what is judged then
// is the time that the page's own thread was on the processor.
func TestKioskAnswersTheFirstTouch(t *testing.T) {
	requireBrowser(t)
	const most, slowed, tries = 1000.0, 6, 8
	o := newOffice(t, 120, 1)
	code, _ := o.kioskCode("quay-1", o.units[0])
	o.serve()
	p := openBrowser(t, 1080, 1920)
	p.device(o.base, code, 4)
	p.do(
		network.SetBypassServiceWorker(true),
		network.SetCacheDisabled(true),
		chromedp.ActionFunc(func(ctx context.Context) error {
			_, err := cdppage.AddScriptToEvaluateOnNewDocument(tapScript).Do(ctx)
			return err
		}),
	)
	tap := func(rate float64) (offered, tapped, own float64) {
		p.do(
			emulation.SetCPUThrottlingRate(rate),
			chromedp.Navigate("about:blank"),
			performance.Disable(),
			performance.Enable().WithTimeDomain(performance.EnableTimeDomainThreadTicks),
			chromedp.Navigate(o.base+"/kiosk"),
		)
		p.waitFor(`window.tapped > 0`)
		var metrics []*performance.Metric
		p.do(chromedp.ActionFunc(func(ctx context.Context) (err error) {
			metrics, err = performance.GetMetrics().Do(ctx)
			return err
		}))
		for _, m := range metrics {
			if m.Name == "TaskDuration" {
				own = 1000 * m.Value
			}
		}
		at := eval[[2]float64](p, `[window.offered, window.tapped]`)
		return at[0], at[1], own
	}
	idle := spin()
	for range 20 {
		idle = min(idle, spin())
	}
	quiet := func() bool {
		total := time.Duration(0)
		for range 5 {
			s := spin()
			idle = min(idle, s)
			total += s
		}
		return total < 5*idle*5/4
	}
	best, processor := math.Inf(1), math.Inf(1)
	for range tries {
		before := quiet()
		offered, tapped, _ := tap(slowed)
		calm := before && quiet()
		t.Logf("slowed six times, on a quiet machine: %v: the first screen after %.0f ms, the first touch has its effect after %.0f ms", calm, offered, tapped)
		if calm || tapped <= most {
			best = min(best, tapped)
		}
		_, _, own := tap(1)
		processor = min(processor, own)
	}
	t.Logf("the page's thread is on the processor for %.0f ms until after the first touch, six times that is %.0f ms", processor, slowed*processor)
	if slowed*processor > most {
		t.Errorf("until the first touch has its effect the page computes for %.0f ms, six times that is more than %.0f", processor, most)
	}
	if !math.IsInf(best, 1) {
		t.Logf("first touch: %.0f ms at a sixth of the processor", best)
		if best > most {
			t.Errorf("the first touch has its effect after %.0f ms, want at most %.0f", best, most)
		}
	}
}
