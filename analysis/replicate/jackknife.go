package replicate

import "sipas/analysis/design"

func (m *maker) jk1() error {
	if len(m.first.Strata) > 1 {
		return m.fail("the design has strata, for which there is jkn")
	}
	st := m.first.Strata[0]
	if err := m.ones(st.Units, st.Units); err != nil {
		return err
	}
	n := float64(st.Units)
	m.drop(st, 0)
	m.out.Scale = (n - 1) / n * (1 - st.Fraction)

	return nil
}

// drop leaves each unit of a stratum out of one replicate, from the given one on.
func (m *maker) drop(st design.Stratum, replicate int) {
	n := float64(st.Units)

	for i := range st.Units {
		for u := st.First; u < st.First+st.Units; u++ {
			m.out.Factors.Set(u, replicate+i, n/(n-1))
		}
		m.out.Factors.Set(st.First+i, replicate+i, 0)
	}
}

func (m *maker) jkn() error {
	strata := m.first.Strata
	adjust := m.d.Lonely() == design.LonelyAdjust
	count, lonely := 0, 0

	for _, st := range strata {
		switch {
		case st.Lonely:
			lonely++
			if adjust {
				count++
			}
		case varies(st):
			count += st.Units
		}
	}
	units := len(m.first.Stratum)
	if err := m.ones(units, count); err != nil {
		return err
	}
	r := 0

	for _, st := range strata {
		switch {
		case st.Lonely && adjust:
			if len(strata) < 2 {
				return m.fail("the only stratum has a single unit")
			}
			h := float64(len(strata))
			for u := range units {
				m.out.Factors.Set(u, r, h/(h-1))
			}
			m.out.Factors.Set(st.First, r, 0)
			m.out.RScales[r] = (h - 1) / h * (1 - st.Fraction)
			r++
		case !st.Lonely && varies(st):
			m.drop(st, r)
			n := float64(st.Units)
			for i := range st.Units {
				m.out.RScales[r+i] = (n - 1) / n * (1 - st.Fraction)
			}
			r += st.Units
		}
	}
	if m.d.Lonely() == design.LonelyAverage && lonely > 0 {
		m.out.Scale = float64(units) / float64(units-lonely)
	}

	return nil
}
