package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// people is a file small enough to compute by hand: two strata of two households each, and ages that are not all known.
const people = `id,area,home,age,sex,w,score
001,north,1,30,F,10,1
002,north,1,NA,M,10,2
003,north,2,50,F,20,3
004,south,1,20,M,30,4
005,south,2,,F,30,5
006,south,2,40,M,30,6
`

// written writes a file and returns its path.
func written(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestEstimateHelp holds the help of both commands against golden files: it has an example for each kind of design.
func TestEstimateHelp(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"estimate", "weight"} {
		r := sipas("", name, "--help")
		if r.code != exitDone {
			t.Fatal(r.stderr)
		}
		golden(t, filepath.Join("help", "sipas-"+name+".txt"), r.stdout)
	}
}

// The tables that people read.
func TestEstimateTables(t *testing.T) {
	t.Parallel()
	types := written(t, "types.csv", "level,total\nE,4421\nH,755\nM,1018\n")
	for name, args := range map[string][]string{
		"strata": {apiPath("apistrat.csv"), "--strata", "stype", "--weights", "pw", "--fpc", "fpc", "--mean", "api00,enroll", "--total", "enroll",
			"--ratio", "api.stu/enroll", "--category", "awards", "--quantile", "api00@0.25,0.5"},
		"domains": {apiPath("apiclus1.csv"), "--ids", "dnum", "--weights", "pw", "--fpc", "fpc", "--mean", "api00,acs.k3", "--proportion", "awards=Yes",
			"--by", "stype", "--where", "ell > 10", "--cov"},
		"models": {apiPath("apistrat.csv"), "--strata", "stype", "--weights", "pw", "--fpc", "fpc", "--chisq", "sch.wide,stype", "--ttest", "api00 ~ comp.imp",
			"--glm", "api00 ~ ell + stype"},
		"replicates": {apiPath("apipair.csv"), "--ids", "psu", "--strata", "str", "--nest", "--weights", "pw", "--make-replicates", "brr", "--mean", "api00"},
		"calibrated": {apiPath("apiclus1.csv"), "--ids", "dnum", "--weights", "pw", "--fpc", "fpc", "--post-stratify", "stype=" + types, "--trim", "25,50",
			"--mean", "api00,stype"},
		"collapsed": {apiPath("apilonely.csv"), "--ids", "psu", "--strata", "str", "--nest", "--weights", "pw", "--lonely", "collapse", "--mean", "api00"},
	} {
		r := sipas("", append([]string{"estimate"}, args...)...)
		if r.code != exitDone {
			t.Fatalf("%s: %s", name, r.stderr)
		}
		golden(t, filepath.Join("estimate", name+".txt"), r.stdout)
	}
}

// The whole of the JSON form, and that a number undefined is null with its reason.
func TestEstimateJSON(t *testing.T) {
	t.Parallel()
	r := sipas(people, "estimate", "-", "--ids", "home", "--strata", "area", "--nest", "--weights", "w", "--mean", "age", "--total", "sex",
		"--by", "sex", "--format", "json", "--cov")
	if r.code != exitDone {
		t.Fatal(r.stderr)
	}
	golden(t, filepath.Join("estimate", "people.json"), strings.ReplaceAll(r.stdout, programVersion(), "VERSION"))

	var out struct{ Results []map[string]any }
	if err := json.Unmarshal([]byte(r.stdout), &out); err != nil {
		t.Fatal(err)
	}
	for _, row := range out.Results {
		for _, key := range []string{"statistic", "variable", "level", "domain", "estimate", "se", "ci_low", "ci_high", "confidence", "df", "deff", "n", "n_eff", "cv", "verdict", "method"} {
			v, ok := row[key]
			if !ok {
				t.Errorf("a result has no %s", key)
			}
			if v == nil && (row["reason"] == nil || row["reason"] == "") {
				t.Errorf("%v of %v is null without a reason", key, row)
			}
		}
	}
}

