package model

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Distribution names how the variance of the response depends on its mean.
type Distribution string

const (
	// Gaussian has a constant variance.
	Gaussian Distribution = "gaussian"
	// Binomial has the variance μ(1−μ).
	Binomial Distribution = "binomial"
	// Poisson has the variance μ.
	Poisson Distribution = "poisson"
	// Gamma has the variance μ².
	Gamma Distribution = "Gamma"
)

// Link names the scale η on which the model is linear.
type Link string

const (
	// Identity is η = μ.
	Identity Link = "identity"
	// Log is η = ln μ.
	Log Link = "log"
	// Inverse is η = 1/μ.
	Inverse Link = "inverse"
	// Logit is η = ln(μ/(1−μ)).
	Logit Link = "logit"
	// Probit is η = Φ⁻¹(μ).
	Probit Link = "probit"
	// Cloglog is η = ln(−ln(1−μ)).
	Cloglog Link = "cloglog"
	// Loglog is η = −ln(−ln μ), for ordered categories.
	Loglog Link = "loglog"
)

// Family is a distribution with a link. The zero Link is the usual one: identity, logit, log, inverse.
//
// The quasi families of R are the same: estimates and design-based variances never rest on a dispersion of one.
type Family struct {
	Distribution Distribution
	Link         Link
}

var links = map[Distribution][]Link{
	Gaussian: {Identity}, Binomial: {Logit, Probit, Cloglog}, Poisson: {Log}, Gamma: {Inverse, Log},
}

// ParseFamily reads the name of a family as an analyst of R writes it: gaussian, binomial, quasibinomial, poisson, quasipoisson or
// Gamma, with a link in parentheses or none: "binomial(probit)", `quasibinomial(link = "probit")`.
func ParseFamily(s string) (Family, error) {
	name, link, _ := strings.Cut(strings.TrimSpace(s), "(")
	name = strings.ToLower(strings.TrimPrefix(strings.TrimSpace(name), "quasi"))
	link = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(link), ")"))

	if rest, ok := strings.CutPrefix(link, "link"); ok {
		link = strings.TrimPrefix(strings.TrimSpace(rest), "=")
	}
	f := Family{Distribution: Distribution(name), Link: Link(strings.Trim(link, ` "'`))}

	if name == "gamma" {
		f.Distribution = Gamma
	}

	return f, f.settle()
}

// String is "binomial(logit)" and the like.
func (f Family) String() string { return fmt.Sprintf("%s(%s)", f.Distribution, f.Link) }

func (f *Family) settle() error {
	known, ok := links[f.Distribution]
	if !ok {
		return &InputError{Field: "family", Row: -1, Reason: fmt.Sprintf("there is no family %q; gaussian, binomial, poisson and Gamma are offered", f.Distribution)}
	}
	if f.Link == "" {
		f.Link = known[0]
	}
	if !slices.Contains(known, f.Link) {
		return &InputError{Field: "family", Row: -1, Reason: fmt.Sprintf("%s has no link %q", f.Distribution, f.Link)}
	}

	return nil
}

// allowed says why a value cannot be a response; "" when it can.
func (f Family) allowed(y float64) string {
	switch {
	case f.Distribution == Binomial && !(y >= 0 && y <= 1):
		return fmt.Sprintf("a binomial response lies between 0 and 1, not at %v", y)
	case f.Distribution == Poisson && y < 0:
		return fmt.Sprintf("a Poisson response is not negative, unlike %v", y)
	case f.Distribution == Gamma && y <= 0:
		return fmt.Sprintf("a Gamma response is above zero, unlike %v", y)
	}

	return ""
}

// canonical reports whether the observed information is the expected one.
func (f Family) canonical() bool {
	return f.Link == links[f.Distribution][0]
}

// discrete reports whether the distribution is one of counts.
func (f Family) discrete() bool { return f.Distribution == Binomial || f.Distribution == Poisson }

// start is a linear predictor to begin with, near what the row alone says.
func (f Family) start(y float64) float64 {
	switch f.Distribution {
	case Binomial:
		return f.link((y + 0.5) / 2)
	case Poisson:
		return f.link(y + 0.1)
	}

	return f.link(y)
}

// link returns η of μ.
func (f Family) link(mu float64) float64 {
	switch f.Link {
	case Log:
		return math.Log(mu)
	case Inverse:
		return 1 / mu
	case Logit:
		return math.Log(mu / (1 - mu))
	case Probit:
		return math.Sqrt2 * math.Erfinv(2*mu-1)
	case Cloglog:
		return math.Log(-math.Log1p(-mu))
	}

	return mu
}

// mean returns μ and dμ/dη. An inverse link has no mean at or below zero: it is +Inf there, and the slope NaN.
func (f Family) mean(eta float64) (mu, slope float64) {
	switch f.Link {
	case Log:
		mu = math.Exp(eta)
		return mu, mu
	case Inverse:
		if eta <= 0 {
			return math.Inf(1), math.NaN()
		}
		return 1 / eta, -1 / (eta * eta)
	case Logit, Probit, Cloglog:
		mu, _, slope = binomial(f.Link, eta)
		return mu, slope
	}

	return eta, 1
}

// pearson returns (y − μ)/√V(μ).
func (f Family) pearson(y, eta float64) float64 {
	if f.Distribution == Binomial {
		mu, nu, _ := binomial(f.Link, eta)
		return (y*nu - (1-y)*mu) / math.Sqrt(mu*nu)
	}
	mu, _ := f.mean(eta)

	switch f.Distribution {
	case Poisson:
		return (y - mu) / math.Sqrt(mu)
	case Gamma:
		return (y - mu) / mu
	}

	return y - mu
}

