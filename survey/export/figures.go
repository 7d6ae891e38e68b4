package export

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"sipas/analysis"
	"sipas/survey"
)

// Names puts words beside codes.
type Names struct {
	units map[survey.UnitID]survey.Unit
	nodes map[[2]string]*survey.Node
}

// NamesOf returns the names of units and of the nodes of frameworks.
func NamesOf(units []survey.Unit, frameworks []*survey.Framework) Names {
	n := Names{units: make(map[survey.UnitID]survey.Unit, len(units)), nodes: map[[2]string]*survey.Node{}}
	for _, u := range units {
		n.units[u.ID] = u
	}
	for _, f := range frameworks {
		f.Walk(func(node *survey.Node, _ []*survey.Node) { n.nodes[[2]string{f.ID, node.Code}] = node })
	}
	return n
}

// NamesIn returns the names that a published release has with it.
func NamesIn(c *survey.Context) Names {
	n := Names{units: map[survey.UnitID]survey.Unit{}, nodes: map[[2]string]*survey.Node{}}
	for _, u := range c.Units {
		n.units[u.ID] = survey.Unit{ID: u.ID, Code: u.Code, Kind: u.Kind, Name: u.Name}
	}
	for _, f := range c.Frameworks {
		for _, node := range f.Nodes {
			n.nodes[[2]string{f.ID, node.Code}] = &survey.Node{Code: node.Code, Kind: node.Kind, Label: node.Label}
		}
	}
	return n
}

// Unit returns the name of a unit, or its id where it is not known; the empty id has the empty name.
func (n Names) Unit(id survey.UnitID, lang survey.Lang) string {
	if u, ok := n.units[id]; ok {
		return u.Name.In(lang)
	}
	return string(id)
}

// Node returns the label of a node of a framework, or its code where it is not known.
func (n Names) Node(framework, code string, lang survey.Lang) string {
	if node, ok := n.nodes[[2]string{framework, code}]; ok {
		return node.Label.In(lang)
	}
	return code
}

// Kind returns what a node of a framework is.
func (n Names) Kind(framework, code string) survey.NodeKind {
	if node, ok := n.nodes[[2]string{framework, code}]; ok {
		return node.Kind
	}
	return ""
}

// Figures writes the figures of a release as CSV: one row a figure, every number with all its digits.
func Figures(w io.Writer, r *survey.Release, names Names) error {
	return figureSheet(r, names).writeCSV(w)
}

// Flags writes the flags of a release as CSV, in the release's order.
func Flags(w io.Writer, r *survey.Release, names Names) error {
	return flagSheet(r, names).writeCSV(w)
}

// Weighting writes what must be known of the weights as CSV, one number a row.
func Weighting(w io.Writer, r *survey.Release, names Names) error {
	return weightingSheet(r, names).writeCSV(w)
}

// Workbook writes a release as XLSX: figures, flags, weighting, and how it was made.
func Workbook(w io.Writer, r *survey.Release, names Names) error {
	return writeWorkbook(w, []*sheet{figureSheet(r, names), flagSheet(r, names), weightingSheet(r, names), aboutSheet(r)})
}

func figureSheet(r *survey.Release, names Names) *sheet {
	s := &sheet{name: "figures", headings: []heading{
		{"wave", asText}, {"framework", asText}, {"node", asText}, {"kind", asText}, {"label_vi", asText}, {"label_en", asText},
		{"unit", asText}, {"unit_name", asText}, {"field", asText}, {"weighting", asText}, {"basis", asText}, {"measure", asText},
		{"state", asText}, {"reason", asText}, {"estimate", asValue}, {"se", asFine}, {"ci_low", asValue}, {"ci_high", asValue},
		{"confidence", asValue}, {"interval", asText}, {"n", asCount}, {"population", asCount}, {"n_eff", asCount}, {"df", asCount},
		{"deff", asValue}, {"method", asText}, {"target", asValue}, {"nominal_min", asValue}, {"nominal_max", asValue},
		{"attainable_min", asValue}, {"attainable_max", asValue}, {"grade", asText}, {"grade_incomplete", asText}, {"shares", asText},
		{"why_undefined", asText},
	}}
	for _, f := range r.Figures {
		cells := []any{
			string(r.Wave), f.Framework, f.Node, string(names.Kind(f.Framework, f.Node)),
			names.Node(f.Framework, f.Node, survey.Vietnamese), names.Node(f.Framework, f.Node, survey.English),
			string(f.Domain.Unit), names.Unit(f.Domain.Unit, survey.Vietnamese), f.Domain.Field,
			string(f.Weighting), string(f.Basis), string(f.Measure), string(f.State), f.Reason,
		}
		cells = append(cells, estimateCells(f)...)
		cells = append(cells, f.Target)
		cells = append(cells, boundsCells(f.Nominal)...)
		cells = append(cells, boundsCells(f.Attainable)...)
		incomplete := ""
		if f.Grade != "" {
			incomplete = strconv.FormatBool(f.GradeIncomplete)
		}
		why := f.Estimate.Reason
		if f.State == survey.StateWithheld {
			why = "" // it may count the answers
		}
		s.add(append(cells, f.Grade, incomplete, sharesText(f), why)...)
	}
	return s
}

