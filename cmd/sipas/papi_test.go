package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"sipas/survey"
)

// update rewrites the golden files of this package.
var update = flag.Bool("update", false, "rewrite the golden files")

func runPAPI(t *testing.T, c papiCmd) string {
	t.Helper()
	var out bytes.Buffer
	if err := c.Run(&app{stdout: &out}); err != nil {
		t.Fatalf("%+v: %v", c, err)
	}
	return out.String()
}

// TestPAPIGolden holds what the command prints; go test -update rewrites, and a human reads the difference.
func TestPAPIGolden(t *testing.T) {
	for name, c := range map[string]papiCmd{
		"binh-duong-2020.en.txt":     {Year: 2020, Province: "Binh Duong", Format: "table", Lang: "en"},
		"binh-duong-2020.vi.txt":     {Year: 2020, Province: "Bình Dương", Format: "table", Lang: "vi"},
		"binh-duong-2020.json":       {Year: 2020, Province: "Bình Dương", Format: "json", Lang: "en"},
		"binh-duong-2020.csv":        {Year: 2020, Province: "Bình Dương", Format: "csv", Lang: "en"},
		"long-an-2020.en.txt":        {Year: 2020, Province: "Long An", Format: "table", Lang: "en"},
		"bac-ninh-2022.en.txt":       {Year: 2022, Province: "Bắc Ninh", Format: "table", Lang: "en"},
		"bac-ninh-2022.json":         {Year: 2022, Province: "Bắc Ninh", Format: "json", Lang: "vi"},
		"thua-thien-hue-2021.vi.txt": {Year: 2021, Province: "Thừa Thiên Huế", Format: "table", Lang: "vi"},
	} {
		t.Run(name, func(t *testing.T) {
			got := runPAPI(t, c)
			path := filepath.Join("testdata", "papi", name)
			if *update {
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("the output changed:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

func TestPAPITableFitsATerminal(t *testing.T) {
	for _, lang := range []string{"en", "vi"} {
		out := runPAPI(t, papiCmd{Year: 2020, Province: "Bình Dương", Format: "table", Lang: lang})
		for line := range strings.Lines(out) {
			if n := utf8.RuneCountInString(line); n > 140 {
				t.Errorf("%s: a line of %d characters: %s", lang, n, line)
			}
			if strings.TrimRight(line, " \n") != strings.TrimRight(line, "\n") {
				t.Errorf("%s: spaces at the end of %q", lang, line)
			}
		}
	}
	if out := runPAPI(t, papiCmd{Year: 2020, Province: "Bình Dương", Format: "table", Lang: "vi"}); !strings.Contains(out, "40,76 trên 80, hạng 57 trên 63, nhóm thấp nhất") {
		t.Errorf("in Vietnamese:\n%s", out)
	}
}

// TestPAPIFormatsAgree holds that JSON and CSV carry the same numbers, with every digit.
func TestPAPIFormatsAgree(t *testing.T) {
	var doc struct {
		Total         json.Number
		SubDimensions []struct {
			Code  string
			Score json.Number
		} `json:"sub_dimensions"`
	}
	if err := json.Unmarshal([]byte(runPAPI(t, papiCmd{Year: 2020, Province: "Bình Dương", Format: "json", Lang: "en"})), &doc); err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(strings.NewReader(runPAPI(t, papiCmd{Year: 2020, Province: "Bình Dương", Format: "csv", Lang: "en"}))).ReadAll()
	if err != nil || len(lines) != 1+1+8+29 {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	if lines[1][5] != doc.Total.String() || len(doc.Total) < len("40.76") {
		t.Errorf("the total is %s in CSV and %s in JSON", lines[1][5], doc.Total)
	}
	for i, s := range doc.SubDimensions {
		if l := lines[1+1+8+i]; l[3] != s.Code || l[5] != s.Score.String() {
			t.Errorf("%s is %s in JSON, the CSV says %v", s.Code, s.Score, l)
		}
	}
}

func TestPAPIRefusesUnknownNames(t *testing.T) {
	err := (&papiCmd{Year: 2020, Province: "Bin Duong"}).Run(&app{})
	if !survey.IsCode(err, survey.CodeUnitUnknown) || !strings.Contains(err.Error(), "near names: Bình Dương") {
		t.Errorf("an unknown province: %v", err)
	}
	err = (&papiCmd{Year: 2030, Province: "Bình Dương"}).Run(&app{})
	if !survey.IsCode(err, survey.CodeNotFound) || !strings.Contains(err.Error(), "from 2011 to 2024") {
		t.Errorf("a year without scores: %v", err)
	}
}
