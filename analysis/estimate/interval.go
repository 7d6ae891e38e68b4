package estimate

import (
	"fmt"
	"math"
	"slices"

	"sipas/analysis"
	"sipas/analysis/design"

	"gonum.org/v1/gonum/stat/distuv"
)

// Method names a confidence interval.
type Method string

const (
	// T is estimate ± t·se; for a share it may leave [0, 1].
	T Method = "t"
	// Beta is Korn and Graubard's with the effective number capped at n.
	Beta Method = "beta"
	// BetaUncapped is Korn and Graubard's as R's svyciprop has it.
	BetaUncapped Method = "beta-uncapped"
	// XLogit is symmetric on the logit scale.
	XLogit Method = "xlogit"
	// Logit is that of a logistic model with an intercept alone. For linearized designs it is XLogit; with
	// replicate weights Compute takes the standard error of the logits of the replicates.
	Logit Method = "logit"
	// Asin is symmetric on the arcsine-root scale.
	Asin Method = "asin"
	// Wilson inverts the score test with the effective number and t.
	Wilson Method = "wilson"
	// Likelihood inverts the scaled likelihood-ratio test.
	Likelihood Method = "likelihood"
)

// Methods are the intervals of a share, in the order of their documentation.
func Methods() []Method {
	return []Method{T, XLogit, Logit, Asin, Beta, BetaUncapped, Wilson, Likelihood}
}

func (m Method) known() bool { return slices.Contains(Methods(), m) }

// ParseMethod reads the name of an interval of a share: one of Methods, or "mean" for T as R has it.
func ParseMethod(name string) (Method, error) {
	m := Method(name)
	if name == "mean" {
		m = T
	}
	if !m.known() {
		return "", fmt.Errorf("there is no interval named %q; there are %v and mean", name, Methods())
	}

	return m, nil
}

// named is what a result calls an interval: infinite degrees of freedom are the normal distribution.
func named(m Method, df float64) string {
	switch {
	case !math.IsInf(df, 1):
		return string(m)
	case m == T:
		return "normal"
	}

	return string(m) + ", normal"
}

// Proportion returns the interval of a share p with design-based standard error
// se from n answers and df degrees of freedom. With v = se² and t the quantile of
// Student's distribution with df at (1+level)/2:
//
//	t            p ± t·se
//	xlogit       expit(logit p ± t·se/(p(1−p))); logit is the same
//	asin         sin²(asin√p ± t·se/(2√(p(1−p))))
//	beta         n* = p(1−p)/v·(t_{n−1}/t)², at most n; Beta quantiles with
//	             (n*p, n*(1−p)+1) and (n*p+1, n*(1−p))
//	wilson       m = p(1−p)/v: (p + t²/2m ± t/2m·√(4mp(1−p)+t²)) / (1+t²/m)
//	likelihood   all q with 2m[p ln(p/q) + (1−p) ln((1−p)/(1−q))] ≤ t²
//
// Edge cases. A share of 0 or 1 has no estimated variance: beta takes n* = n (NCHS
// 2017) and the end at the bound is the bound itself, while the other end keeps all
// of 1 − level in its tail, since none of it is needed at the bound: with n answers the upper end for none is
// 1 − (1−level)^(1/n). wilson and likelihood take m = n and keep t as it is;
// t, xlogit, logit and asin are not defined there. With df ≤ 0, or fewer than two answers,
// nothing is defined: the interval is NaN and the reason says why. A share
// between whose variance is zero is known exactly: the interval is the point.
// beta then takes n* = n all the same when it is capped.
//
// Korn and Graubard 1998; Dean and Pagano 2015; Parker et al. 2017 (NCHS series 2, no. 175).
func Proportion(m Method, p, se float64, n int, df, level float64) (analysis.Interval, string) {
	out := analysis.Interval{Low: math.NaN(), High: math.NaN(), Level: level, Method: named(m, df)}

	switch {
	case !m.known():
		return out, fmt.Sprintf("there is no interval named %q", m)
	case math.IsNaN(p) || p < 0 || p > 1:
		return out, "the share is not between 0 and 1"
	case !(df > 0):
		return out, "no degrees of freedom"
	case n < 2:
		return out, "fewer than two answers"
	case math.IsNaN(se):
		return out, "the standard error is not defined"
	}
	t := quantileT((1+level)/2, df)
	edge := p == 0 || p == 1

	if edge && (m == T || m == XLogit || m == Logit || m == Asin) {
		return out, fmt.Sprintf("the %s interval is not defined for a share of %v", m, p)
	}
	certain := !edge && se*se < rounding*p*(1-p)
	if certain && m != Beta {
		out.Low, out.High = p, p
		return out, ""
	}
	size := p * (1 - p) / (se * se)
	if edge || certain {
		size = float64(n)
	}

	switch m {
	case T:
		out.Low, out.High = p-t*se, p+t*se
	case XLogit, Logit:
		out.Low, out.High = logitEnds(p, t*se/(p*(1-p)))
	case Asin:
		out.Low, out.High = asinEnds(p, t*se/(2*math.Sqrt(p*(1-p))))
	case Beta, BetaUncapped:
		star := size
		if !edge && !certain {
			ratio := quantileT((1+level)/2, float64(n-1)) / t
			star *= ratio * ratio
		}
		if m == Beta {
			star = math.Min(star, float64(n))
		}
		out.Low, out.High = betaEnds(p, star, level)
	case Wilson:
		center := p + t*t/(2*size)
		half := t / (2 * size) * math.Sqrt(4*size*p*(1-p)+t*t)
		out.Low = math.Max(0, (center-half)/(1+t*t/size))
		out.High = math.Min(1, (center+half)/(1+t*t/size))
	case Likelihood:
		out.Low, out.High = likelihoodEnds(p, size, t*t)
	}

	return out, ""
}

