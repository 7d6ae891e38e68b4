package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// The command's output is held against the numbers that R's survey gives on the same data: see analysis/testdata/api/README.md.

// apiPath is a file of the reference data.
func apiPath(name string) string {
	return filepath.Join("..", "..", "analysis", "testdata", "api", name)
}

// resultJSON is one result as JSON has it.
type resultJSON struct {
	Statistic  string            `json:"statistic"`
	Variable   string            `json:"variable"`
	Level      string            `json:"level"`
	Domain     map[string]string `json:"domain"`
	Estimate   *float64          `json:"estimate"`
	SE         *float64          `json:"se"`
	Low        *float64          `json:"ci_low"`
	High       *float64          `json:"ci_high"`
	Confidence *float64          `json:"confidence"`
	DF         *float64          `json:"df"`
	Deff       *float64          `json:"deff"`
	N          int               `json:"n"`
	EffectiveN *float64          `json:"n_eff"`
	CV         *float64          `json:"cv"`
	Verdict    string            `json:"verdict"`
	Method     string            `json:"method"`
	F          *float64          `json:"F"`
	ChiSquared *float64          `json:"chisq"`
	NDF        *float64          `json:"ndf"`
	DDF        *float64          `json:"ddf"`
	T          *float64          `json:"t"`
	P          *float64          `json:"p"`
	Missing    int               `json:"missing"`
	Reason     string            `json:"reason"`

	domain string // its values in the order of --by, joined as R joins them
}

type estimatesJSON struct {
	Design     map[string]any `json:"design"`
	Results    []resultJSON   `json:"results"`
	Covariance *struct {
		Names  []string     `json:"names"`
		Matrix [][]*float64 `json:"matrix"`
	} `json:"cov"`
}

// sipas runs a command line on the real program.
func sipas(stdin string, args ...string) result {
	var stdout, stderr bytes.Buffer
	code := run(context.Background(), args, strings.NewReader(stdin), &stdout, &stderr, func(string) string { return "" })
	return result{code, stdout.String(), stderr.String()}
}

// estimateOf runs sipas estimate, which has to succeed, and reads its JSON.
func estimateOf(t *testing.T, args ...string) estimatesJSON {
	t.Helper()
	r := sipas("", append([]string{"estimate", "--format", "json"}, args...)...)
	if r.code != exitDone || r.stderr != "" {
		t.Fatalf("sipas estimate %q: exit %d\n%s", args, r.code, r.stderr)
	}
	if strings.Contains(r.stdout, "NaN") || strings.Contains(r.stdout, "Inf\"") {
		t.Errorf("sipas estimate %q prints what is no number", args)
	}
	var out estimatesJSON
	if err := json.Unmarshal([]byte(r.stdout), &out); err != nil {
		t.Fatal(err)
	}
	var by []string
	if list, ok := out.Design["by"].([]any); ok {
		for _, name := range list {
			by = append(by, name.(string))
		}
	}
	for i := range out.Results {
		var parts []string
		for _, name := range by {
			parts = append(parts, out.Results[i].Domain[name])
		}
		out.Results[i].domain = strings.Join(parts, ".")
	}
	return out
}

