package report

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"sipas/survey"
)

// Keeper is what Refresh needs of a store; every survey.Store is one.
type Keeper interface {
	Source
	AnswersState(ctx context.Context, wave survey.WaveID) (survey.AnswersState, error)
	Cells(ctx context.Context, wave survey.WaveID) ([]survey.Cell, error)
	SaveRelease(ctx context.Context, by survey.Actor, r *survey.Release) error
}

// Refresh returns the wave's provisional release, brought up to date, and whether it changed: the one way in which
// the page and the command line alike come to live figures.
//
// It first decides whether a computation can change what is shown: from the numbers of answers, and from the register's counts.
// Only then it reads the answers, computes on half of the cores, so that pages and answers have the others, and saves the release in
// the name of by. now and program are kept with it.
func Refresh(ctx context.Context, store Keeper, by survey.Actor, wave survey.WaveID, program string, now time.Time, progress Progress) (*survey.Release, bool, error) {
	const op = "refresh release"
	// The state is read before the answers: what comes in between counts as new, and is looked at once more.
	state, err := store.AnswersState(ctx, wave)
	if err != nil {
		return nil, false, fmt.Errorf("%s: %w", op, err)
	}
	prev, err := store.Release(ctx, wave, survey.StateProvisional)
	if err != nil && !survey.IsCode(err, survey.CodeNotFound) {
		return nil, false, fmt.Errorf("%s: %w", op, err)
	}
	if err == nil {
		due, err := due(ctx, store, prev, state, program, now)
		if err != nil {
			return nil, false, fmt.Errorf("%s: %w", op, err)
		}
		if !due {
			return prev, false, nil
		}
	} else {
		prev = nil
		if err := nothingYet(ctx, store, wave, state); err != nil {
			return nil, false, fmt.Errorf("%s: %w", op, err)
		}
	}
	for tries := 1; ; tries++ {
		in, err := Load(ctx, store, wave)
		if err != nil {
			return nil, false, fmt.Errorf("%s: %w", op, err)
		}
		in.Program, in.MadeAt, in.Cores = program, now, max(1, runtime.GOMAXPROCS(0)/2)
		r, _, err := Compute(ctx, in, progress)
		if err != nil {
			return nil, false, fmt.Errorf("%s: %w", op, err)
		}
		r.Answers = &state
		err = store.SaveRelease(ctx, by, r)
		if err == nil {
			return r, true, nil
		}
		// Somebody else showed something meanwhile, which this was not computed from.
		if !survey.IsCode(err, survey.CodeConflict) || tries == mostTries {
			return nil, false, fmt.Errorf("%s: %w", op, err)
		}
	}
}

// nothingYet is the error of a wave without answers: to find none among the answers of all waves would take as long as to read them.
func nothingYet(ctx context.Context, store Keeper, wave survey.WaveID, state survey.AnswersState) error {
	if state.Invited+state.WalkIns > 0 {
		return nil
	}
	register, err := store.RegisterCounts(ctx, wave)
	if err != nil {
		return err
	}
	code := survey.CodeNoAnswers
	if len(register) == 0 {
		code = survey.CodeRegisterEmpty
	}
	return &survey.Error{Code: code, Op: "load wave", Params: map[string]string{"wave": string(wave)}}
}

// mostTries is how often Refresh computes when others show something at the same time, and Load reads when others change the frame.
const mostTries = 3

const (
	// fewAnswers is how many answers a wave may have for its cells to be looked at when fewer than Rules.MinAnswers came or went: then a
	// unit's first figure shows with its fifteenth answer and no later. A larger wave waits for the next fifteen, which are soon there.
	fewAnswers = 20_000
	// longestLag is how long anything else that changed the answers waits, in a wave of any size: corrections and mergers, which counts do not
	// tell, and answers that are fewer than Rules.MinAnswers.
	longestLag = time.Hour
)

// due reports whether computing again can change what is shown: the register, the draws or the program changed, or
// enough answers came or went. Below that it is sure to change nothing that is urgent: a composite may lag behind
// by fewer answers, over the whole wave, than a figure needs to advance, and what no count tells waits for longestLag.
func due(ctx context.Context, store Keeper, prev *survey.Release, state survey.AnswersState, program string, now time.Time) (bool, error) {
	if prev.Program != program || prev.Answers == nil {
		return true, nil
	}
	before := *prev.Answers
	all := state.Invited + state.WalkIns
	switch changed := state != before; {
	case changed && apart(all, before.Invited+before.WalkIns) >= prev.Rules.MinAnswers:
		return true, nil
	case changed && now.Sub(prev.MadeAt) >= longestLag:
		return true, nil
	case changed && all <= fewAnswers:
		if due, err := dueByCells(ctx, store, prev); due || err != nil {
			return due, err
		}
	}
	return frameChanged(ctx, store, prev)
}

