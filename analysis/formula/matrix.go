package formula

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"sipas/analysis/design"
)

// Unused says what becomes of a level that no complete row of the set has.
type Unused uint8

const (
	// DropUnused leaves the level out and lists it in Matrix.Dropped, as R's models do.
	DropUnused Unused = iota
	// KeepUnused keeps its column, which is all zero.
	KeepUnused
	// RefuseUnused gives a *LevelError that names it.
	RefuseUnused
)

// Options are the choices of Build.
type Options struct {
	// Rows are the rows that count for which levels there are; nil means all. The columns are made for every row.
	Rows   []bool
	Unused Unused
}

// Block holds the columns of one term. Every row has at most one value that is not zero among them: its column is First + Code[row],
// none where the code is -1, and the value is Value[row]. A nil Code means the one column First, a nil Value the value one.
type Block struct {
	Term  int // 0 is the intercept, k the k-th of Matrix.Terms
	First int
	Width int
	Code  []int32
	Value []float64
}

// Response is the left side of a formula: numbers, or codes with levels.
type Response struct {
	Name    string
	Numbers []float64 // nil when categorical; NaN is missing
	Codes   []int32   // -1 is missing
	Levels  []string  // those that are used, unless unused levels are kept
}

// Matrix is a formula with data: the model matrix with the names of its columns, and what stands beside it.
// It is immutable; the slices must not be modified.
type Matrix struct {
	Names    []string // of the columns, as R names them
	Assign   []int    // the term of each column: 0 is the intercept, k the k-th of Terms
	Terms    []string
	Response *Response // nil without a left side
	Offset   []float64 // the sum of the offsets; nil without any
	Complete []bool    // whether the row has a value of every variable
	Dropped  []LevelError
	Blocks   []Block

	formula *Formula
	rows    int
	coding  []coding // of each variable of the formula
}

// coding is how a variable turned into columns, so that other data can be coded the same way.
type coding struct {
	levels []string // nil for numbers
}

// Build works out the columns of a formula for data. The errors are *ColumnError, *ValueError and *LevelError.
func (f *Formula) Build(data Data, opt Options) (*Matrix, error) {
	if opt.Rows != nil && len(opt.Rows) != data.Rows() {
		return nil, &ValueError{Formula: f.text, Reason: fmt.Sprintf("%d marks for %d rows", len(opt.Rows), data.Rows())}
	}
	m, values, err := f.evaluate(data, true)
	if err != nil {
		return nil, err
	}
	counts := func(i int) bool { return m.Complete[i] && (opt.Rows == nil || opt.Rows[i]) }

	for i := range values {
		if values[i].levels == nil {
			continue
		}
		if values[i], err = m.settle(f.labels[i], values[i], counts, opt.Unused); err != nil {
			return nil, err
		}
		m.coding[i].levels = values[i].levels
	}
	if r := m.Response; r != nil && r.Levels != nil {
		v, err := m.settle(r.Name, value{codes: r.Codes, levels: r.Levels}, counts, opt.Unused)
		if err != nil {
			return nil, err
		}
		r.Codes, r.Levels = v.codes, v.levels
	}

	return m, m.assemble(values)
}

// Apply makes the same columns for other data, coded by the levels of m. The response is left out, so the
// data need not have it. A level that m does not have is a *LevelError.
func (m *Matrix) Apply(data Data) (*Matrix, error) {
	out, values, err := m.formula.evaluate(data, false)
	if err != nil {
		return nil, err
	}

	for i, c := range m.coding {
		name := m.formula.labels[i]

		if (values[i].levels == nil) != (c.levels == nil) {
			return nil, &ValueError{Formula: m.formula.text, At: m.formula.variables[i].at, Reason: name + " is categorical in one set of data and numeric in the other"}
		}
		if c.levels == nil {
			continue
		}
		coded := recode(values[i], c.levels)

		for row, code := range coded.codes {
			if old := values[i].codes[row]; code < 0 && old >= 0 {
				return nil, &LevelError{Variable: name, Level: values[i].levels[old], Row: row, Reason: "the model does not know it"}
			}
		}
		values[i] = coded
		out.coding[i] = c
	}

	return out, out.assemble(values)
}

