package survey

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// kioskForm is a questionnaire as kiosks ask it: one question to all, and one of five modules of four.
func kioskForm(t testing.TB) *Instrument {
	t.Helper()
	five := func(id string) Scale {
		s := Scale{ID: id}
		for code := 5; code >= 1; code-- {
			s.Levels = append(s.Levels, Level{Code: code, Label: Text{Vietnamese: fmt.Sprint(code)}})
		}
		s.Missing = []Level{{Code: AnswerDontKnow, Label: Text{Vietnamese: "?"}}}
		return s
	}
	in := &Instrument{ID: "k", Version: 1, Mode: ModeKiosk, Core: []string{"overall"}, Draw: 1}
	in.Scales = []Scale{five("five"), {ID: "three", Levels: []Level{
		{Code: 2, Label: Text{Vietnamese: "a"}}, {Code: 1, Label: Text{Vietnamese: "b"}}, {Code: 0, Label: Text{Vietnamese: "c"}}}}}
	in.Items = []Item{{Code: "overall", Scale: "five", Required: true, Text: Text{Vietnamese: "?"}}}
	for m := range 5 {
		module := Module{Code: fmt.Sprintf("m%d", m), Chance: 0.2}
		scale := "five"
		if m == 0 {
			scale = "three"
		}
		for i := range 4 {
			code := fmt.Sprintf("m%d.%d", m, i)
			module.Items = append(module.Items, code)
			in.Items = append(in.Items, Item{Code: code, Scale: scale, Text: Text{Vietnamese: "?"}})
		}
		in.Modules = append(in.Modules, module)
	}
	if err := in.check(); err != nil {
		t.Fatal(err)
	}
	return in
}

// morning is a Monday, nine o'clock.
var morning = time.Date(2026, 9, 14, 9, 0, 0, 0, Zone)

// press is an answer in which everything asked stands at one place of its scale.
func press(in *Instrument, module string, place int) map[string]int {
	answers := map[string]int{}
	for _, item := range in.Asked([]string{module}) {
		scale, _ := in.Scale(item.Scale)
		answers[item.Code] = scale.Levels[min(place, len(scale.Levels)-1)].Code
	}
	return answers
}

// kiosk sends answers to a detector as one device does.
type kiosk struct {
	in    *Instrument
	d     *Detector
	rules Gaming
	point PointID
	seq   int
}

func newKiosk(t testing.TB) *kiosk {
	return &kiosk{in: kioskForm(t), d: NewDetector(), rules: DefaultGaming(), point: "p"}
}

func (k *kiosk) sitting(at time.Time, module string, answers map[string]int) Sitting {
	k.seq++
	return Sitting{
		Point: k.point, Delivery: Delivery{Queue: QueueID("q" + k.point), Seq: k.seq}, Revision: 1, Instrument: k.in,
		Modules: []string{module}, Answers: answers, At: at, Took: 30 * time.Second,
	}
}

func (k *kiosk) judge(s Sitting) []Signal { return k.d.Judge(s, k.rules, s.At) }

func TestRunsAreMarkedFromTheLengthThatTheirShareGives(t *testing.T) {
	cases := []struct {
		name  string
		place int
		mixed bool
		want  int // the first of the run that is marked
	}{{"favorable", 0, false, 33}, {"second best", 1, false, 33}, {"unfavorable", 3, false, 7}, {"a pattern of its own", 0, true, 4}}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			k := newKiosk(t)
			for i := 1; i <= 40; i++ {
				module := fmt.Sprintf("m%d", 1+i%4) // whatever module is drawn
				answers := press(k.in, "m1", c.place)
				if c.mixed {
					module = "m1"
					answers["m1.2"] = 3
				} else {
					answers = press(k.in, module, c.place)
				}
				got := k.judge(k.sitting(morning.Add(time.Duration(i)*3*time.Minute), module, answers))
				if marked := slices.Contains(got, SignalSameAnswers); marked != (i >= c.want) {
					t.Fatalf("answer %d of the run: marked is %v", i, marked)
				}
			}
			if got := k.judge(k.sitting(morning.Add(3*time.Hour), "m2", map[string]int{"overall": 3, "m2.0": 4})); got != nil {
				t.Errorf("another answer ends the run, and is %v", got)
			}
		})
	}
}

