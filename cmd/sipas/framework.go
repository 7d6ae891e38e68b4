package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"sipas/data"
	"sipas/survey"
	"sipas/survey/report"
	"sipas/templates/i18n"
)

// frameworkCmd shows what indices are made of.
type frameworkCmd struct {
	List    frameworkListCmd    `cmd:"" help:"List the frameworks that the program brings."`
	Show    frameworkShowCmd    `cmd:"" help:"Print a framework's document, to read it or to make one's own of it."`
	Check   frameworkCheckCmd   `cmd:"" help:"Check a framework's document before it is used."`
	Compare frameworkCompareCmd `cmd:"" help:"Say which scores of two years compare."`
}

// frameworkListCmd lists the frameworks.
type frameworkListCmd struct{}

// Run prints one line for each framework.
func (*frameworkListCmd) Run(a *app) error {
	rows := [][]string{{"framework", "title", "indicators", "scale", "for", ""}}
	for _, id := range data.Frameworks() {
		f, err := readFramework(id)
		if err != nil {
			return err
		}
		scale := ""
		if n := f.Root.Nominal; n != nil {
			scale = fmt.Sprintf("%g–%g", n.Min, n.Max)
		}
		remark := ""
		if f.Unofficial {
			remark = "not official"
		}
		rows = append(rows, []string{f.Ref().String(), f.Title.In(survey.English), strconv.Itoa(len(f.Root.Leaves())), scale, validity(f), remark})
	}
	var b strings.Builder
	writeColumns(&b, "llrrll", rows)
	_, err := fmt.Fprint(a.stdout, b.String())
	return err
}

// validity says of which years or days a framework speaks.
func validity(f *survey.Framework) string {
	switch {
	case f.Years != nil && f.Years.From == f.Years.To:
		return strconv.Itoa(f.Years.From)
	case f.Years != nil:
		return fmt.Sprintf("%d–%d", f.Years.From, f.Years.To)
	case f.InForce != nil:
		return "from " + string(f.InForce.From) + endOf(f.InForce)
	}
	return ""
}

// frameworkShowCmd prints a document.
type frameworkShowCmd struct {
	Framework string `arg:"" placeholder:"ID" help:"Id of the framework: papi-2019."`
}

// Run prints the document as it is shipped.
func (c *frameworkShowCmd) Run(a *app) error {
	if _, err := readFramework(c.Framework); err != nil {
		return err
	}
	id, _, _ := strings.Cut(c.Framework, "/")
	doc, ok := data.Framework(id)
	if !ok {
		return tellf("%s is a file already.", c.Framework)
	}
	_, err := a.stdout.Write(doc)
	return err
}

// frameworkCheckCmd checks a document.
type frameworkCheckCmd struct {
	File       string   `arg:"" placeholder:"FILE.json" help:"The document."`
	Instrument []string `placeholder:"ID" help:"Also that every indicator which is computed from answers is asked by one of these questionnaires."`
}

// Help says what is checked.
func (*frameworkCheckCmd) Help() string {
	return strings.TrimSpace(`
Weights, bounds, directions, rounding and what a missing part does are there and go together; stated attainable bounds are those that
the weights allow; every indicator is bound to an item or a column; codes are used once; derived nodes name what is there and do not
rest on themselves; rules can be read and give scores that the indicator can have; breaks lie in the framework's years. Every
fault is told with its place and what to do.`)
}

// Run checks the document and says what it holds.
func (c *frameworkCheckCmd) Run(a *app) error {
	f, err := readFramework(c.File)
	var s *report.Scorer
	if err == nil {
		s, err = report.NewScorer(f)
	}
	if err == nil && len(c.Instrument) > 0 {
		var asked func(string) bool
		if asked, err = askedBy(c.Instrument); err != nil {
			return err
		}
		if faults := f.Unasked(asked); len(faults) > 0 {
			err = faults
		}
	}
	var faults survey.Faults
	if errors.As(err, &faults) {
		for _, fault := range faults {
			fmt.Fprintf(a.stderr, "bad: %s\n", fault)
		}
		return tellf("%s in %s: mend the places above.", count(len(faults), "fault"), baseName(c.File))
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "%s is whole: %s, %s.\n", f.Ref(), count(len(f.Root.Leaves()), "indicator"), reachOf(s, f))
	return nil
}

// reachOf says what a root can reach.
func reachOf(s *report.Scorer, f *survey.Framework) string {
	low, high, known := s.Reach(f.Root.Code)
	if !known {
		return "of no known scale"
	}
	return i18n.Number(survey.English, low, 4) + " to " + i18n.Number(survey.English, high, 4) + " can be reached"
}

// askedBy returns which items the shipped questionnaires of these ids ask.
func askedBy(ids []string) (func(string) bool, error) {
	asked := map[string]bool{}
	for _, id := range ids {
		doc, ok := data.Instrument(id)
		if !ok {
			return nil, tellf("There is no questionnaire %q; there are %s.", id, strings.Join(data.Instruments(), ", "))
		}
		in, err := survey.ParseInstrument(doc)
		if err != nil {
			return nil, err
		}
		for _, item := range in.Items {
			asked[item.Code] = true
		}
	}
	return func(item string) bool { return asked[item] }, nil
}

// frameworkCompareCmd tells what compares between two years.
type frameworkCompareCmd struct {
	Framework string `arg:"" placeholder:"ID" help:"Framework of the later year."`
	From      int    `required:"" placeholder:"YEAR" help:"The one year."`
	To        int    `required:"" placeholder:"YEAR" help:"The other year."`
	Lang      string `enum:"en,vi" default:"en" help:"Language of the names and reasons: ${enum}."`
}

// Run prints a line for each node whose scores are published as a series.
func (c *frameworkCompareCmd) Run(a *app) error {
	f, err := readFramework(c.Framework)
	if err != nil {
		return err
	}
	from, to := min(c.From, c.To), max(c.From, c.To)
	if !f.Years.Holds(to) {
		return tellf("The framework %s is not for %d: %s.", f.Ref(), to, map[bool]string{true: "it is for no years", false: "it is for " + validity(f)}[f.Years == nil])
	}
	lang := survey.Lang(c.Lang)
	rows := [][]string{{"node", fmt.Sprintf("%d and %d", from, to), ""}}
	find := survey.Frameworks(report.ShippedFramework)
	f.Walk(func(n *survey.Node, above []*survey.Node) {
		if n.Kind == survey.NodeIndicator && len(above) > 0 && above[len(above)-1].Kind == survey.NodeSubDimension {
			return
		}
		verdict, why := "compare", ""
		if b, broken := find.BreakBetween(f, n.Code, from, to); broken {
			verdict, why = "do not compare", b.Reason.In(lang)
		}
		rows = append(rows, []string{strings.Repeat("  ", len(above)) + n.Code + "  " + n.Label.In(lang), verdict, why})
	})
	var b strings.Builder
	writeColumns(&b, "lll", rows)
	_, err = fmt.Fprint(a.stdout, b.String())
	return err
}
