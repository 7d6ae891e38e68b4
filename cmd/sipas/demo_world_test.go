package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"regexp"
	"sync"
	"testing"

	"sipas/data"
	"sipas/survey"
)

// theWorld is the demonstration's world. Tests only read it.
var theWorld = sync.OnceValue(func() *world { return newWorld(demoSeed) })

// worldHash covers the register and every answer in it.
func worldHash(w *world) string {
	h := sha256.New()
	for i, t := range w.Register {
		fmt.Fprintln(h, t, w.answers[i], w.respond[i], w.web[i])
	}
	return hex.EncodeToString(h.Sum(nil))
}

func TestWorldIsTheSameEverywhere(t *testing.T) {
	t.Parallel()
	// The world is made of whole numbers only, so this digest holds on every processor. A change to the world
	// changes it, and with it the pictures and figures that people have seen of the demonstration.
	const want = "ef97dffb5fe455011177c099828d28434fb82d7ef5e4947b81a724adaf8b9233"
	if got := worldHash(theWorld()); got != want {
		t.Errorf("the world's digest is %s, want %s", got, want)
	}
	if worldHash(newWorld(demoSeed+1)) == worldHash(theWorld()) {
		t.Error("another seed makes the same world")
	}
}

func TestWorldIsWhatItSays(t *testing.T) {
	t.Parallel()
	w := theWorld()
	kinds := map[survey.UnitKind]int{}
	units := map[survey.UnitID]survey.Unit{}
	for _, u := range w.Units {
		kinds[u.Kind]++
		units[u.ID] = u
		if u.Name[survey.Vietnamese] == "" || u.Name[survey.English] == "" {
			t.Errorf("unit %s has no name in Vietnamese or English", u.ID)
		}
		if !u.ValidOn(demoFrom) || !u.ValidOn(demoTo) {
			t.Errorf("unit %s did not exist in the quarter", u.ID)
		}
	}
	if kinds[survey.KindProvince] != 1 || kinds[survey.KindCommune] != 96 || kinds[survey.KindDepartment] != 10 {
		t.Errorf("units by kind: %v, want 1 province, 96 communes, 10 departments", kinds)
	}
	if len(w.Register) != demoRegister {
		t.Errorf("%d transactions, want %d", len(w.Register), demoRegister)
	}

	dossier := regexp.MustCompile(`^H\d\d\.\d{2,3}-\d{6}-\d{4,}$`)
	procedure := regexp.MustCompile(`^\d\.\d{6}$`)
	seen := map[string]bool{}
	sizes := map[survey.UnitID]int{}
	byLateness := map[survey.Lateness]int{}
	open := 0
	for i, tr := range w.Register {
		sizes[tr.Unit]++
		byLateness[w.late[i]]++
		if seen[tr.Dossier] || !dossier.MatchString(tr.Dossier) {
			t.Fatalf("dossier code %q is not of the official form or stands twice", tr.Dossier)
		}
		seen[tr.Dossier] = true
		if !procedure.MatchString(tr.Procedure) {
			t.Fatalf("procedure code %q is not of the official form", tr.Procedure)
		}
		last := tr.Returned
		if last == "" {
			open++
			last = tr.Received
		}
		if last < demoFrom || last > demoTo {
			t.Fatalf("%+v is not of the quarter", tr)
		}
		if tr.Returned != "" && tr.Received > tr.Returned || tr.Due != "" && tr.Received > tr.Due {
			t.Fatalf("%+v was received after it was due or returned", tr)
		}
		if w.respond[i] <= 0 || w.respond[i] >= whole || w.web[i] <= 0 || w.web[i] >= whole {
			t.Fatalf("%+v answers with chance %d, by the web with %d", tr, w.respond[i], w.web[i])
		}
		if units[tr.Unit].Kind == survey.KindProvince {
			t.Fatalf("%+v belongs to no office", tr)
		}
	}
	small, large := 0, 0
	for _, n := range sizes {
		if n <= 120 {
			small++
		}
		if n >= 1500 {
			large++
		}
	}
	if len(sizes) != 106 || small < 5 || large < 5 {
		t.Errorf("%d offices, %d of about 100 transactions, %d of 1,500 and more; want 106 and at least 5 each", len(sizes), small, large)
	}
	between(t, "late", float64(byLateness[survey.Late])/demoRegister, 0.10, 0.20)
	between(t, "undated", float64(byLateness[survey.Undated])/demoRegister, 0.02, 0.05)
	between(t, "open", float64(open)/demoRegister, 0.02, 0.06)
}

func between(t *testing.T, what string, got, low, high float64) {
	t.Helper()
	if got < low || got > high {
		t.Errorf("%s: %.4f, want between %v and %v", what, got, low, high)
	}
}

// TestLateDossiersAnswerLessAndAreLessSatisfied is the world's story: it is what makes the plain mean wrong.
func TestLateDossiersAnswerLessAndAreLessSatisfied(t *testing.T) {
	t.Parallel()
	w := theWorld()
	var n, good, willing [2]float64
	for i := range w.Register {
		k := 0
		if w.late[i] == survey.Late {
			k = 1
		}
		n[k]++
		willing[k] += float64(w.respond[i]) / whole
		if w.answers[i][itemAt("overall")] >= 4 {
			good[k]++
		}
	}
	if gap := good[0]/n[0] - good[1]/n[1]; gap < 0.2 {
		t.Errorf("late dossiers are %.3f less satisfied, want at least 0.2", gap)
	}
	if ratio := (willing[0] / n[0]) / (willing[1] / n[1]); ratio < 1.5 {
		t.Errorf("dossiers in time answer %.2f times as often, want at least 1.5", ratio)
	}
	between(t, "expected answers of 20,000 invited", (willing[0]+willing[1])/3, 6500, 7500)
}

