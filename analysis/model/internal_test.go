package model

import (
	"math"
	"math/rand/v2"
	"testing"

	"sipas/analysis/formula"
)

// The score and the Hessian are the derivatives of the loss, for every link.
func TestOrdinalDerivatives(t *testing.T) {
	t.Parallel()
	src := rand.New(rand.NewPCG(1, 2))
	const n = 60
	data := formula.NewColumns(n)
	x, w, rows, codes := make([]float64, n), make([]float64, n), make([]int, n), make([]int32, n)
	group := make([]int32, n)
	for i := range n {
		x[i], w[i], rows[i], codes[i], group[i] = src.NormFloat64(), src.Float64(), i, int32(src.IntN(4)), int32(src.IntN(3))
	}
	f, err := formula.Parse("~x * g")
	if err == nil {
		err = data.AddNumbers("x", x)
	}
	if err == nil {
		err = data.AddFactor("g", group, []string{"a", "b", "c"})
	}
	if err != nil {
		t.Fatal(err)
	}
	m, err := f.Build(data, formula.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range []Link{Logit, Probit, Cloglog, Loglog} {
		p := &ordinalProblem{x: newColumns(m, rows, w), y: codes, w: w, link: link, levels: 4}
		p.findKept()
		at := p.begin()
		for j := range p.kept {
			at[j] = 0.3 * src.NormFloat64()
		}
		here := p.pass(at)
		const h = 1e-5
		move := func(j int, by float64) *sums {
			to := append([]float64(nil), at...)
			to[j] += by
			return p.pass(to)
		}
		for j := range at {
			up, down := move(j, h), move(j, -h)
			if got, want := here.score[j], -(up.loss-down.loss)/(4*h); math.Abs(got-want) > 1e-7*(1+math.Abs(want)) {
				t.Errorf("%s: score %d is %v, by differences %v", link, j, got, want)
			}
			for k := range j + 1 {
				if got, want := here.gram[j*len(at)+k], -(up.score[k]-down.score[k])/(2*h); math.Abs(got-want) > 1e-6*(1+math.Abs(want)) {
					t.Errorf("%s: information %d, %d is %v, by differences %v", link, j, k, got, want)
				}
			}
		}
	}
}

// Far in the tails nothing is lost and nothing is out of range.
func TestTails(t *testing.T) {
	t.Parallel()
	for _, link := range []Link{Logit, Probit, Cloglog} {
		f := Family{Binomial, link}
		for eta := -50.0; eta <= 50; eta += 0.5 {
			for _, y := range []float64{0, 0.3, 1} {
				loss, score, info := f.unit()(y, eta)
				if math.IsNaN(loss) || math.IsNaN(score) || math.IsNaN(info) || loss < 0 || info < 0 {
					t.Errorf("%s at %v: loss %v, score %v, information %v", f, eta, loss, score, info)
				}
			}
		}
	}
	if loss, score, _ := logisticUnit(1, 40); math.Abs(loss/(2*math.Exp(-40))-1) > 1e-12 || math.Abs(score/math.Exp(-40)-1) > 1e-12 {
		t.Errorf("at 40: loss %v, score %v", loss, score)
	}
	for _, link := range []Link{Logit, Probit, Cloglog, Loglog} {
		for l := -30.0; l < 6; l += 0.5 {
			logP, _, _ := between(link, l, l+1e-4)
			_, _, density, _ := cumulative(link, l+5e-5)
			// Where numbers are in range, a thin interval has the density's probability.
			if density > 1e-290 && math.Abs(math.Exp(logP)/(density*1e-4)-1) > 1e-3 {
				t.Errorf("%s at %v: P %v, density %v", link, l, math.Exp(logP), density)
			}
		}
	}
}

// The units' scores and observed information are the derivatives of their deviances.
func TestUnitDerivatives(t *testing.T) {
	t.Parallel()
	for _, f := range []Family{{Gaussian, Identity}, {Binomial, Logit}, {Binomial, Probit}, {Binomial, Cloglog}, {Poisson, Log}, {Gamma, Log}, {Gamma, Inverse}} {
		u := f.observed()
		for _, y := range []float64{0, 0.3, 1} {
			if f.allowed(y) != "" {
				continue
			}
			for eta := 0.1; eta < 1.5; eta += 0.2 {
				for _, at := range []float64{eta, -3 * eta} {
					if f.Link == Inverse && at < 0 {
						continue
					}
					const h = 1e-5
					up, scoreUp, _ := u(y, at+h)
					down, scoreDown, _ := u(y, at-h)
					_, score, info := u(y, at)
					if want := -(up - down) / (4 * h); math.Abs(score-want) > 1e-6*(1+math.Abs(want)) {
						t.Errorf("%s: score of %v at %v is %v, by differences %v", f, y, at, score, want)
					}
					if want := -(scoreUp - scoreDown) / (2 * h); math.Abs(info-want) > 1e-6*(1+math.Abs(want)) {
						t.Errorf("%s: information of %v at %v is %v, by differences %v", f, y, at, info, want)
					}
				}
			}
		}
	}
	// Where curvature passes from its formula to the limit, nothing jumps.
	if a, b := first(curvature(Cloglog, math.Log(0.99e-6))), first(curvature(Cloglog, math.Log(1.01e-6))); math.Abs(b/a-1.01/0.99) > 1e-3 {
		t.Errorf("curvature %v and %v", a, b)
	}
}

func first(a, _ float64) float64 { return a }
