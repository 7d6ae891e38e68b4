package export

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"sipas/survey"
)

var valueColumns = []ValueColumn{
	{Name: "8.1.1", Bounds: &survey.Bounds{Min: 0, Max: 1}}, {Name: "4.3.2", Bounds: &survey.Bounds{Min: 0, Max: 5}}, {Name: "level", Words: true},
}

func valueKey() ValueKey {
	return ValueKey{
		Names: []string{"unit", "tỉnh"}, Same: func(s string) string { return fold(s) },
		Known: func(s string) bool { return fold(s) != "atlantis" },
	}
}

func readValues(t testing.TB, text string) (*ValueTable, []BadLine, []Warning) {
	t.Helper()
	v, bad, warnings, err := Values(strings.NewReader(text), "v.csv", valueKey(), valueColumns)
	if err != nil {
		t.Fatal(err)
	}
	return v, bad, warnings
}

// The same table in every writing that offices use.
func TestValuesInEveryWriting(t *testing.T) {
	for name, text := range map[string]string{
		"plain":          "unit,8.1.1,4.3.2,level\nHà Nội,0.05,2.5,xã\nHuế,,1,\n",
		"mark":           "\ufeffunit,8.1.1,4.3.2,level\nHà Nội,0.05,2.5,xã\nHuế,NA,1,-\n",
		"semicolons":     "unit;8.1.1;4.3.2;level\r\nHà Nội;0,05;2,5;xã\r\nHuế;;1;\r\n",
		"tabs":           "Tỉnh\t8.1.1\t4.3.2\tLevel\nHà Nội\t0,05\t2,5\txã\nHuế\t.\t1\t\n",
		"quotes":         "unit,8.1.1,4.3.2,level\n\"Hà Nội\",\"0,05\",\"2,5\",\"xã\"\n\"Huế\",\"\",\"1\",\"n/a\"\n",
		"blank lines":    "\n;;;\n\nunit;8.1.1;4.3.2;level\n\nHà Nội;0,05;2,5;xã\n;;;\n\nHuế;;1;\n\n;;;\n",
		"sep":            "sep=;\nunit;8.1.1;4.3.2;level\nHà Nội;0,05;2,5;xã\nHuế;–;1;\n",
		"another order":  "level,4.3.2,unit,8.1.1\nxã,2.5,Hà Nội,0.05\n,1,Huế,\n",
		"cells at end":   "unit;8.1.1;4.3.2;level\nHà Nội;0,05;2,5;xã;;\nHuế;;1;;;\n",
		"capitals":       "UNIT,8.1.1,4.3.2,LEVEL\nHà Nội,0.05,2.5,xã\nHuế,,1,\n",
		"decomposed":     "unit,8.1.1,4.3.2,level\nHa\u0300 Nội,0.05,2.5,xã\nHuế,,1,\n",
		"spaces":         " unit , 8.1.1 , 4.3.2 , level \n Hà Nội , 0.05 , 2.5 , xã \n Huế , , 1 , \n",
		"no end of line": "unit,8.1.1,4.3.2,level\nHà Nội,0.05,2.5,xã\nHuế,,1,",
	} {
		v, bad, _ := readValues(t, text)
		if len(bad) > 0 || len(v.Rows) != 2 {
			t.Errorf("%s: %d rows, %v", name, len(v.Rows), bad)
			continue
		}
		first, second := v.Rows[0], v.Rows[1]
		if first.Key != "Hà Nội" || first.Numbers["8.1.1"] != 0.05 || first.Numbers["4.3.2"] != 2.5 || first.Words["level"] != "xã" {
			t.Errorf("%s: %+v", name, first)
		}
		if _, there := second.Numbers["8.1.1"]; there || second.Key != "Huế" || second.Numbers["4.3.2"] != 1 || len(second.Words) != 0 {
			t.Errorf("%s: %+v", name, second)
		}
		if len(v.Columns) != 3 {
			t.Errorf("%s: columns %v", name, v.Columns)
		}
	}
}

