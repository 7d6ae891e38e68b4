package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sipas/survey"
	"sipas/survey/report"
	"sipas/templates/i18n"
)

const firstRelease = "/releases/2026-q3/1"

// publishButton publishes through the page, as somebody does.
func publishButton(b *browser, number int, reason string) reply {
	b.site.t.Helper()
	return b.post("/waves/2026-q3/publish", url.Values{"number": {fmt.Sprint(number)}, "reason": {reason}})
}

// vault is every published release with its record and document.
func vault(t *testing.T, s *site) map[string]string {
	t.Helper()
	ctx := context.Background()
	chain, err := s.db.Publications(ctx)
	must(t, err)
	all := map[string]string{}
	for _, p := range chain {
		stored, err := s.db.Published(ctx, p.Wave, p.Number)
		must(t, err)
		all[p.Release] = fmt.Sprintf("%+v %s", stored.Publication, stored.Document)
	}
	return all
}

// oneMore adds a transaction to the register, so that there is something new to publish.
func oneMore(t *testing.T, s *site, dossier string) {
	t.Helper()
	_, err := s.db.PutTransactions(context.Background(), testBy, testWave, []survey.Transaction{{
		Dossier: dossier, Procedure: "1.000001", Field: "Hộ tịch", Unit: unitID(0), Channel: survey.ChannelCounter, Received: "2026-08-03", Due: "2026-08-10",
	}})
	must(t, err)
}

// A wave is published by a button, then once more with a reason; everybody reads both, and the first never changes but for its banner.
func TestPublishByTheButton(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	analyst, public := s.as(survey.Analyst), s.browser()
	analyst.get("/waves/2026-q3").want(t, http.StatusOK, "/waves/2026-q3/publish")
	// Live figures are there now, and nobody outside sees any.
	public.get("/releases").want(t, http.StatusOK, i18n.T(i18n.VI, "releases.none"))
	if r := public.get("/releases.json"); strings.Contains(r.body, "2026-q3") {
		t.Errorf("a wave that is not published is listed: %s", r.body)
	}
	analyst.get("/waves/2026-q3/publish").want(t, http.StatusOK, i18n.T(i18n.VI, "publish.lead"), "135", "360")
	publishButton(analyst, 2, "").want(t, http.StatusConflict, i18n.T(i18n.VI, "error.released_meanwhile"))
	done := publishButton(analyst, 1, "")
	if done.status != http.StatusSeeOther || done.header.Get("Location") != firstRelease {
		t.Fatalf("published: %d to %s\n%s", done.status, done.header.Get("Location"), done.body)
	}
	first := public.get(firstRelease)
	first.want(t, http.StatusOK, "n = 135", i18n.T(i18n.VI, "how.more"), i18n.T(i18n.VI, "files.json"), communes()[0].FullVI, i18n.T(i18n.VI, "releases.flags"), "creativecommons.org/licenses/by/4.0", "CC BY 4.0")
	file := public.get(firstRelease + ".json")
	publishButton(analyst, 2, "").want(t, http.StatusOK, i18n.T(i18n.VI, "publish.unchanged", "number", 1))

	oneMore(t, s, "H53.9-0001")
	publishButton(analyst, 2, " ").want(t, http.StatusUnprocessableEntity, i18n.T(i18n.VI, "error.reason_required"), `id="reason"`)
	publishButton(analyst, 2, "Sổ đăng ký được bổ sung <b>").want(t, http.StatusSeeOther)
	second := public.get("/releases/2026-q3/2")
	second.want(t, http.StatusOK, "Sổ đăng ký được bổ sung &lt;b&gt;", i18n.T(i18n.VI, "releases.takes_place", "number", 1))
	public.get(firstRelease).want(t, http.StatusOK, i18n.T(i18n.VI, "releases.to_next", "number", 2), "Sổ đăng ký được bổ sung")
	if again := public.get(firstRelease + ".json"); again.body != file.body || again.header.Get("Etag") != file.header.Get("Etag") {
		t.Error("the file of the first release changed when the second was published")
	}
	if r := public.get("/releases/2026-q3"); r.header.Get("Location") != "/releases/2026-q3/2" {
		t.Errorf("the newest is at %s", r.header.Get("Location"))
	}
	if r := public.get("/releases/2026-q3.csv"); r.header.Get("Location") != "/releases/2026-q3/2.csv" {
		t.Errorf("the newest table is at %s", r.header.Get("Location"))
	}
	public.get("/releases").want(t, http.StatusOK, "/releases/2026-q3/2", firstRelease, i18n.T(i18n.VI, "releases.replaced_by", "number", 2))
	for _, lang := range []string{"vi", "en", "zh"} {
		r := public.get(firstRelease + "?lang=" + lang)
		if m := regexp.MustCompile(`>\s*(?:releases|reason|state|figure|scores|overview|flag_word)\.[a-z_.]+\s*<`).FindString(r.body); r.status != http.StatusOK || m != "" {
			t.Errorf("%s: status %d, bare key %q", lang, r.status, m)
		}
	}
	trail, err := s.db.Trail(context.Background(), 1000)
	must(t, err)
	if !slices.ContainsFunc(trail, func(e survey.AuditEntry) bool {
		return e.Name == "analyst" && strings.Contains(e.Detail, "in place of 1: Sổ đăng ký")
	}) {
		t.Errorf("the trail does not say who published why: %+v", trail)
	}
	if strings.Contains(second.body+public.get("/releases/2026-q3/2.json").body, `"analyst"`) {
		t.Error("the release names who published it")
	}
}