// evaluate works out the variables, and which rows have all of them.
func (f *Formula) evaluate(data Data, response bool) (*Matrix, []value, error) {
	e := &evaluator{f: f, data: data}
	m := &Matrix{formula: f, rows: data.Rows(), Terms: f.Terms(), coding: make([]coding, len(f.variables))}
	m.Complete = make([]bool, m.rows)

	for i := range m.Complete {
		m.Complete[i] = true
	}
	values, used := make([]value, len(f.variables)), f.used()

	for i, n := range f.variables {
		if !used[i] {
			continue
		}
		v, err := e.variable(n)
		if err != nil {
			return nil, nil, err
		}
		values[i] = v
		m.mark(v)
	}
	if response && f.response != nil {
		v, err := e.variable(f.response)
		if err != nil {
			return nil, nil, err
		}
		m.mark(v)
		m.Response = &Response{Name: f.Response(), Numbers: v.number, Codes: v.codes, Levels: v.levels}
	}

	for _, n := range f.offsets {
		v, err := e.eval(n)
		if err != nil {
			return nil, nil, err
		}
		if m.Offset == nil {
			m.Offset = make([]float64, m.rows)
		}
		for i := range m.Offset {
			m.Offset[i] += v.at(i)
			m.Complete[i] = m.Complete[i] && !math.IsNaN(m.Offset[i]) && !math.IsInf(m.Offset[i], 0)
		}
	}

	return m, values, nil
}

func (m *Matrix) mark(v value) {
	for i, x := range v.number {
		if math.IsNaN(x) {
			m.Complete[i] = false
		}
	}
	for i, c := range v.codes {
		if c < 0 {
			m.Complete[i] = false
		}
	}
}

// settle deals with the levels that no row which counts has. Logical values are coded as text columns with the same
// two labels would be.
func (m *Matrix) settle(name string, v value, counts func(row int) bool, policy Unused) (value, error) {
	if policy == KeepUnused {
		return v, nil
	}
	used := make([]bool, len(v.levels))

	for i, c := range v.codes {
		if c >= 0 && !used[c] && counts(i) {
			used[c] = true
		}
	}
	if !slices.Contains(used, false) {
		return v, nil
	}
	var kept []string

	for i, l := range v.levels {
		if used[i] {
			kept = append(kept, l)
			continue
		}
		e := LevelError{Variable: name, Level: l, Row: -1, Reason: "no complete row has it"}
		if policy == RefuseUnused {
			return v, &e
		}
		m.Dropped = append(m.Dropped, e)
	}
	if kept == nil {
		kept = []string{}
	}

	return recode(v, kept), nil
}

// assemble makes the blocks from the variables' values.
func (m *Matrix) assemble(values []value) error {
	f := m.formula

	if f.intercept {
		m.Blocks = append(m.Blocks, Block{Width: 1})
		m.Names, m.Assign = append(m.Names, "(Intercept)"), append(m.Assign, 0)
	}
	full := f.codes(values)

	for k, t := range f.terms {
		b := Block{Term: k + 1, First: len(m.Names), Width: 1}
		names := []string{""}

		for at, v := range t {
			if values[v].levels == nil {
				b.times(values[v].number)
				names = suffixed(names, []string{f.labels[v]})
				continue
			}
			levels, first := values[v].levels, int32(0)

			if len(levels) == 0 {
				return &ValueError{Formula: f.text, At: f.variables[v].at, Reason: f.labels[v] + " has no value in any complete row"}
			}
			if !full[k][at] {
				if len(levels) == 1 {
					return &LevelError{Variable: f.labels[v], Level: levels[0], Row: -1, Reason: "no other level is left to compare it with"}
				}
				first, levels = 1, levels[1:]
			}
			if b.Width*len(levels) > 1<<20 {
				return &ValueError{Formula: f.text, At: f.variables[v].at, Reason: "the term " + m.Terms[k] + " has too many columns"}
			}
			b.cross(values[v].codes, first, len(levels))
			parts := make([]string, len(levels))

			for i, l := range levels {
				parts[i] = f.labels[v] + l
			}
			names = suffixed(names, parts)
		}
		b.Width = len(names)
		m.Blocks = append(m.Blocks, b)
		m.Names = append(m.Names, names...)

		for range names {
			m.Assign = append(m.Assign, k+1)
		}
	}

	return nil
}

