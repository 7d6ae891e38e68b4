package pages_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"sipas/static"
)

// kioskOption, kioskItem and kioskConfig are what static/kiosk_queue.js gives the page, as survey/web sends it.
type kioskOption struct {
	Code int               `json:"code"`
	Face int               `json:"face,omitempty"`
	Text map[string]string `json:"text"`
}

type kioskItem struct {
	Code     string            `json:"code"`
	Required bool              `json:"required"`
	Text     map[string]string `json:"text"`
	Options  []kioskOption     `json:"options"`
}

type kioskModule struct {
	Code   string      `json:"code"`
	Chance float64     `json:"chance"`
	Items  []kioskItem `json:"items"`
}

type kioskInstrument struct {
	ID      string        `json:"id"`
	Version int           `json:"version"`
	Core    []kioskItem   `json:"core"`
	Modules []kioskModule `json:"modules"`
	Draw    int           `json:"draw"`
	Comment int           `json:"comment"`
}

type kioskPIN struct {
	Salt       string `json:"salt"`
	Iterations int    `json:"iterations"`
	Hash       string `json:"hash"`
}

type kioskConfig struct {
	Point      string            `json:"point"`
	Office     map[string]string `json:"office"`
	Closed     string            `json:"closed"`
	Instrument *kioskInstrument  `json:"instrument"`
	Languages  []string          `json:"languages"`
	Idle       float64           `json:"idle"`
	Warn       float64           `json:"warn"`
	Thanks     float64           `json:"thanks"`
	PIN        kioskPIN          `json:"pin"`
	Measure    bool              `json:"measure"`
}

// kioskState is how the queue stands when the page opens it.
type kioskState struct {
	Config  *kioskConfig `json:"config"`
	Phase   string       `json:"phase"`
	Trouble string       `json:"trouble"`
	PxPerMM float64      `json:"pxPerMM"`
	Waiting int          `json:"waiting"`
	Update  bool         `json:"update"`
}

// kioskSaved is one saving of a sitting.
type kioskSaved struct {
	ID          string         `json:"id"`
	Revision    int            `json:"revision"`
	Ready       bool           `json:"ready"`
	Token       string         `json:"token"`
	Disposition string         `json:"disposition"`
	Language    string         `json:"language"`
	Answers     map[string]int `json:"answers"`
	Comment     string         `json:"comment"`
}

// fakeKiosk stands behind testdata/kiosk_queue.js, which is served in the place of the real one.
type fakeKiosk struct {
	mu      *sync.Mutex
	state   kioskState
	draws   []float64 // of the sittings to come; 0 when there are none
	saved   []kioskSaved
	calls   map[string][]string // what was asked besides, by path
	refuses func(kioskSaved) (refusal, failure string)
}

func newFakeKiosk() fakeKiosk {
	in := readInstrument("kiosk-2026")
	items := func(codes ...string) []kioskItem {
		var out []kioskItem
		for _, code := range codes {
			for _, item := range in.Items {
				if item.Code == code {
					out = append(out, kioskItem{Code: code, Required: item.Required, Text: item.Text, Options: kioskOptions(in, item.Scale)})
				}
			}
		}
		return out
	}
	office := map[string]string{}
	for l, name := range sampleOffice {
		office[string(l)] = name
	}
	return fakeKiosk{
		mu: &sync.Mutex{}, calls: map[string][]string{},
		state: kioskState{Phase: "ready", Config: &kioskConfig{
			Point: "Quầy một cửa số 1", Office: office, Languages: []string{"vi", "en", "zh"}, Idle: 45, Warn: 20, Thanks: 1,
			// 248163, salted with eight zeros, one round: quick for a test.
			PIN: kioskPIN{Salt: "0000000000000000", Iterations: 1, Hash: "40b052dd7f52691fe0f7b95f005ad050fb2228a308f1aea4a7eb026a7b8f2a57"},
			Instrument: &kioskInstrument{ID: "kiosk-2026", Version: 1, Draw: 1, Comment: 300, Core: items("overall"), Modules: []kioskModule{
				{Code: "m1", Chance: 0.25, Items: items("s32", "s29", "s33", "law7")},
				{Code: "m2", Chance: 0.25, Items: items("law1", "law3", "law4", "law7")},
				{Code: "m3", Chance: 0.5, Items: items("s24", "s25", "s32", "s37")},
			}},
		}},
		refuses: func(kioskSaved) (string, string) { return "", "" },
	}
}

