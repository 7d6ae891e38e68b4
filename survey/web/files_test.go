package web

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sipas/survey"
	"sipas/survey/export"
	"sipas/templates/i18n"
	"sipas/templates/ui"
)

// cell is one cell of a sheet: a number or words.
type cell struct {
	words  string
	number float64
	isText bool
}

// readWorkbook opens a workbook as any reader of OOXML would: sheets by name, each a map of cells by their place.
func readWorkbook(t *testing.T, content string) map[string]map[string]cell {
	t.Helper()
	archive, err := zip.NewReader(strings.NewReader(content), int64(len(content)))
	must(t, err)
	part := func(name string, into any) {
		f, err := archive.Open(name)
		must(t, err)
		defer f.Close()
		must(t, xml.NewDecoder(f).Decode(into))
	}
	var book struct {
		Sheets []struct {
			Name string `xml:"name,attr"`
			ID   string `xml:"http://schemas.openxmlformats.org/officeDocument/2006/relationships id,attr"`
		} `xml:"sheets>sheet"`
	}
	var links struct {
		List []struct {
			ID     string `xml:"Id,attr"`
			Target string `xml:"Target,attr"`
		} `xml:"Relationship"`
	}
	part("xl/workbook.xml", &book)
	part("xl/_rels/workbook.xml.rels", &links)
	sheets := map[string]map[string]cell{}
	for _, s := range book.Sheets {
		i := slices.IndexFunc(links.List, func(l struct {
			ID     string `xml:"Id,attr"`
			Target string `xml:"Target,attr"`
		}) bool {
			return l.ID == s.ID
		})
		var sheet struct {
			Cells []struct {
				At     string `xml:"r,attr"`
				Kind   string `xml:"t,attr"`
				Value  string `xml:"v"`
				Inline string `xml:"is>t"`
				Form   string `xml:"f"`
			} `xml:"sheetData>row>c"`
		}
		part("xl/"+strings.TrimPrefix(strings.TrimPrefix(links.List[i].Target, "/"), "xl/"), &sheet)
		cells := map[string]cell{}
		for _, c := range sheet.Cells {
			if c.Form != "" {
				t.Errorf("%s %s is a formula: %q", s.Name, c.At, c.Form)
			}
			switch {
			case c.Kind == "inlineStr":
				cells[c.At] = cell{words: c.Inline, isText: true}
			case c.Kind == "str":
				cells[c.At] = cell{words: c.Value, isText: true}
			case c.Value != "":
				x, err := strconv.ParseFloat(c.Value, 64)
				must(t, err)
				cells[c.At] = cell{number: x}
			}
		}
		sheets[s.Name] = cells
	}
	return sheets
}

// place is a cell's name: "A1", "AB7".
func place(column, row int) string {
	name := ""
	for column++; column > 0; column = (column - 1) / 26 {
		name = string(rune('A'+(column-1)%26)) + name
	}
	return name + strconv.Itoa(row+1)
}

func readCSV(t *testing.T, body string) [][]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(body, "\ufeff"))).ReadAll()
	must(t, err)
	return rows
}

// wellFormed reads a document to its end and returns its texts.
func wellFormed(t *testing.T, where, body string) string {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(body))
	var texts bytes.Buffer
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return texts.String()
		}
		if err != nil {
			t.Fatalf("%s: %v", where, err)
		}
		if words, ok := token.(xml.CharData); ok {
			texts.Write(words)
			texts.WriteByte('\n')
		}
	}
}

// fileOf is the address of a page's file under the page's filter.
func fileOf(page, suffix string) string {
	path, query, filtered := strings.Cut(page, "?")
	if filtered {
		return path + "." + suffix + "?" + query
	}
	return path + "." + suffix
}