// estimateCells are the numbers of a figure. Nothing of a withheld one is written, not even how few it rests on.
func estimateCells(f survey.Figure) []any {
	if f.State == survey.StateWithheld {
		return make([]any, 12)
	}
	e := f.Estimate
	return []any{
		e.Value, e.SE, e.Interval.Low, e.Interval.High, level(e), e.Interval.Method,
		e.N, e.Population, e.EffectiveN, e.DF, e.DesignEffect, e.Method,
	}
}

// level is empty where there is no interval that it could be the level of.
func level(e analysis.Estimate) any {
	if e.Interval.Level == 0 {
		return nil
	}
	return e.Interval.Level
}

func boundsCells(b *survey.Bounds) []any {
	if b == nil {
		return []any{nil, nil}
	}
	return []any{b.Min, b.Max}
}

func sharesText(f survey.Figure) string {
	if f.State == survey.StateWithheld {
		return ""
	}
	parts := make([]string, len(f.Shares))
	for i, s := range f.Shares {
		parts[i] = fmt.Sprintf("%d: %.2f", s.Code, s.Percent)
	}
	return strings.Join(parts, "; ")
}

func flagSheet(r *survey.Release, names Names) *sheet {
	s := &sheet{name: "flags", headings: []heading{
		{"wave", asText}, {"state", asText}, {"priority", asValue}, {"framework", asText}, {"node", asText}, {"label_vi", asText},
		{"label_en", asText}, {"unit", asText}, {"unit_name", asText}, {"field", asText}, {"estimate", asValue}, {"se", asFine},
		{"ci_low", asValue}, {"ci_high", asValue}, {"confidence", asValue}, {"n", asCount}, {"n_eff", asCount}, {"target", asValue},
		{"reasons_shown", asText}, {"reasons_not_shown", asText}, {"evidence", asText}, {"gain", asFine}, {"importance", asFine},
		{"transactions", asCount},
	}}
	for _, f := range r.Flags {
		var shown, unshown, evidence []string
		for _, reason := range f.Reasons {
			list := &unshown
			if reason.Shown {
				list = &shown
			}
			*list = append(*list, reason.Code)
			for _, k := range slices.Sorted(maps.Keys(reason.Evidence)) {
				evidence = append(evidence, reason.Code+"."+k+"="+cellText(reason.Evidence[k]))
			}
		}
		e := estimateCells(f.Figure)
		s.add(string(r.Wave), string(f.State), f.Priority, f.Figure.Framework, f.Figure.Node,
			names.Node(f.Figure.Framework, f.Figure.Node, survey.Vietnamese), names.Node(f.Figure.Framework, f.Figure.Node, survey.English),
			string(f.Figure.Domain.Unit), names.Unit(f.Figure.Domain.Unit, survey.Vietnamese), f.Figure.Domain.Field,
			e[0], e[1], e[2], e[3], e[4], e[6], e[8], f.Figure.Target,
			strings.Join(shown, "; "), strings.Join(unshown, "; "), strings.Join(evidence, "; "), f.Gain, f.Derived, f.Affected)
	}
	return s
}

