package survey

import (
	"fmt"
	"slices"
	"strings"
)

// Break says from which year on a node's scores do not compare with earlier ones, and why.
type Break struct {
	Node   string `json:"node"`
	Year   int    `json:"year"`
	Reason Text   `json:"reason"`
}

// Frameworks finds a version of a framework.
type Frameworks func(FrameworkRef) (*Framework, bool)

// BreakBetween returns the latest break of a node's scores between two years, or false where its scores of the two years
// compare. last is the framework of the later year; the chain of what it follows is searched for the others.
//
// A node breaks where its framework says so, and where a node below it breaks, comes or goes. Comparable therefore
// means that no change of the make-up is known, not that none of the questions was reworded.
func (find Frameworks) BreakBetween(last *Framework, node string, from, to int) (Break, bool) {
	if from > to {
		from, to = to, from
	}
	for year := to; year > from; year-- {
		now, ok := find.of(last, year)
		if !ok {
			return unknownYear(node, year, year), true
		}
		before, ok := find.of(now, year-1)
		if !ok {
			return unknownYear(node, year, year-1), true
		}
		if b, broken := breakIn(before, now, node, year); broken {
			return b, true
		}
	}
	return Break{}, false
}

// unknownYear is the break before the first year that anything is known of.
func unknownYear(node string, year, unknown int) Break {
	return Break{Node: node, Year: year, Reason: Text{
		English:    fmt.Sprintf("No scores of %d are there to compare with.", unknown),
		Vietnamese: fmt.Sprintf("Không có số liệu năm %d để so sánh.", unknown),
	}}
}

// of returns the framework of a year among those that one follows.
func (find Frameworks) of(f *Framework, year int) (*Framework, bool) {
	for range 100 { // a chain of a hundred eras is a circle
		if f.Years.Holds(year) {
			return f, true
		}
		if f.Follows == nil {
			return nil, false
		}
		next, ok := find(*f.Follows)
		if !ok {
			return nil, false
		}
		f = next
	}
	return nil, false
}

// breakIn returns the break of a node between a year and the one before it.
func breakIn(before, now *Framework, node string, year int) (Break, bool) {
	old, had := before.series(node)
	cur, has := now.series(node)
	b := Break{Node: node, Year: year}
	switch {
	case !has && !had:
		b.Reason = Text{
			English:    fmt.Sprintf("There is no %s in %d.", node, year),
			Vietnamese: fmt.Sprintf("Năm %d không có %s.", year, node),
		}
		return b, true
	case !had:
		name := cur.name(node)
		b.Reason = Text{
			English:    fmt.Sprintf("%s was added in %d.", name[English], year),
			Vietnamese: fmt.Sprintf("%s được bổ sung từ năm %d.", name[Vietnamese], year),
		}
		return b, true
	case !has:
		name := old.name(node)
		b.Reason = Text{
			English:    fmt.Sprintf("%s was dropped in %d.", name[English], year),
			Vietnamese: fmt.Sprintf("%s bị bỏ từ năm %d.", name[Vietnamese], year),
		}
		return b, true
	}
	for _, stated := range now.Breaks {
		if stated.Node == node && stated.Year == year {
			return stated, true
		}
	}
	var changed []string
	for _, part := range union(old.parts, cur.parts) {
		if _, broken := breakIn(before, now, part, year); broken {
			changed = append(changed, part)
		}
	}
	if len(changed) == 0 {
		return Break{}, false
	}
	name, list := cur.name(node), strings.Join(changed, ", ")
	en, vi := "", ""
	if cur.kind == NodeIndex && cur.dimensions {
		en, vi = "dimension ", "chỉ số nội dung "
	}
	b.Reason = Text{
		English:    fmt.Sprintf("%s was made up differently in %d: %s%s changed.", name[English], year, en, list),
		Vietnamese: fmt.Sprintf("%s năm %d được cấu thành khác trước: %s%s thay đổi.", name[Vietnamese], year, vi, list),
	}
	return b, true
}

// series is what breaks of a node depend on.
type series struct {
	kind       NodeKind
	parts      []string
	dimensions bool // the parts are dimensions
}

// name is how a sentence begins that speaks of a node.
func (s series) name(code string) Text {
	switch s.kind {
	case NodeIndex:
		return Text{English: "The total", Vietnamese: "Tổng điểm"}
	case NodeDimension:
		return Text{English: "Dimension " + code, Vietnamese: "Chỉ số nội dung " + code}
	case NodeSubDimension:
		return Text{English: "Sub-dimension " + code, Vietnamese: "Nội dung thành phần " + code}
	}
	return Text{English: code, Vietnamese: code}
}

// series returns the parts of a node whose scores are published as series. What is below a sub-dimension is not: its
// indicators come and go with what is known of its formula.
func (f *Framework) series(node string) (s series, ok bool) {
	if n, found := f.Node(node); found {
		s.kind = n.Kind
		if n.Kind == NodeSubDimension {
			return s, true
		}
		for _, c := range n.Children {
			s.parts = append(s.parts, c.Code)
			s.dimensions = s.dimensions || c.Kind == NodeDimension
		}
		return s, true
	}
	for _, d := range f.Derived {
		if d.Code != node {
			continue
		}
		for _, t := range d.Terms {
			s.parts = append(s.parts, t.Node)
		}
		return s, true
	}
	return s, false
}

// union returns the sorted codes that stand in either list.
func union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}
