package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"sipas/survey"
)

// citizens is a script by which citizens answer at the kiosk's page, one after another, as fast as the page lets them: window.answer(n,
// lang) has n of them answer everything with the second-best, in a language. Each presses what is on the screen.
const citizens = `(() => {
	const on = (id) => { const e = document.getElementById(id); return Boolean(e) && !e.hidden; };
	const until = async (what, fn) => {
		for (const end = performance.now() + 20000; !fn(); await new Promise((r) => setTimeout(r, 2))) {
			if (performance.now() > end) throw new Error("waited for " + what + " in vain: " + document.body.innerText.slice(0, 300));
		}
	};
	const press = (selector) => document.querySelector(selector).click();
	window.answer = async (n, lang, { comment = "", code = "", leave = false } = {}) => {
		for (let i = 0; i < n; i++) {
			await until("the first screen", () => on("attract"));
			press('[data-begin="' + lang + '"]');
			await until("who asks", () => on("consent"));
			if (code) document.querySelector("#code").value = code;
			press("#start");
			await until("a question", () => on("question"));
			for (let asked = 0; !on("remark"); asked++) {
				if (asked > 5) throw new Error("more than five questions");
				press("#answers .answer:nth-child(2)");
				if (leave && asked === 1) return true;
			}
			if (comment) document.querySelector("#comment").value = comment;
			press("#send");
		}
		await until("the first screen again", () => on("attract"));
		return true;
	};
	return true;
})()`

// answers has citizens answer at the page.
func (p *page) answers(n int, lang, options string) {
	p.t.Helper()
	p.do(chromedp.Evaluate(citizens, nil))
	await[bool](p, fmt.Sprintf(`window.answer(%d, %q, %s)`, n, lang, options))
}

// kept waits until the device can open the kiosk without a network.
func (p *page) kept() {
	p.t.Helper()
	await[bool](p, `navigator.serviceWorker.ready.then(() => true)`)
	p.waitFor(`navigator.serviceWorker.controller !== null`)
}

// crash ends the browser as a power cut does.
func (p *page) crash() {
	p.t.Helper()
	process := chromedp.FromContext(p.ctx).Browser.Process()
	if err := process.Kill(); err != nil {
		p.t.Fatal(err)
	}
	<-chromedp.FromContext(p.ctx).Browser.LostConnection
}

// A kiosk is enrolled, answers in three languages, loses the network, is restarted without one, takes a hundred answers, loses its
// power in the middle of another, and takes a hundred more. When the network is back the server dies in the middle of the delivery, and
// a proxy loses replies to what was committed. Every answer is in the database, once; of the one in the middle all but the last
// touch at most; no number is missing and the counters are right.
func TestKioskOffline(t *testing.T) {
	requireBrowser(t)
	o := newOffice(t, 120, 1)
	code, _ := o.kioskCode("may-1", o.units[0])
	server := o.serveInChild()
	l := newLine(t, o, quick())
	profile := profileDir(t)

	p := openProfile(t, profile, 1080, 1920)
	p.device(l.base(), code, 0)
	p.answers(1, "vi", `{comment: "Cảm ơn, rất tốt"}`)
	p.answers(1, "en", fmt.Sprintf(`{code: %q}`, o.tokens[0]))
	p.answers(1, "zh", `{}`)
	p.drained(20 * time.Second)
	p.kept()
	if got := len(o.responses()); got != 3 {
		t.Fatalf("%d responses before the network is cut, want 3", got)
	}

	p.quit()
	l.cut()
	kill(server)
	p = openProfile(t, profile, 1080, 1920)
	p.open(l.base() + "/kiosk")
	p.waitFor(onScreen("attract"))
	p.answers(60, "vi", `{comment: "Chờ lâu quá"}`)
	p.answers(40, "en", `{}`)
	p.answers(1, "vi", `{leave: true}`)
	p.waitFor(onScreen("question"))
	// The touch before the last is on the disk for certain; the last may be.
	if got := await[int](p, waitingScript); got != 101 {
		t.Fatalf("%d answers wait when the power goes, want 101", got)
	}
	p.crash()

	p = openProfile(t, profile, 1080, 1920)
	p.open(l.base() + "/kiosk")
	p.waitFor(onScreen("attract"))
	p.answers(70, "vi", `{}`)
	p.answers(29, "zh", `{}`)
	p.answers(1, "vi", fmt.Sprintf(`{code: %q}`, o.tokens[1]))
	if got := await[int](p, waitingScript); got != 201 {
		t.Fatalf("%d answers wait before the network is back, want 201", got)
	}

	server = o.serveInChild()
	l.target.Store(o.base)
	l.toLose.Store(10)
	before := l.passed.Load()
	l.open()
	p.do(chromedp.Evaluate(`dispatchEvent(new Event("online"))`, nil)) // What the browser says when the device's own connection is back.
	until(t, "sixty acknowledgements", func() bool { return l.passed.Load() >= before+60 })
	kill(server)
	outage, died := time.Now(), l.passed.Load()-before
	waiting := await[int](p, waitingScript)
	if waiting == 0 {
		t.Fatal("the server did not die in the middle of the delivery")
	}
	o.serveInChild()
	l.target.Store(o.base)
	p.drained(60 * time.Second)
	t.Logf("%d replies lost after the commit; the server died after %d were acknowledged with %d answers waiting, and all were there %.1f s later",
		l.lost.Load(), died, waiting, time.Since(outage).Seconds())
	if l.lost.Load() != 10 {
		t.Errorf("%d replies were lost, want 10", l.lost.Load())
	}

	all := o.responses()
	ids := map[survey.ResponseID]bool{}
	dispositions, languages, sources := map[survey.Disposition]int{}, map[survey.Lang]int{}, map[survey.Source]int{}
	for _, r := range all {
		if ids[r.ID] {
			t.Errorf("response %s stands twice", r.ID)
		}
		ids[r.ID] = true
		dispositions[r.Disposition]++
		languages[r.Language]++
		sources[r.Source]++
		switch {
		case r.Disposition == survey.Complete && len(r.Answers) != 5, r.Disposition == survey.Partial && (len(r.Answers) < 1 || len(r.Answers) > 2):
			t.Errorf("a %s response has %v", r.Disposition, r.Answers)
		case r.Answers["overall"] != 4:
			t.Errorf("a response reads %v, want the second-best", r.Answers)
		}
	}
	if len(all) != 204 || dispositions[survey.Complete] != 203 || dispositions[survey.Partial] != 1 {
		t.Errorf("%d responses, %v; want 203 complete and 1 partial", len(all), dispositions)
	}
	if languages[survey.Vietnamese] != 1+60+1+70+1 || languages[survey.English] != 1+40 || languages[survey.Chinese] != 1+29 || sources[survey.Invited] != 2 {
		t.Errorf("languages %v, sources %v", languages, sources)
	}
	queues := o.ledger()
	if len(queues) != 1 || len(queues[0].Missing()) != 0 || len(queues[0].Refused) != 0 || queues[0].Known() != 204 {
		t.Errorf("the ledger reads %+v, want one queue without gaps up to 204", queues)
	}
	sum := 0
	for _, n := range o.days() {
		sum += n
	}
	if sum != 204 {
		t.Errorf("the counters of the days say %d, want 204", sum)
	}
	comments, err := o.store().Comments(t.Context(), o.wave)
	if err != nil || len(comments) != 61 {
		t.Errorf("%d remarks, want 61: %v", len(comments), err)
	}
}
