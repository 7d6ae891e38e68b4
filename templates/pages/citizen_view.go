package pages

import "sipas/templates/layout"

// LandingView is the public front page.
type LandingView struct {
	ResultsHref string // what is published
	Shell       layout.Citizen
	KioskHref   string
	SignInHref  string
}

// SignInView is the page where staff sign in.
type SignInView struct {
	Shell      layout.Citizen
	Action     string // POST, fields "name", "password", "next"
	Name       string // what was typed before
	Next       string // where to go after; a path of this program
	ErrorCode  string // catalogue "error.<code>"; empty when there is none
	RetryAfter int    // seconds to wait after too many tries; 0 when none
}

// ErrorView is what a person reads when something went wrong.
type ErrorView struct {
	Shell     layout.Citizen
	Status    int
	Code      string // catalogue "error.<code>" says what is wrong, "error.<code>.do" what to do
	Params    []any  // name, value, name, value, … of the sentence
	HomeHref  string
	Reference string // the request's id in the log; may be empty
}

// Option is one answer to choose. Face is 1 to 5 for a satisfaction level (5 the
// best) and 0 where an answer has words only.
type Option struct {
	Code int
	Text string
	Face int
}

// Item is one question of the web form. Options stand in the order of the page:
// best first, then those without an opinion.
type Item struct {
	Code      string // the form field is "a.<code>"
	Text      string
	Required  bool
	Options   []Option
	Selected  string // the code that was chosen before, or empty
	ErrorCode string // catalogue "error.<code>"
}

// Section is a group of questions under one heading.
type Section struct {
	Heading string
	Items   []Item
}

// FormView is the web form of one invitation. All was typed before is in it, so
// that nothing is lost when something is wrong. Fields: "a.<item>", "comment", "lang".
type FormView struct {
	Shell      layout.Citizen
	Action     string
	Unit       string // where the dossier was handled
	Sections   []Section
	Comment    string
	CommentMax int
	// CommentError is the catalogue's "error.<code>" for the comment.
	CommentError string
}

// UsedView says that an invitation has been answered already.
type UsedView struct {
	Shell layout.Citizen
}

// ClosedView says that a link leads nowhere. Reason is "unknown", "closed" or "not_open".
type ClosedView struct {
	Shell  layout.Citizen
	Reason string
}

// ThanksView follows a complete answer. Receipt is what only the sender of the answer was told; with it the page offers to withdraw.
type ThanksView struct {
	Shell    layout.Citizen
	Withdraw string // where to
	Receipt  string
}

// WithdrawnView follows a withdrawal.
type WithdrawnView struct {
	Shell layout.Citizen
}
