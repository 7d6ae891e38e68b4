package main

import (
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/serviceworker"
	"github.com/chromedp/chromedp"
)

// With the kiosk's tab closed the service worker sends what waits when the browser says that the network is back. A newer program is
// installed beside the one that runs, takes over on the first screen, and leaves no files of the old one; answers that wait outlive it.
func TestKioskWorker(t *testing.T) {
	requireBrowser(t)
	o := newOffice(t, 120, 1)
	code, _ := o.kioskCode("may-1", o.units[0])
	o.serve()
	l := newLine(t, o, quick())
	p := openBrowser(t, 1080, 1920)
	var registration atomic.Value
	chromedp.ListenTarget(p.ctx, func(event any) {
		if e, ok := event.(*serviceworker.EventWorkerRegistrationUpdated); ok {
			for _, r := range e.Registrations {
				if strings.HasSuffix(r.ScopeURL, "/kiosk") && !r.IsDeleted {
					registration.Store(r.RegistrationID)
				}
			}
		}
	})
	p.do(serviceworker.Enable())
	p.device(l.base(), code, 0)
	p.kept()
	l.cut()
	p.answers(3, "vi", `{}`)
	p.open("about:blank")
	l.open()
	until(t, "the worker's registration", func() bool { return registration.Load() != nil })
	p.do(serviceworker.DispatchSyncEvent(l.base(), registration.Load().(serviceworker.RegistrationID), "sipas-kiosk", false))
	until(t, "the answers without a page", func() bool { return len(o.responses()) == 3 })

	p.open(l.base() + "/kiosk")
	p.waitFor(onScreen("attract"))
	p.drained(20 * time.Second)
	shelves := func() []string {
		return slices.DeleteFunc(await[[]string](p, `caches.keys()`), func(name string) bool { return strings.HasSuffix(name, " sounds") })
	}
	before := shelves()
	if len(before) != 1 {
		t.Fatalf("the worker keeps %q, want one set of files", before)
	}
	p.do(chromedp.Evaluate(citizens, nil))
	p.do(chromedp.Click(`[data-begin="vi"]`, chromedp.ByQuery))
	p.waitFor(onScreen("consent"))
	l.newer.Store(true)
	p.do(chromedp.Evaluate(`navigator.serviceWorker.getRegistration("/kiosk").then(r => r.update()).then(() => true)`, nil, awaitPromise))
	p.waitFor(`(async () => Boolean((await navigator.serviceWorker.getRegistration("/kiosk")).waiting))()`)
	if now := shelves(); len(now) != 2 || !slices.Contains(now, before[0]) || !eval[bool](p, onScreen("consent")) {
		t.Errorf("while somebody answers the worker keeps %q: the new files must lie beside the old ones, and the page must not move", now)
	}
	// The citizen goes on and ends; then the page loads itself anew.
	p.do(chromedp.Click("#start", chromedp.ByQuery))
	p.waitFor(onScreen("question"))
	p.do(chromedp.Evaluate(`while (document.querySelector("#remark").hidden) document.querySelector("#answers .answer").click(); document.querySelector("#send").click();`, nil))
	// The browser ends an idle worker before its successor takes over, but not always one that is looked at from outside, as here.
	asked := time.Now()
	until(t, "the newer program", func() bool {
		if time.Since(asked) > 2*time.Second {
			p.do(serviceworker.StopAllWorkers())
			asked = asked.Add(10 * time.Second)
		}
		now := shelves()
		return len(now) == 1 && now[0] != before[0]
	})
	p.waitFor(onScreen("attract") + ` && typeof window.answer === "undefined"`)
	p.drained(20 * time.Second)
	if got := len(o.responses()); got != 4 {
		t.Errorf("%d responses, want 4", got)
	}
	l.cut()
	p.open(l.base() + "/kiosk")
	p.waitFor(onScreen("attract"))
}
