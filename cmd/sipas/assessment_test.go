package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"sipas/survey"
	"sipas/templates/i18n"
)

const criteriaTable = "code,self,appraised,survey,statistics,evidence\n1,9.5,9.25,,,kế hoạch.pdf; báo cáo.docx\n2,9.5,9,,,\n3,13,12.98,,,\n4,10,,,,'=tổ chức.csv\n5,,13.6,,,\n6,11,10.5,,,\n7,12,11.2,,,\n8.1,,,8.82,,\n8.2,,,,4.61,\n"

// evidenceFolder makes the files that criteriaTable names.
func (d *desk) evidenceFolder() string {
	d.t.Helper()
	folder := filepath.Join(d.tmp, "evidence")
	if err := os.MkdirAll(filepath.Join(folder, "1"), 0o700); err != nil {
		d.t.Fatal(err)
	}
	for name, text := range map[string]string{"1/kế hoạch.pdf": "kế hoạch", "báo cáo.docx": "báo cáo", "=tổ chức.csv": "a,b"} {
		if err := os.WriteFile(filepath.Join(folder, filepath.FromSlash(name)), []byte(text), 0o600); err != nil {
			d.t.Fatal(err)
		}
	}
	return folder
}

// scored is what a command prints of the one unit that it scores.
func scored(t *testing.T, out result) (unit map[string]any) {
	t.Helper()
	var doc struct{ Units []map[string]any }
	if err := json.Unmarshal([]byte(out.stdout), &doc); err != nil || len(doc.Units) != 1 {
		t.Fatalf("%v\n%s", err, out.stdout)
	}
	return doc.Units[0]
}

