package main

import (
	"fmt"
	"testing"
	"time"

	cdp "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/chromedp"

	"sipas/static"
	"sipas/survey"
)

// queuePage opens the module of the queue as a page at a server's address, and keeps an open queue in window.queue.
func queuePage(t *testing.T, base string) *page {
	t.Helper()
	p := openBrowser(t, 800, 600)
	p.do(cdp.SetBypassCSP(true)) // for the test's own worker
	p.open(base + static.URL("kiosk_queue.js"))
	p.openQueue()
	return p
}

// openQueue opens the queue in window.queue, by the module's own address.
func (p *page) openQueue() {
	p.t.Helper()
	await[bool](p, `import(location.href).then(m => m.openQueue({ program: "test", worker: "" })).then(q => { window.queue = q; return true; })`)
}

// enrol makes the page's queue that of a kiosk.
func (p *page) enrol(code string) {
	p.t.Helper()
	if got := await[string](p, fmt.Sprintf(`window.queue.enrol(%q).then(r => JSON.stringify(r) + window.queue.phase)`, code)); got != `{"ok":true}ready` {
		p.t.Fatalf("enrolling says %s", got)
	}
}

// fill answers n times at once: the required question, without the page.
func (p *page) fill(n int, ready bool) {
	p.t.Helper()
	await[int](p, fmt.Sprintf(`(async () => {
		let left = %d;
		await Promise.all(Array.from({ length: 16 }, async () => {
			while (left-- > 0) {
				const s = await window.queue.sitting({ language: "vi" });
				const answers = { [s.config.instrument.core[0].code]: 1 + Math.floor(5 * Math.random()) };
				const kept = await s.save({ disposition: %[2]v ? "complete" : "partial", language: "vi", answers }, { ready: %[2]v });
				if (!kept.ok) throw new Error(kept.error);
			}
		}));
		return 0;
	})()`, n, ready))
}

// pile puts answers into the queue's storage as the module does, all in one go: sealed, each under a number of its own.
func (p *page) pile(n int) {
	p.t.Helper()
	await[bool](p, fmt.Sprintf(`(async () => {
		const source = await (await fetch(location.href, { cache: "only-if-cached", mode: "same-origin" })).text();
		const { seal, decode64 } = await import(new URL(source.match(/"(\.\/kiosk_seal\.[0-9a-f]+\.js)"/)[1], location.href).href);
		const db = await new Promise((resolve) => { const o = indexedDB.open("sipas-kiosk"); o.onsuccess = () => resolve(o.result); });
		const get = (r) => new Promise((resolve) => { r.onsuccess = () => resolve(r.result); });
		const state = await get(db.transaction("state").objectStore("state").get("state"));
		const config = window.queue.config, key = decode64(config.key.public);
		const records = await Promise.all(Array.from({ length: %d }, async (_, i) => {
			const seq = state.next + i, at = window.queue.now();
			const id = [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
			const text = JSON.stringify({ id, token: "", wave: config.wave, instrument: config.instrument.id + "/" + config.instrument.version,
				revision: 1, disposition: "complete", language: "vi", answers: { [config.instrument.core[0].code]: 1 + i %% 5 }, comment: "", at, took: 20 });
			return { seq, revision: 1, sealed: await seal(key, state.queue + "\n" + seq, text), key: config.key.id, at, frame: state.frame, ready: true };
		}));
		const tx = db.transaction(["state", "answers"], "readwrite");
		records.forEach((r) => tx.objectStore("answers").put(r));
		tx.objectStore("state").put({ ...state, next: state.next + records.length }, "state");
		await new Promise((resolve, reject) => { tx.oncomplete = resolve; tx.onabort = () => reject(tx.error); });
		db.close();
		return true;
	})()`, n))
}

// gapsOf are the longest waits for a frame and for a timer, in the page and in a worker beside it, in milliseconds, and how many
// frames there were.
type gapsOf struct{ Frame, Timer, Frames, Worker float64 }

