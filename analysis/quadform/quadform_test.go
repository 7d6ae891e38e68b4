package quadform_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"sipas/analysis/quadform"
)

func chi(t testing.TB, x float64, lambda, df []float64, m quadform.Method) float64 {
	t.Helper()
	p, err := quadform.ChiSum(x, lambda, df, m)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func ratio(t testing.TB, x float64, lambda, df []float64, ddf float64, m quadform.Method) float64 {
	t.Helper()
	p, err := quadform.FSum(x, lambda, df, ddf, m)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func near(t interface{ Fatalf(string, ...any) }, what string, got, want, relative float64) {
	if !(math.Abs(got-want) <= relative*math.Abs(want)) {
		t.Fatalf("%s: got %.17g, want %.17g (off by %.2g)", what, got, want, got/want-1)
	}
}

// Imhof's own table of 1961, four decimals.
func TestImhof1961(t *testing.T) {
	lambda := []float64{0.6, 0.3, 0.1}
	for _, c := range []struct {
		lambda, df []float64
		x, want    float64
	}{
		{lambda, nil, 0.1, 0.9458},
		{lambda, nil, 0.7, 0.5064},
		{lambda, nil, 2, 0.1240},
		{lambda, []float64{2, 2, 2}, 2, 0.3998},
		{lambda, []float64{2, 2, 2}, 6, 0.0161},
		{lambda, []float64{6, 4, 2}, 1, 0.9973},
		{lambda, []float64{6, 4, 2}, 5, 0.4353},
		{lambda, []float64{6, 4, 2}, 12, 0.0088},
		{lambda, []float64{2, 4, 6}, 1, 0.9666},
		{lambda, []float64{2, 4, 6}, 3, 0.4196},
	} {
		for _, m := range []quadform.Method{quadform.Exact, quadform.Ruben, quadform.Inversion} {
			if got := chi(t, c.x, c.lambda, c.df, m); math.Abs(got-c.want) > 5.1e-5 {
				t.Errorf("%v at %v of %v %v: %v, want %v", m, c.x, c.lambda, c.df, got, c.want)
			}
		}
	}
}

// With ν = 2 each term is exponential with mean 2λ, and distinct λ of any sign give sums of exponentials in closed form.
func hypoexponential(x float64, lambda []float64) (p, size float64) {
	if x < 0 {
		turned := make([]float64, len(lambda))
		for i, l := range lambda {
			turned[i] = -l
		}
		q, s := hypoexponential(-x, turned)
		return 1 - q, 1 + s
	}
	for i, l := range lambda {
		if l < 0 {
			continue
		}
		a := math.Exp(-x / (2 * l))
		for j, o := range lambda {
			if j != i {
				a *= l / (l - o)
			}
		}
		p += a
		size += math.Abs(a)
	}
	return p, size
}

func TestExponentialMixtures(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 5).Draw(t, "n")
		lambda, df := make([]float64, n), make([]float64, n)
		mixed := rapid.Bool().Draw(t, "mixed")
		scale := math.Pow(10, rapid.Float64Range(-3, 3).Draw(t, "scale"))
		for i := range lambda {
			lambda[i] = scale * (float64(i) + rapid.Float64Range(0.3, 0.9).Draw(t, "λ"))
			if mixed && rapid.Bool().Draw(t, "negative") {
				lambda[i] *= -1
			}
			df[i] = 2
		}
		x := scale * rapid.Float64Range(-20, 400).Draw(t, "x")
		want, size := hypoexponential(x, lambda)
		got, err := quadform.ChiSum(x, lambda, df, quadform.Exact)
		if err != nil {
			t.Fatal(err)
		}
		inverted, _ := quadform.ChiSum(x, lambda, df, quadform.Inversion)
		for _, g := range []float64{got, inverted} {
			if math.Abs(g-want) > 1e-11*math.Abs(want)+1e-13*size {
				t.Fatalf("%v at %v: got %.17g, want %.17g", lambda, x, g, want)
			}
		}
	})
}

// Two independent ways agree in relative terms, far into both tails, whatever the degrees of freedom and the spread of λ.
func TestRubenIsInversion(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "n")
		lambda, df := make([]float64, n), make([]float64, n)
		var mean float64
		for i := range lambda {
			lambda[i] = math.Exp(rapid.Float64Range(-4, 3).Draw(t, "log λ"))
			df[i] = rapid.Float64Range(0.2, 9).Draw(t, "ν")
			mean += lambda[i] * df[i]
		}
		x := mean * math.Exp(rapid.Float64Range(-4, 4).Draw(t, "log x"))
		a, err := quadform.ChiSum(x, lambda, df, quadform.Ruben)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := quadform.ChiSum(x, lambda, df, quadform.Inversion)
		near(t, "tail", b, a, 1e-10)
		low := make([]float64, n)
		for i, l := range lambda {
			low[i] = -l
		}
		c, _ := quadform.ChiSum(-x, low, df, quadform.Exact)
		if math.Abs(a+c-1) > 1e-11 {
			t.Fatalf("the tails sum to %v", a+c)
		}
	})
}

