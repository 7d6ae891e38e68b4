package survey

import "time"

// Zone is the local time of the offices: Viet Nam has one, without summer time.
var Zone = time.FixedZone("ICT", 7*60*60)

// Day is a calendar day in Zone as "2006-01-02"; the empty string is an unknown day.
// Days compare as strings.
type Day string

// ParseDay reads a day as 2006-01-02, 02/01/2006 or 2/1/2006, the forms that offices export,
// with or without a time of day behind it, which is dropped on purpose: the register must not be
// finer than a day, or the order of answers could be held against it.
func ParseDay(s string) (Day, bool) {
	for _, cut := range []byte{'T', ' '} {
		for i := range len(s) {
			if s[i] == cut {
				s = s[:i]
				break
			}
		}
	}
	for _, layout := range []string{"2006-01-02", "02/01/2006", "2/1/2006", "02-01-2006"} {
		if t, err := time.Parse(layout, s); err == nil {
			return Day(t.Format("2006-01-02")), true
		}
	}
	return "", false
}

// DayOf returns the day of an instant in Zone.
func DayOf(t time.Time) Day { return Day(t.In(Zone).Format("2006-01-02")) }

// Month returns "2006-01", or "" for an unknown day.
func (d Day) Month() string {
	if len(d) < 7 {
		return ""
	}
	return string(d[:7])
}

// UnitID names one unit for ever: its official code and the day from which the code meant it,
// as "80@2025-07-01". The code alone is not a key: on 1 July 2025 seven province codes changed meaning.
type UnitID string

// NewUnitID makes the id of a code that is valid from a day.
func NewUnitID(code string, from Day) UnitID { return UnitID(code + "@" + string(from)) }

// UnitKind is what a unit is. Units of one kind are peers.
type UnitKind string

// The kinds of units.
const (
	KindProvince   UnitKind = "province"   // a province or centrally run city
	KindDepartment UnitKind = "department" // a department of a province
	KindCommune    UnitKind = "commune"    // a commune, ward or special region
)

// Unit is an administrative unit or office during the time its code meant it.
type Unit struct {
	ID         UnitID
	Code       string
	Kind       UnitKind
	Name       Text
	Parent     UnitID // "" for a province
	From, To   Day    // valid from and until, both included; To "" means still valid
	Successors []UnitID
}

// ValidOn reports whether the unit existed on the day. An unknown day is taken as today's units only.
func (u Unit) ValidOn(d Day) bool {
	if d == "" {
		return u.To == ""
	}
	return u.From <= d && (u.To == "" || d <= u.To)
}