// A queue of 10,000 answers drains while the page stays responsive, each arrives once, and when a device's storage is cleared
// the server names the numbers that were lost with it.
func TestKioskDrains(t *testing.T) {
	requireBrowser(t)
	const backlog, kept = 10_000, 500
	o := newOffice(t, 120, 1)
	code, _ := o.kioskCode("may-1", o.units[0])
	// The server limits a device to 50 answers a second after the first 1,000. Its clock runs thirty times as fast here, and the limit with it.
	begun := time.Now()
	o.serveBy(func() time.Time { return begun.Add(30 * time.Since(begun)) })
	l := newLine(t, o, nil)
	p := queuePage(t, l.base())
	p.enrol(code)

	l.cut()
	start := time.Now()
	p.fill(kept, true)
	keptRate := kept / time.Since(start).Seconds()
	p.pile(backlog - kept)
	if got := await[int](p, waitingScript); got != backlog {
		t.Fatalf("%d answers wait, want %d", got, backlog)
	}

	// A worker, which the queue does not touch, measures beside it how long the machine itself lets anybody wait.
	p.do(chromedp.Evaluate(`(() => {
		window.gaps = { frame: 0, timer: 0, frames: 0, worker: 0 };
		const beside = new Worker(URL.createObjectURL(new Blob(["let t = performance.now(), most = 0; setInterval(() => { const now = performance.now(); if (now - t > most) postMessage(most = now - t); t = now; }, 10)"])));
		beside.onmessage = (e) => { window.gaps.worker = e.data; };
		let frame = performance.now(), timer = frame;
		const onFrame = () => {
			const now = performance.now();
			window.gaps.frame = Math.max(window.gaps.frame, now - frame);
			window.gaps.frames++;
			frame = now;
			requestAnimationFrame(onFrame);
		};
		requestAnimationFrame(onFrame);
		setInterval(() => {
			const now = performance.now();
			window.gaps.timer = Math.max(window.gaps.timer, now - timer);
			timer = now;
		}, 10);
		return true;
	})()`, nil))
	l.open()
	p.do(chromedp.Evaluate(`window.queue.drain(); true`, nil))
	start = time.Now()
	p.drained(4 * time.Minute)
	took := time.Since(start)
	gaps := eval[gapsOf](p, `window.gaps`)
	t.Logf("answers are kept at %.0f a second; %d delivered in %.1f s (%.0f a second); longest gap between %.0f frames %.0f ms, between timers %.0f ms; in a worker beside it %.0f ms",
		keptRate, backlog, took.Seconds(), backlog/took.Seconds(), gaps.Frames, gaps.Frame, gaps.Timer, gaps.Worker)
	if limit := 200 + gaps.Worker; max(gaps.Frame, gaps.Timer) > limit {
		t.Errorf("the page stood still for %.0f ms while the queue drained, want at most %.0f", max(gaps.Frame, gaps.Timer), limit)
	}
	if got := len(o.responses()); got != backlog {
		t.Errorf("%d responses, want %d", got, backlog)
	}
	queues := o.ledger()
	if len(queues) != 1 || len(queues[0].Missing()) != 0 || queues[0].Known() != backlog {
		t.Errorf("the ledger reads %+v, want one queue without gaps up to %d", queues, backlog)
	}

	// Three answers are begun and a beat has told of them; then somebody clears the browser's storage.
	p.fill(3, false)
	before := l.beats.Load()
	p.do(chromedp.Evaluate(`window.queue.measured(4)`, nil, awaitPromise))
	until(t, "a beat", func() bool { return l.beats.Load() > before })
	p.do(storage.ClearDataForOrigin(l.base(), "indexeddb"))
	p.fill(2, true)
	p.drained(20 * time.Second)
	if got := len(o.responses()); got != backlog+2 {
		t.Errorf("%d responses after the storage was cleared, want %d", got, backlog+2)
	}
	queues = o.ledger()
	if len(queues) != 2 {
		t.Fatalf("%d queues after the storage was cleared, want 2: %+v", len(queues), queues)
	}
	missing := map[survey.Range]int{}
	for _, q := range queues {
		for _, r := range q.Missing() {
			missing[r]++
		}
	}
	if want := (survey.Range{First: backlog + 1, Last: backlog + 3}); len(missing) != 1 || missing[want] != 1 {
		t.Errorf("the server names %v as missing, want %v", missing, want)
	}
}
