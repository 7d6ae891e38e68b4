package report

import (
	"context"
	"fmt"
	"math"
	"slices"

	"sipas/survey"
)

// verifiable is what Verify needs of a store; every survey.Store is one.
type verifiable interface {
	Publisher
	Publications(ctx context.Context) ([]survey.Publication, error)
	PublishedIDs(ctx context.Context) ([]string, error)
	Published(ctx context.Context, wave survey.WaveID, number int) (*survey.Published, error)
}

// Finding is one thing that is not as it was when it was published.
type Finding struct {
	Kind   string        `json:"kind"` // one of the Found… words
	Wave   survey.WaveID `json:"wave,omitempty"`
	Number int           `json:"number,omitempty"`
	Text   string        `json:"text"` // one sentence
}

// The kinds of findings.
const (
	FoundChain    = "chain"    // a record was changed, taken out or put between
	FoundNumber   = "number"   // numbers of a wave do not run 1, 2, 3 …
	FoundMissing  = "missing"  // a record without its release
	FoundStranger = "stranger" // a release without a record
	FoundDocument = "document" // the release is not the one that was published
	FoundSources  = "sources"  // a questionnaire or framework that it rests on was changed
	FoundFigures  = "figures"  // computing again from the same rows gives other figures
	FoundHead     = "head"     // the chain does not hold the seal that somebody wrote down
	FoundShown    = "shown"    // what was shown of a wave is no longer known
	FoundFile     = "file"     // the database itself is damaged or was rebuilt
)

// Verification is what Verify found.
type Verification struct {
	Releases int       `json:"releases"`
	Head     string    `json:"head"` // the seal of the newest release; empty without one
	Findings []Finding `json:"findings"`
	Notes    []string  `json:"notes,omitempty"` // what could not be checked, and why that is no fault
}

// VerifyOptions says how far Verify goes.
type VerifyOptions struct {
	Expect    string // a seal that was the head once; empty expects none
	Recompute bool   // compute the newest release of each wave again where its rows are still the same
	Program   string
}

// Verify holds every published release against its hashes, its place in the chain and the documents that it rests on.
//
// It finds whatever was changed in the file by somebody who did not also compute every later seal anew. Somebody who did that leaves a chain
// that is whole in itself and ends in another head: only a head that was written down elsewhere (VerifyOptions.Expect) tells.
func Verify(ctx context.Context, store verifiable, o VerifyOptions, progress Progress) (*Verification, error) {
	v := &verifier{store: store, out: &Verification{Findings: []Finding{}}}
	// Before the chain: what somebody publishes meanwhile is then in the chain at least, and no stranger.
	ids, err := store.PublishedIDs(ctx)
	if err != nil {
		return nil, err
	}
	chain, err := store.Publications(ctx)
	if err != nil {
		return nil, err
	}
	v.out.Releases = len(chain)
	if len(chain) > 0 {
		v.out.Head = chain[len(chain)-1].Seal
	}
	v.chain(chain)
	v.numbers(chain)
	newest := map[survey.WaveID]*survey.Release{}
	var waves []survey.WaveID
	for i := range chain {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		r, err := v.document(ctx, &chain[i])
		if err != nil {
			return nil, err
		}
		if r == nil {
			continue
		}
		if err := v.sources(ctx, r); err != nil {
			return nil, err
		}
		if newest[r.Wave] == nil {
			waves = append(waves, r.Wave)
		}
		newest[r.Wave] = r
	}
	v.strangers(ids, chain)
	if err := v.shown(ctx, waves); err != nil {
		return nil, err
	}
	if o.Expect != "" && !slices.ContainsFunc(chain, func(p survey.Publication) bool { return p.Seal == o.Expect }) {
		v.find(FoundHead, nil, "no release has the seal %s: the chain that was written down is not this one", o.Expect)
	}
	if o.Recompute {
		for _, w := range waves {
			if err := v.recompute(ctx, newest[w], o.Program, progress); err != nil {
				return nil, err
			}
		}
	}
	return v.out, nil
}

type verifier struct {
	store verifiable
	out   *Verification
}

