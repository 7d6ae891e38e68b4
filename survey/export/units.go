package export

import (
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"sipas/survey"
)

const (
	colCode = iota
	colParent
	colKind
	colNameVI
	colNameEN
	colValidFrom
	colValidTo
	colSuccessors
)

var unitColumns = []column{
	colCode:       {key: "code", names: []string{"code", "unit code", "ma don vi", "ma"}},
	colParent:     {key: "parent", names: []string{"parent", "parent code", "ma don vi cap tren", "don vi cap tren", "truc thuoc"}},
	colKind:       {key: "kind", names: []string{"kind", "loai", "loai don vi", "cap"}},
	colNameVI:     {key: "name_vi", names: []string{"name vi", "name", "ten", "ten don vi"}},
	colNameEN:     {key: "name_en", names: []string{"name en", "english name", "ten tieng anh"}, optional: true},
	colValidFrom:  {key: "valid_from", names: []string{"valid from", "from", "hieu luc tu", "tu ngay"}},
	colValidTo:    {key: "valid_to", names: []string{"valid to", "to", "hieu luc den", "den ngay"}, optional: true},
	colSuccessors: {key: "successors", names: []string{"successors", "don vi ke thua"}, optional: true},
}

var unitKinds = map[string]survey.UnitKind{
	"province": survey.KindProvince, "city": survey.KindProvince, "tinh": survey.KindProvince, "thanh pho": survey.KindProvince,
	"department": survey.KindDepartment, "so": survey.KindDepartment, "ban": survey.KindDepartment, "so ban nganh": survey.KindDepartment, "board": survey.KindDepartment,
	"commune": survey.KindCommune, "ward": survey.KindCommune, "special region": survey.KindCommune, "special administrative region": survey.KindCommune,
	"xa": survey.KindCommune, "phuong": survey.KindCommune, "dac khu": survey.KindCommune,
}

