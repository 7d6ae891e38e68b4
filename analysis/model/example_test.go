package model_test

import (
	"fmt"

	"sipas/analysis/design"
	"sipas/analysis/formula"
	"sipas/analysis/model"
)

// schools are twelve schools in two strata, drawn by district.
func schools() (*design.Design, *formula.Columns, error) {
	d, err := design.New(design.Spec{
		Weights: []float64{10, 10, 10, 10, 10, 10, 4, 4, 4, 4, 4, 4},
		Stages: []design.Stage{{
			Strata:   design.Strings([]string{"city", "city", "city", "city", "city", "city", "rural", "rural", "rural", "rural", "rural", "rural"}),
			Clusters: design.Ints([]int{1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6}),
		}},
	})
	if err != nil {
		return nil, nil, err
	}
	data := formula.NewColumns(12)
	err = data.AddNumbers("score", []float64{620, 655, 700, 712, 580, 640, 745, 790, 690, 730, 655, 760})
	if err == nil {
		err = data.AddNumbers("meals", []float64{62, 55, 41, 30, 80, 66, 22, 10, 45, 33, 58, 20})
	}
	never := func(string) bool { return false }
	if err == nil {
		err = data.AddTexts("type", []string{"E", "H", "E", "M", "E", "H", "E", "H", "M", "E", "H", "M"}, never)
	}
	if err == nil {
		err = data.AddTexts("target", []string{"no", "yes", "yes", "yes", "no", "no", "yes", "yes", "no", "no", "no", "yes"}, never)
	}
	if err == nil {
		err = data.AddTexts("rating", []string{"1", "2", "2", "3", "1", "2", "3", "3", "1", "2", "2", "3"}, never)
	}

	return d, data, err
}

// A linear regression of survey data, as R's svyglm(score ~ meals + type, design).
func ExampleGLM() {
	d, data, err := schools()
	if err != nil {
		fmt.Println(err)
		return
	}
	f, err := formula.Parse("score ~ meals + type")
	if err != nil {
		fmt.Println(err)
		return
	}
	fit, err := model.GLM(d, f, data, model.Family{Distribution: model.Gaussian}, model.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range fit.Coefficients {
		fmt.Printf("%-11s %8.3f (%.3f)\n", c.Term, c.Estimate, c.SE)
	}
	fmt.Println("df", fit.DF)
	// Output:
	// (Intercept)  813.092 (7.356)
	// meals         -2.926 (0.116)
	// typeH         10.685 (4.550)
	// typeM         -4.295 (9.168)
	// df 1
}

// A proportional-odds model of a rating, as R's svyolr.
func ExampleOrdinal() {
	d, data, err := schools()
	if err != nil {
		fmt.Println(err)
		return
	}
	f, err := formula.Parse("rating ~ meals")
	if err != nil {
		fmt.Println(err)
		return
	}
	fit, err := model.Ordinal(d, f, data, model.Logit, model.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range fit.Coefficients {
		fmt.Printf("%-6s %7.3f (%.3f)\n", c.Term, c.Estimate, c.SE)
	}
	// Output:
	// meals   -0.169 (0.079)
	// 1|2    -10.683 (4.894)
	// 2|3     -5.606 (3.133)
}

// Whether the type of a school matters beside the share of free meals: a test of two coefficients at once.
func ExampleFit_Wald() {
	d, data, err := schools()
	if err != nil {
		fmt.Println(err)
		return
	}
	f, err := formula.Parse("score ~ meals + type")
	if err != nil {
		fmt.Println(err)
		return
	}
	fit, err := model.GLM(d, f, data, model.Family{Distribution: model.Gaussian}, model.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	t, err := fit.Wald("type")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("F = %.3f on %v and %v df, p = %.3f\n", t.Statistic, t.DF, t.DDF, t.P)
	// Output:
	// F = 7.985 on 2 and 1 df, p = 0.243
}

// What a model predicts for new schools, with the interval of the mean.
func ExampleGLMFit_Predict() {
	d, data, err := schools()
	if err != nil {
		fmt.Println(err)
		return
	}
	f, err := formula.Parse("target ~ meals")
	if err != nil {
		fmt.Println(err)
		return
	}
	fit, err := model.GLM(d, f, data, model.Family{Distribution: model.Binomial}, model.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fresh := formula.NewColumns(2)
	if err := fresh.AddNumbers("meals", []float64{20, 60}); err != nil {
		fmt.Println(err)
		return
	}
	predictions, err := fit.Predict(fresh, model.OnResponse)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range predictions {
		fmt.Printf("%.3f (%.3f)\n", p.Value, p.SE)
	}
	// Output:
	// 0.973 (0.060)
	// 0.219 (0.122)
}
