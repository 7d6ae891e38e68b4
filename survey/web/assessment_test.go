package web

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"sipas/data"
	"sipas/survey"
	"sipas/templates/i18n"
)

// assess publishes the frameworks of the PAR Index and begins an assessment by one.
func assess(t *testing.T, s *site, analyst *browser, framework, unit string) string {
	t.Helper()
	for _, id := range []string{"par-2020", "par-2022"} {
		doc, _ := data.Framework(id)
		_, err := s.db.PublishFramework(context.Background(), testBy, doc)
		must(t, err)
	}
	r := analyst.post("/assessments", url.Values{"framework": {framework}, "office": {"  Tỉnh  Bình Dương "}, "year": {"2020"}, "unit": {unit}})
	r.want(t, http.StatusSeeOther)
	path := r.header.Get("Location")
	if path != "/assessments/tinh-binh-duong-2020" {
		t.Fatalf("the assessment is at %q", path)
	}
	return path
}

// points enters points of a criterion, as its form on the page sends them.
func (b *browser) points(path, criterion string, pairs ...string) reply {
	b.site.t.Helper()
	form := url.Values{"op": {"points"}, "criterion": {criterion}, "seen": {"|||"}}
	a, err := b.site.db.Assessment(context.Background(), survey.AssessmentID(strings.TrimPrefix(path, "/assessments/")))
	must(b.site.t, err)
	form.Set("seen", a.Values[criterion].String())
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return b.post(path, form)
}

type sent struct{ name, content string }

// filesForm is what a browser sends of files of a criterion.
func filesForm(t testing.TB, criterion string, files ...sent) (kind, body string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	must(t, w.WriteField("criterion", criterion))
	for _, f := range files {
		h := textproto.MIMEHeader{}
		h.Set("Content-Disposition", mime.FormatMediaType("form-data", map[string]string{"name": "file", "filename": f.name}))
		h.Set("Content-Type", "text/html") // what a sender says of its file counts for nothing
		part, err := w.CreatePart(h)
		must(t, err)
		_, err = io.WriteString(part, f.content)
		must(t, err)
	}
	must(t, w.Close())
	return w.FormDataContentType(), b.String()
}

func (b *browser) attach(path, criterion string, files ...sent) reply {
	b.site.t.Helper()
	kind, body := filesForm(b.site.t, criterion, files...)
	return b.send(http.MethodPost, path+"/files", kind, body)
}

// The published points of Bình Dương 2020, entered by part, come to 55.48 + 8.82 + 20.27 + 2.36 = 86.93 on the page, which says all the way what is missing.
func TestAssessmentOfBinhDuong(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	analyst := s.as(survey.Analyst)
	analyst.get("/assessments").want(t, http.StatusOK, i18n.T(i18n.VI, "assessment.none"))
	path := assess(t, s, analyst, "par-2020/1", "")
	analyst.get(path).want(t, http.StatusOK, i18n.Count(i18n.VI, "assessment.lead_empty", 4), i18n.T(i18n.VI, "assessment.lack.points"))
	analyst.points(path, "appraised", "self", "56,5").want(t, http.StatusSeeOther)
	analyst.get(path).want(t, http.StatusOK, i18n.T(i18n.VI, "assessment.lack.appraisal"), i18n.T(i18n.VI, "assessment.lack.evidence"),
		i18n.Count(i18n.VI, "assessment.lead_partly", 3, "points", "56,50", "most", "90,00"))
	analyst.points(path, "appraised", "self", "56,5", "appraised", "55.48").want(t, http.StatusSeeOther)
	analyst.points(path, "sipas", "survey", "8,82").want(t, http.StatusSeeOther)
	analyst.points(path, "leaders", "survey", "20,27").want(t, http.StatusSeeOther)
	analyst.points(path, "impact", "statistics", "2,36").want(t, http.StatusSeeOther)
	page := analyst.get(path)
	page.want(t, http.StatusOK, "86,93", i18n.T(i18n.VI, "assessment.lead_open", "total", "86,93", "most", "100,00"), "55,48", "8,82", "20,27", "2,36")
	if strings.Contains(page.body, i18n.T(i18n.VI, "assessment.lack.points")) || strings.Contains(page.body, i18n.T(i18n.VI, "assessment.lack.appraisal")) {
		t.Error("what was entered is said to be missing")
	}
	analyst.attach(path, "appraised", sent{"Báo cáo số 12.pdf", "%PDF-1.7"}).want(t, http.StatusSeeOther)
	analyst.get(path).want(t, http.StatusOK, i18n.T(i18n.VI, "assessment.lead_whole", "total", "86,93", "most", "100,00"), "Báo cáo số 12.pdf")
	analyst.get("/assessments").want(t, http.StatusOK, "86,93 / 100,00", "Tỉnh Bình Dương")
	analyst.cookies[languageCookie] = "en"
	analyst.get(path).want(t, http.StatusOK, "86.93 of 100.00 points; the assessment is whole.")
	// Points that cannot be are given back with the reason, and nothing is stored.
	analyst.points(path, "sipas", "survey", "10.5").want(t, http.StatusUnprocessableEntity, `value="10.5"`, i18n.T(i18n.EN, "assessment.out_of_bounds", "min", "0", "max", "10"))
	analyst.points(path, "sipas", "survey", "many").want(t, http.StatusUnprocessableEntity, `value="many"`)
	analyst.points(path, "none", "survey", "1").want(t, http.StatusNotFound)
	analyst.post("/assessments", url.Values{"framework": {"par-2020/1"}, "office": {"Tỉnh Bình Dương"}, "year": {"2020"}}).
		want(t, http.StatusUnprocessableEntity, i18n.T(i18n.EN, "assessment.exists"), `value="2020"`)
	analyst.post("/assessments", url.Values{"framework": {"par-2020/1"}, "office": {""}, "year": {"20"}, "unit": {"nowhere"}}).
		want(t, http.StatusUnprocessableEntity, i18n.T(i18n.EN, "assessment.unit_bad", "code", "nowhere"))
	analyst.post("/assessments", url.Values{"framework": {"papi-style/1"}, "office": {"A"}, "year": {"2020"}}).want(t, http.StatusNotFound)
}

