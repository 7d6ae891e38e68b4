package web

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sipas/survey"
	"sipas/templates/i18n"
)

func TestEveryRouteStandsInTheTable(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	var routed, listed []string
	for _, r := range s.server.echo.Routes() {
		routed = append(routed, r.Method+" "+r.Path)
	}
	names := map[string]bool{}
	for _, r := range s.server.table() {
		listed = append(listed, r.method+" "+r.path)
		if r.name == "" || names[r.name] {
			t.Errorf("%s %s: the name %q is empty or stands twice", r.method, r.path, r.name)
		}
		names[r.name] = true
		if r.method != http.MethodGet && r.body == noBody {
			t.Errorf("%s %s takes a body of any size", r.method, r.path)
		}
		if r.rate == "" {
			t.Errorf("%s %s does not say by what its calls are counted", r.method, r.path)
		}
	}
	slices.Sort(routed)
	slices.Sort(listed)
	if !slices.Equal(routed, listed) {
		t.Errorf("the router has\n%s\nthe table has\n%s", strings.Join(routed, "\n"), strings.Join(listed, "\n"))
	}
}

// who is what each role may call, route by route: the answer's status. It is written by hand, so that a change of the table
// or of the domain's permissions is seen here.
func TestPermissions(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	const (
		ok      = http.StatusOK
		empty   = http.StatusNoContent
		away    = http.StatusSeeOther // to the sign-in page, or home
		no      = http.StatusForbidden
		noName  = http.StatusUnauthorized
		missing = http.StatusNotFound
		bad     = http.StatusBadRequest
		wrong   = http.StatusUnprocessableEntity
	)
	cases := []struct {
		route, path string
		// nobody, analyst, department, administrator
		want [4]int
	}{
		{"GET /", "/", [4]int{ok, away, away, away}},
		{"GET /healthz", "/healthz", [4]int{ok, ok, ok, ok}},
		{"GET /static/*", "/static/none", [4]int{missing, missing, missing, missing}},
		{"GET /s/:token", "/s/" + token(170), [4]int{ok, ok, ok, ok}},
		{"POST /s/:token", "/s/none", [4]int{missing, missing, missing, missing}},
		{"POST /s/:token/withdraw", "/s/none/withdraw", [4]int{missing, missing, missing, missing}},
		{"GET /kiosk", "/kiosk", [4]int{ok, ok, ok, ok}},
		{"GET /kiosk/worker.js", "/kiosk/worker.js", [4]int{ok, ok, ok, ok}},
		{"GET /kiosk/app.webmanifest", "/kiosk/app.webmanifest", [4]int{ok, ok, ok, ok}},
		{"POST /kiosk/enrol", "/kiosk/enrol", [4]int{bad, bad, bad, bad}},
		{"GET /kiosk/config", "/kiosk/config", [4]int{noName, noName, noName, noName}},
		{"POST /kiosk/beat", "/kiosk/beat", [4]int{noName, noName, noName, noName}},
		{"POST /kiosk/answers", "/kiosk/answers", [4]int{noName, noName, noName, noName}},
		{"GET /signin", "/signin", [4]int{ok, away, away, away}},
		{"POST /signin", "/signin", [4]int{noName, noName, noName, noName}},
		{"GET /waves", "/waves", [4]int{away, ok, no, ok}},
		{"GET /waves/:wave", "/waves/2026-q3", [4]int{away, ok, no, ok}},
		{"GET /waves/:wave/scores", "/waves/2026-q3/scores", [4]int{away, ok, no, ok}},
		{"GET /waves/:wave/heatmap", "/waves/2026-q3/heatmap", [4]int{away, ok, no, ok}},
		{"GET /waves/:wave/map", "/waves/2026-q3/map", [4]int{away, ok, no, ok}},
		{"GET /waves/:wave/flags", "/waves/2026-q3/flags", [4]int{away, ok, no, ok}},
		{"GET /waves/:wave/signals", "/waves/2026-q3/signals", [4]int{away, ok, no, ok}},
		{"GET /waves/:wave/publish", "/waves/2026-q3/publish", [4]int{away, ok, no, ok}},
		{"GET /waves/:wave/publish", "/waves/none/publish", [4]int{away, missing, no, missing}},
		{"POST /waves/:wave/publish", "/waves/2026-q3/publish", [4]int{noName, bad, no, bad}},
		{"GET /releases", "/releases", [4]int{ok, ok, ok, ok}},
		{"GET /releases.json", "/releases.json", [4]int{ok, ok, ok, ok}},
		{"GET /releases/schema.json", "/releases/schema.json", [4]int{ok, ok, ok, ok}},
		{"GET /releases/:wave", "/releases/2026-q3", [4]int{missing, missing, missing, missing}},
		{"GET /releases/:wave/:number", "/releases/2026-q3/1", [4]int{missing, missing, missing, missing}},
		{"GET /catalog.jsonld", "/catalog.jsonld", [4]int{ok, ok, ok, ok}},
		{"OPTIONS /releases", "/releases", [4]int{empty, empty, empty, empty}},
		{"OPTIONS /releases.json", "/releases.json", [4]int{empty, empty, empty, empty}},
		{"OPTIONS /releases/schema.json", "/releases/schema.json", [4]int{empty, empty, empty, empty}},
		{"OPTIONS /releases/:wave", "/releases/2026-q3", [4]int{empty, empty, empty, empty}},
		{"OPTIONS /releases/:wave/:number", "/releases/2026-q3/1", [4]int{empty, empty, empty, empty}},
		{"OPTIONS /catalog.jsonld", "/catalog.jsonld", [4]int{empty, empty, empty, empty}},
		{"GET /papi", "/papi", [4]int{away, ok, no, ok}},
		{"GET /waves/:wave/compare", "/waves/2026-q3/compare", [4]int{away, ok, no, ok}},
		{"GET /waves/:wave/index", "/waves/2026-q3/index", [4]int{away, ok, no, ok}},
		{"GET /waves/:wave/units", "/waves/2026-q3/units", [4]int{away, ok, no, ok}},
		{"GET /waves/:wave/history", "/waves/2026-q3/history", [4]int{away, ok, no, ok}},
		{"GET /waves/:wave/index.:as", "/waves/2026-q3/index.csv", [4]int{away, ok, no, ok}},
		{"GET /waves/:wave/scores.:as", "/waves/2026-q3/scores.xlsx", [4]int{away, ok, no, ok}},
		{"GET /waves/:wave/units.:as", "/waves/2026-q3/units.svg", [4]int{away, ok, no, ok}},
		{"GET /waves/:wave/heatmap.:as", "/waves/2026-q3/heatmap.csv", [4]int{away, ok, no, ok}},
		{"GET /waves/:wave/map.:as", "/waves/2026-q3/map.svg", [4]int{away, ok, no, ok}},
		{"GET /waves/:wave/history.:as", "/waves/2026-q3/history.xlsx", [4]int{away, ok, no, ok}},
		{"GET /waves/:wave/flags.:as", "/waves/2026-q3/flags.csv", [4]int{away, ok, no, ok}},
		{"GET /waves/:wave/flags.:as", "/waves/2026-q3/flags.pdf", [4]int{away, missing, no, missing}},
		{"GET /papi.:as", "/papi.svg", [4]int{away, ok, no, ok}},
		{"GET /repair", "/repair", [4]int{away, ok, ok, ok}},
		{"GET /repair", "/repair?unit=" + string(unitID(0)), [4]int{away, ok, ok, ok}},
		{"GET /repair", "/repair?unit=" + string(unitID(1)), [4]int{away, ok, no, ok}},
		{"GET /admin", "/admin", [4]int{away, no, no, ok}},
		{"GET /admin/frameworks", "/admin/frameworks", [4]int{away, ok, no, ok}},
		{"POST /admin/frameworks", "/admin/frameworks", [4]int{noName, missing, no, missing}},
		{"GET /admin/frameworks/:id/:version", "/admin/frameworks/sipas-2022/1", [4]int{away, ok, no, ok}},
		{"GET /admin/frameworks/:id/:version", "/admin/frameworks/sipas-2022/9", [4]int{away, missing, no, missing}},
		{"GET /admin/drafts/:draft", "/admin/drafts/none", [4]int{away, missing, no, missing}},
		{"POST /admin/drafts/:draft", "/admin/drafts/none", [4]int{noName, missing, no, missing}},
		{"GET /assessments", "/assessments", [4]int{away, ok, ok, ok}},
		{"POST /assessments", "/assessments", [4]int{noName, missing, no, missing}},
		{"GET /assessments/:assessment", "/assessments/none", [4]int{away, missing, missing, missing}},
		{"POST /assessments/:assessment", "/assessments/none", [4]int{noName, missing, no, missing}},
		{"GET /assessments/:assessment/criteria.csv", "/assessments/none/criteria.csv", [4]int{away, missing, missing, missing}},
		{"GET /assessments/:assessment/evidence.zip", "/assessments/none/evidence.zip", [4]int{away, missing, missing, missing}},
		{"POST /assessments/:assessment/files", "/assessments/none/files", [4]int{noName, missing, no, missing}},
		{"GET /assessments/:assessment/files/:file", "/assessments/none/files/none", [4]int{away, missing, missing, missing}},
		{"GET /admin/kiosks", "/admin/kiosks", [4]int{away, no, no, ok}},
		{"POST /admin/kiosks", "/admin/kiosks", [4]int{noName, no, no, wrong}},
		{"GET /admin/kiosks/:point", "/admin/kiosks/point-1", [4]int{away, no, no, ok}},
		{"GET /admin/kiosks/:point", "/admin/kiosks/none", [4]int{away, no, no, missing}},
		{"POST /admin/kiosks/:point/code", "/admin/kiosks/point-1/code", [4]int{noName, no, no, ok}},
		{"POST /admin/kiosks/:point/code", "/admin/kiosks/none/code", [4]int{noName, no, no, missing}},
		{"POST /admin/kiosks/:point/revoke", "/admin/kiosks/point-2/revoke", [4]int{noName, no, no, away}},
		{"POST /admin/kiosks/:point/devices/:device/revoke", "/admin/kiosks/point-1/devices/none/revoke", [4]int{noName, no, no, missing}},
		{"POST /signout", "/signout", [4]int{away, away, away, away}}, // last: it ends the session
	}
	tried := map[string]bool{}
	for i, role := range []survey.Role{"", survey.Analyst, survey.Department, survey.Administrator} {
		b := s.as(role)
		for _, c := range cases {
			tried[c.route] = true
			method, _, _ := strings.Cut(c.route, " ")
			r := b.send(method, c.path, "", "")
			if r.status != c.want[i] {
				t.Errorf("%q as %q: status %d, want %d\n%.300s", c.route+" → "+c.path, role, r.status, c.want[i], r.body)
			}
			if r.status == away && c.want[i] == away && role == "" && method == http.MethodGet && !strings.HasPrefix(r.header.Get("Location"), "/signin?next=") {
				t.Errorf("%s as nobody leads to %q", c.path, r.header.Get("Location"))
			}
		}
	}
	for _, r := range s.server.table() {
		if !tried[r.method+" "+r.path] {
			t.Errorf("nobody tried %s %s", r.method, r.path)
		}
	}
}

