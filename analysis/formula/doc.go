// Package formula reads R's model formulas and builds the columns they mean:
//
//	y ~ x1 + x2        ~ stype + api99        stype * meals        y ~ a:b - 1
//
// The operators are those of Wilkinson and Rogers (1973) as R has them: + and - add and
// remove terms, : is an interaction, a * b is a + b + a:b, a / b is a + a:b (b within a), ^ limits
// the degree and %in% is another :. A leading name and ~ give the response; without ~ the text is the right side.
// 1 and 0 add and remove the intercept.
//
// Whatever else stands there is a variable, worked out row by row: a column by its name (dots are part
// of names, backticks quote any other), I(…) with + - * / ^ and comparisons joined by & | !, the functions
// log, log2, log10, log1p, exp, expm1, sqrt, abs, floor, ceiling, round, as.numeric, factor, as.factor, relevel and cut. offset(x) is a
// term whose coefficient is one.
//
// # Columns
//
// Terms stand in R's order: by degree, then as written. A categorical variable is coded by treatment contrasts
// with its first level as the reference where the term without it is part of an earlier term, and by one
// column for each level otherwise; without an intercept the first categorical variable has all of its levels. That is R's rule,
// so that the columns and their names are R's: (Intercept), stypeH, stypeH:meals, factor(race)2, I(ell > 20)TRUE.
// Levels stand in the order the data give them; those made here from numbers sort as numbers. A comparison is a categorical variable of FALSE
// and TRUE, and a column of these two texts may stand where a comparison may.
//
// # Missing values
//
// A row that misses a value of any variable is not complete. It is not dropped: Matrix.Complete tells.
//
// G. N. Wilkinson and C. E. Rogers, Symbolic description of factorial models for analysis of variance, Applied Statistics 22
// (1973); J. M. Chambers and T. J. Hastie, Statistical Models in S (1992), chapter 2.
package formula