// The length is the shortest whose chance is small enough: of each share, one less would be too likely.
func TestRunIsTheShortestRareOne(t *testing.T) {
	for _, share := range []float64{0.05, 0.25, 0.5, 0.75, 0.95} {
		for _, chance := range []float64{0.01, 1e-4, 1e-6} {
			g := Gaming{SameChance: chance}
			r := g.Run(share)
			if p := math.Pow(share, float64(r)); p > chance*(1+1e-6) {
				t.Errorf("share %v: a run of %d has chance %v, above %v", share, r, p, chance)
			}
			if p := math.Pow(share, float64(r-1)); r > 2 && p <= chance {
				t.Errorf("share %v: a run of %d would do", share, r-1)
			}
		}
	}
}

func TestBurst(t *testing.T) {
	k := newKiosk(t)
	for i := 1; i <= 15; i++ {
		got := k.judge(k.sitting(morning.Add(time.Duration(i)*20*time.Second), "m1", map[string]int{"overall": 1 + i%5}))
		if want := i > 10; slices.Contains(got, SignalBurst) != want {
			t.Fatalf("answer %d in %v: %v", i, time.Duration(i)*20*time.Second, got)
		}
	}
	// Eleven in six minutes are none.
	k = newKiosk(t)
	for i := range 30 {
		if got := k.judge(k.sitting(morning.Add(time.Duration(i)*33*time.Second), "m1", map[string]int{"overall": 1 + i%5})); got != nil {
			t.Fatalf("answer %d: %v", i, got)
		}
	}
}

// A backlog of a week arrives within seconds, four at a time and so out of order: it is judged by when it was answered.
func TestBacklogIsNoBurst(t *testing.T) {
	k := newKiosk(t)
	rng := rand.New(rand.NewPCG(1, 1))
	var all []Sitting
	for day := range 5 {
		for i := range 60 {
			all = append(all, k.sitting(morning.AddDate(0, 0, day).Add(time.Duration(i)*6*time.Minute), "m1", map[string]int{"overall": 1 + i%5}))
		}
	}
	for i := 0; i+4 <= len(all); i += 4 {
		rng.Shuffle(4, func(a, b int) { all[i+a], all[i+b] = all[i+b], all[i+a] })
	}
	arrival := morning.AddDate(0, 0, 7)
	for _, s := range all {
		if got := k.d.Judge(s, k.rules, arrival); got != nil {
			t.Fatalf("answer of %v: %v", s.At, got)
		}
	}
	// A cheat in it is found, whatever the order.
	var burst []Sitting
	for i := range 20 {
		burst = append(burst, k.sitting(morning.AddDate(0, 0, 4).Add(8*time.Hour+time.Duration(i)*5*time.Second), "m1", press(k.in, "m1", 0)))
	}
	marked := 0
	for i := range burst {
		if slices.Contains(k.d.Judge(burst[(i*7)%20], k.rules, arrival), SignalBurst) {
			marked++
		}
	}
	if marked != 10 {
		t.Errorf("%d of a burst of 20 are marked, want what exceeds 10", marked)
	}
}

func TestSendingIsJudgedOnce(t *testing.T) {
	k := newKiosk(t)
	first := k.sitting(morning, "m1", map[string]int{"overall": 5})
	for range 50 {
		if got := k.judge(first); got != nil {
			t.Fatalf("the same sending again is %v", got)
		}
	}
	// The sitting goes on: its last revision counts, and an earlier one that comes late changes nothing.
	last := first
	last.Revision, last.Answers, last.Took = 5, press(k.in, "m1", 0), time.Second
	if got := k.judge(last); !slices.Equal(got, []Signal{SignalHasty}) {
		t.Fatalf("the last revision is %v", got)
	}
	for range 3 {
		if got := k.judge(first); !slices.Equal(got, []Signal{SignalHasty}) {
			t.Fatalf("a late lower revision is %v, want the verdict of the sitting", got)
		}
	}
	if n := len(k.d.points[k.point].answers); n != 1 {
		t.Errorf("one sitting is held %d times", n)
	}
}

