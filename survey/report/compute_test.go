package report

import (
	"context"
	"encoding/json"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	sampling "sipas/analysis/sample"
	"sipas/survey"
)

// rowsJSON writes every weight.
func rowsJSON(t testing.TB, w *Weights) string {
	t.Helper()
	var rows []WeightRow
	for _, r := range w.Rows {
		rows = append(rows, r)
	}
	return asJSON(t, rows)
}

// computeWorld makes a provisional release of a world.
func computeWorld(t testing.TB, w *world) (*survey.Release, *Weights) {
	t.Helper()
	r, weights, err := Compute(context.Background(), w.in, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r, weights
}

func find(t testing.TB, r *survey.Release, key survey.FigureKey) survey.Figure {
	t.Helper()
	if key.Weighting == "" {
		key.Weighting = survey.Weighted
	}
	if key.Basis == "" {
		key.Basis = survey.BasisInvited
	}
	for _, f := range r.Figures {
		if f.FigureKey == key {
			return f
		}
	}
	t.Fatalf("no figure %s", key)
	return survey.Figure{}
}

func near(t testing.TB, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s is %v, not %v", what, got, want)
	}
}

// Raking promises that the weights count the register, module by module and level by level.
func TestWeightsReproduceTheRegister(t *testing.T) {
	w := newWorld(t, setting{units: 12, cases: 9000, seed: 3})
	w.draw(t, 0.4, 3)
	r, weights := computeWorld(t, w)
	if len(r.Weighting.Modules) != 6 {
		t.Fatalf("%d modules, want the core, the law's and four", len(r.Weighting.Modules))
	}
	for m, d := range r.Weighting.Modules {
		if !d.Converged || len(d.Failure) > 0 {
			t.Fatalf("module %s: %v", d.Module, d.Failure)
		}
		if len(d.Margins) == 0 {
			t.Fatalf("module %s reports no margin", d.Module)
		}
		for _, x := range d.Margins {
			// The tolerance of raking is a billionth of each level.
			near(t, d.Module+" "+x.Margin+" "+x.Level, x.Achieved, x.Target, 1e-8*x.Target)
		}
		sum, asked := 0.0, 0
		for _, row := range weights.Rows {
			sum += row.Weights[m]
			if row.Weights[m] > 0 {
				asked++
			}
		}
		near(t, "sum of weights of "+d.Module, sum, 9000, 1e-4)
		if asked != d.Respondents {
			t.Errorf("%s: %d rows have a weight, %d respondents are reported", d.Module, asked, d.Respondents)
		}
		if !(d.MinFactor > 0 && d.MinFactor <= 1 && d.MaxFactor >= 1 && d.EffectiveN <= float64(d.Respondents) && d.KishEffect >= 1) {
			t.Errorf("%s: diagnostics do not fit together: %+v", d.Module, d)
		}
	}
	// By unit, the margin that the crossing implies: counted here from the exported weights.
	got := map[string]float64{}
	place := map[survey.ClassID]string{}
	for _, c := range w.in.Classes {
		place[c.ID] = c.Labels[survey.DimUnit]
	}
	for _, row := range weights.Rows {
		got[place[row.Class]] += row.Weights[0]
	}
	for u := range 12 {
		want := 0
		for _, c := range w.in.Register {
			if c.Unit == survey.UnitID(unitName(u)) {
				want += c.N
			}
		}
		near(t, "register of "+unitName(u), got[unitName(u)], float64(want), 1e-5)
	}
}

