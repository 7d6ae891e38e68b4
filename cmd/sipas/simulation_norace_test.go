//go:build !race

package main

// shortDraws is wide enough to notice a broken variance or bias, not a small one.
const shortDraws = 12
