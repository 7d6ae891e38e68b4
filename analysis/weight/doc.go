// Package weight turns base weights into survey weights: nonresponse classes with a
// stated collapsing rule and response propensities, post-stratification, raking,
// calibration, and trimming that keeps the margins. Every result carries its
// diagnostics and what the variance must know (design.Calibration).
//
// # Formulas
//
// Calibration finds factors g_k = F(q_k·x_kᵀλ) with Σ d_k g_k x_k = T (Deville and Särndal
// 1992; Deville, Särndal and Sautory 1993):
//
//	linear      F(u) = 1 + u                        the generalized regression estimator
//	truncated   F(u) = 1 + u, cut to [L, U]
//	raking      F(u) = eᵘ
//	logit       F(u) = [L(U−1) + U(1−L)e^{Au}] / [U−1 + (1−L)e^{Au}],  A = (U−L)/((1−L)(U−1))
//	sinh        F(u) = s + √(s²+1),  s = asinh(2u)/2   (Roy and Vanheuverzwyn 2001, CALMAR 2)
//
// λ minimizes a convex function of which T − Σ d g x is the negative gradient, so Newton's
// method with a line search on the directional derivative finds it from anywhere. Rows that
// share x, q and bounds share g: the iterations run on distinct rows only, and the million rows
// of a survey with two margins become some hundred. Redundant columns are found by pivoting,
// left out, and listed.
//
// Post-stratification is g = T_c/Σ_c d, and raking fits margin after margin (Deming and Stephan
// 1940), which has the limit F(u) = eᵘ on the indicators of the levels.
//
// # What cannot be met
//
// What is wrong from the start is a *MarginError before anything is computed: a level with a
// total but without respondents, respondents at a level without a total, sums of margins that
// disagree, totals that are not finite. When the iterations fail, a linear programme over the
// distinct rows decides whether any factors within the bounds meet all totals. If none do, the
// error is an *InfeasibleError. It rests on a certificate: by Farkas's lemma the totals are out
// of reach exactly when some λ has
//
//	λᵀT > Σ_k d_k max(L·λᵀx_k, U·λᵀx_k),
//
// and that inequality is evaluated before anything is claimed. The error names an irreducible
// set of totals, which contradict each other while any one of them left out makes the rest
// possible (the deletion filter of Chinneck and Dravnieks 1991), and the tightest bounds that
// would do. Otherwise it is a *ConvergenceError with the state reached.
//
// # Replicates
//
// All functions take base weights and give weights, so that design.Design.Refitted can redo them for every replicate.
//
// # Rows
//
// Rows with a base weight of zero are not in the sample: their labels are not read
// and their weight stays zero. Sums run over blocks that depend on the number of rows only,
// so that results are the same for any number of cores.
package weight
