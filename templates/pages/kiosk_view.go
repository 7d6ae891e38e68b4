package pages

import "sipas/templates/i18n"

// KioskView is the page of the kiosk. It is a shell, the same for every device and in every language: what a device
// needs besides comes from the server as its configuration and is kept by the device.
type KioskView struct {
	Program string // the program's version, which the device tells the server
}

// KioskBase is where the kiosk's page and all that its script asks for is found.
const KioskBase = "/kiosk"

// KioskWorker is where the script's service worker is found.
const KioskWorker = KioskBase + "/worker.js"

// KioskManifest is where the page's manifest is found, by which a browser installs it.
const KioskManifest = KioskBase + "/app.webmanifest"

// kioskWords are the page's words in every language, as static/kiosk.js reads them.
type kioskWords struct {
	Tags  map[string]string            `json:"tags"`
	Words map[string]map[string]string `json:"words"`
}

func kioskTexts() kioskWords {
	w := kioskWords{Tags: map[string]string{}, Words: map[string]map[string]string{}}
	for _, l := range i18n.Languages() {
		w.Tags[string(l)] = i18n.Tag(l)
		w.Words[string(l)] = i18n.Section(l, "kiosk.")
	}
	return w
}
