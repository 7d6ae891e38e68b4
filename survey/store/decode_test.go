package store

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"
)

// What is read by hand is what package json reads, whatever the text; and it refuses what json refuses.
func FuzzDecodeRows(f *testing.F) {
	for _, text := range []string{
		`["m1","m2"]`, `[]`, `null`, `["a\"b"]`, `[ "m1" ]`, `["m1",]`, `["m1"`, `{"overall":5,"s24":-1}`, `{}`, `{"a":1,"a":2}`, `{"a": 7}`,
		`{"a":1.5}`, `{"a":1,}`, `{"\u0061":1}`, `{"a":+1}`, `{"a":01}`, `{"a":-0}`, `{"a":null}`, `{"a":1}x`, `{"é":2}`, `{"":3}`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var modules, wantModules []string
		err, wantErr := decodeModules(text, &modules), json.Unmarshal([]byte(text), &wantModules)
		if (err == nil) != (wantErr == nil) || err == nil && !slices.Equal(modules, wantModules) {
			t.Errorf("%q: modules %q, %v; json says %q, %v", text, modules, err, wantModules, wantErr)
		}
		answers, wantAnswers := map[string]int{}, map[string]int{}
		err, wantErr = decodeAnswers(text, &answers), json.Unmarshal([]byte(text), &wantAnswers)
		if (err == nil) != (wantErr == nil) || err == nil && !maps.Equal(answers, wantAnswers) {
			t.Errorf("%q: answers %v, %v; json says %v, %v", text, answers, err, wantAnswers, wantErr)
		}
	})
}
