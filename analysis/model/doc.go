// Package model fits regressions to survey data: generalized linear models and cumulative-link models for ordered
// categories, with the tests, predictions and measures of fit that go with them.
//
// # Estimates
//
// The coefficients solve the weighted estimating equations
//
//	U(β) = Σ w_k u_k(β) = 0,    u_k = x_k (y_k − μ_k) (dμ_k/dη_k) / V(μ_k)
//
// of Binder (1983), which are the score of the census model estimated from the sample. They are solved by
// Newton's method with step halving until the step is at the level of rounding; the log-likelihoods are all concave in η. Columns are centered and scaled inside, so that a column of years is no worse than one of zeros and ones.
//
// # Variances
//
// The influence values are z_k = H⁻¹ w_k u_k with H = Σ w_k x_k x_kᵀ (dμ_k/dη_k)² / V(μ_k), for ordered categories
// with the score and the negative Hessian of the log-likelihood. They pass through the design's one variance engine, so that
// strata, stages, unequal probabilities, calibration, second phases and domains all count. With replicate weights the
// model is fitted anew in every replicate, from where the full weights ended.
//
// # What R does, done here too
//
// Weights are scaled to a mean of one over the rows that are used, which matters for the deviance alone. The degrees of freedom of
// a model are the design's (of the rows that are used) plus one less the number of coefficients. A column that depends
// linearly on earlier ones is dropped: its coefficient is undefined, with the reason. Levels that no used row has are dropped and noted.
//
// # What R does otherwise
//
// R's glm ends when the deviance is still to 1e-14 of itself and takes the information from the step before, so that its standard errors are good to about 1e-7
// where the last step was not small, as with a probit link; here both are taken at the limit. In a domain of a calibrated
// design R's mean of one is over all rows of the design, so its deviance (and nothing else) differs by a factor. R's svypredmeans adds two
// variances as if they were independent: see Joint and Separate. Separated outcomes give an error and not a coefficient of 28.
//
// # Rows
//
// A row is used when its weight is above zero, it belongs to the domain (Options.Rows), and it misses none of the formula's
// variables. No row is removed from the design.
//
// # Literature
//
// Binder 1983, International Statistical Review 51; McCullagh 1980, JRSS B 42; Albert and Anderson 1984, Biometrika 71
// (separation); Rao and Scott 1984, Annals of Statistics 12; Lumley and Scott 2014, Scandinavian Journal of Statistics 41
// (working likelihood-ratio tests), 2015, J. of Survey Statistics and Methodology 3 (AIC), 2017, Statistical Science 32; Graubard and Korn 1999,
// Biometrics 55 (predictive margins).
package model