func TestHasty(t *testing.T) {
	k := newKiosk(t)
	for _, c := range []struct {
		questions int
		took      time.Duration
		want      bool
	}{{1, 0, false}, {2, 0, false}, {3, 2 * time.Second, true}, {3, 3 * time.Second, false}, {5, 4 * time.Second, true}, {5, 5 * time.Second, false}} {
		s := k.sitting(morning.Add(time.Duration(k.seq)*time.Hour/4), "m1", map[string]int{})
		for _, item := range k.in.Asked([]string{"m1"})[:c.questions] {
			s.Answers[item.Code] = 1 + k.seq%5
		}
		s.Took = c.took
		if got := slices.Contains(k.judge(s), SignalHasty); got != c.want {
			t.Errorf("%d questions in %v: hasty is %v", c.questions, c.took, got)
		}
	}
}

func TestOpening(t *testing.T) {
	o := DefaultGaming().Opening
	for at, open := range map[string]bool{
		"2026-09-14T06:00:00+07:00": true, "2026-09-14T05:59:59+07:00": false, "2026-09-14T19:59:59+07:00": true,
		"2026-09-14T20:00:00+07:00": false, "2026-09-13T10:00:00+07:00": false, "2026-09-13T23:00:00Z": true, // Monday in Viet Nam
	} {
		moment, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if o.Open(moment) != open {
			t.Errorf("%s: open is %v", at, !open)
		}
	}
	k := newKiosk(t)
	if got := k.judge(k.sitting(morning.Add(12*time.Hour), "m1", map[string]int{"overall": 4})); !slices.Equal(got, []Signal{SignalClosed}) {
		t.Errorf("nine in the evening: %v", got)
	}
	for _, c := range []struct {
		from, to string
		want     time.Duration
	}{
		{"2026-09-14T09:00:00+07:00", "2026-09-14T10:30:00+07:00", 90 * time.Minute},
		{"2026-09-12T19:00:00+07:00", "2026-09-14T07:00:00+07:00", 2 * time.Hour}, // Saturday evening to Monday morning
		{"2026-09-14T21:00:00+07:00", "2026-09-15T05:00:00+07:00", 0},
		{"2026-09-14T10:00:00+07:00", "2026-09-14T09:00:00+07:00", 0},
		{"2026-09-07T00:00:00+07:00", "2026-09-14T00:00:00+07:00", 6 * 14 * time.Hour},
	} {
		from, _ := time.Parse(time.RFC3339, c.from)
		to, _ := time.Parse(time.RFC3339, c.to)
		if got := o.Between(from, to); got != c.want {
			t.Errorf("%s to %s: %v open, want %v", c.from, c.to, got, c.want)
		}
	}
}

