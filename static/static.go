// Package static holds the files that browsers load: style, fonts and small scripts.
// Each is served under a name that carries a hash of its content, so that a browser
// may keep it for ever and still sees every change at once.
package static

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Prefix is the path under which Handler expects to be mounted.
const Prefix = "/static/"

//go:embed *.css *.js *.svg fonts/*.woff2
var files embed.FS

// File is one embedded file as it is served.
type File struct {
	Name    string // as in the sources: "app.css"
	URL     string // "/static/app.3f2a….css"
	Type    string
	Content []byte
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
		h.Set("Content-Type", f.Type)
		h.Set("Content-Length", strconv.Itoa(len(f.Content)))
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("X-Content-Type-Options", "nosniff")
		if r.Method == http.MethodGet {
			_, _ = w.Write(f.Content) // The reader has gone when this fails; there is nobody to tell.
		}
	})
}

// mustLoad reads all files, the style sheets last: they name fonts, and those names
// are replaced by the hashed ones before the sheet itself is hashed.
func mustLoad() (map[string]File, map[string]File) {
	names, urls := map[string]File{}, map[string]File{}
	add := func(name string, content []byte) {
		f := File{Name: name, URL: hashed(name, content), Type: contentType(name), Content: content}
		names[name], urls[f.URL] = f, f
	}
	var sheets []string
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if path.Ext(name) == ".css" {
			sheets = append(sheets, name)
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
		add(sheet, content)
	}
	return names, urls
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
	case ".svg":
		return "image/svg+xml"
	case ".woff2":
		return "font/woff2"
	}
	return mime.TypeByExtension(path.Ext(name))
}
