package survey_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"sipas/survey"

	"pgregory.net/rapid"
)

const instrumentDoc = `{
 "id":"k","version":1,"mode":"kiosk","wording":"unapproved",
 "title":{"vi":"Khảo sát"},"intro":{"vi":"Giới thiệu"},
 "scales":[{"id":"s5","faces":true,"levels":[
   {"code":5,"label":{"vi":"Rất hài lòng"}},{"code":4,"label":{"vi":"Hài lòng"}},{"code":3,"label":{"vi":"Bình thường"}},
   {"code":2,"label":{"vi":"Không hài lòng"}},{"code":1,"label":{"vi":"Rất không hài lòng"}}],
   "missing":[{"code":-1,"label":{"vi":"Không có ý kiến"}}]}],
 "core":["overall"],"draw":1,
 "modules":[{"code":"a","title":{"vi":"A"},"chance":0.25,"items":["a1"]},{"code":"b","title":{"vi":"B"},"chance":0.75,"items":["b1","b2"]}],
 "items":[{"code":"overall","scale":"s5","required":true,"text":{"vi":"Chung"},"short":{"vi":"Chung"}},
  {"code":"a1","scale":"s5","text":{"vi":"A1"},"short":{}},{"code":"b1","scale":"s5","text":{"vi":"B1"},"short":{}},
  {"code":"b2","scale":"s5","text":{"vi":"B2"},"short":{}}],
 "comment":{"text":{"vi":"Góp ý"},"max":10}}`