// Files have stable content, can be read from every site, asked for again cheaply, and are described to machines.
func TestPublishedFiles(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	publishButton(s.as(survey.Administrator), 1, "").want(t, http.StatusSeeOther)
	b := s.browser()
	b.headers["Sec-Fetch-Site"], b.headers["Origin"] = "cross-site", "https://data.example"
	file := b.get(firstRelease + ".json")
	sum, err := survey.ContentHash([]byte(file.body))
	must(t, err)
	var r survey.Release
	must(t, json.Unmarshal([]byte(file.body), &r))
	if r.ContentHash != sum || file.header.Get("Etag") != `"`+sum+`"` || r.Context.Title.In(survey.English) != "Third quarter 2026" || len(r.Weighting.Strata) != 0 {
		t.Errorf("content %s, hash %s, tag %s", sum, r.ContentHash, file.header.Get("Etag"))
	}
	for path, caching := range map[string]string{
		firstRelease + ".json": keepForEver, firstRelease + ".csv": askEachTime, firstRelease: askEachTime, "/releases": askEachTime,
		"/releases.json": askEachTime, "/catalog.jsonld": askEachTime, "/releases/schema.json": askEachTime,
	} {
		r := b.get(path)
		if r.status != http.StatusOK || r.header.Get("Cache-Control") != caching || r.header.Get("Access-Control-Allow-Origin") != "*" || r.header.Get("X-Robots-Tag") != "" || r.header.Get("Content-Security-Policy") != policy {
			t.Errorf("%s: status %d, %v", path, r.status, r.header)
		}
		if head := b.send(http.MethodHead, path, "", ""); head.status != http.StatusOK || head.body != "" || head.header.Get("Etag") != r.header.Get("Etag") {
			t.Errorf("HEAD %s: %d, %s", path, head.status, head.header.Get("Etag"))
		}
		b.headers["If-None-Match"] = `"other", W/` + r.header.Get("Etag")
		if again := b.get(path); again.status != http.StatusNotModified || again.body != "" {
			t.Errorf("%s again: status %d with %d bytes", path, again.status, len(again.body))
		}
		delete(b.headers, "If-None-Match")
		if o := b.send(http.MethodOptions, path, "", ""); o.status != http.StatusNoContent || o.header.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(o.header.Get("Access-Control-Allow-Methods"), "GET") {
			t.Errorf("OPTIONS %s: %d %v", path, o.status, o.header)
		}
	}
	for _, path := range []string{"/", "/waves", "/signin"} {
		if h := b.get(path).header.Get("Access-Control-Allow-Origin"); h != "" {
			t.Errorf("%s can be read from other sites: %q", path, h)
		}
	}
	rows, err := csv.NewReader(strings.NewReader(b.get(firstRelease + ".csv").body)).ReadAll()
	must(t, err)
	if rows[0][0] != "wave" || len(rows) != len(r.Figures)+1 {
		t.Errorf("the table has %d rows for %d figures and begins with %q", len(rows), len(r.Figures), rows[0][0])
	}
	if excel := b.get(firstRelease + ".csv?excel"); !strings.HasPrefix(excel.body, byteOrderMark+"wave,") {
		t.Errorf("the table for Excel begins with %.10q", excel.body)
	}
	for _, path := range []string{"/releases/2026-q3/0", "/releases/2026-q3/01", "/releases/2026-q3/2.json", "/releases/2026-q3/1.xml", "/releases/none/1", "/releases/none.json"} {
		if got := b.get(path); got.status != http.StatusNotFound || got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: status %d, %s", path, got.status, got.header.Get("Cache-Control"))
		} else if machine := strings.HasSuffix(path, ".json"); machine != strings.HasPrefix(got.header.Get("Content-Type"), "application/json") {
			t.Errorf("%s: the error is %s", path, got.header.Get("Content-Type"))
		} else if machine && errorCode(t, got) != string(survey.CodeNotFound) {
			t.Errorf("%s: %s", path, got.body)
		}
	}
	testCatalog(t, b)
}

