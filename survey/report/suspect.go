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
	now, err := c.compareNow(ctx, grid)
	if err != nil {
		return nil, err
	}
	return c.advanceComparisons(now), nil
}

func (c *computation) compareNow(ctx context.Context, grid map[survey.FigureKey]survey.Figure) ([]survey.Comparison, error) {
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

// advanceComparisons decides which comparisons are shown. They are made of the headline as it is now and of nothing newer, so they change
// only together with it; and only when of every indicator both the marked answers and the others are those of the last time or have changed
// by at least the minimum, because each of the two is a figure of its own. Otherwise those shown before stay. None changes
// alone: the difference of two comparisons is a figure of walk-ins.
func (c *computation) advanceComparisons(next []survey.Comparison) []survey.Comparison {
	var before []survey.Comparison
	if c.in.Shown != nil {
		for _, o := range c.in.Shown.WithoutSuspect {
			o.With.State, o.Without.State = c.state, c.state
			before = append(before, o)
		}
	}
	least := c.in.Wave.Rules.MinAnswers
	if c.comparedGone(least) {
		before = nil
	}
	if len(next) == 0 {
		return before
	}
	few := func(n int) bool { return n > 0 && n < least }
	now, changed := map[string]*compared{}, len(before) != len(next)
	for _, l := range c.top().leaves {
		if l.variable < 0 {
			continue
		}
		for _, w := range c.views {
			if w.weighting != survey.Weighted || len(w.surfaces) > 1 {
				continue
			}
			s := w.surfaces[0]
			if s.n[l.variable][0] > 0 && s.why[l.variable][0] != "" {
				return before
			}
			key := accountKey(s.sample, c.vars[l.variable].item)
			n := s.compared(l.variable)
			now[key] = n
			o := c.history.Compared[key]
			if o == nil {
				changed = true
				continue
			}
			marked, others := distanceOf(n.Marked, o.Marked), distanceOf(n.Others, o.Others)
			if few(marked) || few(others) {
				return before
			}
			changed = changed || marked+others > 0
		}
	}
	if !changed {
		return before
	}
	c.history.Compared = now
	return next
}

// comparedGone reports whether of an item as many answers as the minimum, marked or others, were taken back since comparisons were last
// shown: then these must not stand.
func (c *computation) comparedGone(least int) bool {
	for v := range c.vars {
		for _, w := range c.views {
			if w.weighting != survey.Weighted || len(w.surfaces) > 1 {
				continue
			}
			s := w.surfaces[0]
			o := c.history.Compared[accountKey(s.sample, c.vars[v].item)]
			if o == nil {
				continue
			}
			n := s.compared(v)
			if goneOf(n.Marked, o.Marked) >= least || goneOf(n.Others, o.Others) >= least {
				return true
			}
		}
	}
	return false
}

// goneOf is how many of the answers of then are not there now.
func goneOf(now, then map[int]int) int {
	n := 0
	for code, x := range then {
		n += max(0, x-now[code])
	}
	return n
}

// compared counts the answers of the whole by code, the marked ones apart.
func (s *surface) compared(v int) *compared {
	out := &compared{Marked: map[int]int{}, Others: map[int]int{}}
	s.eachAnswer(v, func(_ place, code, n int, suspect bool) {
		if suspect {
			out.Marked[code] += n
		} else {
			out.Others[code] += n
		}
	})
	return out
}

func distanceOf(a, b map[int]int) int {
	sum := 0
	for code, n := range a {
		sum += max(n-b[code], b[code]-n)
	}
	for code, n := range b {
		if _, both := a[code]; !both {
			sum += n
		}
	}
	return sum
}
