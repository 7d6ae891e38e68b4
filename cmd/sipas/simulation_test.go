package main

import (
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"maps"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"sipas/analysis/sample"
	"sipas/data"
	"sipas/survey"
	"sipas/survey/report"
)

// The long form of the simulation is what the demonstration promises; the short one, of shortDraws, runs with every test.
const (
	longDraws = 1000
	longForm  = "SIPAS_LONG" // set to 1 for the long form
)

// TestSimulation draws the token sample of the demonstration again and again from a register whose truth is known,
// computes each with the program's own functions, and holds the results against that truth.
func TestSimulation(t *testing.T) {
	t.Parallel()
	draws := shortDraws
	if os.Getenv(longForm) == "1" {
		draws = longDraws
	}
	began := time.Now()
	sim := newSimulation(t)
	results := sim.run(t, draws)
	if t.Failed() {
		return
	}
	s := summarize(sim, results)
	t.Logf("%d draws in %v\n%s", draws, time.Since(began).Round(time.Second), s.table(sim))

	low, high := 0.93, 0.97
	if draws < longDraws {
		// With few draws chance alone moves the share: accept what a true 95 per cent gives in 99.8 % of such runs.
		low, high = binomialLimits(draws, 0.95, 0.001)
	}
	between(t, "coverage of the weighted service index", s.coverage, low, high)
	if s.plainOff < 3 {
		t.Errorf("the unweighted index is off by %.2f of its standard errors, want 3 or more", s.plainOff)
	}
	// Classes that had to pool late with timely dossiers leave a little bias. At 0.3 standard errors it moves the share of
	// intervals that miss from 5 to 6 per cent (Cochran 1977, table 1.1); more would be a defect of the weights. What the
	// simulation cannot tell from chance is granted.
	if off := math.Abs(s.bias) - 3*s.spread/math.Sqrt(float64(draws)); off > 0.3*s.spread {
		t.Errorf("the weighted index is off by %+.3f, where its draws spread by %.3f", s.bias, s.spread)
	}
	for p, found := range s.planted {
		if found < 0.95 {
			t.Errorf("%s of %s was flagged in %.1f %% of the draws, want nearly all", p.Item, p.Unit, 100*found)
		}
	}
	if limit := sim.wave.Rules.FalseFlagRate + 2*s.falseError; s.falseShare > limit {
		t.Errorf("the mean share of false flags is %.4f, want at most %.4f", s.falseShare, limit)
	}
}

// simulation is what all draws have in common.
type simulation struct {
	world       *world
	wave        *survey.Wave
	instruments map[survey.InstrumentRef]*survey.Instrument
	byMode      map[survey.Mode]*survey.Instrument
	framework   *survey.Framework
	service     string // the code of the service part
	cases       []sample.Case
	classes     *sample.Map
	frame       []survey.Class
	register    []survey.UnitMonthCount
	index       float64                      // the true service index, in per cent
	truths      map[survey.FigureKey]float64 // of the indicators by unit, in per cent
	kinds       map[survey.UnitID]survey.UnitKind
}

// outcome is what one draw found.
type outcome struct {
	weighted, unweighted survey.Figure
	respondents          int
	flags, falseFlags    int
	falseBy              map[string]int
	planted              map[planted]bool
}

func newSimulation(t *testing.T) *simulation {
	t.Helper()
	sim := &simulation{
		world: theWorld(), wave: demoWave(),
		instruments: map[survey.InstrumentRef]*survey.Instrument{}, byMode: map[survey.Mode]*survey.Instrument{},
		service: "II", truths: map[survey.FigureKey]float64{}, kinds: map[survey.UnitID]survey.UnitKind{},
	}
	for _, ref := range sim.wave.Instruments {
		doc, _ := data.Instrument(ref.ID)
		in, err := survey.ParseInstrument(doc)
		if err != nil {
			t.Fatal(err)
		}
		sim.instruments[in.Ref()] = in
		sim.byMode[in.Mode] = in
	}
	// Only the headline is computed: the other frameworks use the same weights and would double the time.
	sim.wave.Frameworks = sim.wave.Frameworks[:1]
	doc, _ := data.Framework(sim.wave.Frameworks[0].ID)
	var err error
	if sim.framework, err = survey.ParseFramework(doc); err != nil {
		t.Fatal(err)
	}
	for _, u := range sim.world.Units {
		sim.kinds[u.ID] = u.Kind
	}
	sim.draft(t)
	part, ok := sim.framework.Node(sim.service)
	if !ok {
		t.Fatalf("the framework has no node %s", sim.service)
	}
	sim.index = 100 * sim.world.partTruth(part, survey.Domain{})
	return sim
}

