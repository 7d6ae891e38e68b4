package design

import (
	"slices"
	"sync"
)

// Level is one stage of selection as the engine sees it: what a maker of replicate weights needs to know of how the
// sample was drawn. Its slices belong to the design and must not be modified.
type Level struct {
	Unit    []int32 // of each row: its unit of this stage; units are numbered stratum by stratum
	Stratum []int32 // of each unit: its stratum
	Strata  []Stratum
	// Center and Extra are, with probabilities that differ by unit, the weights of each unit's squared deviation from
	// its stratum's mean and of its square; nil otherwise. The fractions above are inside. Units with a Center of zero
	// were taken with certainty and do not count in the mean.
	Center, Extra []float64
	// Joint holds the matrices of the quadratic form where joint probabilities were given; nil otherwise.
	Joint []Block
}

// Stratum is one stratum of a level: its units follow one another from First on.
type Stratum struct {
	Row      int     // its first row in the design's order, by which messages name it
	First    int     // its first unit
	Units    int     // n_h
	Parent   int     // the unit of the level above that it lies in; 0 at the first level
	Fraction float64 // f_h = n_h/N_h; zero for selection with replacement
	Above    float64 // the product of the fractions of the levels above
	Scale    float64 // what the squared deviations of its units are multiplied by: Above·(1−f)·n/(n−1), with the policy for lonely units
	Lonely   bool    // a single unit that is no certainty; the design's policy says what becomes of it
	Unequal  bool    // its units have probabilities of their own
}

// Block is the part tᵀMt of a quadratic form over Units units from First on; M is symmetric, row by row.
type Block struct {
	First, Units int
	M            []float64
}

// Levels returns the stages of selection that the variance uses: the first, and each further one as long as a stage
// above has a fraction that is not zero.
func (d *Design) Levels() []Level {
	out := make([]Level, len(d.levels))

	for l := range d.levels {
		lv := &d.levels[l]
		out[l] = Level{Unit: lv.unit, Stratum: lv.stratum, Strata: make([]Stratum, len(lv.strata)), Center: lv.center, Extra: lv.extra}

		for g, st := range lv.strata {
			out[l].Strata[g] = Stratum{
				Row: st.row, First: st.unit, Units: st.n, Parent: st.parent,
				Fraction: st.f, Above: st.above, Scale: st.scale, Lonely: st.lonely, Unequal: st.pps,
			}
		}
		if lv.joint == nil {
			continue
		}
		for _, b := range lv.joint.blocks {
			out[l].Joint = append(out[l].Joint, Block{First: b.first, Units: b.n, M: b.m})
		}
	}

	return out
}

// Lonely returns the design's policy for strata with a single unit.
func (d *Design) Lonely() Lonely { return d.lonely }

// DomainLonely reports whether the policy reaches strata of which a domain touches one unit only.
func (d *Design) DomainLonely() bool { return d.domainLonely }

// Columns returns the weight columns, the main one first. Their slices must not be modified.
func (d *Design) Columns() []Column {
	out := make([]Column, len(d.columns))

	for i, c := range d.columns {
		out[i] = c.Column
	}

	return out
}

// WithReplicates returns the same design with replicate weights, from which all variances come from then on. The
// strata and units stay, and with them the degrees of freedom where the maker of the replicates knows them.
func (d *Design) WithReplicates(p *Replicates) (*Design, error) {
	if err := p.check(d.rows); err != nil {
		return nil, err
	}
	out := *d
	out.columns = slices.Clone(d.columns)
	out.replicates = p
	out.space = new(rowSpace)
	out.once = new(sync.Once)
	out.moments = nil

	return &out, nil
}
