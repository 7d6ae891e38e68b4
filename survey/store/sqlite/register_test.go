package sqlite

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"sipas/survey"
	"sipas/survey/store/storetest"

	"github.com/google/go-cmp/cmp"
)

// TestRegisterCountsEqualTheRegister imports transactions at random, again and changed, into open and closed waves, merges units, and holds the
// counts that are kept against the register after each step.
func TestRegisterCountsEqualTheRegister(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		db := fresh(t)
		storetest.Prepare(t, db)
		rng := rand.New(rand.NewPCG(seed, 9))
		var units []survey.UnitID
		for _, k := range storetest.PrepareFleet(t, db, 12, 12) {
			units = append(units, k.Unit)
		}
		second := storetest.Wave()
		second.ID = "2026-q4"
		if err := db.CreateWave(bg, storetest.By, second); err != nil {
			t.Fatal(err)
		}
		waves := []survey.WaveID{storetest.WaveID, second.ID}
		day := func() survey.Day { return survey.Day(fmt.Sprintf("2026-%02d-%02d", 1+rng.IntN(6), 1+rng.IntN(28))) }
		merged, refused := 0, 0
		for step := range 60 {
			switch {
			case step == 45:
				if err := db.CloseWave(bg, storetest.By, second.ID); err != nil {
					t.Fatal(err)
				}
			case rng.IntN(6) == 0:
				from, into := units[rng.IntN(len(units))], units[rng.IntN(len(units))]
				if _, err := db.MergeUnits(bg, storetest.By, []survey.UnitID{from}, into, "2026-08-15"); err == nil {
					merged++
				}
			default:
				ts := storetest.Transactions(400)
				rng.Shuffle(len(ts), func(i, j int) { ts[i], ts[j] = ts[j], ts[i] })
				ts = ts[:rng.IntN(120)]
				for i := range ts {
					ts[i].Unit, ts[i].Received, ts[i].Returned = units[rng.IntN(len(units))], day(), day()
					if rng.IntN(3) == 0 {
						ts[i].Returned = ""
					}
				}
				if rng.IntN(8) == 0 && len(ts) > 0 {
					ts[len(ts)-1].Unit = "99999@2025-07-01"
				}
				if _, err := db.PutTransactions(bg, storetest.By, waves[rng.IntN(2)], ts); err != nil {
					refused++
				}
			}
			for _, wave := range waves {
				ts, err := db.Transactions(bg, wave)
				if err != nil {
					t.Fatal(err)
				}
				want := map[survey.UnitMonthCount]int{}
				for _, x := range ts {
					want[survey.UnitMonthCount{Unit: x.Unit, Month: x.Month()}]++
				}
				counts, err := db.RegisterCounts(bg, wave)
				if err != nil {
					t.Fatal(err)
				}
				got := map[survey.UnitMonthCount]int{}
				for _, c := range counts {
					got[survey.UnitMonthCount{Unit: c.Unit, Month: c.Month}] = c.N
				}
				if !maps.Equal(want, got) || len(got) != len(counts) {
					t.Fatalf("seed %d, step %d, %s (-register +counts):\n%s", seed, step, wave, cmp.Diff(want, got))
				}
				if !slices.IsSortedFunc(counts, func(a, b survey.UnitMonthCount) int {
					return slices.Compare([]string{string(a.Unit), a.Month}, []string{string(b.Unit), b.Month})
				}) {
					t.Fatal("the counts are not in order")
				}
			}
		}
		if merged < 2 || refused == 0 {
			t.Errorf("seed %d: %d mergers and %d refusals are too few", seed, merged, refused)
		}
	}
}
