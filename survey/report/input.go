package report

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"sipas/survey"
)

// Input is everything that a release is computed from. Compute reads nothing else: no store, no clock.
// The order of its slices does not matter; the same rows in another order give the same digits.
type Input struct {
	Wave        *survey.Wave
	Instruments map[survey.InstrumentRef]*survey.Instrument
	Frameworks  []*survey.Framework // in the wave's order; the first is the headline
	Units       []survey.Unit
	Classes     []survey.Class          // of all draws
	Register    []survey.UnitMonthCount // the whole register by unit and month
	Rows        *Rows                   // all responses, whatever their source and disposition
	Responses   []survey.Response       // the same given one by one, which Compute makes Rows of; nil where Rows are given
	Given       []Given                 // values of an office table
	Previous    *Side                   // the last published release of an earlier wave that this one may be compared with; nil when there is none
	Known       *survey.Disclosed       // what readers know of the wave; nil when nothing was shown
	Shown       *survey.Release         // the release that was shown last, live or published; nil when there is none
	Program     string                  // the version of the program, kept with the release
	MadeAt      time.Time               // kept with the release; no figure depends on it
	Cores       int                     // how many of the machine's may work at the same time; 0 means all
}

// Given is a value that the office states and no answer gives: index 5 of the one-stop evaluation, for instance.
// It is counted without error.
type Given struct {
	Framework string
	Node      string
	Domain    survey.Domain
	Value     float64
}

// Source is what Load needs of a store; every survey.Store is one.
type Source interface {
	Units(ctx context.Context) ([]survey.Unit, error)
	Instrument(ctx context.Context, ref survey.InstrumentRef) (*survey.Instrument, error)
	Framework(ctx context.Context, ref survey.FrameworkRef) (*survey.Framework, error)
	Wave(ctx context.Context, id survey.WaveID) (*survey.Wave, error)
	Waves(ctx context.Context) ([]*survey.Wave, error)
	RegisterCounts(ctx context.Context, wave survey.WaveID) ([]survey.UnitMonthCount, error)
	Classes(ctx context.Context, wave survey.WaveID) ([]survey.Class, error)
	EachResponse(ctx context.Context, wave survey.WaveID, yield func(*survey.Response) error) error
	Release(ctx context.Context, wave survey.WaveID, state survey.State) (*survey.Release, error)
	Disclosed(ctx context.Context, wave survey.WaveID) (*survey.Disclosed, error)
}

// Load reads a wave's input, the answers in one pass. A wave without a register is CodeRegisterEmpty.
// Program and MadeAt are left for the caller.
//
// All of it is of one moment: a release must not be made of a register before a merger and of answers after it. The answers are one
// reading; everything else is read before and after them, and where somebody changed it meanwhile, all is read again. Who changes
// it every time makes that CodeUnavailable.
func Load(ctx context.Context, from Source, wave survey.WaveID) (*Input, error) {
	const op = "load wave"
	for range mostTries {
		in, err := loadFrame(ctx, from, wave)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", op, err)
		}
		if len(in.Register) == 0 {
			return nil, &survey.Error{Code: survey.CodeRegisterEmpty, Op: op, Params: map[string]string{"wave": string(wave)}}
		}
		// Before the answers: whoever shows something meanwhile makes saving what follows a conflict.
		if err := in.loadShown(ctx, from); err != nil {
			return nil, fmt.Errorf("%s: what was shown: %w", op, err)
		}
		// An answer may name a questionnaire that the wave asks only since. So its error waits, too.
		failed := in.loadRows(ctx, from)
		if ctx.Err() != nil {
			return nil, fmt.Errorf("%s: answers: %w", op, failed)
		}
		now, err := loadFrame(ctx, from, wave)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", op, err)
		}
		switch {
		case !in.sameFrame(now):
			continue
		case failed != nil:
			return nil, fmt.Errorf("%s: answers: %w", op, failed)
		}
		if in.Previous, err = previous(ctx, from, in.Wave); err != nil {
			return nil, fmt.Errorf("%s: earlier wave: %w", op, err)
		}
		return in, nil
	}
	return nil, survey.Errorf(survey.CodeUnavailable, op, "register, draws or units of %s change all the time", wave)
}

