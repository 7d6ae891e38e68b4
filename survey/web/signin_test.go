package web

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"sipas/survey"
	"sipas/templates/i18n"
)

func credentials(name, password string) url.Values {
	return url.Values{"name": {name}, "password": {password}}
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	b := s.browser()
	b.get("/signin").want(t, http.StatusOK, `name="password"`)
	r := b.post("/signin", credentials("analyst", testPassword))
	if r.status != http.StatusSeeOther || r.header.Get("Location") != "/waves" {
		t.Fatalf("status %d to %q", r.status, r.header.Get("Location"))
	}
	cookie := r.header.Get("Set-Cookie")
	for _, part := range []string{"sipas_session=", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=43200"} {
		if !strings.Contains(cookie, part) {
			t.Errorf("the cookie %q lacks %s", cookie, part)
		}
	}
	value := b.cookies["sipas_session"]
	if len(value) != 43 {
		t.Errorf("the cookie's value %q is not 32 bytes", value)
	}
	if _, err := s.db.Session(context.Background(), value, testDay); err == nil {
		t.Error("the database holds the cookie itself")
	}
	stored, err := s.db.Session(context.Background(), sessionHash(value), testDay)
	must(t, err)
	if !stored.Expires.Equal(testDay.Add(12 * time.Hour)) {
		t.Errorf("the session ends %v", stored.Expires)
	}
	b.get("/waves").want(t, http.StatusOK)

	planted := s.browser()
	planted.cookies["sipas_session"] = value
	planted.post("/signin", credentials("analyst", testPassword))
	if planted.cookies["sipas_session"] == value {
		t.Error("signing in kept the value that was there before")
	}

	s.now = testDay.Add(12*time.Hour + time.Second)
	if r := b.get("/waves"); r.status != http.StatusSeeOther {
		t.Errorf("an expired session: status %d", r.status)
	}
	s.now = testDay
	planted.get("/waves").want(t, http.StatusOK)
	copied := s.browser()
	copied.cookies["sipas_session"] = planted.cookies["sipas_session"]
	planted.post("/signout", nil)
	if _, kept := planted.cookies["sipas_session"]; kept {
		t.Error("signing out left the cookie")
	}
	if r := copied.get("/waves"); r.status != http.StatusSeeOther {
		t.Errorf("a session that was ended: status %d", r.status)
	}
}

func TestSecureCookieIsBoundToTheHost(t *testing.T) {
	t.Parallel()
	s := newSite(t, false, secure)
	b := s.browser()
	r := b.post("/signin", credentials("analyst", testPassword))
	if c := r.header.Get("Set-Cookie"); !strings.HasPrefix(c, "__Host-sipas_session=") || !strings.Contains(c, "; Secure") {
		t.Errorf("cookie %q", c)
	}
	b.get("/waves").want(t, http.StatusOK)
}

// A wrong name, a wrong password and a disabled account read alike.
func TestWrongCredentialsReadAlike(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	var first string
	for _, c := range [][2]string{{"analyst", "wrong"}, {"nobody", testPassword}, {"left", testPassword}, {"", ""}, {"analyst", ""}} {
		r := s.browser().post("/signin", credentials(c[0], c[1]))
		r.want(t, http.StatusUnauthorized, i18n.T(i18n.VI, "error.bad_credentials"))
		body := strings.Replace(r.body, `value="`+c[0]+`"`, `value=""`, 1)
		if first == "" {
			first = body
		}
		if body != first {
			t.Errorf("%v reads otherwise", c)
		}
	}
}