func kioskOptions(in instrument, scale string) []kioskOption {
	var out []kioskOption
	for _, s := range in.Scales {
		if s.ID != scale {
			continue
		}
		for _, level := range s.Levels {
			o := kioskOption{Code: level.Code, Text: level.Label}
			if s.Faces {
				o.Face = level.Code
			}
			out = append(out, o)
		}
		for _, level := range s.Missing {
			out = append(out, kioskOption{Code: level.Code, Text: level.Label})
		}
	}
	return out
}

func (k *fakeKiosk) handle(mux *http.ServeMux) {
	mux.HandleFunc("GET "+static.URL("kiosk_queue.js"), func(w http.ResponseWriter, r *http.Request) {
		source, err := os.ReadFile("testdata/kiosk_queue.js")
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		_, _ = w.Write(source)
	})
	mux.HandleFunc("GET /fake/state", func(w http.ResponseWriter, _ *http.Request) {
		k.mu.Lock()
		defer k.mu.Unlock()
		_ = json.NewEncoder(w).Encode(k.state)
	})
	mux.HandleFunc("POST /fake/sitting", func(w http.ResponseWriter, _ *http.Request) {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.calls["sitting"] = append(k.calls["sitting"], "")
		draw := 0.0
		if len(k.draws) > 0 {
			draw, k.draws = k.draws[0], k.draws[1:]
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"id": fmt.Sprintf("%032x", len(k.calls["sitting"])), "draw": draw})
	})
	mux.HandleFunc("POST /fake/save", func(w http.ResponseWriter, r *http.Request) {
		k.mu.Lock()
		defer k.mu.Unlock()
		var s kioskSaved
		if err := json.NewDecoder(r.Body).Decode(&s); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		refusal, failure := k.refuses(s)
		if failure == "" {
			k.saved = append(k.saved, s)
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"refusal": refusal, "error": failure})
	})
	mux.HandleFunc("POST /fake/enrol", func(w http.ResponseWriter, r *http.Request) {
		var code string
		_ = json.NewDecoder(r.Body).Decode(&code)
		k.note("enrol", code)
		if code != "k7m29xqd" {
			_ = json.NewEncoder(w).Encode(map[string]string{"error": "enrolment_unknown"})
			return
		}
		config := newFakeKiosk().state.Config
		config.Measure = true
		_ = json.NewEncoder(w).Encode(map[string]any{"ok": true, "config": config})
	})
	for _, name := range []string{"measured", "drain", "takeover"} {
		mux.HandleFunc("POST /fake/"+name, func(w http.ResponseWriter, r *http.Request) {
			var about json.RawMessage
			_ = json.NewDecoder(r.Body).Decode(&about)
			k.note(name, string(about))
			_ = json.NewEncoder(w).Encode(map[string]bool{"ok": true})
		})
	}
}

func (k *fakeKiosk) note(call, about string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.calls[call] = append(k.calls[call], about)
}

// called returns what was asked under a path so far.
func (k *fakeKiosk) called(name string) []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.calls[name])
}

// eventually waits until what was saved is what done asks for.
func (k *fakeKiosk) eventually(t *testing.T, done func([]kioskSaved) bool) []kioskSaved {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		k.mu.Lock()
		got := slices.Clone(k.saved)
		k.mu.Unlock()
		if done(got) {
			return got
		}
		select {
		case <-deadline:
			t.Fatalf("what was waited for did not come; saved: %+v", got)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func last(got []kioskSaved) kioskSaved {
	if len(got) == 0 {
		return kioskSaved{}
	}
	return got[len(got)-1]
}
