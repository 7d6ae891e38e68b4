package main

const estimateHelp = `
Nothing but the file is read: no database is needed. A worked example for each kind of design:

  Simple random sample of known size, with a finite population correction
    sipas estimate apisrs.csv --weights pw --fpc fpc --mean api00,api99

  Stratified, a domain for each level and the share of a level
    sipas estimate apistrat.csv --strata stype --weights pw --fpc fpc --proportion awards=Yes --by stype

  Clusters of two stages; the weights follow from the populations of each stage
    sipas estimate apiclus2.csv --ids dnum,snum --fpc fpc1,fpc2 --total enroll --ratio api.stu/enroll

  Strata and clusters, cluster labels that repeat between strata, a single cluster in a stratum
    sipas estimate apilonely.csv --ids psu --strata str --nest --weights pw --lonely adjust --quantile api00@0.25,0.5

  Unequal probabilities without replacement: p holds the probability of each unit
    sipas estimate election.csv --fpc p --pps brewer --total votes
    sipas estimate election.csv --pps-joint joint.csv=yg --total votes

  Replicate weights of a file, or made of the design
    sipas estimate acs.csv --weights pwgtp --rep-weights "pwgtp?*" --rep-type sdr --mse --mean income
    sipas estimate apipair.csv --ids psu --strata str --nest --weights pw --make-replicates fay=0.3 --mean api00
    sipas estimate apiclus1.csv --ids dnum --weights pw --make-replicates raowu --reps 200 --seed 1 --mean api00

  Calibrated weights; the standard errors know of it
    sipas estimate apiclus1.csv --ids dnum --weights pw --fpc fpc --post-stratify stype=types.csv --mean api00
    sipas estimate apiclus1.csv --ids dnum --weights pw --fpc fpc --rake margins.csv --mean api00
    sipas estimate apiclus1.csv --ids dnum --weights pw --fpc fpc --calibrate "stype + api99" --totals totals.csv --mean api00

  Tests and models
    sipas estimate apistrat.csv --strata stype --weights pw --fpc fpc --chisq sch.wide,stype --ttest "api00 ~ comp.imp"
    sipas estimate apistrat.csv --strata stype --weights pw --fpc fpc --glm "sch.wide ~ ell + meals" --family binomial

Columns. A column is numeric when all of it are numbers; other columns are categories. --by, --category, --chisq and --strata take
numbers too, as labels written as in the file. A missing value takes a row out of the figures of that column only. --where and --by
choose rows and drop none: the whole design stays.

A row whose weight is missing is not part of the sample: it is left out, and how
many are is told.

--fpc holds fractions when no value of any of its columns is above 1, and populations of units otherwise.

--rep-weights hold weights, as R's combined.weights = TRUE has it; --rep-factors says that they are to be multiplied by --weights.

--pps-joint holds as many lines and columns as there are units, without a header, in the order in which the units first appear; or
lines of i,j,p, where i and j are labels of --ids, or the numbers of rows from 1 where each row is a unit, i with itself included.

--where: comparisons == != < <= > >= of columns with numbers, quoted texts and columns; && || ! and parentheses; names with other
letters than digits, dots and underscores in backticks. A comparison with a missing value is true of no row.

json is {"design", "results", "cov"}. A result: statistic, variable, level, domain{}, estimate, se, ci_low, ci_high, confidence, df, deff,
n, n_eff, cv, verdict (show, footnote, review, suppress, not judged), method, interval, verdict_reasons[], reason; estimates have
missing and missing_share, coefficients and t-tests t, p and model, tests of tables F, ndf, ddf and p. What is not defined is null, and
reason says why. cov is {"names", "matrix"}. csv holds one result a line; table rounds to six digits.
`

const weightHelp = `
The weights are written to --out: the columns of --keep, or else the number of the line, then base_weight, g and weight; of a design with
replicates also the replicate weights, rep1 to repN. The diagnostics go to the standard output.

  Post-stratification, raking and calibration
    sipas weight apiclus1.csv --ids dnum --weights pw --post-stratify stype=types.csv --keep cds --out weights.csv
    sipas weight apiclus1.csv --ids dnum --weights pw --rake margins.csv --trim 20,45 --trim-by margins --out weights.csv
    sipas weight apiclus1.csv --ids dnum --weights pw --calibrate "stype + api99" --totals totals.csv --method logit --bounds 0.6,1.7 --out weights.csv

  Replicate weights for others to use, each of them calibrated
    sipas weight apipair.csv --ids psu --strata str --nest --weights pw --make-replicates jkn --post-stratify stype=types.csv --out weights.csv

types.csv is level,total; margins.csv variable,level,total, where a variable a:b is the margin of both with levels such as x:y; totals.csv
term,total with R's names of terms. Where no weights can meet the totals, the message names totals that contradict each other, and the
tightest bounds that would do.

json is {"design", "diagnostics"}. diagnostics: method, rows, sum, kish_deff, effective_n, min_factor, max_factor, min_weight,
max_weight, share_trimmed, margins[{margin, level, rows, target, before, after, residual}], iterations, converged, trace[], redundant[], condition, notes[].
`
