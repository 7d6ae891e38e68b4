package main

import (
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// weighed runs sipas weight, which has to succeed, and returns the lines of the file that it wrote and its report.
func weighed(t *testing.T, args ...string) (lines [][]string, report map[string]any) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "weights.csv")
	r := sipas("", append([]string{"weight", "--format", "json", "--out", out}, args...)...)
	if r.code != exitDone || r.stderr != "" {
		t.Fatalf("sipas weight %q: exit %d\n%s", args, r.code, r.stderr)
	}
	if err := json.Unmarshal([]byte(r.stdout), &report); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if lines, err = csv.NewReader(f).ReadAll(); err != nil {
		t.Fatal(err)
	}
	return lines, report
}

// The weights of every kind are those that R's survey makes.
func TestWeightsAsR(t *testing.T) {
	t.Parallel()
	flags := weightingsOfR(t)
	clus1, totals := designsOfR(t)["clus1"], totalsOfR(t)
	flags["rk2"] = with(clus1, "--rake", totals["crossed"])
	for name := range flags {
		f, err := os.Open(apiPath(filepath.Join("weights", "w_"+name+".csv")))
		if err != nil {
			t.Fatal(err)
		}
		want, err := csv.NewReader(f).ReadAll()
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		lines, _ := weighed(t, flags[name]...)
		if len(lines) != len(want) {
			t.Fatalf("%s: %d lines, R has %d", name, len(lines), len(want))
		}
		at := slices.Index(lines[0], "weight")
		for i, line := range lines[1:] {
			last := want[i+1][len(want[i+1])-1]
			if got, w := number(t, line[at]), number(t, last); math.Abs(got-w) > 1e-8*w {
				t.Errorf("%s: weight %d is %v, R has %v", name, i+1, got, w)
				break
			}
		}
	}
}

// The file has what was asked for beside the weights, and the report what happened.
func TestWeightFile(t *testing.T) {
	t.Parallel()
	clus1, totals := designsOfR(t)["clus1"], totalsOfR(t)
	lines, report := weighed(t, with(clus1, "--post-stratify", "stype="+totals["types"], "--keep", "cds,s*type,snum")...)
	if !slices.Equal(lines[0], []string{"cds", "stype", "snum", "base_weight", "g", "weight"}) || lines[1][0] != "01612910137588" {
		t.Errorf("%q %q", lines[0], lines[1])
	}
	for _, l := range lines[1:] {
		if base, g, w := number(t, l[3]), number(t, l[4]), number(t, l[5]); math.Abs(base*g-w) > 1e-12*w {
			t.Errorf("%q", l)
		}
	}
	d := report["diagnostics"].(map[string]any)
	margins := d["margins"].([]any)
	if d["method"] != "post-stratification" || len(margins) != 3 || math.Abs(margins[0].(map[string]any)["residual"].(float64)) > 1e-12 || d["rows"] != 183.0 {
		t.Errorf("%v", d)
	}
	design := report["design"].(map[string]any)
	if design["calibration"] == nil || design["qrule"] != nil || design["n_psus"] != 15.0 {
		t.Errorf("%v", design)
	}

	// Without anything to do, the weights are those of the design; a row without weight has no factor.
	path := written(t, "people.csv", "y,w\n1,0\n2,3\n\n3,4\n")
	lines, report = weighed(t, path, "--weights", "w")
	if !slices.EqualFunc(lines, [][]string{{"line", "base_weight", "g", "weight"}, {"2", "0", "", "0"}, {"3", "3", "1", "3"}, {"5", "4", "1", "4"}}, slices.Equal) {
		t.Errorf("%q", lines)
	}
	if report["diagnostics"].(map[string]any)["sum"] != 7.0 {
		t.Errorf("%v", report)
	}
}

// Replicate weights are calibrated each by itself: every one meets the totals.
func TestWeightReplicates(t *testing.T) {
	t.Parallel()
	pair, totals := designsOfR(t)["pair"], totalsOfR(t)
	lines, _ := weighed(t, with(pair, "--make-replicates", "jkn", "--post-stratify", "stype="+totals["types"], "--keep", "stype")...)
	if len(lines[0]) != 4+40 || lines[0][4] != "rep1" || lines[0][43] != "rep40" {
		t.Fatalf("%q", lines[0])
	}
	for column := 3; column < 44; column++ {
		sums := map[string]float64{}
		for _, l := range lines[1:] {
			sums[l[0]] += number(t, l[column])
		}
		for level, want := range map[string]float64{"E": 4421, "H": 755, "M": 1018} {
			if math.Abs(sums[level]-want) > 1e-8*want {
				t.Errorf("%s: %s sums to %v, want %v", lines[0][column], level, sums[level], want)
			}
		}
	}
}