// pagesOf are the addresses of every kind of page, with who opens them.
func pagesOf() map[string]survey.Role {
	return map[string]survey.Role{
		"/": "", "/signin": "", "/nothing": "", "/s/" + token(170): "", "/s/none": "", "/kiosk": "",
		"/waves": survey.Analyst, "/waves/2026-q3": survey.Analyst, "/waves/2026-q3/scores": survey.Analyst,
		"/waves/2026-q3/scores?unit=" + url.QueryEscape(string(unitID(0))): survey.Analyst,
		"/waves/2026-q3/heatmap": survey.Analyst, "/waves/2026-q3/map": survey.Analyst, "/waves/2026-q3/map?indicator=s29": survey.Analyst,
		"/waves/2026-q3/index": survey.Analyst, "/waves/2026-q3/index?framework=papi-style&unit=" + url.QueryEscape(string(unitID(0))): survey.Analyst,
		"/waves/2026-q3/units": survey.Analyst, "/waves/2026-q3/units?indicator=s29": survey.Analyst, "/waves/2026-q3/history": survey.Analyst,
		"/waves/2026-q3/flags": survey.Analyst, "/papi": survey.Analyst, "/papi?province=B%C3%ACnh+D%C6%B0%C6%A1ng&year=2020": survey.Analyst,
		"/repair": survey.Department, "/admin": survey.Administrator, "/admin/frameworks": survey.Analyst,
		"/admin/frameworks/sipas-2022/1": survey.Analyst, "/waves/2026-q3/compare": survey.Analyst,
		"/admin/kiosks": survey.Administrator, "/assessments": survey.Analyst,
		"/admin/kiosks/point-1": survey.Administrator, "/waves/2026-q3/signals": survey.Analyst, "/waves/none": survey.Analyst,
		"/waves/2026-q3/publish": survey.Analyst, "/releases/none/1": "",
	}
}

