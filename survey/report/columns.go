package report

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"sipas/survey"
)

// column is one weight column: a set of items that were asked together, with the chance with which each response
// was asked them. Modules of the same code in several instruments share a column; items that another instrument
// asks in another module, or not at all, have one of their own.
type column struct {
	name   string
	module map[survey.InstrumentRef]survey.Module // where the items stand in each instrument that asks them
}

// chance is the chance with which the responses of a group were asked the column's items, or zero when they were not.
func (c *column) chance(g *group) float64 {
	m, asks := c.module[g.instrument]
	switch {
	case !asks:
		return 0
	case m.Code == survey.ModuleCore:
		return 1
	case slices.Contains(g.drawn, m.Code):
		return m.Chance
	}
	return 0
}

// columns lists the weight columns of the wave's instruments, the core first, and the column of each item.
func columns(instruments map[survey.InstrumentRef]*survey.Instrument) ([]column, map[string]int) {
	refs := slices.SortedFunc(maps.Keys(instruments), func(a, b survey.InstrumentRef) int {
		return cmp.Or(strings.Compare(a.ID, b.ID), cmp.Compare(a.Version, b.Version))
	})
	core := column{name: survey.ModuleCore, module: map[survey.InstrumentRef]survey.Module{}}
	for _, ref := range refs {
		core.module[ref], _ = instruments[ref].Module(survey.ModuleCore)
	}
	all := []column{core}
	of := map[string]int{}
	for _, ref := range refs {
		for _, item := range instruments[ref].Items {
			if _, done := of[item.Code]; done {
				continue
			}
			c := columnOf(item.Code, refs, instruments)
			at := slices.IndexFunc(all, func(o column) bool { return o.same(&c) })
			if at < 0 {
				at = len(all)
				all = append(all, c)
			}
			of[item.Code] = at
		}
	}
	nameColumns(all)
	return all, of
}

func columnOf(item string, refs []survey.InstrumentRef, instruments map[survey.InstrumentRef]*survey.Instrument) column {
	c := column{module: map[survey.InstrumentRef]survey.Module{}}
	for _, ref := range refs {
		code := instruments[ref].ModuleOf(item)
		if code == "" {
			continue
		}
		c.module[ref], _ = instruments[ref].Module(code)
	}
	return c
}

// same reports whether the two columns are asked of the same responses with the same chances.
func (c *column) same(o *column) bool {
	return maps.EqualFunc(c.module, o.module, func(a, b survey.Module) bool { return a.Code == b.Code })
}

// nameColumns names a column by its module's code, or codes; where two columns would have the same name,
// the instruments that ask it stand behind it.
func nameColumns(all []column) {
	taken := map[string]bool{all[0].name: true}
	for i := 1; i < len(all); i++ {
		var codes, asks []string
		for ref, m := range all[i].module {
			codes = append(codes, m.Code)
			asks = append(asks, ref.ID)
		}
		slices.Sort(codes)
		slices.Sort(asks)
		name := strings.Join(slices.Compact(codes), "+")
		if taken[name] {
			name += "@" + strings.Join(asks, "+")
		}
		taken[name] = true
		all[i].name = name
	}
}
