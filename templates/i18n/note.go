package i18n

import (
	"slices"
	"strings"
	"time"

	"sipas/survey"
)

// NoteWords name in the reader's language what notes speak of by code. A nil function leaves codes as they are.
type NoteWords struct {
	Unit   func(id string) string
	Module func(code string) string
}

func (w NoteWords) module(code string) string {
	if w.Module == nil {
		return code
	}
	return w.Module(code)
}

// Note says a note in a language. A note without a code that this program knows, such as one of a release of an older or of a newer
// program, is its English text: spoken is the language that the sentence is in.
func Note(l Lang, n survey.Note, w NoteWords) (sentence string, spoken Lang) {
	key := "note." + string(n.Code)
	if n.Code == "" || !Has(l, key) {
		return n.Text, EN
	}
	p := n.Params
	modules := make([]string, len(p.Modules))
	for i, m := range p.Modules {
		modules[i] = w.module(m)
	}
	levels := make([]string, len(p.Levels))
	for i, level := range p.Levels {
		levels[i] = LevelText(l, p.Margin, level, w.Unit)
	}
	at := make([]string, len(p.At))
	for i, a := range p.At {
		if at[i] = MarginText(l, a.Margin); a.Level != "" {
			at[i] += " – " + LevelText(l, a.Margin, a.Level, w.Unit)
		}
	}
	decimals := 1
	if n.Code == survey.NoteMarginUnmet {
		decimals = 3
	}
	return T(l, key, "n", p.N, "min", p.Min, "most", p.Most, "share", Percent(l, p.Share, decimals),
		"module", w.module(p.Module), "modules", strings.Join(modules, ", "), "margin", MarginText(l, p.Margin),
		"levels", strings.Join(levels, ", "), "at", strings.Join(at, ", "), "class", classText(l, p.Class, w.Unit),
		"respondents", p.Respondents, "invited", p.Invited, "factor", Number(l, p.Factor, 3), "limit", Exact(l, p.Limit), "node", p.Node,
		"nodes", strings.Join(p.Nodes, ", "), "value", Exact(l, p.Value), "times", Exact(l, p.Times), "framework", p.Framework, "wave", p.Wave), l
}

// Notes says notes as the parts of one sentence.
func Notes(l Lang, notes []survey.Note, w NoteWords) string {
	parts := make([]string, len(notes))
	for i, n := range notes {
		parts[i], _ = Note(l, n, w)
	}
	return strings.Join(parts, "; ")
}

// MarginText names a margin by its dimensions, which are crossed by " × ".
func MarginText(l Lang, margin string) string {
	parts := strings.Split(margin, " × ")
	for i, part := range parts {
		if key := "dimension." + part; Has(l, key) {
			parts[i] = T(l, key)
		}
	}
	return strings.Join(parts, " × ")
}

// LevelText names a level of a margin: each part of a crossing by the word of its own dimension.
func LevelText(l Lang, margin, level string, unit func(id string) string) string {
	dims, parts := strings.Split(margin, " × "), strings.Split(level, " × ")
	if len(dims) != len(parts) {
		return LabelText(l, dims[0], level, unit)
	}
	for i, part := range parts {
		parts[i] = LabelText(l, dims[i], part, unit)
	}
	return strings.Join(parts, " × ")
}

// LabelText is what a reader sees of a label of a dimension: units by name, and pooled values one by one.
func LabelText(l Lang, dim, label string, unit func(id string) string) string {
	switch label {
	case "", "*":
		return T(l, "label.all")
	case "(pooled)":
		return T(l, "label.pooled")
	case "(mixed)":
		return T(l, "label.mixed")
	}
	parts := strings.Split(label, "|")
	for i, part := range parts {
		key := dim + "." + part
		switch month, err := time.Parse("2006-01", part); {
		case dim == survey.DimNames[survey.DimUnit] && unit != nil:
			parts[i] = unit(part)
		case dim == survey.DimNames[survey.DimMonth] && err == nil:
			parts[i] = Month(l, month)
		case Has(l, key):
			parts[i] = T(l, key)
		}
	}
	return strings.Join(parts, " · ")
}

// classText names a weighting class by those of its dimensions that it knows.
func classText(l Lang, labels []string, unit func(id string) string) string {
	var words []string
	for dim, label := range labels[:min(len(labels), survey.Dims)] {
		if label != "*" && label != "" {
			words = append(words, LabelText(l, survey.DimNames[dim], label, unit))
		}
	}
	// A field that is alone in its group has the group's name.
	if words = slices.Compact(words); len(words) == 0 {
		return T(l, "label.all")
	}
	return strings.Join(words, " / ")
}

// SourceText says where a framework comes from. Frameworks that ship with the program say it in English within a document that never
// changes; the catalogue has the same in the languages of the pages. An office's own framework says it in the office's words.
func SourceText(l Lang, f *survey.Framework) string {
	key := "source." + f.ID
	if catalogues[EN][key] == f.Source && Has(l, key) {
		return T(l, key)
	}
	return f.Source
}