// draft fixes the classes, which depend on the register only.
func (sim *simulation) draft(t *testing.T) {
	t.Helper()
	w := sim.world
	counts := map[survey.UnitMonthCount]int{}
	for _, tr := range w.Register {
		sim.cases = append(sim.cases, sample.Case{ID: tr.Dossier, Labels: labelsOf(tr, demoTo)})
		counts[survey.UnitMonthCount{Unit: tr.Unit, Month: tr.Month()}]++
	}
	for c, n := range counts {
		c.N = n
		sim.register = append(sim.register, c)
	}
	slices.SortFunc(sim.register, func(a, b survey.UnitMonthCount) int {
		return cmp.Or(cmp.Compare(a.Unit, b.Unit), cmp.Compare(a.Month, b.Month))
	})
	var err error
	sim.classes, err = sample.Build(sim.cases, sample.Rule{
		Fraction: demoFraction, Min: sim.wave.Rules.MinInvited, Kind: func(unit string) string { return string(sim.kinds[survey.UnitID(unit)]) },
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range sim.classes.Classes {
		sim.frame = append(sim.frame, survey.Class{
			ID: survey.ClassID(fmt.Sprintf("1.%05d", i+1)), Wave: sim.wave.ID, Draw: 1, Labels: c.Labels, Population: c.N, Invited: c.Invite,
		})
	}
}

// partTruth is the true value of a node that is the plain mean of its indicators, in [0, 1].
func (w *world) partTruth(n *survey.Node, in survey.Domain) float64 {
	sum := 0.0
	leaves := n.Leaves()
	for _, leaf := range leaves {
		sum += w.truth(leaf.Value, in)
	}
	return sum / float64(len(leaves))
}

// run computes the draws on all cores. Each draw is seeded by its number, so the result does not depend on the cores.
func (sim *simulation) run(t *testing.T, draws int) []outcome {
	t.Helper()
	results := make([]outcome, draws)
	next := make(chan int)
	var workers sync.WaitGroup
	var truths sync.Mutex
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for k := range next {
				if t.Failed() {
					continue
				}
				release, err := sim.draw(uint64(k + 1))
				if err != nil {
					t.Errorf("draw %d: %v", k+1, err)
					continue
				}
				truths.Lock()
				results[k] = sim.judge(t, release)
				truths.Unlock()
			}
		})
	}
	for k := range draws {
		next <- k
	}
	close(next)
	workers.Wait()
	return results
}

// draw invites, lets people answer, and computes.
func (sim *simulation) draw(seed uint64) (*survey.Release, error) {
	invited, err := sim.classes.Draw(sim.cases, seed)
	if err != nil {
		return nil, err
	}
	d := newDice(seed, streamAnswers)
	var responses []survey.Response
	for _, class := range invited {
		for _, dossier := range class.IDs {
			i := sim.world.byCode[dossier]
			mode, answers := sim.world.reply(d, i)
			if !answers {
				continue
			}
			in := sim.byMode[mode]
			modules := in.DrawModules(float64(d.below(whole)) / whole)
			s := sim.world.fillIn(d, i, in, modules, false)
			id := d.bytes16()
			responses = append(responses, survey.Response{
				ID: survey.ResponseID(hex.EncodeToString(id[:])), Wave: sim.wave.ID, Instrument: in.Ref(), Mode: mode, Source: survey.Invited,
				Class: sim.frame[class.Class].ID, Language: s.Language, Modules: modules, Revision: 1,
				Disposition: s.Disposition, Answers: s.Answers,
			})
		}
	}
	release, _, err := report.Compute(context.Background(), &report.Input{
		Wave: sim.wave, Instruments: sim.instruments, Frameworks: []*survey.Framework{sim.framework},
		Units: sim.world.Units, Classes: sim.frame, Register: sim.register, Responses: responses,
	}, nil)
	return release, err
}

