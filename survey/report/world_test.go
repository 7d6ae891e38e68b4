package report

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	sampling "sipas/analysis/sample"
	"sipas/data"
	"sipas/survey"
)

// world is a register whose every transaction knows what its applicant would say, so that the truth is a count.
type world struct {
	rng   *rand.Rand
	cases []sampling.Case
	truth []map[string]int // what the applicant would answer to every item
	reply []float64        // the chance of answering when invited
	in    *Input
}

// setting describes a world. Units differ in size and in satisfaction; late dossiers are less satisfied and answer less.
type setting struct {
	units, cases int
	seed         uint64
	answer       func(late bool) float64                        // the chance of an answer
	satisfied    func(unit int, late bool, item string) float64 // the chance of a 4 or 5
	bare         bool                                           // without the law and PAPI frameworks
}

func document[T any](t testing.TB, kind func(string) ([]byte, bool), parse func([]byte) (*T, error), id string) *T {
	t.Helper()
	doc, ok := kind(id)
	if !ok {
		t.Fatalf("no document %s", id)
	}
	out, err := parse(doc)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func newWorld(t testing.TB, s setting) *world {
	t.Helper()
	if s.answer == nil {
		s.answer = func(late bool) float64 {
			if late {
				return 0.2
			}
			return 0.4
		}
	}
	if s.satisfied == nil {
		s.satisfied = func(unit int, late bool, _ string) float64 {
			p := 0.80 + 0.12*float64(unit%7)/6
			if late {
				p -= 0.25
			}
			return p
		}
	}
	w := &world{rng: rand.New(rand.NewPCG(s.seed, 7))}
	kiosk := document(t, data.Instrument, survey.ParseInstrument, "kiosk-2026")
	web := document(t, data.Instrument, survey.ParseInstrument, "web-2026")
	in := &Input{
		Instruments: map[survey.InstrumentRef]*survey.Instrument{kiosk.Ref(): kiosk, web.Ref(): web},
		Frameworks:  []*survey.Framework{document(t, data.Framework, survey.ParseFramework, "sipas-2022")},
		Program:     "test",
	}
	if !s.bare {
		in.Frameworks = append(in.Frameworks,
			document(t, data.Framework, survey.ParseFramework, "papi-style"),
			document(t, data.Framework, survey.ParseFramework, "one-stop-2018"))
	}
	in.Wave = &survey.Wave{
		ID: "w", From: "2026-07-01", To: "2026-09-30", Rules: survey.DefaultRules(),
		Targets: survey.Targets{"sipas-2022": {Indicator: 80}},
	}
	for _, f := range in.Frameworks {
		in.Wave.Frameworks = append(in.Wave.Frameworks, f.Ref())
	}
	w.in = in
	w.build(s, append(slices.Clone(kiosk.Items), web.Items...))
	return w
}

func unitName(u int) string { return fmt.Sprintf("u%03d@2025-07-01", u) }

func (w *world) build(s setting, items []survey.Item) {
	for u := range s.units {
		kind := survey.KindCommune
		if u%10 == 0 {
			kind = survey.KindDepartment
		}
		w.in.Units = append(w.in.Units, survey.Unit{ID: survey.UnitID(unitName(u)), Kind: kind})
	}
	counts := map[[2]string]int{}
	weights := make([]float64, s.units)
	for u := range weights {
		weights[u] = 0.4 + w.rng.Float64()
	}
	for i := range s.cases {
		u := pick(w.rng, weights)
		late := w.rng.Float64() < 0.1+0.2*float64(u%3)/2
		lateness := string(survey.OnTime)
		if late {
			lateness = string(survey.Late)
		}
		field := w.rng.IntN(6)
		month := fmt.Sprintf("2026-%02d", 7+w.rng.IntN(3))
		channel := []string{"counter", "online"}[w.rng.IntN(2)]
		w.cases = append(w.cases, sampling.Case{ID: fmt.Sprintf("d%06d", i), Labels: sampling.Labels{
			unitName(u), lateness, fmt.Sprintf("g%d", field/2), fmt.Sprintf("f%d", field), channel, month,
		}})
		counts[[2]string{unitName(u), month}]++
		answers := map[string]int{}
		mood := w.rng.Float64() // shared by the items of one person
		for _, item := range items {
			if _, done := answers[item.Code]; done {
				continue
			}
			luck := w.rng.Float64()
			if w.rng.Float64() < 0.5 {
				luck = mood
			}
			answers[item.Code] = answerOf(item.Scale, luck, s.satisfied(u, late, item.Code))
		}
		w.truth = append(w.truth, answers)
		w.reply = append(w.reply, s.answer(late))
	}
	for key, n := range counts {
		w.in.Register = append(w.in.Register, survey.UnitMonthCount{Unit: survey.UnitID(key[0]), Month: key[1], N: n})
	}
}

// answerOf turns luck into a code: best answers for low luck.
func answerOf(scale string, luck, p float64) int {
	if len(scale) > 3 && scale[:3] == "law" {
		switch {
		case luck < p*0.7:
			return 2
		case luck < p:
			return 1
		}
		return 0
	}
	switch {
	case luck < p/2:
		return 5
	case luck < p:
		return 4
	case luck < p+(1-p)/2:
		return 3
	case luck < p+0.9*(1-p):
		return 2
	}
	return 1
}

func pick(rng *rand.Rand, weights []float64) int {
	total := 0.0
	for _, w := range weights {
		total += w
	}
	x := rng.Float64() * total
	for i, w := range weights {
		if x -= w; x < 0 {
			return i
		}
	}
	return len(weights) - 1
}

// draw invites a fraction of the register and lets the invited answer, on the web or at a kiosk.
func (w *world) draw(t testing.TB, fraction float64, seed uint64) {
	t.Helper()
	m, err := sampling.Build(w.cases, sampling.Rule{Fraction: fraction, Min: 15})
	if err != nil {
		t.Fatal(err)
	}
	w.drawFrom(t, m, seed)
}

func (w *world) drawFrom(t testing.TB, m *sampling.Map, seed uint64) {
	t.Helper()
	drawn, err := m.Draw(w.cases, seed)
	if err != nil {
		t.Fatal(err)
	}
	at := make(map[string]int, len(w.cases))
	for i, c := range w.cases {
		at[c.ID] = i
	}
	rng := rand.New(rand.NewPCG(seed, 99))
	w.in.Classes, w.in.Responses = nil, nil
	for _, d := range drawn {
		k := m.Classes[d.Class]
		id := survey.ClassID(fmt.Sprintf("1.%04d", d.Class))
		w.in.Classes = append(w.in.Classes, survey.Class{ID: id, Draw: 1, Labels: [survey.Dims]string(k.Labels), Population: k.N, Invited: k.Invite})
		for _, dossier := range d.IDs {
			i := at[dossier]
			if rng.Float64() < w.reply[i] {
				w.in.Responses = append(w.in.Responses, w.response(rng, i, id))
			}
		}
	}
}

var (
	kioskRef = survey.InstrumentRef{ID: "kiosk-2026", Version: 1}
	webRef   = survey.InstrumentRef{ID: "web-2026", Version: 1}
)

// response is what the applicant of a transaction answers: six in ten on the web.
func (w *world) response(rng *rand.Rand, i int, class survey.ClassID) survey.Response {
	r := survey.Response{
		ID: survey.ResponseID(fmt.Sprintf("%032x", rng.Uint64())), Wave: "w", Source: survey.Invited, Class: class,
		Instrument: webRef, Mode: survey.ModeWeb, Disposition: survey.Complete, Answers: map[string]int{},
	}
	if rng.Float64() < 0.4 {
		r.Instrument, r.Mode = kioskRef, survey.ModeKiosk
	}
	doc := w.in.Instruments[r.Instrument]
	r.Modules = doc.DrawModules(rng.Float64())
	for _, item := range doc.Asked(r.Modules) {
		r.Answers[item.Code] = w.truth[i][item.Code]
	}
	return r
}

// walkIn adds answers of random applicants at kiosks without a token.
func (w *world) walkIn(n int, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 5))
	for range n {
		i := rng.IntN(len(w.cases))
		r := w.response(rng, i, "")
		for r.Mode != survey.ModeKiosk {
			r = w.response(rng, i, "")
		}
		r.Source = survey.WalkIn
		r.Unit, r.Month = survey.UnitID(w.cases[i].Labels[sampling.Unit]), w.cases[i].Labels[sampling.Month]
		w.in.Responses = append(w.in.Responses, r)
	}
}

// share is the truth: the share of 4 and 5 among the transactions that the filter keeps.
func (w *world) share(item string, keep func(sampling.Labels) bool) float64 {
	n, good := 0, 0
	for i, c := range w.cases {
		if keep != nil && !keep(c.Labels) {
			continue
		}
		n++
		if w.truth[i][item] >= 4 {
			good++
		}
	}
	return 100 * float64(good) / float64(n)
}

var serviceItems = func() []string {
	var out []string
	for i := 24; i <= 39; i++ {
		out = append(out, fmt.Sprintf("s%d", i))
	}
	return out
}()

// index is the truth of the service part: the mean of the 16 shares.
func (w *world) index(keep func(sampling.Labels) bool) float64 {
	sum := 0.0
	for _, item := range serviceItems {
		sum += w.share(item, keep)
	}
	return sum / float64(len(serviceItems))
}
