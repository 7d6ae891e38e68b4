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

// The median of a waiting time by office, with Woodruff's interval, and the share of waits of at most half an hour.
func ExampleQuantiles() {
	d, err := design.New(design.Spec{Weights: []float64{10, 10, 10, 10, 10, 5, 5, 5, 5, 5, 5, 5}})
	if err != nil {
		panic(err)
	}
	offices, err := estimate.By(d, []string{"A", "A", "A", "A", "A", "B", "B", "B", "B", "B", "B", "B"})
	if err != nil {
		panic(err)
	}
	wait := estimate.Variable{Name: "wait", Values: []float64{5, 12, 20, 35, 60, 4, 6, 10, 15, 20, 25, 90}}
	medians, err := estimate.Quantiles(d, wait, []float64{0.5}, offices, estimate.QuantileOptions{Rule: estimate.HF1, Interval: estimate.XLogit})
	if err != nil {
		panic(err)
	}
	short, err := estimate.CDF(d, wait, []float64{30}, offices, estimate.Options{})
	if err != nil {
		panic(err)
	}
	for i, name := range offices.Names {
		q := medians[i][0]
		fmt.Printf("%s: median %v from %v to %v (%s, %s), %.2f wait 30 minutes or less\n",
			name, q.Value, q.Interval.Low, q.Interval.High, q.Rule, q.Interval.Method, short.Estimate(i, 0).Value)
	}
	// Output:
	// A: median 20 from 5 to 60 (hf1, Woodruff, xlogit), 0.60 wait 30 minutes or less
	// B: median 15 from 6 to 90 (hf1, Woodruff, xlogit), 0.86 wait 30 minutes or less
}

// Two offices with clients of different age, compared at one age distribution.
func ExampleStandardize() {
	d, err := design.New(design.Spec{Weights: []float64{1, 1, 1, 1, 1, 1, 1, 1}})
	if err != nil {
		panic(err)
	}
	office := []string{"A", "A", "A", "A", "B", "B", "B", "B"}
	std, err := estimate.Standardize(d, estimate.Standard{
		Class: []string{"young", "young", "young", "old", "young", "old", "old", "old"}, Group: office,
		Target: map[string]float64{"young": 500, "old": 500},
	})
	if err != nil {
		panic(err)
	}
	offices, err := estimate.By(std, office)
	if err != nil {
		panic(err)
	}
	satisfaction := []estimate.Variable{{Name: "satisfaction", Values: []float64{3, 3, 3, 5, 3, 5, 5, 5}}}
	for name, d := range map[string]*design.Design{"as they are": d, "standardized": std} {
		table, err := estimate.Compute(d, satisfaction, offices, estimate.Options{})
		if err != nil {
			panic(err)
		}
		fmt.Printf("%s: %.1f and %.1f\n", name, table.Estimate(0, 0).Value, table.Estimate(1, 0).Value)
	}
	// Unordered output:
	// as they are: 3.5 and 4.5
	// standardized: 4.0 and 4.0
}

// How strongly two answers go together, with an interval on Fisher's scale.
func ExampleMoments_Correlate() {
	d, err := design.New(design.Spec{Weights: []float64{2, 3, 2, 3, 2, 3, 2, 3}})
	if err != nil {
		panic(err)
	}
	m, err := estimate.NewMoments(d, []estimate.Variable{
		{Name: "staff", Values: []float64{1, 2, 3, 4, 4, 5, 2, 5}}, {Name: "overall", Values: []float64{2, 2, 3, 5, 3, 5, 1, 4}},
	}, d.Order())
	if err != nil {
		panic(err)
	}
	r, err := m.Correlate(0, 1, estimate.Options{})
	if err != nil {
		panic(err)
	}
	fmt.Printf("r = %.2f, from %.2f to %.2f (%s, df %v)\n", r.Value, r.Interval.Low, r.Interval.High, r.Interval.Method, r.DF)
	// Output:
	// r = 0.85, from 0.64 to 0.94 (Fisher z, t, df 7)
}

// A row of a table, judged by the rules of the National Center for Health Statistics.
func ExampleStandards_Judge() {
	d, err := design.New(design.Spec{Weights: []float64{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}})
	if err != nil {
		panic(err)
	}
	cost := estimate.Variable{Name: "cost", Values: []float64{3, 8, 1, 4, 20, 6, 2, 2, 5, 9, 7, 4}}
	table, err := estimate.Compute(d, []estimate.Variable{cost}, estimate.Whole(d, "all"), estimate.Options{})
	if err != nil {
		panic(err)
	}
	e := table.Estimate(0, 0)
	fmt.Printf("%.2f, cv %.2f: %+v\n", e.Value, estimate.CV(e), estimate.NCHS().Judge(estimate.Mean, e))
	// Output:
	// 5.92, cv 0.25: {Show:true Note:false Review:false Reasons:[]}
}