func TestSpecialCases(t *testing.T) {
	// Equal λ: a scaled chi-squared; its survival with two degrees of freedom is exponential.
	for _, m := range []quadform.Method{quadform.Exact, quadform.Ruben, quadform.Inversion, quadform.Satterthwaite} {
		for _, x := range []float64{1e-8, 1, 30, 600, 3000} {
			near(t, m.String(), chi(t, x, []float64{2.5, 2.5, 0}, nil, m), math.Exp(-x/5), 1e-11)
		}
	}
	// The F distribution with two and d degrees of freedom has (1 + 2x/d)^(−d/2).
	for _, m := range []quadform.Method{quadform.Exact, quadform.Inversion, quadform.Satterthwaite} {
		for _, d := range []float64{3, 20.5, 300} {
			for _, x := range []float64{0.1, 2, 40, 900} {
				near(t, m.String(), ratio(t, 6*x, []float64{3, 3}, nil, d, m), math.Pow(1+2*x/d, -d/2), 1e-11)
			}
		}
	}
	// The ratio of exponentials: P(2aE₁ + 2bE₂ > x·mean of d/2 exponentials), d = 2.
	a, b, x := 1.0, 4.0, 7.0
	survival := func(l float64) float64 { return 1 / (1 + x/(2*l)) }
	want := a/(a-b)*survival(a) + b/(b-a)*survival(b)
	near(t, "ratio", ratio(t, x, []float64{a, b}, []float64{2, 2}, 2, quadform.Exact), want, 1e-12)
	near(t, "no denominator", ratio(t, 9, []float64{1, 2}, nil, math.Inf(1), quadform.Exact), chi(t, 9, []float64{1, 2}, nil, quadform.Exact), 0)
	near(t, "large denominator", ratio(t, 9, []float64{1, 2}, nil, 1e12, quadform.Exact), chi(t, 9, []float64{1, 2}, nil, quadform.Exact), 1e-9)

	// λ that differ by a million times: the series would be endless, and the answer is that of the large ones.
	p := chi(t, 50, []float64{1, 1e-9}, []float64{2, 3}, quadform.Exact)
	near(t, "tiny λ", p, math.Exp(-25), 1e-8)
	var wrong *quadform.InputError
	if _, err := quadform.ChiSum(50, []float64{1, 1e-9}, nil, quadform.Ruben); !errors.As(err, &wrong) {
		t.Error(err)
	}
	// Chi-squared with 300 terms of two, against the closed Poisson sum.
	lambda, df := make([]float64, 300), make([]float64, 300)
	for i := range lambda {
		lambda[i], df[i] = 1+float64(i%2), 2
	}
	near(t, "many", chi(t, 1500, lambda, df, quadform.Ruben), chi(t, 1500, lambda, df, quadform.Inversion), 1e-10)

	for _, m := range []quadform.Method{quadform.Exact, quadform.Ruben, quadform.Inversion, quadform.Saddlepoint, quadform.Satterthwaite} {
		inf := math.Inf(1)
		for _, c := range []struct {
			x      float64
			lambda []float64
			want   float64
		}{
			{0, []float64{1, 2}, 1}, {-3, []float64{1, 2}, 1}, {inf, []float64{1, 2}, 0}, {-inf, []float64{1, 2}, 1},
			{0, []float64{0, 0}, 0}, {-1, []float64{0}, 1}, {1, nil, 0}, {0, []float64{-1, -2}, 0}, {5, []float64{-1}, 0},
			{1e300, []float64{1, 2}, 0},
		} {
			if got := chi(t, c.x, c.lambda, nil, m); got != c.want {
				t.Errorf("%v: P(%v > %v) = %v, want %v", m, c.lambda, c.x, got, c.want)
			}
		}
	}
}

// The ratio is the tail of the sum averaged over its denominator, whatever the degrees of freedom of that.
func TestRatioIsAverage(t *testing.T) {
	lambda := []float64{0.3, 1, 2.5}
	for _, d := range []float64{1.7, 5, 40, 999.5} {
		for _, x := range []float64{0.5, 4, 12, 60} {
			// v = eᵘ has the density of χ²_d; its logarithm makes both ends smooth, so equal steps converge fast.
			g, _ := math.Lgamma(d / 2)
			want, step := 0.0, 0.25*math.Sqrt(2/d)
			for u := math.Log(d) - 60/d - 12/math.Sqrt(d); u < math.Log(d+60+12*math.Sqrt(2*d)); u += step {
				density := math.Exp(d/2*u - math.Exp(u)/2 - d/2*math.Ln2 - g)
				want += step * density * chi(t, x*math.Exp(u)/d, lambda, nil, quadform.Ruben)
			}
			near(t, "ratio", ratio(t, x, lambda, nil, d, quadform.Exact), want, 1e-9)
		}
	}
}

