package main

import (
	"slices"
	"strings"

	"sipas/analysis/design"
	"sipas/analysis/weight"
)

// designEcho says what was computed from, so that a result stands on its own.
type designEcho struct {
	Data string `json:"data"`
	Rows int    `json:"rows"` // of the file
	// WithoutWeight counts the rows that are not part of the sample, because their weight is missing.
	WithoutWeight int                 `json:"rows_without_weight"`
	N             int                 `json:"n"`          // with a weight
	Population    *float64            `json:"population"` // the sum of the weights
	IDs           []string            `json:"ids"`        // none: each row is a unit
	Strata        []string            `json:"strata"`
	Nest          bool                `json:"nest"`
	FPC           fpcEcho             `json:"fpc"`
	Weights       string              `json:"weights"`
	Lonely        string              `json:"lonely"`
	Collapsed     []string            `json:"collapsed,omitempty"`
	PPS           string              `json:"pps"`
	PSUs          *int                `json:"n_psus"` // null with given replicates, which do not tell
	StrataCount   *int                `json:"n_strata"`
	DF            *float64            `json:"df"`
	Replicates    *replicatesEcho     `json:"replicates"`
	Calibration   *calibrationEcho    `json:"calibration"`
	Trimming      *trimmingEcho       `json:"trimming"`
	By            []string            `json:"by"`
	Where         string              `json:"where,omitempty"`
	Missing       []string            `json:"missing_texts"`
	Levels        map[string][]string `json:"levels,omitempty"`
	Level         float64             `json:"level"`
	Deff          string              `json:"deff"`
	CI            string              `json:"ci"`
	QRule         string              `json:"qrule"`
	Family        string              `json:"family"`
	ChisqTest     string              `json:"chisq_test"`
	Presentation  string              `json:"presentation"`
	Program       string              `json:"program"`
	Defaults      []string            `json:"defaults"` // the options above that were not given
	Reason        string              `json:"reason,omitempty"`
}

type fpcEcho struct {
	Columns []string `json:"columns"`
	Kind    string   `json:"kind"` // counts, fractions or none
}

type replicatesEcho struct {
	Type    string    `json:"type"`
	Number  int       `json:"number"`
	Scale   float64   `json:"scale"`
	RScales []float64 `json:"rscales"`
	MSE     bool      `json:"mse"`
	Rho     *float64  `json:"rho,omitempty"`
	Seed    *uint64   `json:"seed,omitempty"`
	Columns []string  `json:"columns,omitempty"`
	Notes   []string  `json:"notes,omitempty"`
}

type calibrationEcho struct {
	Method  string     `json:"method"`
	Formula string     `json:"formula,omitempty"`
	Totals  string     `json:"totals"`
	Bounds  []*float64 `json:"bounds,omitempty"`
}

type trimmingEcho struct {
	Bounds []*float64 `json:"bounds"`
	By     string     `json:"by"`
}

// newEcho tells what the design's flags say.
func (s *designFlags) newEcho(t *table) *designEcho {
	e := &designEcho{
		Data: t.name, IDs: orNone(s.IDs), Strata: orNone(s.Strata), Nest: s.Nest,
		FPC: fpcEcho{Columns: orNone(s.FPC), Kind: "none"}, Lonely: s.Lonely, PPS: s.PPS, Missing: s.missing(), Levels: t.levels,
		Program: programVersion(), Defaults: []string{},
	}
	if s.PPSJoint != "" {
		path, estimator, _ := s.jointFile()
		e.PPS = "joint probabilities of " + baseName(path) + ", " + map[string]string{"ht": "Horvitz-Thompson", "yg": "Yates-Grundy"}[estimator]
	}
	for _, option := range []struct {
		name      string
		isDefault bool
	}{
		{"ids", s.IDs == nil}, {"strata", s.Strata == nil}, {"nest", !s.Nest}, {"fpc", s.FPC == nil}, {"weights", s.Weights == ""},
		{"lonely", s.Lonely == "fail"}, {"pps", s.PPS == "none" && s.PPSJoint == ""},
		{"replicates", s.RepWeights == nil && s.MakeReplicate == ""}, {"missing_texts", s.NA == nil},
	} {
		if option.isDefault {
			e.Defaults = append(e.Defaults, option.name)
		}
	}
	return e
}