// judge holds one release against the truth.
func (sim *simulation) judge(t *testing.T, release *survey.Release) outcome {
	t.Helper()
	o := outcome{falseBy: map[string]int{}, planted: map[planted]bool{}, respondents: release.Weighting.Respondents}
	shown := map[survey.FigureKey]bool{}
	for _, f := range release.Figures {
		if f.Framework != sim.framework.ID || f.Basis != survey.BasisInvited {
			continue
		}
		if f.Weighting == survey.Weighted && f.State != survey.StateWithheld {
			shown[f.FigureKey] = true
		}
		if f.Node != sim.service || f.Domain != (survey.Domain{}) {
			continue
		}
		if f.Weighting == survey.Weighted {
			o.weighted = f
		} else {
			o.unweighted = f
		}
	}
	if !o.weighted.Estimate.Defined() || !o.unweighted.Estimate.Defined() {
		t.Errorf("no service index: %q, %q", o.weighted.Reason, o.unweighted.Reason)
		return o
	}
	for _, f := range release.Flags {
		if f.State != survey.FlagRaised {
			continue
		}
		o.flags++
		wrong := false
		for _, reason := range f.Reasons {
			if reason.Shown && sim.nullIsTrue(t, f.Figure, reason.Code, shown) {
				wrong = true
				o.falseBy[reason.Code]++
			}
		}
		if wrong {
			o.falseFlags++
		}
		node, _ := sim.framework.Node(f.Figure.Node)
		for _, p := range sim.world.Planted {
			if node.Value != nil && p.Item == node.Value.Item && p.Unit == f.Figure.Domain.Unit {
				o.planted[p] = true
			}
		}
	}
	return o
}

// truthOf is the true value of a figure in per cent, counted once.
func (sim *simulation) truthOf(k survey.FigureKey) float64 {
	v, known := sim.truths[k]
	if !known {
		node, _ := sim.framework.Node(k.Node)
		v = 100 * sim.world.partTruth(node, k.Domain)
		sim.truths[k] = v
	}
	return v
}

// nullIsTrue reports whether the null hypothesis that a reason rejects is true in the register: the flag is false then.
// The units of the same kind whose figure is shown are the family in which peers and ranks are counted.
func (sim *simulation) nullIsTrue(t *testing.T, f survey.Figure, reason string, shown map[survey.FigureKey]bool) bool {
	t.Helper()
	own := sim.truthOf(f.FigureKey)
	peers, lower, n := 0.0, 0, 0
	for unit, kind := range sim.kinds {
		k := f.FigureKey
		k.Domain.Unit = unit
		if unit == f.Domain.Unit || kind != sim.kinds[f.Domain.Unit] || !shown[k] {
			continue
		}
		n++
		other := sim.truthOf(k)
		peers += other
		if other < own {
			lower++
		}
	}
	switch reason {
	case survey.FlagBelowTarget:
		return own >= sim.wave.Targets[f.Framework].For(f.Node)
	case survey.FlagBelowPeers:
		return n == 0 || own >= peers/float64(n)
	case survey.FlagLowest:
		return lower >= lowestOf(n+1, sim.wave.Rules.LowestShare)
	}
	t.Errorf("a flag gives the reason %q, whose null the simulation does not know", reason)
	return true
}

// lowestOf is how many of n units count as the lowest.
func lowestOf(n int, share float64) int { return max(1, int(float64(n)*share)) }

// summary is what all draws found together.
type summary struct {
	respondents                    float64
	coverage, mean, bias           float64
	spread, meanSE                 float64 // standard deviation over the draws, and the mean of what each draw believed it to be
	plainMean, plainOff, plainHits float64 // of the unweighted index: mean, mean distance in standard errors, coverage
	flags, falseShare, falseError  float64 // a draw
	falseBy                        map[string]float64
	planted                        map[planted]float64
}

