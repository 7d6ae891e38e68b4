//go:build race

package report

// shortDraws under the race detector, which slows arithmetic about tenfold: enough to run every line side by side.
const shortDraws = 8