// sameFrame reports whether two readings found the same wave, units, classes and register.
func (in *Input) sameFrame(other *Input) bool {
	a, b := *in.Wave, *other.Wave
	a.State, b.State = "", "" // closing changes no row
	return reflect.DeepEqual(a, b) && reflect.DeepEqual(in.Units, other.Units) && slices.Equal(in.Classes, other.Classes) && slices.Equal(in.Register, other.Register)
}

// loadRows reads the answers. They may name an earlier version of a questionnaire than the wave asks now; all versions are at hand
// before the first answer comes, because a store may serve one reader at a time, and those that no answer names are put away again.
func (in *Input) loadRows(ctx context.Context, from Source) error {
	all := maps.Clone(in.Instruments)
	for _, ref := range in.Wave.Instruments {
		for version := 1; version < ref.Version; version++ {
			earlier := survey.InstrumentRef{ID: ref.ID, Version: version}
			doc, err := from.Instrument(ctx, earlier)
			if survey.IsCode(err, survey.CodeInstrumentUnknown) {
				continue
			}
			if err != nil {
				return err
			}
			all[earlier] = doc
		}
	}
	in.Rows = NewRows(all)
	if err := from.EachResponse(ctx, in.Wave.ID, in.Rows.Add); err != nil {
		return err
	}
	for _, g := range in.Rows.groups {
		in.Instruments[g.instrument] = all[g.instrument]
	}
	return nil
}

// loadFrame reads everything but the answers.
func loadFrame(ctx context.Context, from Source, wave survey.WaveID) (in *Input, err error) {
	in = &Input{Instruments: map[survey.InstrumentRef]*survey.Instrument{}}
	if in.Wave, err = from.Wave(ctx, wave); err != nil {
		return nil, err
	}
	for _, ref := range in.Wave.Instruments {
		if in.Instruments[ref], err = from.Instrument(ctx, ref); err != nil {
			return nil, err
		}
	}
	for _, ref := range in.Wave.Frameworks {
		f, err := from.Framework(ctx, ref)
		if err != nil {
			return nil, err
		}
		in.Frameworks = append(in.Frameworks, f)
	}
	if in.Units, err = from.Units(ctx); err != nil {
		return nil, err
	}
	if in.Classes, err = from.Classes(ctx, wave); err != nil {
		return nil, err
	}
	in.Register, err = from.RegisterCounts(ctx, wave)
	return in, err
}

// previous finds the published release of the latest earlier wave of the same province that scored the same
// version of the headline framework. Which of its figures compare is for the comparer to say.
func previous(ctx context.Context, from Source, w *survey.Wave) (*Side, error) {
	waves, err := from.Waves(ctx)
	if err != nil {
		return nil, err
	}
	earlier := slices.DeleteFunc(slices.Clone(waves), func(o *survey.Wave) bool {
		return o.To >= w.From || o.Province != w.Province || len(w.Frameworks) == 0 || !slices.Contains(o.Frameworks, w.Frameworks[0])
	})
	slices.SortStableFunc(earlier, func(a, b *survey.Wave) int {
		if a.To > b.To {
			return -1
		}
		return 1
	})
	for _, o := range earlier {
		r, err := from.Release(ctx, o.ID, survey.StatePublished)
		if survey.IsCode(err, survey.CodeNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		r.Wave = o.ID
		return LoadSide(ctx, from, r)
	}
	return nil, nil
}

// loadShown reads what was shown of the wave. What was shown before the program kept account of it is taken from the release itself.
func (in *Input) loadShown(ctx context.Context, from Source) (err error) {
	in.Known, err = from.Disclosed(ctx, in.Wave.ID)
	states := []survey.State{survey.StateProvisional, survey.StatePublished}
	switch {
	case err == nil:
		states = []survey.State{in.Known.State}
	case !survey.IsCode(err, survey.CodeNotFound):
		return err
	}
	for _, state := range states {
		r, err := from.Release(ctx, in.Wave.ID, state)
		switch {
		case survey.IsCode(err, survey.CodeNotFound):
		case err != nil:
			return err
		case in.Shown == nil || in.Shown.MadeAt.Before(r.MadeAt):
			in.Shown = r
		}
	}
	return nil
}
