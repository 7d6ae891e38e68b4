package design_test

import (
	"fmt"

	"sipas/analysis/design"
)

func ExampleDesign_Variance() {
	// Two strata of offices, a census in the second: only the first contributes.
	d, err := design.New(design.Spec{
		Weights: []float64{5, 5, 1, 1},
		Stages: []design.Stage{{
			Strata:     design.Strings([]string{"communes", "communes", "departments", "departments"}),
			Population: []float64{10, 10, 2, 2},
		}},
	})
	if err != nil {
		panic(err)
	}
	total := design.Form{{Rows: []int{0, 1, 2, 3}, Values: []float64{5 * 8, 5 * 10, 20, 30}}}
	v, err := d.Variance(total)
	if err != nil {
		panic(err)
	}
	fmt.Println(v, d.DF(d.Order()))
	// Output: 80 2
}
