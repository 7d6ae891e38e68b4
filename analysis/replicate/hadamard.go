package replicate

import "math/big"

// HadamardOrder returns the least order greater than n of the Hadamard matrices that Hadamard can make: powers of two, q+1 for
// a prime q of the form 4k+3 and 2(q+1) for a prime q of the form 4k+1 (Paley 1933), and these doubled any number of times
// (Sylvester 1867). Being greater than n, it leaves n rows beside the one that is constant.
func HadamardOrder(n int) int {
	order := 1
	for order <= n || base(order) == 0 {
		order++
	}

	return order
}

// base returns the order from which a Hadamard matrix of the given order comes by doubling, the least there is; 0 when there
// is none.
func base(order int) int {
	if order < 1 {
		return 0
	}
	b := order
	for b%2 == 0 {
		b /= 2
	}
	for ; b <= order; b *= 2 {
		if b == 1 || paleyPrime(b) > 0 {
			return b
		}
	}

	return 0
}

// paleyPrime returns the prime of a Paley matrix of the order, or 0.
func paleyPrime(order int) int {
	if q := order - 1; q%4 == 3 && prime(q) {
		return q
	}
	if q := order/2 - 1; order%2 == 0 && q%4 == 1 && q > 1 && prime(q) {
		return q
	}

	return 0
}

func prime(n int) bool { return big.NewInt(int64(n)).ProbablyPrime(0) }

// Hadamard returns a matrix of ones and minus ones of the order, whose rows are orthogonal and whose first row and first column
// are ones; nil when there is none that HadamardOrder knows.
func Hadamard(order int) [][]int8 {
	b := base(order)
	if b == 0 {
		return nil
	}
	h := paley(b)
	for len(h) < order {
		h = double(h)
	}

	return h
}

// double is Sylvester's construction: [H H; H −H].
func double(h [][]int8) [][]int8 {
	n := len(h)
	out := make([][]int8, 2*n)

	for i := range out {
		out[i] = make([]int8, 2*n)
		for j := range out[i] {
			out[i][j] = h[i%n][j%n]
			if i >= n && j >= n {
				out[i][j] = -out[i][j]
			}
		}
	}

	return out
}

// paley makes the matrix of a base order, its first row and column ones.
func paley(order int) [][]int8 {
	if order == 1 {
		return [][]int8{{1}}
	}
	q := paleyPrime(order)
	residue := make([]int8, q) // 0 for 0, 1 for squares, −1 otherwise
	for i := range residue {
		residue[i] = -1
	}
	residue[0] = 0
	for i := 1; i < q; i++ {
		residue[i*i%q] = 1
	}
	if q == order-1 {
		return paleyOne(q, residue)
	}

	return paleyTwo(q, residue)
}

// paleyOne: with −1 no square, the character of i+j, reflected, bordered by ones and with −1 for zero, is orthogonal.
func paleyOne(q int, residue []int8) [][]int8 {
	h := make([][]int8, q+1)

	for i := range h {
		h[i] = make([]int8, q+1)
		for j := range h[i] {
			h[i][j] = 1
			if i > 0 && j > 0 && residue[(i+j-2)%q] >= 0 {
				h[i][j] = -1
			}
		}
	}

	return h
}

// paleyTwo: the symmetric conference matrix C of order q+1 gives C⊗[1 1; 1 −1] + I⊗[1 −1; −1 −1].
func paleyTwo(q int, residue []int8) [][]int8 {
	n := q + 1
	h := make([][]int8, 2*n)
	for i := range h {
		h[i] = make([]int8, 2*n)
	}
	for i := range n {
		for j := range n {
			var c int8 = 1
			if i > 0 && j > 0 {
				c = residue[(i-j+q)%q]
			}
			cell := [2][2]int8{{c, c}, {c, -c}}
			if i == j {
				cell = [2][2]int8{{1, -1}, {-1, -1}}
			}
			for a := range 2 {
				for b := range 2 {
					h[2*i+a][2*j+b] = cell[a][b]
				}
			}
		}
	}
	// Rows and columns may change sign: those that start with −1 do.
	for j := range h {
		if h[0][j] < 0 {
			for i := range h {
				h[i][j] = -h[i][j]
			}
		}
	}
	for i := range h {
		if h[i][0] < 0 {
			for j := range h {
				h[i][j] = -h[i][j]
			}
		}
	}

	return h
}
