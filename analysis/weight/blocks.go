package weight

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// blocks divides n rows into blocks, each of which has sums of the given width. Their number
// depends on these two alone, never on the cores at hand, and so does the order of summation.
func blocks(n, width int) int {
	return max(1, min(n/8192, 64, (1<<22)/max(1, width)))
}

// inBlocks calls f for every block on all cores. f must write to what belongs to its block only.
func inBlocks(n, count int, f func(block, from, to int)) {
	workers := min(runtime.GOMAXPROCS(0), count)
	if workers < 2 {
		for b := range count {
			f(b, b*n/count, (b+1)*n/count)
		}
		return
	}
	var next atomic.Int64
	var wait sync.WaitGroup

	for range workers {
		wait.Go(func() {
			for {
				b := int(next.Add(1)) - 1
				if b >= count {
					return
				}
				f(b, b*n/count, (b+1)*n/count)
			}
		})
	}
	wait.Wait()
}

// sumBlocks adds up the sums of all blocks in their order.
func sumBlocks(parts [][]float64) []float64 {
	total := make([]float64, len(parts[0]))

	for _, p := range parts {
		for j, v := range p {
			total[j] += v
		}
	}

	return total
}
