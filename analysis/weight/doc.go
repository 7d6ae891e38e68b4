// Package weight turns base weights into survey weights: nonresponse classes with a
// stated collapsing rule, post-stratification, raking, linear and bounded
// calibration, and trimming that keeps the margins. Every result carries its
// diagnostics and what the variance must know (design.Calibration).
//
// Rows with a base weight of zero are not in the sample: their labels are not read
// and their weight stays zero.
//
// What cannot be met is found before the first iteration where that is possible, and is a
// typed error naming the margin and the level: a level with a total but without
// respondents, respondents at a level without a total, sums of margins that
// disagree, totals that are not above zero, bounds that no weights can satisfy.
package weight
