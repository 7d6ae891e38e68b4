package report

import (
	"math"
	"slices"

	"sipas/analysis/design"
)

// term is one indicator of a composite: what its value is multiplied by.
type term struct {
	variable    int
	coefficient float64
}

// linear is what is known of a linear combination of estimates in one domain.
type linear struct {
	se, df float64
	n      int // rows that any of the estimates has an answer of
}

// combine computes the standard error of a linear combination of estimates in one domain. Its influence is the sum over the items
// that one person answered, so the rows are read here, each once; the residuals of what calibration explains are taken by group.
func (s *surface) combine(vars []variable, d int, terms []term) linear {
	terms = slices.DeleteFunc(slices.Clone(terms), func(t term) bool { return t.coefficient == 0 })
	if len(terms) == 0 {
		return linear{}
	}
	var columns []int
	for _, t := range terms {
		if c := s.column(&vars[t.variable]); !slices.Contains(columns, c) {
			columns = append(columns, c)
		}
	}
	slices.Sort(columns)
	sums := make([][]float64, len(columns))
	tables := make([][]cellTable, len(columns))
	for i, c := range columns {
		sums[i] = make([]float64, s.design.Groups())
		for _, t := range terms {
			if s.column(&vars[t.variable]) != c {
				continue
			}
			e := s.made[t.variable][d]
			for g, z := range s.influence(t.variable, d, c, e, t.coefficient) {
				sums[i][g] += z
			}
			tables[i] = addTable(tables[i], s.scored[t.variable], e, t.coefficient)
		}
	}
	r := s.newResidualSums(columns, sums)
	in := make([]bool, s.design.Groups())
	used := make([]int, s.design.Groups())
	out := linear{}
	for _, g := range s.domains[d] {
		in[g] = true
		used[g] = s.pass(r, g, tables)
		out.n += used[g]
	}
	r.rest(in)
	out.se, out.df = math.Sqrt(math.Max(0, r.variance())), s.design.DF(used)
	return out
}

// form is a times the influence of an estimate, as sums by group.
func (s *surface) form(v, d, column int, a float64) design.GroupForm {
	var f design.GroupForm
	x, e := s.scored[v], s.made[v][d]
	for _, g := range s.domains[d] {
		w, sum, square := a*s.design.Weight(column, g)/e.weight, 0.0, 0.0
		for cell, k := range x.item.count[g] {
			if score := x.score[cell]; k > 0 && score == score {
				z := w * (score - e.mean)
				sum, square = sum+float64(k)*z, square+float64(k)*z*z
			}
		}
		f.Groups, f.Sum, f.Square = append(f.Groups, int32(g)), append(f.Sum, sum), append(f.Square, square)
	}
	return f
}

// cellTable is what each cell of an item adds to the influence value of its row, but for the weight.
type cellTable struct {
	item  *item
	value [256]float64
	valid [256]bool
}

func addTable(tables []cellTable, x scored, e *settled, a float64) []cellTable {
	at := slices.IndexFunc(tables, func(t cellTable) bool { return t.item == x.item })
	if at < 0 {
		at = len(tables)
		tables = append(tables, cellTable{item: x.item})
	}
	for cell, score := range x.score {
		if score == score {
			tables[at].value[cell] += a * (score - e.mean) / e.weight
			tables[at].valid[cell] = true
		}
	}
	return tables
}

// pass reads the rows of one group, and returns how many of them have an answer.
func (s *surface) pass(r *residualSums, g int, tables [][]cellTable) (used int) {
	group := s.sample.groups[g]
	type reader struct {
		at    int
		table *cellTable
	}
	type columnReader struct {
		items                  []reader
		weight, factor, offset float64 // the residual is factor·(weight·Σ − offset)
		second                 float64
	}
	constant := 0.0 // of columns that this group has no item of
	var columns []columnReader
	second := 0.0
	for i, c := range r.columns {
		k := columnReader{weight: s.design.Weight(c, g), factor: 1, second: s.design.Second(c, g)}
		if r.fits[i] != nil {
			k.factor, k.offset = s.design.Inflation(c, g), r.fits[i][g]
		}
		for t := range tables[i] {
			if at := tables[i][t].item.position[g]; at >= 0 && k.weight != 0 {
				k.items = append(k.items, reader{at, &tables[i][t]})
			}
		}
		if len(k.items) > 0 {
			columns = append(columns, k)
			continue
		}
		e := -k.factor * k.offset
		constant += e
		second += float64(group.n) * k.second * e * e
	}
	sum, square := 0.0, 0.0
	width := len(group.asked)
	for from := 0; from < len(group.cells); from += width {
		row := group.cells[from : from+width]
		e, some := constant, false
		for i := range columns {
			k := &columns[i]
			t := 0.0
			for _, x := range k.items {
				cell := row[x.at]
				t += x.table.value[cell]
				some = some || x.table.valid[cell]
			}
			own := k.factor * (k.weight*t - k.offset)
			e += own
			second += k.second * own * own
		}
		if some {
			used++
		}
		sum += e
		square += e * e
	}
	h := s.design.Stratum(g)
	r.sum[h] += sum
	r.square[h] += square
	r.second += second
	return used
}