// Numbers that can be worked out by hand.
func TestEstimateByHand(t *testing.T) {
	t.Parallel()
	path := written(t, "people.csv", people)
	flags := []string{path, "--ids", "home", "--strata", "area", "--nest", "--weights", "w"}
	// Household totals of w·score: 30 and 60 in the north, 120 and 330 in the south.
	total := estimateOf(t, with(flags, "--total", "score")...).Results[0]
	if *total.Estimate != 540 || math.Abs(*total.SE-math.Sqrt(30*30+210*210)) > 1e-12 || *total.DF != 2 || total.N != 6 {
		t.Errorf("%+v", total)
	}
	// A missing value takes its row out, and its unit stays.
	mean := estimateOf(t, with(flags, "--mean", "age")...).Results[0]
	if want := (10*30 + 20*50 + 30*20 + 30*40) / 90.0; math.Abs(*mean.Estimate-want) > 1e-12 || mean.N != 4 || mean.Missing != 2 || *mean.DF != 2 {
		t.Errorf("%+v", mean)
	}
	// Nothing but the file: every row is a unit of weight 1.
	if plainMean := estimateOf(t, path, "--mean", "score").Results[0]; *plainMean.Estimate != 3.5 || *plainMean.DF != 5 {
		t.Errorf("%+v", plainMean)
	}
	// --where is a mask: the other households count as zeros, and the degrees of freedom are the domain's.
	where := estimateOf(t, with(flags, "--total", "score", "--where", `sex == "F" && area != "south"`)...).Results[0]
	if *where.Estimate != 70 || math.Abs(*where.SE-50) > 1e-12 || *where.DF != 1 {
		t.Errorf("%+v", where)
	}
	if r := sipas("", append([]string{"estimate"}, with(flags, "--mean", "score", "--where", "score > 100")...)...); r.code != exitError || !strings.Contains(r.stderr, "of no row") {
		t.Errorf("%d %s", r.code, r.stderr)
	}
}

// Who has no weight is not part of the sample: the figures are those of the file without them, and an error names the line of the whole file.
func TestEstimateRowsWithoutWeight(t *testing.T) {
	t.Parallel()
	text := strings.Replace(people, "003,", "900,,,99,F,NA,9\n901,,,99,M,,9\n003,", 1)
	outsiders, broken := written(t, "more.csv", text), written(t, "broken.csv", strings.Replace(text, "F,20,3", "F,-20,3", 1))
	flags := []string{"--ids", "home", "--strata", "area", "--nest", "--weights", "w", "--mean", "age", "--total", "score", "--by", "sex"}
	without, with := estimateOf(t, append([]string{written(t, "people.csv", people)}, flags...)...), estimateOf(t, append([]string{outsiders}, flags...)...)
	if !reflect.DeepEqual(without.Results, with.Results) {
		t.Errorf("%+v\n%+v", without.Results, with.Results)
	}
	if d := with.Design; d["rows"] != 8.0 || d["rows_without_weight"] != 2.0 || d["n"] != 6.0 {
		t.Errorf("%v", d)
	}
	if r := sipas("", "estimate", broken, "--weights", "w", "--mean", "age"); r.code != exitError || !strings.Contains(r.stderr, "broken.csv, line 6: --weights") {
		t.Errorf("%d %s", r.code, r.stderr)
	}
	if r := sipas("a,w\n1,NA\n", "estimate", "-", "--weights", "w", "--mean", "a"); r.code != exitError || !strings.Contains(r.stderr, "w is missing in every row") {
		t.Errorf("%d %s", r.code, r.stderr)
	}
}

// Each flag that describes data changes what is read, and is echoed.
func TestEstimateFlags(t *testing.T) {
	t.Parallel()
	path := written(t, "people.csv", people)
	flags := []string{path, "--weights", "w"}

	// Labels stay as written.
	ids := estimateOf(t, with(flags, "--mean", "score", "--by", "id")...).Results
	if len(ids) != 6 || ids[0].Domain["id"] != "001" {
		t.Errorf("%+v", ids)
	}
	// --levels orders the levels, and makes categories of numbers.
	levels := estimateOf(t, with(flags, "--category", "sex", "--mean", "home", "--levels", "sex=M,F", "--levels", "home=2,1")...)
	if levels.Results[0].Level != "2" || levels.Results[2].Level != "M" {
		t.Errorf("%+v", levels.Results)
	}
	model := estimateOf(t, with(flags, "--glm", "score ~ sex", "--levels", "sex=M,F")...)
	if model.Results[1].Variable != "sexF" {
		t.Errorf("%+v", model.Results)
	}
	// --na
	na := estimateOf(t, with(flags, "--mean", "score", "--na", "6,NA")...)
	if na.Results[0].N != 5 || na.Results[0].Missing != 1 {
		t.Errorf("%+v", na.Results)
	}
	// --level
	wide, narrow := estimateOf(t, with(flags, "--mean", "score")...).Results[0], estimateOf(t, with(flags, "--mean", "score", "--level", "0.5")...).Results[0]
	if !(*narrow.Low > *wide.Low) || *narrow.Confidence != 0.5 {
		t.Errorf("%+v", narrow)
	}
	// --ci: the effective number is capped at the number of answers unless R's own beta is asked for.
	clus1 := []string{apiPath("apistrat.csv"), "--strata", "stype", "--weights", "pw", "--proportion", "stype=E"}
	for _, ci := range []string{"korn-graubard", "wilson"} {
		if r := estimateOf(t, with(clus1, "--ci", ci)...).Results[0]; r.Low == nil {
			t.Errorf("%s: %+v", ci, r)
		}
	}
	// An ordinal outcome may be written in numbers.
	ordinal := estimateOf(t, apiPath("apipair.csv"), "--strata", "str", "--weights", "pw", "--ordinal", "psu ~ ell").Results
	if len(ordinal) != 2 || ordinal[0].Variable != "ell" || ordinal[1].Variable != "1|2" {
		t.Errorf("%+v", ordinal)
	}
}

