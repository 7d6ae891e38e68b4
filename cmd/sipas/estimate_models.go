package main

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"sipas/analysis"
	"sipas/analysis/estimate"
	"sipas/analysis/formula"
	"sipas/analysis/hypothesis"
	"sipas/analysis/model"
)

// test is a test or a model, worked out in one domain after another.
type test func(in domains, domain int) ([]resultRow, error)

// wantModels adds the columns of formulas.
func (c *estimateCmd) wantModels(w *wanted) error {
	for _, m := range []struct {
		flag     string
		formulas []string
	}{{"--ttest", c.TTest}, {"--glm", c.GLM}, {"--ordinal", c.Ordinal}} {
		for _, text := range m.formulas {
			f, err := parseFormula(m.flag, text)
			if err != nil {
				return err
			}
			if !f.HasResponse() {
				return usagef("%s: write it as y ~ x, not %q.", m.flag, text)
			}
			w.any(m.flag, f.Columns()...)
		}
	}
	if len(c.GLM) > 0 {
		if _, err := model.ParseFamily(c.Family); err != nil {
			return usagef("--family: %v.", err)
		}
	}
	return nil
}

// tests reads the tests and models that are asked for, in the order of the flags.
func (c *estimateCmd) tests(s *drawn) ([]test, error) {
	var out []test
	for i := 0; i < len(c.Chisq); i += 2 {
		t, err := c.chisq(s, c.Chisq[i], c.Chisq[i+1])
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	for _, text := range c.TTest {
		t, err := c.ttest(s, text)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	for _, text := range c.GLM {
		f, err := parseFormula("--glm", text)
		if err != nil {
			return nil, err
		}
		family, err := model.ParseFamily(c.Family)
		if err != nil {
			return nil, usagef("--family: %v.", err)
		}
		out = append(out, func(in domains, domain int) ([]resultRow, error) {
			fit, err := model.GLM(s.design, f, s, family, c.modelOptions(s, in, domain))
			if err != nil {
				return unfitted("glm", text, in, domain, err)
			}
			return s.coefficients("glm", &fit.Fit, in, domain), nil
		})
	}
	for _, text := range c.Ordinal {
		f, err := parseFormula("--ordinal", text)
		if err != nil {
			return nil, err
		}
		out = append(out, func(in domains, domain int) ([]resultRow, error) {
			fit, err := model.Ordinal(s.design, f, ordered{s.table, f.Response()}, model.Logit, c.modelOptions(s, in, domain))
			if err != nil {
				return unfitted("ordinal", text, in, domain, err)
			}
			return s.coefficients("ordinal", &fit.Fit, in, domain), nil
		})
	}
	return out, nil
}

func inDomain(flag string, in domains, domain int, err error) error {
	if in.labels[domain] == nil {
		return fmt.Errorf("%s: %w", flag, err)
	}
	return fmt.Errorf("%s in %s: %w", flag, in.labels[domain], err)
}

// unfitted is the row of a model that one domain of several does not allow, and an error where nothing is left without it.
func unfitted(statistic, text string, in domains, domain int, err error) ([]resultRow, error) {
	var input *model.InputError
	var separated *model.SeparationError
	var stuck *model.ConvergenceError
	own := errors.As(err, &input) && input.Row < 0 || errors.As(err, &separated) || errors.As(err, &stuck)
	if len(in.Names) < 2 || !own {
		return nil, inDomain("--"+statistic, in, domain, err)
	}
	return []resultRow{{
		Statistic: statistic, Domain: in.labels[domain], Verdict: verdictNone, Model: text, Reason: err.Error(), tNumbers: &tNumbers{}, pNumber: &pNumber{},
	}}, nil
}

// modelOptions are those of a domain.
func (c *estimateCmd) modelOptions(s *drawn, in domains, domain int) model.Options {
	o := model.Options{Level: c.Level}
	if in.whole {
		return o
	}
	o.Rows = make([]bool, s.Rows())
	for _, row := range in.Domains.Rows[domain] {
		o.Rows[row] = true
	}
	return o
}

// coefficients are the rows of a model.
func (s *drawn) coefficients(statistic string, fit *model.Fit, in domains, domain int) []resultRow {
	var out []resultRow
	for j, k := range fit.Coefficients {
		r := resultRow{Statistic: statistic, Variable: k.Term, Domain: in.labels[domain], Model: fit.Formula, Notes: fit.Notes}
		e := analysis.Estimate{
			Value: k.Estimate, SE: k.SE, Interval: analysis.Interval{Low: k.Low, High: k.High, Level: fit.Level, Method: string(estimate.T)},
			N: fit.N, Population: fit.Population, EffectiveN: math.NaN(), DF: fit.DF, Method: fit.Model, Reason: k.Reason,
		}
		r.fill(e, estimate.DesignEffect{Value: math.NaN(), Reason: "a coefficient has none that is agreed on"}, s.variance())
		r.tNumbers, r.pNumber = &tNumbers{defined(k.T)}, &pNumber{defined(k.P)}
		r.Verdict = verdictNone
		r.fit, r.coefficient = fit, j
		out = append(out, r)
	}
	return out
}

func (c *estimateCmd) testOptions(in domains, domain int) hypothesis.Options {
	o := hypothesis.Options{Level: c.Level}
	if !in.whole {
		o.Rows = in.Domains.Rows[domain]
	}
	return o
}

// factor is a column as the tests take it.
func (s *drawn) factor(flag, name string) (hypothesis.Factor, error) {
	col, err := s.categories(flag, name)
	if err != nil {
		return hypothesis.Factor{}, err
	}
	return hypothesis.Factor{Name: name, Codes: col.Codes, Levels: col.Levels}, nil
}

// chisq tests a two-way table.
func (c *estimateCmd) chisq(s *drawn, a, b string) (test, error) {
	row, err := s.factor("--chisq", a)
	if err != nil {
		return nil, err
	}
	column, err := s.factor("--chisq", b)
	if err != nil {
		return nil, err
	}
	return func(in domains, domain int) ([]resultRow, error) {
		t, err := hypothesis.Independence(s.design, row, column, hypothesis.Statistic(c.ChisqTest), c.testOptions(in, domain))
		if err != nil {
			return nil, inDomain("--chisq", in, domain, err)
		}
		r := resultRow{
			Statistic: "chisq", Variable: a + "," + b, Domain: in.labels[domain], N: t.N, DF: defined(t.DF), Verdict: verdictNone,
			Method: t.Method + "; " + s.variance(), Notes: t.Notes,
			Reason:      "a test has no estimate of its own",
			testNumbers: &testNumbers{NDF: defined(t.NDF), DDF: defined(t.DDF)},
			pNumber:     &pNumber{defined(t.P)},
		}
		switch {
		case t.Reason != "":
			r.Reason = t.Reason
		case t.Name == "F":
			r.F = defined(t.Statistic)
		default:
			r.ChiSquared = defined(t.Statistic)
			r.Reason += ", and its statistic is no F"
		}
		return []resultRow{r}, nil
	}, nil
}

// ttest tests the difference of the means of two groups, or, as y ~ 0, that one mean is zero.
func (c *estimateCmd) ttest(s *drawn, text string) (test, error) {
	f, err := parseFormula("--ttest", text)
	if err != nil {
		return nil, err
	}
	built, err := f.Build(s, formula.Options{})
	if err != nil {
		return nil, s.explain(fmt.Errorf("--ttest: %w", err))
	}
	y := built.Response.Numbers
	if y == nil {
		return nil, tellf("--ttest of %s: %s holds text, and a mean needs numbers.", s.name, f.Response())
	}
	run := func(o hypothesis.Options) (hypothesis.TTest, error) {
		return hypothesis.OneSample(s.design, f.Response(), y, 0, o)
	}
	terms := f.Terms()
	switch {
	case len(terms) > 1 || len(terms) == 1 && !f.Intercept():
		return nil, usagef("--ttest: write it as y ~ g, with one group, or as y ~ 0, not %q.", text)
	case len(terms) == 1:
		group, err := s.factor("--ttest", strings.Trim(terms[0], "`"))
		if err != nil {
			return nil, err
		}
		run = func(o hypothesis.Options) (hypothesis.TTest, error) {
			return hypothesis.TwoSample(s.design, f.Response(), y, group, o)
		}
	}
	return func(in domains, domain int) ([]resultRow, error) {
		t, err := run(c.testOptions(in, domain))
		if err != nil {
			return nil, inDomain("--ttest", in, domain, err)
		}
		r := resultRow{Statistic: "ttest", Variable: f.String(), Domain: in.labels[domain], Notes: t.Notes}
		e := t.Estimate
		e.Method = t.Method
		if t.Reason != "" {
			e.Reason = t.Reason
		}
		r.fill(e, estimate.DesignEffect{Value: math.NaN(), Reason: "a test has none that is agreed on"}, s.variance())
		r.tNumbers, r.pNumber = &tNumbers{defined(t.Statistic)}, &pNumber{defined(t.P)}
		r.Verdict = verdictNone
		return []resultRow{r}, nil
	}, nil
}

// ordered is a table whose response is ordered categories, also where they are written as numbers.
type ordered struct {
	*table
	response string
}

// Factor returns a column of categories; numbers are in their order.
func (o ordered) Factor(name string) (codes []int32, levels []string, ok bool) {
	if name != o.response {
		return o.table.Factor(name)
	}
	c, err := o.categories("", name)
	if err != nil {
		return nil, nil, false
	}
	return c.Codes, c.Levels, true
}

// Formulas find their columns in a table.
var (
	_ formula.Data = (*table)(nil)
	_ formula.Data = ordered{}
)
