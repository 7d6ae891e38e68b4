package pages_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"sipas/static"
	"sipas/survey"
	"sipas/templates/i18n"
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

// site is a server of the sample pages, with what the tests' own queue of the kiosk needs.
type site struct {
	mux   *http.ServeMux
	kiosk fakeKiosk
}

func newSite() *site {
	s := &site{mux: http.NewServeMux(), kiosk: newFakeKiosk()}
	s.mux.Handle(static.Prefix, static.Handler())
	s.mux.HandleFunc("GET /page/{lang}/{page}", s.page)
	s.mux.HandleFunc("GET /{$}", s.index)
	s.kiosk.handle(s.mux)
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

func mustRender(c templ.Component) string {
	var b bytes.Buffer
	if err := c.Render(context.Background(), &b); err != nil {
		panic(err)
	}
	return b.String()
}

// isCitizen reports whether a page is for everybody, and so exists in Chinese too.
func isCitizen(name string) bool {
	return slices.ContainsFunc([]string{"landing", "sign-in", "error", "form", "used", "closed", "thanks", "withdrawn", "kiosk"},
		func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}
