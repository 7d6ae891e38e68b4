package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"sipas/analysis/design"
	"sipas/analysis/estimate"
)

// estimates is what sipas estimate says.
type estimates struct {
	Design     *designEcho `json:"design"`
	Results    []resultRow `json:"results"`
	Covariance *covariance `json:"cov"`

	by []string
}

// covariance is the joint covariance of results, in their order.
type covariance struct {
	Names  []string     `json:"names"`
	Matrix [][]*float64 `json:"matrix"`
	Reason string       `json:"reason,omitempty"` // why some of it is null
}

// name is what a result is called in the covariance.
func (r *resultRow) name() string {
	parts := []string{r.Statistic, r.Variable}
	if r.Level != "" {
		parts = append(parts, r.Level)
	}
	if len(r.Domain) > 0 {
		parts = append(parts, "["+r.Domain.String()+"]")
	}
	return strings.Join(parts, " ")
}

// jointCovariance is that of all results which have influence values, and of the coefficients of each model among themselves.
func jointCovariance(d *design.Design, rows []resultRow) (*covariance, error) {
	out := &covariance{Names: []string{}, Matrix: [][]*float64{}}
	var members []*resultRow
	var stats []estimate.Stat
	at := map[*resultRow]int{}
	for i := range rows {
		r := &rows[i]
		if r.stat == nil && r.fit == nil {
			continue
		}
		members = append(members, r)
		out.Names = append(out.Names, r.name())
		if r.stat != nil {
			at[r] = len(stats)
			stats = append(stats, *r.stat)
		}
	}
	if len(members) == 0 {
		out.Reason = "no result has influence values"
		return out, nil
	}
	between := func(a, b *resultRow) float64 {
		if a.fit != nil && a.fit == b.fit {
			return a.fit.Covariance.At(a.coefficient, b.coefficient)
		}
		return math.NaN()
	}
	if len(stats) > 0 {
		v, err := estimate.Covariance(d, stats)
		if err != nil {
			return nil, err
		}
		models := between
		between = func(a, b *resultRow) float64 {
			if a.stat != nil && b.stat != nil {
				return v.At(at[a], at[b])
			}
			return models(a, b)
		}
	}
	mixed := false
	for _, a := range members {
		line := make([]*float64, len(members))
		for j, b := range members {
			line[j] = defined(between(a, b))
			mixed = mixed || line[j] == nil
		}
		out.Matrix = append(out.Matrix, line)
	}
	if mixed {
		out.Reason = "undefined results have no covariance, and coefficients have them within their model"
	}
	return out, nil
}

// write writes the results in one of the formats.
func (e *estimates) write(out io.Writer, format string) error {
	switch format {
	case "json":
		w := json.NewEncoder(out)
		w.SetIndent("", "  ")
		w.SetEscapeHTML(false)
		return w.Encode(e)
	case "csv":
		return e.writeCSV(out)
	}
	return e.writeTable(out)
}