// The satisfaction part comes from a wave's own figures, marked a projection, until somebody enters points.
func TestAssessmentTakesFromAWave(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	analyst := s.as(survey.Analyst)
	assess(t, s, analyst, "par-2020/1", "")
	r := analyst.post("/assessments", url.Values{"framework": {"par-2022/1"}, "office": {"Tây Ninh"}, "year": {"2026"}, "wave": {string(testWave)}})
	r.want(t, http.StatusSeeOther)
	path := r.header.Get("Location")
	projected := []string{i18n.T(i18n.VI, "assessment.projection"), i18n.T(i18n.VI, "assessment.from_wave", "wave", "Quý III 2026")}
	analyst.get(path).want(t, http.StatusOK, projected...)
	release, err := s.db.Release(context.Background(), testWave, survey.StateProvisional)
	must(t, err)
	for _, f := range release.Figures {
		if f.Framework == "sipas-2022" && f.Node == "II" && f.Domain == (survey.Domain{}) && f.Weighting == survey.Weighted && f.Basis == survey.BasisInvited {
			analyst.get(path).want(t, http.StatusOK, "<b>"+i18n.Number(i18n.VI, f.Estimate.Value/10, 2)+"</b>")
		}
	}
	analyst.points(path, "8.1", "survey", "8,82").want(t, http.StatusSeeOther)
	if page := analyst.get(path); strings.Contains(page.body, projected[1]) || !strings.Contains(page.body, "<b>8,82</b>") {
		t.Error("a projection stands where points were entered")
	}
}

