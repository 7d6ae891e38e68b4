package frame

import "gonum.org/v1/gonum/mat"

// Dense puts columns of numbers side by side: a matrix with a row for each row of the frame. The columns have equal lengths.
func Dense(columns [][]float64) *mat.Dense {
	rows, width := len(columns[0]), len(columns)
	data := make([]float64, rows*width)

	for j, c := range columns {
		for i, v := range c {
			data[i*width+j] = v
		}
	}

	return mat.NewDense(rows, width, data)
}
