package export

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sipas/survey"
)

const unitHeader = "code,parent,kind,name_vi,name_en,valid_from,valid_to,successors\n"

// Units may stand in any order, name their parents by code or id, and name parents that exist already.
func TestReadUnits(t *testing.T) {
	text := unitHeader +
		"H39.2,H39,ward,Phường A,Ward A,2025-07-01,,\n" +
		"H39,,tỉnh,Tỉnh Thử,Test Province,2025-07-01,,\n" +
		"H39.9,80@2025-07-01,Sở,Sở Thử,,01/07/2025,31/12/2026,H39.2@2025-07-01|H39@2025-07-01\n"
	got, bad, warnings, err := ReadUnits(strings.NewReader(text), "u.csv", testUnits)
	if err != nil || len(bad) > 0 || len(warnings) > 0 {
		t.Fatal(bad, warnings, err)
	}
	want := []survey.Unit{
		{ID: "H39.2@2025-07-01", Code: "H39.2", Kind: survey.KindCommune, Name: survey.Text{"vi": "Phường A", "en": "Ward A"}, Parent: "H39@2025-07-01", From: "2025-07-01"},
		{ID: "H39@2025-07-01", Code: "H39", Kind: survey.KindProvince, Name: survey.Text{"vi": "Tỉnh Thử", "en": "Test Province"}, From: "2025-07-01"},
		{ID: "H39.9@2025-07-01", Code: "H39.9", Kind: survey.KindDepartment, Name: survey.Text{"vi": "Sở Thử"}, Parent: "80@2025-07-01", From: "2025-07-01", To: "2026-12-31", Successors: []survey.UnitID{"H39.2@2025-07-01", "H39@2025-07-01"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestReadUnitsNamesEveryFault(t *testing.T) {
	for _, c := range []struct {
		name, lines string
		reasons     []string // "line reason"
		good        int
	}{
		{"no code", ",80,xã,A,,2025-07-01,,\n", []string{"2 empty"}, 0},
		{"odd code", "a b,80,xã,A,,2025-07-01,,\n", []string{"2 code_not_allowed"}, 0},
		{"path as code", "../x,80,xã,A,,2025-07-01,,\n", []string{"2 code_not_allowed"}, 0},
		{"kind", "X,80,village,A,,2025-07-01,,\n", []string{"2 unknown_kind"}, 0},
		{"name and day", "X,80,xã,,,,,\n", []string{"2 empty", "2 empty"}, 0},
		{"ends early", "X,80,xã,A,,2025-07-01,2025-06-30,\n", []string{"2 ends_before_begin"}, 0},
		{"alone", "X,,xã,A,,2025-07-01,,\n", []string{"2 parent_needed"}, 0},
		{"unknown parent", "X,99,xã,A,,2025-07-01,,\n", []string{"2 unknown_parent"}, 0},
		{"parent of another time", "X,25459,xã,A,,2024-01-01,,\n", []string{"2 unknown_parent"}, 0},
		{"parent falls", "X,Y,xã,A,,2025-07-01,,\nY,99,xã,A,,2025-07-01,,\nZ,80,xã,A,,2025-07-01,,\n", []string{"2 unknown_parent", "3 unknown_parent"}, 1},
		{"own parent", "X,X,xã,A,,2025-07-01,,\n", []string{"2 own_parent"}, 0},
		{"a circle", "X,Y,xã,A,,2025-07-01,,\nY,X,xã,A,,2025-07-01,,\n", []string{"2 own_parent", "3 own_parent"}, 0},
		{"successor", "X,80,xã,A,,2025-07-01,,nobody\n", []string{"2 unknown_successor"}, 0},
		{"twice", "X,80,xã,A,,2025-07-01,,\nX,80,xã,B,,2025-07-01,,\n", []string{"3 duplicate"}, 1},
		{"overlap", "25459,80,xã,A,,2026-01-01,,\n", []string{"2 overlap"}, 0},
		{"a name for an existing unit", "25459,80,xã,A,,2025-07-01,,\n", nil, 1},
		{"a code given anew", "25459,80,xã,A,,2025-07-01,2025-12-31,\n25459,80,xã,B,,2026-01-01,,\n", nil, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			good, bad, _, err := ReadUnits(strings.NewReader(unitHeader+c.lines), "u.csv", testUnits)
			if err != nil {
				t.Fatal(err)
			}
			var reasons []string
			for _, b := range bad {
				reasons = append(reasons, fmt.Sprint(b.Line, " ", b.Reason))
				if strings.ContainsAny(b.String(), "{}") {
					t.Errorf("sentence %q", b)
				}
			}
			if diff := cmp.Diff(c.reasons, reasons); diff != "" || len(good) != c.good {
				t.Errorf("%d good, want %d\n%s", len(good), c.good, diff)
			}
		})
	}
}

// Whatever stands in a file, the units that are read have parents and do not share a code at the same time.
func FuzzReadUnits(f *testing.F) {
	f.Add([]byte(unitHeader + "X,Y,xã,A,,2025-07-01,,\nY,X,xã,A,,2025-07-01,,\n"))
	f.Add([]byte(unitHeader + "25459,80,xã,A,,2025-07-01,2025-12-31,\n25459,80,xã,B,,2026-01-01,,X@2025-07-01\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		units, _, _, err := ReadUnits(bytes.NewReader(raw), "f", testUnits)
		if err != nil {
			t.Fatal(err)
		}
		known := map[survey.UnitID]bool{}
		for _, u := range append(units, testUnits...) {
			known[u.ID] = true
		}
		for i, u := range units {
			if u.ID != survey.NewUnitID(u.Code, u.From) || u.Parent != "" && !known[u.Parent] || u.Parent == "" && u.Kind != survey.KindProvince {
				t.Fatalf("loaded %+v", u)
			}
			for _, o := range units[:i] {
				if o.Code == u.Code && overlap(o, u) {
					t.Fatalf("%s and %s overlap", o.ID, u.ID)
				}
			}
		}
	})
}
