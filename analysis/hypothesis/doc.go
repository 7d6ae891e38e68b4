// Package hypothesis tests hypotheses with survey data: association in two-way tables, goodness of fit, differences of means, rank
// tests, and the agreement of ratings. Every test serves linearized, calibrated and replicate designs, because all of them take
// their covariance from package design.
//
// # Tables
//
// With p the shares of the cells, V their design-based covariance, n the rows behind the table, D = diag(p) and C an orthonormal basis of
// the interaction contrasts (those whose rows and columns sum to zero), the generalized design effects of Rao and Scott
// (1984) are the eigenvalues δ of
//
//	Δ = (Cᵀ D⁻¹ C/n)⁻¹ Cᵀ D⁻¹ V D⁻¹ C,   d₀ = (Σδ)²/Σδ².
//
// X² is Pearson's statistic of the weighted table scaled to n, G² the likelihood ratio, m the number of δ, ν the degrees of freedom of
// the design. Then
//
//	F            X²/Σδ to F with d₀ and d₀ν: second order, Thomas and Rao's (1990) correction for ν; the one to use
//	LR           G²/Σδ likewise
//	Chisq        X²/(Σδ/m) to χ²_m: first order
//	satterthwaite X²·Σδ/Σδ² to χ² with d₀: second order for ν without bound
//	lincom       X² to Σ δ_i χ²_1 over χ²_{d₀ν}/(d₀ν), exactly (package quadform)
//	saddlepoint  the same by the saddle-point approximation
//	Wald         Koch, Freeman and Freeman's (1975) quadratic form in the cells less the products of their margins, W/m to F with m and ν
//	adjWald      W(ν−m+1)/(mν) to F with m and ν−m+1
//
// A row or column that nobody is in is left out, and the result notes it. Cells without answers are kept and noted; D⁻¹ is zero
// there. Where the empty cells leave contrasts without information, the rank of Cᵀ D⁻¹ C takes the place of m.
//
// The statistic of Chisq and satterthwaite is the one that the χ² distribution belongs to. X² itself is a field of its own.
//
// # Means and ranks
//
// The t-test of two groups is the difference of two domain means, with one degree of freedom less than the design has, as
// in a regression on the group. That of one sample, or of paired values, keeps all of them; R's svyttest takes one away there
// too, which Options.LessOne does.
//
// Rank tests (Lumley and Scott 2013) replace a value by a score of its estimated position in the population,
// R = Σ_{j: y_j<y} w_j + ½Σ_{j: y_j=y} w_j over N = Σw, and compare mean scores:
// R/N (Wilcoxon, Kruskal-Wallis), Φ⁻¹(R/N) (van der Waerden), 1[R > N/2] (median). Estimating the ranks adds nothing to the variance under the hypothesis.
// So replicates, too, keep the scores of the full sample.
//
// # Degrees of freedom, missing values
//
// Each test takes the degrees of freedom of the rows that it uses (primary units less strata), or those that Options.DF gives. Missing values
// take a row out of the test, with zero-weight semantics: the design is kept whole. What is not defined is NaN with a reason.
//
// # Literature
//
// Fleiss, Levin and Paik 2003 (kappa); Koch, Freeman and Freeman 1975, Int. Stat. Review 43; Lumley and Scott 2013, Biometrika 100;
// Rao and Scott 1981, JASA 76 and 1984, Annals of Statistics 12; Thomas and Rao 1987, JASA 82; Cronbach 1951, Psychometrika 16.
package hypothesis
