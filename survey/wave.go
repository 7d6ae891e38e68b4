package survey

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
)

// Wave is a survey period: what is asked, how it is scored, what is aimed at.
type Wave struct {
	ID          WaveID          `json:"id"`
	Title       Text            `json:"title"`
	Province    UnitID          `json:"province"` // the unit whose offices are measured
	From        Day             `json:"from"`     // the period of the transactions, both ends included
	To          Day             `json:"to"`
	Instruments []InstrumentRef `json:"instruments"` // at most one for each mode
	Frameworks  []FrameworkRef  `json:"frameworks"`  // what is scored; the first is the headline
	Targets     Targets         `json:"targets"`
	Rules       Rules           `json:"rules"`
	State       WaveState       `json:"state,omitempty"`
}

// WaveState is the life of a wave.
type WaveState string

// The states of a wave. A closed wave takes no answers and its key is gone.
const (
	WaveOpen   WaveState = "open"
	WaveClosed WaveState = "closed"
)

// Targets are what a wave aims at, for each framework, in its own measure.
type Targets map[string]Target

// Target is the aim for the indicators of one framework, with exceptions by node.
type Target struct {
	Indicator float64            `json:"indicator"`
	Nodes     map[string]float64 `json:"nodes,omitempty"`
}

// For returns the target of a node: its own, or the one for all indicators.
func (t Target) For(node string) float64 {
	if v, ok := t.Nodes[node]; ok {
		return v
	}
	return t.Indicator
}

// Rules are the thresholds of a wave. They are data: each stands in the wave's file and is printed with the result.
type Rules struct {
	MinAnswers     int     `json:"min_answers"`     // below this a figure is withheld
	MinInvited     int     `json:"min_invited"`     // invited transactions that share a weighting class
	MinRespondents int     `json:"min_respondents"` // of a nonresponse class
	MaxAdjustment  float64 `json:"max_adjustment"`  // of a nonresponse class, times the overall one
	MinMargin      int     `json:"min_margin"`      // respondents behind a raking level
	Level          float64 `json:"level"`           // of intervals
	FalseFlagRate  float64 `json:"false_flag_rate"` // the stated mean share of false flags
	LowestShare    float64 `json:"lowest_share"`    // "among the lowest" means within this share of the ranks
	Interval       string  `json:"interval"`        // of shares: "beta", "xlogit", …
	Gaming         Gaming  `json:"gaming"`          // when answers at a kiosk are marked
}

// DefaultRules are the thresholds that a wave file states when it leaves them out; they are written into the
// stored wave, so a later version of the program cannot change them.
func DefaultRules() Rules {
	return Rules{
		MinAnswers: 15, MinInvited: 15, MinRespondents: 30, MaxAdjustment: 3, MinMargin: 5,
		Level: 0.95, FalseFlagRate: 0.05, LowestShare: 0.1, Interval: "beta", Gaming: DefaultGaming(),
	}
}

var waveIDPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{0,39}$`)

// ParseWave reads a wave's JSON document and checks it. Instruments and frameworks are checked against
// what is published by whoever stores the wave.
func ParseWave(doc []byte) (*Wave, error) {
	const op = "parse wave"
	w := &Wave{Rules: DefaultRules()}
	if err := decodeStrict(doc, w); err != nil {
		return nil, &Error{Code: CodeDocumentInvalid, Op: op, Err: err}
	}
	if err := w.check(); err != nil {
		return nil, &Error{Code: CodeDocumentInvalid, Op: op, Params: map[string]string{"document": string(w.ID)}, Err: err}
	}
	w.State = WaveOpen
	return w, nil
}

func (w *Wave) check() error {
	if !waveIDPattern.MatchString(string(w.ID)) {
		return fmt.Errorf("id %q: small letters, digits, dot and hyphen, at most 40", w.ID)
	}
	if w.Title[Vietnamese] == "" {
		return fmt.Errorf("no Vietnamese title")
	}
	for _, d := range []Day{w.From, w.To} {
		if day, ok := ParseDay(string(d)); !ok || day != d {
			return fmt.Errorf("day %q is not written 2026-07-01", d)
		}
	}
	if w.To < w.From {
		return fmt.Errorf("the period ends on %s before it begins on %s", w.To, w.From)
	}
	if w.Province == "" {
		return fmt.Errorf("the province is not stated")
	}
	if len(w.Instruments) == 0 || len(w.Frameworks) == 0 {
		return fmt.Errorf("at least one instrument and one framework are needed")
	}
	for fw := range w.Targets {
		if !slices.ContainsFunc(w.Frameworks, func(r FrameworkRef) bool { return r.ID == fw }) {
			return fmt.Errorf("target for %q, which the wave does not score", fw)
		}
	}
	return w.Rules.check()
}

func (r Rules) check() error {
	// Fewer than fifteen would show single people; the law's own publications use fifteen.
	if r.MinAnswers < 15 || r.MinInvited < 15 {
		return fmt.Errorf("min_answers and min_invited are at least 15")
	}
	if r.MinRespondents < 2 || r.MinMargin < 1 || r.MaxAdjustment < 1 {
		return fmt.Errorf("min_respondents is at least 2, min_margin and max_adjustment at least 1")
	}
	if r.Level <= 0 || r.Level >= 1 || r.FalseFlagRate <= 0 || r.FalseFlagRate >= 1 || r.LowestShare <= 0 || r.LowestShare >= 1 {
		return fmt.Errorf("level, false_flag_rate and lowest_share lie between 0 and 1")
	}
	if !slices.Contains([]string{"mean", "xlogit", "asin", "beta", "wilson", "likelihood"}, r.Interval) {
		return fmt.Errorf("interval %q is not known", r.Interval)
	}
	return r.Gaming.check()
}

// JSON returns the wave's document with every rule written out.
func (w *Wave) JSON() ([]byte, error) { return json.MarshalIndent(w, "", "  ") }
