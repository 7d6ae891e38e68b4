package estimate

import (
	"fmt"
	"math"
	"slices"

	"sipas/analysis/design"
)

// Kind says what is estimated of a variable.
type Kind uint8

const (
	Mean  Kind = iota // Σwy / Σw
	Share             // the mean of a variable that is 0 or 1; its interval is one for proportions
	Total             // Σwy
	Ratio             // Σwy / Σwx
)

func (k Kind) String() string {
	switch k {
	case Share:
		return "weighted share"
	case Total:
		return "weighted total"
	case Ratio:
		return "weighted ratio"
	}

	return "weighted mean"
}

// Variable is one thing to estimate.
type Variable struct {
	Name        string
	Kind        Kind
	Column      string    // the name of the weight column
	Values      []float64 // one per row; NaN is missing
	Denominator []float64 // Ratio only; NaN is missing

	// Codes and Scores stand in the place of Values for answers on a short scale, in an eighth of the memory: row i
	// has the value Scores[Codes[i]], and a score of NaN is missing. Only Compute takes them, and not for a Ratio.
	Codes  []uint8
	Scores []float64
}

// at returns the value of a row.
func (v *Variable) at(row int) float64 {
	if v.Codes != nil {
		return v.Scores[v.Codes[row]]
	}

	return v.Values[row]
}

// decoded returns the variable with values in the place of codes.
func (v Variable) decoded() Variable {
	if v.Codes == nil {
		return v
	}
	values := make([]float64, len(v.Codes))

	for i, c := range v.Codes {
		values[i] = v.Scores[c]
	}
	v.Values, v.Codes, v.Scores = values, nil, nil

	return v
}

// checkAny checks a variable with values or codes.
func (v Variable) checkAny(rows int) error {
	if v.Codes == nil {
		return v.check(rows)
	}
	if v.Kind == Ratio || v.Values != nil || v.Denominator != nil {
		return fmt.Errorf("variable %s: codes stand in the place of values, and not in a ratio", v.Name)
	}
	if len(v.Codes) != rows {
		return fmt.Errorf("variable %s: %d codes for %d rows", v.Name, len(v.Codes), rows)
	}
	for i, c := range v.Codes {
		if int(c) >= len(v.Scores) {
			return fmt.Errorf("variable %s, row %d: there is no score for code %d", v.Name, i, c)
		}
	}
	if err := (Variable{Name: v.Name, Kind: v.Kind, Values: v.Scores}).check(len(v.Scores)); err != nil {
		return fmt.Errorf("scores: %w", err)
	}

	return nil
}

func (v Variable) check(rows int) error {
	if v.Codes != nil {
		return fmt.Errorf("variable %s: values are needed in the place of codes", v.Name)
	}
	if len(v.Values) != rows {
		return fmt.Errorf("variable %s: %d values for %d rows", v.Name, len(v.Values), rows)
	}
	if (v.Kind == Ratio) != (v.Denominator != nil) || v.Denominator != nil && len(v.Denominator) != rows {
		return fmt.Errorf("variable %s: a ratio, and nothing else, needs a denominator for each row", v.Name)
	}
	if i := infinite(v.Values); i >= 0 {
		return fmt.Errorf("variable %s, row %d: the value is infinite", v.Name, i)
	}
	if i := infinite(v.Denominator); i >= 0 {
		return fmt.Errorf("variable %s, row %d: the denominator is infinite", v.Name, i)
	}
	if v.Kind != Share {
		return nil
	}
	for i, y := range v.Values {
		if y != 0 && y != 1 && !math.IsNaN(y) {
			return fmt.Errorf("variable %s, row %d: a share is of values 0 and 1, not %v", v.Name, i, y)
		}
	}

	return nil
}

// infinite returns the first infinite value, or -1. A missing one is not above anything.
func infinite(values []float64) int {
	for i, y := range values {
		if math.Abs(y) > math.MaxFloat64 {
			return i
		}
	}

	return -1
}

// Domains is a list of subsets of the rows. They may overlap.
type Domains struct {
	Names []string
	Rows  [][]int // each in the design's order
}

// Whole returns the one domain of all rows.
func Whole(d *design.Design, name string) Domains {
	return Domains{Names: []string{name}, Rows: [][]int{d.Order()}}
}

// By returns one domain for each distinct label, sorted by label. Rows with an empty label are in none.
func By(d *design.Design, labels []string) (Domains, error) {
	if len(labels) != d.Rows() {
		return Domains{}, fmt.Errorf("domains: %d labels for %d rows", len(labels), d.Rows())
	}
	code := make(map[string]int32)
	var names []string

	for _, l := range labels {
		if _, ok := code[l]; !ok && l != "" {
			code[l] = 0
			names = append(names, l)
		}
	}
	slices.Sort(names)
	code[""] = -1

	for i, l := range names {
		code[l] = int32(i)
	}
	codes := make([]int32, len(labels))

	for i, l := range labels {
		codes[i] = code[l]
	}

	return ByCodes(d, codes, names)
}

// ByCodes returns one domain for each name: of the rows that have its position as their code. Rows with a negative code are in
// none, and a domain may be empty. It is the way to make many domains of many rows fast.
func ByCodes(d *design.Design, codes []int32, names []string) (Domains, error) {
	if len(codes) != d.Rows() {
		return Domains{}, fmt.Errorf("domains: %d codes for %d rows", len(codes), d.Rows())
	}
	count := make([]int, len(names))

	for i, c := range codes {
		if int(c) >= len(names) {
			return Domains{}, fmt.Errorf("domains, row %d: there is no name for code %d", i, c)
		}
		if c >= 0 {
			count[c]++
		}
	}
	out := Domains{Names: slices.Clone(names), Rows: make([][]int, len(names))}

	for c, n := range count {
		out.Rows[c] = make([]int, 0, n)
	}
	for _, row := range d.Order() {
		if c := codes[row]; c >= 0 {
			out.Rows[c] = append(out.Rows[c], row)
		}
	}

	return out, nil
}

// Masks returns domains given by masks, one per name. A domain may be empty.
func Masks(d *design.Design, names []string, masks [][]bool) (Domains, error) {
	if len(names) != len(masks) {
		return Domains{}, fmt.Errorf("domains: %d names for %d masks", len(names), len(masks))
	}
	out := Domains{Names: slices.Clone(names)}

	for i, mask := range masks {
		if len(mask) != d.Rows() {
			return Domains{}, fmt.Errorf("domain %s: %d marks for %d rows", names[i], len(mask), d.Rows())
		}
		var rows []int

		for _, row := range d.Order() {
			if mask[row] {
				rows = append(rows, row)
			}
		}
		out.Rows = append(out.Rows, rows)
	}

	return out, nil
}

// Join puts lists of domains one after another.
func Join(lists ...Domains) Domains {
	var out Domains

	for _, l := range lists {
		out.Names = append(out.Names, l.Names...)
		out.Rows = append(out.Rows, l.Rows...)
	}

	return out
}