func TestGuessingIsThrottled(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	var last reply
	for range 11 {
		last = s.browser().post("/signin", credentials("Analyst", "wrong"))
	}
	last.want(t, http.StatusTooManyRequests)
	wait, err := strconv.Atoi(last.header.Get("Retry-After"))
	if err != nil || wait < 1 || wait > 30 {
		t.Errorf("Retry-After %q", last.header.Get("Retry-After"))
	}
	if r := s.browser().post("/signin", credentials("analyst", testPassword)); r.status != http.StatusTooManyRequests {
		t.Errorf("the right password passes the limit of its account: status %d", r.status)
	}
	s.as(survey.Department) // others are not held up
	s.now = s.now.Add(time.Duration(wait) * time.Second)
	s.as(survey.Analyst)
	for i := range 10 { // a right password gave the account its tries back
		if r := s.browser().post("/signin", credentials("analyst", "wrong")); r.status != http.StatusUnauthorized {
			t.Errorf("try %d: status %d", i+1, r.status)
		}
	}

	// Many names from one address end at the address's limit, which answers do not know.
	limited := false
	for i := range 100 {
		limited = s.browser().post("/signin", credentials("name"+strconv.Itoa(i), "wrong")).status == http.StatusTooManyRequests
		if limited {
			break
		}
	}
	if !limited {
		t.Error("a hundred names from one address were all tried")
	}
	if r := s.browser().post("/s/"+token(0), goodForm()); r.status != http.StatusOK {
		t.Errorf("an answer from the same address: status %d", r.status)
	}
}

// Guessing at a name from elsewhere, from one address or from many, keeps its owner out nowhere else, and many addresses hardly mean
// more guesses.
func TestGuessersDoNotShutTheOwnerOut(t *testing.T) {
	t.Parallel()
	s := newSite(t, false, func(_ *site, cfg *Config) { cfg.TrustedProxies = []string{"192.0.2.0/24"} })
	try := func(address, name, password string) int {
		b := s.browser()
		b.headers["X-Forwarded-For"] = address
		return b.post("/signin", credentials(name, password)).status
	}
	guesses := func(address string, n int) (seen int) {
		for range n {
			if try(address, "administrator", "wrong") == http.StatusUnauthorized {
				seen++
			}
		}
		return seen
	}
	if seen := guesses("203.0.113.1", 200); seen != 10 {
		t.Errorf("%d guesses from one address were looked at", seen)
	}
	if seen := guesses("2001:db8:1:2::1", 10) + guesses("2001:db8:1:2:3::1", 10); seen != 10 {
		t.Errorf("%d guesses from one network of IPv6 were looked at", seen)
	}
	if status := try("203.0.113.99", "administrator", testPassword); status != http.StatusSeeOther {
		t.Errorf("one guesser keeps the owner out: %d", status)
	}
	seen := 0
	for i := range 20 {
		seen += guesses("198.51.100."+strconv.Itoa(i), 20)
		seen += guesses("2001:db8:7:"+strconv.Itoa(i)+"::1", 20)
	}
	if most := 100 - 20 - 1 + 20 + 1; seen > most {
		t.Errorf("%d guesses from many addresses were looked at, want %d at most", seen, most)
	}
	for range 3 {
		if status := try("203.0.113.100", "administrator", testPassword); status != http.StatusSeeOther {
			t.Errorf("many guessers keep the owner out: %d", status)
		}
	}
	if guesses("203.0.113.100", 10) != 1 {
		t.Error("who fails has more than one try at a name that is guessed at from everywhere")
	}
	s.now = s.now.Add(5 * time.Minute)
	if status := try("203.0.113.100", "administrator", testPassword); status != http.StatusSeeOther {
		t.Errorf("five minutes later: %d", status)
	}
}

