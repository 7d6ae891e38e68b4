package survey

import "sipas/analysis"

// Comparability says whether two figures may be held against each other.
type Comparability string

// The verdicts. A marked difference may be read, with what is said beside it; of a refused one there is no number.
const (
	ChangeComparable Comparability = "comparable"
	ChangeMarked     Comparability = "marked"
	ChangeRefused    Comparability = "refused"
)

// The reasons of a verdict, as keys of the catalogue "compare.reason.<…>". The first group refuses.
const (
	CompareNoFigure     = "no_figure"      // one side has no such figure
	CompareWithheld     = "withheld"       // one side is withheld, so that a difference would give it away
	CompareUndefined    = "undefined"      // one side does not measure it
	CompareMeasure      = "measure"        // counted in another measure
	CompareBasis        = "basis"          // other answers or other weights stand behind it
	CompareFramework    = "framework"      // another framework, and no document says that the two compare
	CompareVersion      = "version"        // another version of the framework, and no document says that the two compare
	CompareNode         = "node"           // one framework has no such node
	CompareBreak        = "break"          // the framework says that its scores break between the two years
	CompareWording      = "wording"        // a question was put in other words
	CompareScale        = "scale"          // a question was answered on another scale
	CompareComposition  = "composition"    // made of other indicators, or of other answers, or put together in another way
	CompareProvince     = "province"       // the whole of another province
	CompareUnitNew      = "unit_new"       // the unit is younger than the earlier period, and nothing is known of its parts
	CompareUnitEnded    = "unit_ended"     // the unit was gone by the later period
	CompareUnitSplit    = "unit_split"     // a part of the unit went to several units, so its figure is the past of none
	ComparePartWithheld = "part_withheld"  // a part of the merged unit is withheld
	ComparePartMissing  = "part_missing"   // a part of the merged unit has no figure
	CompareNoWeight     = "weight_missing" // nothing is known to weigh the parts of the merged unit by

	CompareMerged      = "unit_merged"       // the past is the weighted mean of the unit's parts
	CompareRenamed     = "unit_renamed"      // the unit has another id than its only predecessor
	CompareOtherUnit   = "other_unit"        // two different units, on purpose
	CompareSameAnswers = "same_answers"      // two releases of one wave rest on the same answers: no error of the difference
	CompareSameRelease = "same_release"      // two parts of one release, whose covariance is not kept: the error is a bound
	CompareOverlap     = "overlap"           // the periods overlap
	CompareProvisional = "provisional"       // one side may still change
	CompareFollows     = "framework_follows" // another framework, which says that it compares
	CompareModes       = "modes"             // not asked in the same ways of answering
	CompareInterval    = "interval"          // intervals of another level or method
	CompareRules       = "rules"             // weighted by other rules
	CompareGiven       = "given"             // an office's number, without an error
	CompareDocuments   = "documents_today"   // a release does not say what was asked and scored: the wave's documents of today are taken
	CompareWeights     = "weights_today"     // a release does not say by what to weigh the parts: the register of today is taken
)

// ChangeReason is one reason of a verdict. About names what it is about: codes of nodes, ids of units. Text is the framework's own
// sentence, where it has one.
type ChangeReason struct {
	Code  string   `json:"code"`
	About []string `json:"about,omitempty"`
	Text  Text     `json:"text,omitempty"`
}

// ChangePart is a part of a merged unit, with its share of the weights.
type ChangePart struct {
	Unit     UnitID            `json:"unit"`
	Weight   float64           `json:"weight"`
	Share    float64           `json:"share"`
	Estimate analysis.Estimate `json:"figure"`
}

// ChangeEnd is one of the two figures. Its estimate is undefined where it may not be shown.
type ChangeEnd struct {
	Wave     WaveID            `json:"wave"`
	Release  string            `json:"release,omitempty"`
	Number   int               `json:"number,omitempty"` // of a published release
	Unit     UnitID            `json:"unit,omitempty"`
	State    State             `json:"state"`
	Reason   string            `json:"reason,omitempty"`
	Estimate analysis.Estimate `json:"figure"`
	Parts    []ChangePart      `json:"parts,omitempty"` // of a merged unit
}

// Difference is how far two figures are apart: the later less the earlier as they were asked for. Numbers that are not defined
// are nil: the whole difference of a refused pair, the errors where nothing is known of the covariance.
type Difference struct {
	Value *float64 `json:"difference"`
	SE    *float64 `json:"se"`
	Low   *float64 `json:"ci_low"`
	High  *float64 `json:"ci_high"`
	Level float64  `json:"confidence"`
	DF    *float64 `json:"df"`
	P     *float64 `json:"p"` // two-sided
}

// Change is one figure held against another.
type Change struct {
	Framework string         `json:"framework"`
	Node      string         `json:"node"`
	Domain    Domain         `json:"domain"` // of To
	Measure   Measure        `json:"measure"`
	From      ChangeEnd      `json:"from"`
	To        ChangeEnd      `json:"to"`
	Change    Difference     `json:"change"`
	State     Comparability  `json:"state"`
	Reasons   []ChangeReason `json:"reasons"`
}

// Refuses reports whether a reason leaves no difference to show.
func (r ChangeReason) Refuses() bool {
	switch r.Code {
	case CompareMerged, CompareRenamed, CompareOtherUnit, CompareSameAnswers, CompareSameRelease, CompareOverlap, CompareProvisional,
		CompareFollows, CompareModes, CompareInterval, CompareRules, CompareGiven, CompareDocuments, CompareWeights:
		return false
	}
	return true
}

// CompareReasons lists every code of a reason, so that a test can hold the catalogues against it.
func CompareReasons() []string {
	return []string{
		CompareNoFigure, CompareWithheld, CompareUndefined, CompareMeasure, CompareBasis, CompareFramework, CompareVersion, CompareNode,
		CompareBreak, CompareWording, CompareScale, CompareComposition, CompareProvince, CompareUnitNew, CompareUnitEnded, CompareUnitSplit,
		ComparePartWithheld, ComparePartMissing, CompareNoWeight, CompareMerged, CompareRenamed, CompareOtherUnit, CompareSameAnswers,
		CompareSameRelease, CompareOverlap, CompareProvisional, CompareFollows, CompareModes, CompareInterval, CompareRules, CompareGiven,
		CompareDocuments, CompareWeights,
	}
}
