package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"sipas/survey"
)

// assessedOffice is an office with an assessment that lacks this and that, on a running server, and a signed-in browser.
func assessedOffice(t *testing.T, width, height int64) (*office, *page) {
	t.Helper()
	o := newOffice(t, 40, 2)
	password := o.addUser("lan", survey.Analyst)
	folder := t.TempDir()
	for _, name := range []string{"Kế hoạch CCHC 2026.pdf", "Báo cáo kết quả thực hiện kế hoạch năm 2026 của Sở Nội vụ và các cơ quan phối hợp.docx", "the-che.pdf"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(strings.Repeat(name, 3000)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	table := o.file("criteria.csv", "code,self,appraised,survey,statistics,evidence\n"+
		"1,9.5,9.25,,,Kế hoạch CCHC 2026.pdf; Báo cáo kết quả thực hiện kế hoạch năm 2026 của Sở Nội vụ và các cơ quan phối hợp.docx\n"+
		"2,9.5,9,,,the-che.pdf\n3,13,12.98,,,\n4,10,,,,\n5,,13.6,,,\n6,11,10.5,,,\n7,12,11.2,,,\n8.2,,,,4.61,\n")
	o.sipas("assessment", "import", table, "--framework", "par-2022", "--office", "Sở Nội vụ tỉnh Tây Ninh", "--year", "2026", "--files", folder)
	o.serve()
	p := openBrowser(t, width, height)
	p.open(o.base + "/signin?lang=vi")
	p.do(chromedp.SendKeys(`[name=name]`, "lan"), chromedp.SendKeys(`[name=password]`, password), chromedp.Submit(`[name=password]`))
	p.do(chromedp.WaitReady(`form[action="/signout"]`))
	return o, p
}

// In a browser an analyst opens a criterion, saves points and attaches a file, by the plain forms of the page; the pages are accessible, and
// fit a phone.
func TestAssessmentInABrowser(t *testing.T) {
	t.Parallel()
	o, p := assessedOffice(t, 1366, 768)
	p.open(o.base + "/assessments")
	p.accessible("list")
	p.do(chromedp.Click(`table a`), chromedp.WaitVisible(`#c-4 summary`))
	p.accessible("assessment")
	p.do(chromedp.Click(`#c-4 summary`), chromedp.SetValue(`#c-4-appraised`, "9,75"), chromedp.Submit(`#c-4-appraised`), chromedp.WaitVisible(`#c-4-appraised[value="9,75"]`))
	file := filepath.Join(t.TempDir(), "Quyết định số 12.pdf")
	if err := os.WriteFile(file, []byte(strings.Repeat("%PDF ", 200_000)), 0o600); err != nil {
		t.Fatal(err)
	}
	p.do(chromedp.SetUploadFiles(`#c-4-file`, []string{file}), chromedp.Click(`#c-4 .attach button`), chromedp.WaitVisible(`#c-4 .evidence a`))
	if name := eval[string](p, `document.querySelector("#c-4 .evidence a").innerText`); name != "Quyết định số 12.pdf" {
		t.Errorf("the file is called %q", name)
	}
	// What cannot be taken is said where it was chosen.
	wrong := filepath.Join(t.TempDir(), "may.exe")
	if err := os.WriteFile(wrong, []byte("MZ"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.do(chromedp.SetUploadFiles(`#c-4-file`, []string{wrong}), chromedp.Click(`#c-4 .attach button`), chromedp.WaitVisible(`#c-4-file-error`))
	p.accessible("refused")
	p.do(chromedp.EmulateViewport(390, 844))
	p.open(o.base + "/assessments/so-noi-vu-tinh-tay-ninh-2026?open=1")
	p.accessible("assessment on a phone")
	p.open(o.base + "/assessments")
	p.accessible("list on a phone")
	a, err := o.store().Assessment(context.Background(), "so-noi-vu-tinh-tay-ninh-2026")
	if err != nil || len(a.Files) != 4 || a.Values["4"].String() != "10|9.75||" {
		t.Errorf("%+v, %v", a, err)
	}
}