// An office makes criteria of its own below an area, says in the editor who gives their points, publishes the tree, and assesses itself by it.
func TestAssessmentByAnOwnTree(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	analyst := s.as(survey.Analyst)
	assess(t, s, analyst, "par-2020/1", "")
	analyst.post("/admin/frameworks", url.Values{"from": {"par-2022/1"}, "id": {"so-noi-vu"}}).want(t, http.StatusSeeOther)
	criterion := func(place, code, most string, more ...string) {
		t.Helper()
		analyst.change("so-noi-vu", "node", append([]string{
			"place", place, "label-vi", "Tiêu chí " + code, "code", code, "kind", "indicator", "value", "given", "nominal-min", "0", "nominal-max", most,
		}, more...)...).want(t, http.StatusSeeOther)
	}
	analyst.change("so-noi-vu", "add", "place", "0").want(t, http.StatusSeeOther)
	analyst.change("so-noi-vu", "add", "place", "0").want(t, http.StatusSeeOther)
	criterion("0.0", "1.1", "6.5", "source", "appraisal", "evidence", "yes")
	criterion("0.1", "1.2", "3", "source", "statistics")
	analyst.get("/admin/drafts/so-noi-vu?node=0.0").want(t, http.StatusOK, i18n.T(i18n.VI, "assessment.points_from.appraisal"))
	analyst.change("so-noi-vu", "publish").want(t, http.StatusSeeOther)
	r := analyst.post("/assessments", url.Values{"framework": {"so-noi-vu/1"}, "office": {"Sở Nội vụ"}, "year": {"2026"}})
	r.want(t, http.StatusSeeOther)
	path := r.header.Get("Location")
	analyst.points(path, "1.1", "self", "6,25").want(t, http.StatusSeeOther)
	analyst.points(path, "1.2", "statistics", "2,5").want(t, http.StatusSeeOther)
	analyst.points(path, "1", "appraised", "9").want(t, http.StatusNotFound) // it is made of the two
	analyst.attach(path, "1.1", sent{"a.pdf", "1"}).want(t, http.StatusSeeOther)
	analyst.get(path).want(t, http.StatusOK, "<b>8,75</b>", "/ 9,5", i18n.T(i18n.VI, "assessment.self_scored"))
}

// Two people who change different criteria do not meet; of two who change the same, the second sees both and decides.
func TestAssessmentOfTwoPeople(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	one, two := s.as(survey.Analyst), s.as(survey.Administrator)
	path := assess(t, s, one, "par-2022/1", "")
	form := func(criterion, self string) url.Values {
		return url.Values{"op": {"points"}, "criterion": {criterion}, "seen": {"|||"}, "self": {self}}
	}
	one.post(path, form("1", "9,25")).want(t, http.StatusSeeOther)
	two.post(path, form("2", "8")).want(t, http.StatusSeeOther)
	two.post(path, form("1", "9,25")).want(t, http.StatusSeeOther) // the same is no conflict
	r := two.post(path, form("1", "7,5"))
	r.want(t, http.StatusConflict, `value="7,5"`, i18n.T(i18n.VI, "assessment.stored", "value", "9,25"), i18n.T(i18n.VI, "assessment.overtaken", "code", "1"))
	seen := regexp.MustCompile(`name="criterion" value="1">\s*<input type="hidden" name="seen" value="([^"]*)"`).FindStringSubmatch(r.body)
	if seen == nil {
		t.Fatalf("the form that came back has nothing seen:\n%s", r.body)
	}
	again := form("1", "7,5")
	again.Set("seen", seen[1])
	two.post(path, again).want(t, http.StatusSeeOther)
	a, err := s.db.Assessment(context.Background(), "tinh-binh-duong-2020")
	must(t, err)
	if a.Values["1"].String() != "7.5|||" || a.Values["2"].String() != "8|||" {
		t.Errorf("%v", a.Values)
	}
	settings := url.Values{"op": {"settings"}, "revision": {"1"}, "office": {"Tỉnh khác"}, "year": {"2021"}}
	one.post(path, settings).want(t, http.StatusConflict, `value="Tỉnh khác"`, `value="2021"`)
	settings.Set("revision", fmt.Sprint(a.Revision))
	settings.Set("wave", string(testWave))
	one.post(path, settings).want(t, http.StatusSeeOther)
	one.post(path, url.Values{"op": {"discard"}, "revision": {fmt.Sprint(a.Revision + 1)}}).want(t, http.StatusConflict) // not sure
	one.post(path, url.Values{"op": {"discard"}, "revision": {fmt.Sprint(a.Revision + 1)}, "sure": {"yes"}}).want(t, http.StatusSeeOther)
	one.get(path).want(t, http.StatusNotFound)
}

