package report

import (
	"cmp"
	"context"
	"encoding/json"
	"math"
	"slices"

	"sipas/survey"
)

// history is what is kept of a wave from one epoch to the next: survey.Disclosed carries it as its document.
type history struct {
	Domains    []historyDomain      `json:"domains"` // positions of accounts; never taken away
	Places     [][3]string          `json:"places"`  // unit, field, field group
	Accounts   map[string]*account  `json:"accounts"`
	Importance map[string]float64   `json:"importance"` // of items, when the whole last advanced
	Compared   map[string]*compared `json:"compared"`   // behind the comparisons without suspect answers that were last shown
}

type historyDomain struct {
	survey.Domain
	Family family `json:"family"`
}

// compared is what a comparison rests on: the marked answers of the whole and the others, by code.
type compared struct {
	Marked map[int]int `json:"marked"`
	Others map[int]int `json:"others"`
}

// patience is how many times the minimum of answers an item waits, on a live page, for the others of its composites, so that
// these can advance.
const patience = 2

// accountKey names the account of an item's answers from one source.
func accountKey(s *sample, item string) string {
	if s.probability {
		return "invited/" + item
	}
	return "walk_ins/" + item
}

// openHistory reads what was known, and adds the domains of today.
func (c *computation) openHistory() error {
	h := &history{}
	c.epoch = 1
	if k := c.in.Known; k != nil {
		if err := json.Unmarshal(k.Document, h); err != nil {
			return survey.Errorf(survey.CodeInternal, "compute", "what readers know of wave %s: %w", c.in.Wave.ID, err)
		}
		c.epoch = k.Epoch + 1
	}
	if h.Accounts == nil {
		h.Accounts, h.Importance, h.Compared = map[string]*account{}, map[string]float64{}, map[string]*compared{}
	}
	c.position = make([]int, len(c.domains))
	for i, d := range slices.Concat(c.domains, pooledDomains) {
		one := historyDomain{d.Domain, d.family}
		at := slices.Index(h.Domains, one)
		if at < 0 {
			at = len(h.Domains)
			h.Domains = append(h.Domains, one)
		}
		if i < len(c.position) {
			c.position[i] = at
		}
	}
	c.history, c.shown = h, map[survey.FigureKey]*survey.Figure{}
	if c.in.Shown != nil {
		for i := range c.in.Shown.Figures {
			f := &c.in.Shown.Figures[i]
			if f.State == survey.StateProvisional || f.State == survey.StatePublished {
				c.shown[f.FigureKey] = f
			}
		}
	}
	return nil
}

// disclose decides for every item and source which domains show their answers as they are now.
func (c *computation) disclose(ctx context.Context, surfaces []*surface) error {
	h := c.history
	at := make(map[[3]string]int, len(h.Places))
	for i, p := range h.Places {
		at[p] = i
	}
	for _, s := range surfaces {
		for _, p := range s.sample.places {
			key := [3]string{p.unit, p.field, p.group}
			if _, known := at[key]; !known {
				at[key] = len(h.Places)
				h.Places = append(h.Places, key)
			}
		}
	}
	domains := make([]domain, len(h.Domains))
	for i, d := range h.Domains {
		domains[i] = domain{d.Domain, d.Family}
	}
	holders := make([][]int, len(h.Places))
	for i, p := range h.Places {
		for d := range domains {
			if domains[d].holds(place{p[0], p[1], p[2]}) {
				holders[i] = append(holders[i], d)
			}
		}
	}
	old := c.recall(surfaces)
	for _, s := range surfaces {
		turns, err := c.turns(ctx, s, at, domains, holders, old)
		if err != nil {
			return err
		}
		held := c.waiting(turns)
		err = each(ctx, c.in.Cores, len(c.vars), func(v int) error {
			if t := turns[v]; t != nil {
				t.choose(func(d int) bool { return held[c.vars[v].item][d] })
				t.end()
			}
			return nil
		})
		if err != nil {
			return err
		}
		c.tell(s, turns)
	}
	return nil
}