// Without a trusted proxy nobody chooses the address that is counted.
func TestForwardedAddressIsNotBelieved(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		proxies  []string
		limited  bool
		forwards func(i int) string
	}{
		{"direct", nil, true, func(i int) string { return "10.1.1." + strconv.Itoa(i) }},
		{"another proxy is trusted", []string{"10.0.0.0/8"}, true, func(i int) string { return "203.0.113." + strconv.Itoa(i) }},
		{"the peer is trusted", []string{"192.0.2.0/24"}, false, func(i int) string { return "203.0.113." + strconv.Itoa(i) }},
		{"the peer is trusted, the rest is the caller's own", []string{"192.0.2.0/24"}, true,
			func(i int) string { return "10.1.1." + strconv.Itoa(i) + ", 203.0.113.9" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t, false, func(_ *site, cfg *Config) { cfg.TrustedProxies = c.proxies })
			limited := false
			for i := range 70 {
				b := s.browser()
				b.headers["X-Forwarded-For"] = c.forwards(i)
				limited = limited || b.post("/signin", credentials("n"+strconv.Itoa(i), "wrong")).status == http.StatusTooManyRequests
			}
			if limited != c.limited {
				t.Errorf("limited: %v, want %v", limited, c.limited)
			}
		})
	}
	if _, err := New(Config{Store: busyStore{}, Keys: &keyRing{}, TrustedProxies: []string{"everybody"}}); err == nil {
		t.Error("a proxy that is no network was accepted")
	}
}

func TestOwnPath(t *testing.T) {
	t.Parallel()
	for asked, want := range map[string]string{
		"/waves":                           "/waves",
		"/waves/2026-q3/scores?unit=a%40b": "/waves/2026-q3/scores?unit=a%40b",
		"/papi?province=B%C3%ACnh":         "/papi?province=B%C3%ACnh",
		"":                                 "",
		"waves":                            "",
		"//evil.example":                   "",
		"///evil.example":                  "",
		"/\\evil.example":                  "",
		"/%09/evil.example":                "/%09/evil.example",
		"/\t/evil.example":                 "",
		"\\\\evil.example":                 "",
		"https://evil.example":             "",
		"https:evil.example":               "",
		"javascript:alert(1)":              "",
		"/signin?next=/signin":             "",
		" /waves":                          "",
		"/waves\r\nSet-Cookie: a=b":        "",
		"/" + strings.Repeat("a", 3000):    "",
		"/waves#fragment":                  "/waves",
		"http://localhost/waves":           "",
		"/%2f%2fevil.example":              "/%2f%2fevil.example",
		"/.//evil.example":                 "/.//evil.example",
	} {
		if got := ownPath(asked); got != want {
			t.Errorf("ownPath(%q) = %q, want %q", asked, got, want)
		}
	}
}

// Wherever a link to the sign-in page was planted, signing in stays on this host.
func FuzzSignInStaysHere(f *testing.F) {
	for _, seed := range []string{"/waves", "//evil.example", "/\\evil.example", "https://evil.example", "/%2e%2e//evil.example", "/a?b=c#d", "\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, asked string) {
		path := ownPath(asked)
		if path == "" {
			return
		}
		base, _ := url.Parse("https://office.example/signin")
		to, err := base.Parse(path)
		if err != nil {
			t.Fatalf("%q became %q, which is no address: %v", asked, path, err)
		}
		if to.Host != "office.example" || to.Scheme != "https" || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n\t") {
			t.Errorf("%q leads to %q", asked, path)
		}
		if again := ownPath(path); again != path {
			t.Errorf("%q became %q and then %q", asked, path, again)
		}
	})
}

func TestSignInGoesWhereItWasAsked(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	b := s.browser()
	r := b.get("/waves/2026-q3/scores?unit=x")
	to := r.header.Get("Location")
	if r.status != http.StatusSeeOther || to != "/signin?next=%2Fwaves%2F2026-q3%2Fscores%3Funit%3Dx" {
		t.Fatalf("status %d to %q", r.status, to)
	}
	b.get(to).want(t, http.StatusOK, `value="/waves/2026-q3/scores?unit=x"`)
	form := credentials("analyst", testPassword)
	form.Set("next", "/waves/2026-q3/scores?unit=x")
	if r := b.post("/signin", form); r.header.Get("Location") != "/waves/2026-q3/scores?unit=x" {
		t.Errorf("signed in to %q", r.header.Get("Location"))
	}
	form.Set("next", "//evil.example/")
	if r := s.browser().post("/signin", form); r.header.Get("Location") != "/waves" {
		t.Errorf("signed in to %q", r.header.Get("Location"))
	}
}

