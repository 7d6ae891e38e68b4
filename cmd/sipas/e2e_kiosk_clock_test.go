package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	cdp "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"sipas/survey"
)

// believe makes the pages that the browser loads from now on believe in a clock that differs from the machine's.
func (p *page) believe(skew time.Duration) {
	p.t.Helper()
	script := fmt.Sprintf(`(() => {
		const real = Date, skew = %d;
		globalThis.Date = class Date extends real {
			constructor(...args) { if (args.length === 0) super(real.now() + skew); else super(...args); }
			static now() { return real.now() + skew; }
		};
	})()`, skew.Milliseconds())
	p.do(chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := cdp.AddScriptToEvaluateOnNewDocument(script).Do(ctx)
		return err
	}))
}

// secondVersion writes version 2 of the kiosk's questionnaire, which asks two questions in other modules than version 1: an answer to the
// one is none to the other.
func (o *office) secondVersion() string {
	o.t.Helper()
	raw, err := os.ReadFile(filepath.Join(moduleRoot(o.t), "data", "instruments", "kiosk-2026.json"))
	if err != nil {
		o.t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(raw, &doc); err != nil {
		o.t.Fatal(err)
	}
	doc["version"] = 2
	modules := doc["modules"].([]any)
	for i := 0; i+1 < len(modules); i += 2 {
		a, b := modules[i].(map[string]any)["items"].([]any), modules[i+1].(map[string]any)["items"].([]any)
		a[0], b[0] = b[0], a[0]
	}
	out, err := json.Marshal(doc)
	if err != nil {
		o.t.Fatal(err)
	}
	return o.file("kiosk-2026-2.json", string(out))
}

// versionScript yields the version of the questionnaire that the device keeps.
const versionScript = `new Promise((resolve) => {
	const open = indexedDB.open("sipas-kiosk");
	open.onsuccess = () => {
		const get = open.result.transaction("state").objectStore("state").get("config");
		get.onsuccess = () => { open.result.close(); resolve(get.result.instrument.version); };
	};
})`

// A kiosk whose clock is wrong by a year is seven days without a network, and is restarted twice; meanwhile its questionnaire is
// published anew. Every answer is taken against the version that it was given to, and counted on the day and in the month when it was
// given, by the server's clock. Where the device's clock stops with its battery, what was given since counts as given when it was sent.
func TestKioskClock(t *testing.T) {
	requireBrowser(t)
	const day, year = 24 * time.Hour, 365 * 24 * time.Hour
	for name, c := range map[string]struct {
		skew [3]time.Duration // in each life of the page: the device's clock less the server's
		want map[survey.Day]int
	}{
		"a year ahead": {[3]time.Duration{year, year, year}, map[survey.Day]int{"2026-09-27": 4, "2026-09-30": 2, "2026-10-04": 3}},
		// The second life does not know the time; how long it was to the third it does.
		"a year behind, then thirty": {[3]time.Duration{-year, -30 * year, -30 * year}, map[survey.Day]int{"2026-09-27": 4, "2026-09-30": 2, "2026-10-04": 3}},
		// Each of the last two begins at the same moment by the device's clock.
		"stops with its battery": {[3]time.Duration{-year, -30 * year, -30*year - 4*day}, map[survey.Day]int{"2026-09-27": 4, "2026-10-04": 5}},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, 120, 1)
			code, _ := o.kioskCode("may-1", o.units[0])
			// The test's time is the server's: it is noon of 27 September, passes, and leaps by days.
			var leapt atomic.Int64
			leapt.Store(int64(time.Until(time.Date(2026, 9, 27, 12, 0, 0, 0, survey.Zone))))
			now := func() time.Time { return time.Now().Add(time.Duration(leapt.Load())) }
			o.serveBy(now)
			l := newLine(t, o, quick())
			profile := profileDir(t)
			start := func(life int) *page {
				p := openProfile(t, profile, 1080, 1920)
				p.believe(time.Duration(leapt.Load()) + c.skew[life])
				return p
			}

			p := start(0)
			p.device(l.base(), code, 0)
			p.kept()
			p.answers(1, "vi", `{}`)
			p.drained(20 * time.Second)

			l.cut()
			p.answers(3, "vi", `{comment: "Tốt"}`)
			p.quit()
			leapt.Add(int64(3 * day))
			p = start(1)
			p.open(l.base() + "/kiosk")
			p.waitFor(onScreen("attract"))
			p.answers(2, "en", `{}`)
			p.quit()
			o.sipas("wave", "instrument", string(o.wave), "kiosk-2026/2", "--file", o.secondVersion())
			leapt.Add(int64(4 * day))
			p = start(2)
			p.open(l.base() + "/kiosk")
			p.waitFor(onScreen("attract"))
			p.answers(2, "zh", `{}`)

			l.open()
			p.do(chromedp.Evaluate(`dispatchEvent(new Event("online"))`, nil))
			p.drained(20 * time.Second)
			until(t, "the new questionnaire", func() bool { return await[int](p, versionScript) == 2 })
			p.answers(1, "vi", `{}`)
			p.drained(20 * time.Second)

			got := o.days()
			versions, months := map[int]int{}, map[string]int{}
			for _, r := range o.responses() {
				versions[r.Instrument.Version]++
				months[r.Month]++
				if r.Disposition != survey.Complete || len(r.Answers) != 5 {
					t.Errorf("a response reads %v, %s", r.Answers, r.Disposition)
				}
			}
			if !maps.Equal(got, c.want) {
				t.Errorf("answers by day: %v, want %v", got, c.want)
			}
			if versions[1] != 8 || versions[2] != 1 {
				t.Errorf("answers by version: %v, want 8 of the first and 1 of the second", versions)
			}
			september := 0
			for d, n := range c.want {
				if d.Month() == "2026-09" {
					september += n
				}
			}
			if months["2026-09"] != september || months["2026-10"] != 9-september {
				t.Errorf("answers by month: %v, want %d in September and the others in October", months, september)
			}
			for _, q := range o.ledger() {
				if len(q.Refused) != 0 || len(q.Missing()) != 0 {
					t.Errorf("the ledger reads %+v, want nothing refused and nothing missing", q)
				}
			}
		})
	}
}
