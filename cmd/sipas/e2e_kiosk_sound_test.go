package main

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"sipas/data"
	"sipas/static"
	"sipas/survey"
)

// soundPage is a browser with the module that reads aloud in window.sound.
func soundPage(t *testing.T) *page {
	t.Helper()
	server := httptest.NewServer(static.Handler())
	t.Cleanup(server.Close)
	p := openBrowser(t, 800, 600)
	p.open(server.URL + static.URL("kiosk_sound.js"))
	await[bool](p, `import(location.href).then(m => { window.sound = m; window.states = []; m.onstate(s => window.states.push(s)); return true; })`)
	return p
}

// touched makes an evaluation count as somebody's touch, without which a browser makes no sound, and wait for its promise.
func touched(p *runtime.EvaluateParams) *runtime.EvaluateParams {
	return p.WithAwaitPromise(true).WithUserGesture(true)
}

// kioskTexts are the questions and answers of the kiosk's questionnaire in a language, as a script's list.
func kioskTexts(t *testing.T, lang survey.Lang) string {
	t.Helper()
	doc, _ := data.Instrument("kiosk-2026")
	in, err := survey.ParseInstrument(doc)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, item := range in.Items {
		texts = append(texts, item.Text[lang])
		scale, _ := in.Scale(item.Scale)
		for _, level := range append(scale.Levels[:len(scale.Levels):len(scale.Levels)], scale.Missing...) {
			texts = append(texts, level.Label[lang])
		}
	}
	list, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	return string(list)
}

// The browser finds the sound of every text of the questionnaire in Vietnamese and English, reads to the end, and stops at once when told.
func TestKioskReadsAloud(t *testing.T) {
	requireBrowser(t)
	p := soundPage(t)
	for lang, want := range map[survey.Lang]bool{survey.Vietnamese: true, survey.English: true, survey.Chinese: false} {
		// Without a voice of the device, as here, Chinese is not offered.
		voices := eval[int](p, `speechSynthesis.getVoices().filter(v => v.localService && v.lang.startsWith("`+string(lang)+`")).length`)
		if got := await[bool](p, fmt.Sprintf(`window.sound.available(%q, %s)`, lang, kioskTexts(t, lang))); got != (want || voices > 0) {
			t.Errorf("%s: reading aloud is offered: %v", lang, got)
		}
	}
	if await[bool](p, `window.sound.available("vi", ["Rất hài lòng", "Một câu của riêng cơ quan"])`) {
		t.Error("half of what is asked would be read")
	}

	var read struct {
		Whole   bool
		Seconds float64
		States  []bool
	}
	p.do(chromedp.Evaluate(`(async () => {
		const from = performance.now();
		const whole = await window.sound.speak("vi", ["Rất hài lòng", "", "Hài lòng"]);
		return { Whole: whole, Seconds: (performance.now() - from) / 1000, States: window.states };
	})()`, &read, touched))
	if !read.Whole || read.Seconds < 1.5 || read.Seconds > 8 || fmt.Sprint(read.States) != "[false true false]" {
		t.Errorf("two answers read: %+v", read)
	}
	p.do(chromedp.Evaluate(`(async () => {
		const from = performance.now();
		const reading = window.sound.speak("en", ["Very satisfied", "Satisfied", "Neutral"]);
		await new Promise(done => setTimeout(done, 300));
		const before = window.sound.speaking();
		window.sound.stop();
		return { Whole: await reading, Seconds: (performance.now() - from) / 1000, States: [before, window.sound.speaking()] };
	})()`, &read, touched))
	if read.Whole || read.Seconds > 1.5 || fmt.Sprint(read.States) != "[true false]" {
		t.Errorf("reading that was stopped: %+v", read)
	}
	// What is asked later wins: the first reading ends, the second goes on.
	var order []bool
	p.do(chromedp.Evaluate(`(async () => {
		const first = window.sound.speak("en", ["Very satisfied", "Satisfied", "Neutral"]);
		const second = window.sound.speak("en", ["Neutral"]);
		return [await first, await second];
	})()`, &order, touched))
	if fmt.Sprint(order) != "[false true]" {
		t.Errorf("the first and the second reading ended well: %v", order)
	}
}

// heardSound is a sound as the browser decodes it: seconds, root mean square where somebody speaks, and the highest peak.
type heardSound struct {
	Name    string
	Seconds float64
	Loud    float64
	Peak    float64
	Before  float64 // seconds of silence before the first word
}