// The design tells what was given and what was not.
func TestEstimateEcho(t *testing.T) {
	t.Parallel()
	d := estimateOf(t, apiPath("apiclus2.csv"), "--ids", "dnum,snum", "--fpc", "fpc1,fpc2", "--mean", "api00", "--where", "ell > 5").Design
	for key, want := range map[string]any{
		"data": "apiclus2.csv", "rows": 126.0, "n": 126.0, "n_psus": 40.0, "n_strata": 1.0, "df": 39.0, "nest": false, "lonely": "fail", "pps": "none",
		"weights": "from the sampling fractions", "where": "ell > 5", "replicates": nil, "calibration": nil, "trimming": nil,
	} {
		if d[key] != want {
			t.Errorf("%s is %v, want %v", key, d[key], want)
		}
	}
	if fpc := d["fpc"].(map[string]any); fpc["kind"] != "counts" {
		t.Errorf("fpc %v", fpc)
	}
	defaults := d["defaults"].([]any)
	if !slices.Contains(defaults, any("weights")) || slices.Contains(defaults, any("ids")) || slices.Contains(defaults, any("where")) {
		t.Errorf("defaults %v", defaults)
	}

	d = estimateOf(t, apiPath("apipair.csv"), "--ids", "psu", "--strata", "str", "--nest", "--weights", "pw", "--make-replicates", "fay=0.3", "--mse", "--rep-df", "17",
		"--mean", "api00").Design
	reps := d["replicates"].(map[string]any)
	if reps["type"] != "fay" || reps["mse"] != true || reps["rho"] != 0.3 || reps["number"].(float64) < 20 || reps["scale"] == nil || d["df"] != 17.0 {
		t.Errorf("replicates %v, df %v", reps, d["df"])
	}
	totals := totalsOfR(t)
	d = estimateOf(t, apiPath("apiclus1.csv"), "--ids", "dnum", "--weights", "pw", "--calibrate", "stype + api99", "--totals", totals["tot2"], "--method", "logit",
		"--bounds", "0.6,1.7", "--trim", "20,Inf", "--trim-by", "strict", "--mean", "api00").Design
	calibration, trimming := d["calibration"].(map[string]any), d["trimming"].(map[string]any)
	if calibration["method"] != "calibration (logit)" || calibration["totals"] != "tot2.csv" || trimming["by"] != "strict" || trimming["bounds"].([]any)[1] != nil {
		t.Errorf("calibration %v, trimming %v", calibration, trimming)
	}
}

// Bootstraps are drawn from the seed alone, and as many as are asked for.
func TestEstimateMadeReplicates(t *testing.T) {
	t.Parallel()
	clus1 := []string{apiPath("apiclus1.csv"), "--ids", "dnum", "--weights", "pw", "--mean", "api00"}
	linear := estimateOf(t, clus1...).Results[0]
	for _, kind := range []string{"raowu", "cantydavison", "preston"} {
		first := estimateOf(t, with(clus1, "--make-replicates", kind, "--reps", "80", "--seed", "7")...)
		again := estimateOf(t, with(clus1, "--make-replicates", kind, "--reps", "80", "--seed", "7")...)
		other := estimateOf(t, with(clus1, "--make-replicates", kind, "--reps", "80", "--seed", "8")...)
		if first.Design["replicates"].(map[string]any)["number"] != 80.0 {
			t.Errorf("%s: %v", kind, first.Design["replicates"])
		}
		a, b, c := first.Results[0], again.Results[0], other.Results[0]
		if *a.SE != *b.SE || *a.SE == *c.SE || math.Abs(*a.SE / *linear.SE - 1) > 0.5 || *a.Estimate != *linear.Estimate {
			t.Errorf("%s: %v, again %v, with another seed %v, linearized %v", kind, *a.SE, *b.SE, *c.SE, *linear.SE)
		}
	}
	sdr := estimateOf(t, with(clus1, "--make-replicates", "sdr", "--reps", "32")...)
	if n := sdr.Design["replicates"].(map[string]any)["number"].(float64); n < 32 {
		t.Errorf("%v replicates", n)
	}
	pair := []string{apiPath("apipair.csv"), "--ids", "psu", "--strata", "str", "--nest", "--weights", "pw", "--mean", "api00"}
	brr, exact := estimateOf(t, with(pair, "--make-replicates", "brr")...).Results[0], estimateOf(t, pair...).Results[0]
	if math.Abs(*brr.SE / *exact.SE - 1) > 1e-3 {
		t.Errorf("balanced replicates %v, linearized %v", *brr.SE, *exact.SE)
	}
}

