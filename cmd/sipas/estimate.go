package main

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"sipas/analysis/estimate"
	"sipas/analysis/frame"
)

// estimateCmd estimates from any CSV file: no database is touched.
type estimateCmd struct {
	sampleFlags
	weightingFlags

	Mean       []string `group:"Statistics" placeholder:"V" help:"Means; of a column of text, the share of each level."`
	Total      []string `group:"Statistics" placeholder:"V" help:"Totals; of a column of text, the number of each level."`
	Ratio      []string `group:"Statistics" placeholder:"Y/X" help:"Ratios of totals."`
	Category   []string `group:"Statistics" placeholder:"V" help:"The share of each level, with intervals for proportions."`
	Quantile   []string `group:"Statistics" sep:"none" placeholder:"V@P,…" help:"Quantiles at some probabilities: api00@0.25,0.5. May be given more than once."`
	QRule      string   `name:"qrule" group:"Statistics" default:"hf1" placeholder:"RULE" help:"Rule of quantiles: hf1 (math) to hf9, school. Default: ${default}."`
	Proportion []string `group:"Statistics" sep:"none" placeholder:"V=LEVEL" help:"The share of one level. May be given more than once."`
	CI         string   `name:"ci" group:"Statistics" enum:"korn-graubard,mean,logit,xlogit,likelihood,asin,beta,wilson" default:"korn-graubard" help:"Interval of categories and proportions: ${enum}. Default: ${default}, which is beta with the effective number of answers capped at their number."`
	Chisq      []string `group:"Statistics" placeholder:"A" help:"Test that two columns are independent, by Rao and Scott."`
	ChisqTest  string   `name:"chisq-test" group:"Statistics" enum:"F,Chisq,Wald,adjWald,lincom,saddlepoint" default:"F" help:"By which statistic: ${enum}. Default: ${default}."`
	TTest      []string `name:"ttest" group:"Statistics" sep:"none" placeholder:"'y ~ g'" help:"Test of the difference of two means; y ~ 0 tests one mean. May be given more than once."`
	GLM        []string `name:"glm" group:"Statistics" sep:"none" placeholder:"'y ~ x'" help:"Generalized linear model by R's formula. May be given more than once."`
	Family     string   `group:"Statistics" default:"gaussian" placeholder:"FAMILY" help:"Of --glm: gaussian, binomial or poisson, with a link in parentheses or none. Default: ${default}."`
	Ordinal    []string `group:"Statistics" sep:"none" placeholder:"'y ~ x'" help:"Proportional odds model of an ordered outcome. May be given more than once."`

	By     []string `group:"Output" placeholder:"A" help:"Estimate for each combination of these columns."`
	Where  string   `group:"Output" placeholder:"'EXPR'" help:"Estimate for the rows of which this is true: age >= 18 && sex == \"F\"."`
	Level  float64  `group:"Output" default:"0.95" placeholder:"P" help:"Level of confidence. Default: ${default}."`
	Deff   string   `group:"Output" enum:"wor,wr" default:"wor" help:"Design effect against simple random sampling without (wor) or with (wr) replacement. Default: ${default}."`
	Cov    bool     `group:"Output" help:"The joint covariance of all results that have one."`
	Format string   `group:"Output" enum:"table,json,csv" default:"table" help:"One of ${enum}. Default: ${default}."`
}

func (c *estimateCmd) Run(ctx context.Context, a *app) error {
	if err := c.check(); err != nil {
		return err
	}
	levels, err := c.sampleFlags.levels()
	if err != nil {
		return err
	}
	w, err := c.want(a)
	if err != nil {
		return err
	}
	t, err := readTable(ctx, a, c.Data, w, levels)
	if err != nil {
		return err
	}
	s, err := c.sampleFlags.sample(a, t)
	if err != nil {
		return err
	}
	if s, _, err = c.weightingFlags.apply(a, s); err != nil {
		return err
	}
	out, err := c.results(ctx, s)
	if err != nil {
		return err
	}
	// Nothing is written before everything is computed.
	var b bytes.Buffer
	if err := out.write(&b, c.Format); err != nil {
		return err
	}
	_, err = b.WriteTo(a.stdout)
	return err
}

