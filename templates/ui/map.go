package ui

import (
	"math"
	"strconv"
	"strings"
)

// Shape is the outline of one area in degrees: polygons of rings of [longitude, latitude].
type Shape struct {
	Code     string
	Polygons [][][][2]float64
}

// Outline is a Shape on the page: SVG path data and a point inside for a mark.
type Outline struct {
	Code string
	Path string
	X, Y float64
}

// Project lays shapes on a page of the given width, in the order they came, and
// returns the height it takes. It keeps angles at the middle latitude (plate carrée
// scaled by its cosine), which is right to a few parts in a thousand within one province.
func Project(shapes []Shape, width float64) ([]Outline, float64) {
	west, south, east, north := bounds(shapes)
	if !(east > west) || !(north > south) || width <= 0 {
		return nil, 0
	}
	squeeze := math.Cos((south + north) / 2 * math.Pi / 180)
	unit := width / ((east - west) * squeeze)
	place := func(c [2]float64) (x, y float64) {
		return (c[0] - west) * squeeze * unit, (north - c[1]) * unit
	}
	out := make([]Outline, 0, len(shapes))
	for _, s := range shapes {
		var path strings.Builder
		var markX, markY, largest float64
		for _, polygon := range s.Polygons {
			for i, ring := range polygon {
				xs, ys := make([]float64, len(ring)), make([]float64, len(ring))
				for j, c := range ring {
					xs[j], ys[j] = place(c)
				}
				writeRing(&path, xs, ys)
				if area, x, y := centroid(xs, ys); i == 0 && area > largest {
					largest, markX, markY = area, x, y
				}
			}
		}
		out = append(out, Outline{Code: s.Code, Path: path.String(), X: markX, Y: markY})
	}
	return out, (north - south) * unit
}

func bounds(shapes []Shape) (west, south, east, north float64) {
	west, south = math.Inf(1), math.Inf(1)
	east, north = math.Inf(-1), math.Inf(-1)
	for _, s := range shapes {
		for _, polygon := range s.Polygons {
			for _, ring := range polygon {
				for _, c := range ring {
					west, east = math.Min(west, c[0]), math.Max(east, c[0])
					south, north = math.Min(south, c[1]), math.Max(north, c[1])
				}
			}
		}
	}
	return west, south, east, north
}

func writeRing(b *strings.Builder, xs, ys []float64) {
	for i := range xs {
		sign := byte('L')
		if i == 0 {
			sign = 'M'
		}
		b.WriteByte(sign)
		b.WriteString(strconv.FormatFloat(xs[i], 'f', 1, 64))
		b.WriteByte(' ')
		b.WriteString(strconv.FormatFloat(ys[i], 'f', 1, 64))
	}
	b.WriteByte('Z')
}

// centroid returns the size and the center of gravity of a ring, by the shoelace formula.
func centroid(xs, ys []float64) (area, x, y float64) {
	if len(xs) == 0 {
		return 0, 0, 0
	}
	for i := range xs {
		j := (i + 1) % len(xs)
		cross := xs[i]*ys[j] - xs[j]*ys[i]
		area += cross
		x += (xs[i] + xs[j]) * cross
		y += (ys[i] + ys[j]) * cross
	}
	if area == 0 {
		return 0, xs[0], ys[0]
	}
	return math.Abs(area / 2), x / (3 * area), y / (3 * area)
}

// areaFill is the hatching for a withheld area; the others are filled by their class.
func areaFill(p FigureProps) string {
	if !p.Shown() {
		return "url(#hatch)"
	}
	return "none"
}
