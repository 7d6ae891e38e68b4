package flag_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"sipas/analysis/flag"

	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"
)

// The 15 p-values of Benjamini and Hochberg (1995); adjusted by hand from m·p/i and (m−i+1)·p.
var printed = []float64{0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1}

func TestAdjustments(t *testing.T) {
	bh := []float64{0.0015, 0.003, 0.0095, 0.035625, 0.0603, 0.447 / 7, 0.447 / 7, 0.0645, 0.0765, 0.486, 15 * 0.4262 / 11, 0.714875, 15 * 0.6528 / 13, 15 * 0.759 / 14, 1}
	holm := []float64{0.0015, 0.0056, 0.0247, 0.114, 0.2211, 0.278, 0.278, 0.278, 0.3213, 1, 1, 1, 1, 1, 1}
	order := rand.New(rand.NewPCG(1, 1)).Perm(len(printed))
	p := []float64{math.NaN()}
	for _, i := range order {
		p = append(p, printed[i])
	}
	for name, c := range map[string]struct {
		got, want []float64
	}{"BH": {flag.BenjaminiHochberg(p), bh}, "Holm": {flag.Holm(p), holm}} {
		if !math.IsNaN(c.got[0]) {
			t.Errorf("%s: a missing p-value became %v", name, c.got[0])
		}
		for k, i := range order {
			if math.Abs(c.got[k+1]-c.want[i]) > 1e-12 {
				t.Errorf("%s: p = %v gives %v, want %v", name, printed[i], c.got[k+1], c.want[i])
			}
		}
	}
}

func TestBelowTarget(t *testing.T) {
	for _, c := range []struct{ value, se, df, target, want float64 }{
		{80, 0, 10, 85, 0}, {85, 0, 10, 85, 1}, {85, 2, 10, 85, 0.5},
		{80, 2, math.Inf(1), 80 + 2*1.959963984540054, 0.025},
		{80, 2, 10, 80 + 2*2.2281388519649385, 0.025}, // the t quantile of the printed tables
	} {
		if got := flag.BelowTarget(c.value, c.se, c.df, c.target); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%+v: %v", c, got)
		}
	}
	for _, p := range []float64{flag.BelowTarget(1, 1, 0, 2), flag.BelowTarget(math.NaN(), 1, 5, 2), flag.BelowTarget(1, math.NaN(), 5, 2)} {
		if !math.IsNaN(p) {
			t.Errorf("an undefined test has p = %v", p)
		}
	}
}

func TestPeers(t *testing.T) {
	cov := mat.NewSymDense(4, []float64{4, 1, 0, 0, 1, 9, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1})
	d := flag.Peers([]float64{10, 20, 30, math.NaN()}, cov, []float64{5, 6, 7, 8}, []string{"a", "a", "a", "a"})
	// 10 − (20+30)/2; V = 4 + (9+1+0)/4 − 2·(1+0)/2.
	if d[0].Value != -15 || math.Abs(d[0].SE-math.Sqrt(4+10.0/4-1)) > 1e-12 || d[0].DF != 5 {
		t.Errorf("first: %+v", d[0])
	}
	if !math.IsNaN(d[3].P) || d[3].Reason == "" {
		t.Errorf("missing: %+v", d[3])
	}
	alone := flag.Peers([]float64{10, 20}, mat.NewSymDense(2, []float64{1, 0, 0, 1}), []float64{5, 5}, []string{"a", "b"})
	if !math.IsNaN(alone[0].P) || alone[0].Reason == "" {
		t.Errorf("without peers: %+v", alone[0])
	}
}

func TestChange(t *testing.T) {
	d := flag.Change(70, 3, 20, 80, 4, 30, 0)
	if d.Value != -10 || d.SE != 5 || math.Abs(d.DF-625/(81.0/20+256.0/30)) > 1e-12 {
		t.Errorf("independent waves: %+v", d)
	}
	if d = flag.Change(70, 3, 20, 80, 4, 30, 4.5); d.SE != 4 || d.DF != 20 {
		t.Errorf("overlapping waves: %+v", d)
	}
	if d = flag.Change(70, 3, 20, math.NaN(), 4, 30, 0); !math.IsNaN(d.P) || d.Reason == "" {
		t.Errorf("no earlier wave: %+v", d)
	}
}

