package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// command runs a command line that needs no data directory.
func command(t testing.TB, stdin string, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	d := desk{t: t}
	code := runAt(context.Background(), args, d.app(stdin, &stdout, &stderr))
	return result{code, stdout.String(), stderr.String()}
}

func scoreFile(name string) string { return filepath.Join("testdata", "score", name) }

// What the commands print of the published figures and of an office's tables; the messages stand below.
func TestScoreGolden(t *testing.T) {
	t.Parallel()
	at := scoreFile
	for name, args := range map[string][]string{
		"indicators.json":       {"score", "--framework", "papi-2019", "--indicators", at("indicators.csv"), "--format", "json"},
		"indicators.txt":        {"score", "--framework", "papi-2019", "--indicators", at("indicators.csv")},
		"indicators-2018.csv":   {"score", "--framework", "papi-2018", "--indicators", at("indicators.csv"), "--format", "csv"},
		"odd.txt":               {"score", "--framework", "papi-2019", "--indicators", at("odd.csv"), "--format", "csv"},
		"odd-partial.txt":       {"score", "--framework", "papi-2019", "--indicators", at("odd.csv"), "--format", "csv", "--partial"},
		"sipas-2024.txt":        {"score", "--framework", "sipas-2022", "--indicators", at("sipas-2024.csv")},
		"par-2020.txt":          {"score", "--framework", "par-2020", "--indicators", at("par-2020.csv")},
		"criteria.txt":          {"score", "--framework", "par-2022", "--criteria", at("criteria.csv")},
		"one-stop.txt":          {"score", "--framework", "one-stop-2018", "--indicators", at("one-stop.csv"), "--on", "2024-05-01"},
		"one-stop.vi.txt":       {"score", "--framework", "one-stop-2018", "--indicators", at("one-stop.csv"), "--lang", "vi"},
		"officers.txt":          {"score", "--framework", "one-stop-officer-2018", "--indicators", at("officers.csv")},
		"facts.txt":             {"score", "--framework", "one-stop-2018", "--indicators", at("facts.csv")},
		"portal.txt":            {"score", "--framework", "portal-satisfaction-766", "--indicators", at("portal.csv")},
		"answers.txt":           {"score", "--framework", at("own.json"), "--microdata", at("answers.csv"), "--strata", "region", "--ids", "village", "--nest", "--weights", "w", "--level", "0.9"},
		"answers-by.txt":        {"score", "--framework", at("own.json"), "--microdata", at("answers.csv"), "--by", "office", "--weights", "w", "--min-answers", "60"},
		"not-in-force.txt":      {"score", "--framework", "one-stop-2018", "--indicators", at("one-stop.csv"), "--on", "2018-12-31"},
		"framework-list.txt":    {"framework", "list"},
		"framework-check.txt":   {"framework", "check", at("own.json"), "--instrument", "kiosk-2026"},
		"framework-compare.txt": {"framework", "compare", "papi-2019", "--from", "2018", "--to", "2019"},
		"papi-2019.txt":         {"papi", "--year", "2019"},
		"papi-2021.vi.txt":      {"papi", "--year", "2021", "--lang", "vi"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := command(t, "", args...)
			got := r.stdout
			if r.stderr != "" || r.code != exitDone {
				got += fmt.Sprintf("--- exit %d\n%s", r.code, r.stderr)
			}
			golden(t, filepath.Join("score", "golden", name), got)
		})
	}
}

