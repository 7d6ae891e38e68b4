package web

import (
	"sync"
	"time"

	"sipas/survey"
)

// keyFor is how long the key of a wave is held for the answers that come next.
const keyFor = 2 * time.Second

// heldKeys spares a backlog of answers the reading of a file for each. A key is held for a moment and then wiped, so that one that is
// destroyed is soon gone from here, too.
type heldKeys struct {
	keys Keys
	mu   sync.Mutex
	held map[survey.WaveID]*survey.WaveKey
}

// Key returns the key of a wave as it was a moment ago at most. One that is missing is asked for anew each time.
func (h *heldKeys) Key(wave survey.WaveID) (survey.WaveKey, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if k := h.held[wave]; k != nil {
		return *k, nil
	}
	key, err := h.keys.Key(wave)
	if err != nil {
		return key, err
	}
	if h.held == nil {
		h.held = map[survey.WaveID]*survey.WaveKey{}
	}
	h.held[wave] = &key
	time.AfterFunc(keyFor, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.held, wave)
		key = survey.WaveKey{}
	})
	return key, nil
}
