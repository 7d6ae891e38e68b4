package design

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
)

// bench is the design of the project's figures on speed: 50 strata of 40 units, rows in no order.
type bench struct {
	strata, clusters []int
	w                []float64
	fraction         []float64
}

func newBench(rows int) bench {
	src := rand.New(rand.NewPCG(1, 9))
	b := bench{make([]int, rows), make([]int, rows), make([]float64, rows), make([]float64, rows)}
	for i := range rows {
		b.strata[i], b.clusters[i] = src.IntN(50), src.IntN(40)
		b.w[i] = 1 + src.Float64()
		b.fraction[i] = 0.1 + 0.01*float64(b.clusters[i])
	}
	return b
}

func (b bench) design(tb testing.TB, stage Stage, columns ...Column) *Design {
	d, err := New(Spec{Weights: b.w, Columns: columns, Stages: []Stage{stage}})
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

// forms are the influence values of the totals of k domains of equal size.
func (b bench) forms(d *Design, k int) []Form {
	src := rand.New(rand.NewPCG(3, 4))
	parts := make([]Part, k)
	for _, row := range d.Order() {
		g := src.IntN(k)
		parts[g].Rows = append(parts[g].Rows, row)
		parts[g].Values = append(parts[g].Values, b.w[row]*float64(1+src.IntN(5)))
	}
	forms := make([]Form, k)
	for g := range forms {
		forms[g] = Form{parts[g]}
	}
	return forms
}

func BenchmarkNewMillionRows(b *testing.B) {
	x := newBench(1_000_000)
	stage := Stage{Strata: Ints(x.strata), Clusters: Ints(x.clusters)}
	for b.Loop() {
		x.design(b, stage)
	}
}

func BenchmarkNewMillionRowsPPS(b *testing.B) {
	x := newBench(1_000_000)
	stage := Stage{Strata: Ints(x.strata), Clusters: Ints(x.clusters), Fraction: x.fraction, PPS: &PPS{}}
	for b.Loop() {
		x.design(b, stage)
	}
}

func BenchmarkLabelsMillion(b *testing.B) {
	x := newBench(1_000_000)
	text := make([]string, len(x.clusters))
	for i, c := range x.clusters {
		text[i] = "unit " + strconv.Itoa(50*x.strata[i]+c)
	}
	b.Run("ints", func(b *testing.B) {
		for b.Loop() {
			Ints(x.clusters)
		}
	})
	b.Run("strings", func(b *testing.B) {
		for b.Loop() {
			Strings(text)
		}
	})
}

func BenchmarkVarianceMillionRows(b *testing.B) {
	x := newBench(1_000_000)
	for name, stage := range map[string]Stage{
		"equal":  {Strata: Ints(x.strata), Clusters: Ints(x.clusters)},
		"brewer": {Strata: Ints(x.strata), Clusters: Ints(x.clusters), Fraction: x.fraction, PPS: &PPS{}},
	} {
		d := x.design(b, stage)
		for _, k := range []int{1, 100} {
			forms := x.forms(d, k)
			b.Run(name+"/"+strconv.Itoa(k)+" domains", func(b *testing.B) {
				for b.Loop() {
					for _, f := range forms {
						if _, err := d.Variance(f); err != nil {
							b.Fatal(err)
						}
					}
				}
			})
			b.Run(name+"/"+strconv.Itoa(k)+" domains jointly", func(b *testing.B) {
				for b.Loop() {
					if _, err := d.CovarianceOf(forms); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkVarianceCalibrated(b *testing.B) {
	x := newBench(100_000)
	level := make([]int, len(x.w))
	for i := range level {
		level[i] = (x.strata[i] + x.clusters[i]) % 4
	}
	m, err := FromRows(5, entries(level, x.fraction))
	if err != nil {
		b.Fatal(err)
	}
	d := x.design(b, Stage{Strata: Ints(x.strata), Clusters: Ints(x.clusters)},
		Column{Weights: x.w, Calibration: &Calibration{X: m, Base: slices.Clone(x.w)}})
	forms := x.forms(d, 100)
	for b.Loop() {
		for _, f := range forms {
			if _, err := d.Variance(f); err != nil {
				b.Fatal(err)
			}
		}
	}
}
