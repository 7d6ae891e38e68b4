package estimate

import (
	"fmt"
	"math"
)

// Options are choices which the result states: its interval carries level and
// method, and its DF are the degrees of freedom that were used.
type Options struct {
	Level         float64 // 0 means 0.95
	ShareInterval Method  // "" means Beta; all other kinds have T
	// DF takes the place of the degrees of freedom of each domain in all intervals: those
	// of the whole design, say, or +Inf for the normal distribution. 0 means the
	// domain's own, which is the rule to keep: others make intervals of small domains too narrow.
	DF float64
}

func (o Options) level() float64 {
	if o.Level == 0 {
		return 0.95
	}

	return o.Level
}

// df returns the degrees of freedom to use where the domain's own are given.
func (o Options) df(own float64) float64 {
	if o.DF == 0 {
		return own
	}

	return o.DF
}

func (o Options) check() error {
	if l := o.level(); !(l > 0 && l < 1) {
		return fmt.Errorf("a confidence level lies between 0 and 1, not at %v", l)
	}
	if o.ShareInterval != "" && !o.ShareInterval.known() {
		return fmt.Errorf("there is no interval named %q", o.ShareInterval)
	}
	if math.IsNaN(o.DF) || o.DF < 0 {
		return fmt.Errorf("degrees of freedom must be above zero, not %v", o.DF)
	}

	return nil
}
