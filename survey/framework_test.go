package survey_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"sipas/survey"
)

// wholeFramework is a document without a fault, for tests to break.
const wholeFramework = `{
  "id": "own-2026", "version": 1, "title": {"vi": "Riêng", "en": "Own"}, "source": "test", "measure": "points", "decimals": 2, "min_answers": 15,
  "subject": "unit", "in_force": {"from": "2026-01-01", "to": "2026-12-31"}, "years": {"from": 2026, "to": 2027},
  "follows": {"id": "own-2020", "version": 3}, "breaks": [{"node": "a", "year": 2027, "reason": {"vi": "khác", "en": "other"}}],
  "facts": {"used": {"min": 0, "max": 365}},
  "root": {"code": "total", "kind": "index", "label": {"vi": "Tổng"}, "combine": "sum", "missing": "drop", "nominal": {"min": 0, "max": 20}, "children": [
    {"code": "a", "kind": "part", "label": {"vi": "A"}, "combine": "linear", "intercept": 1, "weights_sum": 5, "missing": "fail", "round": 1, "rounding": "half_even", "children": [
      {"code": "a1", "kind": "indicator", "label": {"vi": "A1"}, "coefficient": 2, "value": {"kind": "share", "item": "q1", "codes": [4, 5], "answers": {"min": 1, "max": 5}}},
      {"code": "a2", "kind": "indicator", "label": {"vi": "A2"}, "coefficient": 3, "value": {"kind": "mean", "item": "q2", "bounds": {"min": 1, "max": 5}, "direction": "up"}},
      {"code": "a3", "kind": "indicator", "label": {"vi": "A3"}, "unscored": true, "value": {"kind": "median", "item": "q3", "bounds": {"min": 0, "max": 60}, "direction": "down"}}]},
    {"code": "b", "kind": "part", "label": {"vi": "B"}, "combine": "mean", "missing": "rescale", "children": [
      {"code": "b1", "kind": "indicator", "label": {"vi": "B1"}, "coefficient": 1, "value": {"kind": "count", "items": ["q4", "q5"], "codes": [1], "unanswered": "not_met", "bounds": {"min": 0, "max": 2}, "direction": "up"}},
      {"code": "b2", "kind": "indicator", "label": {"vi": "B2"}, "coefficient": 1, "value": {"kind": "rate", "bounds": {"min": 0, "max": 90}, "direction": "up", "range": {"min": 0, "max": 100},
        "of": [{"column": "done", "coefficient": 1}], "over": [{"column": "all", "coefficient": 1}]}}]},
    {"code": "c", "kind": "indicator", "label": {"vi": "C"}, "nominal": {"min": 0, "max": 2}, "value": {"kind": "given", "source": "appraisal", "evidence": true,
      "link": {"framework": "sipas-2022", "nodes": ["sipas", "II"], "factor": 0.1},
      "rules": [{"value": 2, "when": [{"column": "used", "op": "<", "than": "limit"}, {"column": "complaint", "op": "=", "words": ["no", "không"]}]},
        {"value": 1, "when": [{"column": "used", "op": "<=", "number": 30}]}, {"value": 0}]}}]},
  "derived": [{"code": "w", "label": {"vi": "W"}, "combine": "linear", "terms": [{"node": "a", "coefficient": 2}, {"node": "v", "coefficient": 1}], "missing": "fail"},
    {"code": "v", "label": {"vi": "V"}, "combine": "mean", "terms": [{"node": "a", "coefficient": 1}, {"node": "b", "coefficient": 1}], "missing": "rescale", "years": {"from": 2026, "to": 2026}}],
  "grades": [{"code": "good", "label": {"vi": "Tốt"}, "from": 10}, {"code": "weak", "label": {"vi": "Yếu"}, "from": 0}]
}`

func TestWholeFrameworkParses(t *testing.T) {
	t.Parallel()
	f, err := survey.ParseFramework([]byte(wholeFramework))
	if err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	g, err := survey.ParseFramework(again)
	if err != nil {
		t.Fatalf("what was written cannot be read: %v", err)
	}
	if third, _ := json.Marshal(g); string(third) != string(again) {
		t.Error("writing and reading a framework changes it")
	}
	if len(f.Root.Leaves()) != 6 {
		t.Errorf("%d indicators", len(f.Root.Leaves()))
	}
	if faults := f.Unasked(func(item string) bool { return item != "q4" }); len(faults) != 1 || faults[0].Path != "total/b/b1" || faults[0].Code != survey.FaultItemUnasked {
		t.Errorf("q4 is not asked: %v", faults)
	}
}

