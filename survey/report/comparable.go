package report

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	"sipas/survey"
)

// Side is a release with the documents that it was made by: one of the two things that are compared.
type Side struct {
	*survey.Release
	Wave        *survey.Wave
	Instruments []*survey.Instrument
	Frameworks  []*survey.Framework
	// Register are the transactions of each unit, by which the parts of a unit that was merged later are weighed where the release has no
	// classes of them.
	Register map[survey.UnitID]int
	// Today says that the release does not hold which documents it was made of, RegisterToday that it holds no register: what the wave has
	// today stands in for them, and whatever rests on it is marked.
	Today, RegisterToday bool
}

// LoadSide reads the documents that a release was made of. A wave may ask other versions by now.
func LoadSide(ctx context.Context, from Source, r *survey.Release) (*Side, error) {
	const op = "load release to compare"
	w, err := from.Wave(ctx, r.Wave)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	s := &Side{Release: r, Wave: w, Register: map[survey.UnitID]int{}}
	recipe := survey.Recipe{}
	if r.Recipe != nil {
		recipe = *r.Recipe
	}
	instruments, frameworks := w.Instruments, w.Frameworks
	if s.Today = len(recipe.Instruments) == 0 || len(recipe.Frameworks) == 0; !s.Today {
		instruments, frameworks = nil, nil
		for _, d := range recipe.Instruments {
			instruments = append(instruments, survey.InstrumentRef{ID: d.ID, Version: d.Version})
		}
		for _, d := range recipe.Frameworks {
			frameworks = append(frameworks, survey.FrameworkRef{ID: d.ID, Version: d.Version})
		}
	}
	for _, ref := range instruments {
		in, err := from.Instrument(ctx, ref)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", op, err)
		}
		s.Instruments = append(s.Instruments, in)
	}
	for _, ref := range frameworks {
		f, err := from.Framework(ctx, ref)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", op, err)
		}
		s.Frameworks = append(s.Frameworks, f)
	}
	for _, n := range recipe.Register {
		s.Register[n.Unit] = n.N
	}
	if s.RegisterToday = len(recipe.Register) == 0; s.RegisterToday {
		counts, err := from.RegisterCounts(ctx, r.Wave)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", op, err)
		}
		for _, n := range counts {
			s.Register[n.Unit] += n.N
		}
	}
	return s, nil
}

// weights are the transactions that the figures of each unit speak for. Figures of the invited speak for the classes that were drawn
// from, which keep the unit that they were drawn with, whatever was merged since; those of walk-ins speak for the register. pooled are units
// that share a class with others, so that nobody knows what is theirs.
func (s *Side) weights(basis survey.Basis) (of map[survey.UnitID]int, pooled map[survey.UnitID]bool, today bool) {
	of, pooled = map[survey.UnitID]int{}, map[survey.UnitID]bool{}
	for _, k := range s.Weighting.Strata {
		label := k.Labels[survey.DimUnit]
		if unit := single(label); unit != "" {
			of[survey.UnitID(unit)] += k.Population
			continue
		}
		for _, unit := range strings.Split(label, "|") {
			pooled[survey.UnitID(unit)] = true
		}
	}
	if basis == survey.BasisWalkIns || len(of) == 0 {
		return s.Register, nil, s.RegisterToday
	}
	return of, pooled, false
}

// sameQuestionnaires reports whether two releases were made of one set of questionnaires.
func sameQuestionnaires(a, b *Side) bool {
	if len(a.Instruments) != len(b.Instruments) {
		return false
	}
	return !slices.ContainsFunc(a.Instruments, func(x *survey.Instrument) bool {
		return !slices.ContainsFunc(b.Instruments, func(y *survey.Instrument) bool { return x.Ref() == y.Ref() })
	})
}

func (s *Side) framework(ref survey.FrameworkRef) *survey.Framework {
	for _, f := range s.Frameworks {
		if f.Ref() == ref {
			return f
		}
	}
	return nil
}

// comparer holds two sides against each other, the earlier and the later one whichever was asked for first, so that the rule does
// not depend on the direction.
type comparer struct {
	early, late *Side
	find        survey.Frameworks
	units       map[survey.UnitID]survey.Unit
	parts       map[survey.UnitID][]survey.UnitID // the predecessors of each unit
	whole       []survey.ChangeReason             // what holds for every figure
	// oneMixture says that both sides are of one wave and of the same questionnaires. Where the wave changed its words, each figure is a
	// mixture of both, and it is the same mixture.
	oneMixture bool

	mu    sync.Mutex // of nodes: flags ask for many indicators at once
	nodes map[[2]string]nodeRule
}

