package web

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sipas/static"
	"sipas/survey"
)

// heaviestKiosk is what the first page of the kiosk may weigh with its script and styles, compressed; fonts and sounds apart.
const heaviestKiosk = 40 << 10

var linked = regexp.MustCompile(`(?:src|href)="(/static/[^"]+\.(?:js|css))"`)

// The first page of a kiosk is light, whole, and the same for everybody.
func TestKioskPageIsLight(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	b := s.browser()
	b.headers["Accept-Encoding"] = "gzip, deflate, br"
	page := b.get("/kiosk")
	page.want(t, http.StatusOK)
	weigh := func(name string, r reply) int {
		if r.status != http.StatusOK || r.header.Get("Content-Encoding") != "gzip" || !strings.Contains(r.header.Get("Vary"), "Accept-Encoding") {
			t.Errorf("%s: status %d, encoding %q, Vary %q", name, r.status, r.header.Get("Content-Encoding"), r.header.Get("Vary"))
		}
		t.Logf("%6d bytes  %s", len(r.body), name)
		return len(r.body)
	}
	sum := weigh("the page", page)
	first := map[string]bool{}
	for _, m := range linked.FindAllStringSubmatch(unzip(t, page), -1) {
		if !first[m[1]] {
			first[m[1]] = true
			sum += weigh(m[1], b.get(m[1]))
		}
	}
	t.Logf("%6d bytes  in all, of %d", sum, heaviestKiosk)
	if sum > heaviestKiosk || len(first) < 3 {
		t.Errorf("the first page weighs %d bytes in %d files", sum, len(first)+1)
	}
	other := s.as(survey.Administrator)
	other.headers["Accept-Language"] = "en"
	if r := other.get("/kiosk?lang=zh"); r.body != unzip(t, page) {
		t.Error("the page is not the same for another caller")
	}
	if p := page.header.Get("Permissions-Policy"); !strings.Contains(p, "camera=(self)") {
		t.Errorf("the kiosk may not read codes: %s", p)
	}
	if p := b.get("/").header.Get("Permissions-Policy"); !strings.Contains(p, "camera=()") {
		t.Errorf("other pages may use the camera: %s", p)
	}
	// A caller that reads no gzip gets none.
	b.headers["Accept-Encoding"] = "br, gzip;q=0"
	if r := b.get("/kiosk"); r.header.Get("Content-Encoding") != "" || r.body != unzip(t, page) {
		t.Error("gzip for who cannot read it")
	}
}

func unzip(t testing.TB, r reply) string {
	t.Helper()
	z, err := gzip.NewReader(strings.NewReader(r.body))
	must(t, err)
	body, err := io.ReadAll(z)
	must(t, err)
	return string(body)
}

// The service worker keeps all that the page needs without a network, and changes when any of it does.
func TestKioskWorkerKeepsThePage(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	b := s.browser()
	r := b.get("/kiosk/worker.js")
	if r.status != http.StatusOK || !strings.HasPrefix(r.header.Get("Content-Type"), "text/javascript") ||
		r.header.Get("Service-Worker-Allowed") != "/kiosk" || r.header.Get("Cache-Control") != "no-cache" {
		t.Errorf("status %d, %v", r.status, r.header)
	}
	line, script, _ := strings.Cut(r.body, "\n")
	var keep KioskKeep
	must(t, json.Unmarshal([]byte(strings.TrimSuffix(strings.TrimPrefix(line, "self.KIOSK = "), ";")), &keep))
	if keep.Program != "test" || keep.Page != "/kiosk" || len(keep.Build) != 16 || len(keep.Files) < 8 || len(keep.Sounds) < 50 {
		t.Errorf("it keeps %+v", keep)
	}
	kinds := map[string]int{}
	for _, address := range slices.Concat(keep.Files, keep.Sounds) {
		kinds[path.Ext(address)]++
		if r := b.get(address); r.status != http.StatusOK {
			t.Errorf("%s: status %d", address, r.status)
		}
	}
	for _, kind := range []string{".css", ".js", ".woff2", ".svg", ".webmanifest", ".mp3"} {
		if kinds[kind] == 0 {
			t.Errorf("no %s is kept: %v", kind, kinds)
		}
	}
	// Whatever the page, its scripts and the worker name is kept, so that nothing is asked for without a network.
	for _, text := range append(filesAs(keep.Files), b.get("/kiosk").body, script) {
		for _, m := range regexp.MustCompile(`"((?:/static/|\./)[A-Za-z0-9_./-]+\.(?:js|css|json|svg|woff2))"`).FindAllStringSubmatch(text, -1) {
			if address := strings.Replace(m[1], "./", "/static/", 1); !slices.Contains(keep.Files, address) {
				t.Errorf("%s is named and not kept", address)
			}
		}
	}
	if newer := newSite(t, false, func(_ *site, c *Config) { c.Program = "newer" }).browser().get("/kiosk/worker.js"); newer.body == r.body {
		t.Error("a newer program sends the same worker")
	}
}

func filesAs(addresses []string) []string {
	var texts []string
	for _, address := range addresses {
		if f, ok := static.Get(address); ok && (path.Ext(address) == ".js" || path.Ext(address) == ".css") {
			texts = append(texts, string(f.Content))
		}
	}
	return texts
}

func TestKioskManifest(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	r := s.browser().get("/kiosk/app.webmanifest")
	var m kioskManifestOf
	must(t, json.Unmarshal([]byte(r.body), &m))
	if !strings.HasPrefix(r.header.Get("Content-Type"), "application/manifest+json") || m.StartURL != "/kiosk" || m.Scope != "/kiosk" || m.Name == "" || m.Display != "fullscreen" {
		t.Errorf("%v %+v", r.header, m)
	}
	for _, icon := range m.Icons {
		if s.browser().get(icon.Src).status != http.StatusOK {
			t.Errorf("no icon %s", icon.Src)
		}
	}
}

// Only what says nothing by its length is compressed: never a page with a citizen's secret in it, never the answer to a sending.
func TestWhatIsCompressed(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	d := s.tablet("point-1")
	analyst := s.as(survey.Analyst)
	for _, c := range []struct {
		by         *browser
		path       string
		compressed bool
	}{
		{analyst, "/waves/2026-q3", true}, {d.browser, "/kiosk/config", true}, {s.browser(), "/s/" + token(170), false}, {s.browser(), "/healthz", false},
	} {
		c.by.headers["Accept-Encoding"] = "gzip"
		r := c.by.get(c.path)
		if zipped := r.header.Get("Content-Encoding") == "gzip"; r.status != http.StatusOK || zipped != c.compressed {
			t.Errorf("%s: status %d, encoding %q", c.path, r.status, r.header.Get("Content-Encoding"))
		}
		if c.compressed && bytes.HasPrefix([]byte(r.body), []byte("<")) {
			t.Errorf("%s says that it is compressed, and is not", c.path)
		}
	}
	b := s.browser()
	b.headers["Accept-Encoding"] = "gzip"
	bad := goodForm()
	bad.Set("a.overall", "")
	if r := b.post("/s/"+token(171), bad); r.status != http.StatusUnprocessableEntity || r.header.Get("Content-Encoding") != "" {
		t.Errorf("a form that comes back: status %d, encoding %q", r.status, r.header.Get("Content-Encoding"))
	}
}