// turns opens the accounts of a source, one for each item, at the item's first variable.
func (c *computation) turns(ctx context.Context, s *surface, at map[[3]string]int, domains []domain, holders [][]int, old map[string][]state) ([]*turn, error) {
	turns := make([]*turn, len(c.vars))
	for v := range c.vars {
		first := slices.IndexFunc(c.vars, func(o variable) bool { return o.item == c.vars[v].item })
		if first < v {
			continue
		}
		key := accountKey(s.sample, c.vars[v].item)
		a := c.history.Accounts[key]
		if a == nil {
			a = &account{States: old[key]}
			c.history.Accounts[key] = a
		}
		turns[v] = &turn{account: a, least: c.in.Wave.Rules.MinAnswers, epoch: c.epoch, domains: domains, holders: holders}
	}
	return turns, each(ctx, c.in.Cores, len(c.vars), func(v int) error {
		if turns[v] == nil {
			return nil
		}
		answers := map[int]map[int]int{}
		s.eachAnswer(v, func(p place, code, n int, _ bool) {
			i := at[[3]string{p.unit, p.field, p.group}]
			if answers[i] == nil {
				answers[i] = map[int]int{}
			}
			answers[i][code] += n
		})
		turns[v].begin(answers)
		return nil
	})
}

// eachAnswer tells of the valid answers to a variable's item where they lie, which they are, how many, and whether they are marked suspect.
func (s *surface) eachAnswer(v int, yield func(p place, code, n int, suspect bool)) {
	x := s.scored[v]
	for i, g := range s.sample.groups {
		for cell, n := range x.item.count[i] {
			if code := x.item.valueOf(byte(cell)); n > 0 && code != noAnswer {
				yield(s.sample.places[i], code, int(n), g.suspect)
			}
		}
	}
}

// recall takes the figures of a release that was shown before account was kept of it for what is known: how many answers there
// were, and not which.
func (c *computation) recall(surfaces []*surface) map[string][]state {
	old := map[string][]state{}
	if c.in.Known != nil {
		return old
	}
	for i := range c.nodes {
		n := &c.nodes[i]
		if !n.indicator() || n.leaves[0].variable < 0 {
			continue
		}
		for _, s := range surfaces {
			basis := survey.BasisWalkIns
			if s.sample.probability {
				basis = survey.BasisInvited
			}
			key := accountKey(s.sample, c.vars[n.leaves[0].variable].item)
			if old[key] != nil {
				continue
			}
			for d := range c.domains {
				f := c.shown[survey.FigureKey{
					Framework: n.framework.ID, Node: n.node.Code, Domain: c.domains[d].Domain, Weighting: survey.Weighted, Basis: basis,
				}]
				if f != nil && f.Estimate.N > 0 {
					old[key] = append(old[key], state{Domain: c.position[d], Total: f.Estimate.N, Known: true})
				}
			}
		}
	}
	return old
}

// waiting says which items wait, in which domains, for the others of a framework: on a live page an item that could advance lets
// the slower ones come up, so that the composites can advance with all of them; but not for ever.
func (c *computation) waiting(turns []*turn) map[string][]bool {
	held := map[string][]bool{}
	for _, t := range turns {
		if t != nil {
			for v := range turns {
				if turns[v] == t {
					held[c.vars[v].item] = make([]bool, len(t.domains))
				}
			}
		}
	}
	if c.state != survey.StateProvisional {
		return held
	}
	for _, f := range c.in.Frameworks {
		var items []*turn
		var names []string
		for i := range c.nodes {
			n := &c.nodes[i]
			if n.framework == f && n.indicator() && n.leaves[0].variable >= 0 {
				item := c.vars[n.leaves[0].variable].item
				first := slices.IndexFunc(c.vars, func(o variable) bool { return o.item == item })
				items, names = append(items, turns[first]), append(names, item)
			}
		}
		for _, d := range c.position {
			slow, whole := false, true
			for _, t := range items {
				whole = whole && t.total[d] >= t.least
				slow = slow || !t.same[d] && !t.ready(d)
			}
			if !whole || !slow {
				continue
			}
			for i, t := range items {
				n, ever := t.lag(d)
				held[names[i]][d] = held[names[i]][d] || ever && n < patience*t.least
			}
		}
	}
	return held
}

