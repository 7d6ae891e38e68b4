package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"sipas/data"
	"sipas/survey"
)

// The script that the export's guide gives to an analyst runs in R as it stands, and finds the figure that the program published.
// Its standard error takes the weights as known, and must not be smaller than half of the program's nor larger than twice.
func TestTheGuidesScriptRunsInR(t *testing.T) {
	t.Parallel()
	rscript, err := exec.LookPath("Rscript")
	require(t, err == nil, "the guide's script needs R: apt-get install r-base-core r-cran-survey")
	if exec.Command(rscript, "-e", "library(survey)").Run() != nil {
		require(t, false, "the guide's script needs R's survey: apt-get install r-cran-survey")
	}
	d := newDesk(t)
	d.answer(900, "0.6")
	out := filepath.Join(d.tmp, "out")
	d.must("export", "--wave", "q3", "--out", out)
	guide, err := os.ReadFile(filepath.Join(out, "codebook.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, script, _ := strings.Cut(string(guide), "```r\n")
	script, _, found := strings.Cut(script, "```")
	if !found {
		t.Fatal("the guide has no script")
	}
	_, item, _ := strings.Cut(script, "svyciprop(~I(")
	item, _, _ = strings.Cut(item, " ")

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, rscript, "-")
	cmd.Dir = out
	cmd.Stdin = strings.NewReader(script + `cat(sprintf("%.15g", c(coef(estimate)[[1]], SE(estimate)[[1]])), sep = "\n")` + "\n")
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, script, text)
	}
	lines := strings.Fields(string(text))
	var fromR []float64
	for _, l := range lines[len(lines)-2:] {
		v, err := strconv.ParseFloat(l, 64)
		if err != nil {
			t.Fatalf("R printed %q", text)
		}
		fromR = append(fromR, v)
	}

	file, err := os.ReadFile(filepath.Join(out, "figures.csv"))
	if err != nil {
		t.Fatal(err)
	}
	rows := csvRows(t, file)
	at := func(name string) int { return slices.Index(rows[0], name) }
	for _, r := range rows[1:] {
		doc, _ := data.Framework(r[at("framework")])
		framework, err := survey.ParseFramework(doc)
		if err != nil {
			t.Fatal(err)
		}
		node, known := framework.Node(r[at("node")])
		if !known || node.Value == nil || node.Value.Item != item || node.Value.Kind != "share" || r[at("unit")] != "" || r[at("field")] != "" || r[at("weighting")] != "weighted" || r[at("basis")] != "invited" {
			continue
		}
		value, _ := strconv.ParseFloat(r[at("estimate")], 64)
		se, _ := strconv.ParseFloat(r[at("se")], 64)
		if value/100 < fromR[0]*(1-1e-9) || value/100 > fromR[0]*(1+1e-9) {
			t.Errorf("%s is %v per cent, R finds %v", item, value, fromR[0])
		}
		if se/100 < fromR[1]/2 || se/100 > fromR[1]*2 {
			t.Errorf("the standard error of %s is %v, R finds %v", item, se, fromR[1])
		}
		return
	}
	t.Errorf("no figure of %s among\n%v", item, rows[:2])
}
