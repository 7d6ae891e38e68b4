package sample

import (
	"fmt"
	"hash/fnv"
	"math/bits"
	"math/rand/v2"
	"slices"
	"strings"
)

// Draw is the invited of one class.
type Draw struct {
	Class int
	IDs   []string // sorted
}

// Draw draws a simple random sample without replacement of Invite of the N cases
// in each class (Fan, Muller and Rezucha 1962; the first n steps of Fisher and Yates'
// shuffle over the sorted ids). Each class has its own stream of the seeded PCG, so that the
// draw of one class does not hang on another. The cases must be those that the
// map was built of, in any order.
func (m *Map) Draw(cases []Case, seed uint64) ([]Draw, error) {
	ids := make([][]string, len(m.Classes))

	known := make(map[Labels]int) // a register has far fewer combinations of labels than cases

	for _, c := range cases {
		k, ok := known[c.Labels]
		if !ok {
			if k, ok = m.Assign(c.Labels); !ok {
				return nil, fmt.Errorf("sample: case %q has labels that the map does not know: %s", c.ID, strings.Join(c.Labels[:], ", "))
			}
			known[c.Labels] = k
		}
		ids[k] = append(ids[k], c.ID)
	}
	out := make([]Draw, len(m.Classes))
	seen := make(map[string]bool, len(cases))

	for k, class := range m.Classes {
		if len(ids[k]) != class.N {
			return nil, fmt.Errorf("sample: class %s has %d cases, its map says %d", class.ID, len(ids[k]), class.N)
		}
		for _, id := range ids[k] {
			if seen[id] {
				return nil, fmt.Errorf("sample: the id %q occurs twice", id)
			}
			seen[id] = true
		}
		slices.Sort(ids[k])
		out[k] = Draw{Class: k, IDs: choose(ids[k], class.Invite, stream(seed, class.Labels))}
	}

	return out, nil
}

// stream is the class's generator: it depends on the seed and the class's labels.
func stream(seed uint64, l Labels) *rand.PCG {
	h := fnv.New64a()
	h.Write([]byte(strings.Join(l[:], "\x00")))

	return rand.NewPCG(seed, h.Sum64())
}

// choose picks n of the ids and sorts them. The ids are reordered.
func choose(ids []string, n int, src *rand.PCG) []string {
	for i := range n {
		j := i + int(below(src, uint64(len(ids)-i)))
		ids[i], ids[j] = ids[j], ids[i]
	}
	chosen := slices.Clone(ids[:n])
	slices.Sort(chosen)

	return chosen
}

// below returns a uniform number in [0, n) without bias (Lemire 2019). It is
// written here, over the fixed sequence of the generator, so that a draw can be
// repeated with any later version of the standard library.
func below(src *rand.PCG, n uint64) uint64 {
	for {
		high, low := bits.Mul64(src.Uint64(), n)
		if low >= n || low >= -n%n {
			return high
		}
	}
}
