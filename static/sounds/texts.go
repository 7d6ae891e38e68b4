package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"sipas/data"
	"sipas/survey"
	"sipas/templates/i18n"
)

// spoken is a text that the kiosk can read aloud.
type spoken struct{ language, text string }

// file is the name of the text's sound. static/kiosk_sound.js makes the same name in the browser.
func (s spoken) file() string {
	return s.language + "-" + hash(norm.NFC.Bytes([]byte(s.text))) + ".mp3"
}

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:6])
}

// silent are the beginnings of the kiosk's words that are never read aloud: the names of controls and what is on the screens of the
// staff. Everything else under "kiosk." is, so that a new word of a citizen's screen asks for its sound.
var silent = []string{
	"aloud", "camera", "contrast", "enrol_", "keys_", "measure_", "noscript", "pin_", "service_", "size_", "status_", "still_count", "tools",
}

// spokenTexts lists every text that the kiosk can read aloud, by the name of its file: the words of the page, and the questions,
// answers and refusals of every kiosk questionnaire that is shipped. An office's own questionnaire has no sounds; the
// page then asks the browser for a voice.
func spokenTexts() (map[string]spoken, error) {
	texts := map[string]spoken{}
	add := func(language, text string) {
		s := spoken{language, strings.TrimSpace(text)}
		texts[s.file()] = s
	}
	most := 0
	for _, id := range data.Instruments() {
		doc, _ := data.Instrument(id)
		in, err := survey.ParseInstrument(doc)
		if err != nil {
			return nil, err
		}
		if in.Mode != survey.ModeKiosk {
			continue
		}
		for language := range voices {
			l := survey.Lang(language)
			add(language, in.Intro[l])
			for _, item := range in.Items {
				add(language, item.Text[l])
			}
			for _, scale := range in.Scales {
				for _, level := range slices.Concat(scale.Levels, scale.Missing) {
					add(language, level.Label[l])
				}
			}
			if in.Comment != nil {
				add(language, in.Comment.Text[l])
			}
		}
		for _, module := range in.Modules {
			most = max(most, len(in.Asked([]string{module.Code})))
		}
	}
	for language := range voices {
		for key, text := range i18n.Section(i18n.Lang(language), "kiosk.") {
			switch {
			case isSilent(key):
			case key == "progress":
				for n := 1; n <= most; n++ {
					add(language, strings.NewReplacer("{n}", strconv.Itoa(n), "{of}", strconv.Itoa(most)).Replace(text))
				}
			case strings.ContainsAny(text, "{}"):
				return nil, fmt.Errorf("kiosk.%s has a gap to fill and cannot be spoken beforehand: %q", key, text)
			default:
				add(language, text)
			}
		}
	}
	return texts, nil
}

func isSilent(key string) bool {
	return slices.ContainsFunc(silent, func(beginning string) bool { return strings.HasPrefix(key, beginning) })
}

// pronounced is the text as it is said: a stroke between two words ("ông/bà") is not spoken, and a point between two phrases is a pause.
func pronounced(text string) string {
	return strings.NewReplacer("/", " ", " · ", ", ").Replace(text)
}