// Replicate weights of a file: as weights, as factors, with the weights' mean for weights, and by type with its own scale.
func TestEstimateGivenReplicates(t *testing.T) {
	t.Parallel()
	all := []string{"r1", "r2", "r3"}
	path := withColumns(t, "apisrs.csv", append(slices.Clone(all), "f1", "f2", "f3"), func(row map[string]string, i int) []string {
		out := make([]string, 6)
		for r := range 3 {
			factor := 1.5
			if i%3 == r {
				factor = 0
			}
			out[r], out[3+r] = plain(number(t, row["pw"])*factor), plain(factor)
		}
		return out
	})
	flags := []string{path, "--mean", "api00,ell", "--rep-weights", "r?"}
	weights := estimateOf(t, with(flags, "--weights", "pw", "--rep-type", "jk1")...)
	factors := estimateOf(t, path, "--mean", "api00,ell", "--rep-weights", "f1,f2,f3", "--rep-factors", "--weights", "pw", "--rep-type", "jk1")
	mean := estimateOf(t, with(flags, "--rep-type", "jk1")...)
	for i := range weights.Results {
		for _, other := range []estimatesJSON{factors, mean} {
			if a, b := weights.Results[i], other.Results[i]; math.Abs(*a.SE / *b.SE - 1) > 1e-9 || math.Abs(*a.Estimate / *b.Estimate - 1) > 1e-12 {
				t.Errorf("%v and %v", *a.SE, *b.SE)
			}
		}
	}
	se := func(args ...string) float64 {
		return *estimateOf(t, with(flags, with([]string{"--weights", "pw"}, args...)...)...).Results[0].SE
	}
	jk1 := se("--rep-type", "jk1")
	rscales := written(t, "rscales.csv", "rscale\n0.5\n0.5\n0.5\n")
	for _, c := range []struct {
		ratio float64 // of the scales, (R−1)/R being that of jk1
		args  []string
	}{
		{3.0 / 2 / 3, []string{"--rep-type", "brr"}},
		{3.0 / 2 / 3 / 0.49, []string{"--rep-type", "fay", "--rho", "0.3"}},
		{3.0 / 2 / 2, []string{"--rep-type", "bootstrap"}},
		{3.0 / 2 * 4 / 3, []string{"--rep-type", "sdr"}},
		{3.0 / 2 * 0.5, []string{"--rep-type", "jkn", "--rscales", rscales}},
		{3.0 / 2 * 0.01, []string{"--rep-type", "other", "--scale", "0.01"}},
	} {
		if got := se(c.args...); math.Abs(got*got/(jk1*jk1)/c.ratio-1) > 1e-9 {
			t.Errorf("%v: %v times the variance of jk1, want %v", c.args, got*got/(jk1*jk1), c.ratio)
		}
	}
	if se("--rep-type", "jk1", "--mse") < jk1 {
		t.Error("about the estimate the replicates cannot vary less than about their mean")
	}
	for row, want := range map[string]float64{"11": 11, "2": 2} {
		if got := *estimateOf(t, with(flags, "--weights", "pw", "--rep-type", "jk1", "--rep-df", row)...).Results[0].DF; got != want {
			t.Errorf("%v degrees of freedom, want %v", got, want)
		}
	}
}

