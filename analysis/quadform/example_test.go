package quadform_test

import (
	"fmt"

	"sipas/analysis/quadform"
)

// Rao and Scott's statistic is distributed like a weighted sum of chi-squared variables.
func ExampleChiSum() {
	lambda := []float64{0.6, 0.3, 0.1}

	for _, m := range []quadform.Method{quadform.Exact, quadform.Satterthwaite, quadform.Saddlepoint} {
		p, err := quadform.ChiSum(2, lambda, nil, m)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%-13v %.5f\n", m, p)
	}

	// Output:
	// exact         0.12396
	// Satterthwaite 0.13102
	// saddlepoint   0.12166
}
