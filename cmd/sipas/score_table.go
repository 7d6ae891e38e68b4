package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"sipas/survey"
	"sipas/survey/export"
	"sipas/templates/i18n"
)

// scoreTable prints a release for people.
type scoreTable struct {
	out        io.Writer
	release    *survey.Release
	frameworks []*survey.Framework
	names      export.Names
	domains    domainFilter
	lang       survey.Lang // of the names of indicators and units, and of the notes; the rest is in English
}

// mostFlags is how many flags the table lists; json has them all.
const mostFlags = 25

func (t scoreTable) write() error {
	r := t.release
	fmt.Fprintf(t.out, "Wave %s, %s, made %s by sipas %s, data %.12s…\n", r.Wave, r.State, r.MadeAt.In(survey.Zone).Format("2006-01-02 15:04"), r.Program, r.DataHash)
	for _, f := range t.frameworks {
		for _, d := range t.parts(f) {
			if err := t.part(f, d); err != nil {
				return err
			}
		}
	}
	t.withoutSuspect()
	if err := t.flags(); err != nil {
		return err
	}
	return t.weighting()
}

// withoutSuspect prints the headline once more without the answers at kiosks that are marked suspect.
func (t scoreTable) withoutSuspect() {
	if t.domains.limited() {
		return
	}
	for i, c := range t.release.WithoutSuspect {
		if i == 0 {
			fmt.Fprintln(t.out)
		}
		basis := ""
		if c.With.Basis == survey.BasisWithWalkIns {
			basis = ", with walk-ins*"
		}
		fmt.Fprintf(t.out, "Without the %s%s: %s %.2f (%s), with them %.2f (%s), %+.2f\n", count(c.Suspect, "suspect answer"), basis,
			t.names.Node(c.Without.Framework, c.Without.Node, t.lang), c.Without.Estimate.Value, interval(c.Without),
			c.With.Estimate.Value, interval(c.With), c.Without.Estimate.Value-c.With.Estimate.Value)
	}
}

// parts returns the domains to print for a framework: those asked for, or the whole register.
func (t scoreTable) parts(f *survey.Framework) []survey.Domain {
	if !t.domains.limited() {
		return []survey.Domain{{}}
	}
	var parts []survey.Domain
	for _, g := range t.release.Figures {
		if g.Framework == f.ID && !slices.Contains(parts, g.Domain) {
			parts = append(parts, g.Domain)
		}
	}
	return parts
}

// part prints the nodes of a framework for one domain, weighted beside unweighted, with the indicators below them.
func (t scoreTable) part(f *survey.Framework, d survey.Domain) error {
	figures := map[survey.FigureKey]survey.Figure{}
	for _, g := range t.release.Figures {
		if g.Framework == f.ID && g.Domain == d {
			figures[g.FigureKey] = g
		}
	}
	fmt.Fprintf(t.out, "\n%s (%s)%s\n", f.Title.In(t.lang), f.Ref(), t.where(d))
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	var missing []string
	fmt.Fprintln(w, "NODE\tWEIGHTED\tINTERVAL\tSE\tn\tN\tn eff.\tUNWEIGHTED\tINTERVAL\tWITH WALK-INS*")
	f.Walk(func(n *survey.Node, above []*survey.Node) {
		key := survey.FigureKey{Framework: f.ID, Node: n.Code, Domain: d, Weighting: survey.Weighted, Basis: survey.BasisInvited}
		g, computed := figures[key]
		if !computed {
			return
		}
		key.Weighting = survey.Unweighted
		plain := figures[key]
		key.Weighting, key.Basis = survey.Weighted, survey.BasisWithWalkIns
		joined := figures[key]
		label := strings.Repeat("  ", len(above)) + n.Label.In(t.lang)
		if !shown(g) {
			word, why := unshown(g)
			fmt.Fprintf(w, "%s\t%s\t\t\t\t\t\t\t\t\n", label, word)
			if !slices.Contains(missing, why) {
				missing = append(missing, why)
			}
			return
		}
		e := g.Estimate
		fmt.Fprintf(w, "%s\t%.2f\t%s\t%.3f\t%d\t%.0f\t%.0f\t%s\t%s\t%s\n", label, e.Value, interval(g), e.SE, e.N, e.Population, e.EffectiveN,
			value(plain), interval(plain), value(joined))
	})
	if err := w.Flush(); err != nil {
		return err
	}
	for _, why := range missing {
		fmt.Fprintln(t.out, why)
	}
	return t.notes(f, d, figures)
}