// nodeRule is what the documents say of a node: the framework of the earlier side that has it, and the reasons.
type nodeRule struct {
	framework string
	reasons   []survey.ChangeReason
}

func newComparer(early, late *Side, units []survey.Unit, find survey.Frameworks) *comparer {
	c := &comparer{
		early: early, late: late, find: find, nodes: map[[2]string]nodeRule{},
		units: map[survey.UnitID]survey.Unit{}, parts: map[survey.UnitID][]survey.UnitID{},
	}
	for _, u := range units {
		c.units[u.ID] = u
		for _, next := range u.Successors {
			c.parts[next] = append(c.parts[next], u.ID)
		}
	}
	for _, list := range c.parts {
		slices.Sort(list)
	}
	c.whole = c.releases()
	c.oneMixture = early.Release.Wave == late.Release.Wave && sameQuestionnaires(early, late)
	return c
}

func reason(code string, about ...string) survey.ChangeReason {
	return survey.ChangeReason{Code: code, About: about}
}

// releases says what of the two releases touches every figure.
func (c *comparer) releases() []survey.ChangeReason {
	var out []survey.ChangeReason
	a, b := c.early, c.late
	switch {
	case a.Release.Wave == b.Release.Wave && a.ID == b.ID:
		out = append(out, reason(survey.CompareSameRelease))
	case a.Release.Wave == b.Release.Wave:
		out = append(out, reason(survey.CompareSameAnswers))
	case a.Wave.To >= b.Wave.From && b.Wave.To >= a.Wave.From:
		out = append(out, reason(survey.CompareOverlap))
	}
	if a.State == survey.StateProvisional || b.State == survey.StateProvisional {
		out = append(out, reason(survey.CompareProvisional))
	}
	if a.Today || b.Today {
		out = append(out, reason(survey.CompareDocuments))
	}
	if a.Rules.Level != b.Rules.Level || a.Rules.Interval != b.Rules.Interval {
		out = append(out, reason(survey.CompareInterval))
	}
	if a.Rules.MinRespondents != b.Rules.MinRespondents || a.Rules.MaxAdjustment != b.Rules.MaxAdjustment ||
		a.Rules.MinMargin != b.Rules.MinMargin || a.Rules.MinInvited != b.Rules.MinInvited {
		out = append(out, reason(survey.CompareRules))
	}
	return out
}

// node says what the documents say of a node of a framework of the later side.
func (c *comparer) node(framework, code string) nodeRule {
	key := [2]string{framework, code}
	c.mu.Lock()
	defer c.mu.Unlock()
	rule, known := c.nodes[key]
	if !known {
		rule = c.judge(framework, code)
		c.nodes[key] = rule
	}
	return rule
}

func (c *comparer) judge(framework, code string) nodeRule {
	at := slices.IndexFunc(c.late.Frameworks, func(f *survey.Framework) bool { return f.ID == framework })
	if at < 0 {
		return nodeRule{framework, []survey.ChangeReason{reason(survey.CompareFramework, framework)}}
	}
	late := c.late.Frameworks[at]
	early, why := c.counterpart(late)
	if early == nil {
		return nodeRule{framework, []survey.ChangeReason{why}}
	}
	rule := nodeRule{framework: early.ID}
	now, has := late.Node(code)
	then, had := early.Node(code)
	if !has || !had {
		rule.reasons = append(rule.reasons, reason(survey.CompareNode, code))
		return rule
	}
	if early != late && early.Ref() != late.Ref() {
		rule.reasons = append(rule.reasons, survey.ChangeReason{Code: survey.CompareFollows, About: []string{early.Ref().String(), late.Ref().String()}})
	}
	if b, broken := c.broken(early, late, now); broken {
		rule.reasons = append(rule.reasons, survey.ChangeReason{Code: survey.CompareBreak, About: []string{b.Node}, Text: b.Reason})
	}
	rule.reasons = append(rule.reasons, c.questions(then, now)...)
	return rule
}

