package survey

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestExcesses(t *testing.T) {
	register := []UnitMonthCount{{"a", "2026-07", 100}, {"a", "2026-08", 30}, {"b", "2026-07", 40}, {"c", "2026-08", 5}}
	days := []DayCount{
		{"a", "pa", "2026-07-10", 80}, {"a", "pa", "2026-08-10", 31}, {"a", "pa", "2026-09-02", 10}, // 121 of 130
		{"b", "pb", "2026-07-10", 20}, {"b", "pb2", "2026-07-11", 21}, // two kiosks together
		{"c", "pc", "2026-08-10", 9},  // too few to show
		{"", "", "2026-07-10", 500},   // the web belongs to nobody's kiosk
		{"d", "pd", "2026-09-10", 20}, // no month of the register, but more than none over all
		{"b", "pb", "2026-09-10", 1},
	}
	want := []Excess{{"a", "2026-08", 31, 30}, {"b", "", 42, 40}, {"b", "2026-07", 41, 40}, {"d", "", 20, 0}}
	if got := Excesses(days, register, DefaultRules()); !slices.Equal(got, want) {
		t.Errorf("%+v\nwant\n%+v", got, want)
	}
}

// dayAfter is the nth day.
func dayAfter(n int) Day { return DayOf(morning.AddDate(0, 0, n)) }

func TestJumps(t *testing.T) {
	var days []DayCount
	for i := range 12 {
		days = append(days, DayCount{"u", "p", dayAfter(i), 40 + i%5})
	}
	days = append(days, DayCount{"u", "p", dayAfter(12), 75}, DayCount{"u", "p", dayAfter(13), 95}, DayCount{"u", "p", dayAfter(14), 43})
	days = append(days, DayCount{"u", "q", dayAfter(0), 500}) // nothing to hold it against
	slices.Reverse(days)                                      // the order does not matter
	got := Jumps(days, DefaultRules())
	want := []Jump{{Unit: "u", Point: "p", From: dayAfter(13), To: dayAfter(13), Days: 1, N: 95, Usual: 42}}
	if !slices.Equal(got, want) {
		t.Errorf("%+v\nwant\n%+v", got, want)
	}
	// Days on end are one jump.
	for i, n := range []int{99, 120, 101} {
		days = append(days, DayCount{"u", "p", dayAfter(15 + 3*i), n})
	}
	want = append(want, Jump{Unit: "u", Point: "p", From: dayAfter(15), To: dayAfter(21), Days: 3, N: 120, Usual: 42})
	if got := Jumps(days, DefaultRules()); !slices.Equal(got, want) {
		t.Errorf("%+v\nwant\n%+v", got, want)
	}
	few := []DayCount{}
	for i := range 30 {
		few = append(few, DayCount{"u", "p", dayAfter(i), 1})
	}
	few = append(few, DayCount{"u", "p", dayAfter(30), 14})
	if got := Jumps(few, DefaultRules()); got != nil {
		t.Errorf("fewer than the minimum are told: %+v", got)
	}
}

// Honest kiosks have market days, quiet days and years that change slowly; a clerk who adds the answers of five usual days is found.
func TestJumpsOfHonestKiosksAndOfAClerk(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	const kiosks, length = 300, 120
	marked, found := 0, 0
	for k := range kiosks {
		mean := 10 + 90*float64(k%10)/9
		var honest, cheated []DayCount
		for i := range length {
			date := morning.AddDate(0, 0, i)
			factor := map[time.Weekday]float64{time.Monday: 1.4, time.Saturday: 0.5, time.Sunday: 0}[date.Weekday()]
			if factor == 0 && date.Weekday() != time.Sunday {
				factor = 1
			}
			n := poisson(rng, mean*factor*math.Exp(0.15*rng.NormFloat64())*(1+0.3*float64(i)/length))
			honest = append(honest, DayCount{"u", PointID(fmt.Sprint(k)), DayOf(date), n})
			if i == length-3 { // a clerk adds five usual days, on a Saturday
				n += int(5 * mean)
			}
			cheated = append(cheated, DayCount{"u", PointID(fmt.Sprint(k)), DayOf(date), n})
		}
		marked += len(Jumps(honest, DefaultRules()))
		if slices.ContainsFunc(Jumps(cheated, DefaultRules()), func(j Jump) bool { return j.From <= cheated[length-3].Day && cheated[length-3].Day <= j.To }) {
			found++
		}
	}
	rate := 1e5 * float64(marked) / (kiosks * length * 6 / 7)
	t.Logf("%.1f of 100,000 honest days are jumps; %d of %d clerks are found", rate, found, kiosks)
	if rate > 10 {
		t.Errorf("%.1f of 100,000 honest days are jumps, want at most 10", rate)
	}
	if found < kiosks*8/10 {
		t.Errorf("%d of %d days with five usual days added are found, want eight in ten", found, kiosks)
	}
}

func poisson(rng *rand.Rand, mean float64) int {
	n := 0
	for sum := rng.ExpFloat64(); sum < mean; sum += rng.ExpFloat64() {
		n++
	}
	return n
}
