package estimate_test

import (
	"fmt"

	"sipas/analysis/design"
	"sipas/analysis/estimate"
)

// Six answers from two strata: the share of satisfied, by channel, and the difference.
func Example() {
	d, err := design.New(design.Spec{
		Weights: []float64{10, 10, 10, 5, 5, 5},
		Stages: []design.Stage{{
			Strata:     design.Strings([]string{"late", "late", "late", "on time", "on time", "on time"}),
			Population: []float64{30, 30, 30, 15, 15, 15},
		}},
	})
	if err != nil {
		panic(err)
	}
	channels, err := estimate.By(d, []string{"desk", "web", "desk", "web", "desk", "web"})
	if err != nil {
		panic(err)
	}
	satisfied := estimate.Variable{Name: "overall", Kind: estimate.Share, Values: []float64{0, 1, 0, 1, 1, 1}}
	table, err := estimate.Compute(d, []estimate.Variable{satisfied}, channels, estimate.Options{})
	if err != nil {
		panic(err)
	}
	for i, name := range channels.Names {
		e := table.Estimate(i, 0)
		fmt.Printf("%s: %.3f ± %.3f, n %d, df %v, %s\n", name, e.Value, e.SE, e.N, e.DF, e.Interval.Method)
	}
	difference := estimate.Linear(0,
		estimate.Term{Coefficient: 1, Stat: table.Stat(1, 0)},
		estimate.Term{Coefficient: -1, Stat: table.Stat(0, 0)},
	)
	e, err := estimate.Of(d, difference, "web less desk", estimate.Options{})
	if err != nil {
		panic(err)
	}
	fmt.Printf("%s: %.3f, from %.3f to %.3f\n", e.Method, e.Value, e.Interval.Low, e.Interval.High)
	// Output:
	// desk: 0.200 ± 0.162, n 3, df 1, beta
	// web: 1.000 ± 0.000, n 3, df 1, beta
	// web less desk: 0.800, from 0.350 to 1.250
}
