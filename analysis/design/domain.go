package design

import "math"

// reach tells the rows of each form's domain: those that it lists, of any value, and all rows where it passes through a calibrated
// column, since its residuals do.
func (d *Design) reach(forms []normal) [][]bool {
	out := make([][]bool, len(forms))

	for j, f := range forms {
		out[j] = make([]bool, d.rows)
		for _, p := range f {
			for _, row := range p.Rows {
				out[j][row] = true
			}
			if d.columns[p.Column].gram == nil {
				continue
			}
			for row := range out[j] {
				out[j][row] = true
			}
		}
	}

	return out
}

// aloneness is, of each form, which strata of a level its domain touches one unit of, though the sample has more.
type aloneness struct {
	in     []map[int]bool    // strata
	factor []map[int]float64 // of each unit above, the root of what the other strata are multiplied by under LonelyAverage
}

func (lv *level) alone(d *Design, reach [][]bool) *aloneness {
	if reach == nil {
		return nil
	}
	out := &aloneness{in: make([]map[int]bool, len(reach)), factor: make([]map[int]float64, len(reach))}

	for j, touched := range reach {
		out.in[j], out.factor[j] = make(map[int]bool), make(map[int]float64)
		strata, single := make(map[int]int), make(map[int]int)

		for g := range lv.strata {
			st := &lv.strata[g]
			units := 0
			for u := st.unit; u < st.unit+st.n; u++ {
				for _, row := range d.order[lv.first[u]:lv.first[u+1]] {
					if touched[row] {
						units++
						break
					}
				}
			}
			if units == 0 {
				continue
			}
			strata[st.parent]++
			if st.lonely {
				single[st.parent]++
			} else if units == 1 && st.scale != 0 {
				single[st.parent]++
				out.in[j][g] = true
			}
		}
		for parent, all := range strata {
			// Where every stratum is lonely there is nothing to average, and the variance is NaN.
			out.factor[j][parent] = math.NaN()
			if rest := all - single[parent]; rest > 0 {
				out.factor[j][parent] = math.Sqrt(float64(all) / float64(rest))
			}
		}
	}

	return out
}

// settle changes the mean of the forms for which a stratum is lonely, or returns what its deviations are multiplied by.
func (a *aloneness) settle(d *Design, g int, st *stratum, mean, center []float64) (factor []float64) {
	if d.lonely == LonelyAdjust {
		for j, in := range a.in {
			if in[g] {
				mean[j] = center[j]
			}
		}
		return nil
	}
	factor = make([]float64, len(mean))

	for j, in := range a.in {
		if f := a.factor[j][st.parent]; !in[g] || math.IsNaN(f) {
			factor[j] = f
		}
	}

	return factor
}