func apart(a, b int) int { return max(a-b, b-a) }

// frameChanged reports whether the register or the draws are others than those of the release. A draw adds classes, and changes none.
func frameChanged(ctx context.Context, store Keeper, prev *survey.Release) (bool, error) {
	register, err := store.RegisterCounts(ctx, prev.Wave)
	if err != nil {
		return false, err
	}
	classes, err := store.Classes(ctx, prev.Wave)
	if err != nil {
		return false, err
	}
	invited := 0
	for _, c := range classes {
		invited += c.Invited
	}
	return prev.Recipe == nil || prev.Recipe.RegisterHash != registerHash(register) || invited != prev.Weighting.Invited, nil
}

// dueByCells looks for a figure that may advance.
func dueByCells(ctx context.Context, store Keeper, prev *survey.Release) (bool, error) {
	classes, err := store.Classes(ctx, prev.Wave)
	if err != nil {
		return false, err
	}
	w, err := store.Wave(ctx, prev.Wave)
	if err != nil {
		return false, err
	}
	required := map[string]bool{}
	for _, ref := range w.Instruments {
		doc, err := store.Instrument(ctx, ref)
		if err != nil {
			return false, err
		}
		required[doc.RequiredItem()] = true
	}
	items, err := leafItems(ctx, store, w)
	if err != nil {
		return false, err
	}
	cells, err := store.Cells(ctx, prev.Wave)
	if err != nil {
		return false, err
	}
	return tally(cells, classes, required).due(prev, items), nil
}

// leafItems maps the nodes that show an item's answers, by framework and code, to the item.
func leafItems(ctx context.Context, store Keeper, w *survey.Wave) (map[[2]string]string, error) {
	items := map[[2]string]string{}
	for _, ref := range w.Frameworks {
		f, err := store.Framework(ctx, ref)
		if err != nil {
			return nil, err
		}
		for _, l := range f.Root.Leaves() {
			if l.Value.Item != "" {
				items[[2]string{f.ID, l.Code}] = l.Value.Item
			}
		}
	}
	return items, nil
}

// counts are the answers of a wave as the cells count them.
type counts struct {
	invited, walkIns int                        // who answered the required item
	begun            map[survey.Disposition]int // of the invited
	answers          map[answersKey]int         // valid answers
}

type answersKey struct {
	basis survey.Basis
	item  string
	where survey.Domain
}

func tally(cells []survey.Cell, classes []survey.Class, required map[string]bool) counts {
	c := counts{begun: map[survey.Disposition]int{}, answers: map[answersKey]int{}}
	places := map[survey.ClassID]place{}
	for _, k := range classes {
		places[k.ID] = placeOf(k)
	}
	for _, x := range cells {
		switch {
		case x.Item == "" && x.Source == survey.Invited:
			c.begun[x.Disposition] += x.N
		case x.Item == "" || x.Code < 0:
		case x.Source == survey.Invited:
			if required[x.Item] {
				c.invited += x.N
			}
			c.add(survey.BasisInvited, x, places[x.Class])
		default:
			if required[x.Item] {
				c.walkIns += x.N
			}
			c.add(survey.BasisWalkIns, x, place{unit: string(x.Unit)})
		}
	}
	return c
}

func (c *counts) add(basis survey.Basis, x survey.Cell, at place) {
	wheres := map[survey.Domain]bool{{}: true, {Unit: survey.UnitID(at.unit)}: true, {Field: at.field}: true, {Field: at.group}: true}
	for where := range wheres {
		c.answers[answersKey{basis, x.Item, where}] += x.N
	}
}

// due compares the counts with what the release was made of and what it shows.
func (c counts) due(prev *survey.Release, items map[[2]string]string) bool {
	w := prev.Weighting
	minimum := prev.Rules.MinAnswers
	fresh := c.invited != w.Respondents || c.walkIns != w.WalkIns
	for _, d := range w.Dispositions {
		if n, counted := c.begun[survey.Disposition(d.Kind)]; counted && n != d.N {
			fresh = true
		}
	}
	if !fresh {
		return false
	}
	if apart(c.invited, w.Respondents) >= minimum || apart(c.walkIns, w.WalkIns) >= minimum ||
		apart(c.invited+c.walkIns, w.Respondents+w.WalkIns) >= minimum {
		return true
	}
	for i := range prev.Figures {
		f := &prev.Figures[i]
		item, leaf := items[[2]string{f.Framework, f.Node}]
		if !leaf || f.Weighting != survey.Weighted {
			continue
		}
		n := c.answers[answersKey{f.Basis, item, f.Domain}]
		switch {
		case f.State == survey.StateProvisional && apart(n, f.Estimate.N) >= minimum:
			return true
		case f.State == survey.StateWithheld && f.Reason != survey.ReasonComplementary && n >= minimum:
			return true
		}
	}
	return false
}
