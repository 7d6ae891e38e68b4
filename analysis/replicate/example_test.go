package replicate_test

import (
	"fmt"
	"log"

	"gonum.org/v1/gonum/mat"

	"sipas/analysis/design"
	"sipas/analysis/estimate"
	"sipas/analysis/replicate"
	"sipas/analysis/weight"
)

// Two strata with two clusters each: balanced repeated replication, and a mean by it.
func ExampleMake() {
	d, err := design.New(design.Spec{
		Weights: []float64{10, 10, 10, 10, 20, 20, 20, 20},
		Stages: []design.Stage{{
			Strata:   design.Strings([]string{"north", "north", "north", "north", "south", "south", "south", "south"}),
			Clusters: design.Ints([]int{1, 1, 2, 2, 1, 1, 2, 2}),
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
	d, err = replicate.Make(d, replicate.BRR, replicate.Options{})
	if err != nil {
		log.Fatal(err)
	}
	t, err := estimate.Compute(d, []estimate.Variable{{Name: "y", Values: []float64{3, 5, 8, 8, 2, 3, 4, 7}}}, estimate.Whole(d, "all"), estimate.Options{})
	if err != nil {
		log.Fatal(err)
	}
	e := t.Estimate(0, 0)
	fmt.Printf("%d replicates: %.2f, standard error %.2f, %v degrees of freedom\n", d.Replicates().Count(), e.Value, e.SE, e.DF)
	// Output: 4 replicates: 4.67, standard error 1.20, 2 degrees of freedom
}

// A file with replicate weights by successive differences, as the American Community Survey has them.
func ExampleGiven() {
	d, err := design.New(design.Spec{Weights: []float64{10, 12, 8}})
	if err != nil {
		log.Fatal(err)
	}
	d, err = replicate.Given(d, replicate.File{
		Kind: replicate.GivenSDR, MSE: true,
		Weights: mat.NewDense(3, 4, []float64{
			10, 17, 10, 3,
			12, 3, 12, 20,
			8, 8, 3, 14,
		}),
	})
	if err != nil {
		log.Fatal(err)
	}
	stats, err := estimate.WithReplicates(d, "", func(w []float64) ([]float64, error) {
		return []float64{w[0] + w[1] + w[2]}, nil
	})
	if err != nil {
		log.Fatal(err)
	}
	e, err := estimate.Of(d, stats[0], "total", estimate.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.0f, standard error %.2f\n", e.Value, e.SE)
	// Output: 30, standard error 8.83
}

// Post-stratification of every replicate: the totals of the strata are known, and have no error any more.
func ExampleRecalibrate() {
	d, err := design.New(design.Spec{Weights: []float64{10, 10, 10, 10, 10, 10}})
	if err != nil {
		log.Fatal(err)
	}
	d, err = replicate.Make(d, replicate.JK1, replicate.Options{})
	if err != nil {
		log.Fatal(err)
	}
	margin := weight.Margin{Name: "sex", Labels: []string{"f", "f", "f", "m", "m", "m"}, Targets: map[string]float64{"f": 36, "m": 30}}
	d, err = replicate.Recalibrate(d, "", func(base []float64) ([]float64, error) {
		r, err := weight.PostStratify(base, margin)
		if err != nil {
			return nil, err
		}
		return r.Weights, nil
	})
	if err != nil {
		log.Fatal(err)
	}
	t, err := estimate.Compute(d, []estimate.Variable{{Kind: estimate.Total, Values: []float64{1, 1, 1, 0, 0, 0}}}, estimate.Whole(d, "all"), estimate.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.0f, standard error %.1f\n", t.Estimate(0, 0).Value, t.Estimate(0, 0).SE)
	// Output: 36, standard error 0.0
}

// A matrix of order twelve leaves eleven rows for strata.
func ExampleHadamardOrder() {
	fmt.Println(replicate.HadamardOrder(11), replicate.HadamardOrder(12))
	// Output: 12 16
}