// notes prints what stands below a framework's table: the root's bounds and grade, and what the columns mean.
func (t scoreTable) notes(f *survey.Framework, d survey.Domain, figures map[survey.FigureKey]survey.Figure) error {
	root := figures[survey.FigureKey{Framework: f.ID, Node: f.Root.Code, Domain: d, Weighting: survey.Weighted, Basis: survey.BasisInvited}]
	var notes []string
	if b := root.Attainable; b != nil {
		notes = append(notes, fmt.Sprintf("attainable %.4g to %.4g", b.Min, b.Max))
	}
	if b := root.Nominal; b != nil {
		notes = append(notes, fmt.Sprintf("nominal %.4g to %.4g", b.Min, b.Max))
	}
	if root.Grade != "" {
		grade := "grade " + root.Grade
		if root.GradeIncomplete {
			grade += " (incomplete: indicators are missing)"
		}
		notes = append(notes, grade)
	}
	notes = append(notes, "* not a probability sample")
	lines := append(t.methods(f, d), strings.Join(notes, "; "))
	_, err := fmt.Fprintln(t.out, strings.Join(lines, "\n"))
	return err
}

// methods names the methods behind a framework's shown figures of a domain, each once, in the order of the release.
func (t scoreTable) methods(f *survey.Framework, d survey.Domain) []string {
	var made []string
	for _, g := range t.release.Figures {
		if g.Framework != f.ID || g.Domain != d || g.Weighting != survey.Weighted || g.Basis != survey.BasisInvited || !shown(g) {
			continue
		}
		e := g.Estimate
		s := e.Method
		if e.Interval.Method != "" {
			s += fmt.Sprintf(", %.0f %% interval by %s", 100*e.Interval.Level, e.Interval.Method)
		}
		if !slices.Contains(made, s) {
			made = append(made, s)
		}
	}
	return made
}

func (t scoreTable) where(d survey.Domain) string {
	s := ""
	if d.Unit != "" {
		s += ", " + t.names.Unit(d.Unit, t.lang)
	}
	if d.Field != "" {
		s += ", " + d.Field
	}
	return s
}

// shown reports whether a figure's numbers may be printed.
func shown(f survey.Figure) bool {
	return f.State != "" && f.State != survey.StateWithheld && f.Estimate.Defined()
}

// unshown says in a word that a figure has no number, and in a line why.
func unshown(f survey.Figure) (word, why string) {
	switch {
	case f.State == survey.StateWithheld:
		return "withheld", "withheld: fewer answers than the rule asks for, or it would reveal a figure of so few"
	case f.Estimate.Reason != "":
		return "none", "none: " + f.Estimate.Reason
	}
	return "none", "none: not defined"
}

func value(f survey.Figure) string {
	if !shown(f) {
		return "-"
	}
	return fmt.Sprintf("%.2f", f.Estimate.Value)
}

func interval(f survey.Figure) string {
	if !shown(f) {
		return "-"
	}
	return fmt.Sprintf("%.2f–%.2f", f.Estimate.Interval.Low, f.Estimate.Interval.High)
}