// Every fault is found, at its place, and its sentence says what to do.
func TestFaultsOfFrameworks(t *testing.T) {
	t.Parallel()
	found := map[survey.FaultCode]bool{survey.FaultItemUnasked: true, survey.FaultAttainable: true} // found elsewhere
	for _, c := range []struct {
		old, now string
		code     survey.FaultCode
		path     string
	}{
		{`"id": "own-2026"`, `"id": "Own 2026"`, survey.FaultID, ""},
		{`"version": 1, "title"`, `"version": 0, "title"`, survey.FaultID, ""},
		{`"measure": "points"`, `"measure": "stars"`, survey.FaultMeasure, ""},
		{`"subject": "unit"`, `"subject": "town"`, survey.FaultSubject, ""},
		{`"decimals": 2`, `"decimals": 12`, survey.FaultDecimals, ""},
		{`"min_answers": 15`, `"min_answers": -1`, survey.FaultNumber, ""},
		{`"to": "2026-12-31"`, `"to": "2025-12-31"`, survey.FaultDays, ""},
		{`"from": "2026-01-01"`, `"from": "2026-02-30"`, survey.FaultDays, ""},
		{`"years": {"from": 2026, "to": 2027}`, `"years": {"from": 2028, "to": 2027}`, survey.FaultYears, ""},
		{`"years": {"from": 2026, "to": 2026}`, `"years": {"from": 2026, "to": 2020}`, survey.FaultYears, "v"},
		{`"code": "a1"`, `"code": ""`, survey.FaultNoCode, "total/a/"},
		{`"code": "a2"`, `"code": "a1"`, survey.FaultTwice, "total/a/a1"},
		{`"code": "w"`, `"code": "a"`, survey.FaultTwice, "a"},
		{`"nominal": {"min": 0, "max": 20}`, `"nominal": {"min": 20, "max": 0}`, survey.FaultBounds, "total"},
		{`"bounds": {"min": 1, "max": 5}, "direction": "up"`, `"bounds": {"min": 5, "max": 5}, "direction": "up"`, survey.FaultBounds, "total/a/a2"},
		{`"answers": {"min": 1, "max": 5}`, `"answers": {"min": 5, "max": 1}`, survey.FaultBounds, "total/a/a1"},
		{`"unscored": true, "value": {"kind": "median", "item": "q3", "bounds": {"min": 0, "max": 60}, "direction": "down"}`, `"unscored": true`, survey.FaultShape, "total/a/a3"},
		{`"combine": "sum"`, `"combine": "product"`, survey.FaultCombine, "total"},
		{`"missing": "drop"`, `"missing": "ignore"`, survey.FaultMissing, "total"},
		{`"coefficient": 2, "value"`, `"coefficient": -2, "unscored": false, "value"`, survey.FaultWeightSum, "total/a"},
		{`"coefficient": 2, "value"`, `"value"`, survey.FaultWeight, "total/a/a1"},
		{`"kind": "indicator", "label": {"vi": "C"}`, `"kind": "indicator", "coefficient": 2, "label": {"vi": "C"}`, survey.FaultWeightUnread, "total/c"},
		{`"weights_sum": 5`, `"weights_sum": 1`, survey.FaultWeightSum, "total/a"},
		{`"label": {"vi": "B1"}, "coefficient": 1`, `"label": {"vi": "B1"}, "coefficient": -1`, survey.FaultMeanNegative, "total/b/b1"},
		{`"label": {"vi": "B1"}, "coefficient": 1`, `"label": {"vi": "B1"}, "coefficient": -1`, survey.FaultRescale, "total/b"},
		{`"combine": "mean", "missing": "rescale"`, `"combine": "mean", "intercept": 1, "missing": "rescale"`, survey.FaultIntercept, "total/b"},
		{`"round": 1`, `"round": 10`, survey.FaultRound, "total/a"},
		{`"rounding": "half_even"`, `"rounding": "up"`, survey.FaultRounding, "total/a"},
		{`"round": 1, "rounding"`, `"rounding"`, survey.FaultRounding, "total/a"},
		{`"kind": "share"`, `"kind": "guess"`, survey.FaultValueKind, "total/a/a1"},
		{`"item": "q1", `, ``, survey.FaultItem, "total/a/a1"},
		{`"items": ["q4", "q5"]`, `"items": []`, survey.FaultItem, "total/b/b1"},
		{`"kind": "median", "item": "q3"`, `"kind": "median", "item": "q3", "items": ["q4"]`, survey.FaultItemUnread, "total/a/a3"},
		{`"codes": [4, 5], `, ``, survey.FaultAnswers, "total/a/a1"},
		{`, "bounds": {"min": 1, "max": 5}, "direction": "up"`, ``, survey.FaultBoundsMissing, "total/a/a2"},
		{`"direction": "down"`, `"direction": "left"`, survey.FaultDirection, "total/a/a3"},
		{`, "direction": "down"`, ``, survey.FaultDirection, "total/a/a3"},
		{`"unanswered": "not_met", `, ``, survey.FaultUnanswered, "total/b/b1"},
		{`"range": {"min": 0, "max": 100}`, `"range": {"min": 0, "max": 50}`, survey.FaultRange, "total/b/b2"},
		{`"over": [{"column": "all", "coefficient": 1}]`, `"over": []`, survey.FaultRate, "total/b/b2"},
		{`"op": "<", "than"`, `"op": "~", "than"`, survey.FaultRule, "total/c"},
		{`"than": "limit"`, `"than": "limit", "number": 3`, survey.FaultRule, "total/c"},
		{`"op": "=", "words"`, `"op": "<", "words"`, survey.FaultRule, "total/c"},
		{`"when": [{"column": "used", "op": "<=", "number": 30}]`, `"when": []`, survey.FaultRuleLast, "total/c"},
		{`{"value": 2, "when"`, `{"value": 3, "when"`, survey.FaultRuleValue, "total/c"},
		{`"facts": {"used"`, `"facts": {"unused"`, survey.FaultFact, ""},
		{`"facts": {"used": {"min": 0, "max": 365}}`, `"facts": {"used": {"min": 9, "max": 3}}`, survey.FaultBounds, ""},
		{`"factor": 0.1`, `"factor": 0`, survey.FaultLink, "total/c"},
		{`{"node": "v", "coefficient": 1}`, `{"node": "z", "coefficient": 1}`, survey.FaultNodeUnknown, "w"},
		{`"breaks": [{"node": "a"`, `"breaks": [{"node": "z"`, survey.FaultNodeUnknown, ""},
		{`[{"node": "a", "coefficient": 1}, {"node": "b", "coefficient": 1}]`, `[{"node": "w", "coefficient": 1}]`, survey.FaultCycle, "v"},
		{`"year": 2027`, `"year": 2030`, survey.FaultBreakYear, ""},
		{`"from": 10`, `"from": 0`, survey.FaultGradeOrder, ""},
	} {
		doc := strings.Replace(wholeFramework, c.old, c.now, 1)
		if doc == wholeFramework {
			t.Fatalf("the document has no %s", c.old)
		}
		_, err := survey.ParseFramework([]byte(doc))
		var faults survey.Faults
		if !survey.IsCode(err, survey.CodeDocumentInvalid) || !errors.As(err, &faults) {
			t.Errorf("%s in the place of %s: %v", c.now, c.old, err)
			continue
		}
		at := slices.IndexFunc(faults, func(f survey.Fault) bool { return f.Code == c.code && f.Path == c.path })
		if at < 0 {
			t.Errorf("%s in the place of %s: want %s at %q, got %v", c.now, c.old, c.code, c.path, faults)
			continue
		}
		found[c.code] = true
		if s := faults[at].String(); strings.Contains(s, "{") || strings.HasSuffix(s, ": ") {
			t.Errorf("the sentence is not whole: %s", s)
		}
	}
	for _, code := range survey.FaultCodes() {
		if !found[code] {
			t.Errorf("nothing shows that %s is found", code)
		}
	}
}

