// Package design describes how a sample was drawn and weighted, and holds the one variance engine
// that every statistic passes through.
//
// # Engine
//
// An estimator gives influence values z (its derivative by each row's weight, times the weight).
// The covariance of their sums is
//
//	V(z) = Σ_h (1−f_h)·n_h/(n_h−1)·Σ_i (t_hi − t̄_h)(t_hi − t̄_h)ᵀ + Σ_h f_h Σ_i V(z within unit hi)
//
// where t_hi is the total of z over unit i of stratum h, n_h counts all units of the stratum in the
// sample, also those that a domain does not touch (they count as zeros), f_h is the sampling
// fraction, zero for selection with replacement, and the second sum repeats the formula for the
// next stage (Särndal, Swensson and Wretman 1992, chapter 4). The design flattens the recursion
// once into a list of strata with factors, so that a domain costs only the units it touches.
//
// # Unequal probabilities
//
// Where a stage has PPS, units i with probabilities π_i take the place of n_h and f_h, and the
// first term becomes a quadratic form of the unit totals, by Brewer's estimator, by approximate
// joint probabilities (Overton; Hartley and Rao) or by given ones, in the form of Horvitz and
// Thompson or that of Yates and Grundy: see PPSMethod and PPSEstimator. The second sum has π_i for
// f_h. The approximations have Δ_ij = b_i + b_j + k off the diagonal, so that
//
//	V = Σ_i a_i (t_i − t̄)(t_i − t̄)ᵀ + Σ_i e_i t_i t_iᵀ
//
// with e = 0 in the form of Yates and Grundy: domains cost only the units they touch here too.
// Given joint probabilities cost the square of the number of units. A unit of probability one has
// no covariance with any other and is left out of n, of t̄ and of the approximations; R's survey
// counts it there, and its variance then depends on the value of a unit that was sure to be drawn.
//
// # Single units
//
// A stratum with one unit that is no certainty is refused unless the Lonely policy says what it
// contributes; nothing about it is global. LonelyCollapse joins strata and tells which
// (Design.Collapses). DomainLonely is for users who want a policy to reach strata of which a domain
// touches a single unit.
//
// # Calibration
//
// Where a column's weights were calibrated, w = d·g, the influence values are replaced by
// residuals: z_k − w_k x_kᵀβ with β = (Σ d q x xᵀ)⁻¹ Σ d q x (z/w), the projection of Deville and
// Särndal (1992). Redundant margins are dropped by a pivoted factorization. Every estimator is
// served, because the residual is taken here and nowhere else.
//
// # Second phase
//
// Two kinds of second phase are known. A column with a Phase was observed on a stratified simple
// random sample of the first-phase rows, of fixed sizes; its variance is the sum of both phases',
// without bias (see Phase).
//
// Rotated modules are the other kind, of random size: row k was asked the items of column m with
// chance p_km, and the column's weights contain 1/p_km. The formula above, with its (1−f_h), leaves
// out f_h times the variance of that phase, so the engine adds
//
//	Σ_h f_h Σ_k Σ_m (1−p_km) z_km²
//
// the estimator for independent (Poisson) draws. Where each row gets exactly one of M modules, the
// draws of two modules exclude each other and the true term is smaller by 2·Σ_k Σ_{m<m'} a_km
// a_km', with a the values before division by p. That sum is positive when modules correlate
// positively, as satisfaction items do; the term is then conservative. It vanishes with f_h.
//
// # Groups
//
// Where rows share all but their values by the thousand, as answers of one weighting class do, a Grouped keeps weights, chances and
// auxiliary variables for each group. It knows one stage without clusters; the variance is that of the same Design row by row.
//
// # Replicates
//
// A design may have replicate weights, made by package replicate or given. All variances then are scale·Σ rscale_r (θ_r − c)² over the
// replicates; statistics are worked out anew with each replicate's weights, and influence values, where
// they are all there is, go through the same form. The strata and units then only bound the degrees of freedom.
//
// # Rows
//
// Rows are never dropped. A domain is a set of rows, a missing value a zero of the influence
// function, a zero weight a row that is not in the column. Results do not depend on the number of
// cores; sums run in the order of strata, units and rows.
//
// # Literature
//
// Brewer (2002), Combined Survey Sampling Inference, chapter 9. Hartley and Rao (1962), Ann. Math.
// Statist. 33. Overton (1985), A Sampling Plan for Streams in the National Stream Survey. Yates and
// Grundy (1953), J. R. Statist. Soc. B 15. Sen (1953), J. Indian Soc. Agric. Statist. 5. Särndal,
// Swensson and Wretman (1992), Model Assisted Survey Sampling, chapters 2 to 4 and 9. Wolter
// (2007), Introduction to Variance Estimation, chapter 2. Deville and Särndal (1992), J. Amer.
// Statist. Assoc. 87.
package design
