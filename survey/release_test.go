package survey_test

import (
	"fmt"
	"strings"
	"testing"

	"sipas/survey"
)

// The form is that of RFC 8785: sorted keys, no blanks, letters as they are. Numbers stay as encoding/json wrote them.
func ExamplePublicJSON() {
	doc := []byte(`{"wave": "q3", "literals": [null, true, false], "weighting": {"strata": [{"respondents": 1}], "invited": 20},
		"numbers": [333333333.3333333, 1e+30, 4.5, 0.002, 1e-27], "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/<\u2028é"}`)
	out, err := survey.PublicJSON(doc)
	fmt.Println(strings.ReplaceAll(string(out), "\u2028", "[line separator]"), err)
	// Output:
	// {"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/<[line separator]é","wave":"q3","weighting":{"invited":20}} <nil>
}

func TestContentHashLeavesOutWhatDiffersBetweenMakings(t *testing.T) {
	hash := func(doc string) string {
		t.Helper()
		sum, err := survey.ContentHash([]byte(doc))
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	first := hash(`{"id":"a","made_at":"2026-10-01T00:00:00Z","number":1,"wave":"q3","figures":[{"estimate":81.25}],"weighting":{"strata":[1]}}`)
	second := hash(`{"weighting": {}, "figures": [{"estimate": 81.25}], "wave": "q3", "number": 2, "supersedes": 1, "reason": "x", "content_hash": "y", "id": "b"}`)
	if first != second {
		t.Errorf("%s and %s", first, second)
	}
	if hash(`{"wave":"q3","figures":[{"estimate":81.26}],"weighting":{}}`) == first || hash(`{"wave":"q3","figures":[{"estimate":81.25,"id":"a"}],"weighting":{}}`) == first {
		t.Error("another figure has the same hash")
	}
	for _, bad := range []string{"", "[]", "{} {}", "{"} {
		if _, err := survey.ContentHash([]byte(bad)); err == nil {
			t.Errorf("%q has a hash", bad)
		}
	}
	for reason, ok := range map[string]bool{"": false, "   \n ": false, "too short": false, "ten letters": true, strings.Repeat("ê", survey.MaxReason): true, strings.Repeat("ê", survey.MaxReason+1): false} {
		if _, err := survey.ParseReason(reason); (err == nil) != ok {
			t.Errorf("reason of %d bytes: %v", len(reason), err)
		}
	}
}
