package report

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"

	"sipas/survey"
)

// Progress is told which step a computation is at, and how much of the step is done. It may be nil.
// Calls come one at a time.
type Progress func(step string, done, total int)

// The steps that Progress is told of, in order. They are keys of catalogues of text.
const (
	StepWeights   = "weights"
	StepEstimates = "estimates"
	StepFigures   = "figures"
	StepFlags     = "flags"
)

// Weights are the weights of a computation, for the export of rows: one row for each respondent, one column
// for each module. They name responses, so they are the analyst's alone.
type Weights struct {
	Modules []string                  // names of the weight columns, the core first
	Items   map[string]string         // the weight column of each item
	Rows    iter.Seq2[int, WeightRow] `json:"-"` // numbered, invited first, each source in order of response id; made while they are asked for
}

// WeightRow is one respondent's weights.
type WeightRow struct {
	Response survey.ResponseID
	Source   survey.Source
	Class    survey.ClassID // of an invited response
	Stratum  string         // the nonresponse class, or the post-stratum of a walk-in
	// Population is the number of transactions in the stratum, which the finite population correction is taken of;
	// zero for walk-ins, who have none.
	Population float64
	Weights    []float64 // by column of Modules; zero where the module was not asked
}

// Compute makes a provisional release of everything that the input holds: weights, figures and flags. It is pure:
// the same rows in any order, on any number of cores, give the same digits. It ends early when the context does.
//
// Without a register it fails with CodeRegisterEmpty, without a single respondent with CodeNoAnswers. Margins that
// cannot be met are no failure: the weights then stop before raking, and the release says so.
func Compute(ctx context.Context, in *Input, progress Progress) (*survey.Release, *Weights, error) {
	return compute(ctx, in, survey.StateProvisional, progress)
}