// What is no document of a framework is refused with the line where it goes wrong.
func TestTextThatIsNoFramework(t *testing.T) {
	t.Parallel()
	for doc, want := range map[string]string{
		"":                                       "line 1: the document ends",
		"{\n\"id\": \"x\",\n":                    "line 3",
		"{\n\"id\": \"x\",\n\"version\": \"1\"}": "line 3, version",
		"{\"id\": \"x\", \"colour\": 1}":         "colour",
		"{\"id\": \"x\",\n \"id\": \"y\"}":       "line 2: the key \"id\" stands twice",
		"[1, 2]":                                 "array",
		wholeFramework + "{}":                    "text after",
		strings.Replace(wholeFramework, `"code": "a1", "kind"`, `"code": "a1", "code": "a7", "kind"`, 1): `the key "code" stands twice`,
	} {
		_, err := survey.ParseFramework([]byte(doc))
		if !survey.IsCode(err, survey.CodeDocumentInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.30q: %v, want %q in it", doc, err, want)
		}
	}
}

func FuzzParseFramework(f *testing.F) {
	f.Add([]byte(wholeFramework))
	f.Add([]byte(`{"id":"x","version":1,"measure":"percent","root":{"code":"a","kind":"index","label":{},"value":{"kind":"given"}}}`))
	f.Add([]byte(`{"derived":[{"code":"a","terms":[{"node":"a"}]}]}`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		fw, err := survey.ParseFramework(doc)
		if err != nil {
			if !survey.IsCode(err, survey.CodeDocumentInvalid) {
				t.Fatalf("%v", err)
			}
			return
		}
		again, err := json.Marshal(fw)
		if err != nil {
			t.Fatalf("a parsed framework cannot be written: %v", err)
		}
		if _, err := survey.ParseFramework(again); err != nil {
			t.Fatalf("a written framework cannot be read: %v", err)
		}
	})
}

