package hypothesis_test

import (
	"fmt"

	"sipas/analysis/design"
	"sipas/analysis/hypothesis"
)

// Eight offices were drawn, and in each of them four visitors were asked.
func offices() (d *design.Design, satisfied, channel []string, minutes []float64) {
	var office []int
	var weights []float64

	for i := range 32 {
		office = append(office, i/4)
		weights = append(weights, 10+float64(i/4))
		channel = append(channel, []string{"counter", "online"}[i%2])
		satisfied = append(satisfied, []string{"no", "yes", "yes", "yes", "yes"}[(i*i+i/4)%5])
		minutes = append(minutes, float64(12+(i*7)%11-3*(i%2)))
	}
	d, err := design.New(design.Spec{Weights: weights, Stages: []design.Stage{{Clusters: design.Ints(office)}}})

	if err != nil {
		panic(err)
	}

	return d, satisfied, channel, minutes
}

// Is satisfaction associated with the channel?
func ExampleIndependence() {
	d, satisfied, channel, _ := offices()
	t, err := hypothesis.Independence(d, hypothesis.Labels("satisfied", satisfied), hypothesis.Labels("channel", channel), hypothesis.F, hypothesis.Options{})

	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s = %.4f with %.2f and %.2f degrees of freedom, p = %.4f (X² %.4f, n %d)\n", t.Name, t.Statistic, t.NDF, t.DDF, t.P, t.X2, t.N)

	// Output:
	// F = 0.0050 with 1.00 and 7.00 degrees of freedom, p = 0.9456 (X² 0.0045, n 32)
}

// Did visitors wait longer at the counter?
func ExampleTwoSample() {
	d, _, channel, minutes := offices()
	t, err := hypothesis.TwoSample(d, "minutes", minutes, hypothesis.Labels("channel", channel), hypothesis.Options{})

	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(t.Method)
	fmt.Printf("%.3f (%.3f to %.3f), t = %.3f with %.0f degrees of freedom, p = %.4f\n",
		t.Estimate.Value, t.Estimate.Interval.Low, t.Estimate.Interval.High, t.Statistic, t.NDF, t.P)

	// Output:
	// t-test of minutes by channel, online less counter
	// -2.213 (-4.761 to 0.335), t = -2.125 with 6 degrees of freedom, p = 0.0778
}

// Are three of four visitors satisfied, as they were last year?
func ExampleGoodnessOfFit() {
	d, satisfied, _, _ := offices()
	t, err := hypothesis.GoodnessOfFit(d, hypothesis.Labels("satisfied", satisfied), []float64{1, 3}, hypothesis.F, hypothesis.Options{})

	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("X² = %.3f, p = %.4f\n", t.X2, t.P)

	// Output:
	// X² = 0.717, p = 0.3531
}
