package layout

import (
	"time"

	"sipas/templates/i18n"
)

// NavItem is one place of the staff navigation. Key is "results", "improve",
// "waves", "kiosk" or "admin"; its words are the catalogue's "nav.<key>".
type NavItem struct {
	Key     string
	Href    string
	Current bool
}

// LanguageLink leads to the same page in another language.
type LanguageLink struct {
	Lang    i18n.Lang
	Href    string
	Current bool
}

// Choice is one entry of a list to pick from.
type Choice struct {
	Value    string
	Label    string
	Selected bool
}

// Hidden is a parameter of the address that a filter form keeps.
type Hidden struct {
	Name  string
	Value string
}

// Filter is one list of the crumb: it names where the reader is and changes it.
// Name is the address parameter, Key the catalogue's "filter.<key>": "wave",
// "unit", "field", "framework", "indicator" or "province".
type Filter struct {
	Name    string
	Key     string
	Choices []Choice
}

// Crumb says which wave and unit a page speaks of and is the filter for them.
// It is a GET form to Action, so every view has an address that can be sent on.
// A nil Crumb leaves it out.
type Crumb struct {
	Action  string
	Filters []Filter
	Keep    []Hidden
}

// Tab is one of the places of a wave, or one of the views of such a place. Key is the
// catalogue's "tab.<key>": the places are "figures", "flags" and "signals", the views of
// figures "overview", "index", "scores", "units", "heatmap", "map", "history",
// "compare" and "trend"; "publish" is what one can do with a wave.
type Tab struct {
	Key     string
	Href    string
	Current bool
	Views   []Tab // of a place that has several; those of the current place stand under it
	Act     bool  // stands apart, at the end: it does something
}

// Staff is the frame of a page behind the sign-in.
type Staff struct {
	Lang        i18n.Lang
	Languages   []LanguageLink
	HomeHref    string
	Nav         []NavItem
	Tabs        []Tab
	Crumb       *Crumb
	UserName    string
	Role        string // a survey.Role as text
	SignOutPath string // the POST target of the sign-out button
	// MadeAt is when the figures of the page were computed; the zero time says nothing.
	MadeAt time.Time
	Since  int  // answers that came after those behind the figures
	Demo   bool // made data: said on every page
}

// Citizen is the frame of a page for everybody: no navigation, only languages.
type Citizen struct {
	Lang      i18n.Lang
	Languages []LanguageLink
	// LanguageForm is the id of a form that is shown in another language with what was typed into it: then the languages are buttons of it,
	// named "show", and not links.
	LanguageForm string
	Office       string // who asks, as the wave names it; may be empty
	Demo         bool
}

// Public is the frame of a page of published figures.
type Public struct {
	Lang        i18n.Lang
	Languages   []LanguageLink
	Index       bool   // the page is the list of releases itself
	Publisher   string // empty where nothing is published yet
	License     string // its address
	LicenseName string
	Demo        bool
}
