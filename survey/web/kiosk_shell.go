package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"sipas/static"
	"sipas/survey"
	"sipas/templates/i18n"
	"sipas/templates/pages"
)

// kioskPermissions lets the kiosk's page, and no other, use the camera: it reads the code on a receipt.
const kioskPermissions = "camera=(self), microphone=(), geolocation=(), payment=(), usb=()"

// kioskFiles is all of the kiosk that is the same for every device and language, made once.
type kioskFiles struct {
	page, manifest []byte
	keep           []byte // the first line of the service worker, see KioskKeep
}

// kioskShell sends the page that a kiosk keeps. It holds no secret and says nothing of who asks.
func (s *Server) kioskShell(c *call) error {
	f, err := s.kioskFiles()
	if err != nil {
		return err
	}
	c.header().Set("Permissions-Policy", kioskPermissions)
	return c.blob(http.StatusOK, "text/html; charset=utf-8", f.page)
}

// kioskWorker sends the script that keeps the page and its files on the device. Browsers ask for it again by themselves, and take the
// files anew when it has changed.
func (s *Server) kioskWorker(c *call) error {
	f, err := s.kioskFiles()
	if err != nil {
		return err
	}
	script, _ := static.Get(static.URL("kiosk_worker.js"))
	// Its own path would let it look after /kiosk/ only, and the page is /kiosk.
	c.header().Set("Service-Worker-Allowed", pages.KioskBase)
	c.header().Set("Cache-Control", "no-cache")
	// It is a module, and names the one that it shares with the page as that lies beside it in the folder of static files.
	source := bytes.ReplaceAll(script.Content, []byte(`from "./`), []byte(`from "`+static.Prefix))
	return c.blob(http.StatusOK, "text/javascript; charset=utf-8", slices.Concat(f.keep, source))
}

// kioskManifest says how a browser installs the kiosk.
func (s *Server) kioskManifest(c *call) error {
	f, err := s.kioskFiles()
	if err != nil {
		return err
	}
	c.header().Set("Cache-Control", "no-cache")
	return c.blob(http.StatusOK, "application/manifest+json; charset=utf-8", f.manifest)
}

// kioskManifestOf is the manifest as browsers read it.
type kioskManifestOf struct {
	ID          string        `json:"id"`
	Name        string        `json:"name"`
	ShortName   string        `json:"short_name"`
	Lang        string        `json:"lang"`
	StartURL    string        `json:"start_url"`
	Scope       string        `json:"scope"`
	Display     string        `json:"display"`
	Orientation string        `json:"orientation"`
	Background  string        `json:"background_color"`
	Theme       string        `json:"theme_color"`
	Icons       []kioskIconOf `json:"icons"`
}

type kioskIconOf struct {
	Src   string `json:"src"`
	Sizes string `json:"sizes"`
	Type  string `json:"type"`
}

// newKioskFiles returns what makes the files when they are first asked for.
func newKioskFiles(program string) func() (*kioskFiles, error) {
	return sync.OnceValues(func() (*kioskFiles, error) {
		const op = "make the kiosk's files"
		f := &kioskFiles{}
		var page bytes.Buffer
		if err := pages.Kiosk(pages.KioskView{Program: program}).Render(context.Background(), &page); err != nil {
			return nil, survey.Errorf(survey.CodeInternal, op, "%w", err)
		}
		f.page = page.Bytes()
		var err error
		f.manifest, err = json.Marshal(kioskManifestOf{
			ID: pages.KioskBase, Name: i18n.T(i18n.VI, "kiosk.title"), ShortName: "sipas", Lang: i18n.Tag(i18n.VI),
			StartURL: pages.KioskBase, Scope: pages.KioskBase, Display: "fullscreen", Orientation: "any",
			Background: "#ffffff", Theme: "#ffffff",
			Icons: []kioskIconOf{{Src: static.URL("icon.svg"), Sizes: "any", Type: "image/svg+xml"}},
		})
		if err != nil {
			return nil, survey.Errorf(survey.CodeInternal, op, "%w", err)
		}
		keep := KioskKeep{Program: program, Page: pages.KioskBase, Files: []string{pages.KioskManifest}, Sounds: []string{}}
		sum := sha256.New()
		sum.Write(f.page)
		sum.Write(f.manifest)
		keep.Build = hex.EncodeToString(sum.Sum(nil)[:8])
		keep.Files = append(keep.Files, filesOf(f.page, f.manifest)...)
		for _, name := range static.Names() {
			if strings.HasPrefix(name, "sounds/") && path.Ext(name) == ".mp3" {
				keep.Sounds = append(keep.Sounds, static.URL(name))
			}
		}
		line, err := json.Marshal(keep)
		if err != nil {
			return nil, survey.Errorf(survey.CodeInternal, op, "%w", err)
		}
		f.keep = slices.Concat([]byte("self.KIOSK = "), line, []byte(";\n"))
		return f, nil
	})
}

var (
	staticAddress = regexp.MustCompile(regexp.QuoteMeta(static.Prefix) + `[A-Za-z0-9_./-]+`)
	moduleAddress = regexp.MustCompile(`"\./([A-Za-z0-9_./-]+\.(?:js|json))"`)
)

// filesOf lists the static files that texts name, and those that these files name in turn: the page's styles and scripts, their fonts
// and modules. No list has to be kept beside them.
func filesOf(texts ...[]byte) []string {
	var files []string
	var follow func(text []byte)
	add := func(address string) {
		f, ok := static.Get(address)
		if !ok || slices.Contains(files, address) {
			return
		}
		files = append(files, address)
		switch path.Ext(address) {
		case ".css", ".js":
			follow(f.Content)
		}
	}
	follow = func(text []byte) {
		for _, address := range staticAddress.FindAll(text, -1) {
			add(string(address))
		}
		for _, m := range moduleAddress.FindAllSubmatch(text, -1) {
			add(static.Prefix + string(m[1]))
		}
	}
	for _, text := range texts {
		follow(text)
	}
	slices.Sort(files)
	return files
}
