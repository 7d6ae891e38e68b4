// Package report turns the rows of a wave into weighted figures and flags, and the published scores of
// other surveys into standings (PAPI…). It is pure: Compute reads an Input and nothing else, so that the same rows
// give the same digits whoever asks; Refresh is the one function that touches a store.
//
// The statistics are those of packages analysis/…; what follows is how they are put together, written for the
// analyst who has to defend a figure.
//
// # Who counts
//
// A respondent is a response that answered the required question, however it ended: complete, partial or timed out.
// Invited respondents hold a token, so the chance with which their transaction was drawn is known: they are the
// sample, and every headline figure and every flag rests on them alone. Walk-ins at a kiosk are not a sample, whatever
// is done to them; they have figures of their own and pooled ones, and both say so. Answers that are marked
// suspect count like the others, and the report says how many there are: leaving them out would be a second selection. The headline
// is computed once more without them (Release.WithoutSuspect), as if the marked had not answered: nothing is decided by it, and it is there
// only where at least Rules.MinAnswers of them stand behind the figure, because the difference tells of them.
//
// # Weights of the invited
//
// A weight belongs to a response and a module, because a kiosk asks one module of several, drawn with a known
// chance. The columns are the core, which everybody is asked, and each module; items that two questionnaires ask
// in different modules get a column of their own. For each column by itself:
//
//  1. Base weight 1/(chance of invitation × chance of the module).
//  2. Nonresponse. Starting from the sampling classes, classes are joined, giving up month, channel, field, field
//     group, unit and lateness in this order, until each has Rules.MinRespondents respondents of the module and an adjustment of at
//     most Rules.MaxAdjustment times the overall one. Within a class every weight is multiplied by (transactions of the
//     register)/(sum of base weights of respondents).
//  3. Raking to the register's margins: lateness, unit × lateness, field, channel. They are counted on the
//     classes' labels times their population, that is, on the register as the coarsening map sees it, because an answer knows no
//     more. Classes that do not know a field, say, are one level together. Units with fewer than Rules.MinMargin respondents, and
//     other levels with fewer than Rules.MinRespondents, are pooled into one. Unit × lateness is split only
//     where each part has as many respondents as a nonresponse class; a unit that is not split keeps its total, and its
//     late dossiers are weighted up by the margin of lateness. Month is not raked: it is the dimension given up first.
//
// Nothing is trimmed. When margins cannot be met together, the last of the list is given up and the others are raked again;
// ModuleWeights.Failure says which and why, and method and notes say so, too. Where not one can be met, the weights stay those of step 2. Transactions that came after the last draw are in no class: no figure speaks
// for them, and the notes count them.
//
// WeightReport holds what must be known before a figure is believed. MinFactor and MaxFactor are of raking: calibrated
// over nonresponse-adjusted weight. Collapsed lists the nonresponse classes that were joined of several, and the levels
// of margins that were pooled.
//
// # Standard errors
//
// The design has the nonresponse classes of the core as strata, the response as primary unit and the share of the
// stratum's transactions that answered as sampling fraction. Influence values are residuals of the column's own raking. Modules
// add the variance of their draw (package analysis/design has the formula). Figures by unit and field are domains of this
// one design, never subsets weighted anew. A composite's influence is Σ gradient × influence of its items, one number for
// each response, so that the covariance of items that one person answered is inside, across modules too.
//
// Residuals of the raking are divided by one less their leverage, as a jackknife would that rakes anew (see
// design.Calibration.LeverageInflation): a kiosk answer speaks for five within its module and small units have a margin of their
// own, so that plain residuals are some five per cent too small. What is still left out: nonresponse adjustments are treated as known, which errs to the safe side where
// classes explain the answers. TestSimulation measures it all together, by the spread of the index over repeated draws.
//
// # Ten million answers
//
// Answers are held as Rows: a byte each, in groups that share everything that decides a weight (class or unit and month, questionnaire,
// modules). Weights, calibration and variances are computed by group (design.Grouped), figures of one indicator from the counts of
// its codes in each group, and only a composite, whose influence is a sum over the items that one person answered, reads the rows, once.
// Everything but these passes costs what classes, units and items cost. The figures are those of the same design row by row.
//
// # Figures
//
// Each framework × node × domain has up to four figures: weighted invited, unweighted invited, pooled with
// walk-ins, and walk-ins. Domains are the whole wave, every unit of the register, every field and every field group that
// classes hold alone. A class that was pooled over units counts in the whole and in none of its units; a class whose field
// was dropped or pooled counts in no field, so figures by field speak for the classes that hold the field alone, and the notes say what
// part of the register that is.
//
//   - Indicators. A share is of valid answers: don't know, does not apply, refused and left open take a person out of this
//     item and of no other. The framework's scale and direction turn the raw value into what it counts in.
//   - Nodes above are evaluated by analysis/index from the items' values: the mean over all indicators below (so the
//     service part of SIPAS is the mean of its 16 items, each with the same weight, and not of its elements), a sum, or a linear
//     form. Rounding that the framework states is done before the value goes up; the standard error is that of the unrounded value and the
//     interval lies around it.
//   - A node that needs indicators which the wave does not ask is "not comparable", once, for the whole wave: the total
//     of SIPAS without its policy part. Where the framework drops missing ones, as the law does, the attainable bounds are those of
//     the indicators at hand (PercentOfAttainable), and the grade is marked incomplete until all are there.
//   - Values of an office's table (Input.Given) have neither answers nor error, and are not withheld.
//
// N is the number of responses that contributed: to a composite, those with at least one of its items. Whether it may be
// shown is decided by its smallest item, and its effective n is the smallest among its items. Population is the weighted
// number of cases behind the value; of a composite the largest among its items.
//
// Intervals have the level of the rules. Shares have the interval that the rules name (Korn and Graubard's beta by
// default). Means and composites have value ± t·se with the degrees of freedom of the domain (answers less strata), and where
// that would leave the bounds, the same on the logit scale of the bounds: no end is cut off silently. When all answers
// agree, the estimated error is zero and means nothing; the interval is then the exact one of a share in the same
// position with as many answers (those of the smallest item). When everybody answered, the interval is the point ("census").
// The interval's method is named in each figure.
//
// Unweighted figures treat the respondents as a simple random sample drawn with replacement, an item's answers as a domain
// of it. That is what offices
// publish today; they stand there to be compared with, and nothing is decided by them.
//
// Shares of an item's answers are rounded to hundredths of a per cent by largest remainder, so that they sum to 100.00.
//
// # Walk-ins
//
// Their weights are 1/(chance of the module), post-stratified to the register by unit × month, or by unit where a month has
// fewer than Rules.MinMargin of them; small units are pooled. Units without walk-ins are not represented, and the notes
// say how much of the register that is. The standard error treats each post-stratum as a simple random sample with replacement: it
// is what the error would be if they had not chosen themselves. A pooled figure weighs the two item by item by their effective
// numbers of answers, n_eff/(n_eff + n_eff'), which makes the variance least when the two estimate the same thing; its variance is
// the sum of the two, its degrees of freedom Satterthwaite's. Walk-ins know no field, so fields have no such figures;
// by unit they are listed only where they may be shown.
//
// # What is withheld
//
// A figure of fewer than Rules.MinAnswers answers carries no estimate, no count and no distribution. What else is not shown, or stays as it was
// shown last, is so that no cell under the minimum follows by adding and subtracting everything that was ever shown of the wave,
// live or published. A cell is the answers to one item of one source (the sample, walk-ins) in a domain (the whole, a unit, a field, a group), in
// what two domains have in common (a unit's answers on a field or group), in one place of unit, field and group, or in what classes pooled, which
// has no label of a family; or it is the change of these answers between two moments: the sum over answer codes of the differences in count, so that
// one correction is a change of two.
//
// Each computation that is shown is an epoch. In it a figure either advances, and then is one of the answers as they are, or stays. With the
// answers as they stand at each epoch as unknowns, a shown figure is the sum of its places' unknowns at the epoch at which it advanced. So:
//
//   - Unknowns of different epochs are independent, except where a place did not change in between: counts of answers are live, a reader knows
//     it, and the unknowns are the same. What can be told at epoch j is W(j): vectors over the places that have answers, spanned by the domains that
//     advance and by those of W(j−1) that count nothing where answers were and something changed. Any sum of shown figures that speaks of the
//     answers at j alone lies in it: whatever it takes from earlier epochs must cancel on the places that changed, step by step. A place whose first
//     answers came now is in nothing that was shown before, so that the vectors of before count nothing there, whichever domains made them.
//   - A cell of an earlier epoch, less a vector of that epoch's span that agrees with it wherever something changed since, is a vector of today.
//     The cell follows exactly when this vector lies in W(j). If there is no such vector it never will: its unknowns return in nothing shown later.
//     So all that must not be told, of then and of now, is a list of vectors of today: each cell with fewer answers than the minimum, and each cell
//     less itself as it was, where fewer than the minimum have changed. None may lie in W(j). What a domain has beside one that lies within it
//     (a field beside the unit that handles nothing else) is on the list, too.
//   - A place by itself needs no entry for today. W(j) is kept as rows each of which counts one at a place of its own, the one of most answers
//     at which it counts anything, and nothing at those of the others. A combination counts at the place of every row that is in it, so a single place is told exactly when it
//     is a row. So no row may count few answers in all, whatever places they lie in, nor the sum or difference of two rows when one of them is let through.
//
// Domains are let through the largest first. One stays as it was (or withheld, if it never was shown) when its answers, or a change of them since
// something was known of it, are fewer than the minimum; when it would bring a vector of the list, or one that counts few answers, into the span; or
// when what its family, units, fields or field groups, leaves of the whole would be too few or have changed by too few, at any two moments at which all
// of them were known, at least because they did not change since: parts that have no figure because their class is pooled count there. So where a unit that
// handles one field is all of the field but for a few, the field, which is larger, is shown, and the unit waits. Nothing but counts
// decides, so that what is withheld tells nothing of the answers. Elimination is modulo a prime, which is exact but for a chance of one in two thousand
// millions to withhold too much.
//
// A figure that stays speaks of answers that were there. When as many of them as the minimum were taken back (a month of walk-ins that were
// presses of a test), it is withheld: who kept the old page has it, and the new one must not say it again. Fewer than that would be told by withholding.
//
// Composites advance only with all their items, or the others would give the one away; so on a live page an item waits for the slower ones of its
// framework until twice the minimum have changed. A pooled figure advances only with the sample's and the walk-ins' own. Weighted and unweighted
// figures of the same answers go together, shares with their figure, and a figure none of whose answers is new stays, unless the register or the
// program changed or the release is a published one. Flags are judged on the figures that are shown and, as soon as one of them stays, on nothing else. The
// importance of an item changes with its figure of the whole. A release without suspect answers is a domain of its own (suspect.go).
//
// survey.Disclosed keeps what is known: W, the list, the counts by code of each domain as they were when something was known of it, and those of every place. It
// names counts of what is hidden, so it is saved beside the release and shown to nobody; in the database it grows by one epoch at a time and never goes. Known states of a
// domain that more than four times the minimum of answers have changed since are forgotten, except the last. The largest of them is kept by its number: a
// domain that comes within the minimum of it, because answers were taken back, stays as it was and is on the list, since it may be where a forgotten state was.
//
// TestAdversary keeps every page of a small wave with withdrawals and corrections, live and published, and does its own elimination over all of it;
// package web has the same with what its pages and files say, through the router;
// TestWithheldCannotBeRecovered checks single releases in fractions; TestProvince and TestLivePageKeepsUp hold speed and lag.
//
// Limits. Sums of several cells are looked for at one moment, as rows and as pairs of rows, and over time in what families leave of the whole; a change of few answers that is
// spread over cells of several units and fields, each of which changed by few, may be told as a sum. Of places that changed, the newest 300 states are kept. When a place
// loses its last answer, a sum that was known may become that of a cell although nothing is shown anew. The rule knows sums of answers, not what an insider knows of single people. It takes a weighted figure for a sum of its answers like the
// unweighted one: who recomputes the weights, which follow from counts, has two sums of one domain that tell apart parts of it that no figure is made of.
// Standard errors and the importance are no sums and are not in the algebra. The row export is the analyst's and outside.
//
// # Flags
//
// The family is every indicator of the headline framework (the wave's first) in every unit that shows it: weighted,
// invited. Four tests are made of each:
//
//	below target   one-sided t against the wave's target
//	among lowest   partial conjunction test that the unit is among the lowest ⌊Rules.LowestShare × units⌋, at least one, of its kind
//	below peers    against the mean of the other units of its kind, with the joint covariance of the units
//	fallen         against the last published wave of the same province and framework version; the waves are independent
//
// The tests take the figure's standard error, but no less than that of a simple random sample of as many answers: raking can
// fit the few answers of a unit so closely that the estimated error vanishes. Package analysis/flag makes verdicts of them with the expected share of false flags bounded by Rules.FalseFlagRate: a
// flag states "below target" and at least one further reason; one reason alone, or a low point estimate without
// evidence, is "watch"; an indicator with fewer answers than the rule is "too few". Each reason carries its evidence by
// name: estimate, se, target, gap, p, p_adjusted (within the reason's family), p_flag (of the flag as a whole), peers_mean, peers,
// gap_se, rank_low, rank_high, of, before, change, change_se. The rank set is a marginal confidence set for the rank among units of one kind, 1
// the highest; it illustrates the reason, the test decides it.
//
// Priority is gain × importance × transactions, scaled so that the highest is 100. Gain is what the unit's index (the
// highest node of the framework that has a value) would rise if the indicator reached its target, from the index's slope. Importance is the
// weighted correlation of the item with overall satisfaction over everybody in the wave who answered both, zero where it is negative: it
// is association, not effect. Transactions are the unit's in the register; those of a unit that was merged into another one after the draw are
// still its own, because its figures are.
//
// # Tables and files of answers
//
// A Scorer computes any framework without a wave. From a table (Plan, Read, Score) each unit has the raw values of its
// indicators, or facts from which rules and rates make them, or nodes that a publisher gives as a whole; of a node and what is
// below it, the most detailed columns are taken. A score says how it came about: computed, given, incomplete, missing, or without a
// formula that anybody knows. From a file of answers (Sample) indicators are estimated by the design of the file: shares, means and
// counts are weighted means, a rate is a ratio of totals, a total is one, a median has Woodruff's standard error and the influence that goes
// with it. A node is the linear function that its tree makes it, and its variance that of this function. TestCompositesAgreeWithR,
// TestJackknifeOfTotals and TestCompositeCoverage hold it against R, against replicates and against the truth.
//
// The published PAPI scores take the same way: the totals are what the year's framework makes of the published sub-dimensions.
//
// # Live and published
//
// A provisional release is what pages show while answers come. It keeps the state of the answers that it was made of, so that Refresh
// decides from two numbers, and the register's counts, whether computing can change what is shown (in a small wave also from the
// cells, so that the fifteenth answer shows at once), and a figure changes only when it may. What no count tells, such as a correction or a merger of
// units, is in it after an hour at the latest. Its diagnostics and counts are always those of the last computation.
//
// A release is made of one moment: Load reads wave, units, classes and register before and after the answers, and all of it again where they
// are not the same. It is held against others by what it was made of, which its recipe names, and not by what its wave asks by now; where an old release
// has none, what is known today stands in, and every verdict says so.
//
// A published release is made by Publish from all rows at once, and stored for good. It is numbered within its wave; a later one says why it takes
// the place of the one before, which stays. It shows what may be shown beside all that was shown before: figures that stay as the live
// page had them carry their own n, and a note says how many they are. Two computations cannot both go on from the same state: the second is
// a conflict when it is saved, and Refresh and Publish compute again. A release holds the SHA-256 of its rows and of its weights, each in key
// order, the rules, the program's version, a recipe (the questionnaires and frameworks with the hashes of their documents, the targets, the method
// in words), and the names that its figures had that day. Its content hash leaves out what differs between two makings: the same rows, rules,
// program and pages shown before give the same hash at any time and on any number of cores, on processors of one architecture: others may join a
// multiplication and an addition into one rounding. Verify takes figures that agree to nine digits for the same and notes weights that do not agree to the last.
//
// # What Verify can find
//
// The records of published releases are a chain over all waves: each seal covers the release's hashes and the seal before. Verify computes
// every hash and seal anew, and finds what was changed, swapped, taken out or put between, and sources that were changed. It cannot find that the
// newest releases were taken off the end, nor that somebody who knows the program changed a release and computed every later seal anew: both
// leave a chain that is whole. They leave another head, though. So the head is printed when something is published and stands on the public list of
// releases; whoever has written one down (VerifyOptions.Expect) finds out. Figures that stand as they were shown before are not computed
// again, since nobody knows of an answer whether it was there then.
package report
