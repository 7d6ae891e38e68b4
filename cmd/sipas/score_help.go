package main

const scoreHelp = `
Of a wave, the table shows the whole register unless --unit or --field names parts of it; json and csv then hold these parts only.

json is one object, a release: id, wave, state (provisional, published), made_at, program, data_hash (SHA-256 over the rows),
rules (thresholds), weighting, figures, flags, without_suspect[{suspect,with,without}]: the headline figure with all answers and
without those that are marked suspect, where there are enough of them to be told.

A figure: framework, node, domain{unit,field}, weighting (weighted, unweighted), basis (invited: a probability sample;
with_walk_ins, walk_ins: not one), measure (percent, points), estimate, state (provisional, published, withheld,
not_comparable), reason, target, nominal{min,max}, attainable{min,max}, grade, grade_incomplete, shares[{code,percent}].
Its estimate: estimate, se, ci_low, ci_high, confidence, interval (method), n, population, n_eff, df, deff, method, reason;
an undefined number is null.

A flag: figure, state (flag, watch, too_few), reasons[{code,shown,evidence{}}], gain, importance, transactions, priority.

weighting: respondents, invited, register, response_rate, walk_ins, dispositions[{kind,n}], modules[{module, respondents,
kish_deff, n_eff, min_factor, max_factor, share_trimmed, iterations, converged, failure, margins[{margin, level, target,
achieved}], collapsed[]}], strata[{class, labels[], population, invited, respondents}], unanswered[{unit,share}], notes[].
Notes, failure and collapsed: code, params, text (a sentence in English).

csv holds one figure a line under the names above; the domain is unit, unit_name and field, the bounds are nominal_min,
nominal_max, attainable_min and attainable_max, and shares are written "code: percent; …". Both forms have all digits.

With --framework no wave is needed. "sipas framework list" names the frameworks that are there; a file of your own ends in .json.

  A table of indicators, one line for each unit: the first column is unit, the others are item numbers
    sipas score --framework papi-2019 --indicators provinces.csv --format json

  The evaluation of an office's procedures by Circular 01/2018, from its scores or from its facts
    sipas score --framework one-stop-2018 --indicators offices.csv
    sipas score --framework one-stop-officer-2018 --microdata dossiers.csv --by officer

  The PAR Index from a table of criteria: unit, code, self, appraised, survey, statistics, evidence
    sipas score --framework par-2022 --criteria criteria.csv --wave 2026-q3
  The same of an assessment that is kept here with its files of evidence
    sipas score --assessment so-noi-vu-2026

  A file of answers with its design: standard errors from the joint covariance of the indicators
    sipas score --framework papi-style --microdata answers.csv --strata region --ids village --nest --weights w --level 0.9

json is then one object: framework, version, and of a file of answers confidence and method; notes[{code, params, text}];
units[{unit, total, nodes[], grade, grade_incomplete, percent_of_attainable}]. A node: code, score, min, max (its nominal scale),
attainable_min, attainable_max (what the parts that are there allow), state, reason (in English), because[] (the reason as
notes), evidence[]; of a file of answers also se, ci_low, ci_high, n, df and interval. The states: computed; given (stated as a whole); incomplete (the framework allows a part to miss); self_scored
(not appraised yet); projection (a figure of a wave stands in); missing; no_formula (nobody knows how it follows from what is
there); withheld (fewer answers than the framework asks for). The last three have no score. csv holds one node a line.

A cell may be empty or say NA. Numbers have a decimal point or a decimal comma. A bad cell is named by line and column, and
nothing is scored unless --partial leaves its line out.
`
