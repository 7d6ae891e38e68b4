package survey

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// NoteCode names one kind of note. It is stable: machines read it, and the catalogues of text hold a sentence for people
// under "note.<code>".
type NoteCode string

// The codes of notes, with the parameters that each sets.
const (
	NoteAfterDraw        NoteCode = "after_draw"        // transactions came after the last draw: N, Share of the register
	NoteSuspect          NoteCode = "suspect"           // answers are marked suspect: N
	NoteSuspectFew       NoteCode = "suspect_few"       // some are, too few to be counted: Min
	NoteFieldCoverage    NoteCode = "field_coverage"    // what figures by field speak for: Share of what was drawn from
	NotePooledUnits      NoteCode = "pooled_units"      // units without figures of their own: Share of what was drawn from
	NoteWalkInsOutside   NoteCode = "walk_ins_outside"  // walk-ins of units without transactions: N
	NoteWalkInCoverage   NoteCode = "walk_in_coverage"  // units with walk-ins: N, Share of the register
	NoteStanding         NoteCode = "standing"          // figures stand as they were: N, Min
	NoteStandingBehind   NoteCode = "standing_behind"   // the same, and up to Most answers came since: N, Most, Min
	NoteModuleUnasked    NoteCode = "module_unasked"    // no respondent was asked: Module
	NoteMarginUnmet      NoteCode = "margin_unmet"      // given up after N rounds: Module, Margin, At, Share that At is off
	NoteMarginImpossible NoteCode = "margin_impossible" // given up, because the totals of At contradict each other: Module, Margin, At
	NoteMarginUnfit      NoteCode = "margin_unfit"      // given up, because the total of At does not fit the answers: Module, Margin, At
	NoteMarginsUnmet     NoteCode = "margins_unmet"     // not one margin was met: Modules
	NoteClassesJoined    NoteCode = "classes_joined"    // the rule of joining: Min, Limit, Factor
	NoteClassJoined      NoteCode = "class_joined"      // N classes were joined: Class, Respondents, Invited, Factor
	NoteClassShort       NoteCode = "class_short"       // a class breaks the rule: Class, Respondents, Invited, Factor
	NoteMarginPooled     NoteCode = "margin_pooled"     // Levels of a Margin were pooled: Min, and N respondents together
	NoteColumnComputed   NoteCode = "column_computed"   // the column of a Node is not read, because what it is made of is there
	NoteColumnRead       NoteCode = "column_read"       // a Node is read from its own column in spite of facts beside it
	NoteScoresWithheld   NoteCode = "scores_withheld"   // scores that rest on fewer than Min answers

	// Why a node of a scored framework has no score, or what is to be said of it. These are parts of a sentence.
	NoteCellBlank      NoteCode = "cell_blank"      // the cell of what is scored is blank
	NoteFactBlank      NoteCode = "fact_blank"      // the cell of a fact is blank: Nodes
	NoteColumnMissing  NoteCode = "column_missing"  // a table has no column for it
	NoteColumnsMissing NoteCode = "columns_missing" // a table has no column for it, nor all facts: Nodes
	NoteAnswersMissing NoteCode = "answers_missing" // a file of answers has no column: Node
	NoteNoRule         NoteCode = "no_rule"         // no rule covers the facts
	NoteRateOfNothing  NoteCode = "rate_of_nothing" // the whole of a rate is zero: Node
	NoteGivenAbove     NoteCode = "given_above"     // a node above was given as a whole
	NoteNoValue        NoteCode = "no_value"        // there is none
	NotePartsMissing   NoteCode = "parts_missing"   // parts have no value: Nodes
	NoteFormulaUnknown NoteCode = "formula_unknown" // nobody knows the formula: Nodes
	NotePartsLeftOut   NoteCode = "parts_left_out"  // the score is without parts: Nodes
	NotePartsAtWorst   NoteCode = "parts_at_worst"  // missing parts count as the worst: Nodes
	NoteFewAnswers     NoteCode = "few_answers"     // the score rests on fewer than Min answers
	NotePointsMissing  NoteCode = "points_missing"  // a line of criteria has no points: Nodes are the columns
	NoteAboveMax       NoteCode = "above_max"       // the parts come to more than the scale: Value
	NoteNotAppraised   NoteCode = "not_appraised"   // the unit scored itself
	NoteNoEvidence     NoteCode = "no_evidence"     // a criterion that needs evidence has none
	NoteSelfScored     NoteCode = "self_scored"     // the appraisal is another one: Value
	NoteLinkMissing    NoteCode = "link_missing"    // the wave has no such figure: Wave, Framework
	NoteLinkWithheld   NoteCode = "link_withheld"   // the wave’s figure is not shown: Node, Framework, Wave
	NoteLinkUsed       NoteCode = "link_used"       // a wave’s figure stands in: Times, Value, Node, Framework, Wave
	NoteLinkInstead    NoteCode = "link_instead"    // in the place of what the wave does not measure: Node
)