func TestPercentileRank(t *testing.T) {
	v := []float64{1, 2, 2, math.NaN(), 4}
	for i, want := range []float64{12.5, 50, 50, math.NaN(), 87.5} {
		if got := flag.PercentileRank(v, i); got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Errorf("rank of %v is %v, want %v", v[i], got, want)
		}
	}
}

func diagonal(se ...float64) *mat.SymDense {
	c := mat.NewSymDense(len(se), nil)
	for i, s := range se {
		c.SetSym(i, i, s*s)
	}
	return c
}

func TestRankSetsKnownCases(t *testing.T) {
	values := []float64{90, 80, 70, math.NaN(), 60}
	certain, err := flag.RankSets(values, diagonal(0, 0, 0, 1, 0), flag.RankOptions{Draws: 200})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]flag.RankSet{{1, 1}, {2, 2}, {3, 3}, {0, 0}, {4, 4}}, certain); d != "" {
		t.Error(d)
	}
	noise, err := flag.RankSets(values, diagonal(1e6, 1e6, 1e6, 1, 1e6), flag.RankOptions{Draws: 200})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]flag.RankSet{{1, 4}, {1, 4}, {1, 4}, {0, 0}, {1, 4}}, noise); d != "" {
		t.Error(d)
	}
	if flag.AmongLowest(noise[4], 4, 1) || !flag.AmongLowest(certain[4], 4, 1) || flag.AmongLowest(certain[2], 4, 1) || !flag.AmongLowest(certain[2], 4, 2) || flag.AmongLowest(certain[3], 4, 4) {
		t.Error("among the lowest")
	}
	if _, err := flag.RankSets(values, diagonal(1), flag.RankOptions{}); err == nil {
		t.Error("a covariance of another size was accepted")
	}
	if _, err := flag.RankSets(values, diagonal(1, 1, 1, 1, math.NaN()), flag.RankOptions{}); err == nil {
		t.Error("an undefined covariance was accepted")
	}
	// Two units that move together exactly are told apart however large their own errors.
	joint := mat.NewSymDense(2, []float64{100, 100, 100, 100})
	together, err := flag.RankSets([]float64{50, 49}, joint, flag.RankOptions{Draws: 200})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]flag.RankSet{{1, 1}, {2, 2}}, together); d != "" {
		t.Error(d)
	}
}

func TestRankSetsHoldTheirOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 8).Draw(t, "n")
		values, se := make([]float64, n), make([]float64, n)
		for i := range values {
			values[i] = rapid.Float64Range(0, 100).Draw(t, "value")
			se[i] = rapid.Float64Range(0.1, 20).Draw(t, "se")
		}
		sets := func(o flag.RankOptions) []flag.RankSet {
			o.Draws, o.Seed = 300, 7
			s, err := flag.RankSets(values, diagonal(se...), o)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		wide, narrow := sets(flag.RankOptions{Level: 0.99}), sets(flag.RankOptions{Level: 0.8})
		single, marginal := sets(flag.RankOptions{NoStepDown: true}), sets(flag.RankOptions{Marginal: true})
		step := sets(flag.RankOptions{})
		for i, v := range values {
			rank := 1
			for _, o := range values {
				if o > v {
					rank++
				}
			}
			for name, s := range map[string]flag.RankSet{"99": wide[i], "80": narrow[i], "single": single[i], "marginal": marginal[i], "step": step[i]} {
				if s.Lower > rank || s.Upper < rank {
					t.Fatalf("%s: the point rank %d is not in %v", name, rank, s)
				}
			}
			inside := func(a, b flag.RankSet) bool { return a.Lower >= b.Lower && a.Upper <= b.Upper }
			if !inside(narrow[i], wide[i]) || !inside(step[i], single[i]) {
				t.Fatalf("unit %d: 80%% %v in 99%% %v; step-down %v in single %v", i, narrow[i], wide[i], step[i], single[i])
			}
		}
	})
}