// The JSON of a table of indicators is what the issue of it names: framework, units, total and nodes with score, bounds, state and reason.
func TestScoreIndicatorsJSON(t *testing.T) {
	t.Parallel()
	r := command(t, "unit;8.1.1;8.1.2;8.1.3;8.2.1;8.2.2\nHuế;0,02;0,01;0,03;0,6;\n", "score", "--framework", "papi-2019", "--indicators", "-", "--format", "json")
	var doc struct {
		Framework string
		Units     []struct {
			Unit  string
			Total *float64
			Nodes []struct {
				Code            string
				Score, Min, Max *float64
				State, Reason   string
			}
		}
	}
	if err := json.Unmarshal([]byte(r.stdout), &doc); err != nil || r.code != exitDone {
		t.Fatalf("%v\n%s%s", err, r.stdout, r.stderr)
	}
	if doc.Framework != "papi-2019" || len(doc.Units) != 1 || doc.Units[0].Unit != "Huế" || doc.Units[0].Total != nil {
		t.Fatalf("%+v", doc)
	}
	seen := map[string]bool{}
	for _, n := range doc.Units[0].Nodes {
		seen[n.Code] = true
		switch n.Code {
		case "8.1":
			if n.Score == nil || math.Abs(*n.Score-(0.33+0.99*0.06)) > 1e-12 || *n.Min != 0.33 || *n.Max != 3.33 || n.State != "computed" || n.Reason != "" {
				t.Errorf("%+v", n)
			}
		case "8.2":
			if n.Score != nil || n.State != "missing" || !strings.Contains(n.Reason, "8.2.2") {
				t.Errorf("%+v", n)
			}
		case "8.3", "1.2", "6.3":
			if n.Score != nil || n.State != "no_formula" || n.Reason == "" || n.Min == nil {
				t.Errorf("%+v", n)
			}
		case "total", "8":
			if n.Score != nil || n.Reason == "" {
				t.Errorf("%+v", n)
			}
		}
	}
	if !seen["total"] || !seen["8"] || !seen["8.1"] || !seen["4.3.2"] {
		t.Errorf("the nodes are %v", seen)
	}
}

// Flags that do not go together are refused before anything is read, and say what to do.
func TestScoreUsage(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"":                      "--wave W",
		"--indicators x.csv":    "--framework",
		"--framework papi-2019": "--indicators",
		"--framework papi-2019 --criteria a.csv --indicators b.csv":                         "--criteria",
		"--framework papi-2019 --indicators a.csv --weights w":                              "--microdata",
		"--framework papi-2019 --indicators a.csv --level 0.9":                              "--microdata",
		"--framework papi-2019 --microdata a.csv --indicators b.csv":                        "--by",
		"--framework papi-2019 --microdata a.csv --level 1.2":                               "--level",
		"--framework papi-2019 --microdata a.csv --rake m.csv --calibrate x --totals y.csv": "--rake",
		"--framework papi-2019 --indicators a.csv --on yesterday":                           "--on",
		"--wave q3 --level 0.9": "--microdata",
	} {
		r := command(t, "", append([]string{"score"}, strings.Fields(args)...)...)
		if r.code != exitUsage || !strings.Contains(r.stderr, want) {
			t.Errorf("score %s: exit %d, %s", args, r.code, r.stderr)
		}
	}
	for args, want := range map[string]string{
		"--framework papi-1999 --indicators x.csv":    "papi-2019",
		"--framework papi-2019/7 --indicators x.csv":  "version 7",
		"--framework none.json --indicators x.csv":    "not there",
		"--framework papi-2019 --indicators none.csv": "not there",
	} {
		r := command(t, "", append([]string{"score"}, strings.Fields(args)...)...)
		if r.code != exitError || !strings.Contains(r.stderr, want) {
			t.Errorf("score %s: exit %d, %s", args, r.code, r.stderr)
		}
	}
	for stdin, want := range map[string]string{
		"unit,colour\nHuế,red\n":    "no column of the framework",
		"unit,8.1.1\n":              "no rows",
		"place,8.1.1\nHuế,0.1\n":    "call it unit",
		"unit,8.1.1\nHuế,0.1,0.2\n": "3 cells",
	} {
		r := command(t, stdin, "score", "--framework", "papi-2019", "--indicators", "-")
		if r.code != exitError || r.stdout != "" || !strings.Contains(r.stderr, want) {
			t.Errorf("%q: exit %d, %s%s", stdin, r.code, r.stdout, r.stderr)
		}
	}
}

// A table of criteria: what is wrong with a line is told with its place, and nothing is scored.
func TestScoreCriteriaFaults(t *testing.T) {
	t.Parallel()
	for stdin, want := range map[string]string{
		"code,appraised\n9,1\n":                       `code "9" is no part of par-2022/1`,
		"code,appraised\npar,90\n":                    `code "par" is no part`,
		"code,appraised\n3,13.5\n":                    `appraised "13.5" lies outside 0 to 13`,
		"code,self\n3,-1\n":                           `self "-1" lies outside`,
		"code,appraised\n3,12\n3,13\n":                "stands already on line 2",
		"code,appraised\n8,12\n8.2,3\n":               "so is its part 8.2 on line 3",
		"code,appraised\n,12\n":                       "name the criterion",
		"unit,appraised\nA,12\n":                      "no column code",
		"code,appraised\n3,\"1.200,5\"\n":             "not a number",
		"code,appraised,statistics\n3,12,4\n8.2,,4\n": "what stands under statistics is not read",
	} {
		r := command(t, stdin, "score", "--framework", "par-2022", "--criteria", "-")
		if !strings.Contains(r.stderr, want) || strings.Contains(want, "not read") != (r.code == exitDone) {
			t.Errorf("%q: exit %d\n%s", stdin, r.code, r.stderr)
		}
	}
}

