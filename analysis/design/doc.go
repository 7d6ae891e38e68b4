// Package design describes how a sample was drawn and weighted, and holds the one
// variance engine that every statistic passes through.
//
// # Engine
//
// An estimator gives influence values z (its derivative by each row's weight,
// times the weight). The covariance of their sums is
//
//	V(z) = Σ_h (1−f_h)·n_h/(n_h−1)·Σ_i (t_hi − t̄_h)(t_hi − t̄_h)ᵀ + Σ_h f_h Σ_i V(z within unit hi)
//
// where t_hi is the total of z over unit i of stratum h, n_h counts all units of
// the stratum in the sample, also those that a domain does not touch (they count
// as zeros), f_h is the sampling fraction, zero for selection with replacement, and
// the second sum repeats the formula for the next stage (Särndal, Swensson and
// Wretman 1992, chapter 4). The design flattens the recursion once into a list of
// strata with factors, so that a domain costs only the units it touches.
//
// # Calibration
//
// Where a column's weights were calibrated, w = d·g, the influence values are
// replaced by residuals: z_k − w_k x_kᵀβ with β = (Σ d q x xᵀ)⁻¹ Σ d q x (z/w),
// the projection of Deville and Särndal (1992). Redundant margins are
// dropped by a pivoted factorization. Every estimator is served, because the
// residual is taken here and nowhere else.
//
// # Second phase
//
// Rotated modules are a second phase: row k was asked the items of column m with
// chance p_km, and the column's weights contain 1/p_km. The formula above, with
// its (1−f_h), leaves out f_h times the variance of that phase, so the engine adds
//
//	Σ_h f_h Σ_k Σ_m (1−p_km) z_km²
//
// the estimator for independent (Poisson) draws. Where each row gets
// exactly one of M modules, the draws of two modules exclude each other and the
// true term is smaller by 2·Σ_k Σ_{m<m'} a_km a_km', with a the values before
// division by p. That sum is positive when modules correlate positively, as
// satisfaction items do; the term is then conservative. It vanishes with f_h.
//
// # Rows
//
// Rows are never dropped. A domain is a set of rows, a missing value a zero of the
// influence function, a zero weight a row that is not in the column.
// Results do not depend on the number of cores; sums run in the order of strata,
// units and rows.
package design
