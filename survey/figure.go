package survey

import (
	"strings"
	"time"

	"sipas/analysis"
)

// Weighting says which weights made a figure.
type Weighting string

// The weightings. Unweighted figures stand beside the weighted ones to show what the weights do; nothing is decided by them.
const (
	Weighted   Weighting = "weighted"
	Unweighted Weighting = "unweighted"
)

// Basis says which answers a figure rests on.
type Basis string

// The bases. Only invited answers are a probability sample; a figure with walk-ins is marked non-probability.
const (
	BasisInvited     Basis = "invited"
	BasisWithWalkIns Basis = "with_walk_ins"
	BasisWalkIns     Basis = "walk_ins"
)

// State says whether a figure may be shown.
type State string

// The states of a figure.
const (
	StateProvisional   State = "provisional"
	StatePublished     State = "published"
	StateWithheld      State = "withheld"
	StateNotComparable State = "not_comparable"
)

// The reasons of a state, as keys of the catalogue "reason.<…>".
const (
	ReasonFewAnswers    = "few_answers"   // fewer answers than the rule asks for
	ReasonComplementary = "complementary" // it would reveal a withheld figure by subtraction
	ReasonUndefined     = "undefined"     // not defined: the estimate says why
	ReasonNoAnswers     = "no_answers"
)

// Domain is the part of the register that a figure speaks of. The empty domain is all of it.
type Domain struct {
	Unit  UnitID `json:"unit,omitempty"`
	Field string `json:"field,omitempty"`
}

// FigureKey names a figure within a wave.
type FigureKey struct {
	Framework string    `json:"framework"`
	Node      string    `json:"node"`
	Domain    Domain    `json:"domain"`
	Weighting Weighting `json:"weighting"`
	Basis     Basis     `json:"basis"`
}

// String writes the key as one line, for maps and files.
func (k FigureKey) String() string {
	return strings.Join([]string{k.Framework, k.Node, string(k.Domain.Unit), k.Domain.Field, string(k.Weighting), string(k.Basis)}, "/")
}

// Figure is an estimate with all that must stand beside it. Of a withheld figure the estimate is undefined
// and only N, rounded down to nothing finer than "fewer than the rule", is left.
type Figure struct {
	FigureKey
	Measure    Measure           `json:"measure"`
	Estimate   analysis.Estimate `json:"estimate"`
	State      State             `json:"state"`
	Reason     string            `json:"reason,omitempty"`
	Target     *float64          `json:"target,omitempty"`
	Nominal    *Bounds           `json:"nominal,omitempty"`
	Attainable *Bounds           `json:"attainable,omitempty"` // with the indicators at hand
	// Grade is the letter of the framework's scale; GradeIncomplete says that indicators are missing, so it flags nothing.
	Grade           string `json:"grade,omitempty"`
	GradeIncomplete bool   `json:"grade_incomplete,omitempty"`
	// Shares are the weighted shares of each answer of an item, in per cent with two decimals, summing to 100.00.
	Shares []Share `json:"shares,omitempty"`
}

// Share is one answer's share of the valid answers of an item.
type Share struct {
	Code    int     `json:"code"`
	Percent float64 `json:"percent"`
}

// FlagState is how urgent a flag is.
type FlagState string

// The states of a flag: below target with at least one further reason shown; something that may be so; or too few to tell.
const (
	FlagRaised FlagState = "flag"
	FlagWatch  FlagState = "watch"
	FlagTooFew FlagState = "too_few"
)

// The reasons of a flag.
const (
	FlagBelowTarget = "below_target"
	FlagLowest      = "among_lowest"
	FlagBelowPeers  = "below_peers"
	FlagFallen      = "fallen"
	FlagLowPoint    = "low_point" // the point lies below target, without evidence
)

// FlagReason is one reason with its evidence, by name, so that a page can put it into a sentence.
type FlagReason struct {
	Code     string             `json:"code"`
	Shown    bool               `json:"shown"` // shown by its test at the stated rate
	Evidence map[string]float64 `json:"evidence"`
}

// Flag is an indicator of a unit that needs attention.
type Flag struct {
	Figure   Figure       `json:"figure"`
	State    FlagState    `json:"state"`
	Reasons  []FlagReason `json:"reasons"`
	Gain     float64      `json:"gain"`         // of the unit's index, if the indicator reached its target
	Derived  float64      `json:"importance"`   // derived importance: correlation with overall satisfaction
	Affected float64      `json:"transactions"` // transactions of the register concerned
	Priority float64      `json:"priority"`     // the product of the three, scaled so that the highest is 100
}

