package report

import (
	"bytes"
	"context"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"slices"

	"sipas/analysis"
	"sipas/analysis/design"
	"sipas/analysis/flag"
	"sipas/survey"

	"gonum.org/v1/gonum/mat"
)

// rankDraws is the number of simulated differences behind a rank confidence set, which illustrates a reason and decides
// nothing. The seed is fixed by what is ranked, so that a page shows the same set each time.
const rankDraws = 2000

// cellEvidence is what is known of one indicator of one unit.
type cellEvidence struct {
	figure  survey.Figure
	se      float64 // what the tests take as the figure's standard error
	node    *node
	peers   flag.Difference
	peersN  int
	lowestP float64
	ranked  int // units of its kind that show the indicator
	rank    flag.RankSet
	change  flag.Difference
	before  float64
	target  float64
}

// flags judges every indicator of the headline framework in every unit, on the weighted figures of invited answers
// that are shown. They are one family.
func (c *computation) flags(ctx context.Context, grid map[survey.FigureKey]survey.Figure) ([]survey.Flag, error) {
	if len(c.in.Frameworks) == 0 || c.invited.design == nil {
		return nil, nil
	}
	indicators := c.headline()
	cells := make([][]cellEvidence, len(indicators))
	err := each(ctx, c.in.Cores, len(indicators), func(i int) (err error) {
		cells[i], err = c.evidence(indicators[i], grid)
		return err
	})
	if err != nil {
		return nil, err
	}
	family := slices.Concat(cells...)
	out, err := c.judge(family)
	if err != nil {
		return nil, err
	}
	scalePriorities(out)
	for _, n := range indicators {
		for d := range c.domains {
			f, made := grid[c.headlineKey(n, d)]
			if made && c.domains[d].family == familyUnit && f.Reason == survey.ReasonFewAnswers {
				out = append(out, survey.Flag{Figure: f, State: survey.FlagTooFew, Reasons: []survey.FlagReason{}, Affected: c.transactions(f.Domain.Unit)})
			}
		}
	}
	sortFlags(out)
	return out, nil
}

// headline lists the asked indicators of the headline framework.
func (c *computation) headline() []*node {
	var out []*node
	for i := range c.nodes {
		n := &c.nodes[i]
		if n.framework == c.in.Frameworks[0] && n.indicator() && n.leaves[0].variable >= 0 {
			out = append(out, n)
		}
	}
	return out
}

func (c *computation) headlineKey(n *node, d int) survey.FigureKey {
	return survey.FigureKey{
		Framework: n.framework.ID, Node: n.node.Code, Domain: c.domains[d].Domain,
		Weighting: survey.Weighted, Basis: survey.BasisInvited,
	}
}

// evidence gathers what is known of an indicator in all units that show it: against its peers and among them, from the
// joint covariance of the units, which calibration ties together.
func (c *computation) evidence(n *node, grid map[survey.FigureKey]survey.Figure) ([]cellEvidence, error) {
	s := c.views[0].surfaces[0]
	v := n.leaves[0].variable
	var cells []cellEvidence
	var forms []design.GroupForm
	column := s.column(&c.vars[v])
	standing := false
	for d := range c.domains {
		f, made := grid[c.headlineKey(n, d)]
		if !made || c.domains[d].family != familyUnit || f.State != c.state {
			continue
		}
		e := cellEvidence{
			figure: f, node: n, se: c.testError(f.Estimate), target: math.NaN(), before: math.NaN(), lowestP: math.NaN(), change: flag.Difference{P: math.NaN()},
		}
		if f.Target != nil {
			e.target = *f.Target
		}
		c.compareWithPrevious(&e)
		cells = append(cells, e)
		if s.why[v][d] != "" || c.stays(n, d, c.views[0], s.why[v][d]) != nil {
			standing = true
			continue
		}
		// The scale of the node turns the raw values into what the figure counts in.
		forms = append(forms, s.form(v, d, column, c.slope(n)))
	}
	if len(cells) == 0 {
		return nil, nil
	}
	// Where some of the figures stand as they were shown earlier, nothing but the figures that are shown goes into a flag, or its
	// evidence would tell of the answers that came since: the units are then taken as independent, which calibration makes nearly true.
	cov := mat.NewSymDense(len(cells), nil)
	for i := range cells {
		cov.SetSym(i, i, cells[i].figure.Estimate.SE*cells[i].figure.Estimate.SE)
	}
	if !standing {
		cov = s.design.Covariance(column, forms)
	}
	values, dfs, groups := make([]float64, len(cells)), make([]float64, len(cells)), make([]string, len(cells))
	for i := range cells {
		e := cells[i].figure.Estimate
		values[i], dfs[i], groups[i] = e.Value, e.DF, c.kind(cells[i].figure.Domain.Unit)
		if more := cells[i].se*cells[i].se - e.SE*e.SE; more > 0 {
			cov.SetSym(i, i, cov.At(i, i)+more)
		}
	}
	for i, p := range flag.Peers(values, cov, dfs, groups) {
		cells[i].peers = p
		for j := range groups {
			if j != i && groups[j] == groups[i] {
				cells[i].peersN++
			}
		}
	}
	return cells, c.rank(n, cells, values, dfs, cov, groups)
}