// Every fault is told with its line and column, and no faulty line is among the rows.
func TestFaultsOfValues(t *testing.T) {
	v, bad, warnings := readValues(t, "unit,8.1.1,4.3.2,colour\n"+
		"Hà Nội,0.5,1,red\n"+
		"Ha Noi,0.4,1,\n"+ // the same unit, written without marks
		"Huế,1.01,6,\n"+
		"Cần Thơ,64.5,2,\n"+
		"Đà Nẵng,half,1,\n"+
		",0.1,1,\n"+
		"Atlantis,0.2,2,\n"+
		"Lào Cai,0.1\n"+
		"Sơn La,\"1.234,5\",0,\n"+
		"Bến Tre,1,5,\n"+
		"Cà Mau,NaN,-0.1,\n")
	var got []string
	for _, b := range bad {
		got = append(got, fmt.Sprintf("%d %s %s %s", b.Line, b.Column, b.Value, b.Reason))
		if s := b.String(); strings.Contains(s, "{") {
			t.Errorf("%s", s)
		}
	}
	want := []string{
		"3 unit Ha Noi duplicate", "4 8.1.1 1.01 out_of_bounds", "4 4.3.2 6 out_of_bounds", "5 8.1.1 64.5 out_of_bounds", "6 8.1.1 half unreadable_number",
		"7 unit  empty", "9   columns", "10 8.1.1 1.234,5 unreadable_number", "12 8.1.1 NaN unreadable_number", "12 4.3.2 -0.1 out_of_bounds",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if s := bad[3].String(); !strings.Contains(s, "per cent") || !strings.Contains(s, "0.645") {
		t.Errorf("a share of 64.5: %s", s)
	}
	var keys []string
	for _, r := range v.Rows {
		keys = append(keys, r.Key)
	}
	if !slices.Equal(keys, []string{"Hà Nội", "Atlantis", "Bến Tre"}) {
		t.Errorf("the rows are %v", keys)
	}
	var said []Reason
	for _, w := range warnings {
		said = append(said, w.Reason)
	}
	if !slices.Contains(said, WarningColumnIgnored) || !slices.Contains(said, WarningUnitUnknown) {
		t.Errorf("warnings %v", warnings)
	}
	for text, reason := range map[string]Reason{
		"": ReasonNoHeader, "8.1.1\n0.5\n": ReasonColumnMissing, "unit,8.1.1,8.1.1\nA,1,1\n": ReasonColumnTwice,
		"\xff\xfeu\x00n\x00": ReasonEncoding, "unit,8.1.1\n\"A,1\n": ReasonQuoting, "unit,8.1.1\nH\xe0,1\n": ReasonEncoding,
	} {
		if _, bad, _ := readValues(t, text); len(bad) == 0 || bad[0].Reason != reason {
			t.Errorf("%q: %v, want %s", text, bad, reason)
		}
	}
	if v, bad, warnings := readValues(t, "unit,8.1.1\n"); len(v.Rows)+len(bad) > 0 || len(warnings) != 1 || warnings[0].Reason != WarningNothing {
		t.Errorf("a header alone: %v %v", bad, warnings)
	}
}

// Whatever a file holds, a row has values that can be, each unit is there once, and every other line with something on it is a fault.
func FuzzValues(f *testing.F) {
	f.Add("unit,8.1.1,4.3.2,level\nHà Nội,0.05,2.5,xã\nHuế,,1,\n")
	f.Add("\ufeff;;\nsep=;\nunit;8.1.1\nA;0,5\nA;2\n")
	f.Add("unit\t8.1.1\n\"A\nB\"\t1e-3\n")
	f.Add("unit,8.1.1\r\n\x00,−1\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		v, _, _, err := Values(strings.NewReader(text), "f.csv", valueKey(), valueColumns)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, r := range v.Rows {
			if r.Key == "" || seen[fold(r.Key)] {
				t.Fatalf("the unit %q stands twice or has no name", r.Key)
			}
			seen[fold(r.Key)] = true
			for _, c := range valueColumns {
				if x, ok := r.Numbers[c.Name]; ok && (c.Bounds == nil || !within(x, *c.Bounds)) {
					t.Fatalf("%s is %v", c.Name, x)
				}
			}
		}
	})
}
