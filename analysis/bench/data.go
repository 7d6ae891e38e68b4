package main

import (
	"bufio"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
)

// What the targets are stated for.
const (
	strata  = 50
	perUnit = 40 // primary units of each stratum
	items   = 22
	groups  = 100
	fine    = 6760 // many small groups
	ages    = 6
	regions = 20
)

// makeData writes data.csv, rows in no order, and margins.csv, the totals to rake and calibrate to. The same seed gives the
// same files.
func makeData(dir string, rows int, seed uint64) (err error) {
	f, err := os.Create(filepath.Join(dir, "data.csv"))
	if err != nil {
		return err
	}
	defer func() {
		if e := f.Close(); err == nil {
			err = e
		}
	}()
	w := bufio.NewWriterSize(f, 1<<20)
	src := rand.New(rand.NewPCG(seed, seed))
	fmt.Fprint(w, "stratum,psu,w,group,fine,age,region,y,x,z")

	for j := range items {
		fmt.Fprintf(w, ",i%d", j+1)
	}
	fmt.Fprintln(w)
	byAge, byRegion := make([]float64, ages), make([]float64, regions)
	// Units differ, as they do in life.
	unit := make([]float64, strata*perUnit)
	for u := range unit {
		unit[u] = src.NormFloat64()
	}
	var line []byte

	for range rows {
		h, i := src.IntN(strata), src.IntN(perUnit)
		age, region := src.IntN(ages), src.IntN(regions)
		weight := float64(10000+src.IntN(90000)) / 1000
		level := 0.5*unit[h*perUnit+i] + 0.2*float64(age)
		x := src.NormFloat64()
		y := 50 + 5*level + 3*x + 8*src.NormFloat64()
		z := 0
		if src.Float64() < 1/(1+math.Exp(-0.5*x+0.4*level)) {
			z = 1
		}
		byAge[age] += weight
		byRegion[region] += weight
		line = line[:0]

		for _, v := range []int{h + 1, i + 1} {
			line = append(strconv.AppendInt(line, int64(v), 10), ',')
		}
		line = append(strconv.AppendFloat(line, weight, 'f', 3, 64), ',')

		for _, v := range []int{src.IntN(groups) + 1, src.IntN(fine) + 1, age + 1, region + 1} {
			line = append(strconv.AppendInt(line, int64(v), 10), ',')
		}
		line = append(strconv.AppendFloat(line, y, 'f', 4, 64), ',')
		line = append(strconv.AppendFloat(line, x, 'f', 4, 64), ',')
		line = strconv.AppendInt(line, int64(z), 10)

		for range items {
			line = append(line, ',')
			if src.IntN(50) == 0 {
				line = append(line, "NA"...)
				continue
			}
			answer := 1 + int(5/(1+math.Exp(-level-src.NormFloat64())))
			line = strconv.AppendInt(line, int64(min(answer, 5)), 10)
		}
		if _, err := w.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}

	return writeMargins(filepath.Join(dir, "margins.csv"), map[string][]float64{"age": byAge, "region": byRegion}, []string{"age", "region"})
}

// writeMargins writes totals that are up to a fifth off the sample's, with the same sum in both margins.
func writeMargins(path string, sums map[string][]float64, order []string) error {
	text := "variable,level,total\n"

	for _, name := range order {
		var before, after float64
		for i, s := range sums[name] {
			before += s
			after += s * (1 + 0.2*math.Sin(float64(i+1)))
		}
		for i, s := range sums[name] {
			total := s * (1 + 0.2*math.Sin(float64(i+1))) * before / after
			text += fmt.Sprintf("%s,%d,%s\n", name, i+1, strconv.FormatFloat(total, 'g', -1, 64))
		}
	}

	return os.WriteFile(path, []byte(text), 0o644)
}
