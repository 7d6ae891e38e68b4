package formula_test

import (
	"fmt"

	"sipas/analysis/formula"
)

// A factor, a number and their interaction, with the columns that R makes of them.
func ExampleParse() {
	f, err := formula.Parse("api00 ~ stype * meals")
	if err != nil {
		fmt.Println(err)
		return
	}
	d := formula.NewColumns(3)
	err = d.AddNumbers("api00", []float64{600, 700, 800})
	if err == nil {
		err = d.AddNumbers("meals", []float64{60, 40, 20})
	}
	if err == nil {
		err = d.AddTexts("stype", []string{"E", "H", "M"}, func(s string) bool { return s == "" })
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := f.Build(d, formula.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m.Terms)
	fmt.Println(m.Names)
	fmt.Println(m.Column(5))
	// Output:
	// [stype meals stype:meals]
	// [(Intercept) stypeH stypeM meals stypeH:meals stypeM:meals]
	// [0 0 20]
}
