package estimate

import (
	"math"

	"sipas/analysis"
	"sipas/analysis/design"
)

// ItemNonresponse says how many of those who were asked did not answer an item. Asked is whoever has a weight
// in the item's column.
type ItemNonresponse struct {
	Answered int
	Missing  int
	Share    analysis.Estimate // weighted, of those asked who did not answer
}

// Nonresponse reports the item nonresponse of variables: one row for each domain, one column for each
// variable. A ratio is answered where both its parts are. A domain in which nobody was asked has an undefined share.
func Nonresponse(d *design.Design, vars []Variable, domains Domains, opt Options) ([][]ItemNonresponse, error) {
	var absent []Variable            // 1 where an item was not answered
	at := make([]int, len(vars))     // of each variable, its place in absent
	complete := make(map[string]int) // of each column, the place of the items that everybody answered

	for j, v := range vars {
		if err := v.check(d.Rows()); err != nil {
			return nil, err
		}
		missing := Variable{Name: v.Name, Kind: Share, Column: v.Column, Values: make([]float64, d.Rows())}
		some := false

		for i, y := range v.Values {
			if math.IsNaN(y) || v.Denominator != nil && math.IsNaN(v.Denominator[i]) {
				missing.Values[i], some = 1, true
			}
		}
		same, known := complete[v.Column]
		if !some && known {
			at[j] = same
			continue
		}
		at[j] = len(absent)
		absent = append(absent, missing)

		if !some {
			complete[v.Column] = at[j]
		}
	}
	table, err := Compute(d, absent, domains, opt)
	if err != nil {
		return nil, err
	}
	out := make([][]ItemNonresponse, len(domains.Names))

	parallel(len(out), func(i int) {
		counts := make([]ItemNonresponse, len(absent))

		for k, v := range absent {
			e := table.Estimate(i, k)
			e.Method = "weighted share missing"
			counts[k] = ItemNonresponse{Answered: e.N, Share: e}
			if e.Value == 0 {
				continue
			}
			w := d.Weights(table.columns[k])

			for _, row := range domains.Rows[i] {
				if w[row] != 0 && v.Values[row] == 1 {
					counts[k].Answered--
					counts[k].Missing++
				}
			}
		}
		out[i] = make([]ItemNonresponse, len(vars))
		for j, k := range at {
			out[i][j] = counts[k]
		}
	})

	return out, nil
}