// tell writes what was decided where figures are made.
func (c *computation) tell(s *surface, turns []*turn) {
	s.same, s.gone = make([][]bool, len(c.vars)), make([][]bool, len(c.vars))
	for v := range c.vars {
		first := slices.IndexFunc(c.vars, func(o variable) bool { return o.item == c.vars[v].item })
		t := turns[first]
		s.why[v], s.same[v], s.gone[v] = make([]string, len(c.domains)), make([]bool, len(c.domains)), make([]bool, len(c.domains))
		for i, d := range c.position {
			s.same[v][i], s.gone[v][i] = t.same[d], t.taken[d] >= t.least
			switch {
			case t.total[d] < t.least:
				s.why[v][i] = survey.ReasonFewAnswers
			case !t.same[d] && !t.advance[d]:
				s.why[v][i] = survey.ReasonComplementary
			}
			if s.why[v][i] != "" && !s.gone[v][i] {
				if n, ever := t.lag(d); ever {
					c.behind = max(c.behind, n)
				}
			}
		}
	}
}

// stays returns the figure as it was last shown, when that is how it stays: some of its answers may not be told as they are now,
// or none is new. why is why it would be withheld. It does not stay when as many of its answers as the minimum were taken back: what is
// shown must not speak of people who are no longer among those who answered.
func (c *computation) stays(n *node, d int, w view, why string) *survey.Figure {
	old := c.shown[survey.FigureKey{
		Framework: n.framework.ID, Node: n.node.Code, Domain: c.domains[d].Domain, Weighting: w.weighting, Basis: w.basis,
	}]
	if old == nil || old.Estimate.N == 0 {
		return nil
	}
	for _, l := range n.leaves {
		if _, given := c.givenValue(n, l, d); given || l.variable < 0 {
			continue
		}
		if why != "" && slices.ContainsFunc(w.surfaces, func(s *surface) bool { return s.gone[l.variable][d] }) {
			return nil
		}
	}
	if why == "" {
		// The same answers under weights of another register, or in the release that is for ever, are computed anew.
		r, asked := c.in.Shown, 0
		same := c.state == survey.StateProvisional && r.Program == c.in.Program &&
			r.Weighting.Register == c.weighting.Register && r.Weighting.Invited == c.weighting.Invited
		for _, l := range n.leaves {
			if _, given := c.givenValue(n, l, d); given || l.variable < 0 {
				continue
			}
			asked++
			for _, s := range w.surfaces {
				same = same && s.same[l.variable][d]
			}
		}
		if asked == 0 || !same {
			return nil
		}
	}
	f := *old
	f.State = c.state
	return &f
}

// close writes what the release discloses, with all that was shown before.
func (c *computation) close(r *survey.Release) error {
	doc, err := json.Marshal(c.history)
	if err != nil {
		return survey.Errorf(survey.CodeInternal, "compute", "what readers know: %w", err)
	}
	r.Disclosed = &survey.Disclosed{Wave: r.Wave, Epoch: c.epoch, Release: r.ID, State: r.State, Document: doc}
	return nil
}

// noteStanding says how many figures stand as they were, and how far behind they are.
func (c *computation) noteStanding() {
	standing := c.standing.Load()
	least := c.in.Wave.Rules.MinAnswers
	switch {
	case standing == 0:
	case c.behind < least:
		c.weighting.Notes = append(c.weighting.Notes, survey.NewNote(survey.NoteStanding, survey.NoteParams{N: int(standing), Min: least}))
	default:
		c.weighting.Notes = append(c.weighting.Notes,
			survey.NewNote(survey.NoteStandingBehind, survey.NoteParams{N: int(standing), Most: c.behind, Min: least}))
	}
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
