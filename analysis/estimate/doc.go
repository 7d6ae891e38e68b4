// Package estimate computes means, shares, totals and ratios of a survey, for many
// variables and many domains in one pass, with design-based standard errors,
// intervals, design effects and effective sample sizes, and builds from them
// composites, differences and smooth functions with their joint covariance. Beside them stand quantiles, the
// distribution function, variances and correlations, ratio estimators of totals, direct standardization, item
// nonresponse, and rules on what may be shown.
//
// Every number goes through the influence values of package design:
//
//	total      z = w y
//	mean       z = w (y − ȳ) / Σw
//	ratio      z = w (y − R x) / X
//	domain     the same with zeros outside the domain; the whole design is kept
//	moments    z = w (n/(n−1)·(y − ȳ)(x − x̄) − s) / Σw
//	quantile   by the share F(q) of answers that are at most q, inverted (Woodruff 1952)
//
// or, where the design has replicate weights, is worked out anew in each replicate.
//
// (Särndal, Swensson and Wretman 1992, chapters 5 and 10; Wolter 2007; Lumley 2010, chapter 2.)
//
// A variable carries its own weight column and its own missing values: NaN takes a
// row out of that variable only. Nothing is listwise. "Don't know", "does not apply"
// and "refused" are for the caller to keep apart, before they become NaN here.
//
// Every choice is an argument and is repeated in the result: the level and method of an interval, its degrees of
// freedom, the rule of a quantile, what a design effect compares with.
//
// What is not defined is NaN with a reason, never zero: no degrees of freedom, no
// interval; no answers, no value.
package estimate