// A table goes in with its files, comes out again with them, and goes in once more: the same points to the last digit, and the same files.
func TestAssessmentRoundTrip(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.wave()
	table, folder := d.file("criteria.csv", criteriaTable), d.evidenceFolder()
	load := func(file, folder string, more ...string) result {
		return d.must(append([]string{"assessment", "import", file, "--framework", "par-2022", "--office", "Long An", "--year", "2026", "--files", folder}, more...)...)
	}
	if out := load(table, folder); !strings.Contains(out.stdout, "long-an-2026: points of 9 criteria, 3 files attached, 3 in all") {
		t.Errorf("import: %s", out.stdout)
	}
	if out := load(table, folder); !strings.Contains(out.stdout, "nothing has changed") {
		t.Errorf("imported again: %s", out.stdout)
	}
	want := scored(t, d.must("score", "--framework", "par-2022", "--criteria", d.file("Long An.csv", criteriaTable), "--format", "json"))
	kept := scored(t, d.must("score", "--assessment", "long-an-2026", "--format", "json"))
	// The table lists the evidence as it was written, the assessment in order of name.
	strip := func(u map[string]any) map[string]any {
		for _, n := range u["nodes"].([]any) {
			delete(n.(map[string]any), "evidence")
		}
		return u
	}
	if strip(want); !reflect.DeepEqual(strip(kept), want) {
		t.Errorf("kept: %v\nthe table: %v", kept, want)
	}
	out := filepath.Join(d.tmp, "out")
	d.must("assessment", "export", "long-an-2026", "--out", out)
	again := scored(t, d.must("score", "--framework", "par-2022", "--criteria", filepath.Join(out, "criteria.csv"), "--format", "json"))
	if !reflect.DeepEqual(strip(again), want) {
		t.Errorf("written: %v\nthe table: %v", again, want)
	}
	if out := load(filepath.Join(out, "criteria.csv"), out); !strings.Contains(out.stdout, "nothing has changed") {
		t.Errorf("what was written, imported: %s", out.stdout)
	}
	for name, text := range map[string]string{"1/kế hoạch.pdf": "kế hoạch", "1/báo cáo.docx": "báo cáo", "4/=tổ chức.csv": "a,b"} {
		if got, err := os.ReadFile(filepath.Join(out, filepath.FromSlash(name))); err != nil || string(got) != text {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if list := d.must("assessment", "list"); !strings.Contains(list.stdout, "long-an-2026") {
		t.Errorf("list: %s", list.stdout)
	}
}

// Whatever is wrong is named with its line, and nothing of the table is loaded.
func TestAssessmentImportRefuses(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.wave()
	folder := d.evidenceFolder()
	for name, size := range map[string]int64{"lớn.zip": survey.MaxEvidence + 1, "rỗng.pdf": 0, "máy.exe": 1} {
		f, err := os.Create(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Truncate(size); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	d.file("secret.csv", "1")
	for line, want := range map[string]string{
		"1,9,,,,thiếu.pdf":       `criteria.csv:3: evidence "thiếu.pdf" is not in the directory`,
		"1,9,,,,lớn.zip":         `evidence "lớn.zip" is larger than 16 MB`,
		"1,9,,,,rỗng.pdf":        `evidence "rỗng.pdf" is empty`,
		"1,9,,,,máy.exe":         `evidence "máy.exe" is of a kind that is not taken`,
		"1,9,,,,../secret.csv":   `evidence "../secret.csv"`,
		"1,9.6,,,,":              "lies outside 0 to 9.5",
		"8,,12,,,":               "is made of the criteria below it",
		"1,9,,,,1/../../nha.txt": `evidence "1/../../nha.txt"`,
	} {
		r := d.try("", "assessment", "import", d.file("criteria.csv", "code,self,appraised,survey,statistics,evidence\n2,9,,,,báo cáo.docx\n"+line+"\n"),
			"--framework", "par-2022", "--office", "Long An", "--year", "2026", "--files", folder)
		if r.code != exitError || !strings.Contains(r.stderr, want) || !strings.Contains(r.stderr, "nothing was loaded") {
			t.Errorf("%s: exit %d\n%s", line, r.code, r.stderr)
		}
	}
	if list := d.must("assessment", "list"); !strings.Contains(list.stdout, "There is no assessment yet") {
		t.Errorf("list: %s", list.stdout)
	}
	for _, args := range [][]string{{"assessment", "export", "none", "--out", d.tmp}, {"score", "--assessment", "none"}} {
		if r := d.try("", args...); r.code != exitError || !strings.Contains(r.stderr, `There is no assessment "none"`) {
			t.Errorf("%q: exit %d, %s", args, r.code, r.stderr)
		}
	}
}

// The command gives, on the table that the page hands out, every number that the page shows.
func TestAssessmentPageAndCommandAgree(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 40, 2)
	password := o.addUser("lan", survey.Analyst)
	o.sipas("assessment", "import", o.file("criteria.csv", criteriaTable), "--framework", "par-2022", "--office", "=Sở Nội vụ", "--year", "2026")
	o.serve()
	c := client(t)
	if status, _, err := post(c, o.base+"/signin", url.Values{"name": {"lan"}, "password": {password}}); err != nil || status != http.StatusOK {
		t.Fatalf("sign in: %d, %v", status, err)
	}
	fetch := func(path string) string {
		t.Helper()
		resp, err := c.Get(o.base + path)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		raw, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d, %v", path, resp.StatusCode, err)
		}
		return string(raw)
	}
	page := fetch("/assessments/so-noi-vu-2026")
	table := o.file("taken.csv", fetch("/assessments/so-noi-vu-2026/criteria.csv"))
	unit := scored(t, result{stdout: o.sipas("score", "--framework", "par-2022", "--criteria", table, "--format", "json")})
	if total := i18n.Number(i18n.VI, unit["total"].(float64), 2); !strings.Contains(page, "<dd>"+total) {
		t.Errorf("the command's total is %s", total)
	}
	shown := map[string]string{}
	for _, m := range regexp.MustCompile(`(?s)<span class="code">([^<]*)</span>.*?<b>([^<]*)</b>`).FindAllStringSubmatch(page, -1) {
		shown[m[1]] = m[2]
	}
	for _, n := range unit["nodes"].([]any)[1:] {
		code, score := n.(map[string]any)["code"].(string), n.(map[string]any)["score"].(float64)
		if want := i18n.Number(i18n.VI, score, 2); shown[code] != want {
			t.Errorf("%s: the page shows %q, the command %s", code, shown[code], want)
		}
	}
}
