package export

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// Reason says why a line is bad or odd. It is stable: machines read it.
type Reason string

// The reasons for which a line cannot be loaded.
const (
	ReasonEncoding         Reason = "encoding"            // not UTF-8
	ReasonQuoting          Reason = "quoting"             // a quotation mark in the middle of a cell, or one that never ends
	ReasonColumns          Reason = "columns"             // another number of cells than the header
	ReasonColumnMissing    Reason = "column_missing"      // the header lacks a column
	ReasonColumnTwice      Reason = "column_twice"        // two columns have the same name
	ReasonNoHeader         Reason = "no_header"           // the file is empty
	ReasonEmpty            Reason = "empty"               // a cell that must be filled is not
	ReasonTooLong          Reason = "too_long"            // more letters than any real value
	ReasonControl          Reason = "control_character"   // a character that cannot be printed
	ReasonDay              Reason = "unreadable_day"      // not a day in a known writing
	ReasonDuplicate        Reason = "duplicate"           // the key stands on an earlier line: "first"
	ReasonUnitUnknown      Reason = "unknown_unit"        // no unit has the code
	ReasonUnitNotValid     Reason = "unit_not_valid"      // the unit did not exist on that day
	ReasonUnitElsewhere    Reason = "unit_elsewhere"      // the unit is not in the wave's province
	ReasonChannel          Reason = "unknown_channel"     // not a way of filing
	ReasonReturnedEarly    Reason = "returned_too_early"  // returned before received
	ReasonDueEarly         Reason = "due_before_received" // it would count as late by a slip of the pen
	ReasonPeriod           Reason = "outside_period"      // not under way during the wave's period
	ReasonKind             Reason = "unknown_kind"        // not a kind of unit
	ReasonParentUnknown    Reason = "unknown_parent"      // no unit has the parent's code
	ReasonParentNeeded     Reason = "parent_needed"       // only a province stands alone
	ReasonEndsEarly        Reason = "ends_before_begin"   // valid to before valid from
	ReasonOverlap          Reason = "overlap"             // the code means another unit at the same time
	ReasonSuccessorUnknown Reason = "unknown_successor"   // no unit has the successor's id
	ReasonOwnParent        Reason = "own_parent"          // the unit is its own parent or ancestor
	ReasonCodeNotAllowed   Reason = "code_not_allowed"    // a code with letters that ids cannot hold
	ReasonFieldNotAllowed  Reason = "field_not_allowed"   // a field with the letters that join pooled fields
	ReasonNumber           Reason = "unreadable_number"   // not a number in a known writing
	ReasonBounds           Reason = "out_of_bounds"       // outside the values that can come
	ReasonCriterion        Reason = "unknown_criterion"   // no part of the index has the code
	ReasonRead             Reason = "not_computable"      // the cells of the line do not go together: "why"
	WarningUnitUnknown     Reason = "unit_not_known"      // a unit that nothing is known of
	WarningColumnIgnored   Reason = "column_ignored"      // a column that nothing reads
	WarningDossierOdd      Reason = "dossier_odd"         // a dossier code of unusual form
	WarningFuture          Reason = "future_day"          // a day after the file was made
	WarningNormalized      Reason = "respelled"           // letters brought to composed form
	WarningManyUndated     Reason = "undated"             // no due day: a class of its own
	WarningNothing         Reason = "no_lines"            // a header and nothing below it
)

// BadLine is one fault of one line. A line with several faults is named several times.
type BadLine struct {
	File   string            `json:"file"`
	Line   int               `json:"line"`
	Column string            `json:"column,omitempty"` // the heading as the file has it
	Value  string            `json:"value,omitempty"`  // what stands there, cut where it is long
	Reason Reason            `json:"reason"`
	Params map[string]string `json:"params,omitempty"` // what the sentence names
}

// Warning is something odd that does not keep a line from being loaded. Many lines with the same oddity
// are one warning that counts them.
type Warning struct {
	File   string `json:"file"`
	Line   int    `json:"line"` // the first one
	Column string `json:"column,omitempty"`
	Value  string `json:"value,omitempty"` // of the first line
	Reason Reason `json:"reason"`
	Count  int    `json:"count"`
}

