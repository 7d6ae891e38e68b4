package pages

import (
	"slices"

	"sipas/templates/i18n"
)

// kioskConfig is what static/kiosk.js reads from the page.
type kioskConfig struct {
	Language string                       `json:"language"`
	Start    string                       `json:"start"`
	Answers  string                       `json:"answers"`
	Idle     int                          `json:"idle"`
	Warn     int                          `json:"warn"`
	Thanks   int                          `json:"thanks"`
	Office   map[i18n.Lang]string         `json:"office"`
	Tags     map[string]string            `json:"tags"`
	Words    map[string]map[string]string `json:"words"`
}

func (v KioskView) config() kioskConfig {
	c := kioskConfig{
		Language: string(v.Lang), Start: v.StartPath, Answers: v.AnswersPath,
		Idle: orElse(v.IdleSeconds, 45), Warn: orElse(v.WarnSeconds, 20), Thanks: orElse(v.ThanksSeconds, 6),
		Office: v.Office,
		Tags:   map[string]string{}, Words: map[string]map[string]string{},
	}
	for _, l := range i18n.Languages() {
		c.Tags[string(l)] = i18n.Tag(l)
		c.Words[string(l)] = i18n.Section(l, "kiosk.")
	}
	return c
}

func orElse(n, otherwise int) int {
	if n <= 0 {
		return otherwise
	}
	return n
}

// order is the languages with the page's own first.
func (v KioskView) order() []i18n.Lang {
	all := i18n.Languages()
	slices.SortStableFunc(all, func(a, b i18n.Lang) int {
		switch v.Lang {
		case a:
			return -1
		case b:
			return 1
		}
		return 0
	})
	return all
}

type heardIn struct {
	SaidDid
	lang i18n.Lang
}

// heard lists "you said, we did" in the order of the languages.
func (v KioskView) heard() []heardIn {
	var out []heardIn
	for _, l := range i18n.Languages() {
		if h, ok := v.Heard[l]; ok && h.Said != "" && h.Did != "" {
			out = append(out, heardIn{h, l})
		}
	}
	return out
}

func (v KioskView) closedText() string {
	if key := "error." + v.Closed; i18n.Has(v.Lang, key) {
		return i18n.T(v.Lang, key)
	}
	return i18n.T(v.Lang, "error.unavailable")
}

func (v KioskView) closedRemedy() string {
	if key := "error." + v.Closed + ".do"; i18n.Has(v.Lang, key) {
		return i18n.T(v.Lang, key)
	}
	return ""
}
