package report

import (
	"math"

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
		p := survey.NoteParams{Wave: release.Wave, Framework: l.Framework}
		into.Reasons[n.Code] = because(survey.NoteLinkMissing, p)
		for i, node := range l.Nodes {
			g, ok := headlineFigure(release, l.Framework, node)
			if !ok {
				continue
			}
			p.Node = node
			if g.State == survey.StateWithheld || !g.Estimate.Defined() {
				into.Reasons[n.Code] = because(survey.NoteLinkWithheld, p)
				continue
			}
			into.Values[n.Code] = l.Factor * g.Estimate.Value
			into.States[n.Code] = NodeProjection
			// Two decimals are what is published of the figure.
			p.Times, p.Value = l.Factor, math.Round(100*g.Estimate.Value)/100
			into.Reasons[n.Code] = because(survey.NoteLinkUsed, p)
			if i > 0 {
				into.Reasons[n.Code] = append(into.Reasons[n.Code], survey.NewNote(survey.NoteLinkInstead, survey.NoteParams{Node: l.Nodes[0]}))
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