// Not parallel: it changes the number of cores.
func TestRankSetsDoNotDependOnCores(t *testing.T) {
	src := rand.New(rand.NewPCG(3, 4))
	values, se := make([]float64, 30), make([]float64, 30)
	for i := range values {
		values[i], se[i] = src.NormFloat64()*3, 1+src.Float64()
	}
	var want []flag.RankSet
	before := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(before)
	for _, cores := range []int{1, 2, 7} {
		runtime.GOMAXPROCS(cores)
		got, err := flag.RankSets(values, diagonal(se...), flag.RankOptions{Seed: 5, Draws: 1333})
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = got
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%d cores: %s", cores, d)
		}
	}
}

// With 400 repetitions at level 0.90 the simultaneous coverage is above 0.90 less 3 Monte Carlo errors (0.045).
func TestRankSetsCover(t *testing.T) {
	src := rand.New(rand.NewPCG(11, 12))
	truth := []float64{0, 0, 0.5, 1, 1, 3}
	se := []float64{1, 0.5, 1, 0.7, 1, 1}
	covered := 0
	const repetitions = 400
	for r := range uint64(repetitions) {
		values := make([]float64, len(truth))
		for i := range values {
			values[i] = truth[i] + se[i]*src.NormFloat64()
		}
		sets, err := flag.RankSets(values, diagonal(se...), flag.RankOptions{Level: 0.9, Draws: 400, Seed: r})
		if err != nil {
			t.Fatal(err)
		}
		all := true
		for i, v := range truth {
			least, most := 1, 0
			for _, o := range truth {
				if o > v {
					least++
				}
				if o >= v {
					most++
				}
			}
			all = all && sets[i].Lower <= least && sets[i].Upper >= most
		}
		if all {
			covered++
		}
	}
	if share := float64(covered) / repetitions; share < 0.9-0.045 {
		t.Errorf("the sets cover all ranks in %.3f of the repetitions", share)
	}
}

func TestLowestP(t *testing.T) {
	values := []float64{50, 60, 70, 80, math.NaN()}
	df := []float64{math.Inf(1), math.Inf(1), math.Inf(1), math.Inf(1), 1}
	cov := diagonal(3, 4, 4, 4, 1)
	got := flag.LowestP(values, cov, df, 2)
	// The first must lie below two of the others: the second smallest of its three pairs, doubled.
	z := (50.0 - 70) / 5
	if want := 2 * distuv.UnitNormal.CDF(z); math.Abs(got[0]-want) > 1e-12 {
		t.Errorf("p = %v, want %v", got[0], want)
	}
	if got[3] != 1 || !math.IsNaN(got[4]) {
		t.Errorf("the highest has p = %v, the missing one %v", got[3], got[4])
	}
	if p := flag.LowestP(values, cov, df, 4); !math.IsNaN(p[0]) {
		t.Errorf("all four are the lowest four, p = %v", p[0])
	}
}

// At the edge of the null, with k units tied below everyone, the claim about one more is wrong
// in at most alpha of the cases.
func TestLowestPHoldsItsLevel(t *testing.T) {
	src := rand.New(rand.NewPCG(21, 22))
	const repetitions, alpha = 4000, 0.05
	df := slices.Repeat([]float64{math.Inf(1)}, 8)
	cov := diagonal(slices.Repeat([]float64{1}, 8)...)
	wrong := 0
	for range repetitions {
		values := make([]float64, 8)
		for i := range values {
			values[i] = src.NormFloat64()
			if i > 2 {
				values[i] += 9
			}
		}
		// Units 0, 1 and 2 are equal, so unit 0 is not shown to be among the lowest two.
		if flag.LowestP(values, cov, df, 2)[0] <= alpha {
			wrong++
		}
	}
	if share := float64(wrong) / repetitions; share > alpha+3*math.Sqrt(alpha*(1-alpha)/repetitions) {
		t.Errorf("wrong in %.4f of the cases", share)
	}
}