// flags prints the indicators that need attention, the most urgent first.
func (t scoreTable) flags() error {
	counts := map[survey.FlagState]int{}
	for _, f := range t.release.Flags {
		counts[f.State]++
	}
	fmt.Fprintf(t.out, "\nFlags: %d raised, %d to watch, %d with too few answers to tell\n", counts[survey.FlagRaised], counts[survey.FlagWatch], counts[survey.FlagTooFew])
	told := slices.DeleteFunc(slices.Clone(t.release.Flags), func(f survey.Flag) bool { return f.State == survey.FlagTooFew })
	slices.SortStableFunc(told, func(a, b survey.Flag) int {
		if a.State != b.State {
			return strings.Compare(string(a.State), string(b.State)) // flag before watch
		}
		switch {
		case a.Priority > b.Priority:
			return -1
		case a.Priority < b.Priority:
			return 1
		}
		return 0
	})
	if len(told) == 0 {
		return nil
	}
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "STATE\tPRIORITY\tINDICATOR\tWHERE\tVALUE\tINTERVAL\tTARGET\tn\tGAIN\tREASONS")
	for _, f := range told[:min(len(told), mostFlags)] {
		target := "-"
		if f.Figure.Target != nil {
			target = fmt.Sprintf("%.4g", *f.Figure.Target)
		}
		var reasons []string
		for _, r := range f.Reasons {
			if r.Shown {
				reasons = append(reasons, strings.ReplaceAll(r.Code, "_", " "))
				continue
			}
			reasons = append(reasons, "("+strings.ReplaceAll(r.Code, "_", " ")+")")
		}
		fmt.Fprintf(w, "%s\t%.0f\t%s %s\t%s\t%s\t%s\t%s\t%d\t%.3f\t%s\n", f.State, f.Priority, f.Figure.Framework, t.names.Node(f.Figure.Framework, f.Figure.Node, t.lang),
			strings.TrimPrefix(t.where(f.Figure.Domain), ", "), value(f.Figure), interval(f.Figure), target, f.Figure.Estimate.N, f.Gain, strings.Join(reasons, ", "))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if more := len(told) - mostFlags; more > 0 {
		fmt.Fprintf(t.out, "… and %d more: --format json has them all.\n", more)
	}
	_, err := fmt.Fprintln(t.out, "Reasons in brackets are not shown by their test.")
	return err
}

// weighting prints what must be known of the weights.
func (t scoreTable) weighting() error {
	r := t.release.Weighting
	fmt.Fprintf(t.out, "\nWeighting: %d respondents of %d invited (%.1f %%), %d transactions in the register, %d walk-ins\n",
		r.Respondents, r.Invited, 100*r.ResponseRate, r.Register, r.WalkIns)
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "MODULE\tRESPONDENTS\tKISH DEFF\tn eff.\tMIN FACTOR\tMAX FACTOR\tTRIMMED %\tITERATIONS\tWORST MARGIN")
	for _, m := range r.Modules {
		verdict := worstMargin(m)
		if len(m.Failure) > 0 {
			verdict = givenUp(m.Failure)
		}
		fmt.Fprintf(w, "%s\t%d\t%.3f\t%.0f\t%.3f\t%.3f\t%.1f\t%d\t%s\n", m.Module, m.Respondents, m.KishEffect, m.EffectiveN, m.MinFactor, m.MaxFactor,
			100*m.ShareTrimmed, m.Iterations, verdict)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	words := i18n.NoteWords{Unit: func(id string) string { return t.names.Unit(survey.UnitID(id), t.lang) }}
	pooled := 0
	for _, m := range r.Modules {
		pooled += len(m.Collapsed)
	}
	fmt.Fprintf(t.out, "%s pooled; %s without answers", count(pooled, "class or level"), count(len(r.Unanswered), "unit"))
	share := 0.0
	for _, u := range r.Unanswered {
		share += u.Share
	}
	fmt.Fprintf(t.out, " (%.1f %% of the register)\n", 100*share)
	for _, n := range r.Notes {
		sentence, _ := i18n.Note(t.lang, n, words)
		fmt.Fprintln(t.out, sentence)
	}
	return nil
}

// givenUp names the margins that were given up; why stands below the table.
func givenUp(failures survey.Failures) string {
	words := make([]string, len(failures))
	for i, n := range failures {
		words[i] = n.Params.Margin + " given up"
		if n.Params.Margin == "" {
			words[i] = n.Text
		}
	}
	return strings.Join(words, ", ")
}

// worstMargin names the margin that is furthest from the register.
func worstMargin(m survey.ModuleWeights) string {
	worst, far := "-", -1.0
	for _, g := range m.Margins {
		off := g.Achieved - g.Target
		if off < 0 {
			off = -off
		}
		if off > far {
			worst, far = fmt.Sprintf("%s: off by %.2g", g.Margin, off), off
		}
	}
	return worst
}