// testError is the standard error that the tests of a flag take: the figure's own, but no less than that of a simple
// random sample of as many answers. Weights that are matched to the few answers of a unit can make the estimated error
// almost vanish when these happen to agree, and a claim against an office must not rest on that. The interval that stands beside the
// figure caps the effective number of answers in the same way. In a census there is no error.
func (c *computation) testError(e analysis.Estimate) float64 {
	switch {
	case e.Interval.Method == intervalCensus || !(e.DesignEffect < 1):
		return e.SE
	case e.DesignEffect > 1e-6:
		return e.SE / math.Sqrt(e.DesignEffect)
	}
	return (e.Interval.High - e.Interval.Low) / 2 / c.student.Quantile((1+e.Interval.Level)/2, e.DF)
}

// slope is how many units of the figure one unit of the raw value makes.
func (c *computation) slope(n *node) float64 {
	v, err := n.value(map[string]float64{n.leaves[0].code: n.leaves[0].probe})
	if err != nil {
		return math.NaN()
	}
	return v.Gradient[n.leaves[0].code]
}

// rank tests which units are among the lowest of their kind, and where one may be, makes the rank confidence sets that
// say so in words.
func (c *computation) rank(n *node, cells []cellEvidence, values, dfs []float64, cov mat.Symmetric, groups []string) error {
	rules := c.in.Wave.Rules
	for _, g := range distinct(slices.Clone(groups)) {
		var at []int
		for i := range cells {
			if groups[i] == g {
				at = append(at, i)
			}
		}
		if len(at) < 2 {
			continue
		}
		part := mat.NewSymDense(len(at), nil)
		x, df := make([]float64, len(at)), make([]float64, len(at))
		for a, i := range at {
			x[a], df[a] = values[i], dfs[i]
			for b := a; b < len(at); b++ {
				part.SetSym(a, b, cov.At(i, at[b]))
			}
		}
		p := flag.LowestP(x, part, df, max(1, int(rules.LowestShare*float64(len(at)))))
		worth := false
		for a, i := range at {
			cells[i].lowestP, cells[i].ranked = p[a], len(at)
			// No reason is stated with a p-value above the rate, so no sentence needs a rank either.
			worth = worth || p[a] <= rules.FalseFlagRate
		}
		if !worth {
			continue
		}
		sets, err := flag.RankSets(x, part, flag.RankOptions{
			Level: 1 - rules.FalseFlagRate, Draws: rankDraws, Seed: seedOf(n.node.Code, g), Marginal: true,
		})
		if err != nil {
			return survey.Errorf(survey.CodeInternal, "flag", "ranks of indicator %s: %w", n.node.Code, err)
		}
		for a, i := range at {
			cells[i].rank = sets[a]
		}
	}
	return nil
}

// seedOf makes the seed of a simulation from what it is about.
func seedOf(parts ...string) uint64 {
	h := fnv.New64a()
	for _, p := range parts {
		fmt.Fprintf(h, "%s\x00", p)
	}
	return h.Sum64()
}

