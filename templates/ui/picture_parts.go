package ui

import (
	"fmt"
	"html"
	"math"
	"strconv"

	"sipas/templates/i18n"
)

// The columns of a dot plot: the label, the axis, the number.
const (
	plotLeft  = margin + 290.0
	plotRight = pictureWidth - margin - 240
)

func (p DotPlotProps) draw(c *canvas) {
	x := func(v float64) float64 {
		return plotLeft + math.Max(0, math.Min(1, at(v, p.Min, p.Max)))*(plotRight-plotLeft)
	}
	if p.Title != "" {
		c.paragraph(p.Title, margin, pictureWidth-2*margin, 16, inkText, true)
	}
	for _, m := range p.marks(c.lang) {
		c.y += 19
		word := math.Max(plotLeft-120, math.Min(plotRight+120, x(m.Value)))
		c.word(m.Word, word, c.y, 13, inkText, "middle", true)
	}
	c.y += 20
	for i, t := range p.Ticks {
		c.word(Amount(c.lang, p.Unit, t, tickDecimals(p.Ticks)), x(t), c.y, 13, inkQuiet, tickAnchor(i, len(p.Ticks)), false)
	}
	c.y += 8
	top := c.y
	for _, r := range p.Rows {
		labels := wrapped(r.Label, 14, plotLeft-margin-16-14*float64(r.Depth))
		height := math.Max(34, float64(len(labels))*14*lineHeight+14)
		c.rule(margin, c.y, pictureWidth-margin, c.y, 1, inkLine, "")
		for _, t := range p.Ticks {
			c.rule(x(t), c.y, x(t), c.y+height, 1, inkLine, "")
		}
		for i, text := range labels {
			c.word(text, margin+14*float64(r.Depth), c.y+22+14*lineHeight*float64(i), 14, inkText, "start", r.Depth == 0 && r.Strong)
		}
		middle := c.y + 17
		f := r.Figure
		if !math.IsNaN(f.Target) && math.IsNaN(p.Target) {
			c.rule(x(f.Target), c.y, x(f.Target), c.y+height, 2, inkText, "5 3")
		}
		if f.Shown() {
			fill := inkAccent
			if r.Alert {
				fill = inkAlert
			}
			if f.hasInterval() {
				c.box(x(f.Low), middle-4, x(f.High)-x(f.Low), 8, fill, "interval", 0.4)
			}
			c.dot(x(f.Value), middle, 5.5, fill)
			c.word(f.amount(c.lang, f.Value, false), plotRight+14, middle+5, 14, inkText, "start", true)
			note := "n " + i18n.Integer(c.lang, f.N)
			if f.hasInterval() {
				note = f.interval(c.lang, false) + " · " + note
			}
			c.word(note, plotRight+72, middle+5, 12, inkQuiet, "start", false)
		} else {
			c.rule(plotLeft, middle, plotRight, middle, 2, inkEdge, "2 6")
			for i, text := range wrapped(f.why(c.lang), 12, pictureWidth-margin-plotRight-14) {
				c.word(text, plotRight+14, middle+4+15*float64(i), 12, inkQuiet, "start", false)
				height = math.Max(height, 28+15*float64(i))
			}
		}
		c.y += height
	}
	if !math.IsNaN(p.Target) {
		c.rule(x(p.Target), top, x(p.Target), c.y, 2, inkText, "5 3")
	}
	if p.Whole != nil {
		c.rule(x(p.Whole.Value), top, x(p.Whole.Value), c.y, 1.5, inkQuiet, "")
	}
}

func (p TrendProps) draw(c *canvas) {
	left, right := margin+64, pictureWidth-margin-52
	height := 230.0
	if p.Small {
		height = 92
	}
	c.paragraph(p.Title, margin, pictureWidth-2*margin, 16, inkText, true)
	c.y += 26
	top, bottom := c.y, c.y+height
	x := func(v float64) float64 { return left + p.share(v)*(right-left) }
	y := func(v float64) float64 { return bottom - at(v, p.Series.Min, p.Series.Max)*(bottom-top) }
	for _, t := range []float64{p.Series.Min, (p.Series.Min + p.Series.Max) / 2, p.Series.Max} {
		c.rule(margin, y(t), pictureWidth-margin, y(t), 1, inkLine, "")
		c.word(i18n.Number(c.lang, t, tickDecimals([]float64{t})), margin, y(t)-4, 13, inkQuiet, "start", false)
	}
	if p.Target != nil {
		c.rule(left, y(p.Target.Value), right, y(p.Target.Value), 2, inkText, "5 3")
		if p.targetOnLeft() {
			c.word(p.Target.Word, left, y(p.Target.Value)-6, 13, inkText, "start", true)
		} else {
			c.word(p.Target.Word, right, y(p.Target.Value)-6, 13, inkText, "end", true)
		}
	}
	for _, s := range segments(p.Series) {
		c.rule(x(float64(s.from.At)), y(s.from.Value), x(float64(s.to.At)), y(s.to.Value), 3, inkAccent, "")
	}
	for i, pt := range p.Series.Points {
		here := x(float64(pt.At))
		if pt.Break && i > 0 {
			between := x((float64(p.Series.Points[i-1].At) + float64(pt.At)) / 2)
			c.rule(between, top, between, bottom, 1.5, inkQuiet, "3 4")
		}
		if pt.Interval != nil {
			c.rule(here, y(pt.Interval.Low), here, y(pt.Interval.High), 7, "#a9c6c9", "")
		}
		if !math.IsNaN(pt.Value) {
			c.dot(here, y(pt.Value), 4.5, inkAccent)
		}
		if p.labelled(i) {
			_, below := p.labelEnd(i)
			end := y(p.endOf(i, below)) - 9
			if below {
				end += 27
			}
			c.word(p.pointWord(c.lang, i), here, end, 13, inkText, p.labelAnchor(i), true)
		}
		if i == 0 || i == len(p.Series.Points)-1 || p.written(i) {
			c.word(pt.Label, here, bottom+20, 13, inkQuiet, p.anchor(i), false)
		}
	}
	c.y = bottom + 26
}

