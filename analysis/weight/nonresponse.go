package weight

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Cell is one sampling class before collapsing.
type Cell struct {
	Labels           []string // one per dimension, all cells the same number
	Sampled          float64  // sum of the base weights of everyone invited
	Invited          int
	Respondents      int
	RespondentWeight float64 // sum of the base weights of the respondents
}

// Collapse is the rule for joining cells.
type Collapse struct {
	Dimensions     []string // names, one per label
	Drop           []int    // positions in Labels, the first is given up first; all must appear
	MinRespondents int
	MaxFactor      float64 // largest factor allowed, relative to the overall one; 0 means no limit
}

// Class is a nonresponse class after collapsing.
type Class struct {
	Labels           []string // a joined dimension has its labels joined by "|", or "*" when it is the whole of them
	Cells            []int    // ascending
	Sampled          float64
	RespondentWeight float64
	Invited          int
	Respondents      int
	Factor           float64 // Sampled / RespondentWeight
	Short            bool    // it breaks the rule, and nothing was left to join it with: Classes.Notes says why
}

// CollapseStep is one line of the record: one class that was joined with others.
type CollapseStep struct {
	Dimension   string   `json:"dimension"`
	Labels      []string `json:"labels"`
	Respondents int      `json:"respondents"`
	Into        []string `json:"into"`
	Reason      string   `json:"reason"`
}

// Classes is the result of Nonresponse.
type Classes struct {
	ClassOf []int // the class of each cell
	Classes []Class
	Overall float64 // the overall factor
	Log     []CollapseStep
	Notes   []string // what the rule could not be held in
}

// Nonresponse forms weighting classes: within a class every respondent's weight is
// multiplied by Σ sampled weights / Σ respondents' weights (Oh and Scheuren 1983).
//
// Cells are joined until each class has MinRespondents and a factor of at most
// MaxFactor times the overall one. Dimensions are given up in the order of Drop. At each,
// classes that agree on all dimensions not yet given up are siblings; those
// that fail the rule are put together, and while that is not enough the
// sibling with the fewest respondents joins (ties by label). So only as much is joined as is
// needed, and the order of the cells does not matter.
//
// Without any respondent it is an *InputError. When even everything together fails the
// rule, the single class stands and a note says so.
func Nonresponse(cells []Cell, rule Collapse) (*Classes, error) {
	c, err := newCollapser(cells, rule)
	if err != nil {
		return nil, err
	}

	for step := range rule.Drop {
		c.drop(step)
	}

	return c.result(), nil
}

type collapser struct {
	rule    Collapse
	cells   []Cell
	overall float64
	groups  []group
	log     []CollapseStep
}

type group struct {
	labels [][]string // distinct labels of each dimension, sorted
	Class
}

func newCollapser(cells []Cell, rule Collapse) (*collapser, error) {
	dims := len(rule.Dimensions)
	seen := make([]bool, dims)

	for _, d := range rule.Drop {
		if d < 0 || d >= dims || seen[d] {
			return nil, &InputError{Field: "collapsing order", Row: -1, Reason: "every dimension must be named once"}
		}
		seen[d] = true
	}
	if len(rule.Drop) != dims {
		return nil, &InputError{Field: "collapsing order", Row: -1, Reason: "every dimension must be named once"}
	}
	c := &collapser{rule: rule, cells: cells}
	at := make(map[string]int)
	var sampled, responding float64

	for i, cell := range cells {
		if len(cell.Labels) != dims {
			return nil, &InputError{Field: "cell", Row: i, Reason: fmt.Sprintf("%d labels for %d dimensions", len(cell.Labels), dims)}
		}
		if !(cell.Sampled >= 0) || !(cell.RespondentWeight >= 0) || cell.Respondents < 0 || (cell.Respondents > 0) != (cell.RespondentWeight > 0) {
			return nil, &InputError{Field: "cell", Row: i, Reason: "counts and weights do not fit together"}
		}
		sampled += cell.Sampled
		responding += cell.RespondentWeight
		key := strings.Join(cell.Labels, "\x00")
		g, ok := at[key]

		if !ok {
			g = len(c.groups)
			at[key] = g
			labels := make([][]string, dims)
			for d, l := range cell.Labels {
				labels[d] = []string{l}
			}
			c.groups = append(c.groups, group{labels: labels})
		}
		c.groups[g].take(Class{
			Cells: []int{i}, Sampled: cell.Sampled, RespondentWeight: cell.RespondentWeight,
			Invited: cell.Invited, Respondents: cell.Respondents,
		})
	}
	if responding == 0 {
		return nil, &InputError{Field: "cells", Row: -1, Reason: "nobody responded"}
	}
	c.overall = sampled / responding

	return c, nil
}

