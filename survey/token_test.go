package survey_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"sipas/survey"
)

func TestTokenSurvivesHowPeopleTypeIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b [16]byte
		copy(b[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "bytes"))
		token := survey.TokenFromBytes(b)
		if len(token) != 26 {
			t.Fatalf("token %q has %d letters, want 26", token, len(token))
		}
		typed := strings.ToUpper(string(token))
		typed = strings.NewReplacer("0", "O", "1", "l").Replace(typed)
		for _, form := range []string{
			string(token), typed, "https://example.vn/s/" + string(token),
			"  " + typed[:5] + "-" + typed[5:13] + " " + typed[13:] + "\n",
		} {
			if got, ok := survey.ParseToken(form); !ok || got != token {
				t.Fatalf("ParseToken(%q) = %q, %v; want %q", form, got, ok, token)
			}
		}
	})
}

// Two spellings of one token must not be two answers: 26 letters hold 130 bits, two of them idle.
func TestTokenHasOneSpelling(t *testing.T) {
	token := survey.TokenFromBytes([16]byte{1, 2, 3})
	last := token[:25]
	same := 0
	for _, c := range "0123456789abcdefghjkmnpqrstvwxyz" {
		if got, ok := survey.ParseToken(string(last) + string(c)); ok && got == token {
			same++
		}
	}
	if same < 1 || same > 4 {
		t.Fatalf("%d spellings lead to the token", same)
	}
	for _, bad := range []string{"", "abc", strings.Repeat("u", 26), string(token) + "0", "/s/"} {
		if got, ok := survey.ParseToken(bad); ok {
			t.Errorf("ParseToken(%q) = %q, want a refusal", bad, got)
		}
	}
}

func TestWaveKeySeparatesPurposesTokensAndWaves(t *testing.T) {
	a, b := survey.NewWaveKey(), survey.NewWaveKey()
	token, other := survey.NewToken(), survey.NewToken()
	if first := a.ResponseID(token); first != a.ResponseID(token) {
		t.Error("the same token must always lead to the same response")
	}
	if a.ResponseID(token) == a.ResponseID(other) || a.ResponseID(token) == b.ResponseID(token) {
		t.Error("other tokens and other waves must lead elsewhere")
	}
	if strings.Contains(string(token.Hash()), string(a.ResponseID(token))) {
		t.Error("the id must not be a part of the token's plain hash")
	}
	if u := a.ModuleDraw(token); u < 0 || u >= 1 || u != a.ModuleDraw(token) {
		t.Errorf("module draw %v is not a stable number in [0, 1)", u)
	}
	for _, s := range []string{fmt.Sprint(a), fmt.Sprintf("%v %+v %#v %s", a, a, a, a)} {
		if strings.Contains(s, fmt.Sprint(a[0])+" "+fmt.Sprint(a[1])) {
			t.Errorf("the key shows itself: %s", s)
		}
	}
}

func TestContentHashIsKeyedAndIgnoresWhatIsNotContent(t *testing.T) {
	key := survey.NewWaveKey()
	r := survey.Response{
		ID: "a", Class: "1.1", Revision: 2, Language: survey.Vietnamese, Disposition: survey.Complete,
		Answers: map[string]int{"overall": 5, "s24": 4},
	}
	want := key.ContentHash(&r, "tốt")
	same := r
	same.ID, same.Class, same.Unit, same.Month, same.Revision, same.Suspect = "b", "1.2", "u", "2026-07", 9, true
	if key.ContentHash(&same, "tốt") != want {
		t.Error("id, stratum, revision and suspicion are not content")
	}
	changed := r
	changed.Answers = map[string]int{"overall": 4, "s24": 4}
	if key.ContentHash(&changed, "tốt") == want || key.ContentHash(&r, "xấu") == want {
		t.Error("answers and comment are content")
	}
	if survey.NewWaveKey().ContentHash(&r, "tốt") == want {
		t.Error("without the key the hash must not be reproducible")
	}
}

// FuzzAppendAnswers holds what is written of answers, and so the content hashes that are stored, against package json.
func FuzzAppendAnswers(f *testing.F) {
	f.Add("overall", 5, "s24", -8)
	f.Add("b", 1, "a", 2)
	f.Add("<&>", 1, "\"\\", 0)
	f.Add("Cảm ơn", 1, "\xff\u2028\x00", 9)
	f.Fuzz(func(t *testing.T, a string, x int, b string, y int) {
		for _, answers := range []map[string]int{nil, {}, {a: x}, {a: x, b: y}} {
			want, err := json.Marshal(answers)
			if got := survey.AppendAnswers(nil, answers); err != nil || string(got) != string(want) {
				t.Fatalf("%s, want %s, %v", got, want, err)
			}
		}
		for _, modules := range [][]string{nil, {}, {a}, {a, b}} {
			want, err := json.Marshal(modules)
			if got := survey.AppendModules(nil, modules); err != nil || string(got) != string(want) {
				t.Fatalf("%s, want %s, %v", got, want, err)
			}
		}
	})
}

// TestContentHashStays holds the digest of an answer: those that are stored must be found again by every later version.
func TestContentHashStays(t *testing.T) {
	r := &survey.Response{
		Instrument: survey.InstrumentRef{ID: "kiosk-2026", Version: 1}, Modules: []string{"m1"}, Disposition: survey.Complete, Language: survey.Vietnamese,
		Answers: map[string]int{"s24": 4, "overall": 5},
	}
	content, err := json.Marshal(struct {
		Instrument  survey.InstrumentRef
		Modules     []string
		Disposition survey.Disposition
		Language    survey.Lang
		Answers     map[string]int
		Comment     string
	}{r.Instrument, r.Modules, r.Disposition, r.Language, r.Answers, "a < b & \"c\" ơ"})
	if err != nil {
		t.Fatal(err)
	}
	k := survey.WaveKey{1, 2, 3}
	m := hmac.New(sha256.New, k[:])
	m.Write(append([]byte("content\x00"), content...))
	if got, want := k.ContentHash(r, "a < b & \"c\" ơ"), hex.EncodeToString(m.Sum(nil)); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestModuleDrawIsUniform(t *testing.T) {
	key := survey.NewWaveKey()
	const n = 20000
	var counts [10]int
	for range n {
		counts[int(10*key.ModuleDraw(survey.NewToken()))]++
		counts[int(10*survey.ModuleDrawOf(survey.NewResponseID()))]++
	}
	for i, c := range counts {
		// Five standard deviations of a binomial with 2n trials and chance 0.1.
		if mean, sd := 2*n*0.1, 60.0; float64(c) < mean-5*sd || float64(c) > mean+5*sd {
			t.Errorf("tenth %d holds %d of %d", i, c, 2*n)
		}
	}
}