func (p MapProps) draw(c *canvas) {
	if p.Width <= 0 || p.Height <= 0 {
		return
	}
	scale := math.Min((pictureWidth-2*margin)/p.Width, 1)
	c.y += 8
	fmt.Fprintf(&c.b, `<g transform="translate(%s %s) scale(%s)">`, num((pictureWidth-scale*p.Width)/2), num(c.y), strconv.FormatFloat(scale, 'f', 4, 64))
	c.b.WriteString(`<defs><pattern id="hatch" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">` +
		`<rect class="s0" width="8" height="8" fill="#eceeed"/><path d="M0 0V8" stroke="#9aa5a9" stroke-width="2.5"/></pattern></defs>`)
	for _, a := range p.Areas {
		step := Step(a.Figure, p.Breaks)
		fill, class := stepInks[step], ` class="s`+strconv.Itoa(step)+`"`
		if step == 0 {
			fill, class = "url(#hatch)", ""
		}
		fmt.Fprintf(&c.b, `<path%s d="%s" fill="%s" stroke="#ffffff" stroke-width="1"><title>%s</title></path>`,
			class, html.EscapeString(a.Path), fill, html.EscapeString(a.Name+": "+a.Figure.Sentence(c.lang)))
	}
	for _, a := range p.Areas {
		if a.Mark > 0 {
			fmt.Fprintf(&c.b, `<circle cx="%s" cy="%s" r="13" fill="%s" stroke="#ffffff" stroke-width="2"/>`, num(a.X), num(a.Y), inkText)
			c.word(strconv.Itoa(a.Mark), a.X, a.Y+6, 17, inkPaper, "middle", true)
		}
	}
	c.b.WriteString(`</g>`)
	c.y += scale*p.Height + 14
	drawScale(c, p.Unit, p.Decimals, p.Breaks)
	for _, a := range p.marked() {
		c.paragraph(strconv.Itoa(a.Mark)+". "+a.Name+": "+a.Figure.Sentence(c.lang), margin, pictureWidth-2*margin, 13, inkText, false)
	}
}

// drawScale is the key of the five steps and of what is withheld.
func drawScale(c *canvas, unit Unit, decimals int, breaks []float64) {
	x := margin
	key := func(step int, text string) {
		c.box(x, c.y, 28, 16, stepInks[step], "s"+strconv.Itoa(step), 1)
		if step == 0 {
			c.hatch(x, c.y, 28, 16)
		}
		c.word(text, x+34, c.y+13, 13, inkQuiet, "start", false)
		x += 34 + textWidth(text, 13) + 22
	}
	for step := 1; step <= 5; step++ {
		key(step, stepRange(c.lang, unit, decimals, breaks, step))
	}
	key(0, i18n.T(c.lang, "scale.withheld"))
	c.y += 28
}

// Matrix is a table of figures in the colors of the scale.
type Matrix struct {
	Unit     Unit
	Decimals int
	Breaks   []float64
	Columns  []string
	Rows     []MatrixRow
}

// MatrixRow is one line of a matrix with a figure for each column.
type MatrixRow struct {
	Name  string
	Cells []FigureProps
}

func (m Matrix) draw(c *canvas) {
	drawScale(c, m.Unit, 0, m.Breaks)
	if len(m.Columns) == 0 {
		return
	}
	left := margin + 200
	width := (pictureWidth - margin - left) / float64(len(m.Columns))
	// Names of columns stand upright: there is no room for them side by side.
	tallest := 0.0
	for _, name := range m.Columns {
		tallest = math.Max(tallest, math.Min(textWidth(name, 12), 210))
	}
	c.y += tallest + 8
	for i, name := range m.Columns {
		short := wrapped(name, 12, 210)
		for k, line := range short[:min(len(short), 2)] {
			fmt.Fprintf(&c.b, `<text transform="translate(%s %s) rotate(-90)" font-size="12" fill="%s">%s</text>`,
				num(left+(float64(i)+0.5)*width+4+14*(float64(k)-0.5*float64(min(len(short), 2)-1))), num(c.y-4), inkQuiet, html.EscapeString(line))
		}
	}
	const height = 24.0
	for _, r := range m.Rows {
		if name := wrapped(r.Name, 13, left-margin-10); len(name) == 1 {
			c.word(name[0], margin, c.y+17, 13, inkText, "start", false)
		} else {
			for i, line := range wrapped(r.Name, 10.5, left-margin-10) {
				c.word(line, margin, c.y+10+12*float64(i), 10.5, inkText, "start", false)
			}
		}
		for i, f := range r.Cells {
			x, step := left+float64(i)*width, Step(f, m.Breaks)
			c.box(x+1, c.y+1, width-2, height-2, stepInks[step], "s"+strconv.Itoa(step), 1)
			if f.Shown() {
				fmt.Fprintf(&c.b, `<text class="l%d" x="%s" y="%s" font-size="12" fill="%s" text-anchor="middle">%s</text>`,
					step, num(x+width/2), num(c.y+17), stepLetter[step], i18n.Number(c.lang, f.Value, m.Decimals))
				continue
			}
			c.hatch(x+1, c.y+1, width-2, height-2)
		}
		c.y += height
	}
	c.y += 6
}