// english are the sentences of files. The English catalogue says the same.
var english = map[NoteCode]string{
	NoteAfterDraw:        "Transactions that came after the last draw: {n} ({share} of the register). No figure speaks for them.",
	NoteSuspect:          "Answers that are marked suspect: {n}. They count like the others.",
	NoteSuspectFew:       "Fewer than {min} answers are marked suspect. They count like the others.",
	NoteFieldCoverage:    "Figures by field speak for the weighting classes that hold one field alone: {share} of the transactions that were drawn from.",
	NotePooledUnits:      "Units that share a weighting class have no figures of their own: {share} of the transactions that were drawn from.",
	NoteWalkInsOutside:   "Walk-ins of units without transactions in the register: {n}. They count in no figure.",
	NoteWalkInCoverage:   "Units with walk-ins: {n}, with {share} of the register’s transactions. Figures from walk-ins speak for these units only.",
	NoteStanding:         "Figures that stand as they were last shown: {n}. Fewer than {min} answers of each have changed since.",
	NoteStandingBehind:   "Figures that stand as they were last shown: {n}. At most {most} answers of each have changed since, and fewer than {min} could be told by subtraction.",
	NoteModuleUnasked:    "{module}: no respondent was asked.",
	NoteMarginUnmet:      "{module}: the margin {margin} was given up. After {n} rounds it was not met together with the others; furthest off was {at}, by {share} of its total.",
	NoteMarginImpossible: "{module}: the margin {margin} was given up. No weights meet these totals together: {at}.",
	NoteMarginUnfit:      "{module}: the margin {margin} was given up. The register’s total of {at} does not go together with the answers.",
	NoteMarginsUnmet:     "The register’s margins could not be met for {modules}. These figures rest on weights that are adjusted for nonresponse only.",
	NoteClassesJoined:    "Classes are joined until each has {min} respondents and an adjustment of at most {limit} times the overall one, which is {factor}.",
	NoteClassJoined:      "Joined from {n} classes: {class}. {respondents} respondents of {invited} invited, adjusted by {factor}.",
	NoteClassShort:       "Nothing is left to join the class {class} with: {respondents} respondents of {invited} invited, adjusted by {factor}.",
	NoteMarginPooled:     "{margin}: {levels} are pooled, because some have fewer than {min} respondents. Together they have {n}.",
	NoteColumnComputed:   "{node} is computed from what the table has below it; its own column is not read.",
	NoteColumnRead:       "{node} is read from its own column, and not made of the facts beside it.",
	NoteScoresWithheld:   "Scores that rest on fewer than {min} answers are withheld; what would give them away by subtraction is not.",

	NoteCellBlank:      "its cell is blank",
	NoteFactBlank:      "the cell of {nodes} is blank",
	NoteColumnMissing:  "the table has no such column",
	NoteColumnsMissing: "the table has no such column, nor all of {nodes}",
	NoteAnswersMissing: "the file has no column {node}",
	NoteNoRule:         "no rule covers the facts of its row",
	NoteRateOfNothing:  "there is nothing to take a rate of: {node} is 0",
	NoteGivenAbove:     "a node above it is given as a whole",
	NoteNoValue:        "no value",
	NotePartsMissing:   "no value for {nodes}",
	NoteFormulaUnknown: "no formula is known for {nodes}",
	NotePartsLeftOut:   "without {nodes}",
	NotePartsAtWorst:   "without {nodes}, counted as the worst that could be",
	NoteFewAnswers:     "fewer than {min} answers",
	NotePointsMissing:  "there are no points under {nodes}",
	NoteAboveMax:       "its parts come to more than the {value} that it can have",
	NoteNotAppraised:   "not appraised yet",
	NoteNoEvidence:     "no file of evidence is named",
	NoteSelfScored:     "the unit gave itself {value}",
	NoteLinkMissing:    "the wave {wave} has no figure of {framework}",
	NoteLinkWithheld:   "{node} of {framework} is not shown in the wave {wave}",
	NoteLinkUsed:       "{times} × {value}, node {node} of {framework} in the wave {wave}",
	NoteLinkInstead:    "in the place of {node}, which the wave does not measure",
}