func (g *group) take(o Class) {
	g.Cells = append(g.Cells, o.Cells...)
	g.Sampled += o.Sampled
	g.RespondentWeight += o.RespondentWeight
	g.Invited += o.Invited
	g.Respondents += o.Respondents
}

func (g *group) join(o group) {
	g.take(o.Class)

	for d := range g.labels {
		all := slices.Concat(g.labels[d], o.labels[d])
		slices.Sort(all)
		g.labels[d] = slices.Compact(all)
	}
}

// failing says why a class does not satisfy the rule, or nothing when it does.
func (c *collapser) failing(g group) string {
	if g.Respondents < c.rule.MinRespondents || g.Respondents == 0 {
		return fmt.Sprintf("%d respondents, fewer than %d", g.Respondents, max(1, c.rule.MinRespondents))
	}
	if factor := g.Sampled / g.RespondentWeight; c.rule.MaxFactor > 0 && factor > c.rule.MaxFactor*c.overall*(1+1e-12) {
		return fmt.Sprintf("factor %.3f, more than %v times the overall %.3f", factor, c.rule.MaxFactor, c.overall)
	}

	return ""
}

// drop gives up one dimension.
func (c *collapser) drop(step int) {
	given := c.rule.Drop[:step+1]
	families := make(map[string][]group)
	var keys []string

	for _, g := range c.groups {
		k := g.key(given)
		if families[k] == nil {
			keys = append(keys, k)
		}
		families[k] = append(families[k], g)
	}
	slices.Sort(keys)
	c.groups = nil

	for _, k := range keys {
		c.groups = append(c.groups, c.dropIn(families[k], c.rule.Dimensions[c.rule.Drop[step]])...)
	}
}

// key is the labels of the dimensions that are still kept.
func (g *group) key(given []int) string {
	var b strings.Builder

	for d, l := range g.labels {
		if !slices.Contains(given, d) {
			b.WriteString(strings.Join(l, "|"))
		}
		b.WriteByte(0)
	}

	return b.String()
}

// dropIn joins the classes of one family as far as the rule needs.
func (c *collapser) dropIn(family []group, dimension string) []group {
	slices.SortFunc(family, func(a, b group) int {
		if n := cmp.Compare(a.Respondents, b.Respondents); n != 0 {
			return n
		}
		return strings.Compare(a.key(nil), b.key(nil))
	})
	var pool *group
	var good []group
	var members []group
	var reasons []string

	take := func(g group, reason string) {
		members, reasons = append(members, g), append(reasons, reason)
		if pool == nil {
			first := group{labels: slices.Clone(g.labels), Class: g.Class}
			first.Cells = slices.Clone(g.Cells)
			pool = &first
			return
		}
		pool.join(g)
	}

	for _, g := range family {
		if reason := c.failing(g); reason != "" {
			take(g, reason)
			continue
		}
		good = append(good, g)
	}
	for pool != nil && len(good) > 0 && c.failing(*pool) != "" {
		take(good[0], "the smallest sibling, taken in because the others together were not enough")
		good = good[1:]
	}
	if pool == nil {
		return good
	}
	if len(members) > 1 {
		into := pool.joined()
		for i, g := range members {
			c.log = append(c.log, CollapseStep{
				Dimension: dimension, Labels: g.joined(), Respondents: g.Respondents, Into: into, Reason: reasons[i],
			})
		}
	}

	return append(good, *pool)
}

func (g *group) joined() []string {
	out := make([]string, len(g.labels))

	for d, l := range g.labels {
		out[d] = strings.Join(l, "|")
	}

	return out
}

func (c *collapser) result() *Classes {
	slices.SortFunc(c.groups, func(a, b group) int { return strings.Compare(a.key(nil), b.key(nil)) })
	out := &Classes{ClassOf: make([]int, len(c.cells)), Overall: c.overall, Log: c.log}
	whole := make([]int, len(c.rule.Dimensions))

	for d := range whole {
		distinct := make(map[string]bool)
		for _, cell := range c.cells {
			distinct[cell.Labels[d]] = true
		}
		whole[d] = len(distinct)
	}

	for i, g := range c.groups {
		k := g.Class
		k.Labels = g.joined()
		k.Factor = g.Sampled / g.RespondentWeight
		slices.Sort(k.Cells)

		for d, l := range g.labels {
			if len(l) > 1 && len(l) == whole[d] {
				k.Labels[d] = "*"
			}
		}
		for _, cell := range k.Cells {
			out.ClassOf[cell] = i
		}
		if reason := c.failing(g); reason != "" {
			out.Notes = append(out.Notes, fmt.Sprintf("class %s: %s, and nothing is left to join it with", strings.Join(k.Labels, ", "), reason))
			k.Factor, k.Short = finiteOr(k.Factor, c.overall), true
		}
		out.Classes = append(out.Classes, k)
	}

	return out
}

func finiteOr(x, other float64) float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return other
	}

	return x
}
