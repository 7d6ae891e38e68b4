package replicate

import (
	"fmt"

	"sipas/analysis/design"

	"gonum.org/v1/gonum/mat"
)

// Method names a way to make replicate weights; the package's documentation has the formulas.
type Method string

const (
	JK1          Method = "jk1"          // unstratified jackknife
	JKn          Method = "jkn"          // stratified jackknife
	BRR          Method = "brr"          // balanced repeated replication
	Fay          Method = "fay"          // the same with factors ρ and 2−ρ
	RaoWu        Method = "raowu"        // bootstrap of n−1 units; R's "subbootstrap"
	CantyDavison Method = "cantydavison" // bootstrap of a pseudo-population; R's "bootstrap"
	Preston      Method = "preston"      // multistage rescaled bootstrap; R's "mrbbootstrap"
	SDR          Method = "sdr"          // successive differences
	Generalized  Method = "generalized"  // generalized bootstrap
)

// Methods lists all methods.
func Methods() []Method {
	return []Method{JK1, JKn, BRR, Fay, RaoWu, CantyDavison, Preston, SDR, Generalized}
}

// Options say how replicates are made. What a method has no use for must be zero.
type Options struct {
	// Replicates is their number. Jackknives and BRR have their own; bootstraps have 50 when it is 0, as R has. For SDR it is
	// the least order of the Hadamard matrix, and 0 means one with a row for every unit.
	Replicates int
	Seed       uint64  // of the bootstraps: the same seed gives the same weights
	Rho        float64 // Fay's ρ, in [0, 1)
	MSE        bool    // squares about the estimate instead of the mean of the replicates
}

// limit is how many factors may be made: two gigabytes of them. A jackknife of ten thousand units needs a hundred million.
const limit = 1 << 28

// maker is a call of Make at work.
type maker struct {
	d      *design.Design
	method Method
	opt    Options
	levels []design.Level
	first  *design.Level
	out    *design.Replicates
}

// Make returns the same design with replicate weights, made by the method; the design's weights, strata and units stay.
// A method that does not fit the design is a *FitError, an option out of range an *InputError. Replicates of a calibrated
// design would not know of the calibration: make them of the design before, and calibrate with Recalibrate.
func Make(d *design.Design, method Method, opt Options) (*design.Design, error) {
	m := &maker{d: d, method: method, opt: opt, levels: d.Levels()}
	m.first = &m.levels[0]
	m.out = &design.Replicates{Type: string(method), Unit: m.first.Unit, MSE: opt.MSE, Scale: 1}

	if err := m.checkOptions(); err != nil {
		return nil, err
	}
	if err := m.checkDesign(); err != nil {
		return nil, err
	}
	if err := m.make(); err != nil {
		return nil, err
	}
	m.out.DF = m.df()

	return d.WithReplicates(m.out)
}

// df counts the units that vary less their strata. JKn has a replicate for an adjusted lonely unit, too.
func (m *maker) df() float64 {
	df := 0
	for _, st := range m.first.Strata {
		switch {
		case varies(st):
			df += st.Units - 1
		case st.Lonely && st.Scale > 0:
			df++
		}
	}

	return float64(min(df, m.out.Count()-1))
}

func (m *maker) make() error {
	switch m.method {
	case JK1:
		return m.jk1()
	case JKn:
		return m.jkn()
	case BRR, Fay:
		return m.balanced()
	case SDR:
		return m.successive()
	case RaoWu:
		return m.raoWu()
	case CantyDavison:
		return m.cantyDavison()
	case Preston:
		return m.preston()
	default:
		return m.generalized()
	}
}

func (m *maker) checkOptions() error {
	known, random := false, false
	for _, k := range Methods() {
		known = known || k == m.method
	}
	switch m.method {
	case RaoWu, CantyDavison, Preston, Generalized:
		random = true
	}

	switch {
	case !known:
		return &InputError{Field: "method", Row: -1, Reason: fmt.Sprintf("there is none named %q", m.method)}
	case m.opt.Replicates < 0 || m.opt.Replicates == 1:
		return &InputError{Field: "replicates", Row: -1, Reason: fmt.Sprintf("two at least are needed, not %d", m.opt.Replicates)}
	case !random && m.method != SDR && m.opt.Replicates != 0:
		return &InputError{Field: "replicates", Row: -1, Reason: fmt.Sprintf("%s has as many as the design asks for, and no other number", m.method)}
	case m.method == Fay && !(m.opt.Rho >= 0 && m.opt.Rho < 1):
		return &InputError{Field: "rho", Row: -1, Reason: fmt.Sprintf("it lies in [0, 1), not at %v", m.opt.Rho)}
	case m.method != Fay && m.opt.Rho != 0:
		return &InputError{Field: "rho", Row: -1, Reason: fmt.Sprintf("%s has none", m.method)}
	}
	if random && m.opt.Replicates == 0 {
		m.opt.Replicates = 50
	}

	return nil
}