// NoteCodes lists every code, so that a test can hold the catalogues of text against it.
func NoteCodes() []NoteCode {
	return []NoteCode{
		NoteAfterDraw, NoteSuspect, NoteSuspectFew, NoteFieldCoverage, NotePooledUnits, NoteWalkInsOutside, NoteWalkInCoverage,
		NoteStanding, NoteStandingBehind, NoteModuleUnasked, NoteMarginUnmet, NoteMarginImpossible, NoteMarginUnfit, NoteMarginsUnmet,
		NoteClassesJoined, NoteClassJoined, NoteClassShort, NoteMarginPooled, NoteColumnComputed, NoteColumnRead, NoteScoresWithheld,
		NoteCellBlank, NoteFactBlank, NoteColumnMissing, NoteColumnsMissing, NoteAnswersMissing, NoteNoRule, NoteRateOfNothing, NoteGivenAbove, NoteNoValue,
		NotePartsMissing, NoteFormulaUnknown, NotePartsLeftOut, NotePartsAtWorst, NoteFewAnswers, NotePointsMissing, NoteNotAppraised, NoteAboveMax,
		NoteNoEvidence, NoteSelfScored, NoteLinkMissing, NoteLinkWithheld, NoteLinkUsed, NoteLinkInstead,
	}
}

// English is the code's sentence in files, with its parameters in braces.
func (c NoteCode) English() string { return english[c] }

// Note is one thing that a computation has to say beside its figures: a code with the parameters of its sentence, and the sentence
// in English for whoever reads a file. Pages say it in the reader's language.
//
// Releases that were published before notes had codes hold them as plain strings, and a published release never changes. Such a note
// has a text alone, is shown as it is, and is written as a string again.
type Note struct {
	Code   NoteCode
	Params NoteParams
	Text   string
}

// NoteParams are what a note's sentence names; the code says which of them are set.
type NoteParams struct {
	N           int         `json:"n,omitempty"`
	Min         int         `json:"min,omitempty"`
	Most        int         `json:"most,omitempty"`
	Share       float64     `json:"share,omitempty"` // from 0 to 1
	Module      string      `json:"module,omitempty"`
	Modules     []string    `json:"modules,omitempty"`
	Margin      string      `json:"margin,omitempty"` // dimensions by DimNames, crossed by " × "
	Levels      []string    `json:"levels,omitempty"` // of the margin
	At          []NoteLevel `json:"at,omitempty"`
	Class       []string    `json:"class,omitempty"` // labels in the order of DimNames
	Respondents int         `json:"respondents,omitempty"`
	Invited     int         `json:"invited,omitempty"`
	Factor      float64     `json:"factor,omitempty"`
	Limit       float64     `json:"limit,omitempty"`
	Node        string      `json:"node,omitempty"`
	Nodes       []string    `json:"nodes,omitempty"`
	Value       float64     `json:"value,omitempty"`
	Times       float64     `json:"times,omitempty"`
	Framework   string      `json:"framework,omitempty"`
	Wave        WaveID      `json:"wave,omitempty"`
}

// NoteLevel names a total of the register: a level of a margin, or the whole margin where there is no level.
type NoteLevel struct {
	Margin string `json:"margin"`
	Level  string `json:"level,omitempty"`
}

// NewNote returns a note with its English text.
func NewNote(code NoteCode, p NoteParams) Note {
	at := make([]string, len(p.At))
	for i, l := range p.At {
		at[i] = strings.TrimSpace(l.Margin + " " + l.Level)
	}
	share := strconv.FormatFloat(100*p.Share, 'f', 1, 64)
	if code == NoteMarginUnmet {
		share = strconv.FormatFloat(100*p.Share, 'f', 3, 64)
	}
	text := strings.NewReplacer(
		"{n}", strconv.Itoa(p.N), "{min}", strconv.Itoa(p.Min), "{most}", strconv.Itoa(p.Most), "{share}", share+"%",
		"{module}", p.Module, "{modules}", strings.Join(p.Modules, ", "), "{margin}", p.Margin, "{levels}", strings.Join(p.Levels, ", "),
		"{at}", strings.Join(at, ", "), "{class}", strings.Join(p.Class, " / "), "{respondents}", strconv.Itoa(p.Respondents),
		"{invited}", strconv.Itoa(p.Invited), "{factor}", strconv.FormatFloat(p.Factor, 'f', 3, 64), "{limit}", strconv.FormatFloat(p.Limit, 'f', -1, 64), "{node}", p.Node,
		"{nodes}", strings.Join(p.Nodes, ", "), "{times}", strconv.FormatFloat(p.Times, 'f', -1, 64), "{value}", strconv.FormatFloat(p.Value, 'f', -1, 64), "{framework}", p.Framework, "{wave}", string(p.Wave),
	).Replace(english[code])
	return Note{Code: code, Params: p, Text: text}
}

// noteDocument is a note as it is written.
type noteDocument struct {
	Code   NoteCode   `json:"code"`
	Params NoteParams `json:"params"`
	Text   string     `json:"text"`
}

// MarshalJSON writes a note as an object, and one that has a text alone as a string.
func (n Note) MarshalJSON() ([]byte, error) {
	if n.Code == "" {
		return json.Marshal(n.Text)
	}
	return json.Marshal(noteDocument(n))
}

// UnmarshalJSON reads both forms.
func (n *Note) UnmarshalJSON(b []byte) error {
	*n = Note{}
	if bytes.HasPrefix(b, []byte(`"`)) {
		return json.Unmarshal(b, &n.Text)
	}
	var d noteDocument
	if err := json.Unmarshal(b, &d); err != nil {
		return fmt.Errorf("read note: %w", err)
	}
	*n = Note(d)
	return nil
}

// Failures say which margins of a module were given up, and why. Older releases say it in one string, which is read as a single
// note that has a text alone, and written as a string again.
type Failures []Note

// MarshalJSON writes a list, or the one string of an older release.
func (f Failures) MarshalJSON() ([]byte, error) {
	if len(f) == 1 && f[0].Code == "" {
		return json.Marshal(f[0])
	}
	return json.Marshal([]Note(f))
}

// UnmarshalJSON reads both forms.
func (f *Failures) UnmarshalJSON(b []byte) error {
	if bytes.HasPrefix(b, []byte(`"`)) {
		*f = Failures{{}}
		return json.Unmarshal(b, &(*f)[0])
	}
	return json.Unmarshal(b, (*[]Note)(f))
}