// An answer that cannot be, or one that is no number, is named by its line.
func TestScoreMicrodataFaults(t *testing.T) {
	t.Parallel()
	for stdin, want := range map[string]string{
		"overall,polite,clear,once\n4,5,1,1\n5,9,1,0\n":    "line 3: polite: 9 lies outside 1 to 5",
		"overall,polite,clear,once\n4,5,1,1\nmany,4,1,0\n": `line 3: overall: "many" is not a number`,
		"overall,polite,clear,once\n":                      "no rows",
	} {
		r := command(t, stdin, "score", "--framework", scoreFile("own.json"), "--microdata", "-")
		if r.code != exitError || r.stdout != "" || !strings.Contains(r.stderr, want) {
			t.Errorf("%q: exit %d, %s%s", stdin, r.code, r.stdout, r.stderr)
		}
	}
	// Dossiers of officers, under the numbers of the indices: a blank is left out of its index, and a dossier of nobody of every one.
	r := command(t, "officer,1,2,3,4,7\nA,2,1,,2,1\nA,1,1,0,2,1\n,1,1,1,1,1\nB,2,2,2,2,2\n",
		"score", "--framework", "one-stop-officer-2018", "--microdata", "-", "--by", "officer", "--format", "csv")
	for _, want := range []string{"A,officer,5.5,", "A,law1,1.5,", "A,law3,0,", "B,officer,10,"} {
		if r.code != exitDone || !strings.Contains(r.stdout, want) || !strings.Contains(r.stderr, "1 row of standard input without officer") {
			t.Errorf("want %s: exit %d, %s%s", want, r.code, r.stdout, r.stderr)
		}
	}
	// Codes of missing answers, decimal commas and a column that is not there.
	r = command(t, "overall;polite;clear\n4;4,5;1\n5;-9;0\n", "score", "--framework", scoreFile("own.json"), "--microdata", "-", "--na=-9", "--format", "csv")
	if r.code != exitDone || !strings.Contains(r.stdout, "attitude,0.875") || !strings.Contains(r.stdout, "criteria,,") || !strings.Contains(r.stdout, "the file has no column") {
		t.Errorf("exit %d, %s%s", r.code, r.stdout, r.stderr)
	}
}

