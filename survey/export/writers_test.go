package export

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"sipas/analysis"
	"sipas/survey"
)

func lines(t *testing.T, raw []byte) [][]string {
	t.Helper()
	body, marked := bytes.CutPrefix(raw, []byte("\ufeff"))
	if !marked {
		t.Error("no byte order mark")
	}
	rows, err := csv.NewReader(bytes.NewReader(body)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func testInstrument(t *testing.T) *survey.Instrument {
	t.Helper()
	in, err := survey.ParseInstrument([]byte(`{"id":"k","version":2,"mode":"kiosk","wording":"unapproved","title":{"vi":"T"},"intro":{"vi":"I"},
		"scales":[{"id":"s","faces":true,"levels":[{"code":5,"label":{"vi":"Rất hài lòng","en":"Very satisfied"}},{"code":1,"label":{"vi":"Không","en":"No"}}],"missing":[{"code":-1,"label":{"vi":"Không biết","en":"Don't know"}}]}],
		"core":["overall"],"modules":[{"code":"m1","title":{"vi":"M"},"chance":0.5,"items":["a"]},{"code":"m2","title":{"vi":"M"},"chance":0.5,"items":["b"]}],"draw":1,
		"items":[{"code":"overall","scale":"s","required":true,"text":{"vi":"Chung?","en":"Overall?"},"short":{}},
			{"code":"a","scale":"s","text":{"vi":"=HYPERLINK(\"x\")","en":"A | B?"},"short":{}},{"code":"b","scale":"s","text":{"vi":"B?"},"short":{}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func testTable(t *testing.T, n int) ResponseTable {
	table := ResponseTable{Instruments: []*survey.Instrument{testInstrument(t)}, Modules: []string{"core", "m1", "m2"},
		WeightOf: map[string]string{"overall": "core", "a": "m1", "b": "m2"}}
	for i := range n {
		table.Rows = append(table.Rows, ResponseRow{
			Response: &survey.Response{
				ID: survey.ResponseID(fmt.Sprintf("%032x", i+0xabcdef0123)), Instrument: table.Instruments[0].Ref(), Mode: survey.ModeKiosk,
				Source: survey.Invited, Class: "1.1", Language: "vi", Modules: []string{"m1"}, Disposition: survey.Complete,
				Answers: map[string]int{"overall": 1 + i, "a": -1}, ContentHash: "feedfacefeedface",
			},
			Labels:  [survey.Dims]string{"25459@2025-07-01", "late", "*", "=cmd()", "*", "*"},
			Stratum: "1.1", Population: 40, Weights: []float64{1.0 / 3, 2, 0},
		})
	}
	return table
}

// A row says what was answered and what it weighs, and nothing that names the response.
func TestResponses(t *testing.T) {
	table := testTable(t, 1)
	table.Rows = append(table.Rows, ResponseRow{
		Response: &survey.Response{ID: survey.NewResponseID(), Instrument: table.Instruments[0].Ref(), Mode: survey.ModeKiosk, Source: survey.WalkIn,
			Unit: "25459@2025-07-01", Month: "2026-07", Language: "en", Modules: []string{"m2"}, Disposition: survey.TimedOut, Answers: map[string]int{"overall": 5}},
		Stratum: "w", Weights: []float64{7.5, 0, 30},
	}, ResponseRow{Response: &survey.Response{Instrument: table.Instruments[0].Ref(), Mode: survey.ModeKiosk, Source: survey.Invited, Class: "1.1", Language: "zh", Modules: []string{"m1"}, Disposition: survey.Refused}})
	var out bytes.Buffer
	if err := Responses(&out, table); err != nil {
		t.Fatal(err)
	}
	rows := lines(t, out.Bytes())
	header, body := rows[0], rows[1:]
	slices.SortFunc(body, func(a, b []string) int { return strings.Compare(a[2], b[2]) })
	want := [][]string{
		{"walk_in", "kiosk", "en", "timed_out", "false", "k", "2", "m2", "", "25459@2025-07-01", "", "", "", "", "2026-07", "w", "", "5", "", "", "", "", "", "7.5", "", "30"},
		{"invited", "kiosk", "vi", "complete", "false", "k", "2", "m1", "1.1", "25459@2025-07-01", "late", "*", "'=cmd()", "*", "*", "1.1", "40", "1", "-1", "", "0.3333333333333333", "2", "", "", "", ""},
		{"invited", "kiosk", "zh", "refused", "false", "k", "2", "m1", "1.1", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", ""},
	}
	if diff := cmp.Diff(want, body); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(table.Columns(), header); diff != "" {
		t.Error(diff)
	}
	for _, secret := range []string{string(table.Rows[0].Response.ID), string(table.Rows[1].Response.ID), "feedface"} {
		if bytes.Contains(out.Bytes(), []byte(secret)) {
			t.Errorf("%s is in the file", secret)
		}
	}
}

// The order of the rows tells nothing: two exports differ, and neither is the order of the ids.
func TestResponsesAreShuffled(t *testing.T) {
	table := testTable(t, 500)
	order := func() []string {
		var out bytes.Buffer
		if err := Responses(&out, table); err != nil {
			t.Fatal(err)
		}
		var codes []string
		for _, row := range lines(t, out.Bytes())[1:] {
			codes = append(codes, row[len(responseColumns)])
		}
		return codes
	}
	first, second := order(), order()
	if slices.Equal(first, second) {
		t.Error("two exports have the same order")
	}
	inPlace := 0
	for i, c := range first {
		if c == fmt.Sprint(1+i) {
			inPlace++
		}
	}
	if inPlace > 20 { // one is expected, whatever the number of rows
		t.Errorf("%d of 500 rows stand where they stood", inPlace)
	}
	slices.Sort(first)
	slices.Sort(second)
	if !slices.Equal(first, second) {
		t.Error("two exports have other rows")
	}
}

func TestComments(t *testing.T) {
	comments := []survey.CommentRow{{Wave: "w", Unit: "25459@2025-07-01", Language: "vi", Text: "=1+1"}, {Wave: "w", Language: "en", Text: "fine,\n\"thanks\""}}
	var out bytes.Buffer
	if err := Comments(&out, comments, NamesOf([]survey.Unit{{ID: "25459@2025-07-01", Name: survey.Text{"vi": "-Xã"}}}, nil)); err != nil {
		t.Fatal(err)
	}
	rows := lines(t, out.Bytes())[1:]
	slices.SortFunc(rows, func(a, b []string) int { return strings.Compare(a[3], b[3]) })
	want := [][]string{{"w", "", "", "en", "fine,\n\"thanks\""}, {"w", "25459@2025-07-01", "'-Xã", "vi", "'=1+1"}}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Error(diff)
	}
	if comments[0].Text != "=1+1" {
		t.Error("the caller's comments were changed")
	}
}

// No text that a spreadsheet would evaluate reaches a cell, and no number is touched.
func TestGuard(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "Đất đai": "Đất đai", "a=b": "a=b", "*": "*", "1.2": "1.2",
		"=1": "'=1", "+84": "'+84", "-x": "'-x", "@a": "'@a", "\tx": "'\tx", "\rx": "'\rx", "\nx": "'\nx",
		" =1": "' =1", "\u00a0@a": "'\u00a0@a", "＝1": "'＝1", "'=1": "'=1",
	} {
		if got := Guard(in); got != want {
			t.Errorf("Guard(%q) = %q, want %q", in, got, want)
		}
	}
	if got := cellText(-1.5); got != "-1.5" {
		t.Errorf("a number became %q", got)
	}
	if got := cellText(-3); got != "-3" {
		t.Errorf("a number became %q", got)
	}
}

// The codebook knows every column of the responses, and every code that an answer can have.
func TestCodebookIsWhole(t *testing.T) {
	table := testTable(t, 1)
	var out bytes.Buffer
	if err := Codebook(&out, table); err != nil {
		t.Fatal(err)
	}
	var columns []string
	codes := map[string][]string{}
	for _, row := range lines(t, out.Bytes())[1:] {
		if row[1] == "code" {
			codes[row[0]] = append(codes[row[0]], row[7])
			continue
		}
		columns = append(columns, row[0])
		if row[2] == "" {
			t.Errorf("column %s is not explained", row[0])
		}
	}
	if diff := cmp.Diff(table.Columns(), columns); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"5", "1", "-1"}, codes["overall"]); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"5", "1", "-1", "-3"}, codes["a"]); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"complete", "partial", "timed_out", "refused", "failed"}, codes["disposition"]); diff != "" {
		t.Error(diff)
	}
	if !bytes.Contains(out.Bytes(), []byte("'=HYPERLINK")) {
		t.Error("a question's text is not guarded")
	}
}

func TestGuide(t *testing.T) {
	var out bytes.Buffer
	wave := &survey.Wave{ID: "2026-q3", Title: survey.Text{"vi": "Quý III", "en": "Third quarter"}, From: "2026-07-01", To: "2026-09-30"}
	if err := Guide(&out, wave, testTable(t, 1)); err != nil {
		t.Fatal(err)
	}
	golden(t, "guide.md", out.Bytes())
}

// golden holds what was written against a file of testdata; SIPAS_UPDATE=1 rewrites the file for a human to read.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := "testdata/" + name
	if os.Getenv("SIPAS_UPDATE") == "1" {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Error(diff)
	}
}

func testRelease() *survey.Release {
	target := 85.0
	shown := survey.Figure{
		FigureKey: survey.FigureKey{Framework: "f", Node: "n", Domain: survey.Domain{Unit: "25459@2025-07-01", Field: "@field"}, Weighting: survey.Weighted, Basis: survey.BasisInvited},
		Measure:   survey.Percent, State: survey.StateProvisional, Target: &target, Nominal: &survey.Bounds{Min: 0, Max: 100},
		Estimate: analysis.Estimate{Value: 100.0 / 3, SE: 1.5, N: 200, Population: 1234.5, EffectiveN: 150, DF: math.Inf(1), DesignEffect: 1.3, Method: "raked",
			Interval: analysis.Interval{Low: 30, High: 36.5, Level: 0.95, Method: "beta"}},
		Shares: []survey.Share{{Code: 5, Percent: 33.33}, {Code: 1, Percent: 66.67}},
	}
	withheld := shown
	withheld.State, withheld.Reason = survey.StateWithheld, survey.ReasonFewAnswers
	withheld.Estimate = analysis.Undefined(7, "7 answers")
	return &survey.Release{
		ID: "r", Wave: "w", State: survey.StateProvisional, MadeAt: time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC), Program: "test", DataHash: "00ff",
		Rules: survey.DefaultRules(), Figures: []survey.Figure{shown, withheld},
		Flags: []survey.Flag{{Figure: shown, State: survey.FlagRaised, Priority: 100, Gain: 0.5, Derived: 0.25, Affected: 1234, Reasons: []survey.FlagReason{
			{Code: survey.FlagBelowTarget, Shown: true, Evidence: map[string]float64{"p": 0.001, "gap": 51.67}}, {Code: survey.FlagLowest}}}},
		Weighting: survey.WeightReport{Respondents: 200, Invited: 600, Register: 1800, ResponseRate: 1.0 / 3,
			Modules:    []survey.ModuleWeights{{Module: "core", Respondents: 200, KishEffect: 1.2, Converged: true, Margins: []survey.MarginResidual{{Margin: "unit", Level: "25459@2025-07-01|x", Target: 10, Achieved: 10}}, Collapsed: []survey.Note{{Text: "month"}}}},
			Strata:     []survey.StratumRate{{Class: "1.1", Labels: [survey.Dims]string{"25459@2025-07-01", "late", "*", "*", "*", "*"}, Population: 40, Invited: 20, Respondents: 9}},
			Unanswered: []survey.UnansweredUnit{{Unit: "x", Share: 0.01}}, Notes: []survey.Note{{Text: "=note"}, survey.NewNote(survey.NoteSuspect, survey.NoteParams{N: 20})}},
	}
}

func testNames() Names {
	return NamesOf([]survey.Unit{{ID: "25459@2025-07-01", Name: survey.Text{"vi": "=Xã"}}},
		[]*survey.Framework{{ID: "f", Root: survey.Node{Code: "n", Kind: survey.NodeIndex, Label: survey.Text{"vi": "Chỉ số", "en": "Index"}}}})
}

// Every number of a figure is written with all its digits; of a withheld figure none is.
func TestFigures(t *testing.T) {
	var out bytes.Buffer
	if err := Figures(&out, testRelease(), testNames()); err != nil {
		t.Fatal(err)
	}
	rows := lines(t, out.Bytes())
	cell := func(row int, column string) string { return rows[row][slices.Index(rows[0], column)] }
	for column, want := range map[string]string{
		"estimate": "33.333333333333336", "se": "1.5", "ci_low": "30", "ci_high": "36.5", "confidence": "0.95", "interval": "beta", "n": "200", "population": "1234.5",
		"n_eff": "150", "df": "", "deff": "1.3", "method": "raked", "target": "85", "nominal_max": "100", "attainable_max": "", "label_vi": "Chỉ số", "kind": "index",
		"unit_name": "'=Xã", "field": "'@field", "shares": "5: 33.33; 1: 66.67", "state": "provisional",
	} {
		if got := cell(1, column); got != want {
			t.Errorf("%s is %q, want %q", column, got, want)
		}
	}
	for _, column := range []string{"estimate", "se", "ci_low", "ci_high", "n", "population", "n_eff", "shares", "why_undefined"} {
		if got := cell(2, column); got != "" {
			t.Errorf("a withheld figure shows %s = %q", column, got)
		}
	}
	if got := cell(2, "reason"); got != survey.ReasonFewAnswers {
		t.Errorf("reason %q", got)
	}
}

// The workbook has its sheets, numbers are numbers, text is text that is no formula, and the header stays in sight.
func TestWorkbook(t *testing.T) {
	var out bytes.Buffer
	if err := Workbook(&out, testRelease(), testNames()); err != nil {
		t.Fatal(err)
	}
	book, err := excelize.OpenReader(&out)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = book.Close() }()
	if diff := cmp.Diff([]string{"figures", "flags", "weighting", "about"}, book.GetSheetList()); diff != "" {
		t.Fatal(diff)
	}
	for _, sheet := range book.GetSheetList() {
		panes, err := book.GetPanes(sheet)
		if err != nil || !panes.Freeze || panes.YSplit != 1 {
			t.Errorf("sheet %s: panes %+v, %v", sheet, panes, err)
		}
		rows, err := book.GetRows(sheet, excelize.Options{RawCellValue: true})
		if err != nil || len(rows) < 2 {
			t.Fatalf("sheet %s: %d rows, %v", sheet, len(rows), err)
		}
		for r, row := range rows {
			for c, value := range row {
				at, _ := excelize.CoordinatesToCellName(c+1, r+1)
				if formula, err := book.GetCellFormula(sheet, at); err != nil || formula != "" {
					t.Errorf("%s!%s is the formula %q, %v", sheet, at, formula, err)
				}
				if strings.HasPrefix(value, "=") {
					t.Errorf("%s!%s is not guarded: %q", sheet, at, value)
				}
			}
		}
	}
	rows, _ := book.GetRows("figures", excelize.Options{RawCellValue: true})
	at, _ := excelize.CoordinatesToCellName(slices.Index(rows[0], "estimate")+1, 2)
	if kind, err := book.GetCellType("figures", at); err != nil || kind != excelize.CellTypeUnset && kind != excelize.CellTypeNumber {
		t.Errorf("the estimate has type %v, %v", kind, err)
	}
	if raw, _ := book.GetCellValue("figures", at, excelize.Options{RawCellValue: true}); raw != "33.333333333333336" {
		t.Errorf("the estimate is %q", raw)
	}
	if shown, _ := book.GetCellValue("figures", at); shown != "33.33" {
		t.Errorf("the estimate shows as %q", shown)
	}
	if width, err := book.GetColWidth("figures", "A"); err != nil || width < 5 {
		t.Errorf("width %v, %v", width, err)
	}
}

func TestFlagsAndWeighting(t *testing.T) {
	var out bytes.Buffer
	if err := Flags(&out, testRelease(), testNames()); err != nil {
		t.Fatal(err)
	}
	if err := Weighting(&out, testRelease(), testNames()); err != nil {
		t.Fatal(err)
	}
	if err := Tokens(&out, []TokenLink{{"=1", "tok", "http://x/s/tok"}}); err != nil {
		t.Fatal(err)
	}
	golden(t, "release.csv", out.Bytes())
}
