package ui

import (
	"fmt"
	"html"
	"math"
	"strconv"
	"strings"

	"sipas/templates/i18n"
)

// Picture is a chart as a file of its own: an SVG that needs no style sheet, no font and no page around it. Its colors stand at each mark,
// its fonts fall back to the system's, and on paper the steps of the scale become greys.
type Picture struct {
	Title   string // says what is seen
	Alt     string // the same in words, for readers who do not see it
	Caption string // the source, the base and the method
	Parts   []Part
}

// Part is one chart of a picture; they stand under one another.
type Part interface{ draw(c *canvas) }

// pictureWidth is the width of every picture in its own units; its height follows from what is in it.
const pictureWidth = 960.0

// margin is the room around everything.
const margin = 28.0

// ink are the colors of a picture: those of base.css in the light.
const (
	inkText, inkQuiet, inkLine, inkEdge, inkAccent, inkPaper = "#14232a", "#45565e", "#d5dbda", "#6f8087", "#0b5d66", "#ffffff"
	inkAlert                                                 = "#9c3d12"
)

// stepInks are the fills of the scale's steps and of what is withheld, and the letters on them.
var (
	stepInks   = [6]string{"#eceeed", "#9c3d12", "#dd9150", "#f1e5cb", "#9dcac5", "#1d6f75"}
	stepLetter = [6]string{"#45565e", "#ffffff", "#1b1208", "#1b1b10", "#08201f", "#ffffff"}
)

// onPaper turns the steps into a ramp of greys, dark where a value is low.
const onPaper = `@media print{.s0{fill:#fff}.s1{fill:#3d3d3d}.s2{fill:#808080}.s3{fill:#b4b4b4}.s4{fill:#d9d9d9}.s5{fill:#f4f4f4}` +
	`.l1{fill:#fff}.l2,.l3,.l4,.l5{fill:#000}.interval{fill:#777}.dot{fill:#000}}`

// canvas collects the marks of a picture from the top down.
type canvas struct {
	lang i18n.Lang
	b    strings.Builder
	y    float64 // where the next part begins
}

// SVG draws the picture.
func (p Picture) SVG(l i18n.Lang) []byte {
	c := &canvas{lang: l, y: margin}
	c.paragraph(p.Title, margin, pictureWidth-2*margin, 22, inkText, true)
	c.y += 10
	for _, part := range p.Parts {
		part.draw(c)
		c.y += 22
	}
	c.paragraph(p.Caption, margin, pictureWidth-2*margin, 13, inkQuiet, false)
	height := c.y + margin/2
	var out strings.Builder
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %s %s" width="%s" height="%s" role="img" aria-labelledby="title desc" lang="%s" `+
		`font-family="'Be Vietnam Pro','Segoe UI','Noto Sans','Helvetica Neue',Arial,sans-serif">`,
		num(pictureWidth), num(height), num(pictureWidth), num(height), i18n.Tag(l))
	fmt.Fprintf(&out, `<title id="title">%s</title><desc id="desc">%s</desc><style>%s</style>`, html.EscapeString(p.Title), html.EscapeString(p.Alt), onPaper)
	fmt.Fprintf(&out, `<rect width="%s" height="%s" fill="%s"/>`, num(pictureWidth), num(height), inkPaper)
	out.WriteString(c.b.String())
	out.WriteString("</svg>\n")
	return []byte(out.String())
}

func num(x float64) string { return strconv.FormatFloat(math.Round(x*10)/10, 'f', -1, 64) }

// word writes one line of text with its baseline at y. anchor is start, middle or end.
func (c *canvas) word(text string, x, y, size float64, fill, anchor string, bold bool) {
	if text == "" {
		return
	}
	weight := ""
	if bold {
		weight = ` font-weight="600"`
	}
	fmt.Fprintf(&c.b, `<text x="%s" y="%s" font-size="%s" fill="%s" text-anchor="%s"%s>%s</text>`,
		num(x), num(y), num(size), fill, anchor, weight, html.EscapeString(text))
}

// lineHeight leaves room for the two marks that Vietnamese stacks on a letter.
const lineHeight = 1.45

// paragraph writes text in as many lines as it needs, and moves down by them.
func (c *canvas) paragraph(text string, x, width, size float64, fill string, bold bool) {
	for _, line := range wrapped(text, size, width) {
		c.y += size * lineHeight
		c.word(line, x, c.y-0.35*size, size, fill, "start", bold)
	}
}

func (c *canvas) rule(x1, y1, x2, y2, width float64, stroke, dash string) {
	if dash != "" {
		dash = ` stroke-dasharray="` + dash + `"`
	}
	fmt.Fprintf(&c.b, `<line x1="%s" y1="%s" x2="%s" y2="%s" stroke="%s" stroke-width="%s"%s/>`, num(x1), num(y1), num(x2), num(y2), stroke, num(width), dash)
}

func (c *canvas) box(x, y, w, h float64, fill, class string, opacity float64) {
	extra := ""
	if class != "" {
		extra = ` class="` + class + `"`
	}
	if opacity < 1 {
		extra += ` fill-opacity="` + num(opacity) + `"`
	}
	fmt.Fprintf(&c.b, `<rect x="%s" y="%s" width="%s" height="%s" rx="2" fill="%s"%s/>`, num(x), num(y), num(math.Max(0, w)), num(h), fill, extra)
}

func (c *canvas) dot(x, y, r float64, fill string) {
	fmt.Fprintf(&c.b, `<circle class="dot" cx="%s" cy="%s" r="%s" fill="%s"/>`, num(x), num(y), num(r), fill)
}

// hatch marks a box whose figure is withheld.
func (c *canvas) hatch(x, y, w, h float64) {
	for from := -h; from < w; from += 9 {
		x1, x2 := math.Max(from, 0), math.Min(from+h, w)
		c.rule(x+x1, y+h-(x1-from), x+x2, y+h-(x2-from), 1, inkEdge, "")
	}
}

// textWidth guesses how wide a text is: a program that draws has no font to measure with.
func textWidth(text string, size float64) float64 {
	width := 0.0
	for _, r := range text {
		switch {
		case strings.ContainsRune("iIíìịĩỉjltf.,:;|!'()[] ", r):
			width += 0.34
		case strings.ContainsRune("mMwWƠơ%—", r):
			width += 0.9
		case r > 0x2e80:
			width++
		case strings.ToUpper(string(r)) == string(r) && strings.ToLower(string(r)) != string(r):
			width += 0.72
		default:
			width += 0.59
		}
	}
	return width * size
}

// wrapped breaks a text at its spaces into lines of at most a width.
func wrapped(text string, size, width float64) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		longer := word
		if line != "" {
			longer = line + " " + word
		}
		if line != "" && textWidth(longer, size) > width {
			lines = append(lines, line)
			line = word
			continue
		}
		line = longer
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}
