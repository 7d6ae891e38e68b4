package survey

import (
	"regexp"
	"slices"
	"time"
)

// Role is what an account is for.
type Role string

// The roles.
const (
	Analyst       Role = "analyst"
	Department    Role = "department"
	Administrator Role = "administrator"
)

// Roles lists the roles.
func Roles() []Role { return []Role{Analyst, Department, Administrator} }

// UserID and PointID name an account and a kiosk.
type (
	UserID  string
	PointID string
)

// User is an account of a person.
type User struct {
	ID           UserID
	Name         string // to sign in with
	Role         Role
	Units        []UnitID // what a department account may see; empty for the other roles
	PasswordHash string   // argon2id in PHC form
	Disabled     bool
}

// MinPassword is the shortest password that an account may have, in letters.
const MinPassword = 12

// Session is a signed-in browser. Only the hash of its cookie is stored.
type Session struct {
	Hash    string
	User    UserID
	Created time.Time
	Expires time.Time
}

// Point is a kiosk or a counter tablet.
type Point struct {
	ID      PointID
	Unit    UnitID
	Name    string
	Revoked bool
}

// NewPointID draws the id of a kiosk.
func NewPointID() PointID { return PointID("p-" + string(NewToken())) }

var pointName = regexp.MustCompile(`^[\pL\pN][\pL\pN ._-]{0,62}[\pL\pN]$`)

// ParsePointName cleans the name of a kiosk: 2 to 64 letters, digits, blanks, dots, hyphens or underscores.
func ParsePointName(s string) (string, bool) {
	s = CleanText(s)
	return s, pointName.MatchString(s)
}

// Actor is who does something. The zero Actor is nobody: a citizen.
type Actor struct {
	User  UserID
	Name  string
	Role  Role
	Units []UnitID
}

// CommandLine is the actor of commands run on the server itself, by whoever can read its files.
func CommandLine() Actor {
	return Actor{User: "command-line", Name: "command line", Role: Administrator}
}

// Act is something that not everybody may do.
type Act string

// The acts.
const (
	ActViewResults Act = "view_results" // figures of every unit
	ActViewRepairs Act = "view_repairs" // the lowest indicators of a unit
	ActCompute     Act = "compute"      // weights, scores, releases
	ActExportRows  Act = "export_rows"  // responses with weights
	ActManage      Act = "manage"       // accounts, kiosks, waves, units
	ActImport      Act = "import"       // registers
	ActInvite      Act = "invite"       // draw a sample
	ActFrameworks  Act = "frameworks"   // write and publish the office's own frameworks

	ActViewAssessments Act = "view_assessments" // what offices gave themselves, with its evidence
	ActAssess          Act = "assess"           // enter points, attach and remove evidence
)

var allowed = map[Act][]Role{
	ActViewResults: {Analyst, Administrator},
	ActViewRepairs: {Analyst, Department, Administrator},
	ActCompute:     {Analyst, Administrator},
	ActExportRows:  {Analyst},
	ActManage:      {Administrator},
	ActImport:      {Analyst, Administrator},
	ActInvite:      {Analyst, Administrator},
	ActFrameworks:  {Analyst, Administrator},

	ActViewAssessments: {Analyst, Department, Administrator},
	ActAssess:          {Analyst, Administrator},
}

// Can reports whether the actor may do the act.
func (a Actor) Can(act Act) bool { return slices.Contains(allowed[act], a.Role) }

// CanSee reports whether the actor may see the repairs of a unit: a department its own, analysts and administrators all.
func (a Actor) CanSee(unit UnitID) bool {
	if !a.Can(ActViewRepairs) {
		return false
	}
	return a.Role != Department || slices.Contains(a.Units, unit)
}

// Require returns a CodeForbidden or CodeUnauthenticated error when the actor may not do the act.
func (a Actor) Require(act Act) error {
	if a.Can(act) {
		return nil
	}
	if a.Role == "" {
		return &Error{Code: CodeUnauthenticated, Op: string(act)}
	}
	return &Error{Code: CodeForbidden, Op: string(act), Params: map[string]string{"role": string(a.Role)}}
}