func TestGamingRulesAreChecked(t *testing.T) {
	if err := DefaultGaming().check(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Gaming){
		"share":   func(g *Gaming) { g.SameShare = 1 },
		"chance":  func(g *Gaming) { g.SameChance = 0 },
		"burst":   func(g *Gaming) { g.BurstAnswers = 0 },
		"window":  func(g *Gaming) { g.BurstMinutes = 0 },
		"haste":   func(g *Gaming) { g.HastySeconds = math.NaN() },
		"jump":    func(g *Gaming) { g.JumpSize = 1 },
		"no day":  func(g *Gaming) { g.Opening.Days = nil },
		"a day":   func(g *Gaming) { g.Opening.Days = []string{"mon", "mon"} },
		"hours":   func(g *Gaming) { g.Opening.From = "7:00" },
		"minutes": func(g *Gaming) { g.Opening.To = "19:60" },
		"end":     func(g *Gaming) { g.Opening.To = "05:00" },
	} {
		g := DefaultGaming()
		change(&g)
		if g.check() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	// A wave's file may state a part of them.
	w, err := ParseWave([]byte(`{"id":"w","title":{"vi":"w"},"province":"80","from":"2026-07-01","to":"2026-09-30",
		"instruments":[{"id":"k","version":1}],"frameworks":[{"id":"f","version":1}],"rules":{"gaming":{"opening":{"days":["sun"]}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := DefaultGaming()
	want.Opening.Days = []string{"sun"}
	if fmt.Sprint(w.Rules.Gaming) != fmt.Sprint(want) {
		t.Errorf("the wave has %+v", w.Rules.Gaming)
	}
}

// Memory stays bounded: idle points are forgotten, and so is the longest silent one where there are too many.
func TestDetectorForgets(t *testing.T) {
	k := newKiosk(t)
	for i := range 3 * mostPoints {
		k.point = PointID(fmt.Sprint(i))
		k.judge(k.sitting(morning.Add(time.Duration(i)*time.Millisecond), "m1", map[string]int{"overall": 4}))
	}
	if n := len(k.d.points); n > mostPoints+1 {
		t.Errorf("%d points are held", n)
	}
	k.point = "one"
	for i := range 500 {
		k.judge(k.sitting(morning.Add(time.Duration(i)*time.Minute), "m1", map[string]int{"overall": 4}))
	}
	if n := len(k.d.points["one"].answers); n > 100 {
		t.Errorf("%d answers of a point are held", n)
	}
	k.point = "two"
	k.judge(k.sitting(morning.Add(48*time.Hour), "m1", map[string]int{"overall": 4}))
	if n := len(k.d.points); n != 1 {
		t.Errorf("%d points are held after two days of silence", n)
	}
}

func TestDetectorServesManyAtOnce(t *testing.T) {
	k := newKiosk(t)
	done := make(chan bool)
	for g := range 8 {
		go func() {
			for i := range 500 {
				s := Sitting{
					Point: PointID(fmt.Sprint(i % 3)), Delivery: Delivery{Queue: QueueID(fmt.Sprint(g)), Seq: i}, Revision: 1, Instrument: k.in,
					Modules: []string{"m1"}, Answers: map[string]int{"overall": 5}, At: morning.Add(time.Duration(i) * time.Second), Took: time.Minute,
				}
				k.d.Judge(s, k.rules, s.At)
			}
			done <- true
		}()
	}
	for range 8 {
		<-done
	}
}

// citizen is somebody honest: answers hang together by a mood, take their time, and are best all over with the given share at most.
func citizen(rng *rand.Rand, in *Instrument, best float64) (module string, answers map[string]int, took time.Duration) {
	module = fmt.Sprintf("m%d", rng.IntN(5))
	answers = map[string]int{}
	place := 0
	if rng.Float64() >= best {
		place = []int{1, 1, 1, 2, 3}[rng.IntN(5)]
	}
	uniform := rng.Float64() < 0.4 // of the others
	for _, item := range in.Asked([]string{module}) {
		scale, _ := in.Scale(item.Scale)
		at := place
		if place > 0 && !uniform && rng.Float64() < 0.5 {
			at += rng.IntN(3) - 1
		}
		answers[item.Code] = scale.Levels[max(0, min(at, len(scale.Levels)-1))].Code
	}
	// Six seconds a question, seldom less than two: reading, and tapping.
	for range answers {
		took += time.Duration(6 * math.Exp(0.55*rng.NormFloat64()) * float64(time.Second))
	}
	return module, answers, took
}

// The rates of false alarms of honest kiosks, which Detector states.
func TestFalseAlarmsOfHonestKiosks(t *testing.T) {
	points, days := 50, 60
	if testing.Short() {
		points, days = 25, 10
	}
	rng := rand.New(rand.NewPCG(2026, 11))
	count := map[Signal]int{}
	answers, marked, excellent, excellentRuns := 0, 0, 0, 0
	for p := range points {
		k := newKiosk(t)
		best := 0.15 + 0.60*float64(p%25)/24 // of the excellent offices 0.75
		perDay := 20 + 160*float64(p%8)/7
		for day := range days {
			date := morning.AddDate(0, 0, day)
			if date.Weekday() == time.Sunday {
				continue
			}
			// From 7:30 to 17:00, with a rush at nine and at two that triples the traffic; one after another.
			free := date
			for minute := range 570 {
				at := date.Add(time.Duration(minute-90)*time.Minute + time.Duration(rng.IntN(60))*time.Second)
				rate := perDay / 570 * 0.8
				if hour := at.Hour(); hour == 9 || hour == 14 {
					rate *= 2.4
				}
				if rng.Float64() >= rate {
					continue
				}
				for range 1 + rng.IntN(5)/4 { // some come as two
					module, given, took := citizen(rng, k.in, best)
					if at.Before(free) {
						at = free
					}
					end := at.Add(took)
					free = end.Add(time.Duration(3+rng.IntN(8)) * time.Second)
					s := k.sitting(end, module, given)
					s.Took = took.Truncate(time.Second)
					got := k.judge(s)
					answers++
					if best > 0.74 {
						excellent++
					}
					for _, g := range got {
						count[g]++
						if best > 0.74 && g == SignalSameAnswers {
							excellentRuns++
						}
					}
					if len(got) > 0 {
						marked++
					}
				}
			}
		}
	}
	per100k := func(n, of int) float64 { return 1e5 * float64(n) / float64(of) }
	t.Logf("%d honest answers, %.1f of 100,000 marked", answers, per100k(marked, answers))
	for _, g := range Signals() {
		t.Logf("%-13s %.1f of 100,000", g, per100k(count[g], answers))
	}
	t.Logf("same_answers in offices where three in four give the best answer to everything: %.1f of 100,000", per100k(excellentRuns, excellent))
	for g, most := range map[Signal]float64{SignalSameAnswers: 15, SignalBurst: 20, SignalHasty: 20, SignalClosed: 0} {
		if n := per100k(count[g], answers); n > most {
			t.Errorf("%s: %.1f of 100,000 honest answers are marked, want at most %.0f", g, n, most)
		}
	}
}

// What the marks find of a clerk who presses "very satisfied" among honest answers, and what they cannot.
func TestPowerAgainstAClerk(t *testing.T) {
	for _, c := range []struct {
		name    string
		presses int
		gap     time.Duration // between presses
		took    time.Duration
		breaks  int     // an honest citizen after so many presses; 0 for never
		least   float64 // share of the presses that must be marked
		most    float64
	}{
		{"forty in a row", 40, 10 * time.Second, 4 * time.Second, 0, 1, 1},
		{"forty in a row, without haste", 40, 10 * time.Second, 20 * time.Second, 0, 0.7, 0.8},
		{"sixty, one a minute", 60, time.Minute, 20 * time.Second, 0, 0.4, 0.5},
		{"in the evening", 10, time.Minute, 20 * time.Second, 0, 1, 1},
		{"three after each citizen", 60, 2 * time.Minute, 20 * time.Second, 3, 0, 0.1},
	} {
		t.Run(c.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(7, 7))
			k := newKiosk(t)
			at := morning
			if c.name == "in the evening" {
				at = morning.Add(12 * time.Hour)
			}
			marked := 0
			for i := range c.presses {
				if c.breaks > 0 && i%c.breaks == 0 {
					at = at.Add(time.Minute)
					module, given, took := citizen(rng, k.in, 0.4)
					s := k.sitting(at, module, given)
					s.Took = took
					k.judge(s)
				}
				at = at.Add(c.gap)
				module := fmt.Sprintf("m%d", rng.IntN(5))
				s := k.sitting(at, module, press(k.in, module, 0))
				s.Took = c.took
				if len(k.judge(s)) > 0 {
					marked++
				}
			}
			share := float64(marked) / float64(c.presses)
			t.Logf("%d of %d presses are marked", marked, c.presses)
			if share < c.least || share > c.most {
				t.Errorf("%.0f %% of the presses are marked, want %.0f to %.0f %%", 100*share, 100*c.least, 100*c.most)
			}
		})
	}
}

func BenchmarkJudge(b *testing.B) {
	k := newKiosk(b)
	answers := press(k.in, "m1", 0)
	for i := range b.N {
		s := k.sitting(morning.Add(time.Duration(i)*time.Second), "m1", answers)
		s.Point = PointID(rune('a' + i%200))
		k.judge(s)
	}
}