// references are R's numbers by case, item and stat; of a number that stands twice, the first.
var references = sync.OnceValues(func() (map[string]map[[2]string]float64, error) {
	f, err := os.Open(apiPath("reference.csv"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, err
	}
	out := map[string]map[[2]string]float64{}
	for _, r := range records[1:] {
		v, err := strconv.ParseFloat(r[3], 64)
		if err != nil {
			continue // text, or a number that R does not define
		}
		if out[r[0]] == nil {
			out[r[0]] = map[[2]string]float64{}
		}
		if _, twice := out[r[0]][[2]string{r[1], r[2]}]; !twice {
			out[r[0]][[2]string{r[1], r[2]}] = v
		}
	}
	return out, nil
})

// reading says which numbers of a result stand for which items and stats of the reference.
type reading func(r resultJSON) map[[2]string]*float64

func plainly(r resultJSON) map[[2]string]*float64 {
	item := r.Variable + r.Level
	return map[[2]string]*float64{{item, "est"}: r.Estimate, {item, "se"}: r.SE, {item, "deff"}: r.Deff}
}

func shares(r resultJSON) map[[2]string]*float64 {
	return map[[2]string]*float64{{"p", "est"}: r.Estimate, {"p", "se"}: r.SE, {"p", "lo"}: r.Low, {"p", "hi"}: r.High}
}

func quantiles(r resultJSON) map[[2]string]*float64 {
	item := r.Variable + " q" + r.Level
	return map[[2]string]*float64{{item, "est"}: r.Estimate, {item, "se"}: r.SE, {item, "lo"}: r.Low, {item, "hi"}: r.High}
}

func ends95(r resultJSON) map[[2]string]*float64 {
	item := r.Variable
	if r.domain != "" {
		item = r.domain
	}
	return map[[2]string]*float64{{item, "col:2.5 %"}: r.Low, {item, "col:97.5 %"}: r.High}
}

func byDomain(r resultJSON) map[[2]string]*float64 {
	name := r.Variable + r.Level
	return map[[2]string]*float64{
		{r.domain, name}: r.Estimate, {r.domain, "se"}: r.SE, {r.domain, "se." + name}: r.SE, {r.domain, "cv." + name}: r.CV,
		{r.domain, "ci_l"}: r.Low, {r.domain, "ci_u"}: r.High, {r.domain, "DEff." + name}: r.Deff,
	}
}

func tables(r resultJSON) map[[2]string]*float64 {
	return map[[2]string]*float64{
		{"F", "statistic"}: r.F, {"ndf", "parameter"}: r.NDF, {"ddf", "parameter"}: r.DDF, {"X-squared", "p.value"}: r.P, {"1", "p.value"}: r.P,
	}
}

func ttests(r resultJSON) map[[2]string]*float64 {
	return map[[2]string]*float64{
		{"t", "statistic"}: r.T, {"df", "parameter"}: r.DF, {"difference in mean", "estimate"}: r.Estimate, {"comp.impYes", "p.value"}: r.P,
		{"conf.int", "lo"}: r.Low, {"conf.int", "hi"}: r.High,
	}
}

// oneMean leaves out what rests on degrees of freedom: R takes one away in the test of one sample, which has no reason.
func oneMean(r resultJSON) map[[2]string]*float64 {
	return map[[2]string]*float64{{"t", "statistic"}: r.T, {"mean", "estimate"}: r.Estimate}
}

func coefficients(r resultJSON) map[[2]string]*float64 {
	return map[[2]string]*float64{{r.Variable, "est"}: r.Estimate, {r.Variable, "se"}: r.SE, {r.Variable, "t"}: r.T, {r.Variable, "p"}: r.P}
}

// asR runs a command line and compares what it prints with a case of the reference, at the tolerance of the reference's README.
func asR(t *testing.T, name string, read reading, tolerance float64, args ...string) {
	t.Helper()
	all, err := references()
	if err != nil {
		t.Fatal(err)
	}
	want := all[name]
	if want == nil {
		t.Errorf("the reference has no case %s", name)
		return
	}
	var scale float64
	for _, v := range want {
		if !math.IsNaN(v) {
			scale = math.Max(scale, math.Abs(v))
		}
	}
	compared := 0
	for _, r := range estimateOf(t, args...).Results {
		for key, got := range read(r) {
			w, ok := want[key]
			if !ok {
				continue
			}
			compared++
			if math.IsNaN(w) {
				if got != nil || r.Reason == "" {
					t.Errorf("%s %s: R does not define it, and the reason is %q", name, key, r.Reason)
				}
				continue
			}
			if got == nil {
				t.Errorf("%s %s is not there, and R has %v", name, key, w)
				continue
			}
			if !(math.Abs(*got-w) <= tolerance*math.Abs(w)+1e-13*scale) {
				t.Errorf("%s %s: %.17g, R has %.17g (off by %.2g)", name, key, *got, w, *got/w-1)
			}
		}
	}
	if compared == 0 {
		t.Errorf("nothing of %s was compared", name)
	}
	comparedWithR.Lock()
	comparedWithR.n += compared
	comparedWithR.Unlock()
}

var comparedWithR struct {
	sync.Mutex
	n int
}

// designsOfR are the flags of the reference's designs.
func designsOfR(t *testing.T) map[string][]string {
	t.Helper()
	return map[string][]string{
		"srs":      {apiPath("apisrs.csv"), "--weights", "pw", "--fpc", "fpc"},
		"srs_wr":   {apiPath("apisrs.csv"), "--weights", "pw"},
		"strat":    {apiPath("apistrat.csv"), "--strata", "stype", "--weights", "pw", "--fpc", "fpc"},
		"strat_wr": {apiPath("apistrat.csv"), "--ids", "1", "--strata", "stype", "--weights", "pw"},
		"clus1":    {apiPath("apiclus1.csv"), "--ids", "dnum", "--weights", "pw", "--fpc", "fpc"},
		"clus1_wr": {apiPath("apiclus1.csv"), "--ids", "dnum", "--weights", "pw"},
		"clus2":    {apiPath("apiclus2.csv"), "--ids", "dnum,snum", "--fpc", "fpc1,fpc2"},
		"clus2_wr": {apiPath("apiclus2.csv"), "--ids", "dnum,snum", "--weights", "pw"},
		"clus2_pi": {clus2Fractions(t), "--ids", "dnum,snum", "--fpc", "pi1,pi2"},
		"pair":     {apiPath("apipair.csv"), "--ids", "psu", "--strata", "str", "--nest", "--weights", "pw"},
	}
}

// withColumns writes a file of the reference's with more columns, and returns its path.
func withColumns(t *testing.T, file string, names []string, value func(row map[string]string, i int) []string) string {
	t.Helper()
	f, err := os.Open(apiPath(file))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	header := records[0]
	out := [][]string{append(slices.Clone(header), names...)}
	for i, r := range records[1:] {
		row := map[string]string{}
		for j, name := range header {
			row[name] = r[j]
		}
		out = append(out, append(slices.Clone(r), value(row, i)...))
	}
	path := filepath.Join(t.TempDir(), file)
	var b bytes.Buffer
	if err := csv.NewWriter(&b).WriteAll(out); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func number(t *testing.T, text string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// clus2Fractions gives the stages of apiclus2 as sampled fractions.
func clus2Fractions(t *testing.T) string {
	return withColumns(t, "apiclus2.csv", []string{"pi1", "pi2"}, func(row map[string]string, _ int) []string {
		return []string{plain(40 / number(t, row["fpc1"])), plain(math.Min(1, 5/number(t, row["fpc2"])))}
	})
}

// replicatesOfR writes data with the replicate weights that R made, and returns the flags that describe them.
func replicatesOfR(t *testing.T, name, file string) []string {
	t.Helper()
	text, err := os.ReadFile(apiPath(filepath.Join("replicates", name+".csv")))
	if err != nil {
		t.Fatal(err)
	}
	settings, rest, _ := strings.Cut(string(text), "\n")
	rscales, rest, _ := strings.Cut(rest, "\n")
	records, err := csv.NewReader(strings.NewReader(rest)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	path := withColumns(t, file, records[0], func(_ map[string]string, i int) []string { return records[i+1] })
	scales := filepath.Join(t.TempDir(), "rscales.csv")
	numbers := strings.Fields(strings.TrimPrefix(rscales, "# rscales="))
	if err := os.WriteFile(scales, []byte(strings.Join(numbers, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	flags := []string{path, "--weights", "base", "--rep-weights", strings.Join(records[0][1:], ","), "--rscales", scales}
	for _, setting := range strings.Fields(settings)[1:] {
		key, v, _ := strings.Cut(setting, "=")
		switch {
		case key == "scale":
			flags = append(flags, "--scale", v, "--rep-type", "other")
		case key == "mse" && v == "TRUE":
			flags = append(flags, "--mse")
		}
	}
	return flags
}

func with(flags []string, more ...string) []string { return append(slices.Clone(flags), more...) }

func TestEstimateAsR(t *testing.T) {
	designs := designsOfR(t)
	for name, flags := range designs {
		asR(t, "mean_multi_"+name, plainly, 1e-9, with(flags, "--mean", "api00,api99,meals,ell")...)
		asR(t, "mean_api00_"+name, plainly, 1e-9, with(flags, "--mean", "api00", "--deff", "wor")...)
		asR(t, "mean_deffreplace_"+name, plainly, 1e-9, with(flags, "--mean", "api00,meals", "--deff", "wr")...)
		asR(t, "total_enroll_"+name, plainly, 1e-9, with(flags, "--total", "enroll", "--deff", "wor")...)
		asR(t, "total_multi_"+name, plainly, 1e-9, with(flags, "--total", "api00,api99,stype")...)
		asR(t, "mean_factor_"+name, plainly, 1e-9, with(flags, "--mean", "stype,sch.wide")...)
		asR(t, "mean_factor_"+name, plainly, 1e-9, with(flags, "--category", "stype,sch.wide")...)
		asR(t, "ratio_na_"+name, plainly, 1e-9, with(flags, "--ratio", "api.stu/enroll")...)
		asR(t, "ratio_multi_"+name, plainly, 1e-9, with(flags, "--ratio", "api00/api99,meals/api99,api00/ell,meals/ell")...)
		asR(t, "confint_t_"+name, ends95, 1e-9, with(flags, "--mean", "api00,meals")...)
	}
	for _, name := range []string{"srs", "strat", "clus1", "clus2"} {
		flags := designs[name]
		for ci, tolerance := range map[string]float64{"mean": 1e-8, "xlogit": 1e-8, "asin": 1e-8, "beta": 1e-8, "logit": 1e-6, "likelihood": 2e-2} {
			asR(t, "ciprop_awards_"+ci+"_"+name, shares, tolerance, with(flags, "--proportion", "awards=Yes", "--ci", ci)...)
			// The types are the strata of one design, and their shares known there.
			if ci != "likelihood" && name != "strat" {
				asR(t, "ciprop_90_"+ci+"_"+name, shares, tolerance, with(flags, "--proportion", "stype=M", "--ci", ci, "--level", "0.9")...)
			}
		}
		// With equal weights R decides ties by rounding: see analysis/estimate.Rule. Its hf3 has a fault below the first step.
		if name == "srs" {
			continue
		}
		for _, rule := range []string{"math", "school", "hf1", "hf2", "hf3", "hf4", "hf5", "hf6", "hf7", "hf8", "hf9"} {
			asR(t, "quant_"+rule+"_"+name, quantiles, 1e-8, with(flags, "--quantile", "api00@0.05,0.1,0.25,0.5,0.75,0.9,0.95,ell@0.25,0.5,0.75,0.9,0.95", "--qrule", rule)...)
		}
	}
	for _, name := range []string{"strat", "clus1"} {
		flags := designs[name]
		asR(t, "by_total_"+name, byDomain, 1e-9, with(flags, "--total", "enroll", "--by", "stype")...)
		asR(t, "by_mean_2_"+name, byDomain, 1e-9, with(flags, "--mean", "api00", "--by", "stype,sch.wide")...)
		asR(t, "by_mean_deff_"+name, byDomain, 1e-9, with(flags, "--mean", "api00", "--by", "stype", "--deff", "wor")...)
		asR(t, "by_factor_"+name, byDomain, 1e-9, with(flags, "--category", "awards", "--by", "stype")...)
		asR(t, "by_ratio_"+name, byDomain, 1e-9, with(flags, "--ratio", "api00/api99", "--by", "stype")...)
		asR(t, "chisq_F_"+name, tables, 1e-8, with(flags, "--chisq", "sch.wide,stype")...)
		for _, s := range []string{"Chisq", "Wald", "adjWald"} {
			asR(t, "chisq_"+s+"_"+name, tables, 1e-8, with(flags, "--chisq", "sch.wide,stype", "--chisq-test", s)...)
		}
		asR(t, "glm_gauss_"+name, coefficients, 1e-9, with(flags, "--glm", "api00 ~ ell + meals + mobility")...)
		asR(t, "glm_gauss_fac_"+name, coefficients, 1e-9, with(flags, "--glm", "api00 ~ stype * meals")...)
		asR(t, "glm_quasibin_"+name, coefficients, 1e-8, with(flags, "--glm", "sch.wide ~ ell + meals + mobility", "--family", "binomial")...)
		asR(t, "glm_binprobit_"+name, coefficients, 1e-7, with(flags, "--glm", "sch.wide ~ ell + meals", "--family", "quasibinomial(probit)")...)
		asR(t, "glm_quasipois_"+name, coefficients, 1e-8, with(flags, "--glm", "ell ~ meals + stype", "--family", "poisson")...)
		asR(t, "olr_"+name, func(r resultJSON) map[[2]string]*float64 {
			return map[[2]string]*float64{{r.Variable, "est"}: r.Estimate}
		}, 1e-5, with(flags, "--ordinal", "cut(mobility, c(-1, 10, 20, 40, 101), labels = 1:4) ~ meals + ell")...)
	}
	asR(t, "ttest_two_clus1", ttests, 1e-8, with(designs["clus1"], "--ttest", "api00 ~ comp.imp")...)
	asR(t, "ttest_two_strat", ttests, 1e-8, with(designs["strat"], "--ttest", "enroll ~ comp.imp")...)
	asR(t, "ttest_one_clus1", oneMean, 1e-8, with(designs["clus1"], "--ttest", "I(api00 - api99 - 25) ~ 0")...)
	asR(t, "domain_mean_clus1", plainly, 1e-9, with(designs["clus1"], "--mean", "api00", "--where", `comp.imp == "Yes" && stype == "E"`, "--deff", "wor")...)
	asR(t, "domain_total_clus2", plainly, 1e-9, with(designs["clus2"], "--total", "enroll", "--where", `stype == "H"`, "--deff", "wor")...)
	asR(t, "domain_mean_strat_small", plainly, 1e-9, with(designs["strat"], "--mean", "api00", "--where", `stype != "H" && ell > 40`, "--deff", "wor")...)

	lonely := []string{apiPath("apilonely.csv"), "--ids", "psu", "--strata", "str", "--nest", "--weights", "pw", "--mean", "api00"}
	for _, policy := range []string{"remove", "certainty", "adjust", "average"} {
		asR(t, "lonely_mean_"+policy+"_lonely2", plainly, 1e-9, with(lonely, "--lonely", policy)...)
	}
	if comparedWithR.n < 2000 {
		t.Errorf("only %d numbers were compared", comparedWithR.n)
	}
	t.Logf("%d numbers compared", comparedWithR.n)
}

func TestEstimateReplicatesAsR(t *testing.T) {
	for name, file := range map[string]string{
		"jk1_clus1": "apiclus1.csv", "jk1_clus1_mse": "apiclus1.csv", "jkn_pair": "apipair.csv", "brr_pair": "apipair.csv", "brr_pair_mse": "apipair.csv",
		"fay_pair": "apipair.csv", "boot_clus1": "apiclus1.csv", "subboot_pair": "apipair.csv", "mrb_clus2": "apiclus2.csv",
	} {
		flags := replicatesOfR(t, name, file)
		asR(t, "rep_mean_"+name, plainly, 1e-9, with(flags, "--mean", "api00,api99,stype", "--deff", "wor")...)
		asR(t, "rep_total_"+name, plainly, 1e-9, with(flags, "--total", "enroll")...) // of several variables R drops the rows that miss any
		asR(t, "rep_ratio_"+name, plainly, 1e-9, with(flags, "--ratio", "api.stu/enroll")...)
		asR(t, "rep_by_"+name, byDomain, 1e-9, with(flags, "--mean", "api00", "--by", "stype")...)
		asR(t, "rep_quant_w_"+name, quantiles, 1e-8, with(flags, "--quantile", "api00@0.25,0.5,0.75")...)
		asR(t, "rep_chisq_"+name, tables, 1e-8, with(flags, "--chisq", "sch.wide,stype")...)
		asR(t, "rep_glm_"+name, coefficients, 1e-9, with(flags, "--glm", "api00 ~ ell + meals")...)
		asR(t, "rep_ttest_"+name, ttests, 1e-8, with(flags, "--ttest", "api00 ~ comp.imp")...)
	}
	// What is made agrees with what R made, where nothing is drawn.
	clus1 := []string{apiPath("apiclus1.csv"), "--ids", "dnum", "--weights", "pw", "--fpc", "fpc", "--mean", "api00,api99,stype"}
	pair := []string{apiPath("apipair.csv"), "--ids", "psu", "--strata", "str", "--nest", "--weights", "pw", "--mean", "api00,api99,stype"}
	asR(t, "rep_mean_jk1_clus1", plainly, 1e-9, with(clus1, "--make-replicates", "jk1", "--deff", "wor")...)
	asR(t, "rep_mean_jk1_clus1_mse", plainly, 1e-9, with(clus1, "--make-replicates", "jk1", "--deff", "wor", "--mse")...)
	asR(t, "rep_mean_jkn_pair", plainly, 1e-9, with(pair, "--make-replicates", "jkn", "--deff", "wor")...)
	asR(t, "rep_mean_jkn_strat", plainly, 1e-9, apiPath("apistrat.csv"), "--strata", "stype", "--weights", "pw", "--fpc", "fpc",
		"--make-replicates", "jkn", "--mean", "api00,api99,stype", "--deff", "wor")
}

// totalsOfR are the files of totals that the reference's calibrations use.
func totalsOfR(t *testing.T) map[string]string {
	t.Helper()
	dir := t.TempDir()
	out := map[string]string{}
	for name, text := range map[string]string{
		"types":   "level,total\nE,4421\nH,755\nM,1018\n",
		"freq":    "stype,Freq\nE,4421\nH,755\nM,1018\n",
		"terms":   "term,total\nstypeE,4421\nstypeH,755\nstypeM,1018\n",
		"joint":   "stype,sch.wide,total\nE,No,472\nE,Yes,3949\nH,No,334\nH,Yes,421\nM,No,266\nM,Yes,752\n",
		"margins": "variable,level,total\nstype,E,4421\nstype,H,755\nstype,M,1018\nsch.wide,No,1072\nsch.wide,Yes,5122\n",
		"crossed": "variable,level,total\nstype:sch.wide,E:No,472\nstype:sch.wide,E:Yes,3949\nstype:sch.wide,H:No,334\nstype:sch.wide,H:Yes,421\n" +
			"stype:sch.wide,M:No,266\nstype:sch.wide,M:Yes,752\ncomp.imp,No,1712\ncomp.imp,Yes,4482\n",
		"tot1": "term,total\n(Intercept),6194\nstypeH,755\nstypeM,1018\n",
		"tot2": "term,total\napi99,3914069\n(Intercept),6194\nstypeH,755\nstypeM,1018\n",
		"totS": "term,total\n(Intercept),6194\nstypeH,755\nstypeM,1018\nsch.wideYes,5122\n",
	} {
		out[name] = filepath.Join(dir, name+".csv")
		if err := os.WriteFile(out[name], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// weightingsOfR are the flags of the reference's calibrations, by name, with those of their designs.
func weightingsOfR(t *testing.T) map[string][]string {
	t.Helper()
	designs, totals := designsOfR(t), totalsOfR(t)
	clus1, srs, strat, clus2 := designs["clus1"], designs["srs"], designs["strat"], designs["clus2"]
	jk1 := with(clus1, "--make-replicates", "jk1")
	tot2 := []string{"--calibrate", "stype + api99", "--totals", totals["tot2"]}
	return map[string][]string{
		"ps1":       with(clus1, "--post-stratify", "stype="+totals["types"]),
		"ps1j":      with(clus1, "--post-stratify", "stype,sch.wide="+totals["joint"]),
		"psstrat":   with(srs, "--post-stratify", "stype="+totals["freq"]),
		"rk1":       with(clus1, "--rake", totals["margins"]),
		"lin1":      with(clus1, "--calibrate", "~ stype", "--totals", totals["tot1"]),
		"lin2":      with(clus1, tot2...),
		"lin2b":     with(clus1, with(tot2, "--method", "truncated", "--bounds", "0.6,1.7")...),
		"rak2":      with(clus1, with(tot2, "--method", "raking")...),
		"log2":      with(clus1, with(tot2, "--method", "logit", "--bounds", "0.6,1.7")...),
		"raks":      with(clus1, "--calibrate", "stype+sch.wide", "--totals", totals["totS"], "--method", "raking"),
		"lins":      with(clus1, "--calibrate", "stype+sch.wide", "--totals", totals["totS"]),
		"reg_strat": with(strat, tot2...),
		"lin_clus2": with(clus2, tot2...),
		"trim1":     with(clus1, with(tot2, "--trim", "20,45")...),
		"trim3":     with(strat, "--trim", "0,40"),
		"jk1_ps":    with(jk1, "--post-stratify", "stype="+totals["terms"]),
		"jk1_rake":  with(jk1, "--rake", totals["margins"]),
		"jk1_lin":   with(jk1, tot2...),
	}
}

func TestEstimateCalibratedAsR(t *testing.T) {
	for name, flags := range weightingsOfR(t) {
		tolerance := 1e-9
		if name == "rk1" || name == "jk1_rake" {
			tolerance = 1e-8 // R alternates ten projections
		}
		// The standard error of what was calibrated to is zero but for rounding, which R leaves at about 1e-14.
		zero := func(r resultJSON) map[[2]string]*float64 {
			out := plainly(r)
			for key, v := range out {
				if key[1] == "se" && v != nil && math.Abs(*v) < 1e-9 {
					delete(out, key)
				}
			}
			return out
		}
		asR(t, "cal_mean_"+name, zero, tolerance, with(flags, "--mean", "api00,api99,stype")...)
		asR(t, "cal_total_"+name, zero, tolerance, with(flags, "--total", "enroll")...)
		asR(t, "cal_ratio_"+name, plainly, tolerance, with(flags, "--ratio", "api.stu/enroll")...)
		asR(t, "cal_by_"+name, byDomain, tolerance, with(flags, "--mean", "api00", "--by", "sch.wide")...)
	}
	// Raking to a margin of two variables: R's residuals of it are off by 1e-6, so that the estimates are compared alone.
	asR(t, "cal_mean_rk2", func(r resultJSON) map[[2]string]*float64 {
		return map[[2]string]*float64{{r.Variable + r.Level, "est"}: r.Estimate}
	}, 1e-8, with(designsOfR(t)["clus1"], "--rake", totalsOfR(t)["crossed"], "--mean", "api00,api99,stype")...)
}

// Unequal probabilities that are equal are simple random sampling, by Brewer's, Overton's and Hartley and Rao's estimators and with the joint
// probabilities n(n−1)/(N(N−1)) of either form.
func TestEstimateUnequalProbabilities(t *testing.T) {
	const n, population = 200, 6194
	p := plain(n / float64(population))
	path := withColumns(t, "apisrs.csv", []string{"p"}, func(map[string]string, int) []string { return []string{p} })
	dir := t.TempDir()
	var square, triples, header strings.Builder
	header.WriteString("i,j,p\n")
	for i := range n {
		for j := range n {
			v := float64(n) * (n - 1) / (population * (population - 1.0))
			if i == j {
				v = n / float64(population)
			}
			if j > 0 {
				square.WriteString(",")
			}
			square.WriteString(plain(v))
			if j <= i {
				fmt.Fprintf(&triples, "%d,%d,%v\n", i+1, j+1, v)
			}
		}
		square.WriteString("\n")
	}
	files := map[string]string{"square.csv": square.String(), "triples.csv": triples.String(), "header.csv": header.String() + triples.String()}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ways := [][]string{
		{"--fpc", "p", "--pps", "brewer"}, {"--fpc", "p", "--pps-joint", filepath.Join(dir, "square.csv=yg")},
		{"--pps-joint", filepath.Join(dir, "square.csv=ht")}, {"--pps-joint", filepath.Join(dir, "triples.csv=yg")}, {"--pps-joint", filepath.Join(dir, "header.csv=ht")},
	}
	for _, way := range ways {
		asR(t, "total_multi_srs", plainly, 1e-8, with([]string{path, "--total", "api00,api99,stype"}, way...)...)
	}
	// Clusters are named by their labels, in any order.
	clusters := map[string]bool{}
	withColumns(t, "apiclus1.csv", nil, func(row map[string]string, _ int) []string { clusters[row["dnum"]] = true; return nil })
	var labeled strings.Builder
	for a := range clusters {
		for b := range clusters {
			v := 15.0 * 14 / (757 * 756)
			if a == b {
				v = 15.0 / 757
			}
			fmt.Fprintf(&labeled, "%s,%s,%v\n", a, b, v)
		}
	}
	joint := filepath.Join(dir, "labeled.csv")
	if err := os.WriteFile(joint, []byte(labeled.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	asR(t, "total_multi_clus1", plainly, 1e-8, apiPath("apiclus1.csv"), "--ids", "dnum", "--weights", "pw", "--pps-joint", joint+"=yg", "--total", "api00,api99,stype")

	// The two approximations come near.
	want := estimateOf(t, path, "--fpc", "p", "--pps", "brewer", "--total", "api00").Results[0]
	for _, method := range []string{"overton", "hartley-rao"} {
		got := estimateOf(t, path, "--fpc", "p", "--pps", method, "--total", "api00").Results[0]
		if math.Abs(*got.SE / *want.SE - 1) > 1e-2 || *got.Estimate != *want.Estimate {
			t.Errorf("%s: %v, Brewer's is %v", method, *got.SE, *want.SE)
		}
	}
}
