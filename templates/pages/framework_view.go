package pages

import (
	"time"

	"sipas/templates/i18n"
	"sipas/templates/layout"
	"sipas/templates/ui"
)

// FrameworkRow is one published version of a framework.
type FrameworkRow struct {
	Name       string
	Ref        string
	Href       string
	Shipped    bool
	Unofficial bool
	Indicators int
	Waves      []string // names of the waves that use it
}

// DraftRow is one draft.
type DraftRow struct {
	Name    string
	ID      string
	Href    string
	By      string
	Changed time.Time
	Faults  int
}

// FrameworksView lists what indices are made of.
type FrameworksView struct {
	Shell  layout.Staff
	Rows   []FrameworkRow
	Drafts []DraftRow
	Copy   CopyForm
}

// CopyForm makes a draft of a published framework.
type CopyForm struct {
	Action string
	From   []layout.Choice
	ID     string
	Errors []ui.FieldError
}

// NodeRow is one node of a framework's tree. Href leads to its form in a draft and is empty elsewhere.
type NodeRow struct {
	Depth   int
	Code    string
	Name    string
	Kind    string
	How     string
	Weight  string
	Scale   string
	Href    string
	Current bool
	Faults  []string
	Remarks []string
}

// FrameworkView shows one published version.
type FrameworkView struct {
	Shell      layout.Staff
	Name       string
	Ref        string
	Source     string
	Unofficial bool
	BackHref   string
	Rows       []NodeRow
	JSON       string
	Copy       CopyForm
}

// NodeField is one field of a node's form. With Options it is a list to choose from, with Check a box.
type NodeField struct {
	Name    string
	Label   string
	Value   string
	Options []layout.Choice
	Check   bool
	Numeric bool
	List    []layout.Choice // what may be written, as a help
	Error   string
}

// NodeForm edits one node.
type NodeForm struct {
	Place  string
	Code   string
	Root   bool
	Fields []NodeField
	Kept   string // parts of the node that only the text holds
	Faults []string
}

// PreviewRow is what comes out for one unit.
type PreviewRow struct {
	Unit   string
	Total  string
	Reason string
}

// DraftView is the editor of a framework.
type DraftView struct {
	Shell     layout.Staff
	ID        string
	Name      string
	Next      int // the version that publishing makes
	Revision  int
	Changed   time.Time
	By        string
	Action    string
	BackHref  string
	Refused   bool // it was to be published and cannot be
	Stale     bool // somebody else changed it since the form that was sent was made
	Errors    []ui.FieldError
	General   []string // faults of the document itself
	Count     int      // of all faults
	Rows      []NodeRow
	Names     []NodeField
	Node      *NodeForm
	JSON      string
	JSONOpen  bool // it is what was written, and not what is stored
	JSONError string
	Preview   []PreviewRow
	Problem   string // why nothing could be tried out
}

func (v DraftView) lead() string {
	if v.Count == 0 {
		return i18n.T(v.Shell.Lang, "framework.whole", "n", v.Next)
	}
	return i18n.Count(v.Shell.Lang, "framework.faults", v.Count)
}
