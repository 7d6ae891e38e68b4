package flag

import (
	"fmt"
	"math"
	"slices"
)

// Reason names a ground of a flag.
type Reason string

const (
	ReasonTarget Reason = "below_target"
	ReasonLowest Reason = "among_lowest"
	ReasonPeers  Reason = "below_peers"
	ReasonFallen Reason = "fallen"
)

// Evidence is what is known about one indicator of one unit. A p-value is NaN where the
// test was not possible, and then that reason cannot be stated.
type Evidence struct {
	Key      string
	N        int     // answers
	TargetP  float64 // of BelowTarget
	LowestP  float64 // of LowestP
	PeersP   float64 // of Peers
	FallenP  float64 // of Change
	LowPoint bool    // the point estimate alone is low, by whatever rule the caller has
}

// further returns the p-values of the reasons beside the target, in their order.
func (e Evidence) further() []reasonP {
	return []reasonP{{ReasonLowest, e.LowestP}, {ReasonPeers, e.PeersP}, {ReasonFallen, e.FallenP}}
}

type reasonP struct {
	reason Reason
	p      float64
}

// Rule holds the thresholds.
type Rule struct {
	Q         float64 // bound on the expected share of false flags
	MinN      int     // fewer answers: neither flag nor watch
	Arbitrary bool    // hold Q under any dependence between the p-values
}

// State is the verdict.
type State string

const (
	Flagged State = "flag"
	Watch   State = "watch"
	None    State = "none"
	TooFew  State = "too_few"
)

// Verdict is the state of one indicator with what it rests on. P-values adjusted
// by Benjamini and Hochberg, each reason's over its own family, are for the reader; the flag
// itself rests on the joint rule of the package's documentation, whose adjusted p-value is Flag.
type Verdict struct {
	Key     string
	State   State
	Reasons []Reason // stated: of a flag under the joint rule, of a watch shown alone
	Flag    float64  // the smallest q at which this would be a flag
	Target  float64
	Lowest  float64
	Peers   float64
	Fallen  float64
}

// Judge gives the verdicts on a whole family, in its order. The expected share of
// false flags is at most Q; the package's documentation has the argument.
func Judge(family []Evidence, rule Rule) ([]Verdict, error) {
	if !(rule.Q > 0 && rule.Q < 1) {
		return nil, fmt.Errorf("flag: the share of false flags must be bounded between 0 and 1, not at %v", rule.Q)
	}
	for _, e := range family {
		for _, r := range append(e.further(), reasonP{ReasonTarget, e.TargetP}) {
			if r.p < 0 || r.p > 1 {
				return nil, fmt.Errorf("flag: %s has a p-value of %v for %s", e.Key, r.p, r.reason)
			}
		}
	}
	alone := aloneAdjusted(family, rule)
	p := make([]float64, len(family)) // of each indicator
	tests := make([]int, len(family)) // J
	m := 0

	for i, e := range family {
		p[i], tests[i] = e.joint(rule)
		if !math.IsNaN(p[i]) {
			m++
		}
	}
	adjusted := BenjaminiHochberg(p)
	penalty := 1.0

	if rule.Arbitrary {
		penalty = 0
		for k := 1; k <= m; k++ {
			penalty += 1 / float64(k)
		}
	}
	selected := 0

	for i := range adjusted {
		adjusted[i] = math.Min(1, adjusted[i]*penalty)
		if adjusted[i] <= rule.Q {
			selected++
		}
	}
	out := make([]Verdict, len(family))

	for i, e := range family {
		v := Verdict{
			Key: e.Key, State: None, Flag: adjusted[i],
			Target: alone[0][i], Lowest: alone[1][i], Peers: alone[2][i], Fallen: alone[3][i],
		}
		switch {
		case e.N < rule.MinN:
			v.State = TooFew
		case adjusted[i] <= rule.Q:
			v.State = Flagged
			v.Reasons = e.stated(float64(selected) * rule.Q / penalty / float64(m) / float64(tests[i]))
		default:
			v.Reasons = shownAlone(v, rule.Q)
			if len(v.Reasons) > 0 || e.LowPoint {
				v.State = Watch
			}
		}
		out[i] = v
	}

	return out, nil
}

// joint is J·min_r max(p_target, p_r), and J. It is NaN for an indicator that cannot be flagged.
func (e Evidence) joint(rule Rule) (p float64, tests int) {
	if e.N < rule.MinN || math.IsNaN(e.TargetP) {
		return math.NaN(), 0
	}
	least := math.NaN()

	for _, r := range e.further() {
		if math.IsNaN(r.p) {
			continue
		}
		tests++
		if both := math.Max(e.TargetP, r.p); !(both >= least) {
			least = both
		}
	}

	return math.Min(1, least*float64(tests)), tests
}

// stated returns the reasons whose pair with the target has at most this p-value.
// The comparison allows for the rounding between the step-up rule and this form of it.
func (e Evidence) stated(limit float64) []Reason {
	out := []Reason{ReasonTarget}

	for _, r := range e.further() {
		if math.Max(e.TargetP, r.p) <= limit*(1+1e-12) {
			out = append(out, r.reason)
		}
	}

	return out
}

func aloneAdjusted(family []Evidence, rule Rule) [4][]float64 {
	var out [4][]float64

	for k, of := range []func(Evidence) float64{
		func(e Evidence) float64 { return e.TargetP },
		func(e Evidence) float64 { return e.LowestP },
		func(e Evidence) float64 { return e.PeersP },
		func(e Evidence) float64 { return e.FallenP },
	} {
		p := make([]float64, len(family))
		for i, e := range family {
			p[i] = of(e)
			if e.N < rule.MinN {
				p[i] = math.NaN()
			}
		}
		out[k] = BenjaminiHochberg(p)
	}

	return out
}

func shownAlone(v Verdict, q float64) []Reason {
	var out []Reason

	for _, r := range []reasonP{{ReasonTarget, v.Target}, {ReasonLowest, v.Lowest}, {ReasonPeers, v.Peers}, {ReasonFallen, v.Fallen}} {
		if r.p <= q {
			out = append(out, r.reason)
		}
	}

	return slices.Clip(out)
}