func (v *verifier) find(kind string, p *survey.Publication, format string, args ...any) {
	f := Finding{Kind: kind, Text: fmt.Sprintf(format, args...)}
	if p != nil {
		f.Wave, f.Number = p.Wave, p.Number
		f.Text = fmt.Sprintf("Release %d of %s: %s", p.Number, p.Wave, f.Text)
	}
	v.out.Findings = append(v.out.Findings, f)
}

// chain checks positions and seals, each record against the one that stands before it, so that one that was taken out is one finding.
func (v *verifier) chain(all []survey.Publication) {
	previous, last := "", 0
	for i := range all {
		p := &all[i]
		switch missing := p.Position - last - 1; {
		case missing == 1:
			v.find(FoundChain, p, "it stands at place %d of the chain, behind place %d: a record is missing before it", p.Position, last)
		case missing > 1:
			v.find(FoundChain, p, "it stands at place %d of the chain, behind place %d: %d records are missing before it", p.Position, last, missing)
		case missing < 0:
			v.find(FoundChain, p, "it stands at place %d of the chain, behind place %d", p.Position, last)
		case p.Previous != previous:
			v.find(FoundChain, p, "it was sealed after another release than the one that stands before it")
		}
		if p.Seal != p.SealOf() {
			v.find(FoundChain, p, "its record was changed after it was sealed")
		}
		previous, last = p.Seal, p.Position
	}
}

// numbers checks that each wave's releases are numbered 1, 2, 3 … in the order of the chain.
func (v *verifier) numbers(all []survey.Publication) {
	last := map[survey.WaveID]int{}
	for i := range all {
		p := &all[i]
		if p.Number != last[p.Wave]+1 {
			v.find(FoundNumber, p, "it follows number %d", last[p.Wave])
		}
		last[p.Wave] = p.Number
	}
}

// document checks the stored release against its record, and returns it where it can be read.
func (v *verifier) document(ctx context.Context, p *survey.Publication) (*survey.Release, error) {
	stored, err := v.store.Published(ctx, p.Wave, p.Number)
	switch code := survey.CodeOf(err); code {
	case "":
	case survey.CodeNotFound:
		v.find(FoundMissing, p, "its figures are gone")
		return nil, nil
	case survey.CodeUnavailable:
		return nil, err
	default:
		v.find(FoundDocument, p, "its figures cannot be read: %v", err)
		return nil, nil
	}
	r, err := stored.Decode()
	if err != nil {
		v.find(FoundDocument, p, "its figures cannot be read: %v", err)
		return nil, nil
	}
	if survey.DocumentSum(stored.Document) != p.DocumentHash {
		v.find(FoundDocument, p, "what is stored is not what was published")
	}
	sum, err := survey.ContentHash(stored.Document)
	if err != nil || sum != p.ContentHash {
		v.find(FoundDocument, p, "its figures are not those of its content hash")
	}
	return r, nil
}

// sources checks the questionnaires and frameworks that a release rests on.
func (v *verifier) sources(ctx context.Context, r *survey.Release) error {
	p := &survey.Publication{Wave: r.Wave, Number: r.Number}
	if r.Recipe == nil {
		v.out.Notes = append(v.out.Notes, fmt.Sprintf("Release %d of %s was made before releases named the documents that they rest on.", r.Number, r.Wave))
		return nil
	}
	check := func(what string, d survey.DocumentHash, sum string, err error) error {
		switch {
		case survey.IsCode(err, survey.CodeUnavailable):
			return err
		case err != nil:
			v.find(FoundSources, p, "the %s %s/%d that it rests on is gone", what, d.ID, d.Version)
		case sum != d.SHA256:
			v.find(FoundSources, p, "the %s %s/%d that it rests on was changed", what, d.ID, d.Version)
		}
		return nil
	}
	for _, d := range r.Recipe.Frameworks {
		sum, err := v.store.FrameworkHash(ctx, survey.FrameworkRef{ID: d.ID, Version: d.Version})
		if err := check("framework", d, sum, err); err != nil {
			return err
		}
	}
	for _, d := range r.Recipe.Instruments {
		sum, err := v.store.InstrumentHash(ctx, survey.InstrumentRef{ID: d.ID, Version: d.Version})
		if err := check("questionnaire", d, sum, err); err != nil {
			return err
		}
	}
	return nil
}