// Release is a set of figures and flags made by one computation. A published release never changes.
type Release struct {
	ID        string       `json:"id"`
	Wave      WaveID       `json:"wave"`
	State     State        `json:"state"` // StateProvisional or StatePublished
	MadeAt    time.Time    `json:"made_at"`
	Program   string       `json:"program"`   // the version that computed it
	DataHash  string       `json:"data_hash"` // SHA-256 over the input rows in key order
	Rules     Rules        `json:"rules"`
	Figures   []Figure     `json:"figures"`
	Flags     []Flag       `json:"flags"`
	Weighting WeightReport `json:"weighting"`
	// Answers is the state of the answers just before a provisional release was computed: what tells whether it still stands. A
	// published release has none.
	Answers *AnswersState `json:"answers,omitempty"`
	// What only a published release has: its place in the wave, what it takes the place of and why, and what proves that it is as it was.
	Number      int      `json:"number,omitempty"`     // 1, 2, 3 … within the wave
	Supersedes  int      `json:"supersedes,omitempty"` // the number before it; 0 for the first
	Reason      string   `json:"reason,omitempty"`     // why it takes the place of the one before
	ContentHash string   `json:"content_hash,omitempty"`
	WeightsHash string   `json:"weights_hash,omitempty"` // SHA-256 over the weights in key order
	Recipe      *Recipe  `json:"recipe,omitempty"`
	Context     *Context `json:"context,omitempty"`
	// WithoutSuspect is the headline once more without the answers that are marked suspect: of the invited, and with walk-ins. It is
	// empty where too few are marked to be told by subtraction.
	WithoutSuspect []Comparison `json:"without_suspect,omitempty"`
	// Disclosed is what the release and all before it let readers know; it is saved with the release and is no part of its document.
	Disclosed *Disclosed `json:"-"`
}

// Comparison is one figure computed twice from the same rows. Figures and flags of a release rest on all answers; nothing is
// decided by the figure without the marked ones.
type Comparison struct {
	Suspect int    `json:"suspect"` // marked answers behind the figure with them
	With    Figure `json:"with"`
	Without Figure `json:"without"`
}

// WeightReport is what must be known of the weights before a figure is believed.
type WeightReport struct {
	Respondents  int              `json:"respondents"` // invited respondents
	Invited      int              `json:"invited"`
	Register     int              `json:"register"`
	ResponseRate float64          `json:"response_rate"`
	WalkIns      int              `json:"walk_ins"`
	Dispositions []Count          `json:"dispositions"`
	Modules      []ModuleWeights  `json:"modules"`
	Strata       []StratumRate    `json:"strata"`     // response rate by class
	Unanswered   []UnansweredUnit `json:"unanswered"` // units without answers
	Notes        []Note           `json:"notes,omitempty"`
}

// Count is a number of things of one kind.
type Count struct {
	Kind string `json:"kind"`
	N    int    `json:"n"`
}

// ModuleWeights are the diagnostics of one module's weights.
type ModuleWeights struct {
	Module       string           `json:"module"`
	Respondents  int              `json:"respondents"`
	KishEffect   float64          `json:"kish_deff"`
	EffectiveN   float64          `json:"n_eff"`
	MinFactor    float64          `json:"min_factor"` // of the calibrated over the base weight
	MaxFactor    float64          `json:"max_factor"`
	ShareTrimmed float64          `json:"share_trimmed"`
	Iterations   int              `json:"iterations"`
	Converged    bool             `json:"converged"`
	Failure      Failures         `json:"failure,omitempty"` // which margins cannot be met, and why
	Margins      []MarginResidual `json:"margins"`
	Collapsed    []Note           `json:"collapsed,omitempty"` // classes and levels that were pooled, and why
}

// MarginResidual is how far a margin is from the register after weighting.
type MarginResidual struct {
	Margin   string  `json:"margin"`
	Level    string  `json:"level"`
	Target   float64 `json:"target"`
	Achieved float64 `json:"achieved"`
}

// StratumRate is the response of one class of the register.
type StratumRate struct {
	Class       ClassID      `json:"class"`
	Labels      [Dims]string `json:"labels"`
	Population  int          `json:"population"`
	Invited     int          `json:"invited"`
	Respondents int          `json:"respondents"`
}

// UnansweredUnit is a unit without a single answer.
type UnansweredUnit struct {
	Unit  UnitID  `json:"unit"`
	Share float64 `json:"share"` // of the register's transactions
}