func compute(ctx context.Context, in *Input, state survey.State, progress Progress) (*survey.Release, *Weights, error) {
	if progress == nil {
		progress = func(string, int, int) {}
	}
	c, err := prepare(in, state)
	if err != nil {
		return nil, nil, err
	}
	progress(StepWeights, 0, 1)
	if err := c.weight(); err != nil {
		return nil, nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	progress(StepWeights, 1, 1)
	if err := c.openHistory(); err != nil {
		return nil, nil, err
	}
	if err := c.estimate(ctx, progress); err != nil {
		return nil, nil, err
	}
	figures, err := c.allFigures(ctx, progress)
	if err != nil {
		return nil, nil, err
	}
	c.noteStanding()
	progress(StepFlags, 0, 1)
	grid := make(map[survey.FigureKey]survey.Figure, len(figures))
	for _, f := range figures {
		grid[f.FigureKey] = f
	}
	flags, err := c.flags(ctx, grid)
	if err != nil {
		return nil, nil, err
	}
	comparisons, err := c.compare(ctx, grid)
	if err != nil {
		return nil, nil, err
	}
	progress(StepFlags, 1, 1)
	r := &survey.Release{
		Wave: in.Wave.ID, State: state, MadeAt: in.MadeAt, Program: in.Program, DataHash: dataHash(c.in),
		Rules: in.Wave.Rules, Figures: figures, Flags: flags, Weighting: c.weighting, WithoutSuspect: comparisons, Recipe: madeOf(in),
	}
	r.ID = releaseID(r, in.Known)
	if err := c.close(r); err != nil {
		return nil, nil, err
	}
	return r, c.weights(), nil
}

// prepare reads the documents: what is asked where, what is to be estimated, and of which parts of the register.
func prepare(in *Input, state survey.State) (*computation, error) {
	const op = "compute"
	if in.Rows == nil {
		rows, err := rowsOf(in.Instruments, in.Responses)
		if err != nil {
			return nil, err
		}
		own := *in
		own.Rows = rows
		in = &own
	}
	c := &computation{
		in: in, groups: in.Rows.sorted(), state: state, frame: newFrame(in.Classes), given: map[survey.FigureKey]float64{}, scale: map[string][]int{},
		kinds: map[survey.UnitID]survey.UnitKind{},
	}
	for _, r := range in.Register {
		c.weighting.Register += r.N
	}
	c.register = transactionsOf(in)
	if c.weighting.Register == 0 {
		return nil, &survey.Error{Code: survey.CodeRegisterEmpty, Op: op, Params: map[string]string{"wave": string(in.Wave.ID)}}
	}
	for _, u := range in.Units {
		c.kinds[u.ID] = u.Kind
	}
	for _, g := range in.Given {
		c.given[survey.FigureKey{Framework: g.Framework, Node: g.Node, Domain: g.Domain}] = g.Value
	}
	for _, doc := range in.Instruments {
		for _, item := range doc.Items {
			scale, _ := doc.Scale(item.Scale)
			for _, l := range scale.Levels {
				c.scale[item.Code] = append(c.scale[item.Code], l.Code)
			}
		}
	}
	for item, codes := range c.scale {
		slices.Sort(codes)
		c.scale[item] = slices.Compact(codes)
	}
	var of map[string]int
	c.columns, of = columns(in.Instruments)
	var err error
	if c.nodes, c.vars, err = plan(in, of); err != nil {
		return nil, err
	}
	c.itemColumn = of
	c.domains = domainsOf(in)
	if in.Previous != nil {
		now := &Side{
			Release: &survey.Release{Wave: in.Wave.ID, State: state, Rules: in.Wave.Rules},
			Wave:    in.Wave, Instruments: valuesIn(in.Instruments), Frameworks: in.Frameworks,
		}
		c.since = &changes{comparer: newComparer(in.Previous, now, in.Units, ShippedFramework), before: figuresByKey(in.Previous), level: in.Wave.Rules.Level}
	}
	return c, nil
}

// transactionsOf counts the register by unit. Classes keep the unit that they were drawn with: where a unit was merged into another one since, the
// transactions of its classes are its own, and no longer its successor's.
func transactionsOf(in *Input) map[survey.UnitID]int {
	of, drawn, next := map[survey.UnitID]int{}, map[survey.UnitID]int{}, map[survey.UnitID][]survey.UnitID{}
	for _, r := range in.Register {
		of[r.Unit] += r.N
	}
	for _, k := range in.Classes {
		if unit := single(k.Labels[survey.DimUnit]); unit != "" {
			drawn[survey.UnitID(unit)] += k.Population
		}
	}
	for _, u := range in.Units {
		next[u.ID] = u.Successors
	}
	for _, unit := range slices.Sorted(maps.Keys(drawn)) {
		moved := drawn[unit] - of[unit]
		seen := map[survey.UnitID]bool{unit: true}
		for to := unit; moved > 0; {
			if len(next[to]) != 1 || seen[next[to][0]] {
				break // no merger: the register was corrected after the draw
			}
			to = next[to][0]
			seen[to] = true
			if of[to]-drawn[to] >= moved {
				of[to], of[unit] = of[to]-moved, drawn[unit]
				moved = 0
			}
		}
	}
	return of
}

// madeOf names what a release is made of.
func madeOf(in *Input) *survey.Recipe {
	out := new(survey.Recipe)
	for _, f := range in.Frameworks {
		out.Frameworks = append(out.Frameworks, survey.DocumentHash{ID: f.ID, Version: f.Version})
	}
	for _, doc := range in.Instruments {
		out.Instruments = append(out.Instruments, survey.DocumentHash{ID: doc.ID, Version: doc.Version})
	}
	slices.SortFunc(out.Instruments, func(a, b survey.DocumentHash) int {
		return cmp.Or(strings.Compare(a.ID, b.ID), cmp.Compare(a.Version, b.Version))
	})
	of := map[survey.UnitID]int{}
	for _, r := range in.Register {
		of[r.Unit] += r.N
	}
	for _, unit := range slices.Sorted(maps.Keys(of)) {
		out.Register = append(out.Register, survey.UnitCount{Unit: unit, N: of[unit]})
	}
	out.RegisterHash = registerHash(in.Register)
	return out
}

// registerHash is the SHA-256 of the register by unit and month.
func registerHash(register []survey.UnitMonthCount) string {
	h := sha256.New()
	registerLines(h, register)
	return hex.EncodeToString(h.Sum(nil))
}

func registerLines(h io.Writer, register []survey.UnitMonthCount) {
	lines(h, "register", register, func(r survey.UnitMonthCount) string { return string(r.Unit) + "\x00" + r.Month })
}

// weight makes the weights of both sources.
func (c *computation) weight() (err error) {
	c.countResponses()
	if c.invited, err = weightInvited(c.in, c.groups, c.frame, c.columns, &c.weighting); err != nil {
		return err
	}
	if c.walkIns, err = weightWalkIns(c.in, c.groups, c.columns, &c.weighting); err != nil {
		return err
	}
	if len(c.invited.groups)+len(c.walkIns.groups) == 0 {
		return &survey.Error{Code: survey.CodeNoAnswers, Op: "compute", Params: map[string]string{"wave": string(c.in.Wave.ID)}}
	}
	c.reportResponse()
	return nil
}

// estimate computes the surfaces that the views rest on.
func (c *computation) estimate(ctx context.Context, progress Progress) error {
	rules := c.in.Wave.Rules
	invited := newSurface(c.invited, c.in.Rows, c.domains, c.vars, rules)
	sources := []*surface{invited}
	if len(c.walkIns.groups) > 0 {
		sources = append(sources, newSurface(c.walkIns, c.in.Rows, c.domains, c.vars, rules))
	}
	if c.history != nil {
		if err := c.disclose(ctx, sources); err != nil {
			return err
		}
	}
	plain, err := unweightedSurface(invited)
	if err != nil {
		return err
	}
	surfaces := []*surface{invited, plain}
	c.views = []view{
		{weighting: survey.Weighted, basis: survey.BasisInvited, surfaces: surfaces[:1]},
		{weighting: survey.Unweighted, basis: survey.BasisInvited, surfaces: surfaces[1:2]},
	}
	if len(sources) > 1 {
		walkIns := sources[1]
		surfaces = append(surfaces, walkIns)
		c.views = append(c.views,
			view{weighting: survey.Weighted, basis: survey.BasisWithWalkIns, surfaces: []*surface{invited, walkIns}},
			view{weighting: survey.Weighted, basis: survey.BasisWalkIns, surfaces: []*surface{walkIns}})
	}
	for i, s := range surfaces {
		progress(StepEstimates, i, len(surfaces))
		if s.design == nil {
			continue
		}
		if err := s.estimate(ctx, c.in.Cores, c.vars, rules); err != nil {
			return err
		}
	}
	progress(StepEstimates, len(surfaces), len(surfaces))
	return nil
}

// allFigures makes every figure, in order of framework, node, domain and view.
func (c *computation) allFigures(ctx context.Context, progress Progress) ([]survey.Figure, error) {
	var all []survey.Figure
	for i := range c.nodes {
		progress(StepFigures, i, len(c.nodes))
		made := make([][]survey.Figure, len(c.domains))
		err := each(ctx, c.in.Cores, len(c.domains), func(d int) (err error) {
			made[d], err = c.figures(&c.nodes[i], d)
			return err
		})
		if err != nil {
			return nil, err
		}
		all = append(all, slices.Concat(made...)...)
	}
	progress(StepFigures, len(c.nodes), len(c.nodes))
	return all, nil
}

// countResponses counts invitations and dispositions, whoever answered.
func (c *computation) countResponses() {
	w := &c.weighting
	covered := 0
	for _, k := range c.in.Classes {
		w.Invited += k.Invited
		covered += k.Population
	}
	count := map[survey.Disposition]int{}
	suspect, begun := 0, 0
	for _, g := range c.groups {
		if g.suspect {
			suspect += g.n
		}
		if g.source == survey.Invited {
			count[g.disposition] += g.n
			begun += g.n
		}
	}
	for _, d := range []survey.Disposition{survey.Complete, survey.Partial, survey.TimedOut, survey.Refused, survey.Failed} {
		w.Dispositions = append(w.Dispositions, survey.Count{Kind: string(d), N: count[d]})
	}
	w.Dispositions = append(w.Dispositions, survey.Count{Kind: "no_answer", N: w.Invited - begun})
	if late := w.Register - covered; late > 0 {
		w.Notes = append(w.Notes, survey.NewNote(survey.NoteAfterDraw, survey.NoteParams{N: late, Share: shareOf(late, w.Register)}))
	}
	switch least := c.in.Wave.Rules.MinAnswers; {
	case suspect >= least:
		w.Notes = append(w.Notes, survey.NewNote(survey.NoteSuspect, survey.NoteParams{N: suspect}))
	case suspect > 0:
		w.Notes = append(w.Notes, survey.NewNote(survey.NoteSuspectFew, survey.NoteParams{Min: least}))
	}
	w.Notes = append(w.Notes, coverageNotes(c.in)...)
}

// reportResponse writes who answered: by class, and which units did not at all.
func (c *computation) reportResponse() {
	w := &c.weighting
	w.Respondents = c.invited.respondents
	if w.Invited > 0 {
		w.ResponseRate = float64(w.Respondents) / float64(w.Invited)
	}
	byClass := make([]int, len(c.frame.classes))
	answered := map[string]bool{}
	for _, g := range c.invited.groups {
		at := c.frame.at[g.class]
		byClass[at] += g.n
		// A pooled class cannot tell which of its units answered, so none of them counts as silent.
		for _, u := range strings.Split(c.frame.classes[at].Labels[survey.DimUnit], "|") {
			answered[u] = true
		}
	}
	for _, p := range c.walkIns.places {
		answered[p.unit] = true
	}
	for i, k := range c.frame.classes {
		w.Strata = append(w.Strata, survey.StratumRate{
			Class: k.ID, Labels: k.Labels, Population: k.Population, Invited: k.Invited, Respondents: byClass[i],
		})
	}
	for _, d := range c.domains {
		if d.family == familyUnit && !answered[string(d.Unit)] && !answered["*"] && c.register[d.Unit] > 0 {
			w.Unanswered = append(w.Unanswered, survey.UnansweredUnit{
				Unit: d.Unit, Share: float64(c.register[d.Unit]) / float64(w.Register),
			})
		}
	}
}

// weights lists the weights for export.
func (c *computation) weights() *Weights {
	out := &Weights{Items: map[string]string{}}
	for _, col := range c.columns {
		out.Modules = append(out.Modules, col.name)
	}
	for item, at := range c.itemColumn {
		out.Items[item] = c.columns[at].name
	}
	samples := []*sample{c.invited, c.walkIns}
	out.Rows = func(yield func(int, WeightRow) bool) {
		n := 0
		for _, s := range samples {
			for i, at := range byID(s.groups) {
				g := s.groups[i]
				row := WeightRow{Response: g.ids.at(at), Source: g.source, Class: g.class, Stratum: s.stratum[i]}
				if s.probability {
					row.Population = s.population[i]
				}
				for _, col := range s.columns {
					row.Weights = append(row.Weights, col.weights[i])
				}
				if !yield(n, row) {
					return
				}
				n++
			}
		}
	}
	return out
}

// dataHash is the SHA-256 of the input rows in key order, each as one line of JSON, and of the hash of the responses, which is taken
// in order of id while they are read: what proves later that a release was made of these rows. Of the directory of units it has those that the
// wave speaks of, and what they were before.
func dataHash(in *Input) string {
	h := sha256.New()
	wave := *in.Wave
	wave.State = "" // whether the wave is closed by now changes no row
	line(h, "wave", wave)
	for _, f := range in.Frameworks {
		line(h, "framework", f)
	}
	lines(h, "instrument", valuesIn(in.Instruments), func(d *survey.Instrument) string { return d.Ref().String() })
	lines(h, "unit", unitsOf(in), func(u survey.Unit) string { return string(u.ID) })
	lines(h, "class", in.Classes, func(c survey.Class) string { return string(c.ID) })
	registerLines(h, in.Register)
	line(h, "responses", in.Rows.hash())
	lines(h, "given", in.Given, func(g Given) string {
		return strings.Join([]string{g.Framework, g.Node, string(g.Domain.Unit), g.Domain.Field}, "\x00")
	})
	if in.Previous != nil {
		line(h, "previous", in.Previous.ContentHash)
		if in.Previous.RegisterToday {
			line(h, "previous register", in.Previous.Register)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// unitsOf lists the units that a release names or compares with: its province, those of its domains, and their predecessors.
func unitsOf(in *Input) []survey.Unit {
	before, wanted := map[survey.UnitID][]survey.UnitID{}, map[survey.UnitID]bool{}
	for _, u := range in.Units {
		for _, next := range u.Successors {
			before[next] = append(before[next], u.ID)
		}
	}
	var want func(id survey.UnitID)
	want = func(id survey.UnitID) {
		if wanted[id] {
			return
		}
		wanted[id] = true
		for _, past := range before[id] {
			want(past)
		}
	}
	for _, d := range domainsOf(in) {
		want(d.Unit)
	}
	wanted[in.Wave.Province] = true
	return slices.DeleteFunc(slices.Clone(in.Units), func(u survey.Unit) bool { return !wanted[u.ID] })
}

func valuesIn(m map[survey.InstrumentRef]*survey.Instrument) []*survey.Instrument {
	var out []*survey.Instrument
	for _, v := range m {
		out = append(out, v)
	}
	return out
}

func lines[T any](w io.Writer, kind string, rows []T, key func(T) string) {
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b T) int { return strings.Compare(key(a), key(b)) })
	for _, r := range rows {
		line(w, kind, r)
	}
}

func line(w io.Writer, kind string, row any) {
	text, err := json.Marshal(row)
	if err != nil {
		// Only a number that is not finite cannot be written, and no row has one but a given value.
		text = []byte(fmt.Sprintf("%q", fmt.Sprint(row)))
	}
	fmt.Fprintf(w, "%s %s\n", kind, text)
}

// releaseID names a release by what it is made of, so that the same computation has the same name. A live page is made of what was
// shown before, too.
func releaseID(r *survey.Release, known *survey.Disclosed) string {
	h := sha256.New()
	line(h, "release", []any{r.Wave, r.State, r.DataHash, r.Rules, r.Program, r.MadeAt.UnixMilli()})
	if known != nil && r.State == survey.StateProvisional {
		line(h, "after", known.Release)
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}