func weightingSheet(r *survey.Release, names Names) *sheet {
	s := &sheet{name: "weighting", headings: []heading{
		{"section", asText}, {"module", asText}, {"name", asText}, {"level", asText}, {"measure", asText}, {"value", asFine}, {"note", asText},
		{"params", asText},
	}}
	number := func(section, module, name, level, measure string, value any) {
		s.add(section, module, name, level, measure, value, nil, nil)
	}
	note := func(section, module string, n survey.Note) {
		s.add(section, module, string(n.Code), nil, nil, nil, n.Text, paramsText(n))
	}
	w := r.Weighting
	for _, c := range []survey.Count{{Kind: "respondents", N: w.Respondents}, {Kind: "invited", N: w.Invited}, {Kind: "register", N: w.Register}, {Kind: "walk_ins", N: w.WalkIns}} {
		number("base", "", c.Kind, "", "count", c.N)
	}
	number("base", "", "response_rate", "", "share", w.ResponseRate)
	for _, d := range w.Dispositions {
		number("dispositions", "", d.Kind, "", "count", d.N)
	}
	for _, m := range w.Modules {
		number("module", m.Module, "respondents", "", "count", m.Respondents)
		number("module", m.Module, "kish_deff", "", "ratio", m.KishEffect)
		number("module", m.Module, "n_eff", "", "count", m.EffectiveN)
		number("module", m.Module, "min_factor", "", "ratio", m.MinFactor)
		number("module", m.Module, "max_factor", "", "ratio", m.MaxFactor)
		number("module", m.Module, "share_trimmed", "", "share", m.ShareTrimmed)
		number("module", m.Module, "iterations", "", "count", m.Iterations)
		s.add("module", m.Module, "converged", nil, nil, nil, strconv.FormatBool(m.Converged), nil)
		for _, n := range m.Failure {
			note("module", m.Module, n)
		}
		for _, g := range m.Margins {
			number("margin", m.Module, g.Margin, marginLevel(g, names), "target", g.Target)
			number("margin", m.Module, g.Margin, marginLevel(g, names), "achieved", g.Achieved)
		}
		for _, c := range m.Collapsed {
			note("collapsed", m.Module, c)
		}
	}
	for _, st := range w.Strata {
		label := labelText(st.Labels, names)
		number("class", "", string(st.Class), label, "population", st.Population)
		number("class", "", string(st.Class), label, "invited", st.Invited)
		number("class", "", string(st.Class), label, "respondents", st.Respondents)
	}
	for _, u := range w.Unanswered {
		number("unanswered_unit", "", string(u.Unit), names.Unit(u.Unit, survey.Vietnamese), "share_of_register", u.Share)
	}
	for _, n := range w.Notes {
		note("note", "", n)
	}
	return s
}

// paramsText writes the parameters of a note as JSON; a note that has a text alone has none.
func paramsText(n survey.Note) string {
	if n.Code == "" {
		return ""
	}
	b, _ := json.Marshal(n.Params) // numbers and text, which can always be written
	return string(b)
}

// marginLevel names the level of a margin that is a unit or a pool of units.
func marginLevel(m survey.MarginResidual, names Names) string {
	return unitsText(m.Level, names)
}

// labelText writes the labels of a class in one cell; "*" means any.
func labelText(labels [survey.Dims]string, names Names) string {
	parts := make([]string, 0, survey.Dims)
	for i, l := range labels {
		if l == "" || l == "*" {
			continue
		}
		if i == survey.DimUnit {
			l = unitsText(l, names)
		}
		parts = append(parts, l)
	}
	if len(parts) == 0 {
		return "*"
	}
	return strings.Join(parts, " · ")
}

// unitsText puts names in the place of unit ids in a label that pools them with bars.
func unitsText(label string, names Names) string {
	ids := strings.Split(label, "|")
	for i, id := range ids {
		ids[i] = names.Unit(survey.UnitID(id), survey.Vietnamese)
	}
	return strings.Join(ids, "|")
}

func aboutSheet(r *survey.Release) *sheet {
	s := &sheet{name: "about", headings: []heading{{"name", asText}, {"value", asText}}}
	s.add("release", r.ID)
	s.add("wave", string(r.Wave))
	s.add("state", string(r.State))
	s.add("made_at", r.MadeAt.UTC().Format("2006-01-02T15:04:05Z"))
	s.add("program", r.Program)
	s.add("data_sha256", r.DataHash)
	u := r.Rules
	for _, rule := range []struct {
		name  string
		value any
	}{
		{"min_answers", u.MinAnswers}, {"min_invited", u.MinInvited}, {"min_respondents", u.MinRespondents},
		{"max_adjustment", u.MaxAdjustment}, {"min_margin", u.MinMargin}, {"level", u.Level},
		{"false_flag_rate", u.FalseFlagRate}, {"lowest_share", u.LowestShare}, {"interval", u.Interval},
		{"gaming.same_share", u.Gaming.SameShare}, {"gaming.same_chance", u.Gaming.SameChance},
		{"gaming.burst_answers", u.Gaming.BurstAnswers}, {"gaming.burst_minutes", u.Gaming.BurstMinutes},
		{"gaming.hasty_seconds", u.Gaming.HastySeconds}, {"gaming.jump_size", u.Gaming.JumpSize},
		{"gaming.opening", strings.Join(u.Gaming.Opening.Days, " ") + " " + u.Gaming.Opening.From + "–" + u.Gaming.Opening.To},
	} {
		s.add("rule."+rule.name, cellText(rule.value))
	}
	return s
}
