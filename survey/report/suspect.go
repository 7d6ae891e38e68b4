package report

import (
	"context"
	"slices"

	"sipas/survey"
)

// compare computes the headline once more without the answers that are marked suspect: for the sample, and with walk-ins. A marked
// answer is then no answer at all: the invited ones among them are nonresponse like any other, and the weights of the rest are made
// anew, so that the register is represented either way.
//
// A comparison tells of the marked answers by subtraction, so it is made only of at least Rules.MinAnswers of them that stand behind the
// figure, and the figure without them must be one that may be shown. The two comparisons are held against each other, too: when
// that of the sample is there, the one with walk-ins needs no marked walk-in at all, or as many as the rule asks for.
func (c *computation) compare(ctx context.Context, grid map[survey.FigureKey]survey.Figure) ([]survey.Comparison, error) {
	rest := *c.in
	rest.Rows = c.in.Rows.withoutSuspect()
	least := c.in.Wave.Rules.MinAnswers
	if c.in.Rows.Len()-rest.Rows.Len() < least || len(c.in.Frameworks) == 0 {
		return nil, nil
	}
	top := c.top()
	if top == nil {
		return nil, nil
	}
	without, err := prepare(&rest, c.state)
	if err != nil {
		return nil, err
	}
	without.domains = without.domains[:1] // the whole register
	without.nodes = []node{*top}          // variables come in the order of the documents, which are the same
	err = without.weight()
	if survey.IsCode(err, survey.CodeNoAnswers) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := without.estimate(ctx, func(string, int, int) {}); err != nil {
		return nil, err
	}
	figures, err := without.figures(&without.nodes[0], 0)
	if err != nil {
		return nil, err
	}
	var out []survey.Comparison
	invited := 0
	for _, basis := range []survey.Basis{survey.BasisInvited, survey.BasisWithWalkIns} {
		at := slices.IndexFunc(figures, func(f survey.Figure) bool { return f.Weighting == survey.Weighted && f.Basis == basis })
		if at < 0 || figures[at].State != c.state {
			continue
		}
		with, made := grid[figures[at].FigureKey]
		if !made || with.State != c.state {
			continue
		}
		n := with.Estimate.N - figures[at].Estimate.N
		walkIns := n - invited
		if basis == survey.BasisInvited {
			invited, walkIns = n, 0
		}
		if n < least || invited >= least && walkIns > 0 && walkIns < least {
			continue
		}
		out = append(out, survey.Comparison{Suspect: n, With: with, Without: figures[at]})
	}
	return out, nil
}

// advanceComparisons decides which comparisons a live page shows. They are made of the figure that is shown and of nothing newer, so
// they change only together with the headline; and only when both the answers that are left and the marked ones are the same as before or at
// least the minimum more, because each of the two is a figure of its own. Otherwise those shown before stay.
func advanceComparisons(prev, next *survey.Release, kept map[survey.FigureKey]bool) []survey.Comparison {
	least := next.Rules.MinAnswers
	grown := func(before, now int) bool { return now == before || now-before >= least }
	var shown []survey.Comparison
	stay := false
	for _, c := range next.WithoutSuspect {
		i := slices.IndexFunc(prev.WithoutSuspect, func(o survey.Comparison) bool { return o.With.FigureKey == c.With.FigureKey })
		switch {
		case i < 0 && kept[c.With.FigureKey]:
			continue // it would tell the headline of today
		case i < 0:
			shown = append(shown, c)
			continue
		}
		before := prev.WithoutSuspect[i]
		shown = append(shown, before)
		if kept[c.With.FigureKey] || !grown(before.Suspect, c.Suspect) || !grown(before.Without.Estimate.N, c.Without.Estimate.N) {
			stay = true
		}
	}
	if stay {
		// None changes alone: the difference of two comparisons is a figure of walk-ins.
		return slices.DeleteFunc(shown, func(c survey.Comparison) bool {
			return !slices.ContainsFunc(prev.WithoutSuspect, func(o survey.Comparison) bool { return o.With.FigureKey == c.With.FigureKey })
		})
	}
	return slices.DeleteFunc(slices.Clone(next.WithoutSuspect), func(c survey.Comparison) bool {
		return !slices.ContainsFunc(shown, func(o survey.Comparison) bool { return o.With.FigureKey == c.With.FigureKey })
	})
}