// strangers are releases that say they are published and have no record.
func (v *verifier) strangers(ids []string, all []survey.Publication) {
	known := map[string]bool{}
	for _, p := range all {
		known[p.Release] = true
	}
	for _, id := range ids {
		if !known[id] {
			v.find(FoundStranger, nil, "The release %s says that it is published, and the chain has no record of it", id)
		}
	}
}

// shown looks for the account of what was shown of each wave. Without it later figures are withheld as if nothing had been, and together with
// what was published they could tell of few answers.
func (v *verifier) shown(ctx context.Context, waves []survey.WaveID) error {
	for _, w := range waves {
		_, err := v.store.Disclosed(ctx, w)
		if survey.IsCode(err, survey.CodeNotFound) {
			v.find(FoundShown, nil, "The account of what was shown of the wave %s is gone: what is shown from now on may tell of few answers", w)
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// recompute makes the newest release of a wave once more where its rows are the same.
func (v *verifier) recompute(ctx context.Context, r *survey.Release, program string, progress Progress) error {
	p := &survey.Publication{Wave: r.Wave, Number: r.Number}
	note := func(format string, args ...any) {
		v.out.Notes = append(v.out.Notes, fmt.Sprintf("Release %d of %s was not computed again: ", r.Number, r.Wave)+fmt.Sprintf(format, args...))
	}
	in, err := Load(ctx, v.store, r.Wave)
	if survey.IsCode(err, survey.CodeRegisterEmpty) {
		note("its register is no longer there.")
		return nil
	}
	if err != nil {
		return err
	}
	in.Program, in.MadeAt = r.Program, r.MadeAt
	switch same := dataHash(in) == r.DataHash; {
	case !same && program != r.Program:
		note("its rows have changed since, as they may, or version %s of the program counted them in another way.", r.Program)
		return nil
	case !same:
		note("its rows have changed since, as they may.")
		return nil
	}
	again, err := published(ctx, v.store, in, PublishOptions{}, progress)
	if err != nil {
		return err
	}
	if program != r.Program {
		v.out.Notes = append(v.out.Notes, fmt.Sprintf("Release %d of %s was made by version %s and computed again by %s: figures may differ in their last digits.", r.Number, r.Wave, r.Program, program))
	}
	key, differ := differing(r, again)
	switch {
	case differ:
		v.find(FoundFigures, p, "computing again from the same rows gives another figure for %s", key)
	case program == r.Program && again.WeightsHash != r.WeightsHash:
		v.out.Notes = append(v.out.Notes, fmt.Sprintf("Release %d of %s has the same figures when it is computed again, and weights that differ in their last digits, as they may between processors of different kinds.", r.Number, r.Wave))
	}
	return nil
}

// sameDigits is how far a figure that is computed again may lie from the stored one, relative to its size: far below any printed digit.
const sameDigits = 1e-9

// differing names the first figure that two releases do not share.
func differing(a, b *survey.Release) (string, bool) {
	other := make(map[survey.FigureKey]*survey.Figure, len(b.Figures))
	for i := range b.Figures {
		other[b.Figures[i].FigureKey] = &b.Figures[i]
	}
	near := func(x, y float64) bool {
		return math.IsNaN(x) && math.IsNaN(y) || math.Abs(x-y) <= sameDigits*math.Max(1, math.Abs(x))
	}
	for i := range a.Figures {
		f := &a.Figures[i]
		g := other[f.FigureKey]
		if g == nil || f.State != g.State || f.Estimate.N != g.Estimate.N || !near(f.Estimate.Value, g.Estimate.Value) ||
			!near(f.Estimate.SE, g.Estimate.SE) || !near(f.Estimate.Interval.Low, g.Estimate.Interval.Low) || !near(f.Estimate.Interval.High, g.Estimate.Interval.High) {
			return f.String(), true
		}
	}
	if len(a.Figures) != len(b.Figures) {
		return fmt.Sprintf("%d figures in place of %d", len(b.Figures), len(a.Figures)), true
	}
	return "", false
}
