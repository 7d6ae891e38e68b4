package pages

import (
	"math"
	"strconv"
	"strings"

	"sipas/survey"
	"sipas/templates/i18n"
	"sipas/templates/ui"
)

// MethodOf says how a node's figure is made, from the framework's own data: what it is made of and with which weights, what a missing
// part does, how it is rounded, between which bounds it lies, and how its interval is made. shown is the figure itself; one without an
// interval leaves that line out.
func MethodOf(l i18n.Lang, f *survey.Framework, n *survey.Node, shown ui.FigureProps) Method {
	m := Method{}
	add := func(key, text string) {
		if text != "" {
			m.Lines = append(m.Lines, MethodLine{Term: i18n.T(l, "how.term."+key), Text: text})
		}
	}
	if n.Value != nil {
		m.Formula = valueFormula(l, n)
		add("direction", direction(l, n.Value))
		add("unknown", n.Value.Unknown.In(l))
	} else {
		m.Formula = i18n.T(l, "how.combine."+string(n.Combine), "n", combined(n), "intercept", i18n.Exact(l, n.Intercept))
		add("parts", parts(l, n))
		add("missing", i18n.T(l, "how.missing."+string(n.Missing)))
	}
	add("rounding", rounding(l, n))
	add("nominal", boundsWords(l, n.Nominal))
	if n.Attainable != nil && (n.Nominal == nil || *n.Attainable != *n.Nominal) {
		add("attainable", boundsWords(l, n.Attainable))
	}
	if shown.Shown() && !math.IsNaN(shown.Low) {
		add("interval", i18n.T(l, "figure.level", "level", i18n.Percent(l, shown.Level, 0), "method", shown.Method))
	}
	add("withheld", i18n.T(l, "how.withheld", "min", shown.Threshold))
	add("source", i18n.SourceText(l, f))
	return m
}

// combined is how many parts a node's formula names.
func combined(n *survey.Node) int {
	if n.Combine == survey.CombineMeanOfLeaves {
		return len(n.Leaves())
	}
	return len(n.Children)
}

// parts names what a node is made of, with the weights where it has some.
func parts(l i18n.Lang, n *survey.Node) string {
	words := make([]string, 0, len(n.Children))
	for _, c := range n.Children {
		text := c.Code + " " + c.Label.In(l)
		switch {
		case c.Unscored:
			text += " (" + i18n.T(l, "how.unscored") + ")"
		case n.Combine == survey.CombineMean || n.Combine == survey.CombineLinear:
			text += " × " + i18n.Exact(l, c.Coefficient)
		}
		words = append(words, text)
	}
	return strings.Join(words, "; ")
}

func valueFormula(l i18n.Lang, n *survey.Node) string {
	v := n.Value
	if len(v.Rules) > 0 {
		return i18n.T(l, "how.value.rules", "item", strings.Join(v.RuleColumns(), ", "))
	}
	codes := make([]string, len(v.Codes))
	for i, c := range v.Codes {
		codes[i] = strconv.Itoa(c)
	}
	item := v.Item
	if len(v.Items) > 0 {
		item = strings.Join(v.Items, ", ")
	}
	if item == "" {
		item = n.Code
	}
	text := i18n.T(l, "how.value."+v.Kind, "item", item, "codes", strings.Join(codes, ", "))
	if v.Bounds != nil {
		text += " " + i18n.T(l, "how.scaled", "min", i18n.Exact(l, v.Bounds.Min), "max", i18n.Exact(l, v.Bounds.Max))
	}
	return text
}

func direction(l i18n.Lang, v *survey.LeafValue) string {
	if v.Direction == "" {
		return ""
	}
	return i18n.T(l, "how.direction."+v.Direction)
}

func rounding(l i18n.Lang, n *survey.Node) string {
	if n.Round == nil {
		return i18n.T(l, "how.unrounded")
	}
	rule := n.Rounding
	if rule == "" {
		rule = survey.RoundHalfAway
	}
	return i18n.T(l, "how.rounded", "n", *n.Round, "rule", i18n.T(l, "how.rounding."+string(rule)))
}

func boundsWords(l i18n.Lang, b *survey.Bounds) string {
	if b == nil {
		return ""
	}
	return i18n.Exact(l, b.Min) + "–" + i18n.Exact(l, b.Max)
}
