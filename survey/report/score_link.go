package report

import (
	"fmt"

	"sipas/survey"
)

// ReadLinks fills the indicators of a framework that are taken from figures of other frameworks, from a wave's release: the
// figure for the whole register, weighted, of those who were invited. A figure of a wave is not the published one that the
// indicator asks for, so that each value is marked a projection; the reason says what it was made of, or why there is none.
func ReadLinks(f *survey.Framework, release *survey.Release, into *Readings) {
	for _, n := range f.Root.Leaves() {
		l := n.Value.Link
		if l == nil {
			continue
		}
		into.Reasons[n.Code] = fmt.Sprintf("the wave %s has no figure of %s", release.Wave, l.Framework)
		for i, node := range l.Nodes {
			g, ok := headlineFigure(release, l.Framework, node)
			if !ok {
				continue
			}
			if g.State == survey.StateWithheld || !g.Estimate.Defined() {
				into.Reasons[n.Code] = fmt.Sprintf("%s of %s is not shown in the wave %s: %s", node, l.Framework, release.Wave, g.Estimate.Reason)
				continue
			}
			into.Values[n.Code] = l.Factor * g.Estimate.Value
			into.States[n.Code] = NodeProjection
			into.Reasons[n.Code] = fmt.Sprintf("%g × %.2f, node %s of %s in the wave %s (%s)", l.Factor, g.Estimate.Value, node, l.Framework, release.Wave, release.State)
			if i > 0 {
				into.Reasons[n.Code] += fmt.Sprintf(", in the place of %s, which the wave does not measure", l.Nodes[0])
			}
			break
		}
	}
}

// headlineFigure returns a node's figure for the whole register.
func headlineFigure(r *survey.Release, framework, node string) (survey.Figure, bool) {
	for _, g := range r.Figures {
		if g.Framework == framework && g.Node == node && g.Domain == (survey.Domain{}) && g.Weighting == survey.Weighted && g.Basis == survey.BasisInvited {
			return g, true
		}
	}
	return survey.Figure{}, false
}
