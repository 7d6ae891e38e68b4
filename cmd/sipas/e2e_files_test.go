package main

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// A click makes a PNG of a page's picture in the browser, under the page's own content policy: whole, and twice as large as the SVG.
func TestPicturesAsPNG(t *testing.T) {
	requireBrowser(t)
	d := startDemo(t)
	o := &office{t: t, base: d.base}
	p := openBrowser(t, 1366, 768)
	o.signIn(p, d.names["analyst"], d.passwords["analyst"])
	for _, path := range []string{"/waves/" + d.wave + "/units", "/waves/" + d.wave + "/map", "/papi"} {
		p.open(d.base + path + "?lang=vi")
		// What the script would hand to the browser's downloads is kept, and its head is read: signature, width and height.
		p.do(chromedp.Evaluate(`window.made = ""; URL.createObjectURL = b => { b.slice(0, 24).arrayBuffer().then(h => {
			const v = new DataView(h); window.made = [b.type, v.getUint32(0).toString(16), v.getUint32(16), v.getUint32(20) > 400].join(" ") }); return "#" }`, nil))
		p.do(chromedp.Click(`button[data-png]`, chromedp.ByQuery))
		p.waitFor(`window.made !== ""`)
		if got := eval[string](p, `window.made`); !strings.HasPrefix(got, "image/png 89504e47 1920 true") {
			t.Errorf("%s: the picture is %q", path, got)
		}
	}
	// On a phone the open place and its open view are in view, wherever they stand in their rows.
	p.do(chromedp.EmulateViewport(390, 844))
	p.open(d.base + "/papi?lang=vi")
	p.waitFor(`[...document.querySelectorAll(".tabs a[aria-current]")].map(a => a.getBoundingClientRect()).filter(r => r.left >= 0 && r.right <= innerWidth).length === 2`)
}
