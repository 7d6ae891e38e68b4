package export

import (
	"io"
	"slices"
	"strings"

	"sipas/survey"
)

// ResponseTable is what a file of responses is made of.
type ResponseTable struct {
	Instruments []*survey.Instrument // all that the responses name: their items are the columns
	Modules     []string             // the names of the weights, that of the core first
	WeightOf    map[string]string    // which of the weights belongs to an item
	Rows        []ResponseRow
}

// ResponseRow is one response with its place in the design.
type ResponseRow struct {
	Response *survey.Response // its id is never written
	// Labels are the coarsened labels of an invited response's class. Of a walk-in only unit and month are known.
	Labels [survey.Dims]string
	// Stratum and Population are the stratum of the variance and its transactions in the register; "" and 0 where the
	// response has no weight.
	Stratum    string
	Population float64
	// Weights are by module, as ResponseTable.Modules lists them; zero means that the module was not asked of this
	// response, or that the response is not a respondent. It may be nil.
	Weights []float64
}

// The columns of a file of responses before those of items and weights.
var responseColumns = []string{
	"source", "mode", "language", "disposition", "suspect", "instrument", "instrument_version", "modules",
	"class", "unit", "lateness", "field_group", "field", "channel", "month", "stratum", "fpc",
}

// Items returns the codes of all items of the instruments, each once, in the order of asking.
func (t ResponseTable) Items() []string {
	var codes []string
	for _, in := range t.Instruments {
		asked := slices.Clone(in.Core)
		for _, m := range in.Modules {
			asked = append(asked, m.Items...)
		}
		for _, c := range asked {
			if !slices.Contains(codes, c) {
				codes = append(codes, c)
			}
		}
	}
	return codes
}

// Columns returns the headings of the file.
func (t ResponseTable) Columns() []string {
	columns := slices.Concat(responseColumns, t.Items())
	for _, m := range t.Modules {
		columns = append(columns, weightColumn(m))
	}
	for _, m := range t.Modules {
		columns = append(columns, walkInColumn(m))
	}
	return columns
}

func weightColumn(module string) string { return "weight_" + module }
func walkInColumn(module string) string { return "walk_in_weight_" + module }

// Responses writes one row a response as CSV. Nothing in it names a response: no id, no time, no point, no comment; and the
// order of the rows is drawn anew by the system's randomness, so that two files cannot be laid side by side.
func Responses(w io.Writer, t ResponseTable) error {
	order := make([]int, len(t.Rows))
	for i := range order {
		order[i] = i
	}
	shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })

	f := newCSV(w)
	columns := t.Columns()
	cells := make([]any, len(columns))
	for i, c := range columns {
		cells[i] = c
	}
	if err := f.line(cells...); err != nil {
		return err
	}
	items := t.Items()
	for _, i := range order {
		if err := f.line(t.cells(cells[:0], t.Rows[i], items)...); err != nil {
			return err
		}
	}
	return f.close()
}

func (t ResponseTable) cells(cells []any, row ResponseRow, items []string) []any {
	r := row.Response
	labels := row.Labels
	if r.Source == survey.WalkIn {
		labels = [survey.Dims]string{survey.DimUnit: string(r.Unit), survey.DimMonth: r.Month}
	}
	cells = append(cells, string(r.Source), string(r.Mode), string(r.Language), string(r.Disposition), r.Suspect,
		r.Instrument.ID, r.Instrument.Version, strings.Join(r.Modules, " "), string(r.Class))
	for _, l := range labels {
		cells = append(cells, l)
	}
	cells = append(cells, row.Stratum, positive(row.Population))
	for _, item := range items {
		if code, answered := r.Answers[item]; answered {
			cells = append(cells, code)
			continue
		}
		cells = append(cells, nil)
	}
	for _, source := range []survey.Source{survey.Invited, survey.WalkIn} {
		for m := range t.Modules {
			if r.Source != source || m >= len(row.Weights) {
				cells = append(cells, nil)
				continue
			}
			cells = append(cells, positive(row.Weights[m]))
		}
	}
	return cells
}

// positive is the number, or an empty cell where there is none.
func positive(x float64) any {
	if x > 0 {
		return x
	}
	return nil
}