// counterpart finds the framework of the earlier side that a later one may be compared with: the same version, or one that it follows.
func (c *comparer) counterpart(late *survey.Framework) (*survey.Framework, survey.ChangeReason) {
	f := late
	for range 100 { // a chain of a hundred eras is a circle
		if early := c.early.framework(f.Ref()); early != nil {
			return early, survey.ChangeReason{}
		}
		if f.Follows == nil || c.find == nil {
			break
		}
		next, ok := c.find(*f.Follows)
		if !ok {
			break
		}
		f = next
	}
	for _, other := range c.early.Frameworks {
		if other.ID == late.ID {
			return nil, reason(survey.CompareVersion, other.Ref().String(), late.Ref().String())
		}
	}
	return nil, reason(survey.CompareFramework, late.Ref().String())
}

// broken finds a break that the frameworks state between the years of the two sides. A wave that ends later may have begun earlier.
func (c *comparer) broken(early, late *survey.Framework, n *survey.Node) (survey.Break, bool) {
	from, to := yearOf(c.early.Wave.From), yearOf(c.late.Wave.From)
	from, to = min(from, to), max(from, to)
	if early.Ref() != late.Ref() {
		return c.find.BreakBetween(late, n.Code, from, to)
	}
	below := map[string]bool{}
	var walk func(n *survey.Node)
	walk = func(n *survey.Node) {
		below[n.Code] = true
		for i := range n.Children {
			walk(&n.Children[i])
		}
	}
	walk(n)
	for _, b := range late.Breaks {
		if below[b.Node] && from < b.Year && b.Year <= to {
			return b, true
		}
	}
	return survey.Break{}, false
}

func yearOf(d survey.Day) int {
	year := 0
	if len(d) >= 4 {
		for _, r := range d[:4] {
			year = 10*year + int(r-'0')
		}
	}
	return year
}

// scored names the framework of the later side that is meant by an id: empty means its headline, and the id of a framework of the earlier side
// the one that follows it.
func (c *comparer) scored(id string) string {
	if id == "" && len(c.late.Frameworks) > 0 {
		return c.late.Frameworks[0].ID
	}
	if slices.ContainsFunc(c.late.Frameworks, func(f *survey.Framework) bool { return f.ID == id }) {
		return id
	}
	for _, f := range c.late.Frameworks {
		if early, _ := c.counterpart(f); early != nil && early.ID == id {
			return f.ID
		}
	}
	return id
}

// questions holds what was asked of the leaves of a node on the two sides, and how it is counted and put together, against each other. A
// composite is refused with any of its leaves.
func (c *comparer) questions(then, now *survey.Node) []survey.ChangeReason {
	before := map[string]*survey.Node{}
	for _, l := range then.Leaves() {
		before[l.Code] = l
	}
	about := map[string][]string{}
	note := func(code, leaf string) { about[code] = append(about[code], leaf) }
	for _, l := range now.Leaves() {
		old := before[l.Code]
		if old == nil {
			note(survey.CompareComposition, l.Code)
			continue
		}
		delete(before, l.Code)
		if !sameCount(old.Value, l.Value) {
			note(survey.CompareComposition, l.Code)
		}
		was, is := itemsOf(old), itemsOf(l)
		for i := range max(len(was), len(is)) {
			if i >= len(was) || i >= len(is) || was[i] != is[i] {
				note(survey.CompareWording, l.Code)
				break
			}
			for _, code := range c.item(is[i]) {
				note(code, l.Code)
			}
		}
	}
	for _, gone := range slices.Sorted(maps.Keys(before)) {
		note(survey.CompareComposition, gone)
	}
	if len(about[survey.CompareComposition]) == 0 {
		for _, other := range otherwiseMade(then, now) {
			note(survey.CompareComposition, other)
		}
	}
	var out []survey.ChangeReason
	for _, code := range []string{survey.CompareComposition, survey.CompareWording, survey.CompareScale, survey.CompareModes} {
		if list := about[code]; len(list) > 0 {
			slices.Sort(list)
			out = append(out, reason(code, slices.Compact(list)...))
		}
	}
	return out
}

