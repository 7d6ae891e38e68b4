package model

import (
	"fmt"
	"math"
)

// sums are what one pass over the rows gives at some parameters: minus twice the log-likelihood (but for a constant), the derivative
// of its half, taken negative, and the information matrix, of which the lower triangle is filled.
type sums struct {
	loss  float64
	score []float64
	gram  []float64
}

func newSums(n int) *sums { return &sums{score: make([]float64, n), gram: make([]float64, n*n)} }

func (s *sums) add(o *sums) {
	s.loss += o.loss
	for i, v := range o.score {
		s.score[i] += v
	}
	for i, v := range o.gram {
		s.gram[i] += v
	}
}

// objective is what Newton's method works on.
type objective interface {
	// size is the number of parameters.
	size() int
	// pass evaluates the parameters. With nil it gives the sums of a first step from parameters zero, and loss +Inf.
	pass(parameters []float64) *sums
	// recedes reports whether the fit is bettered, or at least not worsened, along a direction without end, whatever the
	// start: every row is served or does not care, and some row is served.
	recedes(direction []float64) bool
	// settled is the share of the loss under which the gain that a step promises makes it the last one.
	settled() float64
	// scale is a loss of ordinary size, against which rounding is judged where the fit leaves nothing.
	scale() float64
	// reach is the greatest change of a linear predictor along a direction.
	reach(direction []float64) float64
}

// solution is where Newton's method ended.
type solution struct {
	parameters []float64
	factor     *cholesky
	loss       float64
	iterations int
}

// What settled returns. The information matrix is that before the last step, so a fit whose information is used ends on a
// step that is nothing. A replicate's is not used, and Newton's steps square the error, so that a gain of 1e-14 leaves nothing.
const (
	settledFit     = 1e-24
	settledCheaply = 1e-14
)

const (
	iterations = 200
	// patience is after how many iterations a step that still moves predictors is looked at as a direction of separation.
	patience = 10
)

// receding says that parameters run off along a direction.
type receding struct{ direction []float64 }

func (*receding) Error() string { return "the parameters recede" }

// newton solves score = 0 from a start, or from nothing. The step is the last when its decrement sᵀH⁻¹s, which is the gain
// that it promises, is at the level of rounding of the loss, or stays where it is.
func newton(o objective, start []float64) (*solution, error) {
	at := start
	now := o.pass(start)

	if start == nil {
		at = make([]float64, o.size())
	}
	out := &solution{parameters: at}
	scale, previous := o.scale(), math.Inf(1)

	for out.iterations = 1; out.iterations <= iterations; out.iterations++ {
		f, ok := factor(now.gram, o.size())
		if !ok {
			return out, &ConvergenceError{Iterations: out.iterations, Reason: "the information matrix is not positive"}
		}
		step := f.solve(now.score)
		var gain float64

		for i, s := range step {
			gain += s * now.score[i]
		}
		out.factor, out.loss = f, now.loss
		known := !math.IsInf(now.loss, 0)

		if out.iterations > patience && o.reach(step) > 1e-3 && o.recedes(step) {
			return out, &receding{step}
		}
		if known && (gain <= o.settled()*math.Abs(now.loss)+1e-30*scale || gain <= 1e-16*(math.Abs(now.loss)+1e-4*scale) && gain > previous/4) {
			out.parameters = shifted(at, step, 1)
			return out, nil
		}
		previous = gain
		next, to := search(o, at, step, now.loss)

		if next == nil && known && gain <= 1e-14*(math.Abs(now.loss)+1e-6*scale) {
			return out, nil
		}
		if next == nil {
			return out, &ConvergenceError{Iterations: out.iterations, Reason: fmt.Sprintf("no step betters the fit, and the best one promises %.2g", gain)}
		}
		at, now = to, next
		out.parameters = at
	}

	return out, &ConvergenceError{Iterations: iterations, Reason: "the steps do not become small"}
}

// search halves a step until it betters the loss, or leaves it but for rounding.
func search(o objective, at, step []float64, loss float64) (*sums, []float64) {
	for size := 1.0; size > 1e-12; size /= 2 {
		to := shifted(at, step, size)
		s := o.pass(to)

		if s.loss <= loss+1e-10*math.Abs(loss) && !math.IsInf(s.loss, 0) {
			return s, to
		}
	}

	return nil, nil
}

func shifted(at, step []float64, size float64) []float64 {
	out := make([]float64, len(at))
	for i := range out {
		out[i] = at[i] + size*step[i]
	}

	return out
}