var sentences = map[Reason]string{
	ReasonEncoding:         "is not UTF-8; save the file as CSV UTF-8",
	ReasonQuoting:          "has a quotation mark that is not closed or not doubled",
	ReasonColumns:          "has {cells} cells where the header has {columns}",
	ReasonColumnMissing:    "is missing from the header; call it {names}",
	ReasonColumnTwice:      "stands twice in the header; keep one",
	ReasonNoHeader:         "the file is empty; the first line must name the columns",
	ReasonEmpty:            "is empty and must be filled",
	ReasonTooLong:          "is longer than {max} letters",
	ReasonControl:          "holds a character that cannot be printed",
	ReasonDay:              "is not a day; write 2026-07-31 or 31/07/2026",
	ReasonDuplicate:        "stands already on line {first}",
	ReasonUnitUnknown:      "is not the code of a unit",
	ReasonUnitNotValid:     "is a unit that did not exist on {day}",
	ReasonUnitElsewhere:    "is a unit outside {province}",
	ReasonChannel:          "is not a way of filing; write counter, online or post",
	ReasonReturnedEarly:    "lies before the day of receipt, {received}",
	ReasonDueEarly:         "lies before the day of receipt, {received}",
	ReasonPeriod:           "puts the dossier outside the wave's period, {from} to {to}",
	ReasonKind:             "is not a kind of unit; write province, department or commune",
	ReasonParentUnknown:    "is not the code of a unit that exists on {day}",
	ReasonParentNeeded:     "is empty; only a province stands without a parent",
	ReasonEndsEarly:        "lies before the first day, {from}",
	ReasonOverlap:          "is the code of another unit during that time: {other}",
	ReasonSuccessorUnknown: "is not the id of a unit, written code@first-day",
	ReasonOwnParent:        "makes the unit its own ancestor",
	ReasonCodeNotAllowed:   "holds a letter that codes cannot have; use letters, digits, dot and hyphen",
	ReasonFieldNotAllowed:  "holds | or *, which mark fields that are counted together; write it without",
	ReasonNumber:           "is not a number; write 0.5 or 0,5 and leave the cell empty where there is none",
	ReasonBounds:           "lies outside {min} to {max}",
	ReasonCriterion:        "is no part of the index; \"sipas framework show\" lists its codes",
	ReasonRead:             "{why}",
	WarningUnitUnknown:     "is not a province of that time; it is scored as it is written",
	WarningColumnIgnored:   "is not a column that is read; it was left out",
	WarningDossierOdd:      "does not look like a dossier code; that alone keeps no line out",
	WarningFuture:          "lies after the day on which the file was made",
	WarningNormalized:      "was brought to composed letters",
	WarningManyUndated:     "is empty: the dossier counts as undated",
	WarningNothing:         "the file has a header and no lines",
}

// Sentence says in English what is wrong and, where it is not plain, what to do.
func (b BadLine) Sentence() string {
	s := sentences[b.Reason]
	for _, k := range slices.Sorted(maps.Keys(b.Params)) {
		s = strings.ReplaceAll(s, "{"+k+"}", b.Params[k])
	}
	if hint := b.Params["hint"]; hint != "" {
		s += " (" + hint + ")"
	}
	if near := b.Params["near"]; near != "" {
		s += fmt.Sprintf(" (did a spreadsheet drop leading zeros? %s is one)", near)
	}
	return s
}

// String writes the fault as one line: place, column, value, sentence.
func (b BadLine) String() string { return place(b.File, b.Line, b.Column, b.Value) + b.Sentence() }

// String writes the warning as one line.
func (w Warning) String() string {
	s := place(w.File, w.Line, w.Column, w.Value) + sentences[w.Reason]
	if w.Count > 1 {
		s += fmt.Sprintf(" (%d lines in all)", w.Count)
	}
	return s
}

func place(file string, line int, column, value string) string {
	s := fmt.Sprintf("%s:%d: ", file, line)
	if column != "" {
		s += column + " "
	}
	if value != "" {
		s += fmt.Sprintf("%q ", value)
	}
	return s
}

// clip cuts a value for a report, on a letter.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