// publishedReads counts how often a published release is read.
type publishedReads struct {
	survey.Store
	n *atomic.Int64
}

func (p publishedReads) Published(ctx context.Context, wave survey.WaveID, number int) (*survey.Published, error) {
	p.n.Add(1)
	return p.Store.Published(ctx, wave, number)
}

// However many ask at once a release is read once; lists and whoever has a file already need none of those that had to make room.
func TestPublishedReleasesAreReadOnceAndBounded(t *testing.T) {
	t.Parallel()
	n := &atomic.Int64{}
	s := newSite(t, true, through(func(st survey.Store) survey.Store { return publishedReads{st, n} }))
	analyst, b := s.as(survey.Analyst), s.browser()
	publishButton(analyst, 1, "").want(t, http.StatusSeeOther)
	n.Store(0)
	var all sync.WaitGroup
	for _, path := range []string{"/releases", "/releases.json", "/catalog.jsonld", firstRelease, firstRelease + ".json", firstRelease + ".csv"} {
		for range 5 {
			all.Go(func() { s.browser().get(path).want(t, http.StatusOK) })
		}
	}
	all.Wait()
	if n.Load() != 1 {
		t.Errorf("the release was read %d times", n.Load())
	}
	before := b.get(firstRelease + ".json")
	oneMore(t, s, "H53.9-0001")
	publishButton(analyst, 2, "Sổ đăng ký được bổ sung").want(t, http.StatusSeeOther)
	s.server.public.most = 1
	b.get("/releases/2026-q3/2").want(t, http.StatusOK)
	n.Store(0)
	list := b.get("/releases.json")
	list.want(t, http.StatusOK, firstRelease)
	b.get("/catalog.jsonld").want(t, http.StatusOK)
	b.headers["If-None-Match"] = before.header.Get("Etag")
	b.get(firstRelease+".json").want(t, http.StatusNotModified)
	delete(b.headers, "If-None-Match")
	if open := s.server.public.open; n.Load() != 0 || len(open) != 1 || open[0].Number != 2 {
		t.Errorf("%d reads for lists and a known file, %d releases are open", n.Load(), len(open))
	}
	if again := b.get(firstRelease + ".json"); again.body != before.body || again.header.Get("Etag") != before.header.Get("Etag") {
		t.Error("a release that was read again is another one")
	}
}

// Addresses that machines keep do not depend on who asks for them how.
func TestCatalogHasTheProgramsOwnAddress(t *testing.T) {
	t.Parallel()
	s := newSite(t, true, func(_ *site, c *Config) { c.URL = "https://khaosat.example.vn" })
	admin := s.as(survey.Administrator)
	publishButton(admin, 1, "").want(t, http.StatusSeeOther)
	catalog := s.browser().get("/catalog.jsonld")
	catalog.want(t, http.StatusOK, `"https://khaosat.example.vn/releases/2026-q3/1.json"`)
	if strings.Contains(catalog.body, "http://example.com") { // the host of the request
		t.Error("the catalog holds what the caller said")
	}
	admin.post("/admin/kiosks/point-1/code", nil).want(t, http.StatusOK, "https://khaosat.example.vn/kiosk")
}

func testCatalog(t *testing.T, b *browser) {
	t.Helper()
	r := b.get("/catalog.jsonld")
	var catalog struct {
		Type    string `json:"@type"`
		License struct {
			ID string `json:"@id"`
		} `json:"dct:license"`
		Datasets []struct {
			ID            string `json:"@id"`
			Temporal      map[string]any
			Distributions []struct {
				URL struct {
					ID string `json:"@id"`
				} `json:"dcat:downloadURL"`
				Media struct {
					ID string `json:"@id"`
				} `json:"dcat:mediaType"`
				Size struct {
					Value int `json:"@value"`
				} `json:"dcat:byteSize"`
				Checksum struct {
					Value struct {
						Value string `json:"@value"`
					} `json:"spdx:checksumValue"`
				} `json:"spdx:checksum"`
			} `json:"dcat:distribution"`
		} `json:"dcat:dataset"`
	}
	must(t, json.Unmarshal([]byte(r.body), &catalog))
	if catalog.Type != "dcat:Catalog" || catalog.License.ID != report.DefaultLicense || len(catalog.Datasets) != 1 || !strings.HasPrefix(r.header.Get("Content-Type"), "application/ld+json") {
		t.Fatalf("the catalog is %s", r.body)
	}
	for _, d := range catalog.Datasets[0].Distributions {
		u, err := url.Parse(d.URL.ID)
		must(t, err)
		file := b.get(u.Path)
		sum := sha256.Sum256([]byte(file.body))
		kind, _, _ := strings.Cut(file.header.Get("Content-Type"), ";")
		if u.Host == "" || file.status != http.StatusOK || hex.EncodeToString(sum[:]) != d.Checksum.Value.Value || len(file.body) != d.Size.Value || !strings.HasSuffix(d.Media.ID, "/"+kind) {
			t.Errorf("%s: status %d, %d bytes for %d, %s", d.URL.ID, file.status, len(file.body), d.Size.Value, d.Media.ID)
		}
	}
	if len(catalog.Datasets[0].Distributions) != 2 {
		t.Errorf("%d files in the catalog", len(catalog.Datasets[0].Distributions))
	}
}