func TestJudge(t *testing.T) {
	nan := math.NaN()
	family := []flag.Evidence{
		{Key: "both", N: 100, TargetP: 1e-6, PeersP: 1e-5, LowestP: 1e-7, FallenP: 0.4},
		{Key: "target alone", N: 100, TargetP: 1e-6, PeersP: 0.5, LowestP: 1, FallenP: nan},
		{Key: "peers alone", N: 100, TargetP: 0.6, PeersP: 1e-8, LowestP: nan, FallenP: nan},
		{Key: "low point", N: 100, TargetP: 0.2, PeersP: 0.3, LowestP: nan, FallenP: nan, LowPoint: true},
		{Key: "fine", N: 100, TargetP: 0.9, PeersP: 0.7, LowestP: 1, FallenP: nan},
		{Key: "few", N: 9, TargetP: 1e-9, PeersP: 1e-9, LowestP: 1e-9, FallenP: 1e-9},
		{Key: "no target", N: 100, TargetP: nan, PeersP: 1e-9, LowestP: nan, FallenP: nan},
	}
	got, err := flag.Judge(family, flag.Rule{Q: 0.1, MinN: 15})
	if err != nil {
		t.Fatal(err)
	}
	want := []struct {
		state   flag.State
		reasons []flag.Reason
	}{
		{flag.Flagged, []flag.Reason{flag.ReasonTarget, flag.ReasonLowest, flag.ReasonPeers}},
		{flag.Watch, []flag.Reason{flag.ReasonTarget}},
		{flag.Watch, []flag.Reason{flag.ReasonPeers}},
		{flag.Watch, nil},
		{flag.None, nil},
		{flag.TooFew, nil},
		{flag.Watch, []flag.Reason{flag.ReasonPeers}},
	}
	for i, v := range got {
		if v.Key != family[i].Key || v.State != want[i].state || !slices.Equal(v.Reasons, want[i].reasons) {
			t.Errorf("%s: %s %v, want %s %v", v.Key, v.State, v.Reasons, want[i].state, want[i].reasons)
		}
	}
	for _, q := range []float64{0, 1, nan} {
		if _, err := flag.Judge(family, flag.Rule{Q: q}); err == nil {
			t.Errorf("q = %v was accepted", q)
		}
	}
	if _, err := flag.Judge([]flag.Evidence{{TargetP: 2}}, flag.Rule{Q: 0.1}); err == nil {
		t.Error("a p-value of 2 was accepted")
	}
}

// world is a family drawn from a stated truth: effects of the four reasons, in standard
// errors, zero or less being a true null; everything shares a common part, so that
// p-values are positively dependent.
type world struct {
	effects [][4]float64
	shared  float64
}

func (w world) draw(src *rand.Rand) []flag.Evidence {
	var out []flag.Evidence
	common := src.NormFloat64()
	p := func(effect, own float64) float64 {
		z := effect + w.shared*common + math.Sqrt(1-w.shared*w.shared)*own
		return distuv.UnitNormal.CDF(-z)
	}
	for i, e := range w.effects {
		own := src.NormFloat64()
		near := func() float64 { return 0.8*own + 0.6*src.NormFloat64() }
		out = append(out, flag.Evidence{
			Key: fmt.Sprint(i), N: 100, TargetP: p(e[0], own), LowestP: p(e[1], near()), PeersP: p(e[2], near()), FallenP: p(e[3], src.NormFloat64()),
		})
	}
	return out
}