// writeCSV writes one result a line with all digits; the domain has a column for each of --by.
func (e *estimates) writeCSV(out io.Writer) error {
	w := csv.NewWriter(out)
	header := []string{"statistic", "variable", "level"}
	for _, name := range e.by {
		header = append(header, "domain."+name)
	}
	header = append(header, "estimate", "se", "ci_low", "ci_high", "confidence", "df", "deff", "n", "n_eff", "cv", "verdict", "method",
		"interval", "F", "chisq", "ndf", "ddf", "t", "p", "missing", "missing_share", "model", "reason")
	if err := w.Write(header); err != nil {
		return err
	}
	for i := range e.Results {
		r := &e.Results[i]
		line := []string{r.Statistic, r.Variable, r.Level}
		for _, l := range r.Domain {
			line = append(line, l.value)
		}
		test, t, p, answers := r.testNumbers, r.tNumbers, r.pNumber, r.answersNumbers
		if test == nil {
			test = &testNumbers{}
		}
		if t == nil {
			t = &tNumbers{}
		}
		if p == nil {
			p = &pNumber{}
		}
		missing, share := "", (*float64)(nil)
		if answers != nil {
			missing, share = strconv.Itoa(answers.Missing), answers.MissingShare
		}
		line = append(line, digits(r.Estimate), digits(r.SE), digits(r.Low), digits(r.High), digits(r.Confidence), digits(r.DF), digits(r.Deff),
			strconv.Itoa(r.N), digits(r.EffectiveN), digits(r.CV), r.Verdict, r.Method, r.Interval,
			digits(test.F), digits(test.ChiSquared), digits(test.NDF), digits(test.DDF), digits(t.T), digits(p.P), missing, digits(share), r.Model, r.Reason)
		if err := w.Write(line); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

// digits writes all digits of a number, and nothing where there is none.
func digits(x *float64) string {
	if x == nil {
		return ""
	}
	return strconv.FormatFloat(*x, 'g', -1, 64)
}

// short writes a number for people.
func short(x *float64) string {
	if x == nil {
		return "–"
	}
	return strconv.FormatFloat(*x, 'g', 6, 64)
}

// writeTable writes what a person reads: estimates first, then tests, then what they rest on.
func (e *estimates) writeTable(out io.Writer) error {
	var b strings.Builder
	e.Design.writeDesign(&b)
	fmt.Fprintf(&b, "Intervals at %v", e.Design.Level)
	if e.Design.Where != "" {
		fmt.Fprintf(&b, ", where %s", e.Design.Where)
	}
	b.WriteString(".\n")
	var figures, coefficients, tests []*resultRow
	for i := range e.Results {
		r := &e.Results[i]
		switch {
		case r.testNumbers != nil:
			tests = append(tests, r)
		case r.tNumbers != nil:
			coefficients = append(coefficients, r)
		default:
			figures = append(figures, r)
		}
	}
	notes := &footnotes{}
	e.section(&b, figures, []string{"estimate", "se", "low", "high", "df", "deff", "n", "n eff.", "cv", "missing", "verdict"}, func(r *resultRow) []string {
		return []string{short(r.Estimate), short(r.SE), short(r.Low), short(r.High), short(r.DF), short(r.Deff), strconv.Itoa(r.N), short(r.EffectiveN),
			short(r.CV), strconv.Itoa(r.Missing), r.Verdict + r.marks(notes)}
	})
	e.section(&b, coefficients, []string{"estimate", "se", "low", "high", "df", "t", "p", "n", ""}, func(r *resultRow) []string {
		return []string{short(r.Estimate), short(r.SE), short(r.Low), short(r.High), short(r.DF), short(r.T), short(r.P), strconv.Itoa(r.N), r.marks(notes)}
	})
	e.section(&b, tests, []string{"F", "chisq", "ndf", "ddf", "p", "n", ""}, func(r *resultRow) []string {
		return []string{short(r.F), short(r.ChiSquared), short(r.NDF), short(r.DDF), short(r.P), strconv.Itoa(r.N), r.marks(notes)}
	})
	notes.write(&b)
	e.Covariance.writeTable(&b)
	_, err := io.WriteString(out, b.String())
	return err
}

// section writes results that share columns.
func (e *estimates) section(b *strings.Builder, rows []*resultRow, columns []string, cells func(*resultRow) []string) {
	if len(rows) == 0 {
		return
	}
	header := append([]string{"statistic", "variable", "level"}, e.by...)
	align := strings.Repeat("l", len(header)) + strings.Repeat("r", len(columns)-1) + "l"
	lines := [][]string{append(header, columns...)}
	for _, r := range rows {
		line := []string{r.Statistic, r.Variable, r.Level}
		for _, l := range r.Domain {
			line = append(line, l.value)
		}
		lines = append(lines, append(line, cells(r)...))
	}
	b.WriteString("\n")
	writeColumns(b, align, lines)
}

// marks are the footnotes of a result: why something is not there, and what its verdict rests on.
func (r *resultRow) marks(notes *footnotes) string {
	texts := slices.Concat(r.Reasons, r.Notes)
	untested := r.testNumbers != nil && r.P == nil
	unknown := r.testNumbers == nil && (r.Estimate == nil || r.SE == nil || r.Low == nil)
	if r.Reason != "" && (untested || unknown) {
		texts = append(texts, r.Reason)
	}
	var out strings.Builder
	for i, text := range texts {
		if !slices.Contains(texts[:i], text) {
			out.WriteString(" " + notes.mark(text))
		}
	}
	return out.String()
}

// writeDesign says what was computed from.
func (e *designEcho) writeDesign(b *strings.Builder) {
	fmt.Fprintf(b, "%s: %s, %d with a weight", e.Data, count(e.Rows, "row"), e.N)
	if e.Population != nil {
		fmt.Fprintf(b, ", standing for %s", short(e.Population))
	}
	b.WriteString("\n")
	if e.WithoutWeight > 0 {
		fmt.Fprintf(b, "%s without a weight and not part of the sample\n", map[bool]string{true: "1 row is", false: strconv.Itoa(e.WithoutWeight) + " rows are"}[e.WithoutWeight == 1])
	}
	if e.PSUs != nil {
		fmt.Fprintf(b, "Design: %s in %s", count(*e.PSUs, "unit"), map[bool]string{true: "1 stratum", false: strconv.Itoa(*e.StrataCount) + " strata"}[*e.StrataCount == 1])
		if e.FPC.Kind != "none" {
			fmt.Fprintf(b, ", %s in %s", e.FPC.Kind, strings.Join(e.FPC.Columns, ", "))
		}
		if e.PPS != "none" {
			fmt.Fprintf(b, ", unequal probabilities (%s)", e.PPS)
		}
		fmt.Fprintf(b, "; weights %s; lonely units: %s\n", e.Weights, e.Lonely)
	}
	for _, c := range e.Collapsed {
		fmt.Fprintf(b, "%s\n", c)
	}
	if p := e.Replicates; p != nil {
		fmt.Fprintf(b, "Replicates: %d of type %s, scale %s, mse %v\n", p.Number, p.Type, short(&p.Scale), p.MSE)
		for _, n := range p.Notes {
			fmt.Fprintf(b, "  %s\n", n)
		}
	}
	if c := e.Calibration; c != nil {
		fmt.Fprintf(b, "Weighting: %s", c.Method)
		if c.Formula != "" {
			fmt.Fprintf(b, " on %s", c.Formula)
		}
		fmt.Fprintf(b, ", totals of %s\n", c.Totals)
	}
	if t := e.Trimming; t != nil {
		fmt.Fprintf(b, "Trimming: from %s to %s, %s\n", short(t.Bounds[0]), short(t.Bounds[1]), t.By)
	}
	fmt.Fprintf(b, "Degrees of freedom: %s\n", short(e.DF))
}

func (c *covariance) writeTable(b *strings.Builder) {
	if c == nil {
		return
	}
	b.WriteString("\nCovariance\n")
	for i, name := range c.Names {
		line := make([]string, len(c.Matrix[i]))
		for j, v := range c.Matrix[i] {
			line[j] = short(v)
		}
		fmt.Fprintf(b, "%d %s: %s\n", i+1, name, strings.Join(line, " "))
	}
	if c.Reason != "" {
		b.WriteString(c.Reason + "\n")
	}
}