// Files come back as they were sent, under names that nothing can be done with, never as a page.
func TestEvidence(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	analyst := s.as(survey.Analyst)
	path := assess(t, s, analyst, "par-2022/1", communes()[0].Code)
	big := strings.Repeat("0123456789abcdef", 20_000) // several pieces
	long := strings.Repeat("á", 300) + ".PDF"
	analyst.attach(path, "1", sent{"../../etc/Kế hoạch.pdf", big}, sent{`C:\hồ sơ\=1+2.csv`, "a,b"}, sent{long, "dài"}, sent{"x\u202efdp.\x00exe.txt", "txt"}, sent{"trang.html.zip", "PK"}).
		want(t, http.StatusSeeOther)
	a, err := s.db.Assessment(context.Background(), "tinh-binh-duong-2020")
	must(t, err)
	want := map[string]string{"Kế hoạch.pdf": big, "=1+2.csv": "a,b", strings.Repeat("á", 88) + ".pdf": "dài", "xfdp.exe.txt": "txt", "trang.html.zip": "PK"}
	if len(a.Files) != len(want) {
		t.Fatalf("%d files: %+v", len(a.Files), a.Files)
	}
	for _, e := range a.Files {
		content, known := want[e.Name]
		if !known {
			t.Errorf("a file is called %q", e.Name)
		}
		r := analyst.get(path + "/files/" + string(e.ID))
		r.want(t, http.StatusOK)
		_, params, err := mime.ParseMediaType(r.header.Get("Content-Disposition"))
		if err != nil || params["filename"] != e.Name || !strings.HasPrefix(r.header.Get("Content-Disposition"), "attachment; ") {
			t.Errorf("%q is sent as %q: %v", e.Name, r.header.Get("Content-Disposition"), err)
		}
		if r.body != content || r.header.Get("Content-Length") != fmt.Sprint(len(content)) {
			t.Errorf("%q came back as %d bytes", e.Name, len(r.body))
		}
		for name, value := range map[string]string{"Content-Type": "application/octet-stream", "X-Content-Type-Options": "nosniff", "Content-Security-Policy": filePolicy, "Cache-Control": "no-store"} {
			if r.header.Get(name) != value {
				t.Errorf("%s: %s is %q", e.Name, name, r.header.Get(name))
			}
		}
	}
	// Everything at once: each file under its criterion, with the hash that it has.
	r := analyst.get(path + "/evidence.zip")
	r.want(t, http.StatusOK)
	z, err := zip.NewReader(strings.NewReader(r.body), int64(len(r.body)))
	must(t, err)
	packed := map[string]string{}
	for _, f := range z.File {
		in, err := f.Open()
		must(t, err)
		content, err := io.ReadAll(in)
		must(t, err)
		packed[f.Name] = string(content)
	}
	manifest, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(packed["manifest.csv"], "\ufeff"))).ReadAll()
	must(t, err)
	if len(manifest) != len(want)+1 || len(packed) != len(want)+2 {
		t.Errorf("%d lines, %d files", len(manifest), len(packed))
	}
	for _, line := range manifest[1:] {
		sum := sha256.Sum256([]byte(packed[line[0]]))
		if packed[line[0]] == "" || line[3] != hex.EncodeToString(sum[:]) || !strings.HasPrefix(line[0], "1/") {
			t.Errorf("the manifest says %v", line)
		}
	}
	if !strings.Contains(packed["criteria.csv"], `,"'=1+2.csv; `) && !strings.Contains(packed["criteria.csv"], ",'=1+2.csv; ") {
		t.Errorf("a name is a formula: %s", packed["criteria.csv"])
	}
	// What cannot be taken says so, and takes with it what came along.
	for _, c := range []struct {
		status int
		says   string
		files  []sent
	}{
		{http.StatusUnsupportedMediaType, i18n.T(i18n.VI, "error.evidence_kind", "name", "máy.exe"), []sent{{"kèm.txt", "1"}, {"máy.exe", "MZ"}}},
		{http.StatusUnsupportedMediaType, i18n.T(i18n.VI, "error.evidence_kind", "name", "trang.html"), []sent{{"trang.html", "<script>"}}},
		{http.StatusUnprocessableEntity, i18n.T(i18n.VI, "error.evidence_empty", "name", "rỗng.txt"), []sent{{"rỗng.txt", ""}}},
		{http.StatusConflict, i18n.T(i18n.VI, "error.evidence_taken", "name", "Kế hoạch.pdf"), []sent{{"kèm.txt", "1"}, {"Kế hoạch.pdf", "khác"}}},
		{http.StatusRequestEntityTooLarge, i18n.T(i18n.VI, "error.evidence_too_large", "name", "phim.zip", "mb", 16), []sent{{"kèm.txt", "1"}, {"phim.zip", strings.Repeat("x", 17<<20)}}},
		{http.StatusUnprocessableEntity, i18n.T(i18n.VI, "assessment.no_file"), nil},
	} {
		analyst.attach(path, "1", c.files...).want(t, c.status, c.says)
	}
	analyst.attach(path, "9", sent{"a.txt", "1"}).want(t, http.StatusNotFound)
	analyst.send(http.MethodPost, path+"/files", "multipart/form-data; boundary=x", "--x--\r\n").want(t, http.StatusBadRequest)
	analyst.send(http.MethodPost, path+"/files", "text/plain", "x").want(t, http.StatusBadRequest)
	analyst.attach(path, "1", sent{"Kế hoạch.pdf", big}).want(t, http.StatusSeeOther) // the same again
	if after, err := s.db.Assessment(context.Background(), a.ID); err != nil || len(after.Files) != len(want) {
		t.Errorf("%d files, %v", len(after.Files), err)
	}
	s.evidenceAccess(t, path, a.Files[0].ID)
	analyst.post(path, url.Values{"op": {"detach"}, "file": {string(a.Files[0].ID)}}).want(t, http.StatusSeeOther)
	analyst.get(path+"/files/"+string(a.Files[0].ID)).want(t, http.StatusNotFound)
}