// An independent check on what no closed form covers: half a million draws.
func TestSimulation(t *testing.T) {
	lambda, df := []float64{2, 0.7, -1.2}, []float64{1, 3, 2}
	r := rand.New(rand.NewPCG(1, 2))
	const draws = 500000
	at := []float64{-4, 0, 3, 9}
	count := make([]float64, len(at))
	for range draws {
		var q float64
		for i, l := range lambda {
			for range int(df[i]) {
				z := r.NormFloat64()
				q += l * z * z
			}
		}
		for i, x := range at {
			if q > x {
				count[i]++
			}
		}
	}
	for i, x := range at {
		p := chi(t, x, lambda, df, quadform.Exact)
		if math.Abs(count[i]/draws-p) > 4*math.Sqrt(p*(1-p)/draws) {
			t.Errorf("at %v: %v of the draws, want %v", x, count[i]/draws, p)
		}
	}
}

// The approximation passes through the mean without a jump, and is close to the truth.
func TestSaddlepoint(t *testing.T) {
	lambda := []float64{0.5, 1, 2.5, 4}
	middle := chi(t, 8, lambda, nil, quadform.Saddlepoint)
	for _, e := range []float64{1e-14, 1e-10, 1e-6} {
		low, high := chi(t, 8*(1-e), lambda, nil, quadform.Saddlepoint), chi(t, 8*(1+e), lambda, nil, quadform.Saddlepoint)
		if math.Abs(low-middle) > e+1e-15 || math.Abs(high-middle) > e+1e-15 {
			t.Errorf("%v, %v, %v around the mean", low, middle, high)
		}
	}
	for _, x := range []float64{0.5, 2, 8, 20, 60} {
		near(t, "saddlepoint", chi(t, x, lambda, nil, quadform.Saddlepoint), chi(t, x, lambda, nil, quadform.Exact), 0.08)
		near(t, "saddlepoint F", ratio(t, x, lambda, nil, 15, quadform.Saddlepoint), ratio(t, x, lambda, nil, 15, quadform.Exact), 0.08)
	}
}

func TestErrors(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		x          float64
		lambda, df []float64
		ddf        float64
		m          quadform.Method
		field      string
	}{
		{1, []float64{1, nan}, nil, 3, quadform.Exact, "lambda"},
		{1, []float64{1}, []float64{1, 2}, 3, quadform.Exact, "df"},
		{1, []float64{1}, []float64{0}, 3, quadform.Exact, "df"},
		{nan, []float64{1}, nil, 3, quadform.Exact, "x"},
		{1, []float64{1}, nil, 0, quadform.Exact, "ddf"},
		{1, []float64{1}, nil, nan, quadform.Exact, "ddf"},
		{1, []float64{1, -1}, nil, 3, quadform.Satterthwaite, "lambda"},
		{1, []float64{1, -1}, nil, 3, quadform.Ruben, "lambda"},
		{1, []float64{1}, nil, 3, 77, "method"},
	} {
		p, err := quadform.FSum(c.x, c.lambda, c.df, c.ddf, c.m)
		var wrong *quadform.InputError
		if !errors.As(err, &wrong) || wrong.Field != c.field || !math.IsNaN(p) {
			t.Errorf("%+v: %v, %v", c, p, err)
		}
	}
}

// Published upper tails that a distribution built as one less the other tail would lose.
func TestUpperTails(t *testing.T) {
	near(t, "F", quadform.UpperF(1000, 2, 40), math.Pow(51, -20), 1e-12)
	near(t, "chi-squared", quadform.UpperChiSquared(700, 2), math.Exp(-350), 1e-12)
	near(t, "normal", quadform.UpperNormal(10), 7.6198530241605260660e-24, 1e-13)
	near(t, "limit", quadform.UpperF(3, 4, math.Inf(1)), quadform.UpperChiSquared(12, 4), 0)
}

func BenchmarkRuben(b *testing.B) {
	lambda := []float64{0.5, 1, 2.5, 4, 7, 9, 11, 12, 13, 20}
	for b.Loop() {
		chi(b, 100, lambda, nil, quadform.Ruben)
	}
}

func BenchmarkInversion(b *testing.B) {
	lambda := []float64{0.5, 1, 2.5, 4, 7, 9, 11, 12, 13, 20}
	for b.Loop() {
		chi(b, 100, lambda, nil, quadform.Inversion)
	}
}