// Nobody listens to the sounds in a test. What can be measured is: each decodes, none is silent or cut, none starts late, and all are equally loud.
func TestKioskSoundsAreEven(t *testing.T) {
	requireBrowser(t)
	p := soundPage(t)
	var addresses []string
	for _, name := range static.Names() {
		if strings.HasSuffix(name, ".mp3") {
			addresses = append(addresses, static.URL(name))
		}
	}
	list, err := json.Marshal(addresses)
	if err != nil {
		t.Fatal(err)
	}
	sounds := await[[]heardSound](p, `Promise.all(`+string(list)+`.map(async address => {
		const raw = await (await fetch(address)).arrayBuffer();
		const sound = await new OfflineAudioContext(1, 1, 22050).decodeAudioData(raw);
		const samples = sound.getChannelData(0), piece = Math.round(sound.sampleRate / 50);
		let power = 0, spoken = 0, peak = 0, before = -1;
		for (let i = 0; i + piece <= samples.length; i += piece) {
			let sum = 0;
			for (let j = i; j < i + piece; j++) { sum += samples[j] ** 2; peak = Math.max(peak, Math.abs(samples[j])); }
			if (sum > piece * 0.008 ** 2) { power += sum; spoken += piece; if (before < 0) before = i / sound.sampleRate; }
		}
		return { Name: address, Seconds: sound.duration, Loud: Math.sqrt(power / Math.max(1, spoken)), Peak: peak, Before: before };
	}))`)
	if len(sounds) < 100 {
		t.Errorf("%d sounds", len(sounds))
	}
	seconds, quietest, loudest, peak := 0.0, math.Inf(1), 0.0, 0.0
	for _, s := range sounds {
		seconds += s.Seconds
		quietest, loudest, peak = min(quietest, s.Loud), max(loudest, s.Loud), max(peak, s.Peak)
		if s.Seconds < 0.3 || s.Loud < 0.08 || s.Loud > 0.18 || s.Peak >= 1 || s.Before < 0 || s.Before > 0.25 {
			t.Errorf("%+v", s)
		}
	}
	t.Logf("%d sounds, %.0f s, between %.1f and %.1f dB, highest peak %.1f dB", len(sounds), seconds,
		20*math.Log10(quietest), 20*math.Log10(loudest), 20*math.Log10(peak))
}

// With the network cut, the kiosk reads a question that it never read before: the service worker has fetched the sounds in its own time.
func TestKioskReadsAloudOffline(t *testing.T) {
	requireBrowser(t)
	o := newOffice(t, 120, 1)
	code, _ := o.kioskCode("quay-1", o.units[0])
	o.serve()
	l := newLine(t, o, map[string]any{"measure": false, "idle": 600})
	p := openBrowser(t, 1080, 1920)
	p.device(l.base(), code, 0)
	all := 0
	for _, name := range static.Names() {
		if strings.HasSuffix(name, ".mp3") {
			all++
		}
	}
	kept := 0
	for end := time.Now().Add(2 * time.Minute); kept < all && time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		kept = await[int](p, `caches.keys().then(names => Promise.all(names.map(async name => (await (await caches.open(name)).keys()).filter(r => r.url.endsWith(".mp3")).length)))
			.then(counts => counts.reduce((a, b) => a + b, 0))`)
	}
	if kept < all {
		t.Fatalf("%d of %d sounds are kept on the device after two minutes", kept, all)
	}
	l.cut()
	p.do(chromedp.Reload())
	p.waitFor(onScreen("attract") + ` && !document.querySelector("#aloud").hidden`)
	p.toQuestion("en")
	p.do(chromedp.Click("#aloud", chromedp.ByQuery))
	// The page and this script have the same module.
	const module = `import(performance.getEntriesByType("resource").find(e => e.name.includes("/kiosk_sound.")).name)`
	if !await[bool](p, module+`.then(async m => { for (let i = 0; i < 100 && !m.speaking(); i++) await new Promise(done => setTimeout(done, 20)); return m.speaking(); })`) {
		t.Fatal("nothing is read")
	}
	read := await[float64](p, module+`.then(m => { const from = performance.now(); return new Promise(done => m.onstate(busy => { if (!busy) done((performance.now() - from) / 1000); })); })`)
	// The question, its number and five answers are some ten seconds; a failure would end at once.
	if read < 5 {
		t.Errorf("the reading ended after %.1f s", read)
	}
	t.Logf("%d sounds kept, a question read in %.1f s without a network", kept, read)
}