// The joint covariance has the squares of the standard errors in its diagonal, and what belongs together beside it.
func TestEstimateCovariance(t *testing.T) {
	t.Parallel()
	strat := []string{apiPath("apistrat.csv"), "--strata", "stype", "--weights", "pw", "--fpc", "fpc"}
	all := estimateOf(t, with(strat, "--mean", "api00,api99", "--ratio", "api00/api99", "--quantile", "ell@0.5", "--glm", "api00 ~ ell", "--cov")...)
	want := []string{"mean api00", "mean api99", "ratio api00/api99", "glm (Intercept)", "glm ell"}
	if !slices.Equal(all.Covariance.Names, want) {
		t.Fatalf("names %q", all.Covariance.Names)
	}
	k := 0
	for _, r := range all.Results {
		if r.Statistic == "quantile" {
			continue
		}
		if v := all.Covariance.Matrix[k][k]; math.Abs(*v/(*r.SE**r.SE)-1) > 1e-9 {
			t.Errorf("%s: %v, se %v", want[k], *v, *r.SE)
		}
		k++
	}
	if all.Covariance.Matrix[0][1] == nil || *all.Covariance.Matrix[0][1] != *all.Covariance.Matrix[1][0] || all.Covariance.Matrix[0][3] != nil || all.Covariance.Matrix[3][4] == nil {
		t.Errorf("%v", all.Covariance.Matrix)
	}
	// R's covariance of domains.
	references, err := references()
	if err != nil {
		t.Fatal(err)
	}
	by := estimateOf(t, with([]string{apiPath("apiclus1.csv"), "--ids", "dnum", "--weights", "pw", "--fpc", "fpc"}, "--mean", "api00", "--by", "stype", "--cov")...)
	for i, a := range by.Results {
		for j, b := range by.Results[:i+1] {
			w, ok := references["by_covmat_clus1"][[2]string{a.domain + " | " + b.domain, "cov"}]
			if got := *by.Covariance.Matrix[i][j]; !ok || math.Abs(got-w) > 1e-9*math.Abs(w) {
				t.Errorf("%s and %s: %v, R has %v", a.domain, b.domain, got, w)
			}
		}
	}
}

// A column of names is no column of categories: a million levels of a million rows would fill any memory.
func TestEstimateTooManyLevels(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("id\n")
	for i := range 20_000 {
		b.WriteString(plain(float64(i)) + "\n")
	}
	r := sipas(b.String(), "estimate", "-", "--category", "id")
	if r.code != exitError || !strings.Contains(r.stderr, "the column id has 20000 levels in 20000 rows") {
		t.Errorf("%d %.200s", r.code, r.stderr)
	}
}

// Tests and models are of each domain; what one of several domains does not allow is a row without numbers, and an error of a single one.
func TestEstimateModelsByDomain(t *testing.T) {
	t.Parallel()
	pair := []string{apiPath("apipair.csv"), "--ids", "psu", "--strata", "str", "--nest", "--weights", "pw"}
	all := estimateOf(t, with(pair, "--glm", "sch.wide ~ ell", "--family", "binomial", "--ttest", "api00 ~ comp.imp", "--chisq", "stype,awards", "--by", "sch.wide")...).Results
	var of []string
	for _, r := range all {
		of = append(of, r.Statistic+" "+r.domain)
	}
	if want := []string{"chisq No", "ttest No", "glm No", "chisq Yes", "ttest Yes", "glm Yes"}; !slices.Equal(of, want) {
		t.Fatalf("%q", of)
	}
	if glm := all[2]; glm.Estimate != nil || glm.P != nil || !strings.Contains(glm.Reason, "has two") {
		t.Errorf("%+v", glm)
	}
	r := sipas("", append([]string{"estimate"}, with(pair, "--glm", "sch.wide ~ ell", "--family", "binomial", "--where", `sch.wide == "No"`)...)...)
	if r.code != exitError || !strings.Contains(r.stderr, "--glm: response: sch.wide has 1 levels") {
		t.Errorf("%d %s", r.code, r.stderr)
	}
	// A model in a domain is that of the rows of the domain with the whole design.
	one := estimateOf(t, with(pair, "--glm", "api00 ~ ell", "--where", `stype == "E"`)...).Results
	every := estimateOf(t, with(pair, "--glm", "api00 ~ ell", "--by", "stype")...).Results
	for i := range one {
		if *one[i].SE != *every[i].SE || *one[i].Estimate != *every[i].Estimate {
			t.Errorf("%v and %v", *one[i].SE, *every[i].SE)
		}
	}
}