// Trimming: once as R does, until none is outside, and within the calibration.
func TestWeightTrimming(t *testing.T) {
	t.Parallel()
	clus1, totals := designsOfR(t)["clus1"], totalsOfR(t)
	extremes := func(args ...string) (low, high float64, report map[string]any) {
		lines, report := weighed(t, args...)
		low, high = math.Inf(1), math.Inf(-1)
		for _, l := range lines[1:] {
			w := number(t, l[len(l)-1])
			low, high = math.Min(low, w), math.Max(high, w)
		}
		return low, high, report
	}
	calibrated := with(clus1, "--calibrate", "stype + api99", "--totals", totals["tot2"])
	if _, high, _ := extremes(with(calibrated, "--trim", "20,45")...); !(high > 45) {
		t.Errorf("once: at most %v", high)
	}
	if low, high, _ := extremes(with(calibrated, "--trim", "20,45", "--trim-by", "strict")...); low < 20-1e-9 || high > 45+1e-9 {
		t.Errorf("strict: %v to %v", low, high)
	}
	for name, flags := range map[string][]string{
		"calibrate":     calibrated,
		"rake":          with(clus1, "--rake", totals["margins"]),
		"post-stratify": with(clus1, "--post-stratify", "stype="+totals["types"]),
	} {
		low, high, report := extremes(with(flags, "--trim", "20,56", "--trim-by", "margins")...)
		if low < 20-1e-6 || high > 56+1e-6 {
			t.Errorf("%s: %v to %v", name, low, high)
		}
		for _, m := range report["diagnostics"].(map[string]any)["margins"].([]any) {
			if r := m.(map[string]any)["residual"].(float64); math.Abs(r) > 1e-8 {
				t.Errorf("%s: %v", name, m)
			}
		}
	}
}

// The report for people.
func TestWeightTable(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "w.csv")
	r := sipas("", append([]string{"weight", "--out", out}, with(designsOfR(t)["clus1"], "--rake", totalsOfR(t)["margins"])...)...)
	if r.code != exitDone {
		t.Fatal(r.stderr)
	}
	golden(t, filepath.Join("estimate", "weight.txt"), strings.ReplaceAll(r.stdout, out, "w.csv"))
	info, err := os.Stat(out)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
}

func TestWeightErrors(t *testing.T) {
	t.Parallel()
	path := written(t, "people.csv", people)
	there := written(t, "weights.csv", "mine\n")
	out := filepath.Join(t.TempDir(), "w.csv")
	totals := written(t, "totals.csv", "term,total\n(Intercept),200\nscore,100\n")
	for _, c := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"no file", []string{path}, exitUsage, "--out"},
		{"file is there", []string{path, "--out", there}, exitError, "weights.csv is there already"},
		{"wrong column", []string{path, "--out", out, "--keep", "nobody"}, exitError, "--keep of people.csv: there is no column nobody"},
		{"format", []string{path, "--out", out, "--format", "csv"}, exitUsage, "--format"},
		{"bounds", []string{path, "--out", out, "--calibrate", "score", "--totals", totals, "--method", "logit", "--bounds", "0.1,2"}, exitError, "the tightest bounds that would do are"},
		{"trim", []string{path, "--out", out, "--trim", "0,5", "--trim-by", "margins"}, exitUsage, "--trim-by margins needs"},
		{"nowhere", []string{path, "--out", filepath.Join(out, "deeper", "w.csv")}, exitError, "is not there"},
	} {
		r := sipas("", append([]string{"weight"}, c.args...)...)
		if r.code != c.code || r.stdout != "" || !strings.Contains(r.stderr, c.says) {
			t.Errorf("%s: exit %d, want %d, saying %q\nstdout %q\nstderr %s", c.name, r.code, c.code, c.says, r.stdout, r.stderr)
		}
	}
	if _, err := os.Stat(out); !os.IsNotExist(err) {
		t.Errorf("a file was left: %v", err)
	}
	if text, err := os.ReadFile(there); err != nil || string(text) != "mine\n" {
		t.Errorf("the file that was there: %q %v", text, err)
	}
}