func (m *maker) fail(reason string) error {
	return &FitError{Method: m.method, Row: -1, Reason: reason}
}

// checkDesign refuses what no replicate of units can stand for, and notes what the method leaves out.
func (m *maker) checkDesign() error {
	if m.d.Replicated() {
		return m.fail("the design has replicate weights already")
	}
	corrected := false
	for _, st := range m.first.Strata {
		corrected = corrected || st.Fraction > 0 && st.Fraction < 1
	}
	for _, c := range m.d.Columns() {
		if c.Calibration != nil {
			return m.fail("the weights are calibrated: make the replicates of the design before calibration, and calibrate each of them anew")
		}
		for row, p := range c.Chance {
			if corrected && p < 1 && c.Weights[row] > 0 {
				return m.fail("weights of a second phase together with a finite population correction of the first have a variance that replicates of units leave out")
			}
		}
	}
	if !m.hasVariance() {
		return m.fail("no stratum has a variance, so there is nothing to replicate")
	}
	if m.method == Generalized {
		if m.d.DomainLonely() && m.d.Lonely() == design.LonelyAverage {
			return m.fail("an average over the strata of which a domain has two units is another for every domain")
		}
		return nil
	}
	for l := range m.levels {
		if m.method != Preston && l > 0 {
			break
		}
		for _, st := range m.levels[l].Strata {
			if st.Unequal {
				return &FitError{Method: m.method, Stage: l + 1, Row: st.Row, Reason: "its units have probabilities of their own; only the generalized bootstrap knows them"}
			}
			if st.Lonely && m.method != JKn && m.d.Lonely() != design.LonelyRemove && m.d.Lonely() != design.LonelyCertainty {
				return &FitError{Method: m.method, Stage: l + 1, Row: st.Row, Reason: "it has a single unit, and the method knows no other policy than to remove it, to take it as certain or to collapse it"}
			}
		}
	}
	if corrected && (m.method == BRR || m.method == Fay) {
		m.note("the finite population correction is left out")
	}
	if len(m.levels) > 1 && m.method != Preston {
		m.note("only the first stage counts: within a finite population correction, the variance of later stages is left out")
	}

	return nil
}

// hasVariance reports whether any stratum of the stages that the method counts has a variance.
func (m *maker) hasVariance() bool {
	for l := range m.levels {
		if l > 0 && m.method != Preston && m.method != Generalized {
			break
		}
		if m.levels[l].Joint != nil {
			return true
		}
		for _, st := range m.levels[l].Strata {
			if st.Scale > 0 {
				return true
			}
		}
	}

	return false
}

func (m *maker) note(s string) { m.out.Notes = append(m.out.Notes, s) }

// ones makes factors of 1 for so many units and replicates, with rscales of 1.
func (m *maker) ones(units, replicates int) error {
	if units > limit/replicates {
		return m.fail(fmt.Sprintf("%d units in %d replicates are too many; a bootstrap can do with fewer replicates", units, replicates))
	}
	data := make([]float64, units*replicates)
	for i := range data {
		data[i] = 1
	}
	m.out.Factors = mat.NewDense(units, replicates, data)
	m.out.RScales = make([]float64, replicates)
	for r := range m.out.RScales {
		m.out.RScales[r] = 1
	}

	return nil
}

// varies reports whether a stratum's units are sampled: not all of them were taken, and there are two at least.
func varies(st design.Stratum) bool { return st.Fraction < 1 && st.Units > 1 }

// resampled sets the scale of independent replicates.
func (m *maker) resampled(k float64) {
	n := float64(m.opt.Replicates)
	if !m.opt.MSE {
		n--
	}
	m.out.Scale = k / n
}