// Every page of figures offers its table and its picture, and they are what the page shows: the workbook has the cells of the CSV file,
// numbers as numbers, and every value of a one-figure-a-row table stands on the page.
func TestEveryPageOfFiguresHasItsFiles(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	b := s.as(survey.Analyst)
	for _, p := range s.server.figurePages() {
		page := strings.ReplaceAll(p.path, ":wave", string(testWave)) + "?lang=en"
		if p.name == "index" {
			page += "&unit=" + url.QueryEscape(string(unitID(1)))
		}
		html := b.get(page)
		for _, suffix := range []string{"csv", "xlsx", "svg"} {
			kind, _, _ := strings.Cut(page, "?")
			if !strings.Contains(html.body, `href="`+kind+"."+suffix) {
				t.Errorf("%s does not lead to its %s", page, suffix)
			}
		}
		if !strings.Contains(html.body, `data-png="`) {
			t.Errorf("%s does not offer a PNG", page)
		}
		if p.name == "index" && !strings.Contains(html.body, ".csv?lang=en&amp;unit=") {
			t.Error("the files of a unit leave the unit out")
		}
		table, book, picture := b.get(fileOf(page, "csv")), b.get(fileOf(page, "xlsx")), b.get(fileOf(page, "svg"))
		for suffix, r := range map[string]reply{"csv": table, "xlsx": book, "svg": picture} {
			r.want(t, http.StatusOK)
			subject := string(testWave)
			if p.name == "papi" {
				subject = "tay-ninh"
			}
			name := r.header.Get("Content-Disposition")
			if !strings.HasPrefix(name, `attachment; filename="sipas-`+subject+"-"+p.name+"-2026-") || !strings.HasSuffix(name, "."+suffix+`"`) {
				t.Errorf("%s.%s is called %q", p.name, suffix, name)
			}
		}
		rows, sheets := readCSV(t, table.body), readWorkbook(t, book.body)
		if len(sheets) != 2 || len(sheets[export.MethodSheet]) < 4 {
			t.Fatalf("%s: the workbook has %d sheets, its method %d cells", p.name, len(sheets), len(sheets[export.MethodSheet]))
		}
		for name, cells := range sheets {
			if name != export.MethodSheet {
				sameCells(t, p.name, rows, cells)
			}
		}
		texts := wellFormed(t, p.name+".svg", picture.body)
		if !strings.Contains(picture.body, "<title") || !strings.Contains(picture.body, "<desc") || strings.Contains(picture.body, "href") || len(texts) < 60 {
			t.Errorf("%s.svg has no title or description, or points elsewhere", p.name)
		}
		if at := slices.Index(rows[0], i18n.T(i18n.EN, "files.value")); at >= 0 {
			for _, row := range rows[1:] {
				x, err := strconv.ParseFloat(row[at], 64)
				if err == nil && !onPage(html.body, x) {
					t.Errorf("%s.csv has %v, which the page does not show", p.name, x)
				}
			}
		}
	}
}

// onPage reports whether a value stands on a page in English in one of the ways in which pages write it.
func onPage(body string, x float64) bool {
	for _, text := range []string{i18n.Percent(i18n.EN, x/100, 1), i18n.Percent(i18n.EN, x/100, 2), i18n.Number(i18n.EN, x, 2)} {
		if strings.Contains(body, text) {
			return true
		}
	}
	return false
}

func sameCells(t *testing.T, page string, rows [][]string, cells map[string]cell) {
	t.Helper()
	filled := 0
	for r, row := range rows {
		for c, text := range row {
			got, there := cells[place(c, r)]
			if there {
				filled++
			}
			x, err := strconv.ParseFloat(text, 64)
			switch {
			case text == "" && there && got.words != "":
				t.Errorf("%s: %s holds %v in the workbook and nothing in the CSV file", page, place(c, r), got)
			case text == "" || got.isText && got.words == text:
			case err != nil || got.isText || got.number != x:
				t.Errorf("%s: %s holds %v in the workbook and %q in the CSV file", page, place(c, r), got, text)
			}
		}
	}
	if filled != len(cells) {
		t.Errorf("%s: %d cells of the workbook are not in the CSV file", page, len(cells)-filled)
	}
}