func instrument(t *testing.T) *survey.Instrument {
	t.Helper()
	in, err := survey.ParseInstrument([]byte(instrumentDoc))
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func TestInstrumentRefusesWhatIsNotWhole(t *testing.T) {
	for name, change := range map[string][2]string{
		"misspelt key":             {`"wording"`, `"wordng"`},
		"chances do not sum to 1":  {`"chance":0.75`, `"chance":0.7`},
		"item in two modules":      {`"items":["a1"]`, `"items":["a1","b1"]`},
		"item in no module":        {`"items":["b1","b2"]`, `"items":["b1"]`},
		"unknown scale":            {`"a1","scale":"s5"`, `"a1","scale":"s6"`},
		"code twice":               {`{"code":4,`, `{"code":5,`},
		"negative answer":          {`{"code":1,`, `{"code":-4,`},
		"no Vietnamese text":       {`"text":{"vi":"A1"}`, `"text":{"en":"A1"}`},
		"nothing required":         {`"required":true,`, ``},
		"mode":                     {`"mode":"kiosk"`, `"mode":"fax"`},
		"module named core":        {`"code":"a","title"`, `"code":"core","title"`},
		"comment without a length": {`"max":10`, `"max":0`},
		"text behind the document": {`"max":10}}`, `"max":10}} x`},
	} {
		doc := strings.Replace(instrumentDoc, change[0], change[1], 1)
		if doc == instrumentDoc {
			t.Fatalf("%s: the change did not apply", name)
		}
		if _, err := survey.ParseInstrument([]byte(doc)); !survey.IsCode(err, survey.CodeDocumentInvalid) {
			t.Errorf("%s: got %v, want %s", name, err, survey.CodeDocumentInvalid)
		}
	}
}

func TestDrawModulesFollowsTheChances(t *testing.T) {
	in := instrument(t)
	for u, want := range map[float64]string{0: "a", 0.2499: "a", 0.25: "b", 0.999999: "b"} {
		if got := in.DrawModules(u); len(got) != 1 || got[0] != want {
			t.Errorf("DrawModules(%v) = %v, want %s", u, got, want)
		}
	}
}

func TestCheckSubmission(t *testing.T) {
	in := instrument(t)
	drawn := []string{"b"}
	base := func() survey.Submission {
		return survey.Submission{Revision: 1, Disposition: survey.Complete, Language: survey.Vietnamese,
			Answers: map[string]int{"overall": 5, "b1": -1, "b2": survey.AnswerRefused}}
	}
	if s, err := survey.CheckSubmission(in, drawn, base()); err != nil || s.Answers["b1"] != -1 {
		t.Fatalf("a good submission: %v", err)
	}
	for name, c := range map[string]struct {
		change func(*survey.Submission)
		want   survey.Code
	}{
		"required open":       {func(s *survey.Submission) { delete(s.Answers, "overall") }, survey.CodeAnswerRequired},
		"required without it": {func(s *survey.Submission) { s.Answers["overall"] = -1 }, survey.CodeAnswerRequired},
		"code not offered":    {func(s *survey.Submission) { s.Answers["b1"] = 6 }, survey.CodeAnswerInvalid},
		"missing not offered": {func(s *survey.Submission) { s.Answers["b1"] = -2 }, survey.CodeAnswerInvalid},
		"module not drawn":    {func(s *survey.Submission) { s.Answers["a1"] = 5 }, survey.CodeItemNotAsked},
		"unknown item":        {func(s *survey.Submission) { s.Answers["zz"] = 5 }, survey.CodeItemUnknown},
		"revision":            {func(s *survey.Submission) { s.Revision = 0 }, survey.CodeBadRequest},
		"disposition":         {func(s *survey.Submission) { s.Disposition = "done" }, survey.CodeBadRequest},
		"language":            {func(s *survey.Submission) { s.Language = "fr" }, survey.CodeBadRequest},
		"comment too long":    {func(s *survey.Submission) { s.Comment = "mười một chữ" }, survey.CodeCommentTooLong},
	} {
		s := base()
		c.change(&s)
		if _, err := survey.CheckSubmission(in, drawn, s); survey.CodeOf(err) != c.want {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
	timedOut := survey.Submission{Revision: 1, Disposition: survey.TimedOut, Language: survey.English}
	if _, err := survey.CheckSubmission(in, drawn, timedOut); err != nil {
		t.Errorf("a timed-out answer may leave everything open: %v", err)
	}
	both := base()
	delete(both.Answers, "overall")
	both.Answers["b2"] = 9
	_, err := survey.CheckSubmission(in, drawn, both)
	var faults survey.FieldErrors
	if !errors.As(err, &faults) || len(faults) != 2 || faults[0].Item != "overall" || faults[1].Item != "b2" {
		t.Errorf("every fault is reported, in the order of the page: %v", err)
	}
	// The same letter written in two ways is the same comment, counted in letters and not in bytes.
	decomposed := base()
	decomposed.Comment = " to\u0302\u0301t \r\n"
	s, err := survey.CheckSubmission(in, drawn, decomposed)
	if err != nil || s.Comment != "tốt" {
		t.Errorf("comment %q, %v; want %q in NFC", s.Comment, err, "tốt")
	}
}

func TestResolve(t *testing.T) {
	draft := &survey.Response{Revision: 2, ContentHash: "x", Disposition: survey.Partial, Sitting: "s"}
	done := &survey.Response{Revision: 2, ContentHash: "x", Disposition: survey.Complete}
	const partial, complete = survey.Partial, survey.Complete
	for name, c := range map[string]struct {
		stored   *survey.Response
		revision int
		hash     string
		as       survey.Disposition
		sitting  string
		want     survey.Outcome
		code     survey.Code
	}{
		"new":                             {nil, 1, "y", partial, "s", survey.Stored, ""},
		"draft again":                     {draft, 2, "x", partial, "s", survey.Repeated, ""},
		"draft, higher":                   {draft, 3, "y", partial, "s", survey.Replaced, ""},
		"draft, higher, same":             {draft, 3, "x", partial, "s", survey.Replaced, ""},
		"draft, lower":                    {draft, 1, "y", partial, "s", survey.Ignored, ""},
		"draft, lower, same":              {draft, 1, "x", partial, "s", survey.Repeated, ""},
		"draft, other content":            {draft, 2, "y", partial, "s", "", survey.CodeResponseConflict},
		"another sitting, lower":          {draft, 1, "y", partial, "t", survey.Replaced, ""},
		"another sitting, same revision":  {draft, 2, "y", partial, "t", survey.Replaced, ""},
		"another sitting, same content":   {draft, 9, "x", partial, "t", survey.Repeated, ""},
		"draft, then complete":            {draft, 3, "y", complete, "", survey.Replaced, ""},
		"draft, then complete, lower":     {draft, 1, "y", complete, "", survey.Replaced, ""},
		"complete again":                  {done, 2, "x", complete, "", survey.Repeated, ""},
		"complete, higher, same":          {done, 3, "x", complete, "", survey.Repeated, ""},
		"complete, lower, same":           {done, 1, "x", complete, "", survey.Repeated, ""},
		"complete, its own late draft":    {done, 1, "y", partial, "", survey.Ignored, ""},
		"complete, draft under a token":   {done, 1, "y", partial, "s", "", survey.CodeResponseComplete},
		"complete, another complete":      {done, 1, "y", complete, "", "", survey.CodeResponseComplete},
		"complete, other content":         {done, 2, "y", complete, "", "", survey.CodeResponseComplete},
		"complete, higher, other content": {done, 3, "y", complete, "", "", survey.CodeResponseComplete},
		"complete, draft behind it":       {done, 3, "y", partial, "", "", survey.CodeResponseComplete},
		"complete, draft of its revision": {done, 2, "y", partial, "", "", survey.CodeResponseComplete},
	} {
		sent := &survey.Response{Revision: c.revision, ContentHash: c.hash, Disposition: c.as, Sitting: c.sitting}
		got, err := survey.Resolve(c.stored, sent)
		if got != c.want || survey.CodeOf(err) != c.code {
			t.Errorf("%s: %q, %v; want %q, %q", name, got, err, c.want, c.code)
		}
	}
}

// arrive applies sendings one after the other, as a store does.
func arrive(stored *survey.Response, sendings []survey.Response) (*survey.Response, []error) {
	var failed []error
	for i := range sendings {
		outcome, err := survey.Resolve(stored, &sendings[i])
		if err != nil {
			failed = append(failed, err)
			continue
		}
		if outcome == survey.Stored || outcome == survey.Replaced {
			stored = &sendings[i]
		}
	}
	return stored, failed
}

// TestOrderOfArrivalDoesNotMatter sends what one sitting would, in any order and with repeats: what stays is what it said last.
func TestOrderOfArrivalDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// Few contents, so that a citizen who taps back and forth is among them.
		contents := rapid.SliceOfN(rapid.SampledFrom([]string{"x", "y", "z"}), 1, 6).Draw(t, "contents")
		whole := rapid.Bool().Draw(t, "complete")
		sitting := rapid.SampledFrom([]string{"", "s"}).Draw(t, "sitting")
		var sendings []survey.Response
		for i, content := range contents {
			r := survey.Response{Revision: i + 1, ContentHash: content, Disposition: survey.Partial, Sitting: sitting}
			if whole && i == len(contents)-1 {
				r.ContentHash, r.Disposition, r.Sitting = content+" complete", survey.Complete, ""
			}
			for range rapid.IntRange(1, 3).Draw(t, "copies") {
				sendings = append(sendings, r)
			}
		}
		last := sendings[len(sendings)-1]
		stored, failed := arrive(nil, rapid.Permutation(sendings).Draw(t, "order"))
		if stored.ContentHash != last.ContentHash || stored.Disposition != last.Disposition || stored.Revision != last.Revision && !whole {
			t.Fatalf("stored is %+v, said last was %+v", stored, last)
		}
		for _, err := range failed {
			// A complete answer no longer says whose drafts it followed.
			if !whole || sitting == "" || !survey.IsCode(err, survey.CodeResponseComplete) {
				t.Fatal(err)
			}
		}
	})
}

