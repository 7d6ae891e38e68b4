package main

import (
	"math"
	"strconv"
	"strings"

	"sipas/analysis/frame"
)

// sampleFlags name a file of data and say how its sample was drawn.
type sampleFlags struct {
	Data string `arg:"" name:"data" placeholder:"DATA.csv" help:"CSV in UTF-8 with a header; comma, semicolon or tab part the fields; - reads the standard input."`

	designFlags
}

// designFlags say how a sample was drawn and how its file is to be read.
type designFlags struct {
	IDs      []string `name:"ids" group:"Design" placeholder:"A" help:"Columns that name the units of each stage, the first stage first. Default: each row is a unit; 1 says the same."`
	Strata   []string `group:"Design" placeholder:"A" help:"Columns of the strata of each stage."`
	Nest     bool     `group:"Design" help:"Unit labels repeat between strata and are other units there."`
	FPC      []string `name:"fpc" group:"Design" placeholder:"A" help:"Columns of the population of units of each stage, or of the sampled fractions when no value of any of them is above 1. Default: drawn with replacement."`
	Weights  string   `group:"Design" placeholder:"W" help:"Column of the weights. Default: they follow from --fpc, or else from the replicate weights, or are 1."`
	Lonely   string   `group:"Design" enum:"fail,remove,certainty,adjust,average,collapse" default:"fail" help:"What a stratum with a single unit contributes: ${enum}. Default: ${default}."`
	PPS      string   `name:"pps" group:"Design" enum:"none,brewer,overton,hartley-rao" default:"none" help:"Units drawn with unequal probabilities, which stand in --fpc: ${enum}. Default: ${default}."`
	PPSJoint string   `name:"pps-joint" group:"Design" placeholder:"FILE=ht|yg" help:"Joint probabilities, and the variance of Horvitz-Thompson or Yates-Grundy."`

	RepWeights    []string `name:"rep-weights" group:"Replicates" placeholder:"'rep*'" help:"Columns of replicate weights, or patterns of their names."`
	RepType       string   `name:"rep-type" group:"Replicates" enum:"none,jk1,jkn,brr,fay,bootstrap,sdr,other" default:"none" help:"How they were made, which sets their scale: ${enum}."`
	RepFactors    bool     `name:"rep-factors" group:"Replicates" help:"The columns hold factors of the weights, not weights."`
	Rho           *float64 `group:"Replicates" placeholder:"R" help:"Fay's coefficient, from 0 to below 1."`
	Scale         *float64 `group:"Replicates" placeholder:"S" help:"What the sum over replicates is multiplied by. Default: as the type has it."`
	RScales       string   `name:"rscales" group:"Replicates" placeholder:"FILE" help:"CSV of one column: what each replicate is multiplied by. Default: as the type has it."`
	MSE           bool     `name:"mse" group:"Replicates" help:"Center the replicates at the estimate, not at their mean."`
	RepDF         *float64 `name:"rep-df" group:"Replicates" placeholder:"N" help:"Degrees of freedom of the replicates. Default: their rank less one, or the design's for --make-replicates."`
	MakeReplicate string   `name:"make-replicates" group:"Replicates" placeholder:"TYPE" help:"Make replicate weights: jk1, jkn, brr, fay=0.3, raowu, cantydavison, preston or sdr."`
	Reps          int      `group:"Replicates" placeholder:"N" help:"How many, for the types that draw them and for sdr."`
	Seed          *uint64  `group:"Replicates" placeholder:"N" help:"Seed of the draw: the same seed and data make the same replicates."`

	NA     []string `name:"na" group:"Data" placeholder:"TEXT" help:"Texts that mean a missing value, beside the empty one; of one that begins with a minus, --na=-9. Default: NA."`
	Levels []string `group:"Data" sep:"none" placeholder:"V=B,A" help:"The levels of a column in their order, the first being the reference of models; may be given more than once. Default: sorted as bytes."`
}

// weightingFlags say what the weights are brought to agree with.
type weightingFlags struct {
	PostStratify string    `name:"post-stratify" group:"Weighting" placeholder:"V=TOTALS.csv" help:"Post-strata and their totals, a file of level,total. V may be A,B: its file then has A,B,total."`
	Rake         string    `group:"Weighting" placeholder:"MARGINS.csv" help:"Margins to rake to: a file of variable,level,total."`
	Calibrate    string    `group:"Weighting" placeholder:"'a + b'" help:"Formula of what to calibrate to; needs --totals."`
	Totals       string    `group:"Weighting" placeholder:"TOTALS.csv" help:"File of term,total with R's names of terms: (Intercept), stypeH, api99."`
	Method       string    `group:"Weighting" enum:"linear,raking,logit,truncated" default:"linear" help:"Distance of --calibrate: ${enum}. Default: ${default}."`
	Bounds       []float64 `group:"Weighting" placeholder:"L" help:"Bounds of the factors, for logit and truncated."`
	Trim         []float64 `group:"Weighting" placeholder:"L" help:"Cut the weights to these bounds."`
	TrimBy       string    `name:"trim-by" group:"Weighting" enum:"once,strict,margins" default:"once" help:"How: once, spreading what was cut over the other weights, as R does; strict, again until no weight is outside; margins, within the calibration, so that its totals are kept. Default: ${default}."`
}

