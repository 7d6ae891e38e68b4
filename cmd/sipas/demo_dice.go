package main

import "math/rand/v2"

// whole is a certainty in the demonstration's unit of chance: chances and shares are whole numbers of
// ten-thousandths. Whole numbers, because sums and products of fractions may differ in the last bit between
// processors, and the demonstration must be the same world on all of them.
const whole = 10_000

// dice is a seeded source of chance. Each purpose has a stream of its own, so that a change to one
// part of the world leaves the others as they were.
type dice struct{ r *rand.Rand }

// The streams of the demonstration.
const (
	streamUnits uint64 = iota + 1
	streamRegister
	streamTruth
	streamAnswers
	streamWalkIns
	streamTokens
	streamKey
)

func newDice(seed, stream uint64) dice { return dice{rand.New(rand.NewPCG(seed, stream))} }

// below returns a whole number from 0 to n-1.
func (d dice) below(n int) int { return int(d.r.Uint32N(uint32(n))) }

// between returns a whole number from low to high, both included.
func (d dice) between(low, high int) int { return low + d.below(high-low+1) }

// hits reports whether something of the given chance happens.
func (d dice) hits(chance int) bool { return d.below(whole) < chance }

// around returns a number around zero with about the given standard deviation: the sum of four even
// draws, which is bell-shaped, bounded and made of whole numbers only.
func (d dice) around(deviation int) int {
	a := deviation * 87 / 100
	sum := 0
	for range 4 {
		sum += d.between(-a, a)
	}
	return sum
}

// pick returns a position in weights with a chance in proportion to its weight.
func (d dice) pick(weights []int) int {
	total := 0
	for _, w := range weights {
		total += w
	}
	x := d.below(total)
	for i, w := range weights {
		if x -= w; x < 0 {
			return i
		}
	}
	return len(weights) - 1
}

// bytes16 returns 128 bits.
func (d dice) bytes16() (b [16]byte) {
	for i := range 2 {
		x := d.r.Uint64()
		for j := range 8 {
			b[8*i+j] = byte(x >> (8 * j))
		}
	}
	return b
}