// compareWithPrevious tests a fall since the earlier wave where the one rule of comparisons lets the two figures compare. The two
// waves drew independently, so their covariance is zero.
func (c *computation) compareWithPrevious(e *cellEvidence) {
	if c.since == nil {
		return
	}
	key := e.figure.FigureKey
	from, _, reasons := c.since.against(key, key, &e.figure)
	if verdict(reasons) == survey.ChangeRefused || from.State != survey.StatePublished {
		return
	}
	now, then := e.figure.Estimate, from.Estimate
	e.before = then.Value
	e.change = flag.Change(now.Value, e.se, now.DF, then.Value, c.testError(then), then.DF, 0)
}

// judge gives the verdicts on the family and writes the reasons with their evidence.
func (c *computation) judge(family []cellEvidence) ([]survey.Flag, error) {
	rules := c.in.Wave.Rules
	tests := make([]flag.Evidence, len(family))
	for i, e := range family {
		x := e.figure.Estimate
		tests[i] = flag.Evidence{
			Key: e.figure.FigureKey.String(), N: x.N, TargetP: math.NaN(), PeersP: math.NaN(), LowestP: e.lowestP, FallenP: e.change.P,
			LowPoint: x.Value < e.target,
		}
		if !math.IsNaN(e.target) {
			tests[i].TargetP = flag.BelowTarget(x.Value, e.se, x.DF, e.target)
		}
		if e.peersN > 0 {
			tests[i].PeersP = e.peers.P
		}
	}
	verdicts, err := flag.Judge(tests, flag.Rule{Q: rules.FalseFlagRate, MinN: rules.MinAnswers})
	if err != nil {
		return nil, survey.Errorf(survey.CodeInternal, "flag", "family of %d: %w", len(family), err)
	}
	top := c.top()
	importance := map[*node]float64{}
	for i := range family {
		n := family[i].node
		if _, done := importance[n]; !done {
			importance[n] = c.shownImportance(n)
		}
	}
	var out []survey.Flag
	for i, v := range verdicts {
		if v.State != flag.Flagged && v.State != flag.Watch {
			continue
		}
		e := &family[i]
		f := survey.Flag{
			Figure: e.figure, State: survey.FlagWatch, Derived: importance[e.node], Affected: c.transactions(e.figure.Domain.Unit),
			Gain: c.gain(top, e), Reasons: reasons(e, tests[i], v),
		}
		if v.State == flag.Flagged {
			f.State = survey.FlagRaised
		}
		out = append(out, f)
	}
	return out, nil
}

// reasons writes every reason that is shown, and a low point that is not, with the numbers that a sentence needs.
func reasons(e *cellEvidence, t flag.Evidence, v flag.Verdict) []survey.FlagReason {
	x := e.figure.Estimate
	var out []survey.FlagReason
	add := func(code string, shown bool, numbers map[string]float64) {
		for k, n := range numbers {
			if math.IsNaN(n) || math.IsInf(n, 0) {
				delete(numbers, k)
			}
		}
		numbers["estimate"], numbers["se"] = x.Value, x.SE
		out = append(out, survey.FlagReason{Code: code, Shown: shown, Evidence: numbers})
	}
	for _, r := range v.Reasons {
		switch r {
		case flag.ReasonTarget:
			add(survey.FlagBelowTarget, true, map[string]float64{
				"target": e.target, "gap": e.target - x.Value, "p": t.TargetP, "p_adjusted": v.Target, "p_flag": v.Flag,
			})
		case flag.ReasonLowest:
			add(survey.FlagLowest, true, map[string]float64{
				"rank_low": float64(e.rank.Lower), "rank_high": float64(e.rank.Upper), "of": float64(e.ranked), "p": t.LowestP, "p_adjusted": v.Lowest,
			})
		case flag.ReasonPeers:
			add(survey.FlagBelowPeers, true, map[string]float64{
				"peers_mean": x.Value - e.peers.Value, "peers": float64(e.peersN), "gap": -e.peers.Value, "gap_se": e.peers.SE,
				"p": e.peers.P, "p_adjusted": v.Peers,
			})
		case flag.ReasonFallen:
			add(survey.FlagFallen, true, map[string]float64{
				"before": e.before, "change": e.change.Value, "change_se": e.change.SE, "p": e.change.P, "p_adjusted": v.Fallen,
			})
		}
	}
	if t.LowPoint && !slices.Contains(v.Reasons, flag.ReasonTarget) {
		add(survey.FlagLowPoint, false, map[string]float64{"target": e.target, "gap": e.target - x.Value})
	}
	return out
}