func TestParseNumber(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]float64{
		"0.5": 0.5, "0,5": 0.5, " 12 ": 12, "\u00a07,25": 7.25, "-3": -3, "−3,5": -3.5, "1e-3": 0.001, "1,234": 1.234, "+2": 2, ".5": 0.5,
	} {
		if got, ok := survey.ParseNumber(text); !ok || got != want {
			t.Errorf("%q is %v, %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "abc", "1.234,5", "1,234.5", "1,2,3", "NaN", "Inf", "0x10", "1_000", "12 %", "e", "-", "1e999", "٣"} {
		if got, ok := survey.ParseNumber(text); ok {
			t.Errorf("%q is the number %v", text, got)
		}
	}
}

func FuzzParseNumber(f *testing.F) {
	for _, s := range []string{"0,5", "1e3", "−4", "1.2.3", "٣"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		x, ok := survey.ParseNumber(text)
		if ok && (math.IsNaN(x) || math.IsInf(x, 0)) {
			t.Fatalf("%q is %v", text, x)
		}
		if comma, also := survey.ParseNumber(strings.Replace(text, ".", ",", 1)); ok && !strings.Contains(text, ",") && (!also || comma != x) {
			t.Fatalf("%q is %v with a point and %v with a comma", text, x, comma)
		}
	})
}

// The rules of the evaluation at its boundaries: what is included, and that a blank gives nothing.
func TestJudge(t *testing.T) {
	t.Parallel()
	number := func(x float64) *float64 { return &x }
	v := survey.LeafValue{Rules: []survey.Rule{
		{Value: 2, When: []survey.Condition{{Column: "rate", Op: ">=", Number: number(30)}, {Column: "overdue", Op: "=", Number: number(0)}}},
		{Value: 1, When: []survey.Condition{{Column: "rate", Op: ">=", Number: number(15)}, {Column: "overdue", Op: "=", Number: number(0)}}},
		{Value: 0, When: []survey.Condition{{Column: "online", Op: "=", Words: []string{"yes", "có"}}}},
	}}
	for _, c := range []struct {
		rate, overdue, online string
		want                  float64
		missing               string
		fault                 bool
	}{
		{rate: "30", overdue: "0", want: 2},
		{rate: "29,999", overdue: "0", want: 1},
		{rate: "15", overdue: "0", want: 1},
		{rate: "14.99", overdue: "0", online: "CÓ", want: 0},
		{rate: "50", overdue: "1", online: "yes", want: 0},
		{rate: "50", overdue: "", missing: "overdue"},
		{rate: "", overdue: "0", missing: "rate"},
		{rate: "", overdue: "3", online: "yes", want: 0}, // overdue alone decides that neither of the first two holds
		{rate: "10", overdue: "0", missing: "online"},
		{rate: "10", overdue: "0", online: "no", fault: true},
		{rate: "many", overdue: "0", fault: true},
	} {
		cells := map[string]string{"rate": c.rate, "overdue": c.overdue, "online": c.online}
		got, missing, err := v.Judge(func(column string) string { return cells[column] })
		if (err != nil) != c.fault || missing != c.missing || err == nil && missing == "" && got != c.want {
			t.Errorf("%+v: %v, missing %q, %v", c, got, missing, err)
		}
	}
	// Filling a blank never changes a score that stood without it.
	rapid.Check(t, func(t *rapid.T) {
		cell := func(name string, filled ...string) string {
			return rapid.SampledFrom(append(filled, "")).Draw(t, name)
		}
		cells := map[string]string{"rate": cell("rate", "10", "15", "30"), "overdue": cell("overdue", "0", "1"), "online": cell("online", "yes", "no")}
		before, missing, err := v.Judge(func(c string) string { return cells[c] })
		if err != nil || missing != "" {
			return
		}
		for name, text := range cells {
			if text == "" {
				cells[name] = map[string]string{"rate": "30", "overdue": "0", "online": "yes"}[name]
			}
		}
		if after, _, err := v.Judge(func(c string) string { return cells[c] }); err != nil || after != before {
			t.Fatalf("%v made %v of %v", cells, after, before)
		}
	})
}

