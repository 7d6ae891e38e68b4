// Package static holds the files that browsers load: style, fonts and small scripts.
// Each is served under a name that carries a hash of its content, so that a browser
// may keep it for ever and still sees every change at once.
package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Prefix is the path under which Handler expects to be mounted.
const Prefix = "/static/"

//go:embed *.css *.js *.svg fonts/*.woff2 sounds/*.mp3 sounds/index.json
var files embed.FS

// File is one embedded file as it is served.
type File struct {
	Name    string // as in the sources: "app.css"
	URL     string // "/static/app.3f2a….css"
	Type    string
	Content []byte

	squeezed func() []byte // compressed, made when it is first asked for; nil where that would save nothing
}

var byName, byURL = mustLoad()

// URL returns the address of a file of this package by its name in the sources. A
// name that does not exist is a mistake of the programmer and stops the program.
func URL(name string) string {
	f, ok := byName[name]
	if !ok {
		panic("static: no file " + strconv.Quote(name))
	}
	return f.URL
}

// Names lists the files in alphabetical order.
func Names() []string {
	names := make([]string, 0, len(byName))
	for name := range byName {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Modules returns the addresses of the modules that a script imports, and of those that these import, so that a browser can be told
// of all of them at once. What a script imports later, when it needs it, is left out.
func Modules(name string) []string {
	var urls []string
	for _, m := range importedAtOnce.FindAllStringSubmatch(string(byURL[URL(name)].Content), -1) {
		other := byURL[Prefix+m[1]]
		for _, url := range append([]string{other.URL}, Modules(other.Name)...) {
			if !slices.Contains(urls, url) {
				urls = append(urls, url)
			}
		}
	}
	return urls
}

// Get returns the file that is served under the address.
func Get(url string) (File, bool) {
	f, ok := byURL[url]
	return f, ok
}

// Handler serves every file under its hashed address, to be kept for a year, and
// answers 404 to anything else.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, ok := Get(r.URL.Path)
		if !ok {
			http.NotFound(w, r)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
			return
		}
		h := w.Header()
		content := f.Content
		if f.squeezed != nil {
			h.Add("Vary", "Accept-Encoding")
			if AcceptsGzip(r) {
				content = f.squeezed()
				h.Set("Content-Encoding", "gzip")
			}
		}
		h.Set("Content-Type", f.Type)
		h.Set("Content-Length", strconv.Itoa(len(content)))
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("X-Content-Type-Options", "nosniff")
		if r.Method == http.MethodGet {
			_, _ = w.Write(content) // The reader has gone when this fails; there is nobody to tell.
		}
	})
}

// mustLoad reads all files, the style sheets and scripts last: sheets name fonts and scripts name the modules that they
// import, and those names are replaced by the hashed ones before the file itself is hashed.
func mustLoad() (map[string]File, map[string]File) {
	names, urls := map[string]File{}, map[string]File{}
	add := func(name string, content []byte) {
		f := File{Name: name, URL: hashed(name, content), Type: contentType(name), Content: content}
		switch path.Ext(name) {
		case ".css", ".js", ".json", ".svg":
			f.squeezed = sync.OnceValue(func() []byte { return Gzip(content, gzip.BestCompression) })
		}
		names[name], urls[f.URL] = f, f
	}
	var sheets, scripts []string
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		switch path.Ext(name) {
		case ".css":
			sheets = append(sheets, name)
			return nil
		case ".js":
			scripts = append(scripts, name)
			return nil
		}
		content, err := files.ReadFile(name)
		if err == nil {
			add(name, content)
		}
		return err
	})
	if err != nil {
		panic("static: " + err.Error())
	}
	for _, sheet := range sheets {
		content, err := files.ReadFile(sheet)
		if err != nil {
			panic("static: " + err.Error())
		}
		for name, f := range names {
			content = bytes.ReplaceAll(content, []byte(`url("`+name+`")`), []byte(`url("`+f.URL+`")`))
		}
		add(sheet, slim(content))
	}
	for _, script := range scripts {
		addModule(script, nil, names, add)
	}
	return names, urls
}

var (
	// imported finds the name of another file of this folder in a script: import … from "./kiosk_queue.js".
	imported = regexp.MustCompile(`"\./([a-z_/]+\.(?:js|json))"`)
	// importedAtOnce finds the modules, after the names were replaced, without which a script cannot start.
	importedAtOnce = regexp.MustCompile(`from "\./([a-z_]+\.[0-9a-f]+\.js)"`)
)

// addModule adds a script after the modules that it imports, whose hashed names it then holds: a change of any of them
// changes its own. Modules that import each other in a ring have no such names.
func addModule(name string, within []string, names map[string]File, add func(string, []byte)) {
	if _, done := names[name]; done {
		return
	}
	if slices.Contains(within, name) {
		panic("static: modules import each other: " + strings.Join(append(within, name), " → "))
	}
	content, err := files.ReadFile(name)
	if err != nil {
		panic("static: " + err.Error())
	}
	content = imported.ReplaceAllFunc(content, func(match []byte) []byte {
		other := string(imported.FindSubmatch(match)[1])
		addModule(other, append(slices.Clone(within), name), names, add)
		return []byte(`"./` + strings.TrimPrefix(names[other].URL, Prefix) + `"`)
	})
	add(name, slim(content))
}

func hashed(name string, content []byte) string {
	sum := sha256.Sum256(content)
	ext := path.Ext(name)
	return Prefix + strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:6]) + ext
}

// contentType does not ask the system's tables, which differ from machine to machine.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".json":
		return "application/json"
	case ".mp3":
		return "audio/mpeg"
	case ".svg":
		return "image/svg+xml"
	case ".woff2":
		return "font/woff2"
	}
	return mime.TypeByExtension(path.Ext(name))
}
