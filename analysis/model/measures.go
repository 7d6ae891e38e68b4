package model

import (
	"fmt"
	"math"
)

// AIC is Akaike's criterion for survey data, dAIC of Lumley and Scott (2015).
type AIC struct {
	// Value is minus twice the log-likelihood (for discrete families the deviance) with weights of mean one, plus twice Parameters. Only differences between
	// models of the same rows mean something.
	Value float64
	// Parameters is the effective number of parameters, the sum of the generalized design effects tr(V₀⁻¹V).
	Parameters float64
	// MeanEffect is Parameters over their number.
	MeanEffect float64
}

// AIC returns dAIC: what a model is expected to lose on new data of the same population is minus twice its log-likelihood plus 2·tr(Δ), where
// Δ = V₀⁻¹V has one eigenvalue for each parameter, all of them one under simple random sampling.
//
// For binomial and Poisson models −2ℓ is the deviance and Δ is of all coefficients but the intercept, as R has it. For
// Gaussian models ℓ is the normal likelihood and Δ is of all coefficients and the residual variance σ², which
// takes part with its own influence function. A Gamma model's likelihood needs a shape that is not estimated here: *InputError.
func (f *GLMFit) AIC() (AIC, error) {
	switch f.Family.Distribution {
	case Gaussian:
		return f.gaussianAIC()
	case Gamma:
		return AIC{}, &InputError{Field: "family", Row: -1, Reason: "the Gamma likelihood needs a shape, which is not estimated"}
	}
	var at []int

	for j, kept := range f.kept {
		if kept && j != f.x.intercept {
			at = append(at, j)
		}
	}
	if len(at) == 0 {
		return AIC{Value: f.Deviance, MeanEffect: math.NaN()}, nil
	}
	lambda, err := misspecification(f.naive(at), f.block(at), len(at))

	return criterion(f.Deviance, lambda), err
}

func criterion(loss float64, lambda []float64) AIC {
	var a AIC
	for _, l := range lambda {
		a.Parameters += l
	}
	a.Value, a.MeanEffect = loss+2*a.Parameters, a.Parameters/float64(len(lambda))

	return a
}

// gaussianAIC takes σ² along as a parameter: its score is w(r² − σ²)/(2σ⁴) and its information n/(2σ⁴), so its influence value
// is w(r² − σ²)/n, and V₀ is diagonal in blocks.
func (f *GLMFit) gaussianAIC() (AIC, error) {
	n := float64(f.N)
	sigma := f.Deviance / n
	loss := n * (1 + math.Log(2*math.Pi*sigma))
	var at []int

	for j, kept := range f.kept {
		if kept {
			at = append(at, j)
		}
	}
	v := f.block(at)
	naive := f.naive(at)

	for i := range naive {
		naive[i] *= sigma
	}
	lambda, err := misspecification(naive, v, len(at))
	if err != nil {
		return AIC{}, err
	}
	variance, err := f.residualVariance(sigma)
	if err != nil {
		return AIC{}, err
	}

	return criterion(loss, append(lambda, variance*n/(2*sigma*sigma))), nil
}

// residualVariance returns the design-based variance of σ² = Σwr²/Σw.
func (f *GLMFit) residualVariance(sigma float64) (float64, error) {
	if f.design.Replicated() {
		theta := make([]float64, f.design.Replicates().Count())
		err := f.design.EachReplicate(f.column, func(r int, w []float64) error {
			theta[r] = f.meanSquare(f.x.gamma(f.replicates.RawRowView(r)), w)
			return nil
		})
		return f.design.Replicates().Covariance([][]float64{theta}, []float64{sigma}).At(0, 0), err
	}
	z := make([]float64, len(f.x.rows))
	gamma := f.x.gamma(f.estimates)
	s := f.x.scratch()

	for i, row := range f.x.rows {
		r := f.y[row] - f.x.predictor(row, gamma, s.index, s.value)
		z[i] = f.weights[row] * (r*r - sigma) / float64(f.N)
	}
	v, err := f.covariance([][]float64{z})
	if err != nil {
		return math.NaN(), err
	}

	return v.At(0, 0), nil
}

// meanSquare is Σwr²/Σw at parameters.
func (f *GLMFit) meanSquare(gamma, w []float64) float64 {
	var sum, total float64
	s := f.x.scratch()

	for _, row := range f.x.rows {
		r := f.y[row] - f.x.predictor(row, gamma, s.index, s.value)
		sum += w[row] * r * r
		total += w[row]
	}

	return sum / total
}

// PseudoR2 returns the shares of fit of Cox and Snell, 1 − exp((D − D₀)/n), and of Nagelkerke, which divides it by the largest value that it can take,
// 1 − exp(−D₀/n); D and D₀ are the deviances of the model and of the mean alone with weights of mean one (Lumley 2017).
// They are defined for binomial and Poisson models; others give an *InputError.
func (f *GLMFit) PseudoR2() (coxSnell, nagelkerke float64, err error) {
	if !f.Family.discrete() {
		return math.NaN(), math.NaN(), &InputError{Field: "family", Row: -1, Reason: fmt.Sprintf("pseudo R² is for discrete responses, not for %s", f.Family.Distribution)}
	}
	n := float64(f.N)
	coxSnell = 1 - math.Exp((f.Deviance-f.NullDeviance)/n)

	return coxSnell, coxSnell / (1 - math.Exp(-f.NullDeviance/n)), nil
}
