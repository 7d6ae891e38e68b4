package report

import (
	"context"
	"fmt"
	"maps"
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
	Responses   []survey.Response       // all of them, whatever their source and disposition
	Given       []Given                 // values of an office table
	Previous    *Side                   // the last published release of an earlier wave that this one may be compared with; nil when there is none
	Program     string                  // the version of the program, kept with the release
	MadeAt      time.Time               // kept with the release; no figure depends on it
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
}

// Load reads a wave's input, the answers in one pass. A wave without a register is CodeRegisterEmpty.
// Program and MadeAt are left for the caller.
func Load(ctx context.Context, from Source, wave survey.WaveID) (*Input, error) {
	const op = "load wave"
	w, err := from.Wave(ctx, wave)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	in := &Input{Wave: w, Instruments: map[survey.InstrumentRef]*survey.Instrument{}}
	if err := in.loadFrame(ctx, from); err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	if len(in.Register) == 0 {
		return nil, &survey.Error{Code: survey.CodeRegisterEmpty, Op: op, Params: map[string]string{"wave": string(wave)}}
	}
	err = from.EachResponse(ctx, wave, func(r *survey.Response) error {
		kept := *r
		kept.Modules = slices.Clone(r.Modules)
		kept.Answers = maps.Clone(r.Answers)
		in.Responses = append(in.Responses, kept)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("%s: answers: %w", op, err)
	}
	// Answers may name an older version of a questionnaire. It is read only now: a store may serve one reader at a time.
	for i := range in.Responses {
		ref := in.Responses[i].Instrument
		if _, known := in.Instruments[ref]; known {
			continue
		}
		if in.Instruments[ref], err = from.Instrument(ctx, ref); err != nil {
			return nil, fmt.Errorf("%s: %w", op, err)
		}
	}
	if in.Previous, err = previous(ctx, from, w); err != nil {
		return nil, fmt.Errorf("%s: earlier wave: %w", op, err)
	}
	return in, nil
}

// loadFrame reads everything but the answers.
func (in *Input) loadFrame(ctx context.Context, from Source) (err error) {
	for _, ref := range in.Wave.Instruments {
		if in.Instruments[ref], err = from.Instrument(ctx, ref); err != nil {
			return err
		}
	}
	for _, ref := range in.Wave.Frameworks {
		f, err := from.Framework(ctx, ref)
		if err != nil {
			return err
		}
		in.Frameworks = append(in.Frameworks, f)
	}
	if in.Units, err = from.Units(ctx); err != nil {
		return err
	}
	if in.Classes, err = from.Classes(ctx, in.Wave.ID); err != nil {
		return err
	}
	in.Register, err = from.RegisterCounts(ctx, in.Wave.ID)
	return err
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
