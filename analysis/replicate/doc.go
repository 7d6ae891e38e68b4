// Package replicate makes replicate weights from a design, takes those that a file came with, and calibrates each
// replicate anew.
//
// A replicate design says with many columns of weights what strata and stages say with formulas: the
// variance of any statistic θ is
//
//	V = scale · Σ_r rscale_r (θ_r − c)²
//
// with θ_r the statistic under replicate r, and c the mean of the θ_r or, asked for, θ itself. Any statistic that
// can be computed from weights has a variance this way, also where no influence function is at hand.
//
// # Methods
//
// Make knows these. n_h units were drawn of N_h in stratum h, f_h = n_h/N_h; R is the number of replicates.
//
//	JK1           unstratified: 0 for the unit left out, n/(n−1) for the others; scale (n−1)/n·(1−f)
//	JKn           0 for the unit left out, n_h/(n_h−1) for the rest of its stratum; rscale (n_h−1)/n_h·(1−f_h)
//	BRR           two units per stratum: 2 for one and 0 for the other by a row of a Hadamard matrix; scale 1/R
//	Fay           2−ρ and ρ in the place of 2 and 0; scale 1/(R(1−ρ)²)
//	RaoWu         m = n_h−1 units drawn with replacement, t_i times: 1 − λ + λ(n_h/m)t_i, λ² = m(1−f_h)/(n_h−1)
//	CantyDavison  n_h units drawn without replacement from a pseudo-population of N_h copies, t_i times: t_i
//	Preston       m = ⌊n/2⌋ units kept at every stage: see below
//	SDR           1 + 2^{−3/2}(a_i − a_{i+1})√(1−f_h), a_i rows of a Hadamard matrix; scale 4/R
//	Generalized   normal deviates with the covariance of the design's own quadratic form
//
// (Wolter 2007, chapters 3 to 5; McCarthy 1969; Judkins 1990; Rao and Wu 1988; Canty and Davison 1999; Booth, Butler and
// Hall 1994; Preston 2009; Fay and Train 1995; Ash 2014; Beaumont and Patak 2012.)
// Resampling has the scale 1/(R−1) about the mean of the replicates, 1/R about the estimate.
//
// Canty and Davison's variance is too small by a factor that depends on n_h and N_h, because the population is
// replaced by a sample. The factor is known: where it is the same in all strata it goes into the scale, and otherwise
// counts are drawn toward 1 so that it is, t_i becoming 1 + a_h(t_i − 1) with a_h ≤ 1.
//
// Preston's factor of a unit of stage s follows from that of the unit it lies in: A_s = A_{s−1} +
// P_{s−1}·λ_s·((n/m)k − 1) and P_s = P_{s−1}·√(n/m)·k, with k = 1 for a unit that is kept and 0 otherwise,
// λ_s² = m·F·(1−f_s)/(n−m) and F the product of the fractions of the stages above.
//
// Successive differences are taken within strata, in the design's order, which should be that of the sampling
// frame; the last unit of a stratum is followed by its first. With R larger than the number of units the
// variance of a total is exactly Σ_h (1−f_h)/2·Σ_i (t_i − t_{i+1})². With fewer, rows are used again in
// another succession, and cross terms come in whose mean is zero.
//
// The generalized bootstrap gives each unit of each stage a normal deviate, centered in its stratum and scaled so
// that the covariance of the factors is the matrix of the design's quadratic form, at all stages and under any policy for lonely
// units. The variance of a total is then without bias. Deviates are divided by a number τ ≥ 1 that keeps all
// factors above zero, and the scale multiplied by τ².
//
// # Finite population correction
//
// JK1, JKn, SDR and RaoWu take that of the first stage, CantyDavison too; Preston and Generalized those of all stages. BRR
// and Fay know none, and their variance is that of selection with replacement. Where a correction or a
// later stage is left out, the notes of the result say so. A stratum that was taken
// whole has factors of 1 under every method.
//
// # Lonely units
//
// A stratum with a single unit follows the design's policy. LonelyRemove and LonelyCertainty: its factor is 1 throughout.
// LonelyCollapse has joined it with another. JKn has all policies: LonelyAdjust leaves the unit out of
// a replicate in which all others are multiplied by H/(H−1), H being the number of strata, with rscale (H−1)/H; LonelyAverage
// multiplies the scale by the number of units over that of units which are not lonely, as R does. Generalized has those of
// linearization. The others know no LonelyAdjust and no LonelyAverage, and say so.
//
// # Degrees of freedom
//
// A design that was made here knows its strata and units: its degrees of freedom are the units less the strata, of strata that
// vary, and never more than the replicates less one. That is the rank of the factors less one, and so it is in a domain: the
// units that the domain touches, less the strata all of whose units it touches, less one when there is no such stratum.
package replicate
