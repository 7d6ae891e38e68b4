package static_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sipas/static"
)

func TestURLNamesTheContent(t *testing.T) {
	for _, name := range static.Names() {
		url := static.URL(name)
		f, ok := static.Get(url)
		if !ok || f.Name != name || len(f.Content) == 0 {
			t.Errorf("%s: Get(%q) = %q, %v", name, url, f.Name, ok)
		}
		sum := sha256.Sum256(f.Content)
		if !strings.Contains(url, "."+hex.EncodeToString(sum[:6])+".") {
			t.Errorf("%s: address %q does not carry the hash of what is served", name, url)
		}
	}
}

func TestURLPanicsForAFileThatDoesNotExist(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic: a misspelt name would be a broken page")
		}
	}()
	static.URL("no-such.css")
}

func TestHandler(t *testing.T) {
	tests := []struct {
		name, method, path string
		status             int
	}{
		{"hashed", http.MethodGet, static.URL("app.css"), http.StatusOK},
		{"head", http.MethodHead, static.URL("kiosk.js"), http.StatusOK},
		{"font", http.MethodGet, static.URL("fonts/be-vietnam-pro-latin-400.woff2"), http.StatusOK},
		{"without hash", http.MethodGet, static.Prefix + "app.css", http.StatusNotFound},
		{"outside", http.MethodGet, static.Prefix + "../go.mod", http.StatusNotFound},
		{"post", http.MethodPost, static.URL("app.css"), http.StatusMethodNotAllowed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			static.Handler().ServeHTTP(w, httptest.NewRequest(test.method, test.path, nil))
			if w.Code != test.status {
				t.Fatalf("status %d, want %d", w.Code, test.status)
			}
			if w.Code != http.StatusOK {
				return
			}
			f, _ := static.Get(test.path)
			if got := w.Header().Get("Content-Type"); got != f.Type || got == "" {
				t.Errorf("type %q, want %q", got, f.Type)
			}
			if !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
				t.Error("a name with a hash may be kept for ever, and this one may not")
			}
			if body := w.Body.Len(); (test.method == http.MethodHead) != (body == 0) {
				t.Errorf("%s answers %d bytes", test.method, body)
			}
		})
	}
}

// Nothing is fetched from outside, and every font that a sheet names is there.
func TestStyleSheetsNameOnlyOurOwnFiles(t *testing.T) {
	address := regexp.MustCompile(`url\(([^)]*)\)`)
	for _, name := range static.Names() {
		f, _ := static.Get(static.URL(name))
		text := string(f.Content)
		if strings.HasSuffix(name, ".woff2") || strings.HasSuffix(name, ".mp3") {
			continue
		}
		if strings.Contains(strings.ReplaceAll(text, "http://www.w3.org/", ""), "://") {
			t.Errorf("%s names another host", name)
		}
		for _, m := range address.FindAllStringSubmatch(text, -1) {
			target := strings.Trim(m[1], `"`)
			if strings.HasPrefix(target, "#") {
				continue
			}
			if _, ok := static.Get(target); !ok {
				t.Errorf("%s: url(%s) is not served", name, target)
			}
		}
	}
}

// Scripts import each other under their hashed names, and Modules lists what the first of them cannot start without.
func TestModulesAreServedUnderTheirNames(t *testing.T) {
	address := regexp.MustCompile(`"\./([^"]+)"`)
	for _, name := range static.Names() {
		f, _ := static.Get(static.URL(name))
		if !strings.HasSuffix(name, ".js") {
			continue
		}
		for _, m := range address.FindAllStringSubmatch(string(f.Content), -1) {
			if _, ok := static.Get(static.Prefix + m[1]); !ok {
				t.Errorf("%s: %q is not served", name, m[1])
			}
		}
	}
	modules := static.Modules("kiosk.js")
	for _, want := range []string{"kiosk_queue.js", "kiosk_seal.js", "kiosk_scan.js"} {
		if !slices.Contains(modules, static.URL(want)) {
			t.Errorf("the kiosk does not start with %s: %q", want, modules)
		}
	}
	if slices.Contains(modules, static.URL("kiosk_setup.js")) {
		t.Error("the kiosk starts with the screens of the staff")
	}
}

func TestEveryFontHasItsLicense(t *testing.T) {
	fonts, err := filepath.Glob("fonts/*.woff2")
	if err != nil || len(fonts) == 0 {
		t.Fatalf("no fonts: %v", err)
	}
	for _, font := range fonts {
		family := "be-vietnam-pro"
		if strings.Contains(font, "noto-sans-sc") {
			family = "noto-sans-sc"
		}
		text, err := os.ReadFile("fonts/OFL-" + family + ".txt")
		if err != nil || !strings.Contains(string(text), "SIL Open Font License") {
			t.Errorf("%s: no license beside it: %v", font, err)
		}
	}
}

// The Chinese font is cut to the letters that our own texts use. Where this fails,
// run static/fonts/subset.py again.
func TestChineseFontHoldsEveryLetterOfOurTexts(t *testing.T) {
	var record struct {
		Letters string
		SHA256  map[string]string
	}
	b, err := os.ReadFile("fonts/noto-sans-sc.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &record); err != nil {
		t.Fatal(err)
	}
	if len(record.SHA256) != 2 {
		t.Errorf("the record knows %d fonts, want both weights", len(record.SHA256))
	}
	for name, want := range record.SHA256 {
		font, err := os.ReadFile("fonts/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(font); hex.EncodeToString(sum[:]) != want {
			t.Errorf("%s is not the font that the record speaks of", name)
		}
	}
	held := map[rune]bool{}
	for _, r := range record.Letters {
		held[r] = true
	}
	for source, text := range chineseTexts(t) {
		missing := map[rune]bool{}
		for _, r := range text {
			if r >= 0x2E80 && !held[r] && !missing[r] {
				missing[r] = true
				t.Errorf("%s: no glyph for %q", source, r)
			}
		}
	}
}

// chineseTexts returns the catalogue and the Chinese texts of the data files, by file.
func chineseTexts(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	catalogue, err := os.ReadFile("../templates/i18n/zh.json")
	if err != nil {
		t.Fatal(err)
	}
	out["zh.json"] = string(catalogue) + "中文"
	err = fs.WalkDir(os.DirFS("../data"), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".json" {
			return err
		}
		b, err := os.ReadFile(filepath.Join("../data", path))
		if err != nil {
			return err
		}
		var doc any
		if err := json.Unmarshal(b, &doc); err != nil {
			return err
		}
		var text strings.Builder
		collect(doc, false, &text)
		out[path] = text.String()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func collect(value any, inside bool, into *strings.Builder) {
	switch v := value.(type) {
	case map[string]any:
		for key, part := range v {
			collect(part, inside || key == "zh", into)
		}
	case []any:
		for _, part := range v {
			collect(part, inside, into)
		}
	case string:
		if inside {
			into.WriteString(v)
		}
	}
}