func TestPasswords(t *testing.T) {
	t.Parallel()
	hash, err := HashPassword("mật khẩu rất dài")
	must(t, err)
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("hash %q", hash)
	}
	other, err := HashPassword("mật khẩu rất dài")
	must(t, err)
	if other == hash {
		t.Error("two hashes of one password are the same")
	}
	decomposed := "ma\u0323\u0302t kha\u0302\u0309u ra\u0302\u0301t da\u0300i"
	for password, want := range map[string]bool{"mật khẩu rất dài": true, decomposed: true, "mật khẩu rất dà": false, "": false} {
		got, err := VerifyPassword(hash, password)
		if err != nil || got != want {
			t.Errorf("VerifyPassword(%q) = %v, %v", password, got, err)
		}
	}
	if _, err := HashPassword("mười một ký"); !survey.IsCode(err, survey.CodePasswordWeak) {
		t.Errorf("eleven letters: %v", err)
	}
	for _, broken := range []string{
		"", "x", "$argon2i$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA", "$argon2id$v=16$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA",
		"$argon2id$v=19$m=99999999,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA", "$argon2id$v=19$m=19456,t=0,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA",
		"$argon2id$v=19$m=19456,t=2,p=1$$", "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$", "$argon2id$v=19$m=19456,t=2,p=1$!$!",
	} {
		if ok, err := VerifyPassword(broken, "x"); ok || err == nil {
			t.Errorf("VerifyPassword(%q) = %v, %v", broken, ok, err)
		}
	}
}

func FuzzVerifyPassword(f *testing.F) {
	f.Add("$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA", "x")
	f.Fuzz(func(t *testing.T, hash, password string) {
		if len(hash) > 200 || strings.Contains(hash, "m=1") || strings.Contains(hash, "m=2") {
			return // large costs are legal and slow
		}
		if ok, err := VerifyPassword(hash, password); ok && err != nil {
			t.Errorf("both right and an error: %v", err)
		}
	})
}

// However many try at once, few hashes are computed at a time, and beyond a bound the rest is told to come back.
func TestHashingIsBounded(t *testing.T) {
	t.Parallel()
	h := newHasher()
	for range hashesAtOnce {
		h.slots <- struct{}{}
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	codes := make(chan survey.Code, 2*hashesWaiting)
	for range 2 * hashesWaiting {
		wg.Go(func() {
			_, err := h.verify(ctx, nobody(), "x")
			codes <- survey.CodeOf(err)
		})
	}
	for range hashesWaiting { // those beyond the bound come back at once
		if code := <-codes; code != survey.CodeUnavailable {
			t.Errorf("beyond the bound: %q", code)
		}
	}
	cancel()
	wg.Wait()
	for range hashesAtOnce {
		<-h.slots
	}
	if ok, err := h.verify(context.Background(), nobody(), "x"); ok || err != nil {
		t.Errorf("afterwards: %v, %v", ok, err)
	}
}

func TestBucketsAreBounded(t *testing.T) {
	t.Parallel()
	b := newBuckets(1, 2)
	b.most = 10
	now := testDay
	for i := range 10 {
		b.take(strconv.Itoa(i), now)
		b.take(strconv.Itoa(i), now)
	}
	shared := 0
	for i := range 10 {
		if _, ok := b.take("new"+strconv.Itoa(i), now); ok {
			shared++
		}
	}
	if shared != 2 || len(b.byKey) != 10 {
		t.Errorf("%d of the new keys passed, %d keys are held", shared, len(b.byKey))
	}
	if wait, ok := b.take("0", now); ok || wait != time.Second {
		t.Errorf("an old key passed (wait %v)", wait)
	}
	now = now.Add(time.Hour)
	if _, ok := b.take("newest", now); !ok || len(b.byKey) != 1 {
		t.Errorf("full buckets were kept: %d", len(b.byKey))
	}
}