// check finds flags that do not go together, before anything is read.
func (s *designFlags) check() error {
	if len(s.IDs) == 1 && (s.IDs[0] == "1" || s.IDs[0] == "0") {
		s.IDs = nil
	}
	stages := max(1, len(s.IDs))
	given, made, joint := len(s.RepWeights) > 0, s.MakeReplicate != "", s.PPSJoint != ""

	switch {
	case len(s.Strata) > stages:
		return usagef("--strata: %d columns for %d stages; --ids names the units of each stage.", len(s.Strata), stages)
	case len(s.FPC) > stages:
		return usagef("--fpc: %d columns for %d stages; --ids names the units of each stage.", len(s.FPC), stages)
	case s.PPS != "none" && joint:
		return usagef("--pps and --pps-joint are two ways to say the same; give one.")
	case s.PPS != "none" && len(s.FPC) == 0:
		return usagef("--pps: the probability of each unit is needed in a column that --fpc names.")
	case (s.PPS != "none" || joint) && stages > 1:
		return usagef("--pps: unequal probabilities are for designs of one stage.")
	case given && made:
		return usagef("--rep-weights and --make-replicates: replicates are given or made, not both.")
	case given && s.RepType == "none":
		return usagef("--rep-weights: say with --rep-type how they were made: jk1, jkn, brr, fay, bootstrap, sdr or other.")
	case !given && s.RepType != "none":
		return usagef("--rep-type: name the columns with --rep-weights.")
	case !given && (s.RepFactors || s.Rho != nil || s.Scale != nil || s.RScales != ""):
		return usagef("--rep-factors, --rho, --scale and --rscales describe replicate weights that --rep-weights names.")
	case !given && !made && (s.MSE || s.RepDF != nil):
		return usagef("--mse and --rep-df are for replicate weights.")
	case !made && (s.Reps != 0 || s.Seed != nil):
		return usagef("--reps and --seed are for --make-replicates.")
	case s.Reps < 0:
		return usagef("--reps: %d is not a number of replicates.", s.Reps)
	case given && (len(s.IDs)+len(s.Strata)+len(s.FPC) > 0 || s.PPS != "none" || joint):
		return usagef("--rep-weights hold what the variance needs: --ids, --strata, --fpc and --pps have no place beside them.")
	}
	for name, v := range map[string]*float64{"--scale": s.Scale, "--rep-df": s.RepDF} {
		if v != nil && !(*v > 0 && !math.IsInf(*v, 0)) {
			return usagef("%s: %v is not above zero.", name, *v)
		}
	}
	if s.Rho != nil && !(*s.Rho >= 0 && *s.Rho < 1) {
		return usagef("--rho: %v is not from 0 to below 1.", *s.Rho)
	}
	if s.RepType == "fay" && s.Rho == nil {
		return usagef("--rep-type fay: give Fay's coefficient with --rho.")
	}
	if s.Rho != nil && s.RepType != "fay" {
		return usagef("--rho is for --rep-type fay.")
	}
	if joint {
		if _, _, err := s.jointFile(); err != nil {
			return err
		}
	}
	if made {
		if _, _, err := s.made(); err != nil {
			return err
		}
	}
	_, err := s.levels()

	return err
}

// jointFile reads --pps-joint.
func (s *designFlags) jointFile() (path, estimator string, err error) {
	at := strings.LastIndexByte(s.PPSJoint, '=')
	if at <= 0 || s.PPSJoint[at+1:] != "ht" && s.PPSJoint[at+1:] != "yg" {
		return "", "", usagef("--pps-joint: write it as JOINT.csv=ht or JOINT.csv=yg, not %q.", s.PPSJoint)
	}

	return s.PPSJoint[:at], s.PPSJoint[at+1:], nil
}

