package survey_test

import (
	"errors"
	"strings"
	"testing"

	"sipas/survey"
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
	draft := &survey.Response{Revision: 2, ContentHash: "x", Disposition: survey.Partial}
	done := &survey.Response{Revision: 2, ContentHash: "x", Disposition: survey.Complete}
	for name, c := range map[string]struct {
		stored   *survey.Response
		revision int
		hash     string
		want     survey.Outcome
		code     survey.Code
	}{
		"new":                     {nil, 1, "y", survey.Stored, ""},
		"draft again":             {draft, 2, "x", survey.Repeated, ""},
		"draft, higher":           {draft, 3, "y", survey.Replaced, ""},
		"draft, lower":            {draft, 1, "y", survey.Ignored, ""},
		"draft, other content":    {draft, 2, "y", "", survey.CodeResponseConflict},
		"complete again":          {done, 2, "x", survey.Repeated, ""},
		"complete, lower":         {done, 1, "y", survey.Ignored, ""},
		"complete, other content": {done, 2, "y", "", survey.CodeResponseComplete},
		"complete, higher":        {done, 3, "y", "", survey.CodeResponseComplete},
		"complete, higher, same":  {done, 3, "x", "", survey.CodeResponseComplete},
	} {
		got, err := survey.Resolve(c.stored, &survey.Response{Revision: c.revision, ContentHash: c.hash})
		if got != c.want || survey.CodeOf(err) != c.code {
			t.Errorf("%s: %q, %v; want %q, %q", name, got, err, c.want, c.code)
		}
	}
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
