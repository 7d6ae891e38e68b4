package frame

import (
	"cmp"
	"math"
	"slices"
	"strconv"
)

// Missing is the code of a missing value in a categorical column.
const Missing int32 = -1

// Column is one column of a frame. Exactly one of Numbers and Codes is there. Nothing of it may be modified.
type Column struct {
	Name    string
	Numbers []float64 // of a numeric column; NaN is missing
	Codes   []int32   // of a categorical column: positions in Levels, or Missing
	Levels  []string  // distinct, sorted as bytes unless given

	written texts // of numbers that are not written in the shortest way
}

// Numeric reports whether the column holds numbers.
func (c *Column) Numeric() bool { return c.Numbers != nil }

// Text returns what the file says in a row, and whether it says anything.
func (c *Column) Text(row int) (text string, ok bool) {
	if c.Numbers == nil {
		if c.Codes[row] == Missing {
			return "", false
		}
		return c.Levels[c.Codes[row]], true
	}
	v := c.Numbers[row]
	if math.IsNaN(v) {
		return "", false
	}
	if t, ok := c.written.at(row); ok {
		return t, true
	}

	return strconv.FormatFloat(v, 'f', -1, 64), true
}

// Missings counts the missing values.
func (c *Column) Missings() int {
	n := 0
	for _, v := range c.Numbers {
		if math.IsNaN(v) {
			n++
		}
	}
	for _, k := range c.Codes {
		if k == Missing {
			n++
		}
	}

	return n
}

// Labels returns the column as labels: a code for each row, Missing where there is none, and the distinct labels in
// order. Those of a categorical column are its own. Those of a numeric column are sorted as numbers, and are as the file
// writes them: 0012 stays 0012. The same number written in several ways is one label, the first of them sorted as bytes;
// beyond 15 digits, where distinct numbers become one in memory, the text alone decides.
func (c *Column) Labels() (codes []int32, labels []string) {
	if c.Numbers == nil {
		return c.Codes, c.Levels
	}
	type label struct {
		value float64
		text  string // the first of those that are written in another way than the shortest
		plain bool   // it is written in the shortest way too
	}
	var all []label
	byNumber, byText := map[float64]int32{}, map[string]int32{}
	codes = make([]int32, len(c.Numbers))

	for row, v := range c.Numbers {
		if math.IsNaN(v) {
			codes[row] = Missing
			continue
		}
		text, written := c.written.at(row)
		k, known := byNumber[v]
		long := written && significant(text) > exactDigits

		if long {
			k, known = byText[text]
		}
		if !known {
			k = int32(len(all))
			all = append(all, label{value: v, text: text})
			if long {
				byText[text] = k
			} else {
				byNumber[v] = k
			}
		}
		if !written {
			all[k].plain = true
		} else if all[k].text == "" || text < all[k].text {
			all[k].text = text
		}
		codes[row] = k
	}
	for i := range all {
		if plain := strconv.FormatFloat(all[i].value, 'f', -1, 64); all[i].plain && (all[i].text == "" || plain < all[i].text) {
			all[i].text = plain
		}
	}
	order := make([]int32, len(all))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int {
		return cmp.Or(cmp.Compare(all[a].value, all[b].value), cmp.Compare(all[a].text, all[b].text))
	})
	place := make([]int32, len(all))
	for i, k := range order {
		place[k] = int32(i)
		labels = append(labels, all[k].text)
	}
	for row, k := range codes {
		if k != Missing {
			codes[row] = place[k]
		}
	}

	return codes, labels
}

// Categories returns the column as a categorical one with its levels in the order given, or in that of Labels when none
// are given. A level that no row has is kept. A value that is not among the levels is an *Error with the line of the
// first row that has it, which line tells.
func (c *Column) Categories(levels []string, line func(row int) int) (*Column, error) {
	codes, labels := c.Labels()
	out := &Column{Name: c.Name, Codes: codes, Levels: labels}
	if levels == nil {
		return out, nil
	}
	place := make([]int32, len(labels))
	for i, l := range labels {
		place[i] = int32(slices.Index(levels, l))
	}
	out.Codes, out.Levels = make([]int32, len(codes)), levels

	for row, k := range codes {
		if k == Missing {
			out.Codes[row] = Missing
			continue
		}
		if place[k] < 0 {
			return nil, &Error{Line: line(row), Column: c.Name, Reason: strconv.Quote(labels[k]) + " is not among the levels given, " + list(levels)}
		}
		out.Codes[row] = place[k]
	}

	return out, nil
}

// texts are the written forms of some rows of a numeric column.
type texts struct {
	rows  []int32 // ascending
	ends  []int   // of each text in bytes
	bytes []byte
}

// subset returns the column of some of its rows.
func (c *Column) subset(keep []bool) *Column {
	out := &Column{Name: c.Name, Levels: c.Levels}
	at := 0

	for row, k := range keep {
		if !k {
			continue
		}
		if c.Numbers == nil {
			out.Codes = append(out.Codes, c.Codes[row])
			continue
		}
		out.Numbers = append(out.Numbers, c.Numbers[row])
		if text, ok := c.written.at(row); ok {
			out.written.add(at, []byte(text))
		}
		at++
	}
	if c.Numbers != nil && out.Numbers == nil {
		out.Numbers = []float64{} // no rows, and still a column of numbers
	}

	return out
}

func (t *texts) add(row int, text []byte) {
	t.rows = append(t.rows, int32(row))
	t.bytes = append(t.bytes, text...)
	t.ends = append(t.ends, len(t.bytes))
}

func (t *texts) at(row int) (string, bool) {
	// Where every row has a text of its own, which is common, its place is known.
	i := row
	if i >= len(t.rows) || t.rows[i] != int32(row) {
		var found bool
		if i, found = slices.BinarySearch(t.rows, int32(row)); !found {
			return "", false
		}
	}
	from := 0
	if i > 0 {
		from = t.ends[i-1]
	}

	return string(t.bytes[from:t.ends[i]]), true
}

// join appends the texts of rows that follow those of t.
func (t *texts) join(o texts, offset int) {
	base := len(t.bytes)
	t.bytes = append(t.bytes, o.bytes...)
	for i, row := range o.rows {
		t.rows = append(t.rows, row+int32(offset))
		t.ends = append(t.ends, base+o.ends[i])
	}
}
