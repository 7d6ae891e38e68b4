package pages

import (
	"time"

	"sipas/survey"
	"sipas/templates/layout"
	"sipas/templates/ui"
)

// ReleaseRow is one published release in the list of all.
type ReleaseRow struct {
	Wave     string
	Number   int
	Href     string
	MadeAt   time.Time
	Headline ui.FigureProps
	Reason   string // why it took the place of another one
	Replaced int    // the number of the release that took its place; 0 for the wave's newest
}

// ReleasesView lists what is published.
type ReleasesView struct {
	Shell       layout.Public
	Rows        []ReleaseRow
	Head        string // the seal of the newest
	JSONHref    string
	CatalogHref string
}

// ReleaseTree is an index from the top down.
type ReleaseTree struct {
	Title string
	Root  TreeNode
}

// ReleaseFlag is an indicator of a unit that needs attention.
type ReleaseFlag struct {
	Unit      string
	Indicator string
	Figure    ui.FigureProps
	State     survey.FlagState
	Reasons   []Reason
}

// ReleaseWithheld counts the figures that are withheld for one reason.
type ReleaseWithheld struct {
	Reason string // "reason.<…>" of the catalogue
	N      int
}

// Superseder is the release that took the place of another one.
type Superseder struct {
	Number int
	Href   string
	Reason string
	MadeAt time.Time
}

// ReleaseView is a published release. Everything on it comes from the release itself but for By.
type ReleaseView struct {
	Shell    layout.Public
	Wave     string
	Place    string // the province
	From, To time.Time
	Number   int
	MadeAt   time.Time
	Rules    survey.Rules

	By       *Superseder // nil for the wave's newest
	Before   *Superseder // the release whose place it took, with this one's reason; nil for the first
	Headline ui.FigureProps
	WithWalk ui.FigureProps // its State is empty where there is none

	Trees    []ReleaseTree
	Units    UnitSet
	Flags    []ReleaseFlag
	Withheld []ReleaseWithheld
	Shown    int // figures that are not withheld
	Method   []string
	Notes    []Note

	Respondents, Invited, Register, WalkIns int
	Documents                               []survey.DocumentHash
	Program, DataHash, WeightsHash          string
	ContentHash, Seal                       string
	Files                                   ui.Files
}

// PublishView asks whether a wave shall be published, or says how far it is.
type PublishView struct {
	Shell  layout.Staff
	Wave   string
	Action string
	// Number is the number that the release would have. Before is the newest release, nil where there is none.
	Number int
	Before *Superseder
	// Answers and Register are what it would rest on today; Least is the fewest answers of a figure that is shown.
	Answers, WalkIns, Register, Least int
	Reason                            string
	ErrorCode                         string // why it was refused; "" for nothing
	Unchanged                         bool   // it was refused because nothing changed
	Running                           bool   // somebody is publishing the wave now
	Step                              string // of the computation, as in report.Progress
}
