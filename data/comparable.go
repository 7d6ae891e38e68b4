package data

import (
	"fmt"
	"slices"
	"strings"
)

// PAPITotal is the code of the total in questions of comparability.
const PAPITotal = "total"

// PAPIBreak says from which year on a node's scores do not compare with earlier ones, and why.
type PAPIBreak struct {
	Node               string
	Year               int
	ReasonEN, ReasonVI string
}

type breakRow struct {
	PAPIBreak
	source string
}

var breakRows = table("papi/breaks.csv", "node,year,reason_en,reason_vi,source", func(r *row) breakRow {
	return breakRow{PAPIBreak{Node: r.text(), Year: r.int(), ReasonEN: r.text(), ReasonVI: r.text()}, r.text()}
})

// PAPIBreakBetween returns the latest break of a node between two years, or false where its scores of
// the two years compare. A node is the code of a sub-dimension, of a dimension, or PAPITotal.
//
// Breaks are read off the published compositions: a sub-dimension breaks where its code means
// something else, where its scale changes, or where it comes or goes; a dimension where any of its
// sub-dimensions does; the total where any dimension does. What the compositions do not show, such
// as other indicators behind an unchanged label, stands in papi/breaks.csv.
//
// Comparable therefore means that no change of the make-up is known, not that none of the questions
// was reworded.
func PAPIBreakBetween(node string, from, to int) (PAPIBreak, bool) {
	if from > to {
		from, to = to, from
	}
	for year := to; year > from; year-- {
		if b, broken := breakIn(node, year); broken {
			return b, true
		}
	}
	return PAPIBreak{}, false
}

// breakIn returns the break of a node between a year and the one before it.
func breakIn(node string, year int) (PAPIBreak, bool) {
	before, now := PAPIComposition(year-1), PAPIComposition(year)
	if before == nil || now == nil {
		return PAPIBreak{
			Node: node, Year: year,
			ReasonEN: fmt.Sprintf("No scores of %d are shipped to compare with.", year-1),
			ReasonVI: fmt.Sprintf("Không có số liệu năm %d để so sánh.", year-1),
		}, true
	}
	switch {
	case node == PAPITotal:
		return breakOfTotal(before, now, year)
	case strings.Contains(node, "."):
		return breakOfSub(before, now, node, year)
	default:
		return breakOfDimension(before, now, node, year)
	}
}

func breakOfTotal(before, now []PAPIDimension, year int) (PAPIBreak, bool) {
	var changed []string
	for _, d := range union(codesOf(before), codesOf(now)) {
		if _, broken := breakOfDimension(before, now, d, year); broken {
			changed = append(changed, d)
		}
	}
	if len(changed) == 0 {
		return PAPIBreak{}, false
	}
	return PAPIBreak{
		Node: PAPITotal, Year: year,
		ReasonEN: fmt.Sprintf("The total was made up differently in %d: dimension %s changed.", year, strings.Join(changed, ", ")),
		ReasonVI: fmt.Sprintf("Tổng điểm năm %d được cấu thành khác trước: chỉ số nội dung %s thay đổi.", year, strings.Join(changed, ", ")),
	}, true
}

func breakOfDimension(before, now []PAPIDimension, code string, year int) (PAPIBreak, bool) {
	old, had := dimension(before, code)
	cur, has := dimension(now, code)
	b := PAPIBreak{Node: code, Year: year}
	switch {
	case !had && !has:
		b.ReasonEN = fmt.Sprintf("There is no dimension %s in %d.", code, year)
		b.ReasonVI = fmt.Sprintf("Năm %d không có chỉ số nội dung %s.", year, code)
		return b, true
	case !had:
		b.ReasonEN = fmt.Sprintf("Dimension %s was added in %d.", code, year)
		b.ReasonVI = fmt.Sprintf("Chỉ số nội dung %s được bổ sung từ năm %d.", code, year)
		return b, true
	case !has:
		b.ReasonEN = fmt.Sprintf("Dimension %s was dropped in %d.", code, year)
		b.ReasonVI = fmt.Sprintf("Chỉ số nội dung %s bị bỏ từ năm %d.", code, year)
		return b, true
	}
	var changed []string
	for _, s := range union(subCodes(old), subCodes(cur)) {
		if _, broken := breakOfSub(before, now, s, year); broken {
			changed = append(changed, s)
		}
	}
	if len(changed) == 0 {
		return PAPIBreak{}, false
	}
	b.ReasonEN = fmt.Sprintf("Dimension %s was made up differently in %d: %s changed.", code, year, strings.Join(changed, ", "))
	b.ReasonVI = fmt.Sprintf("Chỉ số nội dung %s năm %d được cấu thành khác trước: %s thay đổi.", code, year, strings.Join(changed, ", "))
	return b, true
}

