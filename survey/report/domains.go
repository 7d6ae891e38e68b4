package report

import (
	"slices"
	"strings"

	"sipas/survey"
)

// family is a set of domains that lie side by side: with what lies outside all of them they make up the whole.
type family uint8

const (
	familyWhole family = iota
	familyUnit
	familyField
	familyGroup
	// What classes pooled, by family: answers of no unit, no field, no group of their own. These are never figures and always among what is kept
	// from being told.
	familyNoUnit
	familyNoField
	familyNoGroup
)

// pooledDomains are the answers that have no label of a family.
var pooledDomains = []domain{{family: familyNoUnit}, {family: familyNoField}, {family: familyNoGroup}}

// domain is a part of the register that figures are made for.
type domain struct {
	survey.Domain
	family family
}

// place is where a row lies: its unit, field and field group as far as its class knows them. An empty label is
// unknown: pooled with others or dropped.
type place struct {
	unit, field, group string
}

func (d domain) holds(p place) bool {
	switch d.family {
	case familyUnit:
		return p.unit == string(d.Unit)
	case familyField:
		return p.field == d.Field
	case familyGroup:
		return p.group == d.Field
	case familyNoUnit:
		return p.unit == ""
	case familyNoField:
		return p.field == ""
	case familyNoGroup:
		return p.group == ""
	}
	return true
}

// single returns the label when it names one value, and "" when the dimension was dropped or pooled.
func single(label string) string {
	if label == "*" || strings.Contains(label, "|") {
		return ""
	}
	return label
}

// figure reports whether the domain may have figures at all.
func (d domain) figure() bool { return d.family < familyNoUnit }

// placeOf returns what a class knows of its transactions.
func placeOf(c survey.Class) place {
	return place{
		unit:  single(c.Labels[survey.DimUnit]),
		field: single(c.Labels[survey.DimField]),
		group: single(c.Labels[survey.DimFieldGroup]),
	}
}

// domainsOf lists the whole wave, every unit of the register, every field that classes hold alone, and every field
// group that classes hold alone. A group that is named like a field is left out: the field is the finer one.
func domainsOf(in *Input) []domain {
	var units, fields, groups []string
	for _, r := range in.Register {
		if r.N > 0 {
			units = append(units, string(r.Unit))
		}
	}
	for _, c := range in.Classes {
		if c.Population == 0 {
			continue
		}
		p := placeOf(c)
		units, fields, groups = append(units, p.unit), append(fields, p.field), append(groups, p.group)
	}
	all := []domain{{}}
	for _, u := range distinct(units) {
		all = append(all, domain{Domain: survey.Domain{Unit: survey.UnitID(u)}, family: familyUnit})
	}
	fields = distinct(fields)
	for _, f := range fields {
		all = append(all, domain{Domain: survey.Domain{Field: f}, family: familyField})
	}
	for _, g := range distinct(groups) {
		if _, taken := slices.BinarySearch(fields, g); !taken {
			all = append(all, domain{Domain: survey.Domain{Field: g}, family: familyGroup})
		}
	}
	return all
}

// distinct sorts labels and drops repeats and the unknown label.
func distinct(labels []string) []string {
	slices.Sort(labels)
	labels = slices.Compact(labels)
	if len(labels) > 0 && labels[0] == "" {
		labels = labels[1:]
	}
	return labels
}

// coverageNotes says of which fields the classes hold only a part alone, so that their figures do not speak
// for all of the field.
func coverageNotes(in *Input) []survey.Note {
	total, unknown, pooled := 0, 0, 0
	for _, c := range in.Classes {
		total += c.Population
		p := placeOf(c)
		if p.field == "" {
			unknown += c.Population
		}
		if p.unit == "" {
			pooled += c.Population
		}
	}
	var notes []survey.Note
	if unknown > 0 && unknown < total {
		notes = append(notes, survey.NewNote(survey.NoteFieldCoverage, survey.NoteParams{Share: shareOf(total-unknown, total)}))
	}
	if pooled > 0 {
		notes = append(notes, survey.NewNote(survey.NotePooledUnits, survey.NoteParams{Share: shareOf(pooled, total)}))
	}
	return notes
}
