package web

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What kiosks write, by JSON.stringify: a sealed answer and its envelope.
const (
	writtenAnswer = `{"id":"00112233445566778899aabbccddeeff","token":"","wave":"2026-q3","instrument":"kiosk-2026/1","revision":3,` +
		`"disposition":"timed_out","language":"vi","answers":{"overall":5,"s24":-8},"comment":"Cảm ơn các anh chị","at":1790000000000,"took":17}`
	writtenEnvelope = `{"queue":"00112233445566778899aabbccddeeff","seq":12,"sent":1790000000000,"key":"0123456789abcdef","sealed":"AAECAwQFBgc"}`
)

// FuzzReadPlain holds the reader of plain JSON against package json: what it reads, that reads too, and the same.
func FuzzReadPlain(f *testing.F) {
	for _, text := range []string{
		writtenAnswer, writtenAnswer + "     ", writtenEnvelope, `{}`, `{"answers":{}}`, `{"seq":-0}`, `{"seq":01}`, `{"seq":1e3}`, `{"seq":1 }`,
		`{"queue":"a\"b"}`, "{\"queue\":\"\xff\"}", `{"seq":1,"seq":2}`, `{"seq":12345678901234567890}`, `{"answers":{"a":1,"a":2}}`,
		`{"answers":null}`, `{"SEQ":1}`, `{"seq":1}x`, ` {"seq":1}`, `{"seq":1,}`, `{,}`, `{"seq"}`, `{"seq":`, `{"took":-1}`, "{\"comment\":\"a\nb\"}",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var envelope, wantEnvelope KioskEnvelope
		if envelope.readPlain(text) {
			if err := json.Unmarshal([]byte(text), &wantEnvelope); err != nil {
				t.Fatalf("%q is no JSON: %v", text, err)
			}
		}
		if diff := cmp.Diff(wantEnvelope, envelope); diff != "" {
			t.Fatalf("envelope %q: %s", text, diff)
		}
		var answer, wantAnswer KioskAnswer
		if answer.readPlain(text) {
			if err := json.Unmarshal([]byte(text), &wantAnswer); err != nil {
				t.Fatalf("%q is no JSON: %v", text, err)
			}
		}
		if diff := cmp.Diff(wantAnswer, answer); diff != "" {
			t.Fatalf("answer %q: %s", text, diff)
		}
	})
}

// TestKiosksWritePlainJSON says that what kiosks write need not go through package json, unless a remark has an escape.
func TestKiosksWritePlainJSON(t *testing.T) {
	if !new(KioskEnvelope).readPlain(writtenEnvelope) {
		t.Error("an envelope is read the long way")
	}
	for text, want := range map[string]bool{
		writtenAnswer + strings.Repeat(" ", 100):                 true,
		strings.Replace(writtenAnswer, "Cảm ơn", `Cảm\nơn`, 1):   false,
		strings.Replace(writtenAnswer, `"took":17`, `"x":17`, 1): false,
	} {
		a := new(KioskAnswer)
		if got := a.readPlain(text); got != want {
			t.Errorf("plain %v, want %v: %s", got, want, text)
		}
		if err := decodeObject([]byte(text), a); err != nil || a.Revision != 3 || a.Answers["s24"] != -8 || !strings.HasPrefix(a.Comment, "Cảm") {
			t.Errorf("%s is read as %+v, %v", text, a, err)
		}
	}
}

// BenchmarkReadAnswer reads an envelope and an answer, beside package json.
func BenchmarkReadAnswer(b *testing.B) {
	envelope := []byte(strings.Replace(writtenEnvelope, "AAECAwQFBgc", strings.Repeat("A", 820), 1))
	answer := []byte(writtenAnswer + strings.Repeat(" ", 200))
	b.Run("plain", func(b *testing.B) {
		for b.Loop() {
			if decodeObject(envelope, new(KioskEnvelope)) != nil || decodeObject(answer, new(KioskAnswer)) != nil {
				b.Fatal("not read")
			}
		}
	})
	b.Run("package json", func(b *testing.B) {
		for b.Loop() {
			if json.Unmarshal(envelope, new(KioskEnvelope)) != nil || json.Unmarshal(answer, new(KioskAnswer)) != nil {
				b.Fatal("not read")
			}
		}
	})
}