// When everybody is invited and answers, nothing is left to chance: values are the register's, standard errors zero.
func TestCensusIsExact(t *testing.T) {
	w := newWorld(t, setting{units: 5, cases: 600, seed: 5, bare: true, answer: func(bool) float64 { return 1 }})
	w.drawFrom(t, buildMap(t, w, 1), 5)
	// The core is the only module that a kiosk always asks, so let every item be in it.
	whole := *w.in.Instruments[webRef]
	w.in.Instruments = map[survey.InstrumentRef]*survey.Instrument{webRef: &whole}
	whole.Core, whole.Modules = nil, nil
	for _, item := range whole.Items {
		whole.Core = append(whole.Core, item.Code)
	}
	for i := range w.in.Responses {
		r := &w.in.Responses[i]
		r.Instrument, r.Modules = webRef, nil
	}
	w.answerAll()
	r, _ := computeWorld(t, w)
	for _, item := range serviceItems {
		f := find(t, r, survey.FigureKey{Framework: "sipas-2022", Node: item})
		near(t, item, f.Estimate.Value, w.share(item, nil), 1e-9)
		if f.Estimate.SE != 0 || f.Estimate.Interval.Low != f.Estimate.Value || f.Estimate.Interval.High != f.Estimate.Value {
			t.Errorf("%s: a census has an error of %v and an interval of %+v", item, f.Estimate.SE, f.Estimate.Interval)
		}
	}
	near(t, "index", find(t, r, survey.FigureKey{Framework: "sipas-2022", Node: "II"}).Estimate.Value, w.index(nil), 1e-9)
	unit := survey.UnitID(unitName(2))
	f := find(t, r, survey.FigureKey{Framework: "sipas-2022", Node: "s30", Domain: survey.Domain{Unit: unit}})
	near(t, "unit", f.Estimate.Value, w.share("s30", func(l sampling.Labels) bool { return l[sampling.Unit] == string(unit) }), 1e-9)
	near(t, "unit's error", f.Estimate.SE, 0, 0)
}

// answerAll gives every response the answers of an applicant of its class; in a census there is one for each.
func (w *world) answerAll() {
	m := map[survey.ClassID][]int{}
	for i, c := range w.cases {
		for _, k := range w.in.Classes {
			if classHolds(k, c.Labels) {
				m[k.ID] = append(m[k.ID], i)
				break
			}
		}
	}
	for i := range w.in.Responses {
		r := &w.in.Responses[i]
		at := m[r.Class][0]
		m[r.Class] = m[r.Class][1:]
		r.Answers = maps.Clone(w.truth[at])
	}
}

func classHolds(k survey.Class, l sampling.Labels) bool {
	for d, label := range k.Labels {
		if label != "*" && !slices.Contains(strings.Split(label, "|"), l[d]) {
			return false
		}
	}
	return true
}

