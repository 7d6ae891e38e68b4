package survey

import "encoding/json"

// Disclosed is what everything that was ever shown of a wave lets its readers know, by counts of answers: what decides which
// figures may change next. It names counts of what is hidden, so it is never part of a release and nobody is shown it.
type Disclosed struct {
	Wave    WaveID `json:"wave"`
	Epoch   int    `json:"epoch"`   // how many times something was shown, 1 the first
	Release string `json:"release"` // the id of the release that showed it last
	State   State  `json:"state"`   // of that release
	// Document is written and read by package report alone.
	Document json.RawMessage `json:"document"`
}