// check finds what is wrong with the command line before anything is read.
func (c *estimateCmd) check() error {
	if err := c.sampleFlags.check(); err != nil {
		return err
	}
	if err := c.weightingFlags.check(); err != nil {
		return err
	}
	asked := len(c.Mean) + len(c.Total) + len(c.Ratio) + len(c.Category) + len(c.Quantile) + len(c.Proportion) +
		len(c.Chisq) + len(c.TTest) + len(c.GLM) + len(c.Ordinal)

	switch {
	case asked == 0:
		return usagef("Say what to estimate: --mean, --total, --ratio, --category, --quantile, --proportion, --chisq, --ttest, --glm or --ordinal.")
	case !(c.Level > 0 && c.Level < 1):
		return usagef("--level: %v is not between 0 and 1.", c.Level)
	case len(c.Chisq)%2 != 0:
		return usagef("--chisq: name two columns, A,B.")
	case c.Cov && c.Format == "csv":
		return usagef("--cov: a matrix has no place in csv; take --format json.")
	case c.Family != "gaussian" && len(c.GLM) == 0:
		return usagef("--family is for --glm.")
	case c.ChisqTest != "F" && len(c.Chisq) == 0:
		return usagef("--chisq-test is for --chisq.")
	}
	if _, err := estimate.ParseRule(c.QRule); err != nil {
		return usagef("--qrule: %v.", err)
	}
	return nil
}

// want gathers the columns that the command needs.
func (c *estimateCmd) want(a *app) (wanted, error) {
	w := wanted{flags: map[string]string{}, options: frame.Options{Columns: []string{}}}
	c.sampleFlags.want(&w)
	if err := c.weightingFlags.want(a, &w); err != nil {
		return w, err
	}
	w.any("--mean", c.Mean...)
	w.any("--total", c.Total...)
	for _, text := range c.Ratio {
		y, x, err := pair("--ratio", text, "/", "Y/X")
		if err != nil {
			return w, err
		}
		w.any("--ratio", y, x)
	}
	w.any("--category", c.Category...)
	quantiles, err := c.parseQuantiles()
	if err != nil {
		return w, err
	}
	for _, q := range quantiles {
		w.any("--quantile", q.variable)
	}
	for _, text := range c.Proportion {
		name, _, err := pair("--proportion", text, "=", "V=LEVEL")
		if err != nil {
			return w, err
		}
		w.any("--proportion", name)
	}
	w.any("--chisq", c.Chisq...)
	if err := c.wantModels(&w); err != nil {
		return w, err
	}
	w.any("--by", c.By...)
	if c.Where != "" {
		e, err := frame.ParseExpression(c.Where)
		if err != nil {
			return w, usagef("--where: %v.", err)
		}
		w.any("--where", e.Columns()...)
	}
	return w, nil
}

// interval is the method of --ci. R's beta does not cap the effective number of answers; the rule for presentation does.
func (c *estimateCmd) interval() estimate.Method {
	switch c.CI {
	case "korn-graubard":
		return estimate.Beta
	case "beta":
		return estimate.BetaUncapped
	case "mean":
		return estimate.T
	}
	return estimate.Method(c.CI)
}

// results computes everything that is asked for: for each domain, the estimates in the order of the flags.
func (c *estimateCmd) results(ctx context.Context, s *drawn) (*estimates, error) {
	in, err := c.domains(s)
	if err != nil {
		return nil, err
	}
	request, err := c.request(s)
	if err != nil {
		return nil, err
	}
	done, err := c.compute(s, request, in)
	if err != nil {
		return nil, err
	}
	tests, err := c.tests(s)
	if err != nil {
		return nil, err
	}
	out := &estimates{Design: s.echo, by: slices.Clone(c.By)}
	for i := range in.Names {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		out.Results = append(out.Results, done.rows(c, s, in, i)...)
		for _, test := range tests {
			rows, err := test(in, i)
			if err != nil {
				return nil, s.explain(err)
			}
			out.Results = append(out.Results, rows...)
		}
	}
	c.echo(s)
	if c.Cov {
		if out.Covariance, err = jointCovariance(s.design, out.Results); err != nil {
			return nil, s.explain(err)
		}
	}
	return out, nil
}

// Help shows an example of each kind of design, and what the machine-readable form holds.
func (*estimateCmd) Help() string {
	return strings.TrimSpace(estimateHelp)
}
