package pages

import (
	"time"

	"sipas/templates/layout"
	"sipas/templates/ui"
)

// AssessmentRow is one assessment in the list.
type AssessmentRow struct {
	Href      string
	Office    string
	Year      string
	Framework string
	Score     string // so far
	Of        string
	Whole     bool // nothing is missing of the score
	Files     int
	Changed   time.Time
	By        string
}

// AssessmentsView lists what offices gave themselves. New is nil for whoever may not begin one.
type AssessmentsView struct {
	Shell layout.Staff
	Rows  []AssessmentRow
	New   *AssessmentForm
}

// AssessmentForm says what an assessment is about. Frameworks is empty where it cannot change any more.
type AssessmentForm struct {
	Action     string
	Frameworks []layout.Choice
	Waves      []layout.Choice
	Office     string
	Year       string
	Unit       string
	Revision   int
	Errors     []ui.FieldError
}

// AssessmentView shows one assessment.
type AssessmentView struct {
	Shell        layout.Staff
	Office       string
	Year         string
	Framework    string
	Ref          string
	Unofficial   bool
	OtherYears   string // why the framework is not for the year
	BackHref     string
	Action       string // of the forms
	AttachAction string // of those that send files
	CriteriaHref string
	ZipHref      string
	Changed      time.Time
	By           string
	MayEdit      bool
	Revision     int

	Total    string // empty as long as something is missing
	SoFar    string // of the criteria that have points
	SoFarOf  string // what these could give at most
	Most     string // of the whole framework
	Criteria int
	Scored   int
	Files    int
	Size     string
	MaxFiles int
	MaxMB    int // of one file
	SendMB   int // of all that is sent at once
	Kinds    string
	Accept   string

	Areas    []AssessmentNode
	Lacking  []AssessmentLacks
	Errors   []ui.FieldError
	Settings *AssessmentForm
}

// AssessmentLacks are the criteria that are without the same.
type AssessmentLacks struct {
	Heading string
	Rank    int
	Links   []AssessmentLink
}

// AssessmentLink leads to a criterion.
type AssessmentLink struct {
	Href string
	Text string
}

// AssessmentNode is an area or a criterion. Share and Self are parts of its scale, NaN where there is none to draw.
type AssessmentNode struct {
	ID       string // of criteria
	Code     string
	Name     string
	Score    string
	Of       string
	Share    float64
	Self     float64 // what the office gave itself where others decided
	State    string  // a word where there is something to say
	Notes    []string
	Badges   []string
	Open     bool
	Children []AssessmentNode

	Points   []PointField
	Seen     string // the points as the form shows them
	Evidence bool   // the framework asks for it
	Files    []EvidenceRow
	Problem  string // why files could not be attached
}

// PointField is the points of one source.
type PointField struct {
	ID      string
	Name    string
	Label   string
	Value   string
	Counted bool   // they decide
	Unread  bool   // the criterion takes its points from elsewhere
	Stored  string // what is stored where somebody else changed it meanwhile
	Error   string
}

// EvidenceRow is one attached file.
type EvidenceRow struct {
	ID    string
	Href  string
	Name  string
	Size  string
	Added time.Time
	By    string
}
