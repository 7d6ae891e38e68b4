package static_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"sipas/static"
)

func TestAcceptsGzip(t *testing.T) {
	for header, want := range map[string]bool{
		"": false, "gzip": true, "GZIP": true, "deflate, gzip;q=1.0, *;q=0.5": true, "br": false, "*": true, "gzip;q=0": false, "*;q=0": false,
		"identity, x-gzip": true, "gzip;q=0, *": false, "gzip; q=0.000": false, "gzip;q=x": false, "gzipped": false,
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Accept-Encoding", header)
		if got := static.AcceptsGzip(r); got != want {
			t.Errorf("%q: %v, want %v", header, got, want)
		}
	}
}

// Texts go out compressed to who can read that, and are the same then; fonts and sounds, which are compressed already, go out as they are.
func TestTextsAreCompressed(t *testing.T) {
	for _, name := range static.Names() {
		f, _ := static.Get(static.URL(name))
		r := httptest.NewRequest(http.MethodGet, f.URL, nil)
		r.Header.Set("Accept-Encoding", "gzip")
		w := httptest.NewRecorder()
		static.Handler().ServeHTTP(w, r)
		text := !strings.HasSuffix(name, ".woff2") && !strings.HasSuffix(name, ".mp3")
		if got := w.Header().Get("Content-Encoding") == "gzip"; got != text || (w.Header().Get("Vary") != "") != text {
			t.Errorf("%s: compressed %v, Vary %q", name, got, w.Header().Get("Vary"))
		}
		if !text {
			continue
		}
		z, err := gzip.NewReader(w.Body)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(z)
		if err != nil || string(body) != string(f.Content) {
			t.Errorf("%s: %d bytes of %d, %v", name, len(body), len(f.Content), err)
		}
	}
}
