package ui_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"sipas/survey"
	"sipas/templates/i18n"
	"sipas/templates/ui"
)

var nan = math.NaN()

func render(t *testing.T, c templ.Component) string {
	t.Helper()
	var b bytes.Buffer
	if err := c.Render(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// index is a figure with everything known.
func index() ui.FigureProps {
	return ui.FigureProps{
		Label: "Index", Unit: ui.Percent, Value: 79.34, SE: 0.61, Low: 78.11, High: 80.52, Level: 0.95, Method: "beta",
		N: 6980, Of: 60000, Effective: 4847, DF: 6900, ScaleMin: 0, ScaleMax: 100, Target: 90, State: ui.Published, Threshold: 15,
	}
}

// A figure never stands without its base and its interval, in either size.
func TestFigureShowsItsUncertaintyAndBase(t *testing.T) {
	for size, want := range map[ui.Size][]string{
		ui.Full: {"79,3%", "78,1–80,5%", "n = 6.980 trên 60.000", "4.847", "0,6", "95%", "beta", "90,0%"},
		ui.Cell: {"79,34%", "78,11–80,52%", "n = 6.980 trên 60.000", "4.847", "0,61"},
	} {
		html := render(t, ui.Figure(i18n.VI, index(), size))
		for _, text := range want {
			if !strings.Contains(html, text) {
				t.Errorf("size %d lacks %q:\n%s", size, text, html)
			}
		}
	}
}

func TestFigureStates(t *testing.T) {
	tests := []struct {
		name   string
		change func(*ui.FigureProps)
		want   string
		hidden bool
	}{
		{"provisional", func(p *ui.FigureProps) { p.State = ui.Provisional }, "Provisional", false},
		{"not comparable", func(p *ui.FigureProps) { p.State = ui.NotComparable }, "Not comparable", false},
		{"few answers", func(p *ui.FigureProps) { p.State, p.Reason = ui.Withheld, survey.ReasonFewAnswers }, "Fewer than 15 answers", true},
		{"complementary", func(p *ui.FigureProps) { p.State, p.Reason = ui.Withheld, survey.ReasonComplementary }, "Held back", true},
		{"undefined", func(p *ui.FigureProps) { p.Value = nan }, "Cannot be computed", true},
		{"a reason in words", func(p *ui.FigureProps) { p.State, p.Reason = ui.Withheld, "the module was not drawn" }, "the module was not drawn", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := index()
			test.change(&p)
			html := render(t, ui.Figure(i18n.EN, p, ui.Full)) + p.Sentence(i18n.EN)
			if !strings.Contains(html, test.want) {
				t.Errorf("does not say %q:\n%s", test.want, html)
			}
			for _, number := range []string{"79.3", "78.1", "80.5", "6,980"} {
				if strings.Contains(html, number) == test.hidden {
					t.Errorf("%s: shown is %v", number, !test.hidden)
				}
			}
		})
	}
}

func TestChange(t *testing.T) {
	c := ui.ChangeProps{Unit: ui.Percent, Value: -3.44, Low: -6, High: -0.9, Since: "2025"}
	html := render(t, ui.Change(i18n.EN, c))
	for _, want := range []string{"▼", "−3.4 percentage points", "since 2025", "−6.0", "−0.9"} {
		if !strings.Contains(html, want) {
			t.Errorf("lacks %q: %s", want, html)
		}
	}
	c.Value, c.Reason = nan, "Two dimensions were added."
	html = render(t, ui.Change(i18n.EN, c))
	if !strings.Contains(html, "Not comparable") || !strings.Contains(html, c.Reason) || strings.Contains(html, "NaN") {
		t.Errorf("a change that is none: %s", html)
	}
}

func TestStep(t *testing.T) {
	breaks := []float64{60, 70, 80, 90}
	for value, want := range map[float64]int{0: 1, 59.99: 1, 60: 2, 75: 3, 89.9: 4, 90: 5, 100: 5} {
		p := index()
		p.Value = value
		if got := ui.Step(p, breaks); got != want {
			t.Errorf("Step(%v) = %d, want %d", value, got, want)
		}
	}
	p := index()
	p.State = ui.Withheld
	if got := ui.Step(p, breaks); got != 0 {
		t.Errorf("a withheld figure has step %d: its color would tell its value", got)
	}
}

func TestScaleNamesEveryStep(t *testing.T) {
	html := render(t, ui.Scale(i18n.EN, ui.Percent, 0, []float64{60, 70, 80, 90}))
	for _, want := range []string{"below 60%", "60%–70%", "80%–90%", "90% and over", "withheld"} {
		if !strings.Contains(html, want) {
			t.Errorf("lacks %q: %s", want, html)
		}
	}
}

// A bar outside its axis would be a picture of another number.
func TestIntervalBarStaysOnItsAxis(t *testing.T) {
	p := index()
	p.Low, p.High = -20, 140
	html := render(t, ui.IntervalBar(i18n.EN, p))
	if !strings.Contains(html, `x="0.00%" width="100.00%"`) {
		t.Errorf("interval leaves the axis: %s", html)
	}
}

// The line is drawn only between neighboring years that may be compared.
func TestTrendBreaksItsLine(t *testing.T) {
	s := ui.Series{Name: "Total", Min: 8, Max: 80, Points: []ui.SeriesPoint{
		{At: 2015, Label: "2015", Value: 36}, {At: 2016, Label: "2016", Value: 33}, {At: 2017, Label: "2017", Value: 37}, {At: 2018, Label: "2018", Value: 41, Break: true},
		{At: 2019, Label: "2019", Value: nan}, {At: 2020, Label: "2020", Value: 41}, {At: 2022, Label: "2022", Value: 42},
	}}
	html := render(t, ui.Trend(i18n.EN, ui.TrendProps{Title: "Total", Series: s}))
	if got := strings.Count(html, `class="line"`); got != 2 {
		t.Errorf("%d pieces of line, want 2: 2015-2016-2017 and nothing over the break, the gap and the missing year", got)
	}
	if got := strings.Count(html, `class="break"`); got != 1 {
		t.Errorf("%d breaks are marked, want 1", got)
	}
	if got := strings.Count(html, "<circle"); got != 6 {
		t.Errorf("%d points, want the 6 that were published", got)
	}
	if !strings.Contains(html, "not comparable with the one before, 2018: 41.00") {
		t.Error("the words of the line do not tell the break")
	}
}

func TestFitKeepsOneAxis(t *testing.T) {
	a := ui.Series{Min: 1, Max: 10, Points: []ui.SeriesPoint{{At: 2020, Value: 4.2}, {At: 2021, Value: nan}}}
	b := ui.Series{Min: 1, Max: 10, Points: []ui.SeriesPoint{{At: 2020, Value: 7.1}}}
	for i, s := range ui.Fit(1, a, b) {
		if s.Min != 4 || s.Max != 8 {
			t.Errorf("series %d runs from %v to %v, want 4 to 8", i, s.Min, s.Max)
		}
	}
	if a.Min != 1 {
		t.Error("the series that was handed in changed")
	}
	empty := ui.Series{Min: 1, Max: 10}
	if got := ui.Fit(1, empty)[0]; got.Min != 1 || got.Max != 10 {
		t.Errorf("a series without values runs from %v to %v", got.Min, got.Max)
	}
}

func TestProject(t *testing.T) {
	// A square of one degree on the equator, and a hole that must not move the mark.
	square := func(x, y, size float64) [][2]float64 {
		return [][2]float64{{x, y}, {x + size, y}, {x + size, y + size}, {x, y + size}, {x, y}}
	}
	shapes := []ui.Shape{{Code: "a", Polygons: [][][][2]float64{{square(100, -0.5, 1), square(100.1, -0.4, 0.2)}}}}
	outlines, height := ui.Project(shapes, 200)
	if math.Abs(height-200) > 0.01 {
		t.Errorf("height %v, want 200: a square stays one at the equator", height)
	}
	if len(outlines) != 1 || math.Abs(outlines[0].X-100) > 0.01 || math.Abs(outlines[0].Y-100) > 0.01 {
		t.Errorf("the mark is off the middle: %+v", outlines)
	}
	if got := strings.Count(outlines[0].Path, "M"); got != 2 {
		t.Errorf("%d rings are drawn, want the outline and its hole", got)
	}
	if outlines, height := ui.Project(nil, 200); outlines != nil || height != 0 {
		t.Error("nothing has an extent")
	}
}

func TestMapHatchesWhatIsWithheld(t *testing.T) {
	shown, withheld := index(), index()
	withheld.State, withheld.Reason = ui.Withheld, survey.ReasonFewAnswers
	html := render(t, ui.Map(i18n.EN, ui.MapProps{Title: "Map", Alt: "All of it", Width: 10, Height: 10, Unit: ui.Percent, Breaks: []float64{60, 70, 80, 90},
		Areas: []ui.MapArea{{Name: "A", Path: "M0 0Z", Figure: shown, Mark: 1}, {Name: "B", Path: "M0 0Z", Figure: withheld}}}))
	for _, want := range []string{`class="area h3"`, `class="area h0"`, "A: Index: 79.34%", "B: Index: Fewer than 15 answers", `aria-label="All of it"`} {
		if !strings.Contains(html, want) {
			t.Errorf("lacks %q", want)
		}
	}
}

func TestFacesDiffer(t *testing.T) {
	seen := map[string]int{}
	for face := 1; face <= 5; face++ {
		drawing := strings.ReplaceAll(render(t, ui.Face(face)), fmt.Sprintf("f%d", face), "")
		if other, ok := seen[drawing]; ok {
			t.Errorf("faces %d and %d are one drawing: only their color could tell them apart", face, other)
		}
		seen[drawing] = face
	}
}