func TestPlantedIndicatorsAreBadEnough(t *testing.T) {
	t.Parallel()
	w := theWorld()
	if len(w.Planted) != 3 {
		t.Fatalf("%d planted indicators, want 3", len(w.Planted))
	}
	for _, p := range w.Planted {
		v := goodShare(p.Item)
		var kind survey.UnitKind
		for _, o := range w.Offices {
			if o.Unit.ID == p.Unit {
				kind = o.Unit.Kind
			}
		}
		peers, n := 0.0, 0
		for _, o := range w.Offices {
			if o.Unit.Kind == kind && o.Unit.ID != p.Unit {
				peers += w.truth(v, survey.Domain{Unit: o.Unit.ID})
				n++
			}
		}
		own := w.truth(v, survey.Domain{Unit: p.Unit})
		if gap := peers/float64(n) - own; !(gap >= 0.25) {
			t.Errorf("%s of %s: %.3f, %.3f below its peers, want at least 0.25", p.Item, p.Unit, own, gap)
		}
		if got := w.expectedAnswers(p.Unit, p.Item); got < 150 {
			t.Errorf("%s of %s: %.0f answers expected, want at least 150", p.Item, p.Unit, got)
		}
	}
}

// expectedAnswers is how many valid answers to an item of a service module a unit may expect when a third is invited: on the
// web every module is asked, at a kiosk one of five.
func (w *world) expectedAnswers(unit survey.UnitID, item string) float64 {
	sum := 0.0
	for i, t := range w.Register {
		if t.Unit != unit || w.answers[i][itemAt(item)] < 0 {
			continue
		}
		web := float64(w.web[i]) / whole
		sum += float64(w.respond[i]) / whole / 3 * (web + (1-web)/5)
	}
	return sum * (1 - float64(broken)/whole) * (1 - float64(skipped)/whole)
}

func goodShare(item string) *survey.LeafValue {
	return &survey.LeafValue{Kind: "share", Item: item, Codes: []int{4, 5}}
}

// TestTruthIsTheMeanOverTheRegister recounts one figure of each kind by hand.
func TestTruthIsTheMeanOverTheRegister(t *testing.T) {
	t.Parallel()
	w := theWorld()
	unit := w.Planted[0].Unit
	var valid, good, sum float64
	for i, tr := range w.Register {
		code := w.answers[i][itemAt("s38")]
		if tr.Unit != unit || tr.Field != fieldLand || code < 0 {
			continue
		}
		valid++
		sum += float64(code)
		if code == 4 || code == 5 {
			good++
		}
	}
	in := survey.Domain{Unit: unit, Field: fieldLand}
	for _, c := range []struct {
		v    survey.LeafValue
		want float64
	}{
		{*goodShare("s38"), good / valid},
		{survey.LeafValue{Kind: "score", Item: "s38"}, sum / valid},
		{survey.LeafValue{Kind: "mean", Item: "s38", Bounds: &survey.Bounds{Min: 1, Max: 5}, Direction: "up"}, (sum/valid - 1) / 4},
		{survey.LeafValue{Kind: "mean", Item: "s38", Bounds: &survey.Bounds{Min: 1, Max: 5}, Direction: "down"}, 1 - (sum/valid-1)/4},
	} {
		if got := w.truth(&c.v, in); got != c.want {
			t.Errorf("truth of %+v is %v, want %v", c.v, got, c.want)
		}
	}
	if got := w.truth(goodShare("s38"), survey.Domain{Unit: unit, Field: fieldHealth}); !math.IsNaN(got) {
		t.Errorf("truth of nothing is %v, want NaN", got)
	}
}

// TestAnswersFitTheQuestionnaires holds every true answer, and everything that people send, against the shipped instruments.
func TestAnswersFitTheQuestionnaires(t *testing.T) {
	t.Parallel()
	w := theWorld()
	asked := map[string]bool{}
	d := newDice(demoSeed, streamAnswers)
	for _, id := range []string{"kiosk-2026", "web-2026"} {
		doc, ok := data.Instrument(id)
		if !ok {
			t.Fatalf("instrument %s is not shipped", id)
		}
		in, err := survey.ParseInstrument(doc)
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range in.Items {
			asked[it.Code] = true
		}
		for i := 0; i < len(w.Register); i += 20 {
			modules := in.DrawModules(float64(d.below(whole)) / whole)
			if _, err := survey.CheckSubmission(in, modules, w.fillIn(d, i, in, modules, true)); err != nil {
				t.Fatalf("%+v: %v", w.Register[i], err)
			}
			if _, err := survey.CheckSubmission(in, modules, w.walkIn(d, i, in, modules)); err != nil {
				t.Fatalf("walk-in like %+v: %v", w.Register[i], err)
			}
		}
	}
	for _, it := range items {
		if !asked[it.code] {
			t.Errorf("item %s of the world is in neither questionnaire", it.code)
		}
	}
}