// made reads --make-replicates.
func (s *designFlags) made() (kind string, rho float64, err error) {
	kind, coefficient, fay := strings.Cut(s.MakeReplicate, "=")
	drawn := kind == "raowu" || kind == "cantydavison" || kind == "preston"

	switch {
	case kind == "fay" && fay:
		rho, err = strconv.ParseFloat(coefficient, 64)
		if err != nil || !(rho >= 0 && rho < 1) {
			return "", 0, usagef("--make-replicates: Fay's coefficient is from 0 to below 1, not %q.", coefficient)
		}
	case fay || kind != "jk1" && kind != "jkn" && kind != "brr" && kind != "sdr" && !drawn:
		return "", 0, usagef("--make-replicates: %q is not one of jk1, jkn, brr, fay=0.3, raowu, cantydavison, preston, sdr.", s.MakeReplicate)
	}
	switch {
	case drawn && (s.Reps == 0 || s.Seed == nil):
		return "", 0, usagef("--make-replicates %s: say how many with --reps, and give a --seed.", kind)
	case !drawn && s.Seed != nil:
		return "", 0, usagef("--make-replicates %s: nothing is drawn, so that --seed has no meaning.", kind)
	case !drawn && kind != "sdr" && s.Reps != 0:
		return "", 0, usagef("--make-replicates %s: the design says how many, not --reps.", kind)
	}

	return kind, rho, nil
}

// levels reads --levels.
func (s *designFlags) levels() (map[string][]string, error) {
	out := map[string][]string{}
	for _, text := range s.Levels {
		name, list, ok := strings.Cut(text, "=")
		if !ok || name == "" || list == "" {
			return nil, usagef("--levels: write it as V=B,A, not %q.", text)
		}
		if _, twice := out[name]; twice {
			return nil, usagef("--levels: the column %s is given twice.", name)
		}
		out[name] = strings.Split(list, ",")
		seen := map[string]bool{}
		for _, l := range out[name] {
			if seen[l] {
				return nil, usagef("--levels: the level %q of %s is given twice.", l, name)
			}
			seen[l] = true
		}
	}
	return out, nil
}

// check finds flags that do not go together.
func (w *weightingFlags) check() error {
	ways := 0
	for _, flag := range []string{w.PostStratify, w.Rake, w.Calibrate} {
		if flag != "" {
			ways++
		}
	}
	bounded := w.Method == "logit" || w.Method == "truncated"

	switch {
	case ways > 1:
		return usagef("--post-stratify, --rake and --calibrate: give one of them.")
	case w.Calibrate != "" && w.Totals == "":
		return usagef("--calibrate: give the totals with --totals.")
	case w.Calibrate == "" && (w.Totals != "" || w.Bounds != nil || w.Method != "linear"):
		return usagef("--totals, --method and --bounds are for --calibrate.")
	case w.Bounds != nil && !bounded:
		return usagef("--bounds are for --method logit and truncated.")
	case bounded && w.Bounds == nil:
		return usagef("--method %s: give the bounds of the factors with --bounds.", w.Method)
	case w.Bounds != nil && (len(w.Bounds) != 2 || !(w.Bounds[0] < 1 && w.Bounds[1] > 1)):
		return usagef("--bounds: give two numbers, one below and one above 1.")
	case w.Trim != nil && (len(w.Trim) != 2 || !(w.Trim[0] >= 0 && w.Trim[1] > w.Trim[0])):
		return usagef("--trim: give two numbers from 0 on, the smaller one first.")
	}
	if w.TrimBy != "once" && w.Trim == nil {
		return usagef("--trim-by is for --trim.")
	}
	if w.TrimBy == "margins" && (ways == 0 || w.Bounds != nil) {
		return usagef("--trim-by margins needs --post-stratify, --rake or --calibrate, and no --bounds: it bounds the weights in their place.")
	}
	if w.PostStratify != "" {
		if _, _, err := w.postStrata(); err != nil {
			return err
		}
	}

	return nil
}

// postStrata reads --post-stratify.
func (w *weightingFlags) postStrata() (variables []string, path string, err error) {
	names, path, ok := strings.Cut(w.PostStratify, "=")
	if !ok || names == "" || path == "" {
		return nil, "", usagef("--post-stratify: write it as V=TOTALS.csv, not %q.", w.PostStratify)
	}

	return strings.Split(names, ","), path, nil
}

// missing are the texts that mean a missing value.
func (s *designFlags) missing() []string {
	if s.NA == nil {
		return []string{"", "NA"}
	}

	return append([]string{""}, s.NA...)
}

// wanted gathers the columns that the flags name, and by which flag, so that a wrong name is told with its flag.
type wanted struct {
	options frame.Options
	flags   map[string]string
}

func (w *wanted) any(flag string, names ...string) {
	w.options.Columns = append(w.options.Columns, names...)
	w.note(flag, names)
}

func (w *wanted) numbers(flag string, names ...string) {
	w.options.Numbers = append(w.options.Numbers, names...)
	w.note(flag, names)
}

func (w *wanted) note(flag string, names []string) {
	for _, n := range names {
		if _, known := w.flags[n]; !known {
			w.flags[n] = flag
		}
	}
}
