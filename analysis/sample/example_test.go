package sample_test

import (
	"fmt"

	"sipas/analysis/sample"
)

func ExampleMap_Draw() {
	var cases []sample.Case
	for i := range 60 {
		unit := []string{"one-stop A", "one-stop A", "one-stop B"}[i%3]
		cases = append(cases, sample.Case{ID: fmt.Sprintf("H80.%04d", i), Labels: sample.Labels{unit, "on time", "land", "titles", "desk", "2026-07"}})
	}
	m, err := sample.Build(cases, sample.Rule{Fraction: 0.25, Min: 5})
	if err != nil {
		panic(err)
	}
	draws, err := m.Draw(cases, 42)
	if err != nil {
		panic(err)
	}
	for _, d := range draws {
		c := m.Classes[d.Class]
		fmt.Printf("%s: %d of %d, chance %.2f\n", c.Labels[sample.Unit], len(d.IDs), c.N, c.Chance())
	}
	// Output:
	// one-stop A: 10 of 40, chance 0.25
	// one-stop B: 5 of 20, chance 0.25
}
