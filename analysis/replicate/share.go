package replicate

import (
	"encoding/binary"
	"math"

	"sipas/analysis/design"

	"gonum.org/v1/gonum/mat"
)

// sharing collects the factors of rows and lets rows with the same ones have them in common, so that what was made by units is kept
// by units. Factors are the same when they agree to some twelve digits: what comes from dividing a weight by
// another carries rounding beyond that. When the first rows are nearly all different, the rest are taken as they come.
type sharing struct {
	rows, n int
	unit    []int32
	data    []float64
	seen    map[string]int32
	key     []byte
	given   bool // it has ended: every further row is a unit
}

func newSharing(rows, replicates int) *sharing {
	return &sharing{rows: rows, n: replicates, unit: make([]int32, 0, rows), seen: make(map[string]int32), key: make([]byte, 8*replicates)}
}

// trial is after how many rows it is clear whether rows have factors in common.
const trial = 1000

func (s *sharing) add(factors []float64) {
	next := int32(len(s.data) / s.n)
	if len(s.unit) == trial && int(next) > trial*9/10 {
		s.given, s.seen = true, nil
		whole := make([]float64, len(s.data), len(s.data)+(s.rows-trial)*s.n)
		copy(whole, s.data)
		s.data = whole
	}
	if !s.given {
		for r, v := range factors {
			binary.LittleEndian.PutUint64(s.key[8*r:], rounded(v))
		}
		if u, ok := s.seen[string(s.key)]; ok {
			s.unit = append(s.unit, u)
			return
		}
		s.seen[string(s.key)] = next
	}
	s.unit = append(s.unit, next)
	s.data = append(s.data, factors...)
}

func (s *sharing) factors() design.Factors {
	return design.Factors{Unit: s.unit, Values: mat.NewDense(len(s.data)/s.n, s.n, s.data)}
}

// rounded returns the bits of a number to 40 binary digits.
func rounded(v float64) uint64 {
	const drop = 12
	bits := math.Float64bits(v + 0) // −0 is 0

	return (bits + 1<<(drop-1)) >> drop
}
