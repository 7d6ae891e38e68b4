package pages

import "sipas/templates/layout"

// UserRow is one account.
type UserRow struct {
	Name   string
	Role   string
	Unit   string
	Active bool
}

// CountRow is one number about the store; Key is the catalogue's "count.<key>":
// "responses", "answers", "transactions", "invitations", "units", "comments", "releases".
type CountRow struct {
	Key   string
	Value int
}

// AdminView is the administrator's page.
type AdminView struct {
	Shell   layout.Staff
	Users   []UserRow
	Kiosks  int // not revoked
	Waves   []WaveRow
	Counts  []CountRow
	Version string
	DataDir string

	KiosksHref      string
	FrameworksHref  string
	AssessmentsHref string
}
