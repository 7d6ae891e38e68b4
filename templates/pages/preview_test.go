package pages_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/a-h/templ"

	"sipas/static"
	"sipas/survey"
	"sipas/templates/i18n"
	"sipas/templates/pages"
)

// preview serves every page with the sample views, to look at them by hand:
//
//	go test ./templates/pages -preview 127.0.0.1:8099
var preview = flag.String("preview", "", "serve the sample pages at this address instead of testing")

func TestMain(m *testing.M) {
	flag.Parse()
	if *preview != "" {
		fmt.Println("sample pages at http://" + *preview + "/")
		fmt.Println(http.ListenAndServe(*preview, newSite()))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// policy is the content policy under which the pages must work.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; font-src 'self'; img-src 'self'; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// site is a server of the sample pages with just enough behind it for the kiosk's script.
type site struct {
	mux *http.ServeMux

	mu      sync.Mutex
	starts  []pages.KioskStartRequest
	answers []pages.KioskAnswersRequest
	fail    int // how many of the next sendings are answered 503
}

func newSite() *site {
	s := &site{mux: http.NewServeMux()}
	s.mux.Handle(static.Prefix, static.Handler())
	s.mux.HandleFunc("GET /page/{lang}/{page}", s.page)
	s.mux.HandleFunc("GET /{$}", s.index)
	s.mux.HandleFunc("POST /kiosk/start", s.start)
	s.mux.HandleFunc("POST /kiosk/answers", s.answer)
	return s
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Security-Policy", policy)
	s.mux.ServeHTTP(w, r)
}

func (s *site) index(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	for _, l := range i18n.Languages() {
		for _, name := range pageNames() {
			fmt.Fprintf(w, "<p><a href=/page/%s/%s>%s %s</a>\n", l, name, l, name)
		}
	}
}

func (s *site) page(w http.ResponseWriter, r *http.Request) {
	l, _ := survey.ParseLang(r.PathValue("lang"))
	page, ok := samplePages(l)[r.PathValue("page")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(mustRender(page)))
}

func (s *site) start(w http.ResponseWriter, r *http.Request) {
	var req pages.KioskStartRequest
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	s.starts = append(s.starts, req)
	n := len(s.starts)
	s.mu.Unlock()
	if req.Token == "unknown" {
		refuse(w, http.StatusNotFound, req.Token)
		return
	}
	reply := pages.KioskStartReply{Ticket: fmt.Sprintf("sealed %d", n), Items: sampleKioskItems(), Comment: true}
	if req.Token == "" {
		reply.ID = fmt.Sprintf("%032x", n)
	}
	_ = json.NewEncoder(w).Encode(reply)
}

func (s *site) answer(w http.ResponseWriter, r *http.Request) {
	var req pages.KioskAnswersRequest
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail > 0 {
		s.fail--
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if req.Token == "used" {
		refuse(w, http.StatusConflict, req.Token)
		return
	}
	if req.Token == "closed" && req.Disposition != "partial" {
		refuse(w, http.StatusGone, req.Token)
		return
	}
	s.answers = append(s.answers, req)
	_ = json.NewEncoder(w).Encode(pages.KioskAnswersReply{Revision: req.Revision})
}

// refuse is the server's last word on a code.
func refuse(w http.ResponseWriter, status int, code string) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(pages.KioskAnswersReply{Error: &pages.KioskError{Code: code}})
}

func (s *site) received() []pages.KioskAnswersRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.answers)
}

func mustRender(c templ.Component) string {
	var b bytes.Buffer
	if err := c.Render(context.Background(), &b); err != nil {
		panic(err)
	}
	return b.String()
}

// isCitizen reports whether a page is for everybody, and so exists in Chinese too.
func isCitizen(name string) bool {
	return slices.ContainsFunc([]string{"landing", "sign-in", "error", "form", "used", "closed", "thanks", "kiosk"},
		func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}
