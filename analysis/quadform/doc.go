// Package quadform gives the distribution of a weighted sum of independent chi-squared variables,
//
//	Q = Σ_i λ_i χ²_{ν_i},
//
// which is that of a quadratic form in normal variables, and of its ratio to an independent mean square,
// Q / (χ²_d/d). They are the reference distributions of design-based tests: Rao and Scott's statistic for tables,
// the working-likelihood tests of models, goodness of fit.
//
// # Exact
//
// Where all λ are of one sign, Q is a mixture of chi-squared variables (Ruben 1962; Farebrother 1984, AS 204). With
// β the smallest λ, ν the sum of the ν_i and c_i = 1 − β/λ_i,
//
//	P(Q > x) = Σ_k a_k P(χ²_{ν+2k} > x/β),   a_0 = Π (1−c_i)^{ν_i/2},   a_k = (1/2k) Σ_i ν_i Σ_{r<k} c_i^{k−r} a_r.
//
// All terms are positive, so the tail keeps its relative accuracy, and what is cut off has a bound:
// a_{k+1} ≤ a_k max(c)·(k+ν/2)/(k+1). The inner sums are carried along, so a term costs as much as there are λ.
//
// Otherwise, and where the λ differ by so much that the series is long, the generating function is inverted:
//
//	P(Q > x) = (1/2πi) ∫ exp(K(s) − s x)/s ds,   K(s) = −½ Σ ν_i log(1 − 2 λ_i s),
//
// Imhof's (1961) integral, with the path led through the saddle point of the integrand instead of along the
// imaginary axis (Rice 1980), bent towards where exp(−s x) falls, and run through at equal steps of
// a hyperbolic parameter. The integrand has no oscillation left to cancel, so tails of 1e-200 keep ten digits and more.
//
// # Approximations
//
// Satterthwaite's is the scaled chi-squared with the same mean and variance. The saddle-point one is
// Barndorff-Nielsen's form r* = w + log(v/w)/w with P = 1 − Φ(r*) (Kuonen 1999). At the mean of Q, where w = v = 0, its limit
// is taken; near there v and w come from series, so nothing cancels.
//
// # Literature
//
// Barndorff-Nielsen 1990, JRSS B 52; Davies 1980, AS 155; Farebrother 1984, Applied Statistics 33; Imhof 1961, Biometrika 48; Kuonen 1999, Biometrika 86; Rao and Scott 1984, Annals of Statistics 12; Rice 1980, SIAM J.
// Sci. Stat. Comput. 1; Ruben 1962, Annals of Mathematical Statistics 33; Satterthwaite 1946, Biometrics Bulletin 2.
package quadform