func breakOfSub(before, now []PAPIDimension, code string, year int) (PAPIBreak, bool) {
	old, had := subDimension(before, code)
	cur, has := subDimension(now, code)
	b := PAPIBreak{Node: code, Year: year}
	switch {
	case !had && !has:
		b.ReasonEN = fmt.Sprintf("There is no sub-dimension %s in %d.", code, year)
		b.ReasonVI = fmt.Sprintf("Năm %d không có nội dung thành phần %s.", year, code)
		return b, true
	case !had:
		b.ReasonEN = fmt.Sprintf("Sub-dimension %s was added in %d.", code, year)
		b.ReasonVI = fmt.Sprintf("Nội dung thành phần %s được bổ sung từ năm %d.", code, year)
		return b, true
	case !has:
		b.ReasonEN = fmt.Sprintf("Sub-dimension %s was dropped in %d.", code, year)
		b.ReasonVI = fmt.Sprintf("Nội dung thành phần %s bị bỏ từ năm %d.", code, year)
		return b, true
	case old.NameEN != cur.NameEN:
		b.ReasonEN = fmt.Sprintf("Until %d the code %s meant %q, since %d it means %q.", year-1, code, old.NameEN, year, cur.NameEN)
		b.ReasonVI = fmt.Sprintf("Đến năm %d, mã %s là “%s”; từ năm %d là “%s”.", year-1, code, old.NameVI, year, cur.NameVI)
		return b, true
	case old.Min != cur.Min || old.Max != cur.Max:
		b.ReasonEN = fmt.Sprintf("The scale of %s changed in %d from %.2f-%.2f to %.2f-%.2f.", code, year, old.Min, old.Max, cur.Min, cur.Max)
		b.ReasonVI = fmt.Sprintf("Thang điểm của %s năm %d đổi từ %s-%s thành %s-%s.", code, year,
			comma(old.Min), comma(old.Max), comma(cur.Min), comma(cur.Max))
		return b, true
	}
	for _, stated := range breakRows() {
		if stated.Node == code && stated.Year == year {
			return stated.PAPIBreak, true
		}
	}
	return PAPIBreak{}, false
}

// comma writes a number with two decimals the Vietnamese way.
func comma(x float64) string { return strings.Replace(fmt.Sprintf("%.2f", x), ".", ",", 1) }

func dimension(dims []PAPIDimension, code string) (PAPIDimension, bool) {
	i := slices.IndexFunc(dims, func(d PAPIDimension) bool { return d.Code == code })
	if i < 0 {
		return PAPIDimension{}, false
	}
	return dims[i], true
}

func subDimension(dims []PAPIDimension, code string) (PAPISubDimension, bool) {
	for _, d := range dims {
		for _, s := range d.Subs {
			if s.Code == code {
				return s, true
			}
		}
	}
	return PAPISubDimension{}, false
}

func codesOf(dims []PAPIDimension) []string {
	codes := make([]string, len(dims))
	for i, d := range dims {
		codes[i] = d.Code
	}
	return codes
}

func subCodes(d PAPIDimension) []string {
	codes := make([]string, len(d.Subs))
	for i, s := range d.Subs {
		codes[i] = s.Code
	}
	return codes
}

// union returns the sorted codes that stand in either list.
func union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}