func summarize(sim *simulation, results []outcome) summary {
	s := summary{falseBy: map[string]float64{}, planted: map[planted]float64{}}
	n := float64(len(results))
	var weighted, wrong []float64
	hits, plainHits := 0, 0
	for _, p := range sim.world.Planted {
		s.planted[p] = 0
	}
	for _, o := range results {
		w, u := o.weighted.Estimate, o.unweighted.Estimate
		weighted = append(weighted, w.Value)
		s.respondents += float64(o.respondents) / n
		s.meanSE += w.SE / n
		s.plainMean += u.Value / n
		s.plainOff += math.Abs(u.Value-sim.index) / u.SE / n
		if w.Interval.Low <= sim.index && sim.index <= w.Interval.High {
			hits++
		}
		if u.Interval.Low <= sim.index && sim.index <= u.Interval.High {
			plainHits++
		}
		s.flags += float64(o.flags) / n
		share := 0.0
		if o.flags > 0 {
			share = float64(o.falseFlags) / float64(o.flags)
		}
		wrong = append(wrong, share)
		for reason, k := range o.falseBy {
			s.falseBy[reason] += float64(k) / n
		}
		for p := range o.planted {
			s.planted[p]++
		}
	}
	// Counted whole and divided once, so that all of them is exactly one.
	s.coverage, s.plainHits = float64(hits)/n, float64(plainHits)/n
	for p := range s.planted {
		s.planted[p] /= n
	}
	s.mean, s.spread = stat.MeanStdDev(weighted, nil)
	s.bias = s.mean - sim.index
	var sd float64
	s.falseShare, sd = stat.MeanStdDev(wrong, nil)
	s.falseError = sd / math.Sqrt(n)
	return s
}

// table writes the results as they are shown to people.
func (s summary) table(sim *simulation) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	line := func(what, format string, args ...any) {
		fmt.Fprintf(w, "%s\t"+format+"\n", append([]any{what}, args...)...)
	}
	line("true service index (mean over the register)", "%.3f", sim.index)
	line("answers a draw", "%.0f", s.respondents)
	line("weighted: mean of the draws", "%.3f (off by %+.3f)", s.mean, s.bias)
	line("weighted: spread of the draws, mean standard error", "%.3f, %.3f", s.spread, s.meanSE)
	line("weighted: truth within the 95 % interval", "%.1f %%", 100*s.coverage)
	line("unweighted: mean of the draws", "%.3f (off by %+.3f)", s.plainMean, s.plainMean-sim.index)
	line("unweighted: off by standard errors", "%.1f", s.plainOff)
	line("unweighted: truth within the 95 % interval", "%.1f %%", 100*s.plainHits)
	for _, p := range sim.world.Planted {
		line(fmt.Sprintf("planted: %s of %s flagged", p.Item, p.Unit), "%.1f %%", 100*s.planted[p])
	}
	line("flags a draw", "%.1f", s.flags)
	line("mean share of false flags", "%.4f (Monte Carlo error %.4f; stated %.2f)", s.falseShare, s.falseError, sim.wave.Rules.FalseFlagRate)
	for _, reason := range slices.Sorted(maps.Keys(s.falseBy)) {
		line("false reasons a draw: "+reason, "%.3f", s.falseBy[reason])
	}
	_ = w.Flush() // writes to memory
	return b.String()
}

// binomialLimits returns the lowest and highest share of n that is not surprising when each happens with chance p; tail is the
// chance of a surprise on each side.
func binomialLimits(n int, p, tail float64) (low, high float64) {
	b := distuv.Binomial{N: float64(n), P: p}
	k := 0
	for b.CDF(float64(k)) < tail {
		k++
	}
	low = float64(k) / float64(n)
	k = n
	for k > 0 && 1-b.CDF(float64(k-1)) < tail {
		k--
	}
	return low, float64(k) / float64(n)
}