// TestCompositeInR hands the same answers to R: each indicator is a ratio of totals, because each misses answers of its own, and the
// composite is their contrast. R's linearization gives the same standard errors, also by office.
func TestCompositeInR(t *testing.T) {
	t.Parallel()
	rscript, err := exec.LookPath("Rscript")
	require(t, err == nil, "the composite's comparison needs R: apt-get install r-base-core r-cran-survey")
	if exec.Command(rscript, "-e", "library(survey)").Run() != nil {
		require(t, false, "the composite's comparison needs R's survey: apt-get install r-cran-survey")
	}
	answers, err := filepath.Abs(scoreFile("answers.csv"))
	if err != nil {
		t.Fatal(err)
	}
	script := `
library(survey)
x <- read.csv("` + answers + `")
x$count <- x$clear + x$once
for (v in c("overall", "polite", "count")) x[[paste0("d_", v)]] <- as.numeric(!is.na(x[[v]]))
x$n_overall <- ifelse(is.na(x$overall), 0, as.numeric(x$overall >= 4))
x$n_polite <- ifelse(is.na(x$polite), 0, (x$polite - 1) / 4)
x$n_count <- ifelse(is.na(x$count), 0, x$count / 2)
all <- svydesign(id = ~village, strata = ~region, weights = ~w, data = x, nest = TRUE)
for (d in list(all, subset(all, office == "X"), subset(all, office == "Y"))) {
  r <- svyratio(~n_overall + n_polite + n_count, ~d_overall + d_polite + d_count, d, covmat = TRUE)
  k <- c(1, 5, 9)
  v <- vcov(r)[k, k]
  g <- rep(0.6, 3)
  cat(sprintf("%.17g", c(0.2 + sum(g * coef(r)[k]), sqrt(drop(t(g) %*% v %*% g)), sqrt(diag(v)))), "\n")
}
`
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, rscript, "-")
	cmd.Stdin = strings.NewReader(script)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &complaint)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != 3 {
		t.Fatalf("R printed %q", out)
	}
	args := []string{"score", "--framework", scoreFile("own.json"), "--microdata", scoreFile("answers.csv"), "--strata", "region", "--ids", "village", "--nest", "--weights", "w", "--format", "json"}
	var units []scoredUnit
	for _, more := range [][]string{nil, {"--by", "office"}} {
		r := command(t, "", append(args, more...)...)
		var doc struct{ Units []scoredUnit }
		if err := json.Unmarshal([]byte(r.stdout), &doc); err != nil {
			t.Fatalf("%v\n%s", err, r.stderr)
		}
		units = append(units, doc.Units...)
	}
	for i, u := range units {
		var fromR []float64
		for _, text := range strings.Fields(lines[i]) {
			v, err := strconv.ParseFloat(text, 64)
			if err != nil {
				t.Fatal(err)
			}
			fromR = append(fromR, v)
		}
		got := []float64{u.Nodes[0].Score, u.Nodes[0].SE, u.Nodes[1].SE, u.Nodes[2].SE, u.Nodes[3].SE}
		for j, want := range fromR {
			if math.Abs(got[j]-want) > 1e-9*math.Abs(want) {
				t.Errorf("%s, number %d: %.15g, R has %.15g", u.Unit, j, got[j], want)
			}
		}
	}
}

type scoredUnit struct {
	Unit  string
	Nodes []struct{ Score, SE float64 }
}

// Of a wave, PAR's SIPAS part is the wave's own figure over 10, marked a projection.
func TestScoreCriteriaFromAWave(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.answer(900, "0.6")
	path := d.file("criteria.csv", "code,appraised,statistics\n1,9\n")
	raw := "code,appraised,survey,statistics\n"
	for i, points := range []float64{9, 9, 12, 10, 14, 11, 12} {
		raw += fmt.Sprintf("%d,%g,,\n", i+1, points)
	}
	if err := os.WriteFile(path, []byte(raw+"8.2,,,5\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out := d.must("score", "--framework", "par-2022", "--criteria", path, "--wave", "q3", "--format", "json")
	var doc struct {
		Units []struct {
			Unit  string
			Total *float64
			Nodes []struct {
				Code, State, Reason string
				Score               *float64
			}
		}
	}
	if err := json.Unmarshal([]byte(out.stdout), &doc); err != nil {
		t.Fatal(err)
	}
	release := d.must("score", "--wave", "q3", "--format", "csv")
	service := math.NaN()
	for _, row := range csvRows(t, []byte(release.stdout)) {
		if row[0] == "sipas-2022" && row[1] == "II" && strings.Contains(strings.Join(row, ","), "weighted,invited") && !strings.Contains(strings.Join(row, ","), "unweighted") {
			for i, name := range csvRows(t, []byte(release.stdout))[0] {
				if name == "estimate" && math.IsNaN(service) {
					service, _ = strconv.ParseFloat(row[i], 64)
				}
			}
		}
	}
	u := doc.Units[0]
	for _, n := range u.Nodes {
		if n.Code != "8.1" {
			continue
		}
		if n.Score == nil || math.Abs(*n.Score-service/10) > 1e-9 || n.State != "projection" || !strings.Contains(n.Reason, "in the place of sipas") {
			t.Errorf("8.1 is %+v, the service part of the wave %v", n, service)
		}
	}
	if u.Total == nil || math.Abs(*u.Total-82-service/10) > 1e-9 || u.Nodes[0].State != "projection" || u.Unit != "criteria" {
		t.Errorf("%+v", u)
	}
	if r := d.try("", "score", "--framework", "papi-2019", "--indicators", scoreFile("indicators.csv"), "--wave", "q3"); r.code != exitUsage {
		t.Errorf("PAPI takes nothing from a wave: exit %d, %s", r.code, r.stderr)
	}
}
