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
}

func (v Variable) check(rows int) error {
	if len(v.Values) != rows {
		return fmt.Errorf("variable %s: %d values for %d rows", v.Name, len(v.Values), rows)
	}
	if (v.Kind == Ratio) != (v.Denominator != nil) || v.Denominator != nil && len(v.Denominator) != rows {
		return fmt.Errorf("variable %s: a ratio, and nothing else, needs a denominator for each row", v.Name)
	}
	for i, y := range v.Values {
		if math.IsInf(y, 0) || v.Denominator != nil && math.IsInf(v.Denominator[i], 0) {
			return fmt.Errorf("variable %s, row %d: the value is infinite", v.Name, i)
		}
		if v.Kind == Share && y != 0 && y != 1 && !math.IsNaN(y) {
			return fmt.Errorf("variable %s, row %d: a share is of values 0 and 1, not %v", v.Name, i, y)
		}
	}

	return nil
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
	rows := make(map[string][]int)

	for _, row := range d.Order() {
		if l := labels[row]; l != "" {
			rows[l] = append(rows[l], row)
		}
	}
	out := Domains{}

	for l := range rows {
		out.Names = append(out.Names, l)
	}
	slices.Sort(out.Names)

	for _, l := range out.Names {
		out.Rows = append(out.Rows, rows[l])
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
