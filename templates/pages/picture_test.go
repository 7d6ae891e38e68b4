package pages_test

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"sipas/survey"
	"sipas/templates/i18n"
	"sipas/templates/pages"
	"sipas/templates/ui"
)

// samplePictures are the pictures of every page of figures.
func samplePictures(l i18n.Lang) map[string]ui.Picture {
	flags := pages.FlagsView{Shell: staff(l, "results", "flags"), Wave: waveName(l), Rows: sampleFlags(l), Examined: 1696}
	return map[string]ui.Picture{
		"index": sampleIndex(l, "").Picture(), "scores": sampleScores(l).Picture(), "units": sampleUnits(l).Picture(), "heatmap": sampleHeatmap(l).Picture(),
		"map": sampleMap(l).Picture(), "history": sampleHistory(l).Picture(), "trend": sampleTrend(l).Picture(), "flags": flags.Picture(),
		"flags-empty": pages.FlagsView{Shell: staff(l, "results", "flags")}.Picture(), "history-empty": pages.HistoryView{Shell: staff(l, "results", "history")}.Picture(),
	}
}

// A picture stands by itself: whole XML with a title and a description, no style sheet, font or address of elsewhere, every mark inside
// its frame, and words only.
func TestPicturesStandByThemselves(t *testing.T) {
	for _, l := range i18n.StaffLanguages() {
		for name, p := range samplePictures(l) {
			svg := string(p.SVG(l))
			d := xml.NewDecoder(strings.NewReader(svg))
			var height float64
			for {
				token, err := d.Token()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatalf("%s in %s: %v", name, l, err)
				}
				if e, ok := token.(xml.StartElement); ok {
					for _, a := range e.Attr {
						x, err := strconv.ParseFloat(a.Value, 64)
						if err != nil {
							continue
						}
						switch a.Name.Local {
						case "height":
							height = max(height, x)
						case "x", "x1", "x2", "cx":
							if x < 0 || x > 960 {
								t.Errorf("%s in %s: <%s %s=%v> stands outside the picture", name, l, e.Name.Local, a.Name.Local, x)
							}
						case "y", "y1", "y2", "cy":
							if x < 0 || x > height {
								t.Errorf("%s in %s: <%s %s=%v> stands outside a height of %v", name, l, e.Name.Local, a.Name.Local, x, height)
							}
						}
					}
				}
			}
			for _, wrong := range []string{"NaN", "Inf", "href", "url(http", "@import", "%!"} {
				if strings.Contains(svg, wrong) {
					t.Errorf("%s in %s holds %q", name, l, wrong)
				}
			}
			if !strings.Contains(svg, "<title id=\"title\">"+strings.ReplaceAll(p.Title, "&", "&amp;")) || !strings.Contains(svg, "<desc") {
				t.Errorf("%s in %s has no title or description", name, l)
			}
			for _, word := range bareKey.FindAllString(markup.ReplaceAllString(svg, "\n"), -1) {
				if i18n.Has(l, word) {
					t.Errorf("%s in %s shows the key %s", name, l, word)
				}
			}
		}
	}
}

// What is withheld is not in a picture, and what a unit is called cannot leave its text.
func TestPicturesKeepBackAndEscape(t *testing.T) {
	v := sampleUnits(i18n.EN)
	row := &v.Groups[1].Rows[0]
	row.Figure.State, row.Figure.Reason, row.Figure.Value, row.Figure.Low, row.Figure.High, row.Figure.N = ui.Withheld, survey.ReasonComplementary, 61.37, 51.19, 67.91, 73137
	v.Groups[1].Rows[1].Name = `<script>"&'`
	h := sampleHeatmap(i18n.EN)
	h.Rows[0].Index = row.Figure
	for _, svg := range []string{string(v.Picture().SVG(i18n.EN)), string(h.Picture().SVG(i18n.EN))} {
		for _, leak := range []string{"61.37", "61.4", "51.2", "67.9", "73,137", "<script>"} {
			if strings.Contains(svg, leak) {
				t.Errorf("%q can be read", leak)
			}
		}
	}
}

// Every node of every framework that ships tells how it is made, in words of the reader's language.
func TestEveryNodeTellsItsMethod(t *testing.T) {
	files, err := filepath.Glob("../../data/frameworks/*.json")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d frameworks: %v", len(files), err)
	}
	left := regexp.MustCompile(`\{[a-z_]+\}|\bhow\.[a-z_.]+`)
	for _, file := range files {
		doc, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		f, err := survey.ParseFramework(doc)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range i18n.StaffLanguages() {
			f.Walk(func(n *survey.Node, _ []*survey.Node) {
				m := pages.MethodOf(l, f, n, figure("", 80, 100))
				text := m.Formula
				for _, line := range m.Lines {
					if line.Term == "" || line.Text == "" {
						t.Errorf("%s %s: a line of the method is empty: %q", f.ID, n.Code, line)
					}
					text += "\n" + line.Term + ": " + line.Text
				}
				if m.Formula == "" || len(m.Lines) < 3 || left.MatchString(text) {
					t.Errorf("%s %s in %s: %s", f.ID, n.Code, l, text)
				}
			})
		}
	}
}