// suffixed joins names, the first varying fastest.
func suffixed(names, parts []string) []string {
	out := make([]string, 0, len(names)*len(parts))

	for _, p := range parts {
		for _, n := range names {
			out = append(out, strings.TrimPrefix(n+":"+p, ":"))
		}
	}

	return out
}

func (b *Block) times(x []float64) {
	if b.Value == nil {
		b.Value = x
		return
	}
	out := make([]float64, len(x))
	for i := range out {
		out[i] = b.Value[i] * x[i]
	}
	b.Value = out
}

// cross multiplies the columns by those of a categorical variable: the level of code first stands in the first of them.
func (b *Block) cross(codes []int32, first int32, levels int) {
	out := make([]int32, len(codes))

	for i, c := range codes {
		switch {
		case c < first:
			out[i] = -1
		case b.Code == nil:
			out[i] = c - first
		case b.Code[i] < 0:
			out[i] = -1
		default:
			out[i] = b.Code[i] + (c-first)*int32(b.Width)
		}
	}
	b.Code = out
	b.Width *= levels
}

// codes says of each term and each of its variables whether all levels have a column: where the term without the variable is
// not part of an earlier term. Without an intercept the first categorical variable of all has all of its levels.
func (f *Formula) codes(values []value) [][]bool {
	out := make([][]bool, len(f.terms))
	first := !f.intercept

	for k, t := range f.terms {
		out[k] = make([]bool, len(t))

		for at, v := range t {
			if values[v].levels == nil {
				continue
			}
			rest := slices.Delete(slices.Clone(t), at, at+1)
			out[k][at] = len(rest) > 0 && !slices.ContainsFunc(f.terms[:k], func(earlier term) bool { return earlier.has(rest) })

			if first {
				out[k][at], first = true, false
			}
		}
	}

	return out
}

func (t term) has(part term) bool {
	for _, v := range part {
		if !slices.Contains(t, v) {
			return false
		}
	}

	return true
}

// Rows returns the number of rows.
func (m *Matrix) Rows() int { return m.rows }

// Formula returns the formula that the columns were made of.
func (m *Matrix) Formula() *Formula { return m.formula }

// Row appends the values of a row that are not zero to dst, by ascending column. A row that is not complete has no meaning here.
func (m *Matrix) Row(row int, dst []design.Entry) []design.Entry {
	for i := range m.Blocks {
		b := &m.Blocks[i]
		column, value := b.First, 1.0

		if b.Code != nil {
			if b.Code[row] < 0 {
				continue
			}
			column += int(b.Code[row])
		}
		if b.Value != nil {
			value = b.Value[row]
		}
		if value != 0 {
			dst = append(dst, design.Entry{Column: column, Value: value})
		}
	}

	return dst
}

// Column returns a column of the model matrix, one value for each row; NaN where the row is not complete.
func (m *Matrix) Column(column int) []float64 {
	out := make([]float64, m.rows)
	at := slices.IndexFunc(m.Blocks, func(b Block) bool { return column >= b.First && column < b.First+b.Width })
	b := &m.Blocks[at]

	for i := range out {
		switch {
		case !m.Complete[i]:
			out[i] = math.NaN()
		case b.Code != nil && int(b.Code[i]) != column-b.First:
		case b.Value != nil:
			out[i] = b.Value[i]
		default:
			out[i] = 1
		}
	}

	return out
}

// Sparse returns the columns as auxiliary variables of a calibration. A calibration needs the value of every row: the first
// that misses one is a *MissingError.
func (m *Matrix) Sparse() (*design.Matrix, error) {
	rows := make([][]design.Entry, m.rows)
	var entries []design.Entry

	for i := range rows {
		if !m.Complete[i] {
			return nil, &MissingError{Variable: m.formula.text, Row: i}
		}
		// Rows share large arrays, so that a million rows are not a million pieces of memory.
		if cap(entries)-len(entries) < len(m.Blocks) {
			entries = make([]design.Entry, 0, 4096*(1+len(m.Blocks)))
		}
		from := len(entries)
		entries = m.Row(i, entries)
		rows[i] = entries[from:len(entries):len(entries)]
	}

	return design.FromRows(len(m.Names), rows)
}