// CSV has one line for each result, with all digits.
func TestEstimateCSV(t *testing.T) {
	t.Parallel()
	args := []string{apiPath("apistrat.csv"), "--strata", "stype", "--weights", "pw", "--mean", "api00,acs.k3", "--by", "stype,awards", "--chisq", "sch.wide,comp.imp"}
	r := sipas("", append([]string{"estimate", "--format", "csv"}, args...)...)
	if r.code != exitDone {
		t.Fatal(r.stderr)
	}
	records, err := csv.NewReader(strings.NewReader(r.stdout)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := estimateOf(t, args...).Results
	if len(records) != len(want)+1 || !slices.Equal(records[0][:6], []string{"statistic", "variable", "level", "domain.stype", "domain.awards", "estimate"}) {
		t.Fatalf("%d lines, header %q", len(records), records[0])
	}
	for i, w := range want {
		got := records[i+1]
		if got[3] != w.Domain["stype"] || got[4] != w.Domain["awards"] || (got[5] == "") != (w.Estimate == nil) {
			t.Errorf("line %d: %q", i+2, got)
		}
		if w.Estimate != nil && number(t, got[5]) != *w.Estimate {
			t.Errorf("line %d: %s, JSON has %v", i+2, got[5], *w.Estimate)
		}
	}
}

// What is wrong is said in one sentence that names the line, the level or the column, and nothing is printed.
func TestEstimateErrors(t *testing.T) {
	t.Parallel()
	path := written(t, "people.csv", people)
	totals := func(text string) string { return written(t, "totals.csv", text) }
	w := []string{"--weights", "w"}
	broken := func(old, new string) string { return written(t, "people.csv", strings.Replace(people, old, new, 1)) }
	for _, c := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"wrong column", []string{path, "--mean", "agee"}, exitError, "--mean of people.csv: there is no column agee; did you mean age?"},
		{"wrong weight", []string{path, "--weights", "pw", "--mean", "age"}, exitError, "--weights of people.csv: there is no column pw; there are id, area, home, age, sex, w, score."},
		{"wrong column in formula", []string{path, "--glm", "score ~ agee"}, exitError, "--glm of people.csv: there is no column agee"},
		{"wrong column in expression", []string{path, "--mean", "age", "--where", "agee > 3"}, exitError, "--where of people.csv: there is no column agee"},
		{"negative weight", []string{broken("30,4", "-30,4"), "--weights", "w", "--mean", "age"}, exitError, "people.csv, line 5: --weights: the weight w is -30"},
		{"weight is text", []string{broken("30,4", "x,4"), "--weights", "w", "--mean", "age"}, exitError, `people.csv: line 5, column w: "x" is not a number.`},
		{"no weight", []string{written(t, "people.csv", "w,y\n0,1\n0,2\n"), "--weights", "w", "--mean", "y"}, exitError, "no weight in w is above zero"},
		{"unit in two strata", with([]string{path, "--ids", "home", "--strata", "area", "--mean", "age"}, w...), exitError,
			"people.csv: the unit 1 of home is in the stratum north on line 2 and in south on line 5; if these are two units, say --nest."},
		{"missing unit", []string{broken("north,1,30", "north,,30"), "--ids", "home", "--mean", "age"}, exitError, "people.csv, line 2: --ids: home is missing."},
		{"missing stratum", []string{broken("001,north", "001,"), "--strata", "area", "--mean", "age"}, exitError, "people.csv, line 2: --strata: area is missing."},
		{"lonely", []string{apiPath("apilonely.csv"), "--ids", "psu", "--strata", "str", "--nest", "--mean", "api00"}, exitError, "stratum 3 has a single unit; say with --lonely"},
		{"text in numbers", []string{path, "--quantile", "area"}, exitUsage, "--quantile: write it as V@0.25,0.5"},
		{"quantile of text", []string{path, "--quantile", "area@0.5"}, exitError, `people.csv, line 2: --quantile needs numbers, and area is "north".`},
		{"infinite", []string{broken("20,M", "Inf,M"), "--mean", "age"}, exitError, "people.csv, line 5: --mean: age is infinite."},
		{"unknown level", []string{path, "--proportion", "sex=X"}, exitError, `--proportion of people.csv: the column sex has no level "X"; it has F, M.`},
		{"unknown level in expression", []string{path, "--mean", "age", "--where", `sex == "X"`}, exitError, `no level "X"; it has F, M`},
		{"level not given", []string{path, "--mean", "age", "--by", "sex", "--levels", "sex=F"}, exitError, `people.csv: line 3, column sex: "M" is not among the levels given, F.`},
		{"too few fields", []string{broken("M,10,2", "M,10"), "--mean", "age"}, exitError, "people.csv: line 3: 6 fields where the header has 7."},
		{"no rows", []string{written(t, "people.csv", "a,b\n"), "--mean", "a"}, exitError, "people.csv has a header and no rows."},
		{"not there", []string{"nowhere.csv", "--mean", "a"}, exitError, "nowhere.csv is not there."},
		{"expression", []string{path, "--mean", "age", "--where", "age = 3"}, exitUsage, "--where: age = 3, at character 5: '=' is not understood; equality is ==."},
		{"formula", []string{path, "--glm", "score ~ (age"}, exitUsage, "--glm: "},
		{"formula without response", []string{path, "--glm", "age"}, exitUsage, "--glm: write it as y ~ x"},
		{"mixed fractions", []string{written(t, "people.csv", "y,n\n1,10\n2,0.5\n"), "--fpc", "n", "--mean", "y"}, exitError, "people.csv, line 3: --fpc: a value below 1 is a fraction"},
		{"population too small", []string{written(t, "people.csv", "y,n\n1,2\n2,2\n3,2\n"), "--fpc", "n", "--mean", "y"}, exitError, "3 units were sampled of 2"},
		{"two ways of weighting", []string{path, "--mean", "age", "--rake", "a.csv", "--post-stratify", "sex=b.csv"}, exitUsage, "give one of them"},
		{"calibration without totals", []string{path, "--mean", "age", "--calibrate", "sex"}, exitUsage, "give the totals with --totals"},
		{"unknown term", []string{path, "--mean", "age", "--calibrate", "sex", "--totals", totals("term,total\n(Intercept),200\nsexX,90\n")}, exitError,
			"totals.csv, line 3: there is no term sexX in --calibrate; there are (Intercept), sexM."},
		{"term without total", []string{path, "--mean", "age", "--calibrate", "sex", "--totals", totals("term,total\n(Intercept),200\n")}, exitError, "there is no total for the term sexM"},
		{"total twice", []string{path, "--mean", "age", "--calibrate", "sex", "--totals", totals("term,total\n(Intercept),2\n(Intercept),2\n")}, exitError, "line 3: the term (Intercept) has a total above"},
		{"missing auxiliary", []string{path, "--mean", "score", "--calibrate", "age", "--totals", totals("term,total\n(Intercept),200\nage,900\n")}, exitError, "people.csv, line 3: --calibrate: age is missing."},
		{"level without total", []string{path, "--mean", "age", "--post-stratify", "sex=" + totals("level,total\nF,100\n")}, exitError, "people.csv, line 3: --post-stratify: totals.csv has no total for the level M of sex."},
		{"total without level", []string{path, "--mean", "age", "--rake", totals("variable,level,total\nsex,F,1\nsex,M,1\nsex,X,1\n")}, exitError,
			`totals.csv, line 4: the column sex of people.csv has no level "X"; it has F, M.`},
		{"level twice", []string{path, "--mean", "age", "--post-stratify", "sex=" + totals("sex,total\nF,1\nM,1\nF,2\n")}, exitError, "totals.csv, line 4: the level F of sex has a total above already."},
		{"wrong margins file", []string{path, "--mean", "age", "--rake", totals("a,b\n1,2\n")}, exitError, "the columns are a, b, where variable, level and total were expected."},
		{"infeasible", []string{apiPath("apiclus1.csv"), "--weights", "pw", "--mean", "api00", "--calibrate", "stype + api99", "--totals", totalsOfR(t)["tot2"], "--method", "truncated", "--bounds", "0.99,1.01"},
			exitError, "the tightest bounds that would do are"},
		{"replicates without type", []string{path, "--rep-weights", "w", "--mean", "age"}, exitUsage, "--rep-type"},
		{"seed without draw", []string{path, "--make-replicates", "jk1", "--seed", "1", "--mean", "age"}, exitUsage, "nothing is drawn"},
		{"draw without seed", []string{path, "--make-replicates", "raowu", "--reps", "9", "--mean", "age"}, exitUsage, "give a --seed"},
		{"unknown replicates", []string{path, "--make-replicates", "fay=2", "--mean", "age"}, exitUsage, "from 0 to below 1"},
		{"unbalanced", with([]string{path, "--make-replicates", "brr", "--strata", "area", "--mean", "age"}, w...), exitError, "--make-replicates brr"},
		{"probabilities", []string{path, "--pps", "brewer", "--mean", "age"}, exitUsage, "--fpc"},
		{"joint", []string{path, "--pps-joint", "joint.csv", "--mean", "age"}, exitUsage, "JOINT.csv=ht"},
		{"joint too small", []string{path, "--pps-joint", totals("1,1\n1,1\n") + "=ht", "--mean", "age"}, exitError, "has 2 lines, and there are 6 units"},
		{"joint unit", []string{path, "--pps-joint", totals("1,9,0.1\n") + "=ht", "--mean", "age"}, exitError, "line 1: there is no unit 9 in the data"},
		{"nothing asked", []string{path}, exitUsage, "Say what to estimate"},
		{"one column of a table", []string{path, "--chisq", "sex"}, exitUsage, "name two columns"},
		{"level", []string{path, "--mean", "age", "--level", "95"}, exitUsage, "--level: 95 is not between 0 and 1."},
		{"rule", []string{path, "--mean", "age", "--qrule", "hf10"}, exitUsage, "--qrule"},
		{"family", []string{path, "--glm", "age ~ sex", "--family", "weibull"}, exitUsage, "--family"},
		{"negative count", []string{broken("F,20,3", "F,20,-3"), "--glm", "score ~ sex", "--family", "poisson"}, exitError, "people.csv, line 4: response: "},
		{"probability above one", []string{broken("F,20,3", "F,20,0"), "--fpc", "score", "--pps", "brewer", "--mean", "w"}, exitError, "--fpc of people.csv: with unequal probabilities"},
		{"probability of zero", []string{written(t, "people.csv", "y,p\n1,0.5\n2,0\n"), "--fpc", "p", "--pps", "brewer", "--mean", "y"}, exitError, "people.csv, line 3: a probability must lie in (0, 1]"},
		{"ratio", []string{path, "--ratio", "age"}, exitUsage, "write it as Y/X"},
		{"levels", []string{path, "--mean", "age", "--levels", "sex"}, exitUsage, "write it as V=B,A"},
		{"stages", []string{path, "--mean", "age", "--ids", "home", "--fpc", "w,w"}, exitUsage, "2 columns for 1 stages"},
		{"trim", []string{path, "--mean", "age", "--trim", "5"}, exitUsage, "--trim: give two numbers"},
		{"trim too tight", []string{path, "--weights", "w", "--mean", "age", "--trim", "1,2"}, exitError, "cannot lie between 1 and 2"},
		{"bounds", []string{path, "--mean", "age", "--calibrate", "sex", "--totals", "t.csv", "--method", "logit"}, exitUsage, "--bounds"},
		{"matrix in csv", []string{path, "--mean", "age", "--cov", "--format", "csv"}, exitUsage, "--format json"},
		{"column named twice", []string{written(t, "people.csv", "a,a\n1,2\n"), "--mean", "a"}, exitError, "names the column a more than once"},
	} {
		r := sipas("", append([]string{"estimate"}, c.args...)...)
		if r.code != c.code || r.stdout != "" || !strings.Contains(r.stderr, c.says) {
			t.Errorf("%s: exit %d, want %d, saying %q\nstdout %q\nstderr %s", c.name, r.code, c.code, c.says, r.stdout, r.stderr)
		}
		if c.code == exitError && strings.Count(r.stderr, "\n") != 1 {
			t.Errorf("%s: not one line:\n%s", c.name, r.stderr)
		}
	}
}

// A large file says how far it has been read, at most once a second; one that is interrupted says so.
func TestEstimateProgress(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("y,text\n")
	for b.Len() < 5<<20 {
		b.WriteString("1,some text that nobody asks for\n2,some more of it\n")
	}
	path := written(t, "large.csv", b.String())
	var stdout, stderr strings.Builder
	clock := deskNow
	a := newDesk(t).app("", &stdout, &stderr)
	a.now = func() time.Time { clock = clock.Add(600 * time.Millisecond); return clock }
	if code := runAt(context.Background(), []string{"estimate", path, "--mean", "y"}, a); code != exitDone {
		t.Fatal(stderr.String())
	}
	if said := stderr.String(); strings.Count(said, "\n") < 2 || strings.Count(said, "\n") > 3 || !strings.Contains(said, "large.csv: 2 of 5 MB read") {
		t.Errorf("said %q", said)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	stdout.Reset()
	stderr.Reset()
	if code := runAt(ctx, []string{"estimate", path, "--mean", "y"}, a); code != exitError || stdout.Len() > 0 || !strings.Contains(stderr.String(), "stopped") {
		t.Errorf("exit %d: %s", code, stderr.String())
	}
}
