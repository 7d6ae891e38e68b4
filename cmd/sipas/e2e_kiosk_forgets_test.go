package main

import (
	"bytes"
	"encoding/binary"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/chromedp/chromedp"

	"sipas/survey"
)

// everything yields all that a page and its browser's storage hold, as text: the document, its fields, what scripts can keep, and history.
const everything = `(async () => {
	const said = [document.documentElement.outerHTML, document.title, location.href, document.cookie, JSON.stringify(history.state)];
	for (const e of document.querySelectorAll("input, textarea, select")) said.push(e.value, e.defaultValue || "");
	for (const storage of [localStorage, sessionStorage]) said.push(JSON.stringify(Object.entries(storage)));
	const one = (request) => new Promise((resolve, reject) => { request.onsuccess = () => resolve(request.result); request.onerror = () => reject(request.error); });
	for (const { name } of await indexedDB.databases()) {
		const db = await one(indexedDB.open(name));
		for (const store of db.objectStoreNames) {
			const from = db.transaction(store).objectStore(store);
			said.push(name + "/" + store + ": " + JSON.stringify([await one(from.getAllKeys()), await one(from.getAll())]));
		}
		db.close();
	}
	for (const name of await caches.keys()) {
		const cache = await caches.open(name);
		for (const request of await cache.keys()) said.push(name, request.url, await (await cache.match(request)).text());
	}
	return said.join("\n");
})()`

// A citizen scans a code, answers, types a remark and walks away. When the screen is blank again nothing of it is left on the
// device: not in the page, not in its storage, not in the history, and not in the browser's files; what waits for the network is sealed. The
// answer reaches the server as timed out.
func TestKioskForgets(t *testing.T) {
	requireBrowser(t)
	o := newOffice(t, 120, 1)
	code, _ := o.kioskCode("may-1", o.units[0])
	o.serve()
	l := newLine(t, o, map[string]any{"measure": false, "idle": 2, "warn": 1})
	profile := profileDir(t)
	p := openProfile(t, profile, 1080, 1920)
	p.device(l.base(), code, 0)
	p.kept()

	l.cut()
	steps := eval[int](p, `history.length`)
	token := strings.ToUpper(o.tokens[0])
	p.do(chromedp.Click(`[data-begin="en"]`, chromedp.ByQuery))
	p.waitFor(onScreen("consent"))
	p.do(chromedp.SendKeys("#code", token, chromedp.ByQuery), chromedp.Click("#start", chromedp.ByQuery))
	p.waitFor(onScreen("question"))
	p.do(chromedp.Evaluate(`while (document.querySelector("#remark").hidden) document.querySelector("#answers .answer:last-child").click();`, nil))
	p.do(chromedp.SendKeys("#comment", "Nhân viên quát mắng ở quầy zxqvbimat", chromedp.ByQuery))
	if got := await[string](p, everything); !strings.Contains(got, "zxqvbimat") || !strings.Contains(got, token) {
		t.Fatal("the search finds nothing while it is there")
	}
	p.waitFor(onScreen("attract"))

	secrets := []string{"zxqvbimat", "quát mắng", token, strings.ToLower(token)}
	clean := func(when string) string {
		t.Helper()
		held := await[string](p, everything)
		for _, s := range secrets {
			if at := strings.Index(held, s); at >= 0 {
				t.Errorf("%s: %q is still there: %s", when, s, clipLines(held[max(0, at-100):], 2))
			}
		}
		if left := eval[string](p, `document.querySelector("#answers").innerHTML + document.querySelector("#ask").textContent + document.querySelector("#moves").querySelectorAll("[data-code]").length`); left != "0" {
			t.Errorf("%s: the screen still holds a question: %s", when, left)
		}
		return held
	}
	held := clean("after the time-out")
	for _, word := range []string{"sipas-kiosk/state: ", "sipas-kiosk/answers: ", `"sealed":"`} {
		if !strings.Contains(held, word) {
			t.Errorf("the walk through the storage does not find %q", word)
		}
	}
	if strings.Contains(held, "timed_out") && strings.Contains(held, `"disposition"`) {
		t.Error("the queue keeps an answer that is not sealed")
	}
	if got := eval[int](p, `history.length`); got != steps {
		t.Errorf("answering made %d steps of history", got-steps)
	}
	// Going back leads to what was before the kiosk, and forward to a blank kiosk, without a network.
	p.do(chromedp.NavigateBack(), chromedp.NavigateForward())
	p.waitFor(onScreen("attract"))
	clean("back and forward")
	p.quit()

	// The browser's own files. That the search can find what was kept is shown by the queue's name for the storage.
	found := map[string]string{}
	wanted := append([]string{"sipas-kiosk"}, secrets...)
	err := filepath.WalkDir(profile, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, s := range wanted {
			for _, form := range [][]byte{[]byte(s), utf16Bytes(s)} {
				if bytes.Contains(content, form) {
					found[s] = path
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found["sipas-kiosk"] == "" {
		t.Error("the search of the browser's files finds nothing at all")
	}
	for _, s := range secrets {
		if found[s] != "" {
			t.Errorf("%q is in the browser's file %s", s, found[s])
		}
	}

	p = openProfile(t, profile, 1080, 1920)
	l.open()
	p.open(l.base() + "/kiosk")
	p.waitFor(onScreen("attract"))
	p.drained(20 * time.Second)
	all := o.responses()
	if len(all) != 1 {
		t.Fatalf("%d responses, want 1", len(all))
	}
	r := all[0]
	if r.Disposition != survey.TimedOut || r.Source != survey.Invited || len(r.Answers) != 5 || r.Language != survey.English {
		t.Errorf("the answer arrived as %s, %s, %s, %v", r.Disposition, r.Source, r.Language, r.Answers)
	}
	if r.Sitting == "" || strings.Contains(held, r.Sitting) {
		t.Errorf("the device kept the name of the sitting %q in the open", r.Sitting)
	}
	clean("after a restart")
}

// utf16Bytes is a text as browsers keep it when it does not fit one byte a letter.
func utf16Bytes(s string) []byte {
	var b []byte
	for _, unit := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, unit)
	}
	return b
}