// The expected share of false flags is at most q plus 2 Monte Carlo errors, in worlds made to be hard: no
// true flag at all, reasons true but targets not, targets true but reasons not, and mixtures.
func TestShareOfFalseFlags(t *testing.T) {
	const q, repetitions = 0.1, 1500
	repeat := func(n int, e [4]float64) [][4]float64 { return slices.Repeat([][4]float64{e}, n) }
	for name, w := range map[string]world{
		"all null":                 {repeat(60, [4]float64{}), 0},
		"targets met":              {repeat(60, [4]float64{0, 5, 5, 5}), 0},
		"below target only":        {repeat(60, [4]float64{5, 0, 0, 0}), 0},
		"one reason of three":      {repeat(60, [4]float64{5, 5, 0, 0}), 0},
		"mixture":                  {slices.Concat(repeat(20, [4]float64{4, 4, 4, 0}), repeat(20, [4]float64{4, 0, 0, 0}), repeat(20, [4]float64{0, 4, 4, 0})), 0},
		"mixture, dependent":       {slices.Concat(repeat(20, [4]float64{4, 4, 4, 0}), repeat(20, [4]float64{4, 0, 0, 0}), repeat(20, [4]float64{0, 4, 4, 0})), 0.6},
		"few true ones, dependent": {slices.Concat(repeat(3, [4]float64{6, 6, 6, 6}), repeat(57, [4]float64{0, 0, 0, 0})), 0.5},
	} {
		src := rand.New(rand.NewPCG(31, uint64(len(name))))
		var sum, squares, flags float64
		for range repetitions {
			verdicts, err := flag.Judge(w.draw(src), flag.Rule{Q: q})
			if err != nil {
				t.Fatal(err)
			}
			total, wrong := 0.0, 0.0
			for i, v := range verdicts {
				if v.State != flag.Flagged {
					continue
				}
				total++
				at := map[flag.Reason]int{flag.ReasonTarget: 0, flag.ReasonLowest: 1, flag.ReasonPeers: 2, flag.ReasonFallen: 3}
				if slices.ContainsFunc(v.Reasons, func(r flag.Reason) bool { return w.effects[i][at[r]] <= 0 }) {
					wrong++
				}
				if len(v.Reasons) < 2 || v.Reasons[0] != flag.ReasonTarget {
					t.Fatalf("a flag states %v", v.Reasons)
				}
			}
			share := wrong / math.Max(1, total)
			flags += total
			sum += share
			squares += share * share
		}
		mean := sum / repetitions
		mc := math.Sqrt((squares/repetitions - mean*mean) / repetitions)
		t.Logf("%s: %.4f ± %.4f false, %.1f flags", name, mean, mc, flags/repetitions)
		if mean > q+2*mc {
			t.Errorf("%s: the share of false flags is %.4f, Monte Carlo error %.4f", name, mean, mc)
		}
		if w.effects[0][0] >= 4 && w.effects[0][1] >= 4 && flags/repetitions < 2 {
			t.Errorf("%s: only %.2f flags: the rule has no power", name, flags/repetitions)
		}
	}
}

func ExampleJudge() {
	cov := diagonal(2, 2, 2, 2, 2)
	values := []float64{60, 86, 88, 84, 90}
	df := []float64{150, 150, 150, 150, 150}
	lowest := flag.LowestP(values, cov, df, 1)
	peers := flag.Peers(values, cov, df, []string{"commune", "commune", "commune", "commune", "commune"})
	var family []flag.Evidence
	for i, v := range values {
		family = append(family, flag.Evidence{
			Key: fmt.Sprint("unit ", i+1), N: 151, TargetP: flag.BelowTarget(v, 2, df[i], 85),
			LowestP: lowest[i], PeersP: peers[i].P, FallenP: math.NaN(), LowPoint: v < 85,
		})
	}
	verdicts, err := flag.Judge(family, flag.Rule{Q: 0.05, MinN: 15})
	if err != nil {
		panic(err)
	}
	for _, v := range verdicts {
		fmt.Println(v.Key, v.State, v.Reasons)
	}
	// Output:
	// unit 1 flag [below_target among_lowest below_peers]
	// unit 2 none []
	// unit 3 none []
	// unit 4 watch []
	// unit 5 none []
}