// No page without a sign-in shows what is provisional: answers come in, live figures move, and everything public stays byte for byte.
func TestPublicPagesShowNothingProvisional(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	analyst, public := s.as(survey.Analyst), s.browser()
	publishButton(analyst, 1, "").want(t, http.StatusSeeOther)
	paths := []string{"/", "/releases", "/releases.json", firstRelease, firstRelease + ".json", firstRelease + ".csv", "/catalog.jsonld"}
	before := map[string]string{}
	for _, p := range paths {
		before[p] = public.get(p).body
	}
	for i := range 15 {
		key := answeredPerUnit + i
		r := public.post("/s/"+token(key), url.Values{"lang": {"vi"}, "a.overall": {"1"}, "a.s24": {"1"}})
		if r.status != http.StatusOK && r.status != http.StatusSeeOther {
			t.Fatalf("answer: %d\n%s", r.status, r.body)
		}
	}
	analyst.get("/waves/2026-q3").want(t, http.StatusOK, "150")
	live, err := s.db.Release(context.Background(), testWave, survey.StateProvisional)
	must(t, err)
	if live.Weighting.Respondents != 150 {
		t.Fatalf("the live figures rest on %d answers", live.Weighting.Respondents)
	}
	for _, p := range paths {
		if d := cmp.Diff(before[p], public.get(p).body); d != "" {
			t.Errorf("%s changed with live figures:\n%s", p, d)
		}
		if strings.Contains(before[p], i18n.T(i18n.VI, "state.provisional")) || strings.Contains(before[p], live.ID) || strings.Contains(before[p], `"provisional"`) {
			t.Errorf("%s holds something provisional", p)
		}
	}
}

// No route changes a published release, whoever calls it with whatever body; publishing adds one and leaves the others.
func TestNoRouteChangesARelease(t *testing.T) {
	t.Parallel()
	s := newSite(t, true, demo)
	publishButton(s.as(survey.Analyst), 1, "").want(t, http.StatusSeeOther)
	before := vault(t, s)
	fill := strings.NewReplacer(":wave", "2026-q3", ":number", "1", ":token", token(3), ":point", "point-1", ":device", "none", "*", "app.css")
	form := url.Values{
		"number": {"1"}, "reason": {"another reason for this"}, "id": {"1"}, "state": {"provisional"}, "release": {"1"}, "_method": {"DELETE"},
		"name": {"quay-9"}, "unit": {string(unitID(0))}, "a.overall": {"5"}, "lang": {"vi"},
	}.Encode()
	for _, role := range []survey.Role{"", survey.Analyst, survey.Department, survey.Administrator} {
		b := s.as(role)
		for _, r := range s.server.table() {
			if r.name == "signout" {
				continue
			}
			path := fill.Replace(r.path)
			for _, method := range []string{r.method, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodPost} {
				b.send(method, path, "application/x-www-form-urlencoded", form)
			}
			b.send(r.method, path, "application/json", `{"id":"x","number":1,"state":"provisional"}`)
		}
	}
	oneMore(t, s, "H53.9-0002")
	publishButton(s.as(survey.Analyst), 2, "the register was completed").want(t, http.StatusSeeOther)
	after := vault(t, s)
	if len(after) != 2 {
		t.Errorf("%d releases", len(after))
	}
	for id, was := range before {
		if !bytes.Equal([]byte(was), []byte(after[id])) {
			t.Errorf("release %s changed", id)
		}
	}
	if v, err := report.Verify(context.Background(), s.db, report.VerifyOptions{Recompute: true, Program: "test"}, nil); err != nil || len(v.Findings) != 0 || len(v.Notes) != 0 {
		t.Errorf("%v %+v", err, v)
	}
}