// top is the highest node of the headline framework that has a value in this wave: what a gain is a gain of.
func (c *computation) top() *node {
	for i := range c.nodes {
		n := &c.nodes[i]
		if n.framework != c.in.Frameworks[0] || n.indicator() {
			continue
		}
		raw, _, _ := c.present(n, 0, c.views[0])
		if v, err := n.value(raw); err == nil && !math.IsNaN(v.Value) {
			return n
		}
	}
	return nil
}

// gain is how much the unit's index would rise if the indicator reached its target.
func (c *computation) gain(top *node, e *cellEvidence) float64 {
	gap := e.target - e.figure.Estimate.Value
	if top == nil || !(gap > 0) {
		return 0
	}
	raw, _, _ := c.present(top, 0, c.views[0])
	v, err := top.value(raw)
	if err != nil {
		return 0
	}
	// Both are slopes against the raw value, so their ratio is the slope of the index against the figure.
	slope := c.slope(e.node)
	if slope == 0 {
		return 0
	}
	return v.Gradient[e.node.leaves[0].code] / slope * gap
}

// shownImportance is the importance of an item as it may be told: like the item's figure of the whole it changes only with enough
// further answers.
func (c *computation) shownImportance(n *node) float64 {
	v := n.leaves[0].variable
	s, item := c.views[0].surfaces[0], c.vars[v].item
	old, known := c.history.Importance[item]
	if known && (s.why[v][0] != "" || s.same[v][0]) {
		return old
	}
	if s.why[v][0] != "" {
		return 0
	}
	c.history.Importance[item] = c.importance(n)
	return c.history.Importance[item]
}

// importance is the derived importance of an item: the weighted correlation of its answers with overall satisfaction,
// over everybody who answered both, and zero where it is negative. It is association, not effect.
func (c *computation) importance(n *node) float64 {
	v := c.vars[n.leaves[0].variable]
	w := c.invited.columns[v.column].weights
	items := c.in.Rows.items
	var sw, sx, sy float64
	pairs := make([]map[[2]byte]int, len(c.invited.groups))
	for i, g := range c.invited.groups {
		pairs[i] = g.pairs(c.in.Rows.itemAt, v.item, c.in.Instruments[g.instrument].RequiredItem())
	}
	both := func(visit func(w, x, y float64)) {
		for i, g := range c.invited.groups {
			if w[i] == 0 {
				continue
			}
			for _, cells := range slices.SortedFunc(maps.Keys(pairs[i]), func(a, b [2]byte) int { return bytes.Compare(a[:], b[:]) }) {
				x := items[c.in.Rows.itemAt[v.item]].valueOf(cells[0])
				y := items[c.in.Rows.itemAt[c.in.Instruments[g.instrument].RequiredItem()]].valueOf(cells[1])
				if x != noAnswer && y != noAnswer {
					visit(w[i]*float64(pairs[i][cells]), float64(x), float64(y))
				}
			}
		}
	}
	both(func(w, x, y float64) { sw, sx, sy = sw+w, sx+w*x, sy+w*y })
	var xx, yy, xy float64
	both(func(w, x, y float64) {
		dx, dy := x-sx/sw, y-sy/sw
		xx, yy, xy = xx+w*dx*dx, yy+w*dy*dy, xy+w*dx*dy
	})
	if !(xx > 0 && yy > 0) {
		return 0
	}
	return math.Max(0, xy/math.Sqrt(xx*yy))
}

// transactions are the register's transactions of a unit.
func (c *computation) transactions(unit survey.UnitID) float64 { return float64(c.register[unit]) }

// kind is what makes units peers.
func (c *computation) kind(unit survey.UnitID) string {
	k, known := c.kinds[unit]
	if !known {
		return "unknown"
	}
	return string(k)
}