// TestCompleteIsFinal sends drafts of several sittings and two different complete answers: the first of these to arrive stays, whatever
// comes before and after, and nobody is told that another one was stored.
func TestCompleteIsFinal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sending := rapid.Custom(func(t *rapid.T) survey.Response {
			r := survey.Response{
				Revision: rapid.IntRange(1, 4).Draw(t, "revision"), Sitting: rapid.SampledFrom([]string{"s", "t"}).Draw(t, "sitting"), Disposition: survey.Partial,
			}
			r.ContentHash = fmt.Sprint(r.Sitting, r.Revision)
			if rapid.IntRange(0, 3).Draw(t, "complete") == 0 {
				r.ContentHash, r.Sitting, r.Disposition = "complete "+r.Sitting, "", survey.Complete
			}
			return r
		})
		var stored *survey.Response
		var final string
		for _, r := range rapid.SliceOfN(sending, 1, 12).Draw(t, "sendings") {
			outcome, err := survey.Resolve(stored, &r)
			if err == nil && (outcome == survey.Stored || outcome == survey.Replaced) {
				stored = &r
			}
			if final == "" && r.Disposition == survey.Complete {
				final = r.ContentHash
			}
			switch {
			case final == "" && err != nil:
				t.Fatal(err)
			case final != "" && stored.ContentHash != final:
				t.Fatalf("%q took the place of %q", stored.ContentHash, final)
			case final != "" && (err == nil) != (r.ContentHash == final):
				t.Fatalf("%+v beside %q: %q, %v", r, final, outcome, err)
			}
		}
	})
}

func FuzzParseInstrument(f *testing.F) {
	f.Add([]byte(instrumentDoc))
	f.Add([]byte(`{"id":"x"}`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		in, err := survey.ParseInstrument(doc)
		if (in == nil) == (err == nil) {
			t.Fatal("either an instrument or an error")
		}
		if in == nil {
			return
		}
		for _, u := range []float64{0, 0.5, 0.999} {
			if len(in.Asked(in.DrawModules(u))) == 0 {
				t.Fatal("an instrument that parses asks something")
			}
		}
	})
}
