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

func ExamplePPS() {
	// Four communes drawn with probabilities proportional to their size; the last was certain to be in the sample.
	p := []float64{0.2, 0.4, 0.5, 1}
	stages := []design.Stage{{Fraction: p, PPS: &design.PPS{Method: design.PPSBrewer}}}

	w, err := design.WeightsFromStages(stages)
	if err != nil {
		panic(err)
	}
	d, err := design.New(design.Spec{Weights: w, Stages: stages})
	if err != nil {
		panic(err)
	}
	v, err := d.Variance(design.Form{{Rows: []int{0, 1, 2, 3}, Values: []float64{5 * 3, 2.5 * 8, 2 * 9, 40}}})
	if err != nil {
		panic(err)
	}
	fmt.Printf("%.1f %.4f\n", w, v)
	// Output: [5.0 2.5 2.0 1.0] 13.5167
}

func ExampleDesign_Collapses() {
	d, err := design.New(design.Spec{
		Weights: []float64{1, 1, 1, 1, 1},
		Lonely:  design.LonelyCollapse,
		Stages:  []design.Stage{{Strata: design.Strings([]string{"hills", "hills", "island", "valley", "valley"})}},
	})
	if err != nil {
		panic(err)
	}
	for _, c := range d.Collapses() {
		fmt.Println(c)
	}
	// Output: stage 1: strata island, valley were joined, because island has a single unit
}

func ExamplePhase() {
	// Six households were asked by mail, and four of them, two in each group, were visited.
	mail := []float64{10, 10, 10, 10, 10, 10}
	phase := &design.Phase{
		Strata:  design.Strings([]string{"answered", "answered", "answered", "silent", "silent", "silent"}),
		Sampled: []bool{true, true, false, true, false, true},
	}
	w, err := phase.Weights(mail)
	if err != nil {
		panic(err)
	}
	d, err := design.New(design.Spec{
		Weights: mail,
		Columns: []design.Column{{Name: "visit", Weights: w, Phase: phase}},
		Stages:  []design.Stage{{Population: []float64{60, 60, 60, 60, 60, 60}}},
	})
	if err != nil {
		panic(err)
	}
	total := design.Part{Column: 1, Rows: []int{0, 1, 3, 5}, Values: []float64{15 * 2, 15 * 4, 15 * 1, 15 * 3}}
	v, err := d.Variance(design.Form{total})
	if err != nil {
		panic(err)
	}
	fmt.Printf("%.0f %.0f\n", w, v)
	// Output: [15 15 0 15 0 15] 1518
}