// rounding is the ratio of variances under which a standard error is zero: what
// is left of an exact zero after sums of ten thousands of terms is far smaller, and no real
// survey has so small an error.
const rounding = 1e-22

// student is the interval estimate ± t·se.
func student(value, se, df, level float64) (analysis.Interval, string) {
	out := analysis.Interval{Low: math.NaN(), High: math.NaN(), Level: level, Method: named(T, df)}

	switch {
	case math.IsNaN(value):
		return out, "the estimate is not defined"
	case math.IsNaN(se):
		return out, "the standard error is not defined"
	case !(df > 0):
		return out, "no degrees of freedom"
	}
	t := quantileT((1+level)/2, df)
	out.Low, out.High = value-t*se, value+t*se

	return out, ""
}

func quantileT(p, df float64) float64 {
	if math.IsInf(df, 1) {
		return distuv.UnitNormal.Quantile(p)
	}

	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: df}.Quantile(p)
}

func expit(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func logit(p float64) float64 { return math.Log(p / (1 - p)) }

func logitEnds(p, half float64) (low, high float64) {
	return expit(logit(p) - half), expit(logit(p) + half)
}

// replicateLogit is the interval of a share on the logit scale with the standard error of the logits of the replicates. It is
// not defined where one of these is 0 or 1: its logit is infinite, and to leave the replicate out would leave out spread.
func replicateLogit(p *design.Replicates, theta []float64, share, df, level float64) (analysis.Interval, string) {
	out := analysis.Interval{Low: math.NaN(), High: math.NaN(), Level: level, Method: named(Logit, df)}
	logits := make([]float64, len(theta))

	for r, q := range theta {
		logits[r] = logit(q)
		if p.RScales[r] > 0 && math.IsInf(logits[r], 0) {
			return out, fmt.Sprintf("the share is %v in replicate %d, which has no logit; xlogit is defined", q, r+1)
		}
	}
	switch {
	case share == 0 || share == 1:
		return out, fmt.Sprintf("the logit interval is not defined for a share of %v", share)
	case !(df > 0):
		return out, "no degrees of freedom"
	}
	v := p.Covariance([][]float64{logits}, []float64{logit(share)}).At(0, 0)

	if math.IsNaN(v) {
		return out, "the standard error is not defined"
	}
	out.Low, out.High = logitEnds(share, quantileT((1+level)/2, df)*standardError(v))

	return out, ""
}

// asinEnds keeps to the branch of the sine that rises: beyond its ends the bound is 0 or 1.
func asinEnds(p, half float64) (low, high float64) {
	at := math.Asin(math.Sqrt(p))
	low = math.Sin(math.Max(0, at-half))
	high = math.Sin(math.Min(math.Pi/2, at+half))

	return low * low, high * high
}

// betaEnds leaves half of 1 − level beyond either end, and all of it beyond the one free end of a share of 0 or 1.
func betaEnds(p, n, level float64) (low, high float64) {
	tail := (1 - level) / 2
	if p == 0 || p == 1 {
		tail = 1 - level
	}
	low, high = 0, 1

	if n*p > 0 {
		low = distuv.Beta{Alpha: n * p, Beta: n*(1-p) + 1}.Quantile(tail)
	}
	if n*(1-p) > 0 {
		high = distuv.Beta{Alpha: n*p + 1, Beta: n * (1 - p)}.Quantile(1 - tail)
	}

	return low, high
}

// likelihoodEnds solves the equation on either side of p, on the logit scale, where an end that lies close to 0 or 1 keeps
// its digits. There is one root on each side, and none where p is at that bound itself.
func likelihoodEnds(p, n, limit float64) (low, high float64) {
	excess := func(u float64) float64 {
		var d float64
		if p > 0 {
			d += p * (math.Log(p) + softplus(-u))
		}
		if p < 1 {
			d += (1 - p) * (math.Log1p(-p) + softplus(u))
		}

		return 2*n*d - limit
	}
	const end = 745 // beyond it expit is 0
	at := math.Max(-end, math.Min(end, logit(p)))
	low, high = 0, 1

	if p > 0 {
		low = expit(brent(excess, -end, at))
	}
	if p < 1 {
		high = expit(brent(excess, at, end))
	}

	return low, high
}

// softplus is ln(1 + eˣ): −ln(1 − expit x).
func softplus(x float64) float64 { return math.Max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }
