package web

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sipas/data"
	"sipas/survey"
	"sipas/survey/store/sqlite"
)

// The world of these tests: three communes of Tây Ninh with 120 transactions each, every second one invited, the shipped
// questionnaires and frameworks, and an account for each role.
const (
	testWave     survey.WaveID = "2026-q3"
	testPassword string        = "một mật khẩu đủ dài"
	perUnit      int           = 120
)

var (
	province = survey.NewUnitID("80", data.CurrentFrom)
	testBy   = survey.Actor{User: "tests", Name: "tests", Role: survey.Administrator}
	testKey  = survey.WaveKey{7, 7, 7}
	testDay  = time.Date(2026, 9, 15, 10, 0, 0, 0, survey.Zone)
	roles    = survey.Roles()
)

// keyRing holds the one key until it is destroyed.
type keyRing struct {
	mu   sync.Mutex
	gone bool
}

func (k *keyRing) Key(wave survey.WaveID) (survey.WaveKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.gone || wave != testWave {
		return survey.WaveKey{}, &survey.Error{Code: survey.CodeKeyMissing, Op: "read key"}
	}
	return testKey, nil
}

// destroy ends the key.
func (k *keyRing) destroy() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.gone = true
}

// testSeal is the key that the kiosks of these tests seal to.
var testSeal = sync.OnceValues(func() (*SealKey, error) { return SealKeyOf(bytes.Repeat([]byte{9}, 32)) })

// communes are the three units, the same every time.
var communes = sync.OnceValue(func() []data.Unit { return data.Communes(string(province))[:3] })

func unitID(i int) survey.UnitID { return survey.UnitID(communes()[i].ID) }

// testTokens are the tokens of the invitations, unit by unit.
var testTokens = sync.OnceValue(func() []survey.Token {
	rng := rand.New(rand.NewPCG(1, 2))
	tokens := make([]survey.Token, 3*perUnit/2)
	for i := range tokens {
		var b [16]byte
		for k := range b {
			b[k] = byte(rng.Uint32())
		}
		tokens[i] = survey.TokenFromBytes(b)
	}
	return tokens
})