// unitCode is what a code may be: it becomes part of ids, links and file names.
var unitCode = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.-]{0,31}$`)

// unitLine is a unit on its way: the parent is a code until all lines are read.
type unitLine struct {
	unit       survey.Unit
	line       int
	parent     string
	successors []string
}

// ReadUnits reads units from CSV: code, code or id of the parent, kind, names, first and last day. A parent may stand
// anywhere in the file or among the existing units; the code of a unit that exists is read as that unit when the
// first day is the same, and its line then replaces it. Results are as of ReadTransactions.
func ReadUnits(r io.Reader, name string, existing []survey.Unit) ([]survey.Unit, []BadLine, []Warning, error) {
	t, usable, err := openTable(r, name, unitColumns)
	if err != nil {
		return nil, nil, nil, err
	}
	if !usable {
		return nil, t.faults(), t.warnings, nil
	}
	var lines []unitLine
	first := map[survey.UnitID]int{}
	for t.next() {
		if u := t.unit(first); !t.faulty {
			lines = append(lines, u)
		}
	}
	if t.ended != nil {
		return nil, nil, nil, t.ended
	}
	if len(first) == 0 && len(t.bad) == 0 {
		t.warn(WarningNothing, "", "")
	}

	// Dropping a line may leave another without its parent, so the check runs until nothing falls any more.
	for {
		before := len(lines)
		lines = t.related(lines, existing)
		if len(lines) == before {
			break
		}
	}
	units := make([]survey.Unit, len(lines))
	for i, l := range lines {
		units[i] = l.unit
	}
	return units, t.faults(), t.warnings, nil
}

// unit reads the current line.
func (t *table) unit(first map[survey.UnitID]int) unitLine {
	l := unitLine{line: t.line, parent: strings.Clone(t.text(colParent))}
	code, nameVI, nameEN := t.filled(colCode), t.filled(colNameVI), t.text(colNameEN)
	u := survey.Unit{
		Code: strings.Clone(code), Name: survey.Text{survey.Vietnamese: strings.Clone(nameVI)},
		From: survey.Day(strings.Clone(string(t.day(colValidFrom)))), To: survey.Day(strings.Clone(string(t.day(colValidTo)))),
	}
	if nameEN != "" {
		u.Name[survey.English] = strings.Clone(nameEN)
	}
	if code != "" && !unitCode.MatchString(code) {
		t.fault(colCode, code, ReasonCodeNotAllowed)
	}
	if word := t.filled(colKind); word != "" {
		kind, known := unitKinds[fold(word)]
		if !known {
			t.fault(colKind, word, ReasonKind)
		}
		u.Kind = kind
		if known && kind != survey.KindProvince && l.parent == "" {
			t.fault(colParent, "", ReasonParentNeeded)
		}
	}
	switch {
	case u.From == "" && strings.TrimSpace(t.raw(colValidFrom)) == "":
		t.fault(colValidFrom, "", ReasonEmpty)
	case u.From != "" && u.To != "" && u.To < u.From:
		t.fault(colValidTo, string(u.To), ReasonEndsEarly, "from", string(u.From))
	}
	for _, id := range strings.FieldsFunc(t.text(colSuccessors), func(r rune) bool { return r == '|' || r == ' ' || r == ';' || r == ',' }) {
		l.successors = append(l.successors, strings.Clone(id))
	}
	if code != "" && u.From != "" {
		u.ID = survey.NewUnitID(u.Code, u.From)
		if line, twice := first[u.ID]; twice {
			t.fault(colCode, code, ReasonDuplicate, "first", strconv.Itoa(line))
		} else {
			first[u.ID] = t.line
		}
	}
	l.unit = u
	return l
}

// related resolves parents and successors and returns the lines whose relations hold.
func (t *table) related(lines []unitLine, existing []survey.Unit) []unitLine {
	byID := map[survey.UnitID]survey.Unit{}
	byCode := map[string][]survey.Unit{}
	for _, l := range lines {
		byID[l.unit.ID] = l.unit
		byCode[l.unit.Code] = append(byCode[l.unit.Code], l.unit)
	}
	for _, u := range existing {
		if _, replaced := byID[u.ID]; !replaced {
			byID[u.ID] = u
			byCode[u.Code] = append(byCode[u.Code], u)
		}
	}
	kept := make([]unitLine, 0, len(lines))
	for _, l := range lines {
		t.line, t.faulty = l.line, false
		u := &l.unit
		if l.parent != "" {
			parent, found := byID[survey.UnitID(l.parent)]
			for _, p := range byCode[l.parent] {
				if p.ValidOn(u.From) {
					parent, found = p, true
				}
			}
			if !found {
				t.fault(colParent, l.parent, ReasonParentUnknown, "day", string(u.From))
			}
			u.Parent = parent.ID
		}
		u.Successors = nil
		for _, id := range l.successors {
			if _, found := byID[survey.UnitID(id)]; !found {
				t.fault(colSuccessors, id, ReasonSuccessorUnknown)
				continue
			}
			u.Successors = append(u.Successors, survey.UnitID(id))
		}
		if i := slices.IndexFunc(byCode[u.Code], func(o survey.Unit) bool { return o.ID != u.ID && overlap(*u, o) }); i >= 0 {
			t.fault(colCode, u.Code, ReasonOverlap, "other", string(byCode[u.Code][i].ID))
		}
		if !t.faulty {
			kept = append(kept, l)
		}
	}
	return t.rooted(kept, byID)
}

// rooted drops lines that are their own ancestors, up to a depth that no tree of offices has.
func (t *table) rooted(lines []unitLine, byID map[survey.UnitID]survey.Unit) []unitLine {
	parents := map[survey.UnitID]survey.UnitID{}
	for id, u := range byID {
		parents[id] = u.Parent
	}
	for _, l := range lines {
		parents[l.unit.ID] = l.unit.Parent
	}
	return slices.DeleteFunc(lines, func(l unitLine) bool {
		above := l.unit.Parent
		for range min(len(parents), 1000) {
			if above == "" || above == l.unit.ID {
				break
			}
			above = parents[above]
		}
		if above != l.unit.ID {
			return false
		}
		t.line = l.line
		t.fault(colParent, l.parent, ReasonOwnParent)
		return true
	})
}

// overlap reports whether two units exist on a common day.
func overlap(a, b survey.Unit) bool {
	return (a.To == "" || b.From <= a.To) && (b.To == "" || a.From <= b.To)
}