// evidenceAccess holds everybody to what they may: the unit's department sees and changes nothing, another one sees nothing.
func (s *site) evidenceAccess(t *testing.T, path string, file survey.EvidenceID) {
	t.Helper()
	department, nobody := s.as(survey.Department), s.browser()
	department.get(path).want(t, http.StatusOK)
	department.get(path+"/files/"+string(file)).want(t, http.StatusOK)
	department.get(path+"/files/none").want(t, http.StatusNotFound)
	department.get("/assessments/none/files/"+string(file)).want(t, http.StatusNotFound)
	department.attach(path, "1", sent{"a.txt", "1"}).want(t, http.StatusForbidden)
	department.post(path, url.Values{"op": {"detach"}, "file": {string(file)}}).want(t, http.StatusForbidden)
	nobody.get(path+"/files/"+string(file)).want(t, http.StatusSeeOther)
	ctx := context.Background()
	a, err := s.db.Assessment(ctx, survey.AssessmentID(strings.TrimPrefix(path, "/assessments/")))
	must(t, err)
	a.Unit = unitID(1)
	revision, err := s.db.SaveAssessment(ctx, testBy, *a)
	must(t, err)
	for _, hidden := range []string{path, path + "/criteria.csv", path + "/evidence.zip", path + "/files/" + string(file)} {
		department.get(hidden).want(t, http.StatusForbidden)
	}
	if r := department.get("/assessments"); strings.Contains(r.body, path) {
		t.Error("a department is told of another one's assessment")
	}
	a.Unit, a.Revision = unitID(0), revision
	_, err = s.db.SaveAssessment(ctx, testBy, *a)
	must(t, err)
	foreign := httptest.NewRequest(http.MethodPost, path, strings.NewReader("op=detach"))
	foreign.Header.Set("Sec-Fetch-Site", "cross-site")
	if r := s.do(foreign); r.status != http.StatusForbidden {
		t.Errorf("another site's form: status %d", r.status)
	}
}

// cut is a body whose line is cut in the midst of a file.
type cut struct{ io.Reader }

func (c cut) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// A line that is cut in the midst of a file attaches nothing, not even what came whole before it.
func TestCutUploadLeavesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	analyst := s.as(survey.Analyst)
	path := assess(t, s, analyst, "par-2022/1", "")
	kind, body := filesForm(t, "1", sent{"đủ.txt", "1"}, sent{"dở.zip", strings.Repeat("x", 500_000)})
	r := httptest.NewRequest(http.MethodPost, path+"/files", cut{strings.NewReader(body[:400_000])})
	r.Header.Set("Content-Type", kind)
	for k, v := range analyst.headers {
		r.Header.Set(k, v)
	}
	for k, v := range analyst.cookies {
		r.AddCookie(&http.Cookie{Name: k, Value: v})
	}
	if got := s.do(r); got.status != http.StatusBadRequest {
		t.Errorf("status %d", got.status)
	}
	a, err := s.db.Assessment(context.Background(), "tinh-binh-duong-2020")
	must(t, err)
	if len(a.Files) != 0 {
		t.Errorf("%+v", a.Files)
	}
}
