// Package flag decides which indicators need attention, and bounds how often it is wrong.
//
// # Reasons
//
// Four claims can be made of an indicator of a unit, each with a p-value against
// its own null hypothesis: it is below its target (null: at or above), among the
// lowest K of its units (null: not among them), below the mean of its peers (null: at or
// above), fallen since an earlier wave (null: not fallen). A flag states "below
// target" and at least one of the others. It is false when the null of any stated reason is true.
//
// # Error rate
//
// Judge keeps the expected share of false flags among all flags (zero when there are none)
// at most q. For indicator i with J further reasons tested, the pair (target, r)
// has p_ir = max(p_i,target, p_r), valid for "one of the two nulls is true" (Berger's
// intersection-union test 1982). The indicator's own p-value is J·min_r p_ir; Benjamini
// and Hochberg's step-up rule at q over the m indicators selects R of
// them; a selected indicator states those reasons r with p_ir ≤ R·q/(m·J), of which there is at least one.
//
// Why that is enough: flag i is false only if for one r whose pair has a true null
// p_ir ≤ R·q/(m·J). The expectation of 1{p_ir ≤ R·q/(m·J)}/R is at most q/(m·J): with
// independent p-values because R is fixed given the others once i is selected, with p-values that
// are positively regression dependent on each of these by the lemma of Benjamini and Yekutieli (2001),
// R being non-increasing in every p-value. Summing over at most J such r and m indicators gives q. This is the selective
// inference of Benjamini and Bogomolov (2014) with Bonferroni's rule inside an indicator. Under arbitrary
// dependence Rule.Arbitrary divides q by 1 + 1/2 + … + 1/m. Taking the intersection of separately
// adjusted families would not do: false flags can be few among the rejections of
// each family and many among those that are in both.
//
// What falls short is watch: one reason shown alone, or a low point estimate
// without evidence. Too few answers are neither, and such indicators are not in the family.
package flag
