package survey_test

import (
	"testing"

	"sipas/survey"
)

func TestParseDay(t *testing.T) {
	for in, want := range map[string]survey.Day{
		"2026-07-01": "2026-07-01", "01/07/2026": "2026-07-01", "1/7/2026": "2026-07-01",
		"01/07/2026 08:30": "2026-07-01", "2026-07-01T08:30:00+07:00": "2026-07-01", "31-12-2026": "2026-12-31",
	} {
		if got, ok := survey.ParseDay(in); !ok || got != want {
			t.Errorf("ParseDay(%q) = %q, %v; want %q", in, got, ok, want)
		}
	}
	for _, bad := range []string{"", "32/01/2026", "2026-13-01", "7/2026", "hôm qua", "2026", "00/00/0000"} {
		if got, ok := survey.ParseDay(bad); ok {
			t.Errorf("ParseDay(%q) = %q, want a refusal", bad, got)
		}
	}
}

func TestLateness(t *testing.T) {
	const asOf = survey.Day("2026-09-30")
	for name, c := range map[string]struct {
		due, returned survey.Day
		want          survey.Lateness
	}{
		"returned before due":         {"2026-08-10", "2026-08-09", survey.OnTime},
		"returned on the day":         {"2026-08-10", "2026-08-10", survey.OnTime},
		"returned after":              {"2026-08-10", "2026-08-11", survey.Late},
		"open and due passed":         {"2026-08-10", "", survey.Late},
		"open, due on the day itself": {asOf, "", survey.OnTime},
		"open and not yet due":        {"2026-10-05", "", survey.OnTime},
		"no due day":                  {"", "2026-08-11", survey.Undated},
		"no due day and open":         {"", "", survey.Undated},
	} {
		if got := (survey.Transaction{Received: "2026-08-01", Due: c.due, Returned: c.returned}).Lateness(asOf); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestUnitValidity(t *testing.T) {
	longAn := survey.Unit{Code: "80", From: "2004-01-01", To: "2025-06-30"}
	tayNinh := survey.Unit{Code: "80", From: "2025-07-01"}
	for day, want := range map[survey.Day][2]bool{
		"2025-06-30": {true, false}, "2025-07-01": {false, true}, "": {false, true},
	} {
		if got := [2]bool{longAn.ValidOn(day), tayNinh.ValidOn(day)}; got != want {
			t.Errorf("on %q: %v, want %v", day, got, want)
		}
	}
}

func TestPermissions(t *testing.T) {
	dept := survey.Actor{Role: survey.Department, Units: []survey.UnitID{"a"}}
	if !dept.CanSee("a") || dept.CanSee("b") || dept.CanSee("") {
		t.Error("a department sees its own units and no others")
	}
	if !survey.IsCode(survey.Actor{}.Require(survey.ActViewResults), survey.CodeUnauthenticated) {
		t.Error("nobody is asked to sign in")
	}
	if !survey.IsCode(dept.Require(survey.ActExportRows), survey.CodeForbidden) {
		t.Error("row exports are the analyst's alone")
	}
	for _, role := range survey.Roles() {
		if can := (survey.Actor{Role: role}).Can(survey.ActExportRows); can != (role == survey.Analyst) {
			t.Errorf("%s may export rows: %v", role, can)
		}
	}
}

func TestCodesAreListed(t *testing.T) {
	seen := map[survey.Code]bool{}
	for _, c := range survey.Codes() {
		if c == "" || seen[c] {
			t.Errorf("code %q is empty or stands twice", c)
		}
		seen[c] = true
	}
}