// sameCount reports whether two indicators make their number of answers in the same way. Which items they take it from, and where an office's
// table has it, is not asked here.
func sameCount(a, b *survey.LeafValue) bool {
	if a == nil || b == nil {
		return a == b
	}
	plain := func(v survey.LeafValue) survey.LeafValue {
		v.Codes = slices.Sorted(slices.Values(v.Codes))
		v.Item, v.Items, v.Column, v.Unknown, v.Source, v.Evidence, v.Link = "", nil, "", nil, "", false, nil
		return v
	}
	return reflect.DeepEqual(plain(*a), plain(*b))
}

// otherwiseMade lists the nodes of a tree that are put together of what is below them in another way than under the same code before.
func otherwiseMade(then, now *survey.Node) []string {
	if len(then.Children) == 0 && len(now.Children) == 0 {
		return nil
	}
	same := then.Combine == now.Combine && then.Intercept == now.Intercept && then.Missing == now.Missing && then.Rounding == now.Rounding &&
		reflect.DeepEqual(then.Round, now.Round)
	if same && now.Combine == survey.CombineMeanOfLeaves {
		return nil // whatever lies between it and the indicators
	}
	var out []string
	if !same || len(then.Children) != len(now.Children) {
		out = append(out, now.Code)
	}
	for i := range now.Children {
		child := &now.Children[i]
		at := slices.IndexFunc(then.Children, func(n survey.Node) bool { return n.Code == child.Code })
		if at < 0 || then.Children[at].Coefficient != child.Coefficient {
			out = append(out, child.Code)
		}
		if at >= 0 {
			out = append(out, otherwiseMade(&then.Children[at], child)...)
		}
	}
	return out
}

func itemsOf(n *survey.Node) []string {
	switch {
	case n.Value == nil:
		return nil
	case n.Value.Item != "":
		return []string{n.Value.Item}
	}
	return n.Value.Items
}

// item compares one question in every way of answering that both sides ask it in.
func (c *comparer) item(code string) []string {
	then, now := asked(c.early.Instruments, code), asked(c.late.Instruments, code)
	if c.oneMixture || len(then) == 0 && len(now) == 0 {
		return nil
	}
	if len(then) == 0 || len(now) == 0 {
		return []string{survey.CompareComposition}
	}
	var out []string
	shared := false
	for mode, before := range then {
		after, both := now[mode]
		if !both || len(then) != len(now) {
			out = append(out, survey.CompareModes)
		}
		shared = shared || both
		for _, x := range before {
			for _, y := range after {
				out = append(out, differences(x, y)...)
			}
		}
	}
	if !shared {
		// Asked in no common way of answering: the words must still be the same.
		for _, x := range slices.Concat(slices.Collect(maps.Values(then))...) {
			for _, y := range slices.Concat(slices.Collect(maps.Values(now))...) {
				out = append(out, differences(x, y)...)
			}
		}
	}
	return out
}

// question is an item as it was put.
type question struct {
	text, help survey.Text
	scale      survey.Scale
}

func asked(instruments []*survey.Instrument, code string) map[survey.Mode][]question {
	all := map[survey.Mode][]question{}
	for _, in := range instruments {
		item, ok := in.Item(code)
		if !ok {
			continue
		}
		scale, _ := in.Scale(item.Scale)
		all[in.Mode] = append(all[in.Mode], question{item.Text, item.Help, scale})
	}
	return all
}

// differences says what a person who was asked would have seen differently.
func differences(a, b question) []string {
	var out []string
	if !sameText(a.text, b.text) || !sameText(a.help, b.help) {
		out = append(out, survey.CompareWording)
	}
	same := func(x, y survey.Level) bool { return x.Code == y.Code && sameText(x.Label, y.Label) }
	if a.scale.Faces != b.scale.Faces || !slices.EqualFunc(a.scale.Levels, b.scale.Levels, same) ||
		!slices.EqualFunc(a.scale.Missing, b.scale.Missing, same) {
		out = append(out, survey.CompareScale)
	}
	return out
}

// sameText reports whether two texts say the same in every language that both have: one more language changes nothing for
// those who read another.
func sameText(a, b survey.Text) bool {
	if len(a) == 0 || len(b) == 0 {
		return len(a) == len(b)
	}
	shared := false
	for l, text := range a {
		if other, both := b[l]; both {
			shared = true
			if survey.CleanText(text) != survey.CleanText(other) {
				return false
			}
		}
	}
	return shared
}
