//go:build !race

package report

// shortDraws is wide enough to notice a broken variance or bias, not a small one.
const shortDraws = 40
