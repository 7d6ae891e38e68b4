// Package estimate computes means, shares, totals and ratios of a survey, for many
// variables and many domains in one pass, with design-based standard errors,
// intervals, design effects and effective sample sizes, and builds from them
// composites, differences and smooth functions with their joint covariance.
//
// Every number goes through the influence values of package design:
//
//	total      z = w y
//	mean       z = w (y − ȳ) / Σw
//	ratio      z = w (y − R x) / X
//	domain     the same with zeros outside the domain; the whole design is kept
//
// (Särndal, Swensson and Wretman 1992, chapters 5 and 10; Lumley 2010, chapter 2.)
//
// A variable carries its own weight column and its own missing values: NaN takes a
// row out of that variable only. Nothing is listwise. "Don't know", "does not apply"
// and "refused" are for the caller to keep apart, before they become NaN here.
//
// What is not defined is NaN with a reason, never zero: no degrees of freedom, no
// interval; no answers, no value.
package estimate