// unit is what a row adds, its weight aside, at a linear predictor: its deviance, the derivative of −deviance/2 and an
// information on η.
type unit func(y, eta float64) (deviance, score, info float64)

// observed returns the family's unit with the observed information, the curvature of the log-likelihood, for Newton's steps: every
// family here is log-concave in η, so it is never negative, and the steps square the error where those of scoring may circle.
func (f Family) observed() unit {
	expected := f.unit()

	switch {
	case f.Distribution == Gamma && f.Link == Log:
		return func(y, eta float64) (float64, float64, float64) {
			loss, score, _ := expected(y, eta)
			return loss, score, score + 1
		}
	case f.Distribution == Binomial && f.Link != Logit:
		return func(y, eta float64) (float64, float64, float64) {
			loss, score, _ := expected(y, eta)
			success, failure := curvature(f.Link, eta)
			return loss, score, y*success + (1-y)*failure
		}
	}

	return expected
}

// curvature returns −d²ln μ/dη² and −d²ln(1−μ)/dη².
func curvature(link Link, eta float64) (success, failure float64) {
	mu, nu, slope := binomial(link, eta)

	if link == Probit {
		eta = math.Max(-30, math.Min(30, eta))
		a, b := slope/mu, slope/nu
		return a * (a + eta), b * (b - eta)
	}
	h := math.Exp(math.Max(-600, math.Min(6, eta)))
	a := slope / mu

	// The difference below loses its digits for small h, where it is h/2.
	if h < 1e-6 {
		return h / 2, h
	}

	return a * (h + a - 1), h
}

// unit returns the family's with the expected information.
func (f Family) unit() unit {
	switch {
	case f.Distribution == Binomial && f.Link == Logit:
		return logisticUnit
	case f.Distribution == Binomial:
		return func(y, eta float64) (float64, float64, float64) { return binomialUnit(f.Link, y, eta) }
	case f.Distribution == Poisson:
		return poissonUnit
	case f.Distribution == Gamma && f.Link == Log:
		return gammaLogUnit
	case f.Distribution == Gamma:
		return gammaInverseUnit
	}

	return gaussianUnit
}

func gaussianUnit(y, eta float64) (float64, float64, float64) {
	r := y - eta

	return r * r, r, 1
}

func poissonUnit(y, eta float64) (float64, float64, float64) {
	mu := math.Exp(eta)
	d := mu - y

	if y > 0 {
		d += y * (math.Log(y) - eta)
	}

	return 2 * d, y - mu, mu
}

func gammaLogUnit(y, eta float64) (float64, float64, float64) {
	r := y * math.Exp(-eta)

	return 2 * (r - 1 - math.Log(y) + eta), r - 1, 1
}

func gammaInverseUnit(y, eta float64) (float64, float64, float64) {
	if eta <= 0 {
		return math.Inf(1), 0, 0
	}
	mu := 1 / eta

	return 2 * (y*eta - 1 - math.Log(y*eta)), mu - y, mu * mu
}

// saturated is y ln y + (1−y) ln(1−y), zero where y is 0 or 1.
func saturated(y float64) float64 {
	if y <= 0 || y >= 1 {
		return 0
	}

	return y*math.Log(y) + (1-y)*math.Log1p(-y)
}

// logisticUnit keeps its digits in both tails.
func logisticUnit(y, eta float64) (float64, float64, float64) {
	e := math.Exp(-math.Abs(eta))
	small := e / (1 + e)
	mu := small

	if eta > 0 {
		mu = 1 - small
	}
	loss := (math.Max(eta, 0) - y*eta) + saturated(y)

	// The logarithm of 1+e is faster where it has all the digits that a deviance needs.
	if e > 0.01 {
		loss += math.Log(1 + e)
	} else {
		loss += math.Log1p(e)
	}
	score := y - mu

	// Near one, y − μ is what lacks to it.
	if eta > 0 {
		score = small - (1 - y)
	}

	return 2 * loss, score, small / (1 + e)
}

// binomial returns μ, 1−μ and dμ/dη, each with its digits. Far tails end before they leave the range of numbers.
func binomial(link Link, eta float64) (mu, nu, slope float64) {
	switch link {
	case Probit:
		eta = math.Max(-30, math.Min(30, eta))
		mu, nu = 0.5*math.Erfc(-eta/math.Sqrt2), 0.5*math.Erfc(eta/math.Sqrt2)
		return mu, nu, math.Exp(-eta*eta/2) / math.Sqrt(2*math.Pi)
	case Cloglog:
		eta = math.Max(-600, math.Min(6, eta))
		h := math.Exp(eta)
		mu, nu = -math.Expm1(-h), math.Exp(-h)
		return mu, nu, h * nu
	}
	eta = math.Max(-600, math.Min(600, eta))
	e := math.Exp(-math.Abs(eta))
	mu, nu = e/(1+e), 1/(1+e)

	if eta > 0 {
		mu, nu = nu, mu
	}

	return mu, nu, mu * nu
}

func binomialUnit(link Link, y, eta float64) (float64, float64, float64) {
	mu, nu, slope := binomial(link, eta)
	loss := saturated(y)

	if y > 0 {
		loss -= y * math.Log(mu)
	}
	if y < 1 {
		loss -= (1 - y) * math.Log(nu)
	}
	v := mu * nu

	return 2 * loss, (y*nu - (1-y)*mu) * slope / v, slope * slope / v
}