// A withheld figure is words with the reason in every file and never a number, whatever its estimate still holds; and the name of a unit
// that begins like a formula is text.
func TestFilesKeepBackWhatIsWithheld(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	ctx := context.Background()
	units, err := s.db.Units(ctx)
	must(t, err)
	i := slices.IndexFunc(units, func(u survey.Unit) bool { return u.ID == unitID(1) })
	units[i].Name = survey.Text{survey.Vietnamese: "=1+1", survey.English: "=1+1"}
	_, err = s.db.PutUnits(ctx, testBy, units[i:i+1])
	must(t, err)
	b := s.as(survey.Analyst)
	b.get("/waves/2026-q3/scores").want(t, http.StatusOK)
	r, err := s.db.Release(ctx, testWave, survey.StateProvisional)
	must(t, err)
	secret := func(f *survey.Figure) {
		f.State, f.Reason = survey.StateWithheld, survey.ReasonFewAnswers
		f.Estimate.Value, f.Estimate.SE, f.Estimate.N, f.Estimate.Interval.Low, f.Estimate.Interval.High = 999.3719, 77.7731, 73137, 998.1973, 999.9137
	}
	doctored := *r
	doctored.ID, doctored.State = "doctored", survey.StatePublished
	doctored.Figures, doctored.Flags = slices.Clone(r.Figures), slices.Clone(r.Flags)
	for i := range doctored.Figures {
		f := &doctored.Figures[i]
		if f.Domain.Unit == unitID(2) || f.Domain.Unit == unitID(0) && f.Node == "s24" {
			secret(f)
		} else if f.State == survey.StateProvisional {
			f.State = survey.StatePublished
		}
	}
	for i := range doctored.Flags {
		if doctored.Flags[i].Figure.Domain.Unit == unitID(2) {
			secret(&doctored.Flags[i].Figure)
		}
	}
	doctored.Number = 1
	_, err = s.db.PublishRelease(ctx, testBy, &doctored)
	must(t, err)
	must(t, s.db.CloseWave(ctx, testBy, testWave))
	why := ui.Why(i18n.EN, ui.FigureProps{State: survey.StateWithheld, Reason: survey.ReasonFewAnswers, Threshold: 15})
	for _, p := range s.server.figurePages() {
		if p.name == "papi" {
			continue
		}
		for _, filter := range []string{"", "&unit=" + url.QueryEscape(string(unitID(2))), "&indicator=s24"} {
			page := strings.ReplaceAll(p.path, ":wave", string(testWave)) + "?lang=en" + filter
			contents := map[string]string{"page": b.get(page).body, "csv": b.get(fileOf(page, "csv")).body, "svg": b.get(fileOf(page, "svg")).body}
			var cells strings.Builder
			for _, sheet := range readWorkbook(t, b.get(fileOf(page, "xlsx")).body) {
				for _, c := range sheet {
					fmt.Fprintln(&cells, c.words, strconv.FormatFloat(c.number, 'g', -1, 64))
				}
			}
			contents["xlsx"] = cells.String()
			for kind, text := range contents {
				for _, leak := range []string{"999.3", "999.4", "998.1", "998.2", "999.9", "77.773", "73137", "73,137"} {
					if strings.Contains(text, leak) {
						t.Errorf("%s as %s tells %s of a withheld figure", page, kind, leak)
					}
				}
			}
			if p.name == "units" && (!strings.Contains(contents["csv"], why) || !strings.Contains(contents["xlsx"], why)) {
				t.Errorf("%s does not say why a unit is withheld", page)
			}
			if p.name == "units" && (!strings.Contains(contents["csv"], "'=1+1") || strings.Contains(contents["csv"], ",=1+1")) {
				t.Errorf("%s: a name that begins like a formula:\n%s", page, contents["csv"])
			}
		}
	}
}

// A page without figures has no files, and asking for them says why.
func TestNoFilesWithoutFigures(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	b := s.as(survey.Analyst)
	for _, p := range s.server.figurePages() {
		if p.name == "papi" {
			continue
		}
		page := strings.ReplaceAll(p.path, ":wave", string(testWave))
		if r := b.get(page); r.status != http.StatusOK || strings.Contains(r.body, ".csv") {
			t.Errorf("%s: status %d, or a file of nothing", page, r.status)
		}
		b.get(page+".csv").want(t, http.StatusConflict)
	}
}

// Waves that compare are joined and their change is told with its interval; a wave that scores something else is a break with its reason.
func TestHistoryJoinsWhatCompares(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	ctx := context.Background()
	b := s.as(survey.Analyst)
	b.get("/waves/2026-q3/scores").want(t, http.StatusOK)
	r, err := s.db.Release(ctx, testWave, survey.StateProvisional)
	must(t, err)
	earlierWaveOf := func(id survey.WaveID, from, to survey.Day, shift float64, keep int) {
		w := *mustWave(t, s)
		w.ID, w.From, w.To, w.Title = id, from, to, survey.Text{survey.English: string(id), survey.Vietnamese: string(id)}
		w.Frameworks, w.Targets = slices.Clone(w.Frameworks)[keep:], nil
		must(t, s.db.CreateWave(ctx, testBy, &w))
		old := *r
		old.ID, old.Wave, old.State, old.Figures = "old-"+string(id), id, survey.StatePublished, slices.Clone(r.Figures)
		for i := range old.Figures {
			f := &old.Figures[i]
			f.Estimate.Value -= shift
			if f.State == survey.StateProvisional {
				f.State = survey.StatePublished
			}
		}
		old.Number = 1
		made := *r.Recipe
		made.Frameworks = made.Frameworks[keep:]
		old.Recipe = &made
		_, err := s.db.PublishRelease(ctx, testBy, &old)
		must(t, err)
	}
	earlierWaveOf("w-q1", "2026-01-01", "2026-03-31", 5, 1) // without the headline's framework
	earlierWaveOf("w-q2", "2026-04-01", "2026-06-30", 3, 0)
	page := b.get("/waves/2026-q3/history?lang=en")
	page.want(t, http.StatusOK, "w-q1", "w-q2", "no document says that they compare", "▲", "3.0 percentage points")
	if lines, breaks := strings.Count(page.body, `class="line"`), strings.Count(page.body, `class="break"`); lines != 1 || breaks != 1 {
		t.Errorf("%d lines and %d breaks, want one of each", lines, breaks)
	}
	b.get("/waves/2026-q3/index?lang=en").want(t, http.StatusOK, "+3.0 percentage points", "since w-q2")
	rows := readCSV(t, b.get("/waves/2026-q3/history.csv?lang=en").body)
	at := slices.Index(rows[0], i18n.T(i18n.EN, "history.change"))
	if x, err := strconv.ParseFloat(rows[3][at], 64); err != nil || math.Abs(x-3) > 1e-9 || rows[2][at] != "" {
		t.Errorf("changes %q and %q, want none and 3", rows[2][at], rows[3][at])
	}
}

// The interval that the publishers print beside the totals of 2019 is shown with the level that it has.
func TestPAPIIntervalsSayTheirLevel(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	b := s.as(survey.Analyst)
	b.get("/papi?lang=en&province="+url.QueryEscape("Tây Ninh")).want(t, http.StatusOK, "42.38 (90%)", "90%: 41.85–42.91", "1.645")
	found := 0
	for _, row := range readCSV(t, b.get("/papi.csv?lang=en&province="+url.QueryEscape("Tây Ninh")).body) {
		if row[6] == "0.9" {
			found++
			if row[0] != "total" || row[2] != "2019" || row[4] != "41.85279" || row[5] != "42.91308" {
				t.Errorf("an interval of 90 per cent: %v", row)
			}
		}
	}
	if found != 1 {
		t.Errorf("%d intervals, want that of 2019", found)
	}
}
