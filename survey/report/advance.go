package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"math"
	"slices"

	"sipas/survey"
)

// Advance decides what a live page shows once next has been computed after prev was shown.
//
// A figure that is shown gives way to its successor only when as many further answers stand behind the change as
// the rule asks for a figure at all (Rules.MinAnswers): whoever watches the page sees at least that many answers
// at once, never one. A withheld figure shows as soon as it may, and one that must now be withheld disappears
// at once. Flags follow the figures: a figure that stayed keeps its flag, or stays without one. So do the comparisons without
// suspect answers.
//
// Counts of answers and the diagnostics of the weights are live, and come from next. A published release, a first one
// or one of another wave is returned as it is.
func Advance(prev, next *survey.Release) *survey.Release {
	if prev == nil || prev.Wave != next.Wave || prev.State != survey.StateProvisional || next.State != survey.StateProvisional {
		return next
	}
	before := make(map[survey.FigureKey]*survey.Figure, len(prev.Figures))
	for i := range prev.Figures {
		before[prev.Figures[i].FigureKey] = &prev.Figures[i]
	}
	out := *next
	out.Figures = make([]survey.Figure, len(next.Figures))
	kept := map[survey.FigureKey]bool{}
	for i, f := range next.Figures {
		out.Figures[i] = f
		old, had := before[f.FigureKey]
		if had && stays(old, &f, next.Rules.MinAnswers) {
			out.Figures[i] = *old
			kept[f.FigureKey] = true
		}
	}
	out.Flags = nil
	for _, f := range next.Flags {
		if !kept[f.Figure.FigureKey] {
			out.Flags = append(out.Flags, f)
		}
	}
	for _, f := range prev.Flags {
		if kept[f.Figure.FigureKey] {
			out.Flags = append(out.Flags, f)
		}
	}
	scalePriorities(out.Flags)
	sortFlags(out.Flags)
	out.WithoutSuspect = advanceComparisons(prev, next, kept)
	id := sha256.Sum256([]byte(prev.ID + "\x00" + next.ID))
	out.ID = hex.EncodeToString(id[:])[:16]
	return &out
}

// stays reports whether the old figure is still shown in place of the new one. A figure without answers comes
// from an office's table, and whoever reads it learns of no citizen.
func stays(old, new *survey.Figure, minimum int) bool {
	if old.State != survey.StateProvisional || new.State != survey.StateProvisional || new.Estimate.N == 0 {
		return false
	}
	return new.Estimate.N-old.Estimate.N < minimum
}

// scalePriorities makes the priority of each flag the product of gain, importance and transactions, scaled so that the
// highest is 100.
func scalePriorities(flags []survey.Flag) {
	highest := 0.0
	for i := range flags {
		f := &flags[i]
		f.Priority = f.Gain * f.Derived * f.Affected
		highest = math.Max(highest, f.Priority)
	}
	if highest == 0 {
		return
	}
	for i := range flags {
		flags[i].Priority *= 100 / highest
	}
}

// sortFlags puts the raised ones first, and within a state the highest priority.
func sortFlags(flags []survey.Flag) {
	order := map[survey.FlagState]int{survey.FlagRaised: 0, survey.FlagWatch: 1, survey.FlagTooFew: 2}
	slices.SortStableFunc(flags, func(a, b survey.Flag) int {
		return cmp.Or(cmp.Compare(order[a.State], order[b.State]), cmp.Compare(b.Priority, a.Priority),
			cmp.Compare(a.Figure.String(), b.Figure.String()))
	})
}