var (
	inlineScript  = regexp.MustCompile(`(?is)<script\b([^>]*)>`)
	inlineStyle   = regexp.MustCompile(`(?is)<style\b|\sstyle\s*=\s*["']`)
	inlineHandler = regexp.MustCompile(`(?is)<[^>]*\son[a-z]+\s*=`)
	elsewhere     = regexp.MustCompile(`(?is)(?:src|href|action)\s*=\s*["']?(?:[a-z]+:)?//`)
)

// Every page keeps to the content policy by itself, fetches nothing from outside, and holds no bare key of the catalogue.
func TestEveryPageIsSafe(t *testing.T) {
	t.Parallel()
	s := newSite(t, true, secure)
	signedIn := map[survey.Role]*browser{}
	for path, role := range pagesOf() {
		if signedIn[role] == nil {
			signedIn[role] = s.as(role)
		}
		for _, l := range survey.Languages() {
			b := signedIn[role]
			b.cookies[languageCookie] = string(l)
			r := b.get(path)
			where := fmt.Sprintf("%s in %s", path, l)
			if r.status >= 500 || !strings.HasPrefix(r.header.Get("Content-Type"), "text/html") {
				t.Errorf("%s: status %d, %s\n%s", where, r.status, r.header.Get("Content-Type"), r.body)
			}
			for name, want := range map[string]string{
				"Content-Security-Policy": policy, "Referrer-Policy": "strict-origin", "X-Content-Type-Options": "nosniff",
				"Cache-Control": "no-store", "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
			} {
				if got := r.header.Get(name); got != want {
					t.Errorf("%s: %s is %q, want %q", where, name, got, want)
				}
			}
			for _, m := range inlineScript.FindAllStringSubmatch(r.body, -1) {
				if !strings.Contains(m[1], `src="/static/`) && !strings.Contains(m[1], `type="application/json"`) {
					t.Errorf("%s: inline script <script%s>", where, m[1])
				}
			}
			for what, pattern := range map[string]*regexp.Regexp{"inline style": inlineStyle, "inline handler": inlineHandler, "an address elsewhere": elsewhere} {
				if found := pattern.FindString(r.body); found != "" {
					t.Errorf("%s: %s %q", where, what, found)
				}
			}
			if strings.Contains(r.body, `name="referrer"`) {
				t.Errorf("%s: the page overrides the referrer policy", where)
			}
			if found := regexp.MustCompile(`>\s*(?:` + strings.Join(catalogueSections(), "|") + `)\.[a-z_.]+\s*<`).FindString(r.body); found != "" {
				t.Errorf("%s: bare key %q", where, found)
			}
		}
	}
}