var templates struct {
	sync.Mutex
	dir   string
	paths map[bool]string // with answers or without
}

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "sipas-web-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	templates.dir, templates.paths = dir, map[bool]string{}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// template returns a closed database that tests copy.
func template(t testing.TB, answered bool) string {
	t.Helper()
	templates.Lock()
	defer templates.Unlock()
	if path := templates.paths[answered]; path != "" {
		return path
	}
	path := filepath.Join(templates.dir, fmt.Sprintf("answered-%v.db", answered))
	db, err := sqlite.Open(context.Background(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	fill(t, db)
	if answered {
		answer(t, db)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	templates.paths[answered] = path
	return path
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func fill(t testing.TB, db survey.Store) {
	t.Helper()
	ctx := context.Background()
	p, _ := data.UnitByID(string(province))
	var units []survey.Unit
	for _, u := range append([]data.Unit{p}, communes()...) {
		kind := survey.KindCommune
		if u.Level == data.LevelProvince {
			kind = survey.KindProvince
		}
		units = append(units, survey.Unit{
			ID: survey.UnitID(u.ID), Code: u.Code, Kind: kind, Parent: survey.UnitID(u.Parent), From: survey.Day(u.From),
			Name: survey.Text{survey.Vietnamese: u.FullVI, survey.English: u.FullEN},
		})
	}
	_, err := db.PutUnits(ctx, testBy, units)
	must(t, err)
	w := &survey.Wave{
		ID: testWave, Title: survey.Text{survey.Vietnamese: "Quý III 2026", survey.English: "Third quarter 2026"},
		Province: province, From: "2026-07-01", To: "2026-09-30", Rules: survey.DefaultRules(), State: survey.WaveOpen,
		Targets: survey.Targets{"sipas-2022": {Indicator: 80}},
	}
	for _, id := range []string{"kiosk-2026", "web-2026"} {
		doc, _ := data.Instrument(id)
		in, err := db.PublishInstrument(ctx, testBy, doc)
		must(t, err)
		w.Instruments = append(w.Instruments, in.Ref())
	}
	for _, id := range []string{"sipas-2022", "papi-style", "one-stop-2018"} {
		doc, _ := data.Framework(id)
		f, err := db.PublishFramework(ctx, testBy, doc)
		must(t, err)
		w.Frameworks = append(w.Frameworks, f.Ref())
	}
	must(t, db.CreateWave(ctx, testBy, w))
	fillRegister(t, db)
	for i := range 2 {
		must(t, db.AddPoint(ctx, testBy, survey.Point{ID: survey.PointID(fmt.Sprintf("point-%d", i+1)), Unit: unitID(i), Name: fmt.Sprintf("Quầy %d", i+1)}))
	}
	hash, err := HashPassword(testPassword)
	must(t, err)
	for _, role := range roles {
		u := survey.User{ID: survey.UserID("u-" + role), Name: string(role), Role: role, PasswordHash: hash}
		if role == survey.Department {
			u.Units = []survey.UnitID{unitID(0)}
		}
		must(t, db.AddUser(ctx, testBy, u))
	}
	must(t, db.AddUser(ctx, testBy, survey.User{ID: "u-left", Name: "left", Role: survey.Analyst, PasswordHash: hash, Disabled: true}))
}

func fillRegister(t testing.TB, db survey.Store) {
	t.Helper()
	ctx := context.Background()
	draw := &survey.Draw{Wave: testWave, Number: 1, Fraction: 0.5, Seed: 1, Map: []byte(`{}`), AsOf: "2026-09-30", Covered: map[string]survey.ClassID{}}
	var register []survey.Transaction
	var invitations []survey.Invitation
	for u := range 3 {
		class := survey.Class{
			ID: survey.ClassID(fmt.Sprintf("1.%d", u+1)), Wave: testWave, Draw: 1, Population: perUnit, Invited: perUnit / 2,
			Labels: [survey.Dims]string{string(unitID(u)), "*", "*", "*", "*", "*"},
		}
		draw.Classes = append(draw.Classes, class)
		for i := range perUnit {
			tr := survey.Transaction{
				Dossier: fmt.Sprintf("H53.%d-%04d", u, i), Procedure: "1.000001", Field: "Hộ tịch", Unit: unitID(u),
				Channel: survey.ChannelCounter, Received: "2026-08-03", Due: "2026-08-10", Returned: "2026-08-09",
			}
			register = append(register, tr)
			draw.Covered[tr.Dossier] = class.ID
			if i%2 == 0 {
				invitations = append(invitations, survey.Invitation{
					TokenHash: testTokens()[len(invitations)].Hash(), Wave: testWave, Dossier: tr.Dossier, Class: class.ID,
				})
			}
		}
	}
	_, err := db.PutTransactions(ctx, testBy, testWave, register)
	must(t, err)
	must(t, db.SaveDraw(ctx, testBy, draw, invitations, nil))
}

// answeredPerUnit invitations of each unit are answered in the template with answers. The first unit is bad at item s29.
const answeredPerUnit = 45

func answer(t testing.TB, db survey.Store) {
	t.Helper()
	ctx := context.Background()
	doc, _ := data.Instrument("web-2026")
	in, err := survey.ParseInstrument(doc)
	must(t, err)
	rng := rand.New(rand.NewPCG(3, 4))
	for u := range 3 {
		for i := range answeredPerUnit {
			r := survey.Response{
				ID: testKey.ResponseID(testTokens()[u*perUnit/2+i]), Wave: testWave, Instrument: in.Ref(), Mode: survey.ModeWeb,
				Source: survey.Invited, Class: survey.ClassID(fmt.Sprintf("1.%d", u+1)), Language: survey.Vietnamese,
				Modules: in.DrawModules(0), Revision: 1, Disposition: survey.Complete, Answers: map[string]int{},
			}
			for _, it := range in.Items {
				r.Answers[it.Code] = 3 + rng.IntN(3)
				if u == 0 && it.Code == "s29" {
					r.Answers[it.Code] = 1 + rng.IntN(3)
				}
			}
			r.ContentHash = testKey.ContentHash(&r, "")
			_, err := db.SaveReceipt(ctx, survey.Receipt{Response: r, Day: "2026-08-20"})
			must(t, err)
		}
	}
}

// lockedBuffer collects the log of handlers that run at once.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// site is one running program with a database of its own.
type site struct {
	t      testing.TB
	server *Server
	db     *sqlite.DB
	keys   *keyRing
	log    *lockedBuffer
	now    time.Time
}

type option func(*site, *Config)

func demo(_ *site, c *Config)   { c.DemoKiosk = true }
func secure(_ *site, c *Config) { c.Secure = true }

// through puts something between the pages and the database.
func through(wrap func(survey.Store) survey.Store) option {
	return func(_ *site, c *Config) { c.Store = wrap(c.Store) }
}

func newSite(t testing.TB, answered bool, options ...option) *site {
	t.Helper()
	content, err := os.ReadFile(template(t, answered))
	must(t, err)
	path := filepath.Join(t.TempDir(), "sipas.db")
	must(t, os.WriteFile(path, content, 0o600))
	s := &site{t: t, keys: &keyRing{}, log: &lockedBuffer{}, now: testDay}
	s.db, err = sqlite.Open(context.Background(), path, sqlite.Options{Now: func() time.Time { return testDay }})
	must(t, err)
	t.Cleanup(func() { must(t, s.db.Close()) })
	seal, err := testSeal()
	must(t, err)
	cfg := Config{
		Store: s.db, Keys: s.keys, Seals: seal, Clock: func() time.Time { return s.now }, Program: "test",
		Logger:      slog.New(slog.NewJSONHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		RefreshWait: 20 * time.Second, RefreshShare: 1, // the machine may be busy, and these pages must be the newest
	}
	for _, o := range options {
		o(s, &cfg)
	}
	s.server, err = New(cfg)
	must(t, err)
	t.Cleanup(func() { must(t, s.server.Close()) })
	return s
}

// reply is an answer of the server.
type reply struct {
	status int
	header http.Header
	body   string
}

func (s *site) do(r *http.Request) reply {
	s.t.Helper()
	w := httptest.NewRecorder()
	s.server.ServeHTTP(w, r)
	res := w.Result()
	body, err := io.ReadAll(res.Body)
	must(s.t, err)
	return reply{res.StatusCode, res.Header, string(body)}
}

// browser is somebody's browser: its cookies, and the headers that it sends with everything.
type browser struct {
	site    *site
	cookies map[string]string
	headers map[string]string
}

func (s *site) browser() *browser {
	return &browser{site: s, cookies: map[string]string{}, headers: map[string]string{"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}}
}

func (b *browser) send(method, path, kind, body string) reply {
	b.site.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	for k, v := range b.headers {
		r.Header.Set(k, v)
	}
	for k, v := range b.cookies {
		r.AddCookie(&http.Cookie{Name: k, Value: v})
	}
	res := b.site.do(r)
	for _, c := range (&http.Response{Header: res.header}).Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
			continue
		}
		b.cookies[c.Name] = c.Value
	}
	return res
}

func (b *browser) get(path string) reply {
	b.site.t.Helper()
	return b.send(http.MethodGet, path, "", "")
}

func (b *browser) post(path string, form url.Values) reply {
	b.site.t.Helper()
	return b.send(http.MethodPost, path, "application/x-www-form-urlencoded", form.Encode())
}

func (b *browser) json(path, body string) reply {
	b.site.t.Helper()
	return b.send(http.MethodPost, path, "application/json", body)
}

// as returns the browser of an account, signed in; "" is nobody's.
func (s *site) as(role survey.Role) *browser {
	s.t.Helper()
	b := s.browser()
	if role == "" {
		return b
	}
	r := b.post("/signin", url.Values{"name": {string(role)}, "password": {testPassword}})
	if r.status != http.StatusSeeOther {
		s.t.Fatalf("sign in as %s: status %d\n%s", role, r.status, r.body)
	}
	return b
}

func (s *site) responses() []survey.Response { return s.responsesOf(testWave) }

func (s *site) responsesOf(wave survey.WaveID) []survey.Response {
	s.t.Helper()
	var all []survey.Response
	must(s.t, s.db.EachResponse(context.Background(), wave, func(r *survey.Response) error {
		kept := *r // the map is the store's own, and used again
		kept.Answers = maps.Clone(r.Answers)
		all = append(all, kept)
		return nil
	}))
	return all
}

func token(i int) string { return string(testTokens()[i]) }

func (r reply) want(t testing.TB, status int, parts ...string) {
	t.Helper()
	if r.status != status {
		t.Errorf("status %d, want %d\n%s", r.status, status, r.body)
	}
	for _, p := range parts {
		if !strings.Contains(r.body, p) {
			t.Errorf("the answer does not hold %q:\n%s", p, r.body)
		}
	}
}