func TestValidity(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		v    *survey.Validity
		day  survey.Day
		want bool
	}{
		{nil, "2026-01-01", true},
		{&survey.Validity{From: "2019-01-06"}, "2019-01-06", true},
		{&survey.Validity{From: "2019-01-06"}, "2019-01-05", false},
		{&survey.Validity{From: "2019-01-06", To: "2025-06-30"}, "2025-06-30", true},
		{&survey.Validity{From: "2019-01-06", To: "2025-06-30"}, "2025-07-01", false},
	} {
		if got := c.v.Holds(c.day); got != c.want {
			t.Errorf("%+v on %s: %v", c.v, c.day, got)
		}
	}
}

// A node breaks with anything below it; a circle of frameworks that follow each other ends.
func TestBreaksOfOwnFrameworks(t *testing.T) {
	t.Parallel()
	make := func(id string, from, to int, follows string, parts ...string) *survey.Framework {
		f := &survey.Framework{ID: id, Version: 1, Years: &survey.Years{From: from, To: to}, Root: survey.Node{Code: "index", Kind: survey.NodeIndex}}
		if follows != "" {
			f.Follows = &survey.FrameworkRef{ID: follows, Version: 1}
		}
		for _, p := range parts {
			f.Root.Children = append(f.Root.Children, survey.Node{Code: p, Kind: survey.NodeElement})
		}
		return f
	}
	all := map[string]*survey.Framework{
		"old": make("old", 2020, 2021, "new", "a", "b"), "new": make("new", 2022, 2024, "old", "a", "c"),
	}
	all["new"].Breaks = []survey.Break{{Node: "a", Year: 2023, Reason: survey.Text{survey.English: "asked in other words"}}}
	find := survey.Frameworks(func(r survey.FrameworkRef) (*survey.Framework, bool) { f, ok := all[r.ID]; return f, ok })
	for _, c := range []struct {
		node     string
		from, to int
		want     string
	}{
		{"a", 2020, 2022, ""}, {"a", 2022, 2023, "other words"}, {"a", 2020, 2024, "other words"}, {"a", 2023, 2024, ""},
		{"b", 2021, 2022, "dropped"}, {"c", 2021, 2022, "added"}, {"c", 2022, 2024, ""}, {"index", 2021, 2022, "b, c"},
		{"index", 2022, 2023, "a changed"}, {"index", 2023, 2024, ""}, {"d", 2023, 2024, "no d"}, {"a", 2019, 2020, "2019"},
	} {
		b, broken := find.BreakBetween(all["new"], c.node, c.from, c.to)
		if broken != (c.want != "") || !strings.Contains(b.Reason[survey.English], c.want) {
			t.Errorf("%s from %d to %d: %v %v", c.node, c.from, c.to, broken, b)
		}
	}
}

func ExampleFaults() {
	_, err := survey.ParseFramework([]byte(`{"id": "own", "version": 1, "title": {}, "source": "", "measure": "points",
	  "root": {"code": "total", "kind": "index", "label": {}, "combine": "linear", "missing": "fail", "children": [
	    {"code": "a", "kind": "indicator", "label": {}, "value": {"kind": "share", "item": "q1", "codes": [5]}}]}}`))
	var faults survey.Faults
	errors.As(err, &faults)
	for _, f := range faults {
		fmt.Println(f)
	}
	// Output: total/a, coefficient: the parent weighs its children and this one has no coefficient; give it one, or say "unscored": true
}