func buildMap(t testing.TB, w *world, fraction float64) *sampling.Map {
	t.Helper()
	m, err := sampling.Build(w.cases, sampling.Rule{Fraction: fraction, Min: 15})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Weighted answers of all units make the whole: Σ N_u y_u = N y.
func TestUnitsSumToTheWhole(t *testing.T) {
	w := newWorld(t, setting{units: 6, cases: 6000, seed: 8})
	w.draw(t, 0.5, 8)
	w.walkIn(1500, 8)
	r, _ := computeWorld(t, w)
	for _, basis := range []survey.Basis{survey.BasisInvited, survey.BasisWalkIns} {
		for _, item := range []string{"s24", "s30", "s39"} {
			sum, population := 0.0, 0.0
			for u := range 6 {
				f := find(t, r, survey.FigureKey{Framework: "sipas-2022", Node: item, Domain: survey.Domain{Unit: survey.UnitID(unitName(u))}, Basis: basis})
				sum += f.Estimate.Population * f.Estimate.Value
				population += f.Estimate.Population
			}
			whole := find(t, r, survey.FigureKey{Framework: "sipas-2022", Node: item, Basis: basis})
			near(t, string(basis)+" "+item, sum/population, whole.Estimate.Value, 1e-9)
			near(t, "population", population, whole.Estimate.Population, 1e-4)
		}
	}
}

// The order of the input is nobody's business: every digit stays.
func TestOrderOfInputChangesNothing(t *testing.T) {
	w := newWorld(t, setting{units: 8, cases: 4000, seed: 9})
	w.draw(t, 0.5, 9)
	w.walkIn(300, 9)
	first, firstWeights := computeWorld(t, w)
	rng := rand.New(rand.NewPCG(1, 1))
	rng.Shuffle(len(w.in.Responses), func(i, j int) { w.in.Responses[i], w.in.Responses[j] = w.in.Responses[j], w.in.Responses[i] })
	rng.Shuffle(len(w.in.Classes), func(i, j int) { w.in.Classes[i], w.in.Classes[j] = w.in.Classes[j], w.in.Classes[i] })
	rng.Shuffle(len(w.in.Register), func(i, j int) { w.in.Register[i], w.in.Register[j] = w.in.Register[j], w.in.Register[i] })
	second, secondWeights := computeWorld(t, w)
	if a, b := asJSON(t, first), asJSON(t, second); a != b {
		at := 0
		for at < min(len(a), len(b)) && a[at] == b[at] {
			at++
		}
		t.Errorf("the release differs: …%s… and …%s…", a[max(0, at-200):min(len(a), at+60)], b[max(0, at-200):min(len(b), at+60)])
	}
	if rowsJSON(t, firstWeights) != rowsJSON(t, secondWeights) {
		t.Error("the weights differ")
	}
}

func asJSON(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Don't know, does not apply, refused and left open take a person out of one item and of no other.
func TestMissingIsPerItem(t *testing.T) {
	w := newWorld(t, setting{units: 4, cases: 3000, seed: 10})
	w.draw(t, 0.5, 10)
	before, weightsBefore := computeWorld(t, w)
	lost := 0
	for i := range w.in.Responses {
		a := w.in.Responses[i].Answers
		if _, asked := a["s24"]; !asked || i%3 != 0 {
			continue
		}
		lost++
		switch i % 4 {
		case 0:
			a["s24"] = survey.AnswerDontKnow
		case 1:
			a["s24"] = survey.AnswerNotApply
		case 2:
			a["s24"] = survey.AnswerRefused
		default:
			delete(a, "s24")
		}
	}
	after, weightsAfter := computeWorld(t, w)
	if rowsJSON(t, weightsBefore) != rowsJSON(t, weightsAfter) {
		t.Error("an item's missing answers changed the weights of its module")
	}
	key := survey.FigureKey{Framework: "sipas-2022", Node: "s24"}
	if a, b := find(t, before, key).Estimate.N, find(t, after, key).Estimate.N; a-b != lost || lost == 0 {
		t.Errorf("%d answers, then %d: %d were taken away", a, b, lost)
	}
	key.Node = "s25" // of the same module
	if asJSON(t, find(t, before, key)) != asJSON(t, find(t, after, key)) {
		t.Error("another item of the module changed")
	}
	// A composite counts everybody who contributed to any of its items.
	key.Node = "II.A"
	if f := find(t, after, key); f.Estimate.N != find(t, before, key).Estimate.N {
		t.Errorf("the element lost respondents who answered its other items: %d", f.Estimate.N)
	}
}

// A kiosk answer of one module has a weight in the core and in that module, five times as large as a web answer's
// before calibration, and none elsewhere.
func TestSingleModule(t *testing.T) {
	w := newWorld(t, setting{units: 4, cases: 3000, seed: 12})
	w.draw(t, 0.5, 12)
	_, weights := computeWorld(t, w)
	rows := map[survey.ResponseID]WeightRow{}
	for _, row := range weights.Rows {
		rows[row.Response] = row
	}
	kiosks := 0
	for _, r := range w.in.Responses {
		if r.Instrument != kioskRef {
			continue
		}
		kiosks++
		row := rows[r.ID]
		for m, name := range weights.Modules {
			want := name == survey.ModuleCore || slices.Contains(r.Modules, name)
			if (row.Weights[m] > 0) != want {
				t.Fatalf("an answer of modules %v has weight %v in %s", r.Modules, row.Weights[m], name)
			}
		}
	}
	if kiosks == 0 {
		t.Fatal("nobody answered at a kiosk")
	}
	if weights.Items["s24"] != "m1" || weights.Items["overall"] != survey.ModuleCore || weights.Items["law1"] != "law" {
		t.Errorf("items are in the wrong columns: %v", weights.Items)
	}
}

// A class that two units share counts in the whole and in neither unit.
func TestPooledUnits(t *testing.T) {
	w := newWorld(t, setting{units: 4, cases: 4000, seed: 13})
	w.draw(t, 0.5, 13)
	before, _ := computeWorld(t, w)
	pooled := unitName(2) + "|" + unitName(3)
	for i := range w.in.Classes {
		c := &w.in.Classes[i]
		if c.Labels[survey.DimUnit] == unitName(2) || c.Labels[survey.DimUnit] == unitName(3) {
			c.Labels[survey.DimUnit] = pooled
		}
	}
	r, _ := computeWorld(t, w)
	for u := range 4 {
		f := find(t, r, survey.FigureKey{Framework: "sipas-2022", Node: "s24", Domain: survey.Domain{Unit: survey.UnitID(unitName(u))}})
		if want := u < 2; (f.State == survey.StateProvisional) != want {
			t.Errorf("unit %d is %s (%s)", u, f.State, f.Reason)
		}
		if u >= 2 && (f.Reason != survey.ReasonFewAnswers || !strings.Contains(f.Estimate.Reason, "share a weighting class")) {
			t.Errorf("unit %d is withheld for %s: %s", u, f.Reason, f.Estimate.Reason)
		}
	}
	whole := survey.FigureKey{Framework: "sipas-2022", Node: "s24"}
	if a, b := find(t, before, whole).Estimate.N, find(t, r, whole).Estimate.N; a != b {
		t.Errorf("pooling lost answers: %d, then %d", a, b)
	}
	if !slices.ContainsFunc(r.Weighting.Notes, func(n survey.Note) bool { return n.Code == survey.NotePooledUnits }) {
		t.Errorf("nobody says that units are pooled: %v", r.Weighting.Notes)
	}
	if len(r.Weighting.Unanswered) != 0 {
		t.Errorf("pooled units are not silent: %v", r.Weighting.Unanswered)
	}
}

// A unit with few answers is withheld, and another with it, or subtraction would give it away.
func TestWithheldUnit(t *testing.T) {
	w := newWorld(t, setting{units: 5, cases: 4000, seed: 14, bare: true})
	w.draw(t, 0.6, 14)
	of := map[survey.ClassID]string{}
	for _, c := range w.in.Classes {
		of[c.ID] = c.Labels[survey.DimUnit]
	}
	kept := 0
	w.in.Responses = slices.DeleteFunc(w.in.Responses, func(r survey.Response) bool {
		if of[r.Class] != unitName(1) {
			return false
		}
		kept++
		return kept > 9
	})
	r, _ := computeWorld(t, w)
	var few, complementary []string
	for _, f := range r.Figures {
		if f.Node != "II" || f.Domain.Unit == "" || f.Weighting != survey.Weighted {
			continue
		}
		switch f.Reason {
		case survey.ReasonFewAnswers:
			few = append(few, string(f.Domain.Unit))
		case survey.ReasonComplementary:
			complementary = append(complementary, string(f.Domain.Unit))
		}
		if f.State == survey.StateWithheld && (f.Estimate.Defined() || f.Estimate.N != 0 || len(f.Shares) > 0 || !math.IsNaN(f.Estimate.Population)) {
			t.Errorf("a withheld figure says %+v", f.Estimate)
		}
	}
	if !slices.Equal(few, []string{unitName(1)}) || len(complementary) != 1 {
		t.Errorf("withheld for few answers: %v, with them: %v", few, complementary)
	}
	for _, f := range r.Flags {
		if string(f.Figure.Domain.Unit) == unitName(1) && f.State != survey.FlagTooFew {
			t.Errorf("a withheld indicator is flagged %s", f.State)
		}
	}
}

func TestUnansweredUnitAndDispositions(t *testing.T) {
	w := newWorld(t, setting{units: 4, cases: 3000, seed: 15, bare: true})
	w.draw(t, 0.5, 15)
	of := map[survey.ClassID]string{}
	for _, c := range w.in.Classes {
		of[c.ID] = c.Labels[survey.DimUnit]
	}
	w.in.Responses = slices.DeleteFunc(w.in.Responses, func(r survey.Response) bool { return of[r.Class] == unitName(0) })
	w.in.Responses[0].Disposition = survey.TimedOut
	w.in.Responses[1].Disposition, w.in.Responses[1].Answers = survey.Refused, nil
	r, _ := computeWorld(t, w)
	register := 0
	for _, c := range w.in.Register {
		if c.Unit == survey.UnitID(unitName(0)) {
			register += c.N
		}
	}
	if len(r.Weighting.Unanswered) != 1 || r.Weighting.Unanswered[0].Unit != survey.UnitID(unitName(0)) {
		t.Fatalf("units without answers: %+v", r.Weighting.Unanswered)
	}
	near(t, "share of the silent unit", r.Weighting.Unanswered[0].Share, float64(register)/3000, 1e-12)
	if r.Weighting.Respondents != len(w.in.Responses)-1 {
		t.Errorf("%d respondents of %d responses, one of which refused", r.Weighting.Respondents, len(w.in.Responses))
	}
	total := 0
	for _, d := range r.Weighting.Dispositions {
		total += d.N
	}
	if total != r.Weighting.Invited {
		t.Errorf("dispositions sum to %d, %d were invited", total, r.Weighting.Invited)
	}
	f := find(t, r, survey.FigureKey{Framework: "sipas-2022", Node: "s24", Domain: survey.Domain{Unit: survey.UnitID(unitName(0))}})
	if f.State != survey.StateWithheld || f.Reason != survey.ReasonNoAnswers {
		t.Errorf("the silent unit is %s, %s", f.State, f.Reason)
	}
}

// The total of SIPAS needs the policy items, which a post-transaction wave does not ask: it says so and shows the service part.
func TestServicePartOnly(t *testing.T) {
	w := newWorld(t, setting{units: 3, cases: 2000, seed: 16})
	w.draw(t, 0.5, 16)
	r, _ := computeWorld(t, w)
	total := find(t, r, survey.FigureKey{Framework: "sipas-2022", Node: "sipas"})
	if total.State != survey.StateNotComparable || total.Reason != survey.ReasonUndefined || total.Estimate.Defined() {
		t.Errorf("the total is %s: %+v", total.State, total.Estimate)
	}
	if !strings.Contains(total.Estimate.Reason, "23 of 39") {
		t.Errorf("the reason is %q", total.Estimate.Reason)
	}
	service := find(t, r, survey.FigureKey{Framework: "sipas-2022", Node: "II"})
	mean, least := 0.0, math.MaxInt
	for _, item := range serviceItems {
		f := find(t, r, survey.FigureKey{Framework: "sipas-2022", Node: item})
		mean += f.Estimate.Value / float64(len(serviceItems))
		least = min(least, f.Estimate.N)
		sum := 0
		for _, s := range f.Shares {
			sum += int(math.Round(s.Percent * 100))
		}
		if sum != 10_000 || len(f.Shares) != 5 {
			t.Errorf("%s: shares %v sum to %d hundredths", item, f.Shares, sum)
		}
	}
	near(t, "service part", service.Estimate.Value, mean, 1e-9)
	if service.Estimate.N < least || service.Estimate.EffectiveN > float64(least) {
		t.Errorf("base %d, effective %v; the smallest item has %d", service.Estimate.N, service.Estimate.EffectiveN, least)
	}
	for _, f := range r.Figures {
		if f.State == survey.StateProvisional && f.Estimate.N > 0 && (f.Estimate.Method == "" || f.Estimate.Interval.Method == "" || f.Estimate.Interval.Level != 0.95) {
			t.Fatalf("%s stands without method or level: %+v", f.FigureKey, f.Estimate)
		}
	}
	papi := find(t, r, survey.FigureKey{Framework: "papi-style", Node: "service"})
	if papi.Measure != survey.Points || papi.Estimate.Value < 1 || papi.Estimate.Value > 10 || papi.Attainable == nil || papi.Attainable.Max != 10 {
		t.Errorf("PAPI style: %+v", papi)
	}
}

// Walk-ins stand beside the sample and never enter what is decided.
func TestWalkInsStayApart(t *testing.T) {
	w := newWorld(t, setting{units: 6, cases: 5000, seed: 17})
	w.draw(t, 0.5, 17)
	without, _ := computeWorld(t, w)
	w.walkIn(900, 17)
	with, weights := computeWorld(t, w)
	var invited []survey.Figure
	for _, f := range with.Figures {
		if f.Basis == survey.BasisInvited {
			invited = append(invited, f)
		}
	}
	if asJSON(t, invited) != asJSON(t, without.Figures) || asJSON(t, with.Flags) != asJSON(t, without.Flags) {
		t.Error("walk-ins changed figures or flags of the sample")
	}
	key := survey.FigureKey{Framework: "sipas-2022", Node: "s28"}
	sample := find(t, with, key)
	key.Basis = survey.BasisWalkIns
	walkIns := find(t, with, key)
	key.Basis = survey.BasisWithWalkIns
	both := find(t, with, key)
	share := sample.Estimate.EffectiveN / (sample.Estimate.EffectiveN + walkIns.Estimate.EffectiveN)
	near(t, "pooled", both.Estimate.Value, share*sample.Estimate.Value+(1-share)*walkIns.Estimate.Value, 1e-9)
	near(t, "pooled error", both.Estimate.SE, math.Hypot(share*sample.Estimate.SE, (1-share)*walkIns.Estimate.SE), 1e-9)
	if both.Estimate.N != sample.Estimate.N+walkIns.Estimate.N {
		t.Errorf("%d answers of %d and %d", both.Estimate.N, sample.Estimate.N, walkIns.Estimate.N)
	}
	for _, f := range []survey.Figure{both, walkIns} {
		if !strings.Contains(f.Estimate.Method, "not a probability sample") {
			t.Errorf("%s does not warn: %s", f.Basis, f.Estimate.Method)
		}
	}
	// Post-stratified: in every unit the weights of walk-ins count the unit's register.
	sum := map[string]float64{}
	for _, row := range weights.Rows {
		if row.Source == survey.WalkIn {
			unit, _, _ := strings.Cut(row.Stratum, " × ")
			sum[unit] += row.Weights[0]
		}
	}
	register := map[string]float64{}
	for _, c := range w.in.Register {
		register[string(c.Unit)] += float64(c.N)
	}
	for unit, n := range register {
		near(t, "walk-ins of "+unit, sum[unit], n, 1e-6)
	}
	// A pooled figure is never shown beside a withheld part of it.
	state := map[survey.FigureKey]survey.State{}
	for _, f := range with.Figures {
		state[f.FigureKey] = f.State
	}
	for k, s := range state {
		if k.Basis != survey.BasisWithWalkIns || s != survey.StateProvisional {
			continue
		}
		k.Basis = survey.BasisInvited
		if state[k] != survey.StateProvisional {
			t.Errorf("%s is pooled with walk-ins, but %s by itself", k, state[k])
		}
	}
}

// What is promised of failing inputs.
func TestNothingToComputeFrom(t *testing.T) {
	w := newWorld(t, setting{units: 3, cases: 1000, seed: 18, bare: true})
	w.draw(t, 0.5, 18)
	responses := w.in.Responses
	w.in.Responses = nil
	if _, _, err := Compute(context.Background(), w.in, nil); !survey.IsCode(err, survey.CodeNoAnswers) {
		t.Errorf("without answers: %v", err)
	}
	w.in.Responses = responses
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := Compute(ctx, w.in, nil); err == nil {
		t.Error("a canceled computation went on")
	}
	w.in.Responses = append(slices.Clone(responses), survey.Response{ID: "x", Source: survey.Invited, Class: "9.9", Instrument: webRef, Answers: map[string]int{"overall": 5}})
	if _, _, err := Compute(context.Background(), w.in, nil); !survey.IsCode(err, survey.CodeWeightingFailed) {
		t.Errorf("an answer of an unknown class: %v", err)
	}
	w.in.Register = nil
	if _, _, err := Compute(context.Background(), w.in, nil); !survey.IsCode(err, survey.CodeRegisterEmpty) {
		t.Errorf("without a register: %v", err)
	}
}

// Walk-ins alone give figures, marked as what they are.
func TestWalkInsAlone(t *testing.T) {
	w := newWorld(t, setting{units: 3, cases: 2000, seed: 19})
	w.draw(t, 0.3, 19)
	w.in.Responses = nil
	w.walkIn(600, 19)
	r, _ := computeWorld(t, w)
	if f := find(t, r, survey.FigureKey{Framework: "sipas-2022", Node: "s24"}); f.State != survey.StateWithheld || f.Reason != survey.ReasonNoAnswers {
		t.Errorf("the sample's figure is %s, %s", f.State, f.Reason)
	}
	if f := find(t, r, survey.FigureKey{Framework: "sipas-2022", Node: "s24", Basis: survey.BasisWalkIns}); f.State != survey.StateProvisional {
		t.Errorf("the walk-ins' figure is %s, %s", f.State, f.Reason)
	}
	if len(r.Flags) != 0 {
		t.Errorf("%d flags without a sample", len(r.Flags))
	}
}

// Publishing changes the state and nothing else, and the release can be checked against its rows later.
func TestPublishingChangesTheState(t *testing.T) {
	w := newWorld(t, setting{units: 4, cases: 3000, seed: 20})
	w.draw(t, 0.5, 20)
	provisional, _ := computeWorld(t, w)
	published, _, err := compute(context.Background(), w.in, survey.StatePublished, nil)
	if err != nil {
		t.Fatal(err)
	}
	if published.State != survey.StatePublished || published.ID == provisional.ID || published.DataHash != provisional.DataHash || published.Program != "test" {
		t.Errorf("published as %s %s of %s", published.State, published.ID, published.DataHash)
	}
	for i := range published.Figures {
		f := published.Figures[i]
		if f.State == survey.StatePublished {
			f.State = survey.StateProvisional
		}
		if asJSON(t, f) != asJSON(t, provisional.Figures[i]) {
			t.Fatalf("publishing changed %s", f.FigureKey)
		}
	}
	if asJSON(t, LiveOf(published)) != asJSON(t, provisional) {
		t.Error("the live figures of a published release are not those of a computation of their own")
	}
	w.in.Responses[0].Answers["overall"] = 6 - w.in.Responses[0].Answers["overall"]
	changed, _, err := compute(context.Background(), w.in, survey.StatePublished, nil)
	if err != nil {
		t.Fatal(err)
	}
	if w.in.Responses[0].Answers["overall"] != 3 && changed.DataHash == published.DataHash {
		t.Error("one answer changed and the hash did not")
	}
}

// Margins that cannot be met are named, and the figures say that they rest on weaker weights.
func TestMarginsThatCannotBeMet(t *testing.T) {
	w := newWorld(t, setting{units: 4, cases: 4000, seed: 21, bare: true})
	w.draw(t, 0.5, 21)
	// In the frame, channel "post" is all of unit 0 and nothing else; but its answers came from unit 0 filed online.
	// Everybody of unit 0 weighs for the unit's total and for the channel's at once, and the two differ.
	for i := range w.in.Classes {
		c := &w.in.Classes[i]
		c.Labels[survey.DimLateness], c.Labels[survey.DimField], c.Labels[survey.DimFieldGroup], c.Labels[survey.DimMonth] = "*", "*", "*", "*"
		c.Labels[survey.DimChannel] = "online"
		if c.Labels[survey.DimUnit] == unitName(0) {
			c.Labels[survey.DimChannel] = "post"
		}
	}
	extra := survey.Class{ID: "2.0001", Draw: 2, Labels: w.in.Classes[0].Labels, Population: 900, Invited: 300}
	extra.Labels[survey.DimUnit], extra.Labels[survey.DimChannel] = unitName(1), "post"
	w.in.Classes = append(w.in.Classes, extra)
	r, _ := computeWorld(t, w)
	core := r.Weighting.Modules[0]
	if !core.Converged || len(core.Failure) != 1 || core.Failure[0].Params.Margin != "channel" {
		t.Fatalf("impossible margins were met: %+v", core)
	}
	for _, m := range core.Margins {
		off := math.Abs(m.Achieved-m.Target) > 1e-6*m.Target
		if off != (m.Margin == "channel") {
			t.Errorf("margin %s, level %s: %v of %v", m.Margin, m.Level, m.Achieved, m.Target)
		}
	}
	f := find(t, r, survey.FigureKey{Framework: "sipas-2022", Node: "s24"})
	if !strings.Contains(f.Estimate.Method, "margins that can be met") {
		t.Errorf("the figure does not say so: %s", f.Estimate.Method)
	}
	if !slices.ContainsFunc(r.Weighting.Notes, func(n survey.Note) bool { return strings.Contains(n.Text, "the margin channel was given up") }) {
		t.Errorf("the notes do not say so: %v", r.Weighting.Notes)
	}
}

// Progress is told of every step, in order, and never backwards.
func TestProgress(t *testing.T) {
	w := newWorld(t, setting{units: 3, cases: 1500, seed: 22, bare: true})
	w.draw(t, 0.5, 22)
	var steps []string
	_, _, err := Compute(context.Background(), w.in, func(step string, done, total int) {
		if done > total {
			t.Errorf("%s: %d of %d", step, done, total)
		}
		if len(steps) == 0 || steps[len(steps)-1] != step {
			steps = append(steps, step)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{StepWeights, StepEstimates, StepFigures, StepFlags}; !slices.Equal(steps, want) {
		t.Errorf("steps %v", steps)
	}
}