func catalogueSections() []string {
	return []string{"error", "filter", "label", "lateness", "channel", "tab", "nav", "role", "scores", "overview", "flags", "reason", "state", "overview", "fleet", "signals", "index", "units", "history", "how", "files", "ago", "span", "weekday", "releases", "publish"}
}

func TestEveryCodeHasAStatusAndAWord(t *testing.T) {
	t.Parallel()
	for _, code := range survey.Codes() {
		if statusOf[code] == 0 {
			t.Errorf("%s has no status", code)
		}
		for _, l := range survey.Languages() {
			if !i18n.Has(l, "error."+string(code)) {
				t.Errorf("%s has no sentence in %s", code, l)
			}
		}
	}
}

func TestStaticFiles(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	page := s.browser().get("/")
	address := regexp.MustCompile(`/static/app\.[0-9a-f]+\.css`).FindString(page.body)
	r := s.browser().get(address)
	if r.status != http.StatusOK || !strings.Contains(r.header.Get("Cache-Control"), "immutable") || !strings.HasPrefix(r.header.Get("Content-Type"), "text/css") {
		t.Errorf("%s: status %d, %v", address, r.status, r.header)
	}
	for _, path := range []string{"/static/", "/static/app.css", "/static/../go.mod", "/static/%2e%2e/doc.go"} {
		if r := s.browser().get(path); r.status != http.StatusNotFound || strings.Contains(r.header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: status %d, %s", path, r.status, r.header.Get("Cache-Control"))
		}
	}
}

func TestHeadIsGetWithoutBody(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	for path, status := range map[string]int{"/": 200, "/healthz": 200, "/nothing": 404, "/waves": 303} {
		if r := s.browser().send(http.MethodHead, path, "", ""); r.status != status || r.body != "" {
			t.Errorf("HEAD %s: status %d with %d bytes", path, r.status, len(r.body))
		}
	}
	s.browser().send(http.MethodDelete, "/", "", "").want(t, http.StatusMethodNotAllowed)
}