// orNone makes an empty list of none, which JSON writes as one.
func orNone(names []string) []string {
	if names == nil {
		return []string{}
	}
	return names
}

// weighting tells what was done to the weights.
func (e *designEcho) weighting(w *weightingFlags) {
	switch {
	case w.PostStratify != "":
		variables, path, _ := w.postStrata()
		e.Calibration = &calibrationEcho{Method: "post-stratification", Formula: strings.Join(variables, ":"), Totals: baseName(path)}
	case w.Rake != "":
		e.Calibration = &calibrationEcho{Method: "raking", Totals: baseName(w.Rake)}
	case w.Calibrate != "":
		e.Calibration = &calibrationEcho{Method: "calibration (" + w.Method + ")", Formula: w.Calibrate, Totals: baseName(w.Totals), Bounds: ends(w.Bounds)}
	default:
		e.Defaults = append(e.Defaults, "calibration")
	}
	if w.Trim == nil {
		e.Defaults = append(e.Defaults, "trimming")
		return
	}
	e.Trimming = &trimmingEcho{Bounds: ends(w.Trim), By: w.TrimBy}
}

// describe tells what the design turned out to be.
func (e *designEcho) describe(s *designFlags, t *table, d *design.Design) {
	weights := d.Weights(0)
	var used []int
	var sum float64
	for _, row := range d.Order() {
		if weights[row] != 0 {
			used = append(used, row)
			sum += weights[row]
		}
	}
	e.N, e.Population, e.DF = len(used), defined(sum), defined(d.DF(used))
	if s.RepWeights == nil {
		psus, strata := d.PSUs(), d.Strata()
		e.PSUs, e.StrataCount = &psus, &strata
	} else {
		e.Reason = "replicate weights do not tell the strata and units"
	}
	if len(s.FPC) > 0 {
		e.FPC.Kind = "fractions"
		for _, name := range s.FPC {
			if c, err := t.Column(name); err == nil && slices.ContainsFunc(c.Numbers, func(v float64) bool { return v > 1 }) {
				e.FPC.Kind = "counts"
			}
		}
	}
	for _, c := range d.Collapses() {
		e.Collapsed = append(e.Collapsed, c.String())
	}
	p := d.Replicates()
	if p == nil {
		return
	}
	e.Replicates = &replicatesEcho{
		Type: p.Type, Number: p.Count(), Scale: p.Scale, RScales: p.RScales, MSE: p.MSE, Rho: s.Rho, Seed: s.Seed, Notes: p.Notes,
	}
	if kind, rho, err := s.made(); err == nil && kind == "fay" {
		e.Replicates.Rho = &rho
	}
	if names, _, err := s.repColumns(t); err == nil {
		e.Replicates.Columns = names
	}
}

// echo adds the choices of the estimation.
func (c *estimateCmd) echo(s *drawn) {
	e := s.echo
	e.describe(&c.designFlags, s.table, s.design)
	e.By, e.Where, e.Level, e.Deff, e.CI, e.QRule, e.Family, e.ChisqTest = orNone(c.By), c.Where, c.Level, c.Deff, c.CI, c.QRule, c.Family, c.ChisqTest
	e.Presentation = "NCHS 2017 for shares, NCHS 2023 for other numbers"
	for _, option := range []struct {
		name      string
		isDefault bool
	}{
		{"by", c.By == nil}, {"where", c.Where == ""}, {"level", c.Level == 0.95}, {"deff", c.Deff == "wor"}, {"ci", c.CI == "korn-graubard"},
		{"qrule", c.QRule == "hf1"}, {"family", c.Family == "gaussian"}, {"chisq_test", c.ChisqTest == "F"},
	} {
		if option.isDefault {
			e.Defaults = append(e.Defaults, option.name)
		}
	}
}

// diagnosticsOf are those of the weighting, or of weights that were taken as they are.
func diagnosticsOf(base []float64, r *weight.Result) weight.Diagnostics {
	if r != nil {
		return r.Diagnostics
	}
	return weight.Diagnose("none", base, base)
}

// ends are bounds, null where there is none.
func ends(bounds []float64) []*float64 {
	var out []*float64
	for _, b := range bounds {
		out = append(out, defined(b))
	}
	return out
}
